"""Days and moments are those of Seoul, however the computer's clock is set; what is no day is refused."""

from __future__ import annotations

import pytest

from cheonggu.days import read_day, read_month, seoul_time
from cheonggu.errors import UsageError


def test_a_moment_is_shown_as_a_clock_in_seoul_shows_it() -> None:
    assert seoul_time("2026-06-30T15:30:00.000000+00:00") == "2026-07-01 00:30"


@pytest.mark.parametrize("text", ["2026-6-3", "20260603", "2026-02-29", "2026-W23-3", "", "오늘"])
def test_only_a_day_of_the_calendar_written_in_full_is_one(text: str) -> None:
    assert read_day("2026-06-03").day == 3
    with pytest.raises(UsageError, match="날짜는 YYYY-MM-DD"):
        read_day(text)


@pytest.mark.parametrize("text", ["202613", "202600", "2026-06", "26066", "２０２６０６"])
def test_only_six_digits_with_a_month_of_the_year_are_one(text: str) -> None:
    assert read_month("202612") == "202612"
    with pytest.raises(UsageError, match="월은 CCYYMM"):
        read_month(text)
