"""What every ledger database tells the pre-check of the past: the same on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from cheonggu.ledger import Batch, Ledger
from tests.ledger.ledger_builders import (
    ACTOR,
    MONTH,
    RRN,
    SCHEME,
    TOTAL,
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


def batch_of(ledger: Ledger, batch_id: str) -> Batch:
    return next(one for one in ledger.batches(SCHEME) if one.batch_id == batch_id)


class PastPromises:
    @pytest.fixture
    def ledger(self, url: str) -> Iterator[Ledger]:
        with open_at(url) as ledger:
            yield ledger

    def test_statements_of_the_same_patient_in_other_claims_are_met(self, ledger: Ledger) -> None:
        hand_off(ledger, "b1")
        keys = assemble(ledger, "b2")
        past = ledger.past(batch_of(ledger, "b2"), AS_OF, months=[MONTH])
        rows = past["statements"].sort_by("statement_no").to_pylist()
        assert [(row["batch_id"], row["statement_no"], row["state"]) for row in rows] == [
            ("b1", number, "IN_FLIGHT") for number in ("00001", "00002", "00003")
        ]
        assert {row["total_benefit_cost_1"] for row in rows} == {TOTAL}
        mine = past["identities"].to_pylist()
        assert {row["statement_key"] for row in mine} == set(keys)
        assert {row["patient_hash"] for row in mine} == {row["patient_hash"] for row in rows}
        assert all(row["content_hash"] == row["checked_hash"] for row in mine)
        assert RRN.encode() not in {row["patient_hash"] for row in mine}

    def test_claims_tell_whether_they_were_sent(self, ledger: Ledger) -> None:
        sent = hand_off(ledger, "b1")
        assemble(ledger, "b2")
        assemble(ledger, "b3")
        past = ledger.past(batch_of(ledger, "b2"), AS_OF, months=[MONTH])
        assert [(row["claim_no"], row["state"], row["is_sent"]) for row in past["claims"].to_pylist()] == [
            (sent.claim_no, "HANDED_OFF", "Y"),
            (batch_of(ledger, "b3").claim_no, "ASSEMBLED", ""),
        ]
        assert past["claims"]["payer_class"].to_pylist() == ["4", "4"]
        assert ledger.past(batch_of(ledger, "b2"), AS_OF, months=["202604"])["claims"].num_rows == 0

    def test_a_decision_comes_with_reason_and_day_and_a_withdrawn_claim_not_at_all(
        self, ledger: Ledger
    ) -> None:
        claim = hand_off(ledger, "b1")
        take(ledger, receipt_notice("D1", receipt(claim)))
        outcomes = {"00001": "impossible", "00002": "adjusted", "00003": "accepted"}
        take(ledger, review_notice("D2", review(claim, outcomes)))
        keys = assemble(ledger, "b2")
        gone = assemble(ledger, "b3")
        withdrawn = batch_of(ledger, "b3")
        ledger.withdraw_claim(withdrawn.provider_code, str(withdrawn.claim_no), "a test", ACTOR)
        past = ledger.past(batch_of(ledger, "b2"), AS_OF, months=[MONTH], receipt_nos=["0001234"])
        found = {row["statement_no"]: row for row in past["statements"].to_pylist()}
        assert {row["batch_id"] for row in found.values()} == {"b1"}
        assert not {row["statement_key"] for row in found.values()} & {*keys, *gone}
        impossible = found["00001"]
        told = [impossible[name] for name in ("state", "reason_code", "detail_code")]
        assert told == ["IMPOSSIBLE", "16", "10"]
        assert impossible["notified_on"] is not None
        assert (found["00002"]["state"], found["00002"]["reason_code"]) == ("ADJUSTED", None)
        assert {row["receipt_no"] for row in found.values()} == {"0001234"}


class TestOnSqlite(PastPromises):
    @pytest.fixture
    def url(self, sqlite_ledger: str) -> str:
        return sqlite_ledger


class TestOnPostgresql(PastPromises):
    @pytest.fixture
    def url(self, postgres_ledger: str) -> str:
        return postgres_ledger
