"""What the simulated payer and reviewer do after the review: payments, material asked for, filings, odd documents."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from cheonggu.errors import StateError
from cheonggu.gateways.simulator import HiraSimulator
from cheonggu.schemes.hira.notices import parse
from tests.gateways.simulator_night import TODAY, Night
from tests.gateways.simulator_sets import PROVIDER

CLAIMED = 10080
CUT = 'statement = "00002"\noutcome = "adjusted"\nline_no = 3\namount = 710'
LOST = 'statement = "00003"\noutcome = "impossible"\ncode = "02-01"'


def documents(night: Night, kind: str) -> list[Any]:
    """The documents of one kind as XML, in order."""
    roots = [etree.fromstring(raw) for raw in night.files.values()]
    return [root for root in roots if root.get("kind") == kind]


def payments(night: Night) -> list[tuple[str, int, dict[str, int], int]]:
    """Kind, gross, deductions and net of every payment row."""
    return [
        (
            row.get("kind"),
            int(row.find("gross").get("paid")),
            {one.get("kind"): int(one.get("amount")) for one in row.iterfind("deduction")},
            int(row.get("net")),
        )
        for root in documents(night, "payment")
        for row in root.iterfind("payment")
    ]


def test_a_final_payment_pays_what_was_decided(tmp_path: Path) -> None:
    night = Night(tmp_path, 'outcome = "payment"', CUT, LOST).days()
    decided = night.claim["decided_amount"]
    (row,) = payments(night)
    assert (row[0], row[1]) == ("final", decided)
    assert row[3] == decided - sum(row[2].values())
    assert all(parse(raw) for raw in night.files.values())


def test_an_advance_is_set_off_against_the_final_payment(tmp_path: Path) -> None:
    night = Night(tmp_path, 'outcome = "advance-payment"', 'outcome = "receipt-lost"')
    night.step(TODAY + timedelta(days=1))  # the review comes on the same day, before the advance is due
    night = Night(tmp_path / "late", 'outcome = "advance-payment"', timing={"review_after_days": 5}).days()
    advance, final = payments(night)
    assert (advance[0], advance[1]) == ("advance", 32256 // 10 * 10)
    assert (final[0], final[1], final[2]["advance"]) == ("final", 4 * CLAIMED, advance[1])
    month = [root.find("payment").get("treatment-month") for root in documents(night, "payment")]
    assert month == [None, "2026-05"]


def test_a_short_deposit_pays_in_two_parts(tmp_path: Path) -> None:
    first, second = payments(Night(tmp_path, 'outcome = "part-payment"').days())
    assert (first[0], second[0]) == ("final", "final")
    assert first[1] + second[1] == 4 * CLAIMED


def test_a_recovery_is_taken_off_after_the_payment(tmp_path: Path) -> None:
    night = Night(tmp_path, 'outcome = "payment"', 'outcome = "settlement-recovery"').days()
    final, back = payments(night)
    assert (final[0], final[1]) == ("final", 4 * CLAIMED)
    assert (back[0], back[1], back[3]) == ("settlement", 0, night.claim["settled_difference"])
    assert night.claim["settled_difference"] < 0


def test_a_held_statement_is_paid_when_it_is_decided(tmp_path: Path) -> None:
    rule = 'statement = "00001"\noutcome = "held"\nthen = "accepted"'
    first, second = payments(
        Night(tmp_path, 'outcome = "payment"', rule, timing={"payment_after_days": 2}).days()
    )
    assert (first[1], second[1]) == (3 * CLAIMED, CLAIMED)


def test_material_is_asked_for_the_held_statement(tmp_path: Path) -> None:
    rule = 'statement = "00003"\noutcome = "held"\nthen = "held"'
    (root,) = documents(Night(tmp_path, 'outcome = "supplement-request"', rule).days(), "supplement-request")
    assert [one.get("statement-no") for one in root.iter("item")] == ["00003"]
    assert root.find("supplement-request").get("due") > root.get("issued")


def file(night: Night, day: int, kind: str = "re-review", statement_no: str = "00003") -> None:
    today = TODAY + timedelta(days=day)
    with HiraSimulator(night.client, script=night.script, seed=1, today=today) as simulator:
        simulator.file_objection(PROVIDER, "2026050001", statement_no, kind)


@pytest.mark.parametrize(
    ("kind", "answer"), [("re-review", "cost-decision"), ("objection", "objection-result")]
)
def test_a_filing_is_received_and_decided(tmp_path: Path, kind: str, answer: str) -> None:
    night = Night(tmp_path, LOST).days()
    file(night, 91, kind)
    night.step(TODAY + timedelta(days=91))
    (receipt,) = documents(night, "objection-receipt")
    assert receipt.find("objection-receipt").get("result") == "received"
    night.step(TODAY + timedelta(days=130))
    (decision,) = documents(night, answer)
    statement = decision.find("cost-decision/statement")
    shares = {"accepted": CLAIMED, "partly-accepted": CLAIMED // 2, "dismissed": 0, "rejected": 0}
    assert int(statement.get("difference")) == shares[statement.get("outcome")]
    assert night.claim["settled_difference"] == shares[statement.get("outcome")]


def test_a_late_filing_comes_back_and_is_never_decided(tmp_path: Path) -> None:
    night = Night(tmp_path, LOST).days()
    file(night, 92)
    night.step(TODAY + timedelta(days=200))
    (receipt,) = documents(night, "objection-receipt")
    assert receipt.find("objection-receipt").get("result") == "returned"
    assert documents(night, "cost-decision") == []


def test_nothing_but_a_cut_can_be_objected_to(tmp_path: Path) -> None:
    night = Night(tmp_path, LOST).days()
    with pytest.raises(StateError, match="objected"):
        file(night, 30, statement_no="00001")


def test_a_zipped_notice_holds_the_same_document_and_an_empty_group(tmp_path: Path) -> None:
    Night(tmp_path, 'outcome = "zipped"', 'outcome = "duplicate-delivery"').days()
    paths = sorted((tmp_path / "out").glob("*.zip"))
    assert len(paths) == 4  # receipt and review, each twice
    for path in paths:
        with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
            document, empty = archive.namelist()
            assert (empty, archive.read(empty)) == ("F020.3", b"")
            assert parse(archive.read(document)).provider_code == PROVIDER


def test_an_unknown_form_lies_among_ours(tmp_path: Path) -> None:
    night = Night(tmp_path, 'outcome = "unknown-form"').days()
    (path,) = (tmp_path / "out").glob("*_F999.1")
    assert path.read_bytes().startswith(b"F999")
    assert [one["mishap"] for one in night.status["notices"]].count("unknown-form") == 1
