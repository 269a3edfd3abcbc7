"""One column of a table made ready for the wire: checked, transcoded and stored block by block.

A column knows before the first byte is written whether every value fits; the findings it makes carry the row number
in ``statement_no`` until the record's encoder exchanges it for the statement's number.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.errors import LayoutError
from cheonggu.formats import digits
from cheonggu.formats.cp949 import Texts, as_array, to_cp949
from cheonggu.formats.wire_findings import wire_findings
from cheonggu.layouts import Field, Layout

Bytes = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class TextColumn:
    """Text of one field. ``constant``: the bytes all rows share, from ``start`` on."""

    start: int
    texts: Texts
    width: int = 0  # longest value in bytes
    is_even: bool = False  # all values are ``width`` long
    constant: Bytes | None = None
    problems: list[pa.Table] = field(default_factory=list)

    def store(self, block: Bytes, first: int) -> None:
        """Put rows ``first …`` into a block of records that already holds spaces here."""
        rows = len(block)
        if self.is_even:
            piece = self.texts.data[first * self.width : (first + rows) * self.width]
        else:
            piece = self._padded(first, rows)
        target = digits.column_view(block, self.start, self.width)
        target[:] = piece.view(target.dtype)

    def _padded(self, first: int, rows: int) -> Bytes:
        """Values ``first …`` filled with spaces to ``width``; the padding kernel counts bytes, as we need."""
        values = as_array(self.texts).slice(first, rows)
        padded = pc.ascii_rpad(values, self.width)
        data = np.frombuffer(padded.buffers()[2], np.uint8)
        offset = padded.offset * self.width
        return data[offset : offset + rows * self.width]


@dataclass(frozen=True)
class NumberColumn:
    """Numbers of one field, right-aligned before byte ``end``.

    ``blank`` marks rows left as spaces; ``is_over_spaces``: an empty record holds spaces here, not zeros.
    """

    start: int
    end: int
    values: npt.NDArray[np.int64]
    largest: int = 0
    is_signed: bool = False
    is_over_spaces: bool = False
    blank: npt.NDArray[np.bool_] | None = None
    constant: Bytes | None = None
    problems: list[pa.Table] = field(default_factory=list)

    def store(self, block: Bytes, first: int) -> None:
        """Put rows ``first …`` into a block of records that already holds zeros here (or spaces, as said)."""
        values = self.values[first : first + len(block)]
        if self.is_signed:
            digits.write_signed(block, self.start, self.end, values)
            return
        if self.is_over_spaces:
            block[:, self.start : self.end] = digits.ZERO
        digits.write_digits(block, self.end, values, self.largest)
        if self.blank is not None:
            rows = np.flatnonzero(self.blank[first : first + len(block)])
            block[rows, self.start : self.end] = digits.SPACE


def text_column(
    column: pa.ChunkedArray | None,
    rows: int,
    layout: Layout,
    field: Field,
    allowed: Collection[str] | None,
    check_content: bool,
) -> TextColumn:
    """Check and transcode a text column; a missing one is its constant code or spaces."""
    start = field.start - 1
    if column is None:
        return _absent_text(rows, layout, field, check_content)
    if not (
        pa.types.is_string(column.type)
        or pa.types.is_dictionary(column.type)
        or pa.types.is_large_string(column.type)
        or pa.types.is_null(column.type)
    ):
        raise _wrong_type(layout, field, column.type, "string")
    texts = to_cp949(column)
    lengths = texts.lengths
    width = int(lengths.max(initial=0))
    problems = []
    if texts.bad:
        bad = [row for row, _ in texts.bad]
        problems.append(_report("WIRE-001", layout, field, bad, [why for _, why in texts.bad]))
    if width > field.length:
        problems.append(_too_long(layout, field, lengths))
    is_whole = not problems
    if check_content and field.required == "Y" and int(lengths.min(initial=1)) == 0:
        empty = np.setdiff1d(np.flatnonzero(lengths == 0), [row for row, _ in texts.bad])
        problems.append(_report("WIRE-005", layout, field, empty, [None] * len(empty)))
    if check_content and (allowed is not None or field.code_values):
        problems.extend(_unknown_codes(column, texts, layout, field, allowed))
    if not is_whole:  # the bytes will not be used
        return TextColumn(start, texts, constant=np.empty(0, np.uint8), problems=problems)
    return _arranged(start, texts, lengths, width, problems)


def number_column(
    column: pa.ChunkedArray | None,
    rows: int,
    layout: Layout,
    field: Field,
    allowed: Collection[str] | None,
    check_content: bool,
) -> NumberColumn:
    """Check a number column; missing and null numbers are zeros, or spaces where the layout leaves blanks."""
    start, end = field.start - 1, field.end
    nothing = np.empty(0, np.int64)
    if column is None:
        problems = _missing_column(rows, layout, field) if check_content and field.required == "Y" else []
        return NumberColumn(start, end, nothing, constant=np.empty(0, np.uint8), problems=problems)
    if not (pa.types.is_integer(column.type) or pa.types.is_null(column.type)) or column.type == pa.uint64():
        raise _wrong_type(layout, field, column.type, "integer")
    values, missing = _whole_numbers(column)
    least, largest = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    problems = list(_misfits(values, least, largest, layout, field))
    is_whole = not problems
    if missing is not None and check_content and field.required == "Y":
        empty = np.flatnonzero(missing)
        problems.append(_report("WIRE-005", layout, field, empty, [None] * len(empty)))
    if not is_whole:  # the bytes will not be used
        return NumberColumn(start, end, nothing, constant=np.empty(0, np.uint8), problems=problems)
    if missing is None and least == largest and least >= 0:
        constant = np.frombuffer(b"%0*d" % (field.length, largest), np.uint8)
        return NumberColumn(start, end, values, constant=constant)
    if not field.is_blank_without_value:
        missing = None
    elif missing is not None and missing.all():
        return NumberColumn(start, end, nothing, constant=np.empty(0, np.uint8), problems=problems)
    is_over_spaces = field.is_blank_without_value
    return NumberColumn(start, end, values, largest, least < 0, is_over_spaces, missing, problems=problems)


def _absent_text(rows: int, layout: Layout, field: Field, check_content: bool) -> TextColumn:
    start, nothing = field.start - 1, Texts(np.empty(0, np.uint8), np.zeros(1, np.int32))
    if field.constant_code:
        return TextColumn(start, nothing, constant=np.frombuffer(field.constant_code.encode(), np.uint8))
    problems = _missing_column(rows, layout, field) if check_content and field.required == "Y" else []
    return TextColumn(start, nothing, constant=np.empty(0, np.uint8), problems=problems)


def _arranged(
    start: int, texts: Texts, lengths: npt.NDArray[np.int32], width: int, problems: list[pa.Table]
) -> TextColumn:
    if width == 0:
        return TextColumn(start, texts, constant=np.empty(0, np.uint8), problems=problems)
    is_even = int(lengths.min()) == width
    if is_even and _is_one_value(texts.data, width):
        return TextColumn(start, texts, constant=texts.data[:width], problems=problems)
    return TextColumn(start, texts, width, is_even, problems=problems)


def _is_one_value(data: Bytes, width: int) -> bool:
    """Whether all values of ``width`` bytes in ``data`` are the same."""
    ends_alike = (data[:width] == data[-width:]).all()
    return bool(ends_alike and (data[width:] == data[:-width]).all())


def _whole_numbers(column: pa.ChunkedArray) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_] | None]:
    whole = column.cast(pa.int64()).combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.array([], pa.int64())
    missing = None
    if whole.null_count:
        missing = whole.is_null().to_numpy(zero_copy_only=False)
        whole = whole.fill_null(0)
    return whole.to_numpy(), missing


def _misfits(
    values: npt.NDArray[np.int64], least: int, largest: int, layout: Layout, field: Field
) -> Iterable[pa.Table]:
    limit = 10**field.length - 1
    if largest > limit:
        rows = np.flatnonzero(values > limit)
        detail = [f"{len(str(values[row]))} digits, limit {field.length}" for row in rows]
        yield _report("WIRE-003", layout, field, rows, detail)
    if least < 0 and not field.is_signed:
        rows = np.flatnonzero(values < 0)
        yield _report("WIRE-004", layout, field, rows, [None] * len(rows))
    if field.is_signed and least <= -(10 ** (field.length - 1)):
        rows = np.flatnonzero(values <= -(10 ** (field.length - 1)))
        detail = [f"{len(str(values[row]))} bytes with the sign, limit {field.length}" for row in rows]
        yield _report("WIRE-003", layout, field, rows, detail)


def _unknown_codes(
    column: pa.ChunkedArray, texts: Texts, layout: Layout, field: Field, allowed: Collection[str] | None
) -> Iterable[pa.Table]:
    known = frozenset(allowed if allowed is not None else field.code_values)
    distinct = [text for text in _distinct(column, texts, field) if text and not field.admits(text, known)]
    if distinct:
        values = pc.utf8_rtrim(column.cast(pa.string()).fill_null(""), " ")
        hit = pc.is_in(values, pa.array(distinct)).combine_chunks().to_numpy(zero_copy_only=False)
        rows = np.flatnonzero(hit)
        source = field.code_list or "the layout"
        yield _report("WIRE-006", layout, field, rows, [f"list: {source}"] * len(rows))


def _distinct(column: pa.ChunkedArray, texts: Texts, field: Field) -> list[str]:
    """The different values of a code column without spaces on the right; one-byte codes need no hashing."""
    if field.length == 1 and texts.is_ascii and int(texts.lengths.max(initial=0)) <= 1:
        return [chr(code).strip() for code in np.flatnonzero(np.bincount(texts.data))]
    trimmed = {text.rstrip(" ") for text in column.cast(pa.string()).unique().to_pylist() if text}
    return sorted(trimmed)


def _too_long(layout: Layout, field: Field, lengths: npt.NDArray[np.int32]) -> pa.Table:
    rows = np.flatnonzero(lengths > field.length)
    detail = [f"{lengths[row]} bytes, limit {field.length}" for row in rows]
    return _report("WIRE-002", layout, field, rows, detail)


def _missing_column(rows: int, layout: Layout, field: Field) -> list[pa.Table]:
    """One finding for the whole table, at its first row: the assembler left the column out."""
    if rows == 0:
        return []
    return [_report("WIRE-005", layout, field, [0], [f"no such column in the table of {rows} records"])]


def _report(
    rule_id: str,
    layout: Layout,
    field: Field,
    rows: Iterable[int] | Rows,
    details: Sequence[str | None],
) -> pa.Table:
    return wire_findings(rule_id, layout, field.name, [str(row) for row in rows], details)


def _wrong_type(layout: Layout, field: Field, got: object, want: str) -> LayoutError:
    return LayoutError(
        f"{layout.kind} {layout.record}.{field.name} came as {got}, not as {want}.",
        f"{layout.kind} {layout.record}.{field.name} 항목의 자료형이 {got}입니다({want}이어야 합니다).",
        fix_en="Mend the table that is handed to the encoder.",
        fix_ko="전송 파일로 넘기는 표를 고치세요.",
    )
