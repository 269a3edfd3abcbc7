"""The register as an Excel file (xlsx): states, claims, statements and findings; no personal data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter
from sqlalchemy import Connection, select

from cheonggu.errors import SiteError
from cheonggu.ledger.registers import CLAIM_STATEMENTS, select_claim_statements
from cheonggu.ledger.tables import batch, claim, claim_statement, finding, statement

SHEET_ROWS = 1_048_575  # Excel's limit without the heading
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
)


def write_register(connection: Connection, path: Path) -> None:
    """Write the whole register; SiteError when the file cannot be written."""
    try:
        # Rows go to disk as they come; texts that look like formulas or links stay texts.
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(str(path), options) as book:
            for title, names, rows in _sheets(connection):
                _write_sheets(book, title, names, rows)
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        raise SiteError(
            f"{path.name} cannot be written.",
            f"{path.name} 파일을 쓸 수 없습니다.",
            fix_en="Check the folder, its rights and the disk space; close the file if it is open.",
            fix_ko="폴더와 쓰기 권한, 디스크 공간을 확인하고, 열려 있는 파일이면 닫으세요.",
        ) from error


def _sheets(connection: Connection) -> Iterator[tuple[str, Sequence[str], Iterable[Sequence[Any]]]]:
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


def _write_sheets(book: Any, title: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """One sheet, and further ones numbered from 2 where Excel's row limit is reached."""
    bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
    sheet, number, line = _add_sheet(book, title, 1, names, bold), 1, 0
    for row in rows:
        if line == SHEET_ROWS:
            number, line = number + 1, 0
            sheet = _add_sheet(book, title, number, names, bold)
        line += 1
        for column, value in enumerate(row):
            if value is not None:
                sheet.write(line, column, value, day if hasattr(value, "isoformat") else None)


def _add_sheet(book: Any, title: str, number: int, names: Sequence[str], bold: Any) -> Any:
    sheet = book.add_worksheet(title if number == 1 else f"{title} {number}")
    sheet.freeze_panes(1, 0)
    sheet.write_row(0, 0, names, bold)
    return sheet
