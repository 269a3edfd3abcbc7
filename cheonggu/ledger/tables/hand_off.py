"""What was handed to a gateway: one submission and its files."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text, text

from cheonggu.ledger.tables.base import metadata, of_claim, text_of, won_of

submission = Table(
    "submission",
    metadata,
    Column("submission_id", Integer, primary_key=True, autoincrement=False),
    text_of("gateway"),
    text_of("scheme"),
    text_of("provider_code"),
    text_of("claim_no"),
    text_of("state"),
    Column("is_open", Boolean, nullable=False),
    text_of("document_id", optional=True),
    Column("exam_status", Integer),
    # Digest of the whole set of files; null again once it is proven that nothing was placed.
    Column("set_digest", Text, unique=True),
    of_claim("submission"),
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
    text_of("provider_code"),
    won_of("size"),
    text_of("sha256"),
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
