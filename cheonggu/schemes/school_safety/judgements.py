"""Texts of this scheme's own findings (``rules/judgement.toml``), and how one is made."""

from __future__ import annotations

import tomllib
from functools import cache
from typing import Any

from cheonggu import findings
from cheonggu.schemes.school_safety.values import HOME

TEXTS = ("message_ko", "message_en", "fix_ko", "fix_en")


@cache
def judgements() -> dict[str, dict[str, str]]:
    """Texts and what they answer (``reason``, ``outcome`` or ``paper``), by rule id."""
    path = HOME / "rules" / "judgement.toml"
    loaded: dict[str, dict[str, str]] = tomllib.loads(path.read_text(encoding="utf-8"))
    return loaded


def rules_by(what: str) -> dict[str, str]:
    """The value of ``what`` (reason, outcome, paper) → rule id."""
    return {one[what]: rule_id for rule_id, one in judgements().items() if what in one}


def make_finding(
    rule_id: str, key: str, record: str, detail: str, line_no: int | None = None
) -> dict[str, Any]:
    """One error of this scheme's judgement."""
    texts = judgements()[rule_id]
    return {
        "rule_id": rule_id,
        "level": findings.ERROR,
        "stage": "validate",
        "scope": "statement",
        "statement_key": key,
        "record": record,
        "line_no": line_no,
        "detail": detail,
        **{name: texts[name] for name in TEXTS},
    }
