"""One Prefect server for the flows that these tests start from a shell, with settings that lead there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import SERVER
from tests.prefect_server import start_server
from tests.shared import make_once


@pytest.fixture(scope="session")
def prefect_server(shared: Path) -> dict[str, str]:
    """Environment of a process whose flows run against the run's own server, which the first test starts."""
    home = make_once(shared, SERVER, start_server)
    return {"PREFECT_API_URL": (home / "url").read_text(encoding="ascii"), "PREFECT_HOME": str(home)}
