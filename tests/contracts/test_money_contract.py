"""What every ledger database promises about money that comes back, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pyarrow as pa
import pytest
from sqlalchemy import text

from cheonggu.errors import NoticeError, StateError, UsageError
from cheonggu.ledger import Filing, Ledger, NewInstruction
from cheonggu.notices import (
    PRESCRIPTION_CUTS,
    ClaimRef,
    PrescriptionAdjustment,
    RequestItem,
    SupplementRequest,
)
from tests.ledger.ledger_builders import (
    CLAIMED,
    PERSON,
    PROVIDER,
    SCHEME,
    hand_off,
    open_at,
    receipt,
    receipt_notice,
    review,
    review_notice,
    sum_up,
    take,
)
from tests.ledger.money_builders import (
    CUT,
    DUE,
    NUMBER,
    ROUND,
    decide,
    decided,
    decision_notice,
    dispute_answer,
    notice,
    paid,
    payment_notice,
    settled,
    settlement_notice,
    states,
)

MIXED = {"00002": "adjusted", "00003": "impossible"}


def read(ledger: Ledger, query: str) -> list[tuple[object, ...]]:
    with ledger._engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


class SettlementPromises:
    def test_a_settlement_keeps_the_difference_and_moves_no_state(self, ledger: Ledger) -> None:
        claim = decide(ledger, MIXED)
        content = settled(claim, {"00002": (CLAIMED - CUT, CLAIMED)})
        report = take(ledger, settlement_notice("S1", content))
        assert (report.settled, report.stopped) == ((claim.claim_no,), ())
        assert states(ledger, claim) == ["ACCEPTED", "ADJUSTED", "IMPOSSIBLE"]
        assert read(ledger, "SELECT statement_no, difference, basis FROM settlement") == [
            ("00002", CUT, "settlement")
        ]
        assert ledger.verify() == []

    def test_the_same_document_or_round_again_counts_nothing_twice(self, ledger: Ledger) -> None:
        claim = decide(ledger, MIXED)
        content = settled(claim, {"00002": (CLAIMED - CUT, CLAIMED)})
        assert take(ledger, settlement_notice("S1", content)).status == "imported"
        assert take(ledger, settlement_notice("S1", content)).status == "same"
        take(ledger, settlement_notice("S2", content))
        assert read(ledger, "SELECT sum(difference) FROM settlement") == [(CUT,)]
        with pytest.raises(NoticeError, match="other bytes"):
            take(ledger, settlement_notice("S1", content), "other")

    def test_the_same_round_with_another_difference_stops_for_a_person(self, ledger: Ledger) -> None:
        claim = decide(ledger, MIXED)
        take(ledger, settlement_notice("S1", settled(claim, {"00002": (CLAIMED - CUT, CLAIMED)})))
        report = take(
            ledger, settlement_notice("S2", settled(claim, {"00002": (CLAIMED - CUT, CLAIMED - 10)}))
        )
        assert [one.code for one in report.stopped] == ["settled-otherwise"]
        assert read(ledger, "SELECT sum(difference) FROM settlement") == [(CUT,)]

    def test_a_settlement_on_another_base_counts_and_asks_for_the_missing_notice(
        self, ledger: Ledger
    ) -> None:
        claim = decide(ledger, MIXED)
        report = take(ledger, settlement_notice("S1", settled(claim, {"00002": (9_000, 9_300)})))
        assert [one.code for one in report.stopped] == ["settled-base-differs"]
        assert read(ledger, "SELECT difference FROM settlement") == [(300,)]

    def test_a_paid_statement_taken_back_in_full_is_cancelled(self, ledger: Ledger) -> None:
        claim = decide(ledger, MIXED)
        take(ledger, payment_notice("P1", paid(DUE)))
        take(ledger, settlement_notice("S1", settled(claim, {"00001": (CLAIMED, 0)})))
        assert states(ledger, claim) == ["CANCELLED", "PAID", "IMPOSSIBLE"]
        assert ledger.verify() == []

    def test_an_unknown_claim_or_serial_is_refused(self, ledger: Ledger) -> None:
        claim = decide(ledger, MIXED)
        with pytest.raises(NoticeError, match="does not hold"):
            take(ledger, settlement_notice("S1", settled(claim, {"00009": (1, 2)})))
        assert read(ledger, "SELECT count(*) FROM settlement") == [(0,)]


class PaymentPromises:
    def test_a_final_payment_to_the_won_pays_what_was_decided(self, ledger: Ledger) -> None:
        claim = decide(ledger, MIXED)
        report = take(ledger, payment_notice("P1", paid(DUE, deductions={"income-tax": 300})))
        assert (report.paid, report.stopped, report.moved) == ((claim.claim_no,), (), {"PAID": 2})
        assert states(ledger, claim) == ["PAID", "PAID", "IMPOSSIBLE"]
        assert ledger.claim(PROVIDER, claim.claim_no).state == "PAID"
        assert read(ledger, "SELECT statement_no, amount FROM payment_line ORDER BY 1") == [
            ("00001", CLAIMED),
            ("00002", CLAIMED - CUT),
        ]
        assert ledger.verify() == []

    def test_an_advance_never_pays(self, ledger: Ledger) -> None:
        claim = decide(ledger, MIXED)
        report = take(ledger, payment_notice("P1", paid(DUE, "advance")))
        assert (report.paid, states(ledger, claim)[0]) == ((), "ACCEPTED")
        take(ledger, payment_notice("P2", paid(DUE, deductions={"advance": DUE})))
        assert states(ledger, claim)[:2] == ["PAID", "PAID"]

    def test_part_payments_pay_when_they_are_complete(self, ledger: Ledger) -> None:
        claim = decide(ledger, MIXED)
        report = take(ledger, payment_notice("P1", paid(9_000)))
        assert (report.paid, report.stopped, states(ledger, claim)[0]) == ((), (), "ACCEPTED")
        take(ledger, payment_notice("P2", paid(DUE - 9_000)))
        assert states(ledger, claim)[:2] == ["PAID", "PAID"]
        assert read(ledger, "SELECT sum(amount) FROM payment_line") == [(DUE,)]
        assert ledger.verify() == []

    def test_what_is_withheld_from_a_payment_was_not_paid(self, ledger: Ledger) -> None:
        claim = decide(ledger, MIXED)
        take(ledger, payment_notice("P1", paid(DUE, deductions={"short-deposit": 5_000, "income-tax": 10})))
        assert states(ledger, claim)[0] == "ACCEPTED"
        take(ledger, payment_notice("P2", paid(5_000)))
        assert states(ledger, claim)[0] == "PAID"

    def test_rounds_are_paid_one_by_one(self, ledger: Ledger) -> None:
        claim = decide(ledger, {"00003": "held"})
        take(ledger, payment_notice("P1", paid(2 * CLAIMED, review_round=ROUND)))
        assert states(ledger, claim) == ["PAID", "PAID", "HELD"]
        assert ledger.claim(PROVIDER, claim.claim_no).state == "DECIDED"
        late = {"00003": "accepted"}
        second = review(claim, late, review_round="20260801", totals=sum_up(claim, late, only_listed=True))
        take(ledger, review_notice("V2", second))
        take(ledger, payment_notice("P2", paid(CLAIMED, review_round="20260801")))
        assert set(states(ledger, claim)) == {"PAID"}
        assert ledger.claim(PROVIDER, claim.claim_no).state == "PAID"

    def test_a_payment_before_the_review_result_waits_for_it(self, ledger: Ledger) -> None:
        claim = hand_off(ledger, "b1")
        take(ledger, receipt_notice("R1", receipt(claim)))
        report = take(ledger, payment_notice("P1", paid(DUE)))
        assert [one.code for one in report.stopped] == ["paid-undecided"]
        take(ledger, review_notice("V1", review(claim, MIXED)))
        assert states(ledger, claim) == ["PAID", "PAID", "IMPOSSIBLE"]

    def test_a_payment_of_no_known_receipt_is_kept_and_found_later(self, ledger: Ledger) -> None:
        claim = hand_off(ledger, "b1")
        report = take(ledger, payment_notice("P1", paid(DUE), paid(7, number="7777777")))
        assert (report.unmatched, len(report.attention)) == ((NUMBER, "7777777"), 2)
        take(ledger, review_notice("V1", review(claim, MIXED)))  # the receipt was lost
        assert states(ledger, claim) == ["PAID", "PAID", "IMPOSSIBLE"]
        assert read(ledger, "SELECT claim_no FROM payment ORDER BY seq") == [(claim.claim_no,), (None,)]
        assert ledger.verify() == []

    def test_more_than_was_decided_stops_for_a_person(self, ledger: Ledger) -> None:
        claim = decide(ledger, MIXED)
        report = take(ledger, payment_notice("P1", paid(DUE + 1)))
        assert [one.code for one in report.stopped] == ["paid-too-much"]
        assert states(ledger, claim)[0] == "ACCEPTED"

    def test_differences_are_paid_with_the_rest_or_on_their_own(self, ledger: Ledger) -> None:
        claim = decide(ledger, MIXED)
        take(ledger, settlement_notice("S1", settled(claim, {"00002": (CLAIMED - CUT, CLAIMED)})))
        take(ledger, payment_notice("P1", paid(DUE + CUT)))
        assert states(ledger, claim)[:2] == ["PAID", "PAID"]
        take(
            ledger,
            settlement_notice("S2", settled(claim, {"00001": (CLAIMED, CLAIMED + 20)}, settle_round="2")),
        )
        take(ledger, payment_notice("P2", paid(20, "settlement")))
        assert read(ledger, "SELECT statement_no, sum(amount) FROM payment_line GROUP BY 1 ORDER BY 1") == [
            ("00001", CLAIMED + 20),
            ("00002", CLAIMED),
        ]
        assert ledger.verify() == []

    def test_a_settlement_row_takes_back_its_own_claims_difference(self, ledger: Ledger) -> None:
        claim = decide(ledger, MIXED)
        take(ledger, payment_notice("P1", paid(DUE)))
        take(ledger, settlement_notice("S1", settled(claim, {"00001": (CLAIMED, CLAIMED - 300)})))
        take(ledger, payment_notice("P2", paid(0, "settlement", deductions={"recovery-a": 300})))
        found = ledger.reconcile(SCHEME)
        assert [row["kind"] for row in found.items.to_pylist()] == ["impossible"]
        assert (found.sums()["open"], found.sums()["paid"]) == (0, DUE - 300)

    def test_a_final_row_may_pay_the_rest_with_differences_of_statements_paid_before(
        self, ledger: Ledger
    ) -> None:
        claim = decide(ledger, {"00002": "adjusted", "00003": "held"})
        take(ledger, payment_notice("P1", paid(DUE, review_round=ROUND)))
        take(ledger, settlement_notice("S1", settled(claim, {"00002": (CLAIMED - CUT, CLAIMED)})))
        late = {"00003": "accepted"}
        second = review(claim, late, review_round="20260801", totals=sum_up(claim, late, only_listed=True))
        take(ledger, review_notice("V2", second))
        take(ledger, payment_notice("P2", paid(CLAIMED + CUT, review_round="20260801")))
        assert set(states(ledger, claim)) == {"PAID"}
        assert ledger.reconcile(SCHEME).sums()["items"] == {}

    def test_what_a_dispute_won_for_an_impossible_statement_is_paid_as_a_difference(
        self, ledger: Ledger
    ) -> None:
        claim = decide(ledger, MIXED)
        take(ledger, payment_notice("P1", paid(DUE)))
        filings = [Filing("00003", CLAIMED, date(2026, 10, 18))]
        ledger.file_dispute(PROVIDER, claim.claim_no, "objection", filings, date(2026, 8, 1), PERSON)
        take(ledger, decision_notice("D1", decided(claim, {"00003": ("accepted", CLAIMED)})))
        assert states(ledger, claim)[2] == "ACCEPTED"
        take(ledger, payment_notice("P2", paid(CLAIMED, "settlement")))
        assert set(states(ledger, claim)) == {"PAID"}
        assert ledger.reconcile(SCHEME).sums()["items"] == {}

    def test_an_edited_payment_is_found(self, ledger: Ledger) -> None:
        decide(ledger, MIXED)
        take(ledger, payment_notice("P1", paid(DUE, deductions={"income-tax": 300})))
        for table, column in (
            ("payment", "net_amount"),
            ("payment_deduction", "amount"),
            ("payment_line", "amount"),
        ):
            with ledger._engine.begin() as connection:
                connection.execute(text(f"UPDATE {table} SET {column} = {column} + 1"))
            assert "money" in {one.code for one in ledger.verify()}
            with ledger._engine.begin() as connection:
                connection.execute(text(f"UPDATE {table} SET {column} = {column} - 1"))
        assert ledger.verify() == []


class DisputePromises:
    LAST = date(2026, 10, 18)

    def file(self, ledger: Ledger, claim_no: str, *serials: str, on: date = LAST) -> None:
        filings = [Filing(serial, CUT, self.LAST) for serial in serials]
        ledger.file_dispute(PROVIDER, claim_no, "objection", filings, on, PERSON)

    def test_a_filing_inside_the_limit_moves_to_disputed(self, ledger: Ledger) -> None:
        claim = decide(ledger, MIXED)
        self.file(ledger, claim.claim_no, "00002", "00003")
        assert states(ledger, claim) == ["ACCEPTED", "DISPUTED", "DISPUTED"]
        assert ledger.verify() == []

    def test_a_filing_past_the_limit_of_another_state_or_twice_is_refused(self, ledger: Ledger) -> None:
        claim = decide(ledger, MIXED)
        with pytest.raises(StateError, match="the last day"):
            self.file(ledger, claim.claim_no, "00002", on=date(2026, 10, 19))
        with pytest.raises(StateError, match="nothing of it was cut"):
            self.file(ledger, claim.claim_no, "00001")
        with pytest.raises(StateError, match="unknown"):
            self.file(ledger, claim.claim_no, "00009")
        with pytest.raises(UsageError, match="re-review, objection"):
            ledger.file_dispute(PROVIDER, claim.claim_no, "appeal", [], self.LAST, PERSON)
        self.file(ledger, claim.claim_no, "00002")
        with pytest.raises(StateError, match="was made before"):
            self.file(ledger, claim.claim_no, "00002")
        assert states(ledger, claim) == ["ACCEPTED", "DISPUTED", "IMPOSSIBLE"]

    @pytest.mark.parametrize(
        ("outcome", "won", "state"),
        [("accepted", CUT, "ACCEPTED"), ("partly-accepted", 100, "ADJUSTED"), ("dismissed", 0, "ADJUSTED")],
    )
    def test_the_cost_decision_ends_it(self, ledger: Ledger, outcome: str, won: int, state: str) -> None:
        claim = decide(ledger, MIXED)
        self.file(ledger, claim.claim_no, "00002")
        report = take(ledger, decision_notice("D1", decided(claim, {"00002": (outcome, won)})))
        assert (report.disputed, report.stopped) == ((claim.claim_no,), ())
        assert states(ledger, claim)[1] == state
        assert read(ledger, "SELECT state, outcome, difference FROM dispute") == [("decided", outcome, won)]
        assert ledger.verify() == []

    def test_a_rejected_impossible_statement_is_impossible_again(self, ledger: Ledger) -> None:
        claim = decide(ledger, MIXED)
        self.file(ledger, claim.claim_no, "00003")
        take(ledger, decision_notice("D1", decided(claim, {"00003": ("rejected", 0)})))
        assert states(ledger, claim)[2] == "IMPOSSIBLE"

    def test_a_dispute_over_a_paid_statement_comes_back_to_paid(self, ledger: Ledger) -> None:
        claim = decide(ledger, MIXED)
        take(ledger, payment_notice("P1", paid(DUE)))
        self.file(ledger, claim.claim_no, "00002")
        assert states(ledger, claim)[1] == "DISPUTED"
        take(ledger, decision_notice("D1", decided(claim, {"00002": ("accepted", CUT)})))
        assert states(ledger, claim)[1] == "PAID"
        take(ledger, payment_notice("P2", paid(CUT, "settlement")))
        assert read(ledger, "SELECT sum(amount) FROM payment_line") == [(DUE + CUT,)]

    def test_a_disputed_statement_is_paid_meanwhile(self, ledger: Ledger) -> None:
        claim = decide(ledger, MIXED)
        self.file(ledger, claim.claim_no, "00002")
        take(ledger, payment_notice("P1", paid(DUE)))
        assert states(ledger, claim) == ["PAID", "DISPUTED", "IMPOSSIBLE"]
        take(ledger, decision_notice("D1", decided(claim, {"00002": ("dismissed", 0)})))
        assert states(ledger, claim) == ["PAID", "PAID", "IMPOSSIBLE"]
        assert ledger.claim(PROVIDER, claim.claim_no).state == "PAID"

    def test_decision_and_settlement_of_one_round_count_once(self, ledger: Ledger) -> None:
        claim = decide(ledger, MIXED)
        self.file(ledger, claim.claim_no, "00002")
        take(ledger, decision_notice("D1", decided(claim, {"00002": ("accepted", CUT)}, settle_round="7")))
        same = settled(claim, {"00002": (CLAIMED - CUT, CLAIMED)}, settle_round="7")
        assert take(ledger, settlement_notice("S1", same)).stopped == ()
        assert read(ledger, "SELECT basis, difference FROM settlement") == [("cost-decision", CUT)]

    def test_a_returned_filing_gives_the_statement_back(self, ledger: Ledger) -> None:
        claim = decide(ledger, MIXED)
        self.file(ledger, claim.claim_no, "00002")
        take(ledger, dispute_answer("O1", claim, "received", "00002"))
        assert states(ledger, claim)[1] == "DISPUTED"
        take(ledger, dispute_answer("O2", claim, "returned", "00002"))
        assert states(ledger, claim)[1] == "ADJUSTED"
        assert read(ledger, "SELECT state, portal_no FROM dispute") == [("returned", "P-1")]

    def test_an_answer_to_nothing_stops_for_a_person_but_its_won_count(self, ledger: Ledger) -> None:
        claim = decide(ledger, MIXED)
        report = take(ledger, decision_notice("D1", decided(claim, {"00002": ("accepted", CUT)})))
        assert [one.code for one in report.stopped] == ["not-disputed"]
        assert read(ledger, "SELECT difference FROM settlement") == [(CUT,)]


class OtherPromises:
    def test_the_payers_refusal_is_a_state_of_its_own(self, ledger: Ledger) -> None:
        claim = hand_off(ledger, "b1")
        take(ledger, receipt_notice("R1", receipt(claim)))
        content = review(claim, MIXED)
        object.__setattr__(content, "payer_refused", frozenset({"00003"}))
        take(ledger, review_notice("V1", content))
        assert states(ledger, claim) == ["ACCEPTED", "ADJUSTED", "REFUSED_BY_PAYER"]

    def test_cut_prescriptions_are_open_items_of_their_claim(self, ledger: Ledger) -> None:
        claim = decide(ledger, MIXED)
        row = {"statement_no": "00001", "prescription_no": "2026051000001", "pharmacy_code": "31100011"}
        row |= {"code": "B", "line_no": 1, "amount": 700, "recovery": 500, "text": None}
        cuts = pa.Table.from_pylist([row], schema=PRESCRIPTION_CUTS)
        content = PrescriptionAdjustment("20260901", ClaimRef(claim.claim_no, NUMBER, "2026"), 620, 0, cuts)
        take(ledger, notice("X1", "prescription-adjustment", "F090", prescription_adjustment=content))
        assert read(ledger, "SELECT code, recovery FROM prescription_cut ORDER BY seq") == [
            ("B", 500),
            ("*", 120),
        ]
        items = {row["kind"]: row["amount"] for row in ledger.reconcile(SCHEME).items.to_pylist()}
        assert items["prescription-recovery"] == -620
        assert states(ledger, claim)[0] == "ACCEPTED"

    def test_a_request_for_material_waits_until_it_was_answered(self, ledger: Ledger) -> None:
        claim = decide(ledger, {"00003": "held"})
        reference = ClaimRef(claim.claim_no, NUMBER, "2026")
        items = (RequestItem("chart of 8001011234567", "00003"), RequestItem("invoice", application_no="A1"))
        request = SupplementRequest(date(2026, 8, 20), reference, items)
        take(ledger, notice("M1", "supplement-request", "F110", supplement_request=request))
        rows = ledger.material_requests(SCHEME).to_pylist()
        assert [(row["statement_no"], row["text"]) for row in rows] == [
            ("00003", "chart of ******-*******"),
            (None, "invoice"),
        ]
        (waiting,) = [row for row in ledger.waiting(SCHEME).to_pylist() if row["kind"] == "material"]
        assert (waiting["claim_no"], waiting["due_on"]) == (claim.claim_no, date(2026, 8, 20))
        sent = NewInstruction(SCHEME, "material_sent", "", "M1", "kim", "sent by post")
        for _ in range(2):
            ledger.decide(sent, PERSON)
        days = read(ledger, "SELECT DISTINCT CAST(answered_on AS TEXT) FROM material_request")
        assert days == [("2026-07-07",)]  # Seoul's day of the builders' clock
        assert len(ledger.material_requests(SCHEME)) == 0
        with pytest.raises(StateError, match="No request"):
            ledger.decide(replace(sent, subject="M2"), PERSON)


class Promises(SettlementPromises, PaymentPromises, DisputePromises, OtherPromises):
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
