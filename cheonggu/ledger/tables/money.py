"""Settlements and payments."""

from __future__ import annotations

from sqlalchemy import Column, Date, ForeignKey, ForeignKeyConstraint, Index, Integer, Table, Text

from cheonggu.ledger.tables.base import metadata, of_claim, of_claim_statement, text_of, won_of

# A change of an earlier decision, once per settlement round; ``basis`` settlement | cost-decision.
settlement = Table(
    "settlement",
    metadata,
    Column("provider_code", Text, primary_key=True),
    Column("claim_no", Text, primary_key=True),
    Column("statement_no", Text, primary_key=True),
    Column("settle_round", Text, primary_key=True),
    text_of("document_no", ForeignKey("notice.document_no")),
    text_of("basis"),
    Column("settled_on", Date, nullable=False),
    won_of("previous_total_1", optional=True),
    won_of("previous_copay", optional=True),
    won_of("previous_amount"),
    won_of("settled_total_1", optional=True),
    won_of("settled_copay", optional=True),
    won_of("settled_amount"),
    won_of("difference"),
    of_claim_statement("settlement"),
    sqlite_with_rowid=False,
)

settlement_line = Table(
    "settlement_line",
    metadata,
    Column("document_no", Text, ForeignKey("notice.document_no"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    text_of("provider_code"),
    text_of("claim_no"),
    text_of("statement_no"),
    text_of("settle_round"),
    won_of("line_no"),
    text_of("previous_code", optional=True),
    text_of("previous_reason", optional=True),
    won_of("previous_amount"),
    text_of("settled_code", optional=True),
    text_of("settled_reason", optional=True),
    won_of("settled_amount"),
    of_claim("settlement_line"),
)

# One row of a payment notice; ``claim_no`` null: no claim of ours has its receipt number (yet).
payment = Table(
    "payment",
    metadata,
    Column("document_no", Text, ForeignKey("notice.document_no"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    text_of("scheme"),
    text_of("provider_code"),
    text_of("claim_no", optional=True),
    text_of("kind"),  # advance | final | settlement
    Column("paid_on", Date, nullable=False),
    text_of("payment_round", optional=True),
    text_of("receipt_year", optional=True),
    text_of("receipt_no"),
    text_of("review_round", optional=True),
    text_of("treatment_month", optional=True),
    won_of("paid_amount"),  # gross, as printed
    won_of("withheld_amount"),  # deductions that are not paid yet: unpayable, withheld, short deposit
    won_of("net_amount"),
    of_claim("payment"),
    Index(None, "provider_code", "claim_no"),
    Index(None, "provider_code", "receipt_no"),
)

payment_deduction = Table(
    "payment_deduction",
    metadata,
    Column("document_no", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("kind", Text, primary_key=True),
    won_of("amount"),
    ForeignKeyConstraint(
        ["document_no", "seq"], ["payment.document_no", "payment.seq"], name="fk_payment_deduction_payment"
    ),
)

# What of a payment belongs to which statement; only written when claim or round is paid to the won.
payment_line = Table(
    "payment_line",
    metadata,
    Column("provider_code", Text, primary_key=True),
    Column("claim_no", Text, primary_key=True),
    Column("statement_no", Text, primary_key=True),
    Column("document_no", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    won_of("amount"),
    ForeignKeyConstraint(
        ["document_no", "seq"], ["payment.document_no", "payment.seq"], name="fk_payment_line_payment"
    ),
    of_claim_statement("payment_line"),
    sqlite_with_rowid=False,
)
