"""kill −9 between any two statements of any change: nothing is half done, and the change can be made again."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, event, text

from cheonggu.errors import BusyError
from cheonggu.findings import none_found
from cheonggu.ledger import Ledger
from cheonggu.ledger.tables import metadata
from tests.ledger.ledger_builders import (
    ACTOR,
    SCHEME,
    claim_of,
    files_of,
    finding,
    header,
    intend,
    keys_of,
    members,
    new_batch,
    numbered,
    open_at,
    receipt,
    receipt_notice,
    review,
    review_notice,
    take,
    verdicts,
)

KEYS = keys_of("b1", 3)


def walk() -> list[Callable[[Ledger], Any]]:
    """Every change of a claim's way, in order; each needs the ones before it."""

    def reviewed(ledger: Ledger) -> Any:
        return take(ledger, review_notice("N2", review(claim_of(ledger, "b1"), {"00001": "adjusted"})))

    return [
        lambda ledger: ledger.add_batches([new_batch("b1")], members("b1", KEYS), ACTOR),
        lambda ledger: ledger.record_validated("b1", verdicts(KEYS), finding(KEYS[0], "warning"), ACTOR),
        lambda ledger: ledger.reserve_claim_numbers(["b1"], ACTOR),
        lambda ledger: ledger.record_assembled("b1", numbered(KEYS), header(3), files_of("b1"), ACTOR),
        lambda ledger: ledger.record_prechecked("b1", "ok", none_found(), ACTOR),
        lambda ledger: intend(ledger, claim_of(ledger, "b1")),
        lambda ledger: ledger.mark_placed(1, ACTOR),
        lambda ledger: ledger.record_examined(1, "DMD00000001", 0, ACTOR),
        lambda ledger: take(ledger, receipt_notice("N1", receipt(claim_of(ledger, "b1")))),
        reviewed,
    ]


def run_and_die(url: str, change: Callable[[Ledger], Any], at: int) -> bool:
    """Make a change in a child that kills itself before statement ``at``; True when it came that far."""
    child = os.fork()
    if child == 0:
        ledger = open_at(url)
        left = [at]

        def count(*_: object) -> None:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(ledger._engine, "before_cursor_execute", count)
        event.listen(ledger._engine, "commit", count)
        try:
            change(ledger)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def read_all(url: str) -> dict[str, list[Any]]:
    """Every row of every table."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        rows = {
            name: sorted(map(str, connection.execute(text(f"SELECT * FROM {name}"))))
            for name in metadata.tables
        }
    engine.dispose()
    return rows


@pytest.fixture(scope="module", autouse=True)
def warm(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Walk the way once without a kill: children inherit what is loaded on first use, and so die sooner."""
    with open_at(f"sqlite:///{tmp_path_factory.mktemp('warm') / 'ledger.db'}") as ledger:
        for change in walk():
            change(ledger)


def die_everywhere(url: str, every: int) -> int:
    """Kill every change before each (``every``-th) statement, then let it live; gives the number of deaths."""
    open_at(url).close()
    deaths = 0
    for change in walk():
        before, at = read_all(url), 1
        while run_and_die(url, change, at):
            assert read_all(url) == before
            deaths, at = deaths + 1, at + every
        assert read_all(url) != before  # the child that lived has made the change
    with open_at(url) as ledger:
        assert ledger.verify() == []
        assert str(claim_of(ledger, "b1").state) == "DECIDED"
        assert len(ledger.claims(SCHEME)) == 1
    return deaths


def test_a_kill_between_any_two_statements_leaves_all_or_nothing_on_sqlite(tmp_path: Path) -> None:
    assert die_everywhere(f"sqlite:///{tmp_path / 'ledger.db'}", every=1) > 150


def test_a_kill_between_statements_leaves_all_or_nothing_on_postgresql(postgres_url: str) -> None:
    assert die_everywhere(postgres_url, every=4) > 35


def hold_until_killed(url: str) -> int:
    """A child that holds the lock and says so through a pipe."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with open_at(url).exclusive("hira-submit"):
            os.write(writer, b"held")
            signal.pause()
    assert os.read(reader, 4) == b"held"
    os.close(reader)
    os.close(writer)
    return child


def expect_lock_to_vanish(url: str) -> None:
    open_at(url).close()
    child = hold_until_killed(url)
    with open_at(url) as ledger:
        try:
            with pytest.raises(BusyError, match="nothing was changed"), ledger.exclusive("hira-submit"):
                pass
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        for _ in range(50):  # a server notices a dead client a moment later
            try:
                with ledger.exclusive("hira-submit"):
                    return
            except BusyError:
                signal.sigtimedwait([], 0.1)
        raise AssertionError("the lock of a dead process is still held")


def test_a_lock_vanishes_with_its_process_on_sqlite(tmp_path: Path) -> None:
    expect_lock_to_vanish(f"sqlite:///{tmp_path / 'ledger.db'}")


def test_a_lock_vanishes_with_its_process_on_postgresql(postgres_url: str) -> None:
    expect_lock_to_vanish(postgres_url)


def test_what_a_killed_writer_left_is_recovered_by_any_reader(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    open_at(url).close()
    assert run_and_die(url, walk()[0], 8)
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        assert connection.execute("SELECT count(*) FROM statement").fetchone() == (0,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
