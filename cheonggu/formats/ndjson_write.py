"""SAM files → lines of JSON (see ``ndjson`` for their shape). Column by column; nothing loops over records."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cheonggu.codes import CodeLists
from cheonggu.formats import fixed_width
from cheonggu.formats.claim_files import MARKER, marker_title, set_name
from cheonggu.formats.claim_read import BOM, ClaimStream
from cheonggu.formats.claim_records import Group, RecordReader
from cheonggu.formats.code_fields import allowed_codes
from cheonggu.formats.cp949 import text_buffers
from cheonggu.formats.json_columns import joined, number_fragments, text_fragments
from cheonggu.formats.lines import CRLF_END, END_NAMES, Lines, read_blocks, split_lines
from cheonggu.formats.ndjson_bytes import Copy, plain_copy
from cheonggu.formats.recognise import COMBINED, Recognised, SetFile, recognise
from cheonggu.layouts import Layout, LayoutCatalogue

Bytes = fixed_width.Bytes
_LOOK_BYTES = 100_000  # the first statement stands behind the header


def decode_set(
    paths: Path | Iterable[Path],
    catalogue: LayoutCatalogue,
    *,
    kind: str | None = None,
    codes: CodeLists | None = None,
) -> Iterator[bytes]:
    """The lines of JSON of one claim set, in pieces of whole lines; memory stays bounded.

    ``codes``: the code lists that ``encode_set`` will check against. LayoutError when no kind fits.
    """
    found = recognise(paths, catalogue, kind)
    stream = ClaimStream(catalogue, found)  # refuses a set of unknown kind
    writer = _SetWriter(catalogue, stream.reader, codes)
    has_names = not _is_canonical(found, catalogue, stream.reader)
    for file in found.files:
        if file.is_marker:
            yield writer.marker(file, has_names)
        else:
            yield from writer.file(file, has_names)


def _is_canonical(found: Recognised, catalogue: LayoutCatalogue, reader: RecordReader) -> bool:
    """Whether names and number of the files follow from the kind and the header alone."""
    files = [file for file in found.files if not file.is_marker]
    if any(file.record is None for file in files) or any(
        file.name != MARKER for file in found.files if file.is_marker
    ):
        return False
    insurer_code = first_insurer(files[0], reader) if files else ""
    wanted = {set_name(layout, found.claim_no or "", insurer_code) for layout in reader.layouts.values()}
    return wanted == {file.name for file in files} and not any(_has_bom(file) for file in files)


def first_insurer(file: SetFile, reader: RecordReader) -> str:
    """The insurer code (보험회사등코드) of the first statement of a combined file, "" where there is none."""
    layout = reader.layouts["A"]
    if file.record != COMBINED or "insurer_code" not in layout:
        return ""
    with file.path.open("rb") as stream:
        for line in (line.rstrip(b"\r\n") for line in stream.readlines(_LOOK_BYTES)):
            if layout.accepts_length(len(line)) and line[layout["record_type"].start - 1 :][:1] == b"A":
                return line[layout["insurer_code"].start - 1 :][: layout["insurer_code"].length].decode(
                    "latin-1"
                )
    return ""


def _has_bom(file: SetFile) -> bool:
    with file.path.open("rb") as stream:
        return stream.read(len(BOM)) == BOM


class _SetWriter:
    def __init__(self, catalogue: LayoutCatalogue, reader: RecordReader, codes: CodeLists | None) -> None:
        self.reader, self.kind = reader, reader.kind
        self.allowed = {
            layout.record: allowed_codes(layout, codes, None) if codes else {}
            for layout in catalogue.records(self.kind)
        }

    def marker(self, file: SetFile, has_names: bool) -> bytes:
        data = file.path.read_bytes()
        title = marker_title(data)
        values = {"title": title} if title is not None else None
        line: dict[str, Any] = {"kind": self.kind, "record": "MEDLOG", "line": 1, "values": values}
        if title is None:
            line["base64"] = base64.b64encode(data).decode()
        name = self._name(file, False) if has_names and file.name != MARKER else b""
        return name + _dump(line)

    def file(self, file: SetFile, has_names: bool) -> Iterator[bytes]:
        has_bom = _has_bom(file)
        if has_names:
            yield self._name(file, has_bom)
        before = 0
        for block in read_blocks(file.path):
            lines = split_lines(block[len(BOM) :] if has_bom and before == 0 else block)
            yield self._block(lines, file, before)
            before += len(lines)

    def _name(self, file: SetFile, has_bom: bool) -> bytes:
        values = {"name": file.name, "bom": has_bom}
        return _dump({"kind": self.kind, "record": "FILE", "line": 0, "values": values})

    def _block(self, lines: Lines, file: SetFile, before: int) -> bytes:
        """All lines of a block in their order, blank and unknown ones included."""
        rows: list[npt.NDArray[np.intp]] = []
        texts: list[pa.Array] = []
        odd: list[int] = np.flatnonzero(lines.lengths == 0).tolist()
        for group in self.reader.groups(lines, file.record, before == 0):
            if group.layout is None or group.record is None:
                odd += group.rows.tolist()
            else:
                rows.append(group.rows)
                texts.append(self._records(lines, group, group.layout, before))
        if odd:
            rows.append(np.array(odd, np.intp))
            texts.append(pa.array([self._odd_line(lines, row, file, before) for row in odd], pa.string()))
        if not rows:
            return b""
        order = np.argsort(np.concatenate(rows))
        return text_buffers(pa.concat_arrays(texts).take(pa.array(order))).data.tobytes()

    def _odd_line(self, lines: Lines, row: int, file: SetFile, before: int) -> str:
        line: dict[str, Any] = {
            "kind": self.kind,
            "record": None,
            "line": row + before + 1,
            "values": None,
            "base64": base64.b64encode(lines.line(row)).decode(),
        }
        if lines.ends[row] != CRLF_END:
            line["end"] = END_NAMES[lines.ends[row]]
        if file.record not in (COMBINED, None):
            line["of"] = file.record
        return _dump(line).decode()

    def _records(self, lines: Lines, group: Group, layout: Layout, before: int) -> pa.Array:
        """One JSON line per record of the group."""
        picked = lines.pick(group.rows)
        matrix = picked.matrix(layout.length)
        table = fixed_width.decode_matrix(matrix, layout)
        copy = plain_copy(table, layout, matrix[:, : layout.length], self.allowed[layout.record])
        head = f'{{"kind":"{self.kind}","record":"{layout.record}","line":'
        parts: list[Any] = [head, pa.array(group.rows + before + 1).cast(pa.string()), ',"values":{']
        for place, field in enumerate(layout.fields):
            column = table[field.name].combine_chunks()
            parts.append(f'{"," if place else ""}"{field.name}":')
            parts.append(
                number_fragments(column, field) if field.is_number else text_fragments(column, field)
            )
        parts.append("}")
        if (extra := self._extra_keys(picked, layout, copy)) is not None:
            parts.append(extra)
        parts.append("}\n")
        return joined(parts)

    def _extra_keys(self, lines: Lines, layout: Layout, copy: Copy) -> pa.Array | None:
        """The keys that only records with unusual bytes have; None when no record here has any."""
        is_usual_length = layout == self.reader.stated(layout.record)
        other_length = (lines.lengths != layout.length) | (not is_usual_length)
        other_end = lines.ends != CRLF_END
        odd = np.flatnonzero(other_length | other_end | copy.is_odd)
        if not len(odd):
            return None
        extras = [""] * len(lines)
        for row in odd.tolist():
            keys: dict[str, Any] = {"bytes": int(lines.lengths[row])} if other_length[row] else {}
            if other_end[row]:
                keys["end"] = END_NAMES[lines.ends[row]]
            keys |= copy.keys(row)
            extras[row] = "," + json.dumps(keys, ensure_ascii=False, separators=(",", ":"))[1:-1]
        return pa.array(extras, pa.string())


def _dump(line: dict[str, Any]) -> bytes:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
