"""The ledger: the memory of every statement and claim, on SQLite or PostgreSQL."""

from cheonggu.ledger.model import Actor, Batch, Claim, FileFact, NewBatch, Submission
from cheonggu.ledger.store import Ledger, open_ledger

__all__ = ["Actor", "Batch", "Claim", "FileFact", "Ledger", "NewBatch", "Submission", "open_ledger"]
