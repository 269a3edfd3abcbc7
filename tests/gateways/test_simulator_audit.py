"""The comparison of the two books finds what differs, and nothing where they agree."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cheonggu.cli import app
from cheonggu.gateways.simulator import HiraSimulator
from cheonggu.site import SITE_VARIABLE
from tasks.collect import collect
from tasks.submit import submit
from tests.support import AS_OF, CLINIC, build_hospital, keep_only, run_until_checked, write_site


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One claim sent, received and reviewed, and all of it imported."""
    folder = tmp_path_factory.mktemp("template")
    where = f"care_month = '202606' AND payer_class = '4' AND provider_code = '{CLINIC}'"
    keep_only(build_hospital(folder / "hospital", 300), where)
    site = write_site(folder, wait=0)
    run_until_checked(site)
    os.environ[SITE_VARIABLE] = str(site)
    submit.fn("hira")
    with HiraSimulator(folder / "client", seed=1, today=AS_OF) as simulator:
        simulator.examine()
        submit.fn("hira")
        simulator.send()
        simulator.answer("receipt")
        simulator.answer("review")
    collect.fn("hira")
    return folder


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    shutil.copytree(template, tmp_path / "site")
    return tmp_path / "site"


def compare(folder: Path) -> tuple[int, set[str]]:
    """Exit code and codes of the differences."""
    arguments = [
        "books",
        "--folder",
        str(folder / "client"),
        "--compare",
        str(folder / "site.toml"),
        "--json",
    ]
    result = CliRunner().invoke(app, ["simulate", "hira", *arguments])
    return result.exit_code, {one["code"] for one in json.loads(result.stdout)}


def change(path: Path, query: str) -> None:
    with sqlite3.connect(path) as connection:
        assert connection.execute(query).rowcount > 0


def test_books_that_agree_show_no_difference(folder: Path) -> None:
    assert compare(folder) == (0, set())


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("UPDATE decision SET decided_amount = decided_amount + 10", {"decision", "unexplained-won"}),
        ("UPDATE claim SET receipt_no = '7654321' WHERE receipt_no IS NOT NULL", {"other-receipt-number"}),
        ("UPDATE claim SET state = 'SENT' WHERE state = 'DECIDED'", {"receipt-not-understood"}),
        ("UPDATE claim SET state = 'RETURNED' WHERE state = 'DECIDED'", {"other-state"}),
        ("DELETE FROM live_submission", {"held-but-free"}),
        ("UPDATE submission SET state = 'abandoned'", {"handed-over-without-intent"}),
        ("UPDATE claim SET claimed_amount = claimed_amount - 10", {"other-sums", "unexplained-won"}),
    ],
)
def test_a_ledger_that_differs_is_found(folder: Path, query: str, codes: set[str]) -> None:
    change(folder / "ledger.db", query)
    code, found = compare(folder)
    assert code == 1
    assert found & codes


def test_a_second_set_of_the_same_claim_is_found(folder: Path) -> None:
    books = folder / "client" / "simulator" / "books.db"
    change(books, "INSERT INTO document (document_id, seen_on, content_hash, files, state, outbox, provider_code,"
           " claim_no) SELECT 'DMD00000000', seen_on, content_hash, files, state, 'waiting', provider_code, claim_no"
           " FROM document")  # fmt: skip
    assert "handed-over-twice" in compare(folder)[1]


def test_a_complaint_is_a_difference(folder: Path) -> None:
    books = folder / "client" / "simulator" / "books.db"
    change(books, "INSERT INTO complaint (day, said, basis, document_id, claim_no) SELECT '2026-07-06', 'sent-twice',"
           " 'claim-no', document_id, claim_no FROM document")  # fmt: skip
    assert compare(folder) == (1, {"sent-twice"})
