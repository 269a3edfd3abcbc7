"""The vocabulary of ``cheonggu copay``: one statement as JSON, read strictly, and many as the engine's two tables.

The JSON Schema beside the rules (``rules/copay/input.schema.json``) is the one description of the keys; this reader
takes names, types, choices and limits from it, so that schema and reader cannot part.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any

import pyarrow as pa

from cheonggu.schemes.hira.amounts_rules import FOLDER
from cheonggu.vocabulary import MalformedError, limit_decimals, read_day, read_json_object

SCHEMA_FILE = FOLDER / "input.schema.json"
# Decimals of the wire: prices in hundredths of a won, doses with four decimals, daily quantities with two.
SCALES = {"unit_price": 2, "dose_qty": 4, "daily_qty": 2}
ARROW = {"string": pa.string(), "boolean": pa.bool_(), "integer": pa.int64(), "number": pa.int64()}


@cache
def schema() -> Mapping[str, Any]:
    """The JSON Schema of one statement."""
    loaded: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return loaded


def read_statement(text: str) -> dict[str, Any]:
    """One statement; MalformedError names the first field that does not follow the schema."""
    found = read_json_object(text, schema())
    for place, line in enumerate(found["lines"]):
        _check_line(line, f"lines[{place}]")
    days = {name: read_day(found[name], name) for name in ("care_on", "care_until") if name in found}
    return found | days


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
    limit_decimals(line, SCALES, where)
