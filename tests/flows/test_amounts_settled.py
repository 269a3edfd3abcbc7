"""Amounts in the night: gaps are filled before assembly, differences are findings, the policy says what stands."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from cheonggu.schemes.hira.amounts import AMOUNTS
from cheonggu.site import SITE_VARIABLE
from tests.support import CLINIC, build_hospital, keep_only, read_ledger, run_until_checked, write_site

FINDINGS = (
    "SELECT statement_key, rule_id, level FROM finding WHERE rule_id LIKE 'SET%' OR rule_id LIKE 'AMT%'"
)
BLOCKED = "SELECT statement_key FROM statement WHERE state = 'BLOCKED'"
SUMS = "SELECT header_sums FROM claim WHERE state NOT IN ('WITHDRAWN', 'CHECK_FAILED')"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Insured outpatients of one month at the clinic, without planted defects."""
    folder = tmp_path_factory.mktemp("template")
    hospital = build_hospital(folder / "hospital", 200)
    planted = [
        line.split(",")[0].strip('"') for line in (hospital / "truth.csv").read_text("utf-8").splitlines()
    ]
    where = f"provider_code = '{CLINIC}' AND care_month = '202606' AND form_no = 'H021' AND payer_class = '4'"
    keep_only(hospital, f"{where} AND statement_key NOT IN ({', '.join(repr(one) for one in planted)})")
    write_site(folder)
    return folder


@pytest.fixture
def night(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    def run(name: str, change: str = "", settings: str = "") -> Path:
        folder = tmp_path / name
        shutil.copytree(template, folder)
        with sqlite3.connect(folder / "hospital" / "hospital.db") as connection:
            connection.executescript(change)
        site = folder / "site.toml"
        site.write_text(f"{site.read_text(encoding='utf-8')}\n{settings}\n", encoding="utf-8")
        monkeypatch.setenv(SITE_VARIABLE, str(site))
        run_until_checked(site)
        return folder

    return run


def sums(folder: Path) -> dict[str, int]:
    (row,) = read_ledger(folder, SUMS)
    found: dict[str, int] = json.loads(str(row[0]))
    return found


def first_key(folder: Path) -> str:
    with sqlite3.connect(folder / "hospital" / "hospital.db") as connection:
        query = """SELECT min(statement_key) FROM hospital_statement s JOIN hospital_closed_day c
            ON c.care_on = s.care_to AND c.provider_code = s.provider_code WHERE reviewed_on IS NOT NULL"""
        return str(connection.execute(query).fetchone()[0])


def sam_files(folder: Path) -> dict[str, bytes]:
    paths = (folder / "data" / "hira" / "batches").glob("*/assemble/sam/*")
    return {path.name: path.read_bytes() for path in paths}


def test_a_hospital_without_amounts_gets_the_very_files_of_one_that_gives_them(
    night: Callable[..., Path],
) -> None:
    given = night("given")
    empty = ", ".join(f"{name} = NULL" for name in AMOUNTS if not name.startswith(("copay_c", "support")))
    filled = night(
        "filled", f"UPDATE hospital_line SET line_amount = NULL; UPDATE hospital_statement SET {kept(empty)}"
    )
    assert read_ledger(given, FINDINGS) == read_ledger(filled, FINDINGS) == []
    assert sums(filled) == sums(given)
    assert sums(given)["claimed_amount"] > 0
    assert sam_files(filled) == sam_files(given)


def kept(changes: str) -> str:
    """Only the columns the sample stores; the others are constants of its views."""
    stored = ("total_benefit", "patient_copay", "claimed_amount", "veterans_claimed", "full_copay")
    return ", ".join(one for one in changes.split(", ") if one.startswith(stored))


@pytest.mark.long
def test_a_difference_warns_blocks_or_is_mended_as_the_site_says(
    night: Callable[..., Path], template: Path
) -> None:
    key = first_key(template)
    wrong = f"""UPDATE hospital_statement SET patient_copay = patient_copay + 700,
        claimed_amount = claimed_amount - 700 WHERE statement_key = '{key}'"""
    warned = night("warned", wrong)
    assert set(read_ledger(warned, FINDINGS)) == {(key, "SET-001", "warning")}
    assert read_ledger(warned, BLOCKED) == []
    mended = night("mended", wrong, '[amounts]\ndefault = "computed"')
    assert sums(mended)["patient_copay"] == sums(warned)["patient_copay"] - 700
    assert sums(mended)["claimed_amount"] == sums(warned)["claimed_amount"] + 700
    blocked = night("blocked", wrong, f'[amounts.providers."{CLINIC}"]\npolicy = "block"')
    assert set(read_ledger(blocked, FINDINGS)) == {(key, "SET-001", "error")}
    assert read_ledger(blocked, BLOCKED) == [(key,)]


def test_the_pre_check_sees_the_computed_amounts(night: Callable[..., Path]) -> None:
    folder = night("seen")
    skipped = next((folder / "data" / "hira" / "batches").glob("*/precheck/not_checked.parquet"))
    not_checked = pq.read_table(skipped)["rule_id"].to_pylist()
    assert not {
        "AMT-006",
        "AMT-013",
        "AMT-014",
        "AMT-017",
        "PAIR-003",
        "GRD-016",
        "LINE-049",
        "AMT-016",
    } & set(not_checked)
