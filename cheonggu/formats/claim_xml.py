"""The claim XML (청구 XML): one document per claim, the readable twin of a SAM file set.

``claim_xml_model`` says what the document looks like, ``claim_xsd`` makes its schemas. SAM → tables → XML →
tables → SAM is the identity; memory is bounded by a chunk when writing and by a slice when reading.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from cheonggu.formats.claim_xml_files import write_whole
from cheonggu.formats.claim_xml_model import claim_shape
from cheonggu.formats.claim_xml_page import render_html, render_html_file
from cheonggu.formats.claim_xml_read import iterate_claim
from cheonggu.formats.claim_xml_validate import validate_claim_xml
from cheonggu.formats.claim_xml_write import claim_bytes
from cheonggu.layouts import LayoutCatalogue

__all__ = [
    "iterate_claim_xml",
    "read_claim_xml",
    "render_html",
    "render_html_file",
    "validate_claim_xml",
    "write_claim_xml",
]


def write_claim_xml(
    path: Path,
    kind: str,
    catalogue: LayoutCatalogue,
    header: Any,
    chunks: Iterable[Mapping[str, Any]],
) -> None:
    """Write one claim: temporary name, fsync, rename. Nothing stays behind when it fails.

    ``header``: wire table of record H, one row. ``chunks``: mappings record letter → wire table (``an`` string,
    ``n`` int64 scaled or null) of whole statements in order; H2 rows belong to the first. Raises LayoutError for
    a value XML cannot carry or tables that do not fit together, SiteError when the disk refuses.
    """
    shape = claim_shape(catalogue, kind)
    write_whole(path, claim_bytes(shape, header, chunks))


def iterate_claim_xml(path: Path, catalogue: LayoutCatalogue) -> Iterator[tuple[str, dict[str, Any]]]:
    """``(kind, tables)`` of every slice of whole statements (some 2,000); H and H2 come with the first."""
    return iterate_claim(path, catalogue)


def read_claim_xml(path: Path, catalogue: LayoutCatalogue) -> tuple[str, dict[str, Any]]:
    """Kind and wire tables of all records of a document, blank text as ``""`` and blank numbers as null.

    Raises LayoutError when the document is broken, of another schema, or holds what the layouts do not know.
    """
    parts: dict[str, list[Any]] = {}
    kind = ""
    for found, tables in iterate_claim(path, catalogue):
        kind = found
        for record, table in tables.items():
            parts.setdefault(record, []).append(table)
    return kind, {record: pa.concat_tables(tables) for record, tables in parts.items()}
