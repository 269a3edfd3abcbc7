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
import pyarrow.compute as pc
from sqlalchemy import Connection, FromClause, Select, Text, and_, cast, func, select

from cheonggu.ledger.database import read_table
from cheonggu.ledger.model import Batch
from cheonggu.ledger.moves import of_claim
from cheonggu.ledger.registers import BEFORE_HAND_OFF
from cheonggu.ledger.tables import (
    batch,
    claim,
    claim_statement,
    decision,
    decision_finding,
    notice,
    notice_claim,
    statement,
    statement_personal,
)
from cheonggu.query import Tables
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
# Statements as the ledger gives them, and the reasons that are added to those made impossible.
MET = pa.schema(
    [field for field in STATEMENTS if field.name not in ("reason_code", "detail_code")]
    + [pa.field("document_no", pa.string()), pa.field("outcome", pa.string())]
)
REASONS = pa.schema(
    [(name, pa.string()) for name in ("document_no", "claim_no", "statement_no")]
    + [("seq", pa.int64()), ("code", pa.string()), ("detail_code", pa.string())]
)
WITH_REASONS = f"""
WITH first AS (FROM reason
    QUALIFY row_number() OVER (PARTITION BY document_no, claim_no, statement_no ORDER BY seq) = 1)
SELECT {
    ", ".join(
        {"reason_code": "f.code AS reason_code", "detail_code": "f.detail_code"}.get(one, f"m.{one}")
        for one in STATEMENTS.names
    )
}
FROM met m LEFT JOIN first f ON m.outcome = '{IMPOSSIBLE}' AND f.document_no = m.document_no
    AND f.claim_no = m.claim_no AND f.statement_no = m.statement_no
"""
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
    lately = select(notice.c.document_no).where(notice.c.issued >= as_of - timedelta(days=DECIDED_DAYS))
    documents = connection.execute(lately).scalars().all()
    queries = [_of_patients(one), _cut_by(one, documents)]
    if receipt_nos:
        received = select(claim.c.batch_id).where(
            claim.c.provider_code == one.provider_code, claim.c.receipt_no.in_(receipt_nos)
        )
        batches = connection.execute(received).scalars().all()
        queries.append(_select_statements(one, claim.c.batch_id.in_(batches)))
    found = pa.concat_tables([read_table(connection, query, MET) for query in queries])
    return _with_reasons(connection, found)


def _of_patients(one: Batch) -> Select[Any]:
    """From the batch's statements over their patients to these patients' other statements."""
    mine, own = statement.alias("mine"), statement_personal.alias("own")
    first_month = f"{int(one.treatment_month[:4]) - YEARS_BACK}{one.treatment_month[4:]}"
    met = (
        mine.join(own, own.c.statement_key == mine.c.statement_key)
        .join(statement_personal, statement_personal.c.resident_no_hash == own.c.resident_no_hash)
        .join(claim_statement, claim_statement.c.statement_key == statement_personal.c.statement_key)
        .join(claim, of_claim(claim, claim_statement.c.provider_code, claim_statement.c.claim_no))
        .join(statement, statement.c.statement_key == claim_statement.c.statement_key)
    )
    wanted = and_(mine.c.batch_id == one.batch_id, claim.c.treatment_month >= first_month)
    return _select_statements(one, wanted, met).distinct()


def _cut_by(one: Batch, documents: Sequence[str]) -> Select[Any]:
    """From notices over the claims they spoke of to the statements that they were the last to adjust."""
    told = notice_claim.alias("told")
    met = (
        told.join(claim, of_claim(claim, told.c.provider_code, told.c.claim_no))
        .join(claim_statement, of_claim(claim_statement, claim.c.provider_code, claim.c.claim_no))
        .join(statement, statement.c.statement_key == claim_statement.c.statement_key)
        .join(statement_personal, statement_personal.c.statement_key == statement.c.statement_key)
    )
    wanted = and_(
        told.c.document_no.in_(documents),
        decision.c.document_no == told.c.document_no,
        statement.c.state == StatementState.ADJUSTED.value,
    )
    return _select_statements(one, wanted, met)


def _select_statements(one: Batch, wanted: Any, met: FromClause | None = None) -> Select[Any]:
    """``MET`` of the statements of other live claims of the provider; ``met``: how the joins find them.

    Provider and scheme are compared as expressions: every statement ever claimed has them, so that an index on them
    would lead SQLite, which knows no sizes, through the whole past for each batch.
    """
    sent = claim_statement.c
    if met is None:
        met = (
            claim.join(claim_statement, of_claim(claim_statement, claim.c.provider_code, claim.c.claim_no))
            .join(statement, statement.c.statement_key == sent.statement_key)
            .join(statement_personal, statement_personal.c.statement_key == sent.statement_key)
        )
    other = decision.alias("other")
    newest = (
        select(func.max(other.c.review_round))
        .where(of_statement(other, sent))
        .correlate(claim_statement)
        .scalar_subquery()
    )
    met = met.outerjoin(decision, and_(of_statement(decision, sent), decision.c.review_round == newest))
    met = met.outerjoin(notice, notice.c.document_no == decision.c.document_no)
    return (
        select(
            claim.c.batch_id,
            sent.statement_key,
            statement_personal.c.resident_no_hash,
            sent.claim_no,
            sent.statement_no,
            statement.c.state,
            claim.c.receipt_no,
            cast(notice.c.issued, Text),
            sent.total_benefit_cost_1,
            sent.content_hash,
            decision.c.document_no,
            decision.c.outcome,
        )
        .select_from(met)
        .where(
            wanted,
            claim.c.scheme + "" == one.scheme,
            claim.c.provider_code + "" == one.provider_code,
            claim.c.state.in_(LIVE),
            claim.c.batch_id != one.batch_id,
            # What was taken back and goes out anew stands in its old claim no more.
            statement.c.batch_id == claim.c.batch_id,
        )
    )


def of_statement(table: FromClause, place: Any) -> Any:
    """The rows of one statement of a claim; ``place``: columns of ``claim_statement``."""
    return and_(
        of_claim(table, place.provider_code, place.claim_no), table.c.statement_no == place.statement_no
    )


def _with_reasons(connection: Connection, found: pa.Table) -> pa.Table:
    """``STATEMENTS`` of ``MET``: the first reason of each decision that made its statement impossible."""
    documents = pc.unique(found.filter(pc.equal(found["outcome"], IMPOSSIBLE))["document_no"]).to_pylist()
    names = ("document_no", "claim_no", "statement_no", "seq", "code", "detail_code")
    query = select(*(decision_finding.c[name] for name in names)).where(
        decision_finding.c.document_no.in_(documents)
    )
    reasons = read_table(connection, query, REASONS) if documents else REASONS.empty_table()
    return Tables(met=found, reason=reasons).table(WITH_REASONS).cast(STATEMENTS)


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
