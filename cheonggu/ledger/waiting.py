"""What waits, as the ledger sees it: statements and claims with the day since when. Nothing here changes anything.

Each reader gives rows of ``WAITING``; further ones are added to ``READERS``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import ColumnElement, Connection, Select, Text, and_, case, cast, func, literal, null, select

from cheonggu.ledger.database import read_table
from cheonggu.ledger.moves import of_claim
from cheonggu.ledger.tables import (
    batch,
    claim,
    claim_statement,
    decision,
    event,
    event_statement,
    material_request,
    notice,
    statement,
)
from cheonggu.states import BatchStage, ClaimState, StatementState

SEOUL_HOURS = 9  # Korea keeps UTC+9 all the year
# ``month``: care or treatment month CCYYMM; ``code``: why it was held or stopped; ``start_on``: the day its deadline
# counts from, null: from the month's first day where ``month`` decides, else from ``since``.
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
        pa.field("statements", pa.int64()),
        pa.field("won", pa.int64()),
    ]
)
# As read: SQLite gives times and days as text, so both databases are asked for text.
DAYS = ("since", "start_on")
RAW = pa.schema([pa.field(one.name, pa.string() if one.name in DAYS else one.type) for one in WAITING])

STATEMENT_KINDS = {
    StatementState.BILLABLE: "unclaimed",
    StatementState.READY: "unclaimed",
    StatementState.BLOCKED: "blocked",
    StatementState.HELD: "held_by_reviewer",
    StatementState.IMPOSSIBLE: "impossible",
    StatementState.REFUSED_BY_PAYER: "refused_by_payer",
    StatementState.DISPUTED: "disputed",
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
OPEN_TO_OBJECTION = [StatementState.ADJUSTED.value, StatementState.IMPOSSIBLE.value]


def read_waiting(connection: Connection, scheme: str) -> pa.Table:
    """``WAITING`` of a scheme: everything that waits for the hospital or the reviewer."""
    tables = [read_table(connection, query, RAW) for reader in READERS for query in reader(scheme)]
    rows = pa.concat_tables([RAW.empty_table(), *tables]).combine_chunks()
    days = {"since": to_seoul_day(rows["since"]), "start_on": rows["start_on"].cast(pa.date32())}
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


def select_objections(scheme: str) -> Iterator[Select[Any]]:
    """Decisions one may still object to, by claim and notice: the won not granted, from the day of the notice."""
    lost = func.sum(decision.c.claimed_amount - decision.c.decided_amount)
    same = and_(claim.c.provider_code == decision.c.provider_code, claim.c.claim_no == decision.c.claim_no)
    at = func.max(event.c.at)
    of_notice = and_(
        event.c.document_no == notice.c.document_no, of_claim(event, claim.c.provider_code, claim.c.claim_no)
    )
    grouped = (
        select(
            decision.c.provider_code,
            decision.c.claim_no,
            claim.c.treatment_month,
            notice.c.issued,
            func.count().label("statements"),
            lost.label("won"),
            select(at).where(of_notice).scalar_subquery().label("at"),
        )
        .join(claim, same)
        .join(notice, notice.c.document_no == decision.c.document_no)
        .where(claim.c.scheme == scheme, decision.c.outcome.in_(["adjusted", "impossible"]), _is_open_still())
        .group_by(
            decision.c.provider_code,
            decision.c.claim_no,
            claim.c.provider_code,
            claim.c.claim_no,
            claim.c.treatment_month,
            notice.c.document_no,
            notice.c.issued,
        )
        .subquery()
    )
    yield _columns(
        kind=literal("objection"),
        provider_code=grouped.c.provider_code,
        claim_no=grouped.c.claim_no,
        statement_key=null(),
        month=grouped.c.treatment_month,
        code=null(),
        since=grouped.c.at,
        start_on=grouped.c.issued,
        statements=grouped.c.statements,
        won=grouped.c.won,
    )


def select_material(scheme: str) -> Iterator[Select[Any]]:
    """Requests for material nobody answered, by notice and claim; the deadline is the day the request names."""
    asked = material_request.c
    grouped = (
        select(
            asked.document_no,
            asked.provider_code,
            asked.claim_no,
            func.min(asked.due_on).label("due_on"),
            func.count(asked.statement_no.distinct()).label("statements"),
        )
        .where(asked.answered_on.is_(None))
        .group_by(asked.document_no, asked.provider_code, asked.claim_no)
        .subquery()
    )
    at = select(func.max(event.c.at)).where(event.c.document_no == grouped.c.document_no).scalar_subquery()
    yield (
        _columns(
            kind=literal("material"),
            provider_code=grouped.c.provider_code,
            claim_no=grouped.c.claim_no,
            statement_key=null(),
            month=claim.c.treatment_month,
            code=grouped.c.document_no,
            since=at,
            start_on=grouped.c.due_on,
            statements=grouped.c.statements,
            won=literal(0),
        )
        .join(notice, notice.c.document_no == grouped.c.document_no)
        .outerjoin(claim, of_claim(claim, grouped.c.provider_code, grouped.c.claim_no))
        .where(notice.c.scheme == scheme)
    )


READERS: tuple[Callable[[str], Iterator[Select[Any]]], ...] = (
    select_statements,
    select_claims,
    select_stopped,
    select_objections,
    select_material,
)


def _of_claims(kind: Any, since: Any, code: Any, *, start_on: Any = None) -> Select[Any]:
    return _columns(
        kind=kind,
        provider_code=claim.c.provider_code,
        claim_no=claim.c.claim_no,
        statement_key=null(),
        month=claim.c.treatment_month,
        code=code,
        since=since,
        start_on=start_on,
        statements=claim.c.statement_count,
        won=claim.c.claimed_amount,
    )


def _columns(*, start_on: Any = None, statements: Any = None, **columns: Any) -> Select[Any]:
    """A query with the columns of ``WAITING`` in their order; one statement and no start of its own unless given."""
    given = {
        **columns,
        "start_on": cast(null() if start_on is None else start_on, Text),
        "statements": literal(1) if statements is None else statements,
    }
    return select(*(given[name].label(name) for name in WAITING.names))


def _money_of_batch() -> Any:
    """The claimed amount of what stands in a batch, assembled or not."""
    mine = select(func.sum(statement.c.claimed_amount)).where(statement.c.batch_id == batch.c.batch_id)
    return func.coalesce(mine.scalar_subquery(), claim.c.claimed_amount, 0)


def _is_open_still() -> ColumnElement[bool]:
    """The decision is that of a statement that still stands as it was decided."""
    sent = claim_statement.c
    mine = and_(
        sent.provider_code == decision.c.provider_code,
        sent.claim_no == decision.c.claim_no,
        sent.statement_no == decision.c.statement_no,
    )
    newer = decision.alias("newer")
    later = and_(
        newer.c.provider_code == decision.c.provider_code,
        newer.c.claim_no == decision.c.claim_no,
        newer.c.statement_no == decision.c.statement_no,
        newer.c.review_round > decision.c.review_round,
    )
    stands = (
        select(statement.c.statement_key)
        .join(claim_statement, sent.statement_key == statement.c.statement_key)
        .where(mine, statement.c.state.in_(OPEN_TO_OBJECTION))
        .exists()
    )
    return and_(stands, ~select(newer.c.statement_no).where(later).exists())
