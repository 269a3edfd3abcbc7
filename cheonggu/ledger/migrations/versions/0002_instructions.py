"""What people decide, kept with who, why and until when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "instruction",
        sa.Column("instruction_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("given_at", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("provider_code", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("second_person", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instruction_id"], ["event.event_id"], name=op.f("fk_instruction_instruction_id")
        ),
        sa.PrimaryKeyConstraint("instruction_id", name=op.f("pk_instruction")),
    )
    op.create_index(
        op.f("ix_instruction_scheme_kind_subject"),
        "instruction",
        ["scheme", "kind", "subject"],
        unique=False,
    )
    op.create_table(
        "instruction_end",
        sa.Column("instruction_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ended_at", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instruction_id"],
            ["instruction.instruction_id"],
            name=op.f("fk_instruction_end_instruction_id"),
        ),
        sa.PrimaryKeyConstraint("instruction_id", name=op.f("pk_instruction_end")),
    )
