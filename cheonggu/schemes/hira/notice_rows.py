"""What the repeated elements of a notice say, collected as plain text while the document streams past.

A finished element is freed at once, so everything it says is taken here; it becomes typed columns only when the
XSD has agreed to the whole document.
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
from lxml import etree

from cheonggu.formats.notice_xml import attributes

Row = tuple[str | None, ...]
Said = dict[str, str]
AMOUNTS = ("total-1", "copay", "amount")


class Rows:
    """Text rows by what they are about."""

    def __init__(self) -> None:
        self.statements: list[Row] = []
        self.findings: list[Row] = []
        self.statement_nos: list[str | None] = []
        self.receipts: list[dict[str, object]] = []
        self.settled: list[Row] = []
        self.settled_lines: list[Row] = []
        self.payments: list[tuple[Said, Said, list[Said]]] = []
        self.outcomes: list[Row] = []
        self.cuts: list[Row] = []
        self.items: list[tuple[Said, str]] = []
        self.dispute_receipts: list[tuple[Said, Said, tuple[str, ...]]] = []
        self.copay_changed: list[str | None] = []
        self._disputed: list[str] = []

    def take(self, element: etree._Element) -> None:
        """Take in one finished element of those the stream was asked for."""
        tag = element.tag
        if tag == "statement":
            parent = element.getparent()
            self._take_statement(element, "" if parent is None else str(parent.tag))
        elif tag == "receipt":
            self.receipts.append(_read_receipt(element))
        elif tag == "payment":
            gross = [attributes(one) for one in element.iterfind("gross")]
            deductions = [attributes(one) for one in element.iterfind("deduction")]
            self.payments.append((attributes(element), gross[0] if gross else {}, deductions))
        elif tag == "item":
            self.items.append((attributes(element), (element.text or "").strip()))
        elif tag == "objection-receipt":
            reference = [attributes(one) for one in element.iterfind("claim-ref")]
            self.dispute_receipts.append(
                (attributes(element), reference[0] if reference else {}, tuple(self._disputed))
            )
            self._disputed = []

    def _take_statement(self, element: etree._Element, parent: str) -> None:
        statement_no = element.get("statement-no")
        if parent == "objection-receipt":
            self._disputed.append(statement_no or "")
            return
        self.statement_nos.append(statement_no)
        if parent == "review":
            self._take_reviewed(element, statement_no)
        elif parent == "settlement":
            self._take_settled(element, statement_no)
        elif parent == "cost-decision":
            said = (element.get("outcome"), element.get("difference"), _text(element))
            self.outcomes.append((statement_no, *said))
        elif parent == "prescription-adjustment":
            self._take_cuts(element, statement_no)

    def _take_reviewed(self, element: etree._Element, statement_no: str | None) -> None:
        amounts: list[str | None] = []
        for child in element:
            tag = child.tag
            if tag in ("claimed", "decided"):
                amounts += [child.get(name) for name in AMOUNTS]
            elif tag == "finding":
                said = [child.get(name) for name in ("class", "code", "detail", "line-no", "amount")]
                self.findings.append((statement_no, *said, _text(child), child.get("amount-with-surcharge")))
            elif tag == "copay-change":
                self.copay_changed.append(statement_no)
        self.statements.append((statement_no, element.get("outcome"), *amounts, element.get("copay-refund")))
        self._take_cuts(element, statement_no)

    def _take_settled(self, element: etree._Element, statement_no: str | None) -> None:
        amounts: list[str | None] = []
        for child in element:
            if child.tag in ("previous", "settled"):
                amounts += [child.get(name) for name in AMOUNTS]
            elif child.tag == "line":
                sides = [one.get(name) for one in child for name in ("code", "reason", "amount")]
                self.settled_lines.append((statement_no, child.get("line-no"), *sides))
        self.settled.append((statement_no, *amounts, element.get("difference")))

    def _take_cuts(self, element: etree._Element, statement_no: str | None) -> None:
        """Cuts of outside prescriptions stand under a statement of a review as well as in a notice of their own."""
        for one in element.iterfind("prescription"):
            place = (statement_no, one.get("prescription-no"), one.get("pharmacy-code"))
            for cut in one.iterfind("finding"):
                said = [cut.get(name) for name in ("code", "line-no", "amount", "recovery")]
                self.cuts.append((*place, *said, _text(cut)))


def to_table(rows: Iterable[Row], schema: pa.Schema) -> pa.Table:
    """Text rows as a typed table; the XSD has already said that every number is one."""
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [
        pa.array(column, pa.string()).cast(one.type) for column, one in zip(columns, schema, strict=True)
    ]
    return pa.table(arrays, schema=schema)


def _read_receipt(element: etree._Element) -> dict[str, object]:
    """All that a receipt says, as text, before the element is freed."""
    text: dict[str, object] = dict(attributes(element))
    for name in ("claim", "claimed"):
        child = element.find(name)
        text |= {} if child is None else {f"{name}/{key}": value for key, value in attributes(child).items()}
    text["reasons"] = [(attributes(one), (one.text or "").strip()) for one in element.iterfind("reason")]
    return text


def _text(element: etree._Element) -> str | None:
    return (element.text or "").strip() or None
