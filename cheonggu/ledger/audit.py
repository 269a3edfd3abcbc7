"""The audit chain: every change of the ledger is an event, and each event holds the hash of the one before.

``hash = SHA-256(previous hash ‖ canonical JSON of the event)``; an event that moves statements carries a
digest over its rows in ``event_statement``. The head row is sealed with the ledger's secret, so that cutting
off the newest events, or writing the whole chain anew, is found as well.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import BigInteger, Connection, insert, select, update

from cheonggu.ledger.database import read_table
from cheonggu.ledger.model import Actor
from cheonggu.ledger.tables import chain_head, claim_statement, event, ledger_meta
from cheonggu.privacy import Vault

GENESIS = "0" * 64
MOVES = pa.schema(
    [
        pa.field("statement_key", pa.string(), nullable=False),
        pa.field("from_state", pa.string()),  # null: first seen
        pa.field("to_state", pa.string(), nullable=False),
    ]
)
HASHED = tuple(column.name for column in event.columns if column.name not in ("previous_hash", "hash"))


class Transaction:
    """One change of the ledger: its connection, who makes it, and the chain that its events extend.

    Creating it locks the chain's head, so that writers wait for each other before they read anything.
    """

    def __init__(self, connection: Connection, vault: Vault, actor: Actor, now: str) -> None:
        self.connection, self.vault, self.actor, self.now = connection, vault, actor, now
        head = connection.execute(select(chain_head).with_for_update()).one()
        self._event_id, self._hash = int(head.event_id), str(head.hash)
        self._has_events = False

    @property
    def last_event_id(self) -> int:
        """The newest event, this transaction's own included."""
        return self._event_id

    def append(
        self,
        kind: str,
        where: Mapping[str, str | None],
        *,
        moves: pa.Table | None = None,
        stage_to: str | None = None,
        claim_move: tuple[str | None, str] | None = None,
        document_no: str | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> int:
        """Append an event and return its id. ``where``: scheme, batch_id, provider_code, claim_no as known."""
        claim_from, claim_to = claim_move or (None, None)
        values: dict[str, Any] = {
            "event_id": self._event_id + 1,
            "at": self.now,
            "actor": self.actor.name,
            "run_id": self.actor.run_id,
            "kind": kind,
            **where,
            "stage_to": stage_to,
            "claim_from": claim_from,
            "claim_to": claim_to,
            "document_no": document_no,
            "detail": canonical(detail or {}),
            "row_count": 0 if moves is None else len(moves),
            "rows_digest": None if moves is None else digest_rows(moves),
            "previous_hash": self._hash,
        }
        values["hash"] = hash_event(self._hash, values)
        self.connection.execute(insert(event).values(values))
        self._event_id, self._hash, self._has_events = values["event_id"], values["hash"], True
        return self._event_id

    def close(self) -> None:
        """Write the new end of the chain; the last thing before the commit."""
        if self._has_events:
            self.connection.execute(
                update(chain_head).values(
                    event_id=self._event_id,
                    hash=self._hash,
                    seal=self.vault.seal_chain(self._event_id, self._hash),
                )
            )


def start_chain(connection: Connection, vault: Vault) -> None:
    """The first rows of an empty ledger: the fingerprint of its secret and the start of the chain."""
    connection.execute(insert(ledger_meta).values(name="fingerprint", value=vault.fingerprint))
    connection.execute(
        insert(chain_head).values(id=1, event_id=0, hash=GENESIS, seal=vault.seal_chain(0, GENESIS))
    )


def canonical(value: Mapping[str, Any]) -> str:
    """JSON with one possible spelling: sorted keys, no spaces, text as it is."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def hash_event(previous: str, values: Mapping[str, Any]) -> str:
    """SHA-256 (hex) over the previous hash and the event's own columns; absent columns count as null."""
    text = previous + canonical({name: values.get(name) for name in HASHED})
    return hashlib.sha256(text.encode()).hexdigest()


def digest_members(connection: Connection, provider_code: str, claim_no: str) -> str:
    """Digest of what stands under which number in a claim."""
    columns = [
        column for column in claim_statement.columns if column.name not in ("provider_code", "claim_no")
    ]
    mine = (claim_statement.c.provider_code == provider_code) & (claim_statement.c.claim_no == claim_no)
    schema = pa.schema(
        [(one.name, pa.int64() if isinstance(one.type, BigInteger) else pa.string()) for one in columns]
    )
    return digest_rows(read_table(connection, select(*columns).where(mine), schema))


def digest_rows(table: pa.Table) -> str:
    """SHA-256 (hex) over all rows in the order of the first column; columns parted by 0x1F, nulls empty."""
    ordered = table.sort_by([(table.column_names[0], "ascending")])
    columns = [pc.fill_null(pc.cast(column, pa.string()), "") for column in ordered.columns]
    lines = pc.binary_join_element_wise(*columns, "\x1f")
    return hashlib.sha256("\n".join(lines.to_pylist()).encode()).hexdigest()
