"""Public holidays: the library's days, the override table on top, and no guess outside the known years."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from cheonggu.errors import DataFileError, InputError
from cheonggu.holidays import HEADINGS, PUBLIC_HOLIDAYS, known_days, public_holidays


def names(first: date, last: date, **more: Path) -> dict[date, str]:
    found = public_holidays(first, last, **more)
    return dict(zip(found["holiday_on"].to_pylist(), found["name"].to_pylist(), strict=True))


def overrides(folder: Path, *rows: str) -> Path:
    path = folder / "holidays.csv"
    path.write_text("\n".join([",".join(HEADINGS), *rows, ""]), encoding="utf-8")
    return path


def test_lunar_substitute_and_fixed_days_of_an_autumn() -> None:
    found = names(date(2026, 9, 1), date(2026, 10, 31))
    assert list(found) == [
        date(2026, 9, 24), date(2026, 9, 25), date(2026, 9, 26), date(2026, 10, 3), date(2026, 10, 5),
        date(2026, 10, 9),
    ]  # fmt: skip
    assert "대체" in found[date(2026, 10, 5)]


@pytest.mark.parametrize(
    "day",
    [date(2024, 4, 10), date(2024, 10, 1), date(2025, 1, 27), date(2025, 6, 3), date(2026, 6, 3)],
)
def test_elections_and_temporary_holidays_are_there(day: date) -> None:
    assert names(day, day)


def test_workers_day_is_no_public_holiday_before_2026() -> None:
    assert names(date(2025, 5, 1), date(2025, 5, 1)) == {}
    assert names(date(2026, 5, 1), date(2026, 5, 1)) == {date(2026, 5, 1): "노동절"}


def test_both_ends_count_and_the_schema_is_kept() -> None:
    found = public_holidays(date(2026, 1, 1), date(2026, 3, 1))
    assert found.schema == PUBLIC_HOLIDAYS
    assert found["holiday_on"].to_pylist()[0] == date(2026, 1, 1)
    assert found["holiday_on"].to_pylist()[-1] == date(2026, 3, 1)
    assert public_holidays(date(2026, 3, 3), date(2026, 3, 4)).schema.field("holiday_on").type == pa.date32()


def test_the_override_table_adds_and_takes_away(tmp_path: Path) -> None:
    path = overrides(tmp_path, "2026-11-20,Y,임시공휴일,gazette,official", "2026-12-25,N,기독탄신일,test,own")
    assert names(date(2026, 11, 1), date(2026, 12, 31), overrides=path) == {date(2026, 11, 20): "임시공휴일"}


@pytest.mark.parametrize(
    "row",
    [
        "2026-13-01,Y,임시공휴일,gazette,official",
        "2026-11-20,yes,임시공휴일,gazette,official",
        "2026-11-20,Y,,gazette,official",
        "2026-11-20,Y,임시공휴일,,official",
        "2026-11-20,Y,임시공휴일,gazette,official\n2026-11-20,N,임시공휴일,gazette,official",
    ],
)
def test_an_odd_override_is_refused_with_its_row(tmp_path: Path, row: str) -> None:
    with pytest.raises(DataFileError, match=r"holidays\.csv"):
        public_holidays(date(2026, 1, 1), date(2026, 12, 31), overrides(tmp_path, row))


def test_outside_the_known_years_nothing_is_guessed() -> None:
    first, last = known_days()
    assert public_holidays(first, first).num_rows <= 1
    with pytest.raises(InputError, match="public_holiday_calendar"):
        public_holidays(last, last.replace(year=last.year + 1))
    with pytest.raises(InputError):
        public_holidays(first.replace(year=first.year - 1), first)
