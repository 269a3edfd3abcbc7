"""The ledger (원장): alone says what state anything is in. Every change is one transaction with its events.

``open_ledger`` gives a :class:`Ledger`; all changing methods take the actor. A method that is called again after a
crash with the same content changes nothing. Errors: StateError (the ledger refuses, nothing changed), UsageError
(a wrong call), SiteError (database or disk; trying again can help).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime

from sqlalchemy import Connection, select

from cheonggu.errors import SiteError
from cheonggu.ledger import locks, proofs, verification
from cheonggu.ledger.answer_books import AnswerBooks
from cheonggu.ledger.audit import start_chain
from cheonggu.ledger.database import connect, database_errors, parse_url, writing
from cheonggu.ledger.hand_off_books import HandOffBooks
from cheonggu.ledger.line_books import LineBooks
from cheonggu.ledger.migrations import migrate
from cheonggu.ledger.model import Actor, Problem, Proof
from cheonggu.ledger.night_books import NightBooks
from cheonggu.ledger.past_books import PastBooks
from cheonggu.ledger.people_books import PeopleBooks
from cheonggu.ledger.report_books import ReportBooks
from cheonggu.ledger.tables import ledger_meta
from cheonggu.privacy import Vault


def now_utc() -> datetime:
    return datetime.now(UTC)


def open_ledger(url: str, secret: bytes, *, clock: Callable[[], datetime] = now_utc) -> Ledger:
    """Open a ledger and bring an empty or older one up to date; SiteError when the secret is not its own."""
    vault = Vault(secret)
    engine = connect(parse_url(url))
    try:
        with writing(engine) as connection:
            migrate(connection)
            _check_secret(connection, vault)
    except BaseException:
        engine.dispose()
        raise
    return Ledger(engine, vault, clock)


def _check_secret(connection: Connection, vault: Vault) -> None:
    query = select(ledger_meta.c.value).where(ledger_meta.c.name == "fingerprint")
    fingerprint = connection.execute(query).scalar_one_or_none()
    if fingerprint is None:
        start_chain(connection, vault)
    elif fingerprint != vault.fingerprint:
        raise SiteError(
            "This key does not belong to this ledger.",
            "이 키는 이 원장의 키가 아닙니다.",
            fix_en="Give the key file that the ledger was made with.",
            fix_ko="원장을 만들 때 쓴 키 파일을 지정하세요.",
        )


class Ledger(NightBooks, HandOffBooks, AnswerBooks, PeopleBooks, PastBooks, ReportBooks, LineBooks):
    """One open ledger. Use :func:`open_ledger`; close it, or use it as a context manager."""

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with database_errors():
            self._engine.dispose()

    def exclusive(self, name: str) -> AbstractContextManager[None]:
        """Hold the run lock ``name`` for a block; BusyError at once when another run holds it."""
        return locks.hold(self._engine, name)

    def verify(self) -> list[Problem]:
        """Prove that nothing was ever edited: chain, digests, states. An empty list is the proof."""
        with self._read() as connection:
            return verification.verify(connection, self._vault)

    def prove(self, whole_days: int, actor: Actor | None = None) -> Proof:
        """Prove what is new since the last kept proof; the whole when that was ``whole_days`` or more ago.

        With an ``actor`` a proof that found nothing is kept, and the next one begins behind it.
        """
        with self._read() as connection:
            proof, checkpoint = proofs.prove(connection, self._vault, self.now(), whole_days)
        if actor is not None and not proof.problems:
            with self._change(actor) as tx:
                proofs.keep(tx, checkpoint, proof)
        return proof
