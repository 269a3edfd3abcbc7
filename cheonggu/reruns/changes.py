"""What of a statement is not as it was sent, row by row and field by field; no value that could be personal."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from cheonggu.query import Tables
from cheonggu.reruns.model import ADDED, CHANGED, REMOVED, Change
from cheonggu.sources.contract import Column, Contract

ROW = "row"
# Fields that say where a row belongs, not what it holds; a renumbered line shows as added and removed.
BOOKKEEPING = {"statement_key", "provider_code", "care_month", "reviewed_on"}


def find_changes(
    contract: Contract, now: Mapping[str, pa.Table], sent: Mapping[str, pa.Table]
) -> dict[str, tuple[Change, ...]]:
    """statement_key → its changes; both sides hold the views of the source contract under the same keys."""
    found: dict[str, list[Change]] = {}
    for view, table in now.items():
        for key, change in _compare(contract, view, table, sent[view]):
            found.setdefault(key, []).append(change)
    return {key: tuple(changes) for key, changes in found.items()}


def _compare(contract: Contract, view: str, now: pa.Table, sent: pa.Table) -> list[tuple[str, Change]]:
    db = Tables(now=now, sent=sent)
    keys = contract.key(view)
    rest = [name for name in keys if name != "statement_key"]
    row = f"concat_ws('/', {', '.join(f'coalesce(n.{name}, s.{name})' for name in rest)})" if rest else "''"
    fields = [one for one in contract.columns(view) if one.name not in BOOKKEEPING and one.name not in rest]
    same = " AND ".join(f"n.{name} IS NOT DISTINCT FROM s.{name}" for name in keys)
    entries = ", ".join(_entry(one) for one in fields)
    rows = db.rows(
        f"""WITH paired AS (
            SELECT coalesce(n.statement_key, s.statement_key) AS statement_key, {row} AS place,
                   CASE WHEN s.statement_key IS NULL THEN [{_whole(ADDED)}]
                        WHEN n.statement_key IS NULL THEN [{_whole(REMOVED)}]
                        ELSE [{entries}] END AS entries
            FROM now n FULL JOIN sent s ON {same}
        ), flat AS (SELECT statement_key, place, unnest(entries) AS e FROM paired)
        SELECT statement_key, place, e.field, e.old, e.new FROM flat WHERE e.old IS DISTINCT FROM e.new
        ORDER BY ALL"""
    )
    personal = {one.name for one in fields if one.is_personal}
    return [
        (key, _change(view, place, field, old, new, field in personal))
        for key, place, field, old, new in rows
    ]


def _entry(one: Column) -> str:
    name = one.name
    return f"{{'field': '{name}', 'old': coalesce(s.{name}::VARCHAR, ''), 'new': coalesce(n.{name}::VARCHAR, '')}}"


def _whole(word: str) -> str:
    old, new = ("", word) if word == ADDED else (word, "")
    return f"{{'field': '{ROW}', 'old': '{old}', 'new': '{new}'}}"


def _change(view: str, place: str, field: str, old: str, new: str, is_personal: bool) -> Change:
    return Change(view, place, field, "", CHANGED) if is_personal else Change(view, place, field, old, new)
