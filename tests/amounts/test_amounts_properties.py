"""What must hold for any statement: shares add up, one truncation, monotone where due, order does not matter."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cheonggu import money
from cheonggu.schemes.hira.amounts import compute_amounts, line_amount_column, load_rules, section_sums
from cheonggu.schemes.hira.amounts_match import Matcher
from cheonggu.schemes.hira.amounts_model import Situation
from cheonggu.schemes.hira.amounts_resolve import choose_rule
from tests.amounts.case_files import load_cases
from tests.amounts.random_statements import as_tables, draw_lines, draw_statement, to_table

DAY = date(2026, 3, 2)
PLACES = ["tertiary", "general", "hospital", "clinic"]


def compute(
    facts: list[dict[str, Any]], lines: list[list[dict[str, Any]]], **more: Any
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = compute_amounts(*as_tables(facts, lines), **more).to_pylist()
    return rows


def totals_of(facts: dict[str, Any], totals: list[int]) -> list[dict[str, Any]]:
    lines = [[{"hang": "09", "mok": "01", "amount_won": one}] for one in totals]
    return compute([facts] * len(totals), lines)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_shares_add_up_to_total_1(seed: int) -> None:
    random = Random(seed)
    facts = [draw_statement(random) for _ in range(20)]
    for one, row in zip(facts, compute(facts, [draw_lines(random, f) for f in facts]), strict=True):
        if row["not_computable"]:
            continue
        moved = row["support_amount"] if "F028" in one["special_symbols"] else 0
        veterans = row["veterans_claimed_amount"]
        if one.get("injury_work_class") in ("4", "7", "B"):  # their V and W items are outside total 1
            veterans -= row["total_benefit_cost_2"] - row["total_benefit_cost_1"] - row["full_copay_total"]
        paid = row["patient_copay"] + row["disability_medical_cost"] + row["loan_amount"] + veterans + moved
        assert paid + row["claimed_amount"] == row["total_benefit_cost_1"]
        assert min(row[name] for name in row if isinstance(row[name], int)) >= 0
        partial = (
            row["partial_copay_patient"]
            + row["partial_copay_claimed"]
            + row["partial_copay_veterans_claimed"]
        )
        assert partial == row["partial_copay_total"]
        assert row["patient_copay"] <= row["total_benefit_cost_1"] <= row["total_benefit_cost_2"]
        assert row["copay_ceiling_excess"] <= row["patient_copay"]


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from(PLACES), st.integers(1, 64), st.lists(st.integers(0, 3_000_000), min_size=20, max_size=20)
)
def test_copay_rises_with_the_total_where_one_rate_holds(place: str, age: int, totals: list[int]) -> None:
    facts = {"insurer": "HI", "care": "outpatient", "provider_kind": place, "area": "dong", "care_on": DAY}
    copays = [row["patient_copay"] for row in totals_of(facts | {"age_years": age}, sorted(totals))]
    assert copays == sorted(copays)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 40_000), min_size=20, max_size=20))
def test_steps_at_65_rise_with_the_total(totals: list[int]) -> None:
    facts = {
        "insurer": "HI",
        "care": "outpatient",
        "provider_kind": "clinic",
        "care_on": DAY,
        "age_years": 70,
    }
    copays = [row["patient_copay"] for row in totals_of(facts, sorted(totals))]
    assert copays == sorted(copays)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 200_000),
    st.integers(0, 200_000),
    st.integers(0, 200_000),
    st.sampled_from(["inpatient", "outpatient"]),
)
def test_truncated_exactly_once(meal: int, equipment: int, rest: int, care: str) -> None:
    """The share is the exact sum of the parts, cut once: less than one unit is lost, never a unit per part."""
    facts = {
        "insurer": "HI",
        "care": care,
        "provider_kind": "general",
        "area": "dong",
        "care_on": DAY,
        "age_years": 40,
    }
    lines = [
        {"hang": "02", "mok": "10", "amount_won": meal},
        {"hang": "S", "mok": "01", "amount_won": equipment},
    ]
    row = compute([facts], [[*lines, {"hang": "09", "mok": "01", "amount_won": rest}]])[0]
    total = row["total_benefit_cost_1"]
    assert total == (meal + equipment + rest) // 10 * 10
    if care == "inpatient":
        unit = 10
        exact = Fraction(meal + equipment, 2) + Fraction(max(total - meal - equipment, 0), 5)
    else:
        unit, exact = 100, Fraction(total, 2)
    assert row["patient_copay"] == min(exact // unit * unit, total)
    assert row["meal_copay"] == meal // 2


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**12), st.integers(0, 10**9), st.integers(0, 10**7), st.integers(0, 999), st.booleans()
)
def test_line_amount_is_exact_or_refused(price: int, dose: int, daily: int, days: int, is_drug: bool) -> None:
    exact = Fraction(price, 100) * (Fraction(dose, 10_000) if is_drug else 1) * Fraction(daily, 100) * days
    wanted = (2 * exact + 1) // 2
    row = {"unit_price": price, "dose_qty": dose, "daily_qty": daily, "total_days": days, "is_drug": is_drug}
    got = line_amount_column(
        to_table([row, {"unit_price": 100, "dose_qty": 0, "daily_qty": 100, "total_days": 1}])
    )
    assert got.to_pylist() == [wanted if wanted <= money.MAX_AMOUNT else None, 1]
    assert money.line_amount(price, dose if is_drug else money.DOSE_ONE, daily, days) == wanted


@given(st.integers(0, 10**15), st.sampled_from([1, 10, 100]))
def test_rounding_helpers(won: int, unit: int) -> None:
    assert money.floor_to(won, unit) <= won < money.floor_to(won, unit) + unit
    assert money.half_up(won, 100) == (won + 50) // 100
    assert money.share_of(won, unit) == won // (10_000 * unit) * unit
    assert money.half_up_large(np.array([won]), 100).tolist() == [(won + 50) // 100]


def test_rates_are_exact_or_refused() -> None:
    assert [money.as_rate(Decimal(one)) for one in ("0.315", "0.016", "1.0")] == [3150, 160, 10_000]
    with pytest.raises(ValueError, match="four decimals"):
        money.as_rate(Decimal("0.33333"))


def test_order_of_rows_and_lines_does_not_matter() -> None:
    random = Random(5)
    facts = [draw_statement(random) for _ in range(300)]
    statements, lines = as_tables(facts, [draw_lines(random, one) for one in facts])
    plain = {row["statement_key"]: row for row in compute_amounts(statements, lines).to_pylist()}
    shuffled = list(range(len(lines)))
    random.shuffle(shuffled)
    turned = compute_amounts(statements.take(pa.array(range(299, -1, -1))), lines.take(pa.array(shuffled)))
    assert {row["statement_key"]: row for row in turned.to_pylist()} == plain


def test_dictionary_columns_give_the_same() -> None:
    random = Random(6)
    facts = [draw_statement(random) for _ in range(200)]
    statements, lines = as_tables(facts, [draw_lines(random, one) for one in facts])
    for name in ("hang", "mok"):
        lines_coded = lines.set_column(lines.column_names.index(name), name, lines[name].dictionary_encode())
        assert compute_amounts(statements, lines_coded).equals(compute_amounts(statements, lines))


def test_sections_add_up() -> None:
    random = Random(7)
    facts = [draw_statement(random) for _ in range(100)]
    statements, lines = as_tables(facts, [draw_lines(random, one) for one in facts])
    sums = section_sums(statements, lines)
    everything = sum(sum(sums[name].to_pylist()) for name in sums.column_names if name != "statement_key")
    assert everything == sum(line_amount_column(lines).to_pylist())


def test_every_rule_is_reached_by_a_readable_case() -> None:
    """No rule of the data is shadowed by an earlier one."""
    rows = compute([one.facts for one in load_cases()], [one.lines for one in load_cases()])
    used = {rule_id for row in rows if row["rule_ids"] for rule_id in row["rule_ids"].split()}
    assert {one.id for one in load_rules().rules.values() if one.whens or one.parts} - used == set()


def test_a_situation_meets_one_rule() -> None:
    matcher = Matcher(Situation("HI", "outpatient", "clinic", DAY, 40), load_rules())
    assert choose_rule(matcher).id == "HI-OP-C-GEN"
