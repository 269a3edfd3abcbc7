"""Moving statements, claims and batches: set-based, compare-and-set, never outside the tables of ``states``.

A move first says from which state; a row that is not there any more makes the whole transaction fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    FromClause,
    MetaData,
    Table,
    Text,
    delete,
    insert,
    literal,
    select,
    text,
    update,
)

from cheonggu.batch_states import BATCH_MOVES
from cheonggu.errors import StateError
from cheonggu.ledger.audit import MOVES, Transaction
from cheonggu.ledger.database import Columns, insert_rows, read_table, to_columns
from cheonggu.ledger.tables import batch, claim, event_statement, live_submission, statement
from cheonggu.states import (
    CLAIM_MOVES,
    STATEMENT_MOVES,
    BatchStage,
    ClaimEvent,
    ClaimState,
    StatementEvent,
    StatementState,
)

# A temporary table of this connection: the set that the next statements are joined with.
staged = Table(
    "staged",
    MetaData(),
    Column("statement_key", Text, primary_key=True),
    Column("from_state", Text),
    Column("to_state", Text),
    Column("statement_no", Text),
    Column("content_hash", Text),
    Column("claimed_amount", BigInteger),
    Column("total_benefit_cost_1", BigInteger),
    Column("patient_copay", BigInteger),
    prefixes=["TEMPORARY"],
    sqlite_with_rowid=False,
)


def stage_rows(connection: Connection, columns: Columns) -> None:
    """Fill the temporary table anew; ``columns`` must hold ``statement_key`` without repeats."""
    staged.create(connection, checkfirst=True)
    connection.execute(delete(staged))
    insert_rows(connection, staged, columns)
    # Without its size both planners would walk through the large table instead of this small one.
    connection.execute(text("ANALYZE staged"))


def find_states(connection: Connection, keys: Sequence[str]) -> pa.Table:
    """What the ledger knows of these statement keys: key, scheme, provider, state, content hash, batch."""
    stage_rows(connection, {"statement_key": keys})
    columns = statement.c
    names = ("statement_key", "scheme", "provider_code", "state", "content_hash", "batch_id")
    query = select(*(columns[name] for name in names)).join(
        staged, staged.c.statement_key == columns.statement_key
    )
    return read_table(connection, query, pa.schema([(name, pa.string()) for name in names]))


def plan_moves(keys: Any, states: Any, event: StatementEvent) -> pa.Table:
    """Moves (statement_key, from_state, to_state) of one event; StateError when a state does not allow it."""
    targets = pa.nulls(len(states), pa.string())
    for source in pc.unique(states).to_pylist():
        target = STATEMENT_MOVES.target(None if source is None else StatementState(source), event)
        is_here = pc.is_null(states) if source is None else pc.fill_null(pc.equal(states, source), False)
        targets = pc.if_else(is_here, target.value, targets)
    return pa.table([keys, states, targets], schema=MOVES)


def plan_from(keys: Any, source: StatementState | None, event: StatementEvent) -> pa.Table:
    """Moves of one event when all statements come from the same state (None: first seen)."""
    states = pa.array([None if source is None else source.value] * len(keys), pa.string())
    return plan_moves(keys, pa.chunked_array([states]), event)


def plan_batch(connection: Connection, batch_id: str, event: StatementEvent) -> pa.Table:
    """Moves of all statements now in a batch whose state allows the event (others, as BLOCKED, stay)."""
    sources = [state.value for state in STATEMENT_MOVES.sources(event)]
    query = select(statement.c.statement_key, statement.c.state).where(
        statement.c.batch_id == batch_id, statement.c.state.in_(sources)
    )
    found = read_table(connection, query, pa.schema([("key", pa.string()), ("state", pa.string())]))
    return plan_moves(found["key"], found["state"], event)


def move_statements(connection: Connection, event_id: int, moves: pa.Table) -> None:
    """Set the new states where the old ones still hold, and keep the rows under their event."""
    if not len(moves):
        return
    stage_rows(connection, to_columns(moves))
    move_staged(connection, event_id, len(moves))


def move_staged(connection: Connection, event_id: int, count: int) -> None:
    """Make the moves that already stand in the temporary table (from_state, to_state)."""
    moved = connection.execute(
        update(statement)
        .values(state=staged.c.to_state)
        .where(statement.c.statement_key == staged.c.statement_key, statement.c.state == staged.c.from_state)
    ).rowcount
    if moved != count:
        raise state_changed(f"{count - moved} statement(s)", f"명세서 {count - moved}건")
    columns = [staged.c.statement_key, staged.c.from_state, staged.c.to_state]
    connection.execute(
        insert(event_statement).from_select(
            ["event_id", "statement_key", "from_state", "to_state"],
            select(literal(event_id, BigInteger), *columns),
        )
    )


def set_states(connection: Connection, births: pa.Table) -> None:
    """Give freshly entered statements (few) the state they were born in, which is not that of an extraction."""
    for target in pc.unique(births["to_state"]).to_pylist():
        mine = births.filter(pc.equal(births["to_state"], target))
        stage_rows(connection, {"statement_key": mine["statement_key"].to_pylist()})
        keys = select(staged.c.statement_key)
        connection.execute(update(statement).where(statement.c.statement_key.in_(keys)).values(state=target))


def move_claim(tx: Transaction, row: Any, event: ClaimEvent, **values: Any) -> tuple[str, str]:
    """Move one claim (a row of ``claim``) and set other columns; gives (from, to) for the event."""
    source = ClaimState(row.state)
    target = CLAIM_MOVES.target(source, event)
    changed = tx.connection.execute(
        update(claim)
        .where(of_claim(claim, row.provider_code, row.claim_no), claim.c.state == source.value)
        .values(state=target.value, **values)
    ).rowcount
    if changed != 1:
        raise state_changed(f"claim {row.claim_no}", f"청구서 {row.claim_no}")
    return source.value, target.value


def move_batch(tx: Transaction, batch_id: str, sources: Iterable[BatchStage], target: BatchStage) -> None:
    """Set a batch's stage if it is in one of ``sources`` and the table leads there; StateError otherwise."""
    sources = [stage for stage in sources if BATCH_MOVES.leads(stage, target)]
    changed = tx.connection.execute(
        update(batch)
        .where(batch.c.batch_id == batch_id, batch.c.stage.in_([stage.value for stage in sources]))
        .values(stage=target.value)
    ).rowcount
    if changed != 1:
        raise state_changed(f"batch {batch_id}", f"배치 {batch_id}")


def free_identities(connection: Connection, provider_code: str, claim_no: str) -> None:
    """The claim is provably not at the reviewer: its statements may be submitted again."""
    connection.execute(delete(live_submission).where(of_claim(live_submission, provider_code, claim_no)))


def free_statement(connection: Connection, key: str) -> str:
    """One statement may be submitted again and is in no batch; the others of its claim stay live. Gives that claim."""
    mine = live_submission.c.statement_key == key
    claim_no = connection.execute(select(live_submission.c.claim_no).where(mine)).scalar_one()
    connection.execute(delete(live_submission).where(mine))
    connection.execute(update(statement).where(statement.c.statement_key == key).values(batch_id=None))
    return str(claim_no)


def of_claim(table: FromClause, provider_code: Any, claim_no: Any) -> ColumnElement[bool]:
    """The rows of one claim; the values may be columns of another table."""
    is_it: ColumnElement[bool] = (table.c.provider_code == provider_code) & (table.c.claim_no == claim_no)
    return is_it


def state_changed(what_en: str, what_ko: str) -> StateError:
    """The error of a compare-and-set that found another state."""
    return StateError(
        f"The state of {what_en} is not the expected one; nothing was changed.",
        f"{what_ko}의 상태가 예상과 달라 아무것도 바꾸지 않았습니다.",
        fix_en="Look at its history in the ledger, then run again.",
        fix_ko="원장에서 이력을 확인한 뒤 다시 실행하세요.",
    )
