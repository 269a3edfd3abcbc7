"""What the flows share: today in Seoul, the night's lock, and the end states operators see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from prefect.client.schemas.objects import State
from prefect.states import Completed

from tasks.resources import open_resources

SEOUL = ZoneInfo("Asia/Seoul")


def today() -> date:
    """The day it is where the hospital stands."""
    return datetime.now(SEOUL).date()


@contextmanager
def only_one(scheme: str, what: str) -> Iterator[None]:
    """Hold the ledger's lock for the whole run; BusyError when another run holds it."""
    with open_resources(scheme) as here, here.ledger.exclusive(f"{scheme}-{what}"):
        yield


def ended(summary: Any, *, held: bool, message: str) -> State[Any]:
    """An ordinary end: Completed, or Completed named Held when something waits for a person or the counterpart."""
    return Completed(name="Held" if held else "Completed", message=message, data=summary)
