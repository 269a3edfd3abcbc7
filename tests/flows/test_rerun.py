"""Reruns as an operator starts them: a dry run from the shell, then the flow, and both again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from cheonggu.cli import app
from cheonggu.errors import UsageError
from cheonggu.schemes import SCHEMES
from cheonggu.site import SITE_VARIABLE
from flows.rerun_claims import ClaimClass, RerunForm, find_class
from tests.reruns.rerun_builders import LATER, copy_received_month, correct, key_of, review
from tests.support import CLINIC, read_ledger

WHO = ("--provider", CLINIC, "--as-of", LATER.isoformat())


@pytest.fixture
def site(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    site = copy_received_month(shared, tmp_path / "site")
    monkeypatch.setenv(SITE_VARIABLE, str(site / "site.toml"))
    return site


def cheonggu(
    site: Path, *arguments: str, server: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cheonggu.cli", "rerun", *arguments, "--site", str(site / "site.toml")]
    environment = os.environ | (server or {})
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def ask(site: Path, *arguments: str) -> str:
    """A question, answered without a process of its own."""
    told = CliRunner().invoke(app, ["rerun", *arguments, "--site", str(site / "site.toml")])
    assert told.exit_code == 0, told.output
    return told.stdout


def test_a_dry_run_then_the_flow_then_nothing_more(site: Path, prefect_server: dict[str, str]) -> None:
    claim = review(site, {"00005": "16-10", "00006": "held"}, "20260701")
    key = key_of(site, claim.claim_no, "00005")
    correct(site, key)
    (site / "site.toml").write_text(
        (site / "site.toml").read_text(encoding="utf-8").replace("wait_seconds = 20", "wait_seconds = 0"),
        encoding="utf-8",
    )
    shown = cheonggu(site, "plan", "supplementary", *WHO)
    assert shown.returncode == 0, shown.stderr
    assert f"{key}  2026-0001234 00005 16" in shown.stdout
    assert "held" in shown.stdout
    assert "가나다" not in shown.stdout
    told = json.loads(ask(site, "plan", "supplementary", *WHO, "--json"))
    assert [one["reason_code"] for one in told["planned"]] == ["16"]
    who = ("--person", "kim", "--reason", "상병 정정")
    for _ in range(2):
        done = cheonggu(site, "run", "supplementary", *WHO, *who, server=prefect_server)
        assert done.returncode == 0, done.stderr
    assert read_ledger(site, "SELECT claim_class, state FROM claim WHERE claim_class = '1'") == [
        ("1", "HANDED_OFF")
    ]
    assert read_ledger(site, "SELECT person, reason FROM instruction WHERE kind = 'rerun'")[0] == (
        "kim",
        "상병 정정",
    )
    assert "under_way" in ask(site, "plan", "supplementary", *WHO)


@pytest.mark.long
def test_a_wrong_class_and_a_missing_reason_change_nothing(site: Path) -> None:
    review(site, {"00005": "16-10"}, "20260701")
    wrong = cheonggu(site, "plan", "bonus", *WHO)
    assert (wrong.returncode, "supplementary" in wrong.stderr) == (2, True)
    events = read_ledger(site, "SELECT count(*) FROM event")
    refused = cheonggu(site, "run", "supplementary", *WHO, "--person", "kim", "--reason", " ")
    assert refused.returncode == 2, refused.stderr
    assert read_ledger(site, "SELECT count(*) FROM event") == events


def test_the_form_offers_every_class_of_the_scheme_and_starts_with_a_dry_run() -> None:
    assert {one.kind for one in ClaimClass} == set(SCHEMES["hira"].reruns.classes(LATER))
    form = RerunForm(provider_code=CLINIC, claim_class=find_class("omitted"))
    assert form.dry_run
    assert form.as_request(LATER).claim_class == "omitted"
    with pytest.raises(UsageError, match="bonus"):
        find_class("bonus")
    with pytest.raises(ValidationError):
        RerunForm(provider_code="", claim_class=ClaimClass.SPLIT)
