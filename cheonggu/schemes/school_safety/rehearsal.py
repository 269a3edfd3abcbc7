"""The made-up school region as this scheme's rehearsal."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from cheonggu.schemes.scheme import Rehearsal
from cheonggu.schemes.school_safety.sample import build_region
from cheonggu.schemes.school_safety.sample.build import DATABASE_NAME


def build(folder: Path, size: int, as_of: date) -> None:
    """Write the region with ``size`` claims."""
    build_region(folder, claims=size, as_of=as_of)


REHEARSAL = Rehearsal(
    folder="region",
    database=DATABASE_NAME,
    as_of=date(2026, 7, 6),
    build=build,
    default_size=120,
    name_ko="표본 지역",
    name_en="sample region",
    page="package/claim.html",
    peer="portal",
    under_way=("HANDED_OFF", "SENT", "RECEIVED", "IN_REVIEW", "PARTLY_DECIDED"),
)
