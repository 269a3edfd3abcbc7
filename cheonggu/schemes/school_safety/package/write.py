"""The files of one package, below ``package/``: claim XML, its page, the papers, the list of files, the cover list."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from cheonggu import findings
from cheonggu.batches import file_fact, make_private, write_bytes
from cheonggu.schemes.scheme import Assembled
from cheonggu.schemes.school_safety.package.fields import ROOT
from cheonggu.schemes.school_safety.package.page import render_claims, render_cover
from cheonggu.schemes.school_safety.package.xml import find_xsd_errors, write_xml

PACKAGE, XML, PAGE, COVER, LIST = "package", "claim.xml", "claim.html", "cover.html", "files.csv"
# Files that carry the package's number: they never go twice. A paper may belong to several claims.
ONCE = (XML, PAGE, COVER, LIST)
POST = "registered_mail"


def write_package(folder: Path, kind: str, claim: Assembled, chunk_statements: int) -> pa.Table:
    """Write everything below ``folder``; findings mean that nothing may be handed off."""
    tables = {ROOT: claim.header, **claim.records}
    raw = write_xml(tables)
    broken = find_xsd_errors(raw)
    if broken:
        return findings.from_rows(_finding(place) for place in broken)
    place = make_private(folder / PACKAGE)
    write_bytes(place / XML, raw)
    write_bytes(place / PAGE, render_claims(tables).encode())
    for name, stored in sorted(claim.files.items()):
        write_bytes(place / name, stored.read_bytes())
    if claim.header["channel"][0].as_py() == POST:
        write_bytes(place / COVER, render_cover(tables, claim.facts).encode())
    write_bytes(place / LIST, _list_files(place, tables["paper"]))
    return findings.none_found()


def _list_files(place: Path, papers: pa.Table) -> bytes:
    """Name, size, SHA-256 and paper of every file, for the one who receives the package."""
    documents = dict(zip(papers["file_name"].to_pylist(), papers["document_code"].to_pylist(), strict=True))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(["file", "size", "sha256", "document_code"])
    for path in sorted(one for one in place.iterdir() if one.name != LIST):
        fact = file_fact(path, place)
        writer.writerow([fact.name, fact.size, fact.sha256, documents.get(fact.name, "")])
    return text.getvalue().encode("utf-8")


def _finding(where: str) -> Mapping[str, Any]:
    return {
        "rule_id": "PKG-901",
        "level": findings.ERROR,
        "stage": "assemble",
        "scope": "batch",
        "file": XML,
        "detail": where,
        "message_ko": "청구 XML이 양식(XSD)에 맞지 않습니다.",
        "message_en": "The claim XML does not keep its XSD.",
        "fix_ko": "이 단계의 결함이므로 알려 주세요. 송신하지 않았습니다.",
        "fix_en": "This is a defect of assembly, report it. Nothing was handed off.",
    }
