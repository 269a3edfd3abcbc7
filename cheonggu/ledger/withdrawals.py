"""Taking a claim back that is provably not at the reviewer: its number stays used, its statements are free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, select, update

from cheonggu.errors import StateError
from cheonggu.ledger.audit import Transaction, digest_rows
from cheonggu.ledger.batches import (
    batch_columns,
    insert_batch,
    is_repeated,
)
from cheonggu.ledger.claims import claim_columns, claim_of, get_claim
from cheonggu.ledger.model import NewBatch
from cheonggu.ledger.moves import (
    free_identities,
    move_batch,
    move_claim,
    move_statements,
    plan_batch,
    plan_from,
    stage_rows,
    staged,
)
from cheonggu.ledger.submissions import INTENDED, find_open_of, settle
from cheonggu.ledger.tables import (
    statement,
)
from cheonggu.privacy import mask
from cheonggu.states import BatchStage, ClaimEvent, ClaimState, StatementEvent, StatementState


def split_failed(
    tx: Transaction, batch_id: str, blocked_keys: Sequence[str], successor: NewBatch | None
) -> None:
    """Withdraw a failed claim (its number stays used), block the bad statements, pass the others on."""
    blocked = pa.array(sorted(set(blocked_keys)), pa.string())
    digest = digest_rows(pa.table({"key": blocked})) + ("" if successor is None else successor.batch_id)
    if is_repeated(tx.connection, "split", batch_id, digest):
        return
    found = claim_of(tx.connection, batch_id)
    if found.state != ClaimState.CHECK_FAILED:
        raise StateError(
            f"Claim {found.claim_no} is {found.state}; only a claim whose check failed is split.",
            f"청구서 {found.claim_no}의 상태가 {found.state}입니다. 점검 오류 청구서만 분리합니다.",
        )
    moves = withdraw(tx, found, "split", {"call": digest, "blocked": len(blocked)})
    is_blocked = pc.is_in(moves["statement_key"], value_set=blocked)
    faulty, others = moves.filter(is_blocked), moves.filter(pc.invert(is_blocked))
    if len(faulty) != len(blocked) or (successor is None) != (len(others) == 0):
        raise StateError(
            f"Claim {found.claim_no}: blocked statements and successor do not make up its statements.",
            f"청구서 {found.claim_no}: 제외할 명세서와 후속 배치가 청구서 내용과 맞지 않습니다.",
        )
    _block_faulty(tx, found, faulty["statement_key"])
    if successor is not None:
        _start_successor(tx, found, successor, others["statement_key"])


def withdraw_claim(tx: Transaction, provider_code: str, claim_no: str, reason: str) -> None:
    """A person's decision. What is being placed at this moment must be settled first."""
    found = get_claim(tx.connection, provider_code, claim_no)
    if found.state == ClaimState.WITHDRAWN:
        return
    if found.stopped_code is not None:
        raise StateError(
            f"Claim {claim_no} stopped ({found.stopped_code}): an answer to it came, so it may be at the reviewer.",
            f"청구서 {claim_no}은(는) 회신이 있어 멈춘 청구서입니다({found.stopped_code}). 접수되었을 수 있습니다.",
            fix_en="Find out what the reviewer holds and clear the stop first; else the same care is claimed twice.",
            fix_ko="심평원에 접수된 내용을 확인하고 확인 처리(stop-cleared)한 뒤 취소하세요. 중복 청구가 됩니다.",
        )
    one = find_open_of(tx.connection, found)
    if one is not None and one.state == INTENDED:
        raise StateError(
            f"Claim {claim_no} is being handed off; find out first whether its files were placed.",
            f"청구서 {claim_no}은(는) 송신 중입니다. 파일이 놓였는지 먼저 확인하세요.",
        )
    if one is not None:
        settle(tx.connection, one)
    withdraw(tx, found, "withdrawn", {"reason": mask(reason)})


def _block_faulty(tx: Transaction, found: Any, keys: Any) -> None:
    """Blocked statements keep pointing to the batch that found them faulty."""
    moves = plan_from(keys, StatementState.READY, StatementEvent.FOUND_FAULTY)
    event_id = tx.append("blocked", claim_columns(found), moves=moves)
    move_statements(tx.connection, event_id, moves)
    _set_batch(tx.connection, keys, found.batch_id)


def _start_successor(tx: Transaction, found: Any, successor: NewBatch, keys: Any) -> None:
    where = batch_columns(vars(successor))
    members = pa.table({"statement_key": keys})
    insert_batch(tx, successor, digest_rows(members), len(keys), BatchStage.VALIDATED)
    moves = plan_from(keys, StatementState.READY, StatementEvent.JOINED)
    event_id = tx.append(
        "succeeded", where, moves=moves, detail={"after": found.batch_id}, stage_to=BatchStage.VALIDATED.value
    )
    move_statements(tx.connection, event_id, moves)
    _set_batch(tx.connection, keys, successor.batch_id)


def _set_batch(connection: Connection, keys: Any, batch_id: str) -> None:
    if len(keys):
        stage_rows(connection, {"statement_key": keys.to_pylist()})
        mine = select(staged.c.statement_key)
        connection.execute(
            update(statement).where(statement.c.statement_key.in_(mine)).values(batch_id=batch_id)
        )


def withdraw(tx: Transaction, found: Any, kind: str, detail: Mapping[str, Any]) -> pa.Table:
    """WITHDRAWN: the claim is provably not at the reviewer. Its statements become READY and free; gives moves."""
    claim_move = move_claim(tx, found, ClaimEvent.WITHDRAWN, stopped_code=None)
    stages = [one for one in BatchStage if one not in (BatchStage.DONE, BatchStage.WITHDRAWN)]
    move_batch(tx, found.batch_id, stages, BatchStage.WITHDRAWN)
    free_identities(tx.connection, found.provider_code, found.claim_no)
    moves = plan_batch(tx.connection, found.batch_id, StatementEvent.CLAIM_WITHDRAWN)
    event_id = tx.append(
        kind,
        claim_columns(found),
        moves=moves,
        detail=detail,
        claim_move=claim_move,
        stage_to=BatchStage.WITHDRAWN.value,
    )
    move_statements(tx.connection, event_id, moves)
    free_members(tx.connection, found.batch_id)
    return moves


def free_members(connection: Connection, batch_id: str) -> None:
    """READY statements of an ended batch may join another one."""
    ready = (statement.c.batch_id == batch_id) & (statement.c.state == StatementState.READY.value)
    connection.execute(update(statement).where(ready).values(batch_id=None))
