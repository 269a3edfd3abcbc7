"""Items that the made-up hospital finds after a statement was claimed: what additional claims (추가청구) are for."""

from __future__ import annotations

import sqlite3
from datetime import date

FIRST_SEQ = 900
CODES = ("AA222", "AA223", "AA254", "KK010", "KK020")
TABLE = "CREATE TABLE IF NOT EXISTS found_late (statement_key TEXT, line_seq INTEGER, line_code TEXT, found_on TEXT)"
EVERY = "SELECT statement_key, line_seq, line_code, found_on FROM found_late"
WON = "SELECT line_amount / 10 * 10 FROM hospital_line WHERE statement_key = ? ORDER BY line_seq LIMIT 1"
RAISE = """UPDATE hospital_statement SET total_benefit_cost_1 = total_benefit_cost_1 + :won,
    total_benefit_cost_2 = total_benefit_cost_2 + :won, claimed_amount = claimed_amount + :won
    WHERE statement_key = :key"""


def find(connection: sqlite3.Connection, key: str, day: date) -> None:
    """One item more on a statement, and its amounts with it; at most one of a code."""
    connection.execute(TABLE)
    seqs = connection.execute("SELECT count(*) FROM found_late WHERE statement_key = ?", (key,)).fetchone()[0]
    if seqs < len(CODES):
        row = (key, FIRST_SEQ + seqs, CODES[seqs], day.isoformat())
        connection.execute("INSERT INTO found_late VALUES (?, ?, ?, ?)", row)
        _add(connection, *row[:3])


def add_again(connection: sqlite3.Connection, key: str) -> None:
    """After the record was made anew: what was found late is still true."""
    connection.execute(TABLE)
    for row in connection.execute(f"{EVERY} WHERE statement_key = ? ORDER BY 2", (key,)).fetchall():
        _add(connection, *row[:3])


def every(connection: sqlite3.Connection) -> list[tuple[str, int, str, str]]:
    """statement_key, line_seq, code and the day it was found."""
    connection.execute(TABLE)
    return connection.execute(f"{EVERY} ORDER BY 1, 2").fetchall()


def _add(connection: sqlite3.Connection, key: str, seq: int, code: str) -> None:
    (won,) = connection.execute(WON, (key,)).fetchone()
    names = [row[1] for row in connection.execute("PRAGMA table_info(hospital_line)")]
    changed = {"line_seq": ":seq", "line_code": ":code"}
    picked = ", ".join(changed.get(name, name) for name in names)
    values = {"key": key, "seq": seq, "code": code, "won": won}
    connection.execute(
        f"INSERT INTO hospital_line SELECT {picked} FROM hospital_line WHERE statement_key = :key AND line_seq = "
        "(SELECT min(line_seq) FROM hospital_line WHERE statement_key = :key)",
        values,
    )
    connection.execute(RAISE, values)
