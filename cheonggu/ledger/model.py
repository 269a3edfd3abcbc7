"""What goes into the ledger and what comes out of it, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

import pyarrow as pa

from cheonggu.states import BatchStage, ClaimState

MEMBERS = pa.schema(
    [
        pa.field("batch_id", pa.string(), nullable=False),
        pa.field("statement_key", pa.string(), nullable=False),
        pa.field("identity", pa.string(), nullable=False),  # plain text; stored only as a keyed hash
        pa.field("care_month", pa.string(), nullable=False),  # CCYYMM
        pa.field("content_hash", pa.string(), nullable=False),
        pa.field("claimed_amount", pa.int64(), nullable=False),  # won, as all amounts here
        pa.field("total_benefit_cost_1", pa.int64(), nullable=False),
        pa.field("patient_copay", pa.int64(), nullable=False),
        pa.field("patient_rrn", pa.string()),
        pa.field("patient_name", pa.string()),
        pa.field("subscriber_name", pa.string()),
        pa.field("insurance_card_no", pa.string()),
    ]
)
PERSONAL = ("patient_rrn", "patient_name", "subscriber_name", "insurance_card_no")
AMOUNTS = ("claimed_amount", "total_benefit_cost_1", "patient_copay")
VERDICTS = pa.schema(
    [pa.field("statement_key", pa.string(), nullable=False), pa.field("is_ready", pa.bool_(), nullable=False)]
)
NUMBERED = pa.schema(
    [
        pa.field("statement_key", pa.string(), nullable=False),
        pa.field("statement_no", pa.string(), nullable=False),
        pa.field("claimed_amount", pa.int64(), nullable=False),
        pa.field("total_benefit_cost_1", pa.int64(), nullable=False),
        pa.field("patient_copay", pa.int64(), nullable=False),
    ]
)
KNOWN = pa.schema(
    [
        pa.field("statement_key", pa.string(), nullable=False),
        pa.field("state", pa.string(), nullable=False),
        pa.field("content_hash", pa.string(), nullable=False),
        pa.field("batch_id", pa.string()),
        pa.field(
            "is_returned", pa.bool_(), nullable=False
        ),  # this very content came back with a returned claim
    ]
)


# What new supplementary, additional and split statements refer to; ``relation`` says how they are born.
REFERENCES = pa.schema(
    [
        pa.field("statement_key", pa.string(), nullable=False),
        pa.field("claim_class", pa.string(), nullable=False),  # the scheme's name, such as supplementary
        pa.field("relation", pa.string(), nullable=False),  # supplement | addition | slice
        pa.field("class_code", pa.string(), nullable=False),  # as the statement carries it on the wire
        pa.field("round", pa.int64(), nullable=False),  # the how-manieth of its class and parent, from 1
        pa.field("parent_key", pa.string(), nullable=False),
        pa.field("source_key", pa.string(), nullable=False),  # the hospital's key
        pa.field("provider_code", pa.string(), nullable=False),
        pa.field("parent_claim_no", pa.string(), nullable=False),
        pa.field("parent_statement_no", pa.string(), nullable=False),
        pa.field("parent_receipt_year", pa.string(), nullable=False),
        pa.field("parent_receipt_no", pa.string(), nullable=False),
        pa.field("reason_code", pa.string()),
        pa.field("detail_code", pa.string()),
        pa.field("basis", pa.string(), nullable=False),  # notice | typed
    ]
)
# A statement that a rerun may start from: where it was sent last and what was decided about it.
PARENTS = pa.schema(
    [
        (name, pa.string())
        for name in (
            "statement_key",
            "source_key",
            "state",
            "care_month",
            "claim_class",
            "class_code",
            "batch_id",
            "claim_no",
            "statement_no",
            "receipt_year",
            "receipt_no",
            "content_hash",
            "outcome",
            "reasons",  # code-detail of every finding of the newest round, by comma, in the notice's order
        )
    ]
)
CHILDREN = pa.schema(
    [(name, pa.string()) for name in ("parent_key", "statement_key", "source_key", "claim_class", "relation")]
    + [("round", pa.int64())]
    + [(name, pa.string()) for name in ("state", "batch_id", "claim_no", "content_hash")]
)


class FileLike(Protocol):
    """Any value that knows a file's name, size in bytes and SHA-256 (hex)."""

    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def sha256(self) -> str: ...


@dataclass(frozen=True)
class Actor:
    """Who changes the ledger: a person or the pipeline, and the run it happens in."""

    name: str
    run_id: str | None


@dataclass(frozen=True)
class FileFact:
    """One file of a claim: name, size in bytes, SHA-256 (hex)."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class NewBatch:
    """A claim-to-be. ``treatment_month`` CCYYMM; ``group`` holds the values that all its statements share."""

    batch_id: str
    scheme: str
    provider_code: str
    treatment_month: str
    kind: str
    claim_class: str
    claim_date: date
    group: Mapping[str, str]
    parent_batch_id: str | None


@dataclass(frozen=True)
class Batch(NewBatch):
    """A batch as the ledger knows it. ``run_id`` is the run that made it."""

    stage: BatchStage
    hold_code: str | None
    claim_no: str | None
    claim_state: ClaimState | None
    statement_count: int
    run_id: str | None


@dataclass(frozen=True)
class Claim:
    """A claim as the ledger knows it; amounts in won, zero until it is assembled.

    ``stopped_code`` says why an import stopped for a person; None when nothing waits.
    """

    scheme: str
    provider_code: str
    claim_no: str
    batch_id: str
    treatment_month: str
    claim_class: str
    state: ClaimState
    statement_count: int
    claimed_amount: int
    total_benefit_cost_1: int
    patient_copay: int
    document_id: str | None
    receipt_year: str | None
    receipt_no: str | None
    received_on: date | None
    stopped_code: str | None


@dataclass(frozen=True)
class Submission:
    """One hand-off of one claim to one gateway.

    ``state``: intended, placed, unknown (open), examined, not_registered, abandoned, settled (closed).
    ``exam_status`` is the client's 0, 1 or -1.
    """

    id: int
    gateway: str
    scheme: str
    batch_id: str
    provider_code: str
    claim_no: str
    state: str
    is_open: bool
    document_id: str | None
    exam_status: int | None
    files: tuple[FileFact, ...]

    @property
    def is_placed(self) -> bool:
        """Whether the files were placed, or may have been."""
        return self.state != "intended"


@dataclass(frozen=True)
class NewInstruction:
    """What a person decides (지시). ``kind`` is a short word, ``subject`` what it is about (a key, never a name).

    ``provider_code`` is empty when it concerns no single provider; ``expires_on`` is the last day it holds.
    """

    scheme: str
    kind: str
    provider_code: str
    subject: str
    person: str
    reason: str
    second_person: str = ""
    expires_on: date | None = None
    detail: Mapping[str, str | int | bool] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Instruction(NewInstruction):
    """An instruction as the ledger keeps it; ``given_at`` and ``ended_at`` are UTC, ISO 8601."""

    instruction_id: int
    given_at: str
    ended_at: str | None
    ended_by: str
    ended_reason: str


@dataclass(frozen=True)
class Stopped:
    """A claim of which a notice moved nothing, because a person must look first."""

    claim_no: str
    code: str
    en: str
    ko: str


@dataclass(frozen=True)
class ImportReport:
    """What one notice did. ``status``: imported, same (known document, no change) or kept (archived only).

    ``moved`` counts statements by the state they were moved to; ``unmatched`` names receipt numbers that were paid
    for but belong to no claim of the ledger.
    """

    document_no: str
    kind: str
    status: str
    received: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    reviewed: tuple[str, ...] = ()
    settled: tuple[str, ...] = ()
    paid: tuple[str, ...] = ()
    disputed: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()
    stopped: tuple[Stopped, ...] = ()
    moved: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_new(self) -> bool:
        return self.status != "same"

    @property
    def attention(self) -> tuple[str, ...]:
        """A line for a person per stopped claim and per payment without a claim."""
        paid = (
            "원장에 없는 접수번호의 지급입니다. It was paid for, but no claim here has this receipt number."
        )
        stopped = (f"{one.claim_no} {one.code}: {one.ko} {one.en}" for one in self.stopped)
        return (*stopped, *(f"{one}: {paid}" for one in self.unmatched))


@dataclass(frozen=True)
class Filing:
    """One statement of a dispute: what is asked for (won, payer's share) and the last day for it."""

    statement_no: str
    amount: int
    last_on: date


@dataclass(frozen=True)
class Problem:
    """Something ``verify`` found: a stable code, where, and the sentence in both languages."""

    code: str
    where: str
    en: str
    ko: str

    def __str__(self) -> str:
        return f"{self.where}: {self.ko} {self.en}"


@dataclass(frozen=True)
class Proof:
    """What a proof found. ``after``: the event behind which it began, 0 for the whole; ``last``: where it ended."""

    problems: tuple[Problem, ...]
    is_whole: bool
    after: int
    last: int
