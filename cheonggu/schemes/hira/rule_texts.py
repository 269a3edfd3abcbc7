"""Texts of the scheme's own findings (``rules/settlement.toml``), rules of the rosters (``rules/rosters.toml``), and
one way to explain any rule that is no check.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from cheonggu.dated import load_series
from cheonggu.errors import DataFileError
from cheonggu.holidays import CALENDAR
from cheonggu.schemes.hira.amounts_rules import explain
from cheonggu.schemes.hira.data import HOME, VALUES

FINDINGS_FILE, ROSTERS_FILE = HOME / "rules" / "settlement.toml", HOME / "rules" / "rosters.toml"
MESSAGES = ("message_ko", "message_en", "fix_ko", "fix_en")
FURTHER = ("id", "meaning", "basis", "confidence")


@cache
def finding_rules() -> dict[str, dict[str, Any]]:
    """Every finding of the settlement by id; DataFileError names an odd entry."""
    return _read(FINDINGS_FILE, "finding", (*FURTHER, *MESSAGES))


@cache
def roster_rules() -> dict[str, dict[str, Any]]:
    """Every rule of the rosters by id; DataFileError names an odd entry."""
    return _read(ROSTERS_FILE, "rule", (*FURTHER, "label_ko"))


def texts_of(rule_id: str) -> dict[str, str]:
    """Messages and fixes of one finding, as columns of a findings table."""
    return {name: finding_rules()[rule_id][name] for name in MESSAGES}


def explain_rule(rule_id: str) -> dict[str, Any]:
    """Any rule that gives an amount, a roster detail or a finding of these; UsageError for an unknown id."""
    wanted = rule_id.upper()
    if wanted in finding_rules():
        return dict(finding_rules()[wanted])
    if wanted in roster_rules():
        rule = roster_rules()[wanted]
        return rule | {"values": {name: _values(name) for name in rule["values"]}}
    return explain(rule_id)


def _values(name: str) -> dict[str, Any]:
    series = load_series(CALENDAR if name == CALENDAR.stem else VALUES / f"{name}.toml")
    rows = [
        {"from": one.first.isoformat(), "to": one.last.isoformat() if one.last else None, "is": one.value}
        for one in series.values
    ]
    return {"meaning": series.meaning, "confidence": series.confidence, "values": rows}


def _read(path: Path, table: str, needed: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for number, raw in enumerate(tomllib.loads(path.read_text(encoding="utf-8"))[table], start=1):
        lacking = [name for name in needed if not raw.get(name)]
        if lacking or raw["id"] in found:
            what = f"lacks {', '.join(lacking)}" if lacking else f"{raw['id']} stands twice"
            raise DataFileError(
                f"{path.name}, entry {number}: {what}.", f"{path.name}, {number}번째: {what}."
            )
        found[raw["id"]] = raw
    return found
