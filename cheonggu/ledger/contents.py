"""What each kind of notice changes, in one place: the transaction of an import runs through here."""

from __future__ import annotations

from cheonggu.ledger.disputes import apply_cost_decision, apply_dispute_receipt
from cheonggu.ledger.imports import Progress
from cheonggu.ledger.lines import apply_lines
from cheonggu.ledger.payments import apply_payments, give_payments
from cheonggu.ledger.receipts import apply_receipt
from cheonggu.ledger.requests import apply_prescriptions, apply_request
from cheonggu.ledger.reviews import apply_review
from cheonggu.ledger.settlements import apply_settlement


def apply_content(progress: Progress, scheme: str) -> None:
    """Take in everything a notice says, then see whether payments that came before fit now."""
    notice = progress.notice
    for receipt in notice.receipts:
        apply_receipt(progress, receipt)
    if notice.review is not None:
        apply_review(progress, notice.review)
    if notice.settlement is not None:
        apply_settlement(progress, notice.settlement)
    if notice.cost_decision is not None:
        apply_cost_decision(progress, notice.cost_decision)
    for answer in notice.dispute_receipts:
        apply_dispute_receipt(progress, answer)
    if notice.supplement_request is not None:
        apply_request(progress, notice.supplement_request)
    if notice.prescription_adjustment is not None:
        apply_prescriptions(progress, notice.prescription_adjustment)
    apply_lines(progress)
    moved = (*progress.received, *progress.reviewed, *progress.settled, *progress.disputed)
    for claim_no in dict.fromkeys(moved):
        give_payments(progress, claim_no)
    if notice.payments:
        apply_payments(progress, scheme, notice.payments)
