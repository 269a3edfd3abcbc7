"""The simulator's own books: what came in, what HIRA would know about it, what was answered. SQLite, stdlib only.

They are kept apart from the product's ledger on purpose: the two are compared to find anything lost or doubled.
A patient is never stored: a statement's identity is a keyed hash, the key lies beside the books.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS document (          -- one set of files in the client, sent or not
  document_id TEXT PRIMARY KEY, seen_on TEXT NOT NULL, content_hash TEXT NOT NULL, files TEXT NOT NULL,
  state TEXT NOT NULL,                         -- arriving → examined → answering → answered
  outbox TEXT,                                 -- waiting | refused | sent | deleted
  exam_status INTEGER, problem_count INTEGER,
  kind TEXT, provider_code TEXT, claim_no TEXT, form_no TEXT, payer_class TEXT, claim_class TEXT,
  claim_unit TEXT, treatment_month TEXT, setting TEXT, statement_count INTEGER, total_1 INTEGER,
  copay INTEGER, claimed_amount INTEGER);
CREATE TABLE IF NOT EXISTS problem (
  document_id TEXT NOT NULL, level TEXT NOT NULL, code TEXT NOT NULL, text TEXT NOT NULL, file TEXT NOT NULL,
  record TEXT NOT NULL, statement_no TEXT NOT NULL, line_no INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS claim (             -- what HIRA holds: one row per document that was sent
  document_id TEXT PRIMARY KEY, provider_code TEXT NOT NULL, claim_no TEXT NOT NULL,
  state TEXT NOT NULL,                         -- received | returned
  sent_on TEXT NOT NULL, receipt_year TEXT, receipt_no TEXT, last_round TEXT,
  UNIQUE (receipt_year, receipt_no));
CREATE TABLE IF NOT EXISTS statement (
  document_id TEXT NOT NULL, statement_no TEXT NOT NULL, identity TEXT NOT NULL, claim_class TEXT NOT NULL,
  original_receipt_no TEXT NOT NULL, original_statement_no TEXT NOT NULL, reason_code TEXT NOT NULL,
  total_1 INTEGER NOT NULL, copay INTEGER NOT NULL, claimed_amount INTEGER NOT NULL,
  lines TEXT NOT NULL, prescriptions TEXT NOT NULL,  -- "1:12000:AA254,…": line number, won and code
  is_held_by_hira INTEGER NOT NULL DEFAULT 0,  -- 1 from receipt until the claim is returned
  forced_code TEXT,                            -- impossible code that must follow (double, bad reference)
  outcome TEXT, code TEXT, decided_total_1 INTEGER, decided_copay INTEGER, decided_amount INTEGER,
  review_round TEXT, settled_difference INTEGER NOT NULL DEFAULT 0, replaced_by TEXT,
  PRIMARY KEY (document_id, statement_no));
CREATE INDEX IF NOT EXISTS statement_identity ON statement (identity);
CREATE TABLE IF NOT EXISTS complaint (         -- you sent this twice; this you never sent
  number INTEGER PRIMARY KEY, day TEXT NOT NULL, said TEXT NOT NULL, basis TEXT NOT NULL,
  document_id TEXT NOT NULL, claim_no TEXT NOT NULL, statement_no TEXT, other_document_id TEXT);
CREATE TABLE IF NOT EXISTS plan (              -- answers still to come, in order of day and number
  number INTEGER PRIMARY KEY, document_id TEXT NOT NULL, kind TEXT NOT NULL, due_on TEXT NOT NULL,
  done_on TEXT);
CREATE TABLE IF NOT EXISTS notice (
  number INTEGER PRIMARY KEY, document_no TEXT NOT NULL, kind TEXT NOT NULL, document_id TEXT NOT NULL,
  made_on TEXT NOT NULL, file TEXT NOT NULL, sha256 TEXT NOT NULL, mishap TEXT,
  is_delivered INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS filing (            -- requests for re-review and objections, filed at the portal
  number INTEGER PRIMARY KEY, document_id TEXT NOT NULL, statement_no TEXT NOT NULL, kind TEXT NOT NULL,
  filed_on TEXT NOT NULL, is_late INTEGER NOT NULL,
  state TEXT NOT NULL);                        -- filed | received | returned | decided
CREATE TABLE IF NOT EXISTS said (              -- what a sound notice said, for the comparison with the ledger
  number INTEGER PRIMARY KEY, document_no TEXT NOT NULL, document_id TEXT NOT NULL, statement_no TEXT NOT NULL,
  what TEXT NOT NULL,  -- received | returned | decided | settled | objected | advance | paid | recovered
  outcome TEXT NOT NULL, round TEXT NOT NULL, won INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS said_of_document ON said (document_id, what);
"""


class Books:
    """An open connection to the books of one client folder; every change happens inside ``changing``."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = sqlite3.connect(folder / "lock.db", timeout=60, isolation_level=None)
        with self.alone():
            self._key = _identity_key(folder / "identity.key")
        self._connection = sqlite3.connect(folder / "books.db", timeout=60, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        with self.alone():
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(SCHEMA)

    def close(self) -> None:
        self._connection.close()
        self._lock.close()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes from moving files meanwhile; the system lets go of it when a process dies."""
        self._lock.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            self._lock.execute("ROLLBACK")

    def identify(self, *parts: str) -> str:
        """A keyed hash of what makes a statement one visit of one patient; the parts are not kept."""
        return hashlib.blake2b("|".join(parts).encode(), key=self._key, digest_size=16).hexdigest()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """One transaction that also keeps other processes from changing: all or nothing."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        return self._connection.execute(query, values).fetchall()

    def one(self, query: str, *values: Any) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._connection.execute(query, values).fetchone()
        return row

    def value(self, query: str, *values: Any) -> Any:
        """The first column of the first row, None when there is none."""
        row = self.one(query, *values)
        return None if row is None else row[0]

    def change(self, query: str, *values: Any) -> int:
        return self._connection.execute(query, values).rowcount

    def insert(self, table: str, rows: Iterable[dict[str, Any]]) -> None:
        """Insert rows that all have the same columns; column names are ours, values are bound."""
        rows = list(rows)
        if rows:
            names = list(rows[0])
            places = ", ".join(f":{name}" for name in names)
            self._connection.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})", rows)

    def change_many(self, query: str, rows: Iterable[dict[str, Any]]) -> None:
        self._connection.executemany(query, rows)

    def setting(self, name: str) -> str | None:
        value: str | None = self.value("SELECT value FROM setting WHERE name = ?", name)
        return value

    def keep_setting(self, name: str, value: str) -> None:
        self.change("INSERT OR REPLACE INTO setting VALUES (?, ?)", name, value)

    def complain(
        self,
        day: str,
        said: str,
        basis: str,
        document: sqlite3.Row,
        statement_no: str | None,
        other: str | None,
    ) -> None:
        row = {
            "day": day,
            "said": said,
            "basis": basis,
            "document_id": document["document_id"],
            "claim_no": document["claim_no"],
            "statement_no": statement_no,
            "other_document_id": other,
        }
        self.insert("complaint", [row])

    def say(
        self,
        document_no: str,
        document_id: str,
        what: str,
        statements: Iterable[tuple[str, str, int]] = (("", "", 0),),
        round_no: str = "",
    ) -> None:
        """Take down what a notice says of a claim: statement serial or "", outcome and won, one row each."""
        same = {"document_no": document_no, "document_id": document_id, "what": what, "round": round_no}
        rows = ({**same, "statement_no": one, "outcome": two, "won": won} for one, two, won in statements)
        self.insert("said", rows)


def plan_answer(books: Books, document_id: str, kind: str, due: date) -> None:
    """Note that HIRA will answer about a claim on a day."""
    books.insert("plan", [{"document_id": document_id, "kind": kind, "due_on": due.isoformat()}])


def status(books: Books, *, with_statements: bool = False) -> dict[str, Any]:
    """Everything the simulator knows, as plain data: outbox, claims with won, complaints, pending answers."""
    report: dict[str, Any] = {
        "documents": [_document(books, row) for row in books.rows("SELECT * FROM document ORDER BY rowid")],
        "claims": [_claim(books, row) for row in books.rows(CLAIMS)],
        "complaints": [dict(row) for row in books.rows("SELECT * FROM complaint ORDER BY number")],
        "pending": [
            dict(row)
            for row in books.rows(
                "SELECT document_id, kind, due_on FROM plan WHERE done_on IS NULL ORDER BY due_on, number"
            )
        ],
        "notices": [
            dict(row)
            for row in books.rows(
                "SELECT document_no, kind, document_id, made_on, file, sha256, mishap FROM notice ORDER BY number"
            )
        ],
    }
    if with_statements:
        report["statements"] = [dict(row) for row in books.rows(STATEMENTS)]
    return report


CLAIMS = """
SELECT d.document_id, d.provider_code, d.claim_no, d.kind, d.payer_class, d.claim_class, d.treatment_month, c.state,
       c.sent_on, c.receipt_year, c.receipt_no, c.last_round, d.statement_count, d.total_1, d.claimed_amount
FROM claim c JOIN document d USING (document_id) ORDER BY c.rowid"""
OUTCOMES = """
SELECT coalesce(outcome, 'undecided') AS outcome, count(*) AS statements, sum(claimed_amount) AS claimed_amount,
       coalesce(sum(decided_amount), 0) AS decided_amount, sum(settled_difference) AS settled_difference
FROM statement WHERE document_id = ? GROUP BY 1 ORDER BY 1"""
STATEMENTS = """
SELECT d.provider_code, d.claim_no, s.document_id, s.statement_no, s.claim_class, s.is_held_by_hira, s.outcome,
       s.code, s.claimed_amount, s.decided_amount, s.settled_difference, s.review_round, s.replaced_by
FROM statement s JOIN document d USING (document_id) JOIN claim c USING (document_id) ORDER BY c.rowid, 4"""


def _document(books: Books, row: sqlite3.Row) -> dict[str, Any]:
    names = ("document_id", "seen_on", "state", "outbox", "exam_status", "problem_count", "provider_code")
    problems = books.rows("SELECT * FROM problem WHERE document_id = ?", row["document_id"])
    return {
        **{name: row[name] for name in (*names, "claim_no", "content_hash")},
        "files": json.loads(row["files"]),
        "problems": [{key: one[key] for key in one.keys()} for one in problems],  # noqa: SIM118
    }


def _claim(books: Books, row: sqlite3.Row) -> dict[str, Any]:
    outcomes = [dict(one) for one in books.rows(OUTCOMES, row["document_id"])]
    return {
        **dict(row),
        "decided_amount": sum(one["decided_amount"] for one in outcomes),
        "settled_difference": sum(one["settled_difference"] for one in outcomes),
        "outcomes": {one["outcome"]: one["statements"] for one in outcomes},
    }


def _identity_key(path: Path) -> bytes:
    """A random key, made once and never half-written."""
    if not path.exists():
        new = path.with_suffix(".new")
        new.write_bytes(os.urandom(32))
        os.replace(new, path)
    return path.read_bytes()
