"""The ledger (원장): alone says what state anything is in. Every change is one transaction with its events.

``open_ledger`` gives a :class:`Ledger`; all changing methods take the actor. A method that is called again after a
crash with the same content changes nothing. Errors: StateError (the ledger refuses, nothing changed), UsageError
(a wrong call), SiteError (database or disk; trying again can help).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, Engine, select

from cheonggu.errors import SiteError
from cheonggu.findings import none_found
from cheonggu.ledger import (
    answers,
    assembly,
    batches,
    claims,
    comparison,
    decisions,
    disputes,
    followers,
    imports,
    instructions,
    intake,
    lines,
    locks,
    past,
    registers,
    remarks,
    reports,
    requests,
    submissions,
    verification,
    waiting,
    withdrawals,
)
from cheonggu.ledger.audit import Transaction, start_chain
from cheonggu.ledger.balances import of_any, read_balances
from cheonggu.ledger.contents import apply_content
from cheonggu.ledger.database import connect, database_errors, parse_url, reading, writing
from cheonggu.ledger.export import write_register
from cheonggu.ledger.line_books import LineBooks
from cheonggu.ledger.migrations import migrate
from cheonggu.ledger.model import (
    REFERENCES,
    Actor,
    Batch,
    Claim,
    FileFact,
    FileLike,
    Filing,
    ImportReport,
    Instruction,
    NewBatch,
    NewInstruction,
    Problem,
    Submission,
)
from cheonggu.ledger.reconciliation import Reconciliation, reconcile
from cheonggu.ledger.tables import ledger_meta
from cheonggu.notices import Notice
from cheonggu.privacy import Vault
from cheonggu.states import BatchStage, ClaimState, StatementState


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


class Ledger(LineBooks):
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

    def exclusive(self, name: str) -> AbstractContextManager[None]:
        """Hold the run lock ``name`` for a block; BusyError at once when another run holds it."""
        return locks.hold(self._engine, name)

    def known_statements(self, scheme: str, provider_code: str, care_month: str | None) -> pa.Table:
        """What is known (``model.KNOWN``) of one provider and care month (None: all); batch_id null: in no batch."""
        with self._read() as connection:
            return registers.read_known(connection, scheme, provider_code, care_month)

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
            return registers.find_doubles(connection, batch_id)

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

    def withdraw_claim(self, provider_code: str, claim_no: str, reason: str, actor: Actor) -> None:
        """A person takes back a claim that is not at the reviewer; its statements become READY and free."""
        with self._change(actor) as tx:
            withdrawals.withdraw_claim(tx, provider_code, claim_no, reason)

    def clear_stop(self, provider_code: str, claim_no: str, reason: str, actor: Actor) -> None:
        """A person looked at a claim that an import had stopped (``Claim.stopped_code``)."""
        with self._change(actor) as tx:
            claims.clear_stop(tx, provider_code, claim_no, reason)

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
            return submissions.write_intent(tx, provider_code, claim_no, gateway, files, once)

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
            submissions.abandon_intent(tx, submission_id)

    def mark_sent(self, provider_code: str, claim_no: str, actor: Actor) -> None:
        """A person saw that the claim was sent."""
        with self._change(actor) as tx:
            submissions.mark_sent(tx, provider_code, claim_no)

    def notice_status(self, document_no: str, sha256: str) -> str:
        """'new', 'same' (imported with these bytes) or 'conflict' (known with other bytes)."""
        with self._read() as connection:
            return imports.notice_status(connection, document_no, sha256)

    def import_notice(
        self,
        scheme: str,
        notice: Notice,
        *,
        sha256: str,
        archived_as: str,
        actor: Actor,
        provider_codes: Collection[str] | None = None,
    ) -> ImportReport:
        """Take in one archived document, all of it or nothing.

        ``provider_codes``: the providers of this site; None stands for those that have batches in the ledger.
        The same document again changes nothing. NoticeError (nothing changed): known number with other bytes,
        another provider, unknown claim or serial, totals that do not add up. A claim on which ledger and notice
        disagree moves nothing and stands in the report's ``stopped``. Kinds without content here are only kept.
        """
        with self._change(actor) as tx:
            progress = imports.Progress(tx, notice)
            if not imports.enter_notice(tx, scheme, notice, sha256, archived_as, provider_codes):
                return progress.report("same")
            apply_content(progress, scheme)
            return progress.report("imported" if notice.has_content else "kept")

    def file_dispute(
        self,
        provider_code: str,
        claim_no: str,
        kind: str,
        filings: Sequence[Filing],
        filed_on: date,
        actor: Actor,
    ) -> None:
        """A person filed a 're-review' or 'objection' for statements of a claim: DISPUTED.

        StateError past a filing's last day, for a statement that is neither cut nor impossible, or filed before.
        """
        with self._change(actor) as tx:
            disputes.file_dispute(tx, provider_code, claim_no, kind, filings, filed_on)

    def disputable(self, scheme: str) -> pa.Table:
        """Newest decisions that left something cut, with their notice's days: who could still be disputed."""
        with self._read() as connection:
            return disputes.read_disputable(connection, scheme)

    def mark_material_sent(self, document_no: str, answered_on: date, actor: Actor) -> None:
        """A person sent the material that a notice asked for."""
        with self._change(actor) as tx:
            requests.mark_answered(tx, document_no, answered_on)

    def material_requests(self, scheme: str) -> pa.Table:
        """Requests for material (``requests.REQUESTS``) that nobody answered yet, by due day."""
        with self._read() as connection:
            return requests.read_requests(connection, scheme)

    def refuse_notice(
        self, sha256: str, archived_as: str, document_no: str | None, code: str, actor: Actor
    ) -> None:
        """Remember an archived document that could not be imported, and why."""
        with self._change(actor) as tx:
            imports.keep_refused(tx, sha256, archived_as, document_no, code)

    def keep_document(self, sha256: str, archived_as: str, actor: Actor) -> None:
        """Remember an archived document whose form nobody can read yet."""
        with self._change(actor) as tx:
            imports.keep_refused(tx, sha256, archived_as, None, imports.UNKNOWN_FORM)

    def kept_documents(self) -> list[str]:
        """Archive names of documents of unknown form that still wait to be read."""
        with self._read() as connection:
            return imports.list_kept(connection)

    def remark_for(self, provider_code: str, form_no: str) -> str:
        """The remark (참조내역) last used for a form; empty when there was none."""
        with self._read() as connection:
            return remarks.find_remark(connection, provider_code, form_no)

    def keep_remark(self, provider_code: str, form_no: str, text: str, actor: Actor) -> None:
        """Make a remark the last one used for a form; earlier ones stay in the history."""
        with self._change(actor) as tx:
            remarks.keep_remark(tx, provider_code, form_no, text)

    def decide(self, new: NewInstruction, actor: Actor) -> Instruction:
        """Do what a person decided (``decisions.DecisionKind``) and keep who, why and when, in one transaction."""
        with self._change(actor) as tx:
            return decisions.decide(tx, new)

    def frozen_digest(self, provider_code: str, claim_no: str) -> str:
        """Digest (SHA-256, hex) of a claim's frozen files, to which an approval is bound."""
        with self._read() as connection:
            return decisions.digest_frozen(connection, provider_code, claim_no)

    def remarks(self, provider_code: str, limit: int = 20) -> pa.Table:
        """The remarks used last (form_no, text, at), newest first, each text and form once."""
        with self._read() as connection:
            return remarks.list_remarks(connection, provider_code, limit)

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
            return registers.read_claim_statements(connection, provider_code, claim_no)

    def claim_files(self, provider_code: str, claim_no: str) -> tuple[FileFact, ...]:
        """The frozen files of a claim, by name."""
        with self._read() as connection:
            return registers.list_files(connection, provider_code, claim_no)

    def findings(self, batch_id: str) -> pa.Table:
        """All findings of a batch (columns of ``findings.FINDINGS``), in the order they were recorded."""
        with self._read() as connection:
            return registers.read_findings(connection, batch_id)

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
            return registers.read_personal(connection, self._vault, statement_keys)

    def statements_of_resident(self, resident_no: str) -> list[str]:
        """Statement keys of a resident number (주민등록번호), found by its keyed hash."""
        with self._read() as connection:
            return registers.find_resident(connection, self._vault, resident_no)

    def statement_keys(self, scheme: str, state: StatementState | str) -> list[str]:
        """Keys of the statements in a state."""
        with self._read() as connection:
            return registers.list_keys(connection, scheme, state)

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
        """Identity → the live statement (a row of ``model.PARENTS``) that holds it and has a receipt number."""
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

    def blocked(self, scheme: str) -> pa.Table:
        """The errors of every BLOCKED statement (columns of ``findings.FINDINGS``), by statement and rule."""
        with self._read() as connection:
            return registers.read_blocked(connection, scheme)

    def blocked_statements(self, scheme: str) -> pa.Table:
        """statement_key, provider_code and batch_id of every BLOCKED statement."""
        with self._read() as connection:
            return registers.read_blocked_statements(connection, scheme)

    def override_blocked(
        self, scheme: str, keys: Sequence[str], waiver_ids: Sequence[int], actor: Actor
    ) -> None:
        """Blocked statements whose errors a person waived become BILLABLE and free; StateError for another state."""
        with self._change(actor) as tx:
            intake.override_blocked(tx, scheme, keys, waiver_ids)

    def error_rules(self, scheme: str) -> dict[str, set[str]]:
        """Statement key → rules that found an error in it."""
        with self._read() as connection:
            return registers.find_error_rules(connection, scheme)

    def history(self, scheme: str) -> dict[str, pa.Table]:
        """What a scheme's own judgement may ask of the past: ``decided_line``."""
        with self._read() as connection:
            return {"decided_line": lines.read_history_lines(connection, scheme)}

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

    def statement_history(self, statement_key: str) -> pa.Table:
        """Every move of one statement: event_id, at, actor, run_id, kind, from_state, to_state, claim_no."""
        with self._read() as connection:
            return registers.read_history(connection, statement_key)

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

    def verify(self) -> list[Problem]:
        """Prove that nothing was edited: chain, digests, states. An empty list is the proof."""
        with self._read() as connection:
            return verification.verify(connection, self._vault)

    def export(self, path: Path) -> None:
        """Write the register (청구 내역) as an xlsx file without personal data."""
        with self._read() as connection:
            write_register(connection, path)
