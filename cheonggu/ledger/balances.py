"""Where every statement of a claim stands in won: claimed, decided last, settled since, paid to it.

One reading for the import of payments and for the reconciliation. ``Narrow`` keeps it to a claim or to a provider
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
from cheonggu.query import Tables

Narrow = Callable[[Table], ColumnElement[bool]]
FINAL, ADVANCE, SETTLEMENT = "final", "advance", "settlement"
KEY = ("provider_code", "claim_no", "statement_no")
SENT = pa.schema(
    [(name, pa.string()) for name in (*KEY, "statement_key", "state", "batch_id")]
    + [(name, pa.int64()) for name in ("claimed", "claimed_total_1", "claimed_copay")]
)
NEWEST = pa.schema(
    [(name, pa.string()) for name in (*KEY, "document_no", "review_round", "outcome")]
    + [(name, pa.int64()) for name in ("reviewed_claimed", "decided", "decided_total_1", "decided_copay")]
    + [("copay_refund", pa.int64())]
)
SUMS = ("differences", "paid_final", "final_lines", "paid_settled", "disputes")
BALANCES = pa.schema([*SENT, *list(NEWEST)[len(KEY) :], *((name, pa.int64()) for name in SUMS)])


def read_balances(connection: Connection, narrow: Narrow) -> pa.Table:
    """``BALANCES`` of the statements that were sent, by claim and serial; won, null without a decision.

    The parts are read one by one and joined here: a database that misjudges the size of one of them would walk through
    it once per statement.
    """
    tables = Tables(
        sent=_read_sent(connection, narrow),
        newest=_read_newest(connection, narrow),
        settled=_sum_by(connection, settlement, narrow, {"differences": settlement.c.difference}),
        paid=_read_paid(connection, narrow),
        filed=_read_filed(connection, narrow),
    )
    names = ", ".join(
        one.name if one.name not in SUMS else f"coalesce({one.name}, 0) AS {one.name}" for one in BALANCES
    )
    joins = " ".join(
        f"LEFT JOIN {one} USING ({', '.join(KEY)})" for one in ("newest", "settled", "paid", "filed")
    )
    return tables.table(f"SELECT {names} FROM sent {joins} ORDER BY {', '.join(KEY)}").cast(BALANCES)


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


def _read_sent(connection: Connection, narrow: Narrow) -> pa.Table:
    sent = claim_statement.c
    amounts = (sent.claimed_amount, sent.total_benefit_cost_1, sent.patient_copay)
    query = (
        select(
            *(sent[name] for name in (*KEY, "statement_key")),
            statement.c.state,
            statement.c.batch_id,
            *amounts,
        )
        .join(statement, statement.c.statement_key == sent.statement_key)
        .where(narrow(claim_statement))
    )
    return read_table(connection, query, SENT)


def _read_newest(connection: Connection, narrow: Narrow) -> pa.Table:
    """The decision of the highest round per statement."""
    place = func.row_number().over(
        partition_by=[decision.c[name] for name in KEY], order_by=decision.c.review_round.desc()
    )
    ranked = select(decision, place.label("place")).where(narrow(decision)).subquery().c
    told = ("claimed_amount", "decided_amount", "decided_total_1", "decided_copay", "copay_refund")
    names = (*KEY, "document_no", "review_round", "outcome", *told)
    query = select(*(ranked[name] for name in names)).where(ranked.place == 1)
    return read_table(connection, query, NEWEST)


def _read_paid(connection: Connection, narrow: Narrow) -> pa.Table:
    line, is_final = payment_line.c, payment.c.kind == FINAL
    sums = {
        "paid_final": case((is_final, line.amount), else_=0),
        "final_lines": case((is_final, 1), else_=0),
        "paid_settled": case((is_final, 0), else_=line.amount),
    }
    joined = and_(payment.c.document_no == line.document_no, payment.c.seq == line.seq)
    key = [line[name] for name in KEY]
    query = (
        select(*key, *(sum_won(one) for one in sums.values()))
        .join(payment, joined)
        .where(narrow(payment_line))
        .group_by(*key)
    )
    return read_table(connection, query, _schema(sums))


def _read_filed(connection: Connection, narrow: Narrow) -> pa.Table:
    is_open = dispute.c.state.in_(["filed", "received"])
    return _sum_by(connection, dispute, narrow, {"disputes": case((is_open, 1), else_=0)})


def _sum_by(connection: Connection, table: Table, narrow: Narrow, sums: dict[str, Any]) -> pa.Table:
    key = [table.c[name] for name in KEY]
    query = select(*key, *(sum_won(one) for one in sums.values())).where(narrow(table)).group_by(*key)
    return read_table(connection, query, _schema(sums))


def _schema(sums: dict[str, Any]) -> pa.Schema:
    return pa.schema([(name, pa.string()) for name in KEY] + [(name, pa.int64()) for name in sums])


def sum_won(column: Any) -> Any:
    """A sum of won as both databases give it: a bigint."""
    return cast(func.sum(column), BigInteger)  # PostgreSQL sums bigint to numeric
