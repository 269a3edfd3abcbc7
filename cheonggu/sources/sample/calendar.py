"""The days of the sample hospital: which months are due, which days it works, closes (진료마감) and leaves open.

Days are int64 counts since 1970-01-01 (numpy's datetime64[D]); months are CCYYMM as int.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

Days = NDArray[np.int64]

# Public holidays of the solar calendar (month, day); lunar ones are left out, so the sample works on them.
SOLAR_HOLIDAYS = ((1, 1), (3, 1), (5, 5), (6, 6), (8, 15), (10, 3), (10, 9), (12, 25))
MONTHS_DUE = 2
LONGEST_STAY = 14
CURRENT_SHARE = 0.04  # of the statements lie in the month that is not over yet
OPEN_DAY_WEIGHT = 0.4  # of a normal day's statements fall on a day the hospital has not closed


@dataclass(frozen=True)
class Calendar:
    """``visit_days`` with ``weights`` (sum 1) are where statements may end; the rest describes single days."""

    first: int  # first day on which anybody is treated; stays may begin before the first due month
    last: int  # the day before the night of the run
    current_month: int
    due_months: tuple[int, ...]
    visit_days: Days
    weights: NDArray[np.float64]
    open_days: Days
    working: NDArray[np.bool_]  # one per day from first to last
    holidays: Days  # Sundays and public holidays from first to last

    @property
    def all_days(self) -> Days:
        return np.arange(self.first, self.last + 1, dtype=np.int64)

    def working_day_before(self, days: Days) -> Days:
        """Each day, or the last working day before it."""
        last_seen = np.maximum.accumulate(np.where(self.working, self.all_days, self.first))
        found: Days = last_seen[days - self.first]
        return found


def make_calendar(as_of: date) -> Calendar:
    """The two months before ``as_of``'s month are due; ``as_of``'s own month lasts to the day before."""
    month_start = np.datetime64(as_of.replace(day=1), "D")
    first_due = (month_start.astype("M8[M]") - MONTHS_DUE).astype("M8[D]").astype(np.int64)
    last = int(np.datetime64(as_of, "D").astype(np.int64)) - 1
    first = int(first_due) - LONGEST_STAY - 7  # a week more, so that a stay can begin on a working day
    days = np.arange(first, last + 1, dtype=np.int64)
    holiday = is_sunday(days) | is_solar_holiday(days)
    working = ~holiday
    due = (days >= first_due) & (days < month_start.astype(np.int64))
    last_two = days[due & working][-2:]
    open_days = days[due & (days >= last_two[0])]
    visit_days, weights = _weigh(days, working, due, open_days, int(month_start.astype(np.int64)))
    return Calendar(
        first=first,
        last=last,
        current_month=as_of.year * 100 + as_of.month,
        due_months=tuple(int(one) for one in np.unique(month_of(days[due]))),
        visit_days=visit_days,
        weights=weights,
        open_days=open_days,
        working=working,
        holidays=days[holiday],
    )


def _weigh(
    days: Days,
    working: NDArray[np.bool_],
    due: NDArray[np.bool_],
    open_days: Days,
    month_start: int,
) -> tuple[Days, NDArray[np.float64]]:
    weight = np.where(working & due, 1.0, 0.0)
    weight[np.isin(days, open_days)] *= OPEN_DAY_WEIGHT
    weight *= (1 - CURRENT_SHARE) / weight.sum()
    current = working & (days >= month_start)
    if current.any():
        weight[current] = CURRENT_SHARE / current.sum()
    chosen = weight > 0
    return days[chosen], weight[chosen] / weight[chosen].sum()


def is_sunday(days: Days) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (days + 3) % 7 == 6  # 1970-01-01 was a Thursday
    return found


def is_solar_holiday(days: Days) -> NDArray[np.bool_]:
    month_day = day_number(days) % 10_000
    return np.isin(month_day, [month * 100 + day for month, day in SOLAR_HOLIDAYS])


def month_of(days: Days) -> Days:
    """CCYYMM as int."""
    return day_number(days) // 100


def day_number(days: Days) -> Days:
    """CCYYMMDD as int."""
    day = days.astype("M8[D]")
    month = day.astype("M8[M]")
    in_year = month.astype(np.int64) % 12 + 1
    year = day.astype("M8[Y]").astype(np.int64) + 1970
    number: Days = year * 10_000 + in_year * 100 + (day - month.astype("M8[D]")).astype(np.int64) + 1
    return number


def full_years(birth: Days, on: Days) -> Days:
    """Age in full years (만 나이) on a day."""
    years: Days = (day_number(on) - day_number(birth)) // 10_000
    return years
