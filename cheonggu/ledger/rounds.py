"""What a review round says about each statement, told or left out: tables of decisions, without the database."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.notices import Review
from cheonggu.states import StatementState

AMOUNTS = (
    "claimed_total_1",
    "claimed_copay",
    "claimed_amount",
    "decided_total_1",
    "decided_copay",
    "decided_amount",
    "copay_refund",
)
OURS = pa.schema(
    [("statement_no", pa.string()), ("statement_key", pa.string()), ("state", pa.string())]
    + [("batch_id", pa.string()), ("last_round", pa.string())]
    + [(name, pa.int64()) for name in ("total_1", "copay", "amount")]
)
DECISIONS = pa.schema(
    [("statement_no", pa.string()), ("outcome", pa.string()), ("is_listed", pa.bool_())]
    + [(name, pa.int64()) for name in AMOUNTS]
)


def speaks_of_all(found: Any, review: Review) -> bool:
    """Whether the totals speak of all that was sent."""
    totals = (review.totals.claimed_count, review.totals.claimed_amount)
    return (found.statement_count, found.claimed_amount) == totals


def find_accepted(review: Review, found: Any, ours: pa.Table) -> pa.Table | None:
    """The statements of ours that the list leaves out as unchanged; None when the totals do not bear that out."""
    is_listed = pc.is_in(ours["statement_no"], value_set=review.statements["statement_no"].combine_chunks())
    absent = ours.filter(pc.and_(pc.invert(is_listed), pc.is_null(ours["last_round"])))
    totals, is_told = review.totals, speaks_of_all(found, review)
    # A round speaks of as many statements as it counts: a later one leaves out nobody but held ones it accepts.
    waiting = ours.filter(pc.and_(pc.invert(is_listed), pc.equal(ours["state"], StatementState.HELD.value)))
    if len(waiting) and _speaks_of(review, waiting):
        absent, is_told = waiting, True
    if review.complete or not len(absent) or totals.claimed_count == len(review.statements):
        return absent.slice(0, 0)
    held = review.statements.filter(pc.equal(review.statements["outcome"], "held"))
    gap = totals.claimed_amount - totals.impossible_amount - totals.adjusted_amount - totals.decided_amount
    decided = (
        sum_won(review.statements["decided_amount"])
        - sum_won(held["decided_amount"])
        + sum_won(absent["amount"])
    )
    is_explained = gap in (0, sum_won(held["claimed_amount"])) and decided == totals.decided_amount
    return absent if is_told and is_explained else None


def _speaks_of(review: Review, absent: pa.Table) -> bool:
    """Whether a round counts its listed statements and exactly these."""
    count = len(review.statements) + len(absent)
    claimed = sum_won(review.statements["claimed_amount"]) + sum_won(absent["amount"])
    return (count, claimed) == (review.totals.claimed_count, review.totals.claimed_amount)


def list_decisions(review: Review) -> pa.Table:
    """``DECISIONS`` of the statements that a round lists."""
    listed = review.statements
    columns = [listed["statement_no"], listed["outcome"], pa.array([True] * len(listed), pa.bool_())]
    return pa.table([*columns, *(listed[name] for name in AMOUNTS)], schema=DECISIONS)


def accept_as_claimed(absent: pa.Table | None) -> pa.Table:
    """``DECISIONS`` of statements that a round leaves out because nothing of them was changed."""
    if absent is None:
        return DECISIONS.empty_table()
    count = len(absent)
    amounts = [absent["total_1"], absent["copay"], absent["amount"]]
    return pa.table(
        [
            absent["statement_no"],
            pa.array(["accepted"] * count, pa.string()),
            pa.array([False] * count, pa.bool_()),
            *amounts,
            *amounts,
            pa.nulls(count, pa.int64()),
        ],
        schema=DECISIONS,
    )


def sum_won(column: Any) -> int:
    """The sum of a column, 0 without rows."""
    return int(pc.sum(column).as_py() or 0)
