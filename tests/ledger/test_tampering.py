"""``verify`` finds every edit: each column of the chain, each row under it, each state beside it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from cheonggu.ledger.audit import GENESIS, HASHED, hash_event
from tests.ledger.ledger_builders import (
    ACTOR,
    extract,
    hand_off,
    open_at,
    receipt,
    receipt_notice,
    review,
    review_notice,
    take,
)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger that went through receipt and review, closed."""
    path = tmp_path_factory.mktemp("sound") / "ledger.db"
    with open_at(f"sqlite:///{path}") as ledger:
        claim = hand_off(ledger, "b1")
        extract(ledger, "b2")
        take(ledger, receipt_notice("N1", receipt(claim)))
        take(ledger, review_notice("N2", review(claim, {"00002": "adjusted"})))
        assert ledger.verify() == []
    return path


@pytest.fixture
def copied(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(sound, tmp_path / "ledger.db"))


def edit(path: Path, *statements: str) -> None:
    with sqlite3.connect(path) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount > 0, statement
    connection.close()


def find_problems(path: Path) -> set[str]:
    with open_at(f"sqlite:///{path}") as ledger:
        return {one.code for one in ledger.verify()}


@pytest.mark.parametrize("column", [*HASHED, "previous_hash", "hash"])
def test_an_edited_event_is_found(copied: Path, column: str) -> None:
    number = column in ("event_id", "row_count")
    value = "900" if number else "'edited'"
    edit(copied, f"UPDATE event SET {column} = {value} WHERE event_id = 5")
    assert "chain" in find_problems(copied)


@pytest.mark.parametrize("column", ["from_state", "to_state", "statement_key"])
def test_an_edited_move_is_found(copied: Path, column: str) -> None:
    row = "(SELECT statement_key FROM event_statement WHERE event_id = 2 LIMIT 1)"
    edit(copied, f"UPDATE event_statement SET {column} = 'X' WHERE event_id = 2 AND statement_key = {row}")
    assert "rows" in find_problems(copied)


def test_a_removed_or_added_move_is_found(copied: Path) -> None:
    edit(copied, "DELETE FROM event_statement WHERE event_id = 1 AND statement_key LIKE '%S002'")
    assert "rows" in find_problems(copied)
    edit(copied, "INSERT INTO event_statement VALUES (1, 'b1-S002', NULL, 'BILLABLE')")
    assert find_problems(copied) == set()
    edit(copied, "INSERT INTO event_statement VALUES (3, 'b1-S002', 'READY', 'PAID')")
    assert "orphans" in find_problems(copied)


def test_a_removed_event_is_found(copied: Path) -> None:
    edit(copied, "DELETE FROM event WHERE event_id = 3")
    assert "chain" in find_problems(copied)


def test_a_cut_off_end_is_found(copied: Path) -> None:
    last = "(SELECT max(event_id) FROM event)"
    edit(
        copied,
        f"DELETE FROM event_statement WHERE event_id = {last}",
        f"DELETE FROM event WHERE event_id = {last}",
        "UPDATE chain_head SET event_id = (SELECT max(event_id) FROM event), "
        "hash = (SELECT hash FROM event ORDER BY event_id DESC LIMIT 1)",
    )
    assert "head" in find_problems(copied)


def test_a_chain_written_anew_without_the_secret_is_found(copied: Path) -> None:
    with sqlite3.connect(copied) as connection:
        connection.row_factory = sqlite3.Row
        previous = GENESIS
        for row in connection.execute("SELECT * FROM event ORDER BY event_id").fetchall():
            values = {**dict(row), "actor": "somebody else"}
            digest = hash_event(previous, values)
            connection.execute(
                "UPDATE event SET actor = ?, previous_hash = ?, hash = ? WHERE event_id = ?",
                (values["actor"], previous, digest, row["event_id"]),
            )
            previous = digest
        connection.execute("UPDATE chain_head SET hash = ?", (previous,))
    connection.close()
    assert find_problems(copied) == {"head"}


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE statement SET state = 'PAID' WHERE statement_key = 'b1-S001'", "state"),
        ("UPDATE claim SET state = 'PAID'", "state"),
        ("UPDATE batch SET stage = 'held' WHERE batch_id = 'b2'", "state"),
        ("UPDATE claim_statement SET claimed_amount = 1 WHERE statement_no = '00002'", "members"),
        ("UPDATE claim_statement SET content_hash = 'x' WHERE statement_no = '00002'", "members"),
        ("UPDATE decision SET decided_amount = 1 WHERE statement_no = '00002'", "decisions"),
        ("UPDATE decision SET is_listed = 1 WHERE statement_no = '00001'", "decisions"),
        ("DELETE FROM decision WHERE statement_no = '00003'", "decisions"),
        ("DELETE FROM chain_head", "head"),
    ],
)
def test_an_edit_beside_the_chain_is_found(copied: Path, statement: str, code: str) -> None:
    edit(copied, statement)
    with open_at(f"sqlite:///{copied}") as ledger:
        problems = ledger.verify()
    assert {one.code for one in problems} == {code}
    assert problems[0].where in str(problems[0])


def test_a_lost_live_submission_is_found(tmp_path: Path) -> None:
    with open_at(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        hand_off(ledger, "b1")
    edit(tmp_path / "ledger.db", "DELETE FROM live_submission WHERE statement_key = 'b1-S001'")
    assert find_problems(tmp_path / "ledger.db") == {"live"}


def test_every_event_says_who_when_and_in_which_run(sound: Path) -> None:
    with sqlite3.connect(sound) as connection:
        rows = connection.execute("SELECT DISTINCT actor, run_id, at FROM event").fetchall()
        details = connection.execute("SELECT detail FROM event").fetchall()
    assert rows == [(ACTOR.name, ACTOR.run_id, "2026-07-06T21:00:00.000000+00:00")]
    assert all(isinstance(json.loads(detail), dict) for (detail,) in details)
