"""The tables a pre-check rule may ask, declared as data: ``tables.csv`` beside the rules, and the record layouts.

``tables.csv`` has one row per column: ``table,use,column,type,role,personal,meaning``.

- ``use``: ``core`` tables are always there (an absent one counts as empty), ``optional`` ones may be absent: rules
  that need them must say so in ``requires`` and are then reported as not checked.
- ``type``: ``text``, ``int``, ``date``, ``bool``; or ``@H`` … ``@F`` with column ``*`` for all columns any claim kind
  has in that record. A column that is text in one kind and a number in another is text here.
- ``role``: which place in a finding the column fills (``statement_no line_no file record``), or ``format:<list>``
  for the column with the codes whose formats that list gives.
- ``personal``: ``Y`` for columns that may never be written into a finding.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.errors import InputError
from cheonggu.layouts import Layout, LayoutCatalogue, odd_row

CORE, OPTIONAL = "core", "optional"
ARROW_TYPES = {"text": pa.string(), "int": pa.int64(), "date": pa.date32(), "bool": pa.bool_()}
ROLES = ("statement_no", "line_no", "file", "record")
FORMAT_ROLE = "format:"


@dataclass(frozen=True)
class Column:
    """One column: ``type`` is text, int, date or bool; ``role`` the place in a finding it fills, or empty.

    ``meaning``: what it holds, for people; a wire column's is its official Korean name.
    """

    name: str
    type: str
    role: str
    personal: bool
    meaning: str = ""


@dataclass(frozen=True)
class Table:
    """One declared table. ``letter`` is the record letter of a wire table, else empty."""

    name: str
    use: str
    letter: str
    columns: tuple[Column, ...]

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([(one.name, ARROW_TYPES[one.type]) for one in self.columns])

    @property
    def roles(self) -> dict[str, str]:
        """Place in a finding → column that fills it."""
        return {one.role: one.name for one in self.columns if one.role in ROLES}


class TableSet:
    """Every declared table by name."""

    def __init__(self, tables: Iterable[Table]) -> None:
        self.tables: dict[str, Table] = {one.name: one for one in tables}

    @property
    def core(self) -> tuple[Table, ...]:
        return tuple(one for one in self.tables.values() if one.use == CORE)

    @property
    def optional(self) -> tuple[Table, ...]:
        return tuple(one for one in self.tables.values() if one.use == OPTIONAL)

    def format_column(self, list_name: str) -> tuple[str, str] | None:
        """Table and column whose codes have their formats in that list."""
        for table in self.tables.values():
            for column in table.columns:
                if column.role == f"{FORMAT_ROLE}{list_name}":
                    return table.name, column.name
        return None

    @property
    def personal_columns(self) -> frozenset[str]:
        """Names of columns that may not stand in the ``detail`` of a finding."""
        return frozenset(
            column.name for table in self.tables.values() for column in table.columns if column.personal
        )


def load_tables(path: Path, layouts: LayoutCatalogue) -> TableSet:
    """Read ``tables.csv``; DataFileError names file and row of anything odd."""
    uses: dict[str, str] = {}
    letters: dict[str, str] = {}
    columns: dict[str, list[Column]] = {}
    with path.open(encoding="utf-8", newline="") as stream:
        for number, row in enumerate(csv.DictReader(stream), start=2):
            name, use = row["table"], row["use"]
            if use not in (CORE, OPTIONAL):
                raise odd_row(path, number, f"use is {use!r}, want core or optional")
            if uses.setdefault(name, use) != use:
                raise odd_row(path, number, f"{name} is both core and optional")
            own = columns.setdefault(name, [])
            if row["type"].startswith("@"):
                letters[name] = row["type"][1:]
                own.extend(_wire_columns(layouts, letters[name]))
                if not own:
                    raise odd_row(path, number, f"no layout has record {letters[name]!r}")
                continue
            _add_column(path, number, row, own)
    return TableSet(Table(name, uses[name], letters.get(name, ""), tuple(columns[name])) for name in columns)


def _add_column(path: Path, number: int, row: Mapping[str, str], own: list[Column]) -> None:
    """Add a column, or give a wire column its role and its personal mark."""
    if row["role"] and row["role"] not in ROLES and not row["role"].startswith(FORMAT_ROLE):
        raise odd_row(path, number, f"role is {row['role']!r}, want one of {', '.join(ROLES)}")
    known = {one.name: place for place, one in enumerate(own)}
    type_name, meaning = row["type"], ""
    if row["column"] in known:
        place = known[row["column"]]
        if type_name:
            raise odd_row(path, number, f"{row['column']} is declared twice")
        known_as = own.pop(place)
        type_name, meaning = known_as.type, known_as.meaning
    if type_name not in ARROW_TYPES:
        raise odd_row(path, number, f"type is {type_name!r}, want one of {', '.join(ARROW_TYPES)}")
    own.append(
        Column(row["column"], type_name, row["role"], row["personal"] == "Y", meaning or row["meaning"])
    )


def _wire_columns(layouts: LayoutCatalogue, letter: str) -> list[Column]:
    """All columns any kind has in that record, in the order first met."""
    types: dict[str, str] = {}
    names: dict[str, str] = {}
    for layout in layouts:
        if layout.record == letter:
            _merge_types(layout, types)
            names = {one.name: one.name_ko for one in layout.fields} | names
    return [Column(name, type_name, "", False, names[name]) for name, type_name in types.items()]


def _merge_types(layout: Layout, types: dict[str, str]) -> None:
    for one in layout.fields:
        mine = "int" if one.is_number else "text"
        types[one.name] = mine if types.get(one.name, mine) == mine else "text"


def complete(table: pa.Table, name: str, columns: Sequence[Column]) -> pa.Table:
    """The table with exactly these columns: missing ones are null, types are cast, others are left out.

    Raises InputError naming table and column when a type cannot be cast.
    """
    arrays = {}
    for column in columns:
        wanted = ARROW_TYPES[column.type]
        if column.name not in table.column_names:
            arrays[column.name] = pa.nulls(table.num_rows, wanted)
            continue
        try:
            arrays[column.name] = pc.cast(table[column.name], wanted)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise InputError(
                f"Table {name}, column {column.name}: not {wanted} as declared.",
                f"{name} 표의 {column.name} 열이 선언된 형식({wanted})이 아닙니다.",
            ) from None
    return pa.table(arrays)
