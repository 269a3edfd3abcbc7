"""The ledger's tables. A change here needs a migration beside it; a test compares the two. One module per subject.

Text states and codes, money in won (int64), days as DATE, times as UTC text. Personal data stands only in
``statement_personal.sealed`` (encrypted) and as keyed hashes.
"""

from cheonggu.ledger.tables.base import metadata
from cheonggu.ledger.tables.chain import chain_head, event, event_statement, ledger_meta
from cheonggu.ledger.tables.claims import (
    back_reference,
    batch,
    claim,
    claim_counter,
    claim_file,
    claim_statement,
    finding,
    live_submission,
    statement,
    statement_personal,
)
from cheonggu.ledger.tables.hand_off import submission, submission_file
from cheonggu.ledger.tables.lines import claim_clock, claim_line, line_decision, signature_request, visit_mark
from cheonggu.ledger.tables.money import payment, payment_deduction, payment_line, settlement, settlement_line
from cheonggu.ledger.tables.notices import (
    decision,
    decision_finding,
    dispute,
    material_request,
    notice,
    notice_claim,
    notice_reason,
    prescription_cut,
    refused_notice,
)
from cheonggu.ledger.tables.people import instruction, instruction_end, remark

__all__ = [
    "back_reference",
    "batch",
    "chain_head",
    "claim",
    "claim_clock",
    "claim_counter",
    "claim_file",
    "claim_line",
    "claim_statement",
    "decision",
    "decision_finding",
    "dispute",
    "event",
    "event_statement",
    "finding",
    "instruction",
    "instruction_end",
    "ledger_meta",
    "line_decision",
    "live_submission",
    "material_request",
    "metadata",
    "notice",
    "notice_claim",
    "notice_reason",
    "payment",
    "payment_deduction",
    "payment_line",
    "prescription_cut",
    "refused_notice",
    "remark",
    "settlement",
    "settlement_line",
    "signature_request",
    "statement",
    "statement_personal",
    "submission",
    "submission_file",
    "visit_mark",
]
