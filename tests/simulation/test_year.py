"""The simulated year in small: twenty seeds of a few nights; a thousand seeds and a whole year in the long test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulation.kills import INSTRUCTION, Kill
from tests.simulation.year import Year, live_few

SEEDS = range(1, 21)
# Supplements of supplements make a seed many nights longer; the ordinary tests live them in a few.
RERUNNING = {3, 4, 5}
MANY_SEEDS = range(21, 1001)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_books_agree_after_every_night(tmp_path: Path, seed: int) -> None:
    found = live_few(tmp_path / "year", seed, **({} if seed in RERUNNING else {"rerun_share": 0.0}))
    assert found.is_good, str(found)
    assert (found.counts["claims"] > 0) == (found.counts["statements"] > 0)


@pytest.mark.long
def test_a_seed_lives_the_same_nights_again(tmp_path: Path) -> None:
    first, second = (live_few(tmp_path / name, 3) for name in ("first", "second"))
    assert (first.kills, first.counts) == (second.kills, second.counts)


def test_a_timer_kill_is_played_again_at_the_instruction_it_hit(tmp_path: Path) -> None:
    year = Year(tmp_path, 1, 1, timers=True, replayed={"1.submit.1": 77})
    year.dice.choice = lambda kinds: "timer"  # type: ignore[method-assign]
    assert year._draw_kill("submit", "1.submit.1") == Kill(INSTRUCTION, 77)
    assert year._draw_kill("submit", "1.submit.2").kind == "timer"


@pytest.mark.long
@pytest.mark.parametrize("seed", MANY_SEEDS)
def test_the_books_agree_for_many_more_seeds(tmp_path: Path, seed: int) -> None:
    found = live_few(tmp_path / "year", seed, timers=True)
    assert found.is_good, str(found)


@pytest.mark.long
def test_the_books_agree_after_a_year_of_nights(tmp_path: Path) -> None:
    found = Year(tmp_path / "year", 1, 365, timers=True).live()
    assert found.is_good, str(found)
