"""What waits, as the ledger sees it: statements and claims with the day since when. Nothing here changes anything.

Each of ``READERS`` gives rows of ``WAITING``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, Select, Text, case, cast, func, literal, null, select

from cheonggu.ledger.database import read_table
from cheonggu.ledger.moves import of_claim
from cheonggu.ledger.tables import (
    batch,
    claim,
    claim_statement,
    dispute,
    event,
    event_statement,
    material_request,
    notice,
    statement,
)
from cheonggu.states import BatchStage, ClaimState, StatementState

SEOUL_HOURS = 9  # Korea keeps UTC+9 all the year
# ``month``: care or treatment month CCYYMM; ``code``: why it was held or stopped; ``start_on``: the day its deadline
# counts from, null: from the month's first day where ``month`` decides, else from ``since``; ``due_on``, ``forbid_on``:
# where the paper itself, or the rules of remedies, name the day.
WAITING = pa.schema(
    [
        pa.field("kind", pa.string()),
        pa.field("provider_code", pa.string()),
        pa.field("claim_no", pa.string()),
        pa.field("statement_key", pa.string()),
        pa.field("month", pa.string()),
        pa.field("code", pa.string()),
        pa.field("since", pa.date32()),
        pa.field("start_on", pa.date32()),
        pa.field("due_on", pa.date32()),
        pa.field("forbid_on", pa.date32()),
        pa.field("statements", pa.int64()),
        pa.field("won", pa.int64()),
    ]
)
# As read: SQLite gives times and days as text, so both databases are asked for text.
DAYS = ("since", "start_on", "due_on", "forbid_on")
RAW = pa.schema([pa.field(one.name, pa.string() if one.name in DAYS else one.type) for one in WAITING])

STATEMENT_KINDS = {
    StatementState.BILLABLE: "unclaimed",
    StatementState.READY: "unclaimed",
    StatementState.BLOCKED: "blocked",
    StatementState.HELD: "held_by_reviewer",
    StatementState.IMPOSSIBLE: "impossible",
    StatementState.REFUSED_BY_PAYER: "refused_by_payer",
    StatementState.CANCELLED: "taken_back",
}
CLAIM_KINDS = {
    ClaimState.CHECKED_OK: "not_handed_off",
    ClaimState.CHECKED_WARN: "not_handed_off",
    ClaimState.HANDED_OFF: "not_sent",
    ClaimState.SENT: "no_receipt",
    ClaimState.SEND_UNKNOWN: "send_unknown",
    ClaimState.RECEIVED: "no_review",
    ClaimState.IN_REVIEW: "no_review",
    ClaimState.PARTLY_DECIDED: "no_review",
}
UNDER_WAY = ("filed", "received")  # a dispute without its decision


def read_waiting(connection: Connection, scheme: str) -> pa.Table:
    """``WAITING`` of a scheme: everything that waits for the hospital or the reviewer."""
    tables = [read_table(connection, query, RAW) for reader in READERS for query in reader(scheme)]
    rows = pa.concat_tables([RAW.empty_table(), *tables]).combine_chunks()
    days = {name: rows[name].cast(pa.date32()) for name in DAYS if name != "since"}
    days["since"] = to_seoul_day(rows["since"])
    return pa.table([days.get(name, rows[name]) for name in WAITING.names], schema=WAITING)


def to_seoul_day(at: pa.ChunkedArray) -> pa.ChunkedArray:
    """The day in Korea of UTC times in ISO 8601."""
    seconds = pc.strptime(pc.utf8_slice_codeunits(at, 0, 19), "%Y-%m-%dT%H:%M:%S", "s")
    return pc.add(seconds, pa.scalar(SEOUL_HOURS * 3600, pa.duration("s"))).cast(pa.date32())


def select_statements(scheme: str) -> Iterator[Select[Any]]:
    """Statements that wait, each with its last move."""
    moved = (
        select(func.max(event.c.at))
        .join(event_statement, event_statement.c.event_id == event.c.event_id)
        .where(event_statement.c.statement_key == statement.c.statement_key)
        .scalar_subquery()
    )
    kind = case(*((statement.c.state == state.value, name) for state, name in STATEMENT_KINDS.items()))
    yield _columns(
        kind=kind,
        provider_code=statement.c.provider_code,
        claim_no=null(),
        statement_key=statement.c.statement_key,
        month=statement.c.care_month,
        code=null(),
        since=moved,
        won=statement.c.claimed_amount,
    ).where(
        statement.c.scheme == scheme,
        statement.c.state.in_([one.value for one in STATEMENT_KINDS]),
    )


def select_claims(scheme: str) -> Iterator[Select[Any]]:
    """Claims without an answer, with the day of the move into their state, or of the receipt."""
    moved = (
        select(func.max(event.c.at))
        .where(of_claim(event, claim.c.provider_code, claim.c.claim_no), event.c.claim_to == claim.c.state)
        .scalar_subquery()
    )
    kind = case(*((claim.c.state == state.value, name) for state, name in CLAIM_KINDS.items()))
    yield (
        _of_claims(kind, moved, null(), start_on=claim.c.received_on)
        .join(batch, batch.c.batch_id == claim.c.batch_id)
        .where(claim.c.scheme == scheme, claim.c.state.in_([one.value for one in CLAIM_KINDS]))
        .where(batch.c.stage != BatchStage.HELD.value)
    )


def select_stopped(scheme: str) -> Iterator[Select[Any]]:
    """Claims held before the hand-off, and claims an import stopped: both wait for a person."""
    held = (
        select(func.max(event.c.at))
        .where(event.c.batch_id == batch.c.batch_id, event.c.stage_to == BatchStage.HELD.value)
        .scalar_subquery()
    )
    yield (
        _columns(
            kind=literal("held_claim"),
            provider_code=batch.c.provider_code,
            claim_no=claim.c.claim_no,
            statement_key=null(),
            month=batch.c.treatment_month,
            code=batch.c.hold_code,
            since=held,
            statements=batch.c.statement_count,
            won=_money_of_batch(),
        )
        .select_from(batch.outerjoin(claim, claim.c.batch_id == batch.c.batch_id))
        .where(batch.c.scheme == scheme, batch.c.stage == BatchStage.HELD.value)
    )
    told = (
        select(func.max(event.c.at))
        .where(of_claim(event, claim.c.provider_code, claim.c.claim_no))
        .scalar_subquery()
    )
    yield _of_claims(literal("stopped_claim"), told, claim.c.stopped_code).where(
        claim.c.scheme == scheme, claim.c.stopped_code.is_not(None)
    )


def select_disputes(scheme: str) -> Iterator[Select[Any]]:
    """Filed re-review requests and objections without a decision, by statement."""
    yield (
        _columns(
            kind=case((dispute.c.kind == "objection", "objection_filed"), else_="re_review_filed"),
            provider_code=dispute.c.provider_code,
            claim_no=dispute.c.claim_no,
            statement_key=claim_statement.c.statement_key,
            month=claim.c.treatment_month,
            code=dispute.c.state,
            since=_start_of(dispute.c.filed_on),
            won=dispute.c.amount,
        )
        .join(
            claim_statement,
            of_claim(claim_statement, dispute.c.provider_code, dispute.c.claim_no)
            & (claim_statement.c.statement_no == dispute.c.statement_no),
        )
        .join(claim, of_claim(claim, dispute.c.provider_code, dispute.c.claim_no))
        .where(claim.c.scheme == scheme, dispute.c.state.in_(UNDER_WAY))
    )


def select_requests(scheme: str) -> Iterator[Select[Any]]:
    """Requests for material nobody answered, by document, with the day they name."""
    asked = material_request.c
    yield (
        _columns(
            kind=literal("material"),
            provider_code=asked.provider_code,
            claim_no=asked.claim_no,
            statement_key=null(),
            month=null(),
            code=asked.document_no,
            since=_start_of(notice.c.issued),
            due_on=asked.due_on,
            statements=func.count(func.distinct(asked.statement_no)),
            won=literal(0),
        )
        .join(notice, notice.c.document_no == asked.document_no)
        .where(notice.c.scheme == scheme, asked.answered_on.is_(None))
        .group_by(asked.provider_code, asked.claim_no, asked.document_no, notice.c.issued, asked.due_on)
    )


READERS: tuple[Callable[[str], Iterator[Select[Any]]], ...] = (
    select_statements,
    select_claims,
    select_stopped,
    select_disputes,
    select_requests,
)


def _of_claims(kind: Any, since: Any, code: Any, **days: Any) -> Select[Any]:
    return _columns(
        kind=kind,
        provider_code=claim.c.provider_code,
        claim_no=claim.c.claim_no,
        statement_key=null(),
        month=claim.c.treatment_month,
        code=code,
        since=since,
        **days,
        statements=claim.c.statement_count,
        won=claim.c.claimed_amount,
    )


def _columns(**columns: Any) -> Select[Any]:
    """A query with the columns of ``WAITING`` in their order; one statement, and no days of its own, unless given."""
    given = {"statements": literal(1), **dict.fromkeys(DAYS, null()), **columns}
    given |= {name: cast(given[name], Text) for name in DAYS}
    return select(*(given[name].label(name) for name in WAITING.names))


def _start_of(day: Any) -> Any:
    """A day in Korea as the UTC text that :func:`to_seoul_day` gives it back from."""
    return cast(day, Text) + "T00:00:00"


def _money_of_batch() -> Any:
    """The claimed amount of what stands in a batch, assembled or not."""
    mine = select(func.sum(statement.c.claimed_amount)).where(statement.c.batch_id == batch.c.batch_id)
    return func.coalesce(mine.scalar_subquery(), claim.c.claimed_amount, 0)
