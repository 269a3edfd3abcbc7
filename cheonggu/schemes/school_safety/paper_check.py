"""Papers of a batch (구비서류 파일): missing, exchanged or unusable ones, as findings that name claim and paper."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from cheonggu.query import Tables
from cheonggu.schemes.school_safety.attachments import check_attachment
from cheonggu.schemes.school_safety.files import stored_path
from cheonggu.schemes.school_safety.judgements import make_finding

SUFFIX_OF = {"application/pdf": ".pdf", "image/png": ".png", "image/jpeg": ".jpg"}
PAPERS = """
SELECT a.statement_key, a.attachment_no, a.document_code, a.media_type, a.sha256 AS registered, f.sha256 AS stored
FROM attachment a LEFT JOIN attachment_file f USING (statement_key, attachment_no)
ORDER BY a.statement_key, a.attachment_no
"""


def find_papers(tables: Mapping[str, pa.Table], store: Path) -> Iterator[dict[str, Any]]:
    """A finding for every paper that cannot go along; each file is read once, however often it is attached."""
    db = Tables(attachment=tables["attachment"], attachment_file=tables["attachment_file"])
    known: dict[tuple[str, str], str | None] = {}
    for row in db.table(PAPERS).to_pylist():
        problem, detail = _look(row, store, known)
        if problem:
            yield make_finding(problem, row["statement_key"], "attachment", detail, row["attachment_no"])


def _look(row: Mapping[str, Any], store: Path, known: dict[tuple[str, str], str | None]) -> tuple[str, str]:
    code, digest, media = row["document_code"], row["stored"], row["media_type"]
    if digest is None:
        return "SCH-050", code
    if digest != row["registered"]:
        return "SCH-052", code
    if (digest, media) not in known:
        known[digest, media] = _why_unusable(stored_path(store, digest), media)
    why = known[digest, media]
    return ("SCH-051", f"{code}: {why}") if why else ("", "")


def _why_unusable(path: Path, media: str) -> str | None:
    """What is wrong with a file; None when a person can read it and it is what it says."""
    found = check_attachment(path.read_bytes(), f"paper{SUFFIX_OF.get(media, '')}")
    return ", ".join(one.code for one in found.shortcomings) or None
