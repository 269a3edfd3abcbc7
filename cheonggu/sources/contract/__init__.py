"""The source contract (원천자료 계약): which views a hospital provides, with which columns, types and keys.

``contract.csv`` and ``optional.csv`` are the only places where a column is written down. Adapters, the sample hospital,
validation and ``docs/source-contract.md`` (``python -m cheonggu.sources.contract``) all follow them. Column names are
those of the SAM layouts wherever a column travels on the wire.

``optional.csv`` holds the views a hospital may leave out: rules of the pre-check that ask one are reported as not
checked while it is absent.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from cheonggu.errors import DataFileError
from cheonggu.layouts import odd_row

CONTRACT_FILE = Path(__file__).parent.with_name("contract.csv")
OPTIONAL_FILE = CONTRACT_FILE.with_name("optional.csv")
HEADINGS = [
    "view",
    "column",
    "type",
    "length",
    "key",
    "required",
    "codes",
    "personal",
    "name_ko",
    "meaning",
]
TEXT, INT, DATE = "text", "int", "date"
ARROW_TYPES = {TEXT: pa.string(), INT: pa.int64(), DATE: pa.date32()}
REQUIRED_MARKS = {"Y", "Z", "C", "O"}  # always, amount (computed when null), conditional, optional
MAX_DIGITS = 18  # what an int64 holds for certain
MAIN_KEY = "statement_key"


@dataclass(frozen=True)
class Column:
    """One column of a view. ``length``: bytes in CP949 of a text, digits of an int, 0 for a date."""

    view: str
    name: str
    type: str
    length: int
    key: int  # 1-based place in the key of the view, 0 outside it
    required: str
    codes: str
    is_personal: bool
    name_ko: str
    meaning: str

    @property
    def code_list(self) -> str | None:
        """Name of the code list the values come from."""
        return self.codes[1:] if self.codes.startswith("@") else None

    @property
    def code_values(self) -> dict[str, str]:
        """Values written into the contract itself, value → meaning."""
        if not self.codes or self.code_list:
            return {}
        return dict(part.partition(":")[::2] for part in self.codes.split("|"))

    @property
    def arrow_type(self) -> pa.DataType:
        return ARROW_TYPES[self.type]


@dataclass(frozen=True)
class Contract:
    """All views in contract order: those every hospital provides and those it may leave out."""

    required_columns: tuple[Column, ...] = field(repr=False)
    optional_columns: tuple[Column, ...] = field(repr=False, default=())

    @property
    def all_columns(self) -> tuple[Column, ...]:
        return self.required_columns + self.optional_columns

    @cached_property
    def views(self) -> tuple[str, ...]:
        """Views every hospital provides."""
        return tuple(dict.fromkeys(one.view for one in self.required_columns))

    @cached_property
    def optional_views(self) -> tuple[str, ...]:
        """Views a hospital may leave out."""
        return tuple(dict.fromkeys(one.view for one in self.optional_columns))

    @cached_property
    def main_view(self) -> str:
        """The view with one row per thing to be claimed: its key is ``statement_key`` alone."""
        return next(view for view in self.views if self.key(view) == (MAIN_KEY,))

    @cached_property
    def _by_view(self) -> dict[str, tuple[Column, ...]]:
        every = (*self.views, *self.optional_views)
        return {view: tuple(one for one in self.all_columns if one.view == view) for view in every}

    def columns(self, view: str) -> tuple[Column, ...]:
        """The columns of a view in contract order; KeyError names the known views."""
        try:
            return self._by_view[view]
        except KeyError:
            raise KeyError(
                f"no view {view!r} in the source contract; views: {tuple(self._by_view)}"
            ) from None

    def column(self, view: str, name: str) -> Column:
        """One column; KeyError when the view has no such column."""
        for one in self.columns(view):
            if one.name == name:
                return one
        raise KeyError(f"view {view!r} has no column {name!r} in the source contract")

    def has(self, view: str, name: str) -> bool:
        return any(one.name == name for one in self.columns(view))

    def key(self, view: str) -> tuple[str, ...]:
        """Names of the columns that identify a row of the view, in order."""
        keyed = sorted((one.key, one.name) for one in self.columns(view) if one.key)
        return tuple(name for _, name in keyed)

    def arrow_schema(self, view: str) -> pa.Schema:
        """Schema of the tables every source returns: text string, int int64, date date32; all may be null."""
        return pa.schema([pa.field(one.name, one.arrow_type) for one in self.columns(view)])


def load_contract(path: Path, optional: Path | None = None) -> Contract:
    """Read and check the contract's tables; anything odd is a DataFileError that names file and row."""
    columns = _read_columns(path, [])
    further = _read_columns(optional, columns) if optional else []
    contract = Contract(tuple(columns), tuple(further))
    _check_keys(path, contract, columns)
    if optional:
        _check_keys(optional, contract, further)
    return contract


def _read_columns(path: Path, before: list[Column]) -> list[Column]:
    columns: list[Column] = []
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            if reader.fieldnames != HEADINGS:
                raise odd_row(path, 1, f"the headings are not {','.join(HEADINGS)}")
            for number, row in enumerate(reader, start=2):
                columns.append(_column(path, number, row, before + columns))
    except OSError as error:
        raise DataFileError(
            f"{path.name} cannot be read: {error.strerror}.", f"{path.name} 파일을 읽을 수 없습니다."
        ) from error
    return columns


def _column(path: Path, number: int, row: dict[str, str], before: list[Column]) -> Column:
    for problem in _problems(row, before):
        raise odd_row(path, number, problem)
    return Column(
        view=row["view"],
        name=row["column"],
        type=row["type"],
        length=int(row["length"] or 0),
        key=int(row["key"] or 0),
        required=row["required"],
        codes=row["codes"],
        is_personal=row["personal"] == "Y",
        name_ko=row["name_ko"],
        meaning=row["meaning"],
    )


def _problems(row: dict[str, str], before: list[Column]) -> Iterator[str]:
    """What is odd about a row, the first of which is reported."""
    if None in row or None in row.values():
        yield f"has not {len(HEADINGS)} columns"
        return
    name, view = row["column"], row["view"]
    for part, text in (("view", view), ("column", name)):
        if not text.replace("_", "").isalnum() or text != text.lower() or not text[0].isalpha():
            yield f"{part} {text!r} is not a plain lower-case name"
    if any((one.view, one.name) == (view, name) for one in before):
        yield f"{view}.{name} stands twice"
    if before and before[-1].view != view and any(one.view == view for one in before):
        yield f"the rows of view {view} do not stand together"
    if row["type"] not in ARROW_TYPES:
        yield f"type {row['type']!r} is not text, int or date"
    elif (row["type"] == DATE) != (row["length"] == ""):
        yield "a date has no length, every other type needs one"
    elif row["length"] and not (row["length"].isdigit() and int(row["length"]) > 0):
        yield f"length {row['length']!r} is not a positive number"
    elif row["type"] == INT and int(row["length"]) > MAX_DIGITS:
        yield f"more than {MAX_DIGITS} digits do not fit an int"
    if row["key"] and not row["key"].isdigit():
        yield f"key {row['key']!r} is not a number"
    if row["required"] not in REQUIRED_MARKS:
        yield f"required mark {row['required']!r} is not Y, Z, C or O"
    if row["required"] == "Z" and row["type"] != INT:
        yield "only an int may be an amount (Z)"
    if row["personal"] not in ("", "Y"):
        yield f"personal {row['personal']!r} is not Y or empty"
    yield from _odd_codes(row["codes"])
    if not row["name_ko"] or not row["meaning"]:
        yield "lacks a Korean name or a meaning"


def _odd_codes(codes: str) -> Iterator[str]:
    if not codes or (codes.startswith("@") and codes[1:].replace("_", "").isalnum()):
        return
    parts = codes.split("|")
    if not all(value and meaning for value, _, meaning in (part.partition(":") for part in parts)):
        yield f"codes {codes!r} are neither @list nor value:meaning|value:meaning"


def _check_keys(path: Path, contract: Contract, columns: list[Column]) -> None:
    if not columns:
        raise odd_row(path, 1, "there is no view")
    for view in dict.fromkeys(one.view for one in columns):
        places = sorted(one.key for one in contract.columns(view) if one.key)
        if places != list(range(1, len(places) + 1)) or not places:
            last = max(number for number, one in enumerate(columns, start=2) if one.view == view)
            raise odd_row(path, last, f"the key of view {view} is not numbered from 1 without gaps")
    if all(contract.key(view) != (MAIN_KEY,) for view in contract.views):
        raise odd_row(path, 1, f"no view has {MAIN_KEY} alone as its key")


CONTRACT = load_contract(CONTRACT_FILE, OPTIONAL_FILE)

# Columns whose values may never stand in a log, an exception, a finding or an event.
PERSONAL_COLUMNS = frozenset(one.name for one in CONTRACT.all_columns if one.is_personal)
