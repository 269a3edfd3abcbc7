"""States of an accident notice (사고통지) and a benefit claim (공제급여 청구), and the one table of moves of each.

Pure tables: no clock, no ledger. Moves marked ``ours`` are not in the guide or the law. The labels people see are data
(``rules/states.csv``). ``python -m cheonggu.schemes.school_safety.states`` prints docs/school-states.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import StrEnum

from cheonggu.schemes.school_safety.data import RULES, read_csv
from cheonggu.states import Move, MoveTable
from cheonggu.states_page import draw, list_moves

LABELS = RULES / "states.csv"
SCHOOL, HEAD, CLAIMANT, ASSOCIATION = "school", "head", "claimant", "association"
EITHER = "school or claimant"


class AccidentState(StrEnum):
    """Where an accident notice stands (사고통지 상태)."""

    DRAFT = "DRAFT"
    NOT_SENT = "NOT_SENT"
    SENT = "SENT"
    SUPPLEMENT = "SUPPLEMENT"
    ACCEPTED = "ACCEPTED"
    NOT_ELIGIBLE = "NOT_ELIGIBLE"
    RETURNED = "RETURNED"


class AccidentEvent(StrEnum):
    """What moves an accident notice."""

    STARTED = "started"
    REGISTERED = "registered"
    EDITED = "edited"
    HEAD_SIGNED = "head_signed"
    PAPER_UPLOADED = "paper_uploaded"
    NOTIFIED = "notified"
    ACCEPTED = "accepted"
    SUPPLEMENT_ASKED = "supplement_asked"
    HELD_NOT_ELIGIBLE = "held_not_eligible"
    RETURNED = "returned"
    CORRECTED = "corrected"
    REWRITTEN = "rewritten"


class BenefitState(StrEnum):
    """Where a benefit claim stands (처리상태)."""

    DRAFT = "DRAFT"
    SIGN_REQUESTED = "SIGN_REQUESTED"
    SIGNED = "SIGNED"
    SUBMITTED = "SUBMITTED"
    RECEIVED = "RECEIVED"
    SUPPLEMENT = "SUPPLEMENT"
    IN_REVIEW = "IN_REVIEW"
    EXTENDED = "EXTENDED"
    DECIDED = "DECIDED"
    PAID = "PAID"
    RETURNED = "RETURNED"
    WITHDRAWN = "WITHDRAWN"
    UNDER_REVIEW_1 = "UNDER_REVIEW_1"
    REVIEWED_1 = "REVIEWED_1"
    UNDER_REVIEW_2 = "UNDER_REVIEW_2"
    REVIEWED_2 = "REVIEWED_2"


class BenefitEvent(StrEnum):
    """What moves a benefit claim."""

    STARTED = "started"
    EDITED = "edited"
    REGISTERED_BY_SCHOOL = "registered_by_school"
    SIGN_CANCELLED = "sign_cancelled"
    REMINDED = "reminded"
    SIGNED = "signed"
    SUBMITTED_BY_CLAIMANT = "submitted_by_claimant"
    SUBMITTED = "submitted"
    RECEIVED = "received"
    SUPPLEMENT_ASKED = "supplement_asked"
    RESUBMITTED = "resubmitted"
    EXAMINED = "examined"
    EXTENDED = "extended"
    PAID_AHEAD = "paid_ahead"
    DECIDED = "decided"
    PAID = "paid"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    REVIEW_REQUESTED = "review_requested"
    REVIEW_DECIDED = "review_decided"
    SECOND_REVIEW_REQUESTED = "second_review_requested"
    SECOND_REVIEW_DECIDED = "second_review_decided"


def _accident_moves() -> Iterator[Move[AccidentState, AccidentEvent]]:
    s, e = AccidentState, AccidentEvent
    entered = "required fields and the internally approved report are there"
    yield Move(None, e.STARTED, s.DRAFT, "nothing yet", SCHOOL, True)
    yield Move(s.DRAFT, e.EDITED, s.DRAFT, "nothing yet", SCHOOL, True)
    yield Move(s.DRAFT, e.REGISTERED, s.NOT_SENT, entered, SCHOOL, True)
    yield Move(None, e.REGISTERED, s.NOT_SENT, entered, SCHOOL)
    yield Move(s.NOT_SENT, e.EDITED, s.NOT_SENT, "not yet notified; a signed paper must be new", SCHOOL, True)
    yield Move(s.NOT_SENT, e.HEAD_SIGNED, s.SENT, "on line: the head signs; sent by itself", HEAD)
    yield Move(s.NOT_SENT, e.PAPER_UPLOADED, s.NOT_SENT, "offline: hand-signed notice uploaded", SCHOOL)
    yield Move(s.NOT_SENT, e.NOTIFIED, s.SENT, "offline: signed paper there, 통보 pressed", SCHOOL)
    yield Move(s.SENT, e.ACCEPTED, s.ACCEPTED, "educational activity, insured person", ASSOCIATION)
    yield Move(s.SENT, e.SUPPLEMENT_ASKED, s.SUPPLEMENT, "with a reason", ASSOCIATION)
    yield Move(s.SENT, e.HELD_NOT_ELIGIBLE, s.NOT_ELIGIBLE, "with a reason", ASSOCIATION)
    yield Move(s.SENT, e.RETURNED, s.RETURNED, "with a reason", ASSOCIATION)
    yield Move(s.SUPPLEMENT, e.CORRECTED, s.SENT, "the reason is answered and approved again", SCHOOL)
    yield Move(s.ACCEPTED, e.REWRITTEN, s.NOT_SENT, "a new version; edit and delete are shut", SCHOOL)
    yield Move(s.RETURNED, e.REWRITTEN, s.NOT_SENT, "a new version answers the reason", SCHOOL, True)


def _benefit_moves() -> Iterator[Move[BenefitState, BenefitEvent]]:
    s, e = BenefitState, BenefitEvent
    whole = "fields valid, attachments uploaded"
    yield Move(None, e.STARTED, s.DRAFT, "accident ACCEPTED; not school violence", EITHER)
    yield Move(s.DRAFT, e.EDITED, s.DRAFT, "nothing yet", EITHER, True)
    yield Move(s.DRAFT, e.REGISTERED_BY_SCHOOL, s.SIGN_REQUESTED, f"{whole}; the request goes out", SCHOOL)
    yield Move(
        s.SIGN_REQUESTED, e.REMINDED, s.SIGN_REQUESTED, "not signed by the reminder's day", SCHOOL, True
    )
    yield Move(s.SIGN_REQUESTED, e.SIGNED, s.SIGNED, "mobile identity check, 청구인서명", CLAIMANT)
    yield Move(s.SIGN_REQUESTED, e.SIGN_CANCELLED, s.DRAFT, "the old request is void", SCHOOL)
    yield Move(s.DRAFT, e.SUBMITTED_BY_CLAIMANT, s.SUBMITTED, f"{whole}; signed while written", CLAIMANT)
    yield Move(s.SIGNED, e.SUBMITTED, s.SUBMITTED, "signature there; channel allowed", SCHOOL)
    yield Move(s.SUBMITTED, e.RECEIVED, s.RECEIVED, "starts the 14 days on the day it came in", ASSOCIATION)
    yield Move(s.RECEIVED, e.SUPPLEMENT_ASKED, s.SUPPLEMENT, "list of papers or questions", ASSOCIATION)
    yield Move(s.SUPPLEMENT, e.RESUBMITTED, s.RECEIVED, "the papers asked for are there", EITHER)
    yield Move(s.RECEIVED, e.EXAMINED, s.IN_REVIEW, "papers complete", ASSOCIATION)
    yield Move(s.IN_REVIEW, e.EXTENDED, s.EXTENDED, "reason sent before day 14 ends, once", ASSOCIATION)
    yield Move(s.IN_REVIEW, e.PAID_AHEAD, s.IN_REVIEW, "asked for or held needed; in part", ASSOCIATION)
    yield Move(s.EXTENDED, e.PAID_AHEAD, s.EXTENDED, "asked for or held needed; in part", ASSOCIATION, True)
    for source in (s.IN_REVIEW, s.EXTENDED):
        yield Move(source, e.DECIDED, s.DECIDED, "a person; every line pay or deny with reason", ASSOCIATION)
    yield Move(s.DECIDED, e.PAID, s.PAID, "amount over 0, account checked", ASSOCIATION)
    for source in (s.RECEIVED, s.IN_REVIEW):
        yield Move(source, e.RETURNED, s.RETURNED, "wrong route, channel or accident", ASSOCIATION)
    for source in (
        s.DRAFT, s.SIGN_REQUESTED, s.SIGNED, s.SUBMITTED, s.RECEIVED, s.SUPPLEMENT, s.IN_REVIEW, s.EXTENDED,
    ):  # fmt: skip
        yield Move(source, e.WITHDRAWN, s.WITHDRAWN, "before the decision", CLAIMANT)
    yield Move(s.DECIDED, e.REVIEW_REQUESTED, s.UNDER_REVIEW_1, "within 90 days of knowing", CLAIMANT)
    yield Move(s.PAID, e.REVIEW_REQUESTED, s.UNDER_REVIEW_1, "paid in part; within 90 days", CLAIMANT, True)
    yield Move(s.UNDER_REVIEW_1, e.REVIEW_DECIDED, s.REVIEWED_1, "60 days, one extension", ASSOCIATION)
    yield Move(
        s.REVIEWED_1, e.SECOND_REVIEW_REQUESTED, s.UNDER_REVIEW_2, "within 90 days of service", CLAIMANT
    )
    yield Move(s.UNDER_REVIEW_2, e.SECOND_REVIEW_DECIDED, s.REVIEWED_2, "60 days, one extension", ASSOCIATION)
    for source in (s.REVIEWED_1, s.REVIEWED_2):
        yield Move(source, e.PAID, s.PAID, "the review grants more", ASSOCIATION, True)


ACCIDENT_MOVES: MoveTable[AccidentState, AccidentEvent] = MoveTable(
    "accident notice", "사고통지", _accident_moves()
)
BENEFIT_MOVES: MoveTable[BenefitState, BenefitEvent] = MoveTable(
    "benefit claim", "공제급여 청구", _benefit_moves()
)


def label_ko(kind: str, state: str) -> str:
    """The Korean label of a state (``kind`` accident or benefit); KeyError for one without a label."""
    return {(one["kind"], one["state"]): one["label_ko"] for one in read_csv(LABELS)}[kind, state]


def write_page() -> str:
    """The text of ``docs/school-states.md``."""
    parts = [
        "# States of the school-accident scheme",
        "Generated by `python -m cheonggu.schemes.school_safety.states > docs/school-states.md`. Moves marked (ours) "
        "are not in the guide or the law. Korean labels: `rules/states.csv` of the scheme.",
    ]
    for title, drawing, moves in (
        ("Accident notice (사고통지)", draw(ACCIDENT_MOVES), list_moves(ACCIDENT_MOVES)),
        ("Benefit claim (공제급여 청구)", draw(BENEFIT_MOVES), list_moves(BENEFIT_MOVES)),
    ):
        parts += [f"## {title}", drawing, moves]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.stdout.write(write_page())
