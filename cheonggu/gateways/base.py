"""The contract every gateway keeps, in prose.

A gateway hands the files of one claim to the program or person that sends them, and says what became of it. It
never decides whether to send: :mod:`cheonggu.submission` does, with the ledger's intent already written.

* ``look`` changes nothing and may be called at any time, by any number of runs.
* ``place`` may be repeated after a crash at any instruction; it ends in the same files or raises. It begins
  nothing unless the folder is free.
* ``examined`` gives the counterpart's answer to the set placed last, or None while there is none. Asking again
  gives the same answer until ``acknowledge`` takes it away.
* Nothing in a gateway retries a sending or waits for a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol


class Place(StrEnum):
    """What the hand-off folder shows for one submission."""

    FREE = "free"  # empty, nothing of ours under way
    STAGED = "staged"  # our set is being put there and is not complete: the counterpart has not begun
    WAITING = "waiting"  # our set is complete and not answered yet
    ANSWERED = "answered"  # our set is gone and the counterpart's answer lies there
    FOREIGN = "foreign"  # somebody else's files lie there, or an answer to something that was not ours


@dataclass(frozen=True)
class Examined:
    """The counterpart's answer: its document id and 0 fine, 1 errors but claimable, -1 not claimable."""

    document_id: str
    status: int


class Gateway(Protocol):
    name: str

    def look(self, token: str, names: Sequence[str]) -> Place:
        """What the folder shows for the submission ``token`` whose files have these names."""
        ...

    def place(self, token: str, files: Sequence[Path]) -> None:
        """Put the set there completely. SiteError when it cannot be written; StateError when not free."""
        ...

    def examined(self) -> Examined | None: ...

    def acknowledge(self) -> None:
        """Take the answer away once the ledger holds it."""
        ...

    def left_over(self, token: str, names: Sequence[str]) -> list[str]:
        """Files of the submission ``token`` that still lie where the counterpart would take them."""
        ...

    def incoming(self) -> list[str]:
        """Names of documents that wait in the output folder, oldest name first."""
        ...

    def fetch(self, name: str) -> bytes: ...

    def set_aside(self, name: str, *, accepted: bool) -> None:
        """Move a document out of the way after it was archived and imported (or refused)."""
        ...
