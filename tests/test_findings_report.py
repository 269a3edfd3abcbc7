"""The findings report: counts, money, what is waived, what could not be checked, as page, workbook and JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import openpyxl
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from cheonggu.batches import PRECHECK, BatchFolder
from cheonggu.cli import app
from cheonggu.commands import report as report_command
from cheonggu.commands.opening import OneSite
from cheonggu.errors import UsageError
from cheonggu.findings import concat
from cheonggu.findings_report import FindingsReport, make_report, write_report
from cheonggu.ledger import Ledger
from cheonggu.rule_feedback import Feedback
from cheonggu.schemes import SCHEMES
from cheonggu.schemes.scheme import Scheme
from cheonggu.waivers import Waiver
from tests.ledger.ledger_builders import (
    ACTOR,
    CLAIMED,
    SCHEME,
    assemble,
    claim_of,
    extract,
    finding,
    hand_off,
    open_at,
    verdicts,
)

DAY = date(2026, 7, 7)
SITE = SimpleNamespace(rule_folders=lambda scheme: ())


def change(table: pa.Table, **values: object) -> pa.Table:
    for name, value in values.items():
        place = table.schema.get_field_index(name)
        field = table.schema.field(name)
        table = table.set_column(place, field, pa.array([value] * len(table), field.type))
    return table


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """b1: two statements blocked, one of them twice over; b2: a warning, a claim-wide error, a waived one; b3: gone."""
    with open_at(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        keys = extract(ledger, "b1")
        rows = [finding(keys[0]), finding(keys[0]), change(finding(keys[1]), rule_id="SRC-001")]
        ledger.record_validated("b1", verdicts(keys, blocked=keys[:2]), concat(rows), ACTOR)
        keys = assemble(ledger, "b2")
        rows = [
            change(finding(keys[0], "warning"), rule_id="LINE-002", message_ko="<b>가</b>"),
            change(finding(None), rule_id="HDR-020"),
            change(finding(keys[2]), waiver_id=7),
        ]
        ledger.record_prechecked("b2", "failed", concat(rows), ACTOR)
        hand_off(ledger, "b3")
        yield ledger


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = BatchFolder(tmp_path / "batches", "b2")
    skipped = pa.table({"rule_id": ["XST-001"], "reason": ["table history_stmt absent"]})
    folder.write_tables(PRECHECK, {"not_checked": skipped})
    folder.seal(PRECHECK, {})
    return folder.root


@pytest.fixture
def report(ledger: Ledger, root: Path) -> FindingsReport:
    return make_report(ledger, SCHEME, root, DAY)


def test_rules_carry_counts_and_the_money_of_each_statement_once(report: FindingsReport) -> None:
    names = ("rule_id", "level", "findings", "statements", "won")
    rows = [tuple(one[name] for name in names) for one in report.rules.to_pylist()]
    assert rows == [
        ("HDR-020", "error", 1, 0, 3 * CLAIMED),
        ("DX-001", "error", 2, 1, CLAIMED),
        ("SRC-001", "error", 1, 1, CLAIMED),
        ("LINE-002", "warning", 1, 1, CLAIMED),
    ]
    assert report.totals == {
        "findings": 5,
        "errors": 4,
        "statements": 3,
        "error_won": 5 * CLAIMED,
        "won": 5 * CLAIMED,  # the claim of HDR-020 holds the statement of LINE-002
        "waived": 1,
    }


def test_waived_ones_and_unchecked_rules_stand_apart(report: FindingsReport) -> None:
    assert report.waived["waiver_id"].to_pylist() == [7]
    assert set(report.statements["waiver_id"].to_pylist()) == {None}
    assert report.not_checked.to_pylist() == [
        {"rule_id": "XST-001", "reason": "table history_stmt absent", "claims": 1}
    ]


def test_it_can_be_asked_for_a_batch_a_claim_a_month_or_a_night(ledger: Ledger, root: Path) -> None:
    claim_no = claim_of(ledger, "b2").claim_no
    assert make_report(ledger, SCHEME, root, DAY, batch_id="b1").totals["findings"] == 3
    assert make_report(ledger, SCHEME, root, DAY, claim_no=claim_no).totals["findings"] == 2
    assert make_report(ledger, SCHEME, root, DAY, month="202605").totals["findings"] == 5
    assert make_report(ledger, SCHEME, root, DAY, month="202604").totals["findings"] == 0
    assert make_report(ledger, SCHEME, root, DAY, night=date(2026, 6, 1)).totals["findings"] == 5


def test_page_workbook_and_json_say_the_same(report: FindingsReport, tmp_path: Path) -> None:
    page = write_report(report, tmp_path).read_text(encoding="utf-8")
    for text in ("HDR-020", "DX-001", "제외 waiver 7", "table history_stmt absent", f"{3 * CLAIMED:,}"):
        assert text in page
    assert "&lt;b&gt;가" in page
    assert "http" not in page
    facts = json.loads((tmp_path / "findings.json").read_text(encoding="utf-8"))
    assert facts["totals"] == report.totals
    assert [one["rule_id"] for one in facts["rules"]] == report.rules["rule_id"].to_pylist()
    book = openpyxl.load_workbook(tmp_path / "findings.xlsx", read_only=True)
    counts = {sheet.title: len(list(sheet.iter_rows())) - 1 for sheet in book.worksheets}
    assert list(counts.values()) == [4, 5, 1, 1, 0]


def test_a_rule_of_two_levels_counts_the_money_of_each_apart(tmp_path: Path) -> None:
    """A site's policy makes the same difference of amounts an error at one provider and a warning at another."""
    with open_at(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        keys = extract(ledger, "b1")
        rows = [
            change(finding(keys[0]), rule_id="SET-001"),
            change(finding(keys[1], "warning"), rule_id="SET-001"),
        ]
        ledger.record_validated("b1", verdicts(keys, blocked=keys[:1]), concat(rows), ACTOR)
        made = make_report(ledger, SCHEME, tmp_path, DAY)
    assert [(one["level"], one["won"]) for one in made.rules.to_pylist()] == [
        ("error", CLAIMED),
        ("warning", CLAIMED),
    ]


def test_waivers_that_ran_out_stand_in_the_workbook_too(report: FindingsReport, tmp_path: Path) -> None:
    gone = Waiver("DX-007", "provider", "11100011", "kim01", "사유", date(2026, 7, 1), id=3)
    write_report(dataclasses.replace(report, expired=(gone,)), tmp_path)
    book = openpyxl.load_workbook(tmp_path / "findings.xlsx", read_only=True)
    rows = list(book["끝난 점검제외 expired"].iter_rows(values_only=True))
    assert rows[1][:2] == (3, "DX-007")
    assert "2026-07-01" in rows[1]


@pytest.mark.parametrize("words", [("--month", "junk"), ("--claim", "2099010001"), ("--batch", "b9")])
def test_a_mistyped_number_is_no_claim_without_findings(words: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "ledger.key").write_text("42" * 32, encoding="utf-8")
    (tmp_path / "ledger.key").chmod(0o600)
    site = tmp_path / "site.toml"
    site.write_text(
        '[source]\nurl = "sqlite:///x.db"\n[ledger]\nurl = "sqlite:///l.db"\n[data]\nfolder = "data"\n'
        '[key]\nfile = "ledger.key"\n[run]\nfirst_care_month = "202601"\n',
        encoding="utf-8",
    )
    result = CliRunner().invoke(app, ["findings", "report", *words, "--site", str(site)])
    assert isinstance(result.exception, UsageError), result.output


def test_the_feedback_names_a_missed_reason_in_words_and_says_when_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missed = {
        "code": "I:16-03",
        "text_ko": "내원일수가 큰 경우",
        "refused": 2,
        "missed": 1,
        "rules": ["DAY-010"],
    }

    @contextmanager
    def opened(place: OneSite) -> Iterator[tuple[SimpleNamespace, Scheme, Ledger]]:
        with open_at(f"sqlite:///{tmp_path / 'l.db'}") as ledger:
            yield SITE, SCHEMES[SCHEME], ledger

    monkeypatch.setattr(OneSite, "opened", opened)
    monkeypatch.setattr(report_command, "load_catalogue", lambda folders, own: None)
    for misses, words in (([missed], "I:16-03 내원일수가 큰 경우: 1 / 2"), ([], "No rule fired yet")):
        made = Feedback(pa.table({"rule_id": pa.array([], pa.string())}), pa.Table.from_pylist(misses))
        monkeypatch.setattr(report_command, "make_feedback", lambda answers, catalogue, made=made: made)
        assert words in CliRunner().invoke(app, ["report", "rules"], catch_exceptions=False).output
