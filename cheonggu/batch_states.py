"""What moves a batch (one claim-to-be) from stage to stage: the one table, like those of statement and claim."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from cheonggu.states import IMPORT, PERSON, PIPELINE, BatchStage, Move, MoveTable


class BatchEvent(StrEnum):
    """What moves a batch. A release names the stage the batch was held in."""

    EXTRACTED = "extracted"
    SUCCEEDED = "succeeded"
    VALIDATED = "validated"
    FOUND_EMPTY = "found_empty"
    FILES_WRITTEN = "files_written"
    CHECKED = "checked"
    HANDED_OFF = "handed_off"
    HELD = "held"
    NOT_REGISTERED = "not_registered"
    RELEASED_EXTRACTED = "released_extracted"
    RELEASED_VALIDATED = "released_validated"
    RELEASED_ASSEMBLED = "released_assembled"
    RELEASED_CHECKED = "released_checked"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"


def _batch_moves() -> Iterator[Move[BatchStage, BatchEvent]]:
    s, e = BatchStage, BatchEvent
    yield Move(None, e.EXTRACTED, s.EXTRACTED, "its tables stand on disk", PIPELINE)
    yield Move(
        None, e.SUCCEEDED, s.VALIDATED, "goes on with the good statements of a withdrawn claim", PIPELINE
    )
    yield Move(s.EXTRACTED, e.VALIDATED, s.VALIDATED, "at least one statement is READY", PIPELINE)
    yield Move(s.EXTRACTED, e.FOUND_EMPTY, s.EMPTY, "every statement is BLOCKED", PIPELINE)
    yield Move(s.VALIDATED, e.FILES_WRITTEN, s.ASSEMBLED, "claim number, counts and sums agree", PIPELINE)
    yield Move(s.ASSEMBLED, e.CHECKED, s.CHECKED, "the pre-check ran over the frozen files", PIPELINE)
    yield Move(s.CHECKED, e.HANDED_OFF, s.HANDED_OFF, "all files stand in the client's folder", PIPELINE)
    yield Move(s.HANDED_OFF, e.NOT_REGISTERED, s.HELD, "client examined -1", PIPELINE)
    releases = {
        s.EXTRACTED: e.RELEASED_EXTRACTED,
        s.VALIDATED: e.RELEASED_VALIDATED,
        s.ASSEMBLED: e.RELEASED_ASSEMBLED,
        s.CHECKED: e.RELEASED_CHECKED,
    }
    for stage, release in releases.items():
        yield Move(stage, e.HELD, s.HELD, "a finding of the claim, or a person", PIPELINE)
        yield Move(s.HELD, release, stage, "a person; back to the stage it was held in", PERSON)
    for source in (s.CHECKED, s.HANDED_OFF, s.HELD, s.DONE):
        yield Move(source, e.ANSWERED, s.DONE, "a receipt, return or result proves the sending", IMPORT)
    for source in (s.VALIDATED, s.ASSEMBLED, s.CHECKED, s.HANDED_OFF, s.HELD):
        yield Move(source, e.WITHDRAWN, s.WITHDRAWN, "its claim is withdrawn; the number stays used", PERSON)


BATCH_MOVES: MoveTable[BatchStage, BatchEvent] = MoveTable("batch", "배치", _batch_moves())
