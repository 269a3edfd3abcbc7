"""Every pair of state and event, against the contract of a claim's life written out by hand."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from cheonggu.batch_states import BATCH_MOVES, BatchEvent
from cheonggu.errors import StateError
from cheonggu.states import (
    CLAIM_MOVES,
    STATEMENT_MOVES,
    BatchStage,
    ClaimEvent,
    ClaimState,
    Move,
    MoveTable,
    StatementEvent,
    StatementState,
)
from cheonggu.states_page import write_page

# source event target, one move a line; "-" is a thing that did not exist before.
STATEMENT = """
- extracted BILLABLE
OPEN day_closed BILLABLE
BILLABLE joined BILLABLE
BILLABLE found_clean READY
BILLABLE found_faulty BLOCKED
BLOCKED corrected BILLABLE
BLOCKED overridden BILLABLE
BLOCKED given_up WRITTEN_OFF
READY joined READY
READY found_clean READY
READY found_faulty BLOCKED
READY assembled ASSIGNED
READY given_up WRITTEN_OFF
ASSIGNED claim_withdrawn READY
ASSIGNED claim_returned READY
ASSIGNED handed_off IN_FLIGHT
IN_FLIGHT not_registered ASSIGNED
IN_FLIGHT claim_withdrawn READY
IN_FLIGHT claim_returned READY
IN_FLIGHT claim_received RECEIVED
RECEIVED claim_returned READY
RECEIVED review_accepted ACCEPTED
RECEIVED review_adjusted ADJUSTED
RECEIVED review_impossible IMPOSSIBLE
RECEIVED review_held HELD
RECEIVED payer_refused REFUSED_BY_PAYER
HELD review_accepted ACCEPTED
HELD review_adjusted ADJUSTED
HELD review_impossible IMPOSSIBLE
HELD review_held HELD
HELD payer_refused REFUSED_BY_PAYER
ACCEPTED review_accepted ACCEPTED
ACCEPTED review_adjusted ADJUSTED
ACCEPTED review_impossible IMPOSSIBLE
ACCEPTED review_held HELD
ACCEPTED payer_refused REFUSED_BY_PAYER
ACCEPTED settled ACCEPTED
ACCEPTED paid PAID
ADJUSTED review_accepted ACCEPTED
ADJUSTED review_adjusted ADJUSTED
ADJUSTED review_impossible IMPOSSIBLE
ADJUSTED review_held HELD
ADJUSTED payer_refused REFUSED_BY_PAYER
ADJUSTED settled ADJUSTED
ADJUSTED paid PAID
ADJUSTED dispute_filed DISPUTED
IMPOSSIBLE review_accepted ACCEPTED
IMPOSSIBLE review_adjusted ADJUSTED
IMPOSSIBLE review_impossible IMPOSSIBLE
IMPOSSIBLE review_held HELD
IMPOSSIBLE settled IMPOSSIBLE
IMPOSSIBLE payer_refused REFUSED_BY_PAYER
IMPOSSIBLE dispute_filed DISPUTED
IMPOSSIBLE supplement_corrected READY
REFUSED_BY_PAYER supplement_corrected READY
RECEIVED supplement_corrected READY
ACCEPTED added READY
ADJUSTED added READY
DISPUTED added READY
PAID added READY
CLOSED added READY
REFUSED_BY_PAYER supplement_received REPLACED
RECEIVED supplement_received REPLACED
IMPOSSIBLE supplement_received REPLACED
IMPOSSIBLE given_up WRITTEN_OFF
PAID dispute_filed DISPUTED
DISPUTED dispute_accepted ACCEPTED
DISPUTED dispute_adjusted ADJUSTED
DISPUTED dispute_impossible IMPOSSIBLE
REFUSED_BY_PAYER given_up WRITTEN_OFF
PAID settled PAID
PAID nothing_open CLOSED
PAID taken_back CANCELLED
CANCELLED given_back PAID
CANCELLED claimed_anew READY
CANCELLED given_up WRITTEN_OFF
"""
CLAIM = """
- number_reserved OPEN
OPEN files_written ASSEMBLED
OPEN withdrawn WITHDRAWN
ASSEMBLED check_ok CHECKED_OK
ASSEMBLED check_warned CHECKED_WARN
ASSEMBLED check_failed CHECK_FAILED
ASSEMBLED withdrawn WITHDRAWN
CHECKED_OK placed HANDED_OFF
CHECKED_OK no_answer SEND_UNKNOWN
CHECKED_OK withdrawn WITHDRAWN
CHECKED_WARN placed HANDED_OFF
CHECKED_WARN no_answer SEND_UNKNOWN
CHECKED_WARN withdrawn WITHDRAWN
CHECK_FAILED withdrawn WITHDRAWN
HANDED_OFF not_registered CHECK_FAILED
HANDED_OFF send_confirmed SENT
HANDED_OFF send_proven SENT
HANDED_OFF no_answer SEND_UNKNOWN
HANDED_OFF withdrawn WITHDRAWN
SENT no_answer SEND_UNKNOWN
SENT received RECEIVED
SENT returned RETURNED
SEND_UNKNOWN send_confirmed SENT
SEND_UNKNOWN withdrawn WITHDRAWN
SEND_UNKNOWN received RECEIVED
SEND_UNKNOWN returned RETURNED
RECEIVED returned RETURNED
RECEIVED review_started IN_REVIEW
RECEIVED reviewed_in_part PARTLY_DECIDED
RECEIVED reviewed_in_full DECIDED
IN_REVIEW reviewed_in_part PARTLY_DECIDED
IN_REVIEW reviewed_in_full DECIDED
PARTLY_DECIDED reviewed_in_part PARTLY_DECIDED
PARTLY_DECIDED reviewed_in_full DECIDED
DECIDED reviewed_in_full DECIDED
DECIDED paid PAID
DECIDED nothing_open CLOSED
PAID nothing_open CLOSED
"""


BATCH = """
- extracted extracted
- succeeded validated
extracted validated validated
extracted found_empty empty
extracted held held
validated files_written assembled
validated held held
validated withdrawn withdrawn
assembled checked checked
assembled held held
assembled withdrawn withdrawn
checked handed_off handed_off
checked held held
checked answered done
checked withdrawn withdrawn
handed_off not_registered held
handed_off answered done
handed_off withdrawn withdrawn
held released_extracted extracted
held released_validated validated
held released_assembled assembled
held released_checked checked
held answered done
held withdrawn withdrawn
done answered done
"""
# The moves of the lifecycle, §§3 and 4, row by row as it states them: (from, to) and the event that is ours for it.
# "ACCEPTED / ADJUSTED → new statement READY" and "IMPOSSIBLE → READY (class supplementary)" make a new statement.
# The "…" after DISPUTED → ACCEPTED / ADJUSTED is read as IMPOSSIBLE.
LIFECYCLE_STATEMENT = """
OPEN BILLABLE
BILLABLE READY
BILLABLE BLOCKED
BLOCKED BILLABLE
READY ASSIGNED
ASSIGNED READY
ASSIGNED IN_FLIGHT
IN_FLIGHT RECEIVED
IN_FLIGHT READY
RECEIVED ACCEPTED
RECEIVED ADJUSTED
RECEIVED IMPOSSIBLE
RECEIVED HELD
HELD ACCEPTED
HELD ADJUSTED
HELD IMPOSSIBLE
HELD HELD
IMPOSSIBLE READY new
ACCEPTED READY new
ADJUSTED READY new
ADJUSTED DISPUTED
IMPOSSIBLE DISPUTED
DISPUTED ACCEPTED
DISPUTED ADJUSTED
DISPUTED IMPOSSIBLE
ACCEPTED PAID
ADJUSTED PAID
PAID CLOSED
PAID CANCELLED
IMPOSSIBLE REPLACED
RECEIVED REFUSED_BY_PAYER
"""
LIFECYCLE_CLAIM = """
OPEN ASSEMBLED
ASSEMBLED CHECKED_OK
ASSEMBLED CHECKED_WARN
ASSEMBLED CHECK_FAILED
CHECK_FAILED WITHDRAWN
CHECKED_OK HANDED_OFF
CHECKED_WARN HANDED_OFF
HANDED_OFF SENT
HANDED_OFF WITHDRAWN
HANDED_OFF SEND_UNKNOWN
SENT SEND_UNKNOWN
SEND_UNKNOWN SENT
SEND_UNKNOWN WITHDRAWN
SENT RECEIVED
SENT RETURNED
SEND_UNKNOWN RECEIVED
SEND_UNKNOWN RETURNED
RECEIVED RETURNED
RECEIVED IN_REVIEW
IN_REVIEW PARTLY_DECIDED
PARTLY_DECIDED DECIDED
RECEIVED DECIDED
DECIDED PAID
PAID CLOSED
"""


def read_moves(text: str) -> dict[tuple[str, str], str]:
    rows = [line.split() for line in text.strip().splitlines()]
    return {(source, event): target for source, event, target in rows}


STATEMENT_PAIRS = list(product([None, *StatementState], StatementEvent))
CLAIM_PAIRS = list(product([None, *ClaimState], ClaimEvent))
BATCH_PAIRS = list(product([None, *BatchStage], BatchEvent))


@pytest.mark.parametrize(("state", "event"), STATEMENT_PAIRS)
def test_a_statement_moves_as_listed_and_not_otherwise(
    state: StatementState | None, event: StatementEvent
) -> None:
    expect(STATEMENT_MOVES, read_moves(STATEMENT), state, event)


@pytest.mark.parametrize(("state", "event"), CLAIM_PAIRS)
def test_a_claim_moves_as_listed_and_not_otherwise(state: ClaimState | None, event: ClaimEvent) -> None:
    expect(CLAIM_MOVES, read_moves(CLAIM), state, event)


@pytest.mark.parametrize(("state", "event"), BATCH_PAIRS)
def test_a_batch_moves_as_listed_and_not_otherwise(state: BatchStage | None, event: BatchEvent) -> None:
    expect(BATCH_MOVES, read_moves(BATCH), state, event)


@pytest.mark.parametrize(
    ("table", "told"), [(STATEMENT_MOVES, LIFECYCLE_STATEMENT), (CLAIM_MOVES, LIFECYCLE_CLAIM)]
)
def test_the_moves_of_the_lifecycle_are_all_here_and_every_other_one_is_marked_as_ours(
    table: MoveTable,
    told: str,  # type: ignore[type-arg]
) -> None:
    rows = [tuple(line.split()) for line in told.strip().splitlines()]
    listed = {(one[0], one[1], "new" in one[2:]) for one in rows}
    ours = {
        (move.source.value, move.target.value, move.makes_new)
        for move in table
        if move.source is not None and not move.is_ours
    }
    # Amounts that change by a settlement, and giving up, are words of the reference without a row of states.
    unstated = {one for one in ours if one[0] == one[1] or one[1] == "WRITTEN_OFF"}
    assert ours - unstated - listed == set()
    assert listed <= ours


def expect(table: MoveTable, listed: dict[tuple[str, str], str], state, event) -> None:  # type: ignore[no-untyped-def, type-arg]
    target = listed.get(("-" if state is None else state.value, event.value))
    assert table.allows(state, event) == (target is not None)
    if target is None:
        with pytest.raises(StateError, match="Nothing was changed"):
            table.target(state, event)
    else:
        assert table.target(state, event).value == target


def test_every_state_can_be_reached_and_every_event_moves_something() -> None:
    for table, states, events in (
        (STATEMENT_MOVES, set(StatementState) - {StatementState.OPEN}, set(StatementEvent)),
        (CLAIM_MOVES, set(ClaimState), set(ClaimEvent)),
        (BATCH_MOVES, set(BatchStage), set(BatchEvent)),
    ):
        assert {move.target for move in table} == states
        assert {move.event for move in table} == events


def test_a_table_with_two_targets_for_one_pair_is_refused() -> None:
    first = Move(ClaimState.SENT, ClaimEvent.PAID, ClaimState.PAID, "", "import")
    second = Move(ClaimState.SENT, ClaimEvent.PAID, ClaimState.CLOSED, "", "import")
    with pytest.raises(ValueError, match="twice"):
        MoveTable("claim", "청구서", [first, second])


def test_the_page_of_states_is_the_generated_one() -> None:
    page = Path(__file__).parent.parent / "docs" / "states.md"
    assert page.read_text(encoding="utf-8") == write_page()
