"""What an operator sees in a shell when something is wrong: two readable lines, the right exit code, nothing lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cheonggu.ledger import open_ledger
from cheonggu.privacy import load_secret
from tests.support import CLINIC, build_hospital, keep_only, read_ledger, write_site

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    keep_only(build_hospital(folder / "hospital", 200), f"provider_code = '{CLINIC}'")
    write_site(folder)
    return folder


@pytest.fixture
def site(template: Path, tmp_path: Path) -> Path:
    shutil.copytree(template, tmp_path / "site")
    return tmp_path / "site"


@pytest.fixture
def run(site: Path, prefect_server: dict[str, str]) -> Run:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "cheonggu.cli", *arguments, "--site", str(site / "site.toml")]
        environment = os.environ | prefect_server
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    return run


def test_a_missing_column_names_view_and_column_and_exits_with_1(site: Path, run: Run) -> None:
    with sqlite3.connect(site / "hospital" / "hospital.db") as connection:
        sql = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'cheonggu_doctor'").fetchone()[0]
        connection.execute("DROP VIEW cheonggu_doctor")
        connection.execute(sql.replace("birth_date,", ""))
    answer = run("run", "--as-of", "2026-07-06")
    assert answer.returncode == 1, answer.stderr
    korean, english = answer.stderr.strip().splitlines()[-2:]
    assert "birth_date" in korean
    assert "cheonggu_doctor" in english
    assert "Traceback" not in answer.stderr
    assert read_ledger(site, "SELECT count(*) FROM statement") == [(0,)]


def test_a_second_run_while_the_first_is_going_changes_nothing_and_exits_with_3(site: Path, run: Run) -> None:
    secret = load_secret(None, site / "ledger.key")
    with open_ledger(f"sqlite:///{site / 'ledger.db'}", secret) as ledger, ledger.exclusive("hira-night"):
        answer = run("run", "--as-of", "2026-07-06")
    assert answer.returncode == 3, answer.stderr
    assert "Traceback" not in answer.stderr
    assert read_ledger(site, "SELECT count(*) FROM batch") == [(0,)]


@pytest.mark.long
def test_a_broken_notice_is_refused_kept_and_exits_with_1(site: Path, run: Run) -> None:
    out = site / "client" / "out"
    out.mkdir(parents=True)
    (out / "broken.xml").write_bytes(b"<notice schema='1'")
    answer = run("collect")
    assert answer.returncode == 1, answer.stderr
    assert "broken.xml" in answer.stderr
    assert (out / "refused" / "broken.xml").exists()
    assert list((site / "data" / "hira" / "notices").rglob("*.xml"))


def test_a_missing_site_file_is_a_usage_error(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cheonggu.cli", "run", "--site", str(tmp_path / "site.toml")]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 2, answer.stderr
    assert "site.toml" in answer.stderr
