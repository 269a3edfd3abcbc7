"""Handing off exactly once: one claim at a time, asked about before repeated, held when the client refuses."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cheonggu.errors import StateError
from cheonggu.gateways.hira_client import HiraClient
from cheonggu.ledger import Actor, Ledger, open_ledger
from cheonggu.privacy import load_secret
from cheonggu.submission import NOT_FREE, TAKEN, Submitter
from tests.support import (
    CLINIC,
    KOREAN,
    Client,
    build_hospital,
    keep_only,
    read_ledger,
    run_until_checked,
    write_site,
)

ME = Actor("test", None)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two checked claims, one of each kind, waiting in the outbox."""
    folder = tmp_path_factory.mktemp("template")
    keep_only(
        build_hospital(folder / "hospital", 300),
        f"care_month = '202606' AND payer_class = '4' AND provider_code IN ('{CLINIC}', '{KOREAN}')",
    )
    run_until_checked(write_site(folder))
    return folder


@pytest.fixture
def site(template: Path, tmp_path: Path) -> Path:
    shutil.copytree(template, tmp_path / "site")
    return tmp_path / "site"


@contextmanager
def ledger_of(site: Path) -> Iterator[Ledger]:
    with open_ledger(f"sqlite:///{site / 'ledger.db'}", load_secret(None, site / "ledger.key")) as ledger:
        yield ledger


def submit(site: Path, client: Callable[[float], None], wait: float = 5):  # type: ignore[no-untyped-def]
    with ledger_of(site) as ledger:
        submitter = Submitter(
            ledger,
            HiraClient(str(site / "client")),
            site / "data" / "hira" / "batches",
            "sam",
            ME,
            wait_seconds=wait,
            sleep=client,
        )
        return submitter.run("hira")


def states(site: Path) -> list[str]:
    return [
        state
        for (state,) in read_ledger(site, "SELECT state FROM claim WHERE state != 'WITHDRAWN' ORDER BY 1")
    ]


def test_claims_go_in_one_at_a_time_and_each_answer_is_recorded(site: Path) -> None:
    client = Client(site / "client")
    done = submit(site, client.act)
    assert len(done.handed_off) == len(client.taken) == 2
    assert done.waiting == ()
    assert [len(names) for names in client.taken] == [2, 6]  # one combined file; five files; a marker each
    assert states(site) == ["HANDED_OFF", "HANDED_OFF"]
    assert not list((site / "client" / "in").iterdir())


def test_nothing_is_handed_off_twice(site: Path) -> None:
    client = Client(site / "client")
    submit(site, client.act)
    again = submit(site, client.act)
    assert again.handed_off == ()
    assert len(client.taken) == 2


def test_a_folder_that_is_not_empty_makes_every_claim_wait(site: Path) -> None:
    inside = site / "client" / "in"
    inside.mkdir(parents=True)
    (inside / "H010").write_bytes(b"somebody else's")
    client = Client(site / "client")
    done = submit(site, client.act)
    assert done.handed_off == ()
    assert len(done.waiting) == 2
    assert "not free" in done.why_waiting
    assert sorted(path.name for path in inside.iterdir()) == ["H010"]


def test_a_slow_client_is_asked_again_by_the_next_run_and_not_sent_to_twice(site: Path) -> None:
    done = submit(site, lambda _: None, wait=0)
    assert "not examined yet" in done.why_waiting
    assert states(site) == ["CHECKED_OK", "HANDED_OFF"]
    client = Client(site / "client")
    client.act()
    done = submit(site, client.act)
    assert len(done.handed_off) == 2
    assert len(client.taken) == 2


def test_a_refusal_holds_the_claim_and_the_next_one_goes_on(site: Path) -> None:
    client = Client(site / "client", status=-1)
    done = submit(site, client.act)
    assert len(done.refused) == 2
    assert states(site) == ["CHECK_FAILED", "CHECK_FAILED"]
    assert submit(site, client.act).handed_off == ()
    assert len(client.taken) == 2


def test_files_changed_after_the_check_are_never_handed_off(site: Path) -> None:
    sam = sorted((site / "data" / "hira" / "batches").glob(f"{CLINIC}-*/assemble/sam/*.GHP"))
    for path in sam:
        path.write_bytes(path.read_bytes().replace(b"1", b"2", 1))
    client = Client(site / "client")
    with pytest.raises(StateError, match="changed after the check"):
        submit(site, client.act)
    assert client.taken == []


def test_an_answer_recorded_but_not_taken_away_is_taken_away_first(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(site / "client")
    with monkeypatch.context() as patched:
        patched.setattr(HiraClient, "acknowledge", lambda self: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            submit(site, client.act)
    assert (site / "client" / "in" / "ExamResult.txt").exists()
    done = submit(site, client.act)
    assert len(done.handed_off) == 1
    assert len(client.taken) == 2


def test_an_unknown_outcome_waits_for_a_person(site: Path) -> None:
    submit(site, lambda _: None, wait=0)
    with ledger_of(site) as ledger:
        submission = ledger.open_submission("hira_client")
        assert submission is not None
        ledger.mark_unknown(submission.id, ME)
    for path in (site / "client" / "in").iterdir():
        path.unlink()
    client = Client(site / "client")
    done = submit(site, client.act, wait=0)
    assert "a person must find out" in done.why_waiting
    assert client.taken == []


def test_what_was_placed_is_never_placed_again_even_when_staging_was_tidied(site: Path) -> None:
    client = Client(site / "client")
    submit(site, lambda _: None, wait=0)
    client.act()  # the client takes the set and answers; then somebody tidies up
    (site / "client" / "in" / "ExamResult.txt").unlink()
    shutil.rmtree(site / "client" / "staging")
    done = submit(site, client.act, wait=0)
    assert "not examined yet" in done.why_waiting
    assert len(client.taken) == 1


def test_an_answer_to_somebody_elses_set_is_not_taken_for_ours(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(HiraClient, "place", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            submit(site, lambda _: None)
    result = site / "client" / "in" / "ExamResult.txt"  # the operator used the client by hand meanwhile
    result.write_bytes(b"DMD77777777\r\n0\r\n")
    done = submit(site, lambda _: None, wait=0)
    assert done.why_waiting == NOT_FREE
    assert states(site) == ["CHECKED_OK", "CHECKED_OK"]
    result.unlink()
    client = Client(site / "client")
    assert len(submit(site, client.act).handed_off) == 2
    assert len(client.taken) == 2


def test_an_old_answer_is_not_taken_for_the_next_claims(site: Path) -> None:
    client, result = Client(site / "client"), site / "client" / "in" / "ExamResult.txt"

    def answer_with_the_old_one_first(_: float) -> None:
        client.act()
        if len(client.taken) == 2 and not old:
            old.append(result.read_bytes())
            result.write_bytes(b"DMD00000001\r\n0\r\n")
        elif old and not result.exists():
            result.write_bytes(old[0])

    old: list[bytes] = []
    done = submit(site, answer_with_the_old_one_first)
    assert len(done.handed_off) == 2
    found = read_ledger(site, "SELECT document_id FROM claim WHERE document_id IS NOT NULL ORDER BY 1")
    assert found == [("DMD00000001",), ("DMD00000002",)]


def test_files_changed_between_intent_and_hand_off_are_not_placed(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(HiraClient, "place", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            submit(site, lambda _: None)
    for path in (site / "data" / "hira" / "batches").glob("*/assemble/sam/*"):
        path.write_bytes(path.read_bytes().replace(b"1", b"2", 1))
    client = Client(site / "client")
    with pytest.raises(StateError, match="changed after the check"):
        submit(site, client.act)
    assert client.taken == []


def test_the_second_of_two_runs_leaves_the_folder_to_the_first(site: Path) -> None:
    client = Client(site / "client")
    second = []

    def act(_: float) -> None:
        if not second:
            second.append(submit(site, client.act, wait=0))
        client.act()

    assert len(submit(site, act).handed_off) == 2
    assert second[0].why_waiting == TAKEN
    assert len(client.taken) == 2
