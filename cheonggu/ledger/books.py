"""What every part of the ledger stands on: its connection, its key and its clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine

from cheonggu.ledger.audit import Transaction
from cheonggu.ledger.database import reading, writing
from cheonggu.ledger.model import Actor
from cheonggu.privacy import Vault


class Books:
    """One open ledger's engine, vault and clock; a change is one transaction with its events."""

    def __init__(self, engine: Engine, vault: Vault, clock: Callable[[], datetime]) -> None:
        self._engine, self._vault, self._clock = engine, vault, clock

    def now(self) -> datetime:
        """The moment that this ledger's clock shows, in UTC."""
        return self._clock().astimezone(UTC)

    @contextmanager
    def _change(self, actor: Actor) -> Iterator[Transaction]:
        with writing(self._engine) as connection:
            now = self.now().isoformat(timespec="microseconds")
            tx = Transaction(connection, self._vault, actor, now)
            yield tx
            tx.close()

    def _read(self) -> AbstractContextManager[Connection]:
        return reading(self._engine)
