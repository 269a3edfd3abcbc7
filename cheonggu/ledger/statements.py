"""Reading single statements: what is known, blocked, sent, found, personal, and their history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from sqlalchemy import Column, Connection, Integer, Select, and_, cast, exists, func, or_, select

from cheonggu.findings import ERROR, FINDINGS
from cheonggu.ledger.database import read_table
from cheonggu.ledger.model import KNOWN, PERSONAL
from cheonggu.ledger.moves import of_claim
from cheonggu.ledger.tables import (
    batch,
    claim,
    claim_statement,
    decision,
    event,
    event_statement,
    finding,
    live_submission,
    statement,
    statement_personal,
)
from cheonggu.privacy import Vault
from cheonggu.states import ClaimState, StatementState

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
KEYS_AT_ONCE = 500
# States in which a statement is on its way into a claim but not live yet.
WAITING_STATES = [StatementState.BILLABLE.value, StatementState.READY.value]


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
