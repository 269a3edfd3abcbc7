"""Reading statements again: as they were sent (the batch folder) and as they stand now (the source)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.batches import VALIDATE, BatchFolder
from cheonggu.query import Tables
from cheonggu.schemes.scheme import Scheme
from cheonggu.sources import Source
from cheonggu.sources.contract import Contract


@dataclass(frozen=True)
class Sent:
    """Which snapshot to read: a statement of a batch, shown under another key."""

    batch_id: str
    statement_key: str
    shown_as: str


def read_sent(root: Path, scheme: Scheme, wanted: Iterable[Sent]) -> dict[str, pa.Table]:
    """The views of statements as their claims were made from, under ``shown_as``; a lost batch folder gives none."""
    by_batch: dict[str, list[Sent]] = {}
    for one in wanted:
        by_batch.setdefault(one.batch_id, []).append(one)
    parts: dict[str, list[pa.Table]] = {view: [] for view in scheme.views.statement}
    for batch_id, several in sorted(by_batch.items()):
        folder = BatchFolder(root, batch_id)
        if folder.manifest(VALIDATE) is None:
            continue
        for view in scheme.views.statement:
            parts[view].append(rename(scheme.views.contract, folder.read(VALIDATE, view), several, view))
    return {
        view: pa.concat_tables([scheme.views.contract.arrow_schema(view).empty_table(), *tables])
        for view, tables in parts.items()
    }


def rename(contract: Contract, table: pa.Table, several: Iterable[Sent], view: str) -> pa.Table:
    """The rows of some statements under the keys they are shown as (a key may be shown several times)."""
    pairs = pa.Table.from_pylist(
        [{"old": one.statement_key, "shown": one.shown_as} for one in several],
        schema=pa.schema([("old", pa.string()), ("shown", pa.string())]),
    )
    names = contract.arrow_schema(view).names
    columns = ", ".join(
        "p.shown AS statement_key" if name == "statement_key" else f"t.{name}" for name in names
    )
    order = ", ".join(f"t.{name}" for name in contract.key(view))
    db = Tables(t=table, p=pairs)
    found = db.table(f"SELECT {columns} FROM t JOIN p ON t.statement_key = p.old ORDER BY p.shown, {order}")
    return found.cast(contract.arrow_schema(view))


def show_optional(
    contract: Contract, tables: Mapping[str, pa.Table], several: Iterable[Sent]
) -> dict[str, pa.Table]:
    """Optional views with the rows of some statements under the keys they are shown as.

    A view that only names the statement of a row, such as a visit, keeps its rows that name none.
    """
    chosen = list(several)
    shown = dict(tables)
    for view, table in tables.items():
        if contract.has(view, "statement_key"):
            shown[view] = rename(contract, table, chosen, view)
            if contract.key(view)[0] != "statement_key":
                nobody = table.filter(pc.equal(table["statement_key"], ""))
                shown[view] = pa.concat_tables([shown[view], nobody.cast(contract.arrow_schema(view))])
    return shown


def read_now(
    source: Source, scheme: Scheme, provider_code: str, care_month: str, keys: Iterable[str]
) -> dict[str, pa.Table]:
    """The views of some statements as the hospital holds them today."""
    wanted = pa.array(sorted(set(keys)), pa.string())
    tables = {}
    for view in scheme.views.statement:
        table = source.read(view, provider_code=provider_code, care_month=care_month)
        tables[view] = table.filter(pc.is_in(table["statement_key"], value_set=wanted))
    return tables


def keep_keys(tables: Mapping[str, pa.Table], keys: Iterable[str]) -> dict[str, pa.Table]:
    """The rows of some statements in every view."""
    wanted = pa.array(sorted(set(keys)), pa.string())
    return {
        view: table.filter(pc.is_in(table["statement_key"], value_set=wanted))
        for view, table in tables.items()
    }
