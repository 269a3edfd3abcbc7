"""Proofs night by night on both databases: what is new each night, the whole again, and kept proofs nobody can move."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from cheonggu.ledger import Ledger, open_ledger
from cheonggu.ledger.audit import hash_event
from tests.ledger.ledger_builders import (
    ACTOR,
    SECRET,
    check,
    claim_of,
    hand_off,
    receipt,
    receipt_notice,
    review,
    review_notice,
    take,
)

WEEK = 7


@dataclass
class Clock:
    now: datetime = field(default_factory=lambda: datetime(2026, 7, 6, 21, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def pass_days(self, days: int) -> None:
        self.now += timedelta(days=days)


def edit(ledger: Ledger, *statements: str) -> None:
    with ledger._engine.begin() as connection:
        for statement in statements:
            assert connection.execute(text(statement)).rowcount > 0


def codes(ledger: Ledger) -> set[str]:
    return {one.code for one in ledger.prove(WEEK).problems}


class ProofPromises:
    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def ledger(self, url: str, clock: Clock) -> Iterator[Ledger]:
        """A claim was received and the ledger proven; then the second night brought its review result."""
        with open_ledger(url, SECRET, clock=clock) as ledger:
            claim = hand_off(ledger, "b1")
            take(ledger, receipt_notice("N1", receipt(claim)))
            first = ledger.prove(WEEK, ACTOR)
            assert (first.problems, first.is_whole, first.after) == ((), True, 0)
            clock.pass_days(1)
            take(ledger, review_notice("N2", review(claim, {"00002": "adjusted"})))
            check(ledger, "b2")
            yield ledger

    def test_a_night_proves_only_what_is_new(self, ledger: Ledger) -> None:
        second = ledger.prove(WEEK, ACTOR)
        assert (second.problems, second.is_whole) == ((), False)
        assert 0 < second.after < second.last
        third = ledger.prove(WEEK, ACTOR)
        assert (third.problems, third.after) == ((), second.last)
        assert ledger.prove(WEEK, ACTOR).last == third.last  # nothing new, no further record
        assert ledger.verify() == []

    def test_without_an_actor_nothing_is_kept(self, ledger: Ledger) -> None:
        assert ledger.prove(WEEK).after == ledger.prove(WEEK).after

    @pytest.mark.parametrize(
        ("statement", "code"),
        [
            ("UPDATE event SET actor = 'x' WHERE event_id = (SELECT max(event_id) - 1 FROM event)", "chain"),
            ("UPDATE event SET hash = 'x' WHERE event_id = (SELECT max(event_id) FROM event)", "head"),
            ("UPDATE event_statement SET to_state = 'PAID' WHERE statement_key = 'b2-S001'", "rows"),
            ("UPDATE decision SET decided_amount = 1 WHERE statement_no = '00002'", "decisions"),
            ("UPDATE claim_statement SET claimed_amount = 1 WHERE statement_key = 'b2-S001'", "members"),
            ("UPDATE statement SET state = 'PAID' WHERE statement_key = 'b2-S001'", "state"),
            ("UPDATE claim SET state = 'PAID' WHERE batch_id = 'b2'", "state"),
            ("DELETE FROM live_submission WHERE statement_key = 'b2-S001'", "live"),
        ],
    )
    def test_an_edit_of_what_is_new_is_found_the_same_night(
        self, ledger: Ledger, statement: str, code: str
    ) -> None:
        edit(ledger, statement)
        proof = ledger.prove(WEEK, ACTOR)
        assert not proof.is_whole
        assert code in {one.code for one in proof.problems}
        assert ledger.prove(WEEK, ACTOR).after == proof.after  # a proof that found something is not kept

    @pytest.mark.parametrize(
        ("statement", "code"),
        [
            ("UPDATE event SET actor = 'x' WHERE event_id = 2", "chain"),
            ("UPDATE event_statement SET to_state = 'PAID' WHERE event_id = 1", "rows"),
            ("UPDATE claim_statement SET claimed_amount = 1 WHERE statement_key = 'b1-S001'", "members"),
        ],
    )
    def test_an_edit_of_what_is_old_is_found_on_demand_and_by_the_whole_proof(
        self, ledger: Ledger, clock: Clock, statement: str, code: str
    ) -> None:
        edit(ledger, statement)
        assert codes(ledger) == set()
        assert code in {one.code for one in ledger.verify()}
        clock.pass_days(WEEK - 2)
        assert not ledger.prove(WEEK).is_whole
        clock.pass_days(1)
        whole = ledger.prove(WEEK, ACTOR)
        assert whole.is_whole
        assert code in {one.code for one in whole.problems}

    def test_the_whole_is_proven_again_after_its_days_and_counts_anew(
        self, ledger: Ledger, clock: Clock
    ) -> None:
        for _ in range(WEEK - 2):
            clock.pass_days(1)
            assert not ledger.prove(WEEK, ACTOR).is_whole
        clock.pass_days(1)
        assert ledger.prove(WEEK, ACTOR).is_whole
        clock.pass_days(1)
        assert not ledger.prove(WEEK, ACTOR).is_whole
        clock.pass_days(-30)  # a clock that was set back must not put the whole proof off
        assert ledger.prove(WEEK).is_whole

    def test_a_kept_proof_moved_forward_is_found_though_its_chain_was_written_anew(
        self, ledger: Ledger
    ) -> None:
        """Somebody edits a decision and lets the kept proof reach past it: the seal needs the secret."""
        with ledger._engine.begin() as connection:
            row = connection.execute(text("SELECT * FROM event WHERE kind = 'proven'")).mappings().one()
            last = (
                connection.execute(text("SELECT * FROM event ORDER BY event_id DESC LIMIT 1"))
                .mappings()
                .one()
            )
            told = json.loads(row["detail"]) | {"event": last["event_id"], "hash": last["hash"]}
            values = dict(row) | {"detail": json.dumps(told)}
            change = text("UPDATE event SET detail = :detail, hash = :hash WHERE event_id = :event_id")
            digest = hash_event(row["previous_hash"], values)
            connection.execute(change, {**values, "hash": digest})
        proof = ledger.prove(WEEK, ACTOR)
        assert proof.is_whole
        assert {"proof", "chain"} <= {one.code for one in proof.problems}

    def test_a_kept_proof_that_was_taken_away_only_makes_the_next_one_longer(self, ledger: Ledger) -> None:
        edit(ledger, "UPDATE event SET kind = 'x' WHERE kind = 'proven'")
        assert codes(ledger) == {"chain"}
        assert ledger.prove(WEEK).is_whole

    def test_two_claims_proven_apart_are_sound_together(self, ledger: Ledger) -> None:
        ledger.prove(WEEK, ACTOR)
        ledger.hold("b2", "APPROVAL", ACTOR)
        assert (codes(ledger), claim_of(ledger, "b2").stopped_code) == (set(), None)
        assert ledger.verify() == []


class TestOnSqlite(ProofPromises):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'ledger.db'}"


class TestOnPostgresql(ProofPromises):
    @pytest.fixture
    def url(self, postgres_url: str) -> str:
        return postgres_url
