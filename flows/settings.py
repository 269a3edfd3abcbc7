"""What the flows share: the night's lock, and the end states operators see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Completed

from tasks.resources import open_resources


@contextmanager
def only_one(scheme: str, what: str) -> Iterator[None]:
    """Hold the ledger's lock for the whole run; BusyError when another run holds it."""
    with open_resources(scheme) as here, here.ledger.exclusive(f"{scheme}-{what}"):
        yield


def ended(summary: Any, message: str, reasons: Sequence[str] = ()) -> State[Any]:
    """An ordinary end: Completed, or named Held with the reasons why it waits for a person or the counterpart."""
    if not reasons:
        return Completed(message=message, data=summary)
    return Completed(name="Held", message=f"{message}. 확인: {', '.join(reasons)}", data=summary)
