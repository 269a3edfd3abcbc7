"""The audit chain and what this ledger is."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text

from cheonggu.ledger.tables.base import metadata, text_of

# One row each: what this ledger is (fingerprint of its secret).
ledger_meta = Table("ledger_meta", metadata, Column("name", Text, primary_key=True), text_of("value"))

# The audit chain: hash = SHA-256(previous hash ‖ canonical JSON of the other columns).
event = Table(
    "event",
    metadata,
    Column("event_id", BigInteger, primary_key=True, autoincrement=False),
    text_of("at"),  # UTC, ISO 8601
    text_of("actor"),
    text_of("run_id", optional=True),
    text_of("kind"),
    text_of("scheme", optional=True),
    text_of("batch_id", optional=True),
    text_of("stage_to", optional=True),
    text_of("provider_code", optional=True),
    text_of("claim_no", optional=True),
    text_of("claim_from", optional=True),
    text_of("claim_to", optional=True),
    text_of("document_no", optional=True),
    text_of("detail"),  # JSON object
    Column("row_count", Integer, nullable=False),
    text_of("rows_digest", optional=True),
    text_of("previous_hash"),
    text_of("hash"),
    Index(None, "batch_id"),
    Index(None, "provider_code", "claim_no"),
)

event_statement = Table(
    "event_statement",
    metadata,
    Column("event_id", BigInteger, ForeignKey("event.event_id"), primary_key=True, autoincrement=False),
    Column("statement_key", Text, primary_key=True),
    text_of("from_state", optional=True),
    text_of("to_state"),
    Index(None, "statement_key"),
    sqlite_with_rowid=False,
)

# One row: the last event. Its lock orders all writers; the seal proves the end of the chain.
chain_head = Table(
    "chain_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("event_id", BigInteger, nullable=False),
    text_of("hash"),
    text_of("seal"),
    CheckConstraint("id = 1", name="one_row"),
)
