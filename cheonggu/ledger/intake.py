"""What enters the ledger: new batches with their statements, and statements that come again.

Personal fields are encrypted here, before anything is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, bindparam, select, update

from cheonggu.errors import StateError
from cheonggu.ledger.audit import MOVES, Transaction, digest_rows
from cheonggu.ledger.batches import bad_table, batch_columns, check_table, insert_batch, name_keys
from cheonggu.ledger.database import ROWS_AT_ONCE, insert_rows, insert_table
from cheonggu.ledger.model import AMOUNTS, MEMBERS, PERSONAL, NewBatch
from cheonggu.ledger.moves import (
    find_states,
    move_statements,
    plan_from,
    plan_moves,
    set_states,
    staged,
)
from cheonggu.ledger.reruns import digest_references, keep_references
from cheonggu.ledger.tables import batch, event_statement, statement, statement_personal
from cheonggu.states import BatchStage, StatementEvent, StatementState

FREE_STATES = [StatementState.READY.value, StatementState.BILLABLE.value]


def add_batches(
    tx: Transaction, batches: Sequence[NewBatch], members: pa.Table, references: pa.Table
) -> None:
    """Enter new batches with their statements; StateError when a statement may not join.

    ``references`` (``model.REFERENCES``) name what new supplementary, additional and split members refer to.
    """
    members = check_table(members, MEMBERS, "members")
    members = members.sort_by([("batch_id", "ascending"), ("statement_key", "ascending")])
    digests = _digest_members(batches, members)
    new = [one for one in batches if not _is_known(tx.connection, one, digests[one.batch_id])]
    if not new:
        return
    owners = {one.batch_id: one for one in new}
    ids = pa.array(list(owners), pa.string())
    members = members.filter(pc.is_in(members["batch_id"], value_set=ids))
    for entry in pc.value_counts(members["batch_id"]).to_pylist():
        batch_id = entry["values"]
        insert_batch(tx, owners[batch_id], digests[batch_id], entry["counts"], BatchStage.EXTRACTED)
    known = _check_joining(tx.connection, owners, members)
    is_known = pc.is_in(members["statement_key"], value_set=known["statement_key"])
    newborn = members.filter(pc.invert(is_known))
    _insert_statements(tx, owners, newborn)
    _update_statements(tx, owners, members.filter(is_known))
    references = references.filter(
        pc.is_in(references["statement_key"], value_set=newborn["statement_key"].combine_chunks())
    )
    births = _bear(tx, newborn, references)
    _append_entries(tx, owners, members, known, births, references)


def _bear(tx: Transaction, newborn: pa.Table, references: pa.Table) -> pa.Table:
    """How each newborn enters: billable by extraction, or by the move its parent allows."""
    following = keep_references(tx, references, newborn) if len(references) else MOVES.empty_table()
    is_original = pc.invert(pc.is_in(newborn["statement_key"], value_set=references["statement_key"]))
    originals = newborn.filter(is_original)["statement_key"]
    set_states(tx.connection, following)
    return pa.concat_tables([plan_from(originals, None, StatementEvent.EXTRACTED), following])


def _digest_members(batches: Sequence[NewBatch], members: pa.Table) -> dict[str, str]:
    given = {one.batch_id for one in batches}
    if len(given) != len(batches) or given != set(pc.unique(members["batch_id"]).to_pylist()):
        raise bad_table("members", "and the batches do not name the same batch ids", "배치 목록과 맞지 않음")
    part = members.select(["statement_key", "content_hash"])
    return {batch_id: digest_rows(rows) for batch_id, rows in slice_batches(members["batch_id"], part)}


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


def _check_joining(connection: Connection, owners: Mapping[str, NewBatch], members: pa.Table) -> pa.Table:
    """The members that the ledger knows, with the event by which each joins; StateError when one may not.

    Blocked statements join when their content changed, free READY and BILLABLE ones as they are.
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
    is_waiting = pc.is_in(known["state"], value_set=pa.array(FREE_STATES, pa.string()))
    is_free = pc.and_(is_waiting, pc.is_null(known["batch_id"]))
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
    """Insert in parts, so that the Python values of a large night never stand in memory all at once."""
    for start in range(0, len(members), ROWS_AT_ONCE):
        part = members.slice(start, ROWS_AT_ONCE)
        columns = _statement_columns(tx, part)
        ids = columns["batch_id"]
        columns["scheme"] = [owners[one].scheme for one in ids]
        columns["provider_code"] = [owners[one].provider_code for one in ids]
        columns["state"] = [StatementState.BILLABLE.value] * len(ids)
        insert_rows(tx.connection, statement, columns)
        insert_rows(tx.connection, statement_personal, _personal_columns(tx, part))


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
    tx: Transaction,
    owners: Mapping[str, NewBatch],
    members: pa.Table,
    known: pa.Table,
    births: pa.Table,
    references: pa.Table,
) -> None:
    """One event per new batch, with the moves of its statements and a digest of what they refer to."""
    keys = members["statement_key"]
    place = pc.index_in(keys, value_set=known["statement_key"])
    joined = pa.table(
        [keys, known["state"].take(place), known["event"].take(place)], ["key", "state", "event"]
    )
    mothers = members["batch_id"].take(pc.index_in(births["statement_key"], value_set=keys.combine_chunks()))
    born = [births.slice(0, 0).add_column(0, "event_id", pa.array([], pa.int64()))]
    newborn = _part_by(mothers, births)
    for batch_id, rows in slice_batches(members["batch_id"], joined):
        mine = newborn.get(batch_id, births.slice(0, 0))
        returning = [_plan_returning(rows, one) for one in (StatementEvent.CORRECTED, StatementEvent.JOINED)]
        moves = pa.concat_tables([mine, *returning])
        event_id = tx.append(
            "extracted",
            batch_columns(vars(owners[batch_id])),
            moves=moves,
            stage_to=BatchStage.EXTRACTED.value,
            detail=_tell_references(references, mine),
        )
        born.append(mine.add_column(0, "event_id", pa.repeat(pa.scalar(event_id, pa.int64()), len(mine))))
        move_statements(tx.connection, event_id, pa.concat_tables(returning))
    insert_table(tx.connection, event_statement, pa.concat_tables(born))


def _part_by(owners: Any, rows: pa.Table) -> dict[str, pa.Table]:
    """The rows of each owner, in the order they have."""
    order = np.argsort(owners.dictionary_encode().combine_chunks().indices.to_numpy(), kind="stable")
    ordered, parted, start = rows.take(pa.array(order)), {}, 0
    for entry in pc.value_counts(owners.take(pa.array(order))).to_pylist():
        parted[entry["values"]] = ordered.slice(start, entry["counts"])
        start += entry["counts"]
    return parted


def _tell_references(references: pa.Table, births: pa.Table) -> dict[str, str]:
    mine = references.filter(
        pc.is_in(references["statement_key"], value_set=births["statement_key"].combine_chunks())
    )
    return {"references": digest_references(mine)} if len(mine) else {}


def _plan_returning(rows: pa.Table, event_kind: StatementEvent) -> pa.Table:
    chosen = rows.filter(pc.fill_null(pc.equal(rows["event"], event_kind.value), False))
    return plan_moves(chosen["key"], chosen["state"], event_kind)


def override_blocked(tx: Transaction, scheme: str, keys: Sequence[str], waiver_ids: Sequence[int]) -> None:
    """BLOCKED → BILLABLE without a batch: a person waived every error; the next extraction takes them."""
    moves = plan_from(pa.array(sorted(keys), pa.string()), StatementState.BLOCKED, StatementEvent.OVERRIDDEN)
    event_id = tx.append(
        "overridden", {"scheme": scheme}, moves=moves, detail={"waivers": sorted(waiver_ids)}
    )
    move_statements(tx.connection, event_id, moves)
    mine = select(staged.c.statement_key)
    tx.connection.execute(update(statement).where(statement.c.statement_key.in_(mine)).values(batch_id=None))


def slice_batches(ids: Any, table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """The rows of each batch of a table sorted by batch id (``ids``)."""
    start = 0
    for entry in pc.value_counts(ids).to_pylist():
        yield entry["values"], table.slice(start, entry["counts"])
        start += entry["counts"]
