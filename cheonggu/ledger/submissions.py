"""Handing a claim off exactly once: intent first, then placed, then what the client said about it.

A gateway has at most one open submission (a unique key). A submission whose outcome is unknown stays open, and so
blocks its gateway, until a notice or a person settles it: nothing is ever sent again on suspicion.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from cheonggu.errors import StateError, UsageError
from cheonggu.ledger.audit import Transaction
from cheonggu.ledger.claims import claim_columns, get_claim
from cheonggu.ledger.model import FileFact, FileLike, Submission
from cheonggu.ledger.moves import move_batch, move_claim, move_statements, of_claim, plan_batch, state_changed
from cheonggu.ledger.tables import batch, claim, claim_file, event, submission, submission_file
from cheonggu.states import BatchStage, ClaimEvent, ClaimState, StatementEvent

INTENDED, PLACED, UNKNOWN = "intended", "placed", "unknown"
EXAMINED, NOT_REGISTERED, ABANDONED, SETTLED = "examined", "not_registered", "abandoned", "settled"
CHECKED = (ClaimState.CHECKED_OK.value, ClaimState.CHECKED_WARN.value)
# Empty record files and the client's marker hold no claim number: alike in many claims, they prove no repetition.
MARKER_BYTES = 128
CLIENT_REFUSED = "client-refused"
EXAMINED_OTHERWISE = "examined-otherwise"  # the client says not registered, yet the claim was sent


def write_intent(
    tx: Transaction,
    provider_code: str,
    claim_no: str,
    gateway: str,
    files: Sequence[FileLike],
    once: Collection[str] | None = None,
) -> Submission:
    """Say what will be placed, before anything is; the same intent again gives the same submission.

    ``once``: names of the files that may never go twice; None: all but empty ones and markers.
    """
    found = get_claim(tx.connection, provider_code, claim_no)
    facts = tuple(
        sorted((FileFact(one.name, one.size, one.sha256) for one in files), key=lambda one: one.name)
    )
    digest = digest_set(facts)
    current = find_open(tx.connection, gateway)
    if current is not None:
        wanted = (provider_code, claim_no, INTENDED, facts)
        if (current.provider_code, current.claim_no, current.state, current.files) == wanted:
            return current
        raise _occupied(current)
    _check_waiting(tx.connection, found)
    _check_frozen(tx.connection, found, facts)
    _check_never_sent(tx.connection, found, [one for one in facts if _goes_once(one, once)], digest)
    number = (
        tx.connection.execute(select(func.coalesce(func.max(submission.c.submission_id), 0))).scalar_one() + 1
    )
    tx.connection.execute(
        insert(submission).values(
            submission_id=number,
            gateway=gateway,
            scheme=found.scheme,
            provider_code=provider_code,
            claim_no=claim_no,
            state=INTENDED,
            is_open=True,
            set_digest=digest,
        )
    )
    same = {"submission_id": number, "provider_code": provider_code}
    rows = [{**same, **vars(one), "goes_once": _goes_once(one, once)} for one in facts]
    tx.connection.execute(insert(submission_file), rows)
    detail = {"submission_id": number, "gateway": gateway, "files": [[one.name, one.sha256] for one in facts]}
    tx.append("intent", claim_columns(found), detail=detail)
    return get_submission(tx.connection, number)


def _goes_once(one: FileFact, once: Collection[str] | None) -> bool:
    return one.size > MARKER_BYTES and (once is None or one.name in once)


def mark_placed(tx: Transaction, submission_id: int, *, document_no: str | None = None) -> None:
    """The files stand in the client's folder: the claim is HANDED_OFF, its statements IN_FLIGHT."""
    one = get_submission(tx.connection, submission_id)
    if one.state != INTENDED:
        if one.state in (PLACED, EXAMINED, NOT_REGISTERED):
            return
        raise state_changed(f"submission {submission_id}", f"송신 {submission_id}")
    found = get_claim(tx.connection, one.provider_code, one.claim_no)
    _set(tx.connection, submission_id, state=PLACED)
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
    _set(
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
        _set(tx.connection, submission_id, state=UNKNOWN)


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


def abandon_intent(tx: Transaction, submission_id: int) -> None:
    """Provably nothing was placed: the claim waits in the outbox again."""
    one = get_submission(tx.connection, submission_id)
    if one.state == ABANDONED:
        return
    if one.state != INTENDED:
        raise state_changed(f"submission {submission_id}", f"송신 {submission_id}")
    found = get_claim(tx.connection, one.provider_code, one.claim_no)
    _set(tx.connection, submission_id, state=ABANDONED, is_open=False, set_digest=None)
    mine = submission_file.c.submission_id == submission_id
    tx.connection.execute(update(submission_file).where(mine).values(goes_once=False))
    tx.append("abandoned", claim_columns(found), detail={"submission_id": submission_id})


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
        _set(connection, one.id, state=SETTLED, is_open=False)


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


def _check_waiting(connection: Connection, found: Any) -> None:
    stage = connection.execute(select(batch.c.stage).where(batch.c.batch_id == found.batch_id)).scalar_one()
    if found.state not in CHECKED or stage != BatchStage.CHECKED:
        raise StateError(
            f"Claim {found.claim_no} is {found.state} (batch {stage}) and not waiting to be handed off.",
            f"청구서 {found.claim_no}의 상태는 {found.state}(배치 {stage})이며 송신 대기가 아닙니다.",
            fix_en="Nothing was changed; hand off only what the outbox lists.",
            fix_ko="아무것도 바뀌지 않았습니다. 송신 대기함의 청구서만 보내세요.",
        )


def _check_frozen(connection: Connection, found: Any, files: Sequence[FileFact]) -> None:
    mine = of_claim(claim_file, found.provider_code, found.claim_no)
    frozen = set(connection.execute(select(claim_file.c.sha256).where(mine)).scalars())
    changed = [one.name for one in files if one.sha256 not in frozen]
    if changed or not files:
        raise StateError(
            f"Claim {found.claim_no}: not the frozen files: {', '.join(changed) or 'none given'}.",
            f"청구서 {found.claim_no}: 확정된 파일과 다릅니다: {', '.join(changed) or '파일 없음'}.",
            fix_en="Nothing was handed off. Restore the batch folder, or withdraw the claim and make it again.",
            fix_ko="송신하지 않았습니다. 배치 폴더를 복구하거나 청구서를 취소하고 다시 만드세요.",
        )


def _check_never_sent(connection: Connection, found: Any, files: Sequence[FileFact], digest: str) -> None:
    hashes = [one.sha256 for one in files]
    seen = select(submission_file.c.submission_id).where(
        submission_file.c.provider_code == found.provider_code,
        submission_file.c.sha256.in_(hashes),
        submission_file.c.goes_once,
    )
    same_set = select(submission.c.submission_id).where(submission.c.set_digest == digest)
    before = sorted(set(connection.execute(seen.union(same_set)).scalars()))
    if before:
        raise StateError(
            f"Claim {found.claim_no}: these files were handed off before (submission {before[0]}).",
            f"청구서 {found.claim_no}: 이미 송신한 파일입니다(송신 {before[0]}).",
            fix_en="Nothing was handed off; the same bytes never go twice. Look up that submission.",
            fix_ko="송신하지 않았습니다. 같은 파일은 두 번 보내지 않습니다. 해당 송신을 확인하세요.",
        )


def _occupied(current: Submission) -> StateError:
    return StateError(
        f"Claim {current.claim_no} still occupies gateway {current.gateway} ({current.state}).",
        f"청구서 {current.claim_no}의 송신({current.state})이 끝나지 않아 {current.gateway}을(를) 쓸 수 없습니다.",
        fix_en="Wait for the client's answer, or decide what became of that claim.",
        fix_ko="청구 프로그램의 결과를 기다리거나 그 청구서의 송신 여부를 확인해 처리하세요.",
    )


def _set(connection: Connection, submission_id: int, **values: Any) -> None:
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
