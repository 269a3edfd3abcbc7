"""What the checks of a batch say: which statements go on, and the findings about the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from cheonggu import findings


@dataclass(frozen=True)
class Verdict:
    """``verdicts``: statement_key, is_ready; ``tables``: the views with the READY statements' rows only."""

    verdicts: pa.Table
    findings: pa.Table
    tables: Mapping[str, pa.Table]


def make_verdict(tables: Mapping[str, pa.Table], views: tuple[str, ...], found: pa.Table) -> Verdict:
    """Take out the statements that an error names; ``views[0]`` has one row per statement.

    An error without a statement key names a row that belongs to none, and blocks nothing else.
    """
    blocked = pc.unique(findings.errors_only(found)["statement_key"])
    distinct = pc.unique(tables[views[0]]["statement_key"].combine_chunks())
    verdicts = pa.table(
        {"statement_key": distinct, "is_ready": pc.invert(pc.is_in(distinct, value_set=blocked))}
    )
    return Verdict(verdicts, found, {view: _without(table, blocked) for view, table in tables.items()})


def set_aside(verdict: Verdict, tables: Mapping[str, pa.Table], found: pa.Table) -> Verdict:
    """The verdict after a further look at its READY statements: ``tables`` as that look left them.

    Statements named by an error of ``found`` become BLOCKED; its warnings are kept.
    """
    blocked = pc.unique(findings.errors_only(found)["statement_key"])
    verdicts = verdict.verdicts
    ready = pc.and_(verdicts["is_ready"], pc.invert(pc.is_in(verdicts["statement_key"], value_set=blocked)))
    return Verdict(
        verdicts.set_column(verdicts.column_names.index("is_ready"), "is_ready", ready),
        findings.concat([verdict.findings, found]),
        {view: _without(table, blocked) for view, table in tables.items()},
    )


def _without(table: pa.Table, blocked: pa.Array) -> pa.Table:
    if "statement_key" not in table.column_names or not len(blocked):
        return table
    return table.filter(pc.invert(pc.is_in(table["statement_key"], value_set=blocked)))


def to_frame(table: pa.Table) -> pd.DataFrame:
    """Arrow → pandas without ever turning whole numbers into floats or days into objects."""
    return table.to_pandas(
        types_mapper={pa.int64(): pd.Int64Dtype()}.get, date_as_object=False, strings_to_categorical=False
    )
