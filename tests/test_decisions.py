"""Decisions at a real outbox: approval by two persons, and what lies in the client's folder."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cheonggu.approval import approved_by
from cheonggu.commands.decide import app
from cheonggu.errors import StateError, UsageError
from cheonggu.ledger import Actor, Claim, NewInstruction, open_ledger
from cheonggu.privacy import load_secret
from cheonggu.site import SITE_VARIABLE
from tasks.decide import decide, remark
from tasks.submit import submit
from tests.support import CLINIC, Client, build_hospital, keep_only, run_until_checked, write_site


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One checked claim that waits in the outbox of a site that wants two approvals."""
    folder = tmp_path_factory.mktemp("template")
    keep_only(
        build_hospital(folder / "hospital", 300),
        f"care_month = '202606' AND payer_class = '4' AND provider_code = '{CLINIC}'",
    )
    site = write_site(folder, wait=0)
    site.write_text(site.read_text("utf-8") + "[approval]\npersons = 2\n", "utf-8")
    run_until_checked(site)
    return folder


@pytest.fixture
def site(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(template, tmp_path / "site")
    monkeypatch.setenv(SITE_VARIABLE, str(tmp_path / "site" / "site.toml"))
    return tmp_path / "site"


def the_claim(site: Path) -> Claim:
    secret = load_secret(None, site / "ledger.key")
    with open_ledger(f"sqlite:///{site / 'ledger.db'}", secret) as ledger:
        return max(ledger.claims("hira"), key=lambda one: one.claim_no)


def call(command: str, *arguments: str, person: str = "kim01") -> Result:
    options = ["--person", person, "--reason", "확인", "--provider", CLINIC]
    return CliRunner().invoke(app, [command, *arguments, *options])


def test_two_different_persons_must_approve_before_anything_leaves(site: Path) -> None:
    claim_no = the_claim(site).claim_no
    assert submit.fn("hira").unapproved == (claim_no,)
    assert call("approval", claim_no).exit_code == 0
    assert call("approval", claim_no, person="KIM01 ").exit_code == 0
    assert submit.fn("hira").unapproved == (claim_no,)
    assert not (site / "client" / "in").exists() or not list((site / "client" / "in").iterdir())
    assert call("approval", claim_no, person="lee02").exit_code == 0
    done = submit.fn("hira")
    assert done.unapproved == ()
    assert the_claim(site).state == "HANDED_OFF"


def test_an_ended_approval_counts_no_longer(site: Path) -> None:
    claim_no = the_claim(site).claim_no
    for person in ("kim01", "lee02"):
        call("approval", claim_no, person=person)
    listed = json.loads(CliRunner().invoke(app, ["list", "--json"]).output)
    number = str(listed[0]["instruction_id"])
    ended = CliRunner().invoke(app, ["end", number, "--person", "kim01", "--reason", "다시 확인"])
    assert ended.exit_code == 0
    assert submit.fn("hira").unapproved == (claim_no,)


def test_a_claim_whose_files_still_lie_there_cannot_be_called_unsent(site: Path) -> None:
    claim = the_claim(site)
    for person in ("kim01", "lee02"):
        call("approval", claim.claim_no, person=person)
    submit.fn("hira")
    answer = call("not-sent", claim.claim_no)
    assert isinstance(answer.exception, StateError)
    assert "still lie" in answer.exception.en
    for path in (site / "client" / "in").iterdir():
        path.unlink()
    assert call("not-sent", claim.claim_no).exit_code == 0
    assert the_claim(site).state == "WITHDRAWN"


def test_the_forms_decide_the_same_as_the_commands(site: Path) -> None:
    claim = the_claim(site)
    new = NewInstruction("hira", "withdrawal", CLINIC, claim.claim_no, "kim01", "금액 재확인")
    assert decide.fn(new)["subject"] == claim.claim_no
    assert the_claim(site).state == "WITHDRAWN"
    recent = remark.fn(NewInstruction("hira", "remark", CLINIC, "*", "kim01", "안내"), "6월분")
    assert [(one["form_no"], one["text"]) for one in recent] == [("*", "6월분")]
    shown = CliRunner().invoke(app, ["remarks", "--provider", CLINIC])
    assert "6월분" in shown.output
    assert "금액 재확인" in CliRunner().invoke(app, ["list"]).output


def test_a_claim_number_alone_names_no_claim(site: Path) -> None:
    who = ["--person", "kim01", "--reason", "확인"]
    answer = CliRunner().invoke(app, ["withdrawal", the_claim(site).claim_no, *who])
    assert isinstance(answer.exception, UsageError)
    assert "요양기관기호도 적으세요" in str(answer.exception)


def test_an_approved_claim_is_taken_by_the_client(site: Path) -> None:
    claim_no = the_claim(site).claim_no
    for person in ("kim01", "lee02"):
        call("approval", claim_no, person=person)
    submit.fn("hira")
    client = Client(site / "client")
    client.act()
    assert submit.fn("hira").handed_off == (claim_no,)
    assert len(client.taken) == 1


def test_a_claim_whose_files_were_lost_before_the_hand_off_is_withdrawn_and_frees_the_client(
    site: Path,
) -> None:
    """The intent is written and nothing was placed: without an end it would keep the client for ever."""
    claim = the_claim(site)
    for person in ("kim01", "lee02"):
        call("approval", claim.claim_no, person=person)
    with open_ledger(f"sqlite:///{site / 'ledger.db'}", load_secret(None, site / "ledger.key")) as ledger:
        files = ledger.claim_files(claim.provider_code, claim.claim_no)
        ledger.write_intent(claim.provider_code, claim.claim_no, "hira_client", files, Actor("test", None))
    shutil.rmtree(site / "data" / "hira" / "batches" / claim.batch_id / "assemble")
    with pytest.raises(StateError, match="changed after the check"):
        submit.fn("hira")
    assert call("withdrawal", claim.claim_no).exit_code == 0
    assert the_claim(site).state == "WITHDRAWN"
    assert submit.fn("hira").waiting == ()


def test_an_approval_past_its_last_day_counts_no_longer(site: Path) -> None:
    claim = the_claim(site)
    with open_ledger(f"sqlite:///{site / 'ledger.db'}", load_secret(None, site / "ledger.key")) as ledger:
        files = {"files": ledger.frozen_digest(claim.provider_code, claim.claim_no)}
        for person, last in (("kim01", date(2020, 1, 1)), ("lee02", None)):
            given = NewInstruction(
                "hira", "approval", CLINIC, claim.claim_no, person, "확인", expires_on=last, detail=files
            )
            ledger.decide(given, Actor(person, None))
        assert approved_by(ledger, claim) == ("lee02",)
