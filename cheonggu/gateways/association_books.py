"""The simulated association's own books: packages, claims, lines, what is planned and what was said. SQLite only.

No name, birthday or account is kept: accident numbers and amounts are enough to answer.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS package (
  token TEXT PRIMARY KEY, document_id TEXT NOT NULL, status INTEGER NOT NULL, provider_code TEXT NOT NULL,
  claim_no TEXT NOT NULL, claim_class TEXT NOT NULL, claim_count INTEGER NOT NULL, claimed_won INTEGER NOT NULL,
  came_on TEXT NOT NULL, receipt_no TEXT, is_returned INTEGER NOT NULL DEFAULT 0, rounds INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS problem (token TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS claim (
  token TEXT NOT NULL, statement_no TEXT NOT NULL, accident_no TEXT NOT NULL, claimed_won INTEGER NOT NULL,
  outcome TEXT NOT NULL, decided_won INTEGER, round TEXT, PRIMARY KEY (token, statement_no));
CREATE TABLE IF NOT EXISTS line (
  token TEXT NOT NULL, statement_no TEXT NOT NULL, item_no INTEGER NOT NULL, is_claimed INTEGER NOT NULL,
  won INTEGER NOT NULL, PRIMARY KEY (token, statement_no, item_no));
CREATE TABLE IF NOT EXISTS receipt (           -- one claim per receipt; a second one is a complaint
  receipt_key TEXT NOT NULL, accident_no TEXT NOT NULL, token TEXT NOT NULL, statement_no TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS complaint (
  number INTEGER PRIMARY KEY, said TEXT NOT NULL, token TEXT NOT NULL, statement_no TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS plan (
  number INTEGER PRIMARY KEY, token TEXT NOT NULL, statement_no TEXT NOT NULL, kind TEXT NOT NULL,
  due_on TEXT NOT NULL, is_done INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS notice (number INTEGER PRIMARY KEY, document_no TEXT NOT NULL, kind TEXT NOT NULL);
"""


class Books:
    """An open connection; every change happens inside ``changing``."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(folder / "books.db", timeout=60, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.executescript(SCHEMA)

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """One transaction: all or nothing."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        return self._connection.execute(query, values).fetchall()

    def value(self, query: str, *values: Any) -> Any:
        """The first column of the first row, None when there is none."""
        row = self._connection.execute(query, values).fetchone()
        return None if row is None else row[0]

    def change(self, query: str, *values: Any) -> None:
        self._connection.execute(query, values)

    def insert(self, table: str, **values: Any) -> None:
        """One row; column names are ours, values are bound."""
        marks = ", ".join("?" for _ in values)
        self._connection.execute(
            f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", tuple(values.values())
        )

    def setting(self, name: str) -> str | None:
        found: str | None = self.value("SELECT value FROM setting WHERE name = ?", name)
        return found

    def keep_setting(self, name: str, value: str) -> None:
        self.change("INSERT OR REPLACE INTO setting VALUES (?, ?)", name, value)
