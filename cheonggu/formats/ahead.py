"""One step of work ahead of need, in a thread: numpy, Arrow and the file system let go of the interpreter meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, TypeVar

T = TypeVar("T")
_END = object()


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items, the next one being made while this one is used."""
    with ThreadPoolExecutor(1) as pool:
        waiting: Future[Any] = pool.submit(next, items, _END)
        while (item := waiting.result()) is not _END:
            waiting = pool.submit(next, items, _END)
            yield item


class Behind:
    """Does calls one after the other in a thread; a new one is taken when the one before is done.

    An error of a call is raised by the next ``do`` or by ``wait``. As a context it waits for the last call.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1)
        self._running: Future[None] | None = None

    def do(self, call: Callable[..., None], *arguments: Any) -> None:
        self.wait()
        self._running = self._pool.submit(call, *arguments)

    def wait(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.result()

    def __enter__(self) -> Behind:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True)
