"""The sample's arrays as Arrow tables of the contract, view by view and slice by slice.

Statement-bound views come in slices of whole statements, so that a million statements need no more memory than
their compact arrays and one slice. Columns that the sample never fills are in ``CONSTANTS``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.sources.contract import CONTRACT
from cheonggu.sources.sample.calendar import Calendar
from cheonggu.sources.sample.codes import (
    CARE_FIELD,
    GENERAL,
    HI,
    KOREAN,
    MA1,
    MA2,
    PROVIDERS,
    VET_INSURED,
    VET_STATE,
    WARD,
)
from cheonggu.sources.sample.defects import EXTERNAL_CAUSE, Sheet
from cheonggu.sources.sample.diagnoses import department_codes
from cheonggu.sources.sample.draw import Ints, digits, pick
from cheonggu.sources.sample.optional import OFFICE_COUNT, OFFICES, eligibility_columns, list_tables
from cheonggu.sources.sample.people import Doctors, Patients
from cheonggu.sources.sample.records import RECORD_VIEWS
from cheonggu.sources.sample.rosters import roster_tables
from cheonggu.sources.sample.visits import Statements

SLICE = 50_000  # statements
TEETH = dict.fromkeys((f"tooth_{jaw}_{side}" for jaw in ("upper", "lower") for side in ("left", "right")), "")
NO_WON = dict.fromkeys(
    (
        "copay_ceiling_excess",
        "support_amount",
        "disability_medical_cost",
        "loan_amount",
        "veterans_copay",
        "partial_copay_total",
        "partial_copay_patient",
        "partial_copay_claimed",
        "partial_copay_veterans_claimed",
    ),
    0,
)
CONSTANTS: dict[str, dict[str, str | int | None]] = {
    "statement": {"visit_serial": 1, "fixed_rate_class": "", "first_admission_date": None, **NO_WON},
    "diagnosis": dict(TEETH),
    "line": {"change_date": None, **TEETH},
    "prescription": {"line_code_type": "3", "copay_rate_class": ""},
    "detail": {"prescription_no": ""},
}
PAYER_CLASS = {HI: "4", MA1: "", MA2: "", VET_INSURED: "4", VET_STATE: "7"}
INJURY_CLASS = {HI: "0", MA1: "0", MA2: "0", VET_INSURED: "4", VET_STATE: "7"}
AID_CLASS = {HI: "", MA1: "1", MA2: "2", VET_INSURED: "", VET_STATE: ""}
# (place, medical aid) → statement form
FORMS = ["H021", "H031", "H021", "H031", "H020", "H030", "K021", "K031"]
ROUTES = ["11", "12", "21", "31", "32"]
KEY_DIGITS = 8


@dataclass
class Hospital:
    """Everything the tables are made from."""

    sheet: Sheet
    patients: Patients
    doctors: Doctors
    calendar: Calendar
    reviewed_on: Ints  # 0 while open
    random_mark: Ints  # a number per statement for admission route and result


def statement_key(index: Ints) -> pa.Array:
    return digits(index + 1, KEY_DIGITS, "S26")


def orphan_keys(sheet: Sheet) -> list[str]:
    return [key for _, key in sheet.orphans]


def keys_of(sheet: Sheet, index: list[int]) -> list[str]:
    """Keys of statements and orphans by index."""
    count, lost = sheet.statements.count, orphan_keys(sheet)
    known = statement_key(np.array(index, np.int64)).to_pylist()
    return [lost[one - count] if one >= count else key for one, key in zip(index, known, strict=True)]


def sample_tables(hospital: Hospital) -> Iterator[tuple[str, pa.Table]]:
    """(view, table without its constant columns) in an order fit for loading; statement views in slices."""
    yield from roster_tables(hospital.doctors, hospital.calendar)
    yield from list_tables(
        hospital.sheet.table.code, hospital.sheet.items, hospital.doctors, hospital.calendar
    )
    count = hospital.sheet.statements.count
    total = count + len(hospital.sheet.orphans)
    makers: dict[str, Callable[[Hospital, int, int], pa.Table]] = {
        "statement": _statement_table,
        "diagnosis": _diagnosis_table,
        "line": _line_table,
        "prescription": _prescription_table,
        "detail": _detail_table,
        "eligibility": _eligibility_table,
        **{view: partial(_record_table, view) for view in RECORD_VIEWS},
    }
    for view, make in makers.items():
        for start in range(0, total, SLICE):
            table = make(hospital, start, min(start + SLICE, total))
            if table.num_rows:
                yield view, table


def with_constants(view: str, table: pa.Table) -> pa.Table:
    """The table with its constant columns, in the contract's schema."""
    constants = CONSTANTS.get(view, {})
    arrays = [
        pa.repeat(pa.scalar(constants[field.name], field.type), table.num_rows)
        if field.name in constants
        else table[field.name]
        for field in CONTRACT.arrow_schema(view)
    ]
    return pa.table(arrays, schema=CONTRACT.arrow_schema(view))


def _table(view: str, columns: dict[str, object]) -> pa.Table:
    """Columns in contract order, ints and days given as numpy arrays."""
    schema = [one for one in CONTRACT.arrow_schema(view) if one.name not in CONSTANTS.get(view, {})]
    arrays = []
    for one in schema:
        value = columns[one.name]
        if pa.types.is_date(one.type) and isinstance(value, np.ndarray):
            value = pa.array(value.astype(np.int32), mask=value == 0).cast(one.type)
        arrays.append(value if isinstance(value, pa.Array | pa.ChunkedArray) else pa.array(value, one.type))
    return pa.table(arrays, schema=pa.schema(schema))


def _coded(words: dict[int, str], index: Ints) -> pa.Array:
    return pick([words[number] for number in range(len(words))], index)


def _owner(hospital: Hospital, index: Ints) -> dict[str, pa.Array]:
    """Statement key, provider code and care month of child rows."""
    sheet = hospital.sheet
    keys = statement_key(index)
    is_lost = index >= sheet.statements.count
    if is_lost.any():
        lost = pick(orphan_keys(sheet), index[is_lost] - sheet.statements.count)
        keys = pc.replace_with_mask(keys, pa.array(is_lost), lost)
    model = _model(sheet, index)
    return {
        "statement_key": keys,
        "provider_code": pick([one.code for one in PROVIDERS], sheet.statements.provider[model]),
        "care_month": digits(sheet.statements.month[model], 6),
    }


def _model(sheet: Sheet, index: Ints) -> Ints:
    """The statement itself, or the one an orphan was copied from."""
    every = np.arange(sheet.statements.count + len(sheet.orphans))
    every[sheet.statements.count :] = [row for row, _ in sheet.orphans]
    found: Ints = every[index]
    return found


def _statement_table(hospital: Hospital, start: int, stop: int) -> pa.Table:
    sheet, patients = hospital.sheet, hospital.patients
    rows = np.arange(start, min(stop, sheet.statements.count), dtype=np.int64)
    some = _part(sheet.statements, rows)
    patient = pa.array(some.patient)
    mark = hospital.random_mark[rows]
    is_aided, is_in = np.isin(some.payer, (MA1, MA2)), some.is_inpatient
    aid_level = np.where(np.isin(some.place, (GENERAL, WARD)), "2", "1").tolist()
    department = sheet.table.department[some.diagnosis]
    field_code = [CARE_FIELD.get(code, "") for code in department_codes()]
    stay_result = np.where(mark % 20 == 0, 1, np.where(mark % 97 == 0, 2, 3))
    columns: dict[str, object] = {
        **_owner(hospital, rows),
        "patient_key": digits(some.patient, KEY_DIGITS, "P"),
        "form_no": pick(FORMS, some.place * 2 + is_aided),
        "payer_class": pc.if_else(pa.array(is_aided), pa.array(aid_level), _coded(PAYER_CLASS, some.payer)),
        "care_field": _blank_unless(np.isin(some.place, (GENERAL, WARD)), pick(field_code, department)),
        "department": pick(department_codes(), department),
        "care_from": some.care_from,
        "care_to": some.care_to,
        "admission_key": _blank_unless(is_in, digits(rows, KEY_DIGITS, "A")),
        "slice_no": is_in.astype(np.int64),
        "reviewed_on": hospital.reviewed_on[rows],
        "medical_aid_office_code": _blank_unless(is_aided, digits(OFFICES + mark % OFFICE_COUNT, 11)),
        "medical_aid_class": _coded(AID_CLASS, some.payer),
        "injury_work_class": _coded(INJURY_CLASS, some.payer),
        "subscriber_name": patients.subscriber.take(patient),
        "insurance_card_no": _blank_unless(~is_aided, patients.card_no.take(patient)),
        "patient_name": patients.name.take(patient),
        "patient_rrn": patients.rrn.take(patient),
        "benefit_days": sheet.benefit_days[rows],
        "visit_days": np.where(is_in, some.care_to - some.care_from + 1, 1),
        "admission_route": _blank_unless(is_in, pick(ROUTES, mark % len(ROUTES))),
        "treatment_result": pick(
            ["1", "2", "4", "9"], np.where(is_in, stay_result, np.where(mark % 4, 0, 3))
        ),
        **{name: getattr(sheet.amounts, name)[rows] for name in sheet.amounts.__dataclass_fields__},
    }
    for name, texts in sheet.texts.items():
        columns[name] = _replaced(columns[name], {row - start: text for row, text in texts.items()})
    return _table("statement", columns)


def _eligibility_table(hospital: Hospital, start: int, stop: int) -> pa.Table:
    rows = np.arange(start, min(stop, hospital.sheet.statements.count), dtype=np.int64)
    some = _part(hospital.sheet.statements, rows)
    aided, aid_class = np.isin(some.payer, (MA1, MA2)), _coded(AID_CLASS, some.payer)
    return _table(
        "eligibility", {**_owner(hospital, rows), **eligibility_columns(aided, aid_class, some.care_from)}
    )


def _record_table(view: str, hospital: Hospital, start: int, stop: int) -> pa.Table:
    rows = np.arange(start, min(stop, hospital.sheet.statements.count), dtype=np.int64)
    owner, columns = RECORD_VIEWS[view](hospital.sheet, hospital.random_mark, rows)
    return _table(view, {**_owner(hospital, owner), **columns})


def _part(statements: Statements, rows: Ints) -> Statements:
    return Statements(*(getattr(statements, name)[rows] for name in statements.__dataclass_fields__))


def _blank_unless(condition: np.typing.NDArray[np.bool_], texts: pa.Array) -> pa.Array:
    return pc.if_else(pa.array(condition), texts, "")


def _replaced(array: object, texts: dict[int, str]) -> pa.Array:
    """A few texts of an array exchanged; rows outside it are somebody else's."""
    here = {row: text for row, text in sorted(texts.items()) if 0 <= row < len(array)}  # type: ignore[arg-type]
    mask = np.zeros(len(array), np.bool_)  # type: ignore[arg-type]
    mask[list(here)] = True
    return pc.replace_with_mask(array, pa.array(mask), pa.array(list(here.values()), pa.string()))


def _rows(statement: Ints, start: int, stop: int) -> slice:
    """Rows of the statements start..stop; child arrays stand in order of statement."""
    low, high = np.searchsorted(statement, (start, stop))
    return slice(int(low), int(high))


def _diagnosis_table(hospital: Hospital, start: int, stop: int) -> pa.Table:
    rows = hospital.sheet.diagnoses
    part = _rows(rows.statement, start, stop)
    owner = rows.statement[part]
    is_korean = hospital.sheet.statements.place[_model(hospital.sheet, owner)] == KOREAN
    sub = rows.subspecialty[part]
    return _table(
        "diagnosis",
        {
            **_owner(hospital, owner),
            "diagnosis_seq": rows.seq[part],
            "diagnosis_class": digits(rows.main_class[part], 1),
            "diagnosis_code": pick([*hospital.sheet.table.code, EXTERNAL_CAUSE], rows.code[part]),
            "department": pick(department_codes(), rows.department[part]),
            "internal_medicine_sub": _blank_unless(sub > 0, digits(sub, 2)),
            "care_start_date": rows.care_from[part],
            "license_type": pick(["1", "3"], is_korean.astype(np.int64)),
            "license_no": _license(rows.license_no[part]),
        },
    )


def _license(numbers: Ints) -> pa.Array:
    return pa.array(numbers).cast(pa.string())


def _line_table(hospital: Hospital, start: int, stop: int) -> pa.Table:
    rows, items = hospital.sheet.lines, hospital.sheet.items
    part = _rows(rows.statement, start, stop)
    owner, item = rows.statement[part], rows.item[part]
    is_night, doctor = rows.is_night[part], rows.doctor[part]
    is_korean = hospital.sheet.statements.place[owner] == KOREAN
    is_named = doctor >= 0
    formula = [f"B{code}" if use == "herb" else "" for use, code in zip(items.use, items.code, strict=True)]
    code = pick([*items.code, *(f"{one}010" for one in items.code)], item + is_night * len(items.code))
    number = hospital.doctors.license_no[np.where(is_named, doctor, 0)]
    return _table(
        "line",
        {
            **_owner(hospital, owner),
            "line_seq": rows.seq[part],
            "hang": pick(items.hang, item),
            "mok": pick(items.mok, item),
            "line_code_type": pick(items.type, item),
            "line_code": code,
            "unit_price": rows.unit_price[part],
            "daily_qty": rows.daily_qty[part],
            "total_days": rows.total_days[part],
            "dose_qty": rows.dose_qty[part],
            "line_amount": rows.amount[part],
            "adjust_class": pick(formula, item),
            "license_type": _blank_unless(is_named, pick(["1", "3"], is_korean.astype(np.int64))),
            "license_no": _blank_unless(is_named, _license(number)),
        },
    )


def _prescription_table(hospital: Hospital, start: int, stop: int) -> pa.Table:
    rows = hospital.sheet.prescriptions
    part = _rows(rows.statement, start, stop)
    return _table(
        "prescription",
        {
            **_owner(hospital, rows.statement[part]),
            "prescription_no": digits(rows.day[part] * 10**5 + rows.serial[part], 13),
            "line_seq": rows.seq[part],
            "prescription_days": rows.days[part],
            "line_code": pick(hospital.sheet.items.code, rows.item[part]),
            "dose_qty": rows.dose_qty[part],
            "daily_times": rows.daily_times[part],
            "total_days": rows.days[part],
        },
    )


def _detail_table(hospital: Hospital, start: int, stop: int) -> pa.Table:
    rows = hospital.sheet.details
    part = _rows(rows.statement, start, stop)
    owner = rows.statement[part]
    starts = np.searchsorted(rows.statement, owner)
    return _table(
        "detail",
        {
            **_owner(hospital, owner),
            "detail_seq": np.arange(part.start, part.stop) - starts + 1,
            "detail_unit": digits(rows.unit[part], 1),
            "line_seq": rows.line_seq[part],
            "detail_code": pick(rows.code, rows.code_index[part]),
            "detail_text": rows.text.slice(part.start, part.stop - part.start).combine_chunks(),
        },
    )
