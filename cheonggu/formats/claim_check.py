"""Structure of a claim set: what can be said about its files without knowing any rule about claims.

The facts are ``inspect_set``'s; the ids FILE-… are those of the pre-check catalogue for the same facts, so that a
caller who runs the catalogue can leave these out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cheonggu import findings
from cheonggu.formats.claim_inspect import inspect_set
from cheonggu.formats.read_findings import read_finding, structure_findings
from cheonggu.formats.recognise import recognise
from cheonggu.layouts import LayoutCatalogue

MOST_LINES = 100  # findings per rule and file; the rest is counted in one more
SUMMARIES = ("H", "H2", "A")

Mask = npt.NDArray[np.bool_]


def check_structure(
    paths: Path | Iterable[Path], catalogue: LayoutCatalogue, *, kind: str | None = None
) -> pa.Table:
    """Findings about names, record lengths, bytes, line ends, numbers, record types and orphans."""
    paths = [paths] if isinstance(paths, Path) else list(paths)
    found = recognise(paths, catalogue, kind)
    if found.kind is None:
        return findings.concat([read_finding("SAM-001", file=file.name) for file in found.files])
    facts = inspect_set(paths, catalogue, kind=kind)
    return findings.concat(
        [
            structure_findings(catalogue, found),
            *_file_findings(facts["file"], facts["record"]),
            *_record_findings(facts["record"]),
        ]
    )


def _file_findings(files: pa.Table, records: pa.Table) -> Iterator[pa.Table]:
    for file in files.to_pylist():
        name = file["name"]
        if not file["exists"]:
            yield read_finding("FILE-010", file=name)
            continue
        if file["has_bom"]:
            yield read_finding("FILE-002", file=name, details=["byte-order mark (BOM)"])
        if file["lf_records"]:
            yield read_finding("FILE-003", file=name, details=[f"{file['lf_records']} records end with LF"])
        if not file["ends_with_newline"]:
            yield read_finding("FILE-003", file=name, details=["the last record has no line end"])
        if file["blank_lines"]:
            yield read_finding("FILE-008", file=name, details=[f"{file['blank_lines']} blank lines"])
    headers = pc.sum(pc.equal(records["record"], "H")).as_py() or 0
    if headers != 1:
        yield read_finding("FILE-005", record="H", details=[f"{headers} headers"])


def _record_findings(records: pa.Table) -> Iterator[pa.Table]:
    known = pc.is_valid(records["record"])
    length = pc.and_(known, pc.invert(records["length_ok"]))
    yield from _lines("FILE-006", records, pc.invert(records["known"]))
    yield from _lines("FILE-001", records, length, records["byte_length"])
    yield from _lines("FILE-002", records, records["bad_bytes"])
    yield from _lines(
        "FILE-004", records, pc.is_valid(records["bad_number_fields"]), records["bad_number_fields"]
    )
    yield from _lines("FILE-007", records, _orphans(records))


def _orphans(records: pa.Table) -> pa.Array:
    """Records of a statement that has no general record (일반내역) of the same claim and number."""
    key = pc.binary_join_element_wise(records["claim_no"], records["statement_no"], "/")
    statements = pc.unique(pc.filter(key, pc.equal(records["record"], "A")))
    is_part = pc.and_(pc.is_valid(key), pc.invert(pc.is_in(records["record"], pa.array(SUMMARIES))))
    return pc.and_(is_part, pc.invert(pc.is_in(key, statements.drop_null())))


def _lines(
    rule_id: str, records: pa.Table, hit: pa.ChunkedArray, fact: pa.ChunkedArray | None = None
) -> Iterator[pa.Table]:
    """A finding per line, for the first lines of each file, and one that counts the rest."""
    facts = (
        fact.cast(pa.string())
        if fact is not None
        else pa.chunked_array([pa.nulls(len(records), pa.string())])
    )
    hits = records.append_column("fact", facts).filter(hit)
    for name in hits["file"].unique().to_pylist():
        rows = hits.filter(pc.equal(hits["file"], name))
        first = rows.slice(0, MOST_LINES)
        for record in first["record"].unique().to_pylist():
            same = pc.is_null(first["record"]) if record is None else pc.equal(first["record"], record)
            yield _line_findings(rule_id, name, record, first.filter(pc.fill_null(same, False)))
        if len(rows) > MOST_LINES:
            yield read_finding(rule_id, file=name, details=[f"and {len(rows) - MOST_LINES} more lines"])


def _line_findings(rule_id: str, name: str, record: str | None, rows: pa.Table) -> pa.Table:
    is_length, is_field = rule_id == "FILE-001", rule_id == "FILE-004"
    details = [
        f"line {row['row_no']}"
        + (f": {row['fact']} bytes" if is_length else f": {row['fact']}" if is_field else "")
        for row in rows.select(["row_no", "fact"]).to_pylist()
    ]
    return read_finding(
        rule_id, file=name, record=record, details=details, statement_nos=rows["statement_no"]
    )
