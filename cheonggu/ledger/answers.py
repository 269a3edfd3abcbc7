"""Reading the ledger for feedback: where rules fired, what was sent all the same, what was refused, and why."""

from __future__ import annotations

import pyarrow as pa
from sqlalchemy import ColumnElement, Connection, and_, func, literal, select, union_all

from cheonggu.ledger.database import read_table
from cheonggu.ledger.moves import of_claim
from cheonggu.ledger.registers import BEFORE_HAND_OFF
from cheonggu.ledger.tables import (
    batch,
    claim,
    claim_statement,
    decision,
    decision_finding,
    finding,
    notice_claim,
    notice_reason,
)
from cheonggu.states import ClaimState

TEXT, WON = pa.string(), pa.int64()
# Findings of one rule on one statement (null: the claim as a whole) of one batch; ``waived`` of them were let pass.
FIRED = pa.schema(
    [
        ("rule_id", TEXT),
        ("level", TEXT),
        ("batch_id", TEXT),
        ("statement_key", TEXT),
        ("findings", WON),
        ("waived", WON),
    ]
)
# Claims that left us, with their state.
LEFT = pa.schema([("batch_id", TEXT), ("state", TEXT), ("won", WON)])
# Statements of such claims that some rule fired on, in any batch; ``outcome`` of the newest round, null: none yet.
SENT = pa.schema([("batch_id", TEXT), ("statement_key", TEXT), ("outcome", TEXT), ("won", WON)])
# Refusals: ``sort`` R return, I impossible; statement_key null: the whole claim.
REFUSED = pa.schema(
    [
        ("batch_id", TEXT),
        ("statement_key", TEXT),
        ("sort", TEXT),
        ("code", TEXT),
        ("detail_code", TEXT),
        ("won", WON),
    ]
)
NEVER_LEFT = [one.value for one in (*BEFORE_HAND_OFF, ClaimState.WITHDRAWN)]
RETURN, IMPOSSIBLE = "R", "I"


def read_answers(connection: Connection, scheme: str) -> dict[str, pa.Table]:
    """``fired``, ``left``, ``sent`` and ``refused`` of a scheme."""
    return {
        "fired": _read_fired(connection, scheme),
        "left": _read_left(connection, scheme),
        "sent": _read_sent(connection, scheme),
        "refused": _read_refused(connection, scheme),
    }


def _read_fired(connection: Connection, scheme: str) -> pa.Table:
    one = finding.c
    places = (one.rule_id, one.level, one.batch_id, one.statement_key)
    query = (
        select(*places, func.count(), func.count(one.waiver_id))
        .join(batch, batch.c.batch_id == one.batch_id)
        .where(batch.c.scheme == scheme)
        .group_by(*places)
    )
    return read_table(connection, query, FIRED)


def _read_left(connection: Connection, scheme: str) -> pa.Table:
    query = select(claim.c.batch_id, claim.c.state, claim.c.claimed_amount).where(
        claim.c.scheme == scheme, claim.c.state.not_in(NEVER_LEFT)
    )
    return read_table(connection, query, LEFT)


def _read_sent(connection: Connection, scheme: str) -> pa.Table:
    sent = claim_statement.c
    newest = (
        select(decision.c.outcome)
        .where(
            of_claim(decision, sent.provider_code, sent.claim_no),
            decision.c.statement_no == sent.statement_no,
        )
        .order_by(decision.c.review_round.desc())
        .limit(1)
        .scalar_subquery()
    )
    is_ours = (
        of_claim(claim, sent.provider_code, sent.claim_no)
        & (claim.c.scheme == scheme)
        & claim.c.state.not_in(NEVER_LEFT)
    )
    has_fired = sent.statement_key.in_(select(finding.c.statement_key).distinct())
    query = (
        select(claim.c.batch_id, sent.statement_key, newest, sent.claimed_amount)
        .join(claim, is_ours)
        .where(has_fired)
    )
    return read_table(connection, query, SENT)


def _read_refused(connection: Connection, scheme: str) -> pa.Table:
    """Reasons of returned claims and of impossible statements, each with the money it stands on."""
    parts = []
    for table, sort in ((notice_reason, RETURN), (decision_finding, IMPOSSIBLE)):
        its_claim = of_claim(claim, table.c.provider_code, table.c.claim_no)
        its_statement = and_(
            of_claim(claim_statement, table.c.provider_code, table.c.claim_no),
            claim_statement.c.statement_no == table.c.statement_no,
        )
        won = func.coalesce(claim_statement.c.claimed_amount, claim.c.claimed_amount)
        query = (
            select(
                claim.c.batch_id,
                claim_statement.c.statement_key,
                literal(sort).label("sort"),
                table.c.code,
                table.c.detail_code,
                won.label("won"),
            )
            .join(claim, its_claim)
            .outerjoin(claim_statement, its_statement)
            .where(claim.c.scheme == scheme)
        )
        parts.append(query.where(_is_return() if sort == RETURN else table.c.finding_class == "impossible"))
    return read_table(connection, select(union_all(*parts).subquery()), REFUSED)


def _is_return() -> ColumnElement[bool]:
    """The reason stands in a notice that returned its claim."""
    told = notice_claim.c
    return (
        select(told.document_no)
        .where(
            told.document_no == notice_reason.c.document_no,
            of_claim(notice_claim, notice_reason.c.provider_code, notice_reason.c.claim_no),
            told.result == "returned",
        )
        .exists()
    )
