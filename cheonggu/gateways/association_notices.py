"""What the simulated association writes: receipts, supplement requests, extensions, decisions, payments as XML."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from sqlite3 import Row

from lxml import etree

from cheonggu.gateways.association_books import Books

DECIDE_DAYS, EXTEND_DAYS = 14, 14
# Reasons the simulated association gives; the words are its own.
PAPER = ("EXTRA_BY_ITEM", "진료 항목별 추가서류를 내 주세요.")
DENIED = ("NONCOVERED_DEFAULT", "지급기준에 없는 비급여 항목입니다.")
LATE = "사실 확인이 더 필요하여 결정 기한을 연장합니다."


def write_notice(number: int, kind: str, package: Row, claims: list[Row], books: Books, on: date) -> bytes:
    """One document about one package: ``claims`` are the rows it speaks of."""
    root = etree.Element(
        "notice",
        {
            "document-no": f"SA{number:08d}",
            "kind": kind,
            "issued": on.isoformat(),
            "association": package["provider_code"],
        },
    )
    reference = {"claim-no": package["claim_no"], "receipt-no": package["receipt_no"] or ""}
    if kind == "receipt":
        _write_receipt(root, package, reference, on)
    elif kind == "extension":
        came = date.fromisoformat(package["came_on"])
        until = came + timedelta(days=DECIDE_DAYS + EXTEND_DAYS)
        part = etree.SubElement(
            root, "extension", {**reference, "round": _round(package), "decide-by": until.isoformat()}
        )
        for one in claims:
            etree.SubElement(part, "claim", {"statement-no": one["statement_no"]})
        etree.SubElement(part, "reason").text = LATE
    elif kind == "payment":
        said = {**reference, "round": claims[0]["round"], "paid-on": on.isoformat()}
        part = etree.SubElement(root, "payment", said)
        for one in claims:
            values = {"statement-no": one["statement_no"], "amount": str(one["decided_won"])}
            etree.SubElement(part, "claim", values)
    else:
        part = etree.SubElement(
            root, "decision", {**reference, "round": _round(package), "decided-on": on.isoformat()}
        )
        for one in claims:
            _write_decided(part, one, books)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _round(package: Row) -> str:
    return f"{package['rounds']:02d}"


def _write_receipt(root: etree._Element, package: Row, reference: dict[str, str], on: date) -> None:
    is_returned = bool(package["is_returned"])
    values = {
        **reference,
        "result": "returned" if is_returned else "received",
        "received-on": package["came_on"],
        "claims": str(package["claim_count"]),
        "amount": str(package["claimed_won"]),
    }
    if is_returned:
        del values["receipt-no"]
    part = etree.SubElement(root, "receipt", values)
    if is_returned:
        etree.SubElement(part, "reason", {"code": "RETURN"}).text = "접수할 수 없는 경로 또는 서류입니다."


def _write_decided(part: etree._Element, claim: Row, books: Books) -> None:
    """One claim with its lines; the paid lines add up to what was decided."""
    outcome = claim["outcome"]
    said = {
        "statement-no": claim["statement_no"],
        "decision": outcome,
        "claimed": str(claim["claimed_won"]),
        "decided": str(claim["decided_won"] or 0),
    }
    element = etree.SubElement(part, "claim", said)
    if outcome == "supplement":
        etree.SubElement(element, "paper", {"document-code": PAPER[0]}).text = PAPER[1]
        return
    for line, paid in paid_lines(books, claim):
        values = {"item-no": str(line["item_no"]), "claimed": str(line["won"]), "amount": str(paid)}
        if paid or not line["won"]:
            etree.SubElement(element, "line", {**values, "decision": "pay"})
        else:
            denied = {**values, "decision": "deny", "reason-code": DENIED[0]}
            etree.SubElement(element, "line", denied).text = DENIED[1]


def paid_lines(books: Books, claim: Row) -> Iterable[tuple[Row, int]]:
    """Each claimed line with what is paid of it: all, none, or all but the largest."""
    lines = books.rows(
        "SELECT * FROM line WHERE token = ? AND statement_no = ? AND is_claimed ORDER BY item_no",
        claim["token"],
        claim["statement_no"],
    )
    largest = max(lines, key=lambda one: (one["won"], one["item_no"]))["item_no"]
    for one in lines:
        is_denied = claim["outcome"] == "refused" or (
            claim["outcome"] == "partial" and one["item_no"] == largest
        )
        yield one, 0 if is_denied else one["won"]
