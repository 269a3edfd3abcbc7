"""Money that comes back: settlements, payments, disputes, requests for material, cut prescriptions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("notice", sa.Column("learned_on", sa.Date(), nullable=True))
    op.add_column("decision_finding", sa.Column("amount_with_surcharge", sa.BigInteger(), nullable=True))
    _add_settlement()
    _add_settlement_line()
    _add_payment()
    _add_payment_deduction()
    _add_payment_line()
    _add_dispute()
    _add_material_request()
    _add_prescription_cut()


def _add_settlement() -> None:
    op.create_table(
        "settlement",
        sa.Column("provider_code", sa.Text(), nullable=False),
        sa.Column("claim_no", sa.Text(), nullable=False),
        sa.Column("statement_no", sa.Text(), nullable=False),
        sa.Column("settle_round", sa.Text(), nullable=False),
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("settled_on", sa.Date(), nullable=False),
        sa.Column("previous_total_1", sa.BigInteger(), nullable=True),
        sa.Column("previous_copay", sa.BigInteger(), nullable=True),
        sa.Column("previous_amount", sa.BigInteger(), nullable=False),
        sa.Column("settled_total_1", sa.BigInteger(), nullable=True),
        sa.Column("settled_copay", sa.BigInteger(), nullable=True),
        sa.Column("settled_amount", sa.BigInteger(), nullable=False),
        sa.Column("difference", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_no"], ["notice.document_no"], name=op.f("fk_settlement_document_no")
        ),
        sa.ForeignKeyConstraint(
            ["provider_code", "claim_no", "statement_no"],
            ["claim_statement.provider_code", "claim_statement.claim_no", "claim_statement.statement_no"],
            name=op.f("fk_settlement_claim_statement"),
        ),
        sa.PrimaryKeyConstraint(
            "provider_code", "claim_no", "statement_no", "settle_round", name=op.f("pk_settlement")
        ),
        sqlite_with_rowid=False,
    )


def _add_settlement_line() -> None:
    op.create_table(
        "settlement_line",
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("provider_code", sa.Text(), nullable=False),
        sa.Column("claim_no", sa.Text(), nullable=False),
        sa.Column("statement_no", sa.Text(), nullable=False),
        sa.Column("settle_round", sa.Text(), nullable=False),
        sa.Column("line_no", sa.BigInteger(), nullable=False),
        sa.Column("previous_code", sa.Text(), nullable=True),
        sa.Column("previous_reason", sa.Text(), nullable=True),
        sa.Column("previous_amount", sa.BigInteger(), nullable=False),
        sa.Column("settled_code", sa.Text(), nullable=True),
        sa.Column("settled_reason", sa.Text(), nullable=True),
        sa.Column("settled_amount", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_no"], ["notice.document_no"], name=op.f("fk_settlement_line_document_no")
        ),
        sa.ForeignKeyConstraint(
            ["provider_code", "claim_no"],
            ["claim.provider_code", "claim.claim_no"],
            name=op.f("fk_settlement_line_claim"),
        ),
        sa.PrimaryKeyConstraint("document_no", "seq", name=op.f("pk_settlement_line")),
    )


def _add_payment() -> None:
    op.create_table(
        "payment",
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("provider_code", sa.Text(), nullable=False),
        sa.Column("claim_no", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("payment_round", sa.Text(), nullable=True),
        sa.Column("receipt_year", sa.Text(), nullable=True),
        sa.Column("receipt_no", sa.Text(), nullable=False),
        sa.Column("review_round", sa.Text(), nullable=True),
        sa.Column("treatment_month", sa.Text(), nullable=True),
        sa.Column("paid_amount", sa.BigInteger(), nullable=False),
        sa.Column("withheld_amount", sa.BigInteger(), nullable=False),
        sa.Column("net_amount", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["document_no"], ["notice.document_no"], name=op.f("fk_payment_document_no")),
        sa.ForeignKeyConstraint(
            ["provider_code", "claim_no"],
            ["claim.provider_code", "claim.claim_no"],
            name=op.f("fk_payment_claim"),
        ),
        sa.PrimaryKeyConstraint("document_no", "seq", name=op.f("pk_payment")),
    )
    op.create_index(
        op.f("ix_payment_provider_code_claim_no"), "payment", ["provider_code", "claim_no"], unique=False
    )
    op.create_index(
        op.f("ix_payment_provider_code_receipt_no"), "payment", ["provider_code", "receipt_no"], unique=False
    )


def _add_payment_deduction() -> None:
    op.create_table(
        "payment_deduction",
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_no", "seq"],
            ["payment.document_no", "payment.seq"],
            name=op.f("fk_payment_deduction_payment"),
        ),
        sa.PrimaryKeyConstraint("document_no", "seq", "kind", name=op.f("pk_payment_deduction")),
    )


def _add_payment_line() -> None:
    op.create_table(
        "payment_line",
        sa.Column("provider_code", sa.Text(), nullable=False),
        sa.Column("claim_no", sa.Text(), nullable=False),
        sa.Column("statement_no", sa.Text(), nullable=False),
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_no", "seq"],
            ["payment.document_no", "payment.seq"],
            name=op.f("fk_payment_line_payment"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_code", "claim_no", "statement_no"],
            ["claim_statement.provider_code", "claim_statement.claim_no", "claim_statement.statement_no"],
            name=op.f("fk_payment_line_claim_statement"),
        ),
        sa.PrimaryKeyConstraint(
            "provider_code", "claim_no", "statement_no", "document_no", "seq", name=op.f("pk_payment_line")
        ),
        sqlite_with_rowid=False,
    )


def _add_dispute() -> None:
    op.create_table(
        "dispute",
        sa.Column("provider_code", sa.Text(), nullable=False),
        sa.Column("claim_no", sa.Text(), nullable=False),
        sa.Column("statement_no", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("review_round", sa.Text(), nullable=False),
        sa.Column("filed_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("portal_no", sa.Text(), nullable=True),
        sa.Column("document_no", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("difference", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["document_no"], ["notice.document_no"], name=op.f("fk_dispute_document_no")),
        sa.ForeignKeyConstraint(
            ["provider_code", "claim_no", "statement_no"],
            ["claim_statement.provider_code", "claim_statement.claim_no", "claim_statement.statement_no"],
            name=op.f("fk_dispute_claim_statement"),
        ),
        sa.PrimaryKeyConstraint("provider_code", "claim_no", "statement_no", "kind", name=op.f("pk_dispute")),
    )


def _add_material_request() -> None:
    op.create_table(
        "material_request",
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("provider_code", sa.Text(), nullable=False),
        sa.Column("claim_no", sa.Text(), nullable=True),
        sa.Column("statement_no", sa.Text(), nullable=True),
        sa.Column("line_no", sa.BigInteger(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("application_no", sa.Text(), nullable=True),
        sa.Column("guide_code", sa.Text(), nullable=True),
        sa.Column("item_code", sa.Text(), nullable=True),
        sa.Column("form_code", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("answered_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_no"], ["notice.document_no"], name=op.f("fk_material_request_document_no")
        ),
        sa.ForeignKeyConstraint(
            ["provider_code", "claim_no"],
            ["claim.provider_code", "claim.claim_no"],
            name=op.f("fk_material_request_claim"),
        ),
        sa.PrimaryKeyConstraint("document_no", "seq", name=op.f("pk_material_request")),
    )


def _add_prescription_cut() -> None:
    op.create_table(
        "prescription_cut",
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("provider_code", sa.Text(), nullable=False),
        sa.Column("claim_no", sa.Text(), nullable=True),
        sa.Column("statement_no", sa.Text(), nullable=True),
        sa.Column("prescription_no", sa.Text(), nullable=True),
        sa.Column("pharmacy_code", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("line_no", sa.BigInteger(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("recovery", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_no"], ["notice.document_no"], name=op.f("fk_prescription_cut_document_no")
        ),
        sa.ForeignKeyConstraint(
            ["provider_code", "claim_no"],
            ["claim.provider_code", "claim.claim_no"],
            name=op.f("fk_prescription_cut_claim"),
        ),
        sa.PrimaryKeyConstraint("document_no", "seq", name=op.f("pk_prescription_cut")),
    )
    op.create_index(
        op.f("ix_prescription_cut_provider_code_claim_no"),
        "prescription_cut",
        ["provider_code", "claim_no"],
        unique=False,
    )
