"""The co-payment rules as data (본인일부부담금 규칙): read from ``rules/copay/*.toml``, checked, and explained.

A rule carries the facts of its source and our reading of them: ``patients`` (groups), ``kind``, ``when`` (conditions
with the step of the order they belong to), ``variants`` (other components under a condition), ``fund``. Loaders refuse
what is odd and name file and entry.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from cheonggu.errors import DataFileError, UsageError
from cheonggu.money import as_rate
from cheonggu.schemes.hira.amounts_model import BUCKET_NO, BUCKETS
from cheonggu.schemes.hira.data import CODES, HOME

FOLDER = HOME / "rules" / "copay"
RULE_FILES = (
    "hi_outpatient", "hi_inpatient", "hi_pharmacy", "hi_special_case", "near_poor", "medical_aid", "duty_and_veterans",
    "further",
)  # fmt: skip
FACT_KEYS = {
    "id", "insurer", "care", "provider", "area", "patient_class", "symbol", "age", "condition", "components",
    "tier_base", "tiers", "rounding", "valid_from", "valid_to", "valid_from_confidence", "source", "confidence", "note",
}  # fmt: skip
OUR_KEYS = {"label_ko", "patients", "kind", "when", "variants", "fund", "class_f_fund", "part"}
GROUPS = {"HI", "NP_C", "NP_EF", "MA1", "MA2", "DUTY"}
KINDS = {"general", "child", "infant", "own", "whole", "overlay", "payer"}
BASES = {
    "TOTAL1", "TOTAL1_EX_MEAL", "TOTAL1_NO_TYPE_ADD", "CONSULT", "DRUG", "REST", "MEAL", "MEAL_BASE", "MEAL_ADD",
    "S_EQUIP", "VISIT", "CHRONIC_MGMT_FEE", "LAI_DRUG", "ORDINARY_COPAY", "TOTAL1_MINUS_VETERAN", "AS_RULE",
}  # fmt: skip
CONDITIONS = {
    "symbols", "symbols_too", "symbols_except", "categories", "age_from", "age_below", "copay_classes", "care", "area",
    "medical_aid_classes", "medical_aid_classes_except", "provider", "provider_kinds", "provider_kinds_except",
    "dental_prosthesis", "listed_minor", "is_direct_dispensing", "is_public_health_prescription", "has_medication",
    "is_dispensing_exempt_area", "is_korean_medicine_department", "is_chronic_continuing", "is_benefit_restricted",
    "is_unapproved_transplant", "is_veteran", "patients", "kinds", "rules", "switch", "choice",
}  # fmt: skip
# Floor of the share in won: outpatients and pharmacies, then inpatients. 1 stands for "no rounding".
ROUNDINGS = {
    "floor100": (100, 100),
    "floor10": (10, 10),
    "floor100 for rates": (100, 100),
    "floor100 for rates, none for fixed": (100, 100),
    "floor10 for rates": (10, 10),
    "none": (1, 1),
    "floor100 outpatient, floor10 inpatient": (100, 10),
    "as care": (100, 10),
    "as near-poor E": (100, 10),
    "as ordinary copay": (100, 10),
    "veteran_claim floor10, copay floor100": (100, 10),
}


@dataclass(frozen=True)
class Condition:
    """Facts that must hold; ``step`` is its place in the order of classes (rules only)."""

    facts: Mapping[str, Any]
    step: int = 0
    is_strict: bool | None = None  # None: F-symbols claim their class, others do not

    @cached_property
    def asks_symbol(self) -> bool:
        """Whether nothing of it can hold or be claimed on a statement without a symbol."""
        return "symbols" in self.facts and (not self.triggers or "symbols" in self.triggers)

    @cached_property
    def triggers(self) -> dict[str, Any]:
        """Facts that claim the class: when they hold and the rest does not, the statement contradicts itself."""
        wanted: dict[str, Any] = {}
        symbols = self.facts.get("symbols", ())
        is_claim = all(one.startswith("F") for one in symbols) if self.is_strict is None else self.is_strict
        if symbols and is_claim:
            wanted["symbols"] = symbols
        if "dental_prosthesis" in self.facts:
            wanted["dental_prosthesis"] = self.facts["dental_prosthesis"]
        if self.facts.get("is_unapproved_transplant"):
            wanted["is_unapproved_transplant"] = True
        return wanted


@dataclass(frozen=True)
class ChargeRule:
    """A rate in ten-thousandths, "own", "refuse" or "add" (points on top of the room's rate), and when it is due."""

    rate: int | str
    condition: Condition
    from_switch: str = ""
    buckets_except: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """Rate of charged parts: the first of ``charges`` that fits, else ``otherwise`` (own | refuse)."""

    rule: Rule
    buckets: tuple[str, ...]
    charges: tuple[ChargeRule, ...]
    otherwise: str
    add_points: int = 0


@dataclass(frozen=True)
class Rule:
    """One rule, carve-out, section or amount; ``raw`` is the entry as it stands in the file."""

    id: str
    file: str
    raw: Mapping[str, Any]
    first: date | None
    last: date | None
    whens: tuple[Condition, ...] = ()
    variants: tuple[tuple[Condition, Mapping[str, Any]], ...] = ()
    parts: tuple[Part, ...] = field(default=(), compare=False)

    @property
    def kind(self) -> str:
        return str(self.raw.get("kind", ""))

    @property
    def label_ko(self) -> str:
        return str(self.raw.get("label_ko") or self.raw.get("name") or self.id)


@dataclass(frozen=True, eq=False)
class RuleBook:
    """All rules with one choice of switches."""

    rules: Mapping[str, Rule]
    switches: Mapping[str, str]
    steps: tuple[str, ...]
    symbols: Mapping[str, Any]
    providers: Mapping[str, Mapping[str, str]]
    provider_words: Mapping[str, Mapping[str, Any]]
    ceilings: Mapping[int, int]
    categories: Mapping[str, Mapping[str, str]]

    def bounds(self, rule: Rule) -> tuple[date, date | None]:
        """First and last day a rule may be used; a start no source states is the switch ``unstated_start_from``."""
        return rule.first or date.fromisoformat(self.switches["unstated_start_from"]), rule.last

    def holds(self, rule: Rule, on: date) -> bool:
        first, last = self.bounds(rule)
        return first <= on and (last is None or on <= last)

    def floor_of(self, rule: Rule, care: str, rounding: str | None = None) -> int:
        outpatient, inpatient = ROUNDINGS[rounding or str(rule.raw["rounding"])]
        return inpatient if care == "inpatient" else outpatient

    @cached_property
    def parts_of(self) -> dict[str, tuple[Part, ...]]:
        """Parts with a rate of their own by charged part, in file order."""
        parts = [part for rule in self.rules.values() for part in rule.parts]
        return {name: tuple(one for one in parts if name in one.buckets) for name in BUCKETS}


def load_rules(switches: Mapping[str, str] | None = None, folder: Path = FOLDER) -> RuleBook:
    """The rule book; ``switches`` override the documented defaults (UsageError for an unknown name or choice)."""
    chosen = tuple(sorted((switches or {}).items()))
    return _load(chosen, folder)


def explain(rule_id: str, switches: Mapping[str, str] | None = None) -> dict[str, Any]:
    """One rule for a person: meaning, rates, dates, source, confidence; UsageError for an unknown id."""
    book = load_rules(switches)
    rule = book.rules.get(rule_id.upper())
    if rule is None:
        raise UsageError(
            f"There is no rule {rule_id}.",
            f"{rule_id} 규칙은 없습니다.",
            fix_en="See `cheonggu rules list` and docs/copay.md.",
            fix_ko="`cheonggu rules list`와 docs/copay.md를 확인하세요.",
        )
    raw = {key: _plain(value) for key, value in rule.raw.items()}
    shown: dict[str, Any] = {"id": rule.id, "label_ko": rule.label_ko, "file": f"rules/copay/{rule.file}"}
    shown["meaning"] = (
        raw.get("meaning") or raw.get("patient_class") or raw.get("base") or raw.get("name") or ""
    )
    for key in ("components", "tiers", "rates", "rate", "variants", "patient_share", "tertiary_60"):
        if key in raw:
            shown[key] = raw[key]
    shown["valid_from"] = raw.get("valid_from")
    shown["valid_to"] = raw.get("valid_to")
    if rule.raw.get("rounding") and "valid_from" not in raw:
        shown["used_from"] = book.bounds(rule)[0].isoformat()
    shown["source"] = raw.get("source", "")
    shown["confidence"] = raw.get("confidence", "")
    return shown | {key: value for key, value in raw.items() if key not in shown and key != "part"}


@cache
def _load(chosen: tuple[tuple[str, str], ...], folder: Path) -> RuleBook:
    order = _read(folder / "order.toml")
    steps = tuple(order["steps"])
    rules: dict[str, Rule] = {}
    for name in RULE_FILES:
        for number, raw in enumerate(_read(folder / f"{name}.toml")["rule"], start=1):
            _keep(rules, _rule(f"{name}.toml", number, raw, steps))
    for number, raw in enumerate(_read(folder / "carve_outs.toml")["carve_out"], start=1):
        _keep(rules, _with_parts("carve_outs.toml", number, raw))
    for name, table in (("sections.toml", "section"), ("amounts.toml", "amount")):
        for raw in _read(folder / name)[table]:
            _keep(rules, Rule(raw["id"], name, raw, None, None))
    limits = _read(folder / "upper_limit.toml")
    sources = {"source": limits["year"][-1]["source"], "confidence": limits["year"][-1]["confidence"]}
    _keep(rules, Rule(limits["id"], "upper_limit.toml", limits | sources, None, None))
    providers = _read(folder / "providers.toml")
    return RuleBook(
        rules,
        _switches(folder, dict(chosen)),
        steps,
        _read(folder / "symbols.toml"),
        providers["kind"],
        providers["words"],
        {year["year"]: year["general"][-1] * 10_000 for year in limits["year"]},
        {one.row["symbol"]: one.row for one in CODES.rows("special_symbol")},
    )


def _keep(rules: dict[str, Rule], rule: Rule) -> None:
    if rule.id in rules:
        raise _odd(rule.file, rule.id, "stands twice")
    rules[rule.id] = rule


def _switches(folder: Path, chosen: dict[str, str]) -> dict[str, str]:
    known = {one["name"]: one for one in _read(folder / "settings.toml")["switch"]}
    values = {name: str(one["is"]) for name, one in known.items()}
    for name, value in chosen.items():
        choices = known[name].get("choices") if name in known else ()
        if choices is not None and value not in choices:
            raise UsageError(
                f"Switch {name} cannot be {value!r}.",
                f"스위치 {name}에 {value!r} 값은 쓸 수 없습니다.",
                fix_en="See rules/copay/settings.toml.",
                fix_ko="rules/copay/settings.toml을 확인하세요.",
            )
        values[name] = value
    return values


def _rule(file: str, number: int, raw: dict[str, Any], steps: tuple[str, ...]) -> Rule:
    where = raw.get("id", f"entry {number}")
    unknown = set(raw) - FACT_KEYS - OUR_KEYS
    if unknown:
        raise _odd(file, where, f"has unknown keys {sorted(unknown)}")
    for key in ("id", "patient_class", "rounding", "source", "confidence", "label_ko", "patients", "kind"):
        if key not in raw:
            raise _odd(file, where, f"lacks {key}")
    if raw["kind"] not in KINDS or not set(raw["patients"]) <= GROUPS or raw["rounding"] not in ROUNDINGS:
        raise _odd(file, where, "has an unknown kind, patient group or rounding")
    _check_components(file, where, raw.get("components", []))
    whens = tuple(_condition(file, where, one, steps) for one in raw.get("when", ()))
    if not whens and raw["kind"] not in ("overlay", "payer"):
        raise _odd(file, where, "has no when")
    variants = []
    for one in raw.get("variants", ()):
        _check_components(file, where, one["components"])
        facts = {key: value for key, value in one.items() if key not in ("components", "rounding")}
        variants.append((_condition(file, where, facts), one))
    return _with_parts(file, number, raw, whens, tuple(variants))


def _with_parts(
    file: str,
    number: int,
    raw: dict[str, Any],
    whens: tuple[Condition, ...] = (),
    variants: tuple[tuple[Condition, Mapping[str, Any]], ...] = (),
) -> Rule:
    where = raw.get("id", f"entry {number}")
    for key in ("valid_from", "valid_to"):
        if key in raw and not isinstance(raw[key], date):
            raise _odd(file, where, f"has no date in {key}")
    first, last = raw.get("valid_from"), raw.get("valid_to")
    if first and last and last < first:
        raise _odd(file, where, "ends before it begins")
    rule = Rule(raw["id"], file, raw, first, last, whens, variants)
    parts = tuple(_part(file, where, rule, one) for one in raw.get("part", ()))
    return Rule(rule.id, file, raw, first, last, whens, variants, parts)


def _part(file: str, where: str, rule: Rule, raw: dict[str, Any]) -> Part:
    if set(raw) - {"buckets", "otherwise", "charge", "add_points"} or not set(raw["buckets"]) <= set(
        BUCKET_NO
    ):
        raise _odd(file, where, "has a part with unknown keys or buckets")
    if raw["otherwise"] not in ("own", "refuse"):
        raise _odd(file, where, "says neither own nor refuse")
    charges = []
    for one in raw["charge"]:
        facts = {
            key: value for key, value in one.items() if key not in ("rate", "from_switch", "buckets_except")
        }
        rate = one.get("rate", "add")
        charges.append(
            ChargeRule(
                rate if isinstance(rate, str) else _rate(file, where, rate),
                _condition(file, where, facts),
                one.get("from_switch", ""),
                tuple(one.get("buckets_except", ())),
            )
        )
    points = _rate(file, where, raw.get("add_points", 0))
    return Part(rule, tuple(raw["buckets"]), tuple(charges), raw["otherwise"], points)


def _condition(file: str, where: str, raw: Mapping[str, Any], steps: tuple[str, ...] = ()) -> Condition:
    facts = {key: value for key, value in raw.items() if key not in ("step", "is_strict")}
    unknown = set(facts) - CONDITIONS
    if unknown:
        raise _odd(file, where, f"has unknown conditions {sorted(unknown)}")
    if steps and raw.get("step") not in steps:
        raise _odd(file, where, f"has the unknown step {raw.get('step')!r}")
    return Condition(facts, steps.index(raw["step"]) if steps else 0, raw.get("is_strict"))


def _check_components(file: str, where: str, components: list[dict[str, Any]]) -> None:
    for one in components:
        if one.get("base") not in BASES:
            raise _odd(file, where, f"has the unknown base {one.get('base')!r}")
        if "rate" in one:
            _rate(file, where, one["rate"])


def _rate(file: str, where: str, value: Any) -> int:
    try:
        rate = as_rate(value)
    except (ValueError, ArithmeticError, TypeError) as error:
        raise _odd(file, where, f"has the odd rate {value!r}") from error
    if not 0 <= rate <= 10_000:
        raise _odd(file, where, f"has the rate {value} outside 0 to 1")
    return rate


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise _odd(path.name, "file", f"cannot be read as TOML ({error})") from error


def _odd(file: str, where: str, what: str) -> DataFileError:
    return DataFileError(f"{file}, {where}: {what}.", f"{file}, {where}: {what}.")


def _plain(value: Any) -> Any:
    """TOML values as JSON knows them; decimals keep their digits."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
