"""Who worked: days per doctor (MT008), holiday work of physical therapists (MT025), graded fee (차등수가).

Sources: special details MT008 and MT025 of the notice guide (official); graded-fee formula (secondary). Steps, shares
and provider kinds are dated values in ``rules/values``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.holidays import known_days, public_holidays
from cheonggu.schemes.hira.data import first_day, value_on

STAFF = ["therapist_key", "worked_on", "employment"]
SATURDAY, SUNDAY = 5, 6  # pyarrow counts from Monday
INDEX_PLACES = Decimal("0.0000001")  # the header field carries seven implied decimals


@dataclass(frozen=True)
class Period:
    """The days one claim covers, both included; ``is_week`` when it is a claim by week."""

    first: date
    last: date
    is_week: bool

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def claim_period(month: str, claim_unit: str) -> Period:
    """The month (unit 0) or the n-th claim week of it, cut at the month's ends."""
    start = first_day(month)
    end = (start + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    if claim_unit == "0":
        return Period(start, end, False)
    begins = value_on("claim_week_starts_on", start)
    lead = (start.isoweekday() - begins) % 7
    first = start + timedelta(days=7 * (int(claim_unit) - 1) - lead)
    return Period(max(first, start), min(first + timedelta(days=6), end), True)


@dataclass(frozen=True)
class DoctorDays:
    """MT008 of one claim: the text and the sum of its days."""

    text: str
    days: int


@dataclass(frozen=True)
class DoctorCount:
    """One doctor of a period: days on which patients were seen, and days that count in MT008."""

    license_no: str
    birth_date: str
    employment: str
    worked: int
    counted: int


def doctor_days(doctors: pa.Table, worked: pa.Table, period: Period) -> DoctorDays:
    """Days of every doctor who worked in the period, in order of licence number."""
    counts = [one for one in count_doctors(doctors, worked, period) if one.counted]
    pairs = [f"{one.birth_date}/{one.counted:02d}" for one in counts]
    return DoctorDays("/".join(pairs), sum(one.counted for one in counts))


def count_doctors(doctors: pa.Table, worked: pa.Table, period: Period) -> list[DoctorCount]:
    """Every doctor by licence number: a full-time one counts every day, a part-time one half of them, half up, up to
    the dated maximum of a month or week.
    """
    inside = worked.filter(_within(worked["worked_on"], period))
    found = inside.group_by("license_no").aggregate([("worked_on", "count_distinct")]).to_pylist()
    days = {row["license_no"]: row["worked_on_count_distinct"] for row in found}
    rule = value_on("part_time_days", period.first)
    limit = rule["week"] if period.is_week else rule["month"]
    share = Decimal(str(rule["share"]))
    counts = []
    for doctor in doctors.sort_by("license_no").to_pylist():
        seen = counted = days.get(doctor["license_no"], 0)
        if doctor["employment"] == "part":
            counted = min(int((Decimal(seen) * share).quantize(Decimal(1), ROUND_HALF_UP)), limit)
        counts.append(
            DoctorCount(doctor["license_no"], doctor["birth_date"], doctor["employment"], seen, counted)
        )
    return counts


def therapist_holidays(
    worked: pa.Table, period: Period, attended: pa.Table | None = None, free_days: pa.Array | None = None
) -> list[str]:
    """MT025 texts, one per holiday: ``CCYYMMDD/n.n`` where full time counts 1.0 and part time 0.5.

    ``worked``: therapist_holiday of the source; ``attended``: therapist_day, of which the ``free_days`` count too.
    """
    days = worked.select(STAFF)
    if attended is not None and free_days is not None:
        days = pa.concat_tables(
            [days, attended.filter(is_in(attended["worked_on"], free_days)).select(STAFF)]
        )
    return staff_entries(days.rename_columns(["who", *STAFF[1:]]), period)


def doctor_free_days(
    exempt_days: pa.ChunkedArray, doctors: pa.Table, worked: pa.Table, period: Period, free_days: pa.Array
) -> list[str]:
    """MT050 texts of a Korean-medicine clinic: Saturdays and holidays on which exempt consultations are billed.

    ``exempt_days``: days of care of consultations exempt from the graded fee; the value counts the doctors who worked.
    """
    wanted = pc.unique(exempt_days)
    wanted = wanted.filter(pc.or_(is_in(wanted, free_days), pc.equal(pc.day_of_week(wanted), SATURDAY)))
    mine = worked.filter(is_in(worked["worked_on"], wanted)).select(["license_no", "worked_on"])
    known = doctors.select(["license_no", "employment"])
    return staff_entries(mine.join(known, "license_no").rename_columns(["who", *STAFF[1:]]), period)


def staff_entries(worked: pa.Table, period: Period) -> list[str]:
    """``CCYYMMDD/n.n`` per day of the period: who, worked_on, employment; everybody once a day."""
    inside = worked.filter(_within(worked["worked_on"], period))
    halves = pc.if_else(pc.equal(inside["employment"], "full"), 2, 1)
    each = pa.table({"who": inside["who"], "day": inside["worked_on"], "halves": halves})
    single = each.group_by(["who", "day"]).aggregate([("halves", "max")])
    sums = single.group_by("day").aggregate([("halves_max", "sum")]).sort_by("day").to_pylist()
    return [
        f"{row['day']:%Y%m%d}/{row['halves_max_sum'] // 2}.{5 * (row['halves_max_sum'] % 2)}" for row in sums
    ]


def free_days(period: Period) -> pa.Array:
    """Sundays and public holidays of a period; only its Sundays where the holidays of its year are not known."""
    every = pa.array([period.first + timedelta(days=one) for one in range(period.days)], pa.date32())
    sundays = every.filter(pc.equal(pc.day_of_week(every), SUNDAY))
    first, last = known_days()
    if not (first <= period.first and period.last <= last):
        return sundays
    named = public_holidays(period.first, period.last)["holiday_on"].combine_chunks()
    return pc.unique(pa.concat_arrays([sundays, named]))


@dataclass(frozen=True)
class TherapistLoad:
    """Physical-therapy patients of a period against therapist days (in halves) and the daily limit."""

    patients: int
    halves: int
    limit: int

    @property
    def most(self) -> int:
        """Patients that are paid: the limit for each full-time day, half of it for a part-time one."""
        return self.halves * self.limit // 2

    @property
    def excess(self) -> int:
        return max(0, self.patients - self.most)


def therapist_load(
    patients: int, attended: pa.Table, period: Period, *, alone: str = "ignored"
) -> TherapistLoad:
    """The 30-patients-a-day rule of a month or week. ``attended``: therapist_day with holidays.

    ``alone``: whether part-time therapists count where no full-time one works in the period (ignored | counted); the
    source for "ignored" is unverified. InputError before the rule began.
    """
    inside = attended.filter(_within(attended["worked_on"], period))
    is_full = pc.equal(inside["employment"], "full")
    halves = pc.sum(pc.if_else(is_full, 2, 1)).as_py() or 0
    if alone == "ignored" and not pc.any(is_full).as_py():
        halves = 0
    return TherapistLoad(patients, halves, int(value_on("therapist_patients_a_day", period.first)))


def is_in(days: Any, wanted: pa.Array) -> Any:
    return pc.is_in(days, value_set=wanted)


@dataclass(frozen=True)
class GradedFee:
    """Header fields of the graded fee; days in hundredths, index in ten-millionths, amount in won."""

    days: int = 0
    index: int = 0
    claimed_amount: int = 0


def graded_fee(days: int, fees: pa.Table, claimed_amount: int, on: date) -> GradedFee:
    """Index and claimed amount from the counted consultations.

    ``fees``: counted consultation lines with ``statement_no``, ``fee_won`` and ``times`` (hundredths).
    The deduction is rounded half up per statement (unverified). Without a day worked the fields stay 0, which the
    pre-check then reports.
    """
    if not days:
        return GradedFee()
    index = _index((pc.sum(fees["times"]).as_py() or 0) // (100 * days), on)
    per_statement = fees.group_by("statement_no").aggregate([("fee_won", "sum")])
    cut = sum(
        int((Decimal(fee) * (1 - index)).quantize(Decimal(1), ROUND_HALF_UP))
        for fee in per_statement["fee_won_sum"].to_pylist()
    )
    return GradedFee(days * 100, int(index / INDEX_PLACES), claimed_amount - cut)


def _index(per_day: int, on: date) -> Decimal:
    """Share of the fee paid on average when a doctor saw ``per_day`` patients a day."""
    if per_day == 0:
        return Decimal(1)
    paid, seen = Decimal(0), 0
    for step in value_on("graded_fee_steps", on):
        upper = min(per_day, step.get("up_to", per_day))
        paid += max(0, upper - seen) * Decimal(str(step["share"]))
        seen = max(seen, upper)
    return (paid / per_day).quantize(INDEX_PLACES, ROUND_HALF_UP)


def _within(days: pa.ChunkedArray, period: Period) -> pa.ChunkedArray:
    return pc.and_(
        pc.greater_equal(days, pa.scalar(period.first)), pc.less_equal(days, pa.scalar(period.last))
    )
