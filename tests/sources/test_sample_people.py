"""The people of the sample look like people, without being any."""

from __future__ import annotations

from datetime import date

import pytest

from cheonggu.sources.sample.people import RARE_SYLLABLES

WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)


@pytest.fixture(scope="module")
def patients(larger):
    return larger.ask(
        "SELECT DISTINCT patient_key, patient_rrn, patient_name, subscriber_name FROM sound"
    ).to_pylist()


def birthday(rrn: str) -> date:
    return date(
        {"1": 1900, "2": 1900, "3": 2000, "4": 2000}[rrn[6]] + int(rrn[:2]), int(rrn[2:4]), int(rrn[4:6])
    )


def test_a_patient_has_one_resident_number_and_nobody_shares_it(larger, patients):
    assert len({one["patient_key"] for one in patients}) == len(patients)
    assert len({one["patient_rrn"] for one in patients}) == len(patients)


def test_resident_numbers_given_out_before_october_2020_have_their_check_digit(patients):
    old = [one["patient_rrn"] for one in patients if birthday(one["patient_rrn"]) < date(2020, 10, 1)]
    assert len(old) > 1_000
    for number in old:
        digits = [int(one) for one in number]
        total = sum(weight * digit for weight, digit in zip(WEIGHTS, digits, strict=False))
        assert digits[12] == (11 - total % 11) % 10


def test_both_sexes_and_all_ages_from_newborn_to_a_hundred_come(larger):
    rows = larger.rows("SELECT patient_rrn, care_from FROM sound")
    days = [(care_from - birthday(rrn)).days for rrn, care_from in rows]
    assert 0 <= min(days) <= 28
    assert max(days) // 365.25 == 100
    assert {int(rrn[6]) for rrn, _ in rows} == {1, 2, 3, 4}


def test_names_have_two_to_four_hangul_syllables_some_of_them_rare(patients):
    names = {one["patient_name"] for one in patients} | {one["subscriber_name"] for one in patients}
    assert {len(name) for name in names} == {2, 3, 4}
    assert all("가" <= one <= "힣" for name in names for one in name)
    rare = {one for name in names for one in name} & set(RARE_SYLLABLES)
    assert rare
    with pytest.raises(UnicodeEncodeError):  # they need CP949, KS X 1001 alone has no code for them
        "".join(rare).encode("iso2022_kr")


def test_children_are_insured_through_somebody_else(larger):
    children = larger.rows(
        """SELECT patient_name = subscriber_name FROM sound
        WHERE payer_class = '4' AND patient_rrn[7:7] IN ('3', '4') AND patient_rrn[1:2] >= '10'"""
    )
    same = sum(is_same for (is_same,) in children)
    assert same < len(children) * 0.01


def test_rosters_hold_full_and_part_time_doctors_and_one_who_left(larger):
    assert larger.rows("SELECT DISTINCT employment FROM doctor ORDER BY 1") == [("full",), ("part",)]
    gone = larger.rows("SELECT provider_code FROM doctor WHERE left_on IS NOT NULL ORDER BY 1")
    assert gone == [("11100011",), ("11200022",), ("11300033",)]
    assert (
        larger.value(
            "SELECT count(*) FROM doctor JOIN doctor_day USING (provider_code, license_no) WHERE left_on IS NOT NULL"
        )
        == 0
    )


def test_physical_therapists_work_on_sundays_and_public_holidays_only(larger):
    days = [day for (day,) in larger.rows("SELECT DISTINCT worked_on FROM therapist_holiday")]
    assert len(days) > 8
    assert all(day.weekday() == 6 or (day.month, day.day) in {(5, 5), (6, 6)} for day in days)
    assert larger.rows("SELECT DISTINCT provider_code FROM therapist_holiday ORDER BY 1") == [
        ("11100011",),
        ("11200022",),
    ]
