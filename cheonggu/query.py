"""DuckDB as a calculator over Arrow tables: named inputs in, one Arrow table out, nothing kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import pyarrow as pa


class Tables:
    """Named Arrow tables that can be asked in SQL; every answer is read to its end."""

    def __init__(self, **tables: pa.Table) -> None:
        self.db = duckdb.connect()
        self.db.execute(
            "SET enable_progress_bar = false"
        )  # it would stand in what a command prints, JSON too
        for name, table in tables.items():
            self.add(name, table)

    def add(self, name: str, table: pa.Table) -> None:
        """Make a table known under a name, in place of an earlier one."""
        self.db.register(name, table)

    def run(self, statement: str, parameters: Mapping[str, Any] | list[Any] | None = None) -> None:
        """A statement without an answer of interest."""
        self.db.execute(statement, parameters).fetchall()

    def rows(
        self, query: str, parameters: Mapping[str, Any] | list[Any] | None = None
    ) -> list[tuple[Any, ...]]:
        """A small answer as tuples."""
        found: list[tuple[Any, ...]] = self.db.execute(query, parameters).fetchall()
        return found

    def table(self, query: str, parameters: Mapping[str, Any] | list[Any] | None = None) -> pa.Table:
        """The answer as an Arrow table."""
        return self.db.sql(query, params=parameters).to_arrow_table()
