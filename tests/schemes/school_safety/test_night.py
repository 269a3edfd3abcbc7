"""One night of the made-up region, answered to the last payment by the simulated association."""

from __future__ import annotations

import csv
import hashlib
import sqlite3
from datetime import date, timedelta
from pathlib import Path

import pyarrow.compute as pc
import pytest
from lxml import etree

from tests.schemes.school_safety import region_night as night

LONG_ENOUGH = 26


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = night.build(tmp_path_factory.mktemp("region"))
    with night.association(folder) as peer:
        handed = night.run_night(folder, peer)
        assert handed.handed_off
        assert not handed.refused
        assert not handed.waiting
        night.pass_days(peer, LONG_ENOUGH)
    return folder


def packages(folder: Path) -> list[Path]:
    return sorted((folder / "data" / night.NAME / "batches").glob("*/assemble/package"))


def test_every_planted_defect_is_set_aside_under_its_rule_and_nothing_else(answered: Path) -> None:
    truth = night.truth(answered)
    found = set(night.ask(answered, "SELECT statement_key, rule_id FROM finding WHERE level = 'error'"))
    blocked = {
        key for (key,) in night.ask(answered, "SELECT statement_key FROM statement WHERE state='BLOCKED'")
    }
    assert len(truth) == 13
    assert set(truth.items()) <= found
    assert blocked == set(truth)


def test_every_receipt_started_the_days_to_decide_of_its_package(answered: Path) -> None:
    received = dict(
        night.ask(answered, "SELECT claim_no, received_on FROM claim WHERE receipt_no IS NOT NULL")
    )
    started = dict(
        night.ask(
            answered,
            "SELECT claim_no, min(due_on) FROM claim_clock WHERE kind = 'decide_by' GROUP BY claim_no",
        )
    )
    fortnight = timedelta(days=14)
    assert received
    assert started == {
        number: (date.fromisoformat(day) + fortnight).isoformat() for number, day in received.items()
    }


def test_every_package_has_its_receipt_and_the_books_of_both_sides_agree(answered: Path) -> None:
    with sqlite3.connect(answered / "portal" / "association" / "books.db") as books:
        theirs = set(books.execute("SELECT claim_no, receipt_no, claim_count, claimed_won FROM package"))
        decided = dict(
            books.execute(
                "SELECT statement_no || claim_no, decided_won FROM claim JOIN package USING (token)"
            )
        )
        assert books.execute("SELECT count(*) FROM complaint").fetchall() == [(0,)]
    ours = set(night.ask(answered, "SELECT claim_no, receipt_no, statement_count, claimed_amount FROM claim"))
    assert ours == theirs
    mine = dict(night.ask(answered, "SELECT statement_no || claim_no, decided_amount FROM decision"))
    assert mine == decided


def test_what_was_decided_in_full_is_paid_and_papers_asked_for_wait(answered: Path) -> None:
    states = dict(night.ask(answered, "SELECT state, count(*) FROM statement GROUP BY state"))
    assert set(states) == {"BLOCKED", "IMPOSSIBLE", "PAID"}
    with night.ledger_of(answered) as here:
        assert here.ledger.verify() == []


def test_a_package_is_a_checked_document_with_every_listed_file_unchanged(answered: Path) -> None:
    channels = set()
    for package in packages(answered):
        root = etree.parse(str(package / "claim.xml")).getroot()
        channels.add(root.get("channel"))
        with (package / "files.csv").open(encoding="utf-8", newline="") as stream:
            listed = {row["file"]: row["sha256"] for row in csv.DictReader(stream)}
        on_disk = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in package.iterdir()}
        assert listed == {name: digest for name, digest in on_disk.items() if name != "files.csv"}
        assert {one.get("file_name") for one in root.iter("paper")} <= set(listed)
        assert ("cover.html" in listed) == (root.get("channel") == "registered_mail")
        page = (package / "claim.html").read_text(encoding="utf-8")
        assert page.count("공제급여(위로금·보전비용) 청구서</h1>") == len(root.findall("claim"))
    assert channels == {"online", "registered_mail"}


def test_the_benefit_ledger_holds_every_decided_line_under_opaque_keys(answered: Path) -> None:
    with night.ledger_of(answered) as here:
        lines = here.ledger.history_lines(night.NAME)
    decided = night.ask(
        answered,
        "SELECT sum(decided_amount) FROM decision d WHERE outcome IN ('accepted', 'adjusted')",
    )
    assert pc.sum(lines["decided_amount"]).as_py() == decided[0][0]
    keys = {key for (key,) in night.look(answered, "SELECT pupil_key FROM cheonggu_pupil")}
    assert set(lines["person_key"].to_pylist()) <= keys


def test_refusals_start_the_ninety_days_and_decisions_end_the_associations_own(answered: Path) -> None:
    with night.ledger_of(answered) as here:
        clocks = here.ledger.clocks(night.NAME).to_pylist()
    kinds = {row["kind"] for row in clocks}
    assert kinds == {"review_request_by", "supplement_by"}
    refused = night.ask(answered, "SELECT count(*) FROM decision WHERE outcome = 'adjusted'")[0][0]
    assert sum(row["kind"] == "review_request_by" for row in clocks) == refused
    assert all(row["due_on"].weekday() < 5 for row in clocks if row["kind"] == "review_request_by")


def test_a_second_night_and_a_second_collection_change_nothing(answered: Path) -> None:
    before = night.ask(answered, "SELECT claim_no, state, statement_count FROM claim ORDER BY claim_no")
    with night.association(answered) as peer:
        again = night.run_night(answered, peer)
        night.pass_days(peer, 1)
    assert not again.handed_off
    assert (
        night.ask(answered, "SELECT claim_no, state, statement_count FROM claim ORDER BY claim_no") == before
    )


def test_unsigned_claims_wait_and_their_claimants_were_asked_once(answered: Path) -> None:
    unsigned = night.look(
        answered,
        """SELECT count(*) FROM cheonggu_benefit_claim WHERE claimant_role = 'school'
        AND statement_key NOT IN (SELECT statement_key FROM cheonggu_signature)""",
    )[0][0]
    asked = night.ask(answered, "SELECT count(*), count(DISTINCT statement_key) FROM signature_request")
    messages = list((answered / "messages" / "outgoing").glob("*.sms.json"))
    assert unsigned > 0
    assert asked == [(unsigned, unsigned)]
    assert len(messages) == unsigned
    known = night.ask(answered, "SELECT count(*) FROM statement")[0][0]
    assert known == night.CLAIMS - unsigned


def test_no_name_or_account_of_the_region_stands_in_ledger_or_notices(answered: Path) -> None:
    rows = night.look(
        answered, "SELECT account_no, claimant_phone, claimant_address FROM cheonggu_benefit_claim"
    )
    canaries = {value.encode() for row in rows for value in row}
    notices = [path for path in (answered / "data" / night.NAME / "notices").rglob("*") if path.is_file()]
    assert notices
    for place in (answered / "ledger.db", *notices):
        data = place.read_bytes()
        assert not [1 for canary in canaries if canary in data], place
