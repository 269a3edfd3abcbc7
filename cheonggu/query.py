"""DuckDB as a calculator over Arrow tables: named inputs in, one Arrow table out, nothing kept.

Opening a DuckDB costs some 15 ms of CPU, and a night asks hundreds of small questions: a process opens one, and every
``Tables`` gets an empty database of its own inside it.
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import Mapping
from functools import cache
from itertools import count
from typing import Any

import duckdb
import pyarrow as pa

_NUMBERS = count(1)
_OPENING = threading.Lock()


class Tables:
    """Named Arrow tables that can be asked in SQL; every answer is read to its end."""

    def __init__(self, **tables: pa.Table) -> None:
        with _OPENING:
            self.db = _shared(os.getpid()).cursor()
        name = f"tables_{next(_NUMBERS)}"
        self.db.execute(f"ATTACH ':memory:' AS {name}")
        self.db.execute(f"USE {name}")
        weakref.finalize(self, _drop, self.db, name).atexit = False
        for own, table in tables.items():
            self.add(own, table)

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


@cache
def _shared(process: int) -> Any:
    """The DuckDB of this process; a forked one must not touch its parent's."""
    shared = duckdb.connect()
    shared.execute("SET enable_progress_bar = false")  # it would stand in what a command prints, JSON too
    # A connection that outlives the interpreter makes DuckDB's bindings complain on the way out.
    atexit.register(_shared.cache_clear)
    return shared


def _drop(connection: Any, name: str) -> None:
    connection.execute("USE memory")
    connection.execute(f"DETACH {name}")
    connection.close()
