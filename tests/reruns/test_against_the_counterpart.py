"""Reruns against the simulated reviewer, who reads the files with a reader of its own and keeps its own books."""

from __future__ import annotations

from pathlib import Path

import pytest

from cheonggu.gateways.simulator import HiraSimulator
from cheonggu.site import SITE_VARIABLE
from tasks.assemble import assemble
from tasks.collect import collect
from tasks.precheck import precheck
from tasks.submit import submit
from tasks.validate import validate
from tests.reruns.rerun_builders import (
    LATER,
    ONE_CLAIM,
    correct,
    key_of,
    list_new_diseases,
    request,
    sent_claim,
    start,
    state_of,
)
from tests.support import HIRA, build_hospital, keep_only, read_ledger, run_until_checked, write_site

SCRIPT = """
[rates]
adjusted = 0
impossible = 0
complete = 1

[[rule]]
statement = "00005"
outcome = "impossible"
code = "16-10"
"""


def exchange(site: Path) -> list[object]:
    """Hand off, let the counterpart answer all it has, take the answers in; gives its complaints."""
    submit.fn(HIRA.name)
    with HiraSimulator(site / "client", script=SCRIPT, today=LATER) as reviewer:
        reviewer.examine()
        submit.fn(HIRA.name)
        reviewer.send()
        reviewer.answer("receipt")
        reviewer.answer("review")
        complaints: list[object] = reviewer.status()["complaints"]
    assert collect.fn(HIRA.name).refused == ()
    return complaints


def rerun(site: Path, claim_class: str) -> None:
    start(site, request(claim_class))
    validate.fn(HIRA.name, LATER)
    assemble.fn(HIRA.name)
    assert precheck.fn(HIRA.name, LATER).passed == 1


def test_a_supplement_is_taken_as_one_and_its_parent_is_replaced_in_both_books(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SITE_VARIABLE, str(tmp_path / "site.toml"))
    keep_only(build_hospital(tmp_path / "hospital", 300), ONE_CLAIM)
    list_new_diseases(tmp_path)
    run_until_checked(write_site(tmp_path, wait=0))
    assert exchange(tmp_path) == []
    claim = sent_claim(tmp_path)
    key = key_of(tmp_path, claim.claim_no, "00005")
    assert state_of(tmp_path, key) == "IMPOSSIBLE"
    correct(tmp_path, key)
    rerun(tmp_path, "supplementary")
    assert exchange(tmp_path) == []
    assert state_of(tmp_path, key) == "REPLACED"
    assert read_ledger(tmp_path, "SELECT state FROM claim WHERE claim_class = '1'") == [("DECIDED",)]
