"""The school-accident assessment (공제급여 심사 제안): line decisions, papers, time limit, gates, the proposed sum.

``assess`` takes Arrow tables (``rules/assessment_tables.csv``) and a region's profile and proposes; a person decides.
What the rules do not settle is ``review`` and never inside the payable sum. The rules are
data: ``coverage.toml``, ``gates.toml``, ``totals.toml``, ``documents.csv``, ``names.csv`` and ``settings.toml`` under
``rules/``. Vocabulary: docs/school-assessment.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from cheonggu.query import Tables
from cheonggu.schemes.school_safety.assessment_decide import decide_lines
from cheonggu.schemes.school_safety.assessment_facts import prepare
from cheonggu.schemes.school_safety.assessment_lines import CORES, make_lines
from cheonggu.schemes.school_safety.assessment_rules import (
    EFFECTS,
    Profile,
    RuleBook,
    explain,
    load_book,
    load_profile,
)
from cheonggu.schemes.school_safety.assessment_tables import conform_tables
from cheonggu.schemes.school_safety.assessment_totals import settle

__all__ = ["Assessment", "Profile", "assess", "explain", "load_profile"]

CLOSING = ("block", "redirect", "deny_all")


@dataclass(frozen=True)
class Assessment:
    """The proposal as tables; schemas in ``assessment_tables`` (CLAIMS, ITEMS, PAPERS, GATES)."""

    claims: pa.Table
    items: pa.Table
    papers: pa.Table
    gates: pa.Table


def assess(tables: Mapping[str, pa.Table], profile: Profile | str, on: date) -> Assessment:
    """Assess every claim of ``tables`` (claims, items and, where there are any, receipts, scars, documents, history).

    ``profile`` a region's profile or its name; ``on`` the day of the assessment, also the day of filing of a claim that
    names none. Money int64 won. InputError for tables that break ``assessment_tables.csv``.
    """
    chosen = load_profile(profile, on) if isinstance(profile, str) else profile
    book = load_book()
    db = prepare(conform_tables(tables), chosen, on)
    _open_gates(db, book)
    make_lines(db, book)
    decide_lines(db, book, chosen, CORES)
    return Assessment(**settle(db, book))


def _open_gates(db: Tables, book: RuleBook) -> None:
    """Tables ``gate`` (every gate that holds) and ``heaviest`` (one a claim), and ``is_closed`` on ``claim``."""
    parts = []
    for number, one in enumerate(book.gates):
        texts = [one[name] for name in ("id", "effect", "reason_code", "ko", "en")]
        duties = " ".join(one.get("duties", [])) or None
        cells = ", ".join(_quoted(text) for text in (*texts, one.get("where_ko"), duties))
        parts.append(
            f"SELECT claim_key, {number}, {EFFECTS.index(one['effect'])}, {cells} "
            f"FROM claim CROSS JOIN s WHERE {one['when']}"
        )
    columns = (
        "claim_key, gate_no, weight, rule_id, effect, reason_code, reason_ko, reason_en, where_ko, duties"
    )
    db.run(f"CREATE TABLE gate ({_typed(columns)})")
    db.run(f"INSERT INTO gate {' UNION ALL '.join(parts)}")
    db.run(
        "CREATE TABLE heaviest AS SELECT DISTINCT ON (claim_key) * FROM gate ORDER BY claim_key, weight, gate_no"
    )
    db.run("ALTER TABLE claim ADD COLUMN is_closed BOOLEAN DEFAULT false")
    db.run(
        f"UPDATE claim SET is_closed = true WHERE claim_key IN (SELECT claim_key FROM gate WHERE effect IN {CLOSING})"
    )


def _typed(columns: str) -> str:
    numbers = ("gate_no", "weight")
    return ", ".join(f"{name} {'BIGINT' if name in numbers else 'VARCHAR'}" for name in columns.split(", "))


def _quoted(text: str | None) -> str:
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"
