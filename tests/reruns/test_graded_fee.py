"""Doctors' days (MT008) and the graded fee (차등수가) belong to every claim of the month, whatever its class.

Returns 33-01 to 33-07 know no claim class, and the guide wants MT025 and MT050 on the first statement of each receipt.
"""

from __future__ import annotations

import csv
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from cheonggu.reruns import Request
from cheonggu.site import SITE_VARIABLE
from tests.reruns.rerun_builders import (
    LATER,
    change,
    finish,
    hand_off,
    ledger_of,
    receive,
    review,
    sent_claim,
    start,
    wire,
)
from tests.reruns.test_other_classes import RAISE
from tests.support import KOREAN, build_hospital, keep_only, run_until_checked, write_site

ONE_CLAIM = f"care_month = '202606' AND payer_class = '4' AND provider_code = '{KOREAN}' AND form_no = 'K021'"
# What the month of the made-up clinic gives: two doctors, one of them part time, fewer than 75 patients a day.
DAYS, INDEX, MT008 = 3200, 10_000_000, "700130/25/641116/07"
OTHER_ITEM = """SELECT * FROM hospital_line l WHERE hang = '04' AND line_code NOT IN
(SELECT line_code FROM hospital_line WHERE statement_key = ?) AND NOT EXISTS (SELECT 1 FROM hospital_detail d
WHERE d.statement_key = l.statement_key AND d.line_seq = l.line_seq) ORDER BY line_code, statement_key LIMIT 1"""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The month's claim of a Korean-medicine clinic, received; its last statement was not reviewed in time."""
    folder = tmp_path_factory.mktemp("graded")
    hospital = build_hospital(folder / "hospital", 600)
    with (hospital / "truth.csv").open(encoding="utf-8", newline="") as stream:
        planted = ", ".join(f"'{row['statement_key']}'" for row in csv.DictReader(stream))
    keep_only(hospital, f"{ONE_CLAIM} AND statement_key NOT IN ({planted})")
    change(
        folder, "UPDATE hospital_statement SET reviewed_on = NULL WHERE statement_key = ?", late_key(folder)
    )
    run_until_checked(write_site(folder))
    hand_off(folder)
    receive(folder, "0001234")
    return folder


@pytest.fixture
def site(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(template, tmp_path / "site")
    monkeypatch.setenv(SITE_VARIABLE, str(tmp_path / "site" / "site.toml"))
    return tmp_path / "site"


def late_key(folder: Path) -> str:
    with sqlite3.connect(folder / "hospital" / "hospital.db") as connection:
        return str(connection.execute("SELECT max(statement_key) FROM hospital_statement").fetchone()[0])


def key_of(site: Path, serial: str) -> str:
    with ledger_of(site) as ledger:
        sent = ledger.claim_statements(KOREAN, sent_claim(site).claim_no).to_pylist()
    return str(next(one["statement_key"] for one in sent if one["statement_no"] == serial))


def find_item(site: Path, key: str) -> None:
    """An item of another visit was left out of this one as well."""
    with sqlite3.connect(site / "hospital" / "hospital.db") as connection:
        connection.row_factory = sqlite3.Row
        row = dict(connection.execute(OTHER_ITEM, (key,)).fetchone()) | {"statement_key": key, "line_seq": 90}
    marks = ", ".join("?" * len(row))
    change(site, f"INSERT INTO hospital_line ({', '.join(row)}) VALUES ({marks})", *row.values())
    won = row["line_amount"] // 10 * 10
    change(site, RAISE, won, won, won, key)


def rerun(site: Path, claim_class: str) -> dict[str, Any]:
    """The header of the claim that a rerun makes, with its MT008 under ``details``."""
    before = sent_claim(site).claim_no
    start(site, Request(claim_class, KOREAN, LATER))
    finish(site)
    assert sent_claim(site).claim_no != before
    records = wire(site, sent_claim(site))
    (header,) = records["H"].to_pylist()
    details = [
        (one["statement_no"], one["detail_text"])
        for one in records["E"].to_pylist()
        if one["detail_code"] == "MT008"
    ]
    return {**header, "details": details}


def assert_graded(header: dict[str, Any], claim_class: str) -> None:
    assert header["claim_class"] == claim_class
    assert header["details"] == [("00001", MT008)]
    assert (header["graded_fee_days"], header["graded_fee_doctor_count"]) == (DAYS, 0)
    assert header["graded_fee_index"] == INDEX
    assert header["graded_fee_claimed_amount"] == header["claimed_amount"] > 0


def test_a_supplementary_claim_carries_the_days_of_its_month(site: Path) -> None:
    review(site, {"00003": "16-10"}, "20260701")
    change(
        site,
        "UPDATE hospital_statement SET patient_name = '가나다' WHERE statement_key = ?",
        key_of(site, "00003"),
    )
    assert_graded(rerun(site, "supplementary"), "1")


def test_an_additional_claim_carries_them_although_its_own_days_are_none(site: Path) -> None:
    review(site, {}, "20260701")
    find_item(site, key_of(site, "00003"))
    assert_graded(rerun(site, "additional"), "2")


def test_an_omitted_claim_carries_them_like_the_original(site: Path) -> None:
    change(
        site,
        "UPDATE hospital_statement SET reviewed_on = '2026-07-20' WHERE statement_key = ?",
        late_key(site),
    )
    assert_graded(rerun(site, "omitted"), "")
