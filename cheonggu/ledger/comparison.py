"""What the ledger believes, as plain rows: for the comparison with a counterpart's own books."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, exists, func, select

from cheonggu.ledger.balances import ADVANCE
from cheonggu.ledger.moves import of_claim
from cheonggu.ledger.submissions import ABANDONED
from cheonggu.ledger.tables import (
    claim,
    claim_statement,
    decision,
    live_submission,
    notice,
    notice_claim,
    payment,
    settlement,
    submission,
)

CLAIM_FIELDS = (
    "provider_code",
    "claim_no",
    "state",
    "document_id",
    "receipt_year",
    "receipt_no",
    "statement_count",
    "claimed_amount",
    "stopped_code",
)


def read_belief(connection: Connection, scheme: str) -> dict[str, list[dict[str, Any]]]:
    """``claims``, ``statements`` (as sent, with the newest decision), ``imported`` documents and ``stopped`` ones,
    and the won ``settled`` per statement and ``paid`` per claim (advances apart)."""
    return {
        "claims": _rows(connection, _claims(scheme)),
        "statements": _rows(connection, _statements(scheme)),
        "imported": _rows(connection, select(notice.c.document_no).where(notice.c.scheme == scheme)),
        "stopped": _rows(
            connection,
            select(notice_claim.c.document_no, notice_claim.c.claim_no).where(
                notice_claim.c.stopped_code.is_not(None)
            ),
        ),
        "settled": _rows(connection, _sum_by(settlement, ("provider_code", "claim_no", "statement_no"))),
        "paid": _rows(connection, _sum_by(payment, ("provider_code", "claim_no"))),
    }


def _rows(connection: Connection, query: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(query).mappings()]


def _sum_by(table: Table, key: tuple[str, ...]) -> Any:
    """The won of settlements or payments by key; an advance pays nothing that was decided."""
    won = table.c.difference if table is settlement else table.c.paid_amount
    query = select(*(table.c[name] for name in key), func.sum(won).label("won"))
    if table is payment:
        query = query.where(payment.c.kind != ADVANCE, payment.c.claim_no.is_not(None))
    return query.group_by(*(table.c[name] for name in key))


def _claims(scheme: str) -> Any:
    its_own = of_claim(submission, claim.c.provider_code, claim.c.claim_no)
    was_intended = exists().where(its_own, submission.c.state != ABANDONED).label("was_intended")
    return (
        select(*(claim.c[name] for name in CLAIM_FIELDS), was_intended)
        .where(claim.c.scheme == scheme)
        .order_by(claim.c.provider_code, claim.c.claim_no)
    )


def _statements(scheme: str) -> Any:
    sent, key = claim_statement.c, ("provider_code", "claim_no", "statement_no")
    newest = (
        select(*(decision.c[name] for name in key), func.max(decision.c.review_round).label("review_round"))
        .group_by(*(decision.c[name] for name in key))
        .subquery()
    )
    its_newest = of_claim(claim_statement, newest.c.provider_code, newest.c.claim_no) & (
        newest.c.statement_no == sent.statement_no
    )
    its_decision = of_claim(decision, newest.c.provider_code, newest.c.claim_no) & (
        (decision.c.statement_no == newest.c.statement_no)
        & (decision.c.review_round == newest.c.review_round)
    )
    its_live = of_claim(live_submission, sent.provider_code, sent.claim_no) & (
        live_submission.c.statement_key == sent.statement_key
    )
    is_live = exists().where(its_live).label("is_live")
    return (
        select(
            *(sent[name] for name in (*key, "claimed_amount")),
            *(decision.c[name] for name in ("outcome", "decided_amount", "review_round")),
            is_live,
        )
        .join(claim, of_claim(claim, sent.provider_code, sent.claim_no) & (claim.c.scheme == scheme))
        .outerjoin(newest, its_newest)
        .outerjoin(decision, its_decision)
        .order_by(sent.provider_code, sent.claim_no, sent.statement_no)
    )
