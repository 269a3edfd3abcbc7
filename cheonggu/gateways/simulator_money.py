"""Money and requests after the review in the simulation: payments, material asked for, filings and their decisions.

The payer pays what was decided and settled and not paid yet, so a later round or settlement brings a further row.
An advance is no payment of anything decided: it is set off against the next one. Source: notices README and
``payment_notice.csv``, ``supplement_request.csv``, ``objection.csv``, ``cost_decision.csv``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from cheonggu.errors import StateError
from cheonggu.gateways.simulator_books import Books, plan_answer
from cheonggu.gateways.simulator_script import Rule, Script
from cheonggu.gateways.simulator_xml import ClaimRef
from cheonggu.gateways.simulator_xml_money import (
    PaymentRow,
    cost_decision,
    objection_receipt,
    payment,
    supplement_request,
)

if TYPE_CHECKING:
    from cheonggu.gateways.simulator_answers import Answers

PAYING = frozenset({"payment", "advance-payment", "part-payment"})
PAYMENT_FORM = {"H010": "NHIS-HI", "H011": "NHIS-MA"}
REVIEW_REQUEST, OBJECTION = "re-review", "objection"
FILING_DAYS = (
    90  # from the notice; National Health Insurance Act Art. 87 (official), re-review alike (secondary)
)
MATERIAL_DAYS = 14
ADVANCE_PERCENT = 80
DUE = """
SELECT coalesce(sum(decided_amount), 0) + sum(settled_difference) AS due,
       coalesce(sum(claimed_amount), 0) AS claimed, coalesce(sum(decided_amount), 0) AS decided,
       sum(outcome IN ('accepted', 'adjusted')) AS statements
FROM statement WHERE document_id = ?"""
SAID = "SELECT coalesce(sum(won), 0) FROM said WHERE document_id = ? AND what = ?"
# How a filed request ends, by seeded chance: share, outcome and the part of the cut that comes back.
DECISIONS = (
    (0.4, "accepted", 100),
    (0.2, "partly-accepted", 50),
    (0.2, "dismissed", 0),
    (0.2, "rejected", 0),
)


def answer_advance(desk: Answers, document: sqlite3.Row, traits: Mapping[str, Rule]) -> None:
    """An advance (가지급) on what was claimed: it bears no treatment month and decides nothing."""
    claim = desk.claim_of(document)
    if claim["state"] == "returned" or claim["last_round"]:
        return
    won = document["claimed_amount"] * ADVANCE_PERCENT // 100 // 10 * 10
    _pay(desk, document, traits, [PaymentRow("advance", won, {})], "advance", won)


def answer_payment(desk: Answers, document: sqlite3.Row, traits: Mapping[str, Rule]) -> None:
    """The payer's share that is due now; negative where a settlement took back what was paid."""
    document_id = document["document_id"]
    claim, sums = desk.claim_of(document), desk.books.one(DUE, document_id)
    assert sums is not None
    before = int(desk.books.value(SAID, document_id, "paid"))
    due = sums["due"] - before - int(desk.books.value(SAID, document_id, "recovered"))
    if claim["state"] == "returned" or claim["last_round"] is None or due == 0:
        return
    if due < 0:
        row = PaymentRow("settlement", 0, {"recovery-a": -due})
        _pay(desk, document, traits, [row], "recovered", due)
        return
    advance = min(due, _open_advance(desk, document_id))
    if advance:
        desk.books.say("", document_id, "advance", [("", "", -advance)])
    kind = "final" if before == 0 or _is_open_part(desk, document_id) else "settlement"
    part = due // 2 // 10 * 10 if "part-payment" in traits and before == 0 and advance == 0 else 0
    deductions = {"advance": advance} if advance else {}
    taxed = (due - advance) * 3 // 100 // 10 * 10
    deductions |= {"income-tax": taxed} if taxed and not part else {}
    row = PaymentRow(kind, part or due, deductions, sums["claimed"], sums["decided"], sums["statements"])
    _pay(desk, document, traits, [row], "paid", part or due)
    if part:
        plan_answer(desk.books, document_id, "payment", desk.today + timedelta(days=7))


def _open_advance(desk: Answers, document_id: str) -> int:
    return int(desk.books.value(SAID, document_id, "advance"))


def _is_open_part(desk: Answers, document_id: str) -> bool:
    """Whether what was paid before is less than what was decided: then this is the rest of a final payment."""
    sums = desk.books.one(DUE, document_id)
    return sums is not None and int(desk.books.value(SAID, document_id, "paid")) < sums["decided"]


def _pay(
    desk: Answers,
    document: sqlite3.Row,
    traits: Mapping[str, Rule],
    rows: Sequence[PaymentRow],
    what: str,
    won: int,
) -> None:
    claim = desk.claim_of(document)
    number = int(desk.books.value("SELECT count(*) FROM notice WHERE kind = 'payment'")) + 1
    lines = payment(document, claim, rows, desk.today, f"{desk.today:%Y%m}{number:04d}")
    head = desk.post.issue(document, traits, "payment", PAYMENT_FORM[document["form_no"]], list(lines))
    desk.books.say(head.document_no, document["document_id"], what, [("", "", won)])


def answer_request(desk: Answers, document: sqlite3.Row, traits: Mapping[str, Rule]) -> None:
    """A request for material (보완자료 요청) on the held statements, or on the first one."""
    rows = desk.statements(document)
    asked = [row["statement_no"] for row in rows if row["outcome"] == "held"] or [rows[0]["statement_no"]]
    reference = ClaimRef.of(document, desk.claim_of(document))
    due = desk.today + timedelta(days=MATERIAL_DAYS)
    lines = list(supplement_request(reference, due, asked))
    desk.post.issue(document, traits, "supplement-request", "F110", lines)


def file_request(books: Books, script: Script, place: tuple[str, str, str], kind: str, today: date) -> None:
    """Enter a request for re-review or an objection; StateError when there is no cut to speak of."""
    row = books.one(
        "SELECT s.*, d.document_id FROM statement s JOIN document d USING (document_id) JOIN claim c"
        " USING (document_id) WHERE d.provider_code = ? AND d.claim_no = ? AND s.statement_no = ?",
        *place,
    )
    if (
        row is None
        or row["outcome"] not in ("adjusted", "impossible")
        or kind not in (REVIEW_REQUEST, OBJECTION)
    ):
        raise StateError(
            f"Nothing of {'/'.join(place)} can be objected to as {kind}.",
            f"{'/'.join(place)}은(는) {kind} 신청 대상이 아닙니다.",
        )
    told = "SELECT n.made_on FROM said s JOIN notice n USING (document_no) WHERE s.document_id = ? AND s.round = ?"
    noticed = books.value(told, row["document_id"], row["review_round"])
    is_late = today > date.fromisoformat(noticed) + timedelta(days=FILING_DAYS)
    filing = {
        "document_id": row["document_id"],
        "statement_no": row["statement_no"],
        "kind": kind,
        "filed_on": today.isoformat(),
        "is_late": int(is_late),
        "state": "filed",
    }
    books.insert("filing", [filing])
    plan_answer(books, row["document_id"], "objection-receipt", today)
    if not is_late:
        days = script.timing["cost_decision_after_days"]
        plan_answer(books, row["document_id"], "cost-decision", today + timedelta(days=days))


def answer_filing(desk: Answers, document: sqlite3.Row, traits: Mapping[str, Rule]) -> None:
    """The receipt of what was filed; a late request comes back and cannot be filed again."""
    reference = ClaimRef.of(document, desk.claim_of(document))
    for filing in _filings(desk, document, "filed"):
        result = "returned" if filing["is_late"] else "received"
        lines = objection_receipt(reference, filing["kind"], filing["statement_no"], result)
        desk.post.issue(document, traits, "objection-receipt", "OBJ-RCPT", list(lines))
        desk.books.change("UPDATE filing SET state = ? WHERE number = ?", result, filing["number"])


def answer_cost_decision(desk: Answers, document: sqlite3.Row, traits: Mapping[str, Rule]) -> None:
    """The decision on received requests: a part of the cut, all of it or nothing comes back."""
    document_id, reference = document["document_id"], ClaimRef.of(document, desk.claim_of(document))
    by_number = {row["statement_no"]: row for row in desk.statements(document)}
    for filing in _filings(desk, document, "received"):
        row = by_number[filing["statement_no"]]
        outcome, percent = _decide(desk, document, row["statement_no"])
        cut = row["claimed_amount"] - row["decided_amount"] - row["settled_difference"]
        difference = cut if percent == 100 else cut * percent // 100 // 10 * 10
        round_no = f"{desk.today:%Y}{filing['number']:04d}"
        lines = cost_decision(
            reference, round_no, desk.today, filing["kind"], (row["statement_no"], outcome, difference)
        )
        kind, form = (
            ("objection-result", "OBJ-RESULT") if filing["kind"] == OBJECTION else ("cost-decision", "F130")
        )
        head = desk.post.issue(document, traits, kind, form, list(lines))
        desk.books.change("UPDATE filing SET state = 'decided' WHERE number = ?", filing["number"])
        desk.books.change(
            "UPDATE statement SET settled_difference = settled_difference + ? "
            "WHERE document_id = ? AND statement_no = ?",
            difference,
            document_id,
            row["statement_no"],
        )
        said = [(row["statement_no"], outcome, difference)]
        desk.books.say(head.document_no, document_id, "objected", said, round_no)
    desk.plan_payment(document, traits)


def _filings(desk: Answers, document: sqlite3.Row, state: str) -> list[sqlite3.Row]:
    query = "SELECT * FROM filing WHERE document_id = ? AND state = ? ORDER BY number"
    return desk.books.rows(query, document["document_id"], state)


def _decide(desk: Answers, document: sqlite3.Row, statement_no: str) -> tuple[str, int]:
    share = desk.chance.share("objection", document["claim_no"], statement_no)
    for rate, outcome, percent in DECISIONS:
        if share < rate:
            return outcome, percent
        share -= rate
    return "rejected", 0
