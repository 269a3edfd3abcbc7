"""The ledger's methods about batches, their checks and their claims until the hand-off; part of :class:`Ledger`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from cheonggu.findings import none_found
from cheonggu.ledger import assembly, batches, claims, intake, statements, withdrawals
from cheonggu.ledger.books import Books
from cheonggu.ledger.model import REFERENCES, Actor, Batch, FileLike, NewBatch
from cheonggu.states import BatchStage


class NightBooks(Books):
    """What the night writes, from the first statement to a checked claim."""

    def known_statements(self, scheme: str, provider_code: str, care_month: str | None) -> pa.Table:
        """What is known (``model.KNOWN``) of one provider and care month (None: all); batch_id null: in no batch."""
        with self._read() as connection:
            return statements.read_known(connection, scheme, provider_code, care_month)

    def add_batches(
        self, new: Sequence[NewBatch], members: pa.Table, actor: Actor, *, references: pa.Table | None = None
    ) -> None:
        """Enter new batches and their statements (columns of ``model.MEMBERS``), all or none.

        New statements become BILLABLE, blocked ones whose content changed too; free READY ones stay READY. A batch
        that is known with the same members is passed over; StateError names statements that may not join.
        ``references`` (``model.REFERENCES``) name what new members follow: supplements and additions are born READY.
        """
        with self._change(actor) as tx:
            intake.add_batches(
                tx, new, members, REFERENCES.empty_table() if references is None else references
            )

    def batches(self, scheme: str, *, stages: Sequence[BatchStage | str] | None = None) -> list[Batch]:
        """The scheme's batches (in ``stages``), by batch id."""
        with self._read() as connection:
            return batches.list_batches(connection, scheme, stages)

    def find_doubles(self, batch_id: str) -> list[str]:
        """Keys of an extracted batch that may not go on, because the same visit is claimed or about to be."""
        with self._read() as connection:
            return statements.find_doubles(connection, batch_id)

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

    def split_failed(
        self, batch_id: str, blocked_keys: Sequence[str], successor: NewBatch | None, actor: Actor
    ) -> None:
        """Withdraw a failed claim, block the named statements, put the others into the successor batch.

        ``successor`` is None when no statement stays.
        """
        with self._change(actor) as tx:
            withdrawals.split_failed(tx, batch_id, blocked_keys, successor)

    def hold(
        self, batch_id: str, reason_code: str, actor: Actor, *, findings: pa.Table | None = None
    ) -> None:
        """Stop a batch before hand-off until a person decides; ``findings`` are kept with it."""
        with self._change(actor) as tx:
            batches.hold_batch(tx, batch_id, reason_code, none_found() if findings is None else findings)

    def release(self, batch_id: str, actor: Actor) -> None:
        """Let a held batch go on from where it was held."""
        with self._change(actor) as tx:
            batches.release_batch(tx, batch_id)

    def blocked_statements(self, scheme: str) -> pa.Table:
        """statement_key, provider_code and batch_id of every BLOCKED statement."""
        with self._read() as connection:
            return statements.read_blocked_statements(connection, scheme)

    def error_rules(self, scheme: str) -> dict[str, set[str]]:
        """Statement key → rules that found an error in it."""
        with self._read() as connection:
            return statements.find_error_rules(connection, scheme)
