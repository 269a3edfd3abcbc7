"""Any other database that SQLAlchemy can reach and ADBC cannot (Oracle, SQL Server, MariaDB …).

Rows come as Python objects and are turned into Arrow in chunks: much slower than ADBC, fit for a hospital's night.
The site installs the driver. Rights are the role's: nothing but SELECT is ever sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from cheonggu.errors import UsageError
from cheonggu.sources.base import VIEW_PREFIX
from cheonggu.sources.conform import WRONG_INT, WRONG_TEXT
from cheonggu.sources.contract import INT, TEXT, Column, Contract
from cheonggu.sources.sql import unreachable

CHUNK_ROWS = 10_000


class OtherDialect:
    """One database behind a SQLAlchemy address."""

    errors: tuple[type[Exception], ...] = (sa.exc.SQLAlchemyError,)

    def __init__(self, url: str, contract: Contract) -> None:
        self._types = {one.name: one.type for one in contract.all_columns}
        try:
            self._engine = sa.create_engine(url)
        except (sa.exc.ArgumentError, ModuleNotFoundError):
            name = url.partition("://")[0]
            raise UsageError(
                f"There is no source adapter or no driver for {name}:// addresses.",
                f"{name}:// 주소를 읽는 어댑터나 드라이버가 없습니다.",
                fix_en="Use sqlite:///file, postgresql://… or parquet:///folder, or install the driver.",
                fix_ko="sqlite:///파일, postgresql://…, parquet:///폴더를 쓰거나 드라이버를 설치하세요.",
            ) from None

    def connect(self) -> Any:
        try:
            return self._engine.connect()
        except self.errors as error:
            raise unreachable("The database", "데이터베이스", error) from None

    def fetch(self, connection: Any, sql: str, parameters: Sequence[str]) -> pa.Table:
        bound = {f"p{number}": value for number, value in enumerate(parameters, start=1)}
        with connection.begin():
            result = connection.execute(sa.text(sql), bound)
            names = list(result.keys())
            chunks = [_table(names, rows, self._types) for rows in result.partitions(CHUNK_ROWS)]
        return pa.concat_tables(chunks or [_table(names, [], self._types)])

    def describe(self, connection: Any, view: str) -> Mapping[str, str]:
        try:
            found = sa.inspect(self._engine).get_columns(VIEW_PREFIX + view)
        except sa.exc.NoSuchTableError:
            return {}
        return dict.fromkeys((one["name"].lower() for one in found), "any")

    def is_allowed(self, column: Column, database_type: str) -> bool:
        return True  # each value is looked at while it is converted

    def expression(self, column: Column, database_type: str) -> str:
        return column.name

    def first_rows(self, connection: Any, sql: str, rows: int) -> pa.Table:
        with connection.begin():
            result = connection.execute(sa.text(sql))
            return _table(list(result.keys()), result.fetchmany(rows), self._types)

    def mark(self, number: int) -> str:
        return f":p{number}"


def _table(names: Sequence[str], rows: Sequence[Sequence[object]], types: Mapping[str, str]) -> pa.Table:
    """``types``: the contract's type of every column name; a name has one type everywhere."""
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    # ``statements``, the count of ``groups``, is no column of the contract.
    kinds = [types.get(name.lower(), INT) for name in names]
    arrays = [_array(kind, values) for kind, values in zip(kinds, columns, strict=True)]
    return pa.table(arrays, names=[name.lower() for name in names])


def _array(kind: str, values: Sequence[object]) -> pa.Array:
    """Text, whole numbers or ISO days; what is none of them is marked as wrong."""
    kept: Callable[[object], object] = {TEXT: _text, INT: _number}.get(kind, _day)
    return pa.array([None if one is None else kept(one) for one in values], ARROW[kind])


ARROW = {TEXT: pa.string(), INT: pa.int64(), "date": pa.string()}


def _text(value: object) -> str:
    return value if isinstance(value, str) else WRONG_TEXT


def _number(value: object) -> int:
    if isinstance(value, Decimal) and value.is_finite() and value == int(value):
        value = int(value)
    return value if isinstance(value, int) and abs(value) < 2**63 else WRONG_INT


def _day(value: object) -> str:
    """A day in ISO form; Oracle's DATE is a moment, which is a day at midnight."""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else WRONG_TEXT
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, str) else WRONG_TEXT
