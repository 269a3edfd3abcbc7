"""Taking statements out of a claim: also when nothing is left of what validation let through."""

from __future__ import annotations

import csv
import sqlite3
from collections import defaultdict
from pathlib import Path

from tests.support import build_hospital, keep_only, read_ledger, run_until_checked, write_site

GROUP = "provider_code, care_month, form_no, payer_class, care_field"


def find_pair(hospital: Path) -> tuple[str, str]:
    """Two statements of one claim: one that validation sets aside and one that only the pre-check does."""
    with (hospital / "truth.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    stages = {row["statement_key"]: row["stage"] for row in rows if row["column"] == "patient_name"}
    stages |= {row["statement_key"]: "precheck" for row in rows if row["view"] == "line"}
    groups: dict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
    with sqlite3.connect(hospital / "hospital.db") as connection:
        for key, *group in connection.execute(f"SELECT statement_key, {GROUP} FROM hospital_statement"):
            if key in stages:
                groups[tuple(group)].setdefault(stages[key], key)
    both = next(one for one in groups.values() if set(one) >= {"validate", "precheck"})
    return both["validate"], both["precheck"]


def test_a_claim_that_loses_its_last_statements_has_no_successor(tmp_path: Path) -> None:
    hospital = build_hospital(tmp_path / "hospital", 2400)
    pair = find_pair(hospital)
    keep_only(hospital, f"statement_key IN {pair}")
    run_until_checked(write_site(tmp_path))
    assert read_ledger(tmp_path, "SELECT state FROM statement") == [("BLOCKED",), ("BLOCKED",)]
    assert read_ledger(tmp_path, "SELECT state FROM claim") == [("WITHDRAWN",)]
    assert read_ledger(tmp_path, "SELECT count(*) FROM batch") == [(1,)]
