"""Put the sample's tables into a SQLite file with the contract's views, or into a folder of Parquet files."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cheonggu.sources.base import VIEW_PREFIX
from cheonggu.sources.contract import CONTRACT, INT
from cheonggu.sources.sample.optional import PROVIDED
from cheonggu.sources.sample.tables import CONSTANTS, Hospital, sample_tables, with_constants

TABLE_PREFIX = "hospital_"
VIEWS = (*CONTRACT.views, *PROVIDED)
DATABASE_NAME = "hospital.db"


def write_sqlite(folder: Path, hospital: Hospital) -> Path:
    """``hospital.db`` with a table per view, the views over them and indexes; replaces an earlier file."""
    import adbc_driver_sqlite.dbapi  # brings pandas, which no command but the demo's needs

    path = folder / DATABASE_NAME
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    with (
        contextlib.closing(adbc_driver_sqlite.dbapi.connect(str(part), autocommit=True)) as connection,
        connection.cursor() as cursor,
    ):
        # The file is made anew after any crash, so it needs no journal.
        for statement in ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF"):
            _execute(cursor, statement)
        for view in VIEWS:
            _execute(cursor, _create_table(view))
        for view, table in sample_tables(hospital):
            cursor.adbc_ingest(TABLE_PREFIX + view, table, mode="append")
        for view in VIEWS:
            for statement in (*_create_indexes(view), _create_view(view)):
                _execute(cursor, statement)
    os.replace(part, path)
    return path


def _execute(cursor: Any, statement: str) -> None:
    cursor.execute(statement)
    cursor.fetchall()


def _stored(view: str) -> list[str]:
    return [one.name for one in CONTRACT.columns(view) if one.name not in CONSTANTS.get(view, {})]


def _create_table(view: str) -> str:
    kinds = {one.name: "INTEGER" if one.type == INT else "TEXT" for one in CONTRACT.columns(view)}
    columns = ", ".join(f"{name} {kinds[name]}" for name in _stored(view))
    return f"CREATE TABLE {TABLE_PREFIX}{view} ({columns})"


def _create_indexes(view: str) -> Iterator[str]:
    """What the nightly reads by provider and month need."""
    if CONTRACT.has(view, "care_month"):
        yield f"CREATE INDEX by_month_{view} ON {TABLE_PREFIX}{view} (provider_code, care_month)"


def _create_view(view: str) -> str:
    constants = CONSTANTS.get(view, {})
    parts = []
    for one in CONTRACT.columns(view):
        value = constants.get(one.name)
        literal = "NULL" if value is None else repr(value)
        parts.append(f"{literal} AS {one.name}" if one.name in constants else one.name)
    return f"CREATE VIEW {VIEW_PREFIX}{view} AS SELECT {', '.join(parts)} FROM {TABLE_PREFIX}{view}"


def write_parquet(folder: Path, hospital: Hospital) -> Path:
    """One file per view, in the contract's schema; replaces earlier files."""
    with contextlib.ExitStack() as stack:
        writers = {view: stack.enter_context(_ParquetFile(folder, view)) for view in VIEWS}
        for view, table in sample_tables(hospital):
            writers[view].write(with_constants(view, table))
    return folder


class _ParquetFile:
    """One view's file, in place only when it is whole."""

    def __init__(self, folder: Path, view: str) -> None:
        self.path = folder / f"{view}.parquet"
        self.part = self.path.with_name(f".{self.path.name}.part")
        self.writer = pq.ParquetWriter(self.part, CONTRACT.arrow_schema(view), compression="zstd")

    def write(self, table: pa.Table) -> None:
        self.writer.write_table(table)

    def __enter__(self) -> _ParquetFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.writer.close()
        if kind is None:
            os.replace(self.part, self.path)
        else:
            self.part.unlink(missing_ok=True)
