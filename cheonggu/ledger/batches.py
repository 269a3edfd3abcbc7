"""Batches and their statements up to validation: what enters the ledger, and what of it is fit to claim."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, RowMapping, func, insert, select, update

from cheonggu.errors import StateError, UsageError
from cheonggu.findings import FINDINGS
from cheonggu.ledger.audit import Transaction, canonical, digest_rows
from cheonggu.ledger.database import insert_rows
from cheonggu.ledger.model import VERDICTS, Batch, NewBatch
from cheonggu.ledger.moves import find_states, move_batch, move_statements, plan_moves
from cheonggu.ledger.tables import (
    batch,
    claim,
    event,
    finding,
    submission,
)
from cheonggu.states import BatchStage, ClaimState, StatementEvent

WORKING = (BatchStage.EXTRACTED, BatchStage.VALIDATED, BatchStage.ASSEMBLED, BatchStage.CHECKED)
NAMED_KEYS = 20


def record_validated(tx: Transaction, batch_id: str, verdicts: pa.Table, findings: pa.Table) -> None:
    """Move the batch's statements to READY or BLOCKED and keep the findings."""
    verdicts = check_table(verdicts, VERDICTS, "verdicts")
    digest = digest_rows(verdicts)
    row = get_batch(tx.connection, batch_id)
    if is_repeated(tx.connection, "validated", batch_id, digest):
        return
    keys = verdicts["statement_key"]
    states = find_states(tx.connection, keys.to_pylist())
    if not len(states) == len(verdicts) == row["statement_count"] or any(
        one != batch_id for one in pc.unique(states["batch_id"]).to_pylist()
    ):
        raise StateError(
            f"Batch {batch_id}: the verdicts do not cover exactly its {row['statement_count']} statements.",
            f"배치 {batch_id}: 검증 결과가 명세서 {row['statement_count']}건과 맞지 않습니다.",
            fix_en="Validate the extracted batch again.",
            fix_ko="추출한 배치를 다시 검증하세요.",
        )
    ready = verdicts.filter(verdicts["is_ready"])["statement_key"]
    is_ready = pc.is_in(states["statement_key"], value_set=ready)
    clean, faulty = states.filter(is_ready), states.filter(pc.invert(is_ready))
    moves = pa.concat_tables(
        [
            plan_moves(clean["statement_key"], clean["state"], StatementEvent.FOUND_CLEAN),
            plan_moves(faulty["statement_key"], faulty["state"], StatementEvent.FOUND_FAULTY),
        ]
    )
    stage = BatchStage.VALIDATED if len(clean) else BatchStage.EMPTY
    move_batch(tx, batch_id, [BatchStage.EXTRACTED], stage)
    keep_findings(tx.connection, batch_id, findings)
    detail = {"call": digest, "ready": len(clean), "blocked": len(faulty), "findings": len(findings)}
    event_id = tx.append("validated", batch_columns(row), moves=moves, detail=detail, stage_to=stage.value)
    move_statements(tx.connection, event_id, moves)


def hold_batch(tx: Transaction, batch_id: str, reason_code: str, findings: pa.Table) -> None:
    """Stop a batch before hand-off until a person decides; the findings say why."""
    row = get_batch(tx.connection, batch_id)
    if row["stage"] == BatchStage.HELD and row["hold_code"] == reason_code:
        return
    its_claim = (submission.c.provider_code == claim.c.provider_code) & (
        submission.c.claim_no == claim.c.claim_no
    )
    handing_off = (
        select(claim.c.claim_no)
        .join(submission, its_claim)
        .where(claim.c.batch_id == batch_id, submission.c.is_open)
    )
    if tx.connection.execute(handing_off).first() is not None:
        raise StateError(
            f"Batch {batch_id} is being handed off and cannot be held any more.",
            f"배치 {batch_id}은(는) 송신 중이라 보류할 수 없습니다.",
            fix_en="Its files may stand in the counterpart's folder already; look there.",
            fix_ko="파일이 이미 송신 폴더에 있을 수 있으니 먼저 확인하세요.",
        )
    move_batch(tx, batch_id, WORKING, BatchStage.HELD)
    tx.connection.execute(
        update(batch)
        .where(batch.c.batch_id == batch_id)
        .values(held_from=row["stage"], hold_code=reason_code)
    )
    keep_findings(tx.connection, batch_id, findings)
    detail = {"reason_code": reason_code, "from": row["stage"], "findings": len(findings)}
    tx.append("held", batch_columns(row), detail=detail, stage_to=BatchStage.HELD.value)


def release_batch(tx: Transaction, batch_id: str) -> None:
    """Let a held batch go on from where it was held; a person's decision."""
    row = get_batch(tx.connection, batch_id)
    if row["held_from"] is None:
        raise StateError(
            f"Batch {batch_id} is not waiting for a decision that could release it.",
            f"배치 {batch_id}은(는) 보류 해제 대상이 아닙니다.",
            fix_en="A claim that the client refused must be withdrawn or split.",
            fix_ko="청구 프로그램이 거부한 청구서는 취소하거나 분리해야 합니다.",
        )
    stage = BatchStage(row["held_from"])
    move_batch(tx, batch_id, [BatchStage.HELD], stage)
    clear = update(batch).where(batch.c.batch_id == batch_id).values(held_from=None, hold_code=None)
    tx.connection.execute(clear)
    detail = {"reason_code": row["hold_code"]}
    tx.append("released", batch_columns(row), detail=detail, stage_to=stage.value)


def list_batches(
    connection: Connection, scheme: str, stages: Sequence[BatchStage | str] | None
) -> list[Batch]:
    """The batches of a scheme (in the given stages) by batch id."""
    query = (
        select(batch, claim.c.claim_no, claim.c.state.label("claim_state"))
        .outerjoin(claim, claim.c.batch_id == batch.c.batch_id)
        .where(batch.c.scheme == scheme)
    )
    if stages is not None:
        query = query.where(batch.c.stage.in_([BatchStage(one).value for one in stages]))
    found = [_to_batch(row) for row in connection.execute(query).mappings()]
    return sorted(found, key=lambda one: one.batch_id)


def keep_findings(connection: Connection, batch_id: str, findings: pa.Table) -> None:
    """Append findings (columns of ``FINDINGS``) to those of the batch."""
    if not len(findings):
        return
    findings = check_table(findings, FINDINGS, "findings")
    last = connection.execute(
        select(func.coalesce(func.max(finding.c.seq), 0)).where(finding.c.batch_id == batch_id)
    ).scalar_one()
    columns = {name: findings[name].to_pylist() for name in FINDINGS.names}
    count = len(findings)
    insert_rows(
        connection,
        finding,
        {"batch_id": [batch_id] * count, "seq": range(last + 1, last + 1 + count), **columns},
    )


def get_batch(connection: Connection, batch_id: str) -> RowMapping:
    """The batch's row; StateError when there is none."""
    row = connection.execute(select(batch).where(batch.c.batch_id == batch_id)).mappings().one_or_none()
    if row is None:
        raise StateError(f"There is no batch {batch_id}.", f"배치 {batch_id}이(가) 없습니다.")
    return row


def batch_columns(row: Mapping[str, Any] | RowMapping) -> dict[str, str | None]:
    """The event columns that name a batch."""
    return {name: row[name] for name in ("scheme", "batch_id", "provider_code")}


def is_repeated(connection: Connection, kind: str, batch_id: str, digest: str) -> bool:
    """Whether this very call was recorded before; StateError when it was recorded with other content."""
    found = connection.execute(
        select(event.c.detail).where(event.c.batch_id == batch_id, event.c.kind == kind)
    ).scalars()
    calls = [json.loads(detail).get("call") for detail in found]
    if calls and digest not in calls:
        raise StateError(
            f"Batch {batch_id}: '{kind}' was recorded before with other content.",
            f"배치 {batch_id}: '{kind}' 결과가 이미 다른 내용으로 기록되어 있습니다.",
            fix_en="Nothing was changed; the recorded content holds.",
            fix_ko="아무것도 바뀌지 않았습니다. 기록된 내용이 유효합니다.",
        )
    return bool(calls)


def check_table(table: pa.Table, schema: pa.Schema, what: str) -> pa.Table:
    """The schema's columns of a table, cast; UsageError for a missing column, a null or a repeated key."""
    missing = [name for name in schema.names if name not in table.column_names]
    if missing:
        raise bad_table(what, f"lacks column(s) {', '.join(missing)}", f"열 없음: {', '.join(missing)}")
    table = table.select(schema.names).cast(pa.schema([pa.field(one.name, one.type) for one in schema]))
    for field in schema:
        if not field.nullable and table[field.name].null_count:
            raise bad_table(what, f"has empty values in {field.name}", f"{field.name} 값이 비어 있음")
    if what != "findings" and pc.count_distinct(table["statement_key"]).as_py() != len(table):
        raise bad_table(what, "names a statement twice", "같은 명세서가 두 번 있음")
    return table


def bad_table(what: str, en: str, ko: str) -> UsageError:
    """The error of a table that a caller built wrongly."""
    return UsageError(f"The table of {what} {en}.", f"{what} 표 오류: {ko}.")


def name_keys(keys: Sequence[str]) -> str:
    """A few statement keys for a message."""
    more = f" … ({len(keys)})" if len(keys) > NAMED_KEYS else ""
    return ", ".join(keys[:NAMED_KEYS]) + more


def insert_batch(tx: Transaction, one: NewBatch, digest: str, count: int, stage: BatchStage) -> None:
    """Write the row of a new batch."""
    tx.connection.execute(
        insert(batch).values(
            batch_id=one.batch_id,
            scheme=one.scheme,
            provider_code=one.provider_code,
            treatment_month=one.treatment_month,
            kind=one.kind,
            claim_class=one.claim_class,
            claim_date=one.claim_date,
            group_values=canonical(dict(one.group)),
            parent_batch_id=one.parent_batch_id,
            stage=stage.value,
            members_digest=digest,
            statement_count=count,
            run_id=tx.actor.run_id,
        )
    )


def _to_batch(row: RowMapping) -> Batch:
    return Batch(
        batch_id=row["batch_id"],
        scheme=row["scheme"],
        provider_code=row["provider_code"],
        treatment_month=row["treatment_month"],
        kind=row["kind"],
        claim_class=row["claim_class"],
        claim_date=row["claim_date"],
        group=json.loads(row["group_values"]),
        parent_batch_id=row["parent_batch_id"],
        stage=BatchStage(row["stage"]),
        hold_code=row["hold_code"],
        claim_no=row["claim_no"],
        claim_state=None if row["claim_state"] is None else ClaimState(row["claim_state"]),
        statement_count=row["statement_count"],
        run_id=row["run_id"],
    )
