"""Reading the ledger for reports: findings with the money at stake. Nothing here changes anything."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from cheonggu.findings import FINDINGS
from cheonggu.ledger.database import read_table
from cheonggu.ledger.tables import batch, claim, finding, statement
from cheonggu.states import BatchStage, StatementState

# Findings with where they stand; ``won``: the claimed amount of the statement, or of the claim for claim-wide ones.
PLACED = pa.schema(
    [
        *FINDINGS,
        pa.field("batch_id", pa.string()),
        pa.field("provider_code", pa.string()),
        pa.field("treatment_month", pa.string()),
        pa.field("claim_no", pa.string()),
        pa.field("state", pa.string()),
        pa.field("won", pa.int64()),
    ]
)
ENDED_STAGES = [one.value for one in (BatchStage.WITHDRAWN, BatchStage.HANDED_OFF, BatchStage.DONE)]
BEFORE_HAND_OFF = [
    one.value
    for one in (
        StatementState.BILLABLE,
        StatementState.BLOCKED,
        StatementState.READY,
        StatementState.ASSIGNED,
    )
]


def read_placed(
    connection: Connection,
    scheme: str,
    *,
    batch_id: str | None,
    claim_no: str | None,
    month: str | None,
    night: date | None,
) -> pa.Table:
    """``PLACED`` findings: of a batch, a claim number or a treatment month; without any of them, of what can still be
    mended, and of the batches that were taken on ``night``. By batch and in the order they were recorded.
    """
    chosen: list[ColumnElement[bool]] = [batch.c.scheme == scheme]
    for column, value in (
        (batch.c.batch_id, batch_id),
        (claim.c.claim_no, claim_no),
        (batch.c.treatment_month, month),
    ):
        if value is not None:
            chosen.append(column == value)
    if len(chosen) == 1:
        chosen.append(_is_open(night))
    if batch_id is None and claim_no is None:
        chosen.append(_is_newest())
    own = [finding.c[name] for name in FINDINGS.names]
    query = (
        select(
            *own,
            batch.c.batch_id,
            batch.c.provider_code,
            batch.c.treatment_month,
            claim.c.claim_no,
            func.coalesce(statement.c.state, batch.c.stage),
            func.coalesce(statement.c.claimed_amount, claim.c.claimed_amount, 0),
        )
        .join(batch, batch.c.batch_id == finding.c.batch_id)
        .outerjoin(claim, claim.c.batch_id == batch.c.batch_id)
        .outerjoin(statement, statement.c.statement_key == finding.c.statement_key)
        .where(*chosen)
        .order_by(finding.c.batch_id, finding.c.seq)
    )
    return read_table(connection, query, PLACED)


def _is_open(night: date | None) -> ColumnElement[bool]:
    """The statement, or the whole claim, has not left us; or it was taken on the night asked for."""
    waits = or_(
        statement.c.state.in_(BEFORE_HAND_OFF),
        and_(statement.c.statement_key.is_(None), batch.c.stage.not_in(ENDED_STAGES)),
    )
    return waits if night is None else or_(waits, batch.c.claim_date == night)


def _is_newest() -> ColumnElement[bool]:
    """A statement's findings count in the batch it stands in now; what an earlier check said is past."""
    return or_(
        statement.c.batch_id == finding.c.batch_id,
        and_(statement.c.statement_key.is_(None), batch.c.stage != BatchStage.WITHDRAWN.value),
    )
