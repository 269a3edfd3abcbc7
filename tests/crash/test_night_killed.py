"""Kill the night with SIGKILL at any durable step, run it again: the same files, the same ledger, nothing twice."""

from __future__ import annotations

import hashlib
import multiprocessing
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.crash.night_driver import run_counterpart, run_night
from tests.support import AS_OF, CLINIC, KOREAN, build_hospital, keep_only, write_site

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.crash.planned"])
QUICK_POINTS = 5
SHARES = 16  # of the full walk, so that it can be run piece by piece and side by side
NIGHT_SECONDS = 600  # on a machine that is busy with other things

QUERIES = {
    "statements": "SELECT statement_key, state, batch_id, content_hash FROM statement ORDER BY 1",
    "claims": "SELECT provider_code, claim_no, batch_id, state, statement_count, claimed_amount, document_id "
    "FROM claim ORDER BY 1, 2",
    "numbers": "SELECT provider_code, claim_no, statement_no, statement_key FROM claim_statement ORDER BY 1, 2, 3",
    "live": "SELECT statement_key, claim_no FROM live_submission ORDER BY 1",
    "files": "SELECT provider_code, claim_no, name, sha256 FROM claim_file ORDER BY 1, 2, 3",
    "findings": "SELECT batch_id, rule_id, statement_key, field, line_no FROM finding ORDER BY 1, 2, 3, 4, 5",
    "submissions": "SELECT claim_no, state FROM submission WHERE state != 'abandoned' ORDER BY 1",
    "moves": "SELECT statement_key, from_state, to_state FROM event_statement ORDER BY 1, event_id",
}


@dataclass(frozen=True)
class Outcome:
    """Everything that must not depend on where the night was killed."""

    files: dict[str, str]
    ledger: dict[str, list[Any]]
    handed_over: list[str]


def outcome(folder: Path) -> Outcome:
    kept = [path for path in (folder / "data").rglob("*") if path.is_file() and not path.name.startswith(".")]
    with sqlite3.connect(folder / "ledger.db") as connection:
        ledger = {name: connection.execute(query).fetchall() for name, query in QUERIES.items()}
    documents = folder / "client" / "simulator" / "documents"
    return Outcome(
        {path.relative_to(folder).as_posix(): digest(path) for path in kept},
        ledger,
        sorted(digest(path) for path in documents.rglob("*") if path.is_file()),
    )


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def start(target: Any, *arguments: Any) -> multiprocessing.process.BaseProcess:
    process = PROCESSES.Process(target=target, args=arguments, daemon=True)
    process.start()
    return process


def night(folder: Path, kill_at: int | None) -> int | None:
    """Run one night; returns its exit code (-9 when it was killed)."""
    process = start(run_night, str(folder / "site.toml"), AS_OF.isoformat(), kill_at, str(folder / "steps"))
    process.join(NIGHT_SECONDS)
    if process.exitcode is None:
        process.kill()
    return process.exitcode


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hospital of two small batches with some planted defects in them."""
    folder = tmp_path_factory.mktemp("template")
    hospital = build_hospital(folder / "hospital", 400)
    keep_only(
        hospital,
        f"care_month = '202606' AND payer_class = '4' AND provider_code IN ('{CLINIC}', '{KOREAN}')",
    )
    write_site(folder, wait=NIGHT_SECONDS)
    return folder


@pytest.fixture(scope="module")
def undisturbed(template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, int]:
    folder = copy_of(template, tmp_path_factory.mktemp("undisturbed"))
    client = start(run_counterpart, str(folder / "client"), AS_OF.isoformat())
    assert night(folder, None) == 0
    client.terminate()
    return outcome(folder), int((folder / "steps").read_text(encoding="ascii"))


def copy_of(template: Path, folder: Path) -> Path:
    shutil.copytree(template, folder, dirs_exist_ok=True)
    return folder


def kill_and_repeat(template: Path, folder: Path, kill_at: int) -> Outcome:
    copy_of(template, folder)
    client = start(run_counterpart, str(folder / "client"), AS_OF.isoformat())
    try:
        assert night(folder, kill_at) == -9
        assert night(folder, None) == 0
    finally:
        client.terminate()
    return outcome(folder)


def test_the_undisturbed_night_hands_claims_over(undisturbed: tuple[Outcome, int]) -> None:
    found, steps = undisturbed
    states = [row[3] for row in found.ledger["claims"]]
    assert states.count("HANDED_OFF") == 2
    assert "WITHDRAWN" in states  # a claim that lost statements was built anew
    assert found.handed_over
    assert steps > 100


@pytest.mark.parametrize("point", range(QUICK_POINTS))
def test_a_killed_night_ends_like_an_undisturbed_one(
    template: Path, undisturbed: tuple[Outcome, int], tmp_path: Path, point: int
) -> None:
    want, steps = undisturbed
    kill_at = 1 + (2 * point + 1) * steps // (2 * QUICK_POINTS)
    assert kill_and_repeat(template, tmp_path, kill_at) == want


@pytest.mark.long
@pytest.mark.parametrize("share", range(SHARES))
def test_every_single_step_may_be_the_last(
    template: Path, undisturbed: tuple[Outcome, int], tmp_path: Path, share: int
) -> None:
    want, steps = undisturbed
    for kill_at in range(1 + share, steps + 1, SHARES):
        assert kill_and_repeat(template, tmp_path / str(kill_at), kill_at) == want, kill_at
        shutil.rmtree(tmp_path / str(kill_at))
