"""The ledger's methods about claims on their way out; part of :class:`Ledger`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from cheonggu.ledger import intents, registers, submissions
from cheonggu.ledger.books import Books
from cheonggu.ledger.model import Actor, Claim, FileLike, Submission


class HandOffBooks(Books):
    """What the hand-off writes: intent, placing, the client's word, and what nobody can tell."""

    def outbox(self, scheme: str) -> list[Claim]:
        """Checked claims that wait for hand-off, by batch id; neither held nor being handed off."""
        with self._read() as connection:
            return registers.list_outbox(connection, scheme)

    def open_submission(self, gateway: str) -> Submission | None:
        """The submission that occupies a gateway, if any."""
        with self._read() as connection:
            return submissions.find_open(connection, gateway)

    def write_intent(
        self,
        provider_code: str,
        claim_no: str,
        gateway: str,
        files: Sequence[FileLike],
        actor: Actor,
        *,
        once: Collection[str] | None = None,
    ) -> Submission:
        """Say what will be placed, before anything is. ``once``: the files that never go twice (None: all).

        StateError when the gateway is occupied, when a file is not the frozen one, or was ever handed off.
        """
        with self._change(actor) as tx:
            return intents.write_intent(tx, provider_code, claim_no, gateway, files, once)

    def mark_placed(self, submission_id: int, actor: Actor) -> None:
        """All files stand in the client's folder: claim HANDED_OFF, statements IN_FLIGHT."""
        with self._change(actor) as tx:
            submissions.mark_placed(tx, submission_id)

    def record_examined(self, submission_id: int, document_id: str, status: int, actor: Actor) -> None:
        """The client's own check: 0 or 1 keeps HANDED_OFF; -1 gives CHECK_FAILED, held. Closes the submission."""
        with self._change(actor) as tx:
            submissions.record_examined(tx, submission_id, document_id, status)

    def mark_unknown(self, submission_id: int, actor: Actor) -> None:
        """Nobody can tell what became of it: SEND_UNKNOWN. An open submission keeps its gateway occupied."""
        with self._change(actor) as tx:
            submissions.mark_unknown(tx, submission_id)

    def mark_overdue(self, scheme: str, days: int, actor: Actor) -> list[tuple[str, str]]:
        """SEND_UNKNOWN for claims handed off or sent more than ``days`` ago without any answer.

        Gives (provider code, claim number) of those it moved.
        """
        before = (self.now() - timedelta(days=days)).isoformat(timespec="microseconds")
        with self._change(actor) as tx:
            return submissions.mark_overdue(tx, scheme, before)

    def abandon_intent(self, submission_id: int, actor: Actor) -> None:
        """Provably nothing was placed: the claim is back in the outbox."""
        with self._change(actor) as tx:
            intents.abandon_intent(tx, submission_id)

    def mark_sent(self, provider_code: str, claim_no: str, actor: Actor) -> None:
        """A person saw that the claim was sent."""
        with self._change(actor) as tx:
            submissions.mark_sent(tx, provider_code, claim_no)
