"""What people decided: instructions and remarks."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Index, Table, Text

from cheonggu.ledger.tables.base import metadata, text_of

# What people decided. Rows are never changed; an end is a row of its own.
instruction = Table(
    "instruction",
    metadata,
    Column("instruction_id", BigInteger, ForeignKey("event.event_id"), primary_key=True, autoincrement=False),
    text_of("given_at"),  # UTC, ISO 8601
    text_of("scheme"),
    text_of("kind"),
    text_of("provider_code"),  # empty: no single provider
    text_of("subject"),
    text_of("person"),
    text_of("second_person"),  # empty: one person was enough
    text_of("reason"),
    Column("expires_on", Date),
    text_of("detail"),  # JSON object
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
    text_of("ended_at"),
    text_of("person"),
    text_of("reason"),
)

remark = Table(
    "remark",
    metadata,
    Column("provider_code", Text, primary_key=True),
    Column("form_no", Text, primary_key=True),
    Column("event_id", BigInteger, ForeignKey("event.event_id"), primary_key=True),
    text_of("text"),
)
