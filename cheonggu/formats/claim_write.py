"""Writing a claim set: header, then whole statements chunk by chunk, into the files of its kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from cheonggu import findings
from cheonggu.codes import CodeLists
from cheonggu.formats import claim_files
from cheonggu.formats.ahead import Behind
from cheonggu.formats.chunk_encoder import COMBINED, HEADER, ChunkEncoder, first_text
from cheonggu.formats.claim_files import Sink, WrittenFile
from cheonggu.formats.wire_findings import wire_findings, with_file_names
from cheonggu.layouts import Layout, LayoutCatalogue

Pieces = Mapping[str, tuple[claim_files.Bytes, int]]


@dataclass(frozen=True)
class WriteResult:
    """The files in the order they got their names, marker last; none of them when ``findings`` has any."""

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

    ``header``: one row; form versions it lacks are those of its treatment month, which also decide the layouts.
    ``chunks``: record letter → table, each chunk whole statements, in the order of ``statement_no``; a record
    without rows may be missing. ``codes``: also check the fields that name a code list. ``title``: for MEDLOG.ENC,
    at most 30 bytes of CP949. Raises LayoutError for tables of a wrong type, InputError for a treatment month
    without a known form version, SiteError when the disk refuses.
    """
    encoder = ChunkEncoder(catalogue, kind, header, codes)
    with claim_files.disk_trouble(folder):
        folder.mkdir(parents=True, exist_ok=True)
        files = _SetFiles(folder, encoder)
        try:
            with (
                Behind() as writer,
                Behind() as hasher,
            ):  # a chunk is written and hashed while the next is encoded
                files.put({HEADER: (encoder.encode_header(), 1)})
                for chunk in chunks:
                    pieces = encoder.encode_chunk(chunk)
                    writer.do(files.append, pieces)
                    hasher.do(files.digest, pieces)
                writer.wait()
                hasher.wait()
            return files.finish(title)
        finally:
            files.discard()


class _SetFiles:
    """The open files of one set, under temporary names until ``finish``."""

    def __init__(self, folder: Path, encoder: ChunkEncoder) -> None:
        self.folder, self.encoder = folder, encoder
        self.open: list[Sink] = []
        if encoder.is_combined:
            shared = self._sink(COMBINED)
            self.sinks = dict.fromkeys((COMBINED, *encoder.layouts), shared)
        else:
            self.sinks = {record: self._sink(record) for record in encoder.layouts}

    def _sink(self, label: str) -> Sink:
        self.open.append(Sink(self.folder, "combined" if label == COMBINED else label))
        return self.open[-1]

    def put(self, pieces: Pieces) -> None:
        """Append bytes and number of records to the file of each record."""
        self.append(pieces)
        self.digest(pieces)

    def append(self, pieces: Pieces) -> None:
        for record, (data, records) in pieces.items():
            self.sinks[record].append(data, records)

    def digest(self, pieces: Pieces) -> None:
        for record, (data, _) in pieces.items():
            self.sinks[record].digest(data)

    def finish(self, title: str) -> WriteResult:
        """Bring everything to the disk and give the files their names, the marker last."""
        names = self._names()
        marker = self._marker(title)
        if self.encoder.problems:
            return WriteResult((), self._findings())
        last = self._sink("marker")
        last.write(marker, claim_files.MARKER_LINES)
        for sink in self.open:
            sink.close()
        done = [sink.keep(name) for sink, name in names.items()] + [last.keep(claim_files.MARKER)]
        claim_files.sync_folder(self.folder)
        self.open.clear()
        return WriteResult(tuple(done), findings.none_found())

    def discard(self) -> None:
        for sink in self.open:
            sink.discard()

    def _marker(self, title: str) -> bytes:
        try:
            return claim_files.marker_bytes(title)
        except ValueError as error:
            rule_id = "WIRE-001" if isinstance(error, UnicodeError) else "WIRE-002"
            detail = f"title of {claim_files.MARKER}, limit {claim_files.TITLE_BYTES} bytes"
            self._report(rule_id, self.encoder.layouts[HEADER], detail)
            return b""

    def _names(self) -> dict[Sink, str]:
        claim_no = first_text(self.encoder.header, "claim_no")
        insurers = sorted(filter(None, self.encoder.insurer_codes))
        names: dict[Sink, str] = {}
        firsts = {self.sinks[record]: layout for record, layout in reversed(self.encoder.layouts.items())}
        for sink, layout in reversed(firsts.items()):
            name = claim_files.set_name(layout, claim_no, insurers[0] if len(insurers) == 1 else "")
            if name is None:
                needs_insurer = "{insurer_code}" in layout.file
                self._report("WIRE-009", layout, f"{len(insurers)} insurer codes" if needs_insurer else None)
            else:
                names[sink] = name
        return names

    def _findings(self) -> pa.Table:
        claim_no = first_text(self.encoder.header, "claim_no")
        insurers = sorted(filter(None, self.encoder.insurer_codes))
        found = findings.concat(self.encoder.problems)
        return with_file_names(found, claim_no, insurers[0] if len(insurers) == 1 else "")

    def _report(self, rule_id: str, layout: Layout, detail: str | None) -> None:
        self.encoder.problems.append(wire_findings(rule_id, layout, None, [None], [detail]))
