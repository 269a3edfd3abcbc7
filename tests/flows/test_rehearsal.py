"""The demo itself: the very flows of the deployments on a small hospital, checked as issue readers would."""

from __future__ import annotations

import csv
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cheonggu.cli import app
from cheonggu.formats.claim_set import read_set
from cheonggu.schemes import SCHEMES

LAYOUTS = SCHEMES["hira"].files.layouts
STATEMENTS = 120  # few claims, yet every planted defect


def cheonggu(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cheonggu.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload, no-any-return]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("demo")
    first = cheonggu("demo", "--dir", str(folder), "--statements", str(STATEMENTS))
    assert first.returncode == 0, first.stdout + first.stderr
    (folder / "stdout.txt").write_text(first.stdout + first.stderr, encoding="utf-8")
    return folder


def in_process(*arguments: str) -> Result:
    """The same command line without a process of its own, for calls that are made many times."""
    return CliRunner().invoke(app, list(arguments))


def sam_sets(demo: Path) -> list[Path]:
    return sorted((demo / "data" / "hira" / "batches").glob("*/assemble/sam"))


def ledger_rows(demo: Path, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(demo / "ledger.db") as connection:
        return connection.execute(query).fetchall()


def test_the_summary_names_the_six_stages_and_where_to_look_next(demo: Path) -> None:
    text = (demo / "stdout.txt").read_text(encoding="utf-8")
    for word in ("extract", "validate", "assemble", "check", "submit", "record", "claim.html"):
        assert word in text


def test_every_planted_defect_is_found_under_its_rule_and_nothing_else_is_blocked(demo: Path) -> None:
    with (demo / "hospital" / "truth.csv").open(encoding="utf-8", newline="") as stream:
        truth = {row["statement_key"]: row["rule_id"] for row in csv.DictReader(stream)}
    blocked = {
        key for (key,) in ledger_rows(demo, "SELECT statement_key FROM statement WHERE state = 'BLOCKED'")
    }
    found = set(ledger_rows(demo, "SELECT statement_key, rule_id FROM finding WHERE level = 'error'"))
    assert truth
    assert set(truth.items()) <= found
    assert blocked <= set(truth)


def test_every_claim_handed_off_has_the_counterparts_receipt_number(demo: Path) -> None:
    books = sqlite3.connect(demo / "client" / "simulator" / "books.db")
    theirs = set(books.execute("SELECT claim_no, receipt_no FROM claim WHERE receipt_no IS NOT NULL"))
    ours = set(
        ledger_rows(
            demo, "SELECT claim_no, receipt_no FROM claim WHERE state NOT IN ('WITHDRAWN', 'CHECK_FAILED')"
        )
    )
    assert theirs
    assert ours == theirs


def test_header_fields_equal_the_sums_recomputed_from_the_files(demo: Path) -> None:
    for folder in sam_sets(demo):
        claim_set = read_set(list(folder.iterdir()), LAYOUTS)
        header = claim_set.tables["H"].to_pylist()[0]
        general = claim_set.tables["A"].to_pylist()
        for one in LAYOUTS.header_sums(claim_set.kind):
            want = sum(row[one.statement_field] for row in general) if one.statement_field else len(general)
            assert header[one.header_field] == want, (folder, one.header_field)


def test_decoding_and_encoding_gives_back_every_file_byte_for_byte(demo: Path, tmp_path: Path) -> None:
    for number, folder in enumerate(sam_sets(demo)):
        files = [str(path) for path in sorted(folder.iterdir())]
        decoded, out = tmp_path / f"{number}.ndjson", tmp_path / f"out{number}"
        decoded.write_bytes(in_process("sam", "decode", *files).stdout_bytes)
        encoded = in_process("sam", "encode", str(decoded), "--out", str(out))
        assert encoded.exit_code == 0, encoded.output
        for path in folder.iterdir():
            assert (out / path.name).read_bytes() == path.read_bytes(), path.name


def test_a_second_night_adds_no_claim(demo: Path) -> None:
    before = ledger_rows(demo, "SELECT provider_code, claim_no, state FROM claim ORDER BY 1, 2")
    again = cheonggu("demo", "--dir", str(demo), "--statements", str(STATEMENTS))
    assert again.returncode == 0, again.stdout + again.stderr
    assert ledger_rows(demo, "SELECT provider_code, claim_no, state FROM claim ORDER BY 1, 2") == before


def test_no_personal_value_leaves_the_places_meant_for_it(demo: Path) -> None:
    """Canary: resident and card numbers of the whole hospital, searched in ledger, Prefect's files and output."""
    source = sqlite3.connect(demo / "hospital" / "hospital.db")
    rows = source.execute("SELECT patient_rrn, insurance_card_no FROM cheonggu_statement").fetchall()
    canaries = {value.encode() for row in rows for value in row if value and len(value) >= 8}
    places = [demo / "ledger.db", demo / "stdout.txt", *(demo / ".prefect").rglob("*")]
    for place in places:
        if place.is_file():
            data = place.read_bytes()
            assert not [1 for canary in canaries if canary in data], place


def test_status_is_machine_readable(demo: Path) -> None:
    answer = cheonggu("ledger", "status", "--site", str(demo / "site.toml"), "--json")
    assert answer.returncode == 0, answer.stderr
    status = json.loads(answer.stdout)
    assert status["claims"]
    assert cheonggu("ledger", "verify", "--site", str(demo / "site.toml")).returncode == 0
