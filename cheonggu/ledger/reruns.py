"""Statements that follow another one at the reviewer: supplements (보완), additions (추가) and later slices (분리).

Each is a statement of its own with its own key. What it refers to is written once, with it, under the guards of the
lifecycle; its parent becomes REPLACED when the receipt of a supplement arrives, and not before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, and_, func, select

from cheonggu.errors import StateError
from cheonggu.ledger.audit import MOVES, Transaction, digest_rows
from cheonggu.ledger.batches import check_table
from cheonggu.ledger.claims import claim_columns
from cheonggu.ledger.database import insert_rows, read_table, to_columns
from cheonggu.ledger.model import REFERENCES
from cheonggu.ledger.moves import move_statements, of_claim, plan_moves, stage_rows, staged
from cheonggu.ledger.tables import (
    back_reference,
    claim,
    claim_statement,
    decision,
    decision_finding,
    event_statement,
    live_submission,
    statement,
)
from cheonggu.states import STATEMENT_MOVES, UNDER_WAY, StatementEvent, StatementState

SUPPLEMENT, ADDITION, SLICE = "supplement", "addition", "slice"
BIRTHS = {
    SUPPLEMENT: StatementEvent.SUPPLEMENT_CORRECTED,
    ADDITION: StatementEvent.ADDED,
    SLICE: StatementEvent.EXTRACTED,
}
NOTICE = "notice"
STANDING = pa.schema(
    [(name, pa.string()) for name in ("parent_key", "state", "claim_no", "statement_no")]
    + [(name, pa.string()) for name in ("receipt_year", "receipt_no")]
)
SIBLINGS = pa.schema(
    [(name, pa.string()) for name in ("parent_key", "relation", "statement_key", "state", "content_hash")]
    + [("claim_no", pa.string())]
)


def keep_references(tx: Transaction, references: pa.Table, members: pa.Table) -> pa.Table:
    """Check and write the references of newborn members; gives their births (statement_key, from, to).

    StateError, with nothing written, when a parent's state does not allow it, when claim, serial, receipt number
    or reason are not what the ledger knows, or when a statement of the same class and parent is still under way or
    was sent with this very content. One that was given up without being in a claim was never sent.
    """
    references = check_table(references, REFERENCES, "references")
    parents = sorted(set(references["parent_key"].to_pylist()))
    stage_rows(tx.connection, {"statement_key": parents})
    standing = _read_standing(tx.connection)
    siblings = _read_siblings(tx.connection)
    reasons = _read_reasons(tx.connection)
    hashes = dict(zip(members["statement_key"].to_pylist(), members["content_hash"].to_pylist(), strict=True))
    births = []
    for row in references.to_pylist():
        place = (row["parent_key"], row["parent_claim_no"], row["parent_statement_no"])
        _check_parent(row, standing.get(place), reasons.get(place, set()))
        _check_siblings(row, siblings, hashes[row["statement_key"]])
        births.append(_bear(row, StatementState(standing[place]["state"])))
    insert_rows(tx.connection, back_reference, to_columns(references))
    return pa.Table.from_pylist(births, schema=MOVES)


def _bear(row: Mapping[str, Any], parent: StatementState) -> dict[str, Any]:
    """How the statement enters: from nothing, by the move that its parent's state allows."""
    event = BIRTHS[row["relation"]]
    source = None if row["relation"] == SLICE else parent
    target = STATEMENT_MOVES.target(source, event)
    return {"statement_key": row["statement_key"], "from_state": None, "to_state": target.value}


def _check_parent(row: Mapping[str, Any], found: Mapping[str, Any] | None, reasons: set[str]) -> None:
    given = (row["parent_receipt_year"], row["parent_receipt_no"])
    if found is None or (found["receipt_year"], found["receipt_no"]) != given:
        raise _refuse(
            row,
            "refers to a receipt number and serial that are not its parent's",
            "이 가리키는 접수번호와 일련번호가 원 명세서의 것이 아닙니다",
        )
    if row["basis"] == NOTICE and row["reason_code"] is not None and row["reason_code"] not in reasons:
        raise _refuse(
            row,
            "carries a reason code that the newest review result does not name",
            "의 사유코드가 최근 심사결과에 없습니다",
        )


def _check_siblings(row: Mapping[str, Any], siblings: list[dict[str, Any]], content_hash: str) -> None:
    for one in siblings:
        if (one["parent_key"], one["relation"]) != (row["parent_key"], row["relation"]):
            continue
        if row["relation"] != SLICE and one["state"] in UNDER_WAY:
            raise _refuse(
                row,
                f"waits for {one['statement_key']}",
                f"보다 먼저 보낸 {one['statement_key']}이(가) 있습니다",
            )
        was_sent = one["state"] != StatementState.WRITTEN_OFF or one["claim_no"] is not None
        if was_sent and one["content_hash"] == content_hash:
            raise _refuse(row, "was sent before with this content", "과 같은 내용을 이미 청구했습니다")


def _refuse(row: Mapping[str, Any], en: str, ko: str) -> StateError:
    key = row["statement_key"]
    return StateError(
        f"Statement {key} {en}.",
        f"명세서 {key}{ko}.",
        fix_en="Nothing was changed; plan the rerun again.",
        fix_ko="아무것도 바뀌지 않았습니다. 재청구 계획을 다시 만드세요.",
    )


def _read_standing(connection: Connection) -> dict[tuple[str, str, str], dict[str, Any]]:
    """State and receipt of the staged parents, by key, claim number and serial."""
    query = (
        select(
            statement.c.statement_key,
            statement.c.state,
            claim_statement.c.claim_no,
            claim_statement.c.statement_no,
            claim.c.receipt_year,
            claim.c.receipt_no,
        )
        .join(staged, staged.c.statement_key == statement.c.statement_key)
        .join(claim_statement, claim_statement.c.statement_key == statement.c.statement_key)
        .join(claim, of_claim(claim, claim_statement.c.provider_code, claim_statement.c.claim_no))
    )
    rows = read_table(connection, query, STANDING).to_pylist()
    return {(row["parent_key"], row["claim_no"], row["statement_no"]): row for row in rows}


def _read_siblings(connection: Connection) -> list[dict[str, Any]]:
    query = (
        select(
            back_reference.c.parent_key,
            back_reference.c.relation,
            statement.c.statement_key,
            statement.c.state,
            statement.c.content_hash,
            live_submission.c.claim_no,
        )
        .join(staged, staged.c.statement_key == back_reference.c.parent_key)
        .join(statement, statement.c.statement_key == back_reference.c.statement_key)
        .outerjoin(live_submission, live_submission.c.statement_key == statement.c.statement_key)
    )
    found: list[dict[str, Any]] = read_table(connection, query, SIBLINGS).to_pylist()
    return found


def _read_reasons(connection: Connection) -> dict[tuple[str, str, str], set[str]]:
    """Codes of the newest round about the staged parents, by key, claim number and serial."""
    newest = select_newest_rounds().subquery()
    is_newest = and_(
        *(
            decision_finding.c[name] == newest.c[name]
            for name in ("provider_code", "claim_no", "statement_no", "review_round")
        )
    )
    sent = claim_statement.c
    query = (
        select(sent.statement_key, sent.claim_no, sent.statement_no, decision_finding.c.code)
        .join(staged, staged.c.statement_key == sent.statement_key)
        .join(
            decision_finding,
            of_claim(decision_finding, sent.provider_code, sent.claim_no)
            & (decision_finding.c.statement_no == sent.statement_no),
        )
        .join(newest, is_newest)
    )
    reasons: dict[tuple[str, str, str], set[str]] = {}
    for key, claim_no, statement_no, code in connection.execute(query).tuples():
        reasons.setdefault((key, claim_no, statement_no), set()).add(code)
    return reasons


def select_newest_rounds() -> Any:
    """provider_code, claim_no, statement_no and the newest review round that decided the statement."""
    names = ("provider_code", "claim_no", "statement_no")
    return select(
        *(decision.c[name] for name in names), func.max(decision.c.review_round).label("review_round")
    ).group_by(*(decision.c[name] for name in names))


def replace_parents(tx: Transaction, found: Any, document_no: str) -> pa.Table:
    """The claim was received: the parents of its supplements become REPLACED; gives their moves.

    A parent that a newer review has decided otherwise stays where it is.
    """
    sources = [one.value for one in STATEMENT_MOVES.sources(StatementEvent.SUPPLEMENT_RECEIVED)]
    mine = select(claim_statement.c.statement_key).where(
        of_claim(claim_statement, found.provider_code, found.claim_no)
    )
    query = (
        select(statement.c.statement_key, statement.c.state)
        .join(back_reference, back_reference.c.parent_key == statement.c.statement_key)
        .where(back_reference.c.statement_key.in_(mine), back_reference.c.relation == SUPPLEMENT)
        .where(statement.c.state.in_(sources))
        .distinct()
    )
    parents = read_table(tx.connection, query, pa.schema([("key", pa.string()), ("state", pa.string())]))
    moves = plan_moves(parents["key"], parents["state"], StatementEvent.SUPPLEMENT_RECEIVED)
    if len(moves):
        event_id = tx.append("replaced", claim_columns(found), moves=moves, document_no=document_no)
        move_statements(tx.connection, event_id, moves)
    return moves


def digest_references(references: pa.Table) -> str:
    """Digest of references as the event of their batch holds it."""
    return digest_rows(references.select(REFERENCES.names))


def read_references(connection: Connection, event_id: int) -> pa.Table:
    """The references of the statements that an event brought into the ledger."""
    query = (
        select(*(back_reference.c[name] for name in REFERENCES.names))
        .join(event_statement, event_statement.c.statement_key == back_reference.c.statement_key)
        .where(event_statement.c.event_id == event_id, event_statement.c.from_state.is_(None))
    )
    return read_table(connection, query, REFERENCES)
