"""Excel files (xlsx) row by row: several sheets, nothing kept in memory, no text taken for a formula or a link."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from cheonggu.errors import SiteError

SHEET_ROWS = 1_048_575  # Excel's limit without the heading
Sheet = tuple[str, Sequence[str], Iterable[Sequence[Any]]]


def write_book(path: Path, sheets: Iterable[Sheet]) -> None:
    """Write sheets of (title, column names, rows); SiteError when the file cannot be written."""
    import xlsxwriter  # here: few commands write Excel files and all would wait for it

    try:
        # Rows go to disk as they come; texts that look like formulas or links stay texts.
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(str(path), options) as book:
            for title, names, rows in sheets:
                _write_sheets(book, title, names, rows)
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        raise SiteError(
            f"{path.name} cannot be written.",
            f"{path.name} 파일을 쓸 수 없습니다.",
            fix_en="Check the folder, its rights and the disk space; close the file if it is open.",
            fix_ko="폴더와 쓰기 권한, 디스크 공간을 확인하고, 열려 있는 파일이면 닫으세요.",
        ) from error


def sheet_of(title: str, table: pa.Table) -> Sheet:
    """An Arrow table as a sheet."""
    return title, table.column_names, _rows(table)


def _rows(table: pa.Table) -> Iterator[Sequence[Any]]:
    for batch in table.to_batches(max_chunksize=10_000):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


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
