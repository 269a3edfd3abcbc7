"""A hospital database as a source: the contract's views, read in bulk over ADBC into Arrow.

The database's own part (how to connect, how a view describes itself, how a column becomes an exact type) is a
``Dialect``. Values travel as bound parameters only. A driver's message may quote data, so it is never passed on:
errors carry the SQLSTATE and what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import pyarrow as pa

from cheonggu.errors import CheongguError, ContractError, SiteError
from cheonggu.sources.base import (
    GROUPS,
    SCAN_ROWS,
    VIEW_PREFIX,
    ClosingSource,
    filters,
    missing_columns,
    missing_view,
    needed_columns,
)
from cheonggu.sources.conform import conform, wrong_type
from cheonggu.sources.contract import Column, Contract


class Dialect(Protocol):
    """What differs between databases. ``errors`` are the exceptions of its driver."""

    errors: tuple[type[Exception], ...]

    def connect(self) -> Any:
        """An open connection that can only read; SiteError when the database cannot be reached."""

    def fetch(self, connection: Any, sql: str, parameters: Sequence[str]) -> pa.Table:
        """Run a query with bound parameters."""

    def first_rows(self, connection: Any, sql: str, rows: int) -> pa.Table:
        """Run a query without parameters for some of its rows."""

    def describe(self, connection: Any, view: str) -> Mapping[str, str]:
        """Column → database type of a view; empty when there is no such view for us."""

    def is_allowed(self, column: Column, database_type: str) -> bool:
        """Whether a column of this database type can keep the contract."""

    def expression(self, column: Column, database_type: str) -> str:
        """SQL that yields the column in the contract's type, wrong values marked (see ``conform``)."""

    def mark(self, number: int) -> str:
        """Placeholder of the parameter, counted from 1."""


class SqlSource(ClosingSource):
    """Reads ``cheonggu_<view>`` views. See ``base.Source`` for what each method promises."""

    def __init__(self, dialect: Dialect, contract: Contract) -> None:
        self._dialect, self.contract = dialect, contract
        self._connection = dialect.connect()
        self._types: dict[str, Mapping[str, str]] = {}

    def check(self) -> None:
        for view in self.contract.views:
            self._check_view(view)
        for view in self.contract.optional_views:
            if self.has(view):
                self._check_view(view)

    def has(self, view: str) -> bool:
        if not self._types.get(view):
            try:
                self._types[view] = self._dialect.describe(self._connection, view)
            except self._dialect.errors as error:
                raise broken_read(view, error) from None
        return bool(self._types[view])

    def groups(self, first_month: str, last_month: str) -> pa.Table:
        view = self.contract.main_view
        self._check_shape(
            view, [self.contract.column(view, name) for name in ("provider_code", "care_month")]
        )
        low, high = self._dialect.mark(1), self._dialect.mark(2)
        sql = f"""SELECT provider_code, care_month, COUNT(*) AS statements FROM {VIEW_PREFIX}{view}
            WHERE care_month >= {low} AND care_month <= {high} GROUP BY provider_code, care_month"""
        found = self._fetch(
            view, lambda: self._dialect.fetch(self._connection, sql, [first_month, last_month])
        )
        return conform_groups(view, found)

    def read(
        self,
        view: str,
        *,
        provider_code: str | None = None,
        care_month: str | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        wanted = filters(self.contract, view, provider_code, care_month)
        self._check_shape(view, needed_columns(self.contract, view, columns))
        sql = self._select(view, wanted, columns)
        found = self._fetch(view, lambda: self._dialect.fetch(self._connection, sql, list(wanted.values())))
        return conform(
            self.contract, view, dict(zip(found.column_names, found.columns, strict=True)), columns
        )

    def close(self) -> None:
        self._connection.close()

    def _check_view(self, view: str) -> None:
        """The view as the database describes it now, and the types of its first values."""
        self._types.pop(view, None)
        self._check_shape(view, self.contract.columns(view))
        sql = self._select(view, (), None)
        found = self._fetch(view, lambda: self._dialect.first_rows(self._connection, sql, SCAN_ROWS))
        conform(self.contract, view, dict(zip(found.column_names, found.columns, strict=True)))

    def _select(self, view: str, wanted: Iterable[str], columns: Sequence[str] | None) -> str:
        """The query for some columns of a view, with a placeholder for each wanted value."""
        types = self._types[view]
        parts = [
            f"{self._dialect.expression(one, types[one.name])} AS {one.name}"
            for one in needed_columns(self.contract, view, columns)
        ]
        where = [f"{name} = {self._dialect.mark(number)}" for number, name in enumerate(wanted, start=1)]
        sql = f"SELECT {', '.join(parts)} FROM {VIEW_PREFIX}{view}"
        return f"{sql} WHERE {' AND '.join(where)}" if where else sql

    def _check_shape(self, view: str, columns: Sequence[Column]) -> None:
        if not self.has(view):
            raise missing_view(view)
        types = self._types[view]
        if missing := [one.name for one in columns if one.name not in types]:
            raise missing_columns(view, missing)
        for one in columns:
            if not self._dialect.is_allowed(one, types[one.name]):
                raise wrong_type(one, types[one.name])

    def _fetch(self, view: str, run: Callable[[], pa.Table]) -> pa.Table:
        try:
            return run()
        except self._dialect.errors as error:
            raise broken_read(view, error) from None


def conform_groups(view: str, found: pa.Table) -> pa.Table:
    """``GROUPS`` in order. A padded code is refused: reads by provider and month would not find its rows."""
    table = found.select(GROUPS.names).cast(GROUPS)
    for name in ("provider_code", "care_month"):
        values = table[name].to_pylist()
        if any(value is None or value != value.rstrip(" ") for value in values):
            raise ContractError(
                f"{VIEW_PREFIX}{view}.{name} holds an empty value or one with trailing spaces.",
                f"{VIEW_PREFIX}{view}.{name}에 빈 값이나 뒤에 공백이 붙은 값이 있습니다.",
                fix_en="Trim the column in the view and leave out rows without it.",
                fix_ko="뷰에서 공백을 없애고 값이 없는 행을 제외하세요.",
            )
    return table.sort_by([("provider_code", "ascending"), ("care_month", "ascending")])


def broken_read(view: str, error: Exception) -> CheongguError:
    """The right error for a failed query, without the driver's words."""
    state = getattr(error, "sqlstate", None) or type(error).__name__
    # 22: a data exception; 42 and ProgrammingError: the view itself refers to something that is not there
    if state.startswith(("22", "42", "ProgrammingError")):
        return broken_view(view, state)
    name = f"{VIEW_PREFIX}{view}"
    return SiteError(
        f"Reading {name} failed ({state}).",
        f"{name} 읽기에 실패했습니다({state}).",
        fix_en="Check that the database is up and not locked; the next run reads again.",
        fix_ko="데이터베이스 상태와 잠금을 확인하세요. 다음 실행에서 다시 읽습니다.",
    )


def broken_view(view: str, state: str) -> ContractError:
    """The database is there, but it cannot compute the view."""
    name = f"{VIEW_PREFIX}{view}"
    return ContractError(
        f"{name} cannot be computed by the database ({state}).",
        f"데이터베이스가 {name} 뷰를 계산하지 못합니다({state}).",
        fix_en="Run SELECT * on the view, mend the definition or the grant, then run again.",
        fix_ko="뷰를 SELECT해 보고 정의나 권한을 고친 뒤 다시 실행하세요.",
    )


def unreachable(what: str, what_ko: str, error: Exception | None = None) -> SiteError:
    """The database is not there, or does not let us in. The URL is not quoted: it may hold a password."""
    state = getattr(error, "sqlstate", None)
    reason = f" ({state})" if state else ""
    return SiteError(
        f"{what} cannot be reached{reason}.",
        f"{what_ko}에 연결할 수 없습니다{reason}.",
        fix_en="Check address, user and network of the source, then run again.",
        fix_ko="원천의 주소, 계정, 네트워크를 확인한 뒤 다시 실행하세요.",
    )
