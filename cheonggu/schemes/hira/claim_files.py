"""What one HIRA claim is on disk: the SAM set, the claim XML (checked against its XSD) and its readable page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu import findings
from cheonggu.formats.claim_set import write_set
from cheonggu.formats.claim_xml import render_html_file, validate_claim_xml, write_claim_xml
from cheonggu.schemes.hira.data import CODES, LAYOUTS
from cheonggu.schemes.scheme import Assembled

SAM, XML, PAGE = "sam", "claim.xml", "claim.html"


def write_claim(folder: Path, kind: str, claim: Assembled, chunk_statements: int) -> pa.Table:
    """Write all files of one claim below ``folder``; findings mean that nothing may be handed off."""
    written = write_set(
        folder / SAM,
        LAYOUTS,
        kind,
        claim.header,
        chunks(claim, chunk_statements),
        title=claim.title,
        codes=CODES,
    )
    if len(written.findings):
        return written.findings
    xml = folder / XML
    write_claim_xml(xml, kind, LAYOUTS, claim.header, chunks(claim, chunk_statements))
    broken = validate_claim_xml(xml, kind)
    render_html_file(xml, folder / PAGE)
    return findings.concat([written.findings, broken])


def chunks(claim: Assembled, size: int) -> Iterator[dict[str, pa.Table]]:
    """The claim in chunks of ``size`` whole statements; every table is in statement order already."""
    numbers = claim.members["statement_no"]
    for start in range(0, len(numbers), size):
        first, last = numbers[start], numbers[min(start + size, len(numbers)) - 1]
        yield {record: _between(table, first, last) for record, table in claim.records.items()}


def _between(table: pa.Table, first: pa.Scalar, last: pa.Scalar) -> pa.Table:
    """Rows of the statements ``first``..``last``. Serials sort as text: digits stand before letters."""
    numbers = table["statement_no"]
    return table.filter(pc.and_(pc.greater_equal(numbers, first), pc.less_equal(numbers, last)))
