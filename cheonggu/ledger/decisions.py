"""Decisions of people (결정) that move something: the effect and the instruction that asks for it, all or nothing.

Each kind has one effect, and the tables of ``states`` say when it is allowed. An effect that finds its work done
changes nothing, so the same decision again is harmless.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
from sqlalchemy import Connection, select

from cheonggu.errors import StateError, UsageError
from cheonggu.ledger import instructions
from cheonggu.ledger.audit import Transaction
from cheonggu.ledger.balances import of_one, read_balances
from cheonggu.ledger.batches import release_batch
from cheonggu.ledger.claims import claim_columns, clear_stop, get_claim
from cheonggu.ledger.model import Instruction, NewInstruction
from cheonggu.ledger.moves import find_states, free_statement, move_statements, of_claim, plan_moves
from cheonggu.ledger.remarks import keep_remark
from cheonggu.ledger.requests import mark_answered
from cheonggu.ledger.submissions import CHECKED, digest_set, mark_sent
from cheonggu.ledger.tables import back_reference, batch, claim_file, live_submission
from cheonggu.ledger.withdrawals import withdraw_claim
from cheonggu.states import BatchStage, ClaimState, StatementEvent, StatementState

SEOUL = ZoneInfo("Asia/Seoul")


class DecisionKind(StrEnum):
    """What a person may decide about a claim, a batch, a remark or a statement."""

    APPROVAL = "approval"  # the checked files of a claim may go out
    WITHDRAWAL = "withdrawal"  # before the hand-off: its statements are free again
    SENT = "sent"  # seen in the client's outbox or the portal
    NOT_SENT = "not_sent"  # seen there that it never left
    STOP_CLEARED = "stop_cleared"  # looked at a claim that an import had stopped
    RELEASE = "release"  # a held batch goes on
    REMARK = "remark"  # the remark of a form's next claims
    WRITE_OFF = "write_off"  # a statement is given up
    CLAIM_ANEW = "claim_anew"  # a statement whose payment was taken back in full goes out again
    MATERIAL_SENT = "material_sent"  # the material that a notice asked for was sent


BEFORE_HAND_OFF = (ClaimState.OPEN, ClaimState.ASSEMBLED, *map(ClaimState, CHECKED), ClaimState.CHECK_FAILED)
PERHAPS_AWAY = (ClaimState.HANDED_OFF, ClaimState.SEND_UNKNOWN)


def decide(tx: Transaction, new: NewInstruction) -> Instruction:
    """Do what a person decided and keep why. StateError (nothing changed) where it is not allowed now."""
    instructions.check(new)
    before = tx.last_event_id
    _EFFECTS[_kind(new.kind)](tx, new)
    return instructions.give(tx, new, anew=tx.last_event_id != before)


def digest_frozen(connection: Connection, provider_code: str, claim_no: str) -> str:
    """Digest of a claim's frozen files: what an approval is bound to."""
    query = select(claim_file.c.sha256, claim_file.c.name, claim_file.c.size)
    return digest_set(connection.execute(query.where(of_claim(claim_file, provider_code, claim_no))).all())


def _kind(text: str) -> DecisionKind:
    try:
        return DecisionKind(text)
    except ValueError:
        known = ", ".join(DecisionKind)
        raise UsageError(f"'{text}' is no decision; known: {known}.", f"결정 종류: {known}.") from None


def _approve(tx: Transaction, new: NewInstruction) -> None:
    found = get_claim(tx.connection, new.provider_code, new.subject)
    if found.state not in CHECKED:
        raise _not_now(found, "approved", "승인", "Only a checked claim is approved.")
    if new.detail.get("files") != digest_frozen(tx.connection, new.provider_code, new.subject):
        raise StateError(
            f"Claim {new.subject}: the approval is not for the files as they are now.",
            f"청구서 {new.subject}: 승인한 파일과 현재 파일이 다릅니다.",
            fix_en="Look at the claim again and approve it anew.",
            fix_ko="청구서를 다시 확인하고 승인하세요.",
        )


def _withdraw(tx: Transaction, new: NewInstruction) -> None:
    _take_back(tx, new, BEFORE_HAND_OFF, "Decide 'not_sent' once the client shows that it never left.")


def _not_sent(tx: Transaction, new: NewInstruction) -> None:
    _take_back(
        tx, new, PERHAPS_AWAY, "Before the hand-off it is a 'withdrawal'; after a receipt it is neither."
    )


def _take_back(tx: Transaction, new: NewInstruction, allowed: tuple[ClaimState, ...], fix: str) -> None:
    found = get_claim(tx.connection, new.provider_code, new.subject)
    if found.state == ClaimState.WITHDRAWN:
        return
    if found.state not in allowed:
        raise _not_now(found, "taken back this way", "취소", fix)
    withdraw_claim(tx, new.provider_code, new.subject, new.reason)


def _release(tx: Transaction, new: NewInstruction) -> None:
    stage = tx.connection.execute(select(batch.c.stage).where(batch.c.batch_id == new.subject))
    if stage.scalar_one_or_none() in (BatchStage.HELD.value, None):
        release_batch(tx, new.subject)


def _remark(tx: Transaction, new: NewInstruction) -> None:
    keep_remark(tx, new.provider_code, new.subject, str(new.detail.get("text", "")))


def _write_off(tx: Transaction, new: NewInstruction) -> None:
    found = _find_statement(tx, new)
    state, batch_id = found["state"][0].as_py(), found["batch_id"][0].as_py()
    if state == StatementState.WRITTEN_OFF:
        return
    if state == StatementState.READY and batch_id is not None:
        raise StateError(
            f"Statement {new.subject} stands in batch {batch_id}, which is being claimed.",
            f"명세서 {new.subject}은(는) 청구 중인 배치 {batch_id}에 있습니다.",
            fix_en="Withdraw that claim first, or let the night finish; the rest of the batch needs it whole.",
            fix_ko="그 청구서를 먼저 취소하거나 야간 작업이 끝난 뒤에 하세요.",
        )
    moves = plan_moves(found["statement_key"], found["state"], StatementEvent.GIVEN_UP)
    where = {"scheme": new.scheme, "provider_code": found["provider_code"][0].as_py()}
    move_statements(tx.connection, tx.append("given_up", where, moves=moves), moves)


def _claim_anew(tx: Transaction, new: NewInstruction) -> None:
    """Free the one statement that was taken back in full; everything else of its claim stays where it is."""
    found = _find_statement(tx, new)
    if found["state"][0].as_py() == StatementState.READY and found["batch_id"][0].as_py() is None:
        return
    moves = plan_moves(found["statement_key"], found["state"], StatementEvent.CLAIMED_ANEW)
    _must_be_nothing(tx.connection, new.subject)
    detail = {"claim_no": free_statement(tx.connection, new.subject)}
    where = {"scheme": new.scheme, "provider_code": found["provider_code"][0].as_py()}
    move_statements(tx.connection, tx.append("claimed_anew", where, moves=moves, detail=detail), moves)


def _must_be_nothing(connection: Connection, key: str) -> None:
    """StateError while the reviewer still grants something of the statement, or it follows another one."""
    follows = select(back_reference.c.parent_key).where(back_reference.c.statement_key == key)
    if connection.execute(follows).first() is not None:
        raise StateError(
            f"Statement {key} is a supplement or an addition; only a statement of its own is claimed anew.",
            f"명세서 {key}은(는) 보완·추가·분리청구라서 다시 청구할 수 없습니다.",
            fix_en="An original carries no back reference: claim the care outside, or ask the reviewer.",
            fix_ko="원청구에는 이전 접수번호를 적을 수 없습니다. 심평원에 문의하세요.",
        )
    live = select(live_submission.c.provider_code, live_submission.c.claim_no)
    provider_code, claim_no = connection.execute(live.where(live_submission.c.statement_key == key)).one()
    rows = read_balances(connection, of_one(provider_code, claim_no)).to_pylist()
    (mine,) = (row for row in rows if row["statement_key"] == key)
    if (mine["decided"] or 0) + mine["differences"] != 0 or mine["disputes"]:
        raise StateError(
            f"Statement {key}: the reviewer still grants {(mine['decided'] or 0) + mine['differences']} won, "
            "or a dispute is open.",
            f"명세서 {key}: 인정된 금액이 남아 있거나 이의신청이 진행 중입니다.",
            fix_en="Nothing was changed. Only what was taken back in full is claimed anew.",
            fix_ko="아무것도 바뀌지 않았습니다. 전액 환수된 명세서만 다시 청구합니다.",
        )


def _material_sent(tx: Transaction, new: NewInstruction) -> None:
    mark_answered(tx, new.subject, datetime.fromisoformat(tx.now).astimezone(SEOUL).date())


def _find_statement(tx: Transaction, new: NewInstruction) -> pa.Table:
    found = find_states(tx.connection, [new.subject])
    if not len(found) or found["scheme"][0].as_py() != new.scheme:
        raise StateError(
            f"There is no statement {new.subject}.", f"명세서 {new.subject}을(를) 찾을 수 없습니다."
        )
    return found


def _not_now(found: Any, done: str, done_ko: str, fix: str) -> StateError:
    where = claim_columns(found)["claim_no"]
    return StateError(
        f"Claim {where} is {found.state} and cannot be {done}.",
        f"청구서 {where}의 상태가 {found.state}이므로 {done_ko}할 수 없습니다.",
        fix_en=fix,
        fix_ko="청구서의 이력과 청구 프로그램의 송신 내역을 확인하세요.",
    )


_EFFECTS: dict[DecisionKind, Callable[[Transaction, NewInstruction], None]] = {
    DecisionKind.APPROVAL: _approve,
    DecisionKind.WITHDRAWAL: _withdraw,
    DecisionKind.SENT: lambda tx, new: mark_sent(tx, new.provider_code, new.subject),
    DecisionKind.NOT_SENT: _not_sent,
    DecisionKind.STOP_CLEARED: lambda tx, new: clear_stop(tx, new.provider_code, new.subject, new.reason),
    DecisionKind.RELEASE: _release,
    DecisionKind.REMARK: _remark,
    DecisionKind.WRITE_OFF: _write_off,
    DecisionKind.CLAIM_ANEW: _claim_anew,
    DecisionKind.MATERIAL_SENT: _material_sent,
}
