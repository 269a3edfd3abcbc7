"""Lines and what was decided about them, days that notices set, visits across schemes, signature requests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def _claim_columns() -> list[sa.Column[str]]:
    return [
        sa.Column("provider_code", sa.Text(), nullable=False),
        sa.Column("claim_no", sa.Text(), nullable=False),
    ]


def _of_claim(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["provider_code", "claim_no"], ["claim.provider_code", "claim.claim_no"], name=f"fk_{table}_claim"
    )


def _of_event(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["event_id"], ["event.event_id"], name=op.f(f"fk_{table}_event_id"))


def _of_notice(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["document_no"], ["notice.document_no"], name=op.f(f"fk_{table}_document_no")
    )


def upgrade() -> None:
    _create_lines()
    op.create_table(
        "claim_clock",
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        *_claim_columns(),
        sa.Column("statement_no", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        _of_event("claim_clock"),
        _of_notice("claim_clock"),
        _of_claim("claim_clock"),
        sa.PrimaryKeyConstraint(
            "event_id", "provider_code", "claim_no", "statement_no", "kind", name=op.f("pk_claim_clock")
        ),
    )
    op.create_table(
        "visit_mark",
        sa.Column("visit_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("statement_key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["statement_key"], ["statement.statement_key"], name=op.f("fk_visit_mark_statement_key")
        ),
        sa.PrimaryKeyConstraint("visit_hash", "scheme", "statement_key", name=op.f("pk_visit_mark")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_visit_mark_statement_key"), "visit_mark", ["statement_key"], unique=False)
    op.create_table(
        "signature_request",
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("statement_key", sa.Text(), nullable=False),
        sa.Column("request_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("medium", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        _of_event("signature_request"),
        sa.PrimaryKeyConstraint("scheme", "statement_key", "request_no", name=op.f("pk_signature_request")),
    )


def _create_lines() -> None:
    op.create_table(
        "claim_line",
        *_claim_columns(),
        sa.Column("statement_no", sa.Text(), nullable=False),
        sa.Column("line_no", sa.BigInteger(), nullable=False),
        sa.Column("person_key", sa.Text(), nullable=False),
        sa.Column("case_key", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("claimed_amount", sa.BigInteger(), nullable=False),
        _of_claim("claim_line"),
        sa.PrimaryKeyConstraint(
            "provider_code", "claim_no", "statement_no", "line_no", name=op.f("pk_claim_line")
        ),
    )
    op.create_index(op.f("ix_claim_line_person_key"), "claim_line", ["person_key"], unique=False)
    op.create_table(
        "line_decision",
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        *_claim_columns(),
        sa.Column("statement_no", sa.Text(), nullable=False),
        sa.Column("line_no", sa.BigInteger(), nullable=False),
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("claimed_amount", sa.BigInteger(), nullable=False),
        sa.Column("decided_amount", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        _of_event("line_decision"),
        _of_notice("line_decision"),
        _of_claim("line_decision"),
        sa.PrimaryKeyConstraint(
            "event_id",
            "provider_code",
            "claim_no",
            "statement_no",
            "line_no",
            name=op.f("pk_line_decision"),
        ),
    )
