"""SQLite as a source database. Its columns hold values of any type, so every value is looked at while reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import adbc_driver_manager
import adbc_driver_sqlite.dbapi
import pyarrow as pa

from cheonggu.sources.base import VIEW_PREFIX
from cheonggu.sources.conform import WRONG_INT
from cheonggu.sources.contract import INT, Column
from cheonggu.sources.sql import broken_view, unreachable


class SqliteDialect:
    """One database file, opened for reading only."""

    errors: tuple[type[Exception], ...] = (adbc_driver_manager.Error,)

    def __init__(self, path: Path) -> None:
        self.path = path

    def connect(self) -> Any:
        # Opening an absent file would create it; a directory or another program's file fails on first use.
        if not self.path.is_file():
            raise unreachable(f"SQLite file {self.path.name}", f"SQLite 파일 {self.path.name}")
        try:
            connection = adbc_driver_sqlite.dbapi.connect(
                f"file:{quote(str(self.path.absolute()))}?mode=ro", autocommit=True
            )
            self.fetch(connection, "SELECT COUNT(*) AS n FROM sqlite_master", [])
        except self.errors as error:
            raise unreachable(
                f"SQLite file {self.path.name}", f"SQLite 파일 {self.path.name}", error
            ) from None
        return connection

    def fetch(self, connection: Any, sql: str, parameters: Sequence[str]) -> pa.Table:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters=list(parameters) or None)
            return cursor.fetch_arrow_table()

    def first_rows(self, connection: Any, sql: str, rows: int) -> pa.Table:
        return self.fetch(connection, f"{sql} LIMIT {rows}", [])

    def describe(self, connection: Any, view: str) -> Mapping[str, str]:
        try:
            rows = self.fetch(connection, "SELECT name FROM pragma_table_info(?)", [VIEW_PREFIX + view])
        except self.errors as error:
            # SQLite cannot even describe a view over a table that is gone; another query tells whether it is only that.
            self.fetch(connection, "SELECT COUNT(*) AS n FROM sqlite_master", [])
            raise broken_view(view, type(error).__name__) from None
        return dict.fromkeys(rows["name"].to_pylist(), "any")

    def is_allowed(self, column: Column, database_type: str) -> bool:
        return True  # a column has no type of its own; ``expression`` looks at each value

    def expression(self, column: Column, database_type: str) -> str:
        name = column.name
        if column.type == INT:
            return (
                f"CASE typeof({name}) WHEN 'integer' THEN {name} WHEN 'null' THEN NULL ELSE {WRONG_INT} END"
            )
        # Dates are ISO text here. The mark is WRONG_TEXT; '' keeps a column of nulls a column of text.
        return f"CASE typeof({name}) WHEN 'text' THEN {name} WHEN 'null' THEN '' ELSE char(27) END"

    def mark(self, number: int) -> str:
        return "?"
