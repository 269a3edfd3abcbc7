"""The ledger (원장): alone says what state anything is in. Every change is one transaction with its events.

``open_ledger`` gives a :class:`Ledger`; all changing methods take the actor. A method that is called again after a
crash with the same content changes nothing. Errors: StateError (the ledger refuses, nothing changed), UsageError
(a wrong call), SiteError (database or disk; trying again can help).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime

import pyarrow as pa
from sqlalchemy import Connection, Engine, select

from cheonggu.errors import SiteError
from cheonggu.ledger import assembly, batches, claims, intake, locks
from cheonggu.ledger.audit import Transaction, start_chain
from cheonggu.ledger.database import connect, database_errors, parse_url, read_table, reading, writing
from cheonggu.ledger.migrations import migrate
from cheonggu.ledger.model import KNOWN, Actor, Batch, FileLike, NewBatch
from cheonggu.ledger.tables import ledger_meta, statement
from cheonggu.privacy import Vault
from cheonggu.states import BatchStage


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


class Ledger:
    """One open ledger. Use :func:`open_ledger`; close it, or use it as a context manager."""

    def __init__(self, engine: Engine, vault: Vault, clock: Callable[[], datetime]) -> None:
        self._engine, self._vault, self._clock = engine, vault, clock

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with database_errors():
            self._engine.dispose()

    @contextmanager
    def _change(self, actor: Actor) -> Iterator[Transaction]:
        with writing(self._engine) as connection:
            now = self._clock().astimezone(UTC).isoformat(timespec="microseconds")
            tx = Transaction(connection, self._vault, actor, now)
            yield tx
            tx.close()

    def _read(self) -> AbstractContextManager[Connection]:
        return reading(self._engine)

    def exclusive(self, name: str) -> AbstractContextManager[None]:
        """Hold the run lock ``name`` for a block; BusyError at once when another run holds it."""
        return locks.hold(self._engine, name)

    def known_statements(self, scheme: str, provider_code: str, care_month: str) -> pa.Table:
        """statement_key, state, content_hash, batch_id (null: in no batch) of one provider and care month."""
        columns = statement.c
        query = select(*(columns[name] for name in KNOWN.names)).where(
            columns.scheme == scheme,
            columns.provider_code == provider_code,
            columns.care_month == care_month,
        )
        with self._read() as connection:
            return read_table(connection, query, KNOWN)

    def add_batches(self, new: Sequence[NewBatch], members: pa.Table, actor: Actor) -> None:
        """Enter new batches and their statements (columns of ``model.MEMBERS``), all or none.

        New statements become BILLABLE, blocked ones whose content changed too; free READY ones stay READY. A batch
        that is known with the same members is passed over; StateError names statements that may not join.
        """
        with self._change(actor) as tx:
            intake.add_batches(tx, new, members)

    def batches(self, scheme: str, *, stages: Sequence[BatchStage | str] | None = None) -> list[Batch]:
        """The scheme's batches (in ``stages``), by batch id."""
        with self._read() as connection:
            return batches.list_batches(connection, scheme, stages)

    def record_validated(self, batch_id: str, verdicts: pa.Table, findings: pa.Table, actor: Actor) -> None:
        """READY or BLOCKED per statement (``model.VERDICTS``), findings kept; stage validated or empty."""
        with self._change(actor) as tx:
            batches.record_validated(tx, batch_id, verdicts, findings)

    def reserve_claim_numbers(self, batch_ids: Sequence[str], actor: Actor) -> dict[str, str]:
        """A claim number per validated batch; the same ones when asked again. StateError after 9999."""
        with self._change(actor) as tx:
            return claims.reserve_numbers(tx, batch_ids)

    def record_assembled(
        self,
        batch_id: str,
        members: pa.Table,
        header: Mapping[str, int],
        files: Sequence[FileLike],
        actor: Actor,
    ) -> None:
        """Freeze a claim: members (``model.NUMBERED``), header sums (won and counts) and files.

        StateError when count, serials or sums disagree, or when an identity is live in another claim.
        """
        with self._change(actor) as tx:
            assembly.record_assembled(tx, batch_id, members, header, files)

    def record_prechecked(self, batch_id: str, status: str, findings: pa.Table, actor: Actor) -> None:
        """The check's verdict on a claim: 'ok', 'warn' or 'failed'."""
        with self._change(actor) as tx:
            claims.record_prechecked(tx, batch_id, status, findings)
