"""The vocabulary of ``cheonggu school assess``: one claim as JSON, read strictly, and many as the engine's tables.

The JSON Schema beside the rules (``rules/input.schema.json``) is the one description of the keys. Every line of the
file stands alone: keys of accidents, pupils and receipts are kept apart, so that one line never counts in another.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

import pyarrow as pa

from cheonggu.schemes.school_safety.assessment_tables import input_columns
from cheonggu.schemes.school_safety.data import RULES
from cheonggu.vocabulary import (
    DAY_PATTERN,
    MalformedError,
    limit_decimals,
    read_day,
    read_json_object,
    refuse_twins,
)

SCHEMA_FILE = RULES / "input.schema.json"
SCALES = {"width_cm": 2, "length_cm": 2, "area_cm2": 2}
APART = ("accident_key", "victim_key", "receipt_key")


@cache
def schema() -> Mapping[str, Any]:
    """The JSON Schema of one claim."""
    loaded: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return loaded


def read_claim(text: str) -> dict[str, Any]:
    """One claim; MalformedError names the first field that does not follow the vocabulary."""
    found = read_json_object(text, schema())
    claim = _with_days(found, schema(), "")
    refuse_twins((one["receipt_key"] for one in claim["receipts"]), "receipts[{}].receipt_key")
    for place, item in enumerate(claim["items"]):
        item.setdefault("item_key", str(place + 1))
        for number, scar in enumerate(item.get("scars", [])):
            limit_decimals(scar, SCALES, f"items[{place}].scars[{number}]")
    refuse_twins((one["item_key"] for one in claim["items"]), "items[{}].item_key")
    known = {one["receipt_key"] for one in claim["receipts"]}
    for place, item in enumerate(claim["items"]):
        if item.get("receipt_key", "") not in known | {""}:
            raise MalformedError(
                f"items[{place}].receipt_key", "영수증 목록에 없습니다", "is not among the receipts"
            )
    return claim


def tables_of(claims: Sequence[Mapping[str, Any]]) -> dict[str, pa.Table]:
    """The engine's tables of many claims, keyed by place; sizes in hundredths."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in input_columns()}
    for place, claim in enumerate(claims):
        for name, row in _rows(str(place), claim):
            rows[name].append(row)
    return {
        name: pa.Table.from_pylist(
            rows[name], schema=pa.schema([(column, kind) for column, (kind, _) in columns.items()])
        )
        for name, columns in input_columns().items()
    }


def _rows(key: str, claim: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    own = {"claim_key": key}
    yield "claims", _apart(key, claim) | own
    yield from (("documents", own | {"document_code": code}) for code in claim.get("documents", []))
    yield from (("receipts", _apart(key, one) | own) for one in claim["receipts"])
    for item in claim["items"]:
        line = own | {"item_key": item["item_key"]}
        yield "items", _apart(key, item) | line
        yield from (("documents", line | {"document_code": code}) for code in item.get("documents", []))
        for scar in item.get("scars", []):
            sizes = {name: int(Decimal(scar[name]).scaleb(2)) for name in SCALES if name in scar}
            yield "scars", scar | sizes | line
    for one in claim.get("history", []):
        here = {name: claim[name] for name in ("accident_key", "victim_key") if name in claim}
        yield "history", _apart(key, here | one)


def _apart(key: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """The record with the keys that join records of different lines kept apart."""
    kept = {name: f"{key} {record[name]}" for name in APART if name in record}
    return {name: value for name, value in record.items() if not isinstance(value, list)} | kept


def _with_days(record: Mapping[str, Any], rule: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The record with its days as dates, down to the last list."""
    found: dict[str, Any] = {}
    for name, value in record.items():
        kind = rule["properties"][name]
        if kind.get("pattern") == DAY_PATTERN:
            found[name] = read_day(value, f"{where}{name}")
        elif kind["type"] == "array" and kind["items"]["type"] == "object":
            found[name] = [
                _with_days(one, kind["items"], f"{where}{name}[{place}].") for place, one in enumerate(value)
            ]
        else:
            found[name] = value
    return found
