"""Writing a claim set: header, then whole statements chunk by chunk, into the files of its kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cheonggu import findings
from cheonggu.codes import CodeLists
from cheonggu.errors import LayoutError
from cheonggu.formats import claim_files, fixed_width
from cheonggu.formats.claim_files import Sink, WrittenFile
from cheonggu.formats.code_fields import allowed_codes
from cheonggu.formats.cp949 import to_cp949
from cheonggu.formats.details import continue_details
from cheonggu.formats.interleave import interleave
from cheonggu.formats.wire_findings import wire_findings
from cheonggu.layouts import Layout, LayoutCatalogue

HEADER, STATEMENT = "H", "A"


@dataclass(frozen=True)
class WriteResult:
    """The files in the order they were finished, marker last; none of them when ``findings`` has any."""

    files: tuple[WrittenFile, ...]
    findings: pa.Table = field(repr=False)


def write_set(
    folder: Path,
    catalogue: LayoutCatalogue,
    kind: str,
    header: pa.Table,
    chunks: Iterable[Mapping[str, pa.Table]],
    *,
    title: str,
    codes: CodeLists | None = None,
) -> WriteResult:
    """Write one claim into ``folder`` and return what was written, or the findings and leave nothing behind.

    ``header``: one row. ``chunks``: record letter → table, each chunk whole statements, in the order of
    ``statement_no``; a record without rows may be missing. ``codes``: also check the fields that name a code list.
    ``title``: for MEDLOG.ENC, at most 30 bytes of CP949. Raises LayoutError for tables of a wrong type.
    """
    folder.mkdir(parents=True, exist_ok=True)
    writer = _Writer(folder, catalogue, kind, header, codes)
    try:
        writer.write_header()
        for chunk in chunks:
            writer.write_chunk(chunk)
        return writer.finish(title)
    finally:
        claim_files.discard_all(writer.open_sinks)


class _Writer:
    def __init__(
        self, folder: Path, catalogue: LayoutCatalogue, kind: str, header: pa.Table, codes: CodeLists | None
    ) -> None:
        self.folder = folder
        self.problems: list[pa.Table] = []
        self.current = {layout.record: layout for layout in catalogue.records(kind)}
        self.header = with_versions(header, catalogue, kind)
        self.layouts = self._dated_layouts(catalogue, kind)
        self.is_combined = claim_files.is_combined(catalogue, kind)
        self.claim_no = first_text(header, "claim_no")
        self.insurer_codes: set[str] = set()
        day = care_month(header)
        self.allowed = {
            record: allowed_codes(layout, codes, day) if codes else {}
            for record, layout in self.layouts.items()
        }
        self.open_sinks: list[Sink] = []
        self.sinks: dict[str, Sink] = {}
        for record, layout in self.layouts.items():
            shared = next((one for one in self.sinks if self.layouts[one].file == layout.file), None)
            self.sinks[record] = self.sinks[shared] if shared else self._open(f"{record}")
        self.last_statement = ""

    def _open(self, label: str) -> Sink:
        self.open_sinks.append(Sink(self.folder, label))
        return self.open_sinks[-1]

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

    def write_header(self) -> None:
        header, layout = self.header, self.layouts[HEADER]
        if header.num_rows != 1:
            detail = [f"{header.num_rows} header rows"]
            self.problems.append(wire_findings("WIRE-010", layout, None, [None], detail))
        self._put(HEADER, self._encode(HEADER, header), header.num_rows)

    def write_chunk(self, chunk: Mapping[str, pa.Table]) -> None:
        unknown = set(chunk) - set(self.layouts)
        if unknown:
            raise LayoutError(
                f"No record {sorted(unknown)} in this kind of claim; it has {sorted(self.layouts)}.",
                f"이 서식에는 {sorted(unknown)} 레코드가 없습니다.",
            )
        tables = {record: chunk[record] for record in self.layouts if record in chunk}
        if "H2" in tables:
            self._put("H2", self._encode("H2", tables.pop("H2")), len(chunk["H2"]))
        places = self._statement_places(tables)
        records = [record for record in tables if tables[record].num_rows]
        matrices = []
        for record in records:
            tables[record], places[record] = continue_details(
                tables[record], self.layouts[record], places[record]
            )
            matrices.append(self._encode(record, tables[record]))
        if self.problems:
            return
        if self.is_combined:
            data = interleave(matrices, [places[record] for record in records])
            self._put(STATEMENT, data, sum(map(len, matrices)))
        else:
            for record, matrix in zip(records, matrices, strict=True):
                self._put(record, matrix, len(matrix))

    def _statement_places(self, tables: dict[str, pa.Table]) -> dict[str, npt.NDArray[np.intp]]:
        """Per record the place of its statement in the chunk; tables not in that order are sorted (stable)."""
        statements = self._statement_numbers(tables.get(STATEMENT))
        places = {}
        for record in list(tables):
            if record == STATEMENT:
                places[record] = np.arange(len(statements))
                continue
            numbers = _numbers(tables[record])
            found = np.searchsorted(statements, numbers)
            inside = found < len(statements)
            inside[inside] = statements[found[inside]] == numbers[inside]
            if not inside.all():
                rows = np.flatnonzero(~inside)
                names = [number.decode("ascii", "replace") for number in numbers[rows]]
                self.problems.append(
                    wire_findings("WIRE-007", self.layouts[record], "statement_no", names, [None] * len(rows))
                )
            if (np.diff(found) < 0).any():
                order = np.argsort(found, kind="stable")
                tables[record], found = tables[record].take(pa.array(order)), found[order]
            places[record] = found
        return places

    def _statement_numbers(self, table: pa.Table | None) -> npt.NDArray[np.bytes_]:
        numbers = _numbers(table) if table is not None else np.empty(0, "S5")
        if not len(numbers):
            return numbers
        before = np.concatenate([np.array([self.last_statement.encode()], numbers.dtype), numbers[:-1]])
        rows = np.flatnonzero(numbers <= before)
        if len(rows):
            names = [number.decode("ascii", "replace") for number in numbers[rows]]
            layout = self.layouts[STATEMENT]
            self.problems.append(wire_findings("WIRE-008", layout, "statement_no", names, [None] * len(rows)))
        self.last_statement = numbers[-1].decode("ascii", "replace")
        return numbers

    def _encode(self, record: str, table: pa.Table) -> fixed_width.Bytes:
        if record == STATEMENT and "insurer_code" in table.column_names:
            self.insurer_codes.update(table["insurer_code"].unique().to_pylist())
        if self.layouts[record] is not self.current[record]:
            self._require_no_later_fields(record, table)
        encoded = fixed_width.encode(table, self.layouts[record], allowed=self.allowed[record])
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

    def _put(self, record: str, data: fixed_width.Bytes, records: int) -> None:
        if not self.problems:
            self.sinks[record].write(data, records)

    def finish(self, title: str) -> WriteResult:
        names = self._names()
        try:
            marker = claim_files.marker_bytes(title)
        except ValueError as error:
            problem = "WIRE-001" if isinstance(error, UnicodeError) else "WIRE-002"
            detail = f"title of {claim_files.MARKER}, limit {claim_files.TITLE_BYTES} bytes"
            self.problems.append(wire_findings(problem, self.layouts[HEADER], None, [None], [detail]))
        if self.problems:
            return WriteResult((), findings.concat(self.problems))
        last = self._open("marker")
        last.write(marker, 4)
        for sink in self.open_sinks:
            sink.close()
        done = [sink.keep(name) for sink, name in names.items()] + [last.keep(claim_files.MARKER)]
        claim_files.sync_folder(self.folder)
        self.open_sinks.clear()
        return WriteResult(tuple(done), findings.none_found())

    def _names(self) -> dict[Sink, str]:
        insurers: Sequence[str] = sorted(filter(None, self.insurer_codes))
        names: dict[Sink, str] = {}
        for record, layout in self.layouts.items():
            if self.sinks[record] in names:
                continue
            needs_insurer = "{insurer_code}" in layout.file
            name = claim_files.set_name(layout, self.claim_no, insurers[0] if insurers else "")
            if name is None or (needs_insurer and len(insurers) != 1):
                detail = f"{len(insurers)} insurer codes" if needs_insurer else None
                self.problems.append(wire_findings("WIRE-009", layout, None, [None], [detail]))
            else:
                names[self.sinks[record]] = name
        return names


def _numbers(table: pa.Table) -> npt.NDArray[np.bytes_]:
    """``statement_no`` of every row as fixed bytes, which sort as the numbers do (A0000 after 99999)."""
    column = table["statement_no"].cast(pa.string()).fill_null("")
    texts = to_cp949(column)
    width = int(texts.lengths.max(initial=1))
    if texts.data.size == width * len(column):
        return texts.data.view(f"S{width}") if texts.data.size else np.empty(0, "S5")
    return np.array([value.encode() for value in column.to_pylist()], f"S{max(width, 5)}")


def with_versions(header: pa.Table, catalogue: LayoutCatalogue, kind: str) -> pa.Table:
    """The header with the version digits of its treatment month where it has none."""
    month = care_month(header)
    if month is None or (
        first_text(header, "claim_form_version") and first_text(header, "statement_form_version")
    ):
        return header
    form = catalogue.form(kind, month)
    for name, value in (("claim_form_version", form.header), ("statement_form_version", form.statement)):
        if not first_text(header, name):
            if name in header.column_names:
                header = header.drop_columns([name])
            header = header.append_column(name, pa.repeat(pa.scalar(value, pa.string()), header.num_rows))
    return header


def first_text(table: pa.Table, name: str) -> str:
    if name not in table.column_names or not table.num_rows:
        return ""
    return table[name][0].as_py() or ""


def care_month(header: pa.Table) -> date | None:
    """The first day of the treatment month (진료년월), when the header has a readable one."""
    text = first_text(header, "treatment_month")
    try:
        return date(int(text[:4]), int(text[4:6]), 1)
    except ValueError:
        return None
