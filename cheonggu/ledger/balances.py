"""Where every statement of a claim stands in won: claimed, decided last, settled since, paid to it.

One query for the import of payments and for the reconciliation. ``Narrow`` keeps it to a claim or to a provider
already inside its sums, so that neither database walks through the whole ledger for one claim.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Subquery,
    Table,
    and_,
    case,
    cast,
    func,
    select,
    true,
)

from cheonggu.ledger.database import read_table
from cheonggu.ledger.moves import of_claim
from cheonggu.ledger.tables import (
    claim_statement,
    decision,
    dispute,
    payment,
    payment_line,
    settlement,
    statement,
)

Narrow = Callable[[Table], ColumnElement[bool]]
FINAL, ADVANCE, SETTLEMENT = "final", "advance", "settlement"
KEY = ("provider_code", "claim_no", "statement_no")
BALANCES = pa.schema(
    [(name, pa.string()) for name in (*KEY, "statement_key", "state", "batch_id")]
    + [(name, pa.int64()) for name in ("claimed", "claimed_total_1", "claimed_copay")]
    + [(name, pa.string()) for name in ("review_round", "outcome")]
    + [(name, pa.int64()) for name in ("reviewed_claimed", "decided", "decided_total_1", "decided_copay")]
    + [
        (name, pa.int64())
        for name in ("copay_refund", "differences", "paid_final", "final_lines", "paid_settled")
    ]
    + [("disputes", pa.int64())]
)


def read_balances(connection: Connection, narrow: Narrow) -> pa.Table:
    """``BALANCES`` of the statements that were sent, by claim and serial; won, null without a decision."""
    return read_table(connection, select_balances(narrow), BALANCES).sort_by(
        [(name, "ascending") for name in KEY]
    )


def of_one(provider_code: str, claim_no: str) -> Narrow:
    """Only one claim."""
    return lambda table: of_claim(table, provider_code, claim_no)


def of_any(provider_code: str | None = None, claim_no: str | None = None) -> Narrow:
    """Everything, or what belongs to a provider or a claim number."""

    def is_wanted(table: Table) -> ColumnElement[bool]:
        wanted: ColumnElement[bool] = true()
        if provider_code is not None:
            wanted = and_(wanted, table.c.provider_code == provider_code)
        return wanted if claim_no is None else and_(wanted, table.c.claim_no == claim_no)

    return is_wanted


def select_balances(narrow: Narrow) -> Select[Any]:
    """The columns of ``BALANCES``, sums of nothing as zero."""
    sent, newest = claim_statement.c, newest_decision(narrow)
    settled = _sum_by(settlement, narrow, {"differences": settlement.c.difference})
    paid, filed = _paid(narrow), _open_disputes(narrow)
    columns: list[ColumnElement[Any]] = [
        *(sent[name] for name in KEY),
        sent.statement_key,
        statement.c.state,
        statement.c.batch_id,
        sent.claimed_amount,
        sent.total_benefit_cost_1,
        sent.patient_copay,
        newest.c.review_round,
        newest.c.outcome,
        newest.c.claimed_amount,
        newest.c.decided_amount,
        newest.c.decided_total_1,
        newest.c.decided_copay,
        newest.c.copay_refund,
        _or_zero(settled.c.differences),
        *(_or_zero(paid.c[name]) for name in ("paid_final", "final_lines", "paid_settled")),
        _or_zero(filed.c.disputes),
    ]
    query = select(*columns).join(statement, statement.c.statement_key == sent.statement_key)
    for part in (newest, settled, paid, filed):
        query = query.outerjoin(part, and_(*(part.c[name] == sent[name] for name in KEY)))
    return query.where(narrow(claim_statement))


def newest_decision(narrow: Narrow) -> Subquery:
    """The decision of the highest round per statement."""
    key = [decision.c[name] for name in KEY]
    place = func.row_number().over(partition_by=key, order_by=decision.c.review_round.desc())
    ranked = select(decision, place.label("place")).where(narrow(decision)).subquery()
    return select(ranked).where(ranked.c.place == 1).subquery()


def _paid(narrow: Narrow) -> Subquery:
    line, is_final = payment_line.c, payment.c.kind == FINAL
    sums = {
        "paid_final": case((is_final, line.amount), else_=0),
        "final_lines": case((is_final, 1), else_=0),
        "paid_settled": case((is_final, 0), else_=line.amount),
    }
    joined = and_(payment.c.document_no == line.document_no, payment.c.seq == line.seq)
    return (
        select(*(line[name] for name in KEY), *(sum_won(one).label(name) for name, one in sums.items()))
        .join(payment, joined)
        .where(narrow(payment_line))
        .group_by(*(line[name] for name in KEY))
        .subquery()
    )


def _open_disputes(narrow: Narrow) -> Subquery:
    is_open = dispute.c.state.in_(["filed", "received"])
    return _sum_by(dispute, narrow, {"disputes": case((is_open, 1), else_=0)})


def _sum_by(table: Table, narrow: Narrow, sums: dict[str, Any]) -> Subquery:
    key = [table.c[name] for name in KEY]
    columns = [sum_won(one).label(name) for name, one in sums.items()]
    return select(*key, *columns).where(narrow(table)).group_by(*key).subquery()


def sum_won(column: Any) -> Any:
    """A sum of won as both databases give it: a bigint."""
    return cast(func.sum(column), BigInteger)  # PostgreSQL sums bigint to numeric


def _or_zero(column: Any) -> Any:
    return func.coalesce(column, 0)
