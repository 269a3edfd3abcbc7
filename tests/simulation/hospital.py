"""A made-up hospital that lives through the simulated nights: care closes, reviews come late, records are mended.

The whole time is built at once by the product's own sample builder; what the hospital would not know yet is hidden
until its day. The twin without planted defects supplies the mended records.
"""

from __future__ import annotations

import csv
import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from unittest import mock

import pyarrow as pa

from cheonggu.findings import none_found
from cheonggu.schemes import SCHEMES
from cheonggu.sources.sample import build_sample
from schemas.shapes import ShapeInput
from schemas.verdicts import Verdict
from tests.simulation import found_late
from tests.simulation.slices import slice_admissions

VIEWS = SCHEMES["hira"].views.statement
STATEMENTS_A_MONTH = 110  # before only some groups are kept
INPATIENT = "H020"
Check = Callable[[ShapeInput], Verdict]
GROUPS = """SELECT provider_code, form_no, payer_class, care_field, count(*) FROM hospital_statement
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"""
REVEALED = """UPDATE hospital_statement SET reviewed_on =
(SELECT known_on FROM later WHERE later.statement_key = hospital_statement.statement_key) WHERE statement_key IN
(SELECT statement_key FROM later WHERE known_on <= ?) AND reviewed_on IS NULL"""


class Hospital:
    """The hospital of one seed in ``folder/hospital.db``. Everything it does depends on the seed and the day alone."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.path, self.seed, self.news = folder / "hospital.db", seed, 0
        self.unsound: set[str] = set()
        self.slices = 0

    @classmethod
    def build(cls, folder: Path, seed: int, first: date, last: date) -> Hospital:
        """Care of every month from ``first``'s to the one before ``last``'s, of a few groups."""
        months = (last.year - first.year) * 12 + last.month - first.month
        count = max(100, STATEMENTS_A_MONTH * months)
        due = mock.patch("cheonggu.sources.sample.calendar.MONTHS_DUE", months)
        clean = mock.patch("cheonggu.sources.sample.build.plant_defects", return_value=[])
        with due:
            build_sample(folder, statements=count, as_of=last, seed=seed)
            with clean:
                build_sample(folder / "clean", statements=count, as_of=last, seed=seed)
        hospital = cls(folder, seed)
        with (folder / "truth.csv").open(encoding="utf-8", newline="") as stream:
            hospital.unsound = {row["statement_key"] for row in csv.DictReader(stream)}
        hospital._keep_few_groups(f"{first:%Y%m}", months)
        hospital.slices = slice_admissions(
            hospital.path, folder / "clean" / "hospital.db", hospital.unsound, seed
        )
        hospital._hide_the_future()
        return hospital

    def _open(self) -> closing[sqlite3.Connection]:
        return closing(sqlite3.connect(self.path))

    def _keep_few_groups(self, first_month: str, months: int) -> None:
        """One to three kinds of claim, and of each only so many statements that a night stays cheap."""
        dice = random.Random(f"groups {self.seed}")
        with self._open() as connection, connection:
            groups = [row[:4] for row in connection.execute(GROUPS) if row[4] >= 3 * months]
            chosen = dice.sample(groups, min(len(groups), dice.randint(1, 3)))
            stays = [group for group in groups if group[1] == INPATIENT and group not in chosen]
            chosen += stays if dice.random() < 0.5 else []
            share = dice.uniform(0.3, 0.9)
            kept = [
                key
                for key, month, *group in connection.execute(
                    "SELECT statement_key, care_month, provider_code, form_no, payer_class, care_field"
                    " FROM hospital_statement ORDER BY 1"
                )
                if month >= first_month and tuple(group) in chosen and dice.random() < share
            ]
            connection.execute("CREATE TABLE kept (statement_key TEXT PRIMARY KEY)")
            connection.executemany("INSERT INTO kept VALUES (?)", [(key,) for key in kept])
            for view in VIEWS:
                connection.execute(
                    f"DELETE FROM hospital_{view} WHERE statement_key NOT IN (SELECT statement_key FROM kept)"
                )

    def _hide_the_future(self) -> None:
        """When each statement's own review and each day's closing become known."""
        dice = random.Random(f"late {self.seed}")
        with self._open() as connection, connection:
            connection.execute("CREATE TABLE later (statement_key TEXT PRIMARY KEY, known_on TEXT)")
            rows = connection.execute(
                "SELECT statement_key, care_to FROM hospital_statement ORDER BY 1"
            ).fetchall()
            for key, care_to in rows:
                wait = dice.randint(20, 55) if dice.random() < 0.12 else dice.randint(0, 3)
                known = date.fromisoformat(care_to) + timedelta(days=wait)
                connection.execute("INSERT INTO later VALUES (?, ?)", (key, known.isoformat()))
            connection.execute("UPDATE hospital_statement SET reviewed_on = NULL")
            connection.execute(
                "INSERT INTO hospital_closed_day SELECT DISTINCT provider_code, care_to FROM hospital_statement"
                " EXCEPT SELECT provider_code, care_on FROM hospital_closed_day"
            )

    def reach(self, day: date) -> None:
        """What the hospital knows by the evening of ``day``."""
        with self._open() as connection, connection:
            self.news += connection.execute(REVEALED, (day.isoformat(),)).rowcount

    def mend(self, keys: Iterable[str], day: date) -> None:
        """Blocked statements corrected: their records as they should have been from the start."""
        with self._open() as connection:
            connection.execute(
                "ATTACH DATABASE ? AS clean", (str(self.path.parent / "clean" / "hospital.db"),)
            )
            with connection:
                for key in keys:
                    for view in VIEWS:
                        connection.execute(f"DELETE FROM hospital_{view} WHERE statement_key = ?", (key,))
                        connection.execute(
                            f"INSERT INTO hospital_{view} SELECT * FROM clean.hospital_{view} WHERE statement_key = ?",
                            (key,),
                        )
                    found_late.add_again(connection, key)
                    self._review_again(connection, key, day)

    def find_item(self, key: str, day: date) -> None:
        """An item of a statement that was left out when it was claimed."""
        with self._open() as connection, connection:
            found_late.find(connection, key, day)
            self._review_again(connection, key, day)

    def items(self) -> list[tuple[str, int, str, str]]:
        """What was found late: statement_key, line_seq, code and the day."""
        with self._open() as connection:
            return found_late.every(connection)

    def lines(self) -> dict[str, Counter[str]]:
        """Statement → the codes of its lines as the record stands today."""
        found: dict[str, Counter[str]] = {}
        with self._open() as connection:
            for key, code in connection.execute("SELECT statement_key, line_code FROM hospital_line"):
                found.setdefault(key, Counter())[code] += 1
        return found

    def review_again(self, keys: Iterable[str], day: date) -> None:
        """Returned statements looked at once more: the content is not the returned one any longer."""
        with self._open() as connection, connection:
            for key in keys:
                self._review_again(connection, key, day)

    def correct(self, keys: Iterable[str], day: date) -> None:
        """Impossible statements corrected: the patient's name is spelt anew."""
        with self._open() as connection, connection:
            for key in keys:
                name = "가나" + "다라마바사"[self.news % 5]
                again = "UPDATE hospital_statement SET patient_name = ? WHERE statement_key = ?"
                connection.execute(again, (name, key))
                self._review_again(connection, key, day)

    def _review_again(self, connection: sqlite3.Connection, key: str, day: date) -> None:
        self.news += 1
        again = "UPDATE hospital_statement SET reviewed_on = ? WHERE statement_key = ?"
        connection.execute(again, (day.isoformat(), key))

    def skip_what_is_sound(self, check: Check) -> Check:
        """The validation, spared where the sample's own truth says that there is nothing to find."""

        def spared(batch: ShapeInput) -> Verdict:
            keys = batch.tables["statement"]["statement_key"]
            if batch.doubles or not self.unsound.isdisjoint(keys.to_pylist()):
                return check(batch)
            ready = pa.table({"statement_key": keys, "is_ready": pa.array([True] * len(keys), pa.bool_())})
            return Verdict(ready, none_found(), batch.tables)

        return spared

    def holders(self, but: set[str]) -> set[str]:
        """Providers with a statement given free that is not among these."""
        query = "SELECT provider_code, statement_key FROM hospital_statement WHERE reviewed_on IS NOT NULL"
        with self._open() as connection:
            return {provider for provider, key in connection.execute(query) if key not in but}

    def reviewed(self, before_month: str) -> set[str]:
        """Statements that the hospital has given free, of care months before one (CCYYMM)."""
        query = (
            "SELECT statement_key FROM hospital_statement WHERE reviewed_on IS NOT NULL AND care_month < ?"
        )
        with self._open() as connection:
            return {key for (key,) in connection.execute(query, (before_month,))}
