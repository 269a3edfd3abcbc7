"""Handing a claim off exactly once: placed, then what the client said about it; the intent before is ``intents``.

A gateway has at most one open submission (a unique key). A submission whose outcome is unknown stays open, and so
blocks its gateway, until a notice or a person settles it: nothing is ever sent again on suspicion.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, update

from cheonggu.errors import StateError, UsageError
from cheonggu.ledger.audit import Transaction
from cheonggu.ledger.claims import claim_columns, get_claim
from cheonggu.ledger.model import FileFact, FileLike, Submission
from cheonggu.ledger.moves import move_batch, move_claim, move_statements, of_claim, plan_batch, state_changed
from cheonggu.ledger.tables import batch, claim, event, submission, submission_file
from cheonggu.states import BatchStage, ClaimEvent, ClaimState, StatementEvent

INTENDED, PLACED, UNKNOWN = "intended", "placed", "unknown"
EXAMINED, NOT_REGISTERED, ABANDONED, SETTLED = "examined", "not_registered", "abandoned", "settled"
CHECKED = (ClaimState.CHECKED_OK.value, ClaimState.CHECKED_WARN.value)
CLIENT_REFUSED = "client-refused"
EXAMINED_OTHERWISE = "examined-otherwise"  # the client says not registered, yet the claim was sent


def mark_placed(tx: Transaction, submission_id: int, *, document_no: str | None = None) -> None:
    """The files stand in the client's folder: the claim is HANDED_OFF, its statements IN_FLIGHT."""
    one = get_submission(tx.connection, submission_id)
    if one.state != INTENDED:
        if one.state in (PLACED, EXAMINED, NOT_REGISTERED):
            return
        raise state_changed(f"submission {submission_id}", f"송신 {submission_id}")
    found = get_claim(tx.connection, one.provider_code, one.claim_no)
    change_submission(tx.connection, submission_id, state=PLACED)
    _let_go(tx, found, ClaimEvent.PLACED, "placed", {"submission_id": submission_id}, document_no)


def record_examined(tx: Transaction, submission_id: int, document_id: str, status: int) -> None:
    """The client's check of what it took: 0 or 1 keeps HANDED_OFF, -1 says that it is not registered there."""
    if status not in (0, 1, -1):
        raise UsageError("The client's status is 0, 1 or -1.", "청구 프로그램의 상태 값은 0, 1, -1입니다.")
    one = get_submission(tx.connection, submission_id)
    if not one.is_open:
        if (one.document_id, one.exam_status) == (document_id, status):
            return
        raise state_changed(f"submission {submission_id}", f"송신 {submission_id}")
    if one.state == INTENDED:  # what was examined was placed
        mark_placed(tx, submission_id)
    found = get_claim(tx.connection, one.provider_code, one.claim_no)
    detail = {"submission_id": submission_id, "document_id": document_id, "status": status}
    if status == -1 and found.state == ClaimState.HANDED_OFF:
        _take_back(tx, found, detail)
    else:
        _keep_examined(tx, found, detail)
    state = NOT_REGISTERED if status == -1 else EXAMINED
    change_submission(
        tx.connection, submission_id, state=state, is_open=False, document_id=document_id, exam_status=status
    )


def _keep_examined(tx: Transaction, found: Any, detail: dict[str, Any]) -> None:
    """Write down what the client said. A refusal moves nothing back any more once the outcome became unknown, or a
    person or a notice said that the claim was sent: then both cannot be true, and a person must look."""
    values = {"document_id": detail["document_id"]}
    if detail["status"] == -1 and found.state != ClaimState.SEND_UNKNOWN:
        values["stopped_code"] = EXAMINED_OTHERWISE
    tx.connection.execute(
        update(claim).where(of_claim(claim, found.provider_code, found.claim_no)).values(**values)
    )
    tx.append("examined", claim_columns(found), detail=detail)


def mark_unknown(tx: Transaction, submission_id: int) -> None:
    """Nobody can tell what became of it: SEND_UNKNOWN, for a person or a notice to settle.

    A submission that was still open stays so and blocks its gateway. A claim that a notice already proved
    received keeps its state; its submission is settled.
    """
    one = get_submission(tx.connection, submission_id)
    found = get_claim(tx.connection, one.provider_code, one.claim_no)
    detail = {"submission_id": submission_id}
    if found.state == ClaimState.SEND_UNKNOWN:
        return
    if found.state in CHECKED:
        _let_go(tx, found, ClaimEvent.NO_ANSWER, "unknown", detail, None)
    elif found.state in (ClaimState.HANDED_OFF, ClaimState.SENT):
        claim_move = move_claim(tx, found, ClaimEvent.NO_ANSWER)
        tx.append("unknown", claim_columns(found), detail=detail, claim_move=claim_move)
    else:
        settle(tx.connection, one)
        return
    if one.is_open:
        change_submission(tx.connection, submission_id, state=UNKNOWN)


def mark_overdue(tx: Transaction, scheme: str, before: str) -> list[tuple[str, str]]:
    """SEND_UNKNOWN for every claim handed off or sent before a moment (UTC text) and not answered since.

    A claim that an import stopped has its answer and waits for a person already. Gives (provider, claim number).
    """
    told = [ClaimState.HANDED_OFF.value, ClaimState.SENT.value]
    since = (
        select(event.c.provider_code, event.c.claim_no, event.c.claim_to, func.max(event.c.at).label("at"))
        .where(event.c.claim_to.in_(told))
        .group_by(event.c.provider_code, event.c.claim_no, event.c.claim_to)
        .subquery()
    )
    its_move = of_claim(claim, since.c.provider_code, since.c.claim_no) & (claim.c.state == since.c.claim_to)
    its_submission = of_claim(submission, claim.c.provider_code, claim.c.claim_no)
    query = (
        select(claim.c.provider_code, claim.c.claim_no, func.max(submission.c.submission_id).label("number"))
        .join(since, its_move)
        .join(submission, its_submission & (submission.c.state != ABANDONED))
        .where(claim.c.scheme == scheme, claim.c.stopped_code.is_(None), since.c.at < before)
        .group_by(claim.c.provider_code, claim.c.claim_no)
        .order_by(claim.c.provider_code, claim.c.claim_no)
    )
    overdue = tx.connection.execute(query).all()
    for one in overdue:
        mark_unknown(tx, one.number)
    return [(one.provider_code, one.claim_no) for one in overdue]


def mark_sent(tx: Transaction, provider_code: str, claim_no: str) -> None:
    """A person saw in the outbox or portal that the claim was sent."""
    found = get_claim(tx.connection, provider_code, claim_no)
    if found.state == ClaimState.SENT:
        return
    claim_move = move_claim(tx, found, ClaimEvent.SEND_CONFIRMED)
    tx.append("sent", claim_columns(found), claim_move=claim_move)
    settle_unknown(tx.connection, found)


def settle_unknown(connection: Connection, found: Any) -> None:
    """Close the claim's submission of unknown outcome, now that the outcome is known."""
    one = find_open_of(connection, found)
    if one is not None and one.state == UNKNOWN:
        settle(connection, one)


def settle(connection: Connection, one: Submission) -> None:
    if one.is_open:
        change_submission(connection, one.id, state=SETTLED, is_open=False)


def find_open(connection: Connection, gateway: str) -> Submission | None:
    """The submission that occupies a gateway, if any."""
    return _first(connection, (submission.c.gateway == gateway) & submission.c.is_open)


def find_open_of(connection: Connection, found: Any) -> Submission | None:
    """The open submission of a claim, if any."""
    mine = of_claim(submission, found.provider_code, found.claim_no)
    return _first(connection, mine & submission.c.is_open)


def get_submission(connection: Connection, submission_id: int) -> Submission:
    one = _first(connection, submission.c.submission_id == submission_id)
    if one is None:
        raise StateError(
            f"There is no submission {submission_id}.", f"송신 기록 {submission_id}이(가) 없습니다."
        )
    return one


def digest_set(files: Sequence[FileLike]) -> str:
    """SHA-256 (hex) over the hashes of a whole set of files, whatever their names."""
    return hashlib.sha256("\n".join(sorted(one.sha256 for one in files)).encode()).hexdigest()


def _let_go(
    tx: Transaction, found: Any, event: ClaimEvent, kind: str, detail: dict[str, Any], document_no: str | None
) -> None:
    """The claim left us, or may have: all its statements are IN_FLIGHT."""
    claim_move = move_claim(tx, found, event)
    move_batch(tx, found.batch_id, [BatchStage.CHECKED], BatchStage.HANDED_OFF)
    moves = plan_batch(tx.connection, found.batch_id, StatementEvent.HANDED_OFF)
    if len(moves) != found.statement_count:
        raise state_changed(f"claim {found.claim_no}", f"청구서 {found.claim_no}")
    event_id = tx.append(
        kind,
        claim_columns(found),
        moves=moves,
        detail=detail,
        claim_move=claim_move,
        stage_to=BatchStage.HANDED_OFF.value,
        document_no=document_no,
    )
    move_statements(tx.connection, event_id, moves)


def _take_back(tx: Transaction, found: Any, detail: dict[str, Any]) -> None:
    """Examined -1: the claim is provably not at the reviewer and waits for a person."""
    claim_move = move_claim(tx, found, ClaimEvent.NOT_REGISTERED, document_id=detail["document_id"])
    move_batch(tx, found.batch_id, [BatchStage.HANDED_OFF], BatchStage.HELD)
    hold = update(batch).where(batch.c.batch_id == found.batch_id).values(hold_code=CLIENT_REFUSED)
    tx.connection.execute(hold)
    moves = plan_batch(tx.connection, found.batch_id, StatementEvent.NOT_REGISTERED)
    event_id = tx.append(
        "not_registered",
        claim_columns(found),
        moves=moves,
        detail=detail,
        claim_move=claim_move,
        stage_to=BatchStage.HELD.value,
    )
    move_statements(tx.connection, event_id, moves)


def change_submission(connection: Connection, submission_id: int, **values: Any) -> None:
    """Set columns of a submission; part of a change that writes its event."""
    connection.execute(update(submission).where(submission.c.submission_id == submission_id).values(**values))


def _first(connection: Connection, which: ColumnElement[bool]) -> Submission | None:
    its_claim = of_claim(claim, submission.c.provider_code, submission.c.claim_no)
    query = select(submission, claim.c.batch_id).join(claim, its_claim).where(which)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    mine = submission_file.c.submission_id == row.submission_id
    files = connection.execute(select(submission_file).where(mine).order_by(submission_file.c.name))
    return Submission(
        id=row.submission_id,
        gateway=row.gateway,
        scheme=row.scheme,
        batch_id=row.batch_id,
        provider_code=row.provider_code,
        claim_no=row.claim_no,
        state=row.state,
        is_open=row.is_open,
        document_id=row.document_id,
        exam_status=row.exam_status,
        files=tuple(FileFact(one.name, one.size, one.sha256) for one in files),
    )
