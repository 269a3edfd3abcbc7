"""The clock of unanswered hand-offs, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from cheonggu.ledger import Ledger, open_ledger
from cheonggu.states import ClaimState
from tests.ledger.ledger_builders import (
    ACTOR,
    PERSON,
    PROVIDER,
    SCHEME,
    SECRET,
    check,
    claim_of,
    hand_off,
    intend,
    receipt,
    receipt_notice,
    states_of,
    take,
)

START = datetime(2026, 7, 6, 21, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_days(self, days: float) -> None:
        self.now += timedelta(days=days)


class OverduePromises:
    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def ledger(self, url: str, clock: Clock) -> Iterator[Ledger]:
        with open_ledger(url, SECRET, clock=clock) as opened:
            yield opened

    def test_a_claim_without_answer_becomes_unknown_after_the_days_and_not_before(
        self, ledger: Ledger, clock: Clock
    ) -> None:
        claim = hand_off(ledger, "b1")
        clock.pass_days(6.9)
        assert ledger.mark_overdue(SCHEME, 7, ACTOR) == []
        clock.pass_days(0.2)
        assert ledger.mark_overdue(SCHEME, 7, ACTOR) == [(PROVIDER, claim.claim_no)]
        assert claim_of(ledger, "b1").state == ClaimState.SEND_UNKNOWN
        assert ledger.mark_overdue(SCHEME, 7, ACTOR) == []
        assert ledger.verify() == []

    def test_a_confirmed_sending_starts_the_days_anew(self, ledger: Ledger, clock: Clock) -> None:
        claim = hand_off(ledger, "b1")
        clock.pass_days(6)
        ledger.mark_sent(PROVIDER, claim.claim_no, PERSON)
        clock.pass_days(6)
        assert ledger.mark_overdue(SCHEME, 7, ACTOR) == []
        clock.pass_days(2)
        assert ledger.mark_overdue(SCHEME, 7, ACTOR) == [(PROVIDER, claim.claim_no)]

    def test_a_receipt_ends_the_waiting(self, ledger: Ledger, clock: Clock) -> None:
        claim = hand_off(ledger, "b1")
        take(ledger, receipt_notice("N1", receipt(claim)))
        clock.pass_days(30)
        assert ledger.mark_overdue(SCHEME, 7, ACTOR) == []
        assert claim_of(ledger, "b1").state == ClaimState.RECEIVED

    def test_a_claim_that_an_import_stopped_waits_for_a_person_already(
        self, ledger: Ledger, clock: Clock
    ) -> None:
        claim = hand_off(ledger, "b1")
        take(ledger, receipt_notice("N1", receipt(claim, statement_count=claim.statement_count - 1)))
        clock.pass_days(30)
        assert ledger.mark_overdue(SCHEME, 7, ACTOR) == []

    def test_an_unexamined_set_keeps_its_gateway_occupied(self, ledger: Ledger, clock: Clock) -> None:
        keys = check(ledger, "b1")
        submission = intend(ledger, claim_of(ledger, "b1"))
        ledger.mark_placed(submission, ACTOR)
        clock.pass_days(8)
        assert len(ledger.mark_overdue(SCHEME, 7, ACTOR)) == 1
        found = ledger.open_submission("hira_client")
        assert found is not None
        assert found.state == "unknown"
        assert set(states_of(ledger, keys)) == {"IN_FLIGHT"}


class TestOnSqlite(OverduePromises):
    @pytest.fixture
    def url(self, sqlite_ledger: str) -> str:
        return sqlite_ledger


class TestOnPostgresql(OverduePromises):
    @pytest.fixture
    def url(self, postgres_ledger: str) -> str:
        return postgres_ledger
