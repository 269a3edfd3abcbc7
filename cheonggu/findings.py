"""A finding is a value: which rule, how bad, where, what is wrong and how to mend it. Never personal data.

Findings travel as Arrow tables with the columns of ``FINDINGS``; an empty table means nothing was found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

ERROR = "error"
WARNING = "warning"

FINDINGS = pa.schema(
    [
        pa.field("rule_id", pa.string(), nullable=False),  # stable code such as HDR-020
        pa.field("level", pa.string(), nullable=False),  # error | warning
        pa.field("stage", pa.string(), nullable=False),  # validate | assemble | precheck
        pa.field("scope", pa.string(), nullable=False),  # batch header statement diagnosis line rx detail …
        pa.field("statement_key", pa.string()),  # the source's key; null for claim-wide findings
        pa.field("statement_no", pa.string()),  # 명세서일련번호, once numbered
        pa.field("file", pa.string()),
        pa.field("record", pa.string()),  # table or record letter
        pa.field("line_no", pa.int64()),
        pa.field("field", pa.string()),
        pa.field("detail", pa.string()),  # lengths, limits, sums: facts that identify nobody
        pa.field("message_ko", pa.string(), nullable=False),
        pa.field("message_en", pa.string(), nullable=False),
        pa.field("fix_ko", pa.string(), nullable=False),
        pa.field("fix_en", pa.string(), nullable=False),
        pa.field("waiver_id", pa.int64()),  # the instruction that lets it pass; null: it counts
    ]
)


def none_found() -> pa.Table:
    """An empty findings table."""
    return FINDINGS.empty_table()


def from_columns(columns: Mapping[str, Any], rows: int) -> pa.Table:
    """A findings table of ``rows`` rows; a scalar column is repeated, a missing one is null."""
    arrays = []
    for field in FINDINGS:
        value = columns.get(field.name)
        if isinstance(value, pa.ChunkedArray | pa.Array):
            arrays.append(value.cast(field.type))
        elif isinstance(value, str | int) or value is None:
            arrays.append(pa.array([value] * rows, field.type))
        else:
            arrays.append(pa.array(value, field.type, from_pandas=True))
    return pa.table(arrays, schema=FINDINGS)


def from_rows(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """A findings table from a few mappings (not for bulk use)."""
    return pa.Table.from_pylist([dict(row) for row in rows], schema=FINDINGS)


def concat(tables: Iterable[pa.Table]) -> pa.Table:
    """All findings in one table, in the order given."""
    return pa.concat_tables([none_found(), *tables])


def errors_only(table: pa.Table) -> pa.Table:
    """The findings that block: errors nobody waived."""
    is_error = pa.compute.equal(table["level"], ERROR)
    return table.filter(pa.compute.and_(is_error, pa.compute.is_null(table["waiver_id"])))
