"""What an XSD cannot say about a notice: serials once, sums that agree, outcomes that follow from findings.

Source: "Checks on import" and the reading rules of the reference's ``notices/README.md``. Vectorised over
Arrow columns. Every refusal is a NoticeError that names the statement, the claim or the sum.

Two readings are ours. A held statement (심사보류, codes 80–87 and 14) is counted with the impossible ones in
the totals: HIRA's code table lists it there, and claimed − impossible − adjusted = decided must hold in every
round. And a round lists only its own statements: when ``complete`` is false, claimed count − listed count is
the number of statements accepted as claimed; in the second round of a held statement it is 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.errors import NoticeError
from cheonggu.formats.notice_xml import broken
from cheonggu.notices import CostDecision, Payment, Review, Totals
from cheonggu.schemes.hira.data import CODES

SIDES = ("total_1", "copay", "amount")


def check_unique(statement_nos: Iterable[str | None]) -> None:
    """Each statement serial stands at most once in a document."""
    seen: set[str | None] = set()
    for one in statement_nos:
        if one in seen:
            raise _at_statement(str(one), "it is listed twice", "명세서가 두 번 나옵니다")
        seen.add(one)


def check_receipt(text: Mapping[str, object]) -> None:
    """A received claim has its number and year; a returned one says why."""
    place = f"claim {text['claim/claim-no']}"
    place_ko = f"청구번호 {text['claim/claim-no']}"
    has_no, has_year = "receipt-no" in text, "receipt-year" in text
    if has_no != has_year:
        raise broken(
            place,
            "receipt number and year come only together",
            place_ko,
            "접수번호와 접수년도는 함께 있어야 합니다",
        )
    if text["result"] == "received" and not has_no:
        raise broken(
            place, "it is received without a receipt number", place_ko, "접수번호 없이 접수되었습니다"
        )
    if text["result"] == "returned" and not text["reasons"]:
        raise broken(place, "it is returned without a reason", place_ko, "반송사유가 없습니다")


def check_differences(settled: Iterable[tuple[str | None, ...]]) -> None:
    """``difference = settled − previous`` of the payer's share, per settled statement."""
    for row in settled:
        previous, after, difference = row[3], row[6], row[7]
        if int(str(difference)) != int(str(after)) - int(str(previous)):
            raise _at_statement(
                str(row[0]), "difference is not settled − previous", "차액이 정산 후 − 정산 전과 다릅니다"
            )


def check_payment(number: int, payment: Payment) -> None:
    """``net = paid − deductions``."""
    if payment.net != payment.paid - sum(won for _, won in payment.deductions):
        raise broken(
            f"payment {number}",
            "net is not gross paid − deductions",
            f"{number}번째 지급",
            "실지급액이 지급액 − 공제액과 다릅니다",
        )


def check_cost_decision(decision: CostDecision) -> None:
    """The printed difference is the sum over the statements."""
    statements = decision.statements
    if decision.difference != _sum(statements, "difference"):
        raise broken(
            "cost-decision/@difference",
            "it is not the sum over its statements",
            "cost-decision/@difference",
            "차액 합계가 명세서별 차액과 다릅니다",
        )


def check_review(review: Review, printed: Mapping[str, int], copay_changed: Iterable[str | None]) -> None:
    """All checks of a review result; ``printed`` holds the optional gross sums of its totals."""
    _check_outcomes(review.statements, review.findings, pa.array(copay_changed, pa.string()))
    _check_classes(review.findings)
    _check_decisions(review.statements)
    _check_identity(review.totals)
    _check_listed(review, printed)


def _check_outcomes(statements: pa.Table, findings: pa.Table, copay_changed: pa.Array) -> None:
    """The outcome follows from the findings; a code that points to a settlement (88, 89) decides nothing."""
    numbers, outcome = statements["statement_no"], statements["outcome"]

    def named(finding_class: str) -> pa.Array:
        rows = findings.filter(pc.equal(findings["finding_class"], finding_class))
        return pc.is_in(numbers, value_set=rows["statement_no"].combine_chunks())

    adjusted = pc.or_(named("adjusted"), pc.is_in(numbers, value_set=copay_changed))
    expected = pc.case_when(
        pc.make_struct(named("impossible"), named("held"), adjusted, named("settled")),
        "impossible",
        "held",
        "adjusted",
        outcome,
        "accepted",
    )
    _refuse_first(
        numbers,
        pc.not_equal(expected, outcome),
        "its outcome does not follow from its findings",
        "심사결과와 사유가 맞지 않습니다",
    )


def _check_classes(findings: pa.Table) -> None:
    """Impossible, held and settled are told apart by the code table, never by the shape of the code."""
    table = _impossible_classes()
    classes, codes = findings["finding_class"], findings["code"]
    by_code = pa.table({"code": list(table), "class": list(table.values())})
    position = pc.index_in(codes, value_set=by_code["code"].combine_chunks())
    expected = by_code["class"].take(position)  # null where the code is unknown: kept for a person
    wrong = pc.and_(pc.not_equal(classes, "adjusted"), pc.not_equal(classes, expected))
    _refuse_first(
        findings["statement_no"],
        pc.fill_null(wrong, False),
        "the class of a finding is not that of its code",
        "사유코드와 사유 종류가 맞지 않습니다",
    )


def find_payer_refused(findings: pa.Table) -> frozenset[str]:
    """Statements that the payer refuses (지급불능, codes 35 and 36), by the code table."""
    codes = pa.array(sorted(_payer_codes()), pa.string())
    is_impossible = pc.equal(findings["finding_class"], "impossible")
    chosen = findings.filter(pc.and_(is_impossible, pc.is_in(findings["code"], value_set=codes)))
    return frozenset(chosen["statement_no"].to_pylist())


def class_of_code(code: str) -> str:
    """impossible, held or settled by the code table; every other code is a cut (adjusted)."""
    return _impossible_classes().get(code, "adjusted")


@cache
def _payer_codes() -> frozenset[str]:
    rows = (one.row for one in CODES.rows("review_impossible_reason"))
    return frozenset(row["code"] for row in rows if row["kind"] == "nhis_unpayable")


@cache
def _impossible_classes() -> dict[str, str]:
    """Group code of the review-impossible table (심사불능사유) → impossible | held | settled."""
    classes = {}
    for one in CODES.rows("review_impossible_reason"):
        if one.row["level"] == "group":
            held, settled = one.row["resubmit_as"] == "wait", one.row["kind"] == "settlement"
            classes[one.row["code"]] = "held" if held else "settled" if settled else "impossible"
    return classes


def _check_decisions(statements: pa.Table) -> None:
    """Nothing is decided for an impossible or held statement, and nothing changes for an accepted one."""
    numbers, outcome = statements["statement_no"], statements["outcome"]
    undecided = pc.is_in(outcome, value_set=pa.array(["impossible", "held"]))
    for side in SIDES:
        claimed, decided = statements[f"claimed_{side}"], statements[f"decided_{side}"]
        _refuse_first(
            numbers,
            pc.and_(undecided, pc.not_equal(decided, 0)),
            "an amount is decided although the outcome is impossible or held",
            "심사불능·보류인데 결정금액이 있습니다",
        )
        _refuse_first(
            numbers,
            pc.and_(pc.equal(outcome, "accepted"), pc.not_equal(decided, claimed)),
            "it is accepted but an amount is changed",
            "인정되었는데 금액이 다릅니다",
        )


def _check_identity(totals: Totals) -> None:
    if totals.claimed_amount - totals.impossible_amount - totals.adjusted_amount != totals.decided_amount:
        raise _at_totals(
            "claimed − impossible − adjusted is not decided", "청구 − 불능 − 조정이 결정금액과 다릅니다"
        )
    if totals.claimed_count - totals.impossible_count != totals.decided_count:
        raise _at_totals(
            "the count claimed − impossible is not the count decided",
            "청구건수 − 불능건수가 결정건수와 다릅니다",
        )


def _check_listed(review: Review, printed: Mapping[str, int]) -> None:
    """Totals against the statements listed: all of them when complete, else the changed ones."""
    outcome = review.statements["outcome"]
    refused = review.statements.filter(pc.is_in(outcome, value_set=pa.array(["impossible", "held"])))
    cut = review.statements.filter(pc.equal(outcome, "adjusted"))
    listed, totals = len(review.statements), review.totals
    if (len(refused), len(cut)) != (totals.impossible_count, totals.adjusted_count):
        raise _at_totals(
            "the counts of impossible and adjusted statements are not those listed",
            "불능·조정 건수가 명세서 목록과 다릅니다",
        )
    if listed > totals.claimed_count or (review.complete and listed != totals.claimed_count):
        raise _at_totals(
            "the count of claimed statements is not that of the list", "청구건수가 명세서 목록과 다릅니다"
        )
    sums = {"claimed_amount": totals.claimed_amount, "decided_amount": totals.decided_amount, **printed}
    _check_sums(
        {
            "impossible_amount": (totals.impossible_amount, _sum(refused, "claimed_amount")),
            "adjusted_amount": (totals.adjusted_amount, _cut(cut, "amount")),
            "impossible_total_1": (sums.get("impossible_total_1"), _sum(refused, "claimed_total_1")),
            "adjusted_total_1": (sums.get("adjusted_total_1"), _cut(cut, "total_1")),
        }
    )
    if review.complete:
        _check_sums(
            {
                f"{half}_{side}": (sums.get(f"{half}_{side}"), _sum(review.statements, f"{half}_{side}"))
                for half in ("claimed", "decided")
                for side in SIDES
            }
        )


def _check_sums(pairs: Mapping[str, tuple[int | None, int]]) -> None:
    for name, (printed, listed) in pairs.items():
        if printed is not None and printed != listed:
            raise _at_totals(
                f"{name} differs from the statements listed by {printed - listed} won",
                f"{name} 합계가 명세서 목록과 {printed - listed}원 다릅니다",
            )


def _sum(table: pa.Table, column: str) -> int:
    return int(pc.sum(table[column]).as_py() or 0)


def _cut(table: pa.Table, side: str) -> int:
    return _sum(table, f"claimed_{side}") - _sum(table, f"decided_{side}")


def _refuse_first(numbers: pa.ChunkedArray, wrong: pa.ChunkedArray, what: str, what_ko: str) -> None:
    row = pc.index(wrong, True).as_py()
    if row >= 0:
        raise _at_statement(numbers[row].as_py(), what, what_ko)


def _at_statement(statement_no: str, what: str, what_ko: str) -> NoticeError:
    return broken(f"statement {statement_no}", what, f"명세서 {statement_no}", what_ko)


def _at_totals(what: str, what_ko: str) -> NoticeError:
    return broken("totals", what, "합계", what_ko)
