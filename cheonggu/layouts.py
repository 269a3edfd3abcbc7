"""Record layouts (서식) as data: which field stands where in which record of which claim kind.

The CSV tables of a scheme's ``layouts/`` folder are the only place where a position is written. ``records.csv``
lists every record of every kind with its file; ``<kind>_<record>.csv`` lists its fields.
Source: the tables' own README column notes; positions are 1-based bytes before the record separator.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cheonggu.errors import DataFileError

TEXT, NUMBER = "an", "n"
REQUIRED_MARKS = {"Y", "Z", "C", "O", "B"}


@dataclass(frozen=True)
class Field:
    """One field: ``start`` is 1-based, ``length`` in bytes, ``scale`` the implied decimals of a number.

    ``required``: Y always filled, Z amount or count (0 when none), C conditional, O optional, B leave blank.
    """

    name: str
    name_ko: str
    start: int
    length: int
    type: str
    scale: int
    required: str
    repeat: str
    codes: str
    rule: str

    @property
    def end(self) -> int:
        """Byte offset just past the field, so that ``record[start - 1:end]`` is its bytes."""
        return self.start - 1 + self.length

    @property
    def is_number(self) -> bool:
        return self.type == NUMBER

    @property
    def is_date(self) -> bool:
        """A CCYYMMDD text field."""
        return self.type == TEXT and self.length == 8 and self.name.endswith("_date")

    @property
    def code_list(self) -> str | None:
        """Name of the code list the values come from, when the table refers to one."""
        return self.codes[1:] if self.codes.startswith("@") else None

    @property
    def code_values(self) -> dict[str, str]:
        """Values written into the table itself, value → meaning."""
        if not self.codes or self.codes.startswith("@"):
            return {}
        return dict(part.partition(":")[::2] for part in self.codes.split("|"))


@dataclass(frozen=True)
class Layout:
    """One record of one kind. ``length`` is the full length; ``short_length`` the shortest a reader accepts."""

    kind: str
    record: str
    file: str
    name_ko: str
    name_en: str
    version: str
    length: int
    short_length: int
    optional_tail: tuple[str, ...]
    min_per_statement: int
    max_per_statement: int | None
    fields: tuple[Field, ...] = field(repr=False)

    def __getitem__(self, name: str) -> Field:
        return self._by_name()[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name()

    def _by_name(self) -> dict[str, Field]:
        return {one.name: one for one in self.fields}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.fields)


@dataclass(frozen=True)
class HeaderSum:
    """One row of ``header_sums.csv``: a header column that is a sum (or the count) over statements."""

    header_field: str
    statement_field: str  # empty for the count of statements
    rule: str


class LayoutCatalogue:
    """All layouts of one scheme, read once from its folder."""

    def __init__(self, layouts: dict[tuple[str, str], Layout], sums: dict[str, tuple[HeaderSum, ...]]) -> None:
        self._layouts = layouts
        self._sums = sums

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(kind for kind, _ in self._layouts))

    def layout(self, kind: str, record: str) -> Layout:
        """The current layout of one record; KeyError names what is known."""
        try:
            return self._layouts[kind, record]
        except KeyError:
            raise KeyError(f"no layout for record {record!r} of kind {kind!r}; kinds: {self.kinds}") from None

    def records(self, kind: str) -> tuple[Layout, ...]:
        """The layouts of a kind in file order: header first."""
        return tuple(layout for (one, _), layout in self._layouts.items() if one == kind)

    def header_sums(self, kind: str) -> tuple[HeaderSum, ...]:
        return self._sums.get(kind, ())

    def __iter__(self) -> Iterator[Layout]:
        return iter(self._layouts.values())

    @classmethod
    def from_folder(cls, folder: Path) -> LayoutCatalogue:
        """Read and check every table; anything odd is a DataFileError that names file and row."""
        layouts: dict[tuple[str, str], Layout] = {}
        for number, row in _rows(folder / "records.csv"):
            layout = _layout(folder, number, row)
            layouts[layout.kind, layout.record] = layout
        sums: dict[str, list[HeaderSum]] = {}
        for _, row in _rows(folder / "header_sums.csv"):
            sums.setdefault(row["kind"], []).append(
                HeaderSum(row["header_field"], row["statement_field"], row["rule"])
            )
        return cls(layouts, {kind: tuple(rows) for kind, rows in sums.items()})


def _layout(folder: Path, number: int, row: dict[str, str]) -> Layout:
    fields = _fields(folder / row["layout"])
    length = int(row["bytes"])
    if fields[-1].end != length:
        raise odd_row(folder / "records.csv", number, f"says {length} bytes, the fields end at {fields[-1].end}")
    return Layout(
        kind=row["kind"],
        record=row["record"],
        file=row["file"],
        name_ko=row["name_ko"],
        name_en=row["name_en"],
        version=row["version"],
        length=length,
        short_length=int(row["bytes_short"] or length),
        optional_tail=tuple(filter(None, row["optional_tail"].split(";"))),
        min_per_statement=int(row["per_statement_min"] or 0),
        max_per_statement=int(row["per_statement_max"]) if row["per_statement_max"] else None,
        fields=fields,
    )


def _fields(path: Path) -> tuple[Field, ...]:
    fields: list[Field] = []
    end = 0
    for number, row in _rows(path):
        one = Field(
            name=row["name_en"],
            name_ko=row["name_ko"],
            start=int(row["start"]),
            length=int(row["length"]),
            type=row["type"],
            scale=int(row["scale"] or 0),
            required=row["required"],
            repeat=row["repeat"],
            codes=row["codes"],
            rule=row["rule"],
        )
        if one.start != end + 1:
            raise odd_row(path, number, f"{one.name} starts at {one.start}, the field before ends at {end}")
        if one.length < 1:
            raise odd_row(path, number, f"{one.name} has length {one.length}")
        if one.type not in (TEXT, NUMBER):
            raise odd_row(path, number, f"{one.name} has type {one.type!r}, want an or n")
        if one.required not in REQUIRED_MARKS:
            raise odd_row(path, number, f"{one.name} has required mark {one.required!r}")
        if any(other.name == one.name for other in fields):
            raise odd_row(path, number, f"{one.name} stands twice")
        fields.append(one)
        end = one.end
    return tuple(fields)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a CSV with their line number (the heading is line 1)."""
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            yield from enumerate(csv.DictReader(stream), start=2)
    except OSError as error:
        raise DataFileError(
            f"{path.name} cannot be read: {error.strerror}.", f"{path.name} 파일을 읽을 수 없습니다."
        ) from error


def odd_row(path: Path, number: int, what: str) -> DataFileError:
    """The error every loader of our data files raises: file, row, what is odd."""
    return DataFileError(
        f"{path.name}, row {number}: {what}.",
        f"{path.name} {number}행: {what}.",
        fix_en="Mend the row; nothing was loaded.",
        fix_ko="해당 행을 고치세요. 아무것도 읽지 않았습니다.",
    )
