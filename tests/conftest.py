"""Fixtures every test folder may use: what a run makes once, a private PostgreSQL cluster and fresh databases in it.

Tests that need PostgreSQL are left out, with a line saying so, where no PostgreSQL binaries are found;
in CI their absence is an error, because ``.ci/run`` installs them.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.postgres import BINARIES, start_cluster, stop_cluster
from tests.prefect_server import stop_server
from tests.shared import make_once

SHARED = pytest.StashKey[Path]()
CLUSTER, SERVER = "postgres", "prefect"
# Whole nights take longest: begun first, they do not keep one core waiting for the other at the end.
NIGHTS_FIRST = ("e2e", "flows", "simulation", "crash", "reruns")
HERE = len(Path(__file__).parent.parts)


def _when(item: pytest.Item) -> int:
    folder = item.path.parts[HERE]
    return NIGHTS_FIRST.index(folder) if folder in NIGHTS_FIRST else len(NIGHTS_FIRST)


def pytest_configure(config: pytest.Config) -> None:
    """The process that starts the others makes the folder they share and, at the end, takes it away."""
    given = getattr(config, "workerinput", {}).get("shared")
    config.stash[SHARED] = Path(given or tempfile.mkdtemp(prefix="cheonggu-tests-"))
    if given is None:
        config.stash[SHARED].chmod(0o755)  # PostgreSQL's own user passes through it


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["shared"] = str(node.config.stash[SHARED])


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or SHARED not in config.stash:
        return
    shared = config.stash[SHARED]
    stop_server(shared / SERVER)
    stop_cluster(shared / CLUSTER)
    shutil.rmtree(shared, ignore_errors=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=_when)
    if BINARIES is not None:
        return
    needing = [item for item in items if "postgres_cluster" in getattr(item, "fixturenames", ())]
    if needing and os.environ.get("CI"):
        raise pytest.UsageError("PostgreSQL server binaries are missing; .ci/run installs them")
    config.hook.pytest_deselected(items=needing)
    items[:] = [item for item in items if item not in needing]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if BINARIES is None:
        terminalreporter.write_line(
            "Left out: tests on PostgreSQL (no server binaries found on this machine)."
        )


@pytest.fixture(scope="session")
def shared(request: pytest.FixtureRequest) -> Path:
    """A folder that the processes of this run share; see :func:`tests.shared.make_once`."""
    return request.config.stash[SHARED]


@pytest.fixture(scope="session")
def postgres_cluster(shared: Path) -> str:
    """Base URL of the run's private cluster, started by the first test that asks for it."""
    return (make_once(shared, CLUSTER, start_cluster) / "url").read_text(encoding="ascii")


@pytest.fixture
def postgres_url(postgres_cluster: str) -> Iterator[str]:
    """URL of a fresh, empty database: ``postgresql://…/name`` (add a driver where one is needed)."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(f"{postgres_cluster}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        yield f"{postgres_cluster}/{name}"
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
