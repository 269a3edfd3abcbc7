"""Supplementary claims (보완청구): guards, references, rounds, and that asking twice never makes a second."""

from __future__ import annotations

import sqlite3
from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from cheonggu.errors import StateError, UsageError
from cheonggu.ledger import Ledger
from cheonggu.reruns import BackReference, correct_back_reference
from cheonggu.site import SITE_VARIABLE
from tests.reruns.rerun_builders import (
    LATER,
    ME,
    change,
    copy_received_month,
    correct,
    finish,
    give_back,
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
)
from tests.support import CLINIC, HIRA, read_ledger

REFERRING = ("claim_class", "original_receipt_no", "original_statement_no", "reason_code")


@pytest.fixture
def site(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The month's claim, received as 0001234."""
    site = copy_received_month(shared, tmp_path / "site")
    monkeypatch.setenv(SITE_VARIABLE, str(site / "site.toml"))
    return site


def left(site: Path, **narrow: tuple[str, ...]) -> dict[str, str]:
    """Serial → why it stays behind."""
    return {one.statement_no: one.word for one in plan(site, request(**narrow)).left_out}


def reference_of(site: Path) -> tuple[str, ...]:
    row = wire(site, sent_claim(site))["A"].to_pylist()[0]
    return tuple(row[name] for name in REFERRING)


def test_a_corrected_statement_is_ready_with_the_reference_of_the_imported_notice(site: Path) -> None:
    claim = review(site, {"00005": "16-10"}, "20260701")
    key = key_of(site, claim.claim_no, "00005")
    assert left(site) == {"00005": "unchanged"}
    correct(site, key)
    (one,) = plan(site, request()).planned
    assert (one.source_key, one.receipt_year, one.receipt_no, one.statement_no) == (
        key,
        "2026",
        "0001234",
        "00005",
    )
    assert (one.reason_code, one.class_code, one.round) == ("16", "1", 1)


def test_the_plan_tells_old_and_new_values_but_never_a_personal_one(site: Path) -> None:
    claim = review(site, {"00005": "16-10"}, "20260701")
    key = key_of(site, claim.claim_no, "00005")
    correct(site, key)
    found = plan(site, request())
    told = {(one.view, one.field): (one.old, one.new) for one in found.planned[0].changes}
    assert told["statement", "patient_name"] == ("", "변경 changed")
    assert told["diagnosis", "diagnosis_code"][1] == "M750"
    assert "가나다" not in repr(found) + repr(list(found.rows()))


def test_planning_changes_nothing(site: Path) -> None:
    claim = review(site, {"00005": "16-10"}, "20260701")
    correct(site, key_of(site, claim.claim_no, "00005"))
    before = read_ledger(site, "SELECT count(*) FROM event")
    plan(site, request())
    assert read_ledger(site, "SELECT count(*) FROM event") == before
    assert not list((site / "data" / "hira" / "batches").glob("*supplementary*"))


def test_the_claim_carries_class_old_receipt_old_serial_and_reason(site: Path) -> None:
    claim = review(site, {"00005": "16-10"}, "20260701")
    correct(site, key_of(site, claim.claim_no, "00005"))
    start(site, request())
    finish(site)
    records = wire(site, sent_claim(site))
    assert records["H"].to_pylist()[0]["claim_class"] == "1"
    assert reference_of(site) == ("1", "0001234", "00005", "16")


def test_the_parent_is_replaced_at_the_receipt_and_not_before(site: Path) -> None:
    claim = review(site, {"00005": "16-10"}, "20260701")
    key = key_of(site, claim.claim_no, "00005")
    correct(site, key)
    start(site, request())
    finish(site)
    assert state_of(site, key) == "IMPOSSIBLE"
    receive(site, "0002222")
    assert state_of(site, key) == "REPLACED"
    with ledger_of(site) as ledger:
        assert ledger.verify() == []


def test_asking_twice_never_makes_a_second(site: Path) -> None:
    claim = review(site, {"00005": "16-10"}, "20260701")
    correct(site, key_of(site, claim.claim_no, "00005"))
    assert len(start(site, request()).batch_ids) == 1
    assert start(site, request()).batch_ids == ()
    assert left(site) == {"00005": "under_way"}
    finish(site)
    correct_more = "UPDATE hospital_diagnosis SET diagnosis_code = 'M751' WHERE statement_key = ?"
    change(site, correct_more, key_of(site, claim.claim_no, "00005"))
    assert start(site, request()).batch_ids == ()
    assert read_ledger(site, "SELECT count(*) FROM back_reference") == [(1,)]


def test_a_start_that_was_killed_before_the_ledger_knew_it_is_finished_by_the_next_one(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = review(site, {"00005": "16-10"}, "20260701")
    correct(site, key_of(site, claim.claim_no, "00005"))
    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "add_batches", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            start(site, request())
    (left_behind,) = (site / "data" / "hira" / "batches").glob("*supplementary*")
    assert start(site, request()).batch_ids == (left_behind.name,)
    assert len(list((site / "data" / "hira" / "batches").glob("*supplementary*"))) == 1


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ("held", "held"),
        ("35-96", "none"),
        ("36-96", "none"),
        ("88", "none"),
        ("89", "none"),
        ("12-00", "none"),
        ("85", "wait"),
        ("35-30", "new_claim_other_payer"),
        ("93-01", "none_if_true_duplicate"),
        ("ZZ-99", "unknown"),
    ],
)
def test_what_may_not_be_supplemented_says_why(site: Path, answer: str, word: str) -> None:
    claim = review(site, {"00005": answer}, "20260701")
    correct(site, key_of(site, claim.claim_no, "00005"))
    assert left(site) == {"00005": word}
    assert start(site, request()).batch_ids == ()


def test_a_suspected_twin_goes_only_when_a_person_names_it(site: Path) -> None:
    claim = review(site, {"00005": "93-01"}, "20260701")
    key = key_of(site, claim.claim_no, "00005")
    correct(site, key)
    assert plan(site, request()).planned == ()
    assert [one.source_key for one in plan(site, request(statement_keys=(key,))).planned] == [key]


@pytest.mark.parametrize("answer", ["accepted", "adjusted"])
def test_accepted_and_adjusted_statements_are_never_supplemented(site: Path, answer: str) -> None:
    claim = review(site, {"00005": answer}, "20260701")
    key = key_of(site, claim.claim_no, "00005")
    correct(site, key)
    assert left(site, statement_keys=(key,)) == {"00005": answer}


def test_a_statement_nobody_sent_is_named_as_unknown(site: Path) -> None:
    review(site, {}, "20260701")
    (one,) = plan(site, request(statement_keys=("S0",))).left_out
    assert (one.key, one.word) == ("S0", "unknown")


def test_receipt_numbers_narrow_the_request(site: Path) -> None:
    claim = review(site, {"00005": "16-10"}, "20260701")
    correct(site, key_of(site, claim.claim_no, "00005"))
    assert len(plan(site, request(receipt_nos=("0001234",))).planned) == 1
    assert plan(site, request(receipt_nos=("0009999",))).planned == ()


def test_care_past_the_limit_and_open_records_stay_behind(site: Path) -> None:
    claim = review(site, {"00005": "16-10", "00006": "16-10"}, "20260701")
    old, opened = (key_of(site, claim.claim_no, number) for number in ("00005", "00006"))
    change(site, "UPDATE hospital_statement SET care_to = '2023-08-31' WHERE statement_key = ?", old)
    change(site, "UPDATE hospital_statement SET reviewed_on = NULL WHERE statement_key = ?", opened)
    assert left(site) == {"00005": "too_late", "00006": "open"}


def test_five_rounds_of_supplements_keep_the_right_parents(site: Path) -> None:
    claim = review(site, {"00005": "16-10", "00007": "16-10"}, "20260701")
    key = key_of(site, claim.claim_no, "00005")
    expected, parents = ("1", "0001234", "00005", "16"), [key]
    for number in range(1, 6):
        code = f"M75{number}"
        change(site, "UPDATE hospital_diagnosis SET diagnosis_code = ? WHERE statement_key = ?", code, key)
        assert [one.parent_key for one in plan(site, request()).planned] == [parents[-1]]
        start(site, request())
        finish(site)
        assert reference_of(site) == expected
        receive(site, f"000500{number}")
        claim = review(site, {"00001": f"{16 + number}-01" if number == 2 else "16-10"}, f"2026080{number}")
        parents.append(key_of(site, claim.claim_no, "00001"))
        expected = ("1", f"000500{number}", "00001", str(16 + number) if number == 2 else "16")
    assert [state_of(site, one) for one in parents] == ["REPLACED"] * 5 + ["IMPOSSIBLE"]
    rows = read_ledger(
        site, "SELECT statement_key, parent_key, source_key FROM back_reference ORDER BY parent_receipt_no"
    )
    assert {(parent, child) for child, parent, _ in rows} == set(pairwise(parents))
    assert {source for *_, source in rows} == {key}
    with ledger_of(site) as ledger:
        assert ledger.verify() == []


def test_a_returned_supplement_goes_again_with_its_own_reference_once_it_was_corrected(site: Path) -> None:
    claim = review(site, {"00005": "16-10"}, "20260701")
    key = key_of(site, claim.claim_no, "00005")
    correct(site, key)
    start(site, request())
    finish(site)
    give_back(site, "B1")
    assert left(site) == {"00005": "unchanged"}
    change(site, "UPDATE hospital_diagnosis SET diagnosis_code = 'M752' WHERE statement_key = ?", key)
    start(site, request())
    finish(site)
    assert reference_of(site) == ("1", "0001234", "00005", "16")
    assert read_ledger(site, "SELECT count(*) FROM back_reference") == [(1,)]
    assert state_of(site, key) == "IMPOSSIBLE"


def test_the_newest_result_gives_the_reason(site: Path) -> None:
    claim = review(site, {"00005": "16-10"}, "20260701")
    review(site, {"00005": "02-01"}, "20260702", claim)
    correct(site, key_of(site, claim.claim_no, "00005"))
    assert [one.reason_code for one in plan(site, request()).planned] == ["02"]


def typed(site: Path, key: str, **changes: str) -> None:
    given = BackReference(
        **({"receipt_no": "0001234", "statement_no": "00005", "reason_code": "16"} | changes)
    )
    with ledger_of(site) as ledger:
        correct_back_reference(
            ledger, HIRA, CLINIC, key, given, person="kim", reason="paper notice", as_of=LATER, actor=ME
        )


def test_a_typed_reference_stands_in_for_a_notice_that_never_came(site: Path) -> None:
    key = key_of(site, sent_claim(site).claim_no, "00005")
    correct(site, key)
    assert left(site, statement_keys=(key,)) == {"00005": "undecided"}
    typed(site, key, detail_code="10")
    assert [one.basis for one in plan(site, request()).planned] == ["typed"]
    start(site, request())
    finish(site)
    assert reference_of(site) == ("1", "0001234", "00005", "16")
    receive(site, "0002222")
    assert state_of(site, key) == "REPLACED"


@pytest.mark.parametrize("wrong", [{"receipt_no": "0001235"}, {"statement_no": "00006"}])
def test_a_typed_reference_that_the_ledger_contradicts_is_refused(site: Path, wrong: dict[str, str]) -> None:
    key = key_of(site, sent_claim(site).claim_no, "00005")
    with pytest.raises(StateError, match="the ledger holds another"):
        typed(site, key, **wrong)


def test_a_typed_reference_needs_a_known_code_and_a_missing_notice(site: Path) -> None:
    key = key_of(site, sent_claim(site).claim_no, "00005")
    with pytest.raises(UsageError, match="not in the code list"):
        typed(site, key, reason_code="ZZ")
    with pytest.raises(UsageError, match="No received claim"):
        typed(site, "S0")
    review(site, {"00005": "16-10"}, "20260701")
    with pytest.raises(StateError, match="taken from there"):
        typed(site, key)


def test_an_unknown_class_is_refused(site: Path) -> None:
    with pytest.raises(UsageError, match="no claim class"):
        plan(site, request("bonus"))


def test_an_edited_reference_is_found(site: Path) -> None:
    claim = review(site, {"00005": "16-10"}, "20260701")
    correct(site, key_of(site, claim.claim_no, "00005"))
    start(site, request())
    with sqlite3.connect(site / "ledger.db") as connection:
        connection.execute("UPDATE back_reference SET parent_receipt_no = '0009999'")
    with ledger_of(site) as ledger:
        assert {one.code for one in ledger.verify()} == {"references"}


def test_rules_that_ask_an_optional_view_fire_in_a_rerun_as_in_a_night(site: Path) -> None:
    """The card's number differs (statement_fact) and the follower has no MT005: PAT-013, under its own key."""
    claim = review(site, {"00005": "16-10", "00006": "16-10"}, "20260701")
    bad, good = (key_of(site, claim.claim_no, number) for number in ("00005", "00006"))
    for key in (bad, good):
        correct(site, key)
    change(
        site,
        """INSERT INTO hospital_statement_fact SELECT statement_key, provider_code, care_month, 'card_rrn_differs', ''
        FROM hospital_statement WHERE statement_key = ?""",
        bad,
    )
    followers = {one.source_key: one.statement_key for one in start(site, request()).plan.planned}
    finish(site)
    assert state_of(site, followers[bad]) == "BLOCKED"
    assert state_of(site, followers[good]) == "IN_FLIGHT"
    rules = "SELECT DISTINCT rule_id FROM finding WHERE statement_key = ?"
    with sqlite3.connect(site / "ledger.db") as ledger:
        assert ledger.execute(rules, [followers[bad]]).fetchall() == [("PAT-013",)]
    batch = Path(site / "data" / "hira" / "batches" / sent_claim(site).batch_id)
    skipped = set(pq.read_table(batch / "precheck" / "not_checked.parquet")["rule_id"].to_pylist())
    assert skipped == {"DX-024", "LINE-023", "SYM-031"}
    listed = pq.read_table(batch / "validate" / "eligibility.parquet")["statement_key"].to_pylist()
    assert listed == [followers[good]]


def test_an_answer_of_the_hospital_makes_a_blocked_follower_another_content(site: Path) -> None:
    """What single statements' optional views say is part of the content, as in a night."""
    claim = review(site, {"00005": "16-10"}, "20260701")
    key = key_of(site, claim.claim_no, "00005")
    correct(site, key)
    (before,) = plan(site, request()).planned
    change(site, "UPDATE hospital_eligibility SET checked_on = '2026-08-01' WHERE statement_key = ?", key)
    (after,) = plan(site, request()).planned
    assert before.content_hash != after.content_hash
