"""From a situation to its plan: which rule, which rate for every charged part, who pays instead of the patient.

Runs once per distinct situation, so it is plain Python. ``resolve`` raises NotComputableError wherever the rules,
their dates or the facts do not settle one answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from cheonggu.errors import InputError
from cheonggu.money import RATE_ONE, as_rate
from cheonggu.schemes.hira.amounts_charges import charges_of, describe, fixed_of, own_rates
from cheonggu.schemes.hira.amounts_facts import check_facts
from cheonggu.schemes.hira.amounts_match import Matcher
from cheonggu.schemes.hira.amounts_model import (
    ALL_PARTS,
    BUCKETS,
    Fund,
    NotComputableError,
    Plan,
    Recipe,
    Situation,
    Veterans,
)
from cheonggu.schemes.hira.amounts_rules import Rule, RuleBook
from cheonggu.schemes.hira.data import value_on

YOUTH, CHRONIC = "YOUTH-F028", "HI-OP-C-CHRONIC"
STATE_PAID = {"4": "state", "B": "state", "7": "state_all"}
REDUCED_AT_PHARMACY = ("3", "5", "6", "J")
A_AT_HALF = ("F015", "F018", "F021")  # section A stays at 50 percent, note of B100-A
DISABLED_CLASSES = ("6", "8")
NO_FUND_KO = "2종 장애인의 이 특례에 대한 장애인의료비 규칙이 없습니다"


def resolve(situation: Situation, book: RuleBook, present: frozenset[str] = ALL_PARTS) -> Plan:
    """The plan of one situation; NotComputableError with field and reason. Only parts that occur get carve-outs."""
    if "F028" in situation.symbols:
        return _youth(situation, book, present)
    matcher = Matcher(situation, book, present)
    check_facts(matcher)
    rule = choose_rule(matcher)
    if book.switches["refuse_unverified"] == "yes" and rule.raw["confidence"] == "unverified":
        raise _refuse(
            "unverified_rule", "", f"{rule.id} 규칙은 확인되지 않았습니다", f"rule {rule.id} is unverified"
        )
    plan = _recipes(rule, matcher)
    return replace(
        plan,
        fund=_fund(rule, matcher, plan),
        veterans=_veterans(matcher),
        support=_support(situation),
        support_rule="AM-SUPPORT" if _support(situation) else "",
        type_addition_percent=_type_addition(rule, situation),
        section_rates=_section_rates(rule, matcher),
        takes_partial=rule.id != "HI-OP-T-MINOR-FU",
        has_ceiling=_has_ceiling(situation),
        patient_group=matcher.group,
    )


def choose_rule(matcher: Matcher) -> Rule:
    """The one rule of the first step that fits on all days of the statement."""
    hits: list[tuple[int, Rule]] = []
    blocked: list[tuple[int, Rule, set[tuple[int, str]]]] = []
    met: set[tuple[int, str]] = set()  # step and symbol of the classes that fit
    for rule, is_place in matcher.candidates():
        is_here = is_place and matcher.is_age(rule)
        for when in rule.whens:
            if not matcher.symbols and when.asks_symbol:
                continue  # most statements have none, and most classes ask for one
            if is_here and matcher.fits(when):
                hits.append((when.step, rule))
                met |= {(when.step, one) for one in when.facts.get("symbols", ())}
            elif when.triggers and matcher.holds(when.triggers):
                claimed = {(when.step, one) for one in matcher.claimed(when)}
                blocked.append((when.step, rule, claimed))
    if not hits:
        raise _refuse(
            "no_rule", "provider_kind", "이 조합에 맞는 본인부담 규칙이 없습니다", "no rule fits these facts"
        )
    step = min(one for one, _ in hits)
    for place, rule, claimed in blocked:
        if place < step or (place == step and claimed - met):
            raise _refuse(
                "contradiction",
                "special_symbols" if rule.raw.get("symbol") else "dental_prosthesis",
                f"{rule.label_ko}에 해당하나 그 조건과 맞지 않습니다",
                f"facts claim the class of {rule.id} but do not meet its conditions",
            )
    return _only_valid({rule.id: rule for one, rule in hits if one == step}, matcher)


def _only_valid(found: dict[str, Rule], matcher: Matcher) -> Rule:
    situation, book = matcher.situation, matcher.book
    if any(rule.raw.get("area", "any") != "any" for rule in found.values()) and not situation.area:
        raise _refuse("fact_missing", "area", "동/읍·면 구분이 필요합니다", "area is needed here")
    valid = [rule for rule in found.values() if book.holds(rule, situation.care_on)]
    names = ", ".join(sorted(found))
    if len(valid) > 1 or len({rule.raw["patient_class"] for rule in found.values()}) > 1:
        raise _refuse(
            "contradiction",
            "special_symbols",
            f"본인부담 규칙이 둘 이상 해당합니다({names})",
            f"more than one rule fits ({names})",
        )
    if not valid:
        raise _refuse(
            "outside_dates",
            "care_on",
            f"진료일이 {names} 규칙의 적용 기간 밖입니다",
            f"care_on is outside the days of {names}",
        )
    if not book.holds(valid[0], situation.last_day):
        raise _refuse(
            "crosses_change",
            "care_until",
            f"진료기간 중 {valid[0].id} 규칙이 바뀝니다. 명세서를 나누세요",
            f"rule {valid[0].id} changes within the stay; split the statement",
        )
    return valid[0]


def _recipes(rule: Rule, matcher: Matcher) -> Plan:
    if "tiers" in rule.raw:
        return _tiers(rule, matcher)
    components, rounding = matcher.components(rule)
    return Plan((_recipe((rule.id,), rule, components, matcher, rounding),))


def _recipe(
    rule_ids: tuple[str, ...],
    rule: Rule,
    components: list[Mapping[str, Any]],
    matcher: Matcher,
    rounding: str | None = None,
) -> Recipe:
    fixed, in_house = fixed_of(components)
    lift = rule.raw.get("fund", {}).get("per_visit", 0) if rule.raw.get("fund", {}).get("on_top") else 0
    unit = matcher.book.floor_of(rule, matcher.situation.care, rounding)
    return Recipe(
        rule_ids,
        describe(rule.label_ko, components, unit, lift),
        charges_of(rule, own_rates(components), matcher),
        unit,
        fixed + lift,
        in_house + lift,
        at_least=max((one.get("at_least", 0) for one in components), default=0),
    )


def _tiers(rule: Rule, matcher: Matcher) -> Plan:
    recipes, tops = [], []
    tiers = list(_tiers_of(rule, matcher.situation))
    for number, tier in enumerate(tiers):
        is_last = number == len(tiers) - 1
        if "fixed" in tier:
            components: list[Mapping[str, Any]] = [{"base": "VISIT", "fixed": tier["fixed"]}]
        else:
            components = [{"base": "TOTAL1", "rate": tier["rate"]}]
        ids: tuple[str, ...] = (rule.id,)
        if is_last and _is_chronic_at_65(rule, matcher):
            components, ids = list(matcher.book.rules[CHRONIC].raw["components"]), (rule.id, CHRONIC)
        recipes.append(replace(_recipe(ids, rule, components, matcher), is_fixed_once=True))
        if not is_last:
            tops.append(int(tier["max_total"]))
    return Plan(tuple(recipes), tuple(tops))


def _tiers_of(rule: Rule, situation: Situation) -> Iterator[Mapping[str, Any]]:
    """Tiers in rising order; those by days of dispensing only where the days agree."""
    for tier in rule.raw["tiers"]:
        days = tier.get("days")
        if (
            days is None
            or days == str(situation.dispensing_days)
            or (days.endswith("+") and situation.dispensing_days >= int(days[:-1]))
        ):
            yield tier


def _is_chronic_at_65(rule: Rule, matcher: Matcher) -> bool:
    situation = matcher.situation
    if not (
        situation.is_chronic_continuing and situation.provider_kind == "clinic" and situation.age_years >= 65
    ):
        return False
    if rule.id == "HI-OP-C-65-OLD":
        raise _refuse(
            "no_rule",
            "is_chronic_continuing",
            "2017년까지의 65세 이상 계속진료 규칙이 없습니다",
            "no rule for continuing care at 65+ before 2018",
        )
    return bool(rule.raw["patient_class"] == "age_65_plus")


def _fund(rule: Rule, matcher: Matcher, plan: Plan) -> Fund:
    """What the disabled fund pays: near-poor F and Medical Aid class 2 disabled."""
    situation = matcher.situation
    raw = rule.raw.get("fund")
    if matcher.group == "NP_EF" and situation.injury_work_class == "F":
        raw = rule.raw.get("class_f_fund")
        if raw and "switch" in raw and matcher.book.switches[raw["switch"]] == "refuse":
            raise _refuse(
                "switched_off", "injury_work_class", "설정에 따라 계산하지 않습니다", "switched off"
            )
    elif not raw and situation.medical_aid_class in DISABLED_CLASSES and _pays(rule, plan):
        raise _refuse(
            "no_rule", "medical_aid_class", NO_FUND_KO, "no rule says what the disabled fund pays here"
        )
    if not raw:
        return Fund()
    return Fund(raw["pays"], raw.get("per_visit", 0), tuple(raw.get("patient_keeps", ())))


def _pays(rule: Rule, plan: Plan) -> bool:
    """Whether a class leaves the patient more than meals and parts with a rate of their own."""
    if rule.kind == "whole":
        return False
    for recipe in plan.recipes:
        own = [
            name
            for name, one in zip(BUCKETS, recipe.charges, strict=True)
            if one.rate > 0 and not one.rule_id
        ]
        if recipe.fixed or set(own) - {"MEAL_BASE", "MEAL_ADD"}:
            return True
    return False


def _veterans(matcher: Matcher) -> Veterans:
    situation, book = matcher.situation, matcher.book
    injury, cls = situation.injury_work_class, situation.veterans_class
    if injury in STATE_PAID:
        return Veterans(STATE_PAID[injury], 0, "VET-STATE")
    if injury in REDUCED_AT_PHARMACY:
        share = as_rate(_share(book, "VET-REDUCED-RX-VH", "veteran_share", injury))
        mode = {"total1": "total1", "ordinary_copay": "copay"}.get(book.switches["veteran_pharmacy_base"])
        if mode is None:
            raise _refuse(
                "switched_off", "injury_work_class", "설정에 따라 계산하지 않습니다", "switched off"
            )
        return Veterans(mode, RATE_ONE - share, "VET-REDUCED-RX-VH")
    if not cls:
        return Veterans()
    rule_id = "VET-REDUCED-RX-ENTRUSTED" if situation.care == "pharmacy" else "VET-REDUCED-VH"
    if situation.care != "pharmacy" and situation.veterans_site == "entrusted":
        rule_id = "VET-REDUCED-ENTRUSTED"
    rule = book.rules[rule_id]
    shares = rule.raw["components"][0]["remaining_share"]
    if cls not in shares:
        raise _refuse(
            "no_rule",
            "veterans_class",
            f"보훈 본인부담 구분 {cls}의 부담률을 알 수 없습니다",
            f"no share is known for veterans_class {cls} here",
        )
    if not (book.holds(rule, situation.care_on) and book.holds(rule, situation.last_day)):
        raise _refuse(
            "outside_dates",
            "care_on",
            f"{rule_id} 규칙의 적용 기간 밖입니다",
            f"outside the days of {rule_id}",
        )
    return Veterans("copay", as_rate(shares[cls]), rule_id)


def _share(book: RuleBook, rule_id: str, name: str, key: str) -> Any:
    return book.rules[rule_id].raw["components"][0][name][key]


def _support(situation: Situation) -> str:
    if situation.injury_work_class in ("G", "H"):
        return "given"
    return "copay" if "F009" in situation.symbols else ""


def _type_addition(rule: Rule, situation: Situation) -> int | None:
    """Percent of the provider-type addition; None where no value is known for all days of the statement."""
    if any(one["base"] == "TOTAL1_NO_TYPE_ADD" for one in rule.raw.get("components", ())):
        return 0
    try:
        first = value_on("type_addition_percent", situation.care_on).get(situation.provider_kind)
        last = value_on("type_addition_percent", situation.last_day).get(situation.provider_kind)
    except InputError:
        return None
    return first if first == last else None


def _section_rates(rule: Rule, matcher: Matcher) -> dict[str, int]:
    """Patient shares of sections A, B, D, E in ten-thousandths."""
    situation, book = matcher.situation, matcher.book
    if rule.id == "AM-RESTRICTED":
        return dict.fromkeys(("A", "A_EQUIP", "B", "D", "E"), RATE_ONE)
    rates = {name: as_rate(book.rules[f"B100-{name}"].raw["rate"]) for name in "ABDE"}
    higher = as_rate(book.rules["B100-A"].raw["tertiary_60"])
    is_exempt = situation.age_years < 6 or any(one[0] == "V" or one in A_AT_HALF for one in situation.symbols)
    is_tertiary = matcher.group == "HI" and matcher.provider_class == "tertiary" and not is_exempt
    rates["A_EQUIP"] = rates["A"]
    if is_tertiary and situation.care == "outpatient":
        rates["A"] = rates["A_EQUIP"] = higher
    elif is_tertiary and situation.care == "inpatient" and book.switches["inpatient_a_equipment_60"] == "yes":
        rates["A_EQUIP"] = higher
    return rates


def _has_ceiling(situation: Situation) -> bool:
    """Yearly upper limit billed in advance: health-insurance inpatients, long-term-care hospitals only until 2019."""
    is_long_term = situation.provider_kind == "long_term_care" and situation.care_on.year >= 2020
    return situation.insurer == "HI" and situation.care == "inpatient" and not is_long_term


def _youth(situation: Situation, book: RuleBook, present: frozenset[str]) -> Plan:
    """F028: the share of near-poor E; the difference from the ordinary share is support."""
    rule = book.rules[YOUTH]
    if situation.insurer != "HI" or situation.injury_work_class != "0" or situation.veterans_class:
        raise _refuse(
            "contradiction",
            "special_symbols",
            "F028과 다른 자격이 함께 있습니다",
            "F028 with another entitlement",
        )
    if not (book.holds(rule, situation.care_on) and book.holds(rule, situation.last_day)):
        raise _refuse("outside_dates", "care_on", "F028 적용 기간 밖입니다", "outside the days of F028")
    plain = replace(situation, special_symbols=" ".join(one for one in situation.symbols if one != "F028"))
    ordinary = resolve(plain, book, present)
    poor = resolve(replace(plain, injury_work_class="E"), book, present)
    return replace(poor, support="difference", support_rule=YOUTH, ordinary=ordinary)


def _refuse(code: str, field: str, ko: str, en: str) -> NotComputableError:
    return NotComputableError(code, field, ko, en)
