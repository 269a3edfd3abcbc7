"""What goes wrong around reruns: nothing chosen, answers in between, and what must never double."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cheonggu.reruns import Request
from cheonggu.site import SITE_VARIABLE
from tests.reruns.rerun_builders import (
    LATER,
    build_claimed_month,
    change,
    correct,
    finish,
    give_up,
    hand_off,
    impossible,
    key_of,
    ledger_of,
    plan,
    receive,
    request,
    review,
    sent_claim,
    start,
    state_of,
    wire,
    words,
)
from tests.reruns.test_other_classes import add_line, charge_line, make_slices, night
from tests.support import (
    AS_OF,
    GENERAL,
    build_hospital,
    read_ledger,
    run_until_checked,
    write_site,
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = build_claimed_month(tmp_path_factory.mktemp("template"))
    receive(folder, "0001234")
    return folder


@pytest.fixture
def site(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(template, tmp_path / "site")
    monkeypatch.setenv(SITE_VARIABLE, str(tmp_path / "site" / "site.toml"))
    return tmp_path / "site"


def line_codes(site: Path) -> list[str]:
    return [row["line_code"] for row in wire(site, sent_claim(site))["C"].to_pylist()]


def test_an_empty_choice_changes_nothing(site: Path) -> None:
    review(site, {}, "20260701")
    before = read_ledger(site, "SELECT count(*) FROM statement")
    assert start(site, request()).batch_ids == ()
    assert read_ledger(site, "SELECT count(*) FROM statement") == before


def test_a_statement_in_two_receipts_is_followed_where_it_was_judged_last(site: Path) -> None:
    key = impossible(site)
    start(site, request())
    finish(site)
    receive(site, "0002222")
    review(site, {"00001": "16-10"}, "20260801")
    change(site, "UPDATE hospital_diagnosis SET diagnosis_code = 'R51' WHERE statement_key = ?", key)
    found = plan(site, request(statement_keys=(key,)))
    assert [(one.receipt_no, one.statement_no) for one in found.planned] == [("0002222", "00001")]
    assert [(one.receipt_no, one.word) for one in found.left_out] == [("0001234", "replaced")]


def test_what_changes_between_the_dry_run_and_the_run_goes_as_it_is_then(site: Path) -> None:
    key = impossible(site)
    seen = plan(site, request()).planned[0]
    change(site, "UPDATE hospital_diagnosis SET diagnosis_code = 'R51' WHERE statement_key = ?", key)
    (sent,) = start(site, request()).plan.planned
    assert sent.content_hash != seen.content_hash
    finish(site)
    codes = {row["diagnosis_code"] for row in wire(site, sent_claim(site))["B"].to_pylist()}
    assert "R51" in codes


def test_a_parent_that_is_answered_meanwhile_is_left_behind(site: Path) -> None:
    claim = sent_claim(site)
    impossible(site)
    assert len(plan(site, request()).planned) == 1
    review(site, {}, "20260702", claim)
    assert start(site, request()).batch_ids == ()
    assert read_ledger(site, "SELECT count(*) FROM back_reference") == [(0,)]


def test_a_supplement_leaves_out_what_its_own_additions_carry(site: Path) -> None:
    claim = review(site, {}, "20260701")
    key = key_of(site, claim.claim_no, "00005")
    won = add_line(site, key, 90, "AA222")
    start(site, request("additional"))
    finish(site)
    receive(site, "0002222")
    review(site, {}, "20260801")
    review(site, {"00005": "16-10"}, "20260901", claim)  # a later round takes the first decision back
    assert state_of(site, key) == "IMPOSSIBLE"
    assert words(site, request()) == ["unchanged"]
    correct(site, key)
    (one,) = plan(site, request()).planned
    assert {change.view for change in one.changes} == {"diagnosis", "statement"}
    start(site, request())
    finish(site)
    (general,) = wire(site, sent_claim(site))["A"].to_pylist()
    assert "AA222" not in line_codes(site)
    sent = read_ledger(
        site, f"SELECT total_benefit_cost_1 FROM claim_statement WHERE statement_key = '{key}'"
    )[0][0]
    assert general["total_benefit_cost_1"] == sent
    assert won > 0
    assert general["visit_days"] > 0


def test_an_addition_waits_for_the_supplement_of_another_one_and_carries_nothing_of_it(site: Path) -> None:
    """Found by the simulated year: one item was asked for in the supplement and once more in an addition."""
    claim = review(site, {}, "20260701")
    key = key_of(site, claim.claim_no, "00005")
    add_line(site, key, 90, "AA222")
    start(site, request("additional"))
    finish(site)
    receive(site, "0002222")
    review(site, {"00001": "16-10"}, "20260801")
    add_line(site, key, 91, "AA223")
    start(site, request())
    assert words(site, request("additional", statement_keys=(key,))) == ["under_way"]
    finish(site)
    assert sorted(line_codes(site)) == ["AA222", "AA223"]
    assert plan(site, request("additional")).planned == ()
    receive(site, "0003333")
    assert plan(site, request("additional")).planned == ()
    review(site, {}, "20260901")
    add_line(site, key, 92, "AA254")
    start(site, request("additional"))
    finish(site)
    assert line_codes(site) == ["AA254"]


def test_an_item_found_after_an_impossible_addition_goes_once_whichever_is_asked_first(site: Path) -> None:
    claim = review(site, {}, "20260701")
    key = key_of(site, claim.claim_no, "00005")
    add_line(site, key, 90, "AA222")
    start(site, request("additional"))
    finish(site)
    receive(site, "0002222")
    review(site, {"00001": "16-10"}, "20260801")
    add_line(site, key, 91, "AA223")
    start(site, request("additional"))
    assert words(site, request(statement_keys=(key,))) == ["accepted", "under_way"]
    finish(site)
    assert line_codes(site) == ["AA223"]
    correct(site, key)
    start(site, request())
    finish(site)
    assert line_codes(site) == ["AA222"]


def test_without_what_was_sent_nobody_can_tell_what_is_missing(site: Path) -> None:
    claim = review(site, {}, "20260701")
    key = key_of(site, claim.claim_no, "00005")
    add_line(site, key, 90, "AA222")
    shutil.rmtree(site / "data" / "hira" / "batches" / claim.batch_id)
    assert words(site, request("additional", statement_keys=(key,))) == ["no_snapshot"]


def test_a_supplement_of_an_addition_carries_its_receipt_and_no_reason(site: Path) -> None:
    claim = review(site, {}, "20260701")
    key = key_of(site, claim.claim_no, "00005")
    add_line(site, key, 90, "AA222")
    start(site, request("additional"))
    finish(site)
    receive(site, "0002222")
    review(site, {"00001": "16-10"}, "20260801")
    correct(site, key)
    start(site, request())
    finish(site)
    (row,) = wire(site, sent_claim(site))["A"].to_pylist()
    names = ("claim_class", "original_receipt_no", "original_statement_no", "reason_code")
    assert tuple(row[name] for name in names) == ("2", "0002222", "00001", "")


def test_a_later_slice_refers_to_the_supplement_that_replaced_the_first_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, later = make_slices(build_hospital(tmp_path / "hospital", 600))
    monkeypatch.setenv(SITE_VARIABLE, str(write_site(tmp_path)))
    run_until_checked(tmp_path / "site.toml", AS_OF)
    hand_off(tmp_path)
    claim = receive(tmp_path, "0007777")
    with ledger_of(tmp_path) as ledger:
        sent = ledger.claim_statements(GENERAL, claim.claim_no).to_pylist()
    serial = next(one["statement_no"] for one in sent if one["statement_key"] == first)
    review(tmp_path, {serial: "16-10"}, "20260701")
    change(tmp_path, "UPDATE hospital_statement SET patient_name = '가나다' WHERE statement_key = ?", first)
    start(tmp_path, Request("supplementary", GENERAL, LATER))
    finish(tmp_path)
    receive(tmp_path, "0008888")
    assert night(tmp_path).statements == 1
    query = (
        f"SELECT parent_receipt_no, parent_statement_no FROM back_reference WHERE statement_key = '{later}'"
    )
    assert read_ledger(tmp_path, query) == [("0008888", "00001")]


def test_a_blocked_addition_goes_again_once_it_was_corrected(site: Path) -> None:
    claim = review(site, {}, "20260701")
    key = key_of(site, claim.claim_no, "00005")
    add_line(site, key, 90, "AA222")
    change(site, "UPDATE hospital_line SET line_code = '' WHERE statement_key = ? AND line_seq = 90", key)
    start(site, request("additional"))
    finish(site)
    assert read_ledger(site, "SELECT state FROM statement WHERE statement_key LIKE '~%'") == [("BLOCKED",)]
    assert words(site, request("additional", statement_keys=(key,))) == ["unchanged"]
    change(
        site, "UPDATE hospital_line SET line_code = 'AA222' WHERE statement_key = ? AND line_seq = 90", key
    )
    assert [one.source_key for one in plan(site, request("additional")).planned] == [key]
    start(site, request("additional"))
    finish(site)
    assert line_codes(site) == ["AA222"]
    with ledger_of(site) as ledger:
        assert ledger.verify() == []


def test_a_follower_that_was_given_up_does_not_stop_the_others(site: Path) -> None:
    claim = review(site, {"00005": "16-10", "00006": "16-10"}, "20260701")
    keys = [key_of(site, claim.claim_no, serial) for serial in ("00005", "00006")]
    correct(site, keys[0])
    change(site, "DELETE FROM hospital_diagnosis WHERE statement_key = ?", keys[0])
    start(site, request())
    finish(site)
    ((follower, state),) = read_ledger(
        site, "SELECT statement_key, state FROM statement WHERE statement_key LIKE '~%'"
    )
    assert state == "BLOCKED"
    give_up(site, follower)
    correct_name = "UPDATE hospital_statement SET patient_name = '가나다' WHERE statement_key = ?"
    change(site, correct_name, keys[1])
    found = start(site, request()).plan
    assert [one.source_key for one in found.planned] == [keys[1]]
    assert [one.word for one in found.left_out] == ["given_up"]
    again = start(site, request(statement_keys=(keys[0],))).plan
    assert [(one.source_key, one.round) for one in again.planned] == [(keys[0], 2)]


def test_an_item_that_the_fee_table_does_not_know_is_blocked_on_an_addition_too(site: Path) -> None:
    """Followers were checked without the optional views: an addition with a code that is none went out."""
    claim = review(site, {}, "20260701")
    key = key_of(site, claim.claim_no, "00005")
    charge_line(site, key, 90, "ZZ999")
    start(site, request("additional"))
    finish(site)
    query = "SELECT rule_id FROM finding WHERE statement_key LIKE '~%' AND level = 'error'"
    assert read_ledger(site, query) == [("LINE-002",)]
