"""One night through a real Prefect server, worker and PostgreSQL: `make serve` itself, private to this test."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.postgres import BINARIES, free_port
from tests.prefect_server import is_up
from tests.support import AS_OF, build_hospital, load_postgresql, write_site

ROOT = Path(__file__).parents[2]
STATEMENTS = 120


@dataclass
class Installation:
    """Everything one hospital runs: folders, databases and the server's API."""

    folder: Path
    ledger_url: str
    prefect_url: str
    api: str

    def call(self, path: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            f"{self.api}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def run(self, deployment: str, **parameters: Any) -> dict[str, Any]:
        """Start a deployment as an operator would and wait for its end."""
        found = self.call(f"/deployments/name/{deployment}")
        run = self.call(
            f"/deployments/{found['id']}/create_flow_run",
            {"parameters": parameters, "state": {"type": "SCHEDULED"}},
        )
        wait_for(lambda: self.call(f"/flow_runs/{run['id']}")["state"]["type"] in FINAL, 180)
        state: dict[str, Any] = self.call(f"/flow_runs/{run['id']}")["state"]
        return state


FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


def wait_for(is_so: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.5)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, postgres_cluster: str) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("e2e")
    urls = {name: f"{postgres_cluster}/e2e_{name}" for name in ("source", "ledger", "prefect")}
    with psycopg.connect(f"{postgres_cluster}/postgres", autocommit=True) as connection:
        for name in urls:
            connection.execute(f"CREATE DATABASE e2e_{name}")
    build_hospital(folder / "hospital", STATEMENTS)
    reader = load_postgresql(folder / "hospital", urls["source"])
    driver = urls["ledger"].replace("postgresql://", "postgresql+psycopg://")
    site = write_site(folder, source=reader, ledger=driver)
    port = free_port()
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "CHEONGGU_SITE": str(site),
        "CHEONGGU_PORT": str(port),
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": urls["prefect"].replace(
            "postgresql://", "postgresql+asyncpg://"
        ),
    }
    simulator = [sys.executable, "-m", "cheonggu.cli", "simulate", "hira", "--folder", str(folder / "client")]
    with (folder / "serve.log").open("wb") as log:
        peer = subprocess.Popen(
            [*simulator, "--watch", "--seed", "1", "--today", AS_OF.isoformat()], stdout=log, stderr=log
        )
        serve = subprocess.Popen(
            ["sh", str(ROOT / "scripts" / "serve.sh")],
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        api = f"http://127.0.0.1:{port}/api"
        try:
            wait_for(lambda: is_up(api) and b"Worker" in (folder / "serve.log").read_bytes(), 120)
            yield Installation(folder, urls["ledger"], urls["prefect"], api)
        finally:
            os.killpg(serve.pid, signal.SIGTERM)
            try:
                serve.wait(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(serve.pid, signal.SIGKILL)
            peer.terminate()
            peer.wait(timeout=10)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def night(installation: Installation) -> dict[str, Any]:
    return installation.run("submit-claims/hira-on-demand", as_of=AS_OF.isoformat())


def test_the_night_completes_and_hands_every_claim_off(
    installation: Installation, night: dict[str, Any]
) -> None:
    assert (night["type"], night["name"]) == ("COMPLETED", "Completed"), night
    with psycopg.connect(installation.ledger_url) as connection:
        states = dict(connection.execute("SELECT state, count(*) FROM claim GROUP BY state").fetchall())
    assert states.pop("HANDED_OFF") > 5
    assert set(states) <= {"WITHDRAWN"}


def test_the_answers_are_collected_once(installation: Installation, night: dict[str, Any]) -> None:
    assert night["type"] == "COMPLETED"

    def all_decided() -> bool:
        state = installation.run("collect-notices/collect-hira-notices")
        assert (state["type"], state["name"]) == ("COMPLETED", "Completed"), state
        with psycopg.connect(installation.ledger_url) as connection:
            query = (
                "SELECT count(*) FROM claim WHERE state IN ('HANDED_OFF', 'SENT', 'RECEIVED', 'IN_REVIEW')"
            )
            row = connection.execute(query).fetchone()
        return row == (0,)

    wait_for(all_decided, 120)
    books = sqlite3.connect(installation.folder / "client" / "simulator" / "books.db")
    theirs = set(books.execute("SELECT claim_no, receipt_no FROM claim WHERE receipt_no IS NOT NULL"))
    with psycopg.connect(installation.ledger_url) as connection:
        ours = set(connection.execute("SELECT claim_no, receipt_no FROM claim WHERE receipt_no IS NOT NULL"))
    assert ours == theirs != set()


def test_the_schedules_make_runs(installation: Installation) -> None:
    """With a newer SQLAlchemy everything looks fine and no run is ever scheduled."""
    query = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
    wait_for(lambda: len(installation.call("/flow_runs/filter", query)) > 0, 60)


def test_nothing_personal_reaches_prefect(installation: Installation, night: dict[str, Any]) -> None:
    assert night
    assert BINARIES is not None
    source = sqlite3.connect(installation.folder / "hospital" / "hospital.db")
    rows = source.execute("SELECT patient_rrn, insurance_card_no FROM cheonggu_statement").fetchall()
    canaries = {value for row in rows for value in row if value and len(value) >= 8}
    dump = subprocess.run(
        [str(BINARIES / "pg_dump"), "--inserts", installation.prefect_url],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    logs = (installation.folder / "serve.log").read_text(encoding="utf-8", errors="replace")
    assert "submit-claims" in dump
    assert not [canary for canary in canaries if canary in dump or canary in logs]
