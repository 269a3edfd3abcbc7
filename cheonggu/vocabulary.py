"""One JSON object per line, read strictly against a JSON Schema: the part of it our vocabularies use.

The schema beside a scheme's rules is the one description of the keys; names, types, choices and limits come from it,
so that schema and reader cannot part.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

DAY_PATTERN = r"^\d{4}-\d{2}-\d{2}$"
TYPES = {"string": str, "boolean": bool, "integer": int, "array": list, "object": dict}


class MalformedError(Exception):
    """A line of the file that does not follow the vocabulary: which field and why."""

    def __init__(self, field: str, ko: str, en: str) -> None:
        self.field, self.ko, self.en = field, ko, en
        super().__init__(en)


def read_json_object(text: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """One object that follows the schema, numbers exact; MalformedError names the first field that does not."""
    try:
        found = json.loads(
            text, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_no_twins
        )
    except (ValueError, RecursionError) as error:
        raise MalformedError("", "JSON이 아닙니다", "the line is not JSON") from error
    _check(found, schema, "")
    read: dict[str, Any] = found
    return read


def read_day(text: str, field: str) -> date:
    """An ISO day; MalformedError when there is no such day."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise MalformedError(field, "날짜가 아닙니다", "is not a date") from error


def limit_decimals(record: Mapping[str, Any], scales: Mapping[str, int], where: str) -> None:
    """MalformedError when a number has more decimals than its scale."""
    for name, places in scales.items():
        value = record.get(name)
        if value is not None and Decimal(value).scaleb(places) % 1:
            raise MalformedError(
                f"{where}.{name}", f"소수는 {places}자리까지입니다", f"at most {places} decimals"
            )


def refuse_twins(values: Iterable[Any], field: str) -> None:
    """MalformedError when a key stands twice; ``field`` holds ``{}`` for the place."""
    seen: set[Any] = set()
    for place, value in enumerate(values):
        if value in seen:
            raise MalformedError(field.format(place), "같은 값이 두 번 있습니다", "stands twice")
        seen.add(value)


def _check(value: Any, rule: Mapping[str, Any], where: str) -> None:
    """The part of JSON Schema we use: type, enum, pattern, limits, items, required keys, no other keys."""
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


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)
