"""The vocabulary of ``cheonggu copay``: one statement as JSON, read strictly, and many as the engine's two tables.

The JSON Schema beside the rules (``rules/copay/input.schema.json``) is the one description of the keys; this reader
takes names, types, choices and limits from it, so that schema and reader cannot part.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

import pyarrow as pa

from cheonggu.schemes.hira.amounts_rules import FOLDER

SCHEMA_FILE = FOLDER / "input.schema.json"
# Decimals of the wire: prices in hundredths of a won, doses with four decimals, daily quantities with two.
SCALES = {"unit_price": 2, "dose_qty": 4, "daily_qty": 2}
TYPES = {"string": str, "boolean": bool, "integer": int, "array": list, "object": dict}
ARROW = {"string": pa.string(), "boolean": pa.bool_(), "integer": pa.int64(), "number": pa.int64()}
LINE_KEYS = ("unit_price", "amount_won")


class MalformedError(Exception):
    """A line of the file that does not follow the vocabulary: which field and why."""

    def __init__(self, field: str, ko: str, en: str) -> None:
        self.field, self.ko, self.en = field, ko, en
        super().__init__(en)


@cache
def schema() -> Mapping[str, Any]:
    """The JSON Schema of one statement."""
    loaded: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return loaded


def read_statement(text: str) -> dict[str, Any]:
    """One statement; MalformedError names the first field that does not follow the schema."""
    try:
        found = json.loads(
            text, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_no_twins
        )
    except (ValueError, RecursionError) as error:
        raise MalformedError("", "JSON이 아닙니다", "the line is not JSON") from error
    whole = schema()
    _check(found, whole, "")
    for place, line in enumerate(found["lines"]):
        _check_line(line, f"lines[{place}]")
    days = {name: _day(found[name], name) for name in ("care_on", "care_until") if name in found}
    read: dict[str, Any] = found | days
    return read


def tables_of(statements: list[dict[str, Any]]) -> tuple[pa.Table, pa.Table]:
    """The engine's tables of statements and lines, keyed by place; numbers scaled as on the wire."""
    facts = schema()["properties"]
    columns: dict[str, Any] = {"statement_key": [str(place) for place in range(len(statements))]}
    for name, rule in facts.items():
        if name in ("statement_key", "lines", "special_symbols"):
            continue
        kind = pa.date32() if name.startswith("care_") else ARROW[rule["type"]]
        columns[name] = pa.array([one.get(name) for one in statements], kind)
    columns["special_symbols"] = pa.array(
        [" ".join(one.get("special_symbols", [])) for one in statements], pa.string()
    )
    lines: dict[str, Any] = {
        "statement_key": pa.array(
            [str(place) for place, one in enumerate(statements) for _ in one["lines"]], pa.string()
        )
    }
    for name, rule in facts["lines"]["items"]["properties"].items():
        values = [_scaled(name, line) for one in statements for line in one["lines"]]
        lines[name] = pa.array(values, ARROW[rule["type"]])
    return pa.table(columns), pa.table(lines)


def _scaled(name: str, line: Mapping[str, Any]) -> Any:
    """A number as on the wire; quantities not given are one, a dose of what is no drug counts nothing."""
    value = line.get(name)
    if name in SCALES:
        if value is None:
            return None if name == "unit_price" else 10 ** SCALES[name]
        return int(Decimal(value).scaleb(SCALES[name]))
    return 1 if name == "total_days" and value is None else value


def _check_line(line: dict[str, Any], where: str) -> None:
    if ("unit_price" in line) == ("amount_won" in line):
        raise MalformedError(
            f"{where}.unit_price",
            "unit_price와 amount_won 가운데 하나만 씁니다",
            "give either unit_price or amount_won",
        )
    for name, places in SCALES.items():
        value = line.get(name)
        if value is not None and Decimal(value).scaleb(places) % 1:
            raise MalformedError(
                f"{where}.{name}", f"소수는 {places}자리까지입니다", f"at most {places} decimals"
            )


def _check(value: Any, rule: Mapping[str, Any], where: str) -> None:
    """The part of JSON Schema the vocabulary uses: type, enum, pattern, limits, items, required keys, no other keys."""
    kind = rule["type"]
    is_number = kind == "number" and isinstance(value, int | Decimal) and not isinstance(value, bool)
    if not is_number and (kind == "number" or not _is(value, kind)):
        raise MalformedError(where, f"{_korean(kind)}이어야 합니다", f"must be {kind}")
    if "enum" in rule and value not in rule["enum"]:
        raise MalformedError(where, "정해진 값이 아닙니다", "is not one of the listed values")
    if "pattern" in rule and not re.search(rule["pattern"], value):
        raise MalformedError(where, "형식이 맞지 않습니다", "does not have the right form")
    low, high = rule.get("minimum"), rule.get("maximum")
    if (low is not None and value < low) or (high is not None and value > high):
        raise MalformedError(where, "범위를 벗어났습니다", "is outside its range")
    if kind == "array":
        if len(value) < rule.get("minItems", 0):
            raise MalformedError(where, "비어 있습니다", "is empty")
        for place, one in enumerate(value):
            _check(one, rule["items"], f"{where}[{place}]")
    if kind == "object":
        _check_object(value, rule, f"{where}." if where else "")


def _check_object(value: Mapping[str, Any], rule: Mapping[str, Any], prefix: str) -> None:
    for name in rule["required"]:
        if name not in value:
            raise MalformedError(f"{prefix}{name}", "값이 없습니다", "is missing")
    for name, one in value.items():
        if name not in rule["properties"]:
            raise MalformedError(f"{prefix}{name[:40]}", "모르는 항목입니다", "is not in the vocabulary")
        _check(one, rule["properties"][name], f"{prefix}{name}")


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _korean(kind: str) -> str:
    names = {"string": "글", "boolean": "true/false", "integer": "정수", "number": "수", "array": "배열"}
    return names.get(kind, "객체")


def _day(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise MalformedError(name, "날짜가 아닙니다", "is not a date") from error


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)
