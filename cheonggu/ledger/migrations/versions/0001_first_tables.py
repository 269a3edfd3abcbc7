"""The first tables of the ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "batch",
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("provider_code", sa.Text(), nullable=False),
        sa.Column("treatment_month", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("claim_class", sa.Text(), nullable=False),
        sa.Column("claim_date", sa.Date(), nullable=False),
        sa.Column("group_values", sa.Text(), nullable=False),
        sa.Column("parent_batch_id", sa.Text(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("held_from", sa.Text(), nullable=True),
        sa.Column("hold_code", sa.Text(), nullable=True),
        sa.Column("members_digest", sa.Text(), nullable=False),
        sa.Column("statement_count", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["parent_batch_id"], ["batch.batch_id"], name=op.f("fk_batch_parent_batch_id")
        ),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_batch")),
    )
    op.create_index(op.f("ix_batch_scheme_stage"), "batch", ["scheme", "stage"], unique=False)
    op.create_table(
        "chain_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("seal", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_chain_head_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chain_head")),
    )
    op.create_table(
        "claim_counter",
        sa.Column("provider_code", sa.Text(), nullable=False),
        sa.Column("treatment_month", sa.Text(), nullable=False),
        sa.Column("last_serial", sa.Integer(), nullable=False),
        sa.CheckConstraint("last_serial BETWEEN 0 AND 9999", name=op.f("ck_claim_counter_four_digits")),
        sa.PrimaryKeyConstraint("provider_code", "treatment_month", name=op.f("pk_claim_counter")),
    )
    op.create_table(
        "event",
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=True),
        sa.Column("batch_id", sa.Text(), nullable=True),
        sa.Column("stage_to", sa.Text(), nullable=True),
        sa.Column("provider_code", sa.Text(), nullable=True),
        sa.Column("claim_no", sa.Text(), nullable=True),
        sa.Column("claim_from", sa.Text(), nullable=True),
        sa.Column("claim_to", sa.Text(), nullable=True),
        sa.Column("document_no", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("rows_digest", sa.Text(), nullable=True),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_event")),
    )
    op.create_index(op.f("ix_event_batch_id"), "event", ["batch_id"], unique=False)
    op.create_index(
        op.f("ix_event_provider_code_claim_no"), "event", ["provider_code", "claim_no"], unique=False
    )
    op.create_table(
        "ledger_meta",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_ledger_meta")),
    )
    op.create_table(
        "notice",
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("issued", sa.Date(), nullable=False),
        sa.Column("provider_code", sa.Text(), nullable=False),
        sa.Column("archived_as", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("document_no", name=op.f("pk_notice")),
    )
    op.create_table(
        "refused_notice",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("document_no", sa.Text(), nullable=True),
        sa.Column("archived_as", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_refused_notice")),
    )
    op.create_table(
        "claim",
        sa.Column("provider_code", sa.Text(), nullable=False),
        sa.Column("claim_no", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("treatment_month", sa.Text(), nullable=False),
        sa.Column("claim_class", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("statement_count", sa.Integer(), nullable=False),
        sa.Column("claimed_amount", sa.BigInteger(), nullable=False),
        sa.Column("total_benefit_cost_1", sa.BigInteger(), nullable=False),
        sa.Column("patient_copay", sa.BigInteger(), nullable=False),
        sa.Column("header_sums", sa.Text(), nullable=True),
        sa.Column("document_id", sa.Text(), nullable=True),
        sa.Column("receipt_year", sa.Text(), nullable=True),
        sa.Column("receipt_no", sa.Text(), nullable=True),
        sa.Column("received_on", sa.Date(), nullable=True),
        sa.Column("stopped_code", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.batch_id"], name=op.f("fk_claim_batch_id")),
        sa.PrimaryKeyConstraint("provider_code", "claim_no", name=op.f("pk_claim")),
        sa.UniqueConstraint("batch_id", name=op.f("uq_claim_batch_id")),
        sa.UniqueConstraint(
            "provider_code",
            "receipt_year",
            "receipt_no",
            name=op.f("uq_claim_provider_code_receipt_year_receipt_no"),
        ),
    )
    op.create_index(op.f("ix_claim_scheme_state"), "claim", ["scheme", "state"], unique=False)
    op.create_table(
        "event_statement",
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("statement_key", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.event_id"], name=op.f("fk_event_statement_event_id")),
        sa.PrimaryKeyConstraint("event_id", "statement_key", name=op.f("pk_event_statement")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_event_statement_statement_key"), "event_statement", ["statement_key"], unique=False
    )
    op.create_table(
        "finding",
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("statement_key", sa.Text(), nullable=True),
        sa.Column("statement_no", sa.Text(), nullable=True),
        sa.Column("file", sa.Text(), nullable=True),
        sa.Column("record", sa.Text(), nullable=True),
        sa.Column("line_no", sa.BigInteger(), nullable=True),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("message_ko", sa.Text(), nullable=False),
        sa.Column("message_en", sa.Text(), nullable=False),
        sa.Column("fix_ko", sa.Text(), nullable=False),
        sa.Column("fix_en", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.batch_id"], name=op.f("fk_finding_batch_id")),
        sa.PrimaryKeyConstraint("batch_id", "seq", name=op.f("pk_finding")),
    )
    op.create_table(
        "remark",
        sa.Column("provider_code", sa.Text(), nullable=False),
        sa.Column("form_no", sa.Text(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.event_id"], name=op.f("fk_remark_event_id")),
        sa.PrimaryKeyConstraint("provider_code", "form_no", "event_id", name=op.f("pk_remark")),
    )
    op.create_table(
        "statement",
        sa.Column("statement_key", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("provider_code", sa.Text(), nullable=False),
        sa.Column("care_month", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("batch_id", sa.Text(), nullable=True),
        sa.Column("identity_hash", sa.LargeBinary(), nullable=False),
        sa.Column("claimed_amount", sa.BigInteger(), nullable=False),
        sa.Column("total_benefit_cost_1", sa.BigInteger(), nullable=False),
        sa.Column("patient_copay", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.batch_id"], name=op.f("fk_statement_batch_id")),
        sa.PrimaryKeyConstraint("statement_key", name=op.f("pk_statement")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_statement_batch_id"), "statement", ["batch_id"], unique=False)
    op.create_index(
        op.f("ix_statement_scheme_identity_hash"), "statement", ["scheme", "identity_hash"], unique=False
    )
    op.create_index(
        op.f("ix_statement_scheme_provider_code_care_month"),
        "statement",
        ["scheme", "provider_code", "care_month"],
        unique=False,
    )
    op.create_table(
        "claim_file",
        sa.Column("provider_code", sa.Text(), nullable=False),
        sa.Column("claim_no", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_code", "claim_no"],
            ["claim.provider_code", "claim.claim_no"],
            name="fk_claim_file_claim",
        ),
        sa.PrimaryKeyConstraint("provider_code", "claim_no", "name", name=op.f("pk_claim_file")),
    )
    op.create_table(
        "claim_statement",
        sa.Column("provider_code", sa.Text(), nullable=False),
        sa.Column("claim_no", sa.Text(), nullable=False),
        sa.Column("statement_no", sa.Text(), nullable=False),
        sa.Column("statement_key", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("claimed_amount", sa.BigInteger(), nullable=False),
        sa.Column("total_benefit_cost_1", sa.BigInteger(), nullable=False),
        sa.Column("patient_copay", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_code", "claim_no"],
            ["claim.provider_code", "claim.claim_no"],
            name="fk_claim_statement_claim",
        ),
        sa.ForeignKeyConstraint(
            ["statement_key"], ["statement.statement_key"], name=op.f("fk_claim_statement_statement_key")
        ),
        sa.PrimaryKeyConstraint("provider_code", "claim_no", "statement_no", name=op.f("pk_claim_statement")),
        sa.UniqueConstraint(
            "provider_code",
            "claim_no",
            "statement_key",
            name=op.f("uq_claim_statement_provider_code_claim_no_statement_key"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_claim_statement_statement_key"), "claim_statement", ["statement_key"], unique=False
    )
    op.create_table(
        "decision_finding",
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("provider_code", sa.Text(), nullable=False),
        sa.Column("claim_no", sa.Text(), nullable=False),
        sa.Column("statement_no", sa.Text(), nullable=False),
        sa.Column("review_round", sa.Text(), nullable=False),
        sa.Column("finding_class", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("detail_code", sa.Text(), nullable=True),
        sa.Column("line_no", sa.BigInteger(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_no"], ["notice.document_no"], name=op.f("fk_decision_finding_document_no")
        ),
        sa.ForeignKeyConstraint(
            ["provider_code", "claim_no"],
            ["claim.provider_code", "claim.claim_no"],
            name="fk_decision_finding_claim",
        ),
        sa.PrimaryKeyConstraint("document_no", "seq", name=op.f("pk_decision_finding")),
    )
    op.create_table(
        "live_submission",
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("identity_hash", sa.LargeBinary(), nullable=False),
        sa.Column("statement_key", sa.Text(), nullable=False),
        sa.Column("provider_code", sa.Text(), nullable=False),
        sa.Column("claim_no", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_code", "claim_no"],
            ["claim.provider_code", "claim.claim_no"],
            name="fk_live_submission_claim",
        ),
        sa.ForeignKeyConstraint(
            ["statement_key"], ["statement.statement_key"], name=op.f("fk_live_submission_statement_key")
        ),
        sa.PrimaryKeyConstraint("scheme", "identity_hash", name=op.f("pk_live_submission")),
        sa.UniqueConstraint("statement_key", name=op.f("uq_live_submission_statement_key")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "notice_claim",
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.Column("provider_code", sa.Text(), nullable=False),
        sa.Column("claim_no", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("receipt_year", sa.Text(), nullable=True),
        sa.Column("receipt_no", sa.Text(), nullable=True),
        sa.Column("review_round", sa.Text(), nullable=True),
        sa.Column("statement_count", sa.Integer(), nullable=False),
        sa.Column("claimed_amount", sa.BigInteger(), nullable=False),
        sa.Column("stopped_code", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_no"], ["notice.document_no"], name=op.f("fk_notice_claim_document_no")
        ),
        sa.ForeignKeyConstraint(
            ["provider_code", "claim_no"],
            ["claim.provider_code", "claim.claim_no"],
            name="fk_notice_claim_claim",
        ),
        sa.PrimaryKeyConstraint("document_no", "provider_code", "claim_no", name=op.f("pk_notice_claim")),
    )
    op.create_table(
        "notice_reason",
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("provider_code", sa.Text(), nullable=False),
        sa.Column("claim_no", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("detail_code", sa.Text(), nullable=True),
        sa.Column("statement_no", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_no"], ["notice.document_no"], name=op.f("fk_notice_reason_document_no")
        ),
        sa.ForeignKeyConstraint(
            ["provider_code", "claim_no"],
            ["claim.provider_code", "claim.claim_no"],
            name="fk_notice_reason_claim",
        ),
        sa.PrimaryKeyConstraint("document_no", "seq", name=op.f("pk_notice_reason")),
    )
    op.create_table(
        "statement_personal",
        sa.Column("statement_key", sa.Text(), nullable=False),
        sa.Column("resident_no_hash", sa.LargeBinary(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["statement_key"], ["statement.statement_key"], name=op.f("fk_statement_personal_statement_key")
        ),
        sa.PrimaryKeyConstraint("statement_key", name=op.f("pk_statement_personal")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_statement_personal_resident_no_hash"),
        "statement_personal",
        ["resident_no_hash"],
        unique=False,
    )
    op.create_table(
        "submission",
        sa.Column("submission_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("provider_code", sa.Text(), nullable=False),
        sa.Column("claim_no", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("document_id", sa.Text(), nullable=True),
        sa.Column("exam_status", sa.Integer(), nullable=True),
        sa.Column("set_digest", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["provider_code", "claim_no"],
            ["claim.provider_code", "claim.claim_no"],
            name="fk_submission_claim",
        ),
        sa.PrimaryKeyConstraint("submission_id", name=op.f("pk_submission")),
        sa.UniqueConstraint("set_digest", name=op.f("uq_submission_set_digest")),
    )
    op.create_index(
        "uq_submission_open_gateway",
        "submission",
        ["gateway"],
        unique=True,
        sqlite_where=sa.text("is_open"),
        postgresql_where=sa.text("is_open"),
    )
    op.create_table(
        "decision",
        sa.Column("provider_code", sa.Text(), nullable=False),
        sa.Column("claim_no", sa.Text(), nullable=False),
        sa.Column("statement_no", sa.Text(), nullable=False),
        sa.Column("review_round", sa.Text(), nullable=False),
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("is_listed", sa.Boolean(), nullable=False),
        sa.Column("claimed_total_1", sa.BigInteger(), nullable=False),
        sa.Column("claimed_copay", sa.BigInteger(), nullable=False),
        sa.Column("claimed_amount", sa.BigInteger(), nullable=False),
        sa.Column("decided_total_1", sa.BigInteger(), nullable=False),
        sa.Column("decided_copay", sa.BigInteger(), nullable=False),
        sa.Column("decided_amount", sa.BigInteger(), nullable=False),
        sa.Column("copay_refund", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_no"], ["notice.document_no"], name=op.f("fk_decision_document_no")
        ),
        sa.ForeignKeyConstraint(
            ["provider_code", "claim_no", "statement_no"],
            ["claim_statement.provider_code", "claim_statement.claim_no", "claim_statement.statement_no"],
            name="fk_decision_claim_statement",
        ),
        sa.PrimaryKeyConstraint(
            "provider_code", "claim_no", "statement_no", "review_round", name=op.f("pk_decision")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "submission_file",
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("provider_code", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("goes_once", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.submission_id"], name=op.f("fk_submission_file_submission_id")
        ),
        sa.PrimaryKeyConstraint("submission_id", "name", name=op.f("pk_submission_file")),
    )
    op.create_index(
        "uq_submission_file_goes_once",
        "submission_file",
        ["provider_code", "sha256"],
        unique=True,
        sqlite_where=sa.text("goes_once"),
        postgresql_where=sa.text("goes_once"),
    )
