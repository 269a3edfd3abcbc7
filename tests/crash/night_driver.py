"""One night without an orchestrator, in a process that may kill itself at its n-th durable step.

Run as ``python night_driver.py SITE AS_OF [KILL_AT]``; prints the number of steps it took. A step is any moment at
which a crash could show: before and after every rename into place, every commit, every move in the client's folder.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

import cheonggu.batches
from cheonggu.gateways.hira_client import HiraClient
from cheonggu.site import SITE_VARIABLE
from tasks.assemble import assemble
from tasks.collect import collect
from tasks.extract import extract
from tasks.precheck import precheck
from tasks.submit import submit
from tasks.validate import validate

SCHEME = "hira"


class Steps:
    """Counts durable steps and kills the process, with no chance to tidy up, at the chosen one."""

    def __init__(self, kill_at: int | None) -> None:
        self.kill_at, self.taken = kill_at, 0

    def step(self, *_: object) -> None:
        self.taken += 1
        if self.taken == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*args: Any, **kwargs: Any) -> Any:
            self.step()
            result = real(*args, **kwargs)
            self.step()
            return result

        return stepped


def watch(steps: Steps) -> None:
    cheonggu.batches.publish = steps.around(cheonggu.batches.publish)
    for name in ("place", "acknowledge", "set_aside"):
        setattr(HiraClient, name, steps.around(getattr(HiraClient, name)))
    event.listen(Engine, "commit", steps.step)
    event.listen(Engine, "begin", steps.step)
    original = HiraClient.__init__

    def opened(self: HiraClient, folder: str) -> None:
        original(self, folder)
        self.fs.mv = steps.around(type(self.fs).mv.__get__(self.fs))

    HiraClient.__init__ = opened  # type: ignore[method-assign]


def night(as_of: date) -> None:
    extract.fn(SCHEME, as_of)
    validate.fn(SCHEME)
    while True:
        assemble.fn(SCHEME)
        if not precheck.fn(SCHEME, as_of).successors:
            break
    submit.fn(SCHEME)


def main(site: str, as_of: str, what: str, kill_at: str | None = None) -> None:
    os.environ[SITE_VARIABLE] = site
    steps = Steps(int(kill_at) if kill_at else None)
    watch(steps)
    if what == "night":
        night(date.fromisoformat(as_of))
    else:
        collect.fn(SCHEME)
    print(steps.taken)


if __name__ == "__main__":
    main(*sys.argv[1:])
