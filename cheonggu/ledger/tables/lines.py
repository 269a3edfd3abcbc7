"""Lines, clocks, visits and signature requests. Person and case stand only under the source's opaque keys; a visit
only as a keyed hash.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Index, Integer, LargeBinary, Table, Text

from cheonggu.ledger.tables.base import metadata, of_claim

# What each line of a claim asked for, where the scheme decides line by line.
claim_line = Table(
    "claim_line",
    metadata,
    Column("provider_code", Text, primary_key=True),
    Column("claim_no", Text, primary_key=True),
    Column("statement_no", Text, primary_key=True),
    Column("line_no", BigInteger, primary_key=True),
    Column("person_key", Text, nullable=False),
    Column("case_key", Text, nullable=False),
    Column("facts", Text, nullable=False),  # JSON object: what counters and caps are about
    Column("claimed_amount", BigInteger, nullable=False),
    of_claim("claim_line"),
    Index(None, "person_key"),
)

# What a notice decided about a line; the newest event counts.
line_decision = Table(
    "line_decision",
    metadata,
    Column("event_id", BigInteger, ForeignKey("event.event_id"), primary_key=True, autoincrement=False),
    Column("provider_code", Text, primary_key=True),
    Column("claim_no", Text, primary_key=True),
    Column("statement_no", Text, primary_key=True),
    Column("line_no", BigInteger, primary_key=True),
    Column("document_no", Text, ForeignKey("notice.document_no"), nullable=False),
    Column("decision", Text, nullable=False),
    Column("claimed_amount", BigInteger, nullable=False),
    Column("decided_amount", BigInteger, nullable=False),
    Column("code", Text),
    Column("text", Text),
    of_claim("line_decision"),
)

# Days that notices set; statement_no '' stands for the whole claim, due_on null ends an earlier one.
claim_clock = Table(
    "claim_clock",
    metadata,
    Column("event_id", BigInteger, ForeignKey("event.event_id"), primary_key=True, autoincrement=False),
    Column("provider_code", Text, primary_key=True),
    Column("claim_no", Text, primary_key=True),
    Column("statement_no", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("document_no", Text, ForeignKey("notice.document_no"), nullable=False),
    Column("due_on", Date),
    of_claim("claim_clock"),
)

# Visits of a scheme's statements that another scheme could claim too.
visit_mark = Table(
    "visit_mark",
    metadata,
    Column("visit_hash", LargeBinary, primary_key=True),
    Column("scheme", Text, primary_key=True),
    Column("statement_key", Text, ForeignKey("statement.statement_key"), primary_key=True),
    Index(None, "statement_key"),
    sqlite_with_rowid=False,
)

# Messages that asked a claimant to sign; the statement may not be in the ledger yet.
signature_request = Table(
    "signature_request",
    metadata,
    Column("scheme", Text, primary_key=True),
    Column("statement_key", Text, primary_key=True),
    Column("request_no", Integer, primary_key=True, autoincrement=False),
    Column("event_id", BigInteger, ForeignKey("event.event_id"), nullable=False),
    Column("kind", Text, nullable=False),  # first | reminder
    Column("asked_on", Date, nullable=False),
    Column("medium", Text, nullable=False),  # sms | email
    Column("reference", Text, nullable=False),  # the gateway's number of the message
)
