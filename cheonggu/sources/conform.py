"""From what a driver returned to the contract's Arrow schema, or a ContractError that names the place.

Where a database has no types of its own, an adapter marks a value of the wrong type with ``WRONG_TEXT`` or
``WRONG_INT``; here the mark becomes the error. No value is ever quoted: a place is a statement key or, in views
without one, the provider.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.errors import ContractError
from cheonggu.sources.base import needed_columns, wrong_value
from cheonggu.sources.contract import DATE, INT, Column, Contract

WRONG_TEXT = "\x1b"
WRONG_INT = -(2**63)
ISO_DAY = r"^\d{4}-\d{2}-\d{2}$"


def conform(
    contract: Contract, view: str, raw: Mapping[str, pa.ChunkedArray], columns: Sequence[str] | None = None
) -> pa.Table:
    """Contract columns of ``raw`` with the contract's types, sorted by key.

    ``raw`` holds at least the chosen columns and the key. Raises ContractError for a value of the wrong type.
    """
    place = _Places(contract, view, raw)
    arrays = {
        one.name: _converted(one, raw[one.name], place) for one in needed_columns(contract, view, columns)
    }
    schema = pa.schema([contract.arrow_schema(view).field(name) for name in arrays])
    table = sorted_by_key(contract.key(view), pa.table(list(arrays.values()), schema=schema))
    return table if columns is None else table.select([n for n in schema.names if n in set(columns)])


class _Places:
    """Words for a row: its statement, else its provider; only built when something is wrong."""

    def __init__(self, contract: Contract, view: str, raw: Mapping[str, pa.ChunkedArray]) -> None:
        self.name = "statement_key" if contract.has(view, "statement_key") else "provider_code"
        self.keys = raw.get(self.name)

    def first(self, column: Column, is_wrong: pa.ChunkedArray) -> str:
        """The smallest key among the wrong rows, whatever order they came in."""
        if column.name == self.name or self.keys is None or not _is_text(self.keys.type):
            return f", {pc.sum(is_wrong).as_py()} row(s)"
        keys = _plain_text(self.keys).filter(is_wrong)
        return f", first at {self.name} {pc.min(pc.utf8_rtrim(keys, characters=' ')).as_py()}"


def _converted(column: Column, raw: pa.ChunkedArray, place: _Places) -> pa.ChunkedArray:
    if not len(raw):  # without a row SQLite's driver cannot tell a type
        return pa.chunked_array([], column.arrow_type)
    if column.type == INT:
        return _whole_numbers(column, raw, place)
    if column.type == DATE:
        return _days(column, raw, place)
    return _text(column, raw, place)


def _text(column: Column, raw: pa.ChunkedArray, place: _Places) -> pa.ChunkedArray:
    if not (_is_text(raw.type) or pa.types.is_null(raw.type)):
        raise wrong_type(column, str(raw.type))
    array = _plain_text(raw)
    _refuse(column, pc.equal(array, WRONG_TEXT), place)
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        raise wrong_value(
            column, "", "holds bytes that are not UTF-8", "UTF-8이 아닌 바이트가 있습니다"
        ) from None
    return pc.fill_null(pc.utf8_rtrim(array, characters=" "), "")


def _whole_numbers(column: Column, raw: pa.ChunkedArray, place: _Places) -> pa.ChunkedArray:
    if pa.types.is_null(raw.type):
        return raw.cast(pa.int64())
    if not (pa.types.is_integer(raw.type) or pa.types.is_decimal(raw.type)):
        raise wrong_type(column, str(raw.type))
    try:
        array = raw.cast(pa.int64())
    except pa.ArrowInvalid:  # a fraction, or too large
        rounded = pc.equal(pc.round(raw.cast(pa.decimal256(60, 20))), raw.cast(pa.decimal256(60, 20)))
        _refuse(column, pc.invert(rounded), place)
        raise wrong_type(column, str(raw.type)) from None
    _refuse(column, pc.equal(array, WRONG_INT), place)
    return array


def _days(column: Column, raw: pa.ChunkedArray, place: _Places) -> pa.ChunkedArray:
    if pa.types.is_date32(raw.type) or pa.types.is_null(raw.type):
        return raw.cast(pa.date32())
    if not _is_text(raw.type):
        raise wrong_type(column, str(raw.type))
    # Days repeat: parse each distinct text once, then spread the result over the rows.
    codes = _plain_text(raw).combine_chunks().dictionary_encode()
    codes = codes.combine_chunks() if isinstance(codes, pa.ChunkedArray) else codes
    texts = codes.dictionary
    days = pc.strptime(texts, format="%Y-%m-%d", unit="s", error_is_null=True).cast(pa.date32())
    # Written back, a day that does not exist (2026-02-30) looks different from what was read.
    is_same = pc.fill_null(pc.equal(days.cast(pa.string()), texts), False)
    is_odd = pc.invert(pc.or_(is_same, pc.equal(texts, "")))
    if pc.any(is_odd).as_py():
        _refuse(column, pa.chunked_array([pc.fill_null(is_odd.take(codes.indices), False)]), place)
    return pa.chunked_array([days.take(codes.indices)], pa.date32())


def _refuse(column: Column, is_wrong: pa.ChunkedArray, place: _Places) -> None:
    if pc.any(is_wrong).as_py():
        where = place.first(column, pc.fill_null(is_wrong, False))
        raise wrong_value(column, where, "a value of another type", "다른 형식의 값")


def wrong_type(column: Column, database_type: str) -> ContractError:
    """The whole column is of a type that the contract does not allow."""
    return wrong_value(column, "", f"is of type {database_type}", f"형식이 {database_type}입니다")


def is_convertible(column: Column, kind: pa.DataType) -> bool:
    """Whether a column of an exactly typed file can keep the contract (values still decide for decimals)."""
    if pa.types.is_null(kind):
        return True
    if column.type == INT:
        return bool(pa.types.is_integer(kind) or pa.types.is_decimal(kind))
    return bool(pa.types.is_date32(kind)) if column.type == DATE else _is_text(kind)


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _plain_text(array: pa.ChunkedArray) -> pa.ChunkedArray:
    return array if pa.types.is_string(array.type) else array.cast(pa.string())


def sorted_by_key(key: Sequence[str], table: pa.Table) -> pa.Table:
    """Rows in key order; a table that already stands in order is returned as it is."""
    if is_sorted(table, key):
        return table
    return table.take(pc.sort_indices(table, sort_keys=[(name, "ascending") for name in key]))


def is_sorted(table: pa.Table, key: Sequence[str]) -> bool:
    """Whether each row's key is at least the one before (nulls count as out of order)."""
    if table.num_rows < 2:
        return True
    decided: pa.Array | None = None  # per pair of rows: ascending so far; equal pairs look at the next column
    for name in reversed(key):
        column = table[name].combine_chunks()
        before, after = column.slice(0, table.num_rows - 1), column.slice(1)
        rising = pc.less(before, after) if decided is not None else pc.less_equal(before, after)
        decided = rising if decided is None else pc.or_(rising, pc.and_(pc.equal(before, after), decided))
    return bool(pc.all(pc.fill_null(decided, False)).as_py())
