"""Made-up notices about money: settlements, payments, decisions on disputes; the rest of ``ledger_builders``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pyarrow as pa

from cheonggu.ledger import Claim, Ledger
from cheonggu.notices import (
    DISPUTE_OUTCOMES,
    SETTLED_STATEMENTS,
    ClaimRef,
    CostDecision,
    DisputeReceipt,
    Notice,
    Payment,
    Settlement,
)
from tests.ledger.ledger_builders import (
    CLAIMED,
    COPAY,
    PROVIDER,
    hand_off,
    receipt,
    receipt_notice,
    review,
    review_notice,
    take,
)

NUMBER, ROUND = "0001234", "20260701"
CUT = 510  # what ``review`` takes from an adjusted statement


def decide(ledger: Ledger, outcomes: Mapping[str, str], batch_id: str = "b1", count: int = 3) -> Claim:
    """A claim that was received and reviewed; statements that are not named are accepted."""
    claim = hand_off(ledger, batch_id, count)
    take(ledger, receipt_notice(f"R-{batch_id}", receipt(claim)))
    take(ledger, review_notice(f"V-{batch_id}", review(claim, outcomes)))
    return ledger.claim(PROVIDER, claim.claim_no)


def notice(document_no: str, kind: str, form: str, **content: object) -> Notice:
    return Notice(document_no, kind, form, "simulator", date(2026, 8, 1), PROVIDER, **content)  # type: ignore[arg-type]


def settled(
    claim: Claim, changes: Mapping[str, tuple[int, int]], *, settle_round: str = "20260001"
) -> Settlement:
    """``changes``: serial → payer's share before and after."""
    rows = [
        {
            "statement_no": serial,
            "previous_total_1": before + COPAY,
            "previous_copay": COPAY,
            "previous_amount": before,
            "settled_total_1": after + COPAY,
            "settled_copay": COPAY,
            "settled_amount": after,
            "difference": after - before,
        }
        for serial, (before, after) in changes.items()
    ]
    return Settlement(
        settle_round=settle_round,
        settled_on=date(2026, 8, 1),
        claim=ClaimRef(claim.claim_no, NUMBER, "2026", ROUND),
        statements=pa.Table.from_pylist(rows, schema=SETTLED_STATEMENTS),
    )


def settlement_notice(document_no: str, content: Settlement) -> Notice:
    return notice(document_no, "settlement", "F040", settlement=content)


def paid(
    won: int, kind: str = "final", *, deductions: Mapping[str, int] | None = None, **changes: object
) -> Payment:
    """One row of a payment notice for the receipt number that ``receipt`` gives."""
    cut = deductions or {}
    reference = ClaimRef(None, str(changes.pop("number", NUMBER)), "2026", changes.pop("review_round", None))  # type: ignore[arg-type]
    values: dict[str, object] = {
        "kind": kind,
        "paid_on": date(2026, 8, 10),
        "claim": reference,
        "paid": won,
        "net": won - sum(cut.values()),
        "deductions": tuple(cut.items()),
    }
    return Payment(**(values | changes))  # type: ignore[arg-type]


def payment_notice(document_no: str, *payments: Payment) -> Notice:
    return notice(document_no, "payment", "NHIS-HI", payments=payments)


def decided(
    claim: Claim, outcomes: Mapping[str, tuple[str, int]], *, settle_round: str = "20260009"
) -> CostDecision:
    """``outcomes``: serial → what was decided and the won it changes."""
    rows = [
        {"statement_no": serial, "outcome": outcome, "difference": won, "text": None}
        for serial, (outcome, won) in outcomes.items()
    ]
    return CostDecision(
        settle_round=settle_round,
        decision_no="D-1",
        claim=ClaimRef(claim.claim_no, NUMBER, "2026"),
        difference=sum(won for _, won in outcomes.values()),
        statements=pa.Table.from_pylist(rows, schema=DISPUTE_OUTCOMES),
    )


def decision_notice(document_no: str, content: CostDecision) -> Notice:
    return notice(document_no, "cost-decision", "F130", cost_decision=content)


def dispute_answer(document_no: str, claim: Claim, result: str, *serials: str) -> Notice:
    content = DisputeReceipt(result, ClaimRef(claim.claim_no, NUMBER, "2026"), serials, "objection", "P-1")
    return notice(document_no, "objection-receipt", "OBJ-RCPT", dispute_receipts=(content,))


def states(ledger: Ledger, claim: Claim) -> list[str]:
    """Where the statements of a claim stand, by serial."""
    found: list[str] = ledger.claim_statements(PROVIDER, claim.claim_no)["state"].to_pylist()
    return found


DUE = 2 * CLAIMED - CUT  # of a claim of three: one accepted, one adjusted, one impossible
