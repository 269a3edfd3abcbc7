"""The simulated year in small: twenty seeds of a few nights, and three planted bugs that must not stay unseen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulation.bugs import BUGS
from tests.simulation.kills import INSTRUCTION, Kill
from tests.simulation.year import Found, Year

FEW_NIGHTS, LONGEST_JUMP = 4, 8
SEEDS = range(1, 21)
MANY_SEEDS = range(21, 1001)
SEEDS_UNTIL_CAUGHT = 100


def live(folder: Path, seed: int, bug: str | None = None, **more: object) -> Found:
    return Year(folder, seed, FEW_NIGHTS, longest_jump=LONGEST_JUMP, bug=bug, **more).live()  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_books_agree_after_every_night(tmp_path: Path, seed: int) -> None:
    found = live(tmp_path / "year", seed)
    assert found.is_good, str(found)
    assert found.counts["claims"] > 0


@pytest.mark.parametrize("bug", sorted(BUGS))
def test_a_planted_bug_is_caught(tmp_path: Path, bug: str) -> None:
    for seed in range(1, SEEDS_UNTIL_CAUGHT + 1):
        found = live(tmp_path / "year", seed, bug)
        if not found.is_good:
            print(f"{bug} was caught by seed {seed}: {found.differences[0]}")
            return
    pytest.fail(f"{bug} was not caught by {SEEDS_UNTIL_CAUGHT} seeds")


def test_a_seed_lives_the_same_nights_again(tmp_path: Path) -> None:
    first, second = (live(tmp_path / name, 3) for name in ("first", "second"))
    assert (first.kills, first.counts) == (second.kills, second.counts)


def test_a_timer_kill_is_played_again_at_the_instruction_it_hit(tmp_path: Path) -> None:
    year = Year(tmp_path, 1, 1, timers=True, replayed={"1.submit.1": 77})
    year.dice.choice = lambda kinds: "timer"  # type: ignore[method-assign]
    assert year._draw_kill("submit", "1.submit.1") == Kill(INSTRUCTION, 77)
    assert year._draw_kill("submit", "1.submit.2").kind == "timer"


@pytest.mark.long
@pytest.mark.parametrize("seed", MANY_SEEDS)
def test_the_books_agree_for_many_more_seeds(tmp_path: Path, seed: int) -> None:
    found = live(tmp_path / "year", seed, timers=True)
    assert found.is_good, str(found)


@pytest.mark.long
def test_the_books_agree_after_a_year_of_nights(tmp_path: Path) -> None:
    found = Year(tmp_path / "year", 1, 365, timers=True).live()
    assert found.is_good, str(found)
