"""Texts of the scheme's own findings (``rules/settlement.toml``), and one way to explain any rule that is no check."""

from __future__ import annotations

import tomllib
from functools import cache
from typing import Any

from cheonggu.errors import DataFileError
from cheonggu.schemes.hira.amounts_rules import explain
from cheonggu.schemes.hira.data import HOME

FILE = HOME / "rules" / "settlement.toml"
MESSAGES = ("message_ko", "message_en", "fix_ko", "fix_en")
FURTHER = ("id", "meaning", "basis", "confidence")


@cache
def finding_rules() -> dict[str, dict[str, Any]]:
    """Every finding of the settlement and the rosters by id; DataFileError names an odd entry."""
    found: dict[str, dict[str, Any]] = {}
    for number, raw in enumerate(tomllib.loads(FILE.read_text(encoding="utf-8"))["finding"], start=1):
        lacking = [name for name in (*FURTHER, *MESSAGES) if not raw.get(name)]
        if lacking or raw["id"] in found:
            what = f"lacks {', '.join(lacking)}" if lacking else f"{raw['id']} stands twice"
            raise DataFileError(
                f"{FILE.name}, entry {number}: {what}.", f"{FILE.name}, {number}번째: {what}."
            )
        found[raw["id"]] = raw
    return found


def texts_of(rule_id: str) -> dict[str, str]:
    """Messages and fixes of one finding, as columns of a findings table."""
    return {name: finding_rules()[rule_id][name] for name in MESSAGES}


def explain_rule(rule_id: str) -> dict[str, Any]:
    """Any rule that gives an amount, a roster detail or a finding of these; UsageError for an unknown id."""
    known = finding_rules().get(rule_id.upper())
    return dict(known) if known else explain(rule_id)
