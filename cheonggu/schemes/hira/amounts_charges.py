"""Rates of the charged parts under one rule: its own components, the carve-outs on top, and the words for them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from cheonggu.money import as_rate
from cheonggu.schemes.hira.amounts_match import Matcher
from cheonggu.schemes.hira.amounts_model import BUCKETS, REFUSED, Charge, NotComputableError
from cheonggu.schemes.hira.amounts_rules import ChargeRule, Part, Rule

BASE_NAMES = {
    "TOTAL1": "진료비(총액1)",
    "TOTAL1_EX_MEAL": "식대를 뺀 진료비",
    "TOTAL1_NO_TYPE_ADD": "종별가산을 뺀 진료비",
    "CONSULT": "진찰료",
    "DRUG": "약값",
    "REST": "나머지",
    "MEAL": "식대",
    "MEAL_BASE": "기본식대",
    "MEAL_ADD": "가산식대",
    "S_EQUIP": "CT·MRI·PET",
}
MEALS = ("MEAL_BASE", "MEAL_ADD")
SINGLE = {"CONSULT": ("CONSULT",), "DRUG": ("DRUG",), "S_EQUIP": ("S_EQUIP",), "MEAL": MEALS}


def own_rates(components: list[Mapping[str, Any]]) -> dict[str, int]:
    """Rate of every part by the rule's own components; parts no component names follow the remainder, or pay 0."""
    rates = dict.fromkeys(BUCKETS, 0)
    for one in components:
        if one["base"] in ("TOTAL1", "TOTAL1_NO_TYPE_ADD", "REST", "TOTAL1_EX_MEAL"):
            rates = dict.fromkeys(BUCKETS, as_rate(one["rate"]))
    for one in components:
        for name in SINGLE.get(one["base"], (one["base"],)):
            if name in rates:
                rates[name] = as_rate(one["rate"])
    return rates


def fixed_of(components: list[Mapping[str, Any]]) -> tuple[int, int]:
    """Flat amounts of one visit in won: ordinary, and with all drugs dispensed in-house."""
    for one in components:
        if one["base"] == "VISIT":
            return int(one["fixed"]), int(one.get("fixed_if_in_house_dispensing", one["fixed"]))
    return 0, 0


def charges_of(rule: Rule, own: dict[str, int], matcher: Matcher) -> tuple[Charge, ...]:
    """The rate of each part in the order of BUCKETS, after the carve-outs that concern this rule."""
    if rule.kind == "whole":
        return tuple(Charge(own[name]) for name in BUCKETS)
    matcher.rule = rule
    settled: dict[str, Charge] = {}
    for name in BUCKETS:
        if name not in matcher.looked_at:
            settled[name] = plain(own[name])
            continue
        room = name.split("_LONG")[0]
        beneath = settled.get(room, Charge(own[name]))
        settled[name] = _charge(name, beneath if room != name else Charge(own[name]), matcher)
    matcher.rule = None
    return tuple(settled[name] for name in BUCKETS)


@cache
def plain(rate: int) -> Charge:
    """A rate without a carve-out."""
    return Charge(rate)


def _charge(bucket: str, beneath: Charge, matcher: Matcher) -> Charge:
    """Rate of one part; ``beneath`` is what holds without a carve-out."""
    late: Charge | None = None
    for part in matcher.book.parts_of[bucket]:
        if part.rule.raw["care"] not in ("both", matcher.situation.care):
            continue
        chosen = _chosen(part, bucket, matcher)
        if chosen is None or chosen.rate == "own":
            if chosen is None and part.otherwise == "refuse":
                return _refused(
                    part.rule, "no_rule", "이 경우의 부담률이 규칙에 없습니다", "no rate for this case"
                )
            continue
        if chosen.rate == "refuse":
            return _refused(
                part.rule, "no_rule", "이 경우의 부담률이 규칙에 없습니다", "no rate for this case"
            )
        if not _is_in_force(part, chosen, matcher):
            late = _refused(part.rule, "outside_dates", "적용 기간 밖입니다", "outside its days")
            continue
        if chosen.rate != "add":
            return Charge(int(chosen.rate), part.rule.id)
        if beneath.rate == REFUSED:
            return beneath
        return Charge(beneath.rate + part.add_points, f"{beneath.rule_id} {part.rule.id}".strip())
    return late or beneath


def _chosen(part: Part, bucket: str, matcher: Matcher) -> ChargeRule | None:
    for one in part.charges:
        if bucket not in one.buckets_except and matcher.fits(one.condition):
            return one
    return None


def _is_in_force(part: Part, chosen: ChargeRule, matcher: Matcher) -> bool:
    situation, book = matcher.situation, matcher.book
    if chosen.from_switch and situation.care_on < date.fromisoformat(book.switches[chosen.from_switch]):
        return False
    return book.holds(part.rule, situation.care_on) and book.holds(part.rule, situation.last_day)


def _refused(rule: Rule, code: str, ko: str, en: str) -> Charge:
    return Charge(
        REFUSED, rule.id, NotComputableError(code, "lines.base", f"{rule.label_ko}: {ko}", f"{rule.id}: {en}")
    )


def describe(label: str, components: list[Mapping[str, Any]], unit: int, lift: int = 0) -> str:
    """One clause a clerk can read to a patient: class and how the share is made."""
    parts = []
    for one in components:
        if one["base"] == "VISIT":
            amount = f"방문당 {one['fixed'] + lift:,}원"
            if "fixed_if_in_house_dispensing" in one:
                amount += f"(원내 조제 {one['fixed_if_in_house_dispensing'] + lift:,}원)"
            parts.append(amount)
        else:
            name = BASE_NAMES.get(one["base"], one["base"])
            parts.append(f"{name}의 {percent(as_rate(one['rate']))}")
    cut = f", {unit}원 미만 버림" if unit > 1 and any(one.get("rate") for one in components) else ""
    return f"{label}: {' + '.join(parts)}{cut}"


def percent(rate: int) -> str:
    """3150 → 31.5%."""
    return f"{(Decimal(rate) / 100).normalize():f}%"
