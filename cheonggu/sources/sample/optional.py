"""The optional views the sample hospital has: eligibility answers, what is registered, and its own official lists.

What belongs to single statements stands in ``records``. ``dx_need`` and ``material_need`` are left out on purpose, so
that the demo also shows rules that are not checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from cheonggu.sources.contract import CONTRACT
from cheonggu.sources.sample.calendar import Calendar
from cheonggu.sources.sample.codes import KOREAN, PROVIDERS, Items
from cheonggu.sources.sample.defects import EXTERNAL_CAUSE
from cheonggu.sources.sample.diagnoses import department_codes
from cheonggu.sources.sample.draw import Ints
from cheonggu.sources.sample.lines import night_price
from cheonggu.sources.sample.people import Doctors, leave_days
from cheonggu.sources.sample.records import RECORD_VIEWS
from cheonggu.sources.sample.rosters import OPENED

PROVIDED = (
    "institution_fact",
    "doctor_absence",
    "doctor_training",
    "eligibility",
    "medical_aid_office",
    "kcd_master",
    "fee_master",
    "drug_master",
    "line_group",
    "modifier",
    *RECORD_VIEWS,
)
OFFICES = 11_680_000_000  # the first of the medical-aid offices (보장기관) patients belong to
OFFICE_COUNT = 25
DRUG_TYPES = ("3", "C")
NIGHT = "010"  # how the code of a consultation at night ends
# What the general hospital has registered beyond its departments; the veterans' entrustment holds for all providers.
VETERANS = "veterans_entrusted"
EQUIPMENT = {"11200022": ("ct",)}
GROUPS = (("HA4", "ct"), ("HA4", "equipment:ct"))
NO_FACTS = {"sex": "", "age_min": None, "age_max": None, "is_notifiable": 0, "is_manifestation": 0}


def list_tables(
    diagnosis_codes: list[str], items: Items, doctors: Doctors, calendar: Calendar
) -> Iterator[tuple[str, pa.Table]]:
    """(view, table) of the optional views that belong to no statement."""
    yield "institution_fact", _facts()
    yield "doctor_absence", _leaves(doctors, calendar)
    yield "doctor_training", _trainings(doctors)
    offices = [{"code": f"{OFFICES + number}"} for number in range(OFFICE_COUNT)]
    yield "medical_aid_office", _table("medical_aid_office", offices)
    diseases = [
        {"code": one, "is_complete": 1, "is_covered": 1, **NO_FACTS}
        for one in sorted({*diagnosis_codes, EXTERNAL_CAUSE})
    ]
    yield "kcd_master", _table("kcd_master", diseases)
    yield "fee_master", _fees(items)
    yield "drug_master", _drugs(items)
    groups = [{"code_prefix": prefix, "group_name": name} for prefix, name in GROUPS]
    yield "line_group", _table("line_group", groups)
    yield "modifier", _modifiers(items)


def eligibility_columns(
    is_aided: np.typing.NDArray[np.bool_], aid_class: pa.Array, care_from: Ints
) -> dict[str, object]:
    """Columns of view eligibility behind the keys: everybody has been insured since the hospital opened."""
    count = len(is_aided)
    return {
        "valid_from": np.full(count, OPENED),
        "valid_to": np.zeros(count, np.int64),
        "insurance": ["MA" if aided else "HI" for aided in is_aided],
        "medical_aid_class": aid_class,
        **dict.fromkeys(("near_poor_class", "selected_institution", "entitlements"), [""] * count),
        **dict.fromkeys(("is_veteran", "is_restricted"), np.zeros(count, np.int64)),
        **dict.fromkeys(("died_on", "changed_on"), np.zeros(count, np.int64)),
        "checked_on": care_from,
    }


def _facts() -> pa.Table:
    rows = []
    for one in PROVIDERS:
        reported = [code for code in department_codes() if code.isdigit()]
        rows += [(one.code, "department", code) for code in reported]
        rows += [(one.code, "designation", VETERANS)]
        rows += [(one.code, "equipment", code) for code in EQUIPMENT.get(one.code, ())]
    names = ("provider_code", "fact", "code")
    return _table("institution_fact", [dict(zip(names, row, strict=True)) for row in rows])


def _leaves(doctors: Doctors, calendar: Calendar) -> pa.Table:
    """A row for each day of leave."""
    who, day = np.nonzero(leave_days(doctors, calendar))
    days = pa.array(calendar.all_days[day].astype(np.int32)).cast(pa.date32())
    rows = [
        {
            "provider_code": PROVIDERS[doctors.provider[one]].code,
            "license_no": str(doctors.license_no[one]),
            "reason": "leave",
            "first_on": on,
            "last_on": on,
        }
        for one, on in zip(who.tolist(), days.to_pylist(), strict=True)
    ]
    return _table("doctor_absence", rows)


def _trainings(doctors: Doctors) -> pa.Table:
    """Every doctor has the training that fits the kind of provider, since the day of hiring."""
    hired = pa.array(doctors.hired.astype(np.int32)).cast(pa.date32()).to_pylist()
    rows = []
    for number, license_no, on in zip(
        doctors.provider.tolist(), doctors.license_no.tolist(), hired, strict=True
    ):
        one = PROVIDERS[number]
        training = "chuna" if one.place_of_kind == KOREAN else "chronic_care"
        rows.append(
            {
                "provider_code": one.code,
                "license_no": str(license_no),
                "training": training,
                "valid_from": on,
            }
        )
    return _table("doctor_training", rows)


def _modifiers(items: Items) -> pa.Table:
    """The digit of a consultation's code that says it was at night."""
    rows = [
        {
            "code_prefix": code,
            "place": len(code) + NIGHT.index("1") + 1,
            "digit": "1",
            "meaning": "night",
        }
        for use, code in zip(items.use, items.code, strict=True)
        if use in ("first", "follow")
    ]
    return _table("modifier", rows)


def _fees(items: Items) -> pa.Table:
    """The schedule of fees; a consultation also stands with its night addition."""
    rows = []
    for use, code, kind, hang, won in zip(
        items.use, items.code, items.type, items.hang, items.price_won.tolist(), strict=True
    ):
        if kind in DRUG_TYPES:
            continue
        row = {"line_code": code, "line_code_type": kind, "unit_price": won * 100, "hang": hang}
        row |= {"is_covered": 1, "has_partial_payment": 0, "needs_tooth": 0}
        rows.append(row)
        if use in ("first", "follow"):
            night = int(night_price(np.array([won * 100]))[0])
            rows.append({**row, "line_code": code + NIGHT, "unit_price": night})
    return _table("fee_master", rows)


def _drugs(items: Items) -> pa.Table:
    flags = dict.fromkeys(("needs_long_term_reason", "is_immunotherapy", "is_managed"), 0)
    rows = [
        {
            "line_code": code,
            "ceiling_price": won * 100 or None,
            "is_covered": 1,
            "ingredient": code[:6],
            **flags,
        }
        for code, kind, won in zip(items.code, items.type, items.price_won.tolist(), strict=True)
        if kind in DRUG_TYPES
    ]
    return _table("drug_master", rows)


def _table(view: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows in the contract's schema; what they leave out is empty, or valid since the hospital opened."""
    schema = CONTRACT.arrow_schema(view)
    opened = np.datetime64(OPENED, "D").item()
    empty: dict[str, Any] = {one.name: "" if pa.types.is_string(one.type) else None for one in schema}
    if "valid_from" in schema.names:
        empty["valid_from"] = opened
    return pa.Table.from_pylist([{**empty, **row} for row in rows], schema=schema)
