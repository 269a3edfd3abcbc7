"""The ledger: the memory of every statement and claim, on SQLite or PostgreSQL."""

from cheonggu.ledger.model import Actor, Batch, NewBatch
from cheonggu.ledger.store import Ledger, open_ledger

__all__ = ["Actor", "Batch", "Ledger", "NewBatch", "open_ledger"]
