"""The register: filters, sums, diagnoses from the batch folders, and nothing personal anywhere."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest
from typer.testing import CliRunner, Result

from cheonggu.batches import VALIDATE, BatchFolder
from cheonggu.cli import app
from cheonggu.ledger import Actor, NewInstruction
from tests.ledger.ledger_builders import (
    CLAIMED,
    NAME,
    PROVIDER,
    RRN,
    SECRET,
    check,
    claim_of,
    hand_off,
    open_at,
)
from tests.ledger.money_builders import CUT, DUE, decide, paid, payment_notice, take

SITE = """
[source]
url = "sqlite:///none.db"
[ledger]
url = "sqlite:///ledger.db"
[data]
folder = "data"
[key]
file = "ledger.key"
[run]
first_care_month = "202601"
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A paid claim and one under way; the diagnoses of the first one in its batch folder."""
    folder = tmp_path_factory.mktemp("register")
    (folder / "site.toml").write_text(SITE, encoding="utf-8")
    (folder / "ledger.key").write_bytes(SECRET)
    with open_at(f"sqlite:///{folder / 'ledger.db'}") as ledger:
        decide(ledger, {"00002": "adjusted", "00003": "impossible"})
        take(ledger, payment_notice("P1", paid(DUE)))
        hand_off(ledger, "b2", 2)
    codes = {"statement_key": ["b1-S001", "b1-S001", "b1-S002", "b1-S003"]}
    codes |= {"diagnosis_class": ["1", "2", "1", "1"], "diagnosis_code": ["J00", "K30", "J00", "M545"]}
    batch = BatchFolder(folder / "data" / "hira" / "batches", "b1")
    batch.write_tables(VALIDATE, {"diagnosis": pa.table(codes)})
    batch.seal(VALIDATE, {})
    return folder


def call(home: Path, *arguments: str, typed: str = "") -> Result:
    options = ["--site", str(home / "site.toml")]
    answer = CliRunner().invoke(app, ["register", *arguments, *options], input=typed)
    assert answer.exit_code == 0, answer.output
    assert RRN not in answer.output
    assert NAME not in answer.output
    return answer


def rows(home: Path, *arguments: str, typed: str = "") -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(call(home, *arguments, "--json", typed=typed).output)["rows"]
    return found


def test_claims_show_what_became_of_their_won(home: Path) -> None:
    first, second = rows(home, "claims")
    assert (first["state"], first["payer_class"], first["form_no"]) == ("PAID", "4", "H021")
    assert (first["claimed"], first["decided"], first["paid"], first["open"]) == (3 * CLAIMED, DUE, DUE, 0)
    assert (second["state"], second["paid"], second["receipt_no"]) == ("HANDED_OFF", 0, None)


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (["--state", "PAID"], 1),
        (["--payer", "4", "--form", "H021", "--class", ""], 2),
        (["--payer", "7"], 0),
        (["--provider", PROVIDER, "--from", "202605", "--to", "202605"], 2),
        (["--from", "202606"], 0),
        (["--claim-no", "2026050002"], 1),
        (["--receipt-no", "0001234"], 1),
        (["--provider", "99999999"], 0),
    ],
)
def test_filters_narrow_claims_and_statements_alike(home: Path, options: list[str], count: int) -> None:
    assert len(rows(home, "claims", *options)) == count
    assert len({row["claim_no"] for row in rows(home, "statements", *options)}) == count


def test_statements_are_found_by_a_resident_number_that_is_typed_in(home: Path) -> None:
    assert len(rows(home, "statements", "--resident", typed=f"{RRN}\n")) == 5
    assert rows(home, "statements", "--resident", typed="9001011234567\n") == []


def test_diagnoses_come_from_the_batch_folders(home: Path) -> None:
    found = rows(home, "diagnoses")
    assert [(row["diagnosis_code"], row["statements"], row["decided"]) for row in found] == [
        ("", 2, 0),
        ("J00", 2, 2 * CLAIMED - CUT),
        ("M545", 1, 0),
    ]
    assert {
        row["diagnosis_code"] for row in rows(home, "diagnoses", "--every", "--claim-no", "2026050001")
    } == {
        "J00",
        "K30",
        "M545",
    }


def test_a_withdrawn_claim_is_in_no_sum_but_found_by_its_state_or_number(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(SITE, encoding="utf-8")
    (tmp_path / "ledger.key").write_bytes(SECRET)
    with open_at(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        check(ledger, "b1")
        gone = claim_of(ledger, "b1")
        new = NewInstruction("hira", "withdrawal", PROVIDER, gone.claim_no, "kim01", "다시 작성")
        ledger.decide(new, Actor("kim01", None))
        hand_off(ledger, "b2", 2)
    for what in ("claims", "statements"):
        assert gone.claim_no not in {row["claim_no"] for row in rows(tmp_path, what)}
        assert {row["claim_no"] for row in rows(tmp_path, what, "--state", "WITHDRAWN")} == {gone.claim_no}
        assert {row["claim_no"] for row in rows(tmp_path, what, "--claim-no", gone.claim_no)} == {
            gone.claim_no
        }


@pytest.mark.parametrize("what", ["claims", "statements", "diagnoses"])
def test_a_workbook_has_a_sheet_of_rows_and_one_of_sums(home: Path, tmp_path: Path, what: str) -> None:
    shown = call(home, what, "--xlsx", str(tmp_path / "out.xlsx")).output
    assert "합계 sums" in shown
    assert f"{5 * CLAIMED:,}" in shown
    book = openpyxl.load_workbook(tmp_path / "out.xlsx")
    sums = {row[0]: row[1] for row in book.worksheets[1].iter_rows(values_only=True)}
    assert sums["claimed"] == 5 * CLAIMED
    assert book.worksheets[0].max_row == int(sums["rows"]) + 1
