"""Notices of the association (통보) in the neutral XML ``notice.xsd``: bytes in, a checked ``Notice`` out.

How they speak to the ledger: receipt and return as they are; a decision is a review of the claims it lists (paid:
accepted; partial and refused: adjusted; papers asked for: impossible as sent, for it comes back in a supplementary
claim); an extension starts the review without deciding. Clocks follow the law: 14 days to decide, 14 more when told
in time (제41조제2·3항), 90 days for a review request from a decision that gives less than was claimed, be it by a line,
a cap or an offset (제57조). A payment is final.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
from lxml import etree

from cheonggu.formats.notice_xml import MAX_BYTES, Vocabulary, attributes, broken, stream
from cheonggu.notices import (
    LINE_DECISIONS,
    REVIEW_FINDINGS,
    REVIEW_STATEMENTS,
    ClaimRef,
    Clock,
    Notice,
    Payment,
    Reason,
    Receipt,
    Review,
    Totals,
)
from cheonggu.schemes.school_safety.assessment_rules import load_profile
from cheonggu.schemes.school_safety.deadlines import decision_end
from cheonggu.schemes.school_safety.review_request import KIND, request_days
from cheonggu.schemes.school_safety.values import value_on

XSD = Path(__file__).with_name("notice.xsd")
FORM, SOURCE = "school-notice-1", "association"
OUTCOMES = {"paid": "accepted", "partial": "adjusted", "refused": "adjusted", "supplement": "impossible"}
CONTENT_OF = {"supplement": "decision", "review-decision": "decision"}
DECIDE_BY, REVIEW_REQUEST_BY, SUPPLEMENT_BY = "decide_by", "review_request_by", "supplement_by"
NOT_IN_LAW = "OTHER"
OFFSETS = {"offset-preexisting": "PREEXISTING_PART", "offset-other": "OTHER_COMPENSATION"}


@cache
def vocabulary() -> Vocabulary:
    """The XSD, loaded once."""
    return Vocabulary(XSD)


def parse(raw: bytes, *, max_bytes: int = MAX_BYTES) -> Notice:
    """Read, validate and check one document; NoticeError says what is broken and where, never a value."""
    root = list(stream(raw, vocabulary(), ("nothing-repeats",), max_bytes))[-1]
    head = attributes(root)
    kind, issued = head["kind"], date.fromisoformat(head["issued"])
    if {one.tag for one in root} != {CONTENT_OF.get(kind, kind)}:
        raise broken("notice/@kind", "its content is of another kind", "통보 종류", "내용과 다릅니다")
    empty = Notice(head["document-no"], kind, FORM, SOURCE, issued, head["association"])
    if kind == "receipt":
        return replace(empty, receipts=tuple(_receipt(one) for one in root))
    if kind == "payment":
        return replace(empty, payments=tuple(_payment(one) for one in root))
    part = root[0]
    if kind == "extension":
        return replace(empty, review=_started(part), clocks=tuple(_extended(part)))
    review, lines = _review(part)
    review = replace(review, answers_dispute=kind == "review-decision")
    return replace(empty, review=review, lines=lines, clocks=tuple(_answer_clocks(part, issued)))


def _receipt(element: etree._Element) -> Receipt:
    said = attributes(element)
    if (said["result"] == "received") != ("receipt-no" in said):
        raise broken(
            "receipt/@receipt-no",
            "a receipt has a number, a return none",
            "접수번호",
            "접수·반송과 맞지 않습니다",
        )
    received = date.fromisoformat(said["received-on"])
    return Receipt(
        result=said["result"],
        receipt_no=said.get("receipt-no"),
        receipt_year=f"{received:%Y}" if "receipt-no" in said else None,
        receipt_date=received,
        claim_no=said["claim-no"],
        claim_class="original",
        payer_class="",
        treatment_month=said["claim-no"][:6],
        statement_count=int(said["claims"]),
        claimed_amount=int(said["amount"]),
        reasons=tuple(
            Reason(one.get("code") or NOT_IN_LAW, None, one.get("statement-no"), _words(one) or "")
            for one in element
        ),
    )


def receipt_clocks(receipt: Receipt, group: Mapping[str, str]) -> tuple[Clock, ...]:
    """The association's days to decide run from the day the claim came in (결정기한, 제41조제2항).

    Whether they move on over a holiday is the setting of AMB-27 of the package's region, which the notice does not
    say and ``group`` does. Where the holidays are not known, the stricter day stands.
    """
    if receipt.result != "received":
        return ()
    days = int(value_on("decide_days", receipt.receipt_date))
    last = decision_end(receipt.receipt_date, days, load_profile(group["region"]))
    return (Clock(receipt.claim_no, None, DECIDE_BY, last or receipt.receipt_date + timedelta(days=days)),)


def _extended(part: etree._Element) -> Iterable[Clock]:
    said = attributes(part)
    until = date.fromisoformat(said["decide-by"])
    for one in part.iterfind("claim"):
        yield Clock(said["claim-no"], one.get("statement-no"), DECIDE_BY, until)


def _answer_clocks(part: etree._Element, issued: date) -> Iterable[Clock]:
    """What the claimant may or must do after this answer, and that nothing is to be decided any more."""
    said = attributes(part)
    for one in part.iterfind("claim"):
        number, decision = one.get("statement-no"), one.get("decision")
        yield Clock(said["claim-no"], number, DECIDE_BY, None)
        if decision == "supplement":
            days = int(value_on("supplement_days", issued))
            yield Clock(said["claim-no"], number, SUPPLEMENT_BY, issued + timedelta(days=days))
        elif int(one.get("decided") or 0) < int(one.get("claimed") or 0):
            yield Clock(said["claim-no"], number, REVIEW_REQUEST_BY, request_days(KIND, issued, None)[1])


def _payment(part: etree._Element) -> Payment:
    """What one round of a package was paid; each claim's amount is what was decided for it."""
    said = attributes(part)
    amounts = [int(one.get("amount") or 0) for one in part.iterfind("claim")]
    reference = ClaimRef(said["claim-no"], said.get("receipt-no") or "", review_round=said["round"])
    return Payment(
        kind="final",
        paid_on=date.fromisoformat(said["paid-on"]),
        claim=reference,
        paid=sum(amounts),
        net=sum(amounts),
        payment_round=said["round"],
        statement_count=len(amounts),
    )


def _started(part: etree._Element) -> Review:
    """A review that has begun and decided nothing yet."""
    return _make_review(part, [], [])


def _review(part: etree._Element) -> tuple[Review, pa.Table]:
    statements, found, lines = [], [], []
    for claim in part.iterfind("claim"):
        said = attributes(claim)
        if not {"decision", "claimed", "decided"} <= set(said):
            raise broken(
                "decision/claim", "lacks its decision or amounts", "결정", "결정이나 금액이 없습니다"
            )
        own = [_line(claim, one) for one in claim.iterfind("line")]
        _check_sums(said, own)
        claimed, decided = int(said["claimed"]), int(said["decided"])
        outcome = OUTCOMES[said["decision"]]
        if outcome == "accepted" and decided < claimed:  # every line is paid, less an offset
            outcome = "adjusted"
        statements.append(_statement(said["statement-no"], outcome, claimed, decided))
        lines += own
        found += [_cut(one) for one in own if one["decided_amount"] < one["claimed_amount"]]
        found += _offsets(said, own, decided)
        found += [_asked(said["statement-no"], one) for one in claim.iterfind("paper")]
    return _make_review(part, statements, found), pa.Table.from_pylist(lines, schema=LINE_DECISIONS)


def _check_sums(said: dict[str, str], lines: list[dict[str, Any]]) -> None:
    """Paid lines less the offsets are what was decided, the lines are what was claimed; a word fits its amounts."""
    claimed, decided = int(said["claimed"]), int(said["decided"])
    offsets = int(said.get("offset-other", 0)) + int(said.get("offset-preexisting", 0))
    paid = sum(one["decided_amount"] for one in lines)
    fits = {
        "paid": decided == claimed - offsets,
        "partial": 0 < decided < claimed,
        "refused": decided == 0,
        "supplement": decided == 0 and not lines,
    }
    is_right = fits[said["decision"]] and (
        said["decision"] == "supplement"
        or (sum(one["claimed_amount"] for one in lines) == claimed and max(paid - offsets, 0) == decided)
    )
    if not is_right:
        raise broken("decision/claim", "its amounts do not add up", "결정", "금액이 맞지 않습니다")


def _line(claim: etree._Element, line: etree._Element) -> dict[str, Any]:
    said = attributes(line)
    return {
        "statement_no": claim.get("statement-no"),
        "line_no": int(said["item-no"]),
        "decision": said["decision"],
        "claimed_amount": int(said["claimed"]),
        "decided_amount": int(said["amount"]),
        "code": said.get("reason-code"),
        "text": _words(line),
    }


def _statement(number: str, outcome: str, claimed: int, decided: int) -> dict[str, Any]:
    """Claimed and decided on both sides of the model; a pupil's family has no share of its own."""
    return {
        "statement_no": number,
        "outcome": outcome,
        **dict.fromkeys(("claimed_total_1", "claimed_amount"), claimed),
        **dict.fromkeys(("decided_total_1", "decided_amount"), decided),
        **dict.fromkeys(("claimed_copay", "decided_copay"), 0),
    }


def _cut(line: dict[str, Any]) -> dict[str, Any]:
    return {
        "statement_no": line["statement_no"],
        "finding_class": "adjusted",
        "code": line["code"] or NOT_IN_LAW,
        "line_no": line["line_no"],
        "amount": line["claimed_amount"] - line["decided_amount"],
        "text": line["text"],
    }


def _offsets(said: dict[str, str], lines: list[dict[str, Any]], decided: int) -> Iterable[dict[str, Any]]:
    """What came off the sum of the lines, the pre-existing part first; together what the decision left out of it."""
    rest = sum(one["decided_amount"] for one in lines) - decided
    for name, code in OFFSETS.items():
        amount = min(rest, int(said.get(name, 0)))
        rest -= amount
        if amount:
            yield {
                "statement_no": said["statement-no"],
                "finding_class": "adjusted",
                "code": code,
                "amount": amount,
            }


def _asked(number: str, paper: etree._Element) -> dict[str, Any]:
    return {
        "statement_no": number,
        "finding_class": "impossible",
        "code": paper.get("document-code"),
        "amount": 0,
        "text": _words(paper),
    }


def _make_review(
    part: etree._Element, statements: list[dict[str, Any]], found: list[dict[str, Any]]
) -> Review:
    """A round that speaks only of the claims it lists: its totals count those."""
    said = attributes(part)
    if "receipt-no" not in said:
        raise broken("decision/@receipt-no", "is missing", "접수번호", "없습니다")
    impossible = [one for one in statements if one["outcome"] == "impossible"]
    sums = {name: sum(one[name] for one in statements) for name in ("claimed_amount", "decided_amount")}
    asked = sum(one["claimed_amount"] for one in impossible)
    totals = Totals(
        claimed_count=len(statements),
        claimed_amount=sums["claimed_amount"],
        decided_count=len(statements) - len(impossible),
        decided_amount=sums["decided_amount"],
        impossible_count=len(impossible),
        impossible_amount=asked,
        adjusted_count=sum(one["outcome"] == "adjusted" for one in statements),
        adjusted_amount=sums["claimed_amount"] - asked - sums["decided_amount"],
    )
    return Review(
        review_round=said["round"],
        complete=False,
        receipt_year=None,
        receipt_no=said["receipt-no"],
        claim_no=said["claim-no"],
        payer_class="",
        totals=totals,
        statements=pa.Table.from_pylist(statements, schema=REVIEW_STATEMENTS),
        findings=pa.Table.from_pylist(found, schema=REVIEW_FINDINGS),
    )


def _words(element: etree._Element) -> str | None:
    return (element.text or "").strip() or None
