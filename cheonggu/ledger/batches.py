"""Batches and their statements up to validation: what enters the ledger, and what of it is fit to be claimed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, RowMapping, bindparam, func, insert, select, update

from cheonggu.errors import StateError, UsageError
from cheonggu.findings import FINDINGS
from cheonggu.ledger.audit import MOVES, Transaction, canonical, digest_rows
from cheonggu.ledger.database import insert_rows
from cheonggu.ledger.model import AMOUNTS, MEMBERS, PERSONAL, VERDICTS, Batch, NewBatch
from cheonggu.ledger.moves import find_states, keep_moves, move_batch, move_statements, plan_moves, stage_rows
from cheonggu.ledger.tables import batch, claim, event, finding, statement, statement_personal
from cheonggu.states import BatchStage, ClaimState, StatementEvent, StatementState

WORKING = (BatchStage.EXTRACTED, BatchStage.VALIDATED, BatchStage.ASSEMBLED, BatchStage.CHECKED)
NAMED_KEYS = 20


def add_batches(tx: Transaction, batches: Sequence[NewBatch], members: pa.Table) -> None:
    """Enter new batches with their statements; StateError when a statement may not join."""
    members = check_table(members, MEMBERS, "members")
    members = members.sort_by([("batch_id", "ascending"), ("statement_key", "ascending")])
    digests = _digest_members(batches, members)
    new = [one for one in batches if not _is_known(tx.connection, one, digests[one.batch_id])]
    if not new:
        return
    for one in sorted(new, key=lambda one: one.batch_id):
        _insert_batch(tx, one, digests[one.batch_id])
    ids = pa.array([one.batch_id for one in new], pa.string())
    members = members.filter(pc.is_in(members["batch_id"], value_set=ids))
    known = _check_joining(tx.connection, {one.batch_id: one for one in new}, members)
    is_known = pc.is_in(members["statement_key"], value_set=known["statement_key"])
    owners = {one.batch_id: one for one in new}
    _insert_statements(tx, owners, members.filter(pc.invert(is_known)))
    _update_statements(tx, owners, members.filter(is_known))
    _append_entries(tx, owners, members, known)


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
    event_id = tx.append("validated", moves=moves, detail=detail, **batch_columns(row), stage_to=stage.value)
    move_statements(tx.connection, event_id, moves)


def hold_batch(tx: Transaction, batch_id: str, reason_code: str) -> None:
    """Stop a batch before hand-off until a person decides."""
    row = get_batch(tx.connection, batch_id)
    if row["stage"] == BatchStage.HELD and row["hold_code"] == reason_code:
        return
    move_batch(tx, batch_id, WORKING, BatchStage.HELD)
    tx.connection.execute(
        update(batch)
        .where(batch.c.batch_id == batch_id)
        .values(held_from=row["stage"], hold_code=reason_code)
    )
    detail = {"reason_code": reason_code, "from": row["stage"]}
    tx.append("held", detail=detail, **batch_columns(row), stage_to=BatchStage.HELD.value)


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
    tx.append(
        "released", detail={"reason_code": row["hold_code"]}, **batch_columns(row), stage_to=stage.value
    )


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
        raise _bad_table(what, f"lacks column(s) {', '.join(missing)}", f"열 없음: {', '.join(missing)}")
    table = table.select(schema.names).cast(pa.schema([pa.field(one.name, one.type) for one in schema]))
    for field in schema:
        if not field.nullable and table[field.name].null_count:
            raise _bad_table(what, f"has empty values in {field.name}", f"{field.name} 값이 비어 있음")
    if what != "findings" and pc.count_distinct(table["statement_key"]).as_py() != len(table):
        raise _bad_table(what, "names a statement twice", "같은 명세서가 두 번 있음")
    return table


def _bad_table(what: str, en: str, ko: str) -> UsageError:
    return UsageError(f"The table of {what} {en}.", f"{what} 표 오류: {ko}.")


def name_keys(keys: Sequence[str]) -> str:
    """A few statement keys for a message."""
    more = f" … ({len(keys)})" if len(keys) > NAMED_KEYS else ""
    return ", ".join(keys[:NAMED_KEYS]) + more


def _digest_members(batches: Sequence[NewBatch], members: pa.Table) -> dict[str, str]:
    given = {one.batch_id for one in batches}
    if len(given) != len(batches) or given != set(pc.unique(members["batch_id"]).to_pylist()):
        raise _bad_table("members", "and the batches do not name the same batch ids", "배치 목록과 맞지 않음")
    part = members.select(["statement_key", "content_hash"])
    counts = members["batch_id"].value_counts()
    digests, start = {}, 0
    for batch_id, count in sorted(
        zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist())
    ):
        digests[batch_id] = digest_rows(part.slice(start, count))
        start += count
    return digests


def _is_known(connection: Connection, one: NewBatch, digest: str) -> bool:
    """True for a batch that entered before with the same members and still has them."""
    query = select(batch.c.members_digest, batch.c.stage).where(batch.c.batch_id == one.batch_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        return False
    if row.members_digest != digest:
        raise StateError(
            f"Batch {one.batch_id} is known with other statements.",
            f"배치 {one.batch_id}은(는) 이미 다른 명세서로 등록되어 있습니다.",
            fix_en="Nothing was changed; a batch id may be used once.",
            fix_ko="아무것도 바뀌지 않았습니다. 배치 번호는 한 번만 쓸 수 있습니다.",
        )
    has_members = select(statement.c.statement_key).where(statement.c.batch_id == one.batch_id).limit(1)
    if row.stage == BatchStage.WITHDRAWN or connection.execute(has_members).one_or_none() is None:
        raise StateError(
            f"Batch {one.batch_id} has ended; its statements must go into a batch with a new id.",
            f"배치 {one.batch_id}은(는) 끝났습니다. 명세서는 새 배치 번호로 묶어야 합니다.",
            fix_en="Nothing was changed; a batch id may be used once.",
            fix_ko="아무것도 바뀌지 않았습니다. 배치 번호는 한 번만 쓸 수 있습니다.",
        )
    return True


def _insert_batch(tx: Transaction, one: NewBatch, digest: str) -> None:
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
            stage=BatchStage.EXTRACTED.value,
            members_digest=digest,
            statement_count=0,
            run_id=tx.actor.run_id,
        )
    )


def _check_joining(connection: Connection, owners: Mapping[str, NewBatch], members: pa.Table) -> pa.Table:
    """The members that the ledger knows, with the event by which each joins; StateError when one may not.

    Blocked statements join when their content changed, free READY ones as they are.
    """
    known = find_states(connection, members["statement_key"].to_pylist())
    if not len(known):
        return known.append_column("event", pa.array([], pa.string()))
    given = members.select(["statement_key", "batch_id", "content_hash"]).rename_columns(
        ["statement_key", "new_batch_id", "new_hash"]
    )
    known = known.join(given, "statement_key", join_type="inner").combine_chunks()
    ids = list(owners)
    place = pc.index_in(known["new_batch_id"], value_set=pa.array(ids, pa.string()))
    providers = pa.array([owners[one].provider_code for one in ids], pa.string())
    schemes = pa.array([owners[one].scheme for one in ids], pa.string())
    is_same_owner = pc.and_(
        pc.equal(known["provider_code"], providers.take(place)),
        pc.equal(known["scheme"], schemes.take(place)),
    )
    is_corrected = pc.and_(
        pc.equal(known["state"], StatementState.BLOCKED),
        pc.not_equal(known["content_hash"], known["new_hash"]),
    )
    is_free = pc.and_(pc.equal(known["state"], StatementState.READY), pc.is_null(known["batch_id"]))
    may_join = pc.and_(is_same_owner, pc.or_(is_corrected, is_free))
    refused = known.filter(pc.invert(may_join))["statement_key"].to_pylist()
    if refused:
        raise StateError(
            f"These statements may not join a new batch: {name_keys(sorted(refused))}.",
            f"새 배치에 넣을 수 없는 명세서입니다: {name_keys(sorted(refused))}.",
            fix_en="Blocked ones must be corrected first; the others are in a batch already.",
            fix_ko="오류 명세서는 먼저 수정해야 하며, 나머지는 이미 배치에 있습니다.",
        )
    joined = pc.if_else(is_corrected, StatementEvent.CORRECTED.value, StatementEvent.JOINED.value)
    return known.append_column("event", joined)


def _insert_statements(tx: Transaction, owners: Mapping[str, NewBatch], members: pa.Table) -> None:
    if not len(members):
        return
    columns = _statement_columns(tx, members)
    ids = columns["batch_id"]
    columns["scheme"] = [owners[one].scheme for one in ids]
    columns["provider_code"] = [owners[one].provider_code for one in ids]
    columns["state"] = [StatementState.BILLABLE.value] * len(ids)
    insert_rows(tx.connection, statement, columns)
    insert_rows(tx.connection, statement_personal, _personal_columns(tx, members))


def _update_statements(tx: Transaction, owners: Mapping[str, NewBatch], members: pa.Table) -> None:
    """Take over the new content of statements that come again (few)."""
    if not len(members):
        return
    for table, columns in (
        (statement, _statement_columns(tx, members)),
        (statement_personal, _personal_columns(tx, members)),
    ):
        names = [name for name in columns if name != "statement_key"]
        change = update(table).where(table.c.statement_key == bindparam("_statement_key"))
        change = change.values({name: bindparam(f"_{name}") for name in names})
        rows = [
            {f"_{name}": value for name, value in zip(columns, values, strict=True)}
            for values in zip(*columns.values(), strict=True)
        ]
        tx.connection.execute(change, rows)


def _statement_columns(tx: Transaction, members: pa.Table) -> dict[str, list[Any]]:
    names = ("statement_key", "batch_id", "care_month", "content_hash", *AMOUNTS)
    columns: dict[str, list[Any]] = {name: members[name].to_pylist() for name in names}
    hash_identity = tx.vault.hash_identity
    columns["identity_hash"] = [hash_identity(one) for one in members["identity"].to_pylist()]
    return columns


def _personal_columns(tx: Transaction, members: pa.Table) -> dict[str, list[Any]]:
    keys = members["statement_key"].to_pylist()
    fields = {name: members[name].to_pylist() for name in PERSONAL}
    hash_resident_no = tx.vault.hash_resident_no
    return {
        "statement_key": keys,
        "resident_no_hash": [hash_resident_no(one) for one in fields["patient_rrn"]],
        "sealed": tx.vault.seal(keys, fields),
    }


def _append_entries(
    tx: Transaction, owners: Mapping[str, NewBatch], members: pa.Table, known: pa.Table
) -> None:
    """One event per new batch, with the moves of its statements."""
    keys = members["statement_key"]
    place = pc.index_in(keys, value_set=known["statement_key"].combine_chunks())
    before = known["state"].combine_chunks().take(place)
    joined = known["event"].combine_chunks().take(place)
    for batch_id in sorted(owners):
        mine = pc.equal(members["batch_id"], batch_id)
        my_keys, my_states, my_events = (column.filter(mine) for column in (keys, before, joined))
        parts = [_born(my_keys.filter(pc.is_null(my_states)))]
        for event_kind in (StatementEvent.CORRECTED, StatementEvent.JOINED):
            chosen = pc.fill_null(pc.equal(my_events, event_kind.value), False)
            parts.append(plan_moves(my_keys.filter(chosen), my_states.filter(chosen), event_kind))
        moves = pa.concat_tables(parts)
        row = {**vars(owners[batch_id])}
        event_id = tx.append(
            "extracted", moves=moves, **batch_columns(row), stage_to=BatchStage.EXTRACTED.value
        )
        move_statements(tx.connection, event_id, pa.concat_tables(parts[1:]))
        if len(parts[0]):
            stage_rows(tx.connection, {name: parts[0][name].to_pylist() for name in MOVES.names})
            keep_moves(tx.connection, event_id)
        count = update(batch).where(batch.c.batch_id == batch_id).values(statement_count=len(moves))
        tx.connection.execute(count)


def _born(keys: Any) -> pa.Table:
    return plan_moves(keys, pa.chunked_array([pa.nulls(len(keys), pa.string())]), StatementEvent.EXTRACTED)


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
