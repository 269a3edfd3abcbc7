"""Values of the law with the days they hold: one series per TOML file, never a constant in code.

A file carries ``meaning``, ``unit``, ``source``, ``confidence``, ``confirmed_on`` and ``[[value]]`` entries with
``from``, an optional ``to`` (last day) and ``is``. Asking outside the known range is an error, never a guess.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from cheonggu.errors import DataFileError, InputError


@dataclass(frozen=True)
class Value:
    """One value and the days it holds, both ends included; ``last`` None means still in force."""

    first: date
    last: date | None
    value: Any
    source: str

    def holds_on(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True)
class Series:
    """A dated series with its meaning and the day somebody last confirmed the newest value."""

    name: str
    meaning: str
    unit: str
    confidence: str
    confirmed_on: date
    values: tuple[Value, ...]

    def at(self, day: date) -> Any:
        """The value in force on ``day``; InputError outside the known range."""
        for one in self.values:
            if one.holds_on(day):
                return one.value
        raise InputError(
            f"{self.name} has no value for {day.isoformat()}.",
            f"{self.name} 값이 {day.isoformat()}에 정해져 있지 않습니다.",
            fix_en="Add the value with its source to the rule file.",
            fix_ko="근거와 함께 규칙 파일에 값을 추가하세요.",
        )


def load_series(path: Path) -> Series:
    """Read one series; gaps, overlaps and missing sources are refused with file and entry."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise _odd(path, 0, f"cannot be read as TOML ({error})") from error
    for key in ("meaning", "unit", "confidence", "confirmed_on", "value"):
        if key not in raw:
            raise _odd(path, 0, f"lacks {key!r}")
    values: list[Value] = []
    for number, entry in enumerate(raw["value"], start=1):
        if not {"from", "is", "source"} <= set(entry):
            raise _odd(path, number, "needs from, is and source")
        one = Value(entry["from"], entry.get("to"), entry["is"], entry["source"])
        if one.last is not None and one.last < one.first:
            raise _odd(path, number, "ends before it begins")
        if values and (values[-1].last is None or one.first <= values[-1].last):
            raise _odd(path, number, "overlaps the value before it")
        values.append(one)
    return Series(
        path.stem, raw["meaning"], raw["unit"], raw["confidence"], raw["confirmed_on"], tuple(values)
    )


def _odd(path: Path, number: int, what: str) -> DataFileError:
    place = f"{path.name}, value {number}" if number else path.name
    return DataFileError(f"{place}: {what}.", f"{place}: {what}.")
