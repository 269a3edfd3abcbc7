"""The arithmetic of shares over all statements: parts x rates, one truncation, then who pays instead of the patient.

Order of work (amounts reference, section 2): parts with a rate of their own, the rest at the class rate, the sum
truncated once, at most total 1; then disabled fund, veterans, support, loan, yearly limit; the claim is what is left.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from cheonggu.money import RATE_ONE, Ints, as_rate, floor_to, share_of
from cheonggu.schemes.hira.amounts_lines import LineAmounts
from cheonggu.schemes.hira.amounts_model import (
    BUCKETS,
    MEALS,
    NOT_IN_CEILING,
    OTHER,
    REFUSED,
    Charge,
    NotComputableError,
    Plan,
    Recipe,
)
from cheonggu.schemes.hira.amounts_rules import RuleBook
from cheonggu.schemes.hira.amounts_table import EPOCH, Facts

Bools = npt.NDArray[np.bool_]
NO_TOP = np.iinfo(np.int64).max
BELOW = ("A", "A_EQUIP", "B", "D", "E")
FUND_UNIT = 10  # the patient's part beside the disabled fund is cut to 10 won (unverified)


@dataclass
class Settled:
    """Amounts by layout name (won, int64), the recipe of every row, carve-outs used, and faults by row."""

    amounts: dict[str, Ints]
    recipes: list[Recipe]
    recipe: Ints
    faults: dict[int, NotComputableError] = field(default_factory=dict)


class Shares:
    """Recipes of all plans as arrays: rates (recipe x part), units, flat amounts; and the shares they give."""

    def __init__(self, plans: list[Plan], parts: dict[str, Ints], total1: Ints, book: RuleBook) -> None:
        self.parts, self.total1 = parts, total1
        self.recipes: list[Recipe] = [one for plan in plans for one in plan.recipes] or [_nothing()]
        counts = np.array([len(plan.recipes) for plan in plans], np.int64)
        self.first = np.minimum(np.cumsum(counts) - counts, len(self.recipes) - 1)
        self.tops = np.full(
            (max(len(plans), 1), max([1, *(len(plan.tops) for plan in plans)])), NO_TOP, np.int64
        )
        for number, plan in enumerate(plans):
            self.tops[number, : len(plan.tops)] = plan.tops
        self.rates = np.array([[one.rate for one in recipe.charges] for recipe in self.recipes], np.int64)
        self.units = np.array([one.unit for one in self.recipes], np.int64)
        self.is_carved = np.array([[bool(one.rule_id) for one in recipe.charges] for recipe in self.recipes])
        self.counts_carved = book.switches["tier_base"] == "total1"

    def choose(self, plan: Ints) -> Ints:
        """Recipe of every row: the tier of its total 1; the upper edge belongs to the lower tier."""
        base = self.total1
        chosen = self.first[plan]
        if not self.counts_carved:
            for name, amount in self.parts.items():
                base = base - np.where(self.is_carved[chosen, BUCKETS.index(name)], amount, 0)
        for column in range(self.tops.shape[1]):
            chosen = chosen + (base > self.tops[plan, column])
        result: Ints = chosen
        return result

    def exact(self, recipe: Ints, names: Any = BUCKETS) -> Ints:
        """Sum of parts x rates in ten-thousandths of a won."""
        parts = np.zeros(len(recipe), np.int64)
        for name in names:
            if name in self.parts:
                parts += self.parts[name] * np.maximum(self.rates[recipe, BUCKETS.index(name)], 0)
        return parts

    def flat(self, recipe: Ints, visits: Ints, in_house: Ints) -> Ints:
        """Flat amounts in won: once, or per visit with and without all drugs in-house."""
        fixed = np.array([one.fixed for one in self.recipes], np.int64)[recipe]
        if not fixed.any():
            return fixed
        inside = np.array([one.fixed_in_house for one in self.recipes], np.int64)[recipe]
        once = np.array([one.is_fixed_once for one in self.recipes])[recipe]
        return np.where(once, fixed, fixed * (visits - in_house) + inside * in_house)

    def total(self, recipe: Ints, visits: Ints, in_house: Ints) -> tuple[Ints, Ints]:
        """The whole share, truncated once and at most total 1; and the flat amounts in it."""
        flat = self.flat(recipe, visits, in_house)
        least = np.array([one.at_least for one in self.recipes], np.int64)[recipe]
        share = share_of(self.exact(recipe) + flat * RATE_ONE, self.units[recipe])
        return np.minimum(np.maximum(share, least), self.total1), flat

    def refused(self, recipe: Ints) -> dict[int, NotComputableError]:
        """Rows with an amount in a part that has no rate."""
        faults: dict[int, NotComputableError] = {}
        for name, amount in self.parts.items():
            number = BUCKETS.index(name)
            if not (self.rates[:, number] == REFUSED).any():
                continue
            for row in np.flatnonzero((amount != 0) & (self.rates[recipe, number] == REFUSED)).tolist():
                why = self.recipes[recipe[row]].charges[number].why
                faults[row] = why or NotComputableError(
                    "no_rule", "lines.base", "부담률이 없습니다", "no rate"
                )
        return faults


def settle(facts: Facts, plans: list[Plan], summed: LineAmounts, book: RuleBook) -> Settled:
    """Every amount of every row; rows whose facts were refused get numbers nobody sees."""
    total1 = floor_to(summed.total1, 10)
    parts = {name: summed.columns[name] for name in BUCKETS if name in summed.columns}
    parts[OTHER] = np.maximum(total1 - sum(amount for name, amount in parts.items() if name != OTHER), 0)
    shares = Shares(plans, parts, total1, book)
    recipe = shares.choose(facts.situation)
    visits, in_house = facts.integers("visit_count", 1), facts.integers("in_house_count", 0)
    total, flat = shares.total(recipe, visits, in_house)
    meals = share_of(shares.exact(recipe, MEALS), 1)
    settled = Settled(
        {"total_benefit_cost_1": total1, "meal_copay": meals},
        shares.recipes,
        recipe,
        shares.refused(recipe),
    )
    pick = _Picker(plans, facts.situation)
    settled.faults |= _odd_counts(visits, in_house)
    _pay(settled, facts, pick, shares, total, flat, book)
    _support(settled, facts, pick, plans, parts, book)
    _loan(settled, facts)
    _claim(settled, pick, book)
    _ceiling(settled, facts, pick, shares, book)
    _beside(settled, pick, summed, book)
    return settled


class _Picker:
    """A value of each plan, spread over its rows."""

    def __init__(self, plans: list[Plan], situation: Ints) -> None:
        self.plans, self.situation = plans, situation

    def take(self, values: list[Any]) -> npt.NDArray[Any]:
        if not values:
            return np.zeros(0, np.bool_)
        return np.array(values)[self.situation]


def _pay(
    settled: Settled, facts: Facts, pick: _Picker, shares: Shares, total: Ints, flat: Ints, book: RuleBook
) -> None:
    """Disabled fund and veterans: what the patient pays of the whole share, and what they pay."""
    zeros = np.zeros(facts.count, np.int64)
    fund, veterans = zeros, zeros
    copay, veteran_copay = total, zeros
    pays = [plan.fund.pays for plan in pick.plans]
    if any(pays):
        fund = _fund(pick, shares, settled.recipe, total, flat, facts.integers("visit_count", 1))
        copay = total - fund
    modes = [plan.veterans.mode for plan in pick.plans]
    if any(modes):
        mode = pick.take(modes)
        remaining = pick.take([plan.veterans.remaining for plan in pick.plans])
        units = shares.units[settled.recipe]
        total1 = shares.total1
        kept = share_of(copay * remaining, units)
        before = floor_to(total1 * (RATE_ONE - remaining) // RATE_ONE, 10)
        after = share_of((total1 - before) * _ordinary_rate(book), units)
        veterans = np.select(
            [mode == "copay", mode == "total1", mode == "state", mode == "state_all"],
            [copay - kept, before, copay, total1],
            0,
        )
        copay = np.select(
            [mode == "copay", mode == "total1", np.isin(mode, ("state", "state_all"))],
            [kept, after, 0],
            copay,
        )
        if book.switches["veterans_copay_of_reduced"] == "copay":
            veteran_copay = np.where(np.isin(mode, ("copay", "total1")), copay, 0)
    settled.amounts |= {
        "patient_copay": copay,
        "disability_medical_cost": fund,
        "veterans_claimed_amount": veterans,
        "veterans_copay": veteran_copay,
    }


def _ordinary_rate(book: RuleBook) -> int:
    return as_rate(book.rules["VET-REDUCED-RX-VH"].raw["components"][1]["rate"])


def _fund(pick: _Picker, shares: Shares, recipe: Ints, total: Ints, flat: Ints, visits: Ints) -> Ints:
    """What the disabled fund pays: a flat sum per visit, or the share but for the parts the patient keeps."""
    pays = pick.take([plan.fund.pays for plan in pick.plans])
    per_visit = pick.take([plan.fund.per_visit for plan in pick.plans])
    kept_by = [plan.fund.keeps for plan in pick.plans]
    patient = np.zeros(len(total), np.int64)
    for keeps in {one for one in kept_by if one}:
        mine = pick.take([one == keeps for one in kept_by])
        patient = np.where(mine, share_of(shares.exact(recipe, keeps), FUND_UNIT), patient)
    by_flat = np.minimum(np.minimum(per_visit * visits, flat), total)
    by_share = total - np.minimum(patient, total)
    result: Ints = np.select([pays == "flat", pays == "share"], [by_flat, by_share], 0)
    return result


def _support(
    settled: Settled, facts: Facts, pick: _Picker, plans: list[Plan], parts: dict[str, Ints], book: RuleBook
) -> None:
    """지원금: given with G and H, the whole co-payment with F009, the difference from the ordinary share with F028."""
    amounts = settled.amounts
    amounts["support_amount"] = np.zeros(facts.count, np.int64)
    modes = [plan.support for plan in pick.plans]
    given, is_given = facts.integers("support_won"), facts.given("support_won")
    mode = pick.take(modes) if modes else np.zeros(0, str)
    wanted = mode == "given"
    settled.faults |= _because(
        wanted & ~is_given,
        "fact_missing",
        "support_won",
        "지원금액이 필요합니다",
        "support_won is needed for G and H",
    )
    settled.faults |= _because(
        is_given & (~wanted | (given < 0) | (given > amounts["patient_copay"])),
        "contradiction",
        "support_won",
        "지원금이 본인부담금보다 많거나 지원 대상이 아닙니다",
        "support exceeds the co-payment or is not due",
    )
    amounts["support_amount"] = np.select([wanted, mode == "copay"], [given, amounts["patient_copay"]], 0)
    if any(plan.ordinary for plan in plans):
        ordinary = [plan.ordinary or plan for plan in plans]
        shares = Shares(ordinary, parts, amounts["total_benefit_cost_1"], book)
        visits, in_house = facts.integers("visit_count", 1), facts.integers("in_house_count", 0)
        recipe = shares.choose(facts.situation)
        more = shares.total(recipe, visits, in_house)[0] - amounts["patient_copay"]
        mine = mode == "difference"
        settled.faults |= {row: why for row, why in shares.refused(recipe).items() if mine[row]}
        amounts["support_amount"] = np.where(mine, np.maximum(more, 0), amounts["support_amount"])


def _loan(settled: Settled, facts: Facts) -> None:
    """대불금: lent part of a Medical Aid class 2 inpatient's co-payment, taken off it."""
    loan, is_given = facts.integers("loan_won"), facts.given("loan_won")
    settled.amounts["loan_amount"] = loan
    if not is_given.any():
        return
    allowed = np.array([one.insurer == "MA2" and one.care == "inpatient" for one in facts.situations])[
        facts.situation
    ]
    odd = is_given & (loan != 0) & (~allowed | (loan < 0) | (loan > settled.amounts["patient_copay"]))
    settled.faults |= _because(
        odd,
        "contradiction",
        "loan_won",
        "대불금은 2종 입원 본인부담금 이내입니다",
        "a loan is for class 2 inpatients",
    )
    settled.amounts["patient_copay"] = settled.amounts["patient_copay"] - loan


def _claim(settled: Settled, pick: _Picker, book: RuleBook) -> None:
    one = settled.amounts
    claim = one["total_benefit_cost_1"] - one["patient_copay"] - one["veterans_claimed_amount"]
    claim = claim - one["disability_medical_cost"] - one["loan_amount"]
    if book.switches["f028_support_off_claim"] == "yes":
        claim = claim - np.where(
            pick.take([p.support == "difference" for p in pick.plans]), one["support_amount"], 0
        )
    one["claimed_amount"] = claim


def _ceiling(settled: Settled, facts: Facts, pick: _Picker, shares: Shares, book: RuleBook) -> None:
    """본인부담상한액초과금: what the counted co-payment of the year at this provider exceeds the top limit by."""
    before, is_given = facts.integers("copay_this_year_won"), facts.given("copay_this_year_won")
    settled.amounts["copay_ceiling_excess"] = np.zeros(facts.count, np.int64)
    mine = is_given & pick.take([plan.has_ceiling for plan in pick.plans])
    if not mine.any():
        return
    years = _years(facts.days("care_on"))
    limits = np.zeros(facts.count, np.int64)
    for year, limit in book.ceilings.items():
        limits[years == year] = limit
    unknown = mine & ((limits == 0) | (_years(facts.days("care_until")) != years) | (before < 0))
    settled.faults |= _because(
        unknown,
        "outside_dates",
        "copay_this_year_won",
        "그 해의 본인부담상한액을 알 수 없습니다",
        "the yearly upper limit is not known, or the stay crosses a year",
    )
    names = tuple(name for name in BUCKETS if name not in NOT_IN_CEILING)
    counted = share_of(shares.exact(settled.recipe, names), FUND_UNIT)
    counted = np.minimum(counted, settled.amounts["patient_copay"])
    excess = np.clip(before + counted - limits, 0, counted)
    settled.amounts["copay_ceiling_excess"] = np.where(mine & ~unknown, excess, 0)


def _beside(settled: Settled, pick: _Picker, summed: LineAmounts, book: RuleBook) -> None:
    """Amounts outside total 1: below-100 sections, full co-payment, veterans' sections, total 2."""
    one, columns = settled.amounts, summed.columns
    zeros = np.zeros(len(settled.recipe), np.int64)
    below: dict[str, Ints] = {name: columns[name] for name in BELOW if name in columns}
    total = floor_to(sum(below.values(), zeros), 10)
    exact = {name: amount * _section_rate(pick, name) for name, amount in below.items()}
    if book.switches["partial_copay_truncation"] == "section":
        by_section = [
            exact.get("A", zeros) + exact.get("A_EQUIP", zeros),
            *(exact.get(name, zeros) for name in BELOW[2:]),
        ]
        patient = np.minimum(sum((share_of(part, 10) for part in by_section), zeros), total)
    else:
        patient = share_of(sum(exact.values(), zeros), 10)
    settled.faults |= _because(
        (sum(below.values(), zeros) != 0) & ~pick.take([plan.takes_partial for plan in pick.plans]),
        "contradiction",
        "lines.hang",
        "F025 명세서에는 100/100미만 항목을 둘 수 없습니다",
        "below-100 sections may not stand on an F025 statement",
    )
    mode = pick.take([plan.veterans.mode for plan in pick.plans])
    is_state = np.isin(mode, ("state", "state_all"))
    veterans = zeros
    if is_state.any() and book.switches["state_paid_partial_copay"] == "veterans":
        veterans = np.where(mode == "state_all", total, np.where(is_state, patient, 0))
        patient = np.where(is_state, 0, patient)
    full = floor_to(columns.get("U", zeros), 10)
    state_only = columns.get("V", zeros) + columns.get("W", zeros)
    settled.faults |= _because(
        (state_only != 0) & ~is_state,
        "contradiction",
        "lines.hang",
        "V·W항은 보훈 국비환자에게만 씁니다",
        "sections V and W are for state-paid veterans",
    )
    total2 = floor_to(one["total_benefit_cost_1"] + full + state_only, 10)
    one["veterans_claimed_amount"] = one["veterans_claimed_amount"] + np.where(
        is_state, total2 - one["total_benefit_cost_1"] - full, 0
    )
    one |= {
        "total_benefit_cost_2": total2,
        "full_copay_total": full,
        "partial_copay_total": total,
        "partial_copay_patient": patient,
        "partial_copay_claimed": total - patient - veterans,
        "partial_copay_veterans_claimed": veterans,
    }


def _section_rate(pick: _Picker, name: str) -> Ints:
    result: Ints = pick.take([plan.section_rates.get(name, 0) for plan in pick.plans])
    return result


def _odd_counts(visits: Ints, in_house: Ints) -> dict[int, NotComputableError]:
    odd = (visits < 1) | (in_house < 0) | (in_house > visits)
    return _because(
        odd,
        "contradiction",
        "visit_count",
        "본인부담 발생횟수와 원내조제 횟수가 맞지 않습니다",
        "odd counts of visits",
    )


def _because(where: Bools, code: str, name: str, ko: str, en: str) -> dict[int, NotComputableError]:
    return (
        dict.fromkeys(np.flatnonzero(where).tolist(), NotComputableError(code, name, ko, en))
        if where.any()
        else {}
    )


def _years(days: Ints) -> Ints:
    result: Ints = days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + EPOCH.year
    return result


def _nothing() -> Recipe:
    return Recipe((), "", tuple(Charge(0) for _ in BUCKETS), 1)
