"""What supplementary, additional and split statements refer to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

TEXTS = (
    "parent_key",
    "source_key",
    "provider_code",
    "parent_claim_no",
    "parent_statement_no",
    "parent_receipt_year",
    "parent_receipt_no",
)


def upgrade() -> None:
    op.create_table(
        "back_reference",
        sa.Column("statement_key", sa.Text(), nullable=False),
        sa.Column("claim_class", sa.Text(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("class_code", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in TEXTS),
        sa.Column("reason_code", sa.Text(), nullable=True),
        sa.Column("detail_code", sa.Text(), nullable=True),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["statement_key"], ["statement.statement_key"], name=op.f("fk_back_reference_statement_key")
        ),
        sa.ForeignKeyConstraint(
            ["parent_key"], ["statement.statement_key"], name=op.f("fk_back_reference_parent_key")
        ),
        sa.ForeignKeyConstraint(
            ["provider_code", "parent_claim_no", "parent_statement_no"],
            ["claim_statement.provider_code", "claim_statement.claim_no", "claim_statement.statement_no"],
            name="fk_back_reference_claim_statement",
        ),
        sa.PrimaryKeyConstraint("statement_key", name=op.f("pk_back_reference")),
        sa.UniqueConstraint(
            "parent_key", "claim_class", "round", name=op.f("uq_back_reference_parent_key_claim_class_round")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_back_reference_provider_code_parent_receipt_no"),
        "back_reference",
        ["provider_code", "parent_receipt_no"],
        unique=False,
    )
