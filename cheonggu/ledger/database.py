"""The database under the ledger: SQLite in a file or PostgreSQL, opened, read and filled in bulk.

SQLite runs in WAL mode with foreign keys on and ``synchronous=FULL``, so that what was committed survives a
power cut; every writing transaction begins IMMEDIATE. On PostgreSQL writers order themselves on the row of the
audit chain's head.
"""

from __future__ import annotations

import io
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.csv
from sqlalchemy import Connection, Engine, Select, Table, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError

from cheonggu.errors import SiteError, StateError, UsageError

BUSY_SECONDS = 30
ROWS_AT_ONCE = 50_000  # as Python values, on their way between Arrow and the driver
WRITES = "cheonggu_writes"
Columns = Mapping[str, Sequence[Any]]


def parse_url(text: str) -> URL:
    """The URL with our drivers filled in; UsageError for another database or a SQLite without a file."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise _bad_url() from None
    if url.get_backend_name() in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        return url.set(drivername="sqlite")
    raise _bad_url()


def _bad_url() -> UsageError:
    return UsageError(
        "The ledger's URL is neither sqlite:///FILE nor postgresql://…",
        "원장 주소는 sqlite:///파일 또는 postgresql://… 이어야 합니다.",
        fix_en="Mend the ledger setting of the site.",
        fix_ko="사이트 설정의 원장 주소를 고치세요.",
    )


def connect(url: URL) -> Engine:
    """An engine whose errors never quote parameters."""
    if url.get_backend_name() == "sqlite":
        _make_private(Path(str(url.database)))
    engine = create_engine(url, hide_parameters=True, pool_pre_ping=url.get_backend_name() != "sqlite")
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_private(path: Path) -> None:
    """Create a new SQLite file readable by its owner only; SQLite gives its side files the same rights."""
    with suppress(OSError):  # it stands already, or SQLite will say what is wrong with the place
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where we say, see _begin_sqlite
    connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA cache_size = -65536")  # 64 MiB, for the index pages of a large night


def _begin_sqlite(connection: Connection) -> None:
    # A deferred transaction that turns to writing later may fail with "locked" without waiting.
    is_writing = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn what the driver raises into SiteError (try again later) or StateError (the ledger refuses)."""
    try:
        yield
    except (IntegrityError, sqlite3.IntegrityError, psycopg.IntegrityError) as error:
        raise StateError(
            "The ledger refuses a change that breaks one of its keys.",
            "원장의 고유 키에 어긋나는 변경은 할 수 없습니다.",
            fix_en="Nothing was changed; look for a second run or a repeated number.",
            fix_ko="아무것도 바뀌지 않았습니다. 동시에 실행한 작업이나 중복 번호를 확인하세요.",
        ) from error
    except (DBAPIError, sqlite3.Error, psycopg.Error) as error:
        why = type(getattr(error, "orig", None) or error).__name__
        raise SiteError(
            f"The ledger's database failed: {why}: {_first_line(error)}.",
            f"원장 데이터베이스 오류입니다: {why}.",
            fix_en="Nothing of this step was kept. Check connection, disk space and rights, then run again.",
            fix_ko="이 단계는 저장되지 않았습니다. 연결, 디스크 공간, 권한을 확인한 뒤 다시 실행하세요.",
        ) from error


def _first_line(error: Exception) -> str:
    """The driver's own first line; the lines behind it may quote values."""
    text = str(getattr(error, "orig", None) or error).strip()
    return text.splitlines()[0].rstrip(".") if text else "no reason given"


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one moment of the ledger."""
    # On SQLite a deferred transaction already reads one snapshot; PostgreSQL must be asked.
    options = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
    with database_errors(), engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that commits at the end of the block, or changes nothing."""
    with (
        database_errors(),
        engine.connect().execution_options(**{WRITES: True}) as connection,
        connection.begin(),
    ):
        yield connection


def insert_rows(connection: Connection, table: Table, columns: Columns) -> None:
    """Insert many rows at once: executemany on SQLite, COPY on PostgreSQL. Columns have equal length."""
    names = list(columns)
    raw = connection.connection.driver_connection
    if connection.dialect.name == "postgresql":
        assert isinstance(raw, psycopg.Connection)
        _copy(raw, f"COPY {table.name} ({', '.join(names)}) FROM STDIN (FORMAT csv)", columns)
        return
    assert isinstance(raw, sqlite3.Connection)
    marks = ", ".join("?" * len(names))
    raw.executemany(
        f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})", zip(*columns.values(), strict=True)
    )


def _copy(raw: psycopg.Connection[Any], statement: str, columns: Columns) -> None:
    """Stream the columns as CSV: quoted values, nothing at all for null, bytes as hexadecimal."""
    table = pa.table({name: _csv_column(values) for name, values in columns.items()})
    buffer = io.BytesIO()
    options = pa.csv.WriteOptions(include_header=False, quoting_style="all_valid")
    pa.csv.write_csv(table, buffer, options)
    with raw.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        copy.write(buffer.getbuffer())


def _csv_column(values: Sequence[Any]) -> pa.Array:
    column = pa.array(values)
    if pa.types.is_binary(column.type):
        return pa.array([None if value is None else f"\\x{value.hex()}" for value in values], pa.string())
    return column.cast(pa.string()) if pa.types.is_null(column.type) else column


def insert_table(connection: Connection, table: Table, rows: pa.Table) -> None:
    """Insert an Arrow table, whose columns have the names of ``table``, in parts."""
    for start in range(0, len(rows), ROWS_AT_ONCE):
        insert_rows(connection, table, to_columns(rows.slice(start, ROWS_AT_ONCE)))


def to_columns(table: pa.Table) -> dict[str, list[Any]]:
    """The columns of an Arrow table as :func:`insert_rows` takes them."""
    return {name: table[name].to_pylist() for name in table.column_names}


def read_rows(connection: Connection, select: Select[Any], schema: pa.Schema) -> pa.Table:
    """A few rows with days in them: typed by SQLAlchemy, since SQLite keeps days as text."""
    rows = [dict(zip(schema.names, row, strict=True)) for row in connection.execute(select)]
    return pa.Table.from_pylist(rows, schema=schema)


def read_table(connection: Connection, select: Select[Any], schema: pa.Schema) -> pa.Table:
    """A query's rows as an Arrow table of ``schema``; the columns come in the schema's order.

    Read in parts: as Python values the rows of a large night would take several times the memory of the table.
    """
    cursor = connection.execute(select).cursor
    parts = [schema.empty_table()]
    # The driver's own tuples: building SQLAlchemy rows would cost as much as the query.
    while cursor is not None and (rows := cursor.fetchmany(ROWS_AT_ONCE)):
        columns = zip(zip(*rows, strict=True), schema, strict=True)
        parts.append(pa.table([pa.array(column, field.type) for column, field in columns], schema=schema))
    return pa.concat_tables(parts).combine_chunks()
