"""What every ledger database promises about statements that follow another one: guards, rounds, and no seconds."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from cheonggu.errors import StateError
from cheonggu.findings import none_found
from cheonggu.ledger import REFERENCES, Actor, Ledger, NewInstruction
from cheonggu.ledger.decisions import DecisionKind
from tests.ledger.ledger_builders import (
    ACTOR,
    MONTH,
    PROVIDER,
    SCHEME,
    claim_of,
    hand_off,
    intend,
    members,
    new_batch,
    open_at,
    receipt,
    receipt_notice,
    record_assembly,
    review,
    review_notice,
    states_of,
    take,
    verdicts,
)

PARENT = "b1-S001"
PERSON = Actor("kim", None)
ADDED = {
    "relation": "addition",
    "claim_class": "additional",
    "class_code": "2",
    "reason_code": None,
    "detail_code": None,
}


def refused_claim(ledger: Ledger, outcome: str = "impossible") -> None:
    """A claim of three statements; the first has the outcome, under reason 16-10."""
    claim = hand_off(ledger, "b1")
    take(ledger, receipt_notice("R1", receipt(claim)))
    take(ledger, review_notice("V1", review(claim_of(ledger, "b1"), {"00001": outcome})))


def reference(key: str, **changes: object) -> pa.Table:
    row = {
        "statement_key": key,
        "claim_class": "supplementary",
        "relation": "supplement",
        "class_code": "1",
        "round": 1,
        "parent_key": PARENT,
        "source_key": PARENT,
        "provider_code": PROVIDER,
        "parent_claim_no": "2026050001",
        "parent_statement_no": "00001",
        "parent_receipt_year": "2026",
        "parent_receipt_no": "0001234",
        "reason_code": "16",
        "detail_code": "10",
        "basis": "notice",
    }
    return pa.Table.from_pylist([row | changes], schema=REFERENCES)


def follow(ledger: Ledger, batch_id: str, key: str, version: str = "2", **changes: object) -> None:
    rows = members(batch_id, [key], version=version)
    ledger.add_batches([new_batch(batch_id)], rows, ACTOR, references=reference(key, **changes))


def follow_with_content_of(ledger: Ledger, batch_id: str, key: str, other: str, **changes: object) -> None:
    known = ledger.known_statements(SCHEME, PROVIDER, MONTH).to_pylist()
    (content,) = [one["content_hash"] for one in known if one["statement_key"] == other]
    rows = members(batch_id, [key]).set_column(4, "content_hash", pa.array([content]))
    ledger.add_batches([new_batch(batch_id)], rows, ACTOR, references=reference(key, **changes))


def give_up(ledger: Ledger, key: str) -> None:
    ledger.decide(
        NewInstruction(SCHEME, DecisionKind.WRITE_OFF, PROVIDER, key, "kim", "not worth it"), PERSON
    )
    assert states_of(ledger, [key]) == {"WRITTEN_OFF"}


def receive_follower(ledger: Ledger, batch_id: str, key: str, number: str) -> None:
    ledger.record_validated(batch_id, verdicts([key]), none_found(), ACTOR)
    record_assembly(ledger, batch_id, [key])
    ledger.record_prechecked(batch_id, "ok", none_found(), ACTOR)
    submission = intend(ledger, claim_of(ledger, batch_id))
    ledger.mark_placed(submission, ACTOR)
    ledger.record_examined(submission, f"DMD{number}", 0, ACTOR)
    take(ledger, receipt_notice(f"R{number}", receipt(claim_of(ledger, batch_id), number=number)))


class RerunPromises:
    def test_a_supplement_is_born_ready_and_its_receipt_replaces_the_parent(self, ledger: Ledger) -> None:
        refused_claim(ledger)
        follow(ledger, "b2", "~s1")
        assert states_of(ledger, ["~s1"]) == {"READY"}
        assert states_of(ledger, [PARENT]) == {"IMPOSSIBLE"}
        receive_follower(ledger, "b2", "~s1", "0002222")
        assert states_of(ledger, [PARENT]) == {"REPLACED"}
        assert ledger.verify() == []

    def test_the_same_batch_again_changes_nothing(self, ledger: Ledger) -> None:
        refused_claim(ledger)
        for _ in range(2):
            follow(ledger, "b2", "~s1")
        assert len(ledger.rerun_children(SCHEME, PROVIDER)) == 1

    def test_a_second_one_of_the_parent_is_refused_while_the_first_is_under_way(self, ledger: Ledger) -> None:
        refused_claim(ledger)
        follow(ledger, "b2", "~s1")
        with pytest.raises(StateError, match="waits for ~s1"):
            follow(ledger, "b3", "~s2", version="3", round=2)
        assert [one.batch_id for one in ledger.batches(SCHEME)] == ["b1", "b2"]

    def test_the_database_itself_refuses_a_second_round_of_the_same_number(self, ledger: Ledger) -> None:
        refused_claim(ledger)
        follow(ledger, "b2", "~s1")
        columns = ", ".join(REFERENCES.names[1:])
        second = f"INSERT INTO back_reference (statement_key, {columns}) SELECT 'b1-S002', {columns}"
        with pytest.raises(IntegrityError), ledger._engine.begin() as connection:
            connection.execute(text(f"{second} FROM back_reference"))

    @pytest.mark.parametrize("outcome", ["accepted", "adjusted", "held"])
    def test_only_a_refused_statement_is_supplemented(self, ledger: Ledger, outcome: str) -> None:
        refused_claim(ledger, outcome)
        with pytest.raises(StateError, match="supplement_corrected"):
            follow(ledger, "b2", "~s1", reason_code=None)

    @pytest.mark.parametrize("relation", ["addition", "supplement"])
    def test_additions_need_a_decision_and_supplements_a_refusal(self, ledger: Ledger, relation: str) -> None:
        refused_claim(ledger, "impossible" if relation == "addition" else "accepted")
        with pytest.raises(StateError, match="cannot take"):
            follow(ledger, "b2", "~s1", relation=relation, claim_class="x", reason_code=None)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"parent_receipt_no": "0001235"},
            {"parent_receipt_year": "2025"},
            {"parent_statement_no": "00002"},
            {"parent_claim_no": "2026050009"},
            {"reason_code": "02"},
        ],
    )
    def test_a_reference_that_is_not_the_parents_is_refused(
        self, ledger: Ledger, wrong: dict[str, object]
    ) -> None:
        refused_claim(ledger)
        with pytest.raises(StateError, match="Nothing was changed"):
            follow(ledger, "b2", "~s1", **wrong)
        assert len(ledger.rerun_children(SCHEME, PROVIDER)) == 0

    def test_a_supplement_given_up_before_it_was_sent_may_come_again_as_it_was(self, ledger: Ledger) -> None:
        refused_claim(ledger)
        follow(ledger, "b2", "~s1")
        ledger.record_validated("b2", verdicts(["~s1"], blocked=["~s1"]), none_found(), ACTOR)
        give_up(ledger, "~s1")
        follow_with_content_of(ledger, "b3", "~s2", "~s1", round=2)
        assert ledger.rerun_children(SCHEME, PROVIDER)["round"].to_pylist() == [1, 2]
        assert ledger.verify() == []

    def test_an_addition_given_up_after_its_review_comes_with_other_content_only(
        self, ledger: Ledger
    ) -> None:
        """The reviewer has it: the same items again would be asked for twice."""
        refused_claim(ledger, "accepted")
        follow(ledger, "b2", "~a1", **ADDED)
        receive_follower(ledger, "b2", "~a1", "0002222")
        refused = review(claim_of(ledger, "b2"), {"00001": "impossible"}, number="0002222")
        take(ledger, review_notice("V2", refused))
        give_up(ledger, "~a1")
        with pytest.raises(StateError, match="sent before with this content"):
            follow_with_content_of(ledger, "b3", "~a2", "~a1", round=2, **ADDED)
        assert [one.batch_id for one in ledger.batches(SCHEME)] == ["b1", "b2"]
        follow(ledger, "b4", "~a2", version="3", round=2, **ADDED)
        assert ledger.rerun_children(SCHEME, PROVIDER)["round"].to_pylist() == [1, 2]
        assert ledger.verify() == []

    def test_a_parent_decided_anew_before_the_receipt_is_left_alone(self, ledger: Ledger) -> None:
        refused_claim(ledger)
        follow(ledger, "b2", "~s1")
        newer = review(claim_of(ledger, "b1"), {"00001": "accepted"}, review_round="20260702")
        take(ledger, review_notice("V2", newer))
        receive_follower(ledger, "b2", "~s1", "0002222")
        assert states_of(ledger, [PARENT]) == {"ACCEPTED"}

    def test_the_pre_check_is_told_of_parents_and_only_in_rerun_claims(self, ledger: Ledger) -> None:
        refused_claim(ledger)
        assert ledger.rerun_history("b1") == {}
        follow(ledger, "b2", "~s1")
        (row,) = ledger.rerun_history("b2")["history_stmt"].to_pylist()
        assert (row["receipt_no"], row["statement_no"], row["reason_code"]) == ("0001234", "00001", "16")
        assert row["state"] == "IMPOSSIBLE"


class Promises(RerunPromises):
    @pytest.fixture
    def ledger(self, url: str) -> Iterator[Ledger]:
        with open_at(url) as ledger:
            yield ledger


class TestOnSqlite(Promises):
    @pytest.fixture
    def url(self, sqlite_ledger: str) -> str:
        return sqlite_ledger


class TestOnPostgresql(Promises):
    @pytest.fixture
    def url(self, postgres_ledger: str) -> str:
        return postgres_ledger
