"""Notices of the association: what each says to the ledger, which days it sets, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from cheonggu.errors import NoticeError
from cheonggu.schemes.school_safety import notices
from cheonggu.schemes.school_safety.assessment_rules import load_profile
from cheonggu.schemes.school_safety.notices import parse, receipt_clocks

HEAD = '<notice document-no="SA1" kind="{kind}" issued="2026-07-13" association="GJ">{content}</notice>'
LINES = (
    '<line item-no="1" decision="pay" claimed="1000" amount="{paid}"/>'
    '<line item-no="2" decision="deny" claimed="2000" amount="0" reason-code="NONCOVERED_DEFAULT">사유</line>'
)


def notice(kind: str, content: str) -> bytes:
    return HEAD.format(kind=kind, content=content).encode()


def decided(decision: str, claimed: int, won: int, inner: str, more: str = "") -> str:
    return (
        '<decision claim-no="2026070001" receipt-no="0000001" round="02" decided-on="2026-07-13">'
        f'<claim statement-no="00001" decision="{decision}" claimed="{claimed}" decided="{won}"{more}>{inner}</claim>'
        "</decision>"
    )


def receipt(result: str = "received", number: str = ' receipt-no="0000001"') -> str:
    said = f'claim-no="2026070001"{number} result="{result}" received-on="2026-07-06"'
    return f'<receipt {said} claims="2" amount="3000"/>'


def test_a_receipt_starts_the_fourteen_days_of_the_association() -> None:
    found = parse(notice("receipt", receipt()))
    assert (found.receipts[0].receipt_no, found.receipts[0].receipt_year) == ("0000001", "2026")
    assert [
        (one.kind, one.statement_no, one.due_on)
        for one in receipt_clocks(found.receipts[0], {"region": "gwangju"})
    ] == [("decide_by", None, date(2026, 7, 20))]


@pytest.mark.parametrize(
    ("choice", "received", "due"),
    [
        ("stays", date(2026, 7, 4), date(2026, 7, 18)),  # a Saturday
        ("moves", date(2026, 7, 4), date(2026, 7, 20)),
        ("moves", date(2026, 7, 6), date(2026, 7, 20)),
        ("moves", date(2039, 7, 4), date(2039, 7, 18)),  # holidays not known: the stricter day
    ],
)
def test_whether_the_day_of_the_decision_moves_on_is_the_region_s_setting(
    monkeypatch: pytest.MonkeyPatch, choice: str, received: date, due: date
) -> None:
    """AMB-27; 17 July is a holiday again, and the 18th of 2026 a Saturday."""
    switched = load_profile(switches={"decision_day_on_holiday": choice})
    monkeypatch.setattr(notices, "load_profile", {"gwangju": switched}.__getitem__)
    came = replace(parse(notice("receipt", receipt())).receipts[0], receipt_date=received)
    assert [one.due_on for one in receipt_clocks(came, {"region": "gwangju"})] == [due]


def test_a_return_sets_no_clock() -> None:
    found = parse(notice("receipt", receipt("returned", "")))
    assert found.receipts[0].result == "returned"
    assert receipt_clocks(found.receipts[0], {"region": "gwangju"}) == ()


def test_a_part_payment_is_an_adjustment_with_its_line_and_ninety_days_that_move_on() -> None:
    found = parse(notice("decision", decided("partial", 3000, 1000, LINES.format(paid=1000))))
    assert found.review is not None
    assert found.review.statements.to_pylist()[0]["outcome"] == "adjusted"
    assert found.review.findings["line_no"].to_pylist() == [2]
    assert found.review.findings["amount"].to_pylist() == [2000]
    assert found.lines["decided_amount"].to_pylist() == [1000, 0]
    # 90 days from Monday 13 July end on Sunday 11 October 2026; the next working day is the 12th.
    assert {(one.kind, one.due_on) for one in found.clocks} == {
        ("decide_by", None),
        ("review_request_by", date(2026, 10, 12)),
    }


def test_a_full_payment_sets_no_ninety_days() -> None:
    inner = '<line item-no="1" decision="pay" claimed="1000" amount="1000"/>'
    found = parse(notice("decision", decided("paid", 1000, 1000, inner)))
    assert [(one.kind, one.due_on) for one in found.clocks] == [("decide_by", None)]


def test_an_offset_lowers_what_is_paid_and_must_add_up() -> None:
    inner = '<line item-no="1" decision="pay" claimed="1000" amount="1000"/>'
    found = parse(notice("decision", decided("partial", 1000, 700, inner, ' offset-other="300"')))
    assert found.review is not None
    assert found.review.totals.decided_amount == 700
    with pytest.raises(NoticeError, match="do not add up"):
        parse(notice("decision", decided("partial", 1000, 700, inner, ' offset-other="200"')))


def test_every_won_left_out_is_a_finding_and_starts_the_ninety_days() -> None:
    """A crown of 600,000 won paid by its cap, and 150,000 won of a pre-existing condition taken off the sum."""
    inner = '<line item-no="1" decision="pay" claimed="600000" amount="500000" reason-code="DENT_CROWN_CAP"/>'
    more = ' offset-preexisting="150000"'
    found = parse(notice("decision", decided("partial", 600_000, 350_000, inner, more)))
    assert found.review is not None
    cuts = found.review.findings.to_pylist()
    assert [(one["line_no"], one["code"], one["amount"]) for one in cuts] == [
        (1, "DENT_CROWN_CAP", 100_000),
        (None, "PREEXISTING_PART", 150_000),
    ]
    assert ("review_request_by", date(2026, 10, 12)) in {(one.kind, one.due_on) for one in found.clocks}


def test_a_claim_paid_less_an_offset_may_be_disputed() -> None:
    inner = '<line item-no="1" decision="pay" claimed="1000" amount="1000"/>'
    found = parse(notice("decision", decided("paid", 1000, 700, inner, ' offset-other="300"')))
    assert found.review is not None
    assert found.review.statements["outcome"].to_pylist() == ["adjusted"]
    assert found.review.totals.adjusted_amount == 300
    assert [one["code"] for one in found.review.findings.to_pylist()] == ["OTHER_COMPENSATION"]
    assert "review_request_by" in {one.kind for one in found.clocks}


def test_an_offset_above_the_paid_lines_leaves_nothing_and_no_more_than_they_were() -> None:
    inner = '<line item-no="1" decision="pay" claimed="1000" amount="1000"/>'
    more = ' offset-preexisting="900" offset-other="300"'
    found = parse(notice("decision", decided("refused", 1000, 0, inner, more)))
    assert found.review is not None
    assert found.review.findings["amount"].to_pylist() == [900, 100]


def test_papers_asked_for_make_the_claim_one_to_be_supplemented() -> None:
    inner = '<paper document-code="EXTRA_BY_ITEM">추가서류</paper>'
    found = parse(notice("supplement", decided("supplement", 3000, 0, inner)))
    assert found.review is not None
    assert found.review.statements["outcome"].to_pylist() == ["impossible"]
    assert found.review.findings["code"].to_pylist() == ["EXTRA_BY_ITEM"]
    assert found.review.totals.impossible_amount == 3000
    assert {one.kind for one in found.clocks} == {"decide_by", "supplement_by"}


def test_an_extension_moves_the_day_of_the_claims_it_names_and_decides_nothing() -> None:
    content = (
        '<extension claim-no="2026070001" receipt-no="0000001" round="01" decide-by="2026-08-03">'
        '<claim statement-no="00002"/><reason>확인</reason></extension>'
    )
    found = parse(notice("extension", content))
    assert [(one.statement_no, one.due_on) for one in found.clocks] == [("00002", date(2026, 8, 3))]
    assert found.review is not None
    assert found.review.totals.claimed_count == 0


def test_a_payment_pays_the_round_that_was_decided() -> None:
    content = (
        '<payment claim-no="2026070001" receipt-no="0000001" round="02" paid-on="2026-07-16">'
        '<claim statement-no="00001" amount="1000"/><claim statement-no="00002" amount="500"/></payment>'
    )
    (paid,) = parse(notice("payment", content)).payments
    assert (paid.kind, paid.paid, paid.claim.review_round, paid.paid_on) == (
        "final",
        1500,
        "02",
        date(2026, 7, 16),
    )


@pytest.mark.parametrize(
    ("kind", "content", "words"),
    [
        ("decision", receipt(), "of another kind"),
        ("receipt", receipt("received", ""), "a receipt has a number"),
        ("decision", decided("refused", 3000, 5, LINES.format(paid=5)), "do not add up"),
        ("decision", decided("paid", 3000, 1000, LINES.format(paid=1000)), "do not add up"),
        ("decision", decided("partial", 9000, 1000, LINES.format(paid=1000)), "do not add up"),
        ("decision", decided("paid", 1000, 1000, "").replace(' decided="1000"', ""), "lacks its decision"),
        ("verdict", receipt(), "wrong kind"),
    ],
)
def test_what_does_not_fit_is_refused_without_quoting_a_value(kind: str, content: str, words: str) -> None:
    with pytest.raises(NoticeError, match=words):
        parse(notice(kind, content))
