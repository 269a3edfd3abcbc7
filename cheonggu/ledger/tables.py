"""The ledger's tables. A change here needs a migration beside it; a test compares the two. More: ``line_tables``.

Text states and codes, money in won (int64), days as DATE, times as UTC text. Personal data stands only in
``statement_personal.sealed`` (encrypted) and as keyed hashes.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _text(name: str, *args: ForeignKey, optional: bool = False) -> Column[str]:
    return Column(name, Text, *args, nullable=optional)


def _won(name: str, *, optional: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=optional)


def _amounts() -> list[Column[int]]:
    return [_won("claimed_amount"), _won("total_benefit_cost_1"), _won("patient_copay")]


def _of_claim(table: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["provider_code", "claim_no"], ["claim.provider_code", "claim.claim_no"], name=f"fk_{table}_claim"
    )


def _of_claim_statement(table: str) -> ForeignKeyConstraint:
    names = ("provider_code", "claim_no", "statement_no")
    there = [f"claim_statement.{name}" for name in names]
    return ForeignKeyConstraint(list(names), there, name=f"fk_{table}_claim_statement")


# One row each: what this ledger is (fingerprint of its secret).
ledger_meta = Table("ledger_meta", metadata, Column("name", Text, primary_key=True), _text("value"))

batch = Table(
    "batch",
    metadata,
    Column("batch_id", Text, primary_key=True),
    _text("scheme"),
    _text("provider_code"),
    _text("treatment_month"),
    _text("kind"),
    _text("claim_class"),
    Column("claim_date", Date, nullable=False),
    _text("group_values"),  # JSON object
    _text("parent_batch_id", ForeignKey("batch.batch_id"), optional=True),
    _text("stage"),
    _text("held_from", optional=True),  # the stage before it was held
    _text("hold_code", optional=True),
    _text("members_digest"),  # SHA-256 over keys and content hashes, for repeated calls
    Column("statement_count", Integer, nullable=False),
    _text("run_id", optional=True),
    Index(None, "scheme", "stage"),
)

statement = Table(
    "statement",
    metadata,
    Column("statement_key", Text, primary_key=True),
    _text("scheme"),
    _text("provider_code"),
    _text("care_month"),
    _text("state"),
    _text("content_hash"),
    _text("batch_id", ForeignKey("batch.batch_id"), optional=True),  # null: free to join a batch
    Column("identity_hash", LargeBinary, nullable=False),
    *_amounts(),
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
    _text("scheme"),
    Column("batch_id", Text, ForeignKey("batch.batch_id"), nullable=False, unique=True),
    _text("treatment_month"),
    _text("claim_class"),
    _text("state"),
    Column("statement_count", Integer, nullable=False),
    *_amounts(),
    _text("header_sums", optional=True),  # JSON object, once assembled
    _text("document_id", optional=True),
    _text("receipt_year", optional=True),
    _text("receipt_no", optional=True),
    Column("received_on", Date),
    _text("stopped_code", optional=True),
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
    _text("statement_key", ForeignKey("statement.statement_key")),
    _text("content_hash"),
    *_amounts(),
    _of_claim("claim_statement"),
    UniqueConstraint("provider_code", "claim_no", "statement_key"),
    Index(None, "statement_key"),
    sqlite_with_rowid=False,
)

# What a supplementary, additional or split statement refers to at the reviewer; written once, with the statement.
# A receipt number comes again every year, so the year belongs to it. One round of a class per parent at a time.
back_reference = Table(
    "back_reference",
    metadata,
    Column("statement_key", Text, ForeignKey("statement.statement_key"), primary_key=True),
    _text("claim_class"),  # the scheme's name, such as supplementary
    _text("relation"),  # supplement | addition | slice
    _text("class_code"),  # as the statement carries it on the wire
    Column("round", Integer, nullable=False),
    _text("parent_key", ForeignKey("statement.statement_key")),
    _text("source_key"),  # the hospital's key of the statement
    _text("provider_code"),
    _text("parent_claim_no"),
    _text("parent_statement_no"),
    _text("parent_receipt_year"),
    _text("parent_receipt_no"),
    _text("reason_code", optional=True),
    _text("detail_code", optional=True),
    _text("basis"),  # notice | typed
    ForeignKeyConstraint(
        ["provider_code", "parent_claim_no", "parent_statement_no"],
        ["claim_statement.provider_code", "claim_statement.claim_no", "claim_statement.statement_no"],
        name="fk_back_reference_claim_statement",
    ),
    UniqueConstraint("parent_key", "claim_class", "round"),
    Index(None, "provider_code", "parent_receipt_no"),
    sqlite_with_rowid=False,
)

# One live submission per identity: the primary key is the rule.
live_submission = Table(
    "live_submission",
    metadata,
    Column("scheme", Text, primary_key=True),
    Column("identity_hash", LargeBinary, primary_key=True),
    Column("statement_key", Text, ForeignKey("statement.statement_key"), nullable=False, unique=True),
    _text("provider_code"),
    _text("claim_no"),
    _of_claim("live_submission"),
    sqlite_with_rowid=False,
)

claim_file = Table(
    "claim_file",
    metadata,
    Column("provider_code", Text, primary_key=True),
    Column("claim_no", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    _won("size"),
    _text("sha256"),
    _of_claim("claim_file"),
)

submission = Table(
    "submission",
    metadata,
    Column("submission_id", Integer, primary_key=True, autoincrement=False),
    _text("gateway"),
    _text("scheme"),
    _text("provider_code"),
    _text("claim_no"),
    _text("state"),
    Column("is_open", Boolean, nullable=False),
    _text("document_id", optional=True),
    Column("exam_status", Integer),
    # Digest of the whole set of files; null again once it is proven that nothing was placed.
    Column("set_digest", Text, unique=True),
    _of_claim("submission"),
    Index(
        "uq_submission_open_gateway",
        "gateway",
        unique=True,
        sqlite_where=text("is_open"),
        postgresql_where=text("is_open"),
    ),
)

# The files of a submission as they were to be placed. A hash that may have been handed off never goes again:
# ``goes_once`` is false for marker and empty files, and after it is proven that nothing was placed.
submission_file = Table(
    "submission_file",
    metadata,
    Column("submission_id", Integer, ForeignKey("submission.submission_id"), primary_key=True),
    Column("name", Text, primary_key=True),
    _text("provider_code"),
    _won("size"),
    _text("sha256"),
    Column("goes_once", Boolean, nullable=False),
    Index(
        "uq_submission_file_goes_once",
        "provider_code",
        "sha256",
        unique=True,
        sqlite_where=text("goes_once"),
        postgresql_where=text("goes_once"),
    ),
)

finding = Table(
    "finding",
    metadata,
    Column("batch_id", Text, ForeignKey("batch.batch_id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    _text("rule_id"),
    _text("level"),
    _text("stage"),
    _text("scope"),
    _text("statement_key", optional=True),
    _text("statement_no", optional=True),
    _text("file", optional=True),
    _text("record", optional=True),
    _won("line_no", optional=True),
    _text("field", optional=True),
    _text("detail", optional=True),
    _text("message_ko"),
    _text("message_en"),
    _text("fix_ko"),
    _text("fix_en"),
    _won("waiver_id", optional=True),  # the instruction that let it pass
)

notice = Table(
    "notice",
    metadata,
    Column("document_no", Text, primary_key=True),
    _text("sha256"),
    _text("scheme"),
    _text("kind"),
    _text("form"),
    _text("source"),
    Column("issued", Date, nullable=False),
    _text("provider_code"),
    _text("archived_as"),
    _text("status"),  # imported | kept
    Column("learned_on", Date),  # first seen by a person, where the document says so
)

refused_notice = Table(
    "refused_notice",
    metadata,
    Column("sha256", Text, primary_key=True),
    _text("document_no", optional=True),
    _text("archived_as"),
    _text("code"),
)

# What a notice said about a claim, whether or not it moved it (``stopped_code`` says why not).
notice_claim = Table(
    "notice_claim",
    metadata,
    Column("document_no", Text, ForeignKey("notice.document_no"), primary_key=True),
    Column("provider_code", Text, primary_key=True),
    Column("claim_no", Text, primary_key=True),
    _text("result"),  # received | returned | reviewed
    _text("receipt_year", optional=True),
    _text("receipt_no", optional=True),
    _text("review_round", optional=True),
    Column("statement_count", Integer, nullable=False),
    _won("claimed_amount"),
    _text("stopped_code", optional=True),
    _of_claim("notice_claim"),
)

notice_reason = Table(
    "notice_reason",
    metadata,
    Column("document_no", Text, ForeignKey("notice.document_no"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    _text("provider_code"),
    _text("claim_no"),
    _text("code"),
    _text("detail_code", optional=True),
    _text("statement_no", optional=True),
    _text("text", optional=True),
    _of_claim("notice_reason"),
)

decision = Table(
    "decision",
    metadata,
    Column("provider_code", Text, primary_key=True),
    Column("claim_no", Text, primary_key=True),
    Column("statement_no", Text, primary_key=True),
    Column("review_round", Text, primary_key=True),
    _text("document_no", ForeignKey("notice.document_no")),
    _text("outcome"),  # accepted | adjusted | impossible | held
    Column("is_listed", Boolean, nullable=False),  # false: absent from the notice, accepted as claimed
    _won("claimed_total_1"),
    _won("claimed_copay"),
    _won("claimed_amount"),
    _won("decided_total_1"),
    _won("decided_copay"),
    _won("decided_amount"),
    _won("copay_refund", optional=True),
    _of_claim_statement("decision"),
    sqlite_with_rowid=False,
)

decision_finding = Table(
    "decision_finding",
    metadata,
    Column("document_no", Text, ForeignKey("notice.document_no"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    _text("provider_code"),
    _text("claim_no"),
    _text("statement_no"),
    _text("review_round"),
    _text("finding_class"),
    _text("code"),
    _text("detail_code", optional=True),
    _won("line_no", optional=True),
    _won("amount"),
    _text("text", optional=True),
    _won("amount_with_surcharge", optional=True),
    _of_claim("decision_finding"),
)

# A change of an earlier decision, once per settlement round; ``basis`` settlement | cost-decision.
settlement = Table(
    "settlement",
    metadata,
    Column("provider_code", Text, primary_key=True),
    Column("claim_no", Text, primary_key=True),
    Column("statement_no", Text, primary_key=True),
    Column("settle_round", Text, primary_key=True),
    _text("document_no", ForeignKey("notice.document_no")),
    _text("basis"),
    Column("settled_on", Date, nullable=False),
    _won("previous_total_1", optional=True),
    _won("previous_copay", optional=True),
    _won("previous_amount"),
    _won("settled_total_1", optional=True),
    _won("settled_copay", optional=True),
    _won("settled_amount"),
    _won("difference"),
    _of_claim_statement("settlement"),
    sqlite_with_rowid=False,
)

settlement_line = Table(
    "settlement_line",
    metadata,
    Column("document_no", Text, ForeignKey("notice.document_no"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    _text("provider_code"),
    _text("claim_no"),
    _text("statement_no"),
    _text("settle_round"),
    _won("line_no"),
    _text("previous_code", optional=True),
    _text("previous_reason", optional=True),
    _won("previous_amount"),
    _text("settled_code", optional=True),
    _text("settled_reason", optional=True),
    _won("settled_amount"),
    _of_claim("settlement_line"),
)

# One row of a payment notice; ``claim_no`` null: no claim of ours has its receipt number (yet).
payment = Table(
    "payment",
    metadata,
    Column("document_no", Text, ForeignKey("notice.document_no"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    _text("scheme"),
    _text("provider_code"),
    _text("claim_no", optional=True),
    _text("kind"),  # advance | final | settlement
    Column("paid_on", Date, nullable=False),
    _text("payment_round", optional=True),
    _text("receipt_year", optional=True),
    _text("receipt_no"),
    _text("review_round", optional=True),
    _text("treatment_month", optional=True),
    _won("paid_amount"),  # gross, as printed
    _won("withheld_amount"),  # deductions that are not paid yet: unpayable, withheld, short deposit
    _won("net_amount"),
    _of_claim("payment"),
    Index(None, "provider_code", "claim_no"),
    Index(None, "provider_code", "receipt_no"),
)

payment_deduction = Table(
    "payment_deduction",
    metadata,
    Column("document_no", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("kind", Text, primary_key=True),
    _won("amount"),
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
    _won("amount"),
    ForeignKeyConstraint(
        ["document_no", "seq"], ["payment.document_no", "payment.seq"], name="fk_payment_line_payment"
    ),
    _of_claim_statement("payment_line"),
    sqlite_with_rowid=False,
)

# Objections (이의신청) and re-review requests (재심사조정청구): one filing per statement and kind.
dispute = Table(
    "dispute",
    metadata,
    Column("provider_code", Text, primary_key=True),
    Column("claim_no", Text, primary_key=True),
    Column("statement_no", Text, primary_key=True),
    Column("kind", Text, primary_key=True),  # re-review | objection
    _text("state"),  # filed | received | returned | decided
    _text("review_round"),
    Column("filed_on", Date, nullable=False),
    Column("last_on", Date, nullable=False),
    _won("amount"),  # asked for, payer's share
    _text("portal_no", optional=True),
    _text("document_no", ForeignKey("notice.document_no"), optional=True),
    _text("outcome", optional=True),
    _won("difference", optional=True),
    _of_claim_statement("dispute"),
)

material_request = Table(
    "material_request",
    metadata,
    Column("document_no", Text, ForeignKey("notice.document_no"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    _text("provider_code"),
    _text("claim_no", optional=True),  # null: it concerns a report of the provider
    _text("statement_no", optional=True),
    _won("line_no", optional=True),
    Column("due_on", Date),
    _text("application_no", optional=True),
    _text("guide_code", optional=True),
    _text("item_code", optional=True),
    _text("form_code", optional=True),
    _text("text", optional=True),
    Column("answered_on", Date),
    _of_claim("material_request"),
)

# Cuts of outside prescriptions; ``prescription_no`` null: what the notice takes back beyond its rows.
prescription_cut = Table(
    "prescription_cut",
    metadata,
    Column("document_no", Text, ForeignKey("notice.document_no"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    _text("provider_code"),
    _text("claim_no", optional=True),
    _text("statement_no", optional=True),
    _text("prescription_no", optional=True),
    _text("pharmacy_code", optional=True),
    _text("code"),
    _won("line_no", optional=True),
    _won("amount"),
    _won("recovery"),
    _text("text", optional=True),
    _of_claim("prescription_cut"),
    Index(None, "provider_code", "claim_no"),
)

remark = Table(
    "remark",
    metadata,
    Column("provider_code", Text, primary_key=True),
    Column("form_no", Text, primary_key=True),
    Column("event_id", BigInteger, ForeignKey("event.event_id"), primary_key=True),
    _text("text"),
)

# What people decided. Rows are never changed; an end is a row of its own.
instruction = Table(
    "instruction",
    metadata,
    Column("instruction_id", BigInteger, ForeignKey("event.event_id"), primary_key=True, autoincrement=False),
    _text("given_at"),  # UTC, ISO 8601
    _text("scheme"),
    _text("kind"),
    _text("provider_code"),  # empty: no single provider
    _text("subject"),
    _text("person"),
    _text("second_person"),  # empty: one person was enough
    _text("reason"),
    Column("expires_on", Date),
    _text("detail"),  # JSON object
    Index(None, "scheme", "kind", "subject"),
)

instruction_end = Table(
    "instruction_end",
    metadata,
    Column(
        "instruction_id",
        BigInteger,
        ForeignKey("instruction.instruction_id"),
        primary_key=True,
        autoincrement=False,
    ),
    _text("ended_at"),
    _text("person"),
    _text("reason"),
)

# The audit chain: hash = SHA-256(previous hash ‖ canonical JSON of the other columns).
event = Table(
    "event",
    metadata,
    Column("event_id", BigInteger, primary_key=True, autoincrement=False),
    _text("at"),  # UTC, ISO 8601
    _text("actor"),
    _text("run_id", optional=True),
    _text("kind"),
    _text("scheme", optional=True),
    _text("batch_id", optional=True),
    _text("stage_to", optional=True),
    _text("provider_code", optional=True),
    _text("claim_no", optional=True),
    _text("claim_from", optional=True),
    _text("claim_to", optional=True),
    _text("document_no", optional=True),
    _text("detail"),  # JSON object
    Column("row_count", Integer, nullable=False),
    _text("rows_digest", optional=True),
    _text("previous_hash"),
    _text("hash"),
    Index(None, "batch_id"),
    Index(None, "provider_code", "claim_no"),
)

event_statement = Table(
    "event_statement",
    metadata,
    Column("event_id", BigInteger, ForeignKey("event.event_id"), primary_key=True, autoincrement=False),
    Column("statement_key", Text, primary_key=True),
    _text("from_state", optional=True),
    _text("to_state"),
    Index(None, "statement_key"),
    sqlite_with_rowid=False,
)

# One row: the last event. Its lock orders all writers; the seal proves the end of the chain.
chain_head = Table(
    "chain_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("event_id", BigInteger, nullable=False),
    _text("hash"),
    _text("seal"),
    CheckConstraint("id = 1", name="one_row"),
)
