"""Proofs night by night: only what is new since the last one, and the whole again after some days.

A proof that found nothing is itself an event of the chain (``proven``): the event up to which it reached, that event's
hash, when the whole was proven last, and a seal made with the ledger's secret. So nobody without the secret can move
it forward past an event they edited; who takes it away only makes the next proof longer, and breaks the chain.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from cheonggu.ledger.audit import GENESIS, Transaction
from cheonggu.ledger.model import Problem, Proof
from cheonggu.ledger.tables import chain_head, event
from cheonggu.ledger.verification import make_problem, verify
from cheonggu.privacy import Vault

PROVEN = "proven"


@dataclass(frozen=True)
class Checkpoint:
    """Up to which event the chain was proven, its hash, and when the whole was proven last (UTC, ISO 8601)."""

    event_id: int
    hash: str
    whole_at: str


def prove(connection: Connection, vault: Vault, now: datetime, whole_days: int) -> tuple[Proof, Checkpoint]:
    """Prove what is new, or the whole when ``whole_days`` have passed since it was.

    Gives what was found and where the next proof may begin, once that is kept (``keep``).
    """
    known, problems = _read_last(connection, vault)
    is_whole = known is None or _is_due(known, now, whole_days)
    if known is None or is_whole:
        problems += verify(connection, vault)
    else:
        problems += verify(connection, vault, known.event_id, known.hash)
    head = connection.execute(select(chain_head.c.event_id, chain_head.c.hash)).one_or_none()
    last, digest = (0, GENESIS) if head is None else (int(head.event_id), str(head.hash))
    whole_at = now.isoformat(timespec="seconds") if known is None or is_whole else known.whole_at
    begun = 0 if known is None or is_whole else known.event_id
    return Proof(tuple(problems), is_whole, begun, last), Checkpoint(last, digest, whole_at)


def keep(tx: Transaction, one: Checkpoint, proof: Proof) -> None:
    """Write down a proof that found nothing; one that had nothing new to prove needs no record."""
    fresh = select(func.count()).where(
        event.c.event_id > proof.after, event.c.event_id <= one.event_id, event.c.kind != PROVEN
    )
    if proof.is_whole or tx.connection.execute(fresh).scalar_one():
        seal = _seal(tx.vault, one)
        detail = {"event": one.event_id, "hash": one.hash, "whole_at": one.whole_at, "seal": seal}
        tx.append(PROVEN, {}, detail=detail)


def _read_last(connection: Connection, vault: Vault) -> tuple[Checkpoint | None, list[Problem]]:
    """The newest checkpoint; None, so that the whole is proven, when there is none or it is not as it was written."""
    newest = select(event.c.event_id, event.c.detail).where(event.c.kind == PROVEN)
    row = connection.execute(newest.order_by(event.c.event_id.desc()).limit(1)).one_or_none()
    if row is None:
        return None, []
    try:
        told = json.loads(row.detail)
        one = Checkpoint(int(told["event"]), str(told["hash"]), str(told["whole_at"]))
        is_sealed = told["seal"] == _seal(vault, one)
    except (ValueError, KeyError, TypeError):
        is_sealed = False
    stands = is_sealed and _stands(connection, one)
    return (one, []) if stands else (None, [make_problem("proof", f"event {row.event_id}")])


def _stands(connection: Connection, one: Checkpoint) -> bool:
    found = connection.execute(
        select(event.c.hash).where(event.c.event_id == one.event_id)
    ).scalar_one_or_none()
    return found == one.hash


def _seal(vault: Vault, one: Checkpoint) -> str:
    return vault.seal_chain(one.event_id, f"{PROVEN}:{one.hash}:{one.whole_at}")


def _is_due(known: Checkpoint, now: datetime, whole_days: int) -> bool:
    """Whether the whole must be proven again; also when its last proof lies in the future of this clock."""
    passed = now - datetime.fromisoformat(known.whole_at)
    return not timedelta(0) <= passed < timedelta(days=whole_days)
