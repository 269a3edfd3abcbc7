"""The past of a batch is found over its patients, receipts and lately answered claims, never by walking all of it."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import event

from cheonggu.ledger import Batch, Ledger
from tests.ledger.ledger_builders import (
    SCHEME,
    assemble,
    hand_off,
    open_at,
    receipt,
    receipt_notice,
    review,
    review_notice,
    take,
)

AS_OF = date(2026, 7, 9)
# What grows with every night that ever was; claims and notices are few.
LARGE = "(claim_statement|statement_personal|statement|decision_finding|decision|mine|own|other)"
WHOLE = re.compile(rf"SCAN {LARGE}\b|SEARCH {LARGE} USING .*\(provider_code=\?\)")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    ledger = open_at(f"sqlite:///{tmp_path / 'ledger.db'}")
    claim = hand_off(ledger, "b1")
    take(ledger, receipt_notice("D1", receipt(claim)))
    outcomes = {"00001": "impossible", "00002": "adjusted", "00003": "accepted"}
    take(ledger, review_notice("D2", review(claim, outcomes)))
    assemble(ledger, "b2")
    return ledger


def plans_of(ledger: Ledger, batch: Batch) -> list[str]:
    """SQLite's plan of every query that reading the past sends."""
    plans: list[str] = []

    def explain(_connection, cursor, statement, parameters, _context, _many) -> None:  # type: ignore[no-untyped-def]
        if statement.startswith("SELECT"):
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.extend(f"{row[3]}" for row in cursor.fetchall())

    event.listen(ledger._engine, "before_cursor_execute", explain)
    try:
        ledger.past(batch, AS_OF, months=[batch.treatment_month], receipt_nos=["0001234"])
    finally:
        event.remove(ledger._engine, "before_cursor_execute", explain)
    return plans


def test_no_query_walks_through_the_whole_past(ledger: Ledger) -> None:
    (batch,) = (one for one in ledger.batches(SCHEME) if one.batch_id == "b2")
    plans = plans_of(ledger, batch)
    ledger.close()
    assert any("resident_no_hash=?" in plan for plan in plans)
    assert [plan for plan in plans if WHOLE.search(plan)] == []
