"""Rows travel between Arrow and the database in parts; cut into parts of two, the ledger is the same."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from cheonggu.findings import none_found
from cheonggu.ledger import database, intake
from tests.ledger.ledger_builders import ACTOR, finding, keys_of, members, new_batch, open_at, verdicts

BATCHES = ("b2", "b1", "b3")
QUERIES = (
    "SELECT event_id, statement_key, from_state, to_state FROM event_statement ORDER BY 1, 2",
    "SELECT event_id, batch_id, row_count, rows_digest, hash FROM event ORDER BY 1",
    "SELECT statement_key, batch_id, state, content_hash FROM statement ORDER BY 1",
    "SELECT count(*) FROM statement_personal",
)


def two_nights(folder: Path) -> list[list[Any]]:
    """Three batches at once, one statement blocked; then a batch of new ones and the corrected one."""
    folder.mkdir()
    with open_at(f"sqlite:///{folder / 'ledger.db'}") as ledger:
        first = pa.concat_tables([members(one, keys_of(one, 5)) for one in BATCHES])
        ledger.add_batches([new_batch(one) for one in BATCHES], first, ACTOR)
        for one in BATCHES:
            blocked = [f"{one}-S002"]
            found = finding(blocked[0]) if one == "b1" else none_found()
            ledger.record_validated(
                one, verdicts(keys_of(one, 5), blocked if one == "b1" else ()), found, ACTOR
            )
        again = pa.concat_tables(
            [members("b4", [*keys_of("b4", 3)]), members("b5", ["b1-S002", *keys_of("b5", 2)], version="2")]
        )
        ledger.add_batches([new_batch("b4"), new_batch("b5")], again, ACTOR)
        assert ledger.verify() == []
    with closing(sqlite3.connect(folder / "ledger.db")) as connection:
        return [connection.execute(query).fetchall() for query in QUERIES]


def test_parts_make_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = two_nights(tmp_path / "whole")
    monkeypatch.setattr(database, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(intake, "ROWS_AT_ONCE", 2)
    assert two_nights(tmp_path / "parts") == whole
    moves, events, *_ = whole
    taken = {event_id: batch_id for event_id, batch_id, *_ in events}
    assert [(taken[event_id], key) for event_id, key, source, _ in moves if source is None] == [
        (one, key) for one in ("b1", "b2", "b3") for key in keys_of(one, 5)
    ] + [("b4", key) for key in keys_of("b4", 3)] + [("b5", key) for key in keys_of("b5", 2)]
    assert [row for row in moves if row[1] == "b1-S002"][-1][2:] == ("BLOCKED", "BILLABLE")


def test_a_state_that_its_last_move_does_not_give_is_found(tmp_path: Path) -> None:
    two_nights(tmp_path / "ledger")
    path = tmp_path / "ledger" / "ledger.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE statement SET state = 'RECEIVED' WHERE statement_key = 'b2-S003'")
    with open_at(f"sqlite:///{path}") as ledger:
        assert ("state", "statement b2-S003") in [(one.code, one.where) for one in ledger.verify()]
