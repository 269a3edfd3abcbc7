"""Record layouts (서식) as data: which field stands where in which record of which claim kind.

The CSV tables of a scheme's ``layouts/`` folder are the only place where a position is written. ``records.csv``
lists every record of every kind with its file; ``<kind>_<record>.csv`` lists its fields; ``versions.toml`` tells how
earlier form versions differ, ``file_names.toml`` names the files that no source establishes.
Source: the tables' own README column notes; positions are 1-based bytes before the record separator.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

from cheonggu.errors import DataFileError, LayoutError
from cheonggu.layout_versions import (
    FormVersion,
    Variant,
    Versions,
    apply_variant,
    check_versions,
    load_versions,
    with_file_names,
)

TEXT, NUMBER = "an", "n"
BLANK = "B"  # required mark of a field that stays blank
REQUIRED_MARKS = {"Y", "Z", "C", "O", "B"}
KIND_MARKS = ("form_no", "treatment_form")  # code lists by which a reader tells the kinds apart


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
    def is_signed(self) -> bool:
        """A number that may be negative: only where the layout's rule says so (removed ingredient 감미)."""
        return self.is_number and "negative" in self.rule

    @property
    def is_blank_without_value(self) -> bool:
        """A number written as spaces when there is none: unused columns and references to a line or prescription."""
        return self.is_number and (
            self.required == "B" or (self.required == "C" and self.name.endswith("_no"))
        )

    @property
    def constant_code(self) -> str | None:
        """The one value this field always has, such as the record type."""
        if self.required == "Y" and self.rule.startswith("constant") and len(self.code_values) == 1:
            return next(iter(self.code_values))
        return None

    def admits(self, text: str, known: Collection[str]) -> bool:
        """Whether ``text`` (without spaces on the right) holds only codes of ``known``, as often as they may repeat.

        A code list whose codes are shorter than the field names the first characters only (가감 등 구분).
        """
        if self.repeat == "1":
            longest = max(map(len, known), default=0)
            return text in known or (
                bool(self.code_list) and longest < self.length and text[:longest] in known
            )
        _, _, size = self.repeat.rpartition(" x ")
        if not size.isdigit():
            return text in known
        step = int(size)
        return all(text[place : place + step] in known for place in range(0, len(text), step))

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
    """One record of one kind. ``length`` is the full length; ``short_length`` the shortest a reader accepts.

    ``table``: the CSV that lists the fields. ``aliases``: further file names a reader takes.
    """

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
    table: str = ""
    aliases: tuple[str, ...] = ()
    is_name_established: bool = True

    def __getitem__(self, name: str) -> Field:
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    @cached_property
    def _by_name(self) -> dict[str, Field]:
        return {one.name: one for one in self.fields}

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.fields)

    def accepts_length(self, length: int) -> bool:
        """Whether a reader takes a record of so many bytes: full, without its optional tail, or a detail text
        (특정내역) that stops at its real end."""
        last = self.fields[-1]
        if length in (self.length, self.short_length):
            return True
        return last.name == "detail_text" and last.start <= length < self.length


@dataclass(frozen=True)
class HeaderSum:
    """One row of ``header_sums.csv``: a header column that is a sum (or the count) over statements."""

    header_field: str
    statement_field: str  # empty for the count of statements
    rule: str


class LayoutCatalogue:
    """All layouts of one scheme, read once from its folder."""

    def __init__(
        self,
        layouts: dict[tuple[str, str], Layout],
        sums: dict[str, tuple[HeaderSum, ...]],
        versions: Versions | None = None,
        marks: dict[str, dict[str, frozenset[str]]] | None = None,
    ) -> None:
        self._layouts = layouts
        self._sums = sums
        self._versions = versions or Versions()
        self._marks = marks or {}
        self._variants: dict[tuple[str, str], tuple[tuple[Variant, Layout], ...]] = {
            key: tuple(
                (one, apply_variant(layout, one)) for one in self._of_table(layout) if one.is_delivered
            )
            for key, layout in layouts.items()
        }

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(kind for kind, _ in self._layouts))

    def layout(self, kind: str, record: str, version: str | None = None) -> Layout:
        """The layout of one record in a form version, the current one without; KeyError names what is known.

        ``version``: the header's form version for record H, the statement form version for the others. LayoutError
        for a version whose positions nobody has given us.
        """
        try:
            current = self._layouts[kind, record]
        except KeyError:
            raise KeyError(f"no layout for record {record!r} of kind {kind!r}; kinds: {self.kinds}") from None
        if version is None:
            return current
        for variant, layout in self._variants[kind, record]:
            if variant.covers(version):
                return layout
        if any(one.covers(version) for one in self.undelivered(kind, record)):
            raise LayoutError(
                f"The positions of version {version} of {kind} {record} are not known.",
                f"{kind} {record} 서식버전 {version}의 항목 위치를 알 수 없습니다.",
                fix_en="Add the layout table of that version.",
                fix_ko="해당 버전의 서식 표를 추가하세요.",
            )
        return current

    def variants(self, kind: str, record: str) -> tuple[Layout, ...]:
        """Every layout the record has or had, the current one first."""
        current = self.layout(kind, record)
        return (current, *(layout for _, layout in self._variants[kind, record]))

    def undelivered(self, kind: str, record: str) -> tuple[Variant, ...]:
        """Earlier versions that are known to differ, but not how."""
        return tuple(one for one in self._of_table(self.layout(kind, record)) if not one.is_delivered)

    def form(self, kind: str, care_month: date) -> FormVersion:
        """The version digits a claim for this care month carries; InputError outside the known range."""
        return self._versions.form(kind, care_month)

    @property
    def forms(self) -> tuple[FormVersion, ...]:
        """Every dated form version, oldest first within its kind."""
        return self._versions.forms

    def knows_version(self, kind: str, record: str, version: str) -> bool:
        """Whether this version of a record is one we can write."""
        known = {version_of(one, record) for one in self._versions.forms if one.kind == kind}
        covered = any(variant.covers(version) for variant, _ in self._variants[kind, record])
        hidden = any(one.covers(version) for one in self.undelivered(kind, record))
        return (version in known or covered) and not hidden

    def records(self, kind: str, form: FormVersion | None = None) -> tuple[Layout, ...]:
        """The layouts of a kind in file order, header first; those of ``form`` when given."""
        found = (record for one, record in self._layouts if one == kind)
        return tuple(self.layout(kind, one, version_of(form, one) if form else None) for one in found)

    def marks(self, kind: str, record: str, name: str) -> frozenset[str]:
        """Values of a field by which a reader tells the kind: from the layout itself or the code list it names."""
        layout = self.layout(kind, record)
        if name not in layout:
            return frozenset()
        one = layout[name]
        return frozenset(one.code_values) or self._marks.get(one.code_list or "", {}).get(kind, frozenset())

    def _of_table(self, layout: Layout) -> tuple[Variant, ...]:
        return self._versions.of_table(layout.table) if layout.table else ()

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
        if (names := folder / "file_names.toml").is_file():
            layouts = with_file_names(names, layouts)
        sums: dict[str, list[HeaderSum]] = {}
        for _, row in _rows(folder / "header_sums.csv"):
            sums.setdefault(row["kind"], []).append(
                HeaderSum(row["header_field"], row["statement_field"], row["rule"])
            )
        versions = None
        if (path := folder / "versions.toml").is_file():
            versions = load_versions(path)
            check_versions(path, layouts, versions)
        marks = {name: _codes_by_kind(folder.parent / "codes" / f"{name}.csv") for name in KIND_MARKS}
        return cls(layouts, {kind: tuple(rows) for kind, rows in sums.items()}, versions, marks)


def _codes_by_kind(path: Path) -> dict[str, frozenset[str]]:
    """Kind → codes of a code list beside the layouts; nothing when a scheme has no such list."""
    found: dict[str, set[str]] = {}
    for _, row in _rows(path) if path.is_file() else ():
        for kind in filter(None, row["kind"].split(";")):
            found.setdefault(kind, set()).add(row["code"])
    return {kind: frozenset(codes) for kind, codes in found.items()}


def version_of(form: FormVersion, record: str) -> str:
    """The version digits that decide the layout of a record."""
    return form.header if record == "H" else form.statement


def _layout(folder: Path, number: int, row: dict[str, str]) -> Layout:
    fields = _fields(folder / row["layout"])
    length = int(row["bytes"])
    if fields[-1].end != length:
        raise odd_row(
            folder / "records.csv", number, f"says {length} bytes, the fields end at {fields[-1].end}"
        )
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
        table=row["layout"].removesuffix(".csv"),
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
