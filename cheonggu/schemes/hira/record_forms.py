"""Content of fixed-width notices by form: record groups as tables in, a ``Notice`` out.

HIRA's F010, F020, F060, F040 and F050 are read by a site's layout table that uses the field names of the reference; a
field that the table leaves out counts as empty. Names of patients and officers are never taken over.
"""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from cheonggu.formats.notice_xml import broken
from cheonggu.notices import (
    REVIEW_STATEMENTS,
    SETTLED_STATEMENTS,
    ClaimRef,
    Notice,
    Reason,
    Receipt,
    Settlement,
)
from cheonggu.schemes.hira import notice_checks as checks
from cheonggu.schemes.hira.record_industrial import read_i010, read_i020, read_i030, read_i060
from cheonggu.schemes.hira.record_parts import (
    CLASSES,
    Groups,
    make_finding,
    make_review,
    or_none,
    read_day,
)

HIRA = "hira"
RETURNED = "7ET"  # result code of F010: anything else is received
CLAIM = "2"  # receipt kind of F010 that is a claim


def read_f010(form: str, groups: Groups, document_no: str) -> Notice:
    """Receipts and returns by a site's table (field names of ``receipt_return.csv``); reports that are no claims go."""
    head = groups[1].to_pylist()[0]
    reasons: dict[str, list[Reason]] = {}
    for row in groups[3].to_pylist() if 3 in groups else ():
        code = row["return_reason"].replace("-", "")
        told = Reason(
            code[:2], or_none(code[2:]), or_none(row.get("statement_no")), row.get("reason_text") or ""
        )
        reasons.setdefault(row["claim_no"], []).append(told)
    receipts = []
    for row in groups[2].to_pylist():
        if row.get("receipt_kind", CLAIM) != CLAIM:
            continue
        is_returned = row["result_code"] == RETURNED
        number = (row["receipt_no"] or "").strip("0") and row["receipt_no"]
        if not is_returned and not number:
            raise broken(
                f"{form}.2", "a claim is received without a number", f"{form}.2", "접수번호가 없습니다"
            )
        receipts.append(
            Receipt(
                result="returned" if is_returned else "received",
                receipt_no=number or None,
                receipt_year=row["receipt_date"][:4] if number else None,
                receipt_date=read_day(row["receipt_date"]),
                claim_no=row["claim_no"],
                claim_class=CLASSES.get(row.get("claim_class") or "", "original"),
                payer_class=row.get("payer_class") or "",
                treatment_month=row.get("treatment_month") or "",
                statement_count=row["statement_count"] or 0,
                claimed_amount=row["claimed_amount"] or 0,
                reasons=tuple(reasons.get(row["claim_no"], ())) if is_returned else (),
            )
        )
    issued = read_day(head["receipt_date"])
    return Notice(document_no, "receipt", form, HIRA, issued, head["provider_code"], receipts=tuple(receipts))


def read_f020(form: str, groups: Groups, document_no: str) -> Notice:
    """A review result by a site's table (field names of ``review_result.csv``); classes come from the code table."""
    head, totals = groups[1].to_pylist()[0], groups[4].to_pylist()[0]
    findings = [
        make_finding(
            row["statement_no"],
            checks.class_of_code(row["reason_code"]),
            row["reason_code"],
            row.get("line_no") or None,
            row["adjusted_amount"] or 0,
            row.get("reason_text"),
            row.get("reason_detail_code"),
        )
        for row in groups[3].to_pylist()
    ]
    changed = [
        row["statement_no"] for group in (7, 8) if group in groups for row in groups[group].to_pylist()
    ]
    told: dict[str, set[str]] = {}
    for one in findings:
        told.setdefault(one["statement_no"], set()).add(one["finding_class"])
    order = ("impossible", "held", "adjusted")
    rows = []
    for row in groups[2].to_pylist():
        classes = told.get(row["statement_no"], set()) | (
            {"adjusted"} if row["statement_no"] in changed else set()
        )
        outcome = next((one for one in order if one in classes), "accepted")
        rows.append({name: row.get(name) for name in REVIEW_STATEMENTS.names} | {"outcome": outcome})
    statements = pa.Table.from_pylist(rows, schema=REVIEW_STATEMENTS)
    counts = (totals["claimed_count"] or 0, totals["claimed_amount"] or 0, totals["decided_amount"] or 0)
    review = make_review(head, statements, findings, counts)
    checks.check_review(review, {}, changed)
    number = f"{form}-{head['provider_code']}-{review.receipt_year or ''}{head['receipt_no']}-{head['review_round']}"
    number += f"-{head.get('bundle_no') or head.get('bill_serial') or 0}"
    issued = read_day(head["notice_date"])
    return Notice(number, "review-result", form, HIRA, issued, head["provider_code"], review=review)


def read_f040(form: str, groups: Groups, document_no: str) -> Notice:
    """A settlement by a site's table (field names of ``settlement.csv``), statement by statement."""
    head = groups[1].to_pylist()[0]
    names = {"total_1": "total_1", "copay": "copay", "amount": "decided_amount"}
    rows = []
    for row in groups[3].to_pylist():
        sides = {
            f"{half}_{side}": row.get(f"{told}_{name}")
            for half, told in (("previous", "prev"), ("settled", "settled"))
            for side, name in names.items()
        }
        difference = (sides["settled_amount"] or 0) - (sides["previous_amount"] or 0)
        rows.append(sides | {"statement_no": row["statement_no"], "difference": difference})
    reference = ClaimRef(
        or_none(head["claim_no"]),
        head["receipt_no"],
        or_none(head.get("receipt_year")),
        or_none(head.get("review_round")),
    )
    settlement = Settlement(
        settle_round=head["settle_round"],
        settled_on=read_day(head["settle_date"]),
        claim=reference,
        statements=pa.Table.from_pylist(rows, schema=SETTLED_STATEMENTS),
    )
    checks.check_unique(row["statement_no"] for row in rows)
    return Notice(
        document_no,
        "settlement",
        form,
        HIRA,
        settlement.settled_on,
        head["provider_code"],
        settlement=settlement,
    )


BUILDERS: dict[str, Callable[[str, Groups, str], Notice]] = {
    "I010": read_i010,
    "I020": read_i020,
    "I030": read_i030,
    "I060": read_i060,
    "F010": read_f010,
    "F020": read_f020,
    "F060": read_f020,
    "F040": read_f040,
    "F050": read_f040,
}
