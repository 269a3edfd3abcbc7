"""Layouts of fixed-width notices, read from the field tables of the reference or from a site's own table.

Columns: ``document,group,seq,name_en,name_ko,type,length`` (more are passed over). ``type`` is ``an`` text, ``n``
number or ``d`` day as text; ``length`` in bytes, ``8.2`` for eight digits and two decimals without a point. Positions
follow from the order. A length that is missing makes the whole table odd: nothing is guessed.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from cheonggu.errors import DataFileError
from cheonggu.layouts import NUMBER, TEXT, Field, Layout, odd_row

COLUMNS = ("document", "group", "seq", "name_en", "name_ko", "type", "length")
MAX_DIGITS = 18  # what 64 bits hold
TYPES = {"an": TEXT, "d": TEXT, "n": NUMBER}
Layouts = dict[tuple[str, int], Layout]


def load_notice_layouts(path: Path) -> Layouts:
    """(form number, group number) → layout; DataFileError names file and row of what is odd."""
    fields: dict[tuple[str, int], list[Field]] = {}
    for number, row in _rows(path):
        key = (row["document"], _group(path, number, row["group"]))
        before = fields.setdefault(key, [])
        if row["seq"] != str(len(before) + 1):
            raise odd_row(path, number, f"seq is {row['seq']!r}, want {len(before) + 1}")
        if any(one.name == row["name_en"] for one in before):
            raise odd_row(path, number, f"{row['name_en']} stands twice")
        before.append(_field(path, number, row, before[-1].end if before else 0))
    return {key: _layout(key, tuple(found)) for key, found in fields.items()}


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            lacking = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if lacking:
                raise odd_row(path, 1, f"lacks column {lacking[0]}")
            for number, row in enumerate(reader, start=2):
                yield number, {name: (row[name] or "").strip() for name in COLUMNS}
    except (OSError, UnicodeDecodeError) as error:
        raise DataFileError(
            f"The layout table {path.name} cannot be read as UTF-8.",
            f"통보서 서식 표 {path.name}을(를) UTF-8로 읽을 수 없습니다.",
        ) from error


def _group(path: Path, number: int, text: str) -> int:
    last = text.rpartition(".")[2]
    if last.isdigit():
        return int(last)
    if text and not last[:1].isdigit():
        return 1  # a form of one record file
    raise odd_row(path, number, f"{text!r} is no record group")


def _field(path: Path, number: int, row: dict[str, str], end: int) -> Field:
    whole, _, decimals = row["length"].partition(".")
    if not whole.isdigit() or int(whole) < 1 or not (decimals.isdigit() or not decimals):
        raise odd_row(path, number, f"{row['name_en']} has no length in bytes")
    if row["type"] not in TYPES:
        raise odd_row(path, number, f"{row['name_en']} has type {row['type']!r}, want an, n or d")
    scale = int(decimals or 0)
    if TYPES[row["type"]] == NUMBER and int(whole) + scale > MAX_DIGITS:
        raise odd_row(path, number, f"{row['name_en']} is a number of more than {MAX_DIGITS} digits")
    return Field(
        name=row["name_en"],
        name_ko=row["name_ko"],
        start=end + 1,
        length=int(whole) + scale,
        type=TYPES[row["type"]],
        scale=scale,
        required="O",
        repeat="1",
        codes="",
        rule="",
    )


def _layout(key: tuple[str, int], fields: tuple[Field, ...]) -> Layout:
    form, group = key
    return Layout(
        kind=form,
        record=str(group),
        file=f"{form}.{group}",
        name_ko=f"{form}.{group}",
        name_en=f"{form}.{group}",
        version="",
        length=fields[-1].end,
        short_length=fields[-1].end,
        optional_tail=(),
        min_per_statement=0,
        max_per_statement=None,
        fields=fields,
    )
