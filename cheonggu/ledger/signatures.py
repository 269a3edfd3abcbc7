"""Signature requests (서명요청): which message asked for which claim's signature, and when. No name, no number."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
from sqlalchemy import Connection, insert, select

from cheonggu.ledger.audit import Transaction
from cheonggu.ledger.database import read_rows
from cheonggu.ledger.tables import signature_request

FIRST, REMINDER = "first", "reminder"
REQUESTS = pa.schema(
    [
        ("statement_key", pa.string()),
        ("request_no", pa.int64()),
        ("kind", pa.string()),
        ("asked_on", pa.date32()),
        ("medium", pa.string()),
        ("reference", pa.string()),
    ]
)


def record_request(
    tx: Transaction,
    scheme: str,
    statement_key: str,
    request_no: int,
    asked_on: date,
    medium: str,
    reference: str,
) -> None:
    """Keep one sent message; a number that is known stays as it is."""
    table = signature_request.c
    mine = (
        (table.scheme == scheme) & (table.statement_key == statement_key) & (table.request_no == request_no)
    )
    if tx.connection.execute(select(table.request_no).where(mine)).first() is not None:
        return
    kind = FIRST if request_no == 1 else REMINDER
    detail = {
        "statement_key": statement_key,
        "request_no": request_no,
        "asked_on": asked_on.isoformat(),
        "medium": medium,
        "reference": reference,
    }
    event_id = tx.append("signature_asked", {"scheme": scheme}, detail=detail)
    tx.connection.execute(
        insert(signature_request).values(
            scheme=scheme,
            statement_key=statement_key,
            request_no=request_no,
            event_id=event_id,
            kind=kind,
            asked_on=asked_on,
            medium=medium,
            reference=reference,
        )
    )


def read_requests(connection: Connection, scheme: str) -> pa.Table:
    """All messages of a scheme (``REQUESTS``)."""
    table = signature_request.c
    query = (
        select(*(table[name] for name in REQUESTS.names))
        .where(table.scheme == scheme)
        .order_by(table.statement_key, table.request_no)
    )
    return read_rows(connection, query, REQUESTS)
