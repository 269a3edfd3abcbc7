"""The ledger's methods about lines, days, visits and signature requests; part of :class:`Ledger`."""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from cheonggu.ledger import lines, signatures
from cheonggu.ledger.books import Books
from cheonggu.ledger.model import Actor


class LineBooks(Books):
    """What schemes that decide line by line keep beside claims and statements."""

    def keep_lines(self, batch_id: str, claimed: pa.Table, visits: pa.Table, actor: Actor) -> None:
        """Keep the lines of a numbered claim (``lines.CLAIM_LINES``) and the visits of its statements.

        Called again with the same content it changes nothing. ``visits`` (``lines.VISITS``) are stored as keyed hashes.
        """
        with self._change(actor) as tx:
            lines.keep_lines(tx, batch_id, claimed, visits)

    def history_lines(self, scheme: str) -> pa.Table:
        """The newest decision of every decided line (``lines.HISTORY_LINE``): the benefit ledger of every person."""
        with self._read() as connection:
            return lines.read_history_lines(connection, scheme)

    def asked_lines(self, scheme: str) -> pa.Table:
        """Lines of claims that were made and are not decided yet (``lines.ASKED_LINE``)."""
        with self._read() as connection:
            return lines.read_asked_lines(connection, scheme)

    def overlaps(self, batch_id: str) -> pa.Table:
        """Statements of a batch whose visit another scheme holds too: statement_key, other_scheme, visits."""
        with self._read() as connection:
            return lines.read_overlaps(connection, batch_id)

    def scheme_overlaps(self, scheme: str) -> pa.Table:
        """Every statement of a scheme whose visit another scheme holds too (``lines.OVERLAPS``), by statement."""
        with self._read() as connection:
            return lines.read_scheme_overlaps(connection, scheme)

    def clocks(self, scheme: str) -> pa.Table:
        """Days that still run, by claim, statement and kind (``lines.CLOCKS``)."""
        with self._read() as connection:
            return lines.read_clocks(connection, scheme)

    def signature_requests(self, scheme: str) -> pa.Table:
        """Every message that asked for a signature (``signatures.REQUESTS``), by statement and number."""
        with self._read() as connection:
            return signatures.read_requests(connection, scheme)

    def record_signature_request(
        self,
        scheme: str,
        statement_key: str,
        request_no: int,
        *,
        asked_on: date,
        medium: str,
        reference: str,
        actor: Actor,
    ) -> None:
        """A message left; the same number again changes nothing. Number 1 is the first, later ones are reminders."""
        with self._change(actor) as tx:
            signatures.record_request(tx, scheme, statement_key, request_no, asked_on, medium, reference)
