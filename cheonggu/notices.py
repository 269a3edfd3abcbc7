"""What a document from outside says, whatever it was written in: the importer's model, scheme-neutral.

A notice (통보) names one provider and carries receipts (접수·반송), one review result (심사결과), one settlement
(정산), payments (지급), a decision on disputes (비용결정), a request for material (보완요청), cuts of outside
prescriptions (원외처방 조정), or a kind that only informs and is archived. What may come in a hundred thousand rows is
an Arrow table. Source of the vocabulary: the scheme's ``notices/vocabulary.csv``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa

REVIEW_STATEMENTS = pa.schema(
    [
        pa.field("statement_no", pa.string(), nullable=False),
        pa.field("outcome", pa.string(), nullable=False),  # accepted | adjusted | impossible | held
        pa.field("claimed_total_1", pa.int64(), nullable=False),  # won, as all amounts here
        pa.field("claimed_copay", pa.int64(), nullable=False),
        pa.field("claimed_amount", pa.int64(), nullable=False),
        pa.field("decided_total_1", pa.int64(), nullable=False),
        pa.field("decided_copay", pa.int64(), nullable=False),
        pa.field("decided_amount", pa.int64(), nullable=False),
        pa.field("copay_refund", pa.int64()),
    ]
)
REVIEW_FINDINGS = pa.schema(
    [
        pa.field("statement_no", pa.string(), nullable=False),
        pa.field("finding_class", pa.string(), nullable=False),  # adjusted | impossible | held | settled
        pa.field("code", pa.string(), nullable=False),
        pa.field("detail_code", pa.string()),
        pa.field("line_no", pa.int64()),  # null: the whole statement
        pa.field("amount", pa.int64(), nullable=False),
        pa.field("text", pa.string()),
        pa.field("amount_with_surcharge", pa.int64()),  # null where the cut is not surcharged
    ]
)
SIDES = ("total_1", "copay", "amount")  # won; null where a notice does not say
SETTLED_STATEMENTS = pa.schema(
    [pa.field("statement_no", pa.string(), nullable=False)]
    + [pa.field(f"{half}_{side}", pa.int64()) for half in ("previous", "settled") for side in SIDES]
    + [pa.field("difference", pa.int64(), nullable=False)]  # signed, payer's side: settled − previous
)
SETTLED_LINES = pa.schema(
    [
        pa.field("statement_no", pa.string(), nullable=False),
        pa.field("line_no", pa.int64(), nullable=False),
        pa.field("previous_code", pa.string()),
        pa.field("previous_reason", pa.string()),
        pa.field("previous_amount", pa.int64(), nullable=False),
        pa.field("settled_code", pa.string()),
        pa.field("settled_reason", pa.string()),
        pa.field("settled_amount", pa.int64(), nullable=False),
    ]
)
DISPUTE_OUTCOMES = pa.schema(
    [
        pa.field("statement_no", pa.string(), nullable=False),
        pa.field("outcome", pa.string(), nullable=False),  # accepted | partly-accepted | dismissed | rejected
        pa.field("difference", pa.int64(), nullable=False),
        pa.field("text", pa.string()),
    ]
)
PRESCRIPTION_CUTS = pa.schema(
    [
        pa.field("statement_no", pa.string(), nullable=False),
        pa.field("prescription_no", pa.string(), nullable=False),
        pa.field("pharmacy_code", pa.string()),
        pa.field("code", pa.string(), nullable=False),
        pa.field("line_no", pa.int64()),
        pa.field("amount", pa.int64(), nullable=False),
        pa.field("recovery", pa.int64()),  # taken back from the prescriber; null: not said
        pa.field("text", pa.string()),
    ]
)

LINE_DECISIONS = pa.schema(
    [
        pa.field("statement_no", pa.string(), nullable=False),
        pa.field("line_no", pa.int64(), nullable=False),
        pa.field("decision", pa.string(), nullable=False),  # pay | deny
        pa.field("claimed_amount", pa.int64(), nullable=False),
        pa.field("decided_amount", pa.int64(), nullable=False),
        pa.field("code", pa.string()),
        pa.field("text", pa.string()),
    ]
)


@dataclass(frozen=True)
class Reason:
    """Why a claim came back (반송사유); ``statement_no`` None means the whole claim."""

    code: str
    detail_code: str | None
    statement_no: str | None
    text: str


@dataclass(frozen=True)
class Receipt:
    """One claim in a receipt notice (접수·반송 통보)."""

    result: str  # received | returned
    receipt_no: str | None
    receipt_year: str | None
    receipt_date: date
    claim_no: str
    claim_class: str  # original | supplementary | additional | split
    payer_class: str
    treatment_month: str  # CCYYMM
    statement_count: int
    claimed_amount: int
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Totals:
    """Counts and won on the payer's side: claimed − impossible − adjusted = decided."""

    claimed_count: int
    claimed_amount: int
    decided_count: int
    decided_amount: int
    impossible_count: int
    impossible_amount: int
    adjusted_count: int
    adjusted_amount: int


@dataclass(frozen=True)
class Review:
    """A review result (심사결과통보) of one claim and round; ``complete`` says every statement is listed."""

    review_round: str
    complete: bool
    receipt_year: str | None
    receipt_no: str
    claim_no: str
    payer_class: str
    totals: Totals
    statements: pa.Table = field(repr=False)
    findings: pa.Table = field(repr=False)
    # Statements that the payer, not the reviewer, refuses (지급불능); told apart by the scheme's code table.
    payer_refused: frozenset[str] = frozenset()
    # The decision about a filing of ours: statements under dispute get their new decision by it.
    answers_dispute: bool = False
    prescriptions: pa.Table = field(default_factory=PRESCRIPTION_CUTS.empty_table, repr=False)


@dataclass(frozen=True)
class ClaimRef:
    """The claim a notice speaks of: by claim number, else by receipt number (``claim_no`` None)."""

    claim_no: str | None
    receipt_no: str
    receipt_year: str | None = None
    review_round: str | None = None


@dataclass(frozen=True)
class Settlement:
    """A settlement (정산심사): amounts before and after per statement; the difference counts once per round."""

    settle_round: str
    settled_on: date
    claim: ClaimRef
    statements: pa.Table = field(repr=False)  # SETTLED_STATEMENTS
    lines: pa.Table = field(default_factory=SETTLED_LINES.empty_table, repr=False)


@dataclass(frozen=True)
class Payment:
    """One row of a payment notice (지급통보). ``kind``: advance (가지급) | final | settlement.

    ``paid`` is the gross payer share in won; ``deductions`` pairs of kind and won; net = paid − deductions.
    """

    kind: str
    paid_on: date
    claim: ClaimRef
    paid: int
    net: int
    deductions: tuple[tuple[str, int], ...] = ()
    payment_round: str | None = None
    treatment_month: str | None = None  # CCYYMM; an advance has none
    statement_count: int | None = None


@dataclass(frozen=True)
class CostDecision:
    """The decision on a re-review request or objection (재심사·이의신청 비용결정)."""

    settle_round: str
    decision_no: str
    claim: ClaimRef
    difference: int
    statements: pa.Table = field(repr=False)  # DISPUTE_OUTCOMES
    completed_on: date | None = None
    dispute_kind: str | None = None  # re-review | objection


@dataclass(frozen=True)
class DisputeReceipt:
    """The answer to a filing (이의신청 접수·반송): a late one is returned and cannot be filed again."""

    result: str  # received | returned
    claim: ClaimRef
    statement_nos: tuple[str, ...]
    dispute_kind: str | None = None
    portal_no: str | None = None


@dataclass(frozen=True)
class RequestItem:
    """One thing that a request for material asks for."""

    text: str
    statement_no: str | None = None
    line_no: int | None = None
    application_no: str | None = None
    guide_code: str | None = None
    item_code: str | None = None
    form_code: str | None = None


@dataclass(frozen=True)
class SupplementRequest:
    """A request for material (보완자료 요청). ``claim`` None: it concerns a report of the provider, not a claim."""

    due_on: date | None
    claim: ClaimRef | None
    items: tuple[RequestItem, ...]


@dataclass(frozen=True)
class PrescriptionAdjustment:
    """Cuts of outside prescriptions (원외처방 조정); ``recovery`` is what the prescriber pays back in all."""

    round_no: str
    claim: ClaimRef
    recovery: int
    patient_refund: int
    cuts: pa.Table = field(repr=False)  # PRESCRIPTION_CUTS


@dataclass(frozen=True)
class Clock:
    """A day that a notice sets for a claim, or for one statement of it; ``due_on`` None ends an earlier one."""

    claim_no: str
    statement_no: str | None
    kind: str
    due_on: date | None


@dataclass(frozen=True)
class Notice:
    """One document. ``kind`` is the vocabulary's; kinds that only inform (precheck, client-list) have no content."""

    document_no: str
    kind: str  # receipt | review-result | …
    form: str
    source: str
    issued: date
    provider_code: str
    receipts: tuple[Receipt, ...] = ()
    review: Review | None = None
    learned: date | None = None  # first seen by a person; starts the objection clock
    settlement: Settlement | None = None
    payments: tuple[Payment, ...] = ()
    cost_decision: CostDecision | None = None
    dispute_receipts: tuple[DisputeReceipt, ...] = ()
    supplement_request: SupplementRequest | None = None
    prescription_adjustment: PrescriptionAdjustment | None = None
    lines: pa.Table = field(default_factory=LINE_DECISIONS.empty_table, repr=False)
    clocks: tuple[Clock, ...] = ()

    @property
    def has_content(self) -> bool:
        """Whether importing it can change anything beyond keeping the document."""
        return bool(self.receipts or self.payments or self.dispute_receipts) or any(
            one is not None
            for one in (
                self.review,
                self.settlement,
                self.cost_decision,
                self.supplement_request,
                self.prescription_adjustment,
            )
        )
