"""What every ledger database promises: the same tests on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import text

from cheonggu.errors import BusyError, NoticeError, SiteError, StateError, UsageError
from cheonggu.findings import none_found
from cheonggu.ledger import FileFact, Ledger, open_ledger
from cheonggu.ledger.assembly import number_statements
from cheonggu.states import BatchStage, ClaimState
from tests.ledger.ledger_builders import (
    ACTOR,
    CLAIMED,
    COPAY,
    MONTH,
    NAME,
    PERSON,
    PROVIDER,
    RRN,
    SCHEME,
    TOTAL,
    assemble,
    check,
    claim_of,
    extract,
    files_of,
    finding,
    hand_off,
    header,
    intend,
    keys_of,
    members,
    new_batch,
    numbered,
    open_at,
    receipt,
    receipt_notice,
    record_assembly,
    review,
    review_notice,
    states_of,
    sum_up,
    take,
    validate,
    verdicts,
)


class IntakePromises:
    """From extraction to the check."""

    def test_new_statements_are_billable_and_stand_in_their_batch(self, ledger: Ledger) -> None:
        keys = extract(ledger, "b1")
        known = ledger.known_statements(SCHEME, PROVIDER, MONTH).sort_by("statement_key").to_pylist()
        assert [row["statement_key"] for row in known] == keys
        assert {(row["state"], row["batch_id"]) for row in known} == {("BILLABLE", "b1")}

    def test_a_batch_comes_back_as_it_was_entered(self, ledger: Ledger) -> None:
        extract(ledger, "b1")
        (batch,) = ledger.batches(SCHEME)
        expected = new_batch("b1")
        assert {name: getattr(batch, name) for name in vars(expected)} == vars(expected)
        assert (batch.stage, batch.claim_no, batch.run_id) == (BatchStage.EXTRACTED, None, "run-1")

    def test_the_same_batch_again_changes_nothing(self, ledger: Ledger) -> None:
        keys = extract(ledger, "b1")
        before = ledger.statement_history(keys[0])
        ledger.add_batches([new_batch("b1")], members("b1", keys), ACTOR)
        assert ledger.statement_history(keys[0]) == before

    def test_a_known_batch_with_other_members_is_refused(self, ledger: Ledger) -> None:
        keys = extract(ledger, "b1")
        with pytest.raises(StateError, match="known with other statements"):
            ledger.add_batches([new_batch("b1")], members("b1", keys[:2]), ACTOR)

    def test_a_statement_in_one_batch_may_not_join_another_and_nothing_enters(self, ledger: Ledger) -> None:
        keys = extract(ledger, "b1")
        rows = pa.concat_tables([members("b2", ["new"]), members("b3", keys[:1])])
        with pytest.raises(StateError, match=keys[0]):
            ledger.add_batches([new_batch("b2"), new_batch("b3")], rows, ACTOR)
        assert [one.batch_id for one in ledger.batches(SCHEME)] == ["b1"]

    def test_validation_sets_bad_statements_aside_and_keeps_the_findings(self, ledger: Ledger) -> None:
        keys = extract(ledger, "b1")
        ledger.record_validated("b1", verdicts(keys, blocked=keys[:1]), finding(keys[0]), ACTOR)
        assert ledger.statement_keys(SCHEME, "BLOCKED") == keys[:1]
        assert ledger.statement_keys(SCHEME, "READY") == keys[1:]
        assert ledger.findings("b1") == finding(keys[0])
        assert ledger.error_rules(SCHEME) == {keys[0]: {"DX-001"}}
        assert ledger.batches(SCHEME, stages=["validated"])[0].batch_id == "b1"

    def test_a_batch_without_a_ready_statement_is_empty(self, ledger: Ledger) -> None:
        keys = extract(ledger, "b1")
        ledger.record_validated("b1", verdicts(keys, blocked=keys), finding(keys[0]), ACTOR)
        assert ledger.batches(SCHEME)[0].stage == BatchStage.EMPTY

    def test_validation_recorded_twice_changes_nothing_and_other_verdicts_are_refused(
        self, ledger: Ledger
    ) -> None:
        keys = extract(ledger, "b1")
        for _ in range(2):
            ledger.record_validated("b1", verdicts(keys, blocked=keys[:1]), finding(keys[0]), ACTOR)
        assert len(ledger.findings("b1")) == 1
        with pytest.raises(StateError, match="other content"):
            ledger.record_validated("b1", verdicts(keys), none_found(), ACTOR)

    def test_verdicts_must_cover_the_batch(self, ledger: Ledger) -> None:
        keys = extract(ledger, "b1")
        with pytest.raises(StateError, match="do not cover"):
            ledger.record_validated("b1", verdicts(keys[:2]), none_found(), ACTOR)

    def test_a_blocked_statement_joins_again_only_when_its_content_changed(self, ledger: Ledger) -> None:
        keys = extract(ledger, "b1", 1)
        ledger.record_validated("b1", verdicts(keys, blocked=keys), finding(keys[0]), ACTOR)
        with pytest.raises(StateError, match="corrected first"):
            ledger.add_batches([new_batch("b2")], members("b2", keys), ACTOR)
        ledger.add_batches([new_batch("b2")], members("b2", keys, version="2"), ACTOR)
        assert states_of(ledger, keys) == {"BILLABLE"}
        moves = ledger.statement_history(keys[0])["to_state"].to_pylist()
        assert moves == ["BILLABLE", "BLOCKED", "BILLABLE"]

    def test_claim_numbers_follow_the_sorted_batch_ids_and_stay_the_same(self, ledger: Ledger) -> None:
        for batch_id in ("b2", "b1"):
            validate(ledger, batch_id)
        numbers = ledger.reserve_claim_numbers(["b2", "b1"], ACTOR)
        assert numbers == {"b1": "2026050001", "b2": "2026050002"}
        assert ledger.reserve_claim_numbers(["b1", "b2"], ACTOR) == numbers

    def test_a_used_up_counter_gives_no_number_at_all(self, ledger: Ledger) -> None:
        for batch_id in ("b1", "b2", "b3"):
            validate(ledger, batch_id, 1)
        ledger.reserve_claim_numbers(["b1"], ACTOR)
        with ledger._engine.begin() as connection:
            connection.execute(text("UPDATE claim_counter SET last_serial = 9998"))
        with pytest.raises(StateError, match="9999 claim numbers"):
            ledger.reserve_claim_numbers(["b2", "b3"], ACTOR)
        assert ledger.reserve_claim_numbers(["b2"], ACTOR) == {"b2": "2026059999"}
        assert len(ledger.claims(SCHEME)) == 2

    def test_a_claim_number_needs_a_validated_batch(self, ledger: Ledger) -> None:
        extract(ledger, "b1")
        with pytest.raises(StateError, match="only a validated batch"):
            ledger.reserve_claim_numbers(["b1"], ACTOR)

    def test_numbers_reserved_at_once_are_all_different(self, ledger: Ledger, url: str) -> None:
        ids = [f"b{number:02d}" for number in range(12)]
        for batch_id in ids:
            validate(ledger, batch_id, 1)
        given: list[dict[str, str]] = []

        def reserve(part: list[str]) -> None:
            with open_at(url) as own:
                given.append({one: own.reserve_claim_numbers([one], ACTOR)[one] for one in part})

        threads = [threading.Thread(target=reserve, args=(ids[start::2],)) for start in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        numbers = [number for part in given for number in part.values()]
        assert sorted(numbers) == [f"202605{number:04d}" for number in range(1, 13)]
        assert ledger.verify() == []

    def test_assembly_freezes_members_sums_and_files(self, ledger: Ledger) -> None:
        keys = assemble(ledger, "b1")
        claim = claim_of(ledger, "b1")
        assert (claim.state, claim.statement_count) == (ClaimState.ASSEMBLED, 3)
        assert (claim.claimed_amount, claim.total_benefit_cost_1, claim.patient_copay) == (
            3 * CLAIMED,
            3 * TOTAL,
            3 * COPAY,
        )
        sent = ledger.claim_statements(PROVIDER, claim.claim_no)
        assert sent["statement_no"].to_pylist() == ["00001", "00002", "00003"]
        assert sent["statement_key"].to_pylist() == keys
        assert set(sent["state"].to_pylist()) == {"ASSIGNED"}
        assert list(ledger.claim_files(PROVIDER, claim.claim_no)) == files_of("b1")

    @pytest.mark.parametrize(
        "name", ["statement_count", "claimed_amount", "total_benefit_cost_1", "patient_copay"]
    )
    def test_a_header_that_is_not_the_sum_of_its_statements_is_refused(
        self, ledger: Ledger, name: str
    ) -> None:
        keys = validate(ledger, "b1")
        ledger.reserve_claim_numbers(["b1"], ACTOR)
        wrong = {**header(3), name: header(3)[name] + 1}
        with pytest.raises(StateError, match=name):
            ledger.record_assembled("b1", numbered(keys), wrong, files_of("b1"), ACTOR)
        assert claim_of(ledger, "b1").state == ClaimState.OPEN

    def test_serials_with_a_gap_are_refused(self, ledger: Ledger) -> None:
        keys = validate(ledger, "b1")
        ledger.reserve_claim_numbers(["b1"], ACTOR)
        gap = numbered(keys).set_column(1, "statement_no", pa.array(["00001", "00002", "00004"]))
        with pytest.raises(StateError, match="statement_no"):
            ledger.record_assembled("b1", gap, header(3), files_of("b1"), ACTOR)

    def test_a_claim_must_hold_all_ready_statements_of_its_batch(self, ledger: Ledger) -> None:
        keys = validate(ledger, "b1")
        ledger.reserve_claim_numbers(["b1"], ACTOR)
        with pytest.raises(StateError, match="2 statements were assembled, 3 are ready"):
            ledger.record_assembled("b1", numbered(keys[:2]), header(2), files_of("b1"), ACTOR)

    def test_a_second_live_submission_of_an_identity_is_refused_by_name(self, ledger: Ledger) -> None:
        first = members("b1", ["S1"], identities=["one visit"])
        second = members("b2", ["S2", "S3"], identities=["one visit", "another"])
        ledger.add_batches([new_batch("b1"), new_batch("b2")], pa.concat_tables([first, second]), ACTOR)
        ledger.record_validated("b1", verdicts(["S1"]), none_found(), ACTOR)
        ledger.record_validated("b2", verdicts(["S2", "S3"]), none_found(), ACTOR)
        record_assembly(ledger, "b1", ["S1"])
        with pytest.raises(StateError, match=r"identity of: S2\."):
            record_assembly(ledger, "b2", ["S2", "S3"])
        assert states_of(ledger, ["S2", "S3"]) == {"READY"}

    def test_doubles_of_a_batch_are_those_whose_visit_is_claimed_or_about_to_be(self, ledger: Ledger) -> None:
        first = members("b1", ["S1", "S5"], identities=["one visit", "alone"])
        second = members("b2", ["S2", "S3", "S4"], identities=["one visit", "another", "another"])
        ledger.add_batches([new_batch("b1"), new_batch("b2")], pa.concat_tables([first, second]), ACTOR)
        assert ledger.find_doubles("b1") == []
        assert ledger.find_doubles("b2") == ["S2", "S4"]
        ledger.record_validated("b1", verdicts(["S1", "S5"]), none_found(), ACTOR)
        record_assembly(ledger, "b1", ["S1", "S5"])
        assert ledger.find_doubles("b2") == ["S2", "S4"]

    def test_twins_inside_one_claim_are_refused(self, ledger: Ledger) -> None:
        ledger.add_batches(
            [new_batch("b1")], members("b1", ["S1", "S2"], identities=["one visit"] * 2), ACTOR
        )
        ledger.record_validated("b1", verdicts(["S1", "S2"]), none_found(), ACTOR)
        with pytest.raises(StateError, match=r"S1, S2"):
            record_assembly(ledger, "b1", ["S1", "S2"])

    def test_assembly_recorded_twice_changes_nothing_and_other_files_are_refused(
        self, ledger: Ledger
    ) -> None:
        keys = assemble(ledger, "b1")
        record_assembly(ledger, "b1", keys)
        other = [FileFact("H010", 2098, "0" * 64)]
        with pytest.raises(StateError, match="other content"):
            ledger.record_assembled("b1", numbered(keys), header(3), other, ACTOR)

    @pytest.mark.parametrize(
        ("status", "state"), [("ok", "CHECKED_OK"), ("warn", "CHECKED_WARN"), ("failed", "CHECK_FAILED")]
    )
    def test_the_check_sets_the_claims_state(self, ledger: Ledger, status: str, state: str) -> None:
        check(ledger, "b1", status)
        (batch,) = ledger.batches(SCHEME)
        assert (batch.stage, batch.claim_state) == (BatchStage.CHECKED, state)
        assert len(ledger.outbox(SCHEME)) == (status != "failed")

    def test_an_unknown_check_result_is_refused(self, ledger: Ledger) -> None:
        assemble(ledger, "b1")
        with pytest.raises(UsageError):
            ledger.record_prechecked("b1", "fine", none_found(), ACTOR)


class HoldPromises:
    """Splitting, holding, withdrawing."""

    def test_a_split_frees_the_good_statements_into_the_successor(self, ledger: Ledger) -> None:
        keys = check(ledger, "b1", "failed")
        for _ in range(2):  # the second call changes nothing
            ledger.split_failed("b1", keys[:1], new_batch("b1-r1", parent="b1"), ACTOR)
        assert claim_of(ledger, "b1").state == ClaimState.WITHDRAWN
        assert ledger.statement_keys(SCHEME, "BLOCKED") == keys[:1]
        first, second = ledger.batches(SCHEME)
        assert (first.stage, second.stage, second.parent_batch_id) == ("withdrawn", "validated", "b1")
        record_assembly(ledger, "b1-r1", keys[1:])
        assert claim_of(ledger, "b1-r1").claim_no == "2026050002"
        assert ledger.verify() == []

    def test_a_split_that_leaves_nothing_needs_no_successor(self, ledger: Ledger) -> None:
        keys = check(ledger, "b1", "failed")
        ledger.split_failed("b1", keys, None, ACTOR)
        assert ledger.statement_keys(SCHEME, "BLOCKED") == keys

    def test_a_split_must_account_for_every_statement(self, ledger: Ledger) -> None:
        keys = check(ledger, "b1", "failed")
        with pytest.raises(StateError, match="do not make up"):
            ledger.split_failed("b1", keys[:1], None, ACTOR)
        with pytest.raises(StateError, match="do not make up"):
            ledger.split_failed("b1", ["strange"], new_batch("b1-r1", parent="b1"), ACTOR)
        assert claim_of(ledger, "b1").state == ClaimState.CHECK_FAILED

    def test_only_a_failed_claim_is_split(self, ledger: Ledger) -> None:
        keys = check(ledger, "b1")
        with pytest.raises(StateError, match="only a claim whose check failed"):
            ledger.split_failed("b1", keys[:1], new_batch("b1-r1", parent="b1"), ACTOR)

    def test_a_held_claim_leaves_the_outbox_until_it_is_released(self, ledger: Ledger) -> None:
        check(ledger, "b1")
        for _ in range(2):
            ledger.hold("b1", "APPROVAL", ACTOR, findings=finding(None))
        assert ledger.outbox(SCHEME) == []
        assert (ledger.batches(SCHEME)[0].hold_code, len(ledger.findings("b1"))) == ("APPROVAL", 1)
        ledger.release("b1", PERSON)
        assert [one.batch_id for one in ledger.outbox(SCHEME)] == ["b1"]

    def test_what_is_not_held_cannot_be_released(self, ledger: Ledger) -> None:
        check(ledger, "b1")
        with pytest.raises(StateError):
            ledger.release("b1", PERSON)

    def test_a_claim_that_left_cannot_be_held(self, ledger: Ledger) -> None:
        hand_off(ledger, "b1")
        with pytest.raises(StateError):
            ledger.hold("b1", "APPROVAL", PERSON)

    def test_a_withdrawn_claims_statements_join_a_new_batch(self, ledger: Ledger) -> None:
        keys = check(ledger, "b1")
        for _ in range(2):
            ledger.withdraw_claim(PROVIDER, "2026050001", "changed our mind", PERSON)
        assert states_of(ledger, keys) == {"READY"}
        ledger.add_batches([new_batch("b2")], members("b2", keys, version="2"), ACTOR)
        ledger.record_validated("b2", verdicts(keys, blocked=keys[:1]), finding(keys[0]), ACTOR)
        record_assembly(ledger, "b2", keys[1:])
        assert claim_of(ledger, "b2").claim_no == "2026050002"
        assert ledger.verify() == []

    def test_a_used_up_batch_id_is_refused_rather_than_passed_over(self, ledger: Ledger) -> None:
        keys = check(ledger, "b1")
        ledger.withdraw_claim(PROVIDER, "2026050001", "changed our mind", PERSON)
        with pytest.raises(StateError, match="has ended"):
            ledger.add_batches([new_batch("b1")], members("b1", keys), ACTOR)


class SubmissionPromises:
    """Exactly once."""

    def test_a_claim_goes_from_outbox_to_handed_off(self, ledger: Ledger) -> None:
        keys = check(ledger, "b1")
        submission = intend(ledger, claim_of(ledger, "b1"))
        assert ledger.outbox(SCHEME) == []
        current = ledger.open_submission("hira_client")
        assert current is not None
        assert (current.id, current.state, current.is_placed) == (submission, "intended", False)
        assert list(current.files) == files_of("b1")
        for _ in range(2):
            ledger.mark_placed(submission, ACTOR)
        assert states_of(ledger, keys) == {"IN_FLIGHT"}
        for _ in range(2):
            ledger.record_examined(submission, "DMD00000001", 1, ACTOR)
        claim = claim_of(ledger, "b1")
        assert (claim.state, claim.document_id) == (ClaimState.HANDED_OFF, "DMD00000001")
        assert ledger.open_submission("hira_client") is None
        assert ledger.batches(SCHEME)[0].stage == BatchStage.HANDED_OFF

    def test_one_claim_at_a_time_per_gateway(self, ledger: Ledger) -> None:
        check(ledger, "b1")
        check(ledger, "b2")
        first = intend(ledger, claim_of(ledger, "b1"))
        assert intend(ledger, claim_of(ledger, "b1")) == first
        with pytest.raises(StateError, match="still occupies"):
            intend(ledger, claim_of(ledger, "b2"))

    def test_two_pipelines_at_once_open_one_submission(self, ledger: Ledger, url: str) -> None:
        for batch_id in ("b1", "b2"):
            check(ledger, batch_id)
        outcomes: list[str] = []

        def submit(batch_id: str) -> None:
            with open_at(url) as own:
                try:
                    outcomes.append(str(intend(own, claim_of(own, batch_id))))
                except StateError:
                    outcomes.append("refused")

        threads = [threading.Thread(target=submit, args=(one,)) for one in ("b1", "b2")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["1", "refused"]

    def test_the_same_files_never_go_twice(self, ledger: Ledger) -> None:
        hand_off(ledger, "b1")
        keys = validate(ledger, "b2")
        ledger.reserve_claim_numbers(["b2"], ACTOR)
        ledger.record_assembled("b2", numbered(keys), header(3), files_of("b1"), ACTOR)
        ledger.record_prechecked("b2", "ok", none_found(), ACTOR)
        with pytest.raises(StateError, match="handed off before"):
            ledger.write_intent(PROVIDER, "2026050002", "hira_client", files_of("b1"), ACTOR)
        with pytest.raises(StateError, match="handed off before"):  # nor with another set around them
            ledger.write_intent(PROVIDER, "2026050002", "hira_client", files_of("b1")[:2], ACTOR)

    def test_marker_and_empty_files_may_be_alike(self, ledger: Ledger) -> None:
        hand_off(ledger, "b1")
        assert hand_off(ledger, "b2").state == ClaimState.HANDED_OFF

    def test_only_frozen_files_are_handed_off(self, ledger: Ledger) -> None:
        check(ledger, "b1")
        changed = [*files_of("b1")[1:], FileFact("H010", 2098, "f" * 64)]
        with pytest.raises(StateError, match="not the frozen files: H010"):
            ledger.write_intent(PROVIDER, "2026050001", "hira_client", changed, ACTOR)

    def test_only_a_checked_claim_is_handed_off(self, ledger: Ledger) -> None:
        assemble(ledger, "b1")
        with pytest.raises(StateError, match="not waiting"):
            intend(ledger, claim_of(ledger, "b1"))

    def test_an_intent_is_not_changed_under_way(self, ledger: Ledger) -> None:
        check(ledger, "b1")
        intend(ledger, claim_of(ledger, "b1"))
        with pytest.raises(StateError, match="still occupies"):
            ledger.write_intent(PROVIDER, "2026050001", "hira_client", files_of("b1")[:2], ACTOR)

    def test_an_abandoned_intent_puts_the_claim_back_and_frees_its_files(self, ledger: Ledger) -> None:
        check(ledger, "b1")
        submission = intend(ledger, claim_of(ledger, "b1"))
        for _ in range(2):
            ledger.abandon_intent(submission, ACTOR)
        assert [one.batch_id for one in ledger.outbox(SCHEME)] == ["b1"]
        assert intend(ledger, claim_of(ledger, "b1")) == submission + 1

    def test_a_placed_submission_cannot_be_abandoned(self, ledger: Ledger) -> None:
        check(ledger, "b1")
        submission = intend(ledger, claim_of(ledger, "b1"))
        ledger.mark_placed(submission, ACTOR)
        with pytest.raises(StateError):
            ledger.abandon_intent(submission, ACTOR)

    def test_minus_one_holds_the_claim_and_takes_the_statements_back(self, ledger: Ledger) -> None:
        keys = check(ledger, "b1")
        submission = intend(ledger, claim_of(ledger, "b1"))
        ledger.record_examined(submission, "DMD00000009", -1, ACTOR)
        (batch,) = ledger.batches(SCHEME)
        assert (batch.stage, batch.claim_state) == (BatchStage.HELD, ClaimState.CHECK_FAILED)
        assert states_of(ledger, keys) == {"ASSIGNED"}
        assert ledger.open_submission("hira_client") is None
        ledger.split_failed("b1", keys[:1], new_batch("b1-r1", parent="b1"), PERSON)
        record_assembly(ledger, "b1-r1", keys[1:])
        assert ledger.verify() == []

    def test_an_examination_is_not_recorded_twice_with_another_result(self, ledger: Ledger) -> None:
        hand_off(ledger, "b1")
        with pytest.raises(StateError):
            ledger.record_examined(1, "DMD00000001", -1, ACTOR)
        with pytest.raises(UsageError):
            ledger.record_examined(1, "DMD00000001", 7, ACTOR)

    @pytest.mark.parametrize("is_placed", [False, True])
    def test_an_unknown_outcome_blocks_the_gateway_until_a_person_decides(
        self, ledger: Ledger, is_placed: bool
    ) -> None:
        keys = check(ledger, "b1")
        check(ledger, "b2")
        submission = intend(ledger, claim_of(ledger, "b1"))
        if is_placed:
            ledger.mark_placed(submission, ACTOR)
        for _ in range(2):
            ledger.mark_unknown(submission, ACTOR)
        assert claim_of(ledger, "b1").state == ClaimState.SEND_UNKNOWN
        assert states_of(ledger, keys) == {"IN_FLIGHT"}
        with pytest.raises(StateError, match="still occupies"):
            intend(ledger, claim_of(ledger, "b2"))
        ledger.mark_sent(PROVIDER, "2026050001", PERSON)
        assert claim_of(ledger, "b1").state == ClaimState.SENT
        assert intend(ledger, claim_of(ledger, "b2")) == submission + 1

    @pytest.mark.parametrize("status", [0, 1, -1])
    def test_a_late_examination_frees_the_gateway_and_leaves_the_unknown_claim_to_a_person(
        self, ledger: Ledger, status: int
    ) -> None:
        check(ledger, "b1")
        submission = intend(ledger, claim_of(ledger, "b1"))
        ledger.mark_unknown(submission, ACTOR)
        ledger.record_examined(submission, "DMD00000001", status, ACTOR)
        after = claim_of(ledger, "b1")
        assert (after.state, after.document_id) == (ClaimState.SEND_UNKNOWN, "DMD00000001")
        assert ledger.open_submission("hira_client") is None

    def test_a_person_may_find_an_unknown_claim_unsent(self, ledger: Ledger) -> None:
        keys = check(ledger, "b1")
        submission = intend(ledger, claim_of(ledger, "b1"))
        ledger.mark_unknown(submission, ACTOR)
        ledger.withdraw_claim(PROVIDER, "2026050001", "outbox shows unsent", PERSON)
        assert states_of(ledger, keys) == {"READY"}
        assert ledger.open_submission("hira_client") is None

    def test_what_is_being_placed_cannot_be_withdrawn(self, ledger: Ledger) -> None:
        check(ledger, "b1")
        intend(ledger, claim_of(ledger, "b1"))
        with pytest.raises(StateError, match="being handed off"):
            ledger.withdraw_claim(PROVIDER, "2026050001", "changed our mind", PERSON)


class NoticePromises:
    """Every answer finds its claim and statement, or stops for a person."""

    def test_a_receipt_moves_claim_and_statements(self, ledger: Ledger) -> None:
        claim = hand_off(ledger, "b1")
        report = take(ledger, receipt_notice("N1", receipt(claim)))
        assert (report.status, report.received, report.moved) == (
            "imported",
            (claim.claim_no,),
            {"RECEIVED": 3},
        )
        after = claim_of(ledger, "b1")
        assert (after.state, after.receipt_year, after.receipt_no) == ("RECEIVED", "2026", "0001234")
        assert ledger.batches(SCHEME)[0].stage == BatchStage.DONE
        assert ledger.verify() == []

    def test_a_document_is_imported_once_and_its_number_holds_for_its_bytes(self, ledger: Ledger) -> None:
        claim = hand_off(ledger, "b1")
        notice = receipt_notice("N1", receipt(claim))
        take(ledger, notice)
        again = take(ledger, notice)
        assert (again.status, again.is_new, again.received) == ("same", False, ())
        with pytest.raises(NoticeError, match="other bytes"):
            take(ledger, notice, "changed")
        assert ledger.notice_status("N1", "0" * 64) == "conflict"
        assert ledger.notice_status("N2", "0" * 64) == "new"

    @pytest.mark.parametrize("changes", [{"statement_count": 2}, {"claimed_amount": 1}])
    def test_a_receipt_that_disagrees_moves_nothing_and_stops_for_a_person(
        self, ledger: Ledger, changes: dict[str, Any]
    ) -> None:
        claim = hand_off(ledger, "b1")
        report = take(ledger, receipt_notice("N1", receipt(claim, **changes)))
        assert [one.code for one in report.stopped] == ["count-or-amount"]
        assert claim.claim_no in report.attention[0]
        after = claim_of(ledger, "b1")
        assert (after.state, after.stopped_code) == (ClaimState.HANDED_OFF, "count-or-amount")
        assert ledger.status(SCHEME)["stopped_claims"] == 1
        for _ in range(2):
            ledger.clear_stop(PROVIDER, claim.claim_no, "asked the reviewer", PERSON)
        assert claim_of(ledger, "b1").stopped_code is None

    def test_a_return_frees_the_statements_for_a_new_original(self, ledger: Ledger) -> None:
        claim = hand_off(ledger, "b1")
        report = take(ledger, receipt_notice("N1", receipt(claim, result="returned")))
        assert (report.returned, report.moved) == ((claim.claim_no,), {"READY": 3})
        assert claim_of(ledger, "b1").state == ClaimState.RETURNED
        keys = keys_of("b1", 3)
        ledger.add_batches([new_batch("b2")], members("b2", keys, version="2"), ACTOR)
        ledger.record_validated("b2", verdicts(keys), none_found(), ACTOR)
        record_assembly(ledger, "b2", keys)
        assert ledger.verify() == []

    def test_one_document_may_hold_receipts_and_returns(self, ledger: Ledger) -> None:
        first, second = hand_off(ledger, "b1"), hand_off(ledger, "b2")
        report = take(ledger, receipt_notice("N1", receipt(first), receipt(second, result="returned")))
        assert (report.received, report.returned) == ((first.claim_no,), (second.claim_no,))

    def test_a_late_return_counts_only_while_nothing_is_decided(self, ledger: Ledger) -> None:
        first, second = hand_off(ledger, "b1"), hand_off(ledger, "b2")
        take(ledger, receipt_notice("N1", receipt(first), receipt(second, number="0001235")))
        take(ledger, review_notice("N2", review(second, {"00001": "adjusted"}, number="0001235")))
        late = receipt_notice("N3", receipt(first, result="returned"), receipt(second, result="returned"))
        report = take(ledger, late)
        assert report.returned == (first.claim_no,)
        assert [(one.claim_no, one.code) for one in report.stopped] == [(second.claim_no, "decided")]
        assert claim_of(ledger, "b2").state == ClaimState.DECIDED

    def test_a_partial_return_stops_for_a_person(self, ledger: Ledger) -> None:
        claim = hand_off(ledger, "b1")
        report = take(ledger, receipt_notice("N1", receipt(claim, result="returned", statement_count=1)))
        assert [one.code for one in report.stopped] == ["count-or-amount"]
        assert states_of(ledger, keys_of("b1", 3)) == {"IN_FLIGHT"}

    def test_a_receipt_settles_an_unknown_outcome(self, ledger: Ledger) -> None:
        check(ledger, "b1")
        claim = claim_of(ledger, "b1")
        ledger.mark_unknown(intend(ledger, claim), ACTOR)
        take(ledger, receipt_notice("N1", receipt(claim)))
        assert claim_of(ledger, "b1").state == ClaimState.RECEIVED
        assert ledger.open_submission("hira_client") is None

    def test_a_receipt_that_overtakes_our_own_record_proves_the_placing(self, ledger: Ledger) -> None:
        check(ledger, "b1")
        claim = claim_of(ledger, "b1")
        submission = intend(ledger, claim)
        take(ledger, receipt_notice("N1", receipt(claim)))
        assert claim_of(ledger, "b1").state == ClaimState.RECEIVED
        ledger.mark_placed(submission, ACTOR)
        ledger.record_examined(submission, "DMD00000001", 0, ACTOR)
        after = claim_of(ledger, "b1")
        assert (after.state, after.document_id) == (ClaimState.RECEIVED, "DMD00000001")
        assert ledger.verify() == []

    def test_an_unexamined_submission_ends_when_the_receipt_is_there(self, ledger: Ledger) -> None:
        check(ledger, "b1")
        claim = claim_of(ledger, "b1")
        submission = intend(ledger, claim)
        take(ledger, receipt_notice("N1", receipt(claim)))
        ledger.mark_unknown(submission, ACTOR)
        assert claim_of(ledger, "b1").state == ClaimState.RECEIVED
        assert ledger.open_submission("hira_client") is None

    def test_an_answer_to_a_claim_that_never_left_stops(self, ledger: Ledger) -> None:
        check(ledger, "b1")
        claim = claim_of(ledger, "b1")
        report = take(ledger, receipt_notice("N1", receipt(claim)))
        assert [one.code for one in report.stopped] == ["not-sent"]

    def test_an_answer_to_a_withdrawn_claim_raises_the_alarm(self, ledger: Ledger) -> None:
        claim = hand_off(ledger, "b1")
        ledger.withdraw_claim(PROVIDER, claim.claim_no, "outbox shows unsent", PERSON)
        report = take(ledger, receipt_notice("N1", receipt(claim)))
        assert [one.code for one in report.stopped] == ["withdrawn"]
        assert states_of(ledger, keys_of("b1", 3)) == {"READY"}

    def test_a_second_receipt_number_stops(self, ledger: Ledger) -> None:
        first, second = hand_off(ledger, "b1"), hand_off(ledger, "b2")
        take(ledger, receipt_notice("N1", receipt(first)))
        report = take(ledger, receipt_notice("N2", receipt(first, number="0009999"), receipt(second)))
        assert [one.code for one in report.stopped] == ["other-receipt-no", "receipt-no-taken"]

    def test_wrong_provider_claim_or_serial_refuses_the_whole_document(self, ledger: Ledger) -> None:
        claim = hand_off(ledger, "b1")
        reason = receipt(claim, result="returned").reasons[0]
        strange = type(reason)(reason.code, reason.detail_code, "00009", reason.text)
        wrong = [
            receipt_notice("N1", receipt(claim), provider="99999999"),
            receipt_notice("N2", receipt(claim), receipt(claim, claim_no="2026059999")),
            receipt_notice("N3", receipt(claim, result="returned", reasons=(strange,))),
            receipt_notice("N4", receipt(claim), receipt(claim)),
            review_notice("N5", review(claim, {"00009": "accepted"})),
        ]
        for notice in wrong:
            with pytest.raises(NoticeError):
                take(ledger, notice)
            assert ledger.notice_status(notice.document_no, "") == "new"
        assert claim_of(ledger, "b1").state == ClaimState.HANDED_OFF

    def test_other_kinds_are_kept_and_refused_documents_remembered(self, ledger: Ledger) -> None:
        claim = hand_off(ledger, "b1")
        notice = receipt_notice("N1", receipt(claim))
        other = type(notice)("N2", "payment", "NHIS", "nhis", notice.issued, PROVIDER)
        assert take(ledger, other).status == "kept"
        for _ in range(2):
            ledger.refuse_notice("0" * 64, "raw/00", None, "broken-xml", ACTOR)
        assert claim_of(ledger, "b1").state == ClaimState.HANDED_OFF
        assert ledger.verify() == []

    def test_the_providers_of_the_ledger_are_ours_when_none_are_named(self, ledger: Ledger) -> None:
        claim = hand_off(ledger, "b1")
        options: dict[str, Any] = {"sha256": "0" * 64, "archived_as": "raw/00", "actor": ACTOR}
        with pytest.raises(NoticeError, match="another provider"):
            ledger.import_notice(SCHEME, receipt_notice("N1", provider="99999999"), **options)
        assert ledger.import_notice(SCHEME, receipt_notice("N2", receipt(claim)), **options).is_new


class ReviewPromises:
    """Decisions per statement and round."""

    @pytest.fixture
    def claim(self, ledger: Ledger) -> Any:
        claim = hand_off(ledger, "b1")
        take(ledger, receipt_notice("N1", receipt(claim)))
        return claim

    def test_every_outcome_moves_its_statement(self, ledger: Ledger, claim: Any) -> None:
        outcomes = {"00001": "accepted", "00002": "adjusted", "00003": "impossible"}
        report = take(ledger, review_notice("N2", review(claim, outcomes, complete=True)))
        assert report.moved == {"ACCEPTED": 1, "ADJUSTED": 1, "IMPOSSIBLE": 1}
        assert claim_of(ledger, "b1").state == ClaimState.DECIDED
        rows = ledger.claim_statements(PROVIDER, claim.claim_no).to_pylist()
        assert [row["outcome"] for row in rows] == list(outcomes.values())
        assert [row["decided_amount"] for row in rows] == [CLAIMED, CLAIMED - 510, 0]
        assert ledger.verify() == []

    def test_absent_statements_are_accepted_as_claimed_when_the_totals_explain_them(
        self, ledger: Ledger, claim: Any
    ) -> None:
        report = take(ledger, review_notice("N2", review(claim, {"00002": "adjusted", "00003": "held"})))
        assert report.moved == {"ACCEPTED": 1, "ADJUSTED": 1, "HELD": 1}
        assert claim_of(ledger, "b1").state == ClaimState.DECIDED
        first = ledger.claim_statements(PROVIDER, claim.claim_no).to_pylist()[0]
        assert (first["outcome"], first["decided_amount"]) == ("accepted", CLAIMED)

    @pytest.mark.parametrize("change", [{"decided_amount": 1}, {"claimed_count": 4}, {"adjusted_amount": 0}])
    def test_absent_statements_stay_undecided_when_a_won_is_unexplained(
        self, ledger: Ledger, claim: Any, change: dict[str, int]
    ) -> None:
        totals = sum_up(claim, {"00002": "adjusted"})
        odd = type(totals)(**(vars(totals) | change))
        report = take(ledger, review_notice("N2", review(claim, {"00002": "adjusted"}, totals=odd)))
        assert report.moved == {"ADJUSTED": 1}
        assert [one.code for one in report.stopped] == ["absent-not-explained"]
        after = claim_of(ledger, "b1")
        assert (after.state, after.stopped_code) == (ClaimState.PARTLY_DECIDED, "absent-not-explained")

    def test_a_second_round_decides_what_was_held(self, ledger: Ledger, claim: Any) -> None:
        take(ledger, review_notice("N2", review(claim, {"00003": "held"})))
        second = {"00003": "impossible"}
        totals = sum_up(claim, second, only_listed=True)
        later = review(claim, second, review_round="20260801", totals=totals)
        report = take(ledger, review_notice("N3", later))
        assert (report.moved, report.stopped) == ({"IMPOSSIBLE": 1}, ())
        assert claim_of(ledger, "b1").state == ClaimState.DECIDED

    def test_an_older_round_never_overwrites_a_newer_one(self, ledger: Ledger, claim: Any) -> None:
        second = {"00003": "impossible"}
        totals = sum_up(claim, second, only_listed=True)
        later = review(claim, second, review_round="20260801", totals=totals)
        assert take(ledger, review_notice("N3", later)).moved == {"IMPOSSIBLE": 1}
        assert claim_of(ledger, "b1").state == ClaimState.PARTLY_DECIDED
        outcomes = {"00001": "accepted", "00002": "accepted", "00003": "held"}
        earlier = review(claim, outcomes, complete=True)
        assert take(ledger, review_notice("N2", earlier)).moved == {"ACCEPTED": 2}
        rows = ledger.claim_statements(PROVIDER, claim.claim_no).to_pylist()
        assert (rows[2]["state"], rows[2]["outcome"]) == ("IMPOSSIBLE", "impossible")
        assert claim_of(ledger, "b1").state == ClaimState.DECIDED
        assert ledger.verify() == []

    def test_the_same_round_in_another_document_must_say_the_same(self, ledger: Ledger, claim: Any) -> None:
        take(ledger, review_notice("N2", review(claim, {"00002": "adjusted"})))
        repeated = take(ledger, review_notice("N3", review(claim, {"00002": "adjusted"})))
        assert (repeated.moved, repeated.stopped) == ({}, ())
        other = take(ledger, review_notice("N4", review(claim, {"00002": "impossible"})))
        assert [one.code for one in other.stopped] == ["round-conflict"]
        assert ledger.verify() == []

    def test_a_result_supplies_a_lost_receipt_number(self, ledger: Ledger) -> None:
        claim = hand_off(ledger, "b2")
        report = take(ledger, review_notice("N9", review(claim, {}, number="0007777")))
        assert (report.received, report.moved) == ((claim.claim_no,), {"RECEIVED": 3, "ACCEPTED": 3})
        after = claim_of(ledger, "b2")
        assert (after.state, after.receipt_no, after.received_on) == (ClaimState.DECIDED, "0007777", None)
        take(ledger, receipt_notice("N10", receipt(claim, number="0007777")))
        assert str(claim_of(ledger, "b2").received_on) == "2026-07-08"
        assert ledger.verify() == []

    def test_a_result_that_cannot_be_ours_moves_nothing(self, ledger: Ledger, claim: Any) -> None:
        other_number = review(claim, {"00001": "accepted"}, number="0009999")
        report = take(ledger, review_notice("N2", other_number))
        assert [one.code for one in report.stopped] == ["other-receipt-no"]
        listed = review(claim, {"00001": "adjusted"})
        odd_rows = listed.statements.set_column(4, "claimed_amount", pa.array([CLAIMED + 10], pa.int64()))
        odd = type(listed)(**(vars(listed) | {"statements": odd_rows}))
        report = take(ledger, review_notice("N3", odd))
        assert [one.code for one in report.stopped] == ["claimed-differs"]
        assert states_of(ledger, keys_of("b1", 3)) == {"RECEIVED"}

    def test_broken_results_are_refused(self, ledger: Ledger, claim: Any) -> None:
        fine = review(claim, dict.fromkeys(("00001", "00002", "00003"), "accepted"), complete=True)
        twice = pa.concat_tables([fine.statements, fine.statements.slice(0, 1)])
        unknown = fine.statements.set_column(1, "outcome", pa.array(["lost"] * 3))
        totals = type(fine.totals)(**(vars(fine.totals) | {"decided_amount": 1}))
        for change in ({"statements": twice}, {"statements": unknown}, {"totals": totals}):
            with pytest.raises(NoticeError):
                take(ledger, review_notice("N2", type(fine)(**(vars(fine) | change))))
        assert claim_of(ledger, "b1").state == ClaimState.RECEIVED


class MemoryPromises:
    """What is read back, locked, proven."""

    def test_personal_fields_come_back_for_authorised_use(self, ledger: Ledger) -> None:
        keys = extract(ledger, "b1")
        rows = ledger.personal([keys[1], "unknown"]).to_pylist()
        assert rows == [
            {
                "statement_key": keys[1],
                "patient_rrn": RRN,
                "patient_name": NAME,
                "subscriber_name": "김가입자",
                "insurance_card_no": None,
            }
        ]
        assert ledger.statements_of_resident("800101-1234567") == keys
        assert ledger.statements_of_resident("8001011234568") == []

    def test_the_last_remark_of_a_form_is_found(self, ledger: Ledger) -> None:
        assert ledger.remark_for(PROVIDER, "H010") == ""
        for words in ("first", "second", "second"):
            ledger.keep_remark(PROVIDER, "H010", words, PERSON)
        assert ledger.remark_for(PROVIDER, "H010") == "second"
        assert ledger.verify() == []

    def test_status_counts_by_state(self, ledger: Ledger) -> None:
        hand_off(ledger, "b1")
        extract(ledger, "b2", 2)
        status = ledger.status(SCHEME)
        assert status["batches"] == {"extracted": 1, "handed_off": 1}
        assert status["claims"] == {"HANDED_OFF": {"count": 1, "statements": 3, "claimed_won": 3 * CLAIMED}}
        assert status["statements"] == {
            "BILLABLE": {"count": 2, "claimed_won": 2 * CLAIMED},
            "IN_FLIGHT": {"count": 3, "claimed_won": 3 * CLAIMED},
        }

    def test_claims_are_filtered(self, ledger: Ledger) -> None:
        hand_off(ledger, "b1")
        check(ledger, "b2")
        found = ledger.claims(SCHEME, states=["HANDED_OFF"], provider_code=PROVIDER, treatment_month=MONTH)
        assert [one.batch_id for one in found] == ["b1"]
        assert ledger.claims(SCHEME, treatment_month="202604") == []
        assert ledger.claim(PROVIDER, "2026050002").batch_id == "b2"
        with pytest.raises(StateError):
            ledger.claim(PROVIDER, "2026050099")

    def test_a_second_holder_of_a_lock_is_busy(self, ledger: Ledger, url: str) -> None:
        with open_at(url) as other:
            with ledger.exclusive("hira-submit"):
                with pytest.raises(BusyError), other.exclusive("hira-submit"):
                    pass
                with other.exclusive("hira-collect"):
                    pass
            with other.exclusive("hira-submit"):
                pass

    def test_a_lock_needs_a_plain_name(self, ledger: Ledger) -> None:
        with pytest.raises(UsageError), ledger.exclusive("../up"):
            pass

    def test_another_secret_is_refused(self, ledger: Ledger, url: str) -> None:
        extract(ledger, "b1")
        with pytest.raises(SiteError, match="key does not belong"):
            open_ledger(url, b"another secret of 32 bytes and more")

    def test_tables_built_wrongly_are_named(self, ledger: Ledger) -> None:
        rows = members("b1", ["S1", "S1"])
        with pytest.raises(UsageError, match="twice"):
            ledger.add_batches([new_batch("b1")], rows, ACTOR)
        with pytest.raises(UsageError, match="lacks column"):
            ledger.add_batches([new_batch("b1")], rows.drop_columns(["identity"]), ACTOR)
        nothing = rows.slice(0, 1).set_column(4, "content_hash", pa.array([None], pa.string()))
        with pytest.raises(UsageError, match="empty values in content_hash"):
            ledger.add_batches([new_batch("b1")], nothing, ACTOR)
        with pytest.raises(UsageError, match="batch ids"):
            ledger.add_batches([new_batch("b2")], rows.slice(0, 1), ACTOR)

    def test_unknown_batches_and_submissions_are_named(self, ledger: Ledger) -> None:
        with pytest.raises(StateError, match="no batch b9"):
            ledger.record_validated("b9", verdicts(["S1"]), none_found(), ACTOR)
        with pytest.raises(StateError, match="no submission 9"):
            ledger.mark_placed(9, ACTOR)
        validate(ledger, "b1")
        with pytest.raises(StateError, match="no claim number"):
            ledger.record_assembled("b1", numbered(keys_of("b1", 3)), {}, files_of("b1"), ACTOR)

    def test_serials_go_on_with_letters(self) -> None:
        serials = number_statements(110_001)
        assert serials[99_998:100_000] == ["99999", "A0000"]
        assert serials[-1] == "B0001"


class Promises(
    IntakePromises, HoldPromises, SubmissionPromises, NoticePromises, ReviewPromises, MemoryPromises
):
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
