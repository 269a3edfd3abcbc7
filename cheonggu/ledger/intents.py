"""The intent to hand a claim off: what will be placed is said before anything is; the same bytes never go twice."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from cheonggu.errors import StateError
from cheonggu.ledger.audit import Transaction
from cheonggu.ledger.claims import claim_columns, get_claim
from cheonggu.ledger.model import FileFact, FileLike, Submission
from cheonggu.ledger.moves import of_claim, state_changed
from cheonggu.ledger.submissions import (
    ABANDONED,
    CHECKED,
    INTENDED,
    change_submission,
    digest_set,
    find_open,
    get_submission,
)
from cheonggu.ledger.tables import batch, claim_file, submission, submission_file
from cheonggu.states import BatchStage

# Empty record files and the client's marker hold no claim number: alike in many claims, they prove no repetition.
MARKER_BYTES = 128


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


def abandon_intent(tx: Transaction, submission_id: int) -> None:
    """Provably nothing was placed: the claim waits in the outbox again."""
    one = get_submission(tx.connection, submission_id)
    if one.state == ABANDONED:
        return
    if one.state != INTENDED:
        raise state_changed(f"submission {submission_id}", f"송신 {submission_id}")
    found = get_claim(tx.connection, one.provider_code, one.claim_no)
    change_submission(tx.connection, submission_id, state=ABANDONED, is_open=False, set_digest=None)
    mine = submission_file.c.submission_id == submission_id
    tx.connection.execute(update(submission_file).where(mine).values(goes_once=False))
    tx.append("abandoned", claim_columns(found), detail={"submission_id": submission_id})


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
