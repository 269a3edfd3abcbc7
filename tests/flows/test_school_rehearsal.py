"""The school night through the very flows of the deployments, answered by the simulated association's own process."""

from __future__ import annotations

import csv
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cheonggu.cli import app

CLAIMS = 60


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, prefect_server: dict[str, str]) -> Path:
    folder = tmp_path_factory.mktemp("school")
    wish = ["--scheme", "school_safety", "--dir", str(folder), "--statements", str(CLAIMS)]
    first = subprocess.run(
        [sys.executable, "-m", "cheonggu.cli", "demo", *wish],
        env=os.environ | prefect_server,
        capture_output=True,
        text=True,
        check=False,
    )
    assert first.returncode == 0, first.stdout + first.stderr
    (folder / "stdout.txt").write_text(first.stdout + first.stderr, encoding="utf-8")
    return folder


def rows(database: Path, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(database) as connection:
        return connection.execute(query).fetchall()


def test_the_summary_names_the_stages_and_the_signature_requests(demo: Path) -> None:
    text = (demo / "stdout.txt").read_text(encoding="utf-8")
    for word in ("asked", "extract", "validate", "assemble", "check", "submit", "record", "claim.html"):
        assert word in text


def test_every_planted_defect_is_found_and_every_package_is_answered(demo: Path) -> None:
    with (demo / "region" / "truth.csv").open(encoding="utf-8", newline="") as stream:
        truth = {row["statement_key"]: row["rule_id"] for row in csv.DictReader(stream)}
    ledger = demo / "ledger.db"
    found = set(rows(ledger, "SELECT statement_key, rule_id FROM finding WHERE level = 'error'"))
    assert truth
    assert set(truth.items()) <= found
    books = demo / "portal" / "association" / "books.db"
    theirs = set(rows(books, "SELECT claim_no, receipt_no FROM package"))
    assert set(rows(ledger, "SELECT claim_no, receipt_no FROM claim")) == theirs
    assert rows(books, "SELECT count(*) FROM complaint") == [(0,)]


def test_no_personal_value_leaves_the_places_meant_for_it(demo: Path, prefect_server: dict[str, str]) -> None:
    """Canary: accounts, telephones and addresses, searched in ledger, Prefect's files, reports and output."""
    source = rows(
        demo / "region" / "region.db",
        "SELECT account_no, claimant_phone, claimant_address FROM cheonggu_benefit_claim",
    )
    canaries = {str(value).encode() for row in source for value in row}
    prefect_files = [path for path in Path(prefect_server["PREFECT_HOME"]).rglob("*") if path.is_file()]
    assert [path for path in prefect_files if b"collect-notices" in path.read_bytes()]
    reports = (demo / "data" / "school_safety" / "reports").rglob("*")
    for place in [demo / "ledger.db", demo / "stdout.txt", *prefect_files, *reports]:
        if place.is_file():
            data = place.read_bytes()
            assert not [1 for canary in canaries if canary in data], place


def test_the_desk_commands_speak_of_the_region(demo: Path) -> None:
    site = str(demo / "site.toml")

    def desk(*arguments: str) -> str:
        told = CliRunner().invoke(app, [*arguments, "--site", site])
        assert told.exit_code == 0, told.output
        return told.stdout

    assert json.loads(desk("ledger", "status", "--scheme", "school_safety", "--json"))["claims"]
    kinds = {row["kind"] for row in json.loads(desk("school", "clocks", "--json"))}
    assert kinds <= {"review_request_by", "supplement_by"}
    assert json.loads(desk("school", "benefits", "--json"))
    assert json.loads(desk("school", "requests", "--json"))
    desk("ledger", "verify")
