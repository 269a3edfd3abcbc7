"""Freezing a claim: who stands under which number, the sums and the files; from here on nothing is edited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, func, insert, literal, select

from cheonggu.errors import StateError
from cheonggu.ledger.audit import Transaction, canonical, digest_members, digest_rows
from cheonggu.ledger.batches import (
    check_table,
    get_batch,
    is_repeated,
    name_keys,
)
from cheonggu.ledger.claims import claim_columns, claim_of
from cheonggu.ledger.database import to_columns
from cheonggu.ledger.model import NUMBERED, FileLike
from cheonggu.ledger.moves import (
    move_batch,
    move_claim,
    move_staged,
    plan_from,
    stage_rows,
    staged,
)
from cheonggu.ledger.tables import (
    claim_file,
    claim_statement,
    live_submission,
    statement,
)
from cheonggu.states import BatchStage, ClaimEvent, StatementEvent, StatementState

DIGIT_SERIALS = 99_999


def record_assembled(
    tx: Transaction, batch_id: str, members: pa.Table, header: Mapping[str, int], files: Sequence[FileLike]
) -> None:
    """Freeze the claim: who stands under which number, the sums, the files; its identities become live."""
    members = check_table(members, NUMBERED, "members")
    facts = sorted((one.name, one.size, one.sha256) for one in files)
    call = digest_rows(members) + canonical({"header": dict(header), "files": facts})
    digest = digest_rows(pa.table({"call": [call]}))
    row = get_batch(tx.connection, batch_id)
    if is_repeated(tx.connection, "assembled", batch_id, digest):
        return
    found = claim_of(tx.connection, batch_id)
    sums = _check_sums(batch_id, members, header)
    moves = plan_from(members["statement_key"], StatementState.READY, StatementEvent.ASSEMBLED)
    stage_rows(tx.connection, to_columns(members) | to_columns(moves))
    _check_members(tx.connection, batch_id, len(members))
    _check_identities(tx.connection, row["scheme"])
    _freeze_members(tx, row["scheme"], found)
    keys = {"provider_code": found.provider_code, "claim_no": found.claim_no}
    rows = [{**keys, "name": name, "size": size, "sha256": sha256} for name, size, sha256 in facts]
    tx.connection.execute(insert(claim_file), rows)
    claim_move = move_claim(tx, found, ClaimEvent.FILES_WRITTEN, header_sums=canonical(dict(header)), **sums)
    move_batch(tx, batch_id, [BatchStage.VALIDATED], BatchStage.ASSEMBLED)
    detail = {
        "call": digest,
        "members": digest_members(tx.connection, found.provider_code, found.claim_no),
        "files": facts,
        **sums,
    }
    event_id = tx.append(
        "assembled",
        claim_columns(found),
        moves=moves,
        detail=detail,
        claim_move=claim_move,
        stage_to=BatchStage.ASSEMBLED.value,
    )
    move_staged(tx.connection, event_id, len(moves))


def _check_sums(batch_id: str, members: pa.Table, header: Mapping[str, int]) -> dict[str, int]:
    """Count, serials without gaps and the sums as in the header (return codes 09-xx are about these)."""
    sums = {
        name: int(pc.sum(members[name]).as_py() or 0)
        for name in ("claimed_amount", "total_benefit_cost_1", "patient_copay")
    }
    sums["statement_count"] = len(members)
    wrong = [name for name, value in sums.items() if header.get(name, value) != value]
    numbers = sorted(members["statement_no"].to_pylist())
    if numbers != sorted(number_statements(len(members))):
        wrong.append("statement_no")
    if wrong:
        raise StateError(
            f"Batch {batch_id}: header and statements disagree in {', '.join(wrong)}.",
            f"배치 {batch_id}: 청구서와 명세서의 값이 다릅니다: {', '.join(wrong)}.",
            fix_en="Nothing was recorded; this is a defect of assembly, report it.",
            fix_ko="기록하지 않았습니다. 조립 단계의 결함이므로 알려 주세요.",
        )
    return sums


def number_statements(count: int) -> list[str]:
    """Serials (명세서일련번호) 00001 … 99999, then A0000 …, as a claim of ``count`` statements carries them."""
    digits = [f"{one:05d}" for one in range(1, min(count, DIGIT_SERIALS) + 1)]
    beyond = range(max(0, count - DIGIT_SERIALS))
    return digits + [f"{chr(ord('A') + one // 10_000)}{one % 10_000:04d}" for one in beyond]


def _check_members(connection: Connection, batch_id: str, count: int) -> None:
    ready = (statement.c.batch_id == batch_id) & (statement.c.state == StatementState.READY.value)
    joined = select(func.count()).select_from(
        staged.join(statement, statement.c.statement_key == staged.c.statement_key)
    )
    fitting = connection.execute(joined.where(ready)).scalar_one()
    expected = connection.execute(select(func.count()).select_from(statement).where(ready)).scalar_one()
    if not fitting == expected == count:
        raise StateError(
            f"Batch {batch_id}: {count} statements were assembled, {expected} are ready in the ledger.",
            f"배치 {batch_id}: 조립된 명세서 {count}건, 원장의 준비된 명세서 {expected}건.",
            fix_en="Nothing was recorded; assemble the batch again from its validated tables.",
            fix_ko="기록하지 않았습니다. 검증된 표로 다시 조립하세요.",
        )


def _check_identities(connection: Connection, scheme: str) -> None:
    """No identity of the staged statements may be live in another claim or stand twice among them."""
    mine = (
        select(statement.c.statement_key, statement.c.identity_hash)
        .join(staged, staged.c.statement_key == statement.c.statement_key)
        .subquery()
    )
    live = select(mine.c.statement_key).join(
        live_submission,
        (live_submission.c.scheme == scheme) & (live_submission.c.identity_hash == mine.c.identity_hash),
    )
    twins = select(mine.c.identity_hash).group_by(mine.c.identity_hash).having(func.count() > 1)
    doubled = select(mine.c.statement_key).where(mine.c.identity_hash.in_(twins))
    keys = sorted(set(connection.execute(live.union(doubled)).scalars()))
    if keys:
        raise StateError(
            f"Another live submission holds the identity of: {name_keys(keys)}.",
            f"같은 진료의 명세서가 이미 청구 중입니다: {name_keys(keys)}.",
            fix_en="Nothing was changed. Drop the twin, or merge both and correct the record.",
            fix_ko="아무것도 바뀌지 않았습니다. 중복 명세서를 없애거나 합쳐서 고치세요.",
        )


def _freeze_members(tx: Transaction, scheme: str, found: Any) -> None:
    """Copy the staged members into the claim for ever, and make their identities live."""
    both = staged.join(statement, statement.c.statement_key == staged.c.statement_key)
    names = ("claimed_amount", "total_benefit_cost_1", "patient_copay")
    number = (literal(found.provider_code), literal(found.claim_no))
    tx.connection.execute(
        insert(claim_statement).from_select(
            ["provider_code", "claim_no", "statement_no", "statement_key", "content_hash", *names],
            select(
                *number,
                staged.c.statement_no,
                statement.c.statement_key,
                statement.c.content_hash,
                *(staged.c[name] for name in names),
            ).select_from(both),
        )
    )
    tx.connection.execute(
        insert(live_submission).from_select(
            ["scheme", "identity_hash", "statement_key", "provider_code", "claim_no"],
            select(
                literal(scheme), statement.c.identity_hash, statement.c.statement_key, *number
            ).select_from(both),
        )
    )
