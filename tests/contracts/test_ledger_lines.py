"""Lines, days, visits and signature requests, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pyarrow as pa
import pytest
from sqlalchemy import text

from cheonggu.ledger import Claim, Ledger
from cheonggu.ledger.lines import CLAIM_LINES, VISITS
from cheonggu.notices import LINE_DECISIONS, Clock
from tests.ledger.ledger_builders import (
    ACTOR,
    SCHEME,
    hand_off,
    open_at,
    receipt,
    receipt_notice,
    review,
    review_notice,
    take,
)

DUE, LATER = date(2026, 7, 22), date(2026, 8, 5)


def claimed(*lines: tuple[str, int, int]) -> pa.Table:
    rows = [
        {
            "statement_no": no,
            "line_no": line,
            "person_key": "P1",
            "case_key": "A1",
            "facts": "{}",
            "claimed_amount": won,
        }
        for no, line, won in lines
    ]
    return pa.Table.from_pylist(rows, schema=CLAIM_LINES)


def decided(*lines: tuple[str, int, int, int]) -> pa.Table:
    rows = [
        {
            "statement_no": no,
            "line_no": line,
            "decision": "pay" if paid else "deny",
            "claimed_amount": won,
            "decided_amount": paid,
        }
        for no, line, won, paid in lines
    ]
    return pa.Table.from_pylist(rows, schema=LINE_DECISIONS)


class LinePromises:
    @pytest.fixture
    def ledger(self, url: str) -> Iterator[Ledger]:
        with open_at(url) as opened:
            yield opened

    @pytest.fixture
    def claim(self, ledger: Ledger) -> Claim:
        """A received claim with two lines and a running day."""
        found = hand_off(ledger, "b1")
        lines = claimed(("00001", 1, 700), ("00001", 2, 300))
        for _ in range(2):
            ledger.keep_lines("b1", lines, VISITS.empty_table(), ACTOR)
        clock = Clock(found.claim_no, None, "decide_by", DUE)
        take(ledger, replace(receipt_notice("N1", receipt(found)), clocks=(clock,)))
        return found

    def test_the_group_of_a_claim_is_its_batch_s_and_an_unknown_claim_has_none(
        self, ledger: Ledger, claim: Claim
    ) -> None:
        (mine,) = [one for one in ledger.batches(SCHEME) if one.batch_id == claim.batch_id]
        assert mine.group
        assert ledger.claim_group(claim.provider_code, claim.claim_no) == mine.group
        assert ledger.claim_group(claim.provider_code, "2026079999") is None
        assert ledger.claim_group("99999999", claim.claim_no) is None

    def test_a_day_of_the_claim_holds_for_every_statement_until_one_is_told_another(
        self, ledger: Ledger, claim: Claim
    ) -> None:
        assert {row["due_on"] for row in ledger.clocks(SCHEME).to_pylist()} == {DUE}
        assert len(ledger.clocks(SCHEME)) == 3
        clocks = (
            Clock(claim.claim_no, "00001", "decide_by", None),
            Clock(claim.claim_no, "00002", "decide_by", LATER),
        )
        take(ledger, replace(review_notice("N2", review(claim, {"00001": "accepted"})), clocks=clocks))
        rows = {row["statement_no"]: row["due_on"] for row in ledger.clocks(SCHEME).to_pylist()}
        assert rows == {"00002": LATER, "00003": DUE}

    def test_the_newest_decision_of_a_line_counts_and_the_same_notice_counts_once(
        self, ledger: Ledger, claim: Claim
    ) -> None:
        first = replace(
            review_notice("N2", review(claim, {"00001": "accepted"})),
            lines=decided(("00001", 1, 700, 700), ("00001", 2, 300, 0)),
        )
        for _ in range(2):
            take(ledger, first)
        assert sum(ledger.history_lines(SCHEME)["decided_amount"].to_pylist()) == 700
        second = replace(
            review_notice("N3", review(claim, {"00001": "accepted"}, review_round="20260801")),
            lines=decided(("00001", 2, 300, 300)),
        )
        take(ledger, second)
        assert sum(ledger.history_lines(SCHEME)["decided_amount"].to_pylist()) == 1000
        assert ledger.verify() == []

    def test_what_arrives_late_does_not_undo_a_newer_word(self, ledger: Ledger, claim: Claim) -> None:
        newer = replace(
            review_notice("N3", review(claim, {"00001": "accepted"}, review_round="20260801")),
            lines=decided(("00001", 2, 300, 300)),
            clocks=(Clock(claim.claim_no, "00001", "decide_by", LATER),),
            issued=date(2026, 8, 1),
        )
        late = replace(
            review_notice("N2", review(claim, {"00001": "accepted"})),
            lines=decided(("00001", 2, 300, 0)),
            clocks=(Clock(claim.claim_no, "00001", "decide_by", None),),
        )
        for one in (newer, late):
            take(ledger, one)
        assert ledger.history_lines(SCHEME)["decided_amount"].to_pylist() == [300]
        rows = {row["statement_no"]: row["due_on"] for row in ledger.clocks(SCHEME).to_pylist()}
        assert rows == {"00001": LATER, "00002": DUE, "00003": DUE}

    def test_an_edited_line_or_decision_is_found(self, ledger: Ledger, claim: Claim) -> None:
        lines = decided(("00001", 1, 700, 700))
        take(ledger, replace(review_notice("N2", review(claim, {"00001": "accepted"})), lines=lines))
        for table in ("claim_line", "line_decision"):
            with ledger._engine.begin() as connection:
                connection.execute(text(f"UPDATE {table} SET claimed_amount = claimed_amount + 1"))
        assert {one.code for one in ledger.verify()} == {"members", "decisions"}

    def test_a_signature_request_is_kept_once_under_its_number(self, ledger: Ledger) -> None:
        for number, day in ((1, DUE), (1, LATER), (2, LATER)):
            ledger.record_signature_request(
                SCHEME, "S1", number, asked_on=day, medium="sms", reference=f"m{number}", actor=ACTOR
            )
        rows = ledger.signature_requests(SCHEME).to_pylist()
        assert [(row["request_no"], row["kind"], row["asked_on"]) for row in rows] == [
            (1, "first", DUE),
            (2, "reminder", LATER),
        ]


class TestSqlite(LinePromises):
    @pytest.fixture
    def url(self, sqlite_ledger: str) -> str:
        return sqlite_ledger


class TestPostgresql(LinePromises):
    @pytest.fixture
    def url(self, postgres_ledger: str) -> str:
        return postgres_ledger
