"""Build the made-up region: rows, planted defects, then a SQLite file with the contract's views and the papers."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import random
import sqlite3
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cheonggu.errors import UsageError
from cheonggu.schemes.school_safety.sample.defects import DEFECTS, plant_defects
from cheonggu.schemes.school_safety.sample.papers import make_pdf, make_png
from cheonggu.schemes.school_safety.sample.region import Region, make_region
from cheonggu.schemes.school_safety.source import CONTRACT
from cheonggu.sources.base import VIEW_PREFIX
from cheonggu.sources.contract import INT

DATABASE_NAME = "region.db"
TABLE_PREFIX = "region_"
FEWEST, MOST = 60, 9_000
PICTURED = ("BANKBOOK",)


@dataclass(frozen=True)
class Sample:
    """Where the region stands; ``expected`` is what ``expected.json`` holds."""

    folder: Path
    url: str
    truth: Path
    expected: dict[str, int]


def build_region(folder: Path, *, claims: int = 120, as_of: date, seed: int = 1) -> Sample:
    """Write ``region.db``, ``papers/``, ``truth.csv`` and ``expected.json``; UsageError for a size it cannot do.

    The same arguments give the same rows and the same papers.
    """
    if not FEWEST <= claims <= MOST:
        raise UsageError(
            f"A sample region has {FEWEST} to {MOST} claims.", f"표본 지역은 청구 {FEWEST}~{MOST}건입니다."
        )
    region = make_region(random.Random(seed), claims, as_of, _paper)
    planted = plant_defects(region)
    _fill_hashes(region)
    folder.mkdir(parents=True, exist_ok=True)
    for path, raw in region.files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(raw)
    database = _write_sqlite(folder, region)
    truth = folder / "truth.csv"
    with truth.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["statement_key", "rule_id"])
        writer.writerows(planted)
    expected = {"claims": claims, "planted": len(DEFECTS), "waiting": len(region.unsigned)}
    (folder / "expected.json").write_text(json.dumps(expected, indent=2) + "\n", encoding="utf-8")
    return Sample(folder, f"sqlite:///{database.absolute()}", truth, expected)


def _paper(code: str, number: int) -> bytes:
    return make_png(number) if code in PICTURED else make_pdf(f"{code} of claim {number:06d} (sample)")


def _fill_hashes(region: Region) -> None:
    for row in region.rows["attachment"]:
        row.setdefault("sha256", hashlib.sha256(region.files[row["file_path"]]).hexdigest())


def _write_sqlite(folder: Path, region: Region) -> Path:
    path = folder / DATABASE_NAME
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    connection = sqlite3.connect(part)
    try:
        for view in CONTRACT.views:
            columns = CONTRACT.columns(view)
            kinds = ", ".join(f"{one.name} {'INTEGER' if one.type == INT else 'TEXT'}" for one in columns)
            connection.execute(f"CREATE TABLE {TABLE_PREFIX}{view} ({kinds})")
            connection.execute(f"CREATE VIEW {VIEW_PREFIX}{view} AS SELECT * FROM {TABLE_PREFIX}{view}")
            marks = ", ".join("?" for _ in columns)
            rows = [[_plain(row.get(one.name)) for one in columns] for row in region.rows.get(view, [])]
            connection.executemany(f"INSERT INTO {TABLE_PREFIX}{view} VALUES ({marks})", rows)
        connection.commit()
    finally:
        connection.close()
    os.replace(part, path)
    return path


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
