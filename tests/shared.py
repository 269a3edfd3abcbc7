"""What the processes of one test run make once and share: a folder of the run, and servers that end with it."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

DONE = "made"


def make_once(shared: Path, name: str, make: Callable[[Path], None]) -> Path:
    """The folder ``name`` of the run, filled by the first process that asks; the others wait for it.

    What failed half-way is thrown away and made anew by the next that asks.
    """
    place = shared / name
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / f"{name}.{DONE}").exists():
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            make(place)
            (shared / f"{name}.{DONE}").touch()
    return place
