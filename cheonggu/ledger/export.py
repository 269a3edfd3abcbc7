"""The register as an Excel file (xlsx): states, claims, statements and findings; no personal data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, select

from cheonggu.ledger.sheets import Sheet, write_book
from cheonggu.ledger.statements import CLAIM_STATEMENTS, select_claim_statements
from cheonggu.ledger.tables import batch, claim, claim_statement, finding, statement

CLAIM_COLUMNS = (
    "scheme",
    "provider_code",
    "claim_no",
    "batch_id",
    "treatment_month",
    "claim_class",
    "state",
    "statement_count",
    "claimed_amount",
    "total_benefit_cost_1",
    "patient_copay",
    "document_id",
    "receipt_year",
    "receipt_no",
    "received_on",
    "stopped_code",
)
BATCH_COLUMNS = ("batch_id", "scheme", "provider_code", "treatment_month", "kind", "stage", "hold_code")
STATEMENT_COLUMNS = (
    "statement_key",
    "scheme",
    "provider_code",
    "care_month",
    "state",
    "claimed_amount",
    "batch_id",
)
FINDING_COLUMNS = (
    "batch_id",
    "stage",
    "level",
    "rule_id",
    "statement_key",
    "statement_no",
    "record",
    "line_no",
    "field",
    "detail",
    "message_ko",
    "fix_ko",
    "message_en",
    "fix_en",
    "waiver_id",
)


def write_register(connection: Connection, path: Path) -> None:
    """Write the whole register; SiteError when the file cannot be written."""
    write_book(path, _sheets(connection))


def _sheets(connection: Connection) -> Iterator[Sheet]:
    claims = select(*(claim.c[name] for name in CLAIM_COLUMNS)).order_by(
        claim.c.provider_code, claim.c.claim_no
    )
    yield "청구서 claims", CLAIM_COLUMNS, connection.execute(claims)
    sent = claim_statement.c
    lines = select_claim_statements().add_columns(sent.provider_code, sent.claim_no)
    lines = lines.order_by(sent.provider_code, sent.claim_no, sent.statement_no)
    yield "명세서 sent", (*CLAIM_STATEMENTS.names, "provider_code", "claim_no"), connection.execute(lines)
    statements = select(*(statement.c[name] for name in STATEMENT_COLUMNS)).order_by(
        statement.c.statement_key
    )
    yield "명세서 states", STATEMENT_COLUMNS, connection.execute(statements)
    batches = select(*(batch.c[name] for name in BATCH_COLUMNS)).order_by(batch.c.batch_id)
    yield "배치 batches", BATCH_COLUMNS, connection.execute(batches)
    findings = select(*(finding.c[name] for name in FINDING_COLUMNS)).order_by(
        finding.c.batch_id, finding.c.seq
    )
    yield "점검 findings", FINDING_COLUMNS, connection.execute(findings)
