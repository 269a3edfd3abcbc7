"""A Prefect server for one test run: flows that tests start from a shell need not each bring up one of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

from tests.postgres import free_port

SECONDS_AT_MOST = 180
# What a server does by the clock, which flows started from a shell do not need; it records all that they do.
BY_THE_CLOCK = (
    "SCHEDULER", "LATE_RUNS", "PAUSE_EXPIRATIONS", "CANCELLATION_CLEANUP", "FOREMAN", "REPOSSESSOR",
    "CLEANUP_RECONCILER",
)  # fmt: skip


def start_server(home: Path) -> None:
    """Start a server that keeps everything in ``home``; ``home/url`` holds the address of its API."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/api"
    settings = {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": url,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        **{f"PREFECT_SERVER_SERVICES_{name}_ENABLED": "false" for name in BY_THE_CLOCK},
    }
    command = [sys.executable, "-m", "prefect", "server", "start", "--no-ui"]
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            env=os.environ | settings,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    (home / "pid").write_text(str(server.pid), encoding="ascii")
    deadline = time.monotonic() + SECONDS_AT_MOST
    while not is_up(url):
        assert server.poll() is None, (home / "server.log").read_text(encoding="utf-8")
        assert time.monotonic() < deadline, "the Prefect server did not come up"
        time.sleep(0.2)
    (home / "url").write_text(url, encoding="ascii")


def is_up(api: str) -> bool:
    try:
        urllib.request.urlopen(f"{api}/health", timeout=2)
    except OSError:
        return False
    return True


def stop_server(home: Path) -> None:
    """Stop what :func:`start_server` started there, if anything."""
    with suppress(FileNotFoundError, ProcessLookupError):
        os.killpg(int((home / "pid").read_text(encoding="ascii")), signal.SIGKILL)
