"""Review requests (심사청구): who may ask, until when, the draft, and what becomes of a filing."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from cheonggu.cli import app
from cheonggu.ledger import Actor
from cheonggu.schemes.school_safety.notices import parse
from cheonggu.schemes.school_safety.review_request import KIND, describe_reason, find_remedies, request_days
from tests.schemes.school_safety import region_night as night

ACTOR = Actor("test", None)
BY = "desk01"


@pytest.mark.parametrize(
    ("told", "learned", "last"),
    [
        (date(2026, 7, 13), None, date(2026, 10, 12)),  # the 90th day is a Sunday
        (date(2026, 7, 14), None, date(2026, 10, 12)),
        (date(2026, 7, 15), None, date(2026, 10, 13)),
        (date(2026, 7, 13), date(2026, 7, 15), date(2026, 10, 13)),  # from knowing, not from the decision
        (date(2026, 6, 26), None, date(2026, 9, 28)),  # the 90th day is Chuseok, then Saturday and Sunday
        (date(2027, 12, 1), None, date(2028, 2, 29)),  # holidays not known: the stricter day
    ],
)
def test_the_last_day_is_ninety_days_after_knowing_and_moves_on(
    told: date, learned: date | None, last: date
) -> None:
    assert request_days(KIND, told, learned)[1] == last


def test_what_was_left_out_can_be_asked_about_and_papers_asked_for_cannot() -> None:
    lines = pa.table({"finding_class": ["adjusted", "impossible", "held"]})
    assert find_remedies(lines).to_pylist() == [KIND, "", ""]


def test_a_reason_is_told_by_the_rule_that_gives_it() -> None:
    assert describe_reason("adjusted", "DENT_CROWN_CAP", None) == "도재전장관"
    assert describe_reason("adjusted", "OTHER_COMPENSATION", None) == "다른 법령의 보상·배상"
    assert describe_reason("adjusted", "SOMETHING_ELSE", None) == ""


def cheonggu(*arguments: str) -> str:
    told = CliRunner().invoke(app, [*arguments, "--scheme", night.NAME])
    assert told.exit_code in (0, 1), told.output
    assert told.exception is None or isinstance(told.exception, SystemExit), told.exception
    return told.stdout


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A region whose association decided every claim, many in part."""
    folder = night.build(tmp_path_factory.mktemp("region"))
    script = "[rates]\npartial = 100\npaid = 0\nrefused = 0\nsupplement = 0\nextended = 0\n"
    with night.association(folder, script=script) as peer:
        night.run_night(folder, peer)
        night.pass_days(peer, 16)
    return folder


@pytest.mark.long
def test_a_part_payment_is_drafted_filed_and_answered(answered: Path) -> None:
    night.use(answered)
    listed = json.loads(cheonggu("ledger", "objections", "--as-of", "2026-08-01", "--json"))
    adjusted = night.ask(answered, "SELECT count(*) FROM decision WHERE outcome = 'adjusted'")[0][0]
    assert len(listed) == adjusted > 1
    one = listed[0]
    cut = night.ask(
        answered,
        "SELECT claimed_amount - decided_amount FROM decision WHERE claim_no = ? AND statement_no = ?",
        one["claim_no"],
        one["statement_no"],
    )[0][0]
    assert one["amount"] == cut > 0

    # The draft: decided items, amounts, reasons and the last day; nobody's name; nothing is recorded.
    before = night.ask(answered, "SELECT count(*) FROM event")
    cheonggu("ledger", "objections", "--as-of", "2026-08-01", "--drafts", str(answered / "drafts"))
    (page,) = (answered / "drafts").glob(f"*{one['claim_no']}*.html")
    text = page.read_text(encoding="utf-8")
    for word in (
        "심사청구서 (초안)",
        f"{cut:,}원",
        one["last_on"],
        "NONCOVERED_DEFAULT",
        "부지급",
        "결정금액",
    ):
        assert word in text
    names = night.look(answered, "SELECT pupil_name FROM cheonggu_pupil")
    assert not [1 for (name,) in names if str(name) in text]
    assert night.ask(answered, "SELECT count(*) FROM event") == before

    # The nightly report says that it waits, and until when.
    waiting = json.loads(cheonggu("report", "ageing", "--as-of", "2026-10-01", "--json"))
    kinds = {row["kind"]: row for row in waiting["kinds"]}
    assert (kinds["objection"]["statements"], kinds["objection"]["near"] > 0) == (adjusted, True)

    # A person filed; the committee gives the rest.
    place = (
        one["claim_no"],
        "objection",
        one["statement_no"],
        "--provider",
        one["provider_code"],
        "--by",
        BY,
    )
    cheonggu("ledger", "dispute", *place, "--filed-on", "2026-08-01")
    key, claimed, receipt_no = night.ask(
        answered,
        """SELECT s.statement_key, s.claimed_amount, c.receipt_no FROM claim_statement s
        JOIN claim c USING (provider_code, claim_no) WHERE s.claim_no = ? AND s.statement_no = ?""",
        one["claim_no"],
        one["statement_no"],
    )[0]
    state = "SELECT state FROM statement WHERE statement_key = ?"
    assert night.ask(answered, state, key) == [("DISPUTED",)]
    lines = night.ask(
        answered,
        "SELECT line_no, claimed_amount FROM claim_line WHERE claim_no = ? AND statement_no = ?",
        one["claim_no"],
        one["statement_no"],
    )
    inner = "".join(
        f'<line item-no="{number}" decision="pay" claimed="{won}" amount="{won}"/>' for number, won in lines
    )
    raw = (
        f'<notice document-no="SA99" kind="review-decision" issued="2026-09-20" association="{one["provider_code"]}">'
        f'<decision claim-no="{one["claim_no"]}" receipt-no="{receipt_no}" round="90" decided-on="2026-09-20">'
        f'<claim statement-no="{one["statement_no"]}" decision="paid" claimed="{claimed}" decided="{claimed}">'
        f"{inner}</claim></decision></notice>"
    ).encode()
    digest = hashlib.sha256(raw).hexdigest()
    with night.ledger_of(answered) as here:
        report = here.ledger.import_notice(
            night.NAME,
            parse(raw),
            sha256=digest,
            archived_as="x",
            actor=ACTOR,
            provider_codes=[one["provider_code"]],
        )
        assert report.stopped == ()
        assert here.ledger.verify() == []
        found = here.ledger.reconcile(night.NAME)
        assert found.problems == ()
    # What was paid before is paid again by no answer: the won that the committee gave is what stays open.
    (mine,) = [
        row
        for row in found.statements.to_pylist()
        if (row["claim_no"], row["statement_no"]) == (one["claim_no"], one["statement_no"])
    ]
    assert (mine["decided"], mine["paid"], mine["open"]) == (claimed, claimed - cut, cut)
    assert night.ask(answered, state, key) == [("PAID",)]
    closed = night.ask(answered, "SELECT state, outcome, document_no FROM dispute")
    assert closed == [("decided", "accepted", "SA99")]
    listed = json.loads(cheonggu("ledger", "objections", "--as-of", "2026-09-21", "--json"))
    assert len(listed) == adjusted - 1
