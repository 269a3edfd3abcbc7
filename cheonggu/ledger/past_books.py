"""The ledger's methods about what was claimed before; part of :class:`Ledger`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from cheonggu.ledger import followers, lines, past
from cheonggu.ledger.books import Books
from cheonggu.ledger.model import Batch
from cheonggu.states import StatementState


class PastBooks(Books):
    """What reruns, the pre-check and a scheme's judgement ask of earlier claims."""

    def rerun_parents(
        self,
        scheme: str,
        provider_code: str,
        *,
        states: Sequence[StatementState | str] | None = None,
        receipt_nos: Sequence[str] = (),
        statement_keys: Sequence[str] = (),
    ) -> pa.Table:
        """Statements of received claims (``model.PARENTS``) that match every filter given, by receipt and serial."""
        with self._read() as connection:
            return followers.read_parents(
                connection, scheme, provider_code, states, receipt_nos, statement_keys
            )

    def rerun_children(self, scheme: str, provider_code: str) -> pa.Table:
        """The supplementary, additional and split statements of a provider (``model.CHILDREN``), by parent."""
        with self._read() as connection:
            return followers.read_children(connection, scheme, provider_code)

    def receipts_of(self, scheme: str, identities: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Identity → the live statement (a row of ``model.PARENTS``) that holds it and has a receipt number.

        In place of a replaced one stands the supplement that was received for it last.
        """
        hashes = {self._vault.hash_identity(one): one for one in identities}
        with self._read() as connection:
            found = followers.read_holders(connection, scheme, list(hashes))
        return {hashes[digest]: row for digest, row in found.items()}

    def rerun_history(self, batch_id: str) -> dict[str, pa.Table]:
        """What the pre-check may ask about the parents of a rerun claim; empty for original claims."""
        with self._read() as connection:
            return followers.read_history(connection, batch_id)

    def parents_of(self, batch_id: str, *, relation: str) -> list[dict[str, str]]:
        """statement_key, batch_id, claim_no, receipt_no, statement_no of what a batch's statements follow."""
        with self._read() as connection:
            return followers.read_parents_of(connection, batch_id, relation)

    def past(
        self, one: Batch, as_of: date, *, months: Sequence[str], receipt_nos: Sequence[str] = ()
    ) -> dict[str, pa.Table]:
        """What the pre-check of a batch can meet: ``identities`` of its statements, ``statements`` of other claims
        and ``claims`` of those treatment months; schemas in ``cheonggu.ledger.past``."""
        with self._read() as connection:
            return {
                "identities": past.read_identities(connection, one),
                "statements": past.read_statements(connection, one, as_of, receipt_nos),
                "claims": past.read_claims(connection, one, months),
            }

    def history(self, scheme: str) -> dict[str, pa.Table]:
        """What a scheme's own judgement may ask of the past: ``decided_line``."""
        with self._read() as connection:
            return {"decided_line": lines.read_history_lines(connection, scheme)}
