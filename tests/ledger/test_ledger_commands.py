"""``ledger status``, ``verify`` and ``export`` from a shell, and the register they write."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cheonggu.commands.ledger import app
from cheonggu.errors import SiteError, UsageError
from cheonggu.ledger import open_ledger, sheets
from cheonggu.notices import ClaimRef, RequestItem, SupplementRequest
from tests.ledger.ledger_builders import (
    ACTOR,
    CLAIMED,
    SECRET,
    claim_of,
    extract,
    finding,
    hand_off,
    open_at,
    receipt,
    receipt_notice,
    review,
    review_notice,
    take,
    verdicts,
)
from tests.ledger.money_builders import NUMBER, notice


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with open_at(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        claim = hand_off(ledger, "b1")
        take(ledger, receipt_notice("N1", receipt(claim)))
        take(ledger, review_notice("N2", review(claim, {"00002": "adjusted"})))
        other = hand_off(ledger, "b2")
        take(ledger, receipt_notice("N3", receipt(other, claimed_amount=1)))
        keys = extract(ledger, "b3")
        ledger.record_validated("b3", verdicts(keys, blocked=keys[:1]), finding(keys[0]), ACTOR)
    (tmp_path / "ledger.key").write_bytes(SECRET)
    return tmp_path


def call(home: Path, *arguments: str, **environment: str) -> Result:
    options = ["--ledger", f"sqlite:///{home / 'ledger.db'}", "--key-file", str(home / "ledger.key")]
    return CliRunner().invoke(app, [arguments[0], *options, *arguments[1:]], env=environment)


def test_status_shows_states_in_both_languages(home: Path) -> None:
    answer = call(home, "status")
    assert answer.exit_code == 0
    for word in (
        "청구서 claims",
        "DECIDED",
        "HANDED_OFF",
        "IN_FLIGHT",
        f"{3 * CLAIMED:,}",
        "wait for a person: 1",
    ):
        assert word in answer.output


def test_status_is_readable_by_machines(home: Path) -> None:
    status = json.loads(call(home, "status", "--json").output)
    assert status["claims"]["DECIDED"] == {"count": 1, "statements": 3, "claimed_won": 3 * CLAIMED}
    assert status["stopped_claims"] == 1


def test_verify_says_sound_or_names_what_is_not(home: Path) -> None:
    assert (call(home, "verify").exit_code, "sound" in call(home, "verify").output) == (0, True)
    with sqlite3.connect(home / "ledger.db") as connection:
        connection.execute("UPDATE event SET actor = 'somebody' WHERE event_id = 4")
    answer = call(home, "verify")
    assert answer.exit_code == 1
    assert "event 4" in answer.output
    assert "Stop filing" in answer.output


def test_without_all_only_what_is_new_since_the_last_proof_is_looked_at(home: Path) -> None:
    with open_ledger(f"sqlite:///{home / 'ledger.db'}", SECRET) as ledger:
        ledger.prove(7, ACTOR)
    with sqlite3.connect(home / "ledger.db") as connection:
        connection.execute("UPDATE event SET actor = 'somebody' WHERE event_id = 4")
    assert (call(home, "verify").exit_code, "--all" in call(home, "verify").output) == (0, True)
    assert call(home, "verify", "--all").exit_code == 1


def test_the_history_of_a_statement_is_shown(home: Path) -> None:
    answer = call(home, "history", "b1-S001")
    assert (answer.exit_code, "ASSIGNED → IN_FLIGHT" in answer.output) == (0, True)
    rows = json.loads(call(home, "history", "b1-S001", "--json").output)
    assert rows[0]["to_state"] == "BILLABLE"
    assert call(home, "history", "nobody").exit_code == 1


def test_material_that_was_asked_for_is_listed(home: Path) -> None:
    with open_at(f"sqlite:///{home / 'ledger.db'}") as ledger:
        claim = claim_of(ledger, "b1")
        request = SupplementRequest(
            date(2026, 8, 20), ClaimRef(claim.claim_no, NUMBER, "2026"), (RequestItem("chart"),)
        )
        take(ledger, notice("M1", "supplement-request", "F110", supplement_request=request))
    assert "2026-08-20  M1" in call(home, "requests").output
    assert [one["text"] for one in json.loads(call(home, "requests", "--json").output)] == ["chart"]


def test_the_ledger_is_named_by_environment_or_site_file(home: Path) -> None:
    url, key = f"sqlite:///{home / 'ledger.db'}", str(home / "ledger.key")
    named = CliRunner().invoke(app, ["verify"], env={"CHEONGGU_LEDGER": url, "CHEONGGU_KEY_FILE": key})
    assert named.exit_code == 0
    site = home / "site.toml"
    site.write_text(
        '[source]\nurl = "sqlite:///hospital.db"\n[ledger]\nurl = "sqlite:///ledger.db"\n'
        '[data]\nfolder = "data"\n[key]\nfile = "ledger.key"\n[run]\nfirst_care_month = "202601"\n'
    )
    assert CliRunner().invoke(app, ["verify", "--site", str(site)]).exit_code == 0


def test_a_missing_key_is_an_error_that_says_so(home: Path) -> None:
    (home / "ledger.key").unlink()
    assert isinstance(call(home, "status").exception, UsageError)


def read_sheets(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist() if name.startswith("xl/")}


def test_the_register_holds_claims_statements_and_findings(home: Path) -> None:
    assert call(home, "export", str(home / "register.xlsx")).exit_code == 0
    parts = read_sheets(home / "register.xlsx")
    for title in ("청구서 claims", "명세서 sent", "명세서 states", "배치 batches", "점검 findings"):
        assert title in parts["xl/workbook.xml"]
    sheets = [text for name, text in parts.items() if name.startswith("xl/worksheets/")]
    assert any("2026050001" in text and "0001234" in text for text in sheets)
    assert any("b3-S001" in text and "DX-001" in text for text in sheets)
    assert any(
        "b1-S002" in text and "adjusted" in text and f"<v>{CLAIMED - 510}</v>" in text for text in sheets
    )


def test_a_sheet_that_is_full_goes_on_in_the_next(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "SHEET_ROWS", 4)
    call(home, "export", str(home / "register.xlsx"))
    workbook = read_sheets(home / "register.xlsx")["xl/workbook.xml"]
    assert "명세서 sent 2" in workbook
    assert "명세서 sent 3" not in workbook
    assert "청구서 claims 2" not in workbook


def test_a_register_that_cannot_be_written_is_an_error(home: Path) -> None:
    with (
        open_at(f"sqlite:///{home / 'ledger.db'}") as ledger,
        pytest.raises(SiteError, match="cannot be written"),
    ):
        ledger.export(home / "none" / "register.xlsx")
