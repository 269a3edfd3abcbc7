"""Work on the claims of a night in threads, as many at once as memory allows.

A claim is worked on as a whole, so what it needs grows with its statements: small ones go side by side, a large one
goes alone. What a machine must hold is then bounded by the largest claim, not by the threads nor by the night.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

One = TypeVar("One")
Result = TypeVar("Result")

MOST_STATEMENTS = 50_000  # of all claims under way; some 12 KiB each
AHEAD = 4  # claims per thread whose results may wait for their turn


def side_by_side(
    work: Callable[[One], Result],
    items: Iterable[One],
    weigh: Callable[[One], int],
    *,
    threads: int,
    most: int = MOST_STATEMENTS,
) -> Iterator[Result]:
    """``work(item)`` for each item, in order.

    An item begins when it weighs, with those begun and not yet handed out, at most ``most``, or when it is alone.
    """
    waiting: deque[tuple[Future[Result], int]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                weight = weigh(item)
                while waiting and (
                    len(waiting) >= AHEAD * threads or weight + sum(one for _, one in waiting) > most
                ):
                    yield waiting.popleft()[0].result()
                waiting.append((pool.submit(work, item), weight))
            while waiting:
                yield waiting.popleft()[0].result()
        finally:
            for future, _ in waiting:
                future.cancel()
