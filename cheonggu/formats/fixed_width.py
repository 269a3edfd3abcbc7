"""Fixed-width records (고정길이 레코드) ⇄ Arrow tables, driven by a layout and by nothing else.

Writing fills a byte matrix (rows × record length + CR LF) field by field, in blocks of rows that fit the cache:
digits come from a look-up table, text is transcoded once per column. Reading goes the other way. What does not
fit is reported as a finding and never cut, replaced or wrapped.
Source of the byte rules: the scheme's layout tables and their notes (CP949, zero-filled numbers, CR LF).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cheonggu import findings
from cheonggu.errors import LayoutError
from cheonggu.formats import digits
from cheonggu.formats.columns import NumberColumn, TextColumn, number_column, text_column
from cheonggu.formats.field_readers import make_readers, read_block
from cheonggu.formats.lines import split_lines
from cheonggu.layouts import Field, Layout

LINE_END = b"\r\n"
BLOCK_ROWS = 8192  # a block of records stays near the core: measured best between 1,024 and 16,384
SPACE = 0x20

Bytes = npt.NDArray[np.uint8]
Codes = Mapping[str, Collection[str]]


@dataclass(frozen=True)
class Encoded:
    """``matrix``: uint8, rows × (record length + 2). With any finding the bytes must not be used.

    ``rows``: the row of the table that each finding is about.
    """

    matrix: Bytes
    findings: pa.Table
    rows: npt.NDArray[np.int64]


def encode(
    table: pa.Table,
    layout: Layout,
    *,
    allowed: Codes | None = None,
    check_content: bool = True,
    out: Bytes | None = None,
) -> Encoded:
    """Records of ``table`` as full-length CP949 bytes.

    ``table``: columns named as in ``layout`` (text: string, numbers: integers scaled as on the wire); a column
    it lacks gets its default. ``allowed``: field name → codes of its code list, beside those in the layout itself.
    ``check_content`` False skips the two rules about content (required, code lists) for faithful copies of foreign
    files. ``out``: a uint8 matrix of the right shape to write into. Raises LayoutError for a column of a wrong type.
    """
    matrix = _room(table.num_rows, layout, out)
    template = _template(layout)
    moving: list[TextColumn | NumberColumn] = []
    problems: list[pa.Table] = []
    for field in layout.fields:
        column = _prepare(table, layout, field, allowed or {}, check_content)
        problems.extend(column.problems)
        if column.constant is not None:
            template[column.start : column.start + len(column.constant)] = column.constant
        else:
            moving.append(column)
    for first in range(0, table.num_rows, BLOCK_ROWS):
        block = matrix[first : first + BLOCK_ROWS]
        block[:] = template
        for column in moving:
            column.store(block, first)
    return Encoded(matrix, *_with_statements(problems, table))


def decode(data: bytes | bytearray | memoryview | Bytes, layout: Layout) -> pa.Table:
    """All records of one layout in ``data``, lines ending in CR LF, LF or (the last) nothing.

    Text comes right-stripped as string, numbers as int64 (null when blank or not a number). Blank lines are passed
    over, short forms read as if filled with spaces. Raises LayoutError for a line of another length, naming it.
    """
    return decode_matrix(_lines_matrix(np.frombuffer(data, np.uint8), layout), layout)


@dataclass(frozen=True)
class Unread:
    """Rows of one field whose bytes could not be explained: not CP949 text, or not a number."""

    field: Field
    rows: npt.NDArray[np.int64]


def decode_matrix(matrix: Bytes, layout: Layout, unread: list[Unread] | None = None) -> pa.Table:
    """Records lying in a byte matrix (rows × at least the record length), as ``decode`` gives them.

    ``unread``: gets an entry for each field with bytes that mean nothing; their values are null, or text with
    U+FFFD in the place of the bytes.
    """
    readers = make_readers(layout.fields, matrix.shape[0])
    for first in range(0, matrix.shape[0], BLOCK_ROWS):
        read_block(readers, matrix[first : first + BLOCK_ROWS], first)
    table = pa.table([reader.finish() for reader in readers], names=list(layout.names))
    if unread is not None:
        unread.extend(Unread(reader.field, np.array(reader.unread)) for reader in readers if reader.unread)
    return table


def _template(layout: Layout) -> Bytes:
    """The bytes of a record in which nothing is known, with its line end."""
    template = np.full(layout.length + len(LINE_END), SPACE, np.uint8)
    template[layout.length :] = list(LINE_END)
    for field in layout.fields:
        if field.is_number and not field.is_blank_without_value:
            template[field.start - 1 : field.end] = digits.ZERO
    return template


def _room(rows: int, layout: Layout, out: Bytes | None) -> Bytes:
    shape = (rows, layout.length + len(LINE_END))
    if out is None:
        return np.empty(shape, np.uint8)
    if out.shape != shape or not out.flags.c_contiguous:
        raise ValueError(f"out must be a contiguous matrix of shape {shape}")
    return out


def _prepare(
    table: pa.Table, layout: Layout, field: Field, allowed: Codes, check_content: bool
) -> TextColumn | NumberColumn:
    column = table[field.name] if field.name in table.column_names else None
    make = number_column if field.is_number else text_column
    return make(column, table.num_rows, layout, field, allowed.get(field.name), check_content)


def _with_statements(problems: list[pa.Table], table: pa.Table) -> tuple[pa.Table, npt.NDArray[np.int64]]:
    """Findings carry row numbers in ``statement_no`` until here; exchange them for the statement's number."""
    found = findings.concat(problems).combine_chunks()
    rows = found["statement_no"].cast(pa.int64())
    names = pa.nulls(found.num_rows, pa.string())
    if found.num_rows and "statement_no" in table.column_names:
        names = table["statement_no"].take(rows).cast(pa.string())
    place = found.schema.get_field_index("statement_no")
    return found.set_column(place, found.schema.field(place), names), rows.to_numpy()


def _lines_matrix(buffer: Bytes, layout: Layout) -> Bytes:
    """All lines of ``buffer`` that are not blank as rows of the full record length, short ones filled with spaces."""
    lines = split_lines(buffer)
    for length in np.unique(lines.lengths[lines.lengths > 0]).tolist():
        if not layout.accepts_length(length):
            number = int(np.flatnonzero(lines.lengths == length)[0]) + 1
            raise LayoutError(
                f"Line {number} has {length} bytes, record {layout.record} of {layout.kind} has {layout.length}.",
                f"{number}번째 줄은 {length}바이트이나 {layout.name_ko} 레코드는 {layout.length}바이트입니다.",
                fix_en="Check which record and version the file holds.",
                fix_ko="파일의 레코드 종류와 서식버전을 확인하세요.",
            )
    return lines.pick(np.flatnonzero(lines.lengths > 0)).matrix(layout.length)
