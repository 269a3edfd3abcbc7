"""A made-up hospital group to try everything on: deterministic, self-consistent, with known planted defects."""

from __future__ import annotations

from cheonggu.sources.sample.build import AS_OF, Sample, build_sample

__all__ = ["AS_OF", "Sample", "build_sample"]
