"""Claims are worked on side by side as far as memory allows, and their results come in order."""

from __future__ import annotations

import threading
import time

import pytest

from cheonggu.side_by_side import side_by_side


class Watch:
    """Work that notes how much weight was under way at once."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.now = self.most = self.together = 0
        self.running: set[int] = set()

    def work(self, item: tuple[int, int]) -> int:
        number, weight = item
        with self.lock:
            self.running.add(number)
            self.now += weight
            self.most = max(self.most, self.now)
            self.together = max(self.together, len(self.running))
        time.sleep(0.01)
        with self.lock:
            self.running.remove(number)
            self.now -= weight
        return number


def run(weights: list[int], most: int, threads: int = 4) -> tuple[Watch, list[int]]:
    watch = Watch()
    items = list(enumerate(weights))
    return watch, list(side_by_side(watch.work, items, lambda one: one[1], threads=threads, most=most))


def test_results_come_in_order() -> None:
    weights = [1, 90, 5, 120, 1, 1, 60, 60, 3] * 3
    watch, results = run(weights, most=100)
    assert results == list(range(len(weights)))
    assert watch.together > 1


def test_together_they_weigh_no_more_than_allowed() -> None:
    watch, _ = run([40, 40, 40, 30, 99, 2, 50, 50, 51], most=100)
    assert watch.most <= 100


def test_what_is_too_heavy_for_any_company_goes_alone() -> None:
    watch, results = run([200, 300, 200], most=100)
    assert results == [0, 1, 2]
    assert watch.together == 1


def test_results_that_nobody_took_do_not_pile_up() -> None:
    begun: list[int] = []
    results = side_by_side(lambda one: begun.append(one) or one, range(100), lambda _: 0, threads=2)
    assert next(results) == 0
    time.sleep(0.05)
    assert len(begun) < 20
    results.close()


def test_an_error_ends_the_work() -> None:
    def fail(one: int) -> int:
        if one == 3:
            raise ValueError("three")
        return one

    results = side_by_side(fail, range(10), lambda _: 0, threads=2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        list(results)
