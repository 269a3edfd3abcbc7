"""How a command line ends: our own errors become two readable lines and their exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date

import typer

from cheonggu.errors import CheongguError, UsageError


def run_guarded(app: Callable[[], object]) -> None:
    """Run a command line; Korean first, then English, on standard error."""
    try:
        app()
    except CheongguError as error:
        for line in error.lines():
            typer.echo(line, err=True)
        sys.exit(error.exit_code)


def month_range(first: str | None, last: str | None) -> tuple[str, str] | None:
    """``--from`` and ``--to`` as CCYYMM, either of them open; None without both, UsageError when one is no month."""
    for text in (first, last):
        if text is not None and not (len(text) == 6 and text.isdigit() and "01" <= text[4:] <= "12"):
            raise UsageError(
                "A month is written CCYYMM.",
                "월은 CCYYMM으로 적습니다.",
                fix_en="Example: 202606.",
                fix_ko="예: 202606.",
            )
    return None if first is None and last is None else (first or "000000", last or "999999")


def read_day(text: str) -> date:
    """A day given as YYYY-MM-DD; UsageError otherwise."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError("A day is written YYYY-MM-DD.", "날짜는 YYYY-MM-DD로 적습니다.") from None
