"""Rosters as people confirm them (진료일수·공휴일 근무 확인): what a month's claims will say, and what it rests on.

Nothing personal: doctors stand by licence number, therapists by their opaque key; MT008 itself carries birth dates and
is not shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.errors import UsageError
from cheonggu.schemes.hira.data import first_day, value_on
from cheonggu.schemes.hira.rosters import (
    SATURDAY,
    Period,
    claim_period,
    count_doctors,
    free_days,
    is_in,
    staff_entries,
    therapist_holidays,
    therapist_load,
)
from cheonggu.schemes.scheme import Rosters

VIEWS = ("doctor", "doctor_day", "therapist_holiday", "therapist_day")
THERAPY, MONTH = "06", "0"
EMPLOYMENT = {"full": "상근", "part": "비상근"}
ALONE = ("ignored", "counted")


def has_graded_fee(provider: pa.Table, group: Mapping[str, str], month: str) -> bool:
    """Whether a claim carries the graded fee (차등수가), and with it MT008."""
    kinds = value_on("graded_fee_providers", first_day(month))
    provider_kind = provider["provider_kind"][0].as_py()
    return group["insurance"] == "HI" and group["setting"] == "out" and provider_kind in kinds


def needs_rosters(
    kind: str,
    group: Mapping[str, str],
    tables: Mapping[str, pa.Table],
    month: str,
    forms: str = "medical_dental",
) -> bool:
    """Whether something of the rosters goes into the claim: MT008 and the graded fee, or MT025."""
    if has_graded_fee(tables["provider"], group, month):
        return True
    return kind == forms and bool(_therapist_texts(tables, claim_period(month, group["claim_unit"])))


def counted_rows(tables: Mapping[str, pa.Table], month: str) -> dict[str, pa.Table]:
    """The rows of a month on which its claims rest: days worked, and the doctors who worked them."""
    period = claim_period(month, MONTH)
    rows = {name: _inside(tables[name], period) for name in VIEWS if name != "doctor"}
    licences = pc.unique(rows["doctor_day"]["license_no"])
    doctors = tables["doctor"]
    return {"doctor": doctors.filter(is_in(doctors["license_no"], licences)), **rows}


def roster_sheet(
    tables: Mapping[str, pa.Table], month: str, settings: Mapping[str, Any]
) -> list[dict[str, str]]:
    """Lines for a person: what (code or rule), who or when, and the value; ``line`` counts the therapy patients."""
    period, alone = claim_period(month, MONTH), therapists_alone(settings)
    worked, days = tables["doctor_day"], free_days(period)
    rows = [
        _row("MT008", one.license_no, f"{EMPLOYMENT[one.employment]} {one.worked}일 → {one.counted}일")
        for one in count_doctors(tables["doctor"], worked, period)
        if one.worked
    ]
    saturdays = pc.equal(pc.day_of_week(worked["worked_on"]), SATURDAY)
    free = worked.filter(pc.or_(saturdays, is_in(worked["worked_on"], days)))
    staffed = free.select(["license_no", "worked_on"]).join(
        tables["doctor"].select(["license_no", "employment"]), "license_no"
    )
    entries = staff_entries(staffed.rename_columns(["who", "worked_on", "employment"]), period)
    rows += [_row("MT050", *text.split("/")) for text in entries]
    rows += [_row("MT025", *text.split("/")) for text in _therapist_texts(tables, period)]
    lines = tables["line"]
    patients = pc.count_distinct(lines.filter(pc.equal(lines["hang"], THERAPY))["statement_key"]).as_py()
    if patients or len(tables["therapist_day"]):
        load = therapist_load(patients, tables["therapist_day"], period, alone=alone)
        value = (
            f"환자 {load.patients}명, 근무 {load.halves / 2:.1f}일, 인정 {load.most}명, 초과 {load.excess}명"
        )
        rows.append(_row("ROS-THERAPIST", f"1일 {load.limit}명", value))
    return rows


def _therapist_texts(tables: Mapping[str, pa.Table], period: Period) -> list[str]:
    return therapist_holidays(tables["therapist_holiday"], period, tables["therapist_day"], free_days(period))


def therapists_alone(settings: Mapping[str, Any]) -> str:
    """``[rosters] part_time_alone``: whether part-time therapists count where no full-time one works."""
    alone = str(settings.get("rosters", {}).get("part_time_alone", ALONE[0]))
    if alone not in ALONE:
        raise UsageError(
            f"Site file, [rosters] part_time_alone: {alone!r} is not one of {', '.join(ALONE)}.",
            f"설정 파일 [rosters] part_time_alone: {alone!r}은(는) 쓸 수 없습니다. {', '.join(ALONE)} 가운데 고르세요.",
        )
    return alone


def _inside(table: pa.Table, period: Period) -> pa.Table:
    days = table["worked_on"]
    inside = pc.and_(pc.greater_equal(days, period.first), pc.less_equal(days, period.last))
    return table.filter(inside)


def _row(what: str, who: str, value: str) -> dict[str, str]:
    return {"what": what, "who": who, "value": value}


ROSTERS = Rosters(VIEWS, {"line": ("statement_key", "hang")}, needs_rosters, counted_rows, roster_sheet)
