"""Does a condition of the rule data hold for a situation? One place for the meaning of every condition key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from cheonggu.schemes.hira.amounts_model import ALL_PARTS, NotComputableError, Situation
from cheonggu.schemes.hira.amounts_rules import Condition, Rule, RuleBook

LISTED_MINOR = ("V252", "V352", "V452")
VETERAN_CLASSES = ("3", "4", "5", "6", "7", "B", "D", "J")
# Candidates by book and kind of visit; a book that is let go of takes them along.
_KEPT: WeakKeyDictionary[RuleBook, dict[tuple[str, ...], tuple[tuple[Rule, bool], ...]]] = WeakKeyDictionary()
NEAR_POOR = {"C": "NP_C", "E": "NP_EF", "F": "NP_EF"}


class Matcher:
    """A situation with what follows from it: patient group, provider class, Medical Aid level, chosen rule."""

    def __init__(self, situation: Situation, book: RuleBook, present: frozenset[str] = ALL_PARTS) -> None:
        self.situation, self.book, self.present = situation, book, present
        self.symbols = frozenset(situation.symbols)
        self.rule: Rule | None = None
        self.looked_at = present | {one.split("_LONG")[0] for one in present}  # a long stay rests on its room
        provider = book.providers.get(situation.provider_kind, {})
        self.provider_class = provider.get("class", "")
        self.level = situation.medical_aid_level or provider.get("level", "")
        self.group = (
            "DUTY" if situation.injury_work_class == "1" else NEAR_POOR.get(situation.injury_work_class, "")
        )
        self.group = self.group or situation.insurer
        self.categories = {book.categories[one]["category"] for one in self.symbols if one in book.categories}

    @property
    def is_veteran(self) -> bool:
        return self.situation.injury_work_class in VETERAN_CLASSES or bool(self.situation.veterans_class)

    @property
    def listed_minor(self) -> str:
        """Kind of hospital that prescribed for a listed minor disease at a higher pharmacy rate, or empty."""
        one = self.situation
        if not set(one.symbols) & set(LISTED_MINOR) or "V100" in one.symbols:
            return ""
        if one.is_veterans_prescriber or self.is_veteran or self.group == "NP_C":
            return ""
        if one.prescriber_kind == "general" and one.prescriber_area == "eup_myeon":
            return ""
        return one.prescriber_kind if one.prescriber_kind in ("tertiary", "general") else ""

    def candidates(self) -> tuple[tuple[Rule, bool], ...]:
        """Rules of this patient group and care in file order, and whether they are for this provider and area.

        Kept for everybody who comes to such a provider. A rule that is not for it stays only where facts of the
        statement could claim its class all the same.
        """
        one = self.situation
        key = (self.group, one.care, one.provider_kind, self.level, one.area)
        kept = _KEPT.setdefault(self.book, {})
        if key not in kept:
            is_both_for_pharmacies = self.book.switches["both_covers_pharmacies"] == "yes"
            rules = _candidates(self.book, self.group, one.care, is_both_for_pharmacies)
            judged = [(rule, self.is_place(rule)) for rule in rules]
            kept[key] = tuple(
                (rule, is_here)
                for rule, is_here in judged
                if is_here or any(when.triggers for when in rule.whens)
            )
        return kept[key]

    def fits(self, condition: Condition) -> bool:
        return self.holds(condition.facts)

    def holds(self, facts: Mapping[str, Any]) -> bool:
        """All given facts hold."""
        return all(self._holds(name, value, facts) for name, value in facts.items())

    def claimed(self, condition: Condition) -> set[str]:
        """Symbols of the statement by which it claims this class."""
        return set(condition.triggers.get("symbols", ())) & self.symbols

    def is_place(self, rule: Rule) -> bool:
        """Provider and area as the source states them for the whole rule."""
        area = rule.raw.get("area", "any")
        if area != "any" and self.situation.area and area != self.situation.area:
            return False
        return self.is_provider(rule.raw["provider"])

    def is_age(self, rule: Rule) -> bool:
        """Age as the source states it for the whole rule."""
        ages = rule.raw.get("age")
        if ages is None:
            return True
        below = ages.get("max_exclusive", ages.get("max", 999) + 1)
        return bool(ages.get("min", 0) <= self.situation.age_years < below)

    def is_provider(self, words: Iterable[str]) -> bool:
        """One of the provider words of the rules means this provider."""
        kind = self.situation.provider_kind
        for word in words:
            special = self.book.provider_words.get(word)
            if special is not None:
                if special["class"] == self.provider_class and kind in special.get("kinds", (kind,)):
                    return True
            elif word in ("all", self.provider_class) or (
                word.startswith("level") and word[5:] == self.level
            ):
                return True
        return False

    def components(self, rule: Rule) -> tuple[list[Mapping[str, Any]], str | None]:
        """Components of the first variant that holds, else the rule's own; and the variant's rounding, if any."""
        for condition, variant in rule.variants:
            others = {name: value for name, value in condition.facts.items() if name != "area"}
            if len(others) < len(condition.facts) and not self.situation.area and self.holds(others):
                raise NotComputableError(
                    "fact_missing", "area", "동/읍·면 구분이 필요합니다", "area is needed here"
                )
            if self.fits(condition):
                return list(variant["components"]), variant.get("rounding")
        return list(rule.raw["components"]), None

    def _holds(self, name: str, value: Any, facts: Mapping[str, Any]) -> bool:
        one = self.situation
        if name in ("symbols", "symbols_too"):
            return not self.symbols.isdisjoint(value)
        if name == "symbols_except":
            return self.symbols.isdisjoint(value)
        if name == "categories":
            return bool(set(value) & self.categories)
        if name in ("age_from", "age_below"):
            return bool(one.age_years >= value) if name == "age_from" else bool(one.age_years < value)
        if name == "provider":
            return self.is_provider(value)
        if name == "switch":
            return bool(self.book.switches[value] == facts["choice"])
        if name == "choice":
            return True
        if name == "listed_minor":
            return self.listed_minor != "" if value == "any" else self.listed_minor == value
        return self._is_one_of(name, value)

    def _is_one_of(self, name: str, value: Any) -> bool:
        one = self.situation
        listed = {
            "copay_classes": one.medical_aid_copay_class,
            "medical_aid_classes": one.medical_aid_class,
            "provider_kinds": one.provider_kind,
            "patients": self.group,
            "kinds": self.rule.kind if self.rule else "",
            "rules": self.rule.id if self.rule else "",
        }
        if name in listed:
            return listed[name] in value
        if name.endswith("_except"):
            return listed[name.removesuffix("_except")] not in value
        if name == "is_veteran":
            return bool(self.is_veteran == value)
        return bool(getattr(one, name) == value)


@lru_cache(maxsize=256)
def _candidates(book: RuleBook, group: str, care: str, is_both_for_pharmacies: bool) -> tuple[Rule, ...]:
    cares = {care, "all"}
    if care in ("outpatient", "inpatient") or (care == "pharmacy" and is_both_for_pharmacies):
        cares.add("both")
    return tuple(
        rule
        for rule in book.rules.values()
        if rule.whens and rule.raw["care"] in cares and group in rule.raw["patients"]
    )
