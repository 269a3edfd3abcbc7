"""Fixtures every test folder may use: a private PostgreSQL cluster and fresh databases in it.

Tests that ask for ``postgres_url`` are left out, with a line saying so, where no PostgreSQL binaries are found;
in CI their absence is an error, because ``.ci/run`` installs them.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

NOBODY = 65534


def _binaries() -> Path | None:
    """The newest PostgreSQL server binaries of this machine, or None."""
    on_path = shutil.which("initdb")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: int(one.parts[-3]))
    if found:
        return found[-1].parent
    return Path(on_path).resolve().parent if on_path else None


BINARIES = _binaries()


# Whole nights take longest: begun first, they do not keep one core waiting for the other at the end.
NIGHTS_FIRST = ("e2e", "flows", "simulation", "crash", "reruns")


def _when(item: pytest.Item) -> int:
    folder = item.path.relative_to(Path(__file__).parent).parts[0]
    return NIGHTS_FIRST.index(folder) if folder in NIGHTS_FIRST else len(NIGHTS_FIRST)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=_when)
    if BINARIES is not None:
        return
    needing = [item for item in items if "postgres_url" in getattr(item, "fixturenames", ())]
    if needing and os.environ.get("CI"):
        raise pytest.UsageError("PostgreSQL server binaries are missing; .ci/run installs them")
    config.hook.pytest_deselected(items=needing)
    items[:] = [item for item in items if item not in needing]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if BINARIES is None:
        terminalreporter.write_line(
            "Left out: tests on PostgreSQL (no server binaries found on this machine)."
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _as_server_user(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root; root steps down to nobody."""
    if os.geteuid() != 0:
        return command
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *command]


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[str]:
    """Base URL of a private cluster on a free loopback port, stopped and removed at the end."""
    assert BINARIES is not None
    home = Path(tempfile.mkdtemp(prefix="cheonggu-pg-"))
    if os.geteuid() == 0:
        os.chown(home, NOBODY, NOBODY)
    port, data = _free_port(), home / "data"
    pg_ctl = str(BINARIES / "pg_ctl")
    subprocess.run(
        _as_server_user(
            [str(BINARIES / "initdb"), "-D", str(data), "-U", "cheonggu", "-A", "trust", "-E", "UTF8", "-N"]
        ),
        check=True,
        capture_output=True,
        cwd=home,
    )
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
    log = str(home / "log")
    subprocess.run(
        _as_server_user([pg_ctl, "-D", str(data), "-o", options, "-l", log, "-w", "start"]),
        check=True,
        cwd=home,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield f"postgresql://cheonggu@127.0.0.1:{port}"
    finally:
        subprocess.run(
            _as_server_user([pg_ctl, "-D", str(data), "-m", "immediate", "-w", "stop"]),
            check=False,
            cwd=home,
            stdout=subprocess.DEVNULL,
        )
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_cluster: str) -> Iterator[str]:
    """URL of a fresh, empty database: ``postgresql://…/name`` (add a driver where one is needed)."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(f"{postgres_cluster}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        yield f"{postgres_cluster}/{name}"
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
