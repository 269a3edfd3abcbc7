"""The obvious way: claim records written with f-strings and read with slices, one row at a time.

Kept honest as the thing one would write by hand for this one kind: no needless work, Hangul padded by bytes, every
value converted, the same bytes as the vectorised writer. It is generated from the layout once, as a careful person
would type it, so that it has no loop over fields at run time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from cheonggu.layouts import Layout

HANGUL = {"subscriber_name", "patient_name", "claimant_name", "detail_text"}


def pad(text: str, length: int) -> str:
    """``text`` filled with spaces to ``length`` bytes of CP949."""
    return text + " " * (length - len(text.encode("cp949")))


def make_writer(layout: Layout) -> Callable[..., str]:
    """A function of the record's values that returns its line: one f-string."""
    parts = []
    for field in layout.fields:
        if field.is_blank_without_value:
            parts.append("{" + f"{field.name}:>{field.length}" + "}")
        elif field.is_number:
            parts.append("{" + f"{field.name}:0{field.length}d" + "}")
        elif field.name in HANGUL:
            parts.append("{pad(" + f"{field.name}, {field.length})" + "}")
        else:
            parts.append("{" + f"{field.name}:<{field.length}" + "}")
    source = f"def write({', '.join(layout.names)}):\n    return f{(''.join(parts))!r}\n"
    scope: dict[str, Any] = {"pad": pad}
    exec(source, scope)
    return scope["write"]  # type: ignore[no-any-return]


def make_reader(layout: Layout) -> Callable[[bytes], tuple[Any, ...]]:
    """A function from the bytes of a record to its values: one slice per field."""
    parts = []
    for field in layout.fields:
        piece = f"line[{field.start - 1}:{field.end}]"
        if field.is_blank_without_value:
            parts.append(f"int({piece}) if {piece}.strip() else None")
        elif field.is_number:
            parts.append(f"int({piece})")
        else:
            parts.append(f"{piece}.decode('cp949').rstrip()")
    scope: dict[str, Any] = {}
    exec(f"def read(line):\n    return ({', '.join(parts)})\n", scope)
    return scope["read"]  # type: ignore[no-any-return]


def write_rows(layouts: dict[str, Layout], rows: dict[str, list[tuple[Any, ...]]]) -> bytes:
    """All records in statement order as one piece of bytes; rows of each record are in statement order."""
    writers = {record: make_writer(layout) for record, layout in layouts.items()}
    lines = [writers["H"](*row) for row in rows["H"]]
    followers = {record: _Run(rows[record]) for record in rows if record not in ("H", "A")}
    for row in rows["A"]:
        lines.append(writers["A"](*row))
        for record, run in followers.items():
            write = writers[record]
            for one in run.of(row[1]):
                lines.append(write(*one))
    lines.append("")
    return "\r\n".join(lines).encode("cp949")


class _Run:
    """Rows of one record, taken statement by statement."""

    def __init__(self, rows: list[tuple[Any, ...]]) -> None:
        self.rows, self.place = rows, 0

    def of(self, statement_no: str) -> Iterator[tuple[Any, ...]]:
        while self.place < len(self.rows) and self.rows[self.place][1] == statement_no:
            yield self.rows[self.place]
            self.place += 1


def read_rows(path: Path, layouts: dict[str, Layout]) -> dict[str, list[tuple[Any, ...]]]:
    """All records as tuples of values, told apart by the record type at byte 16."""
    readers = {record: make_reader(layout) for record, layout in layouts.items()}
    found: dict[str, list[tuple[Any, ...]]] = {record: [] for record in layouts}
    with path.open("rb") as stream:
        found["H"].append(readers["H"](next(stream)))
        by_type = {
            ord(record): (readers[record], found[record].append) for record in layouts if record != "H"
        }
        for line in stream:
            read, keep = by_type[line[15]]
            keep(read(line))
    return found


def as_rows(columns: Iterable[list[Any]]) -> list[tuple[Any, ...]]:
    """Columns as the tuples a row-by-row program would hold."""
    return list(zip(*columns, strict=True))
