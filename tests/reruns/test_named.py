"""What a person names for a rerun: mistyped, unknown or unfit, it is told and never means everything or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cheonggu.cli import app
from cheonggu.errors import UsageError
from cheonggu.reruns import BackReference, Request, correct_back_reference
from cheonggu.site import SITE_VARIABLE
from tests.reruns.rerun_builders import (
    LATER,
    ME,
    copy_received_month,
    finish,
    give_up,
    impossible,
    key_of,
    ledger_of,
    plan,
    receive,
    request,
    review,
    sent_claim,
    start,
    wire,
    words,
)
from tests.reruns.test_other_classes import add_line, charge_line, know_item
from tests.support import CLINIC, HIRA, read_ledger


@pytest.fixture
def site(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The month's claim, received as 0001234."""
    site = copy_received_month(shared, tmp_path / "site")
    monkeypatch.setenv(SITE_VARIABLE, str(site / "site.toml"))
    return site


def test_a_receipt_number_nobody_knows_is_named(site: Path) -> None:
    impossible(site)
    (one,) = plan(site, request(receipt_nos=("0001243",))).left_out
    assert (one.receipt_no, one.word) == ("0001243", "unknown_receipt")
    found = plan(site, request(receipt_nos=("0001234", "0001243")))
    assert (len(found.planned), found.left_out[-1].word) == (1, "unknown_receipt")


@pytest.mark.parametrize("typed", [" 0001234", "0001234 ", "2026-0001234"])
def test_a_receipt_number_may_be_typed_with_blanks_or_its_year(site: Path, typed: str) -> None:
    impossible(site)
    assert len(plan(site, request(receipt_nos=(typed,))).planned) == 1


@pytest.mark.parametrize("typed", ["123456", "12345678", "2025-0001234", "접수1234"])
def test_what_is_no_receipt_number_of_ours_is_named(site: Path, typed: str) -> None:
    impossible(site)
    assert words(site, request(receipt_nos=(typed,))) == ["unknown_receipt"]


@pytest.mark.parametrize(
    "narrow", [{"receipt_nos": ("",)}, {"receipt_nos": ("0001234", " ")}, {"statement_keys": (" ",)}]
)
def test_an_empty_entry_never_means_everything(site: Path, narrow: dict[str, tuple[str, ...]]) -> None:
    impossible(site)
    with pytest.raises(UsageError, match="is empty"):
        start(site, request(**narrow))


@pytest.mark.parametrize("code", ["12", "35", "36", "93"])
def test_a_reason_without_the_detail_it_depends_on_is_for_a_person(site: Path, code: str) -> None:
    key = impossible(site, code=f"{code}-")
    assert words(site, request()) == ["detail_needed"]
    assert [one.source_key for one in plan(site, request(statement_keys=(key,))).planned] == [key]


def test_a_typed_reason_needs_the_detail_it_depends_on(site: Path) -> None:
    key = key_of(site, sent_claim(site).claim_no, "00005")
    for given, message in (
        (BackReference("0001234", "00005", "35"), "its detail"),
        (BackReference("0001234", "00005", "ZZ", "1"), "not in the code list"),
    ):
        with ledger_of(site) as ledger, pytest.raises(UsageError, match=message):
            correct_back_reference(
                ledger, HIRA, CLINIC, key, given, person="kim", reason="paper", as_of=LATER, actor=ME
            )


def test_a_known_receipt_beside_a_statement_of_another_one_is_not_called_unknown(site: Path) -> None:
    impossible(site)
    found = plan(site, request(receipt_nos=("0001234",), statement_keys=("S0",)))
    assert ([one.word for one in found.left_out], found.planned) == (["unknown"], ())


def test_a_receipt_number_of_two_years_wants_its_year(site: Path) -> None:
    impossible(site)
    start(site, request())
    finish(site)
    receive(site, "0001234", year="2027")
    with pytest.raises(UsageError, match="2026-0001234, 2027-0001234"):
        plan(site, request(receipt_nos=("0001234",)))
    assert words(site, request(receipt_nos=("2027-0001234",))) == ["undecided"]


def test_a_provider_that_the_hospital_does_not_have_is_refused(site: Path) -> None:
    for claim_class in ("supplementary", "additional", "omitted"):
        with pytest.raises(UsageError, match="provider"):
            plan(site, Request(claim_class, "11100012", LATER))


def test_the_command_says_what_it_does_not_know(site: Path) -> None:
    review(site, {"00005": "16-10"}, "20260701")
    asked = [
        "rerun",
        "plan",
        "supplementary",
        "--site",
        str(site / "site.toml"),
        "--as-of",
        LATER.isoformat(),
    ]
    unknown = CliRunner().invoke(app, [*asked, "--provider", CLINIC, "--receipt", "0001243"])
    assert unknown.exit_code == 0, unknown.output
    assert "0001243  unknown_receipt" in unknown.stdout
    assert "이 요양기관에 없는 접수번호입니다" in unknown.stdout
    nobody = CliRunner().invoke(app, [*asked, "--provider", "11100012"])
    assert isinstance(nobody.exception, UsageError)
    assert "11100012" in str(nobody.exception)


def test_a_named_receipt_whose_statements_were_given_up_says_so(site: Path) -> None:
    claim = review(site, {"00005": "16-10"}, "20260701")
    give_up(site, key_of(site, claim.claim_no, "00005"))
    assert "written_off" in words(site, request(receipt_nos=("0001234",)))


def test_a_named_receipt_of_an_addition_tells_where_a_second_one_belongs(site: Path) -> None:
    claim = review(site, {}, "20260701")
    key = key_of(site, claim.claim_no, "00005")
    add_line(site, key, 90, "AA222")
    start(site, request("additional"))
    finish(site)
    receive(site, "0002222")
    review(site, {}, "20260801")
    (told,) = plan(site, request("additional", receipt_nos=("0002222",))).left_out
    assert (told.word, key in told.ko) == ("is_addition", True)
    assert words(site, request("additional", statement_keys=(told.key,))) == ["is_addition"]
    assert words(site, request("additional", statement_keys=(key,))) == ["nothing_new"]


def test_an_addition_given_up_unsent_goes_again_when_its_statement_is_named(site: Path) -> None:
    """The code was new, and the fee table lists it now: the very same content goes."""
    claim = review(site, {}, "20260701")
    key = key_of(site, claim.claim_no, "00005")
    charge_line(site, key, 90, "ZZ999")
    start(site, request("additional"))
    finish(site)
    ((follower, state),) = read_ledger(
        site, "SELECT statement_key, state FROM statement WHERE statement_key LIKE '~%'"
    )
    assert state == "BLOCKED"
    give_up(site, follower)
    know_item(site, key, "ZZ999")
    assert start(site, request("additional")).batch_ids == ()
    start(site, request("additional", statement_keys=(key,)))
    finish(site)
    assert [row["line_code"] for row in wire(site, sent_claim(site))["C"].to_pylist()] == ["ZZ999"]
    with ledger_of(site) as ledger:
        assert ledger.verify() == []
