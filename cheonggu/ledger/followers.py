"""Reading what reruns start from: sent statements with their receipts and reasons, and what follows them already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, case, func, or_, select

from cheonggu.ledger.database import read_table
from cheonggu.ledger.model import CHILDREN, PARENTS
from cheonggu.ledger.moves import of_claim
from cheonggu.ledger.reruns import SUPPLEMENT, select_newest_rounds
from cheonggu.ledger.tables import (
    back_reference,
    claim,
    claim_statement,
    decision,
    decision_finding,
    live_submission,
    notice,
    statement,
)
from cheonggu.states import StatementState

# Findings that refuse a statement, or keep it, as a whole.
REFUSING = ("impossible", "refused", "held")
TYPED = "typed"
KEYS_AT_ONCE = 500
HISTORY_STATEMENTS = pa.schema(
    [
        (name, pa.string())
        for name in (
            "patient_id",
            "claim_no",
            "statement_no",
            "claim_class",
            "form_no",
            "department",
            "state",
            "receipt_no",
            "original_receipt_no",
            "original_statement_no",
            "reason_code",
            "detail_code",
            "content_hash",
        )
    ]
    + [("start_on", pa.date32()), ("last_on", pa.date32()), ("notified_on", pa.date32())]
    + [("total_benefit_cost_1", pa.int64())]
)
IDENTITY = pa.schema(
    [
        (name, pa.string())
        for name in ("statement_no", "patient_id", "identity", "content_hash", "checked_hash")
    ]
)


def _select_parents() -> Any:
    """The columns of ``PARENTS`` without form and reasons, for statements live in a claim with a receipt number."""
    sent = claim_statement.c
    newest = select_newest_rounds().subquery()
    return (
        select(
            statement.c.statement_key,
            func.coalesce(back_reference.c.source_key, statement.c.statement_key).label("source_key"),
            statement.c.state,
            statement.c.care_month,
            func.coalesce(back_reference.c.claim_class, "").label("claim_class"),
            func.coalesce(back_reference.c.class_code, "").label("class_code"),
            claim.c.batch_id,
            sent.claim_no,
            sent.statement_no,
            claim.c.receipt_year,
            claim.c.receipt_no,
            sent.content_hash,
            decision.c.outcome,
            decision.c.review_round,
            live_submission.c.identity_hash,
        )
        .join(live_submission, live_submission.c.statement_key == statement.c.statement_key)
        .join(claim, of_claim(claim, live_submission.c.provider_code, live_submission.c.claim_no))
        .join(
            claim_statement,
            of_claim(claim_statement, claim.c.provider_code, claim.c.claim_no)
            & (sent.statement_key == statement.c.statement_key),
        )
        .outerjoin(back_reference, back_reference.c.statement_key == statement.c.statement_key)
        .outerjoin(newest, of_claim(newest, sent.provider_code, sent.claim_no) & _same_serial(newest))
        .outerjoin(
            decision,
            of_claim(decision, sent.provider_code, sent.claim_no)
            & _same_serial(decision)
            & (decision.c.review_round == newest.c.review_round),
        )
        .where(claim.c.receipt_no.is_not(None), claim.c.receipt_year.is_not(None))
    )


def _same_serial(table: Any) -> Any:
    return table.c.statement_no == claim_statement.c.statement_no


def read_parents(
    connection: Connection,
    scheme: str,
    provider_code: str,
    states: Sequence[StatementState | str] | None,
    receipt_nos: Sequence[str],
    statement_keys: Sequence[str],
) -> pa.Table:
    """``PARENTS`` of one provider, filtered as asked, by receipt and serial; keys may be the hospital's."""
    query = _select_parents().where(statement.c.scheme == scheme, statement.c.provider_code == provider_code)
    if states is not None:
        query = query.where(statement.c.state.in_([StatementState(one).value for one in states]))
    if receipt_nos:
        query = query.where(claim.c.receipt_no.in_(list(receipt_nos)))
    if statement_keys:
        keys = list(statement_keys)
        query = query.where(or_(statement.c.statement_key.in_(keys), back_reference.c.source_key.in_(keys)))
    query = query.order_by(claim.c.receipt_year, claim.c.receipt_no, claim_statement.c.statement_no)
    return _to_parents(connection, provider_code, connection.execute(query).mappings().all())


def read_holders(
    connection: Connection, scheme: str, identity_hashes: Sequence[bytes]
) -> dict[bytes, dict[str, Any]]:
    """Identity hash → the statement (a row of ``PARENTS``) that is live under it and has a receipt number.

    In place of a replaced one stands the supplement that was received for it last.
    """
    found: dict[bytes, dict[str, Any]] = {}
    for start in range(0, len(identity_hashes), KEYS_AT_ONCE):
        part = live_submission.c.identity_hash.in_(identity_hashes[start : start + KEYS_AT_ONCE])
        rows = connection.execute(
            _select_parents().where(live_submission.c.scheme == scheme, part)
        ).mappings()
        found |= {bytes(row["identity_hash"]): _to_parent(row, {}) for row in rows}
    return {digest: _follow_supplements(connection, one) for digest, one in found.items()}


def _follow_supplements(connection: Connection, one: dict[str, Any]) -> dict[str, Any]:
    while one["state"] == StatementState.REPLACED:
        is_its = back_reference.c.parent_key == one["statement_key"]
        query = _select_parents().where(is_its, back_reference.c.relation == SUPPLEMENT)
        row = connection.execute(query.order_by(back_reference.c.round.desc())).mappings().first()
        if row is None:
            break
        one = _to_parent(row, {})
    return one


def read_children(connection: Connection, scheme: str, provider_code: str) -> pa.Table:
    """``CHILDREN`` of one provider by parent, class and round."""
    columns = {
        "state": statement.c.state,
        "batch_id": statement.c.batch_id,
        "content_hash": statement.c.content_hash,
        "claim_no": live_submission.c.claim_no,
    }
    query = (
        select(*(columns[name] if name in columns else back_reference.c[name] for name in CHILDREN.names))
        .join(statement, statement.c.statement_key == back_reference.c.statement_key)
        .outerjoin(live_submission, live_submission.c.statement_key == back_reference.c.statement_key)
        .where(statement.c.scheme == scheme, back_reference.c.provider_code == provider_code)
        .order_by(back_reference.c.parent_key, back_reference.c.claim_class, back_reference.c.round)
    )
    return read_table(connection, query, CHILDREN)


def read_history(connection: Connection, batch_id: str) -> dict[str, pa.Table]:
    """``history_stmt`` (parents and their other followers) and ``identity`` of a rerun claim; else nothing."""
    mine = (
        select(back_reference)
        .join(statement, statement.c.statement_key == back_reference.c.statement_key)
        .where(statement.c.batch_id == batch_id)
        .subquery()
    )
    if connection.execute(select(mine.c.statement_key).limit(1)).first() is None:
        return {}
    found = claim_statement.join(
        claim, of_claim(claim, claim_statement.c.provider_code, claim_statement.c.claim_no)
    )
    numbers = (
        select(claim_statement.c.statement_no, claim_statement.c.content_hash)
        .select_from(found)
        .where(claim.c.batch_id == batch_id)
    )
    identity = [
        {"statement_no": one.statement_no, "content_hash": one.content_hash}
        for one in connection.execute(numbers)
    ]
    rows = [*_parent_rows(connection, mine), *_sibling_rows(connection, mine)]
    return {
        "history_stmt": pa.Table.from_pylist(rows, schema=HISTORY_STATEMENTS),
        "identity": pa.Table.from_pylist(identity, schema=IDENTITY),
    }


def read_parents_of(connection: Connection, batch_id: str, relation: str) -> list[dict[str, str]]:
    """Where the statements that those of a batch follow in one relation were sent."""
    query = (
        select(
            back_reference.c.parent_key.label("statement_key"),
            claim.c.batch_id,
            back_reference.c.parent_claim_no.label("claim_no"),
            back_reference.c.parent_receipt_no.label("receipt_no"),
            back_reference.c.parent_statement_no.label("statement_no"),
        )
        .join(statement, statement.c.statement_key == back_reference.c.statement_key)
        .join(claim, of_claim(claim, back_reference.c.provider_code, back_reference.c.parent_claim_no))
        .where(statement.c.batch_id == batch_id, back_reference.c.relation == relation)
        .distinct()
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def _parent_rows(connection: Connection, mine: Any) -> list[dict[str, Any]]:
    """The parents as the reviewer knows them. What a person typed, or the payer refused, was answered as impossible."""
    sent, own = claim_statement.c, back_reference.alias("own")
    answered = or_(mine.c.basis == TYPED, statement.c.state == StatementState.REFUSED_BY_PAYER.value)
    newest = select_newest_rounds().subquery()
    query = (
        select(
            sent.claim_no,
            sent.statement_no,
            sent.content_hash,
            sent.total_benefit_cost_1,
            func.coalesce(own.c.class_code, "").label("claim_class"),
            case((answered, StatementState.IMPOSSIBLE.value), else_=statement.c.state).label("state"),
            mine.c.parent_receipt_no.label("receipt_no"),
            own.c.parent_receipt_no.label("original_receipt_no"),
            own.c.parent_statement_no.label("original_statement_no"),
            mine.c.reason_code,
            mine.c.detail_code,
            notice.c.issued.label("notified_on"),
        )
        .join(mine, mine.c.parent_key == sent.statement_key)
        .join(statement, statement.c.statement_key == sent.statement_key)
        .outerjoin(own, own.c.statement_key == sent.statement_key)
        .outerjoin(newest, of_claim(newest, sent.provider_code, sent.claim_no) & _same_serial(newest))
        .outerjoin(
            decision,
            of_claim(decision, sent.provider_code, sent.claim_no)
            & _same_serial(decision)
            & (decision.c.review_round == newest.c.review_round),
        )
        .outerjoin(notice, notice.c.document_no == decision.c.document_no)
        .where(sent.provider_code == mine.c.provider_code, sent.claim_no == mine.c.parent_claim_no)
        .distinct()
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def _sibling_rows(connection: Connection, mine: Any) -> list[dict[str, Any]]:
    """Other statements that refer to the same parents, as far as they are in a claim."""
    other = back_reference
    query = (
        select(
            live_submission.c.claim_no,
            other.c.class_code.label("claim_class"),
            statement.c.state,
            other.c.parent_receipt_no.label("original_receipt_no"),
            other.c.parent_statement_no.label("original_statement_no"),
        )
        .join(mine, mine.c.parent_key == other.c.parent_key)
        .join(statement, statement.c.statement_key == other.c.statement_key)
        .join(live_submission, live_submission.c.statement_key == other.c.statement_key)
        .where(other.c.statement_key.not_in(select(mine.c.statement_key)))
        .distinct()
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def _to_parents(connection: Connection, provider_code: str, rows: Sequence[Any]) -> pa.Table:
    reasons = _read_reasons(connection, provider_code, sorted({row["claim_no"] for row in rows}))
    return pa.Table.from_pylist([_to_parent(row, reasons) for row in rows], schema=PARENTS)


def _to_parent(row: Any, reasons: dict[tuple[str, str, str], list[str]]) -> dict[str, Any]:
    place = (row["claim_no"], row["statement_no"], row["review_round"])
    known = {name: row[name] for name in PARENTS.names if name != "reasons"}
    return {**known, "reasons": ",".join(reasons.get(place, ()))}


def _read_reasons(
    connection: Connection, provider_code: str, claim_nos: Sequence[str]
) -> dict[tuple[str, str, str], list[str]]:
    """(claim, serial, round) → code-detail of every finding that refuses the statement, in the notice's order."""
    columns = decision_finding.c
    reasons: dict[tuple[str, str, str], list[str]] = {}
    for start in range(0, len(claim_nos), KEYS_AT_ONCE):
        part = columns.claim_no.in_(claim_nos[start : start + KEYS_AT_ONCE])
        query = (
            select(
                columns.claim_no,
                columns.statement_no,
                columns.review_round,
                columns.code,
                columns.detail_code,
            )
            .where(columns.provider_code == provider_code, part, columns.finding_class.in_(REFUSING))
            .order_by(columns.document_no, columns.seq)
        )
        for row in connection.execute(query):
            place = (row.claim_no, row.statement_no, row.review_round)
            reasons.setdefault(place, []).append(f"{row.code}-{row.detail_code or ''}")
    return reasons
