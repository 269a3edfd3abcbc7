"""The simulated HIRA knows what it holds: it says "you sent this twice" and "this you never sent"."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from cheonggu.gateways.simulator import HiraSimulator
from cheonggu.schemes.hira.notices import parse
from tests.gateways.simulator_sets import Visit, make_set, place, visits

TODAY = date(2026, 6, 3)
FIRST = [Visit(patient="9001011234567"), Visit(patient="8001011234567"), Visit(patient="7001011234567")]
SCRIPT = """
[rates]
adjusted = 0
impossible = 0
[[rule]]
claim = "2026050001"
statement = "00002"
outcome = "impossible"
code = "02-01"
[[rule]]
claim = "2026050001"
statement = "00003"
outcome = "held"
code = "80"
"""


def send(client: Path, files: dict[str, bytes], day: int = 0, script: str = SCRIPT) -> dict[str, Any]:
    """Send one claim on a day and let it be reviewed on the next; gives the books."""
    place(client, files)
    for later in (0, 1):
        with HiraSimulator(client, script=script, today=TODAY + timedelta(days=day + later)) as simulator:
            simulator.step()
            report = simulator.status(with_statements=True)
    (client / "in" / "ExamResult.txt").unlink()
    return report


def said(report: dict[str, Any]) -> list[tuple[str, str, str, str | None]]:
    return [(one["said"], one["basis"], one["claim_no"], one["statement_no"]) for one in report["complaints"]]


def outcomes(report: dict[str, Any], claim_no: str) -> list[tuple[str, str | None]]:
    last = [one for one in report["statements"] if one["claim_no"] == claim_no]
    return [(one["outcome"], one["code"]) for one in last]


def first_claim(client: Path) -> str:
    """Three statements: accepted, impossible (02-01), held (80). Gives the receipt number."""
    report = send(client, make_set(FIRST))
    assert [one[0] for one in outcomes(report, "2026050001")] == ["accepted", "impossible", "held"]
    return str(report["claims"][0]["receipt_no"])


def again(visit: Visit, claim_class: str, receipt_no: str, statement_no: str, reason: str = "") -> Visit:
    changed = {
        "claim_class": claim_class,
        "original_receipt_no": receipt_no,
        "original_statement_no": statement_no,
        "reason_code": reason,
    }
    return replace(visit, changed=changed)


def supplement(visit: Visit, claim_no: str = "2026050002", header: str = "1") -> dict[str, bytes]:
    return make_set([visit], claim_no=claim_no, claim_class=header)


def test_the_same_files_sent_twice(tmp_path: Path) -> None:
    files = make_set(visits(2))
    send(tmp_path, files)
    report = send(tmp_path, files, day=2)
    assert said(report) == [
        ("sent-twice", "document-hash", "2026050001", None),
        ("sent-twice", "claim-no", "2026050001", None),
        ("sent-twice", "statement-identity", "2026050001", "00001"),
        ("sent-twice", "statement-identity", "2026050001", "00002"),
    ]
    second = [parse(path.read_bytes()) for path in sorted((tmp_path / "out").iterdir())][-1].review
    assert second is not None
    assert second.statements["outcome"].to_pylist() == ["impossible", "impossible"]
    assert set(zip(*(second.findings[one].to_pylist() for one in ("code", "detail_code")), strict=True)) == {
        ("93", "01")
    }


def test_one_visit_in_two_claims(tmp_path: Path) -> None:
    send(tmp_path, make_set(FIRST))
    mixed = [Visit(patient="6001011234567"), FIRST[0]]
    report = send(tmp_path, make_set(mixed, claim_no="2026050002"), day=2)
    assert said(report) == [("sent-twice", "statement-identity", "2026050002", "00002")]
    assert outcomes(report, "2026050002") == [("accepted", None), ("impossible", "93")]


def test_one_visit_twice_in_one_claim(tmp_path: Path) -> None:
    report = send(tmp_path, make_set([Visit(), Visit()]), script="[rates]\nadjusted = 0\nimpossible = 0\n")
    assert said(report) == [("sent-twice", "statement-identity", "2026050001", "00002")]
    assert outcomes(report, "2026050001") == [("accepted", None), ("impossible", "93")]


def test_another_day_department_form_or_patient_is_another_visit(tmp_path: Path) -> None:
    send(tmp_path, make_set(FIRST))
    others = [
        replace(FIRST[0], day="20260511"),
        replace(FIRST[0], department="02"),
        replace(FIRST[0], patient="9001011234568"),
    ]
    assert said(send(tmp_path, make_set(others, claim_no="2026050002"), day=2)) == []


def test_an_impossible_statement_sent_as_an_original_again_is_a_double(tmp_path: Path) -> None:
    first_claim(tmp_path)
    report = send(tmp_path, make_set([FIRST[1]], claim_no="2026050002"), day=2)
    assert said(report) == [("sent-twice", "statement-identity", "2026050002", "00001")]


def test_what_was_returned_may_be_sent_again(tmp_path: Path) -> None:
    script = SCRIPT + '[[rule]]\nclaim = "2026050001"\noutcome = "return"\n'
    send(tmp_path, make_set(FIRST), script=script)
    report = send(tmp_path, make_set(FIRST, claim_no="2026050002"), day=2, script=script)
    assert said(report) == []
    assert [one["state"] for one in report["claims"]] == ["returned", "received"]


def test_a_right_supplement_is_reviewed_and_replaces_its_parent(tmp_path: Path) -> None:
    receipt_no = first_claim(tmp_path)
    report = send(tmp_path, supplement(again(FIRST[1], "1", receipt_no, "00002", "02")), day=2)
    assert said(report) == []
    assert outcomes(report, "2026050002") == [("accepted", None)]
    parent = report["statements"][1]
    assert (parent["statement_no"], parent["replaced_by"].split("/")[1]) == ("00002", "00001")
    receipts = [
        one for path in sorted((tmp_path / "out").iterdir()) for one in parse(path.read_bytes()).receipts
    ]
    assert [one.claim_class for one in receipts] == ["original", "supplementary"]


def test_a_second_supplement_of_one_statement_was_sent_twice(tmp_path: Path) -> None:
    receipt_no = first_claim(tmp_path)
    visit = again(FIRST[1], "1", receipt_no, "00002", "02")
    send(tmp_path, supplement(visit), day=2)
    report = send(tmp_path, supplement(visit, "2026050003"), day=4)
    assert said(report) == [("sent-twice", "parent-not-open", "2026050003", "00001")]
    assert outcomes(report, "2026050003") == [("impossible", "93")]


def test_a_supplement_of_a_held_or_accepted_statement_is_refused(tmp_path: Path) -> None:
    receipt_no = first_claim(tmp_path)
    held = send(tmp_path, supplement(again(FIRST[2], "1", receipt_no, "00003", "80")), day=2)
    assert said(held) == [("sent-twice", "parent-not-open", "2026050002", "00001")]
    accepted = send(
        tmp_path, supplement(again(FIRST[0], "1", receipt_no, "00001", "02"), "2026050003"), day=4
    )
    assert said(accepted)[1:] == [("sent-twice", "parent-not-open", "2026050003", "00001")]


def test_a_back_reference_to_something_never_sent(tmp_path: Path) -> None:
    receipt_no = first_claim(tmp_path)
    wrong_receipt = f"{(int(receipt_no) + 1) % 10_000_000:07d}"
    report = send(tmp_path, supplement(again(FIRST[1], "1", wrong_receipt, "00002", "02")), day=2)
    assert said(report) == [("never-sent", "back-reference", "2026050002", "00001")]
    assert outcomes(report, "2026050002") == [("impossible", "28")]
    report = send(tmp_path, supplement(again(FIRST[1], "1", receipt_no, "00009", "02"), "2026050003"), day=4)
    assert said(report)[1:] == [("never-sent", "back-reference", "2026050003", "00001")]


def test_a_supplement_with_a_wrong_reason_code_is_impossible(tmp_path: Path) -> None:
    receipt_no = first_claim(tmp_path)
    report = send(tmp_path, supplement(again(FIRST[1], "1", receipt_no, "00002", "16")), day=2)
    assert said(report) == [("wrong-parent", "reason-code", "2026050002", "00001")]
    assert outcomes(report, "2026050002") == [("impossible", "28")]


def test_a_supplement_of_another_patients_statement_is_impossible(tmp_path: Path) -> None:
    receipt_no = first_claim(tmp_path)
    report = send(tmp_path, supplement(again(FIRST[0], "1", receipt_no, "00002", "02")), day=2)
    assert said(report) == [("wrong-parent", "another-visit", "2026050002", "00001")]
    assert outcomes(report, "2026050002") == [("impossible", "28")]


def test_a_supplement_that_is_returned_late_leaves_its_parent_open(tmp_path: Path) -> None:
    receipt_no = first_claim(tmp_path)
    script = SCRIPT + '[[rule]]\nclaim = "2026050002"\noutcome = "late-return"\n'
    files = supplement(again(FIRST[1], "1", receipt_no, "00002", "02"))
    assert said(send(tmp_path, files, day=2, script=script)) == []
    third = supplement(again(FIRST[1], "1", receipt_no, "00002", "02"), "2026050003")
    report = send(tmp_path, third, day=5, script=script)
    assert said(report) == []
    assert outcomes(report, "2026050003") == [("accepted", None)]


def test_an_addition_to_an_accepted_statement_is_no_double(tmp_path: Path) -> None:
    receipt_no = first_claim(tmp_path)
    visit = replace(again(FIRST[0], "2", receipt_no, "00001"), total=1000, copay=300, lines=(1000,))
    report = send(tmp_path, supplement(visit, header="2"), day=2)
    assert said(report) == []
    assert outcomes(report, "2026050002") == [("accepted", None)]


def test_an_addition_to_an_impossible_statement_is_impossible(tmp_path: Path) -> None:
    receipt_no = first_claim(tmp_path)
    report = send(tmp_path, supplement(again(FIRST[1], "2", receipt_no, "00002"), header="2"), day=2)
    assert said(report) == [("wrong-parent", "parent-not-decided", "2026050002", "00001")]
    assert outcomes(report, "2026050002") == [("impossible", "28")]


def test_a_split_slice_points_to_the_first_one(tmp_path: Path) -> None:
    receipt_no = first_claim(tmp_path)
    visit = replace(again(FIRST[0], "3", receipt_no, "00001"), day="20260520")
    report = send(tmp_path, make_set([visit], claim_no="2026050002"), day=2)
    assert said(report) == []
    receipts = [
        one for path in sorted((tmp_path / "out").iterdir()) for one in parse(path.read_bytes()).receipts
    ]
    assert receipts[-1].claim_class == "split"


def test_five_rounds_of_supplements_keep_the_right_parents(tmp_path: Path) -> None:
    script = "[rates]\nadjusted = 0\nimpossible = 0\n[[rule]]\noutcome = 'impossible'\ncode = '02-01'\n"
    report = send(tmp_path, make_set([Visit()]), script=script)
    for number in range(2, 7):
        receipt_no = report["claims"][-1]["receipt_no"]
        files = supplement(again(Visit(), "1", receipt_no, "00001", "02"), f"202605000{number}")
        report = send(tmp_path, files, day=number, script=script)
    assert said(report) == []
    assert [one["replaced_by"] is None for one in report["statements"]] == [False] * 5 + [True]


ACCEPTED = "[rates]\nadjusted = 0\nimpossible = 0\nheld = 0\n"
REFUSED_ADDITION = f'{ACCEPTED}[[rule]]\nclaim = "2026050002"\noutcome = "impossible"\ncode = "16-10"\n'


def addition(receipt_no: str, claim_no: str, statement_no: str = "00001") -> dict[str, bytes]:
    left_out = replace(FIRST[0], lines=(3000,))
    return make_set([again(left_out, "2", receipt_no, statement_no)], claim_no=claim_no, claim_class="2")


def receipt_of(report: dict[str, Any], claim_no: str) -> str:
    return next(str(one["receipt_no"]) for one in report["claims"] if one["claim_no"] == claim_no)


def test_the_same_items_added_twice_were_sent_twice(tmp_path: Path) -> None:
    receipt_no = receipt_of(send(tmp_path, make_set(FIRST), script=ACCEPTED), "2026050001")
    assert said(send(tmp_path, addition(receipt_no, "2026050002"), day=2, script=ACCEPTED)) == []
    report = send(tmp_path, addition(receipt_no, "2026050003"), day=4, script=ACCEPTED)
    assert said(report) == [("sent-twice", "same-items", "2026050003", "00001")]
    assert outcomes(report, "2026050003") == [("impossible", "93")]


def test_an_impossible_addition_is_supplemented_under_its_own_code_and_receipt(tmp_path: Path) -> None:
    receipt_no = receipt_of(send(tmp_path, make_set(FIRST), script=REFUSED_ADDITION), "2026050001")
    report = send(tmp_path, addition(receipt_no, "2026050002"), day=2, script=REFUSED_ADDITION)
    assert outcomes(report, "2026050002") == [("impossible", "16")]
    judged = receipt_of(report, "2026050002")
    report = send(tmp_path, addition(judged, "2026050003"), day=4, script=REFUSED_ADDITION)
    assert said(report) == []
    again_later = send(tmp_path, addition(judged, "2026050004"), day=6, script=REFUSED_ADDITION)
    assert said(again_later) == [("sent-twice", "parent-not-open", "2026050004", "00001")]


def test_a_later_slice_comes_once_and_names_no_replaced_slice(tmp_path: Path) -> None:
    receipt_no = first_claim(tmp_path)
    later = again(replace(FIRST[0], day="20260520"), "3", receipt_no, "00001")
    assert said(send(tmp_path, make_set([later], claim_no="2026050002"), day=2)) == []
    report = send(tmp_path, make_set([later], claim_no="2026050003"), day=4)
    assert said(report) == [("sent-twice", "statement-identity", "2026050003", "00001")]
    send(tmp_path, supplement(again(FIRST[1], "1", receipt_no, "00002", "02"), "2026050004"), day=6)
    stale = again(replace(FIRST[1], day="20260521"), "3", receipt_no, "00002")
    report = send(tmp_path, make_set([stale], claim_no="2026050005"), day=8)
    assert said(report)[1:] == [("wrong-parent", "parent-replaced", "2026050005", "00001")]
