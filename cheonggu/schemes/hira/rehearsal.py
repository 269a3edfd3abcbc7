"""The made-up hospital as this scheme's rehearsal."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from cheonggu.schemes.scheme import Rehearsal
from cheonggu.sources.sample import build_sample

AS_OF = date(2026, 7, 6)  # the sample hospital's night: care of May and June is due, July is still running


def build(folder: Path, size: int, as_of: date) -> None:
    """Write the hospital with ``size`` statements."""
    build_sample(folder, statements=size, as_of=as_of)


REHEARSAL = Rehearsal(
    folder="hospital",
    database="hospital.db",
    as_of=AS_OF,
    build=build,
    default_size=2400,
    name_ko="표본 병원",
    name_en="sample hospital",
    page="claim.html",
    peer="client",
)
