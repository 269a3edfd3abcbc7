"""The same receipt line in two claims, of which the first waits for its decision."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.schemes.school_safety import region_night as night

COPIED = ("benefit_claim", "receipt", "item", "attachment")


def copy_claim(folder: Path, key: str, other: str) -> None:
    """A second entry of a claim: the same receipts under a key of its own."""
    with sqlite3.connect(folder / "region" / "region.db") as connection:
        for view in COPIED:
            table = f"region_{view}"
            names = [one[1] for one in connection.execute(f"PRAGMA table_info({table})")]
            shown = ["?" if one == "statement_key" else one for one in names]
            connection.execute(
                f"INSERT INTO {table} SELECT {', '.join(shown)} FROM {table} WHERE statement_key = ?",
                (other, key),
            )


@pytest.mark.long
def test_a_line_that_waits_for_its_decision_is_not_asked_for_again(tmp_path: Path) -> None:
    folder = night.build(tmp_path)
    night.run_until_checked()
    out = {key for (key,) in night.ask(folder, "SELECT statement_key FROM claim_statement")}
    parents = night.look(
        folder,
        """SELECT statement_key FROM region_benefit_claim WHERE claimant_role = 'parent' AND statement_key NOT IN
        (SELECT statement_key FROM region_scar) ORDER BY 1""",
    )
    key = next(one for (one,) in parents if one in out)
    copy_claim(folder, key, "AGAIN")
    night.run_until_checked(night.later(1))
    found = night.ask(folder, "SELECT statement_key, rule_id FROM finding WHERE rule_id = 'DBL-002'")
    assert set(found) == {("AGAIN", "DBL-002")}
    states = dict(
        night.ask(
            folder, "SELECT statement_key, state FROM statement WHERE statement_key IN (?, 'AGAIN')", key
        )
    )
    assert states == {key: "ASSIGNED", "AGAIN": "BLOCKED"}
