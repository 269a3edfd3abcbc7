"""Reading the ledger: claims, statements, findings, sums. Nothing here changes anything."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from sqlalchemy import Column, Connection, Integer, Select, and_, cast, exists, func, or_, select

from cheonggu.findings import ERROR, FINDINGS
from cheonggu.ledger.database import read_table
from cheonggu.ledger.model import AMOUNTS, KNOWN, PERSONAL, Claim, FileFact
from cheonggu.ledger.moves import of_claim
from cheonggu.ledger.tables import (
    batch,
    claim,
    claim_file,
    claim_statement,
    decision,
    event,
    event_statement,
    finding,
    live_submission,
    statement,
    statement_personal,
    submission,
)
from cheonggu.privacy import Vault
from cheonggu.states import BatchStage, ClaimState, StatementState

CLAIM_STATEMENTS = pa.schema(
    [(name, pa.string()) for name in ("statement_no", "statement_key", "content_hash", "state")]
    + [(name, pa.int64()) for name in ("claimed_amount", "total_benefit_cost_1", "patient_copay")]
    + [(name, pa.string()) for name in ("review_round", "outcome")]
    + [(name, pa.int64()) for name in ("decided_amount", "decided_total_1", "decided_copay", "copay_refund")]
)
HISTORY = pa.schema(
    [("event_id", pa.int64())]
    + [
        (name, pa.string())
        for name in ("at", "actor", "run_id", "kind", "from_state", "to_state", "claim_no")
    ]
)
REGISTER_TEXTS = (
    "provider_code",
    "claim_no",
    "treatment_month",
    "claim_class",
    "state",
    "receipt_year",
    "receipt_no",
    "document_id",
    "stopped_code",
    "batch_id",
)
REGISTER = pa.schema(
    [(name, pa.string()) for name in (*REGISTER_TEXTS, "kind", "payer_class", "form_no")]
    + [("received_on", pa.date32())]
    + [(name, pa.int64()) for name in ("statement_count", "claimed", "total_benefit_cost_1", "patient_copay")]
)
KEYS_AT_ONCE = 500
# States in which a statement is on its way into a claim but not live yet.
WAITING_STATES = [StatementState.BILLABLE.value, StatementState.READY.value]
BEFORE_HAND_OFF = (
    ClaimState.OPEN,
    ClaimState.ASSEMBLED,
    ClaimState.CHECKED_OK,
    ClaimState.CHECKED_WARN,
    ClaimState.CHECK_FAILED,
)
SENT = tuple(
    one for one in ClaimState if one not in (*BEFORE_HAND_OFF, ClaimState.WITHDRAWN, ClaimState.RETURNED)
)


def list_outbox(connection: Connection, scheme: str) -> list[Claim]:
    """Checked claims of batches that are not held, without an open submission, by batch id."""
    is_open = exists().where(
        and_(
            submission.c.provider_code == claim.c.provider_code,
            submission.c.claim_no == claim.c.claim_no,
            submission.c.is_open,
        )
    )
    checked = [ClaimState.CHECKED_OK.value, ClaimState.CHECKED_WARN.value]
    query = (
        select(claim)
        .join(batch, batch.c.batch_id == claim.c.batch_id)
        .where(claim.c.scheme == scheme, claim.c.state.in_(checked))
        .where(batch.c.stage == BatchStage.CHECKED.value, ~is_open)
    )
    return sorted(map(to_claim, connection.execute(query)), key=lambda one: one.batch_id)


def list_claims(
    connection: Connection,
    scheme: str,
    states: Sequence[ClaimState | str] | None,
    provider_code: str | None,
    treatment_month: str | None,
) -> list[Claim]:
    """The claims of a scheme that match every filter given."""
    query = select(claim).where(claim.c.scheme == scheme)
    if states is not None:
        query = query.where(claim.c.state.in_([ClaimState(one).value for one in states]))
    if provider_code is not None:
        query = query.where(claim.c.provider_code == provider_code)
    if treatment_month is not None:
        query = query.where(claim.c.treatment_month == treatment_month)
    return sorted(map(to_claim, connection.execute(query)), key=lambda one: (one.provider_code, one.claim_no))


def list_files(connection: Connection, provider_code: str, claim_no: str) -> tuple[FileFact, ...]:
    """The frozen files of a claim, by name."""
    rows = connection.execute(select(claim_file).where(of_claim(claim_file, provider_code, claim_no)))
    return tuple(sorted((FileFact(one.name, one.size, one.sha256) for one in rows), key=lambda one: one.name))


def read_known(connection: Connection, scheme: str, provider_code: str, care_month: str | None) -> pa.Table:
    """``KNOWN`` of one provider and care month (None: of all its months)."""
    mine, sent = statement.c, claim_statement.c
    came_back = exists().where(
        sent.statement_key == mine.statement_key,
        sent.content_hash == mine.content_hash,
        claim.c.provider_code == sent.provider_code,
        claim.c.claim_no == sent.claim_no,
        claim.c.state == ClaimState.RETURNED.value,
    )
    columns = [mine[name] for name in KNOWN.names if name != "is_returned"]
    query = select(*columns, cast(came_back, Integer)).where(
        mine.scheme == scheme, mine.provider_code == provider_code
    )
    if care_month is not None:
        query = query.where(mine.care_month == care_month)
    raw = pa.schema([*list(KNOWN)[:-1], pa.field("is_returned", pa.int8())])  # SQLite has no booleans
    return read_table(connection, query, raw).cast(KNOWN)


def read_blocked(connection: Connection, scheme: str) -> pa.Table:
    """The errors of statements that are BLOCKED, from the batch that blocked them, without the waived ones."""
    query = (
        select(*(finding.c[name] for name in FINDINGS.names))
        .join(
            statement,
            and_(
                statement.c.statement_key == finding.c.statement_key,
                statement.c.batch_id == finding.c.batch_id,
            ),
        )
        .where(
            statement.c.scheme == scheme,
            statement.c.state == StatementState.BLOCKED.value,
            finding.c.level == ERROR,
            finding.c.waiver_id.is_(None),
        )
        .order_by(finding.c.statement_key, finding.c.rule_id, finding.c.seq)
    )
    return read_table(connection, query, FINDINGS)


def read_blocked_statements(connection: Connection, scheme: str) -> pa.Table:
    """statement_key, provider_code and the batch that blocked it, of every BLOCKED statement."""
    names = ("statement_key", "provider_code", "batch_id")
    query = select(*(statement.c[name] for name in names)).where(
        statement.c.scheme == scheme, statement.c.state == StatementState.BLOCKED.value
    )
    return read_table(connection, query, pa.schema([(name, pa.string()) for name in names]))


def find_doubles(connection: Connection, batch_id: str) -> list[str]:
    """Keys in a batch whose identity is live in a claim, or that another unblocked statement claims before them.

    Of statements that share an identity and are not live, the one with the smallest key goes on.
    """
    other = statement.alias("other")
    rival = exists().where(
        and_(
            other.c.scheme == statement.c.scheme,
            other.c.identity_hash == statement.c.identity_hash,
            other.c.statement_key < statement.c.statement_key,
            other.c.state.in_(WAITING_STATES),
        )
    )
    live = exists().where(
        and_(
            live_submission.c.scheme == statement.c.scheme,
            live_submission.c.identity_hash == statement.c.identity_hash,
        )
    )
    query = select(statement.c.statement_key).where(statement.c.batch_id == batch_id, or_(rival, live))
    return sorted(connection.execute(query).scalars())


def select_claim_statements() -> Select[Any]:
    """The columns of ``CLAIM_STATEMENTS`` for every claim; the caller narrows it down."""
    newest = (
        select(
            decision,
            func.row_number()
            .over(
                partition_by=[decision.c.provider_code, decision.c.claim_no, decision.c.statement_no],
                order_by=decision.c.review_round.desc(),
            )
            .label("place"),
        )
    ).subquery()
    sent = claim_statement.c
    is_its_newest = and_(
        newest.c.provider_code == sent.provider_code,
        newest.c.claim_no == sent.claim_no,
        newest.c.statement_no == sent.statement_no,
        newest.c.place == 1,
    )
    sources = {"state": statement.c, **{one.name: sent for one in claim_statement.columns}}
    columns: list[Column[Any]] = [sources.get(name, newest.c)[name] for name in CLAIM_STATEMENTS.names]
    return (
        select(*columns)
        .join(statement, statement.c.statement_key == sent.statement_key)
        .outerjoin(newest, is_its_newest)
    )


def read_claim_statements(connection: Connection, provider_code: str, claim_no: str) -> pa.Table:
    """``CLAIM_STATEMENTS`` of one claim by serial."""
    query = select_claim_statements().where(of_claim(claim_statement, provider_code, claim_no))
    return read_table(connection, query, CLAIM_STATEMENTS).sort_by("statement_no")


def read_findings(connection: Connection, batch_id: str) -> pa.Table:
    """The findings of a batch in the order they were recorded."""
    columns = [finding.c[name] for name in FINDINGS.names]
    query = select(*columns).where(finding.c.batch_id == batch_id).order_by(finding.c.seq)
    return read_table(connection, query, FINDINGS)


def read_personal(connection: Connection, vault: Vault, keys: Sequence[str]) -> pa.Table:
    """statement_key and the personal fields of statements, in the order asked; unknown keys are left out."""
    sealed: dict[str, bytes] = {}
    for start in range(0, len(keys), KEYS_AT_ONCE):
        part = statement_personal.c.statement_key.in_(keys[start : start + KEYS_AT_ONCE])
        query = select(statement_personal.c.statement_key, statement_personal.c.sealed).where(part)
        sealed |= {row.statement_key: row.sealed for row in connection.execute(query)}
    rows = [{"statement_key": key, **vault.open(key, sealed[key])} for key in keys if key in sealed]
    return pa.Table.from_pylist(
        rows, schema=pa.schema([(name, pa.string()) for name in ("statement_key", *PERSONAL)])
    )


def find_resident(connection: Connection, vault: Vault, resident_no: str) -> list[str]:
    """Statement keys with this resident number."""
    wanted = vault.hash_resident_no(resident_no)
    query = select(statement_personal.c.statement_key).where(statement_personal.c.resident_no_hash == wanted)
    return sorted(connection.execute(query).scalars())


def read_history(connection: Connection, statement_key: str) -> pa.Table:
    """All moves of one statement, oldest first."""
    sources = {"from_state": event_statement.c, "to_state": event_statement.c}
    query = (
        select(*(sources.get(name, event.c)[name] for name in HISTORY.names))
        .join(event_statement, event_statement.c.event_id == event.c.event_id)
        .where(event_statement.c.statement_key == statement_key)
        .order_by(event.c.event_id)
    )
    return read_table(connection, query, HISTORY)


def list_keys(connection: Connection, scheme: str, state: StatementState | str) -> list[str]:
    """Keys of the statements in a state."""
    wanted = StatementState(state).value
    query = select(statement.c.statement_key).where(statement.c.scheme == scheme, statement.c.state == wanted)
    return sorted(connection.execute(query).scalars())


def find_error_rules(connection: Connection, scheme: str) -> dict[str, set[str]]:
    """Statement key → rules that found an error in it, in any of its batches."""
    query = (
        select(finding.c.statement_key, finding.c.rule_id)
        .distinct()
        .join(batch, batch.c.batch_id == finding.c.batch_id)
        .where(batch.c.scheme == scheme, finding.c.level == ERROR, finding.c.statement_key.is_not(None))
    )
    rules: dict[str, set[str]] = {}
    for key, rule_id in connection.execute(query).tuples():
        rules.setdefault(str(key), set()).add(rule_id)
    return rules


def read_register(connection: Connection, scheme: str) -> pa.Table:
    """``REGISTER``: every claim with what its statements share (payer, form), by provider and number."""
    columns = [claim.c[name] for name in (*REGISTER_TEXTS, "received_on", "statement_count", *AMOUNTS)]
    query = (
        select(*columns, batch.c.kind, batch.c.group_values)
        .join(batch, batch.c.batch_id == claim.c.batch_id)
        .where(claim.c.scheme == scheme)
        .order_by(claim.c.provider_code, claim.c.claim_no)
    )
    rows = []
    for row in connection.execute(query).mappings():
        group = json.loads(row["group_values"])
        shared = {name: group.get(name) for name in ("payer_class", "form_no")}
        rows.append({**row, **shared, "claimed": row["claimed_amount"]})
    return pa.Table.from_pylist(rows, schema=REGISTER)


def sum_states(connection: Connection, scheme: str) -> dict[str, Any]:
    """``batches`` stage → count; ``claims`` and ``statements`` state → count and won; ``stopped_claims``."""
    by_stage = select(batch.c.stage, func.count()).where(batch.c.scheme == scheme).group_by(batch.c.stage)
    claimed = func.coalesce(func.sum(claim.c.claimed_amount), 0)
    statements = func.coalesce(func.sum(claim.c.statement_count), 0)
    by_claim = (
        select(claim.c.state, func.count(), statements, claimed)
        .where(claim.c.scheme == scheme)
        .group_by(claim.c.state)
    )
    by_statement = (
        select(statement.c.state, func.count(), func.coalesce(func.sum(statement.c.claimed_amount), 0))
        .where(statement.c.scheme == scheme)
        .group_by(statement.c.state)
    )
    stopped = select(func.count()).where(claim.c.scheme == scheme, claim.c.stopped_code.is_not(None))
    return {
        "scheme": scheme,
        "batches": {stage: int(count) for stage, count in sorted(connection.execute(by_stage).tuples())},
        "claims": {
            state: {"count": int(count), "statements": int(inside), "claimed_won": int(won)}
            for state, count, inside, won in sorted(connection.execute(by_claim).tuples())
        },
        "statements": {
            state: {"count": int(count), "claimed_won": int(won)}
            for state, count, won in sorted(connection.execute(by_statement).tuples())
        },
        "stopped_claims": int(connection.execute(stopped).scalar_one()),
    }


def read_group(connection: Connection, provider_code: str, claim_no: str) -> dict[str, str] | None:
    """The group values of a claim's batch; None for an unknown claim."""
    query = select(batch.c.group_values).join(claim, claim.c.batch_id == batch.c.batch_id)
    found = connection.execute(query.where(of_claim(claim, provider_code, claim_no))).scalar_one_or_none()
    return None if found is None else dict(json.loads(found))


def to_claim(row: Any) -> Claim:
    return Claim(
        scheme=row.scheme,
        provider_code=row.provider_code,
        claim_no=row.claim_no,
        batch_id=row.batch_id,
        treatment_month=row.treatment_month,
        claim_class=row.claim_class,
        state=ClaimState(row.state),
        statement_count=row.statement_count,
        claimed_amount=row.claimed_amount,
        total_benefit_cost_1=row.total_benefit_cost_1,
        patient_copay=row.patient_copay,
        document_id=row.document_id,
        receipt_year=row.receipt_year,
        receipt_no=row.receipt_no,
        received_on=row.received_on,
        stopped_code=row.stopped_code,
    )
