"""Opening a ledger: migrations, several openers at once, and databases that cannot be used."""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from cheonggu.errors import SiteError, UsageError
from cheonggu.ledger.migrations import known_revisions
from cheonggu.ledger.tables import metadata
from tests.ledger.ledger_builders import ACTOR, extract, members, new_batch, open_at


def compare(url: str) -> list[object]:
    open_at(url).close()
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = list(compare_metadata(context, metadata))
    engine.dispose()
    return differences


def test_the_migrations_give_the_tables_of_the_code_on_sqlite(tmp_path: Path) -> None:
    assert compare(f"sqlite:///{tmp_path / 'ledger.db'}") == []


def test_the_migrations_give_the_tables_of_the_code_on_postgresql(postgres_url: str) -> None:
    assert compare(postgres_url) == []


def open_many(url: str) -> None:
    errors: list[BaseException] = []

    def open_one() -> None:
        try:
            open_at(url).close()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=open_one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with open_at(url) as ledger:
        assert ledger.verify() == []


def test_many_may_open_an_empty_ledger_at_once_on_sqlite(tmp_path: Path) -> None:
    open_many(f"sqlite:///{tmp_path / 'ledger.db'}")


def test_many_may_open_an_empty_ledger_at_once_on_postgresql(postgres_url: str) -> None:
    open_many(postgres_url)


def test_a_ledger_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    open_at(url).close()
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SiteError, match="newer program"):
        open_at(url)
    assert known_revisions()[0] == "0001"


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "mysql://host/name", "no url at all", "duckdb:///file"]
)
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(UsageError, match="neither sqlite"):
        open_at(url)


def test_an_unreachable_server_says_what_to_do() -> None:
    with pytest.raises(SiteError, match="Check connection") as caught:
        open_at("postgresql://cheonggu@127.0.0.1:1/none")
    assert (caught.value.exit_code, caught.value.can_retry) == (3, True)


def test_a_new_ledger_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    with open_at(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        extract(ledger, "b1")
        assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_a_missing_folder_or_a_strange_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "strange.db").write_bytes(b"no database at all" * 100)
    for name in ("none/ledger.db", "strange.db"):
        with pytest.raises(SiteError, match="database failed"):
            open_at(f"sqlite:///{tmp_path / name}")


def test_a_full_disk_keeps_nothing_and_says_so(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with open_at(url) as ledger:
        pages = sqlite3.connect(tmp_path / "ledger.db").execute("PRAGMA page_count").fetchone()[0]
        with ledger._engine.connect() as connection:  # the pool hands the same connection out again
            connection.execute(text(f"PRAGMA max_page_count = {pages + 2}"))
        rows = members("b1", [f"S{number:05d}" for number in range(2_000)])
        with pytest.raises(SiteError, match="disk"):
            ledger.add_batches([new_batch("b1")], rows, ACTOR)
        assert ledger.batches("hira") == []
    with open_at(url) as ledger:
        extract(ledger, "b1")
        assert ledger.verify() == []


def test_an_error_of_the_database_quotes_no_values(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with open_at(url) as ledger:
        extract(ledger, "b1")
        with sqlite3.connect(tmp_path / "ledger.db") as connection:
            connection.execute("DROP TABLE remark")
        with pytest.raises(SiteError) as caught:
            ledger.keep_remark("11100011", "H010", "a text of 8001011234567", ACTOR)
    assert "8001011234567" not in str(caught.value)
    assert "8001011234567" not in str(caught.value.__cause__)


def test_the_lock_file_needs_its_folder(tmp_path: Path) -> None:
    with open_at(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        (tmp_path / "ledger.db.hira-submit.lock").mkdir()
        with pytest.raises(SiteError, match="lock file"), ledger.exclusive("hira-submit"):
            pass
        os.rmdir(tmp_path / "ledger.db.hira-submit.lock")
