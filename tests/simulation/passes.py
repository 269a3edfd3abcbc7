"""One pass of submission, of import or of a rerun in a process of its own, which may be killed at any instruction.

The pass waits for the client in turns: it asks over a pipe, the parent lets the client work (or not) and answers,
so that nothing depends on how fast the machine is. Time is the simulated day's.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import cheonggu.submission
import tasks.resources
import tasks.submit
from cheonggu.errors import BusyError, CheongguError
from cheonggu.ledger import open_ledger
from cheonggu.reruns import Request, start_rerun
from cheonggu.site import SITE_VARIABLE
from cheonggu.submission import Submitter
from tasks.collect import collect
from tasks.resources import open_resources
from tasks.submit import submit
from tests.simulation.bugs import plant
from tests.simulation.kills import TIMER, UNHARMED, Kill, arm, disarm

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.simulation.year"])
SCHEME = "hira"
SUBMIT, COLLECT, RERUN = "submit", "collect", "rerun"
CLERK, WHY = "clerk", "corrected"
NIGHT_HOUR = 17  # UTC: two in the morning in Seoul
WAIT_TURNS = 3
SECONDS_AT_MOST = 120


@dataclass(frozen=True)
class Pass:
    """What one process is to do."""

    what: str
    site: str
    day: date
    kill: Kill = UNHARMED
    bug: str | None = None
    asked: Request | None = None


@dataclass(frozen=True)
class Ended:
    """How it ended: ``killed``, ``done``, ``busy`` or ``failed`` with the error's words; and where it got to."""

    how: str
    text: str
    reached: int


@contextmanager
def on_day(site: str, day: date) -> Iterator[None]:
    """The product's settings and clock on a simulated day. A kill loses nothing that was written, so no syncing."""
    moment = datetime.combine(day, time(NIGHT_HOUR), UTC)
    clocked = partial(open_ledger, clock=lambda: moment)
    with (
        mock.patch.object(tasks.resources, "open_ledger", clocked),
        mock.patch.object(os, "fsync"),
        mock.patch.dict(os.environ, {SITE_VARIABLE: site}),
    ):
        yield


def _run(what: Pass, pipe: Connection, counter: Any) -> None:
    """The child: everything here may be the last thing it does."""

    def ask_parent() -> None:
        pipe.send("turn")
        pipe.recv()

    plant(what.bug)
    with on_day(what.site, what.day):
        arm(what.kill, counter)
        try:
            ended = _perform(what, ask_parent)
        finally:
            disarm()
    pipe.send(ended)


def _perform(what: Pass, client: Callable[[], None]) -> tuple[str, str]:
    """The pass itself; its clock moves only while it waits for the client."""
    clock = SimpleNamespace(now=0.0)

    def wait(_: float) -> None:
        clock.now += 1.0
        client()

    turns = SimpleNamespace(monotonic=lambda: clock.now, sleep=wait)
    with (
        mock.patch.object(cheonggu.submission, "time", turns),
        mock.patch.object(tasks.submit, "Submitter", partial(Submitter, sleep=wait)),
    ):
        try:
            if what.asked is not None:
                return ("done", _start_rerun(what.asked))
            return ("done", str((submit if what.what == SUBMIT else collect).fn(SCHEME)))
        except BusyError:
            return ("busy", "")
        except CheongguError as error:
            return ("failed", error.en)


def _start_rerun(asked: Request) -> str:
    """The hospital's keys of what was planned, one a line."""
    with open_resources(SCHEME, CLERK) as here, here.source() as source:
        done = start_rerun(source, here.ledger, here.scheme, here.site, asked, here.actor, WHY)
    return "\n".join(one.source_key for one in done.plan.planned)


def run_here(what: Pass, client: Callable[[], None]) -> Ended:
    """A pass that nothing disturbs, without the cost of a process."""
    with on_day(what.site, what.day):
        return Ended(*_perform(what, client), reached=0)


def run(passes: Sequence[Pass], client: Callable[[], None]) -> list[Ended]:
    """Run passes side by side, letting the client work whenever one of them waits for it."""
    running = [_Running(one) for one in passes]
    while any(one.ended is None for one in running):
        open_pipes = {one.pipe: one for one in running if one.ended is None}
        for pipe in multiprocessing.connection.wait(list(open_pipes), SECONDS_AT_MOST) or [None]:
            if pipe is None:
                raise TimeoutError("a pass neither ended nor asked for the client")
            open_pipes[pipe].serve(client)  # type: ignore[index]
    return [one.finish() for one in running]


class _Running:
    def __init__(self, what: Pass) -> None:
        self.counter = PROCESSES.Value("Q", 0, lock=False)
        self.pipe, theirs = PROCESSES.Pipe()
        self.process = PROCESSES.Process(target=_run, args=(what, theirs, self.counter), daemon=True)
        self.process.start()
        theirs.close()
        self.ended: tuple[str, str] | None = None
        self.timer = threading.Timer(what.kill.at / 1000, self._kill) if what.kill.kind == TIMER else None
        if self.timer is not None:
            self.timer.start()

    def _kill(self) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, signal.SIGKILL)

    def serve(self, client: Callable[[], None]) -> None:
        try:
            said = self.pipe.recv()
            if said == "turn":
                client()
                self.pipe.send("go on")
            else:
                self.ended = said
        except (EOFError, BrokenPipeError, ConnectionResetError):
            self.ended = ("killed", "")

    def finish(self) -> Ended:
        if self.timer is not None:
            self.timer.cancel()
        self.process.join(SECONDS_AT_MOST)
        assert self.ended is not None
        how, text = self.ended
        if how == "killed" and self.process.exitcode != -signal.SIGKILL:
            how, text = "failed", f"the process ended with {self.process.exitcode}"
        return Ended(how, text, int(self.counter.value))


def site_of(folder: Path) -> str:
    return str(folder / "site.toml")
