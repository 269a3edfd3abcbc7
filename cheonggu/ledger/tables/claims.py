"""Batches, statements and claims, and what stood in a claim."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from cheonggu.ledger.tables.base import amounts, metadata, of_claim, text_of, won_of

batch = Table(
    "batch",
    metadata,
    Column("batch_id", Text, primary_key=True),
    text_of("scheme"),
    text_of("provider_code"),
    text_of("treatment_month"),
    text_of("kind"),
    text_of("claim_class"),
    Column("claim_date", Date, nullable=False),
    text_of("group_values"),  # JSON object
    text_of("parent_batch_id", ForeignKey("batch.batch_id"), optional=True),
    text_of("stage"),
    text_of("held_from", optional=True),  # the stage before it was held
    text_of("hold_code", optional=True),
    text_of("members_digest"),  # SHA-256 over keys and content hashes, for repeated calls
    Column("statement_count", Integer, nullable=False),
    text_of("run_id", optional=True),
    Index(None, "scheme", "stage"),
)

statement = Table(
    "statement",
    metadata,
    Column("statement_key", Text, primary_key=True),
    text_of("scheme"),
    text_of("provider_code"),
    text_of("care_month"),
    text_of("state"),
    text_of("content_hash"),
    text_of("batch_id", ForeignKey("batch.batch_id"), optional=True),  # null: free to join a batch
    Column("identity_hash", LargeBinary, nullable=False),
    *amounts(),
    Index(None, "batch_id"),
    Index(None, "scheme", "provider_code", "care_month"),
    Index(None, "scheme", "identity_hash"),
    sqlite_with_rowid=False,
)

statement_personal = Table(
    "statement_personal",
    metadata,
    Column("statement_key", Text, ForeignKey("statement.statement_key"), primary_key=True),
    Column("resident_no_hash", LargeBinary),
    Column("sealed", LargeBinary, nullable=False),
    Index(None, "resident_no_hash"),
    sqlite_with_rowid=False,
)

claim = Table(
    "claim",
    metadata,
    Column("provider_code", Text, primary_key=True),
    Column("claim_no", Text, primary_key=True),
    text_of("scheme"),
    Column("batch_id", Text, ForeignKey("batch.batch_id"), nullable=False, unique=True),
    text_of("treatment_month"),
    text_of("claim_class"),
    text_of("state"),
    Column("statement_count", Integer, nullable=False),
    *amounts(),
    text_of("header_sums", optional=True),  # JSON object, once assembled
    text_of("document_id", optional=True),
    text_of("receipt_year", optional=True),
    text_of("receipt_no", optional=True),
    Column("received_on", Date),
    text_of("stopped_code", optional=True),
    Index(None, "scheme", "state"),
    UniqueConstraint("provider_code", "receipt_year", "receipt_no"),
)

# The last number given per provider and month of treatment; numbers are never used again.
claim_counter = Table(
    "claim_counter",
    metadata,
    Column("provider_code", Text, primary_key=True),
    Column("treatment_month", Text, primary_key=True),
    Column("last_serial", Integer, nullable=False),
    CheckConstraint("last_serial BETWEEN 0 AND 9999", name="four_digits"),
)

# What stood under which number in which claim; kept for ever, since answers point to (claim no, serial).
claim_statement = Table(
    "claim_statement",
    metadata,
    Column("provider_code", Text, primary_key=True),
    Column("claim_no", Text, primary_key=True),
    Column("statement_no", Text, primary_key=True),
    text_of("statement_key", ForeignKey("statement.statement_key")),
    text_of("content_hash"),
    *amounts(),
    of_claim("claim_statement"),
    UniqueConstraint("provider_code", "claim_no", "statement_key"),
    Index(None, "statement_key"),
    sqlite_with_rowid=False,
)

# One live submission per identity: the primary key is the rule.
live_submission = Table(
    "live_submission",
    metadata,
    Column("scheme", Text, primary_key=True),
    Column("identity_hash", LargeBinary, primary_key=True),
    Column("statement_key", Text, ForeignKey("statement.statement_key"), nullable=False, unique=True),
    text_of("provider_code"),
    text_of("claim_no"),
    of_claim("live_submission"),
    sqlite_with_rowid=False,
)

claim_file = Table(
    "claim_file",
    metadata,
    Column("provider_code", Text, primary_key=True),
    Column("claim_no", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    won_of("size"),
    text_of("sha256"),
    of_claim("claim_file"),
)

# What a supplementary, additional or split statement refers to at the reviewer; written once, with the statement.
# A receipt number comes again every year, so the year belongs to it. One round of a class per parent at a time.
back_reference = Table(
    "back_reference",
    metadata,
    Column("statement_key", Text, ForeignKey("statement.statement_key"), primary_key=True),
    text_of("claim_class"),  # the scheme's name, such as supplementary
    text_of("relation"),  # supplement | addition | slice
    text_of("class_code"),  # as the statement carries it on the wire
    Column("round", Integer, nullable=False),
    text_of("parent_key", ForeignKey("statement.statement_key")),
    text_of("source_key"),  # the hospital's key of the statement
    text_of("provider_code"),
    text_of("parent_claim_no"),
    text_of("parent_statement_no"),
    text_of("parent_receipt_year"),
    text_of("parent_receipt_no"),
    text_of("reason_code", optional=True),
    text_of("detail_code", optional=True),
    text_of("basis"),  # notice | typed
    ForeignKeyConstraint(
        ["provider_code", "parent_claim_no", "parent_statement_no"],
        ["claim_statement.provider_code", "claim_statement.claim_no", "claim_statement.statement_no"],
        name="fk_back_reference_claim_statement",
    ),
    UniqueConstraint("parent_key", "claim_class", "round"),
    Index(None, "provider_code", "parent_receipt_no"),
    sqlite_with_rowid=False,
)

finding = Table(
    "finding",
    metadata,
    Column("batch_id", Text, ForeignKey("batch.batch_id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    text_of("rule_id"),
    text_of("level"),
    text_of("stage"),
    text_of("scope"),
    text_of("statement_key", optional=True),
    text_of("statement_no", optional=True),
    text_of("file", optional=True),
    text_of("record", optional=True),
    won_of("line_no", optional=True),
    text_of("field", optional=True),
    text_of("detail", optional=True),
    text_of("message_ko"),
    text_of("message_en"),
    text_of("fix_ko"),
    text_of("fix_en"),
    won_of("waiver_id", optional=True),  # the instruction that let it pass
)
