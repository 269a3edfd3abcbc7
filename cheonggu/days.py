"""The calendar of the place the hospital stands in: today, and a day or month as people type it."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from zoneinfo import ZoneInfo

from cheonggu.errors import UsageError

SEOUL = ZoneInfo("Asia/Seoul")


def today() -> date:
    """The day it is where the hospital stands, whatever the clock of this computer is set to."""
    return datetime.now(SEOUL).date()


def read_day(text: str) -> date:
    """A day written YYYY-MM-DD; UsageError otherwise."""
    with suppress(ValueError):
        day = date.fromisoformat(text)
        if day.isoformat() == text:  # not another of the ways ISO 8601 writes a day
            return day
    raise UsageError(
        "A day is written YYYY-MM-DD.",
        "날짜는 YYYY-MM-DD로 적습니다.",
        fix_en="Example: 2026-06-30.",
        fix_ko="예: 2026-06-30.",
    )


def read_month(text: str) -> str:
    """A month written CCYYMM; UsageError otherwise."""
    if len(text) == 6 and text.isascii() and text.isdigit() and "01" <= text[4:] <= "12":
        return text
    raise UsageError(
        "A month is written CCYYMM.",
        "월은 CCYYMM으로 적습니다.",
        fix_en="Example: 202606.",
        fix_ko="예: 202606.",
    )


def seoul_time(at: str) -> str:
    """A moment as the ledger keeps it (ISO 8601, UTC) as a clock in Seoul shows it: 2026-06-30 09:15."""
    return datetime.fromisoformat(at).astimezone(SEOUL).strftime("%Y-%m-%d %H:%M")
