"""A made-up school region: schools, pupils, accidents, benefit claims and their papers, with planted defects."""

from cheonggu.schemes.school_safety.sample.build import build_region

__all__ = ["build_region"]
