"""Korean names of the papers (구비서류), from the scheme's own list of documents."""

from __future__ import annotations

import csv
from functools import cache

from cheonggu.schemes.school_safety.values import HOME

DOCUMENTS_FILE = HOME / "rules" / "documents.csv"


@cache
def document_names() -> dict[str, str]:
    """Document code → Korean name, the first where a document stands under several rules."""
    names: dict[str, str] = {}
    with DOCUMENTS_FILE.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            names.setdefault(row["document_code"], row["document_ko"])
    return names
