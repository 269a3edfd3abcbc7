"""Periods of the law (기간): three years, and days, from a day, with the public holidays they end on.

The first day is not counted; a last day that the month lacks is its last one (29 February → 28 February); an end on a
Saturday, Sunday or public holiday moves on to the next working day (Civil Act articles 157, 160, 161). Outside the days
for which the public holidays are known (``cheonggu.holidays``) an end is unknown (None), never guessed.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache

import pyarrow as pa

from cheonggu.dated import Series, load_series
from cheonggu.holidays import known_days, public_holidays
from cheonggu.schemes.school_safety.assessment_rules import Profile
from cheonggu.schemes.school_safety.data import RULES

LIMIT = RULES / "values" / "limit_years.toml"
SATURDAY = 5


@cache
def _days_off() -> frozenset[date]:
    """Every public holiday of the known days, substitute and election days included."""
    return frozenset(public_holidays(*known_days())["holiday_on"].to_pylist())


def move_on(day: date) -> date | None:
    """The day itself, or the next that is no Saturday, Sunday or public holiday; None outside the known days."""
    first, last = known_days()
    while first <= day <= last:
        if day.weekday() < SATURDAY and day not in _days_off():
            return day
        day += timedelta(days=1)
    return None


def limit_years(on: date) -> int:
    """Years of the limit in force on a day (소멸시효)."""
    return int(_limit().at(on))


@cache
def _limit() -> Series:
    return load_series(LIMIT)


def end_of_years(start: date, years: int, *, moves: bool = True) -> date | None:
    """Last day of a period of years from ``start``; None when the holidays of its year are not known."""
    last = calendar.monthrange(start.year + years, start.month)[1]
    end = start.replace(year=start.year + years, day=min(start.day, last))
    return move_on(end) if moves else end


def end_of_days(start: date, days: int, *, moves: bool) -> date | None:
    """Last day of a period of days from ``start``, which is not counted; None outside the known years."""
    end = start + timedelta(days=days)
    return move_on(end) if moves else end


def decision_end(received_on: date, days: int, profile: Profile) -> date | None:
    """Last day of the association's own days to decide (결정기한); whether it moves on is the setting of AMB-27."""
    return end_of_days(received_on, days, moves=profile["decision_day_on_holiday"] == "moves")


def limit_table(days: Iterable[date], years: int, *, moves: bool) -> pa.Table:
    """For each distinct day: ``day``, ``calendar_on`` (end before it moves) and ``end_on`` (null when unknown)."""
    known = sorted(set(days))
    bare = [end_of_years(day, years, moves=False) for day in known]
    ends = [end_of_years(day, years, moves=moves) for day in known]
    columns = {"day": known, "calendar_on": bare, "end_on": ends}
    return pa.table({name: pa.array(values, pa.date32()) for name, values in columns.items()})
