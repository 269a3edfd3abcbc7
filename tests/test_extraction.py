"""Extraction: who is due, who waits, who shares a claim, and that nothing is ever taken twice."""

from __future__ import annotations

import sqlite3
from datetime import date
from pathlib import Path

import pytest

from cheonggu.errors import ContractError, SiteError, UsageError
from cheonggu.site import SITE_VARIABLE
from tasks.extract import extract
from tasks.validate import validate
from tests.support import AS_OF, CLINIC, build_hospital, keep_only, read_ledger, write_site


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    hospital = build_hospital(tmp_path / "hospital", 400)
    keep_only(hospital, f"provider_code = '{CLINIC}' AND form_no = 'H021' AND payer_class = '4'")
    monkeypatch.setenv(SITE_VARIABLE, str(write_site(tmp_path)))
    return tmp_path


def change(site: Path, statement: str) -> None:
    with sqlite3.connect(site / "hospital" / "hospital.db") as connection:
        assert connection.execute(statement).rowcount > 0


def test_only_reviewed_statements_of_closed_days_of_finished_months_are_taken(site: Path) -> None:
    taken = extract.fn("hira", AS_OF)
    source = sqlite3.connect(site / "hospital" / "hospital.db")
    due = source.execute(
        "SELECT count(*) FROM cheonggu_statement s WHERE care_month < '202607' AND reviewed_on IS NOT NULL AND "
        "EXISTS (SELECT 1 FROM cheonggu_closed_day c WHERE c.provider_code = s.provider_code AND c.care_on = s.care_to)"
    ).fetchone()[0]
    rest = (
        source.execute("SELECT count(*) FROM cheonggu_statement WHERE care_month < '202607'").fetchone()[0]
        - due
    )
    assert (taken.statements, taken.waiting) == (due, rest)
    assert rest > 0
    assert len(taken.batch_ids) == 2  # May and June


def test_a_second_run_takes_nothing(site: Path) -> None:
    assert extract.fn("hira", AS_OF).statements > 0
    assert extract.fn("hira", AS_OF).statements == 0


def test_a_day_closed_later_is_taken_the_next_night(site: Path) -> None:
    first = extract.fn("hira", AS_OF)
    change(site, "UPDATE hospital_statement SET reviewed_on = '2026-07-05' WHERE reviewed_on IS NULL")
    second = extract.fn("hira", date(2026, 7, 7))
    assert 0 < second.statements <= first.waiting


def test_the_running_month_waits_for_its_end(site: Path) -> None:
    change(site, "DELETE FROM hospital_statement WHERE care_month != '202607'")
    assert extract.fn("hira", AS_OF).statements == 0
    assert extract.fn("hira", date(2026, 7, 31)).statements == 0
    assert extract.fn("hira", date(2026, 8, 1)).statements > 0


def test_a_provider_that_claims_by_week_does_not_wait_for_the_month(site: Path) -> None:
    change(site, f"UPDATE hospital_provider SET claim_unit = 'week' WHERE provider_code = '{CLINIC}'")
    taken = extract.fn("hira", AS_OF)
    july = [one for one in taken.batch_ids if "-202607-" in one]
    assert july
    assert all("-u1-" in one for one in july)  # only the first week, 1 to 4 July, is over on the 6th
    assert len({one.split("-")[2] for one in taken.batch_ids}) >= 4


def test_months_before_the_first_care_month_are_never_touched(site: Path) -> None:
    path = site / "site.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("202601", "202606"), encoding="utf-8")
    assert all("-202606-" in one for one in extract.fn("hira", AS_OF).batch_ids)


def test_a_blocked_statement_comes_back_only_when_something_was_mended(site: Path) -> None:
    extract.fn("hira", AS_OF)
    blocked = validate.fn("hira", AS_OF).blocked
    assert blocked > 0
    assert extract.fn("hira", AS_OF).statements == 0
    rows = read_ledger(site, "SELECT statement_key FROM finding WHERE field = 'patient_name'")
    change(
        site, f"UPDATE hospital_statement SET patient_name = '김보람' WHERE statement_key = '{rows[0][0]}'"
    )
    assert extract.fn("hira", AS_OF).statements == 1
    assert validate.fn("hira", AS_OF).ready == 1


def test_an_unknown_form_is_set_aside_and_stops_nobody(site: Path) -> None:
    change(site, "UPDATE hospital_statement SET form_no = '../x' WHERE rowid = 1")
    taken = extract.fn("hira", AS_OF)
    verdict = validate.fn("hira", AS_OF)
    assert verdict.ready > 0
    assert taken.statements == verdict.ready + verdict.blocked
    assert ("SRC-003", "form_no") in read_ledger(site, "SELECT rule_id, field FROM finding")
    assert not (site / "data" / "hira" / "x").exists()


def test_the_same_visit_under_two_keys_is_claimed_once(site: Path) -> None:
    columns = "patient_key, form_no, payer_class, department, care_from, care_to, care_month, provider_code"
    with sqlite3.connect(site / "hospital" / "hospital.db") as connection:
        keys = [
            key
            for (key,) in connection.execute(
                "SELECT statement_key FROM hospital_statement WHERE care_month = '202606' ORDER BY 1 LIMIT 2"
            )
        ]
        values = ", ".join(
            f"{name} = (SELECT {name} FROM hospital_statement WHERE statement_key = '{keys[0]}')"
            for name in columns.split(", ")
        )
        connection.execute(f"UPDATE hospital_statement SET {values} WHERE statement_key = '{keys[1]}'")
    extract.fn("hira", AS_OF)
    validate.fn("hira", AS_OF)
    assert (keys[1],) in read_ledger(site, "SELECT statement_key FROM finding WHERE rule_id = 'SRC-013'")
    assert (keys[0],) not in read_ledger(site, "SELECT statement_key FROM finding WHERE rule_id = 'SRC-013'")


def test_a_missing_view_column_or_database_changes_nothing(site: Path) -> None:
    with sqlite3.connect(site / "hospital" / "hospital.db") as connection:
        connection.execute("DROP VIEW cheonggu_line")
    with pytest.raises(ContractError, match="cheonggu_line"):
        extract.fn("hira", AS_OF)
    (site / "hospital" / "hospital.db").unlink()
    with pytest.raises(SiteError):
        extract.fn("hira", AS_OF)
    assert read_ledger(site, "SELECT count(*) FROM statement") == [(0,)]


def test_a_folder_that_cannot_be_written_stops_before_the_ledger_knows_anything(site: Path) -> None:
    (site / "data").mkdir()
    (site / "data" / "hira").write_text("in the way", encoding="utf-8")
    with pytest.raises(SiteError):
        extract.fn("hira", AS_OF)
    assert read_ledger(site, "SELECT count(*) FROM batch") == [(0,)]


def test_a_site_file_without_a_first_care_month_is_refused(site: Path) -> None:
    path = site / "site.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("first_care_month", "x"), encoding="utf-8")
    with pytest.raises(UsageError, match="first_care_month"):
        extract.fn("hira", AS_OF)
