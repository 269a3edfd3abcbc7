"""Notices (통보서) in the neutral XML: bytes in, a checked ``Notice`` out. Nothing is written anywhere.

Source: ``notices/vocabulary.csv`` and ``xml/notice.xsd`` (the project's own vocabulary over HIRA's documents
F010, F020, F060 …). Kinds that only inform (the client's own check and its lists) are validated, but give a notice
without content: the importer archives their raw bytes. Reports that are no claims (lab supplies, purchases)
are left out of ``receipts`` too, because their numbers are not claim numbers.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

from lxml import etree

from cheonggu.formats.notice_xml import MAX_BYTES, Vocabulary, attributes, broken, stream
from cheonggu.notices import (
    PRESCRIPTION_CUTS,
    REVIEW_FINDINGS,
    REVIEW_STATEMENTS,
    Notice,
    Reason,
    Receipt,
    Review,
    Totals,
)
from cheonggu.schemes.hira import notice_checks as checks
from cheonggu.schemes.hira import notice_money as money
from cheonggu.schemes.hira.notice_rows import Rows, to_table

XSD = Path(__file__).parent / "xml" / "notice.xsd"
# Elements that may come in hundreds of thousands; everything else stays in the small tree that is left.
REPEATED = ("statement", "receipt", "payment", "item", "error", "objection-receipt", "entry")
CONTENT_OF = {
    "receipt": "receipt",
    "review-result": "review",
    "prescription-adjustment": "prescription-adjustment",
    "settlement": "settlement",
    "supplement-request": "supplement-request",
    "cost-decision": "cost-decision",
    "objection-result": "cost-decision",
    "payment": "payment",
    "precheck": "precheck",
    "objection-receipt": "objection-receipt",
    "client-list": "client-list",
}


@cache
def vocabulary() -> Vocabulary:
    """The XSD of the neutral notice, loaded once."""
    return Vocabulary(XSD)


def parse(raw: bytes, *, max_bytes: int = MAX_BYTES) -> Notice:
    """Read, validate and check one document; NoticeError says what is broken and where, never a value."""
    rows = Rows()
    root = None
    for element in stream(raw, vocabulary(), REPEATED, max_bytes):
        root = element
        rows.take(element)
    assert root is not None  # the root always comes last
    head = attributes(root)
    kind = head["kind"]
    contents = {CONTENT_OF[kind]} if kind in CONTENT_OF else set()
    found = {one.tag for one in root if one.tag not in ("provider", "office", "remark")}
    if found != contents:
        place = "notice/@kind"
        raise broken(place, "its content is of another kind", place, "통보서 종류와 내용이 다릅니다")
    checks.check_unique(rows.statement_nos)
    checks.check_differences(rows.settled)
    learned = head.get("learned")
    return Notice(
        document_no=head["document-no"],
        kind=kind,
        form=head["form"],
        source=head["source"],
        issued=date.fromisoformat(head["issued"]),
        learned=date.fromisoformat(learned) if learned else None,
        provider_code=attributes(_need(root, "provider"))["code"],
        receipts=tuple(_receipt(one) for one in rows.receipts if one["report"] == "claim"),
        review=_review(_need(root, "review"), rows) if kind == "review-result" else None,
        settlement=money.read_settlement(root, rows),
        payments=tuple(money.read_payment(number, *one) for number, one in enumerate(rows.payments, start=1)),
        cost_decision=money.read_cost_decision(root, rows),
        dispute_receipts=tuple(money.read_dispute_receipt(*one) for one in rows.dispute_receipts),
        supplement_request=money.read_supplement_request(root, rows),
        prescription_adjustment=money.read_prescription_adjustment(root, rows),
    )


def _review(element: etree._Element, rows: Rows) -> Review:
    head, reference = attributes(element), attributes(_need(element, "claim-ref"))
    findings = to_table(rows.findings, REVIEW_FINDINGS)
    review = Review(
        review_round=head["round"],
        complete=head["complete"] == "true",
        receipt_year=reference.get("receipt-year"),
        receipt_no=reference["receipt-no"],
        claim_no=reference["claim-no"],
        payer_class=reference["payer-class"],
        totals=_totals(_need(element, "totals")),
        statements=to_table(rows.statements, REVIEW_STATEMENTS),
        findings=findings,
        payer_refused=checks.find_payer_refused(findings),
        prescriptions=to_table(rows.cuts, PRESCRIPTION_CUTS),
    )
    checks.check_review(review, _printed_sums(_need(element, "totals")), rows.copay_changed)
    return review


def _totals(element: etree._Element) -> Totals:
    values = {
        f"{side}_{name}": int(attributes(_need(element, side))[attribute])
        for side in ("claimed", "decided", "impossible", "adjusted")
        for name, attribute in (("count", "statements"), ("amount", "amount"))
    }
    return Totals(**values)


def _printed_sums(element: etree._Element) -> dict[str, int]:
    """The optional gross figures of the totals, such as ``claimed_total_1``, where the notice prints them."""
    return {
        f"{side}_{name}": int(text)
        for side in ("claimed", "decided", "impossible", "adjusted")
        for name, attribute in (("total_1", "total-1"), ("copay", "copay"))
        if (text := _need(element, side).get(attribute)) is not None
    }


def _receipt(text: dict[str, object]) -> Receipt:
    checks.check_receipt(text)
    reasons = text["reasons"]
    assert isinstance(reasons, list)
    return Receipt(
        result=str(text["result"]),
        receipt_no=_optional(text, "receipt-no"),
        receipt_year=_optional(text, "receipt-year"),
        receipt_date=date.fromisoformat(str(text["receipt-date"])),
        claim_no=str(text["claim/claim-no"]),
        claim_class=str(text["claim/claim-class"]),
        payer_class=str(text["claim/payer-class"]),
        treatment_month=str(text["claim/treatment-month"]).replace("-", ""),
        statement_count=int(str(text["claimed/statements"])),
        claimed_amount=int(str(text["claimed/amount"])),
        reasons=tuple(
            Reason(said["code"], said.get("detail"), said.get("statement-no"), words)
            for said, words in reasons
        ),
    )


def _optional(text: dict[str, object], name: str) -> str | None:
    return str(text[name]) if name in text else None


def _need(element: etree._Element, name: str) -> etree._Element:
    """A child that the XSD requires."""
    child = element.find(name)
    assert child is not None
    return child
