"""Several checkers side by side, one per thread, for the claims of a night or the cases of a test."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from queue import SimpleQueue
from typing import TypeVar

from cheonggu.precheck.engine import Checker
from cheonggu.precheck.model import Catalogue
from cheonggu.side_by_side import side_by_side

One = TypeVar("One")
Result = TypeVar("Result")


def map_checked(
    catalogue: Catalogue,
    work: Callable[[Checker, One], Result],
    items: Iterable[One],
    *,
    threads: int,
    weigh: Callable[[One], int] = lambda _: 0,
) -> Iterator[Result]:
    """``work(checker, item)`` for each item, in order; every checker keeps its plans from item to item.

    ``weigh``: an item's statements, so that large claims do not stand in memory together (:mod:`side_by_side`).
    """
    with ExitStack() as opened:
        free: SimpleQueue[Checker] = SimpleQueue()
        for _ in range(threads):
            free.put(opened.enter_context(Checker(catalogue, threads=threads)))

        def work_one(item: One) -> Result:
            checker = free.get()
            try:
                return work(checker, item)
            finally:
                free.put(checker)

        yield from side_by_side(work_one, items, weigh, threads=threads)
