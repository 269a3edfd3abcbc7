"""Applying waivers to findings: which finding each of them meets, and which blocked statements they set free."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.batches import EXTRACT, BatchFolder
from cheonggu.findings import FINDINGS
from cheonggu.ledger import Actor, Ledger
from cheonggu.precheck import WAIVED
from cheonggu.query import Tables
from cheonggu.schemes.scheme import Scheme
from cheonggu.waivers import DEPARTMENT, PROVIDER, Waiver

PLACES = pa.schema([(name, pa.string()) for name in ("statement_key", "provider_code", "department")])

# A waiver meets a finding of its rule in its place; of several the first one given is named.
APPLIED = """
SELECT f.n, min(w.waiver_id) AS waiver_id
FROM finding f
LEFT JOIN place p USING (statement_key)
JOIN waiver w ON w.rule_id = f.rule_id AND coalesce(p.provider_code, $provider_code) = w.provider_code
WHERE CASE w.scope
    WHEN 'provider' THEN true
    WHEN 'department' THEN p.department = w.department
    WHEN 'statement' THEN f.statement_key = w.statement_key
    ELSE f.statement_key = w.statement_key AND coalesce(f.line_no, 0) = w.line_no AND coalesce(f.field, '') = w.field
END
GROUP BY f.n
"""

# The same places by statement number; a waiver for the provider stands for any statement.
NUMBERED = """
SELECT w.rule_id, m.statement_no,
    CASE WHEN w.scope = 'finding' THEN w.line_no END AS line_no, CASE WHEN w.scope = 'finding' THEN w.field END AS field
FROM waiver w
JOIN place p ON CASE w.scope WHEN 'department' THEN p.department = w.department
    ELSE p.statement_key = w.statement_key END
JOIN member m ON m.statement_key = p.statement_key
WHERE w.scope <> 'provider'
UNION ALL
SELECT rule_id, NULL, NULL, NULL FROM waiver WHERE scope = 'provider'
"""


def choose(waivers: Sequence[Waiver], provider_code: str, keys: pa.ChunkedArray) -> tuple[Waiver, ...]:
    """The waivers that can meet a finding of these statements of one provider."""
    named = pa.array([one.statement_key for one in waivers], pa.string())
    is_here = pc.is_in(named, value_set=keys.combine_chunks()).to_pylist()
    return tuple(
        one
        for one, is_named in zip(waivers, is_here, strict=True)
        if one.provider_code == provider_code and (is_named or one.scope in (DEPARTMENT, PROVIDER))
    )


def name_waivers(waivers: Sequence[Waiver]) -> str:
    """What a stage notes among its inputs: another set of waivers opens its check again."""
    return ",".join(str(one.id) for one in waivers)


def place_statements(statements: pa.Table, provider_code: str, department_column: str) -> pa.Table:
    """``PLACES`` of one provider's statements, from a table with statement_key and the scheme's department column."""
    count = len(statements)
    departments = statements[department_column] if department_column else pa.nulls(count, pa.string())
    return pa.table(
        [statements["statement_key"], pa.array([provider_code] * count, pa.string()), departments],
        schema=PLACES,
    )


def apply_waivers(
    found: pa.Table, waivers: Sequence[Waiver], places: pa.Table, provider_code: str = ""
) -> pa.Table:
    """The findings with ``waiver_id`` set where a waiver meets them.

    ``places``: columns of ``PLACES``, one row per statement. Findings of the claim as a whole belong to
    ``provider_code`` and are met by waivers for the provider only.
    """
    column = found.schema.get_field_index("waiver_id")
    met = pa.nulls(len(found), pa.int64())
    if len(found) and waivers:
        db = Tables(
            finding=found.select(["statement_key", "rule_id", "line_no", "field"]).append_column(
                "n", pa.array(range(len(found)), pa.int64())
            ),
            place=_one_each(places),
            waiver=_as_table(waivers),
        )
        rows = db.table(APPLIED, {"provider_code": provider_code})
        place = pc.index_in(pa.array(range(len(found)), pa.int64()), value_set=rows["n"].combine_chunks())
        met = rows["waiver_id"].combine_chunks().take(place)
    return found.set_column(column, FINDINGS.field("waiver_id"), met)


def number_waived(waivers: Sequence[Waiver], places: pa.Table, members: pa.Table) -> pa.Table:
    """What the pre-check is told not to count (``precheck.WAIVED``), by the numbers in ``members``."""
    db = Tables(waiver=_as_table(waivers), place=_one_each(places), member=members)
    return db.table(NUMBERED).cast(WAIVED)


def _one_each(places: pa.Table) -> pa.Table:
    """A key that stands twice in the source must not double its findings."""
    single = places.group_by("statement_key").aggregate([("provider_code", "min"), ("department", "min")])
    return single.rename_columns(PLACES.names)


def _as_table(waivers: Sequence[Waiver]) -> pa.Table:
    names = ("rule_id", "scope", "provider_code", "statement_key", "line_no", "field", "department")
    columns = {name: [getattr(one, name) for one in waivers] for name in names}
    return pa.table({"waiver_id": [one.id for one in waivers], **columns})


def release_blocked(
    ledger: Ledger,
    scheme: Scheme,
    waivers: Sequence[Waiver],
    folder_of: Callable[[str], BatchFolder],
    actor: Actor,
) -> int:
    """Give blocked statements another chance whose every error is waived now; returns how many."""
    if not waivers:
        return 0
    errors = ledger.blocked(scheme.name)
    blocked = ledger.blocked_statements(scheme.name)
    places = blocked.select(["statement_key", "provider_code"]).append_column(
        "department", _departments(scheme, waivers, blocked, folder_of)
    )
    judged = apply_waivers(errors, waivers, places)
    waived = judged.filter(pc.is_valid(judged["waiver_id"]))
    stuck = pc.unique(judged.filter(pc.is_null(judged["waiver_id"]))["statement_key"])
    free = waived.filter(pc.invert(pc.is_in(waived["statement_key"], value_set=stuck)))
    keys = pc.unique(free["statement_key"]).to_pylist()
    if keys:
        ledger.override_blocked(scheme.name, keys, pc.unique(free["waiver_id"]).to_pylist(), actor)
    return len(keys)


def _departments(
    scheme: Scheme,
    waivers: Sequence[Waiver],
    blocked: pa.Table,
    folder_of: Callable[[str], BatchFolder],
) -> pa.Array:
    """The department of each blocked statement, from the batch that blocked it; null unless a waiver asks."""
    column = scheme.views.department_column
    if not column or all(one.scope != DEPARTMENT for one in waivers):
        return pa.nulls(len(blocked), pa.string())
    known = [
        folder_of(batch_id).read(EXTRACT, scheme.views.statement[0], ["statement_key", column])
        for batch_id in pc.unique(blocked["batch_id"]).to_pylist()
        if folder_of(batch_id).manifest(EXTRACT) is not None
    ]
    if not known:
        return pa.nulls(len(blocked), pa.string())
    table = pa.concat_tables(known)
    place = pc.index_in(blocked["statement_key"], value_set=table["statement_key"].combine_chunks())
    return table[column].combine_chunks().take(place.combine_chunks())
