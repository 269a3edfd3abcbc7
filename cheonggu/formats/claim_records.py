"""Lines of a file of a recognised set → records: which line is which record in which version of its layout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cheonggu.formats import fixed_width
from cheonggu.formats.lines import Lines
from cheonggu.formats.recognise import COMBINED, HEADER, Recognised
from cheonggu.layouts import Layout, LayoutCatalogue

Rows = npt.NDArray[np.intp]
Bytes = npt.NDArray[np.uint8]

_UNKNOWN, _BLANK, _HEADER = 255, 254, 253
_MOST_HEADERS = 100  # further headers looked for in one block; a file has one


@dataclass(frozen=True)
class Group:
    """Lines of one record in one version. ``layout`` None: no version of the record has this length.

    ``record`` None: the line is no record of the kind at all.
    """

    record: str | None
    layout: Layout | None
    rows: Rows


@dataclass(frozen=True)
class Decoded:
    """A group as a table; ``unread`` lists what could not be explained inside it (rows of the table)."""

    group: Group
    table: pa.Table
    unread: list[fixed_width.Unread] = field(default_factory=list)


class RecordReader:
    """Splits and decodes the lines of one set."""

    def __init__(self, catalogue: LayoutCatalogue, found: Recognised) -> None:
        assert found.kind is not None
        self.kind = found.kind
        self.catalogue = catalogue
        self.versions = {HEADER: found.header_version}
        self.statement_version = found.statement_version
        self.layouts = {layout.record: layout for layout in catalogue.records(self.kind)}
        self.letters = np.full(256, _UNKNOWN, np.uint8)  # record type byte → place among the records
        for number, (record, layout) in enumerate(self.layouts.items()):
            if "record_type" in layout:
                self.letters[ord(layout["record_type"].constant_code or record)] = number

    def groups(self, lines: Lines, record: str | None, is_first: bool) -> list[Group]:
        """All lines that are not blank, grouped; ``is_first``: the block begins the file."""
        filled = np.flatnonzero(lines.lengths > 0)
        if record is None:
            return [Group(None, None, filled)] if len(filled) else []
        if record != COMBINED:
            return list(self._by_length(lines, record, filled))
        return list(self._combined(lines, filled, is_first))

    def decode(self, group: Group, matrix: Bytes) -> Decoded:
        """The group's lines, laid out as rows, as a table with the columns of its own version."""
        assert group.layout is not None
        unread: list[fixed_width.Unread] = []
        return Decoded(group, fixed_width.decode_matrix(matrix, group.layout, unread), unread)

    def stated(self, record: str) -> Layout:
        """The record's layout in the version that the header states; the current one without a header."""
        version = self.versions.get(record, self.statement_version)
        hidden = self.catalogue.undelivered(self.kind, record)
        if version and not any(one.covers(version) for one in hidden):
            return self.catalogue.layout(self.kind, record, version)
        return self.layouts[record]

    def layout_of(self, record: str, length: int) -> Layout | None:
        """The layout of a record of so many bytes: the stated version first, then the others."""
        candidates = (self.stated(record), *self.catalogue.variants(self.kind, record))
        return next((layout for layout in candidates if layout.accepts_length(length)), None)

    def current(self, table: pa.Table, record: str) -> pa.Table:
        """``table`` with the columns of the current layout; what an earlier version lacks is empty."""
        layout = self.layouts[record]
        if tuple(table.column_names) == layout.names:
            return table
        columns = []
        for one in layout.fields:
            if one.name in table.column_names:
                columns.append(table[one.name])
            elif one.is_number:
                columns.append(pa.nulls(table.num_rows, pa.int64()))
            else:
                columns.append(pa.repeat(pa.scalar("", pa.string()), table.num_rows))
        return pa.table(columns, names=list(layout.names))

    def _combined(self, lines: Lines, filled: Rows, is_first: bool) -> Iterator[Group]:
        records = self.letters[lines.byte_at(self._type_place())]
        if len(filled) < len(lines):
            records[lines.lengths == 0] = _BLANK
        for row in self._header_rows(lines, records, filled, is_first):
            records[row] = _HEADER
        yield from self._by_length(lines, HEADER, np.flatnonzero(records == _HEADER))
        for number, record in enumerate(self.layouts):
            if record != HEADER:
                yield from self._by_length(lines, record, np.flatnonzero(records == number))
        unknown = np.flatnonzero(records == _UNKNOWN)
        if len(unknown):
            yield Group(None, None, unknown)

    def _type_place(self) -> int:
        """0-based place of the record type, the same in all records of a combined kind."""
        return next(one["record_type"].start - 1 for one in self.layouts.values() if "record_type" in one)

    def _header_rows(self, lines: Lines, records: Bytes, filled: Rows, is_first: bool) -> Iterator[int]:
        """The first line when it is a header, and any further line without a record type that is one."""
        suspects = np.flatnonzero(records == _UNKNOWN)[:_MOST_HEADERS].tolist()
        first = [int(filled[0])] if is_first and len(filled) else []
        for row in dict.fromkeys(first + suspects):
            if self._is_header(lines.line(row)):
                yield row

    def _is_header(self, line: bytes) -> bool:
        form = self.layouts[HEADER]["form_no"]
        value = line[form.start - 1 : form.end].decode("ascii", "replace")
        return value in self.catalogue.marks(self.kind, HEADER, "form_no")

    def _by_length(self, lines: Lines, record: str, rows: Rows) -> Iterator[Group]:
        if not len(rows):
            return
        lengths = lines.lengths[rows]
        if int(lengths.min()) == int(lengths.max()):
            yield Group(record, self.layout_of(record, int(lengths[0])), rows)
            return
        layouts: dict[int, Layout | None] = {
            int(one): self.layout_of(record, int(one)) for one in np.unique(lengths)
        }
        for layout in dict.fromkeys(layouts.values()):
            fitting = [length for length, one in layouts.items() if one == layout]
            yield Group(record, layout, rows[np.isin(lengths, fitting)])
