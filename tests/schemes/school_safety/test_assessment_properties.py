"""What must hold for every claim: never more than was paid, caps over any sequence, the order of lines is nothing."""

from __future__ import annotations

import json
from collections import defaultdict
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cheonggu.commands.school import answer_claims
from cheonggu.schemes.school_safety.assessment import assess, load_profile
from cheonggu.schemes.school_safety.assessment_input import read_claim, tables_of
from tests.schemes.school_safety import reference
from tests.schemes.school_safety.case_files import TODAY
from tests.schemes.school_safety.random_claims import draw_claim, history_of

GWANGJU = load_profile()
SEEDS = st.integers(0, 2**32)
FEW = settings(max_examples=4, deadline=None)
STEPS = 3  # claims of an accident, one after the other
MANY = 100  # claims of one example: the engine is set-based, one call assesses them all
COUNTS = {"DENT_CROWN": (2, 500_000), "DENT_IMPLANT": (1, 2_000_000), "DENT_FIXATION": (1, 500_000)}
COUNTS |= dict.fromkeys(("DENT_CORE", "DENT_POST", "DENT_RESIN"), (1, 150_000))


def answer(claims: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return answer_claims([read_claim(json.dumps(one)) for one in claims], GWANGJU, TODAY)


def draw_claims(seed: int) -> list[dict[str, Any]]:
    rng = Random(seed)
    return [draw_claim(rng, 0, f"A{number}") for number in range(MANY)]


def shuffled(claims: list[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    rng = Random(seed)
    return [one | {"items": rng.sample(one["items"], len(one["items"]))} for one in claims]


@FEW
@given(SEEDS)
def test_the_slow_reference_agrees(seed: int) -> None:
    claims = draw_claims(seed)
    for claim, got in zip(claims, answer(claims), strict=True):
        compare(claim, got)


def compare(claim: dict[str, Any], got: dict[str, Any]) -> None:
    """The engine's answer against the slow reference: the sum, and each line before it meets the receipt."""
    wanted, total = reference.decide(claim)
    assert got["payable_won"] == total
    for item in got["items"]:
        decision, amount = wanted[item["item_key"]]
        if "G-05" in item["rule_ids"]:
            assert decision == "pay"
            assert item["payable_won"] < amount
        else:
            shown = item["payable_won"] + item["payable_if_cured_won"] + item["payable_max_won"]
            assert (item["decision"], shown) == (decision, amount), item


@FEW
@given(SEEDS)
def test_the_order_of_lines_changes_no_sum(seed: int) -> None:
    claims = draw_claims(seed)
    names = ("payable_won", "held_won", "review_won", "lines_won", "outcome")
    before = [[one[name] for name in names] for one in answer(claims)]
    after = [[one[name] for name in names] for one in answer(shuffled(claims, seed))]
    assert before == after


@FEW
@given(SEEDS)
def test_never_more_than_was_really_paid(seed: int) -> None:
    claims = draw_claims(seed)
    for claim, got in zip(claims, answer(claims), strict=True):
        family = {one["item_key"] for one in claim["items"] if one.get("line_cat") == "CARE_FAMILY"}
        paid = sum(one["paid_won"] for one in claim["receipts"])
        own = sum(one["payable_won"] for one in got["items"] if one["item_key"] in family)
        assert 0 <= got["payable_won"] <= paid + own
        assert got["lines_won"] == sum(one["payable_won"] for one in got["items"])
        off = got["over_cap_won"] + got["preexisting_won"] + got["other_compensation_won"]
        assert got["payable_won"] == got["lines_won"] - off
        for item, line in zip(got["items"], claim["items"], strict=True):
            assert 0 <= item["payable_won"] <= line["amount_won"]
            assert item["payable_won"] == 0 or item["decision"] == "pay"


def hold_caps(claims: list[dict[str, Any]], answers: list[dict[str, Any]]) -> None:
    """Counts and caps over all claims of one accident, in whatever way they were assessed."""
    by_tooth: dict[tuple[str, str], list[int]] = defaultdict(list)
    plain: dict[str, int] = defaultdict(int)
    on_receipt: dict[str, int] = defaultdict(int)
    paid = {one["receipt_key"]: one["paid_won"] for claim in claims for one in claim["receipts"]}
    over = {one["receipt_key"]: one["over_cap_won"] for claim in claims for one in claim["receipts"]}
    for claim, got in zip(claims, answers, strict=True):
        for line, item in zip(claim["items"], got["items"], strict=True):
            won, category = item["payable_won"], line.get("line_cat", "")
            if category != "CARE_FAMILY":
                on_receipt[line["receipt_key"]] += won
            if won and category in COUNTS:
                by_tooth[category, line["tooth"]].append(won)
            elif won and category in ("GLASSES", "SCAR_SURGERY", "SCAR_LASER"):
                plain[category] += "OPINION_SCAR_EXTRA" not in line.get("documents", [])
    for (category, _), amounts in by_tooth.items():
        most, cap = COUNTS[category]
        assert len(amounts) <= most
        assert max(amounts) <= cap
    assert plain["GLASSES"] <= 1
    assert plain["SCAR_SURGERY"] <= 2
    assert plain["SCAR_LASER"] <= 2
    for key, won in on_receipt.items():
        assert won <= paid[key] + over[key]


@FEW
@given(SEEDS)
def test_caps_hold_over_a_sequence_of_claims(seed: int) -> None:
    rng = Random(seed)
    accidents = [[draw_claim(rng, number, f"A{one}") for number in range(STEPS)] for one in range(20)]
    answers: list[list[dict[str, Any]]] = [[] for _ in accidents]
    past: list[list[dict[str, Any]]] = [[] for _ in accidents]
    for step in range(STEPS):
        claims = [one[step] for one in accidents]
        for claim, known in zip(claims, past, strict=True):
            claim["history"] = list(known)
        for place, (claim, got) in enumerate(zip(claims, answer(claims), strict=True)):
            compare(claim, got)
            answers[place].append(got)
            past[place] += history_of(claim, got)
    for claims, given_answers in zip(accidents, answers, strict=True):
        hold_caps(claims, given_answers)


@FEW
@given(SEEDS)
def test_the_same_claim_again_brings_only_what_the_receipt_leaves(seed: int) -> None:
    claims = draw_claims(seed)
    first = answer(claims)
    again = [one | {"history": history_of(one, got)} for one, got in zip(claims, first, strict=True)]
    for claim, once, twice in zip(claims, first, answer(again), strict=True):
        hold_caps([claim, claim], [once, twice])


@FEW
@given(SEEDS)
def test_caps_hold_over_claims_assessed_together(seed: int) -> None:
    rng = Random(seed)
    accidents = [[draw_claim(rng, number, f"A{one}") for number in range(3)] for one in range(20)]
    read = [[read_claim(json.dumps(claim)) for claim in claims] for claims in accidents]
    tables = together([one for claims in read for one in claims])
    result = assess(tables, GWANGJU, TODAY)
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in result.items.to_pylist():
        rows[row["claim_key"]].append(row)
    number = 0
    for claims in read:
        answers = [{"items": rows[str(number + place)]} for place in range(len(claims))]
        number += len(claims)
        hold_caps(claims, answers)


def together(claims: list[dict[str, Any]]) -> dict[str, pa.Table]:
    """Tables in which claims of one accident share it, as the pipeline gives them."""
    tables = tables_of(claims)
    accidents = pa.array([one["accident_key"] for one in claims], pa.string())
    place = tables["claims"].column_names.index("accident_key")
    return tables | {"claims": tables["claims"].set_column(place, "accident_key", accidents)}


@pytest.mark.parametrize("decided", ["pay", "deny", "hold", "review"])
def test_the_random_claims_meet_every_decision(decided: str) -> None:
    found = [item["decision"] for one in answer(draw_claims(7)) for item in one["items"]]
    assert decided in found


def test_a_line_of_the_file_never_counts_in_another() -> None:
    claim = draw_claims(3)[0]
    alone = answer([claim])[0]
    assert answer([claim, claim]) == [alone, alone]
