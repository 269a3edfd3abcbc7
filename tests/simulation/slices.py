"""Long stays of the made-up hospital: two admissions of one group become the first and the second slice of one."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

ADMISSIONS = """SELECT provider_code, form_no, payer_class, care_field, statement_key, care_from FROM hospital_statement
WHERE admission_key != '' ORDER BY 1, 2, 3, 4, care_from, 5"""
# What a stay has once, however many claims it is cut into.
OF_THE_STAY = (
    "patient_key",
    "admission_key",
    "patient_name",
    "patient_rrn",
    "subscriber_name",
    "insurance_card_no",
)
SHARE = 0.5


def slice_admissions(hospital: Path, clean: Path, unsound: Collection[str], seed: int) -> int:
    """Join some neighbours that are sound, in the hospital and in its twin without defects; gives how many."""
    dice = random.Random(f"slices {seed}")
    with closing(sqlite3.connect(hospital)) as connection:
        rows = connection.execute(ADMISSIONS).fetchall()
    pairs, place = [], 0
    while place + 1 < len(rows):
        first, later = rows[place], rows[place + 1]
        fits = first[:4] == later[:4] and first[5] < later[5] and not {first[4], later[4]} & set(unsound)
        if fits and dice.random() < SHARE:
            pairs.append((first[4], later[4], first[5]))
            place += 1
        place += 1
    for path in (hospital, clean):
        _join(path, pairs)
    return len(pairs)


def _join(path: Path, pairs: list[tuple[str, str, str]]) -> None:
    same = ", ".join(
        f"{name} = (SELECT {name} FROM hospital_statement WHERE statement_key = :first)"
        for name in OF_THE_STAY
    )
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE slice (statement_key TEXT PRIMARY KEY, admitted_on TEXT)")
        for first, later, admitted_on in pairs:
            values = {"first": first, "later": later, "day": admitted_on}
            connection.execute(
                f"UPDATE hospital_statement SET {same}, slice_no = 2 WHERE statement_key = :later", values
            )
            connection.execute("INSERT INTO slice VALUES (:later, :day)", values)
        (view,) = connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'cheonggu_statement'"
        ).fetchone()
        connection.execute("DROP VIEW cheonggu_statement")
        admitted = (
            "(SELECT admitted_on FROM slice WHERE slice.statement_key = hospital_statement.statement_key)"
        )
        connection.execute(
            view.replace("NULL AS first_admission_date", f"{admitted} AS first_admission_date")
        )
