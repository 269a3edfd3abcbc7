"""Notices (통보서) in the neutral XML: bytes in, a checked ``Notice`` out. Nothing is written anywhere.

Source: ``notices/vocabulary.csv`` and ``xml/notice.xsd`` (the project's own vocabulary over HIRA's documents
F010, F020, F060 …). Kinds other than receipts and review results are validated and checked, but give a notice
without content: the importer archives their raw bytes. Reports that are no claims (lab supplies, purchases)
are left out of ``receipts`` too, because their numbers are not claim numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache
from pathlib import Path

import pyarrow as pa
from lxml import etree

from cheonggu.formats.notice_xml import MAX_BYTES, Vocabulary, attributes, broken, stream
from cheonggu.notices import (
    REVIEW_FINDINGS,
    REVIEW_STATEMENTS,
    Notice,
    Reason,
    Receipt,
    Review,
    Totals,
)
from cheonggu.schemes.hira import notice_checks as checks

XSD = Path(__file__).parent / "xml" / "notice.xsd"
# Elements that may come in hundreds of thousands; everything else stays in the small tree that is left.
REPEATED = ("statement", "receipt", "payment", "item", "error")
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
}


@cache
def vocabulary() -> Vocabulary:
    """The XSD of the neutral notice, loaded once."""
    return Vocabulary(XSD)


def parse(raw: bytes, *, max_bytes: int = MAX_BYTES) -> Notice:
    """Read, validate and check one document; NoticeError says what is broken and where, never a value."""
    rows = _Rows()
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
    checks.check_amounts(rows.settlements, rows.payments)
    checks.check_unique(rows.statement_nos)
    return Notice(
        document_no=head["document-no"],
        kind=kind,
        form=head["form"],
        source=head["source"],
        issued=date.fromisoformat(head["issued"]),
        provider_code=attributes(_need(root, "provider"))["code"],
        receipts=tuple(_receipt(one) for one in rows.receipts if one["report"] == "claim"),
        review=_review(_need(root, "review"), rows) if kind == "review-result" else None,
    )


class _Rows:
    """What repeated elements say, as plain text rows; it turns into columns when the XSD has agreed."""

    def __init__(self) -> None:
        self.statements: list[tuple[str | None, ...]] = []
        self.findings: list[tuple[str | None, ...]] = []
        self.statement_nos: list[str | None] = []
        self.receipts: list[dict[str, object]] = []
        self.settlements: list[tuple[str | None, ...]] = []
        self.payments: list[tuple[str | None, list[str | None], str | None]] = []
        self.copay_changed: list[str | None] = []

    def take(self, element: etree._Element) -> None:
        tag = element.tag
        if tag == "statement":
            parent = element.getparent()
            self._take_statement(element, "" if parent is None else str(parent.tag))
        elif tag == "receipt":
            self.receipts.append(_receipt_text(element))
        elif tag == "payment":
            deductions = [one.get("amount") for one in element.iterfind("deduction")]
            gross = element.find("gross")
            self.payments.append(
                (element.get("net"), deductions, None if gross is None else gross.get("paid"))
            )

    def _take_statement(self, element: etree._Element, parent: str) -> None:
        statement_no = element.get("statement-no")
        self.statement_nos.append(statement_no)
        if parent == "review":
            self._take_reviewed(element, statement_no)
        elif parent == "settlement":
            previous, settled = element.find("previous"), element.find("settled")
            if previous is not None and settled is not None:
                self.settlements.append(
                    (statement_no, previous.get("amount"), settled.get("amount"), element.get("difference"))
                )

    def _take_reviewed(self, element: etree._Element, statement_no: str | None) -> None:
        amounts: list[str | None] = []
        for child in element:
            tag = child.tag
            if tag in ("claimed", "decided"):
                amounts += (child.get("total-1"), child.get("copay"), child.get("amount"))
            elif tag == "finding":
                self.findings.append(
                    (
                        statement_no,
                        child.get("class"),
                        child.get("code"),
                        child.get("detail"),
                        child.get("line-no"),
                        child.get("amount"),
                        (child.text or "").strip() or None,
                    )
                )
            elif tag == "copay-change":
                self.copay_changed.append(statement_no)
        self.statements.append((statement_no, element.get("outcome"), *amounts, element.get("copay-refund")))


def _review(element: etree._Element, rows: _Rows) -> Review:
    head, reference = attributes(element), attributes(_need(element, "claim-ref"))
    review = Review(
        review_round=head["round"],
        complete=head["complete"] == "true",
        receipt_year=reference.get("receipt-year"),
        receipt_no=reference["receipt-no"],
        claim_no=reference["claim-no"],
        payer_class=reference["payer-class"],
        totals=_totals(_need(element, "totals")),
        statements=_table(rows.statements, REVIEW_STATEMENTS),
        findings=_table(rows.findings, REVIEW_FINDINGS),
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


def _table(rows: Iterable[tuple[str | None, ...]], schema: pa.Schema) -> pa.Table:
    """Text rows as a typed table; the XSD has already said that every number is one."""
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [
        pa.array(column, pa.string()).cast(one.type) for column, one in zip(columns, schema, strict=True)
    ]
    return pa.table(arrays, schema=schema)


def _receipt_text(element: etree._Element) -> dict[str, object]:
    """All that a receipt says, as text, before the element is freed."""
    text: dict[str, object] = dict(attributes(element))
    for name in ("claim", "claimed"):
        child = element.find(name)
        text |= {} if child is None else {f"{name}/{key}": value for key, value in attributes(child).items()}
    text["reasons"] = [(attributes(one), (one.text or "").strip()) for one in element.iterfind("reason")]
    return text


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
