"""Where money or claims get lost or doubled: late, repeated and contradicting answers, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from sqlalchemy import text

from cheonggu.errors import StateError
from cheonggu.findings import none_found
from cheonggu.ledger import Claim, Filing, Ledger, NewInstruction
from cheonggu.notices import PRESCRIPTION_CUTS, ClaimRef, DisputeReceipt, PrescriptionAdjustment, Totals
from cheonggu.states import ClaimState
from tests.ledger.ledger_builders import (
    ACTOR,
    CLAIMED,
    PERSON,
    PROVIDER,
    SCHEME,
    check,
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
    sum_up,
    take,
    validate,
    verdicts,
)
from tests.ledger.money_builders import (
    CUT,
    DUE,
    NUMBER,
    decide,
    decided,
    decision_notice,
    notice,
    paid,
    payment_notice,
    settled,
    settlement_notice,
    states,
)

AS_OF = date(2026, 9, 1)
TOTALS_OF_ONE = Totals(1, CLAIMED, 1, CLAIMED, 0, 0, 0, 0)
MIXED = {"00002": "adjusted", "00003": "impossible"}


def read(ledger: Ledger, query: str) -> list[tuple[object, ...]]:
    with ledger._engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def person_decides(ledger: Ledger, kind: str, subject: str) -> None:
    ledger.decide(NewInstruction(SCHEME, kind, PROVIDER, subject, "kim", "looked into the outbox"), PERSON)


class HandOffHazards:
    def test_a_late_refusal_by_the_client_stops_a_received_claim_and_frees_the_gateway(
        self, ledger: Ledger
    ) -> None:
        keys = check(ledger, "b1")
        submission = intend(ledger, claim_of(ledger, "b1"))
        take(ledger, receipt_notice("N1", receipt(claim_of(ledger, "b1"))))
        ledger.record_examined(submission, "DMD00000001", -1, ACTOR)
        claim = claim_of(ledger, "b1")
        assert (claim.state, claim.stopped_code) == (ClaimState.RECEIVED, "examined-otherwise")
        assert states_of(ledger, keys) == {"RECEIVED"}
        assert ledger.open_submission("hira_client") is None
        assert ledger.verify() == []

    def test_a_refusal_of_what_a_person_saw_sent_waits_for_that_person(self, ledger: Ledger) -> None:
        keys = check(ledger, "b1")
        submission = intend(ledger, claim_of(ledger, "b1"))
        ledger.mark_placed(submission, ACTOR)
        person_decides(ledger, "sent", "2026050001")
        ledger.record_examined(submission, "DMD00000001", -1, ACTOR)
        claim = claim_of(ledger, "b1")
        assert (claim.state, claim.stopped_code) == (ClaimState.SENT, "examined-otherwise")
        assert states_of(ledger, keys) == {"IN_FLIGHT"}

    def test_what_is_being_handed_off_cannot_be_held(self, ledger: Ledger) -> None:
        check(ledger, "b1")
        submission = intend(ledger, claim_of(ledger, "b1"))
        with pytest.raises(StateError, match="being handed off"):
            ledger.hold("b1", "APPROVAL", ACTOR)
        ledger.mark_placed(submission, ACTOR)  # the crashed run's work can go on
        assert claim_of(ledger, "b1").state == ClaimState.HANDED_OFF

    def test_a_claim_that_was_answered_is_not_taken_back_as_unsent(self, ledger: Ledger) -> None:
        """The reviewer holds two of three statements: freeing them would claim them twice."""
        claim = hand_off(ledger, "b1")
        part = receipt(claim, statement_count=2, claimed_amount=2 * CLAIMED)
        assert [one.code for one in take(ledger, receipt_notice("N1", part)).stopped] == ["count-or-amount"]
        with pytest.raises(StateError, match="an answer to it came"):
            person_decides(ledger, "not_sent", claim.claim_no)
        assert read(ledger, "SELECT count(*) FROM live_submission") == [(3,)]
        person_decides(ledger, "stop_cleared", claim.claim_no)
        person_decides(ledger, "not_sent", claim.claim_no)
        assert read(ledger, "SELECT count(*) FROM live_submission") == [(0,)]

    def test_a_statement_is_not_given_up_inside_a_batch_that_is_being_claimed(self, ledger: Ledger) -> None:
        keys = validate(ledger, "b1")
        with pytest.raises(StateError, match="stands in batch b1"):
            person_decides(ledger, "write_off", keys[0])
        record_assembly(ledger, "b1", keys)  # the other two would wait for ever
        ledger.record_prechecked("b1", "ok", none_found(), ACTOR)
        person_decides(ledger, "withdrawal", "2026050001")
        person_decides(ledger, "write_off", keys[0])
        assert states_of(ledger, keys) == {"READY", "WRITTEN_OFF"}


class NoticeHazards:
    def test_a_second_receipt_takes_nothing_away_from_the_first(self, ledger: Ledger) -> None:
        claim = hand_off(ledger, "b1")
        take(ledger, receipt_notice("N1", receipt(claim)))
        late = receipt(claim, receipt_year=None, receipt_date=date(2026, 9, 9))
        take(ledger, receipt_notice("N2", late))
        known = claim_of(ledger, "b1")
        assert (known.receipt_year, known.receipt_no, known.received_on) == (
            "2026",
            "0001234",
            date(2026, 7, 8),
        )

    def test_a_receipt_fills_in_what_a_review_result_did_not_say(self, ledger: Ledger) -> None:
        claim = hand_off(ledger, "b1")
        take(ledger, review_notice("N1", review(claim, MIXED)))
        assert claim_of(ledger, "b1").received_on is None
        take(ledger, receipt_notice("N2", receipt(claim)))
        assert claim_of(ledger, "b1").received_on == date(2026, 7, 8)

    def test_a_round_in_a_second_document_tells_its_reasons_once(self, ledger: Ledger) -> None:
        claim = decide(ledger, MIXED)
        take(ledger, review_notice("V2", review(claim, MIXED)))
        assert read(ledger, "SELECT count(*) FROM decision_finding") == [(2,)]
        (parent,) = ledger.rerun_parents(SCHEME, PROVIDER, states=["IMPOSSIBLE"]).to_pylist()
        assert parent["reasons"] == "16-10"
        assert ledger.verify() == []

    def test_a_later_round_leaves_another_stop_to_its_person(self, ledger: Ledger) -> None:
        claim = decide(ledger, {"00003": "held"})
        take(ledger, settlement_notice("S1", settled(claim, {"00001": (9_000, 9_300)})))
        assert claim_of(ledger, "b1").stopped_code == "settled-base-differs"
        late = {"00003": "accepted"}
        second = review(claim, late, review_round="20260801", totals=sum_up(claim, late, only_listed=True))
        take(ledger, review_notice("V2", second))
        assert claim_of(ledger, "b1").stopped_code == "settled-base-differs"

    def test_a_cut_told_by_two_documents_is_taken_back_once(self, ledger: Ledger) -> None:
        row = {"statement_no": "00001", "prescription_no": "2026051000001", "pharmacy_code": "31100011"}
        row |= {"code": "B", "line_no": 1, "amount": 700, "recovery": 500, "text": None}
        cuts = pa.Table.from_pylist([row], schema=PRESCRIPTION_CUTS)
        claim = hand_off(ledger, "b1")
        take(ledger, review_notice("V1", replace(review(claim, MIXED), prescriptions=cuts)))
        take(ledger, review_notice("V2", replace(review(claim, MIXED), prescriptions=cuts)))
        content = PrescriptionAdjustment("20260901", ClaimRef(claim.claim_no, NUMBER, "2026"), 620, 0, cuts)
        for number in ("X1", "X2"):
            take(ledger, notice(number, "prescription-adjustment", "F090", prescription_adjustment=content))
        assert read(ledger, "SELECT sum(recovery) FROM prescription_cut") == [(620,)]


class DisputeHazards:
    def file(self, ledger: Ledger, claim_no: str, kind: str) -> None:
        filings = [Filing("00002", CUT, date(2026, 10, 18))]
        ledger.file_dispute(PROVIDER, claim_no, kind, filings, date(2026, 8, 5), PERSON)

    def test_a_late_answer_to_a_re_review_leaves_the_objection_open(self, ledger: Ledger) -> None:
        claim = decide(ledger, MIXED)
        self.file(ledger, claim.claim_no, "re-review")
        reference = ClaimRef(claim.claim_no, NUMBER, "2026")
        returned = DisputeReceipt("returned", reference, ("00002",), "re-review", "P-1")
        take(ledger, notice("O1", "re-review-receipt", "OBJ-RCPT", dispute_receipts=(returned,)))
        self.file(ledger, claim.claim_no, "objection")
        report = take(ledger, notice("O2", "re-review-receipt", "OBJ-RCPT", dispute_receipts=(returned,)))
        assert [one.code for one in report.stopped] == ["not-disputed"]
        content = replace(decided(claim, {"00002": ("dismissed", 0)}), dispute_kind="re-review")
        take(ledger, decision_notice("D1", content))
        assert states(ledger, claim)[1] == "DISPUTED"
        assert read(ledger, "SELECT kind, state FROM dispute ORDER BY kind") == [
            ("objection", "filed"),
            ("re-review", "returned"),
        ]

    def test_a_paid_statement_of_which_nothing_was_cut_is_not_disputed(self, ledger: Ledger) -> None:
        claim = decide(ledger, MIXED)
        filings = [Filing("00001", CUT, date(2026, 10, 18))]
        with pytest.raises(StateError, match="nothing of it was cut"):
            ledger.file_dispute(PROVIDER, claim.claim_no, "objection", filings, date(2026, 8, 5), PERSON)


class TakenBackHazards:
    """환수: what was paid and taken back in full is free only when a person says so, and nothing beside it."""

    @pytest.fixture
    def taken(self, ledger: Ledger) -> Claim:
        claim = decide(ledger, MIXED)
        take(ledger, payment_notice("P1", paid(DUE)))
        take(ledger, settlement_notice("S1", settled(claim, {"00001": (CLAIMED, 0)})))
        return claim

    def test_a_recovery_alone_frees_nothing(self, ledger: Ledger, taken: Claim) -> None:
        assert read(ledger, "SELECT count(*) FROM live_submission") == [(3,)]
        (waiting,) = [row for row in ledger.waiting(SCHEME).to_pylist() if row["kind"] == "taken_back"]
        assert (waiting["statement_key"], waiting["won"]) == ("b1-S001", CLAIMED)
        twin = members("b2", ["b2-S001"], identities=["identity of b1-S001"])
        ledger.add_batches([new_batch("b2")], twin, ACTOR)
        assert ledger.find_doubles("b2") == ["b2-S001"]

    def test_a_person_frees_that_statement_and_no_other(self, ledger: Ledger, taken: Claim) -> None:
        for _ in range(2):
            person_decides(ledger, "claim_anew", "b1-S001")
        assert states(ledger, taken) == ["READY", "PAID", "IMPOSSIBLE"]
        assert read(ledger, "SELECT statement_key FROM live_submission ORDER BY 1") == [
            ("b1-S002",),
            ("b1-S003",),
        ]
        assert claim_of(ledger, "b1").state == ClaimState.PAID
        assert ledger.verify() == []

    def test_it_goes_out_anew_and_the_old_claim_stays_explained(self, ledger: Ledger, taken: Claim) -> None:
        person_decides(ledger, "claim_anew", "b1-S001")
        ledger.add_batches([new_batch("b2")], members("b2", ["b1-S001"]), ACTOR)
        ledger.record_validated("b2", verdicts(["b1-S001"]), none_found(), ACTOR)
        record_assembly(ledger, "b2", ["b1-S001"])
        past = ledger.past(
            next(one for one in ledger.batches(SCHEME) if one.batch_id == "b2"), AS_OF, months=[]
        )
        assert "b1-S001" not in past["statements"]["statement_key"].to_pylist()
        ledger.record_prechecked("b2", "ok", none_found(), ACTOR)
        second = claim_of(ledger, "b2")
        ledger.mark_placed(intend(ledger, second), ACTOR)
        take(ledger, receipt_notice("R2", receipt(second, number="0009999")))
        impossible = review(second, {"00001": "impossible"}, number="0009999")
        take(ledger, review_notice("V9", impossible))
        found = ledger.reconcile(SCHEME)
        assert found.problems == ()
        kinds = [(row["claim_no"], row["kind"]) for row in found.items.to_pylist()]
        assert kinds.count((taken.claim_no, "impossible")) == 1  # its third statement, as before
        assert (second.claim_no, "impossible") in kinds
        assert ledger.verify() == []

    def test_an_answer_about_the_old_claim_stops_it(self, ledger: Ledger, taken: Claim) -> None:
        person_decides(ledger, "claim_anew", "b1-S001")
        back = settled(taken, {"00001": (0, CLAIMED)}, settle_round="20260002")
        report = take(ledger, settlement_notice("S2", back))
        assert [one.code for one in report.stopped] == ["claimed-anew"]
        late = review(taken, {"00001": "accepted"}, review_round="20260801", totals=TOTALS_OF_ONE)
        assert [one.code for one in take(ledger, review_notice("V2", late)).stopped] == ["claimed-anew"]
        assert states(ledger, taken)[0] == "READY"

    def test_what_is_given_back_again_is_paid_and_not_claimed_anew(
        self, ledger: Ledger, taken: Claim
    ) -> None:
        back = settled(taken, {"00001": (0, CLAIMED)}, settle_round="20260002")
        take(ledger, settlement_notice("S2", back))
        assert states(ledger, taken)[0] == "PAID"
        with pytest.raises(StateError, match="cannot take 'claimed_anew'"):
            person_decides(ledger, "claim_anew", "b1-S001")

    def test_a_recovery_that_came_before_its_payment_ends_the_same(self, ledger: Ledger) -> None:
        claim = decide(ledger, MIXED)
        take(ledger, settlement_notice("S1", settled(claim, {"00001": (CLAIMED, 0)})))
        take(ledger, payment_notice("P1", paid(DUE)))
        assert states(ledger, claim) == ["CANCELLED", "PAID", "IMPOSSIBLE"]
        assert ledger.claim(PROVIDER, claim.claim_no).state == ClaimState.PAID
        assert ledger.verify() == []

    def test_a_withdrawal_after_the_hand_off_frees_the_whole_claim(self, ledger: Ledger) -> None:
        """미송신 확인: provably not at the reviewer; one that was received frees nothing."""
        claim = hand_off(ledger, "b1")
        other = hand_off(ledger, "b2")
        person_decides(ledger, "not_sent", claim.claim_no)
        assert read(ledger, "SELECT DISTINCT claim_no FROM live_submission") == [(other.claim_no,)]
        assert read(ledger, "SELECT count(*) FROM statement WHERE state = 'READY' AND batch_id IS NULL") == [
            (3,)
        ]
        take(ledger, receipt_notice("R2", receipt(other)))
        with pytest.raises(StateError, match="cannot be taken back"):
            person_decides(ledger, "not_sent", other.claim_no)
        assert ledger.verify() == []


class Hazards(HandOffHazards, NoticeHazards, DisputeHazards, TakenBackHazards):
    @pytest.fixture
    def ledger(self, url: str) -> Iterator[Ledger]:
        with open_at(url) as ledger:
            yield ledger


class TestOnSqlite(Hazards):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'ledger.db'}"


class TestOnPostgresql(Hazards):
    @pytest.fixture
    def url(self, postgres_url: str) -> str:
        return postgres_url
