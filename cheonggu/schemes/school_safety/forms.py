"""Field tables of the scheme's forms (서식 항목표) and what an entry still lacks before it can be registered.

One CSV a form under ``rules/forms/``: name, label, type, required (yes, no, cond, system), codes ``value=label|…``.
Fields marked ``cond`` depend on others and ``system`` are given by the portal; both are left to their own rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from cheonggu.schemes.school_safety.data import RULES, odd_entry, read_csv

FORMS = RULES / "forms"
REQUIREMENTS = {"yes", "no", "cond", "system"}
KINDS: dict[str, type | tuple[type, ...]] = {
    "krw": int, "bool": bool, "date": date, "datetime": datetime, "list": (list, tuple),
}  # fmt: skip


@dataclass(frozen=True)
class FormField:
    """One field of a form. ``codes``: value → Korean label, empty when any value will do."""

    name: str
    name_ko: str
    kind: str
    required: str
    codes: Mapping[str, str]
    rule: str
    confidence: str


@dataclass(frozen=True)
class FieldProblem:
    """A field that is missing or not as its table says; the value is not repeated."""

    field: str
    code: str
    ko: str
    en: str


@cache
def form_fields(form: str) -> tuple[FormField, ...]:
    """The fields of a form in their order; DataFileError for an odd table, KeyError for an unknown form."""
    path = FORMS / f"{form}.csv"
    if not path.is_file():
        raise KeyError(form)
    fields = []
    for number, row in enumerate(read_csv(path), start=1):
        if row["form"] != form or row["seq"] != str(number):
            raise odd_entry(path, row["name_en"], f"is not field {number} of {form}")
        if row["required"] not in REQUIREMENTS:
            raise odd_entry(path, row["name_en"], f"{row['required']!r} is no requirement")
        pairs = [one.partition("=") for one in row["codes"].split("|")] if row["type"] == "code" else []
        codes = {value: label or value for value, _, label in pairs if " " not in value}
        fields.append(
            FormField(
                row["name_en"],
                row["name_ko"],
                row["type"],
                row["required"],
                codes,
                row["rule"],
                row["confidence"],
            )
        )
    return tuple(fields)


def check_entry(form: str, values: Mapping[str, Any]) -> list[FieldProblem]:
    """What an entry lacks: required fields that are empty, codes that are not listed, values of another type."""
    found = []
    for one in form_fields(form):
        name = one.name.removesuffix("[]")
        if "." in name:
            continue  # rows of a list are checked with the list's own form
        value = values.get(name)
        if value is None or value == "":
            if one.required == "yes":
                found.append(_problem(one, "missing", "값이 없습니다", "is missing"))
        elif one.codes and value not in one.codes:
            found.append(
                _problem(one, "unknown_code", "정해진 값이 아닙니다", "is not one of the listed values")
            )
        elif not _is_kind(value, one.kind):
            found.append(_problem(one, "wrong_type", "형식이 맞지 않습니다", "does not have the right type"))
    return found


def _is_kind(value: Any, kind: str) -> bool:
    if kind not in KINDS:
        return isinstance(value, str)
    is_mixed_up = kind == "krw" and isinstance(value, bool)
    return isinstance(value, KINDS[kind]) and not is_mixed_up


def _problem(field: FormField, code: str, ko: str, en: str) -> FieldProblem:
    name = field.name.removesuffix("[]")
    return FieldProblem(name, code, f"{field.name_ko}: {ko}", f"{name} {en}")
