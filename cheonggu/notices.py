"""What a document from outside says, whatever it was written in: the importer's model, scheme-neutral.

A notice (통보) names one provider and carries either receipts (접수·반송), one review result (심사결과) or a
kind that is only archived so far. Statements and findings of a review are Arrow tables, because a claim may hold
a hundred thousand statements. Source of the vocabulary: the scheme's ``notices/vocabulary.csv``.
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


@dataclass(frozen=True)
class Notice:
    """One document. ``kind`` is the vocabulary's; kinds other than the two modelled here have no content."""

    document_no: str
    kind: str  # receipt | review-result | …
    form: str
    source: str
    issued: date
    provider_code: str
    receipts: tuple[Receipt, ...] = ()
    review: Review | None = None
