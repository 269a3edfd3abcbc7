"""Every pair of state and event of accident notices and benefit claims, against the tables written out by hand."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from cheonggu.errors import StateError
from cheonggu.schemes.school_safety.states import (
    ACCIDENT_MOVES,
    BENEFIT_MOVES,
    AccidentEvent,
    AccidentState,
    BenefitEvent,
    BenefitState,
    label_ko,
    write_page,
)
from cheonggu.states import MoveTable

# source event target, one move a line; "-" is a thing that did not exist before.
ACCIDENT = """
- started DRAFT
- registered NOT_SENT
DRAFT edited DRAFT
DRAFT registered NOT_SENT
NOT_SENT edited NOT_SENT
NOT_SENT head_signed SENT
NOT_SENT paper_uploaded NOT_SENT
NOT_SENT notified SENT
SENT accepted ACCEPTED
SENT supplement_asked SUPPLEMENT
SENT held_not_eligible NOT_ELIGIBLE
SENT returned RETURNED
SUPPLEMENT corrected SENT
ACCEPTED rewritten NOT_SENT
RETURNED rewritten NOT_SENT
"""
BENEFIT = """
- started DRAFT
DRAFT edited DRAFT
DRAFT registered_by_school SIGN_REQUESTED
DRAFT submitted_by_claimant SUBMITTED
DRAFT withdrawn WITHDRAWN
SIGN_REQUESTED reminded SIGN_REQUESTED
SIGN_REQUESTED signed SIGNED
SIGN_REQUESTED sign_cancelled DRAFT
SIGN_REQUESTED withdrawn WITHDRAWN
SIGNED submitted SUBMITTED
SIGNED withdrawn WITHDRAWN
SUBMITTED received RECEIVED
SUBMITTED withdrawn WITHDRAWN
RECEIVED supplement_asked SUPPLEMENT
RECEIVED examined IN_REVIEW
RECEIVED returned RETURNED
RECEIVED withdrawn WITHDRAWN
SUPPLEMENT resubmitted RECEIVED
SUPPLEMENT withdrawn WITHDRAWN
IN_REVIEW extended EXTENDED
IN_REVIEW paid_ahead IN_REVIEW
IN_REVIEW decided DECIDED
IN_REVIEW returned RETURNED
IN_REVIEW withdrawn WITHDRAWN
EXTENDED paid_ahead EXTENDED
EXTENDED decided DECIDED
EXTENDED withdrawn WITHDRAWN
DECIDED paid PAID
DECIDED review_requested UNDER_REVIEW_1
PAID review_requested UNDER_REVIEW_1
UNDER_REVIEW_1 review_decided REVIEWED_1
REVIEWED_1 second_review_requested UNDER_REVIEW_2
REVIEWED_1 paid PAID
UNDER_REVIEW_2 second_review_decided REVIEWED_2
REVIEWED_2 paid PAID
"""


def read_moves(text: str) -> dict[tuple[str, str], str]:
    rows = [line.split() for line in text.strip().splitlines()]
    return {(source, event): target for source, event, target in rows}


ACCIDENT_PAIRS = list(product([None, *AccidentState], AccidentEvent))
BENEFIT_PAIRS = list(product([None, *BenefitState], BenefitEvent))


@pytest.mark.parametrize(("state", "event"), ACCIDENT_PAIRS)
def test_an_accident_notice_moves_as_listed_and_not_otherwise(
    state: AccidentState | None, event: AccidentEvent
) -> None:
    expect(ACCIDENT_MOVES, read_moves(ACCIDENT), state, event)


@pytest.mark.parametrize(("state", "event"), BENEFIT_PAIRS)
def test_a_benefit_claim_moves_as_listed_and_not_otherwise(
    state: BenefitState | None, event: BenefitEvent
) -> None:
    expect(BENEFIT_MOVES, read_moves(BENEFIT), state, event)


def expect(table: MoveTable, listed: dict[tuple[str, str], str], state, event) -> None:  # type: ignore[no-untyped-def, type-arg]
    target = listed.get(("-" if state is None else state.value, event.value))
    assert table.allows(state, event) == (target is not None)
    if target is None:
        with pytest.raises(StateError, match="Nothing was changed"):
            table.target(state, event)
    else:
        assert table.target(state, event).value == target


@pytest.mark.parametrize(
    ("table", "states", "events"),
    [(ACCIDENT_MOVES, AccidentState, AccidentEvent), (BENEFIT_MOVES, BenefitState, BenefitEvent)],
)
def test_every_state_can_be_reached_and_every_event_moves_something(table, states, events) -> None:  # type: ignore[no-untyped-def]
    reached, open_now = set(), {None}
    while open_now:
        found = {move.target for move in table if move.source in open_now} - reached
        reached |= found
        open_now = found
    assert reached == set(states)
    assert {move.event for move in table} == set(events)


@pytest.mark.parametrize(("kind", "states"), [("accident", AccidentState), ("benefit", BenefitState)])
def test_every_state_has_a_korean_label(kind, states) -> None:  # type: ignore[no-untyped-def]
    assert all(label_ko(kind, one.value) for one in states)


def test_the_page_of_states_is_the_generated_one() -> None:
    page = Path(__file__).parents[3] / "docs" / "school-states.md"
    assert page.read_text(encoding="utf-8") == write_page()
