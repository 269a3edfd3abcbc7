"""What the ledger remembers that the pre-check of one batch can meet: the same patients, receipts and months.

Patients are told by the keyed hash of their resident number, never by the number itself. Only claims of the same
provider count: what another provider of the installation did for a patient is no double of this visit.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, Select, Text, and_, cast, func, select

from cheonggu.ledger.database import read_table
from cheonggu.ledger.model import Batch
from cheonggu.ledger.registers import BEFORE_HAND_OFF
from cheonggu.ledger.tables import (
    batch,
    claim,
    claim_statement,
    decision,
    decision_finding,
    notice,
    statement,
    statement_personal,
)
from cheonggu.states import ClaimState, StatementState

OPEN_OR_BACK = (ClaimState.OPEN, ClaimState.WITHDRAWN, ClaimState.RETURNED)
# Claims that are under way or decided: frozen ones of the same night count, so that two of them cannot miss each other.
LIVE = [one.value for one in ClaimState if one not in OPEN_OR_BACK]
SENT = [one.value for one in ClaimState if one not in (*OPEN_OR_BACK, *BEFORE_HAND_OFF)]
YEARS_BACK = 1
DECIDED_DAYS = 120  # longer than any time limit for an objection
IMPOSSIBLE = "impossible"

IDENTITIES = pa.schema(
    [
        ("statement_key", pa.string()),
        ("patient_hash", pa.binary()),
        ("identity_hash", pa.binary()),
        ("content_hash", pa.string()),
        ("checked_hash", pa.string()),
    ]
)
STATEMENTS = pa.schema(
    [
        ("batch_id", pa.string()),
        ("statement_key", pa.string()),
        ("patient_hash", pa.binary()),
        *((name, pa.string()) for name in ("claim_no", "statement_no", "state", "receipt_no")),
        *((name, pa.string()) for name in ("reason_code", "detail_code")),
        ("notified_on", pa.string()),  # ISO
        ("total_benefit_cost_1", pa.int64()),
        ("content_hash", pa.string()),
    ]
)
CLAIM_COLUMNS = (
    "batch_id",
    "provider_code",
    "claim_no",
    "treatment_month",
    "claim_class",
    "state",
    "receipt_no",
)


def read_identities(connection: Connection, one: Batch) -> pa.Table:
    """``IDENTITIES`` of the statements of a batch; ``checked_hash`` is the content its claim was made from."""
    own, sent = statement.c, claim_statement.c
    query = (
        select(
            own.statement_key,
            statement_personal.c.resident_no_hash,
            own.identity_hash,
            own.content_hash,
            sent.content_hash,
        )
        .join(statement_personal, statement_personal.c.statement_key == own.statement_key)
        .outerjoin(
            claim_statement,
            and_(
                sent.statement_key == own.statement_key,
                sent.provider_code == one.provider_code,
                sent.claim_no == (one.claim_no or ""),
            ),
        )
        .where(own.batch_id == one.batch_id)
    )
    return read_table(connection, query, IDENTITIES)


def read_statements(connection: Connection, one: Batch, as_of: date, receipt_nos: Sequence[str]) -> pa.Table:
    """``STATEMENTS`` of other claims: of the batch's patients in the last year, of the receipts it refers to, and
    those cut lately; the newest decision of each."""
    mine = (
        select(statement_personal.c.resident_no_hash)
        .join(statement, statement.c.statement_key == statement_personal.c.statement_key)
        .where(statement.c.batch_id == one.batch_id, statement_personal.c.resident_no_hash.is_not(None))
    )
    first_month = f"{int(one.treatment_month[:4]) - YEARS_BACK}{one.treatment_month[4:]}"
    of_patients = and_(
        statement_personal.c.resident_no_hash.in_(mine), claim.c.treatment_month >= first_month
    )
    cut_lately = and_(
        statement.c.state == StatementState.ADJUSTED.value,
        notice.c.issued >= as_of - timedelta(days=DECIDED_DAYS),
    )
    wanted = [of_patients, cut_lately]
    if receipt_nos:
        wanted.append(claim.c.receipt_no.in_(receipt_nos))
    found = [read_table(connection, _select_statements(one).where(part), STATEMENTS) for part in wanted]
    return pa.concat_tables(found)


def _select_statements(one: Batch) -> Select[Any]:
    sent = claim_statement.c
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
        .where(decision.c.provider_code == one.provider_code)
        .subquery()
    )
    is_newest = and_(
        newest.c.provider_code == sent.provider_code,
        newest.c.claim_no == sent.claim_no,
        newest.c.statement_no == sent.statement_no,
        newest.c.place == 1,
    )
    return (
        select(
            claim.c.batch_id,
            sent.statement_key,
            statement_personal.c.resident_no_hash,
            sent.claim_no,
            sent.statement_no,
            statement.c.state,
            claim.c.receipt_no,
            _reason(newest, "code"),
            _reason(newest, "detail_code"),
            cast(notice.c.issued, Text),
            sent.total_benefit_cost_1,
            sent.content_hash,
        )
        .join(claim, and_(claim.c.provider_code == sent.provider_code, claim.c.claim_no == sent.claim_no))
        .join(statement, statement.c.statement_key == sent.statement_key)
        .join(statement_personal, statement_personal.c.statement_key == sent.statement_key)
        .outerjoin(newest, is_newest)
        .outerjoin(notice, notice.c.document_no == newest.c.document_no)
        .where(
            claim.c.scheme == one.scheme,
            claim.c.provider_code == one.provider_code,
            claim.c.state.in_(LIVE),
            claim.c.batch_id != one.batch_id,
        )
    )


def _reason(newest: Any, column: str) -> Any:
    """The first reason of a decision that made the statement impossible."""
    reason = decision_finding.c
    return (
        select(reason[column])
        .where(
            reason.document_no == newest.c.document_no,
            reason.provider_code == newest.c.provider_code,
            reason.claim_no == newest.c.claim_no,
            reason.statement_no == newest.c.statement_no,
            newest.c.outcome == IMPOSSIBLE,
        )
        .order_by(reason.seq)
        .limit(1)
        .scalar_subquery()
    )


def read_claims(connection: Connection, one: Batch, months: Sequence[str]) -> pa.Table:
    """Other claims of the provider in those treatment months that are under way or decided, with the values of their
    batch's group; ``is_sent`` (text Y or empty) marks those that were handed off."""
    query = (
        select(claim, batch.c.group_values)
        .join(batch, batch.c.batch_id == claim.c.batch_id)
        .where(
            claim.c.scheme == one.scheme,
            claim.c.provider_code == one.provider_code,
            claim.c.treatment_month.in_(months),
            claim.c.state.in_(LIVE),
            claim.c.batch_id != one.batch_id,
        )
        .order_by(claim.c.claim_no)
    )
    rows = [
        {
            **json.loads(row.group_values),
            **{name: getattr(row, name) for name in CLAIM_COLUMNS},
            "is_sent": "Y" if row.state in SENT else "",
        }
        for row in connection.execute(query)
    ]
    columns = dict.fromkeys([*CLAIM_COLUMNS, "is_sent", *(name for row in rows for name in row)])
    return pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in columns})
