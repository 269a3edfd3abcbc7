"""Three planted bugs that must not stay unseen: one of a hundred seeds catches each, mostly one of the first few."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulation.bugs import BUGS, CAUGHT_AS
from tests.simulation.year import live_few

SEEDS_UNTIL_CAUGHT = 100


# One is enough for every run of the tests; the others take minutes.
@pytest.mark.parametrize(
    "bug", [pytest.param(bug, marks=[] if bug == "skip-intent" else pytest.mark.long) for bug in sorted(BUGS)]
)
def test_a_planted_bug_is_caught(tmp_path: Path, bug: str) -> None:
    for seed in range(1, SEEDS_UNTIL_CAUGHT + 1):
        found = live_few(tmp_path / "year", seed, bug)
        if not found.is_good:
            assert CAUGHT_AS[bug] & {one.code for one in found.differences}, str(found)
            print(f"{bug} was caught by seed {seed}: {found.differences[0]}")
            return
    pytest.fail(f"{bug} was not caught by {SEEDS_UNTIL_CAUGHT} seeds")
