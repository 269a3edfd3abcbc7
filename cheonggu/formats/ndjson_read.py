"""Lines of JSON → SAM files (see ``ndjson`` for their shape), byte for byte."""

from __future__ import annotations

import base64
import binascii
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cheonggu import findings
from cheonggu.codes import CodeLists
from cheonggu.errors import LayoutError
from cheonggu.formats.claim_files import (
    MARKER,
    MARKER_LINES,
    Sink,
    disk_trouble,
    is_combined,
    marker_bytes,
    set_name,
    sync_folder,
)
from cheonggu.formats.claim_read import BOM, STATEMENT
from cheonggu.formats.claim_records import RecordReader
from cheonggu.formats.claim_write import WriteResult
from cheonggu.formats.code_fields import allowed_codes
from cheonggu.formats.cp949 import text_buffers
from cheonggu.formats.lines import Bytes, read_blocks
from cheonggu.formats.ndjson_records import record_bytes
from cheonggu.formats.recognise import COMBINED, HEADER, Recognised
from cheonggu.formats.wire_findings import wire_findings, with_file_names
from cheonggu.layouts import LayoutCatalogue

FILE, MEDLOG = "FILE", "MEDLOG"
BLOCK_BYTES = 8 * 1024 * 1024  # JSON takes some thirty times its size while it is parsed
_ENDS = {"crlf": b"\r\n", "lf": b"\n", "none": b""}
_WHICH = r'"record"\s*:\s*(?:"(?P<record>[^"\\]*)"|null)'


def encode_set(
    path: Path, folder: Path, catalogue: LayoutCatalogue, *, codes: CodeLists | None = None
) -> WriteResult:
    """Write the SAM files that the lines of JSON in ``path`` tell of into ``folder``.

    Values that do not fit, required fields without a value and codes that are in no list are findings, and then no
    file is left. ``codes``: check code lists too. LayoutError for lines of another shape, SiteError when the
    disk refuses.
    """
    with disk_trouble(folder):
        folder.mkdir(parents=True, exist_ok=True)
        writer = _SetEncoder(folder, catalogue, codes)
        try:
            for block in read_blocks(path, BLOCK_BYTES):
                writer.take(_lines(block))
            return writer.finish()
        finally:
            writer.discard()


def _lines(block: Bytes) -> pa.Array:
    """The lines of a block with their line feeds, blank ones left out."""
    if block[-1] != 0x0A:
        block = np.append(block, np.uint8(0x0A))
    ends = np.flatnonzero(block == 0x0A) + 1
    lines = as_array_of(block, np.concatenate([[0], ends]))
    return lines.filter(pc.not_equal(pc.utf8_trim_whitespace(lines), ""))


def as_array_of(block: Bytes, places: Any) -> pa.Array:
    """A checked string array over UTF-8 bytes."""
    try:
        block.tobytes().decode()
    except UnicodeDecodeError:
        raise LayoutError("The lines of JSON are not UTF-8.", "JSON 줄이 UTF-8이 아닙니다.") from None
    return pa.StringArray.from_buffers(
        len(places) - 1, pa.py_buffer(places.astype(np.int32)), pa.py_buffer(block)
    )


class _SetEncoder:
    """Takes the lines of one set in order and keeps the files being written."""

    def __init__(self, folder: Path, catalogue: LayoutCatalogue, codes: CodeLists | None) -> None:
        self.folder, self.catalogue, self.codes = folder, catalogue, codes
        self.reader: RecordReader | None = None
        self.problems: list[pa.Table] = []
        self.named: list[tuple[Sink, str]] = []  # files whose names the lines give
        self.sinks: dict[str, Sink] = {}  # files of the kind's own set, by record
        self.marker: tuple[bytes, str] | None = None
        self.next_name: str | None = None
        self.claim_no = self.insurer_code = ""

    def take(self, lines: pa.Array) -> None:
        """Lines of one block: runs of records between FILE and MEDLOG lines."""
        records = pc.struct_field(pc.extract_regex(lines, _WHICH), "record")
        if records.null_count:
            raise LayoutError(
                "A line of JSON has no record.",
                "record가 없는 JSON 줄이 있습니다.",
                fix_en="Every line needs kind, record, line and values.",
                fix_ko="모든 줄에 kind, record, line, values가 있어야 합니다.",
            )
        special = pc.is_in(records, pa.array([FILE, MEDLOG])).to_numpy(zero_copy_only=False)
        start = 0
        for row in [*np.flatnonzero(special).tolist(), len(lines)]:
            if row > start:
                self._records(lines.slice(start, row - start), records.slice(start, row - start))
            if row < len(lines):
                self._special(json.loads(lines[row].as_py()))
            start = row + 1

    def _special(self, line: dict[str, Any]) -> None:
        values = line.get("values") or {}
        if line["record"] == FILE:
            self.next_name = _plain_name(values.get("name"))
            self._open_named(bool(values.get("bom")))
            return
        data = _unbase64(line["base64"]) if "base64" in line else self._marker_bytes(values.get("title", ""))
        name = MARKER
        if self.next_name and self.next_name.upper() == MARKER:
            sink, name = self.named.pop()
            sink.discard()
        self.marker = (data, name)

    def _marker_bytes(self, title: str) -> bytes:
        try:
            return marker_bytes(title)
        except ValueError as error:
            raise LayoutError(
                f"The title of {MARKER} does not fit: {error}.", f"{MARKER}의 제목을 쓸 수 없습니다."
            ) from error

    def _open_named(self, has_bom: bool) -> None:
        sink = Sink(self.folder, f"file-{len(self.named)}")
        self.named.append((sink, self.next_name or ""))
        if has_bom:
            sink.write(BOM, 0)

    def _records(self, lines: pa.Array, records: pa.Array) -> None:
        reader = self._reader(lines, records)
        parts, rows, targets = [], [], []
        letters = records.unique().to_pylist()
        for letter in letters:
            hit = np.flatnonzero(pc.equal(records, letter).to_numpy(zero_copy_only=False))
            chosen = lines.take(pa.array(hit))
            if letter == "":
                odd = [_odd_line(json.loads(text)) for text in chosen.to_pylist()]
                parts.append(pa.array([data for data, _ in odd], pa.binary()))
                targets += [of for _, of in odd]
            elif letter not in reader.layouts:
                raise LayoutError(
                    f"There is no record {letter!r} in {reader.kind}; it has {sorted(reader.layouts)}.",
                    f"{reader.kind} 서식에는 {letter!r} 레코드가 없습니다.",
                )
            else:
                written = record_bytes(chosen, letter, reader, self._allowed(letter))
                self.problems += written.findings
                parts.append(written.records)
                targets += [letter] * len(hit)
            rows.append(hit)
        order = np.argsort(np.concatenate(rows))
        self._write(pa.concat_arrays(parts).take(pa.array(order)), [targets[place] for place in order])

    def _write(self, data: pa.Array, targets: list[str]) -> None:
        if self.problems:
            return
        if self.named:
            self._append(self.named[-1][0], data)
        elif COMBINED in self.sinks:
            self._append(self.sinks[COMBINED], data)
        else:
            coded = np.array(targets)
            for record in dict.fromkeys(targets):
                if record not in self.sinks:
                    raise LayoutError(
                        'A line without a record needs "of", the record of its file.',
                        'record가 null인 줄에는 "of"(파일의 레코드)가 있어야 합니다.',
                    )
                self._append(self.sinks[record], data.filter(pa.array(coded == record)))

    def _append(self, sink: Sink, data: pa.Array) -> None:
        sink.write(text_buffers(data).data, len(data))

    def _allowed(self, record: str) -> dict[str, frozenset[str]]:
        assert self.reader is not None
        return allowed_codes(self.reader.layouts[record], self.codes, None) if self.codes else {}

    def _reader(self, lines: pa.Array, records: pa.Array) -> RecordReader:
        """Made from the first lines: the kind, and the versions that the header states."""
        first = json.loads(lines[0].as_py())
        if self.reader is None:
            kind = first.get("kind")
            if kind not in self.catalogue.kinds:
                known = ", ".join(self.catalogue.kinds)
                raise LayoutError(
                    f"There is no kind of claim {kind!r}; known: {known}.",
                    f"청구 서식 종류 {kind!r}을(를) 알 수 없습니다. 사용할 수 있는 종류: {known}.",
                )
            self.reader = RecordReader(self.catalogue, Recognised(kind, ()))
            if not self.named:
                self._open_own_set(kind)
        place = pc.index(records, HEADER).as_py()
        if place >= 0 and not self.claim_no:
            self._heed_header(json.loads(lines[place].as_py())["values"])
        place = pc.index(records, STATEMENT).as_py()
        if place >= 0 and not self.insurer_code:
            self.insurer_code = json.loads(lines[place].as_py())["values"].get("insurer_code", "")
        return self.reader

    def _heed_header(self, values: dict[str, Any]) -> None:
        assert self.reader is not None
        found = Recognised(
            self.reader.kind,
            (),
            header_version=(values.get("claim_form_version") or "").strip(),
            statement_version=(values.get("statement_form_version") or "").strip(),
        )
        self.claim_no = values.get("claim_no") or ""
        self.reader = RecordReader(self.catalogue, found)

    def _open_own_set(self, kind: str) -> None:
        if is_combined(self.catalogue, kind):
            self.sinks = {COMBINED: Sink(self.folder, "combined")}
        else:
            self.sinks = {
                layout.record: Sink(self.folder, layout.record) for layout in self.catalogue.records(kind)
            }

    def finish(self) -> WriteResult:
        """Give the files their names, MEDLOG.ENC last."""
        if self.reader is None and not self.named and self.marker is None:
            raise LayoutError("There is no line of JSON.", "JSON 줄이 없습니다.")
        named = self.named + self._own_names()
        if self.problems:
            found = findings.concat(self.problems)
            return WriteResult((), with_file_names(found, self.claim_no, self.insurer_code))
        if self.marker is not None:
            data, name = self.marker
            sink = Sink(self.folder, "marker")
            sink.write(data, MARKER_LINES)
            self.named.append((sink, name))
            named.append((sink, name))
        for sink, _ in named:
            sink.close()
        files = tuple(sink.keep(name) for sink, name in named)
        sync_folder(self.folder)
        self.named, self.sinks = [], {}
        return WriteResult(files, findings.none_found())

    def _own_names(self) -> list[tuple[Sink, str]]:
        named = []
        for record, sink in self.sinks.items():
            assert self.reader is not None
            layout = self.reader.layouts[HEADER if record == COMBINED else record]
            name = set_name(layout, self.claim_no, self.insurer_code)
            if name is None:
                self.problems.append(wire_findings("WIRE-009", layout, None, [None], [None]))
            else:
                named.append((sink, name))
        return named

    def discard(self) -> None:
        for sink in [*self.sinks.values(), *(sink for sink, _ in self.named)]:
            sink.discard()


def _odd_line(line: dict[str, Any]) -> tuple[bytes, str]:
    """Bytes of a line that is no record, and the record of the file it stands in."""
    if "base64" not in line or line.get("end", "crlf") not in _ENDS:
        raise LayoutError(
            'A line without a record needs "base64" and a known "end".',
            'record가 null인 줄에는 "base64"와 올바른 "end"가 있어야 합니다.',
        )
    return _unbase64(line["base64"]) + _ENDS[line.get("end", "crlf")], line.get("of", "")


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise LayoutError("A base64 text is broken.", "base64 값이 올바르지 않습니다.") from None


def _plain_name(name: Any) -> str:
    """A file name without any folder; LayoutError otherwise, because lines must not write elsewhere."""
    if (
        not isinstance(name, str)
        or name != Path(name).name
        or name in ("", ".", "..")
        or "\\" in name
        or "\0" in name
    ):
        raise LayoutError(
            "A FILE line needs a plain file name.", "FILE 줄에는 폴더 없는 파일 이름이 있어야 합니다."
        )
    return name
