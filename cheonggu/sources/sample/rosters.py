"""Views without patients: providers, closed days, doctors and their days, holiday work of physical therapists."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from cheonggu.sources.contract import CONTRACT
from cheonggu.sources.sample.calendar import Calendar, day_number
from cheonggu.sources.sample.codes import PROVIDERS
from cheonggu.sources.sample.draw import Ints, digits, pick
from cheonggu.sources.sample.people import Doctors

OPENED = int(np.datetime64("2009-03-02", "D").astype(np.int64))
PROVIDER_CODES = [one.code for one in PROVIDERS]


def roster_tables(doctors: Doctors, calendar: Calendar) -> Iterator[tuple[str, pa.Table]]:
    """(view, table) of every view that does not belong to a statement."""
    yield "provider", _provider_table()
    yield "closed_day", _closed_day_table(calendar)
    yield "doctor", _doctor_table(doctors)
    yield "doctor_day", _doctor_day_table(doctors, calendar)
    for view in ("therapist_holiday", "therapist_day"):
        yield view, _therapist_table(view, calendar)


def _table(view: str, **columns: object) -> pa.Table:
    arrays = []
    for one in CONTRACT.arrow_schema(view):
        value = columns[one.name]
        if pa.types.is_date(one.type):
            days = np.asarray(value)
            value = pa.array(days.astype(np.int32), mask=days == 0).cast(one.type)
        arrays.append(value if isinstance(value, pa.Array) else pa.array(value, one.type))
    return pa.table(arrays, schema=CONTRACT.arrow_schema(view))


def _provider_table() -> pa.Table:
    count = len(PROVIDERS)
    return _table(
        "provider",
        provider_code=PROVIDER_CODES,
        provider_name=[one.name for one in PROVIDERS],
        provider_kind=[one.kind for one in PROVIDERS],
        area=["dong"] * count,
        claim_unit=["month"] * count,
        claimant_name=[one.claimant for one in PROVIDERS],
        preparer_name=[""] * count,
        preparer_birth_date=[""] * count,
        software_approval_no=[f"SAMPLE-{number:04d}-2026" for number in range(1, count + 1)],
        agency_code=[""] * count,
        opened_on=np.full(count, OPENED),
        closed_on=np.zeros(count, np.int64),
    )


def _closed_day_table(calendar: Calendar) -> pa.Table:
    """Every day up to the day before the run, but for the open ones at the end of the last due month."""
    days = calendar.all_days[~np.isin(calendar.all_days, calendar.open_days)]
    return _table(
        "closed_day",
        provider_code=pick(PROVIDER_CODES, np.repeat(np.arange(len(PROVIDERS)), len(days))),
        care_on=np.tile(days, len(PROVIDERS)),
    )


def _doctor_table(doctors: Doctors) -> pa.Table:
    kinds = [one.license_type for one in PROVIDERS]
    return _table(
        "doctor",
        provider_code=pick(PROVIDER_CODES, doctors.provider),
        license_type=pick(kinds, doctors.provider),
        license_no=pa.array(doctors.license_no).cast(pa.string()),
        birth_date=digits(day_number(doctors.birth) % 1_000_000, 6),
        employment=pick(["full", "part"], doctors.is_part_time.astype(np.int64)),
        hired_on=doctors.hired,
        left_on=doctors.left,
    )


def _doctor_day_table(doctors: Doctors, calendar: Calendar) -> pa.Table:
    who, day = np.nonzero(doctors.works)
    return _table(
        "doctor_day",
        provider_code=pick(PROVIDER_CODES, doctors.provider[who]),
        license_no=pa.array(doctors.license_no[who]).cast(pa.string()),
        worked_on=calendar.all_days[day],
    )


def _therapist_table(view: str, calendar: Calendar) -> pa.Table:
    """Each therapist works on every third holiday, and in ``therapist_day`` also on every working day.

    The second therapist of a provider works part time.
    """
    provider, key, employment, days = [], [], [], []
    for number, one in enumerate(PROVIDERS):
        for therapist in range(one.therapists):
            mine: Ints = calendar.holidays[therapist % 3 :: 3]
            if view == "therapist_day":
                mine = np.sort(np.concatenate([mine, calendar.all_days[calendar.working]]))
            provider += [number] * len(mine)
            key += [f"T{number}{therapist:02d}"] * len(mine)
            employment += ["part" if therapist == 1 else "full"] * len(mine)
            days += mine.tolist()
    return _table(
        view,
        provider_code=pick(PROVIDER_CODES, np.array(provider, np.int64)),
        therapist_key=key,
        worked_on=np.array(days, np.int64),
        employment=employment,
    )
