"""The ledger's methods about what it tells; part of :class:`Ledger`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from cheonggu.ledger import answers, claims, comparison, registers, reports, statements, waiting
from cheonggu.ledger.balances import of_any, read_balances
from cheonggu.ledger.books import Books
from cheonggu.ledger.export import write_register
from cheonggu.ledger.model import Claim, FileFact
from cheonggu.ledger.reconciliation import Reconciliation, reconcile
from cheonggu.states import ClaimState, StatementState


class ReportBooks(Books):
    """What the ledger tells of claims, statements and money, to people and to other programs."""

    def claim_group(self, provider_code: str, claim_no: str) -> dict[str, str] | None:
        """The values that all statements of a claim share (``Batch.group``); None for an unknown claim."""
        with self._read() as connection:
            return registers.read_group(connection, provider_code, claim_no)

    def claim(self, provider_code: str, claim_no: str) -> Claim:
        """One claim; StateError when there is none."""
        with self._read() as connection:
            return registers.to_claim(claims.get_claim(connection, provider_code, claim_no))

    def claims(
        self,
        scheme: str,
        *,
        states: Sequence[ClaimState | str] | None = None,
        provider_code: str | None = None,
        treatment_month: str | None = None,
    ) -> list[Claim]:
        """The scheme's claims by provider and claim number, filtered as asked."""
        with self._read() as connection:
            return registers.list_claims(connection, scheme, states, provider_code, treatment_month)

    def claim_statements(self, provider_code: str, claim_no: str) -> pa.Table:
        """What was sent under each number of a claim, where it stands and what was decided last."""
        with self._read() as connection:
            return statements.read_claim_statements(connection, provider_code, claim_no)

    def claim_files(self, provider_code: str, claim_no: str) -> tuple[FileFact, ...]:
        """The frozen files of a claim, by name."""
        with self._read() as connection:
            return registers.list_files(connection, provider_code, claim_no)

    def findings(self, batch_id: str) -> pa.Table:
        """All findings of a batch (columns of ``findings.FINDINGS``), in the order they were recorded."""
        with self._read() as connection:
            return statements.read_findings(connection, batch_id)

    def placed_findings(
        self,
        scheme: str,
        *,
        batch_id: str | None = None,
        claim_no: str | None = None,
        month: str | None = None,
        night: date | None = None,
    ) -> pa.Table:
        """Findings with where they stand and the won at stake (``reports.PLACED``); see ``reports.read_placed``."""
        with self._read() as connection:
            return reports.read_placed(
                connection, scheme, batch_id=batch_id, claim_no=claim_no, month=month, night=night
            )

    def rule_answers(self, scheme: str) -> dict[str, pa.Table]:
        """Where rules fired, what was sent all the same and what was refused: see ``answers.read_answers``."""
        with self._read() as connection:
            return answers.read_answers(connection, scheme)

    def waiting(self, scheme: str) -> pa.Table:
        """Everything that waits for the hospital or the reviewer (``waiting.WAITING``)."""
        with self._read() as connection:
            return waiting.read_waiting(connection, scheme)

    def personal(self, statement_keys: Sequence[str]) -> pa.Table:
        """The personal fields in clear, for authorised use only; never log or print them."""
        with self._read() as connection:
            return statements.read_personal(connection, self._vault, statement_keys)

    def statements_of_resident(self, resident_no: str) -> list[str]:
        """Statement keys of a resident number (주민등록번호), found by its keyed hash."""
        with self._read() as connection:
            return statements.find_resident(connection, self._vault, resident_no)

    def statement_keys(self, scheme: str, state: StatementState | str) -> list[str]:
        """Keys of the statements in a state."""
        with self._read() as connection:
            return statements.list_keys(connection, scheme, state)

    def blocked(self, scheme: str) -> pa.Table:
        """The errors of every BLOCKED statement (columns of ``findings.FINDINGS``), by statement and rule."""
        with self._read() as connection:
            return statements.read_blocked(connection, scheme)

    def statement_history(self, statement_key: str) -> pa.Table:
        """Every move of one statement: event_id, at, actor, run_id, kind, from_state, to_state, claim_no."""
        with self._read() as connection:
            return statements.read_history(connection, statement_key)

    def belief(self, scheme: str) -> dict[str, list[dict[str, Any]]]:
        """Claims, statements and imported notices as plain rows (``comparison.read_belief``)."""
        with self._read() as connection:
            return comparison.read_belief(connection, scheme)

    def status(self, scheme: str) -> dict[str, Any]:
        """Counts and won by state of batches, claims and statements."""
        with self._read() as connection:
            return registers.sum_states(connection, scheme)

    def reconcile(
        self,
        scheme: str,
        *,
        provider_code: str | None = None,
        claim_no: str | None = None,
        months: tuple[str, str] | None = None,
    ) -> Reconciliation:
        """Every won of the sent claims, explained or listed as open; ``months``: first and last CCYYMM."""
        with self._read() as connection:
            return reconcile(connection, scheme, provider_code, claim_no, months)

    def register(self, scheme: str) -> pa.Table:
        """Every claim (``registers.REGISTER``) with payer and form, by provider and number."""
        with self._read() as connection:
            return registers.read_register(connection, scheme)

    def balances(self, provider_code: str | None = None, claim_no: str | None = None) -> pa.Table:
        """Every statement that ever stood in a claim (``balances.BALANCES``), by claim and serial; won."""
        with self._read() as connection:
            return read_balances(connection, of_any(provider_code, claim_no))

    def export(self, path: Path) -> None:
        """Write the register (청구 내역) as an xlsx file without personal data."""
        with self._read() as connection:
            write_register(connection, path)
