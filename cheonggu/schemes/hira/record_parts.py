"""What the readers of fixed-width notices share: findings, review results, days and empty fields."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.formats.notice_xml import broken
from cheonggu.notices import REVIEW_FINDINGS, Review, Totals
from cheonggu.schemes.hira import notice_checks as checks

Groups = Mapping[int, pa.Table]
Row = dict[str, Any]
CLASSES = {"": "original", "0": "original", "1": "supplementary", "2": "additional", "3": "split"}
NO_CODE = "*"  # a reason told in words only


def make_finding(
    serial: str,
    finding_class: str,
    code: str,
    line_no: int | None,
    amount: int,
    text: str | None,
    detail: str | None = None,
) -> Row:
    """A row of ``REVIEW_FINDINGS``."""
    return {
        "statement_no": serial,
        "finding_class": finding_class,
        "code": code or NO_CODE,
        "detail_code": or_none(detail),
        "line_no": line_no,
        "amount": amount,
        "text": or_none(text),
    }


def make_review(head: Row, statements: pa.Table, findings: list[Row], counts: tuple[int, int, int]) -> Review:
    """A review result; ``counts``: statements claimed, won claimed, won decided, as the document prints them."""
    outcome = statements["outcome"]
    refused = statements.filter(pc.is_in(outcome, value_set=pa.array(["impossible", "held"])))
    cut = statements.filter(pc.equal(outcome, "adjusted"))
    told = pa.Table.from_pylist(findings, schema=REVIEW_FINDINGS)
    count, claimed, decided = counts
    return Review(
        review_round=head["review_round"],
        complete=count == len(statements),
        receipt_year=or_none(head.get("receipt_year")),
        receipt_no=head["receipt_no"],
        claim_no=head["claim_no"],
        payer_class=head.get("payer_class") or "",
        totals=Totals(
            claimed_count=count,
            claimed_amount=claimed,
            decided_count=count - len(refused),
            decided_amount=decided,
            impossible_count=len(refused),
            impossible_amount=sum_won(refused["claimed_amount"]),
            adjusted_count=len(cut),
            adjusted_amount=sum_won(cut["claimed_amount"]) - sum_won(cut["decided_amount"]),
        ),
        statements=statements,
        findings=told,
        payer_refused=checks.find_payer_refused(told),
    )


def read_day(text: str) -> date:
    """A day written CCYYMMDD; NoticeError when it is none."""
    try:
        return date.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:8]}")
    except ValueError:
        raise broken("record 1", "a day is none", "1번 파일", "날짜가 잘못되었습니다") from None


def or_none(value: str | None) -> str | None:
    """None for an empty field."""
    return value or None


def sum_won(column: Any) -> int:
    """The sum of a column, 0 without rows."""
    return int(pc.sum(column).as_py() or 0)
