"""Settlements (정산심사): a later change of an earlier decision. The difference counts once per round and serial.

Amounts before and after are not additive; only the difference is. It is kept even when the amount before is not the
one the ledger knows (a notice is missing), and then a person must look. Source: lifecycle reference, §§3 and 9.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, select

from cheonggu.ledger.audit import MOVES, digest_rows
from cheonggu.ledger.balances import of_one, read_balances
from cheonggu.ledger.claims import claim_columns
from cheonggu.ledger.database import insert_rows, read_table, to_columns
from cheonggu.ledger.imports import (
    Progress,
    check_serials,
    find_answer_stop,
    find_referred,
    keep_claim_notice,
)
from cheonggu.ledger.moves import move_statements, of_claim, plan_moves
from cheonggu.ledger.stops import CLAIMED_ANEW
from cheonggu.ledger.tables import settlement, settlement_line
from cheonggu.notices import SIDES, Settlement
from cheonggu.states import STATEMENT_MOVES, StatementEvent, StatementState

BY_SETTLEMENT, BY_DECISION = "settlement", "cost-decision"
# What an audit digest covers, in this order; the first column decides the order of the rows.
SETTLED = pa.schema(
    [("statement_no", pa.string()), ("settle_round", pa.string())]
    + [(name, pa.int64()) for name in ("previous_amount", "settled_amount", "difference")]
)


def apply_settlement(progress: Progress, content: Settlement) -> None:
    """Take in one settlement of one claim."""
    found = find_referred(progress, content.claim)
    rows = content.statements
    check_serials(progress, found, rows["statement_no"].to_pylist())
    check_serials(progress, found, content.lines["statement_no"].to_pylist())
    stop = find_answer_stop(progress.tx.connection, found, content.claim) or find_conflict(
        progress, found, content.settle_round, rows
    )
    previous = int(pc.sum(rows["previous_amount"]).as_py() or 0)
    numbers = (content.claim.receipt_year, content.claim.receipt_no)
    keep_claim_notice(
        progress, found, "settled", len(rows), previous, numbers, content.claim.review_round, stop
    )
    if stop is not None:
        progress.stop(found, stop)
        return
    new = keep_differences(progress, found, content.settle_round, content.settled_on, rows, BY_SETTLEMENT)
    _keep_lines(progress, found, content)
    moves = plan_settled(new)
    record_settled(progress, found, content.settle_round, new, moves)
    if pc.all(new["is_here"]).as_py() is False:
        progress.stop(found, CLAIMED_ANEW)
    elif _has_other_base(new):
        progress.stop(found, "settled-base-differs")


def find_conflict(progress: Progress, found: Any, settle_round: str, rows: pa.Table) -> str | None:
    """Whether this round of settlement is known for a statement with another difference."""
    known = _known(progress, found, settle_round)
    place = pc.index_in(rows["statement_no"], value_set=known["statement_no"].combine_chunks())
    same = pc.fill_null(pc.equal(rows["difference"], known["difference"].take(place)), True)
    return "settled-otherwise" if pc.all(same).as_py() is False else None


def keep_differences(
    progress: Progress, found: Any, settle_round: str, settled_on: Any, rows: pa.Table, basis: str
) -> pa.Table:
    """Write the differences that this round brings for the first time; gives those rows with the balances before.

    ``rows``: statement_no, difference and the sides before and after (null where the notice does not say).
    """
    known = _known(progress, found, settle_round)["statement_no"].combine_chunks()
    new = rows.filter(pc.invert(pc.is_in(rows["statement_no"], value_set=known)))
    before = read_balances(progress.tx.connection, of_one(found.provider_code, found.claim_no))
    before = before.take(pc.index_in(new["statement_no"], value_set=before["statement_no"].combine_chunks()))
    is_here = pc.fill_null(pc.equal(before["batch_id"], found.batch_id), False)
    now = pc.add(pc.fill_null(before["decided"], 0), before["differences"])
    columns = {
        "provider_code": [found.provider_code] * len(new),
        "claim_no": [found.claim_no] * len(new),
        "settle_round": [settle_round] * len(new),
        "document_no": [progress.notice.document_no] * len(new),
        "basis": [basis] * len(new),
        "settled_on": [settled_on] * len(new),
    }
    sides = [f"{half}_{side}" for half in ("previous", "settled") for side in SIDES]
    new = new.set_column(
        new.schema.get_field_index("previous_amount"),
        "previous_amount",
        pc.coalesce(new["previous_amount"], now),
    )
    settled = pc.coalesce(new["settled_amount"], pc.add(new["previous_amount"], new["difference"]))
    new = new.set_column(new.schema.get_field_index("settled_amount"), "settled_amount", settled)
    if len(new):
        columns |= to_columns(new.select(["statement_no", *sides, "difference"]))
        insert_rows(progress.tx.connection, settlement, columns)
    facts = {"now": now, "is_here": is_here} | {
        name: before[name] for name in ("statement_key", "state", "outcome", "claimed", "final_lines")
    }
    for name, column in facts.items():
        new = new.append_column(name, column)
    return new


def plan_settled(new: pa.Table) -> pa.Table:
    """SETTLED where the state allows it; a paid statement taken back in full is CANCELLED, until it is given back."""
    is_paid = pc.equal(new["state"], StatementState.PAID.value)
    is_all = pc.and_(pc.equal(new["settled_amount"], 0), pc.greater(new["previous_amount"], 0))
    is_back = pc.and_(is_paid, is_all)
    parts = [MOVES.empty_table()]
    chosen = {
        StatementEvent.TAKEN_BACK: is_back,
        StatementEvent.SETTLED: pc.invert(is_back),
        StatementEvent.GIVEN_BACK: pc.greater(new["settled_amount"], 0),
    }
    for event, is_one in chosen.items():
        rows = allowed(new.filter(is_one), event)
        parts.append(plan_moves(rows["statement_key"], rows["state"], event))
    return pa.concat_tables(parts)


def allowed(rows: pa.Table, event: StatementEvent) -> pa.Table:
    """The rows whose statement still stands in this claim and in a state that the event may move."""
    sources = pa.array([one.value for one in STATEMENT_MOVES.sources(event)], pa.string())
    return rows.filter(pc.and_(rows["is_here"], pc.is_in(rows["state"], value_set=sources)))


def record_settled(
    progress: Progress, found: Any, settle_round: str, new: pa.Table, moves: pa.Table, **more: Any
) -> None:
    """The event of a settlement or a cost decision, with a digest over what it wrote."""
    tx = progress.tx
    same = pa.array([settle_round] * len(new), pa.string())
    digested = new.append_column("settle_round", same).select(SETTLED.names).cast(SETTLED)
    detail = {"settle_round": settle_round, "settlements": digest_rows(digested), **more}
    event_id = tx.append(
        "settled", claim_columns(found), moves=moves, detail=detail, document_no=progress.notice.document_no
    )
    move_statements(tx.connection, event_id, moves)
    progress.count(moves)
    progress.settled.append(found.claim_no)


def digest_settled(connection: Connection, row: Mapping[str, Any]) -> str:
    """Digest over the differences that the document of an event brought to its claim."""
    mine = of_claim(settlement, row["provider_code"], row["claim_no"])
    mine &= settlement.c.document_no == row["document_no"]
    query = select(*(settlement.c[name] for name in SETTLED.names)).where(mine)
    return digest_rows(read_table(connection, query, SETTLED))


def _has_other_base(new: pa.Table) -> bool:
    """Whether an amount before is not what the ledger knew, or belongs to a statement without a decision."""
    differs = pc.or_(pc.not_equal(new["previous_amount"], new["now"]), pc.is_null(new["outcome"]))
    return pc.any(differs).as_py() is True


def _keep_lines(progress: Progress, found: Any, content: Settlement) -> None:
    count = len(content.lines)
    if not count:
        return
    key = {"document_no": progress.notice.document_no, "settle_round": content.settle_round}
    key |= {"provider_code": found.provider_code, "claim_no": found.claim_no}
    columns = {name: [value] * count for name, value in key.items()} | {"seq": list(range(1, count + 1))}
    insert_rows(progress.tx.connection, settlement_line, columns | to_columns(content.lines))


def _known(progress: Progress, found: Any, settle_round: str) -> pa.Table:
    query = select(settlement.c.statement_no, settlement.c.difference).where(
        of_claim(settlement, found.provider_code, found.claim_no), settlement.c.settle_round == settle_round
    )
    schema = pa.schema([("statement_no", pa.string()), ("difference", pa.int64())])
    return read_table(progress.tx.connection, query, schema)
