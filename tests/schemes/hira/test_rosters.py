"""MT008, MT025 and the graded fee, with the worked examples of the notice guide."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from cheonggu.schemes.hira.rosters import (
    GradedFee,
    Period,
    claim_period,
    doctor_days,
    doctor_free_days,
    free_days,
    graded_fee,
    therapist_holidays,
    therapist_load,
)

JUNE = claim_period("202606", "0")


def roster(*doctors: tuple[str, str, str]) -> pa.Table:
    return pa.Table.from_pylist(
        [{"license_no": no, "birth_date": born, "employment": how} for no, born, how in doctors]
    )


def days(**worked: list[int]) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {"license_no": no[1:], "worked_on": date(2026, 6, day)}
            for no, numbers in worked.items()
            for day in numbers
        ]
    )


def test_the_guides_example_full_time_24_days_and_part_time_13_days() -> None:
    doctors = roster(("10001", "630718", "full"), ("10002", "690602", "part"))
    found = doctor_days(doctors, days(n10001=list(range(1, 25)), n10002=list(range(1, 14))), JUNE)
    assert found.text == "630718/24/690602/07"
    assert found.days == 31


@pytest.mark.parametrize(("employed", "counted"), [(1, 1), (2, 1), (29, 15), (30, 15)])
def test_part_time_counts_half_rounded_up_and_at_most_fifteen_days_a_month(
    employed: int, counted: int
) -> None:
    found = doctor_days(roster(("1", "800101", "part")), days(n1=list(range(1, employed + 1))), JUNE)
    assert found.days == counted


def test_part_time_counts_at_most_three_days_a_week() -> None:
    week = claim_period("202606", "2")
    found = doctor_days(roster(("1", "800101", "part")), days(n1=list(range(7, 14))), week)
    assert found.days == 3


def test_a_doctor_who_did_not_work_in_the_period_is_left_out() -> None:
    found = doctor_days(roster(("1", "800101", "full"), ("2", "800102", "full")), days(n2=[30]), JUNE)
    assert found.text == "800102/01"


def test_claim_weeks_are_cut_at_the_months_ends() -> None:
    assert claim_period("202608", "1") == Period(date(2026, 8, 1), date(2026, 8, 1), True)
    assert claim_period("202608", "2") == Period(date(2026, 8, 2), date(2026, 8, 8), True)
    assert claim_period("202608", "6") == Period(date(2026, 8, 30), date(2026, 8, 31), True)
    assert claim_period("202602", "0") == Period(date(2026, 2, 1), date(2026, 2, 28), False)


def therapists(*rows: tuple[str, date, str]) -> pa.Table:
    return pa.Table.from_pylist(
        [{"therapist_key": who, "worked_on": day, "employment": how} for who, day, how in rows],
        schema=pa.schema(
            [("therapist_key", pa.string()), ("worked_on", pa.date32()), ("employment", pa.string())]
        ),
    )


def test_holiday_work_is_one_entry_a_day_and_part_time_counts_half() -> None:
    worked = therapists(
        ("a", date(2026, 6, 14), "full"),
        ("b", date(2026, 6, 14), "part"),
        ("a", date(2026, 6, 3), "full"),
        ("a", date(2026, 7, 5), "full"),
    )
    assert therapist_holidays(worked, JUNE) == ["20260603/1.0", "20260614/1.5"]


def test_attendance_on_sundays_and_public_holidays_counts_once_with_what_was_told() -> None:
    """2026-06-03 is an election day, 2026-06-06 Memorial Day, the 7th a Sunday; the 5th is a working day."""
    attended = therapists(
        *[("a", date(2026, 6, day), "full") for day in (3, 5, 6, 7)], ("b", date(2026, 6, 7), "part")
    )
    told = therapists(("a", date(2026, 6, 7), "full"))
    found = therapist_holidays(told, JUNE, attended, free_days(JUNE))
    assert found == ["20260603/1.0", "20260606/1.0", "20260607/1.5"]


def test_sundays_remain_where_the_holidays_of_a_year_are_not_known() -> None:
    found = free_days(claim_period("203006", "0")).to_pylist()
    assert found == [date(2030, 6, day) for day in (2, 9, 16, 23, 30)]


def test_a_korean_clinic_tells_its_doctors_of_saturdays_and_holidays_with_exempt_consultations() -> None:
    doctors = roster(("1", "800101", "full"), ("2", "800102", "part"))
    worked = days(n1=[3, 6, 8, 13], n2=[6, 13])
    exempt = pa.chunked_array([[date(2026, 6, day) for day in (3, 6, 6, 8, 13)]], pa.date32())
    found = doctor_free_days(exempt, doctors, worked, JUNE, free_days(JUNE))
    assert found == ["20260603/1.0", "20260606/1.5", "20260613/1.5"]


@pytest.mark.parametrize(("patients", "excess"), [(0, 0), (75, 0), (76, 1), (90, 15)])
def test_thirty_patients_a_full_day_and_fifteen_a_part_time_one(patients: int, excess: int) -> None:
    attended = therapists(
        ("a", date(2026, 6, 1), "full"), ("a", date(2026, 6, 2), "full"), ("b", date(2026, 6, 2), "part")
    )
    load = therapist_load(patients, attended, JUNE)
    assert (load.halves, load.most, load.excess) == (5, 75, excess)


def test_part_time_therapists_alone_count_only_where_the_site_says_so() -> None:
    attended = therapists(("b", date(2026, 6, 2), "part"), ("a", date(2026, 7, 1), "full"))
    assert therapist_load(10, attended, JUNE).most == 0
    assert therapist_load(10, attended, JUNE, alone="counted").most == 15


def fees(count: int, won: int = 10_000, times: int = 100) -> pa.Table:
    numbers = [f"{n:05d}" for n in range(1, count + 1)]
    return pa.table({"statement_no": numbers, "fee_won": [won] * count, "times": [times] * count})


def test_a_consultation_written_twice_on_a_line_counts_twice() -> None:
    assert graded_fee(1, fees(50, times=200), 1, date(2026, 6, 1)).index == 9_750_000


@pytest.mark.parametrize(
    ("per_day", "index"),
    [
        (75, 10_000_000),
        (76, 9_986_842),
        (100, 9_750_000),
        (120, 9_375_000),
        (150, 9_000_000),
        (200, 8_000_000),
    ],
)
def test_the_index_falls_with_patients_a_day(per_day: int, index: int) -> None:
    found = graded_fee(1, fees(per_day), 10_000_000, date(2026, 6, 1))
    assert found.index == index
    assert found.days == 100


def test_the_claimed_amount_loses_the_unpaid_share_of_each_fee() -> None:
    found = graded_fee(1, fees(100), 1_000_000, date(2026, 6, 1))
    assert found.claimed_amount == 1_000_000 - 100 * 250


def test_no_day_worked_leaves_the_fields_empty_for_the_precheck_to_see() -> None:
    assert graded_fee(0, fees(10), 1_000, date(2026, 6, 1)) == GradedFee()
