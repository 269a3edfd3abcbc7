"""Chunks of whole statements → bytes, in the order the wire wants them. Knows nothing of files."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.codes import CodeLists
from cheonggu.errors import LayoutError
from cheonggu.formats import fixed_width
from cheonggu.formats.claim_files import is_combined
from cheonggu.formats.code_fields import allowed_codes
from cheonggu.formats.cp949 import as_array, text_buffers, to_cp949
from cheonggu.formats.details import continue_details
from cheonggu.formats.interleave import interleave
from cheonggu.formats.wire_findings import wire_findings
from cheonggu.layouts import Layout, LayoutCatalogue

HEADER, SUMMARY, STATEMENT = "H", "H2", "A"
COMBINED = "*"
LETTER_NUMBERS = "A0000"  # in the rule of a layout whose statement numbers go on so after 99999

Bytes = fixed_width.Bytes
Places = npt.NDArray[np.intp]
Keys = npt.NDArray[np.uint64]


class ChunkEncoder:
    """Encodes one claim chunk by chunk in the form version that its header states.

    ``problems`` collects the findings; from the first one on no bytes are handed out. The bytes of a chunk are good
    until the chunk after the next is encoded: two rooms take turns.
    """

    def __init__(
        self, catalogue: LayoutCatalogue, kind: str, header: pa.Table, codes: CodeLists | None = None
    ) -> None:
        self.problems: list[pa.Table] = []
        self.is_combined = is_combined(catalogue, kind)
        self.current = {layout.record: layout for layout in catalogue.records(kind)}
        self.header = with_versions(header, catalogue, kind)
        self.layouts = self._dated_layouts(catalogue, kind)
        self.insurer_codes: set[str] = set()
        day = care_month(header)
        self.allowed: dict[str, dict[str, frozenset[str]]] = {
            record: allowed_codes(layout, codes, day) if codes else {}
            for record, layout in self.layouts.items()
        }
        self._last_key = np.zeros(1, np.uint64)
        self._room = self._other_room = np.empty(0, np.uint8)

    def encode_header(self) -> Bytes:
        """The header record."""
        if self.header.num_rows != 1:
            detail = [f"{self.header.num_rows} header rows"]
            self.problems.append(wire_findings("WIRE-010", self.layouts[HEADER], None, [None], detail))
        return self._encode(HEADER, self.header)

    def encode_chunk(self, chunk: Mapping[str, pa.Table]) -> dict[str, tuple[Bytes, int]]:
        """Record letter → bytes and number of records; a combined kind has them all under ``*``."""
        if unknown := set(chunk) - set(self.layouts) | set(chunk) & {HEADER}:
            raise LayoutError(
                f"No record {sorted(unknown)} in the chunks of this kind; it has {sorted(self.layouts)}.",
                f"이 서식의 명세서에는 {sorted(unknown)} 레코드가 없습니다.",
            )
        tables = {record: chunk[record] for record in self.layouts if record in chunk and len(chunk[record])}
        places = self._statement_places(tables)
        for record in places:
            tables[record], places[record] = continue_details(
                tables[record], self.layouts[record], places[record]
            )
        rooms = self._rooms(tables)
        matrices = {record: self._encode(record, table, rooms[record]) for record, table in tables.items()}
        if self.problems:
            return {}
        if not self.is_combined:
            return {record: (matrix.reshape(-1), len(matrix)) for record, matrix in matrices.items()}
        size = sum(matrix.nbytes for matrix in matrices.values())
        widths = [matrix.shape[1] for matrix in matrices.values()]
        data = interleave(self._room[:size], widths, list(places.values()))
        return {COMBINED: (data, sum(map(len, matrices.values())))}

    def _dated_layouts(self, catalogue: LayoutCatalogue, kind: str) -> dict[str, Layout]:
        """Each record's layout in the form version that the header states."""
        found = {}
        for record, current in self.current.items():
            column = "claim_form_version" if record == HEADER else "statement_form_version"
            version = first_text(self.header, column)
            if catalogue.knows_version(kind, record, version):
                found[record] = catalogue.layout(kind, record, version)
            else:
                found[record] = current
                detail = [f"{column} {version!r}"]
                self.problems.append(wire_findings("WIRE-011", current, column, [None], detail))
        return found

    def _rooms(self, tables: Mapping[str, pa.Table]) -> dict[str, Bytes]:
        """One matrix per record, side by side in one of two pieces of memory that are kept between chunks."""
        self._room, self._other_room = self._other_room, self._room
        sizes = {record: len(table) * (self.layouts[record].length + 2) for record, table in tables.items()}
        if sum(sizes.values()) > self._room.size:
            self._room = np.empty(sum(sizes.values()) * 9 // 8, np.uint8)
        rooms, start = {}, 0
        for record, size in sizes.items():
            rooms[record] = self._room[start : start + size].reshape(len(tables[record]), -1)
            start += size
        return rooms

    def _statement_places(self, tables: dict[str, pa.Table]) -> dict[str, Places]:
        """Per record the place of its statement in the chunk; tables not in that order are sorted (stable)."""
        statements = self._statement_keys(tables.get(STATEMENT))
        places: dict[str, Places] = {}
        for record in list(tables):
            if record == STATEMENT:
                places[record] = np.arange(len(statements))
            elif record != SUMMARY:
                places[record] = self._places_of(record, tables, statements)
        return places

    def _places_of(self, record: str, tables: dict[str, pa.Table], statements: Keys) -> Places:
        keys = statement_keys(tables[record])
        firsts = np.flatnonzero(
            np.concatenate([[True], keys[1:] != keys[:-1]])
        )  # of each run of one statement
        found = np.searchsorted(statements, keys[firsts])
        inside = found < len(statements)
        inside[inside] = statements[found[inside]] == keys[firsts[inside]]
        runs = np.diff(np.append(firsts, len(keys)))
        if not inside.all():
            self._report("WIRE-007", record, tables[record], np.repeat(~inside, runs))
        places = np.repeat(found, runs)
        if (np.diff(found) < 0).any():
            order = np.argsort(places, kind="stable")
            tables[record], places = tables[record].take(pa.array(order)), places[order]
        return places

    def _statement_keys(self, table: pa.Table | None) -> Keys:
        if table is None:
            return np.empty(0, np.uint64)
        keys = statement_keys(table)
        before = np.concatenate([self._last_key, keys[:-1]])
        if (keys <= before).any():
            self._report("WIRE-008", STATEMENT, table, keys <= before)
        has_letter = keys >> np.uint64(56) > ord("9")
        if has_letter.any() and LETTER_NUMBERS not in self.layouts[STATEMENT]["statement_no"].rule:
            self._report("WIRE-013", STATEMENT, table, has_letter)
        self._last_key = keys[-1:]
        return keys

    def _report(self, rule_id: str, record: str, table: pa.Table, hit: npt.NDArray[np.bool_]) -> None:
        names = table["statement_no"].cast(pa.string()).filter(pa.array(hit)).to_pylist()
        layout = self.layouts[record]
        self.problems.append(wire_findings(rule_id, layout, "statement_no", names, [None] * len(names)))

    def _encode(self, record: str, table: pa.Table, room: Bytes | None = None) -> Bytes:
        if record == STATEMENT and "insurer_code" in table.column_names:
            self.insurer_codes.update(table["insurer_code"].unique().to_pylist())
        if self.layouts[record] is not self.current[record]:
            self._require_no_later_fields(record, table)
        encoded = fixed_width.encode(table, self.layouts[record], allowed=self.allowed[record], out=room)
        if encoded.findings.num_rows:
            self.problems.append(encoded.findings)
        return encoded.matrix

    def _require_no_later_fields(self, record: str, table: pa.Table) -> None:
        """A value must not vanish because an earlier version has no room for it."""
        layout = self.layouts[record]
        for name in set(self.current[record].names) - set(layout.names):
            column = table[name] if name in table.column_names else None
            if column is None or not len(column):
                continue
            used = pc.fill_null(pc.not_equal(column, 0 if pa.types.is_integer(column.type) else ""), False)
            if pc.any(used).as_py():
                detail = [f"{pc.sum(used).as_py()} values, version {layout.version}"]
                self.problems.append(wire_findings("WIRE-012", layout, name, [None], detail))


def statement_keys(table: pa.Table) -> Keys:
    """``statement_no`` of every row as a number that sorts as its bytes do (A0000 after 99999)."""
    array = as_array(to_cp949(table["statement_no"]))
    padded = pc.ascii_rpad(pc.binary_slice(array.cast(pa.binary()), 0, 8).view(pa.string()), 8)
    return text_buffers(padded).data.view(">u8").astype(np.uint64)


def with_versions(header: pa.Table, catalogue: LayoutCatalogue, kind: str) -> pa.Table:
    """The header with the version digits of its treatment month (진료년월) where it has none."""
    month = care_month(header)
    columns = ("claim_form_version", "statement_form_version")
    if month is None or all(first_text(header, name) for name in columns):
        return header
    form = catalogue.form(kind, month)
    for name, value in zip(columns, (form.header, form.statement), strict=True):
        if not first_text(header, name):
            if name in header.column_names:
                header = header.drop_columns([name])
            header = header.append_column(name, pa.repeat(pa.scalar(value, pa.string()), header.num_rows))
    return header


def first_text(table: pa.Table, name: str) -> str:
    """A column's first value, "" when there is none."""
    if name not in table.column_names or not table.num_rows:
        return ""
    return table[name][0].as_py() or ""


def care_month(header: pa.Table) -> date | None:
    """The first day of the treatment month, when the header has a readable one."""
    text = first_text(header, "treatment_month")
    try:
        return date(int(text[:4]), int(text[4:6]), 1)
    except ValueError:
        return None
