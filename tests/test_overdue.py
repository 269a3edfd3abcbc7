"""How many days without an answer make a sending unknown: the site's word, else the dated value."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cheonggu.errors import UsageError
from cheonggu.ledger import open_ledger
from cheonggu.overdue import mark_unanswered
from cheonggu.schemes import SCHEMES
from tests.ledger.ledger_builders import ACTOR, SECRET, hand_off

HIRA = SCHEMES["hira"]


def unanswered(folder: Path, settings: dict[str, object], days: float) -> tuple[str, ...]:
    """What is named so many days after a hand-off."""
    moments = [datetime(2026, 7, 6, 21, 0, tzinfo=UTC)]
    with open_ledger(f"sqlite:///{folder / 'ledger.db'}", SECRET, clock=lambda: moments[-1]) as ledger:
        hand_off(ledger, "b1")
        moments.append(moments[0] + timedelta(days=days))
        return mark_unanswered(ledger, HIRA, settings, ACTOR)


@pytest.mark.parametrize(
    ("settings", "days", "named"),
    [({}, 6.9, 0), ({}, 7.1, 1), ({"unknown_after_days": 2}, 2.1, 1), ({"unknown_after_days": 20}, 7.1, 0)],
)
def test_the_site_goes_before_the_dated_value(
    tmp_path: Path, settings: dict[str, object], days: float, named: int
) -> None:
    assert len(unanswered(tmp_path, settings, days)) == named


@pytest.mark.parametrize("value", [0, -1, True, "7", 1.5])
def test_a_site_that_says_something_odd_is_told(tmp_path: Path, value: object) -> None:
    with pytest.raises(UsageError, match="unknown_after_days"):
        unanswered(tmp_path, {"unknown_after_days": value}, 8)
