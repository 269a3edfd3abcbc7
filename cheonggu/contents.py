"""The content hash of a statement: SHA-256 over every row of every table that belongs to it, and its context."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import pyarrow as pa

from cheonggu.query import Tables
from cheonggu.sources.contract import CONTRACT, Contract


def hash_contents(
    db: Tables,
    views: tuple[str, ...],
    chosen: str,
    context: str,
    hashed_key: str = "statement_key",
    contract: Contract = CONTRACT,
) -> None:
    """Make the table ``content`` (statement_key, content_hash) of the statements in the table ``chosen``.

    The views must stand in ``db`` under their names. Two statements of one key count together. ``hashed_key``: the
    column of ``chosen`` that counts as the key inside the hash, so that the same content under two keys hashes alike.
    """
    parts = []
    for view in views:
        names = contract.arrow_schema(view).names
        values = [f"c.{hashed_key}" if name == "statement_key" else f"v.{name}" for name in names]
        columns = ", ".join(f"coalesce({value}::VARCHAR, '')" for value in values)
        order = ", ".join(f"v.{name}" for name in contract.key(view))
        parts.append(
            f"""SELECT v.statement_key, '{view}' AS view,
                string_agg(sha256(concat_ws(chr(31), {columns})), '' ORDER BY {order}) AS h
                FROM {view} v JOIN {chosen} c USING (statement_key) GROUP BY v.statement_key"""
        )
    db.run(
        f"""CREATE TABLE content AS
        SELECT statement_key, sha256(string_agg(view || h, '' ORDER BY view) || $context) AS content_hash
        FROM ({" UNION ALL ".join(parts)}) GROUP BY statement_key""",
        {"context": context},
    )


def digest_context(tables: Iterable[pa.Table], settings: object) -> str:
    """Digest of what gives a blocked statement another chance when mended: the doctors, the scheme's settings."""
    told = [table.to_pylist() for table in tables] + ([settings] if settings else [])
    return hashlib.sha256(str(told).encode()).hexdigest()
