"""The simulator's own reader of SAM sets: it shares the layout tables with the product and no line of code.

It reads the tables with the ``csv`` module, slices records byte by byte and streams whole statements, so that a
mistake in our writer is not forgiven by the same mistake here. Source: ``schemes/hira/layouts`` (README there:
files per claim, bytes, short forms, order).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cheonggu.errors import DataFileError

DATA = Path(__file__).resolve().parents[1] / "schemes" / "hira"
MARKER = "MEDLOG.ENC"
RESULT = "ExamResult.txt"
# Split kinds travel as fixed file names; the first general file tells which kinds it may be.
SPLIT_KINDS = {
    "K020.1": ("korean_medicine", "herbal_decoction"),
    "H040.1": ("medical_aid_flat",),
    "D020.1": ("drg",),
}
DECOCTION_FORMS = ("F", "G")  # header treatment_form that makes K020 a decoction claim


@dataclass(frozen=True)
class Column:
    """One field: half-open byte range, whether it is a number, and the table's required mark."""

    name: str
    start: int
    end: int
    is_number: bool
    required: str

    def fits(self, body: bytes) -> bool:
        """Whether the bytes are what the mark asks for: digits, something, or nothing."""
        piece = body[self.start : self.end]
        text = piece.strip(b" ")
        if self.required == "B":
            return not text
        if self.is_number:
            if self.name == "line_amount":  # negative for a removed ingredient (감미)
                text = text.removeprefix(b"-")
            return text.isdigit() if text else self.required not in ("Y", "Z")
        return bool(text) or self.required != "Y"


@dataclass(frozen=True)
class Record:
    """One record of one kind: ``length`` in bytes without the separator, ``short`` the shortest allowed."""

    kind: str
    letter: str
    file: str
    length: int
    short: int
    columns: dict[str, Column] = field(repr=False)

    def text(self, body: bytes, name: str) -> str:
        """A field without the spaces behind it; empty when the record has no such field."""
        column = self.columns.get(name)
        return (
            "" if column is None else body[column.start : column.end].decode("cp949", "replace").rstrip(" ")
        )

    def number(self, body: bytes, name: str) -> int:
        """A number as it stands on the wire, 0 when blank, absent or no number."""
        column = self.columns.get(name)
        piece = b"" if column is None else body[column.start : column.end].strip(b" ")
        return int(piece) if piece.isdigit() else 0

    def allows_length(self, length: int) -> bool:
        """Full length, the documented short form, or a detail text that stops at its real length."""
        if length == self.length or (self.short and length == self.short):
            return True
        text = self.columns.get("detail_text")
        return text is not None and self.kind != "korean_medicine" and text.start < length < self.length

    def unfit_columns(self, body: bytes) -> list[str]:
        """Names of fields whose bytes are not what the table asks for. Zero-filled records take the fast way."""
        if self._as_written.fullmatch(body):
            return []
        return [one.name for one in self.columns.values() if one.end <= len(body) and not one.fits(body)]

    @cached_property
    def _as_written(self) -> re.Pattern[bytes]:
        return re.compile("".join(_shape(one) for one in self.columns.values()).encode("ascii"), re.DOTALL)


def _shape(column: Column) -> str:
    size = column.end - column.start
    if column.required == "B":
        return f" {{{size}}}"
    if column.is_number:
        return f"[0-9]{{{size}}}" if column.required in ("Y", "Z") else f"(?:[0-9]{{{size}}}| {{{size}}})"
    return f"(?! {{{size}}}).{{{size}}}" if column.required == "Y" else f".{{{size}}}"


@dataclass(frozen=True)
class SumRule:
    """A header field that is the sum of a statement field."""

    header_field: str
    statement_field: str


class SamTables:
    """The layout tables of HIRA's claims, as this reader understands them."""

    def __init__(self, folder: Path = DATA / "layouts") -> None:
        self.records: dict[tuple[str, str], Record] = {}
        self.sums: dict[str, list[SumRule]] = {}
        for row in _rows(folder / "records.csv"):
            self.records[row["kind"], row["record"]] = Record(
                kind=row["kind"],
                letter=row["record"],
                file=row["file"],
                length=int(row["bytes"]),
                short=int(row["bytes_short"] or 0),
                columns={one.name: one for one in _columns(folder / row["layout"])},
            )
        for row in _rows(folder / "header_sums.csv"):
            if row["statement_field"]:
                self.sums.setdefault(row["kind"], []).append(
                    SumRule(row["header_field"], row["statement_field"])
                )

    def of_kind(self, kind: str) -> dict[str, Record]:
        """Letter → record of one kind, header first."""
        return {letter: one for (name, letter), one in self.records.items() if name == kind}


def _columns(path: Path) -> Iterator[Column]:
    for row in _rows(path):
        start, length = int(row["start"]) - 1, int(row["length"])
        yield Column(row["name_en"], start, start + length, row["type"] == "n", row["required"])


def _rows(path: Path) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            yield from csv.DictReader(stream)
    except OSError as error:
        raise DataFileError(
            f"{path.name} cannot be read: {error.strerror}.", f"{path.name} 파일을 읽을 수 없습니다."
        ) from error


@dataclass(frozen=True)
class Line:
    """One record as read: where it stands, its bytes and whether CR LF ended it."""

    file: str
    number: int
    letter: str
    body: bytes
    ending: bytes


@dataclass(frozen=True)
class SamSet:
    """A set of files of one claim, with the kind they were recognised as."""

    kind: str
    records: dict[str, Record]
    header_file: Path
    files: dict[str, Path]  # letter → file; all the same file in a combined set

    @property
    def is_combined(self) -> bool:
        return len(set(self.files.values())) == 1

    def header(self) -> Line | None:
        return next(_lines(self.header_file, "H"), None)

    def statements(self) -> Iterator[list[Line]]:
        """Whole statements in file order, the general record first; a stray record comes as its own group."""
        if self.is_combined:
            yield from _combined(self.header_file, self.records)
        else:
            yield from _split(self.files, self.records)


def open_set(folder: Path, tables: SamTables) -> SamSet | None:
    """Recognise the claim in a folder by its file names; None when it is not exactly one claim we know."""
    names = {path.name: path for path in sorted(folder.iterdir()) if path.name not in (MARKER, RESULT)}
    combined = [name for name in names if name.lower().endswith(".ghp")]
    if len(combined) == 1 and len(names) == 1:
        path = names[combined[0]]
        kind = "new_drg" if _second_record_form(path, tables).startswith("P") else "medical_dental"
        records = tables.of_kind(kind)
        return SamSet(kind, records, path, dict.fromkeys(records, path))
    for general, kinds in SPLIT_KINDS.items():
        if general in names and "H010" in names:
            kind = kinds[-1] if len(kinds) > 1 and _is_decoction(names["H010"], tables) else kinds[0]
            records = tables.of_kind(kind)
            wanted = {record.file for record in records.values()}
            if wanted <= set(names) <= wanted | {"H060"}:
                files = {letter: names[record.file] for letter, record in records.items()}
                return SamSet(kind, records, names["H010"], files)
    return None


def _second_record_form(path: Path, tables: SamTables) -> str:
    """Statement form of the first general record: it stands at the same bytes in both combined kinds."""
    lines = _lines(path, "")
    next(lines, None)
    second = next(lines, None)
    return "" if second is None else tables.records["medical_dental", "A"].text(second.body, "form_no")


def _is_decoction(path: Path, tables: SamTables) -> bool:
    line = next(_lines(path, "H"), None)
    header = tables.records["herbal_decoction", "H"]
    return line is not None and header.text(line.body, "treatment_form") in DECOCTION_FORMS


def _lines(path: Path, letter: str) -> Iterator[Line]:
    with path.open("rb") as stream:
        for number, raw in enumerate(stream, start=1):
            body = raw.rstrip(b"\r\n")
            yield Line(path.name, number, letter, body, raw[len(body) :])


def _combined(path: Path, records: dict[str, Record]) -> Iterator[list[Line]]:
    place = records["A"].columns["record_type"].start
    group: list[Line] = []
    for line in _lines(path, ""):
        if line.number == 1:
            continue
        letter = line.body[place : place + 1].decode("ascii", "replace")
        one = Line(line.file, line.number, letter, line.body, line.ending)
        if letter == "A" and group:
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def _split(files: dict[str, Path], records: dict[str, Record]) -> Iterator[list[Line]]:
    """Join the files on the statement serial; each file must be in the order of the general file."""
    key = slice(records["A"].columns["statement_no"].start, records["A"].columns["statement_no"].end)
    others = {letter: _lines(path, letter) for letter, path in files.items() if letter not in "HA"}
    heads = {letter: next(lines, None) for letter, lines in others.items()}
    for general in _lines(files["A"], "A"):
        group = [general]
        for letter, lines in others.items():
            head = heads[letter]
            while head is not None and head.body[key] == general.body[key]:
                group.append(head)
                head = next(lines, None)
            heads[letter] = head
        yield group
    for letter, lines in others.items():
        head = heads[letter]
        if head is not None:  # what is left belongs to no statement, or stands out of order
            yield [head]
            yield from ([line] for line in lines)
