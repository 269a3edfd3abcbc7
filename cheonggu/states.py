"""States of a statement (명세서), a claim (청구서) and a batch, and the one table of moves of the first two.

The ledger moves nothing that is not listed here. The moves follow HIRA's claim process as this project reads
it; moves marked ``ours`` were added by this project and say why. The moves of a batch stand in ``batch_states``, the
page of all in ``states_page``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from cheonggu.errors import StateError


class StatementState(StrEnum):
    """Where one statement stands (명세서 상태)."""

    OPEN = "OPEN"
    BILLABLE = "BILLABLE"
    BLOCKED = "BLOCKED"
    READY = "READY"
    ASSIGNED = "ASSIGNED"
    IN_FLIGHT = "IN_FLIGHT"
    RECEIVED = "RECEIVED"
    HELD = "HELD"
    ACCEPTED = "ACCEPTED"
    ADJUSTED = "ADJUSTED"
    IMPOSSIBLE = "IMPOSSIBLE"
    REFUSED_BY_PAYER = "REFUSED_BY_PAYER"
    DISPUTED = "DISPUTED"
    PAID = "PAID"
    REPLACED = "REPLACED"
    CLOSED = "CLOSED"
    WRITTEN_OFF = "WRITTEN_OFF"
    CANCELLED = "CANCELLED"


class StatementEvent(StrEnum):
    """What moves a statement."""

    DAY_CLOSED = "day_closed"
    EXTRACTED = "extracted"
    ADDED = "added"
    JOINED = "joined"
    FOUND_CLEAN = "found_clean"
    FOUND_FAULTY = "found_faulty"
    CORRECTED = "corrected"
    OVERRIDDEN = "overridden"
    ASSEMBLED = "assembled"
    CLAIM_WITHDRAWN = "claim_withdrawn"
    HANDED_OFF = "handed_off"
    NOT_REGISTERED = "not_registered"
    CLAIM_RECEIVED = "claim_received"
    CLAIM_RETURNED = "claim_returned"
    REVIEW_ACCEPTED = "review_accepted"
    REVIEW_ADJUSTED = "review_adjusted"
    REVIEW_IMPOSSIBLE = "review_impossible"
    REVIEW_HELD = "review_held"
    PAYER_REFUSED = "payer_refused"
    DISPUTE_FILED = "dispute_filed"
    DISPUTE_ACCEPTED = "dispute_accepted"
    DISPUTE_ADJUSTED = "dispute_adjusted"
    DISPUTE_IMPOSSIBLE = "dispute_impossible"
    SETTLED = "settled"
    PAID = "paid"
    SUPPLEMENT_CORRECTED = "supplement_corrected"
    SUPPLEMENT_RECEIVED = "supplement_received"
    NOTHING_OPEN = "nothing_open"
    GIVEN_UP = "given_up"
    TAKEN_BACK = "taken_back"
    GIVEN_BACK = "given_back"
    CLAIMED_ANEW = "claimed_anew"


# A statement in one of these is still on its way to its decision.
UNDER_WAY = (
    StatementState.OPEN,
    StatementState.BILLABLE,
    StatementState.BLOCKED,
    StatementState.READY,
    StatementState.ASSIGNED,
    StatementState.IN_FLIGHT,
    StatementState.RECEIVED,
    StatementState.HELD,
)


class ClaimState(StrEnum):
    """Where one claim stands (청구서 상태)."""

    OPEN = "OPEN"
    ASSEMBLED = "ASSEMBLED"
    CHECKED_OK = "CHECKED_OK"
    CHECKED_WARN = "CHECKED_WARN"
    CHECK_FAILED = "CHECK_FAILED"
    HANDED_OFF = "HANDED_OFF"
    SENT = "SENT"
    SEND_UNKNOWN = "SEND_UNKNOWN"
    RECEIVED = "RECEIVED"
    RETURNED = "RETURNED"
    IN_REVIEW = "IN_REVIEW"
    PARTLY_DECIDED = "PARTLY_DECIDED"
    DECIDED = "DECIDED"
    PAID = "PAID"
    CLOSED = "CLOSED"
    WITHDRAWN = "WITHDRAWN"


class ClaimEvent(StrEnum):
    """What moves a claim."""

    NUMBER_RESERVED = "number_reserved"
    FILES_WRITTEN = "files_written"
    CHECK_OK = "check_ok"
    CHECK_WARNED = "check_warned"
    CHECK_FAILED = "check_failed"
    WITHDRAWN = "withdrawn"
    PLACED = "placed"
    NOT_REGISTERED = "not_registered"
    SEND_CONFIRMED = "send_confirmed"
    SEND_PROVEN = "send_proven"
    NO_ANSWER = "no_answer"
    RECEIVED = "received"
    RETURNED = "returned"
    REVIEW_STARTED = "review_started"
    REVIEWED_IN_PART = "reviewed_in_part"
    REVIEWED_IN_FULL = "reviewed_in_full"
    PAID = "paid"
    NOTHING_OPEN = "nothing_open"


class BatchStage(StrEnum):
    """How far a batch (one claim-to-be) has come; ``held`` waits for a person."""

    EXTRACTED = "extracted"
    VALIDATED = "validated"
    ASSEMBLED = "assembled"
    CHECKED = "checked"
    HELD = "held"
    HANDED_OFF = "handed_off"
    DONE = "done"
    WITHDRAWN = "withdrawn"
    EMPTY = "empty"


S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)

STAFF, PIPELINE, PERSON, IMPORT = "hospital staff", "pipeline", "person", "import"


@dataclass(frozen=True)
class Move(Generic[S, E]):
    """One allowed move. ``source`` None: the thing did not exist before.

    ``makes_new``: the source is the parent's state; the parent stays, and a new thing is born in the target state.
    """

    source: S | None
    event: E
    target: S
    guard: str
    who: str
    is_ours: bool = False
    makes_new: bool = False


class MoveTable(Generic[S, E]):
    """All allowed moves of one kind; each state and event has at most one target."""

    def __init__(self, kind_en: str, kind_ko: str, moves: Iterable[Move[S, E]]) -> None:
        self.kind_en, self.kind_ko, self.moves = kind_en, kind_ko, tuple(moves)
        self._targets = {(move.source, move.event): move.target for move in self.moves}
        if len(self._targets) != len(self.moves):
            raise ValueError(f"{kind_en}: a state and event stand twice")

    def __iter__(self) -> Iterator[Move[S, E]]:
        return iter(self.moves)

    def allows(self, state: S | None, event: E) -> bool:
        return (state, event) in self._targets

    def sources(self, event: E) -> frozenset[S]:
        """The states (without birth) from which an event may move."""
        return frozenset(
            move.source for move in self.moves if move.event == event and move.source is not None
        )

    def leads(self, source: S | None, target: S) -> bool:
        """Whether some event moves from one state to the other."""
        return any((move.source, move.target) == (source, target) for move in self.moves)

    def target(self, state: S | None, event: E) -> S:
        """The state after the event; StateError when the table does not list the move."""
        try:
            return self._targets[state, event]
        except KeyError:
            now = "none" if state is None else state.value
            raise StateError(
                f"A {self.kind_en} in state {now} cannot take '{event.value}'.",
                f"{self.kind_ko} 상태 {now}에서는 '{event.value}' 처리를 할 수 없습니다.",
                fix_en="Nothing was changed; look at its history in the ledger.",
                fix_ko="아무것도 바뀌지 않았습니다. 원장에서 이력을 확인하세요.",
            ) from None


def _statement_moves() -> Iterator[Move[StatementState, StatementEvent]]:
    s, e = StatementState, StatementEvent
    yield Move(s.OPEN, e.DAY_CLOSED, s.BILLABLE, "payer is the scheme's; reviewed in the hospital", STAFF)
    yield Move(None, e.EXTRACTED, s.BILLABLE, "the ledger first sees it when it is billable", PIPELINE, True)
    yield Move(
        s.READY, e.JOINED, s.READY, "free after a return or withdrawal; joins a new batch", PIPELINE, True
    )
    yield Move(s.BILLABLE, e.JOINED, s.BILLABLE, "overridden before; joins a new batch", PIPELINE, True)
    yield Move(s.BILLABLE, e.FOUND_CLEAN, s.READY, "no error-level finding; inside the claim limit", PIPELINE)
    yield Move(s.READY, e.FOUND_CLEAN, s.READY, "validated again in its new batch", PIPELINE, True)
    yield Move(s.BILLABLE, e.FOUND_FAULTY, s.BLOCKED, "an error-level finding", PIPELINE)
    yield Move(s.READY, e.FOUND_FAULTY, s.BLOCKED, "a later check found an error", PIPELINE, True)
    yield Move(s.BLOCKED, e.CORRECTED, s.BILLABLE, "content hash changed", PERSON)
    yield Move(s.BLOCKED, e.OVERRIDDEN, s.BILLABLE, "override kept with name and reason", PERSON)
    yield Move(
        s.READY, e.ASSEMBLED, s.ASSIGNED, "no other live submission of its identity; hash unchanged", PIPELINE
    )
    yield Move(s.ASSIGNED, e.CLAIM_WITHDRAWN, s.READY, "claim provably not at the reviewer", PERSON)
    yield Move(s.IN_FLIGHT, e.CLAIM_WITHDRAWN, s.READY, "the client's outbox shows it unsent", PERSON, True)
    yield Move(s.ASSIGNED, e.CLAIM_RETURNED, s.READY, "claim provably not at the reviewer", IMPORT)
    yield Move(s.ASSIGNED, e.HANDED_OFF, s.IN_FLIGHT, "its claim was handed off", PIPELINE)
    yield Move(
        s.IN_FLIGHT,
        e.NOT_REGISTERED,
        s.ASSIGNED,
        "client examined -1: provably not registered",
        PIPELINE,
        True,
    )
    yield Move(s.IN_FLIGHT, e.CLAIM_RECEIVED, s.RECEIVED, "claim no, count and amount agree", IMPORT)
    yield Move(s.IN_FLIGHT, e.CLAIM_RETURNED, s.READY, "whole claim returned", IMPORT)
    yield Move(s.RECEIVED, e.CLAIM_RETURNED, s.READY, "late return; no decision exists", IMPORT, True)
    yield from _review_moves()
    yield from _money_moves()


def _review_moves() -> Iterator[Move[StatementState, StatementEvent]]:
    s, e = StatementState, StatementEvent
    outcomes = {
        e.REVIEW_ACCEPTED: s.ACCEPTED,
        e.REVIEW_ADJUSTED: s.ADJUSTED,
        e.REVIEW_IMPOSSIBLE: s.IMPOSSIBLE,
        e.REVIEW_HELD: s.HELD,
    }
    for source in (s.RECEIVED, s.HELD):
        for event, target in outcomes.items():
            yield Move(source, event, target, "review round newer than the stored one", IMPORT)
    for source in (s.ACCEPTED, s.ADJUSTED, s.IMPOSSIBLE):
        for event, target in outcomes.items():
            yield Move(source, event, target, "a newer review round lists it again", IMPORT, True)
    disputes = {
        e.DISPUTE_ACCEPTED: s.ACCEPTED,
        e.DISPUTE_ADJUSTED: s.ADJUSTED,
        e.DISPUTE_IMPOSSIBLE: s.IMPOSSIBLE,
    }
    for source in (s.ADJUSTED, s.IMPOSSIBLE):
        yield Move(source, e.DISPUTE_FILED, s.DISPUTED, "inside the limit; the code allows it", PERSON)
    yield Move(
        s.PAID, e.DISPUTE_FILED, s.DISPUTED, "as above; the uncut rest is paid meanwhile", PERSON, True
    )
    for event, target in disputes.items():
        yield Move(s.DISPUTED, event, target, "cost decision matches the filed identity", IMPORT)
    yield from _rerun_moves()


def _rerun_moves() -> Iterator[Move[StatementState, StatementEvent]]:
    """Supplementary and additional statements are new ones: their parent stays where it is until the receipt."""
    s, e = StatementState, StatementEvent
    corrected = "supplementary: code allows it; all back references known; none under way"
    added = "additional: parent decided, items not on it, not added yet"
    typed = "the notice never came: a person typed the reference"
    yield Move(s.IMPOSSIBLE, e.SUPPLEMENT_CORRECTED, s.READY, corrected, PERSON, makes_new=True)
    yield Move(
        s.REFUSED_BY_PAYER, e.SUPPLEMENT_CORRECTED, s.READY, "the payer's code allows it", PERSON, True, True
    )
    yield Move(s.RECEIVED, e.SUPPLEMENT_CORRECTED, s.READY, typed, PERSON, True, True)
    for source in (s.ACCEPTED, s.ADJUSTED):
        yield Move(source, e.ADDED, s.READY, added, PERSON, makes_new=True)
    for source in (s.DISPUTED, s.PAID, s.CLOSED):
        yield Move(source, e.ADDED, s.READY, "decided before, so additions go on", PERSON, True, True)
    received = "its supplementary statement is received"
    yield Move(s.IMPOSSIBLE, e.SUPPLEMENT_RECEIVED, s.REPLACED, received, IMPORT)
    for source in (s.REFUSED_BY_PAYER, s.RECEIVED):
        yield Move(source, e.SUPPLEMENT_RECEIVED, s.REPLACED, received, IMPORT, True)


def _money_moves() -> Iterator[Move[StatementState, StatementEvent]]:
    s, e = StatementState, StatementEvent
    yield Move(s.RECEIVED, e.PAYER_REFUSED, s.REFUSED_BY_PAYER, "payer's codes 35, 36 in a notice", IMPORT)
    for source in (s.HELD, s.ACCEPTED, s.ADJUSTED, s.IMPOSSIBLE):
        yield Move(
            source, e.PAYER_REFUSED, s.REFUSED_BY_PAYER, "the payer refuses after the review", IMPORT, True
        )
    for source in (s.ACCEPTED, s.ADJUSTED):
        yield Move(source, e.PAID, s.PAID, "receipt no and round match the final payment", IMPORT)
    for source in (s.ACCEPTED, s.ADJUSTED, s.IMPOSSIBLE, s.PAID):
        yield Move(source, e.SETTLED, source, "difference = settled - previous; amounts only", IMPORT)
    yield Move(s.PAID, e.NOTHING_OPEN, s.CLOSED, "no open finding, dispute or limit", PIPELINE)
    yield Move(s.PAID, e.TAKEN_BACK, s.CANCELLED, "taken back in full; an omitted claim may follow", IMPORT)
    yield Move(s.CANCELLED, e.GIVEN_BACK, s.PAID, "a later settlement undoes the recovery", IMPORT, True)
    yield Move(
        s.CANCELLED, e.CLAIMED_ANEW, s.READY, "nothing of it is left; goes out as an original", PERSON, True
    )
    for source in (s.BLOCKED, s.READY, s.IMPOSSIBLE, s.REFUSED_BY_PAYER):
        yield Move(source, e.GIVEN_UP, s.WRITTEN_OFF, "a person gave up, or time ran out", PERSON)
    yield Move(s.CANCELLED, e.GIVEN_UP, s.WRITTEN_OFF, "a person lets the recovery stand", PERSON, True)


def _claim_moves() -> Iterator[Move[ClaimState, ClaimEvent]]:
    s, e = ClaimState, ClaimEvent
    yield Move(None, e.NUMBER_RESERVED, s.OPEN, "number from the counter of provider and month", PIPELINE)
    yield Move(s.OPEN, e.FILES_WRITTEN, s.ASSEMBLED, "counts and sums equal, last serial = count", PIPELINE)
    yield Move(s.ASSEMBLED, e.CHECK_OK, s.CHECKED_OK, "no finding", PIPELINE)
    yield Move(s.ASSEMBLED, e.CHECK_WARNED, s.CHECKED_WARN, "warnings only", PIPELINE)
    yield Move(s.ASSEMBLED, e.CHECK_FAILED, s.CHECK_FAILED, "errors named per statement", PIPELINE)
    yield Move(
        s.CHECK_FAILED, e.WITHDRAWN, s.WITHDRAWN, "never edit a frozen claim; number stays used", PIPELINE
    )
    for source in (s.OPEN, s.ASSEMBLED, s.CHECKED_OK, s.CHECKED_WARN):
        yield Move(source, e.WITHDRAWN, s.WITHDRAWN, "cancelled before hand-off", PERSON, True)
    for source in (s.CHECKED_OK, s.CHECKED_WARN):
        yield Move(
            source, e.PLACED, s.HANDED_OFF, "approved where wanted; no other claim in the folder", PIPELINE
        )
        yield Move(
            source, e.NO_ANSWER, s.SEND_UNKNOWN, "intent written, unclear whether placed", PIPELINE, True
        )
    yield Move(
        s.HANDED_OFF,
        e.NOT_REGISTERED,
        s.CHECK_FAILED,
        "client examined -1: provably not sent",
        PIPELINE,
        True,
    )
    yield Move(s.HANDED_OFF, e.SEND_CONFIRMED, s.SENT, "document id matches", PERSON)
    yield Move(s.HANDED_OFF, e.SEND_PROVEN, s.SENT, "a notice of this claim proves the sending", IMPORT, True)
    yield Move(s.HANDED_OFF, e.WITHDRAWN, s.WITHDRAWN, "outbox shows unsent", PERSON)
    for source in (s.HANDED_OFF, s.SENT):
        yield Move(source, e.NO_ANSWER, s.SEND_UNKNOWN, "no answer within the configured days", PIPELINE)
    yield Move(s.SEND_UNKNOWN, e.SEND_CONFIRMED, s.SENT, "a person looked into outbox or portal", PERSON)
    yield Move(s.SEND_UNKNOWN, e.WITHDRAWN, s.WITHDRAWN, "a person looked; never automatic", PERSON)
    for source in (s.SENT, s.SEND_UNKNOWN):
        yield Move(source, e.RECEIVED, s.RECEIVED, "claim no, count and amount agree", IMPORT)
        yield Move(source, e.RETURNED, s.RETURNED, "whole claim refused", IMPORT)
    yield Move(s.RECEIVED, e.RETURNED, s.RETURNED, "later return; no decision exists", IMPORT)
    yield Move(s.RECEIVED, e.REVIEW_STARTED, s.IN_REVIEW, "a review round decided nothing yet", IMPORT)
    for source in (s.RECEIVED, s.IN_REVIEW, s.PARTLY_DECIDED):
        yield Move(
            source,
            e.REVIEWED_IN_PART,
            s.PARTLY_DECIDED,
            "some statements decided",
            IMPORT,
            source is s.RECEIVED,
        )
    for source in (s.RECEIVED, s.IN_REVIEW, s.PARTLY_DECIDED, s.DECIDED):
        yield Move(
            source,
            e.REVIEWED_IN_FULL,
            s.DECIDED,
            "all statements decided or held",
            IMPORT,
            source is s.IN_REVIEW,
        )
    yield Move(s.DECIDED, e.PAID, s.PAID, "final payment; an advance does not count", IMPORT)
    for source in (s.DECIDED, s.PAID):
        yield Move(
            source,
            e.NOTHING_OPEN,
            s.CLOSED,
            "every statement closed, replaced or written off",
            PIPELINE,
            source is s.DECIDED,
        )


STATEMENT_MOVES: MoveTable[StatementState, StatementEvent] = MoveTable(
    "statement", "명세서", _statement_moves()
)
CLAIM_MOVES: MoveTable[ClaimState, ClaimEvent] = MoveTable("claim", "청구서", _claim_moves())
