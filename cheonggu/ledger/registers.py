"""Reading the ledger: claims, statements, findings, sums. Nothing here changes anything."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, and_, exists, func, select

from cheonggu.ledger.model import AMOUNTS, Claim, FileFact
from cheonggu.ledger.moves import of_claim
from cheonggu.ledger.tables import (
    batch,
    claim,
    claim_file,
    statement,
    submission,
)
from cheonggu.states import BatchStage, ClaimState

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
