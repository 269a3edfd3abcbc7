"""Public holidays (공휴일), the one source of all schemes: a maintained library, corrected by a dated table of our own.

The library knows solar, lunar, substitute and election days; ``calendars/public_holidays.csv`` adds or takes away
single days (temporary holidays, days it names otherwise) with their source. Sundays are not listed unless a holiday
falls on one. Outside the known days (``calendars/public_holiday_calendar.toml``) there is no answer, never a guess.
"""

from __future__ import annotations

import csv
from datetime import date
from functools import cache
from pathlib import Path

import pyarrow as pa

from cheonggu.dated import Series, load_series
from cheonggu.layouts import odd_row

CALENDARS = Path(__file__).parent / "calendars"
OVERRIDES = CALENDARS / "public_holidays.csv"
HEADINGS = ["holiday_on", "is_holiday", "name_ko", "source", "confidence"]
CALENDAR = CALENDARS / "public_holiday_calendar.toml"
LANGUAGE = "ko"
PUBLIC_HOLIDAYS = pa.schema([pa.field("holiday_on", pa.date32()), pa.field("name", pa.string())])


def public_holidays(first: date, last: date, overrides: Path = OVERRIDES) -> pa.Table:
    """Public holidays from ``first`` to ``last``, both included, in order of day: holiday_on (date32), name (text).

    InputError when a day lies outside the known years (``known_days``); DataFileError for an odd override table.
    """
    calendars = {_calendar().at(first), _calendar().at(last)}
    changed = read_overrides(overrides)
    found = _library_days(tuple(sorted(calendars)), first.year, last.year)
    found = found | {day: name for day, name in changed.items() if name}
    rows = sorted(
        (day, name) for day, name in found.items() if first <= day <= last and changed.get(day, name)
    )
    columns = [[day for day, _ in rows], [name for _, name in rows]]
    return pa.table(columns, schema=PUBLIC_HOLIDAYS)


def known_days() -> tuple[date, date]:
    """First and last day for which the public holidays are known."""
    values = _calendar().values
    return values[0].first, values[-1].last or date.max


@cache
def _calendar() -> Series:
    return load_series(CALENDAR)


@cache
def read_overrides(path: Path) -> dict[date, str]:
    """Day → name of a holiday the table adds or renames, or "" for a day it takes away."""
    changed: dict[date, str] = {}
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        if reader.fieldnames != HEADINGS:
            raise odd_row(path, 1, f"the headings are not {','.join(HEADINGS)}")
        for number, row in enumerate(reader, start=2):
            if row["is_holiday"] not in ("Y", "N") or not row["name_ko"] or not row["source"]:
                raise odd_row(path, number, "needs is_holiday Y or N, a name and a source")
            try:
                day = date.fromisoformat(row["holiday_on"])
            except ValueError:
                raise odd_row(path, number, f"{row['holiday_on']!r} is not a day") from None
            if day in changed:
                raise odd_row(path, number, f"{day} stands twice")
            changed[day] = row["name_ko"] if row["is_holiday"] == "Y" else ""
    return changed


@cache
def _library_days(calendars: tuple[str, ...], first_year: int, last_year: int) -> dict[date, str]:
    import holidays as library  # here: it reads the calendars of the whole world

    years = range(first_year, last_year + 1)
    found: dict[date, str] = {}
    for calendar in calendars:
        found |= dict(library.country_holidays(calendar, years=years, language=LANGUAGE).items())
    return found
