"""The ledger: the memory of every statement and claim, on SQLite or PostgreSQL."""

from cheonggu.ledger.model import (
    MEMBERS,
    REFERENCES,
    Actor,
    Batch,
    Claim,
    FileFact,
    Filing,
    ImportReport,
    Instruction,
    NewBatch,
    NewInstruction,
    Problem,
    Proof,
    Submission,
)
from cheonggu.ledger.store import Ledger, open_ledger

__all__ = [
    "MEMBERS",
    "REFERENCES",
    "Actor",
    "Batch",
    "Claim",
    "FileFact",
    "Filing",
    "ImportReport",
    "Instruction",
    "Ledger",
    "NewBatch",
    "NewInstruction",
    "Problem",
    "Proof",
    "Submission",
    "open_ledger",
]
