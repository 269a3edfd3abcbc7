"""Every answer and mishap of the simulated HIRA by script; what it writes parses, but for what is broken on purpose."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from cheonggu.errors import NoticeError
from cheonggu.gateways.simulator import HiraSimulator
from cheonggu.gateways.simulator_review import Amounts, cut_amounts
from cheonggu.gateways.simulator_script import CLAIM_OUTCOMES
from cheonggu.schemes.hira.notices import parse
from tests.gateways.simulator_night import TODAY, Night
from tests.gateways.simulator_sets import Visit, make_set, place, visits


def test_receipt_only(tmp_path: Path) -> None:
    night = Night(tmp_path, 'outcome = "receipt-only"').days()
    assert night.kinds == ["receipt"]


def test_return_of_the_whole_claim(tmp_path: Path) -> None:
    night = Night(tmp_path, 'claim = "2026050001"\noutcome = "return"\ncode = "09-03"').days()
    (receipt,) = night.notices[0].receipts
    assert (receipt.result, receipt.receipt_no, receipt.statement_count) == ("returned", None, 4)
    assert [(one.code, one.detail_code, one.statement_no) for one in receipt.reasons] == [("09", "03", None)]
    assert (night.kinds, night.claim["state"]) == (["receipt"], "returned")


def test_return_naming_statements(tmp_path: Path) -> None:
    night = Night(tmp_path, 'outcome = "return"\nstatements = ["00002", "00004"]')
    (receipt,) = night.notices[0].receipts
    assert [one.statement_no for one in receipt.reasons] == ["00002", "00004"]


def test_return_after_the_receipt(tmp_path: Path) -> None:
    night = Night(tmp_path, 'outcome = "late-return"').days()
    first, second = (one.receipts[0] for one in night.notices)
    assert (first.result, second.result) == ("received", "returned")
    assert first.receipt_no == second.receipt_no
    assert (second.reasons[0].code, second.reasons[0].detail_code) == ("81", "01")
    assert {one["is_held_by_hira"] for one in night.status["statements"]} == {0}


def test_receipt_of_fewer_statements_than_sent(tmp_path: Path) -> None:
    night = Night(tmp_path, 'outcome = "partial-receipt"').days()
    (receipt,) = night.notices[0].receipts
    assert (receipt.statement_count, receipt.claimed_amount) == (3, 30240)
    assert [one["is_held_by_hira"] for one in night.status["statements"]] == [1, 1, 1, 0]


def test_receipt_lost(tmp_path: Path) -> None:
    night = Night(tmp_path, 'outcome = "receipt-lost"').days()
    assert night.kinds == ["review-result"]
    assert night.review().receipt_no == night.claim["receipt_no"]


def test_a_claim_that_gets_no_other_word_keeps_its_receipt(tmp_path: Path) -> None:
    night = Night(tmp_path, 'outcome = "receipt-lost"', 'outcome = "return"').days()
    assert night.notices[0].receipts[0].result == "returned"


def test_result_before_receipt(tmp_path: Path) -> None:
    assert Night(tmp_path, 'outcome = "result-before-receipt"').days().kinds == ["review-result", "receipt"]


@pytest.mark.parametrize("complete", [False, True])
def test_result_with_nothing_changed(complete: bool, tmp_path: Path) -> None:
    rule = f'outcome = "nothing-changed"\ncomplete = {str(complete).lower()}'
    review = Night(tmp_path, rule).days().review()
    assert (review.complete, len(review.statements)) == (complete, 4 if complete else 0)
    assert (review.totals.claimed_count, review.totals.decided_count) == (4, 4)
    assert review.totals.decided_amount == review.totals.claimed_amount == 40320


MIXED = (
    'statement = "00002"\noutcome = "adjusted"\ncode = "B"\nline_no = 3\namount = 710',
    'statement = "00003"\noutcome = "impossible"\ncode = "02-01"',
    'statement = "00004"\noutcome = "held"\ncode = "80"\nthen = "adjusted"',
    'outcome = "nothing-changed"\ncomplete = false',
)


def test_adjusted_impossible_and_held_statements_together(tmp_path: Path) -> None:
    night = Night(tmp_path, *MIXED)
    night.step(TODAY + timedelta(days=1))
    review = night.review()
    assert review.statements["outcome"].to_pylist() == ["adjusted", "impossible", "held"]
    totals = review.totals
    assert (totals.claimed_count, totals.decided_count) == (4, 2)
    assert (totals.impossible_count, totals.impossible_amount) == (2, 20160)
    cut = review.findings.to_pylist()[0]
    assert (cut["code"], cut["line_no"], cut["amount"]) == ("B", 3, 710)
    decided = review.statements.to_pylist()[0]
    assert (decided["decided_total_1"], decided["decided_copay"], decided["copay_refund"]) == (
        13570,
        3900,
        300,
    )
    assert totals.adjusted_amount == 10080 - 9670
    assert night.claim["outcomes"] == {"accepted": 1, "adjusted": 1, "held": 1, "impossible": 1}
    assert night.claim["decided_amount"] == totals.decided_amount


def test_second_round_for_a_held_statement(tmp_path: Path) -> None:
    night = Night(tmp_path, *MIXED).days()
    first, second = night.review(0), night.review(1)
    assert second.review_round > first.review_round
    assert second.statements["statement_no"].to_pylist() == ["00004"]
    assert second.statements["outcome"].to_pylist() == ["adjusted"]
    assert (second.totals.claimed_count, second.complete) == (1, False)
    decided = first.totals.decided_amount + second.totals.decided_amount
    assert night.claim["decided_amount"] == decided


def test_a_statement_can_be_held_again_and_again(tmp_path: Path) -> None:
    night = Night(tmp_path, 'statement = "00001"\noutcome = "held"\nthen = "held"').days()
    assert night.kinds.count("review-result") > 3
    rounds = [one.review.review_round for one in night.notices if one.review]
    assert rounds == sorted(set(rounds))


def test_settlement_with_a_refund(tmp_path: Path) -> None:
    night = Night(tmp_path, 'outcome = "settlement-refund"').days()
    assert night.kinds == ["receipt", "review-result", "settlement"]
    assert night.claim["settled_difference"] == night.review().totals.adjusted_amount > 0
    assert b'direction="refund"' in list(night.files.values())[2]


def test_settlement_with_a_recovery(tmp_path: Path) -> None:
    night = Night(tmp_path, 'outcome = "settlement-recovery"').days()
    assert night.kinds == ["receipt", "review-result", "settlement"]
    assert night.claim["settled_difference"] < 0
    assert b'direction="recovery"' in list(night.files.values())[2]


def test_late_outside_prescription_notice(tmp_path: Path) -> None:
    night = Night(tmp_path, 'outcome = "outside-prescription"\ncode = "K"').days()
    assert night.kinds == ["receipt", "review-result", "prescription-adjustment"]
    assert night.notices[2].issued == TODAY + timedelta(days=60)
    assert b'prescription-no="2026051000001"' in list(night.files.values())[2]


def test_duplicate_delivery(tmp_path: Path) -> None:
    night = Night(tmp_path, 'outcome = "duplicate-delivery"')
    first, again = night.files.values()
    assert first == again


def test_two_notices_of_one_number_with_different_bytes(tmp_path: Path) -> None:
    night = Night(tmp_path, 'outcome = "conflicting-document"')
    first, second = night.notices
    assert first.document_no == second.document_no
    assert (first.receipts[0].claimed_amount, second.receipts[0].claimed_amount) == (40320, 40330)


def test_notice_for_another_provider(tmp_path: Path) -> None:
    night = Night(tmp_path, 'outcome = "other-provider"')
    assert [one.provider_code for one in night.notices] == ["12345678", "99999999"]
    assert night.notices[0].document_no != night.notices[1].document_no


def test_unknown_statement_serial(tmp_path: Path) -> None:
    night = Night(tmp_path, 'outcome = "unknown-statement"').days()
    wrong, right = night.review(0), night.review(1)
    assert "00005" in wrong.statements["statement_no"].to_pylist()
    assert "00005" not in right.statements["statement_no"].to_pylist()
    assert wrong.totals == right.totals


def test_broken_notice_before_the_sound_one(tmp_path: Path) -> None:
    night = Night(tmp_path, 'outcome = "broken-notice"')
    sound, broken = night.files.values()
    assert parse(sound).receipts[0].result == "received"
    with pytest.raises(NoticeError):
        parse(broken)


def test_the_check_can_warn_or_refuse_by_script(tmp_path: Path) -> None:
    warned = Night(tmp_path / "a", 'outcome = "examine-warning"')
    refused = Night(tmp_path / "b", 'outcome = "examine-refusal"')
    assert [one["exam_status"] for one in warned.status["documents"]] == [1]
    assert [one["exam_status"] for one in refused.status["documents"]] == [-1]
    assert (len(warned.status["claims"]), len(refused.status["claims"])) == (1, 0)


def test_an_operator_who_does_not_send(tmp_path: Path) -> None:
    night = Night(tmp_path, 'outcome = "unsent"').days()
    assert [one["outbox"] for one in night.status["documents"]] == ["waiting"]
    assert night.files == {}


def test_medical_aid_has_its_own_forms_and_payer(tmp_path: Path) -> None:
    aid = [Visit(changed={"form_no": "H031"})]
    night = Night(tmp_path, statements=aid, form_no="H011", payer_class="1").days()
    assert [one.form for one in night.notices] == ["F010", "F060"]
    assert night.notices[0].receipts[0].payer_class == "5"


def test_a_rule_for_another_claim_changes_nothing(tmp_path: Path) -> None:
    night = Night(
        tmp_path, 'claim = "2026050009"\noutcome = "return"', 'provider = "87654321"\noutcome = "return"'
    )
    assert night.notices[0].receipts[0].result == "received"


def unpack(raw: bytes) -> bytes:
    """The one document in a ZIP; a broken one is given back as it is."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            return archive.read(archive.namelist()[0])
    except zipfile.BadZipFile:
        return raw


@pytest.mark.parametrize("seed", range(3))
def test_everything_at_once_by_chance_parses_and_agrees_with_the_books(seed: int, tmp_path: Path) -> None:
    """Many claims, every mishap likely: each notice parses but the broken ones, and the won of reviews add up."""
    rates = "".join(f"{name} = 0.2\n" for name in CLAIM_OUTCOMES)
    script = f"[rates]\n{rates}adjusted = 0.2\nimpossible = 0.1\nheld = 0.2\n"
    with HiraSimulator(tmp_path, script=script, seed=seed, today=TODAY) as simulator:
        for number in range(25):
            day = f"202605{number + 1:02d}"
            place(tmp_path, make_set(visits(5, day=day), claim_no=f"20260500{number:02d}"))
            simulator.step()
    for day in (1, 2, 8, 15, 31, 61):
        with HiraSimulator(tmp_path, today=TODAY + timedelta(days=day)) as simulator:
            simulator.step()
            status = simulator.status()
    decided: dict[str, int] = {}
    for row in status["notices"]:
        raw = (tmp_path / "out" / row["file"]).read_bytes()
        if row["file"].endswith(".zip"):
            raw = unpack(raw)
        if row["mishap"] in ("broken-notice", "unknown-form"):
            with pytest.raises(NoticeError):
                parse(raw)
            continue
        notice = parse(raw)
        if notice.review is not None and row["mishap"] is None:
            claim_no = notice.review.claim_no
            decided[claim_no] = decided.get(claim_no, 0) + notice.review.totals.decided_amount
    assert {
        one["claim_no"]: one["decided_amount"] for one in status["claims"] if one["last_round"]
    } == decided
    assert decided
    assert status["complaints"] == []
    assert len({row["mishap"] for row in status["notices"]}) > 3


@pytest.mark.parametrize(
    ("claimed", "cut", "step", "decided"),
    [
        (Amounts(14280, 4200, 10080), 710, 100, Amounts(13570, 3900, 9670)),
        (Amounts(14280, 1500, 12780), 20, 100, Amounts(14260, 1500, 12760)),  # truncation would favour nobody
        (Amounts(14280, 4200, 10080), 14280, 100, Amounts(0, 0, 0)),
        (Amounts(100000, 20000, 80000), 10000, 10, Amounts(90000, 18000, 72000)),
        (Amounts(14280, 0, 14280), 15, 100, Amounts(14260, 0, 14260)),  # the total is floored to 10 won
        (
            Amounts(14280, 4200, 8080),
            710,
            100,
            Amounts(13570, 3900, 7670),
        ),  # 2,000 won of disability cost stay
    ],
)
def test_the_won_after_a_cut(claimed: Amounts, cut: int, step: int, decided: Amounts) -> None:
    assert cut_amounts(claimed, cut, step) == decided
