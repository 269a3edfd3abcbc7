"""Deadlines (기한): dated counts from a scheme's file; warn by the earlier count, forbid by the later.

A count starts from a day and gives the last day. Where the days of a count are disputed, the file holds both
readings: after ``warn_on`` a person should have acted, after ``forbid_on`` the act is refused. Where nothing forbids
(an answer we only expect), ``forbid_on`` is None.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from cheonggu.dated import Series, load_series
from cheonggu.errors import DataFileError, InputError, StateError, UsageError

SATURDAY = 5
DAYS_AHEAD = 30  # how far past a count's end a working day is looked for
TEXTS = ("id", "meaning_ko", "meaning_en", "starts_ko", "starts_en", "waits_for")
WAITS_FOR = ("hospital", "reviewer")
SIDES = ("warn", "forbid")
UNITS = ("years", "days", "working_days")
Holidays = Callable[[date, date], pa.Table]


@dataclass(frozen=True)
class Count:
    """How many years, days or working days, and how they are counted."""

    unit: str
    number: int
    first_day_counts: bool = False
    skips_to_working_day: bool = False

    def last_day(self, start: date, holidays: Holidays) -> date:
        """The last day of the count; a year's count ends on the same date, 29 February on the 28th."""
        if self.unit == "working_days":
            day = start
            days_off = _days_off(holidays, start, self.number)
            for _ in range(self.number - self.first_day_counts):
                day = _next_working_day(day + timedelta(1), days_off)
            return day
        day = _add_years(start, self.number) if self.unit == "years" else start + timedelta(self.number)
        day -= timedelta(self.first_day_counts)
        return _next_working_day(day, _days_off(holidays, day, 0)) if self.skips_to_working_day else day


@dataclass(frozen=True)
class Value:
    """The counts in force from a day on."""

    first: date
    warn: Count
    forbid: Count | None
    basis: str
    confidence: str


@dataclass(frozen=True)
class Deadline:
    """One matter with its dated counts; ``waits_for`` says who must act: hospital or reviewer."""

    id: str
    meaning_ko: str
    meaning_en: str
    starts_ko: str
    starts_en: str
    waits_for: str
    warn_days_before: tuple[int, ...]
    values: tuple[Value, ...]

    @property
    def alarm_begins(self) -> int:
        """Days left at which the alarm begins; -1: only when it is over."""
        return max(self.warn_days_before, default=-1)

    def at(self, start: date) -> Value:
        """The counts in force on the day a count starts; InputError before the first."""
        for one in reversed(self.values):
            if one.first <= start:
                return one
        raise InputError(
            f"Deadline {self.id} has no value for {start}.",
            f"{start}에 쓸 {self.meaning_ko} 값이 없습니다.",
            fix_en="Add the value with its source to the deadlines file.",
            fix_ko="근거와 함께 기한 파일에 값을 추가하세요.",
        )


@dataclass(frozen=True)
class Due:
    """A deadline of one thing: until ``warn_on`` all is well, after ``forbid_on`` it is too late."""

    deadline: Deadline
    start: date
    warn_on: date
    forbid_on: date | None
    confidence: str

    def days_left(self, today: date) -> int:
        """Days until the earlier last day; negative when it is over."""
        return (self.warn_on - today).days

    def is_near(self, today: date) -> bool:
        """Whether the alarm has begun: inside the first of the days before it, or past it."""
        return self.days_left(today) <= self.deadline.alarm_begins

    def refuse_late(self, today: date, what_en: str, what_ko: str) -> None:
        """StateError when the later last day is over."""
        if self.forbid_on is not None and today > self.forbid_on:
            raise StateError(
                f"{what_en}: the last day was {self.forbid_on} ({self.deadline.meaning_en}).",
                f"{what_ko}: 기한({self.deadline.meaning_ko})이 {self.forbid_on}에 끝났습니다.",
                fix_en="Nothing was changed.",
                fix_ko="아무것도 바뀌지 않았습니다.",
            )


class Deadlines:
    """All deadlines of a scheme, by id."""

    def __init__(self, by_id: Mapping[str, Deadline], holidays: Holidays) -> None:
        self.by_id, self.holidays = by_id, holidays

    def alarm_begins(self, deadline_id: str) -> int:
        """Days left at which the alarm of a deadline begins; of an unknown one never before it is over."""
        return self.by_id[deadline_id].alarm_begins if deadline_id in self.by_id else -1

    def due(self, deadline_id: str, start: date) -> Due:
        """When a count that started on ``start`` ends; KeyError for an unknown deadline."""
        deadline = self.by_id[deadline_id]
        value = deadline.at(start)
        forbid = None if value.forbid is None else value.forbid.last_day(start, self.holidays)
        return Due(deadline, start, value.warn.last_day(start, self.holidays), forbid, value.confidence)


def load_deadlines(path: Path, holidays: Holidays) -> Deadlines:
    """Read a scheme's file; DataFileError names entry and reason of the first odd thing."""
    return Deadlines(_read(path), holidays)


@lru_cache
def _read(path: Path) -> Mapping[str, Deadline]:
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise _odd(path, "(file)", f"cannot be read as TOML ({error})") from error
    if type(raw.get("confirmed_on")) is not date:
        raise _odd(path, "(file)", "lacks the day confirmed_on")
    found: dict[str, Deadline] = {}
    for entry in raw.get("deadline", []):
        one = _deadline(path, entry)
        if one.id in found:
            raise _odd(path, one.id, "stands twice")
        found[one.id] = one
    return found


def _deadline(path: Path, raw: Mapping[str, Any]) -> Deadline:
    name = str(raw.get("id", "(no id)"))
    missing = [key for key in (*TEXTS, "warn_days_before", "value") if key not in raw]
    if missing:
        raise _odd(path, name, f"lacks {missing[0]}")
    if raw["waits_for"] not in WAITS_FOR:
        raise _odd(path, name, f"waits_for is not one of {', '.join(WAITS_FOR)}")
    values = tuple(_value(path, name, part) for one in raw["value"] for part in _spread(path, name, one))
    if not values or list(values) != sorted(values, key=lambda one: one.first):
        raise _odd(path, name, "has no values in order of their days")
    return Deadline(
        **{key: raw[key] for key in TEXTS}, warn_days_before=tuple(raw["warn_days_before"]), values=values
    )


def _spread(path: Path, name: str, raw: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A value with its numbers: one that names a dated series of ``values`` holds on each day that series changes."""
    named = {
        (side, unit): _series(path, name, count[unit])
        for side in SIDES
        if isinstance(count := raw.get(side), Mapping)
        for unit in UNITS
        if isinstance(count.get(unit), str)
    }
    if not named:
        yield raw
        return
    first = max(raw["from"], *(one.values[0].first for one in named.values()))
    changes = {value.first for one in named.values() for value in one.values if value.first > first}
    for day in sorted({first, *changes}):
        counts = {side: dict(raw[side]) for side in SIDES if side in raw}
        for (side, unit), one in named.items():
            counts[side][unit] = one.at(day)
        yield {**raw, **counts, "from": day}


def _series(path: Path, name: str, series: str) -> Series:
    """A dated value beside the file, so that rules and deadlines count with the same days."""
    place = path.parent / "values" / f"{series}.toml"
    if not place.is_file():
        raise _odd(
            path, name, f"counts with '{series}', which is no whole number and no dated value of values/"
        )
    return load_series(place)


def _value(path: Path, name: str, raw: Mapping[str, Any]) -> Value:
    missing = [key for key in ("from", "warn", "basis", "confidence") if key not in raw]
    if missing:
        raise _odd(path, name, f"has a value without {missing[0]}")
    forbid = None if "forbid" not in raw else _count(path, name, raw["forbid"])
    return Value(raw["from"], _count(path, name, raw["warn"]), forbid, raw["basis"], raw["confidence"])


def _count(path: Path, name: str, raw: Mapping[str, Any]) -> Count:
    units = [one for one in UNITS if one in raw]
    flags = set(raw) - set(units)
    if len(units) != 1 or flags - {"first_day_counts", "skips_to_working_day"}:
        raise _odd(path, name, "has a count that is not one of years, days or working_days")
    if not isinstance(raw[units[0]], int) or raw[units[0]] < 0:
        raise _odd(path, name, "counts with something that is no whole number")
    return Count(units[0], raw[units[0]], **{flag: raw[flag] for flag in flags})


def _odd(path: Path, name: str, what: str) -> DataFileError:
    return DataFileError(f"{path.name}, deadline {name}: {what}.", f"{path.name}, 기한 {name}: {what}.")


def _add_years(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)


def _days_off(holidays: Holidays, start: date, working_days: int) -> frozenset[date]:
    """Public holidays near a count's end; outside the years of the calendar only week-ends are days off."""
    last = start + timedelta(2 * working_days + DAYS_AHEAD)
    try:
        return frozenset(holidays(start, last)["holiday_on"].to_pylist())
    except (InputError, UsageError):
        return frozenset()


def _next_working_day(day: date, days_off: frozenset[date]) -> date:
    while day.weekday() >= SATURDAY or day in days_off:
        day += timedelta(1)
    return day
