"""Files of this scheme's rules: TOML and CSV read once, odd entries refused with file and place."""

from __future__ import annotations

import csv
import tomllib
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from cheonggu.errors import DataFileError
from cheonggu.layouts import odd_row

HOME = Path(__file__).parent
RULES = HOME / "rules"
CONFIDENCES = {"seed", "official", "secondary", "unverified"}


def odd_entry(path: Path, entry: str, what: str) -> DataFileError:
    """The error for an odd entry of a rule file."""
    return DataFileError(f"{path.name}, {entry}: {what}.", f"{path.name}, {entry}: {what}.")


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file with exact numbers; DataFileError when it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise odd_entry(path, "file", f"cannot be read as TOML ({error})") from error


def read_entries(path: Path, kind: str, needed: set[str], key: str = "id") -> tuple[dict[str, Any], ...]:
    """The ``[[kind]]`` entries of a file; DataFileError for a missing key, a twin or an unknown confidence."""
    entries = read_toml(path).get(kind, [])
    seen: set[str] = set()
    for number, entry in enumerate(entries, start=1):
        name = str(entry.get(key, number))
        lacking = sorted((needed | {key, "source", "confidence"}) - set(entry))
        if lacking:
            raise odd_entry(path, name, f"lacks {', '.join(lacking)}")
        if entry["confidence"] not in CONFIDENCES:
            raise odd_entry(path, name, f"{entry['confidence']!r} is no confidence")
        if name in seen:
            raise odd_entry(path, name, "stands twice")
        seen.add(name)
    return tuple(entries)


@cache
def read_csv(path: Path) -> tuple[dict[str, str], ...]:
    """The rows of a CSV file; DataFileError when a row has not as many columns as the heading."""
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        rows = []
        for number, row in enumerate(reader, start=2):
            if None in row or None in row.values():
                raise odd_row(path, number, f"has not {len(reader.fieldnames or ())} columns")
            if "confidence" in row and row["confidence"] not in CONFIDENCES:
                raise odd_row(path, number, f"{row['confidence']!r} is no confidence")
            rows.append(row)
    return tuple(rows)


def day_of(path: Path, entry: str, text: str) -> date | None:
    """A day of a CSV cell, None when empty; DataFileError when it is no day."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise odd_entry(path, entry, f"{text!r} is not a day") from None


def holds_on(row: dict[str, str], path: Path, entry: str, day: date) -> bool:
    """Whether a row with valid_from and valid_to holds on a day; an empty end is open."""
    first, last = day_of(path, entry, row["valid_from"]), day_of(path, entry, row["valid_to"])
    return (first is None or first <= day) and (last is None or day <= last)
