"""What waivers do to a night: blocked statements go on, held claims go on, and what was waived stays visible."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import date, timedelta
from pathlib import Path

import pytest

from cheonggu.site import SITE_VARIABLE
from cheonggu.waivers import NewWaiver
from tasks.resources import open_resources
from tasks.waive import waive
from tests.support import AS_OF, CLINIC, build_hospital, keep_only, read_ledger, run_until_checked, write_site

SOURCE_RULES = ("SRC-009", "SRC-010", "SRC-012")
# A hospital's own rule that every claim breaks: the claim as a whole is wrong.
OWN_RULE = """
[[rule]]
id = "OWN-001"
level = "error"
scope = "header"
message_ko = "시험 규칙"
message_en = "A rule of the test"
fix_ko = "없음"
fix_en = "None"
basis = "시험"
source = "own"
preempts = []
confidence = "ours"
query = "SELECT NULL AS statement_no, 'claim_no' AS field FROM header"
"""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One claim's worth of a hospital, with a statement each that AMT-007 and DX-007 block."""
    folder = tmp_path_factory.mktemp("template")
    hospital = build_hospital(folder / "hospital", 400)
    only = f"provider_code = '{CLINIC}' AND form_no = 'H021' AND payer_class = '4' AND care_month = '202606'"
    keep_only(hospital, only)
    write_site(folder)
    return folder


@pytest.fixture
def site(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    site = tmp_path / "site"
    shutil.copytree(template, site)
    monkeypatch.setenv(SITE_VARIABLE, str(site / "site.toml"))
    return site


def let_pass(rule_id: str, statement_key: str = "", *, until: date = AS_OF + timedelta(days=30)) -> int:
    scope = "statement" if statement_key else "provider"
    new = NewWaiver(rule_id, scope, CLINIC, "kim01", "병원 확인", until, statement_key)
    return waive.fn("hira", new, AS_OF).id


def state_of(site: Path, key: str) -> str:
    rows = read_ledger(site, f"SELECT state FROM statement WHERE statement_key = '{key}'")
    return str(rows[0][0])


def blocked_by(site: Path, rule_id: str) -> str:
    rows = read_ledger(site, f"SELECT statement_key FROM finding WHERE rule_id = '{rule_id}'")
    return str(rows[0][0])


def test_a_blocked_statement_goes_on_as_it_is_once_its_error_is_waived(site: Path) -> None:
    run_until_checked(site / "site.toml")
    key = blocked_by(site, "AMT-007")
    assert state_of(site, key) == "BLOCKED"
    number = let_pass("AMT-007", key)
    run_until_checked(site / "site.toml", AS_OF + timedelta(days=1))
    assert state_of(site, key) == "ASSIGNED"
    of_both = f"SELECT level, waiver_id FROM finding WHERE statement_key = '{key}' AND rule_id = 'AMT-007'"
    assert sorted(read_ledger(site, of_both), key=str) == [("error", number), ("error", None)]
    claim = f"SELECT c.state FROM claim c JOIN statement s USING (batch_id) WHERE s.statement_key = '{key}'"
    assert read_ledger(site, claim) == [("CHECKED_WARN",)]
    with open_resources("hira") as here:
        moves = here.ledger.statement_history(key)["kind"].to_pylist()
        assert here.ledger.verify() == []
    assert moves[-4:] == ["overridden", "extracted", "validated", "assembled"]


@pytest.mark.long
def test_a_waiver_that_leaves_an_error_standing_or_has_run_out_changes_nothing(site: Path) -> None:
    run_until_checked(site / "site.toml")
    two_errors, one_error = blocked_by(site, "AMT-007"), blocked_by(site, "DX-007")
    let_pass("DX-007", two_errors)
    let_pass("DX-007", one_error, until=AS_OF)
    run_until_checked(site / "site.toml", AS_OF + timedelta(days=1))
    assert (state_of(site, two_errors), state_of(site, one_error)) == ("BLOCKED", "BLOCKED")
    assert read_ledger(site, "SELECT count(*) FROM event WHERE kind = 'overridden'") == [(0,)]


@pytest.mark.long
def test_waived_checks_of_the_source_tables_let_the_files_be_written(site: Path) -> None:
    changes = (
        "UPDATE hospital_diagnosis SET diagnosis_class = '2' WHERE statement_key = '{0}'",
        "UPDATE hospital_statement SET care_to = date(care_to, '+1 day') WHERE statement_key = '{1}'",
        "UPDATE hospital_statement SET patient_rrn = '9001011' WHERE statement_key = '{2}'",
    )
    with sqlite3.connect(site / "hospital" / "hospital.db") as connection:
        query = "SELECT statement_key FROM hospital_statement WHERE care_month = '202606' LIMIT 3 OFFSET 20"
        keys = [key for (key,) in connection.execute(query)]
        for change in changes:
            assert connection.execute(change.format(*keys)).rowcount
    for rule_id, key in zip(SOURCE_RULES, keys, strict=True):
        let_pass(rule_id, key)
    run_until_checked(site / "site.toml")
    waived = read_ledger(site, "SELECT rule_id, statement_key FROM finding WHERE waiver_id IS NOT NULL")
    assert set(zip(SOURCE_RULES, keys, strict=True)) <= set(waived)
    assembled = read_ledger(site, "SELECT statement_key FROM event_statement WHERE to_state = 'ASSIGNED'")
    assert {(key,) for key in keys} <= set(assembled)
    assert read_ledger(site, "SELECT count(*) FROM batch WHERE stage = 'held'") == [(0,)]


def test_a_held_claim_goes_on_in_a_new_one_once_its_error_is_waived(site: Path) -> None:
    (site / "rules").mkdir()
    (site / "rules" / "own.toml").write_text(OWN_RULE, encoding="utf-8")
    with (site / "site.toml").open("a", encoding="utf-8") as stream:
        stream.write('[rules]\nfolders = ["rules"]\n')
    run_until_checked(site / "site.toml")
    held = read_ledger(site, "SELECT batch_id FROM batch WHERE stage = 'held' AND hold_code = 'PRECHECK'")
    assert held
    run_until_checked(site / "site.toml")
    assert read_ledger(site, "SELECT batch_id FROM batch WHERE stage = 'held'") == held
    number = let_pass("OWN-001")
    run_until_checked(site / "site.toml")
    assert read_ledger(site, "SELECT count(*) FROM batch WHERE stage = 'held'") == [(0,)]
    states = dict(read_ledger(site, "SELECT state, count(*) FROM claim GROUP BY state"))
    assert states["CHECKED_WARN"] == len(held)
    assert (number,) in read_ledger(site, "SELECT DISTINCT waiver_id FROM finding WHERE rule_id = 'OWN-001'")
    with open_resources("hira") as here:
        assert here.ledger.verify() == []


def test_a_claim_that_waits_is_held_when_its_waiver_ends_and_let_go_when_it_is_given_again(
    site: Path,
) -> None:
    run_until_checked(site / "site.toml")
    key = blocked_by(site, "AMT-007")
    let_pass("AMT-007", key, until=AS_OF + timedelta(days=1))
    run_until_checked(site / "site.toml", AS_OF + timedelta(days=1))
    stage = f"""SELECT b.stage, b.hold_code FROM batch b JOIN statement s USING (batch_id)
        WHERE s.statement_key = '{key}'"""
    assert read_ledger(site, stage) == [("checked", None)]
    run_until_checked(site / "site.toml", AS_OF + timedelta(days=2))
    assert read_ledger(site, stage) == [("held", "OPEN_ERROR")]
    stands = "SELECT level, statement_key, detail FROM finding WHERE rule_id = 'XST-014'"
    assert read_ledger(site, stands) == [("error", None, "1 findings of 1 rules")]
    with open_resources("hira") as here:
        batch = next(one for one in here.ledger.batches("hira") if one.hold_code == "OPEN_ERROR")
        assert batch.batch_id not in {one.batch_id for one in here.ledger.outbox("hira")}
    let_pass("AMT-007", key)
    run_until_checked(site / "site.toml", AS_OF + timedelta(days=3))
    assert read_ledger(site, stage) == [("checked", None)]
    with open_resources("hira") as here:
        assert here.ledger.verify() == []
