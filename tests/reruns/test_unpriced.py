"""A hospital that gives no amounts: what we worked out before is no change now, and additions are differences of it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from cheonggu.schemes.hira.amounts import AMOUNTS
from cheonggu.site import SITE_VARIABLE
from tests.reruns.rerun_builders import (
    ONE_CLAIM,
    change,
    finish,
    hand_off,
    key_of,
    plan,
    receive,
    request,
    review,
    sent_claim,
    start,
    wire,
)
from tests.reruns.test_other_classes import ADD_LINE, know_item
from tests.support import build_hospital, keep_only, run_until_checked, write_site


@pytest.fixture
def silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hospital that leaves every amount to us: one claim handed off and received."""
    site = tmp_path / "silent"
    keep_only(build_hospital(site / "hospital", 300), ONE_CLAIM)
    with sqlite3.connect(site / "hospital" / "hospital.db") as connection:
        held = {row[1] for row in connection.execute("PRAGMA table_info(hospital_statement)")}
        none = ", ".join(f"{name} = NULL" for name in AMOUNTS if name in held)
        connection.execute(f"UPDATE hospital_statement SET {none}")
    monkeypatch.setenv(SITE_VARIABLE, str(site / "site.toml"))
    run_until_checked(write_site(site))
    hand_off(site)
    receive(site, "0001234")
    return site


def test_amounts_that_were_left_to_us_are_no_change_and_are_worked_out_for_an_addition(silent: Path) -> None:
    claim = review(silent, {"00005": "16-10"}, "20260701")
    supplements = plan(silent, request("supplementary"))
    assert ([one.word for one in supplements.left_out], supplements.planned) == (["unchanged"], ())
    key = key_of(silent, claim.claim_no, "00006")
    know_item(silent, key, "AA222")
    change(silent, ADD_LINE, 90, "AA222", key)
    (one,) = plan(silent, request("additional")).planned
    assert [(each.view, each.field, each.new) for each in one.changes] == [("line", "row", "added")]
    start(silent, request("additional"))
    finish(silent)
    (general,) = wire(silent, sent_claim(silent))["A"].to_pylist()
    assert general["total_benefit_cost_1"] == general["patient_copay"] + general["claimed_amount"] > 0
