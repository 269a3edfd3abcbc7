"""What people may decide and what it does, on SQLite and on PostgreSQL."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from cheonggu.errors import StateError, UsageError
from cheonggu.ledger import Ledger, NewInstruction, Submission
from cheonggu.states import BatchStage, ClaimState
from tests.ledger.ledger_builders import (
    ACTOR,
    PERSON,
    PROVIDER,
    SCHEME,
    check,
    claim_of,
    extract,
    finding,
    hand_off,
    intend,
    keys_of,
    open_at,
    receipt,
    receipt_notice,
    states_of,
    take,
    validate,
    verdicts,
)


def decision(kind: str, subject: str, **detail: str) -> NewInstruction:
    return NewInstruction(SCHEME, kind, PROVIDER, subject, "kim01", "확인함", detail=detail)


def open_submissions(ledger: Ledger) -> list[Submission]:
    found = ledger.open_submission("hira_client")
    return [] if found is None else [found]


class Promises:
    @pytest.fixture
    def ledger(self, url: str) -> Iterator[Ledger]:
        with open_at(url) as ledger:
            yield ledger
            assert ledger.verify() == []

    def test_an_approval_is_bound_to_the_files_it_was_given_for(self, ledger: Ledger) -> None:
        check(ledger, "b1")
        claim_no = claim_of(ledger, "b1").claim_no
        digest = ledger.frozen_digest(PROVIDER, claim_no)
        with pytest.raises(StateError, match="not for the files"):
            ledger.decide(decision("approval", claim_no, files="another"), PERSON)
        given = ledger.decide(decision("approval", claim_no, files=digest), PERSON)
        assert ledger.decide(decision("approval", claim_no, files=digest), PERSON) == given
        assert [one.detail for one in ledger.instructions(SCHEME, kind="approval")] == [{"files": digest}]

    def test_only_a_checked_claim_is_approved(self, ledger: Ledger) -> None:
        claim = hand_off(ledger, "b1")
        with pytest.raises(StateError, match="cannot be approved"):
            ledger.decide(decision("approval", claim.claim_no), PERSON)
        assert ledger.instructions(SCHEME) == []

    def test_a_withdrawal_frees_the_statements_and_says_why(self, ledger: Ledger) -> None:
        check(ledger, "b1")
        claim_no = claim_of(ledger, "b1").claim_no
        ledger.decide(decision("withdrawal", claim_no), PERSON)
        assert claim_of(ledger, "b1").state is ClaimState.WITHDRAWN
        assert states_of(ledger, keys_of("b1", 3)) == {"READY"}
        assert len(ledger.instructions(SCHEME, kind="withdrawal")) == 1
        ledger.decide(decision("withdrawal", claim_no), PERSON)
        assert len(ledger.instructions(SCHEME, kind="withdrawal")) == 1

    def test_what_may_be_away_is_no_withdrawal_but_may_be_found_unsent(self, ledger: Ledger) -> None:
        claim = hand_off(ledger, "b1")
        with pytest.raises(StateError, match="not_sent"):
            ledger.decide(decision("withdrawal", claim.claim_no), PERSON)
        ledger.decide(decision("not_sent", claim.claim_no), PERSON)
        assert claim_of(ledger, "b1").state is ClaimState.WITHDRAWN

    def test_an_unknown_one_is_settled_by_a_person_either_way(self, ledger: Ledger) -> None:
        for batch_id, kind, state in (("b1", "sent", "SENT"), ("b2", "not_sent", "WITHDRAWN")):
            check(ledger, batch_id)
            claim = claim_of(ledger, batch_id)
            ledger.mark_unknown(intend(ledger, claim), ACTOR)
            assert len(open_submissions(ledger)) == 1
            ledger.decide(decision(kind, claim.claim_no), PERSON)
            assert claim_of(ledger, batch_id).state == state
            assert open_submissions(ledger) == []

    def test_a_received_claim_is_neither(self, ledger: Ledger) -> None:
        claim = hand_off(ledger, "b1")
        take(ledger, receipt_notice("N1", receipt(claim)))
        for kind in ("withdrawal", "not_sent", "sent"):
            with pytest.raises(StateError):
                ledger.decide(decision(kind, claim.claim_no), PERSON)
        assert ledger.instructions(SCHEME) == []

    def test_a_stopped_claim_is_looked_at(self, ledger: Ledger) -> None:
        claim = hand_off(ledger, "b1")
        take(ledger, receipt_notice("N1", receipt(claim, claimed_amount=1)))
        assert claim_of(ledger, "b1").stopped_code is not None
        ledger.decide(decision("stop_cleared", claim.claim_no), PERSON)
        assert claim_of(ledger, "b1").stopped_code is None

    def test_a_held_batch_goes_on_each_time_it_is_released(self, ledger: Ledger) -> None:
        validate(ledger, "b1")
        for _ in range(2):
            ledger.hold("b1", "rosters", ACTOR)
            ledger.decide(decision("release", "b1"), PERSON)
            assert [one.stage for one in ledger.batches(SCHEME)] == [BatchStage.VALIDATED]
        assert len(ledger.instructions(SCHEME, kind="release")) == 2

    def test_a_remark_of_all_forms_counts_until_a_form_has_a_newer_one(self, ledger: Ledger) -> None:
        ledger.decide(decision("remark", "H021", text="가"), PERSON)
        ledger.decide(decision("remark", "*", text="나"), PERSON)
        assert [ledger.remark_for(PROVIDER, form) for form in ("H021", "H010")] == ["나", "나"]
        ledger.decide(decision("remark", "H021", text="다"), PERSON)
        ledger.decide(decision("remark", "*", text="나"), PERSON)
        assert ledger.remark_for(PROVIDER, "H021") == "나"
        recent = ledger.remarks(PROVIDER).to_pylist()
        assert [(one["form_no"], one["text"]) for one in recent] == [
            ("*", "나"),
            ("H021", "다"),
            ("H021", "가"),
        ]

    def test_a_statement_is_given_up_once(self, ledger: Ledger) -> None:
        keys = extract(ledger, "b1")
        ledger.record_validated("b1", verdicts(keys, blocked=keys[:1]), finding(keys[0]), ACTOR)
        ledger.decide(decision("write_off", keys[0]), PERSON)
        ledger.decide(decision("write_off", keys[0]), PERSON)
        assert states_of(ledger, keys[:1]) == {"WRITTEN_OFF"}
        assert len(ledger.instructions(SCHEME, kind="write_off")) == 1
        with pytest.raises(StateError, match="no statement"):
            ledger.decide(decision("write_off", "unknown"), PERSON)

    def test_what_is_on_its_way_is_not_given_up(self, ledger: Ledger) -> None:
        hand_off(ledger, "b1")
        with pytest.raises(StateError, match="IN_FLIGHT"):
            ledger.decide(decision("write_off", keys_of("b1", 3)[0]), PERSON)

    def test_an_unknown_kind_or_a_missing_reason_changes_nothing(self, ledger: Ledger) -> None:
        check(ledger, "b1")
        claim_no = claim_of(ledger, "b1").claim_no
        with pytest.raises(UsageError, match="no decision"):
            ledger.decide(decision("burn", claim_no), PERSON)
        with pytest.raises(UsageError, match="reason"):
            ledger.decide(dataclasses.replace(decision("withdrawal", claim_no), reason=""), PERSON)
        assert claim_of(ledger, "b1").state is ClaimState.CHECKED_OK


class TestOnSqlite(Promises):
    @pytest.fixture
    def url(self, sqlite_ledger: str) -> str:
        return sqlite_ledger


class TestOnPostgresql(Promises):
    @pytest.fixture
    def url(self, postgres_ledger: str) -> str:
        return postgres_ledger
