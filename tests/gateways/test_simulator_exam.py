"""The simulated client's check: sound sets pass, each fault is found with its place, nothing personal is told."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from cheonggu.gateways.simulator_exam import Examination, examine
from cheonggu.gateways.simulator_sam import SamTables
from tests.gateways.simulator_sets import MARKER, Visit, columns, make_set, place, visits

TABLES = SamTables()
TODAY = date(2026, 6, 3)
KINDS = ("medical_dental", "korean_medicine")


def check(folder: Path, files: dict[str, bytes], today: date = TODAY) -> Examination:
    place(folder, files)
    return examine(folder / "in", TABLES, today, lambda *parts: "|".join(parts))


def codes(found: Examination) -> set[str]:
    return {one.code for one in found.problems}


@pytest.mark.parametrize("kind", KINDS)
def test_a_sound_set_passes_and_is_taken_down(kind: str, tmp_path: Path) -> None:
    found = check(tmp_path, make_set(visits(3), kind=kind))
    assert (found.status, found.problems) == (0, [])
    assert found.claim is not None
    assert (found.claim.kind, found.claim.setting, found.claim.statement_count) == (kind, "out", 3)
    assert (found.claim.total_1, found.claim.copay, found.claim.claimed_amount) == (42840, 12600, 30240)
    assert [one.statement_no for one in found.statements] == ["00001", "00002", "00003"]
    assert found.statements[0].lines == "1:10000:AA157,2:3570:AA157,3:710:AA157"


def test_the_reader_knows_every_layout_table() -> None:
    for (kind, letter), record in TABLES.records.items():
        assert max(one.end for one in record.columns.values()) == record.length, (kind, letter)


def test_a_statement_is_identified_by_provider_payer_patient_day_department_and_form(tmp_path: Path) -> None:
    found = check(tmp_path, make_set([Visit(day="20260512", department="13")]))
    assert found.statements[0].identity == "12345678|4|9001011234567|20260512|13|H021"


def test_prescription_numbers_are_kept_once(tmp_path: Path) -> None:
    found = check(tmp_path, make_set([Visit(prescription="2026051000001")]))
    assert found.statements[0].prescriptions == "2026051000001"


HEADER_FAULTS = {
    "wrong header form": ({"form_no": "H012"}, "01-02"),
    "payer of another header form": ({"payer_class": "1"}, "01-03"),
    "medical-aid header over insurance statements": ({"form_no": "H011", "payer_class": "1"}, "01-11"),
    "claim class that is none": ({"claim_class": "5"}, "21-02"),
    "claim unit that is none": ({"claim_unit": "9"}, "05-01"),
    "no statements counted": ({"statement_count": 0}, "09-01"),
    "another count": ({"statement_count": 4}, "09-03"),
    "another sum": ({"claimed_amount": 30250}, "09-03"),
    "month that is none": ({"treatment_month": "202613"}, "07-01"),
    "claim date that is none": ({"claim_date": "20260631"}, "07-07"),
    "claim date before the month": ({"claim_date": "20260430"}, "07-08"),
}


@pytest.mark.parametrize("fault", HEADER_FAULTS)
def test_a_header_fault_refuses_the_set(fault: str, tmp_path: Path) -> None:
    changed, code = HEADER_FAULTS[fault]
    found = check(tmp_path, make_set(visits(3), **changed))
    assert found.status == -1
    assert code in codes(found)


@pytest.mark.parametrize(("today", "code"), [(date(2026, 5, 31), "07-12"), (date(2026, 4, 30), "07-02")])
def test_a_month_that_is_not_over_is_refused(today: date, code: str, tmp_path: Path) -> None:
    assert code in codes(check(tmp_path, make_set(visits(1), claim_date=f"{today:%Y%m%d}"), today))


def test_a_week_may_be_claimed_within_its_month(tmp_path: Path) -> None:
    files = make_set(visits(1), claim_unit="1", claim_date="20260510")
    assert check(tmp_path, files, date(2026, 5, 10)).status == 0


def test_a_claim_date_after_today_only_warns(tmp_path: Path) -> None:
    found = check(tmp_path, make_set(visits(1), claim_date="20260604"))
    assert (found.status, codes(found)) == (1, {"07-09"})


def test_inpatients_and_outpatients_do_not_mix(tmp_path: Path) -> None:
    mixed = [Visit(), Visit(patient="9001011234568", changed={"form_no": "H020"})]
    assert "09-07" in codes(check(tmp_path, make_set(mixed)))


STATEMENT_FAULTS = {
    "class of the header": ({"claim_class": "1"}, "30-02"),
    "no back reference": ({"claim_class": "3"}, "28-01"),
    "blank that must be filled": ({"treatment_result": ""}, ""),
    "filler that must be blank": ({"filler_1": "X"}, ""),
}


@pytest.mark.parametrize("fault", STATEMENT_FAULTS)
def test_a_statement_fault_only_warns(fault: str, tmp_path: Path) -> None:
    changed, code = STATEMENT_FAULTS[fault]
    found = check(tmp_path, make_set([Visit(changed=changed)]))
    assert found.status == 1
    assert code in codes(found)
    assert found.problems[0].statement_no == "00001"


def test_another_provider_in_a_statement_refuses(tmp_path: Path) -> None:
    assert check(tmp_path, make_set([Visit(changed={"provider_code": "87654321"})])).status == -1


def test_a_statement_without_main_diagnosis_warns(tmp_path: Path) -> None:
    files = make_set(visits(1))
    name = next(iter(files))
    start = files[name].index(b"2026050001" + b"00001" + b"B") + 16
    files[name] = files[name][:start] + b"2" + files[name][start + 1 :]
    assert codes(check(tmp_path, files)) == {"04-04"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_serial_gap_refuses(kind: str, tmp_path: Path) -> None:
    files = {
        name: data.replace(b"202605000100002", b"202605000100003")
        for name, data in make_set(visits(2), kind=kind).items()
    }
    assert "09-06" in codes(check(tmp_path, files))


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_of_another_claim_or_without_statement_refuses(kind: str, tmp_path: Path) -> None:
    files = make_set(visits(2), kind=kind)
    name = list(files)[-1]
    place_of_last = files[name].rindex(b"202605000100002")
    data = bytearray(files[name])
    data[place_of_last : place_of_last + 15] = b"202605000100009"
    found = check(tmp_path, {**files, name: bytes(data)})
    assert found.status == -1
    assert "01-00" in codes(found)


def test_a_record_of_the_wrong_length_refuses_and_says_where(tmp_path: Path) -> None:
    files = make_set(visits(2), kind="korean_medicine")
    files["K020.3"] = files["K020.3"].replace(b"AA157", b"AA15", 1)
    found = check(tmp_path, files)
    assert found.status == -1
    first = found.problems[0]
    assert (first.file, first.record, first.statement_no, first.line_no) == ("K020.3", "C", "00001", 1)
    assert first.text == "183 bytes, want 184"


def test_the_documented_short_forms_are_accepted(tmp_path: Path) -> None:
    files = make_set(visits(1))
    name, data = next(iter(files.items()))
    lines = data.split(b"\r\n")
    short = [lines[0][:346], *(one[:204] if one[15:16] == b"C" else one for one in lines[1:])]
    assert check(tmp_path, {name: b"\r\n".join(short)}).status == 0


def test_bytes_outside_cp949_refuse(tmp_path: Path) -> None:
    files = {
        name: data.replace("홍길순".encode("cp949"), b"\xff" * 6)
        for name, data in make_set(visits(1)).items()
    }
    assert check(tmp_path, files).status == -1


def test_a_number_filled_with_spaces_is_a_number_and_letters_are_none(tmp_path: Path) -> None:
    name, data = next(iter(make_set(visits(1)).items()))
    spaced = data.replace(b"000000014280", b"       14280").replace(b"0000014280", b"     14280")
    assert check(tmp_path / "spaced", {name: spaced}).status == 0
    letters = data.replace(b"000000014280", b"00000001428O", 1)
    assert check(tmp_path / "letters", {name: letters}).status == -1


def test_line_numbers_must_count_up(tmp_path: Path) -> None:
    column = next(one for one in columns("korean_medicine_C") if one["name_en"] == "line_no")
    files = make_set(visits(1), kind="korean_medicine")
    data = bytearray(files["K020.3"])
    data[int(column["start"]) + 2] = ord("7")
    assert check(tmp_path, {**files, "K020.3": bytes(data)}).status == 1


ODD_SETS = {
    "nothing but the marker": {},
    "two claims": {**make_set(visits(1)), **make_set(visits(1), claim_no="2026050002")},
    "a stranger beside the claim": {**make_set(visits(1)), "readme.txt": b"hello"},
    "a file of the set missing": {
        name: data for name, data in make_set(visits(1), kind="korean_medicine").items() if name != "K020.4"
    },
    "an empty header": {**make_set(visits(1), kind="korean_medicine"), "H010": b""},
}


@pytest.mark.parametrize("odd", ODD_SETS)
def test_a_folder_that_is_not_exactly_one_claim_is_refused(odd: str, tmp_path: Path) -> None:
    found = check(tmp_path, ODD_SETS[odd])
    assert (found.status, codes(found)) == (-1, {"01-00"})


def test_an_empty_group_file_is_fine_and_an_odd_marker_warns(tmp_path: Path) -> None:
    files = make_set([Visit(lines=())], kind="korean_medicine")
    assert files["K020.3"] == b""
    assert check(tmp_path / "a", files).status == 0
    place(tmp_path / "b", files)
    (tmp_path / "b" / "in" / "MEDLOG.ENC").write_bytes(MARKER + b"more\r\nand more\r\n")
    assert examine(tmp_path / "b" / "in", TABLES, TODAY, lambda *_: "").status == 1


def test_problems_never_hold_what_a_field_says(tmp_path: Path) -> None:
    files = make_set(visits(20, changed={"treatment_result": "", "provider_code": "87654321"}))
    found = check(tmp_path, {name: data.replace(b"AA157", b"AA15") for name, data in files.items()})
    told = str(found.problems)
    assert found.problems
    for secret in ("90010112", "홍길순", "87654321"):
        assert secret not in told
