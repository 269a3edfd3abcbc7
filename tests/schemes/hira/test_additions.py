"""What is left of a statement once what was sent is taken away, on tables a reader can take in."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from cheonggu.schemes.hira.additions import cut_addition, cut_rest
from cheonggu.sources.contract import CONTRACT

VIEWS = ("statement", "diagnosis", "line", "prescription", "detail")
Tables = dict[str, pa.Table]


def tables(*codes: str, won: int, details: tuple[tuple[str, str], ...] = ()) -> Tables:
    """A statement of 2 days with a line for each code, and details of the statement."""
    rows: dict[str, list[dict[str, Any]]] = {
        "statement": [
            {"statement_key": "S1", "care_to": date(2026, 6, 2), "visit_days": 2, "benefit_days": 2}
            | {"total_benefit_cost_1": won, "claimed_amount": won}
        ],
        "diagnosis": [{"statement_key": "S1", "diagnosis_seq": 1, "diagnosis_code": "M750"}],
        "line": [
            {"statement_key": "S1", "line_seq": place, "hang": "02", "mok": "01", "line_code": code}
            for place, code in enumerate(codes, 1)
        ],
        "prescription": [],
        "detail": [
            {"statement_key": "S1", "detail_unit": "1", "detail_code": code, "detail_seq": 1}
            | {"detail_text": text, "prescription_no": "", "line_seq": 0}
            for code, text in details
        ],
    }
    return {view: pa.Table.from_pylist(rows[view], schema=CONTRACT.arrow_schema(view)) for view in VIEWS}


def codes_of(cut: Tables) -> list[str]:
    return sorted(cut["line"]["line_code"].to_pylist())


def verdict_of(verdicts: pa.Table) -> list[str]:
    return list(verdicts["verdict"].to_pylist())


def test_an_addition_is_what_is_new_with_its_won_and_no_days() -> None:
    cut, verdicts = cut_addition(tables("AA1", "AA1", "AA2", won=900), tables("AA1", won=500))
    (statement,) = cut["statement"].to_pylist()
    assert (codes_of(cut), verdict_of(verdicts)) == (["AA1", "AA2"], ["added"])
    assert (statement["visit_days"], statement["benefit_days"]) == (0, 0)
    assert (statement["total_benefit_cost_1"], statement["claimed_amount"]) == (400, 400)


def test_what_decides_the_rate_stands_on_the_addition_and_what_counts_days_does_not() -> None:
    details = (("MT002", "V193"), ("MS001", "003"))
    sent = tables("AA1", won=500, details=details)
    cut, _ = cut_addition(tables("AA1", "AA2", won=900, details=details), sent)
    assert cut["detail"]["detail_code"].to_pylist() == ["MT002"]


def test_the_rest_beside_an_addition_keeps_days_and_details() -> None:
    details = (("MT002", "V193"), ("MS001", "003"))
    now = tables("AA1", "AA2", won=900, details=details)
    cut, verdicts = cut_rest(now, tables("AA2", won=400, details=details[:1]))
    (statement,) = cut["statement"].to_pylist()
    assert (codes_of(cut), verdict_of(verdicts)) == (["AA1"], ["added"])
    assert (statement["visit_days"], statement["total_benefit_cost_1"]) == (2, 500)
    assert sorted(cut["detail"]["detail_code"].to_pylist()) == ["MS001", "MT002"]


@pytest.mark.parametrize(
    ("sent", "verdict"),
    [
        (("AA1", "AA2"), "nothing"),
        (("AA1", "AA3"), "changed"),
    ],
)
def test_nothing_new_or_something_gone_is_no_addition(sent: tuple[str, ...], verdict: str) -> None:
    cut, verdicts = cut_addition(tables("AA1", "AA2", won=900), tables(*sent, won=900))
    assert (verdict_of(verdicts), codes_of(cut)) == ([verdict], [])


def test_less_than_nothing_is_no_addition() -> None:
    _, verdicts = cut_addition(tables("AA1", "AA2", won=400), tables("AA1", won=500))
    assert verdict_of(verdicts) == ["fell"]
