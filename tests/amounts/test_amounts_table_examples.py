"""The 16 tests of the co-payment table and the worked examples of the amounts reference, one by one."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from cheonggu import money
from cheonggu.schemes.hira.amounts import compute_amounts
from tests.amounts.case_files import read_line
from tests.amounts.random_statements import as_tables

DAY = date(2026, 3, 2)
CLINIC = {"insurer": "HI", "care": "outpatient", "provider_kind": "clinic", "care_on": DAY, "age_years": 40}
SENIOR = CLINIC | {"age_years": 65}
PHARMACY = CLINIC | {"care": "pharmacy", "provider_kind": "pharmacy"}
EXAMPLES: list[tuple[str, dict[str, Any], list[str], dict[str, Any]]] = [
    (
        "T01",
        CLINIC | {"provider_kind": "tertiary"},
        ["01 21,030", "09 7,770"],
        {"patient_copay": 25_600, "claimed_amount": 3_200},
    ),
    (
        "T02",
        CLINIC | {"provider_kind": "general", "area": "eup_myeon"},
        ["01 16,000"],
        {"patient_copay": 7_200},
    ),
    (
        "T04",
        PHARMACY | {"veterans_class": "A"},
        ["01 22,860"],
        {"veterans_claimed_amount": 4_100, "patient_copay": 2_700, "claimed_amount": 16_060},
    ),
    (
        "T16",
        PHARMACY | {"injury_work_class": "6"},
        ["01 20,000"],
        {"veterans_claimed_amount": 12_000, "patient_copay": 2_400, "claimed_amount": 5_600},
    ),
    ("T05", PHARMACY, ["01 13,000"], {"patient_copay": 3_900}),
    ("T06", SENIOR, ["01 15,000"], {"patient_copay": 1_500}),
    ("T07", SENIOR, ["01 15,010"], {"patient_copay": 1_500}),
    ("T08", SENIOR, ["01 20,000"], {"patient_copay": 2_000}),
    ("T09", SENIOR, ["01 20,050"], {"patient_copay": 4_000}),
    ("T10", SENIOR, ["01 25,010"], {"patient_copay": 7_500}),
    (
        "T11",
        SENIOR | {"provider_kind": "korean_clinic", "has_medication": True},
        ["01 24,000"],
        {"patient_copay": 2_400},
    ),
    ("T12", CLINIC, ["01 17,110"], {"patient_copay": 5_100, "claimed_amount": 12_010}),
    (
        "T13",
        CLINIC | {"care": "inpatient"},
        ["09 900,000", "02-10 100,000"],
        {"patient_copay": 230_000, "claimed_amount": 770_000},
    ),
    ("T14", CLINIC | {"insurer": "MA1"}, ["01 17,110"], {"patient_copay": 1_000, "claimed_amount": 16_110}),
    (
        "T15",
        CLINIC,
        ["01 10,000", "A 10,030", "B 5,000"],
        {"partial_copay_total": 15_030, "partial_copay_patient": 9_010, "partial_copay_claimed": 6_020},
    ),
]


@pytest.mark.parametrize(("name", "facts", "lines", "expect"), EXAMPLES, ids=[one[0] for one in EXAMPLES])
def test_example(name: str, facts: dict[str, Any], lines: list[str], expect: dict[str, Any]) -> None:
    statements, table = as_tables([facts], [[read_line(text) for text in lines]])
    row = compute_amounts(statements, table).to_pylist()[0]
    assert {key: row[key] for key in expect} == expect


def test_t03_meal_share_first_one_truncation() -> None:
    """149,820 x 0.5 + 1,146,390 x 0.14 = 235,404.6 → 235,400; the table gives the arithmetic, no class."""
    assert money.share_of(149_820 * 5_000 + 1_146_390 * 1_400, 10) == 235_400


def test_line_amount_rounds_half_up() -> None:
    assert money.line_amount(100_50, 10_000, 100, 1) == 101  # 100.50 won
    assert money.line_amount(100_49, 10_000, 100, 1) == 100
    assert money.line_amount(71_50, 3_333, 300, 5) == 357  # 71.50 x 0.3333 x 3 x 5 = 357.46...


def test_sentence_and_rules_of_an_example() -> None:
    statements, table = as_tables([EXAMPLES[0][1]], [[read_line(text) for text in EXAMPLES[0][2]]])
    row = compute_amounts(statements, table).to_pylist()[0]
    assert row["rule_ids"] == "AM-TOTAL1 HI-OP-T-GEN AM-CLAIM AM-TOTAL2"
    assert row["explanation_ko"] == (
        "상급종합병원 외래 일반: 진찰료의 100% + 나머지의 60%, 100원 미만 버림. "
        "진료비 28,800원 중 본인부담금 25,600원, 청구액 3,200원입니다."
    )
