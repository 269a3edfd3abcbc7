"""The rules of the school-accident assessment as data: read from ``rules/``, checked, chosen by region, explained.

A profile is a region with its settings and papers; ``settings.toml`` holds the recommended reading of every open point
(AMB-01 … AMB-27) as the default, a region's file and the caller may choose another. Loaders refuse what is odd.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from cheonggu.errors import InputError, UsageError
from cheonggu.schemes.school_safety.data import (
    RULES,
    holds_on,
    odd_entry,
    read_csv,
    read_entries,
    read_toml,
)

COVERAGE, GATES, TOTALS = RULES / "coverage.toml", RULES / "gates.toml", RULES / "totals.toml"
SETTINGS, DOCUMENTS, NAMES = RULES / "settings.toml", RULES / "documents.csv", RULES / "names.csv"
REGIONS = RULES / "regions"
DEFAULT_REGION = "gwangju"
DECISIONS = ("pay", "deny", "hold", "review")
# What a choice of a setting decides; "once" is a count, "other" leaves it to the rule of other scars.
SAYS = {"pay": "pay", "once": "pay", "other": "pay", "deny": "deny", "review": "review"}
EFFECTS = ("block", "deny_all", "redirect", "review", "flag")  # the heaviest first
NAME_ROLES = {"category", "listed", "pain_pump"}
SPOKEN = {"label_ko", "reason_code", "ko", "en"}


@dataclass(frozen=True)
class Setting:
    """An open point: its default, what else may be chosen (None: any won from ``minimum``), and why."""

    name: str
    amb: str
    default: str | int
    choices: tuple[str, ...] | None
    raw: Mapping[str, Any]


@dataclass(frozen=True)
class Profile:
    """A region on a day: settings resolved, papers, association, phones by school level, lists of names."""

    name: str
    association_ko: str
    portal_url: str
    phones: Mapping[str, str]
    settings: Mapping[str, str | int]
    documents: tuple[Mapping[str, str], ...]
    names: tuple[Mapping[str, str], ...]

    def __getitem__(self, setting: str) -> str | int:
        return self.settings[setting]


@dataclass(frozen=True)
class RuleBook:
    """Rules in the order they are asked."""

    coverage: tuple[Mapping[str, Any], ...]
    gates: tuple[Mapping[str, Any], ...]
    totals: Mapping[str, Mapping[str, Any]]

    def rule(self, rule_id: str) -> Mapping[str, Any]:
        return next(one for one in self.coverage if one["id"] == rule_id)


@cache
def load_book(coverage: Path = COVERAGE, gates: Path = GATES, totals: Path = TOTALS) -> RuleBook:
    """All rules; DataFileError names file and entry of what is odd."""
    rules = read_entries(coverage, "rule", {"when", "decision"} | SPOKEN)
    for one in rules:
        _check_rule(coverage, one)
    found = read_entries(gates, "gate", {"when", "effect"} | SPOKEN)
    for one in found:
        if one["effect"] not in EFFECTS:
            raise odd_entry(gates, one["id"], f"{one['effect']!r} is no effect")
    sums = read_entries(totals, "total", {"meaning"} | SPOKEN)
    return RuleBook(rules, found, {one["id"]: one for one in sums})


def _check_rule(path: Path, rule: Mapping[str, Any]) -> None:
    decision = rule["decision"]
    if decision.startswith("@"):
        known = load_settings().get(decision[1:])
        if known is None or known.choices is None:
            raise odd_entry(path, rule["id"], f"{decision} is no setting with choices")
    elif decision not in DECISIONS:
        raise odd_entry(path, rule["id"], f"{decision!r} is no decision")
    spoken = [rule.get("missing"), rule.get("count", {}).get("exceeded") if "count" in rule else None]
    for one in spoken:
        if one is not None and not {"decision", "reason_code", "ko", "en"} <= set(one):
            raise odd_entry(path, rule["id"], "missing and exceeded need decision, reason_code, ko and en")
    if "count" in rule and not {"by", "max", "exceeded"} <= set(rule["count"]):
        raise odd_entry(path, rule["id"], "count needs by, max and exceeded")
    if rule.get("valid_to") and rule.get("valid_from") and rule["valid_to"] < rule["valid_from"]:
        raise odd_entry(path, rule["id"], "ends before it begins")


@cache
def load_settings(path: Path = SETTINGS) -> dict[str, Setting]:
    """Every setting by name, in file order."""
    found = {}
    for raw in read_entries(path, "setting", {"amb", "is", "meaning"}, key="name"):
        choices = tuple(raw["choices"]) if "choices" in raw else None
        if choices is not None and raw["is"] not in choices:
            raise odd_entry(path, raw["name"], f"{raw['is']!r} is not among its choices")
        if choices is None and not (isinstance(raw["is"], int) and "minimum" in raw):
            raise odd_entry(path, raw["name"], "needs choices, or an amount with its minimum")
        found[raw["name"]] = Setting(raw["name"], raw["amb"], raw["is"], choices, raw)
    return found


def list_regions() -> list[str]:
    """Names of the regions that have a profile."""
    return sorted(path.stem for path in REGIONS.glob("*.toml"))


def load_profile(
    region: str = DEFAULT_REGION, on: date | None = None, switches: Mapping[str, str | int] | None = None
) -> Profile:
    """The profile of a region on a day (None: whatever holds without an end).

    UsageError for an unknown region, setting or choice; InputError on a day before the region's file begins.
    """
    if region not in list_regions():
        raise UsageError(
            f"There is no region {region!r}.",
            f"{region!r} 지역의 기준은 없습니다.",
            fix_en=f"Known: {', '.join(list_regions())}.",
            fix_ko=f"쓸 수 있는 지역: {', '.join(list_regions())}.",
        )
    raw = read_toml(REGIONS / f"{region}.toml")
    if on is not None and on < raw["valid_from"]:
        raise InputError(
            f"The profile of {region} begins on {raw['valid_from']}.",
            f"{raw['name_ko']} 기준은 {raw['valid_from']}부터 있습니다.",
            fix_en="Assess on a later day, or add the older profile with its source.",
            fix_ko="그 뒤의 날짜로 산정하거나 종전 기준을 근거와 함께 추가하세요.",
        )
    settings = _resolve(dict(raw.get("settings", {})) | dict(switches or {}))
    day = on or date.max
    papers = [one for one in read_csv(DOCUMENTS) if holds_on(one, DOCUMENTS, one["rule_id"], day)]
    names = [one for one in read_csv(NAMES) if holds_on(one, NAMES, one["name"], day)]
    return Profile(
        region,
        raw["association_ko"],
        raw["portal_url"],
        raw.get("phones", {}),
        settings,
        tuple(one for one in papers if one["regions"] == "all" or region in one["regions"].split()),
        tuple(one for one in names if _is_chosen(one["setting"], settings)),
    )


def _is_chosen(condition: str, settings: Mapping[str, str | int]) -> bool:
    """Whether a row that hangs on ``setting=choice`` is in use; an empty condition always is."""
    name, _, choice = condition.partition("=")
    return not name or settings[name] == choice


def _resolve(chosen: Mapping[str, Any]) -> dict[str, str | int]:
    """Defaults with what was chosen over them."""
    known = load_settings()
    settings: dict[str, str | int] = {name: one.default for name, one in known.items()}
    for name, value in chosen.items():
        if name not in known:
            raise _odd_switch(name, f"known: {', '.join(known)}")
        choices = known[name].choices
        if choices is None:
            text = str(value)
            if not text.isdecimal() or int(text) < known[name].raw["minimum"]:
                raise _odd_switch(name, f"whole won from {known[name].raw['minimum']}")
            settings[name] = int(text)
        elif value in choices:
            settings[name] = value
        else:
            raise _odd_switch(name, f"choices: {', '.join(choices)}")
    return settings


def _odd_switch(name: str, allowed: str) -> UsageError:
    return UsageError(
        f"Setting {name} cannot be so ({allowed}).",
        f"{name} 설정을 그렇게 정할 수 없습니다 ({allowed}).",
        fix_en="See rules/settings.toml of the scheme.",
        fix_ko="제도의 rules/settings.toml을 확인하세요.",
    )


def explain(rule_id: str) -> dict[str, Any]:
    """A rule, gate, paper, sum or open point for a person; UsageError for an unknown id."""
    wanted = rule_id.upper()
    book = load_book()
    for file, entries in (
        ("coverage", book.coverage),
        ("gates", book.gates),
        ("totals", book.totals.values()),
    ):
        for raw in entries:
            if raw["id"].upper() == wanted:
                return {"id": raw["id"], "file": f"rules/{file}.toml"} | dict(raw)
    for row in read_csv(DOCUMENTS):
        if row["rule_id"].upper() == wanted:
            return {"id": row["rule_id"], "file": "rules/documents.csv"} | row
    points = [dict(one.raw) for one in load_settings().values() if one.amb == wanted]
    if points:
        return {"id": wanted, "file": "rules/settings.toml", "settings": points}
    raise UsageError(
        f"There is no rule {rule_id}.",
        f"{rule_id} 규칙은 없습니다.",
        fix_en="See docs/school-assessment.md.",
        fix_ko="docs/school-assessment.md를 확인하세요.",
    )
