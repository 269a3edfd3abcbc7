"""Write the claim XML from wire tables: columns become attribute fragments, one take puts them in file order.

Nothing loops over rows. Each column turns into strings at once, the columns of a record are joined in one call,
and the records of some thousand statements are interleaved by one gather whose data buffer is the bytes to write.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.formats.claim_xml_model import (
    CLAIM_NO,
    GENERAL,
    ROOT,
    SCHEMA_VERSION,
    STATEMENT,
    STATEMENT_NO,
    SUMMARY,
    ClaimShape,
    RecordShape,
    cast_column,
    normalise,
    odd_value,
    refuse_odd_columns,
)
from cheonggu.layouts import Field

# Rows of all records together in one piece of output: some 50 MB, far below the 2 GiB of a string array.
PIECE_ROWS = 100_000
ESCAPES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("\t", "&#9;"))
# Bytes that make a column worth a closer look: controls, the four signs above, and 0xEF (U+FFFE and U+FFFF).
SUSPECT = np.zeros(256, dtype=bool)
SUSPECT[list(range(0x20))] = True
SUSPECT[list(b'&<>"\xef')] = True
UNFIT = r"[\x00-\x08\x0A-\x1F\x{FFFE}\x{FFFF}]"


def claim_bytes(
    shape: ClaimShape, header: Any, chunks: Iterable[Mapping[str, Any]], *, in_order: bool = True
) -> Iterator[Any]:
    """The document in pieces (bytes or Arrow buffers), ready to be written one after the other.

    ``header`` is the wire table of record H with one row, each chunk maps record letters to wire tables of whole
    statements (a missing letter means no rows; H2 only in the first chunk). ``in_order`` refuses rows that do not
    stand in the order of their statements, because reading back would move them; without it they are sorted.
    Raises LayoutError naming record, field and statement.
    """
    if header.num_rows != 1:
        raise odd_value(shape.header, "", f"{header.num_rows} rows instead of one", "한 건이어야 합니다")
    claim_no = normalise(header, shape.header)[CLAIM_NO][0].as_py()
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<{ROOT} schema="{SCHEMA_VERSION}" kind="{shape.kind}">\n'.encode()
    yield _data(record_elements(header, shape.header))
    seen: set[str] = set()
    for number, chunk in enumerate(chunks):
        piece = _Piece.of(shape, chunk, claim_no, seen, in_order)
        if shape.summary is not None and chunk.get(SUMMARY) is not None and chunk[SUMMARY].num_rows:
            if number:
                raise odd_value(shape.summary, "", "rows after the first chunk", "첫 묶음 뒤에 행이 있습니다")
            refuse_odd_columns(chunk[SUMMARY], shape.summary)
            _refuse_other_claim(chunk[SUMMARY], shape.summary, claim_no)
            yield _data(record_elements(chunk[SUMMARY], shape.summary))
        yield from piece.output()
    yield f"</{ROOT}>\n".encode()


@dataclass(frozen=True)
class _Piece:
    """Some whole statements: per record its rows and the position of each row's statement in A, ascending."""

    shapes: tuple[RecordShape, ...]
    tables: tuple[Any, ...]
    owners: tuple[Any, ...]

    @classmethod
    def of(
        cls, shape: ClaimShape, chunk: Mapping[str, Any], claim_no: str, seen: set[str], in_order: bool
    ) -> _Piece:
        """A chunk, checked: records known, columns complete, one claim, every row in a statement of A."""
        known = {one.record for one in shape.all}
        for record in chunk:
            if record not in known:
                raise odd_value(shape.header, "", f"there is no record {record}", f"{record} 내역이 없습니다")
        general = chunk.get(GENERAL)
        if general is None:
            general = shape.records[0].schema.empty_table()
        numbers = _statement_numbers(general, shape.records[0], seen)
        shapes, tables, owners = [], [], []
        for one in shape.records:
            table = general if one.record == GENERAL else chunk.get(one.record)
            if table is None or not table.num_rows:
                continue
            refuse_odd_columns(table, one)
            _refuse_other_claim(table, one, claim_no)
            owner = _owners(table, one, numbers)
            if not bool(np.all(owner[:-1] <= owner[1:])):
                if in_order:
                    raise odd_value(one, "", "rows not in statement order", "명세서 순서가 아닙니다")
                order = np.argsort(owner, kind="stable")
                table, owner = table.take(pa.array(order)), owner[order]
            shapes.append(one)
            tables.append(table)
            owners.append(owner)
        return cls(tuple(shapes), tuple(tables), tuple(owners))

    @property
    def statements(self) -> int:
        return int(self.tables[0].num_rows) if self.tables else 0

    def output(self) -> Iterator[Any]:
        """Arrow buffers of whole statements, about ``PIECE_ROWS`` rows each."""
        if not self.statements:
            return
        rows = sum(np.bincount(owner, minlength=self.statements) for owner in self.owners)
        groups = np.cumsum(rows) // PIECE_ROWS
        edges = [0, *(np.flatnonzero(np.diff(groups)) + 1).tolist(), self.statements]
        for first, end in pairwise(edges):
            yield self._interleaved(first, end)

    def _interleaved(self, first: int, end: int) -> Any:
        texts, keys = [], []
        ranks = len(self.shapes) + 1
        for rank, (shape, table, owner) in enumerate(zip(self.shapes, self.tables, self.owners, strict=True)):
            start, stop = np.searchsorted(owner, (first, end))
            if start == stop:
                continue
            texts.append(record_elements(table.slice(start, stop - start), shape))
            keys.append(owner[start:stop] * ranks + rank)
        texts.append(pa.repeat(pa.scalar(f"</{STATEMENT}>\n"), end - first))
        keys.append(np.arange(first, end, dtype=np.int64) * ranks + ranks - 1)
        order = np.argsort(np.concatenate(keys), kind="stable")
        return _data(pa.concat_arrays(texts).take(pa.array(order)))


def record_elements(table: Any, shape: RecordShape) -> Any:
    """One element per row as a string array; record A also opens its statement."""
    table = table.combine_chunks()
    parts: list[Any] = []
    literal = f"<{shape.element}"
    if shape.record == GENERAL:
        parts += [f'<{STATEMENT} {STATEMENT_NO}="', attribute_values(table, shape, STATEMENT_NO)]
        literal = f'">\n<{shape.element}'
    for field in shape.attributes:
        values = attribute_values(table, shape, field.name)
        if values.null_count == len(values):
            continue
        opening = f' {field.name}="'
        if values.null_count:
            parts += [literal, pc.binary_join_element_wise(opening, values, '"', "")]
            literal = ""
        else:
            parts += [literal + opening, values]
            literal = '"'
    if shape.text is None:
        literal += "/>\n"
    else:
        parts += [literal + ">", attribute_values(table, shape, shape.text.name)]
        literal = f"</{shape.element}>\n"
    if not parts:
        return pa.repeat(pa.scalar(literal), table.num_rows)
    return pc.binary_join_element_wise(*parts, literal, "", null_handling="replace", null_replacement="")


def attribute_values(table: Any, shape: RecordShape, name: str) -> Any:
    """A column as escaped text, null where blank. Raises LayoutError when XML cannot carry a value."""
    field = shape.layout[name]
    column = cast_column(table[name], field, shape)
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if column.null_count == len(column):
        return pa.nulls(len(column), pa.string())
    if field.is_number:
        return column.cast(pa.string()) if not field.scale else _decimal_text(column, field.scale)
    if field.is_date:
        days = column.dictionary_encode()
        texts = [_day_text(one, field, shape) for one in days.dictionary.to_pylist()]
        return _escaped(pa.array(texts, pa.string()), field, shape).take(days.indices)
    blank = pc.equal(pc.binary_length(column), 0)
    if pc.any(blank).as_py():
        column = pc.if_else(blank, pa.scalar(None, pa.string()), column)
    return _escaped(column, field, shape)


def _decimal_text(column: Any, scale: int) -> Any:
    power = 10**scale
    magnitude = pc.abs_checked(column)
    whole = pc.divide(magnitude, power)
    rest = pc.subtract(magnitude, pc.multiply(whole, power))
    sign = pc.if_else(pc.less(column, 0), "-", "")
    digits = pc.utf8_lpad(rest.cast(pa.string()), scale, "0")
    return pc.binary_join_element_wise(sign, whole.cast(pa.string()), ".", digits, "")


def _day_text(text: str, field: Field, shape: RecordShape) -> str | None:
    """ISO for a day that exists, the raw text otherwise, None for blank."""
    if len(text) > field.length:
        raise odd_value(shape, field.name, "a date longer than CCYYMMDD", "CCYYMMDD보다 긴 날짜입니다")
    if len(text) == field.length and text.isascii() and text.isdigit():
        try:
            return date(int(text[:4]), int(text[4:6]), int(text[6:])).isoformat()
        except ValueError:
            return text
    return text or None


def _escaped(column: Any, field: Field, shape: RecordShape) -> Any:
    if not SUSPECT[np.frombuffer(_data(column), np.uint8)].any():
        return column
    if pc.any(pc.match_substring_regex(column, UNFIT)).as_py():
        raise odd_value(
            shape,
            field.name,
            "a control character that XML cannot carry",
            "XML로 옮길 수 없는 제어문자가 있습니다",
        )
    for sign, entity in ESCAPES:
        column = pc.replace_substring(column, sign, entity)
    return column


def _data(column: Any) -> Any:
    """The bytes of a string array, one value after the other, without copying."""
    if not len(column):
        return pa.py_buffer(b"")
    offsets = np.frombuffer(column.buffers()[1], np.int32)[column.offset : column.offset + len(column) + 1]
    data = column.buffers()[2]
    if data is None:  # Arrow keeps no buffer when every value is empty
        return pa.py_buffer(b"")
    return data.slice(int(offsets[0]), int(offsets[-1] - offsets[0]))


def _statement_numbers(general: Any, shape: RecordShape, seen: set[str]) -> Any:
    """The numbers of record A, none blank and none that an earlier row or chunk (``seen``) has used."""
    numbers = cast_column(general[STATEMENT_NO], shape.layout[STATEMENT_NO], shape)
    numbers = numbers.combine_chunks() if isinstance(numbers, pa.ChunkedArray) else numbers
    if numbers.null_count or pc.any(pc.equal(numbers, "")).as_py():
        raise odd_value(shape, STATEMENT_NO, "is blank", "비어 있습니다")
    before = len(seen)
    seen.update(numbers.to_pylist())
    if len(seen) != before + len(numbers):
        raise odd_value(shape, STATEMENT_NO, "stands twice", "두 번 있습니다")
    return numbers


def _owners(table: Any, shape: RecordShape, numbers: Any) -> Any:
    """Position in ``numbers`` of each row's statement; LayoutError for a row without one."""
    own = cast_column(table[STATEMENT_NO], shape.layout[STATEMENT_NO], shape)
    found = pc.index_in(own, value_set=numbers)
    if found.null_count:
        raise odd_value(
            shape,
            STATEMENT_NO,
            "a row of a statement without record A",
            "일반내역(A)이 없는 명세서의 행이 있습니다",
        )
    return found.to_numpy().astype(np.int64)


def _refuse_other_claim(table: Any, shape: RecordShape, claim_no: str) -> None:
    own = cast_column(table[CLAIM_NO], shape.layout[CLAIM_NO], shape)
    if not pc.all(pc.equal(pc.fill_null(own, ""), claim_no)).as_py():
        raise odd_value(shape, CLAIM_NO, "differs from the header's", "청구서(H)의 값과 다릅니다")
