"""PostgreSQL as a source database: bulk reads over ADBC; every column cast in SQL to the contract's exact type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import adbc_driver_manager
import adbc_driver_postgresql.dbapi
import pyarrow as pa

from cheonggu.sources.base import VIEW_PREFIX
from cheonggu.sources.conform import WRONG_INT
from cheonggu.sources.contract import DATE, INT, TEXT, Column
from cheonggu.sources.sql import unreachable

WHOLE_NUMBERS = {"smallint", "integer", "bigint"}
ALLOWED = {
    TEXT: {"text", "character varying", "character"},
    INT: {*WHOLE_NUMBERS, "numeric"},
    DATE: {"date"},
}
COLUMNS_SQL = """
SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type
FROM pg_catalog.pg_attribute a
WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
  AND has_column_privilege(a.attrelid, a.attnum, 'SELECT')
"""


class PostgresqlDialect:
    """One database; views are found on the role's search path."""

    errors: tuple[type[Exception], ...] = (adbc_driver_manager.Error,)

    def __init__(self, url: str) -> None:
        self.url = url

    def connect(self) -> Any:
        try:
            connection = adbc_driver_postgresql.dbapi.connect(self.url, autocommit=True)
            with connection.cursor() as cursor:
                cursor.execute("SET default_transaction_read_only = on")
        except self.errors as error:
            raise unreachable("The PostgreSQL database", "PostgreSQL 데이터베이스", error) from None
        return connection

    def fetch(self, connection: Any, sql: str, parameters: Sequence[str]) -> pa.Table:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters=list(parameters) or None)
            return cursor.fetch_arrow_table()

    def first_rows(self, connection: Any, sql: str, rows: int) -> pa.Table:
        return self.fetch(connection, f"{sql} LIMIT {rows}", [])

    def describe(self, connection: Any, view: str) -> Mapping[str, str]:
        rows = self.fetch(connection, COLUMNS_SQL, [VIEW_PREFIX + view])
        return dict(zip(rows["name"].to_pylist(), rows["type"].to_pylist(), strict=True))

    def is_allowed(self, column: Column, database_type: str) -> bool:
        return database_type in ALLOWED[column.type]

    def expression(self, column: Column, database_type: str) -> str:
        name = column.name
        if column.type == TEXT:
            return f"{name}::text"
        if database_type == "numeric":  # a cast alone would round a fraction without a word
            return (
                f"CASE WHEN {name} = trunc({name}) AND abs({name}) < 9e18 THEN {name}::bigint "
                f"WHEN {name} IS NULL THEN NULL ELSE ({WRONG_INT})::bigint END"
            )
        return f"{name}::bigint" if column.type == INT else name

    def mark(self, number: int) -> str:
        return f"${number}"
