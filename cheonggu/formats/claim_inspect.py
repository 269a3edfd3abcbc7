"""Facts about the files of a claim set, for the pre-check rules about files (FILE-…): no judgement here.

Columns of ``file`` and ``record`` are those of the pre-check's tables of the same names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cheonggu.formats.claim_files import is_combined, set_name
from cheonggu.formats.claim_read import BOM
from cheonggu.formats.claim_records import Group, RecordReader
from cheonggu.formats.fixed_width import Unread
from cheonggu.formats.lines import CRLF_END, END_NAMES, LF_END, NO_END, Lines, read_blocks, split_lines
from cheonggu.formats.recognise import Recognised, SetFile, recognise
from cheonggu.layouts import Field, Layout, LayoutCatalogue

FILE = pa.schema(
    [
        pa.field("name", pa.string()),
        pa.field("size_bytes", pa.int64()),
        pa.field("exists", pa.bool_()),
        pa.field("expected", pa.bool_()),
        pa.field("has_bom", pa.bool_()),
        pa.field("ends_with_newline", pa.bool_()),
        pa.field("crlf_records", pa.int64()),
        pa.field("lf_records", pa.int64()),
        pa.field("blank_lines", pa.int64()),
    ]
)
RECORD = pa.schema(
    [
        pa.field("file", pa.string()),
        pa.field("row_no", pa.int64()),  # line number in the file, blank lines counted
        pa.field("record", pa.string()),
        pa.field("claim_no", pa.string()),
        pa.field("statement_no", pa.string()),
        pa.field("byte_length", pa.int64()),
        pa.field("length_ok", pa.bool_()),
        pa.field("line_end", pa.string()),  # crlf | lf | none
        pa.field("bad_bytes", pa.bool_()),
        pa.field("bad_number_fields", pa.string()),
        pa.field("known", pa.bool_()),
    ]
)
KEYS = ("claim_no", "statement_no")


def inspect_set(
    paths: Path | Iterable[Path], catalogue: LayoutCatalogue, *, kind: str | None = None
) -> dict[str, pa.Table]:
    """``{"file": …, "record": …}``: facts of every file and every line that is not blank.

    Works block by block; only the facts themselves grow with the files. A set of unknown kind has facts too: its
    lines are not known. The marker MEDLOG.ENC is not a file of records and has no row.
    """
    found = recognise(paths, catalogue, kind)
    reader = RecordReader(catalogue, found) if found.kind else None
    files: list[dict[str, object]] = []
    records: list[pa.Table] = []
    for one in found.files:
        if one.is_marker:
            continue
        facts = _FileFacts(one, reader)
        records.extend(facts.records())
        files.append(facts.row(found, catalogue))
    present = {row["name"] for row in files} | {one.record for one in found.files if one.record}
    files.extend(_missing(found, catalogue, present))
    return {
        "file": pa.Table.from_pylist(files, schema=FILE),
        "record": pa.concat_tables([RECORD.empty_table(), *records]),
    }


class _FileFacts:
    def __init__(self, file: SetFile, reader: RecordReader | None) -> None:
        self.file, self.reader = file, reader
        self.has_bom = False
        self.ends = np.zeros(3, np.int64)
        self.blank = 0
        self.last_end = CRLF_END

    def records(self) -> Iterator[pa.Table]:
        before = 0
        for block in read_blocks(self.file.path):
            if before == 0:
                self.has_bom = block[: len(BOM)].tobytes() == BOM
            lines = split_lines(block[len(BOM) :] if before == 0 and self.has_bom else block)
            filled = lines.lengths > 0
            self.blank += int(np.count_nonzero(~filled))
            self.ends += np.bincount(lines.ends[filled], minlength=3)
            if len(lines):
                self.last_end = int(lines.ends[-1])
            yield _record_facts(lines, self.file, self.reader, before)
            before += len(lines)

    def row(self, found: Recognised, catalogue: LayoutCatalogue) -> dict[str, object]:
        return {
            "name": self.file.name,
            "size_bytes": self.file.size,
            "exists": True,
            "expected": _is_expected(self.file, found, catalogue),
            "has_bom": self.has_bom,
            "ends_with_newline": self.file.size == 0 or self.last_end != NO_END,
            "crlf_records": int(self.ends[CRLF_END]),
            "lf_records": int(self.ends[LF_END]),
            "blank_lines": self.blank,
        }


def _is_expected(file: SetFile, found: Recognised, catalogue: LayoutCatalogue) -> bool:
    """A set has a file of this name; a prefix before the official name is taken as vendors' samples have it."""
    if found.kind is None:
        return False
    names = [
        name for one in catalogue.records(found.kind) for name in (one.file.rpartition("}")[2], *one.aliases)
    ]
    return any(file.name.upper().endswith(name.upper()) for name in names)


def _missing(
    found: Recognised, catalogue: LayoutCatalogue, present: set[object]
) -> Iterator[dict[str, object]]:
    """Files that a set of this kind needs and that are not there; a combined set needs its one file."""
    if found.kind is None or (is_combined(catalogue, found.kind) and len(present)):
        return
    for layout in catalogue.records(found.kind):
        name = set_name(layout, found.claim_no or "")
        if layout.record not in present and name is not None:
            yield {"name": name, "exists": False, "expected": True}


def _record_facts(lines: Lines, file: SetFile, reader: RecordReader | None, before: int) -> pa.Table:
    filled = np.flatnonzero(lines.lengths > 0)
    groups = reader.groups(lines, file.record, before == 0) if reader else [Group(None, None, filled)]
    parts = [_group_facts(lines, group, file, reader, before) for group in groups]
    table = pa.concat_tables([RECORD.empty_table(), *parts])
    return table.sort_by("row_no") if len(parts) > 1 else table


def _group_facts(
    lines: Lines, group: Group, file: SetFile, reader: RecordReader | None, before: int
) -> pa.Table:
    count, picked = len(group.rows), lines.pick(group.rows)
    known, length_ok = np.full(count, group.record is not None), np.zeros(count, bool)
    keys = {name: pa.nulls(count, pa.string()) for name in KEYS}
    bad_bytes, bad_numbers = np.zeros(count, bool), pa.nulls(count, pa.string())
    if reader is not None and group.layout is not None:
        decoded = reader.decode(group, picked.matrix(group.layout.length))
        keys |= {name: decoded.table[name].combine_chunks() for name in KEYS if name in group.layout}
        bad_bytes, bad_numbers = _unread_facts(decoded.unread, count)
        known = _has_known_form(decoded.table, group.layout, reader)
        length_ok = _length_ok(picked.lengths, group.layout, reader)
    elif (
        reader is not None and group.record is not None
    ):  # a wrong length, but the keys stand where they should
        layout = reader.layouts[group.record]
        keys |= {name: _raw_texts(picked, layout[name]) for name in KEYS if name in layout}
    columns = {
        "file": _repeat(file.name, count),
        "row_no": pa.array(group.rows + before + 1, pa.int64()),
        "record": _repeat(group.record, count),
        **keys,
        "byte_length": pa.array(picked.lengths, pa.int64()),
        "length_ok": pa.array(length_ok),
        "line_end": pa.array(END_NAMES).take(pa.array(picked.ends.astype(np.int8))),
        "bad_bytes": pa.array(bad_bytes),
        "bad_number_fields": bad_numbers,
        "known": pa.array(known),
    }
    return pa.table(columns, schema=RECORD)


def _unread_facts(unread: list[Unread], count: int) -> tuple[npt.NDArray[np.bool_], pa.Array]:
    """Rows with bytes that are no text, and the names of the number fields that hold no number."""
    bad_bytes = np.zeros(count, bool)
    names: dict[int, list[str]] = {}
    for one in unread:
        if one.field.is_number:
            for row in one.rows.tolist():
                names.setdefault(row, []).append(one.field.name)
        else:
            bad_bytes[one.rows] = True
    if not names:
        return bad_bytes, pa.nulls(count, pa.string())
    return bad_bytes, pa.array([",".join(names.get(row, ())) or None for row in range(count)], pa.string())


def _raw_texts(lines: Lines, field: Field) -> pa.Array:
    """The ASCII text of a field in lines that no layout fits; what is beyond a line's end is left out."""
    cells = np.stack([lines.byte_at(place) for place in range(field.start - 1, field.end)], axis=1)
    values = np.ascontiguousarray(cells).view(f"S{field.length}").ravel().tolist()
    return pa.array([value.decode("ascii", "replace").rstrip() for value in values], pa.string())


def _has_known_form(table: pa.Table, layout: Layout, reader: RecordReader) -> npt.NDArray[np.bool_]:
    """Rows whose form number belongs to the kind; records without a form number are known by their letter."""
    if "form_no" not in layout:
        return np.ones(table.num_rows, bool)
    marks = reader.catalogue.marks(layout.kind, layout.record, "form_no")
    if not marks or not layout["form_no"].code_values:  # a list that is known to be incomplete
        return np.ones(table.num_rows, bool)
    hit = pa.compute.is_in(table["form_no"], pa.array(sorted(marks)))
    return np.asarray(hit.combine_chunks().to_numpy(zero_copy_only=False), bool)


def _length_ok(lengths: npt.NDArray[np.int64], layout: Layout, reader: RecordReader) -> npt.NDArray[np.bool_]:
    fine = [one for one in np.unique(lengths).tolist() if reader.stated(layout.record).accepts_length(one)]
    return np.isin(lengths, fine)


def _repeat(value: str | None, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, pa.string()), count)
