"""A later round may accept held statements without listing them, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cheonggu.ledger import Ledger
from cheonggu.notices import Totals
from tests.ledger.ledger_builders import (
    CLAIMED,
    PROVIDER,
    hand_off,
    open_at,
    receipt,
    receipt_notice,
    review,
    review_notice,
    take,
)

HELD = {"00002": "held", "00003": "held"}


def totals(count: int, *, decided: int, refused: int = 0, won: int | None = None) -> Totals:
    return Totals(
        claimed_count=count,
        claimed_amount=count * CLAIMED if won is None else won,
        decided_count=decided,
        decided_amount=decided * CLAIMED,
        impossible_count=refused,
        impossible_amount=refused * CLAIMED,
        adjusted_count=0,
        adjusted_amount=0,
    )


class HeldRoundPromises:
    @pytest.fixture
    def ledger(self, url: str) -> Iterator[Ledger]:
        with open_at(url) as opened:
            yield opened

    def second_round(
        self, ledger: Ledger, listed: dict[str, str], said: Totals
    ) -> tuple[list[str], str | None]:
        """Outcomes after a round that follows one with two held statements, and why it stopped."""
        claim = hand_off(ledger, "b1")
        take(ledger, receipt_notice("N1", receipt(claim)))
        take(ledger, review_notice("N2", review(claim, HELD)))
        later = review(claim, listed, review_round="20260702", totals=said)
        report = take(ledger, review_notice("N3", later))
        outcomes = ledger.claim_statements(PROVIDER, claim.claim_no)["outcome"].to_pylist()
        assert ledger.verify() == []
        return outcomes, report.stopped[0].code if report.stopped else None

    def test_held_statements_that_the_totals_account_for_are_accepted(self, ledger: Ledger) -> None:
        assert self.second_round(ledger, {}, totals(2, decided=2)) == (["accepted"] * 3, None)

    def test_one_may_be_refused_and_the_other_left_out(self, ledger: Ledger) -> None:
        said = totals(2, decided=1, refused=1)
        outcomes, stop = self.second_round(ledger, {"00002": "impossible"}, said)
        assert (outcomes, stop) == (["accepted", "impossible", "accepted"], None)

    def test_a_round_of_one_listed_statement_says_nothing_of_the_other(self, ledger: Ledger) -> None:
        said = totals(1, decided=1)
        assert self.second_round(ledger, {"00002": "accepted"}, said) == (
            ["accepted", "accepted", "held"],
            None,
        )

    def test_totals_of_another_sum_accept_nothing(self, ledger: Ledger) -> None:
        outcomes, _ = self.second_round(ledger, {}, totals(2, decided=2, won=2 * CLAIMED + 10))
        assert outcomes == ["accepted", "held", "held"]


class TestOnSqlite(HeldRoundPromises):
    @pytest.fixture
    def url(self, sqlite_ledger: str) -> str:
        return sqlite_ledger


class TestOnPostgresql(HeldRoundPromises):
    @pytest.fixture
    def url(self, postgres_ledger: str) -> str:
        return postgres_ledger
