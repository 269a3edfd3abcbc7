"""Who worked: days per doctor (MT008), holiday work of physical therapists (MT025), graded fee (차등수가).

Sources: special details MT008 and MT025 of the notice guide (official); graded-fee formula (secondary). Steps, shares
and provider kinds are dated values in ``rules/values``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.schemes.hira.data import first_day, value_on

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


def doctor_days(doctors: pa.Table, worked: pa.Table, period: Period) -> DoctorDays:
    """Days of every doctor who worked in the period, in order of licence number.

    A full-time doctor counts every day; a part-time one half of them, half up, up to the dated maximum.
    """
    inside = worked.filter(_within(worked["worked_on"], period))
    counts = dict(
        zip(
            *inside.group_by("license_no").aggregate([("worked_on", "count_distinct")]).to_pydict().values(),
            strict=True,
        )
    )
    rule = value_on("part_time_days", period.first)
    limit = rule["week"] if period.is_week else rule["month"]
    pairs: list[str] = []
    total = 0
    for doctor in doctors.sort_by("license_no").to_pylist():
        days = counts.get(doctor["license_no"], 0)
        if doctor["employment"] == "part":
            half = (Decimal(days) * Decimal(str(rule["share"]))).quantize(Decimal(1), ROUND_HALF_UP)
            days = min(int(half), limit)
        if days:
            pairs.append(f"{doctor['birth_date']}/{days:02d}")
            total += days
    return DoctorDays("/".join(pairs), total)


def therapist_holidays(worked: pa.Table, period: Period) -> list[str]:
    """MT025 texts, one per holiday: ``CCYYMMDD/n.n`` where full time counts 1.0 and part time 0.5."""
    inside = worked.filter(_within(worked["worked_on"], period))
    halves = pc.if_else(pc.equal(inside["employment"], "full"), 2, 1)
    table = pa.table({"day": inside["worked_on"], "halves": halves})
    sums = table.group_by("day").aggregate([("halves", "sum")]).sort_by("day").to_pylist()
    return [f"{row['day']:%Y%m%d}/{row['halves_sum'] // 2}.{5 * (row['halves_sum'] % 2)}" for row in sums]


@dataclass(frozen=True)
class GradedFee:
    """Header fields of the graded fee; days in hundredths, index in ten-millionths, amount in won."""

    days: int = 0
    index: int = 0
    claimed_amount: int = 0


def graded_fee(days: int, fees: pa.Table, claimed_amount: int, on: date) -> GradedFee:
    """Index and claimed amount from the counted consultations.

    ``fees``: one row per counted consultation with ``statement_no`` and ``fee_won``. The deduction is rounded half
    up per statement (unverified). Without a day worked the fields stay 0, which the pre-check then reports.
    """
    if not days:
        return GradedFee()
    index = _index(len(fees) // days, on)
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
