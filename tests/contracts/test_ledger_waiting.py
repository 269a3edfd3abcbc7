"""What the ledger says waits, and blocked statements that a person lets pass, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pyarrow as pa
import pytest

from cheonggu.ageing import find_objections, make_ageing
from cheonggu.deadlines import load_deadlines
from cheonggu.errors import StateError
from cheonggu.ledger import Filing, Ledger, NewInstruction
from cheonggu.notices import ClaimRef, RequestItem, SupplementRequest
from tests.ledger.ledger_builders import (
    ACTOR,
    CLAIMED,
    PERSON,
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
    states_of,
    take,
    verdicts,
)
from tests.ledger.money_builders import CUT, NUMBER, ROUND, decide, notice
from tests.support import HIRA

DEADLINES = load_deadlines(HIRA.answers.deadlines, HIRA.answers.public_holidays)

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

    def test_held_statements_filings_and_requests_wait_with_their_days(self, ledger: Ledger) -> None:
        claim = decide(ledger, {"00001": "adjusted", "00002": "held", "00003": "adjusted"})
        assert [one["won"] for one in rows_of(ledger, "held_by_reviewer")] == [CLAIMED]
        filed_on = date(2026, 8, 3)
        for kind, serial in (("objection", "00001"), ("re-review", "00003")):
            filing = Filing(serial, CUT, date(2026, 10, 18))
            ledger.file_dispute(PROVIDER, claim.claim_no, kind, [filing], filed_on, PERSON)
        for kind in ("objection_filed", "re_review_filed"):
            (row,) = rows_of(ledger, kind)
            assert (row["since"], row["won"], row["code"]) == (filed_on, CUT, "filed")
        items = (RequestItem("영상", "00002"),)
        request = SupplementRequest(date(2026, 8, 20), ClaimRef(claim.claim_no, NUMBER, "2026", ROUND), items)
        take(ledger, notice("M1", "supplement-request", "F060", supplement_request=request))
        (asked,) = rows_of(ledger, "material")
        assert (asked["due_on"], asked["since"], asked["statements"]) == (
            date(2026, 8, 20),
            date(2026, 8, 1),
            1,
        )
        ageing = make_ageing(ledger.waiting(SCHEME), DEADLINES, date(2026, 8, 14)).to_pylist()
        dues = {one["kind"]: (one["due_on"], one["is_near"]) for one in ageing}
        assert dues["material"] == (date(2026, 8, 20), True)
        assert dues["objection_filed"] == (date(2026, 10, 2), False)
        assert dues["re_review_filed"] == (date(2026, 9, 2), False)
        assert dues["held_by_reviewer"] == (None, False)
        decided = NewInstruction(SCHEME, "material_sent", "", "M1", "kim", "sent by post")
        ledger.decide(decided, PERSON)
        assert rows_of(ledger, "material") == []

    def test_the_report_sorts_by_urgency_and_names_what_may_still_be_disputed(self, ledger: Ledger) -> None:
        decide(ledger, {"00001": "adjusted", "00002": "impossible"})
        keys = extract(ledger, "b2")
        ledger.record_validated("b2", verdicts(keys, blocked=keys), finding(keys[0]), ACTOR)

        def rows_on(day: date) -> list[dict[str, object]]:
            tables = [ledger.waiting(SCHEME), find_objections(ledger, HIRA, day)]
            return list(make_ageing(pa.concat_tables(tables), DEADLINES, day).to_pylist())

        ageing = rows_on(date(2026, 10, 1))
        assert [one["kind"] for one in ageing] == ["objection", *["blocked"] * 3, "impossible"]
        assert (ageing[0]["due_on"], ageing[0]["forbid_on"], ageing[0]["is_near"]) == (
            date(2026, 10, 17),
            date(2026, 10, 18),
            True,
        )
        assert (ageing[1]["due_on"], ageing[1]["days"]) == (date(2029, 4, 30), 86)
        assert {one["kind"] for one in rows_on(date(2026, 10, 20))} == {"impossible", "blocked"}

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
    def url(self, sqlite_ledger: str) -> str:
        return sqlite_ledger


class TestOnPostgresql(Promises):
    @pytest.fixture
    def url(self, postgres_ledger: str) -> str:
        return postgres_ledger
