"""Deadlines: last days counted by hand, the earlier count warns and the later forbids, odd files are refused."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from cheonggu.deadlines import UNITS, Count, Deadlines, load_deadlines
from cheonggu.errors import DataFileError, InputError, StateError
from cheonggu.schemes import SCHEMES
from cheonggu.schemes.scheme import Scheme
from tests.support import HIRA


def no_holidays(first: date, last: date) -> pa.Table:
    days = [day for day in (date(2026, 7, 17), date(2026, 10, 5)) if first <= day <= last]
    return pa.table({"holiday_on": pa.array(days, pa.date32()), "name": ["x"] * len(days)})


@pytest.fixture(scope="module")
def hira() -> Deadlines:
    return load_deadlines(HIRA.answers.deadlines, HIRA.answers.public_holidays)


@pytest.mark.parametrize(
    ("count", "start", "last"),
    [
        (Count("years", 3), date(2024, 2, 29), date(2027, 2, 28)),
        (Count("years", 3, first_day_counts=True), date(2023, 7, 1), date(2026, 6, 30)),
        (Count("days", 90), date(2026, 7, 8), date(2026, 10, 6)),
        (Count("days", 90, first_day_counts=True), date(2026, 7, 8), date(2026, 10, 5)),
        (Count("days", 90, skips_to_working_day=True), date(2026, 7, 7), date(2026, 10, 6)),
        (Count("days", 0), date(2026, 7, 4), date(2026, 7, 4)),
        # Thursday 16 July: Friday is a holiday here, then comes the week-end.
        (Count("working_days", 3), date(2026, 7, 16), date(2026, 7, 22)),
        (Count("working_days", 1), date(2026, 7, 6), date(2026, 7, 7)),
    ],
)
def test_a_count_ends_on_the_day_counted_by_hand(count: Count, start: date, last: date) -> None:
    assert count.last_day(start, no_holidays) == last


def test_the_official_counts_of_the_scheme(hira: Deadlines) -> None:
    objection = hira.due("objection", date(2026, 7, 8))
    assert (objection.warn_on, objection.forbid_on) == (date(2026, 10, 5), date(2026, 10, 6))
    limit = hira.due("claim_limit", date(2026, 7, 1))
    assert (limit.warn_on, limit.forbid_on, limit.confidence) == (
        date(2029, 6, 30),
        date(2029, 7, 1),
        "unverified",
    )
    assert hira.due("receipt_expected", date(2026, 9, 23)).warn_on == date(2026, 9, 30)  # over Chuseok
    assert hira.due("receipt_expected", date(2026, 7, 6)).forbid_on is None


def test_the_earlier_count_warns_and_the_later_forbids(hira: Deadlines) -> None:
    due = hira.due("objection", date(2026, 7, 8))
    assert due.days_left(date(2026, 10, 5)) == 0
    assert not due.is_near(date(2026, 9, 4))
    assert due.is_near(date(2026, 9, 5))
    due.refuse_late(date(2026, 10, 6), "Objection", "이의신청")
    with pytest.raises(StateError, match="last day was 2026-10-06"):
        due.refuse_late(date(2026, 10, 7), "Objection", "이의신청")


def test_what_is_only_expected_alarms_when_it_is_over(hira: Deadlines) -> None:
    due = hira.due("receipt_expected", date(2026, 7, 6))
    assert due.warn_on == date(2026, 7, 9)
    assert not due.is_near(date(2026, 7, 9))
    assert due.is_near(date(2026, 7, 10))


def test_before_the_first_value_nothing_is_guessed(hira: Deadlines) -> None:
    with pytest.raises(InputError, match="no value for 2001"):
        hira.due("objection", date(2001, 1, 1))


def test_objections_and_the_claim_limit_count_with_the_values_that_rules_use(hira: Deadlines) -> None:
    day = date(2026, 7, 1)
    assert HIRA.answers.disputes is not None
    objection, absolute = hira.due("objection", day), hira.due("objection_absolute", day)
    assert (objection.warn_on, objection.forbid_on) == HIRA.answers.disputes.days("re-review", day, None)
    assert objection.forbid_on == date(2026, 9, 29)
    late = day + timedelta(365)  # learned of it much later: the count from the decision ends it
    assert absolute.forbid_on == HIRA.answers.disputes.days("objection", day, late)[1] == date(2026, 12, 28)
    assert hira.due("claim_limit", day).forbid_on == date(2029, 7, 1)
    assert all(value.basis for one in hira.by_id.values() for value in one.values)
    assert {value.warn.unit for one in hira.by_id.values() for value in one.values} <= set(UNITS)


SERIES = """meaning = "x"
unit = "days"
confidence = "ours"
confirmed_on = 2026-01-01
[[value]]
from = 2010-01-01
to = 2019-12-31
is = 90
source = "x"
[[value]]
from = 2020-01-01
is = 60
source = "x"
"""


def test_a_named_value_changes_the_deadline_on_its_own_day(tmp_path: Path) -> None:
    (tmp_path / "values").mkdir()
    (tmp_path / "values" / "some_days.toml").write_text(SERIES, encoding="utf-8")
    path = tmp_path / "deadlines.toml"
    path.write_text(GOOD.replace("{ days = 1 }", '{ days = "some_days" }'), encoding="utf-8")
    deadlines = load_deadlines(path, no_holidays)
    assert deadlines.due("a", date(2019, 12, 31)).warn_on == date(2020, 3, 30)
    assert deadlines.due("a", date(2020, 1, 1)).warn_on == date(2020, 3, 1)
    with pytest.raises(InputError, match="no value for 2009-12-31"):
        deadlines.due("a", date(2009, 12, 31))


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=lambda one: one.name)
def test_every_scheme_brings_the_deadlines_its_claims_wait_for(scheme: Scheme) -> None:
    deadlines = load_deadlines(scheme.answers.deadlines, scheme.answers.public_holidays)
    for name in ("claim_limit", "receipt_expected", "review_expected", "person"):
        assert deadlines.due(name, date(2026, 7, 6)).warn_on > date(2026, 7, 6)


GOOD = """confirmed_on = 2026-01-01
[[deadline]]
id = "a"
meaning_ko = "가"
meaning_en = "a"
starts_ko = "가"
starts_en = "a"
waits_for = "hospital"
warn_days_before = []
[[deadline.value]]
from = 2000-01-01
warn = { days = 1 }
basis = "x"
confidence = "ours"
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("confirmed_on = 2026-01-01", "", "confirmed_on"),
        ('meaning_en = "a"', "", "deadline a: lacks meaning_en"),
        ('waits_for = "hospital"', 'waits_for = "nobody"', "waits_for"),
        ("warn = { days = 1 }", "warn = { weeks = 1 }", "not one of years"),
        ("warn = { days = 1 }", "warn = { days = 1, years = 1 }", "not one of years"),
        ("warn = { days = 1 }", 'warn = { days = "1" }', "no whole number and no dated value"),
        ('basis = "x"', "", "without basis"),
        ("[[deadline]]", "[[deadline]", "cannot be read"),
    ],
)
def test_an_odd_file_is_refused_with_entry_and_reason(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "deadlines.toml"
    path.write_text(GOOD, encoding="utf-8")
    assert load_deadlines(path, no_holidays).due("a", date(2026, 1, 1)).warn_on == date(2026, 1, 2)
    other = tmp_path / "odd.toml"
    other.write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(DataFileError, match=message):
        load_deadlines(other, no_holidays)
