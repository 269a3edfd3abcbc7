"""One night without an orchestrator, in a process that kills itself at its n-th durable step.

A step is any moment at which a crash could show: before and after every rename into place, every begin and commit,
every move in the client's folder and every answer taken away.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

import cheonggu.batches
from cheonggu.gateways.hira_client import HiraClient
from cheonggu.gateways.simulator import HiraSimulator
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
    """Put a step around everything durable."""
    cheonggu.batches.publish = steps.around(cheonggu.batches.publish)
    for name in ("place", "acknowledge", "set_aside"):
        setattr(HiraClient, name, steps.around(getattr(HiraClient, name)))
    event.listen(Engine, "commit", steps.step)
    event.listen(Engine, "begin", steps.step)
    opened = HiraClient.__init__

    def open_stepped(self: HiraClient, folder: str) -> None:
        opened(self, folder)
        self.fs.mv = steps.around(type(self.fs).mv.__get__(self.fs))

    HiraClient.__init__ = open_stepped  # type: ignore[method-assign]


def run_night(site: str, as_of: str, kill_at: int | None, report: str) -> None:
    """The six stages and one collection; writes the number of steps when it got to the end."""
    os.environ[SITE_VARIABLE] = site
    steps = Steps(kill_at)
    watch(steps)
    day = date.fromisoformat(as_of)
    extract.fn(SCHEME, day)
    validate.fn(SCHEME, day)
    while True:
        assemble.fn(SCHEME)
        if not precheck.fn(SCHEME, day).successors:
            break
    submit.fn(SCHEME)
    collect.fn(SCHEME)
    Path(report).write_text(str(steps.taken), encoding="ascii")


def run_counterpart(folder: str, as_of: str) -> None:
    """The simulated client examines and nothing more, so that two runs can be compared."""
    with HiraSimulator(Path(folder), today=date.fromisoformat(as_of), auto_login=False) as simulator:
        simulator.watch(seconds=1_200)  # whoever started it ends it
