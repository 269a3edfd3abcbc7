"""What came back: documents, what they say about claims, decisions, disputes, requests and cuts."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, Table, Text

from cheonggu.ledger.tables.base import metadata, of_claim, of_claim_statement, text_of, won_of

notice = Table(
    "notice",
    metadata,
    Column("document_no", Text, primary_key=True),
    text_of("sha256"),
    text_of("scheme"),
    text_of("kind"),
    text_of("form"),
    text_of("source"),
    Column("issued", Date, nullable=False),
    text_of("provider_code"),
    text_of("archived_as"),
    text_of("status"),  # imported | kept
    Column("learned_on", Date),  # first seen by a person, where the document says so
)

refused_notice = Table(
    "refused_notice",
    metadata,
    Column("sha256", Text, primary_key=True),
    text_of("document_no", optional=True),
    text_of("archived_as"),
    text_of("code"),
)

# What a notice said about a claim, whether or not it moved it (``stopped_code`` says why not).
notice_claim = Table(
    "notice_claim",
    metadata,
    Column("document_no", Text, ForeignKey("notice.document_no"), primary_key=True),
    Column("provider_code", Text, primary_key=True),
    Column("claim_no", Text, primary_key=True),
    text_of("result"),  # received | returned | reviewed
    text_of("receipt_year", optional=True),
    text_of("receipt_no", optional=True),
    text_of("review_round", optional=True),
    Column("statement_count", Integer, nullable=False),
    won_of("claimed_amount"),
    text_of("stopped_code", optional=True),
    of_claim("notice_claim"),
)

notice_reason = Table(
    "notice_reason",
    metadata,
    Column("document_no", Text, ForeignKey("notice.document_no"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    text_of("provider_code"),
    text_of("claim_no"),
    text_of("code"),
    text_of("detail_code", optional=True),
    text_of("statement_no", optional=True),
    text_of("text", optional=True),
    of_claim("notice_reason"),
)

decision = Table(
    "decision",
    metadata,
    Column("provider_code", Text, primary_key=True),
    Column("claim_no", Text, primary_key=True),
    Column("statement_no", Text, primary_key=True),
    Column("review_round", Text, primary_key=True),
    text_of("document_no", ForeignKey("notice.document_no")),
    text_of("outcome"),  # accepted | adjusted | impossible | held
    Column("is_listed", Boolean, nullable=False),  # false: absent from the notice, accepted as claimed
    won_of("claimed_total_1"),
    won_of("claimed_copay"),
    won_of("claimed_amount"),
    won_of("decided_total_1"),
    won_of("decided_copay"),
    won_of("decided_amount"),
    won_of("copay_refund", optional=True),
    of_claim_statement("decision"),
    sqlite_with_rowid=False,
)

decision_finding = Table(
    "decision_finding",
    metadata,
    Column("document_no", Text, ForeignKey("notice.document_no"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    text_of("provider_code"),
    text_of("claim_no"),
    text_of("statement_no"),
    text_of("review_round"),
    text_of("finding_class"),
    text_of("code"),
    text_of("detail_code", optional=True),
    won_of("line_no", optional=True),
    won_of("amount"),
    text_of("text", optional=True),
    won_of("amount_with_surcharge", optional=True),
    of_claim("decision_finding"),
)

# Objections (이의신청) and re-review requests (재심사조정청구): one filing per statement and kind.
dispute = Table(
    "dispute",
    metadata,
    Column("provider_code", Text, primary_key=True),
    Column("claim_no", Text, primary_key=True),
    Column("statement_no", Text, primary_key=True),
    Column("kind", Text, primary_key=True),  # re-review | objection
    text_of("state"),  # filed | received | returned | decided
    text_of("review_round"),
    Column("filed_on", Date, nullable=False),
    Column("last_on", Date, nullable=False),
    won_of("amount"),  # asked for, payer's share
    text_of("portal_no", optional=True),
    text_of("document_no", ForeignKey("notice.document_no"), optional=True),
    text_of("outcome", optional=True),
    won_of("difference", optional=True),
    of_claim_statement("dispute"),
)

material_request = Table(
    "material_request",
    metadata,
    Column("document_no", Text, ForeignKey("notice.document_no"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    text_of("provider_code"),
    text_of("claim_no", optional=True),  # null: it concerns a report of the provider
    text_of("statement_no", optional=True),
    won_of("line_no", optional=True),
    Column("due_on", Date),
    text_of("application_no", optional=True),
    text_of("guide_code", optional=True),
    text_of("item_code", optional=True),
    text_of("form_code", optional=True),
    text_of("text", optional=True),
    Column("answered_on", Date),
    of_claim("material_request"),
)

# Cuts of outside prescriptions; ``prescription_no`` null: what the notice takes back beyond its rows.
prescription_cut = Table(
    "prescription_cut",
    metadata,
    Column("document_no", Text, ForeignKey("notice.document_no"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    text_of("provider_code"),
    text_of("claim_no", optional=True),
    text_of("statement_no", optional=True),
    text_of("prescription_no", optional=True),
    text_of("pharmacy_code", optional=True),
    text_of("code"),
    won_of("line_no", optional=True),
    won_of("amount"),
    won_of("recovery"),
    text_of("text", optional=True),
    of_claim("prescription_cut"),
    Index(None, "provider_code", "claim_no"),
)
