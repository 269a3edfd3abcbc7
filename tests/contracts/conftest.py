"""Empty ledgers for the contract tests, migrated once per run and copied: the migrations have tests of their own."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.ledger.ledger_builders import open_at
from tests.shared import make_once

TEMPLATE = "ledger_template"


@pytest.fixture
def sqlite_ledger(shared: Path, tmp_path: Path) -> str:
    """URL of an empty ledger of the builders' secret in SQLite."""
    made = make_once(shared, TEMPLATE, lambda place: open_at(f"sqlite:///{place / 'ledger.db'}").close())
    shutil.copyfile(made / "ledger.db", tmp_path / "ledger.db")
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def postgres_ledger(shared: Path, postgres_cluster: str) -> Iterator[str]:
    """URL of an empty ledger of the builders' secret in PostgreSQL."""
    name = f"l_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(f"{postgres_cluster}/postgres", autocommit=True) as connection:

        def make(_: Path) -> None:
            connection.execute(f"DROP DATABASE IF EXISTS {TEMPLATE}")
            connection.execute(f"CREATE DATABASE {TEMPLATE}")
            open_at(f"{postgres_cluster}/{TEMPLATE}").close()

        make_once(shared, f"postgres_{TEMPLATE}", make)
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        yield f"{postgres_cluster}/{name}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
