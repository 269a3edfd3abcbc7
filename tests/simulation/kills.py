"""Ways for a run of the pipeline to die, or to be refused by its disk, at an exactly known place.

``instruction``: SIGKILL before the n-th bytecode instruction executed in the modules that claim, hand off and import.
``step``: SIGKILL at the n-th durable step (commit, rename, move). ``fault``: the n-th write fails with a full disk.
``timer``: SIGKILL from outside after some milliseconds; the counter in shared memory says at which instruction that
was, so that it can be played again as an ``instruction``.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

import cheonggu
import cheonggu.batches
from cheonggu.gateways.hira_client import HiraClient

INSTRUCTION, STEP, FAULT, TIMER, NONE = "instruction", "step", "fault", "timer", "none"
CORE = Path(cheonggu.__file__).parent
WATCHED = (
    "submission.py",
    "collection.py",
    "overdue.py",
    "batches.py",
    "care_month.py",
    "extraction.py",
    "reruns/",
    "ledger/",
    "gateways/folders.py",
    "gateways/hira_client.py",
)


@dataclass(frozen=True)
class Kill:
    """How a pass ends before its time; ``at`` is an instruction, a step, a write or milliseconds, from 1."""

    kind: str = NONE
    at: int = 0

    def __str__(self) -> str:
        return self.kind if self.kind == NONE else f"{self.kind} {self.at}"


UNHARMED = Kill()


def arm(kill: Kill, counter: Any) -> None:
    """Make this process die as told; ``counter`` (shared memory) counts what has been reached."""
    if kill.kind in (INSTRUCTION, TIMER):
        sys.settrace(_Instructions(kill.at if kill.kind == INSTRUCTION else 0, counter).enter)
    elif kill.kind in (STEP, FAULT):
        _watch_steps(_Steps(kill, counter))


def disarm() -> None:
    sys.settrace(None)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class _Instructions:
    """Counts bytecode instructions of the watched modules, whatever calls them."""

    def __init__(self, at: int, counter: Any) -> None:
        self.at, self.counter = at, counter
        self.is_watched: dict[str, bool] = {}

    def enter(self, frame: FrameType, what: str, _: Any) -> Any:
        name = frame.f_code.co_filename
        watched = self.is_watched.get(name)
        if watched is None:
            watched = self.is_watched[name] = _is_watched(name)
        if not watched:
            return None
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        return self.count

    def count(self, frame: FrameType, what: str, _: Any) -> Any:
        if what == "opcode":
            self.counter.value += 1
            if self.counter.value == self.at:
                _die()
        return self.count


def _is_watched(name: str) -> bool:
    try:
        place = Path(name).relative_to(CORE).as_posix()
    except ValueError:
        return False
    return place.startswith(WATCHED)


class _Steps:
    def __init__(self, kill: Kill, counter: Any) -> None:
        self.kill, self.counter = kill, counter

    def take(self, *_: object) -> None:
        self.counter.value += 1
        if self.counter.value == self.kill.at:
            if self.kill.kind == STEP:
                _die()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def around(self, real: Callable[..., Any], *, also_after: bool = True) -> Callable[..., Any]:
        def stepped(*args: Any, **kwargs: Any) -> Any:
            self.take()
            result = real(*args, **kwargs)
            if also_after:
                self.take()
            return result

        return stepped


def _watch_steps(steps: _Steps) -> None:
    """A step around everything durable; for a full disk, only where a disk can say so."""
    is_kill = steps.kill.kind == STEP
    if is_kill:
        event.listen(Engine, "commit", steps.take)
        event.listen(Engine, "begin", steps.take)
    cheonggu.batches.publish = steps.around(cheonggu.batches.publish, also_after=is_kill)
    opened = HiraClient.__init__

    def open_stepped(self: HiraClient, folder: str) -> None:
        opened(self, folder)
        for name in ("mv", "put_file", "rm_file"):
            real = getattr(type(self.fs), name).__get__(self.fs)
            setattr(self.fs, name, steps.around(real, also_after=is_kill))

    HiraClient.__init__ = open_stepped  # type: ignore[method-assign]
