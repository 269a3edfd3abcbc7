"""Content of fixed-width notices by form: record groups as tables in, a ``Notice`` out.

Industrial accident (근로복지공단): I010 receipt, I020 and I030 review result, I060 request for material. HIRA's F010,
F020, F060, F040 and F050 by a site's layout table that uses the field names of the reference; a field that the table
leaves out counts as empty. Names of patients and officers are never taken over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.formats.notice_xml import broken
from cheonggu.notices import (
    REVIEW_FINDINGS,
    REVIEW_STATEMENTS,
    SETTLED_STATEMENTS,
    ClaimRef,
    Notice,
    Reason,
    Receipt,
    RequestItem,
    Review,
    Settlement,
    SupplementRequest,
    Totals,
)
from cheonggu.schemes.hira import notice_checks as checks

Groups = Mapping[int, pa.Table]
Row = dict[str, Any]
HIRA, KCOMWEL = "hira", "kcomwel"
CLASSES = {"": "original", "0": "original", "1": "supplementary", "2": "additional", "3": "split"}
RETURNED = "7ET"  # result code of F010: anything else is received
CLAIM = "2"  # receipt kind of F010 that is a claim
NO_CODE = "*"  # a reason told in words only


def read_i010(form: str, groups: Groups, document_no: str) -> Notice:
    """Receipts and returns of industrial claims; 3 (rejected) is a return."""
    rows = groups[1].to_pylist()
    receipts = tuple(
        Receipt(
            result="received" if row["result"] == "1" else "returned",
            receipt_no=_text(row["receipt_no"]) if row["result"] == "1" else None,
            receipt_year=_text(row["receipt_date"][:4]) if row["result"] == "1" else None,
            receipt_date=_day(row["receipt_date"] or row["notice_date"]),
            claim_no=row["claim_no"],
            claim_class=CLASSES.get(row["claim_class"], "original"),
            payer_class="",
            treatment_month=row["treatment_month"],
            statement_count=row["statement_count"] or 0,
            claimed_amount=row["claimed_amount"] or 0,
            reasons=()
            if row["result"] == "1"
            else (Reason(row["return_reason"][:2], _text(row["return_reason"][2:]), None, row["remark"]),),
        )
        for row in rows
    )
    _one_provider(rows)
    return Notice(
        document_no,
        "receipt",
        form,
        KCOMWEL,
        _day(rows[0]["notice_date"]),
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
        _finding(
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
        _finding(row["statement_no"], one, "", None, row["claimed_amount"], row["impossible_text"])
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
    issued = _day(head["issue_date"])
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
            _finding(
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
    issued = _day("20" + head["notice_date"])
    return Notice(number, "review-result", form, KCOMWEL, issued, head["provider_code"], review=review)


def read_i060(form: str, groups: Groups, document_no: str) -> Notice:
    """A request for material about a report of the provider; it names no claim."""
    head = groups[1].to_pylist()[0]
    items = tuple(
        RequestItem(
            text=row["request_text"] or row["guide_text"] or "",
            line_no=row["line_no"] or None,
            application_no=f"{row['request_month']}-{row['request_seq'] or 0}",
            guide_code=_text(row["guide_kind"]),
            item_code=_text(row["item_code"]),
        )
        for row in groups[2].to_pylist()
    )
    number = f"{form}-{head['provider_code']}-{head['notice_month']}-{head['notice_seq']}"
    request = SupplementRequest(None, None, items)
    issued = _day(f"{head['notice_month']}01")
    return Notice(
        number, "supplement-request", form, KCOMWEL, issued, head["provider_code"], supplement_request=request
    )


def read_f010(form: str, groups: Groups, document_no: str) -> Notice:
    """Receipts and returns by a site's table (field names of ``receipt_return.csv``); reports that are no claims go."""
    head = groups[1].to_pylist()[0]
    reasons: dict[str, list[Reason]] = {}
    for row in groups[3].to_pylist() if 3 in groups else ():
        code = row["return_reason"].replace("-", "")
        told = Reason(code[:2], _text(code[2:]), _text(row.get("statement_no")), row.get("reason_text") or "")
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
                receipt_date=_day(row["receipt_date"]),
                claim_no=row["claim_no"],
                claim_class=CLASSES.get(row.get("claim_class") or "", "original"),
                payer_class=row.get("payer_class") or "",
                treatment_month=row.get("treatment_month") or "",
                statement_count=row["statement_count"] or 0,
                claimed_amount=row["claimed_amount"] or 0,
                reasons=tuple(reasons.get(row["claim_no"], ())) if is_returned else (),
            )
        )
    issued = _day(head["receipt_date"])
    return Notice(document_no, "receipt", form, HIRA, issued, head["provider_code"], receipts=tuple(receipts))


def read_f020(form: str, groups: Groups, document_no: str) -> Notice:
    """A review result by a site's table (field names of ``review_result.csv``); classes come from the code table."""
    head, totals = groups[1].to_pylist()[0], groups[4].to_pylist()[0]
    findings = [
        _finding(
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
    review = _to_review(head, statements, findings, counts)
    checks.check_review(review, {}, changed)
    number = f"{form}-{head['provider_code']}-{review.receipt_year or ''}{head['receipt_no']}-{head['review_round']}"
    number += f"-{head.get('bundle_no') or head.get('bill_serial') or 0}"
    issued = _day(head["notice_date"])
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
        _text(head["claim_no"]),
        head["receipt_no"],
        _text(head.get("receipt_year")),
        _text(head.get("review_round")),
    )
    settlement = Settlement(
        settle_round=head["settle_round"],
        settled_on=_day(head["settle_date"]),
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


def _finding(
    serial: str,
    finding_class: str,
    code: str,
    line_no: int | None,
    amount: int,
    text: str | None,
    detail: str | None = None,
) -> Row:
    return {
        "statement_no": serial,
        "finding_class": finding_class,
        "code": code or NO_CODE,
        "detail_code": _text(detail),
        "line_no": line_no,
        "amount": amount,
        "text": _text(text),
    }


def _review(head: Row, year: str | None, claim_no: str, statements: pa.Table, findings: list[Row]) -> Review:
    """An industrial review result; its totals are those of the statements it lists."""
    counts = (len(statements), _sum(statements["claimed_amount"]), _sum(statements["decided_amount"]))
    head = head | {"review_round": head["notice_round"], "receipt_year": year, "claim_no": claim_no}
    return _to_review(head, statements, findings, counts)


def _to_review(head: Row, statements: pa.Table, findings: list[Row], counts: tuple[int, int, int]) -> Review:
    outcome = statements["outcome"]
    refused = statements.filter(pc.is_in(outcome, value_set=pa.array(["impossible", "held"])))
    cut = statements.filter(pc.equal(outcome, "adjusted"))
    told = pa.Table.from_pylist(findings, schema=REVIEW_FINDINGS)
    count, claimed, decided = counts
    return Review(
        review_round=head["review_round"],
        complete=count == len(statements),
        receipt_year=_text(head.get("receipt_year")),
        receipt_no=head["receipt_no"],
        claim_no=head["claim_no"],
        payer_class=head.get("payer_class") or "",
        totals=Totals(
            claimed_count=count,
            claimed_amount=claimed,
            decided_count=count - len(refused),
            decided_amount=decided,
            impossible_count=len(refused),
            impossible_amount=_sum(refused["claimed_amount"]),
            adjusted_count=len(cut),
            adjusted_amount=_sum(cut["claimed_amount"]) - _sum(cut["decided_amount"]),
        ),
        statements=statements,
        findings=told,
        payer_refused=checks.find_payer_refused(told),
    )


def _one_provider(rows: list[Row]) -> None:
    if len({row["provider_code"] for row in rows}) > 1:
        raise broken("record 1", "it names several providers", "1번 파일", "여러 요양기관이 섞여 있습니다")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:8]}")
    except ValueError:
        raise broken("record 1", "a day is none", "1번 파일", "날짜가 잘못되었습니다") from None


def _text(value: str | None) -> str | None:
    return value or None


def _sum(column: Any) -> int:
    return int(pc.sum(column).as_py() or 0)
