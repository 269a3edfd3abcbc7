"""Where a scheme settles amounts: batches being validated, and whole statements a rerun is planned with.

A rerun compares what the hospital holds today with what was sent. What was sent had its amounts settled, so today's
are settled first. An addition is the difference of two settled statements and is not worked out again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.findings import none_found
from cheonggu.ledger import Batch
from cheonggu.schemes.scheme import CLASS_NAME, Scheme

ADDITION = "addition"


def settle_batch(
    scheme: Scheme, batch: Batch, tables: Mapping[str, pa.Table], settings: Mapping[str, Any]
) -> tuple[dict[str, pa.Table], pa.Table]:
    """The tables of a batch with settled amounts, and findings; an addition stays as it is."""
    name = batch.group.get(CLASS_NAME)
    if name is not None and scheme.reruns.classes(batch.claim_date)[name].relation == ADDITION:
        return dict(tables), none_found()
    facts = {**batch.group, "kind": batch.kind, "provider_code": batch.provider_code}
    return scheme.amounts.settle(tables, facts, settings)


def settle_whole(
    scheme: Scheme,
    targets: pa.Table,
    provider_code: str,
    tables: Mapping[str, pa.Table],
    rosters: Mapping[str, pa.Table],
    settings: Mapping[str, Any],
) -> dict[str, pa.Table]:
    """The statement views with settled amounts. ``targets``: statement_key, kind and the scheme's group columns."""
    names = ["kind", *scheme.targets.group_columns]
    settled: dict[str, list[pa.Table]] = {view: [] for view in tables}
    for group in targets.group_by(names).aggregate([]).to_pylist():
        here = targets
        for name, value in group.items():
            is_same = pc.is_null(here[name]) if value is None else pc.equal(here[name], value)
            here = here.filter(is_same)
        keys = pc.unique(here["statement_key"])
        mine = {
            view: table.filter(pc.is_in(table["statement_key"], value_set=keys))
            for view, table in tables.items()
        }
        facts = {name: value or "" for name, value in group.items()} | {"provider_code": provider_code}
        done, _ = scheme.amounts.settle({**rosters, **mine}, facts, settings)
        for view in tables:
            settled[view].append(done[view].cast(tables[view].schema))
    return {view: pa.concat_tables([table.slice(0, 0), *settled[view]]) for view, table in tables.items()}
