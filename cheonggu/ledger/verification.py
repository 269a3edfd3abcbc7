"""Proving that nothing was edited: the chain, the digests over its rows, and that every state is its last event's.

A proof begins at the start of the chain, or behind an event up to which it was proven before (``proofs``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pyarrow as pa
from sqlalchemy import Column, Connection, Integer, Table, and_, cast, or_, select, true

from cheonggu.ledger.audit import GENESIS, MOVES, digest_members, digest_rows, hash_event
from cheonggu.ledger.database import read_table
from cheonggu.ledger.instructions import find_edited
from cheonggu.ledger.lines import DECIDED, KEPT, digest_decided, digest_kept
from cheonggu.ledger.model import Problem
from cheonggu.ledger.moves import of_claim
from cheonggu.ledger.payments import digest_lines, digest_payments
from cheonggu.ledger.reruns import digest_references, read_references
from cheonggu.ledger.rounds import DECISIONS
from cheonggu.ledger.settlements import digest_settled
from cheonggu.ledger.tables import (
    back_reference,
    batch,
    chain_head,
    claim,
    decision,
    event,
    event_statement,
    live_submission,
    statement,
)
from cheonggu.privacy import Vault
from cheonggu.states import StatementState

ROWS_AT_ONCE = 200_000
NAMED = 20
# Who holds no place at the reviewer, and who may or may not; everybody else's place stands in their present claim.
FREE = (StatementState.OPEN, StatementState.BILLABLE, StatementState.BLOCKED, StatementState.READY)
EITHER = (StatementState.WRITTEN_OFF,)
HOLDING = tuple(one for one in StatementState if one not in (*FREE, *EITHER))
TEXTS = {
    "proof": ("The record of an earlier proof was edited.", "이전 증명 기록이 바뀌었습니다."),
    "chain": ("The audit chain is broken here.", "감사 기록의 연결이 끊어졌습니다."),
    "head": ("The end of the audit chain was cut or rewritten.", "감사 기록의 끝이 지워지거나 바뀌었습니다."),
    "rows": ("The statements of this event were edited.", "이 기록의 명세서 목록이 바뀌었습니다."),
    "orphans": ("There are statement moves without an event.", "기록에 속하지 않은 명세서 이동이 있습니다."),
    "members": ("The contents of this claim were edited.", "이 청구서의 명세서 내용이 바뀌었습니다."),
    "references": (
        "What these statements refer to was edited.",
        "명세서가 가리키는 접수번호가 바뀌었습니다.",
    ),
    "decisions": ("The decisions of this notice were edited.", "이 통보의 심사결과가 바뀌었습니다."),
    "money": (
        "Settlements or payments of this notice were edited.",
        "이 통보의 정산·지급 내용이 바뀌었습니다.",
    ),
    "state": ("The state is not that of the last event.", "상태가 마지막 기록과 다릅니다."),
    "instructions": ("This instruction was edited.", "이 지시의 내용이 바뀌었습니다."),
    "live": (
        "The live submission of this statement does not fit its state.",
        "명세서의 상태와 청구 잠금이 맞지 않습니다.",
    ),
}


def verify(connection: Connection, vault: Vault, after: int = 0, after_hash: str = GENESIS) -> list[Problem]:
    """Everything that does not fit, in the order of the chain; empty when the ledger is sound.

    ``after``: the event behind which to begin, with its hash; 0 proves the whole. Behind an event only what later
    events speak of is looked at: an older row or state that was edited is found by the whole proof alone.
    """
    return [
        *_check_chain(connection, vault, after, after_hash),
        *_check_rows(connection, after),
        *_check_contents(connection, after),
        *_check_states(connection, after),
    ]


def make_problem(code: str, where: str) -> Problem:
    """A problem with its sentence in both languages."""
    en, ko = TEXTS[code]
    return Problem(code, where, en, ko)


def _check_chain(connection: Connection, vault: Vault, after: int, after_hash: str) -> Iterator[Problem]:
    last_id, last_hash = after, after_hash
    query = select(event).where(event.c.event_id > after).order_by(event.c.event_id)
    for row in connection.execute(query).mappings():
        is_next = row["event_id"] == last_id + 1 and row["previous_hash"] == last_hash
        if not is_next or hash_event(row["previous_hash"], dict(row)) != row["hash"]:
            yield make_problem("chain", f"event {row['event_id']}")
        last_id, last_hash = row["event_id"], row["hash"]
    head = connection.execute(select(chain_head)).one_or_none()
    expected = (last_id, last_hash, vault.seal_chain(last_id, last_hash))
    if head is None or (head.event_id, head.hash, head.seal) != expected:
        yield make_problem("head", f"event {last_id}")


def _check_rows(connection: Connection, after: int) -> Iterator[Problem]:
    """Compare the digest of every event with its rows, reading many events at once."""
    query = select(event.c.event_id, event.c.row_count, event.c.rows_digest)
    events = connection.execute(
        query.where(event.c.rows_digest.is_not(None), event.c.event_id > after).order_by(event.c.event_id)
    ).all()
    start = 0
    while start < len(events):
        stop, rows = start, 0
        while stop < len(events) and (stop == start or rows + events[stop].row_count <= ROWS_AT_ONCE):
            rows += events[stop].row_count
            stop += 1
        found = _read_moves(connection, events[start].event_id, events[stop - 1].event_id)
        for one in events[start:stop]:
            moves = found.get(one.event_id, MOVES.empty_table())
            if len(moves) != one.row_count or digest_rows(moves) != one.rows_digest:
                yield make_problem("rows", f"event {one.event_id}")
        start = stop
    known = {one.event_id for one in events}
    told = select(event_statement.c.event_id).where(event_statement.c.event_id > after)
    holders = connection.execute(told.distinct()).scalars()
    for event_id in sorted(set(holders) - known):
        yield make_problem("orphans", f"event {event_id}")


def _read_moves(connection: Connection, first: int, last: int) -> dict[int, pa.Table]:
    """The moves of all events in a range of ids, by event id."""
    columns = event_statement.c
    query = (
        select(columns.event_id, *(columns[name] for name in MOVES.names))
        .where(columns.event_id.between(first, last))
        .order_by(columns.event_id)
    )
    table = read_table(connection, query, pa.schema([("event_id", pa.int64()), *MOVES]))
    found, start = {}, 0
    for entry in table["event_id"].value_counts().to_pylist():
        found[entry["values"]] = table.slice(start, entry["counts"]).select(MOVES.names)
        start += entry["counts"]
    return found


def _check_contents(connection: Connection, after: int) -> Iterator[Problem]:
    """What was sent, referred to, decided, paid and instructed, against the digests that the chain holds."""
    kinds = event.c.kind.in_(list(_PROOFS)) & (event.c.event_id > after)
    referring: set[str] = set()
    for row in connection.execute(select(event).where(kinds).order_by(event.c.event_id)).mappings():
        detail = json.loads(row["detail"])
        name, digest = _PROOFS[row["kind"]]
        if name in detail and digest(connection, row, detail) != detail[name]:
            yield make_problem(*_named(row))
        if row["kind"] == REFERRED and name in detail:
            referring.update(read_references(connection, row["event_id"])["statement_key"].to_pylist())
    born = select(event_statement.c.statement_key).where(
        event_statement.c.event_id > after, event_statement.c.from_state.is_(None)
    )
    known = select(back_reference.c.statement_key)
    if after:
        known = known.where(back_reference.c.statement_key.in_(born))
    for key in sorted(set(connection.execute(known).scalars()) - referring):
        yield make_problem("references", f"statement {key}")
    for instruction_id in find_edited(connection):
        yield make_problem("instructions", f"instruction {instruction_id}")


def _named(row: Any) -> tuple[str, str]:
    """The code and the place of what an event of this kind proves."""
    if row["kind"] == "assembled":
        return "members", f"claim {row['provider_code']}/{row['claim_no']}"
    if row["kind"] == REFERRED:
        return "references", f"batch {row['batch_id']}"
    if row["kind"] == KEPT:
        return "members", f"claim {row['provider_code']}/{row['claim_no']}"
    return "decisions" if row["kind"] in ("reviewed", DECIDED) else "money", f"notice {row['document_no']}"


def _digest_decisions(connection: Connection, row: Any) -> str:
    mine = and_(
        decision.c.document_no == row["document_no"],
        decision.c.provider_code == row["provider_code"],
        decision.c.claim_no == row["claim_no"],
    )
    names = [name for name in DECISIONS.names if name != "is_listed"]
    listed = cast(decision.c.is_listed, Integer)  # SQLite keeps 0 and 1, PostgreSQL a boolean
    schema = pa.schema([*(DECISIONS.field(name) for name in names), ("is_listed", pa.int64())])
    found = read_table(connection, select(*(decision.c[name] for name in names), listed).where(mine), schema)
    return digest_rows(found.select(DECISIONS.names).cast(DECISIONS))


REFERRED = "extracted"
# Per kind of event: the detail that holds a digest, and how to work it out again.
_PROOFS: dict[str, tuple[str, Callable[[Connection, Any, Mapping[str, Any]], str]]] = {
    "assembled": (
        "members",
        lambda connection, row, _: digest_members(connection, row["provider_code"], row["claim_no"]),
    ),
    REFERRED: (
        "references",
        lambda connection, row, _: digest_references(read_references(connection, row["event_id"])),
    ),
    "reviewed": ("decisions", lambda connection, row, _: _digest_decisions(connection, row)),
    KEPT: ("lines", lambda connection, row, _: digest_kept(connection, row)),
    DECIDED: ("lines", lambda connection, row, _: digest_decided(connection, row)),
    "settled": ("settlements", lambda connection, row, _: digest_settled(connection, row)),
    "payment_kept": ("rows", lambda connection, row, _: digest_payments(connection, row["document_no"])),
    "payment_given": (
        "lines",
        lambda connection, row, detail: digest_lines(connection, row, detail["payment"]),
    ),
}


def _check_states(connection: Connection, after: int) -> Iterator[Problem]:
    """States against last events, and live submissions against states."""
    # One look-up per statement: a window over all moves that ever were would be held in memory as a whole.
    last = (
        select(event_statement.c.to_state)
        .where(event_statement.c.statement_key == statement.c.statement_key)
        .order_by(event_statement.c.event_id.desc())
        .limit(1)
        .scalar_subquery()
    )
    moved = select(event_statement.c.statement_key).where(event_statement.c.event_id > after)
    is_meant = statement.c.statement_key.in_(moved) if after else true()
    query = (
        select(statement.c.statement_key)
        .where(is_meant, statement.c.state.is_distinct_from(last))
        .limit(NAMED)
    )
    for key in connection.execute(query).scalars():
        yield make_problem("state", f"statement {key}")
    claim_key: list[Column[Any]] = [event.c.provider_code, event.c.claim_no]
    yield from _compare(connection, claim, claim.c.state, claim_key, event.c.claim_to, after)
    yield from _compare(connection, batch, batch.c.stage, [event.c.batch_id], event.c.stage_to, after)
    holds = live_submission.c.claim_no.is_not(None)
    elsewhere = or_(
        live_submission.c.claim_no.is_(None),
        claim.c.batch_id.is_distinct_from(statement.c.batch_id),
        live_submission.c.identity_hash != statement.c.identity_hash,
    )
    unfit = (
        select(statement.c.statement_key)
        .outerjoin(live_submission, live_submission.c.statement_key == statement.c.statement_key)
        .outerjoin(claim, of_claim(claim, live_submission.c.provider_code, live_submission.c.claim_no))
        .where(
            is_meant,
            or_(
                and_(statement.c.state.in_([one.value for one in FREE]), holds),
                and_(statement.c.state.in_([one.value for one in HOLDING]), elsewhere),
            ),
        )
        .limit(NAMED)
    )
    for key in connection.execute(unfit).scalars():
        yield make_problem("live", f"statement {key}")


def _compare(
    connection: Connection,
    table: Table,
    now: Column[Any],
    key: list[Column[Any]],
    told: Column[Any],
    after: int,
) -> Iterator[Problem]:
    """Rows of a table whose state differs from what the last event said about them."""
    said = select(*key, told).where(told.is_not(None), event.c.event_id > after).order_by(event.c.event_id)
    told_last = {tuple(row[:-1]): row[-1] for row in connection.execute(said)}
    names = [column.name for column in key]
    for row in connection.execute(select(*(table.c[name] for name in names), now)):
        place = tuple(row[:-1])
        if told_last.get(place) != row[-1] and (place in told_last or not after):
            yield make_problem("state", f"{table.name} {'/'.join(place)}")
