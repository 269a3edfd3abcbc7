"""Answers are archived first, imported once, and a bad one stops nobody."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from cheonggu.collection import Collected
from cheonggu.gateways.hira_client import HiraClient
from cheonggu.gateways.simulator import HiraSimulator
from cheonggu.site import SITE_VARIABLE
from tasks.collect import collect
from tasks.submit import submit
from tests.support import AS_OF, CLINIC, build_hospital, keep_only, read_ledger, run_until_checked, write_site


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One claim sent; its receipt and its review result wait in the output folder."""
    folder = tmp_path_factory.mktemp("template")
    where = f"care_month = '202606' AND payer_class = '4' AND provider_code = '{CLINIC}'"
    keep_only(build_hospital(folder / "hospital", 300), where)
    site = write_site(folder, wait=0)
    run_until_checked(site)
    submit.fn("hira")
    with HiraSimulator(folder / "client", seed=1, today=AS_OF) as simulator:
        simulator.examine()
        submit.fn("hira")
        simulator.send()
        simulator.answer("receipt")
        simulator.answer("review")
    return folder


@pytest.fixture
def site(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(template, tmp_path / "site")
    monkeypatch.setenv(SITE_VARIABLE, str(tmp_path / "site" / "site.toml"))
    return tmp_path / "site"


def take_in() -> Collected:
    return collect.fn("hira")


def waiting(site: Path) -> list[Path]:
    return sorted(path for path in (site / "client" / "out").iterdir() if path.is_file())


def ledger_facts(site: Path) -> list[object]:
    queries = (
        "SELECT claim_no, state, receipt_no FROM claim ORDER BY 1",
        "SELECT statement_key, state FROM statement ORDER BY 1",
        "SELECT claim_no, statement_no, review_round, outcome, decided_amount FROM decision ORDER BY 1, 2, 3",
    )
    return [read_ledger(site, query) for query in queries]


def test_receipt_and_result_move_every_statement_of_the_claim(site: Path) -> None:
    assert len(waiting(site)) == 2
    assert take_in() == Collected(2, 0, (), ())
    assert ("DECIDED",) in read_ledger(site, "SELECT state FROM claim")
    states = dict(
        read_ledger(site, "SELECT state, count(*) FROM statement WHERE state != 'BLOCKED' GROUP BY state")
    )
    assert set(states) <= {"ACCEPTED", "ADJUSTED", "IMPOSSIBLE", "HELD"}


def test_the_raw_bytes_are_archived_under_their_hash(site: Path) -> None:
    raw = [path.read_bytes() for path in waiting(site)]
    take_in()
    archive = site / "data" / "hira" / "notices"
    kept = {path.stem: path.read_bytes() for path in archive.rglob("*.xml")}
    assert kept == {hashlib.sha256(one).hexdigest(): one for one in raw}


def test_the_same_document_again_changes_nothing(site: Path) -> None:
    again = {path.name: path.read_bytes() for path in waiting(site)}
    take_in()
    facts = ledger_facts(site)
    for name, raw in again.items():
        (site / "client" / "out" / f"copy-{name}").write_bytes(raw)
    assert take_in() == Collected(0, 2, (), ())
    assert ledger_facts(site) == facts


def test_a_crash_between_import_and_putting_away_imports_once(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(HiraClient, "set_aside", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            take_in()
    collected = take_in()
    assert (collected.imported, collected.repeated) == (1, 1)
    assert waiting(site) == []


def test_the_same_number_with_other_bytes_is_refused_and_kept(site: Path) -> None:
    first = waiting(site)[0].read_bytes()
    take_in()
    facts = ledger_facts(site)
    (site / "client" / "out" / "other.xml").write_bytes(
        first.replace(b"<provider", b"<!-- x --><provider", 1)
    )
    collected = take_in()
    assert [one.name for one in collected.refused] == ["other.xml"]
    assert (site / "client" / "out" / "refused" / "other.xml").exists()
    assert ledger_facts(site) == facts


def test_a_broken_document_does_not_stop_the_good_ones(site: Path) -> None:
    (site / "client" / "out" / "0-broken.xml").write_bytes(b"<notice")
    collected = take_in()
    assert collected.imported == 2
    assert [one.name for one in collected.refused] == ["0-broken.xml"]
    assert collected.refused[0].reason_ko
    assert collected.refused[0].reason_en


def test_a_document_for_another_provider_moves_nothing(site: Path) -> None:
    for path in waiting(site):
        path.write_bytes(path.read_bytes().replace(CLINIC.encode(), b"99999999"))
    facts = ledger_facts(site)
    assert len(take_in().refused) == 2
    assert ledger_facts(site) == facts


def test_results_before_the_receipt_are_understood(site: Path) -> None:
    receipt, result = waiting(site)
    if b'kind="receipt"' not in receipt.read_bytes():
        receipt, result = result, receipt
    os.replace(receipt, site / "late.xml")
    assert take_in().imported == 1
    assert ("DECIDED",) in read_ledger(site, "SELECT state FROM claim")
    os.replace(site / "late.xml", site / "client" / "out" / "late.xml")
    assert take_in().refused == ()
    assert ("DECIDED",) in read_ledger(site, "SELECT state FROM claim")
