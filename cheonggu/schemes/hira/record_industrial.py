"""Industrial-accident notices (근로복지공단) as record files: I010 receipt, I020 and I030 review result, I060 request.

Source: ``industrial.csv`` of the notices reference (secondary: one importer in use). Patients pay nothing of these
claims, so the payer's share is the whole amount. Names of patients and officers are never taken over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.formats.notice_xml import broken
from cheonggu.notices import (
    REVIEW_STATEMENTS,
    Notice,
    Reason,
    Receipt,
    RequestItem,
    Review,
    SupplementRequest,
)
from cheonggu.schemes.hira import notice_checks as checks
from cheonggu.schemes.hira.record_parts import (
    CLASSES,
    Groups,
    Row,
    make_finding,
    make_review,
    or_none,
    read_day,
    sum_won,
)

KCOMWEL = "kcomwel"


def read_i010(form: str, groups: Groups, document_no: str) -> Notice:
    """Receipts and returns of industrial claims; 3 (rejected) is a return."""
    rows = groups[1].to_pylist()
    receipts = tuple(
        Receipt(
            result="received" if row["result"] == "1" else "returned",
            receipt_no=or_none(row["receipt_no"]) if row["result"] == "1" else None,
            receipt_year=or_none(row["receipt_date"][:4]) if row["result"] == "1" else None,
            receipt_date=read_day(row["receipt_date"] or row["notice_date"]),
            claim_no=row["claim_no"],
            claim_class=CLASSES.get(row["claim_class"], "original"),
            payer_class="",
            treatment_month=row["treatment_month"],
            statement_count=row["statement_count"] or 0,
            claimed_amount=row["claimed_amount"] or 0,
            reasons=()
            if row["result"] == "1"
            else (Reason(row["return_reason"][:2], or_none(row["return_reason"][2:]), None, row["remark"]),),
        )
        for row in rows
    )
    _one_provider(rows)
    return Notice(
        document_no,
        "receipt",
        form,
        KCOMWEL,
        read_day(rows[0]["notice_date"]),
        rows[0]["provider_code"],
        receipts=receipts,
    )


def read_i020(form: str, groups: Groups, document_no: str) -> Notice:
    """A review result with the decision per statement; every statement is listed."""
    head = groups[1].to_pylist()[0]
    listed = groups[2]
    parts = ("adjusted_amount", "paid_amount", "impossible_amount", "withheld_amount")
    amounts = {name: pc.fill_null(listed[name], 0) for name in ("claimed_amount", *parts)}
    rest = amounts["claimed_amount"]
    for name in parts:
        rest = pc.subtract(rest, amounts[name])
    if pc.any(pc.not_equal(rest, 0)).as_py():
        raise broken(
            f"{form}.2", "claimed is not the sum of its parts", f"{form}.2", "청구액이 내역의 합과 다릅니다"
        )
    outcome = _outcome(
        amounts["paid_amount"], amounts["impossible_amount"], amounts["withheld_amount"], rest=amounts
    )
    statements = _statements(
        listed["statement_no"], outcome, amounts["claimed_amount"], amounts["paid_amount"]
    )
    lines = groups[3].filter(pc.greater(pc.fill_null(groups[3]["adjusted_amount"], 0), 0))
    cuts = [
        make_finding(
            row["statement_no"],
            "adjusted",
            row["adjust_code"],
            row["line_no"],
            row["adjusted_amount"],
            row["adjust_text"],
        )
        for row in lines.to_pylist()
    ]
    refused = [
        make_finding(row["statement_no"], one, "", None, row["claimed_amount"], row["impossible_text"])
        for row, one in zip(listed.to_pylist(), outcome, strict=True)
        if one in ("impossible", "held")
    ]
    review = _review(head, head["receipt_date"][:4], head["claim_no"], statements, [*refused, *cuts])
    if (
        head["claimed_amount"] != review.totals.claimed_amount
        or head["paid_amount"] != review.totals.decided_amount
    ):
        raise broken(
            f"{form}.1", "its totals are not those of its statements", f"{form}.1", "합계가 명세서와 다릅니다"
        )
    number = f"{form}-{head['provider_code']}-{head['receipt_no']}-{head['notice_round']}"
    issued = read_day(head["issue_date"])
    return Notice(number, "review-result", form, KCOMWEL, issued, head["provider_code"], review=review)


def read_i030(form: str, groups: Groups, document_no: str) -> Notice:
    """The older review result: by receipt number only; what is neither decided nor cut is told by the reason codes."""
    head = groups[1].to_pylist()[0]
    reasons: dict[str, tuple[str, str]] = {}
    findings = []
    for row in groups[3].to_pylist():
        serial = f"{row['statement_no']:05d}"
        found = checks.class_of_code(row["reason_code"])
        findings.append(
            make_finding(
                serial,
                found,
                row["reason_code"],
                row["line_no"] or None,
                row["cut_amount"] or 0,
                row["reason_text"],
            )
        )
        if found in ("impossible", "held"):
            reasons[serial] = (found, row["reason_code"])
    serials, outcomes = [], []
    for row in groups[2].to_pylist():
        serial = f"{row['statement_no']:05d}"
        rest = row["claimed_amount"] - row["decided_amount"] - row["cut_amount"]
        # Without a reason it counts as held: no claim may start from it until a person looked.
        refused = reasons.get(serial, ("held", ""))[0]
        serials.append(serial)
        outcomes.append(
            refused
            if rest > 0 and not row["decided_amount"]
            else "adjusted"
            if row["cut_amount"]
            else "accepted"
        )
    statements = _statements(
        pa.array(serials, pa.string()), outcomes, groups[2]["claimed_amount"], groups[2]["decided_amount"]
    )
    review = _review(head, None, "", statements, findings)
    number = f"{form}-{head['provider_code']}-{head['receipt_no']}-{head['notice_round']}"
    issued = read_day("20" + head["notice_date"])
    return Notice(number, "review-result", form, KCOMWEL, issued, head["provider_code"], review=review)


def read_i060(form: str, groups: Groups, document_no: str) -> Notice:
    """A request for material about a report of the provider; it names no claim."""
    head = groups[1].to_pylist()[0]
    items = tuple(
        RequestItem(
            text=row["request_text"] or row["guide_text"] or "",
            line_no=row["line_no"] or None,
            application_no=f"{row['request_month']}-{row['request_seq'] or 0}",
            guide_code=or_none(row["guide_kind"]),
            item_code=or_none(row["item_code"]),
        )
        for row in groups[2].to_pylist()
    )
    number = f"{form}-{head['provider_code']}-{head['notice_month']}-{head['notice_seq']}"
    request = SupplementRequest(None, None, items)
    issued = read_day(f"{head['notice_month']}01")
    return Notice(
        number, "supplement-request", form, KCOMWEL, issued, head["provider_code"], supplement_request=request
    )


def _outcome(paid: Any, impossible: Any, withheld: Any, rest: Mapping[str, Any]) -> list[str]:
    """Per statement: impossible or held when nothing is paid for that reason, adjusted when anything was cut."""
    is_unpaid = pc.equal(paid, 0)
    is_cut = pc.not_equal(paid, rest["claimed_amount"])
    cases = pc.make_struct(
        pc.and_(is_unpaid, pc.greater(impossible, 0)), pc.and_(is_unpaid, pc.greater(withheld, 0)), is_cut
    )
    found: list[str] = pc.case_when(cases, "impossible", "held", "adjusted", "accepted").to_pylist()
    return found


def _statements(serials: Any, outcome: list[str], claimed: Any, decided: Any) -> pa.Table:
    """Industrial statements: the payer's share is the whole, patients pay nothing."""
    nothing = pa.array([0] * len(outcome), pa.int64())
    refused = pa.array([one in ("impossible", "held") for one in outcome], pa.bool_())
    decided = pc.if_else(refused, 0, pc.fill_null(decided, 0))
    claimed = pc.fill_null(claimed, 0)
    columns = [serials, pa.array(outcome, pa.string()), claimed, nothing, claimed, decided, nothing, decided]
    table = pa.table([*columns, pa.nulls(len(outcome), pa.int64())], schema=REVIEW_STATEMENTS)
    checks.check_unique(table["statement_no"].to_pylist())
    return table


def _review(head: Row, year: str | None, claim_no: str, statements: pa.Table, findings: list[Row]) -> Review:
    """An industrial review result; its totals are those of the statements it lists."""
    counts = (len(statements), sum_won(statements["claimed_amount"]), sum_won(statements["decided_amount"]))
    head = head | {"review_round": head["notice_round"], "receipt_year": year, "claim_no": claim_no}
    return make_review(head, statements, findings, counts)


def _one_provider(rows: list[Row]) -> None:
    if len({row["provider_code"] for row in rows}) > 1:
        raise broken("record 1", "it names several providers", "1번 파일", "여러 요양기관이 섞여 있습니다")
