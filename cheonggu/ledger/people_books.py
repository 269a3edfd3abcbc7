"""The ledger's methods about what people decide; part of :class:`Ledger`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pyarrow as pa

from cheonggu.ledger import claims, decisions, instructions, intake, remarks, withdrawals
from cheonggu.ledger.books import Books
from cheonggu.ledger.model import Actor, Instruction, NewInstruction


class PeopleBooks(Books):
    """Decisions, instructions, remarks, and claims or statements that a person moves."""

    def decide(self, new: NewInstruction, actor: Actor) -> Instruction:
        """Do what a person decided (``decisions.DecisionKind``) and keep who, why and when, in one transaction."""
        with self._change(actor) as tx:
            return decisions.decide(tx, new)

    def frozen_digest(self, provider_code: str, claim_no: str) -> str:
        """Digest (SHA-256, hex) of a claim's frozen files, to which an approval is bound."""
        with self._read() as connection:
            return decisions.digest_frozen(connection, provider_code, claim_no)

    def instruct(self, new: NewInstruction, actor: Actor) -> Instruction:
        """Keep what a person decided; the same content while one is valid gives that one back."""
        with self._change(actor) as tx:
            return instructions.give(tx, new)

    def end_instruction(self, instruction_id: int, person: str, reason: str, actor: Actor) -> None:
        """An instruction holds no longer, from now on."""
        with self._change(actor) as tx:
            instructions.end(tx, instruction_id, person, reason)

    def instructions(
        self,
        scheme: str,
        *,
        kind: str | None = None,
        provider_code: str | None = None,
        subject: str | None = None,
        valid_on: date | None = None,
    ) -> list[Instruction]:
        """Instructions in the order they were given; ``valid_on``: neither ended nor expired on that day."""
        with self._read() as connection:
            return instructions.list_instructions(
                connection,
                scheme,
                kind=kind,
                provider_code=provider_code,
                subject=subject,
                valid_on=valid_on,
            )

    def withdraw_claim(self, provider_code: str, claim_no: str, reason: str, actor: Actor) -> None:
        """A person takes back a claim that is not at the reviewer; its statements become READY and free."""
        with self._change(actor) as tx:
            withdrawals.withdraw_claim(tx, provider_code, claim_no, reason)

    def clear_stop(self, provider_code: str, claim_no: str, reason: str, actor: Actor) -> None:
        """A person looked at a claim that an import had stopped (``Claim.stopped_code``)."""
        with self._change(actor) as tx:
            claims.clear_stop(tx, provider_code, claim_no, reason)

    def override_blocked(
        self, scheme: str, keys: Sequence[str], waiver_ids: Sequence[int], actor: Actor
    ) -> None:
        """Blocked statements whose errors a person waived become BILLABLE and free; StateError for another state."""
        with self._change(actor) as tx:
            intake.override_blocked(tx, scheme, keys, waiver_ids)

    def remark_for(self, provider_code: str, form_no: str) -> str:
        """The remark (참조내역) last used for a form; empty when there was none."""
        with self._read() as connection:
            return remarks.find_remark(connection, provider_code, form_no)

    def keep_remark(self, provider_code: str, form_no: str, text: str, actor: Actor) -> None:
        """Make a remark the last one used for a form; earlier ones stay in the history."""
        with self._change(actor) as tx:
            remarks.keep_remark(tx, provider_code, form_no, text)

    def remarks(self, provider_code: str, limit: int = 20) -> pa.Table:
        """The remarks used last (form_no, text, at), newest first, each text and form once."""
        with self._read() as connection:
            return remarks.list_remarks(connection, provider_code, limit)
