"""What the ledger says waits, and blocked statements that a person lets pass, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from cheonggu.ageing import make_ageing
from cheonggu.deadlines import load_deadlines
from cheonggu.errors import StateError
from cheonggu.ledger import Ledger
from tests.ledger.ledger_builders import (
    ACTOR,
    CLAIMED,
    PROVIDER,
    SCHEME,
    check,
    claim_of,
    extract,
    finding,
    hand_off,
    intend,
    members,
    new_batch,
    open_at,
    receipt,
    receipt_notice,
    review,
    review_notice,
    states_of,
    take,
    verdicts,
)
from tests.support import HIRA

SINCE = date(2026, 7, 7)  # the builders' clock stands at 21:00 UTC of 6 July


def rows_of(ledger: Ledger, kind: str) -> list[dict[str, object]]:
    return [one for one in ledger.waiting(SCHEME).to_pylist() if one["kind"] == kind]


class Promises:
    @pytest.fixture
    def ledger(self, url: str) -> Iterator[Ledger]:
        with open_at(url) as ledger:
            yield ledger

    def test_statements_wait_one_by_one_with_their_last_move(self, ledger: Ledger) -> None:
        keys = extract(ledger, "b1")
        ledger.record_validated("b1", verdicts(keys, blocked=keys[:1]), finding(keys[0]), ACTOR)
        (blocked,) = rows_of(ledger, "blocked")
        assert blocked["statement_key"] == keys[0]
        assert (blocked["since"], blocked["month"], blocked["won"]) == (SINCE, "202605", CLAIMED)
        assert {one["statement_key"] for one in rows_of(ledger, "unclaimed")} == set(keys[1:])

    def test_claims_wait_for_what_their_state_says(self, ledger: Ledger) -> None:
        check(ledger, "b1")
        assert [one["claim_no"] for one in rows_of(ledger, "not_handed_off")] == ["2026050001"]
        claim = hand_off(ledger, "b2")
        assert [one["claim_no"] for one in rows_of(ledger, "not_sent")] == [claim.claim_no]
        ledger.mark_sent(PROVIDER, claim.claim_no, ACTOR)
        assert [one["since"] for one in rows_of(ledger, "no_receipt")] == [SINCE]
        take(ledger, receipt_notice("N1", receipt(claim)))
        (waiting,) = rows_of(ledger, "no_review")
        assert (waiting["start_on"], waiting["won"], waiting["statements"]) == (
            date(2026, 7, 8),
            3 * CLAIMED,
            3,
        )

    def test_unknown_held_and_stopped_claims_wait_for_a_person(self, ledger: Ledger) -> None:
        check(ledger, "b1")
        ledger.mark_unknown(intend(ledger, claim_of(ledger, "b1")), ACTOR)
        assert len(rows_of(ledger, "send_unknown")) == 1
        check(ledger, "b2")
        ledger.hold("b2", "PRECHECK", ACTOR)
        (held,) = rows_of(ledger, "held_claim")
        assert (held["code"], held["statements"], held["won"]) == ("PRECHECK", 3, 3 * CLAIMED)
        assert len(rows_of(ledger, "not_handed_off")) == 0
        take(ledger, receipt_notice("N1", receipt(claim_of(ledger, "b1"), claimed_amount=1)))
        (stopped,) = rows_of(ledger, "stopped_claim")
        assert stopped["code"] == "count-or-amount"

    def test_decisions_open_an_objection_from_the_day_of_their_notice(self, ledger: Ledger) -> None:
        claim = hand_off(ledger, "b1")
        take(ledger, receipt_notice("N1", receipt(claim)))
        take(ledger, review_notice("N2", review(claim, {"00001": "adjusted", "00002": "held"})))
        (objection,) = rows_of(ledger, "objection")
        assert (objection["start_on"], objection["won"], objection["statements"]) == (
            date(2026, 7, 20),
            510,
            1,
        )
        assert [one["won"] for one in rows_of(ledger, "held_by_reviewer")] == [CLAIMED]
        assert [one["since"] for one in rows_of(ledger, "objection")] == [SINCE]

    def test_the_report_sorts_by_urgency_and_drops_what_is_too_late_to_object_to(
        self, ledger: Ledger
    ) -> None:
        claim = hand_off(ledger, "b1")
        take(ledger, receipt_notice("N1", receipt(claim)))
        take(ledger, review_notice("N2", review(claim, {"00001": "adjusted", "00002": "impossible"})))
        keys = extract(ledger, "b2")
        ledger.record_validated("b2", verdicts(keys, blocked=keys), finding(keys[0]), ACTOR)
        deadlines = load_deadlines(HIRA.deadlines, HIRA.public_holidays)
        ageing = make_ageing(ledger.waiting(SCHEME), deadlines, date(2026, 10, 1)).to_pylist()
        assert [one["kind"] for one in ageing] == ["objection", *["blocked"] * 3, "impossible"]
        assert (ageing[0]["due_on"], ageing[0]["days_left"], ageing[0]["is_near"]) == (
            date(2026, 10, 17),
            16,
            True,
        )
        assert (ageing[1]["due_on"], ageing[1]["days"]) == (date(2029, 4, 30), 86)
        late = make_ageing(ledger.waiting(SCHEME), deadlines, date(2026, 10, 20)).to_pylist()
        assert {one["kind"] for one in late} == {"impossible", "blocked"}

    def test_an_overridden_statement_is_billable_free_and_joins_as_it_is(self, ledger: Ledger) -> None:
        keys = extract(ledger, "b1", 2)
        ledger.record_validated("b1", verdicts(keys, blocked=keys), finding(keys[0]), ACTOR)
        ledger.override_blocked(SCHEME, keys[:1], [5], ACTOR)
        assert ledger.statement_keys(SCHEME, "BILLABLE") == keys[:1]
        assert ledger.statement_keys(SCHEME, "BLOCKED") == keys[1:]
        ledger.add_batches([new_batch("b2")], members("b2", keys[:1]), ACTOR)
        assert states_of(ledger, keys[:1]) == {"BILLABLE"}
        kinds = ledger.statement_history(keys[0])["kind"].to_pylist()
        assert kinds == ["extracted", "validated", "overridden", "extracted"]
        with pytest.raises(StateError):
            ledger.override_blocked(SCHEME, keys[:1], [5], ACTOR)
        assert ledger.verify() == []


class TestOnSqlite(Promises):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'ledger.db'}"


class TestOnPostgresql(Promises):
    @pytest.fixture
    def url(self, postgres_url: str) -> str:
        return postgres_url
