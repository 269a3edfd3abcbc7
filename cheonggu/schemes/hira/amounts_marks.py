"""What the rules ask of a line of care beyond its section: charged part, long stay, provider-type addition (종별가산).

``rules/copay/line_marks.csv`` gives the marks by claim kind, section, item and code; a hospital adds its own rows in a
file of the same columns (its rooms, chuna, sealing …). The rule with the longest code prefix decides, then the item,
then the later row, for each mark on its own.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.layouts import odd_row
from cheonggu.schemes.hira.amounts_lines import compact
from cheonggu.schemes.hira.amounts_model import LINE_BASES, LONG_STAYS
from cheonggu.schemes.hira.data import HOME

MARKS_FILE = HOME / "rules" / "copay" / "line_marks.csv"
HEADINGS = [
    "kind", "hang", "mok", "code_prefix", "line_code_types", "base", "long_stay", "is_type_added", "first_on",
    "last_on", "source", "confidence", "note",
]  # fmt: skip
CODED = ("hang", "mok", "line_code_type", "line_code")


@dataclass(frozen=True)
class Mark:
    """One row of a marks file; an empty text asks nothing (hang, mok …) or says nothing (base …)."""

    kind: str
    hang: str
    mok: str
    code_prefix: str
    line_code_types: tuple[str, ...]
    base: str
    long_stay: str
    is_type_added: str
    first: date | None
    last: date | None

    def fits(self, hang: str, mok: str, code_type: str, code: str) -> bool:
        return (
            self.hang in ("", hang)
            and self.mok in ("", mok)
            and code.startswith(self.code_prefix)
            and (not self.line_code_types or code_type in self.line_code_types)
        )

    @property
    def weight(self) -> tuple[int, bool]:
        return len(self.code_prefix), bool(self.mok)


@cache
def load_marks(paths: tuple[Path, ...] = (MARKS_FILE,)) -> tuple[Mark, ...]:
    """All marks of the files, the least special first; DataFileError names file and row of anything odd."""
    found = [mark for path in paths for mark in _read(path)]
    return tuple(sorted(found, key=lambda one: one.weight))


def mark_lines(lines: pa.Table, kind: str, on: pa.ChunkedArray, marks: Iterable[Mark]) -> dict[str, pa.Array]:
    """Columns base, long_stay (text) and is_type_added (bool) of every line.

    ``lines``: hang, mok, line_code_type, line_code (text); ``on``: day of care of each line's statement (date32).
    """
    mine = [one for one in marks if one.kind == kind]
    code, combos = _combine(lines)
    result: dict[str, list[str]] = {"base": [], "long_stay": [], "is_type_added": []}
    changing = sorted({day for one in mine for day in (one.first, one.last) if day is not None})
    period = _periods(on, changing)
    samples = _sample_days(changing)
    used, place = compact(code * len(samples) + period, len(combos) * len(samples))
    for one in used.tolist():
        fitting = [
            mark
            for mark in mine
            if mark.fits(*combos[one // len(samples)]) and _holds(mark, samples[one % len(samples)])
        ]
        for name, values in result.items():
            values.append(
                next((getattr(mark, name) for mark in reversed(fitting) if getattr(mark, name)), "")
            )
    index = pa.array(place)
    added = pa.array([one == "Y" for one in result["is_type_added"]], pa.bool_())
    return {
        "base": pa.array(result["base"], pa.string()).take(index),
        "long_stay": pa.array(result["long_stay"], pa.string()).take(index),
        "is_type_added": added.take(index),
    }


def _combine(lines: pa.Table) -> tuple[np.ndarray, list[tuple[str, str, str, str]]]:
    """Number of the combination of section, item, code type and code of every line, and the combinations."""
    code = np.zeros(len(lines), np.int64)
    texts: list[list[str]] = []
    for name in CODED:
        encoded = pc.fill_null(lines[name], "").combine_chunks().dictionary_encode()
        texts.append(encoded.dictionary.to_pylist() or [""])
        code = code * len(texts[-1]) + encoded.indices.to_numpy(zero_copy_only=False)
    used, place = np.unique(code, return_inverse=True)
    combos = []
    for one in used.tolist():
        parts = []
        for some in reversed(texts):
            one, number = divmod(one, len(some))  # noqa: PLW2901 - the code is taken apart digit by digit
            parts.append(some[number])
        hang, mok, code_type, line_code = reversed(parts)
        combos.append((hang, mok, code_type, line_code))
    return place.astype(np.int64), combos


def _periods(on: pa.ChunkedArray, days: list[date]) -> np.ndarray:
    """Which stretch between the days of change each day lies in: the days themselves are stretches of their own."""
    numbers = pc.fill_null(on.cast(pa.int32()), 0).to_numpy().astype(np.int64)
    edges = np.array([(one - date(1970, 1, 1)).days for one in days], np.int64)
    result: np.ndarray = np.searchsorted(edges, numbers, "left") + np.searchsorted(edges, numbers, "right")
    return result


def _sample_days(days: list[date]) -> list[date]:
    """A day of every stretch: before, on and after each day of change."""
    if not days:
        return [date.max]
    samples = [date.min]
    for place, day in enumerate(days):
        following = days[place + 1] if place + 1 < len(days) else date.max
        after = date.fromordinal(day.toordinal() + 1)
        samples += [day, after if after < following else day]
    return samples


def _holds(mark: Mark, day: date) -> bool:
    return (mark.first is None or mark.first <= day) and (mark.last is None or day <= mark.last)


def _read(path: Path) -> list[Mark]:
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        if reader.fieldnames != HEADINGS:
            raise odd_row(path, 1, f"the headings are not {','.join(HEADINGS)}")
        return [_mark(path, number, row) for number, row in enumerate(reader, start=2)]


def _mark(path: Path, number: int, row: dict[str, str]) -> Mark:
    if row["base"] not in LINE_BASES or row["long_stay"] not in LONG_STAYS:
        raise odd_row(path, number, "has an unknown base or long_stay")
    if row["is_type_added"] not in ("", "Y", "N") or not row["source"]:
        raise odd_row(path, number, "needs is_type_added Y, N or nothing, and a source")
    try:
        first, last = (
            date.fromisoformat(row[name]) if row[name] else None for name in ("first_on", "last_on")
        )
    except ValueError:
        raise odd_row(path, number, "has a day that is none") from None
    return Mark(
        row["kind"],
        row["hang"],
        row["mok"],
        row["code_prefix"],
        tuple(row["line_code_types"].split()),
        row["base"],
        row["long_stay"],
        row["is_type_added"],
        first,
        last,
    )
