"""Reading claim sets: all at once, or in chunks of whole statements with bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cheonggu import findings
from cheonggu.errors import LayoutError
from cheonggu.formats.ahead import ahead
from cheonggu.formats.claim_records import Group, RecordReader
from cheonggu.formats.lines import BLOCK_BYTES, Bytes, Lines, read_blocks, split_lines
from cheonggu.formats.read_findings import structure_findings, unexplained_lines, unread_findings
from cheonggu.formats.recognise import COMBINED, Recognised, SetFile, recognise
from cheonggu.layouts import LayoutCatalogue

STATEMENT = "A"
SUMMARIES = ("H", "H2")  # records of the claim, not of a statement
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class ClaimSet:
    """A claim as read. ``tables``: record letter → table with the columns of the current layout.

    Records stay as they lie in the files: continued details are not joined. ``findings`` names bytes that could not
    be explained; such lines are in no table.
    """

    kind: str
    tables: dict[str, pa.Table]
    files: tuple[SetFile, ...]
    findings: pa.Table = field(repr=False)


@dataclass(frozen=True)
class _Piece:
    """A group of lines laid out for decoding: ``matrix`` None when they have no layout."""

    group: Group
    before: int  # lines before the block
    lengths: npt.NDArray[np.int64]
    matrix: Bytes | None


class ClaimStream:
    """Chunks of whole statements of one claim: record letter → table; H and H2 come with the first chunk.

    ``findings`` is complete once the stream has been read to its end.
    """

    def __init__(self, catalogue: LayoutCatalogue, found: Recognised, block_bytes: int = BLOCK_BYTES) -> None:
        if found.kind is None:
            raise _unknown_kind(found)
        self.kind: str = found.kind
        self.files = found.files
        self.block_bytes = block_bytes
        self.reader = RecordReader(catalogue, found)
        self._problems = [structure_findings(catalogue, found)]

    @property
    def findings(self) -> pa.Table:
        return findings.concat(self._problems)

    def __iter__(self) -> Iterator[dict[str, pa.Table]]:
        if any(file.record == COMBINED for file in self.files):
            for file in self.files:
                if file.record == COMBINED:
                    yield from self.tables(self._whole_statements(file), file)
        else:
            yield from self._split()

    def all_tables(self) -> Iterator[dict[str, pa.Table]]:
        """Every record of every file, block by block, whatever its statement."""
        for file in self.files:
            if file.record is not None:
                yield from self.tables(_line_blocks(file.path), file)

    def tables(self, blocks: Iterator[tuple[Lines, int]], file: SetFile) -> Iterator[dict[str, pa.Table]]:
        """Tables per block of lines; lines are sorted out in a thread while the block before is decoded.

        ``blocks``: lines with the number of lines before them in the file.
        """
        for sorted_out in ahead(self._pieces(lines, file, before) for lines, before in blocks):
            yield self._decoded(sorted_out, file)

    def _whole_statements(self, file: SetFile) -> Iterator[tuple[Lines, int]]:
        """Lines of a combined file, cut before the last statement of each block: it may go on in the next one."""
        rest, before = b"", 0
        for block in read_blocks(file.path, self.block_bytes):
            fresh = _without_bom(block, before == 0 and not rest)
            lines = split_lines(np.frombuffer(rest + fresh.tobytes(), np.uint8))
            cut = self._last_statement(lines, before == 0)
            if cut:
                yield lines.pick(np.arange(cut)), before
            rest = lines.buffer[int(lines.starts[cut]) :].tobytes() if cut < len(lines) else b""
            before += cut
        if rest:
            yield split_lines(np.frombuffer(rest, np.uint8)), before

    def _last_statement(self, lines: Lines, is_first: bool) -> int:
        """Line at which the last statement of the block begins; behind the end when none begins here."""
        groups = self.reader.groups(lines, COMBINED, is_first)
        return max((int(one.rows[-1]) for one in groups if one.record == STATEMENT), default=len(lines))

    def _pieces(self, lines: Lines, file: SetFile, before: int) -> list[_Piece]:
        groups = self.reader.groups(lines, file.record, before == 0)
        pieces = []
        for group in groups:
            picked = lines.pick(group.rows)
            matrix = picked.matrix(group.layout.length) if group.layout else None
            pieces.append(_Piece(group, before, picked.lengths, matrix))
        return pieces

    def _decoded(self, pieces: list[_Piece], file: SetFile) -> dict[str, pa.Table]:
        parts: dict[str, list[tuple[Group, pa.Table]]] = {}
        for piece in pieces:
            group = piece.group
            if piece.matrix is None or group.record is None:
                self._problems.append(unexplained_lines(piece.group, piece.lengths, file.name, piece.before))
                continue
            decoded = self.reader.decode(group, piece.matrix)
            self._problems.extend(unread_findings(decoded, file.name, piece.before))
            table = self.reader.current(decoded.table, group.record)
            parts.setdefault(group.record, []).append((group, table))
        return {record: _in_file_order(found) for record, found in parts.items()}

    def _split(self) -> Iterator[dict[str, pa.Table]]:
        cursors = [_Cursor(self, file) for file in self.files if file.record]
        leading = [one for one in cursors if one.file.record == STATEMENT]
        summaries = [one for one in cursors if one.file.record in SUMMARIES]
        followers = [one for one in cursors if one not in leading and one not in summaries]
        pending = self._merged(tables for one in summaries for tables in one.rest())
        for leader in leading:
            for tables, last in leader.blocks():
                chunk = self._merged([pending, tables, *(one.until(last) for one in followers)])
                pending = {}
                yield chunk
        if pending:
            yield pending
        for one in followers:
            yield from one.rest()

    def _merged(self, parts: Iterable[dict[str, pa.Table]]) -> dict[str, pa.Table]:
        merged: dict[str, list[pa.Table]] = {}
        for part in parts:
            for record, table in part.items():
                merged.setdefault(record, []).append(table)
        return {record: pa.concat_tables(tables) for record, tables in merged.items()}


class _Cursor:
    """One file of a split set, read forward as far as its statements go."""

    def __init__(self, stream: ClaimStream, file: SetFile) -> None:
        self.stream, self.file = stream, file
        self._blocks = iter(read_blocks(file.path, self._block_bytes()))
        self._lines: Lines | None = None
        self._seen = 0
        self._highest = b""

    def _block_bytes(self) -> int:
        """The file's share of the chunk: statements with many lines must not make a chunk grow."""
        total = sum(one.size for one in self.stream.files) or 1
        return max(4096, self.stream.block_bytes * self.file.size // total)

    def blocks(self) -> Iterator[tuple[dict[str, pa.Table], bytes]]:
        """Tables block by block, with the last statement number of each."""
        while (lines := self._next()) is not None:
            numbers = self._numbers(lines)
            self._require_order(numbers)
            yield self._decoded(lines), self._highest

    def until(self, last: bytes) -> dict[str, pa.Table]:
        """All further records of statements up to ``last``."""
        parts = []
        while (lines := self._lines if self._lines is not None else self._next()) is not None:
            numbers = self._numbers(lines)
            later = np.flatnonzero(numbers > last)
            cut = int(later[0]) if len(later) else len(lines)
            self._require_order(numbers[:cut])
            if cut:
                parts.append(self._decoded(lines.pick(np.arange(cut))))
            self._lines = lines.pick(np.arange(cut, len(lines))) if cut < len(lines) else None
            if self._lines is not None:
                break
        return self.stream._merged(parts)

    def rest(self) -> Iterator[dict[str, pa.Table]]:
        """Everything not read yet, block by block."""
        if self._lines is not None:
            yield self._decoded(self._lines)
        self._lines = None
        while (lines := self._next()) is not None:
            yield self._decoded(lines)

    def _next(self) -> Lines | None:
        block = next(self._blocks, None)
        return None if block is None else split_lines(_without_bom(block, self._seen == 0))

    def _decoded(self, lines: Lines) -> dict[str, pa.Table]:
        pieces = self.stream._pieces(lines, self.file, self._seen)
        tables = self.stream._decoded(pieces, self.file)
        self._seen += len(lines)
        return tables

    def _numbers(self, lines: Lines) -> np.ndarray[tuple[int], np.dtype[np.bytes_]]:
        """Statement number of every line; a line too short for one has the number of nobody."""
        place = self.stream.reader.layouts[self.file.record or ""]["statement_no"]
        cells = np.stack([lines.byte_at(at) for at in range(place.start - 1, place.end)], axis=1)
        return np.ascontiguousarray(cells).view(f"S{place.length}").ravel()

    def _require_order(self, numbers: np.ndarray[tuple[int], np.dtype[np.bytes_]]) -> None:
        filled = numbers[numbers != b""]
        if not len(filled):
            return
        if (filled[1:] < filled[:-1]).any() or filled[0] < self._highest:
            raise LayoutError(
                f"{self.file.name} is not in the order of its statement numbers, so it cannot be streamed.",
                f"{self.file.name} 파일이 명세서일련번호 순서가 아니어서 나누어 읽을 수 없습니다.",
                fix_en="Read the whole set at once.",
                fix_ko="파일 묶음을 한꺼번에 읽으세요.",
            )
        self._highest = bytes(filled[-1])


def read_set(
    paths: Path | Iterable[Path], catalogue: LayoutCatalogue, *, kind: str | None = None
) -> ClaimSet:
    """Read a whole claim set into memory. LayoutError when no kind fits; everything else odd is a finding.

    ``paths``: a folder or the files; ``kind`` overrides recognition.
    """
    stream = ClaimStream(catalogue, recognise(paths, catalogue, kind))
    parts: dict[str, list[pa.Table]] = {layout.record: [] for layout in catalogue.records(stream.kind)}
    for tables in stream.all_tables():
        for record, table in tables.items():
            parts[record].append(table)
    whole = {
        record: pa.concat_tables(pieces) if pieces else empty_table(stream.reader, record)
        for record, pieces in parts.items()
    }
    return ClaimSet(stream.kind, whole, stream.files, stream.findings)


def iter_set(
    paths: Path | Iterable[Path],
    catalogue: LayoutCatalogue,
    *,
    kind: str | None = None,
    block_bytes: int = BLOCK_BYTES,
) -> ClaimStream:
    """Stream a claim set in chunks of whole statements; memory stays at a few times ``block_bytes``.

    LayoutError when no kind fits, and while reading when the files of a split kind are not in statement order.
    """
    return ClaimStream(catalogue, recognise(paths, catalogue, kind), block_bytes)


def empty_table(reader: RecordReader, record: str) -> pa.Table:
    """A table of the record without rows."""
    fields = reader.layouts[record].fields
    return pa.table({one.name: pa.array([], pa.int64() if one.is_number else pa.string()) for one in fields})


def _line_blocks(path: Path) -> Iterator[tuple[Lines, int]]:
    before = 0
    for block in read_blocks(path):
        lines = split_lines(_without_bom(block, before == 0))
        yield lines, before
        before += len(lines)


def _in_file_order(pieces: list[tuple[Group, pa.Table]]) -> pa.Table:
    if len(pieces) == 1:
        return pieces[0][1]
    rows = np.concatenate([group.rows for group, _ in pieces])
    return pa.concat_tables([table for _, table in pieces]).take(pa.array(np.argsort(rows)))


def _without_bom(block: Bytes, is_first: bool) -> Bytes:
    return block[len(BOM) :] if is_first and block[: len(BOM)].tobytes() == BOM else block


def _unknown_kind(found: Recognised) -> LayoutError:
    names = ", ".join(file.name for file in found.files[:5])
    return LayoutError(
        f"The kind of claim cannot be recognised from {names}.",
        f"{names} 파일의 청구 서식을 알 수 없습니다.",
        fix_en="Check the files, or name the kind.",
        fix_ko="파일을 확인하거나 서식 종류를 지정하세요.",
    )
