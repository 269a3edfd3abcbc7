"""Wire tables to test the claim XML with: two claims written by hand, and synthetic ones of every kind.

All people are invented. Amounts fit each other, so that the page can be read as a claim.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

import cheonggu
from cheonggu.formats.claim_xml_model import claim_shape, wire_schema
from cheonggu.layouts import Field, Layout, LayoutCatalogue

LAYOUTS = Path(cheonggu.__file__).parent / "schemes" / "hira" / "layouts"
CLAIM_NO = "2024050001"


@cache
def catalogue() -> LayoutCatalogue:
    return LayoutCatalogue.from_folder(LAYOUTS)


def wire(kind: str, record: str, rows: list[dict[str, Any]]) -> Any:
    """A wire table from rows that name only what is not blank; amounts that are not named are 0."""
    layout = catalogue().layout(kind, record)
    unknown = {name for row in rows for name in row} - set(layout.names)
    assert not unknown, unknown
    return pa.table(
        [
            pa.array(
                [row.get(one.name, _blank(one)) for row in rows], wire_schema(layout).field(one.name).type
            )
            for one in layout.fields
        ],
        schema=wire_schema(layout),
    )


def _blank(one: Field) -> Any:
    if not one.is_number:
        return ""
    return 0 if one.required == "Z" else None


# --- medical_dental, an outpatient month of a clinic: statement 1 a cold, 2 a back, 3 a diabetic of medical aid ---

_MEDICAL_PEOPLE = [
    # no, patient, rrn, subscriber, card, days, main diagnosis and more, department
    ("00001", "홍길동", "9001011234567", "홍길동", "71234567890", 3, ["J00", "J209"], "01"),
    ("00002", "김서연", "8507152345678", "박도윤", "81234500012", 2, ["M5456", "S335"], "05"),
    ("00003", "이순자", "4803202456789", "이순자", "71230000456", 30, ["E119", "I109", "E785"], "01"),
    ("00004", "남궁민수", "1904053456789", "남궁혁", "51239876543", 3, ["J039"], "11"),
]
_MEDICAL_LINES = {
    "00001": [
        ("01", "01", "1", "AA154", 1784000, 100, 1, None, 17840),
        ("09", "01", "1", "D2502", 412000, 100, 1, None, 4120),
    ],
    "00002": [
        ("01", "02", "1", "AA254", 1275000, 100, 2, None, 25500),
        ("06", "01", "1", "MM010", 98000, 100, 2, None, 1960),
        ("06", "01", "1", "MM070", 507000, 100, 2, None, 10140),
        ("10", "01", "1", "G3102", 1041000, 150, 1, None, 15615),
        ("04", "01", "3", "645902470", 33100, 100, 1, 10000, 331),
    ],
    "00003": [
        ("01", "02", "1", "AA254", 1275000, 100, 1, None, 12750),
        ("09", "01", "1", "D3022", 169000, 100, 1, None, 1690),
        ("09", "01", "1", "D3061", 613000, 100, 1, None, 6130),
        ("09", "02", "1", "D2280", 151000, 110, 1, None, 1661),
    ],
    "00004": [("01", "01", "1", "AA154", 1784000, 100, 1, None, 17840)],
}
_MEDICAL_RX = [
    ("00001", "2024050300001", 3, 1, "643501560", 10000, 3, 3),
    ("00001", "2024050300001", 3, 2, "653400520", 5000, 2, 3),
    ("00003", "2024051300004", 30, 1, "642202310", 10000, 2, 30),
    ("00003", "2024051300004", 30, 2, "671803380", 10000, 1, 30),
    ("00003", "2024051300004", 30, 3, "669600700", 10000, 1, 30),
]
_MEDICAL_DETAILS = [
    ("00001", "1", None, "MT008", "12345602/65432118"),
    ("00002", "2", 4, "JX999", "요추 4매 촬영 <전후면·측면> & 사위상 포함"),
    ("00002", "1", None, "MX999", "교통사고 아님. 본인 진술: 이삿짐을 옮기다 다침"),
    ("00003", "1", None, "MT002", "V252"),
]


def medical_claim() -> tuple[Any, dict[str, Any]]:
    """``(header, tables)`` of four statements of medical_dental with awkward texts."""
    kind = "medical_dental"
    general, diagnoses, lines = [], [], []
    for no, patient, rrn, subscriber, card, days, codes, department in _MEDICAL_PEOPLE:
        total = sum(row[-1] for row in _MEDICAL_LINES[no]) // 10 * 10
        copay = total * 3 // 10 // 100 * 100
        own = {"claim_no": CLAIM_NO, "statement_no": no}
        general.append(
            own
            | {"record_type": "A", "form_no": "H021", "provider_code": "12345678", "injury_work_class": "0"}
            | {"subscriber_name": subscriber, "insurance_card_no": card, "patient_name": patient}
            | {"patient_rrn": rrn, "benefit_days": days, "visit_days": 2 if no == "00002" else 1}
            | {"treatment_result": "9", "total_benefit_cost_1": total, "patient_copay": copay}
            | {"claimed_amount": total - copay, "total_benefit_cost_2": total}
        )
        for rank, code in enumerate(codes):
            diagnoses.append(
                own
                | {"record_type": "B", "diagnosis_class": "1" if not rank else "2", "diagnosis_code": code}
                | {"department": department, "care_start_date": "20240503", "license_type": "1"}
                | {"license_no": "123456"}
            )
        for line_no, (hang, mok, sort, code, price, qty, times, dose, amount) in enumerate(
            sorted(_MEDICAL_LINES[no], key=lambda row: row[:2]), start=1
        ):
            lines.append(
                own
                | {"record_type": "C", "hang": hang, "mok": mok, "line_no": line_no, "line_code_type": sort}
                | {"line_code": code, "unit_price": price, "daily_qty": qty, "total_days": times}
                | {"dose_qty": dose, "line_amount": amount}
                | ({"license_type": "1", "license_no": "123456/654321"} if hang == "10" else {})
            )
    prescriptions = [
        {"claim_no": CLAIM_NO, "statement_no": no, "record_type": "D", "prescription_no": rx, "line_no": line}
        | {"prescription_days": days, "line_code_type": "3", "line_code": code, "dose_qty": dose}
        | {"daily_times": times, "total_days": total}
        for no, rx, days, line, code, dose, times, total in _MEDICAL_RX
    ]
    details = [
        {"claim_no": CLAIM_NO, "statement_no": no, "record_type": "E", "detail_unit": unit, "line_no": line}
        | {"detail_code": code, "detail_text": text}
        for no, unit, line, code, text in _MEDICAL_DETAILS
    ]
    tables = {
        "A": wire(kind, "A", general),
        "B": wire(kind, "B", diagnoses),
        "C": wire(kind, "C", lines),
        "D": wire(kind, "D", prescriptions),
        "E": wire(kind, "E", details),
    }
    return _header(
        kind, "091", "1", "2", tables["A"], remark='5월 외래분. 물리치료 "공휴일" 근무 없음'
    ), tables


def korean_claim() -> tuple[Any, dict[str, Any]]:
    """``(header, tables)`` of one korean_medicine statement with a removed ingredient (a negative amount)."""
    kind = "korean_medicine"
    own = {"claim_no": CLAIM_NO, "statement_no": "00001"}
    rows = [
        ("01", "02", "A", "10200", 873000, 300, 1, "", 26190),
        ("03", "01", "C", "A00100010", 45000, 300, 2, "B0010001", 2700),
        ("03", "01", "C", "A00200020", 29500, 100, 1, "S0020002", -295),
        ("04", "01", "A", "40010", 395000, 100, 3, "", 11850),
        ("04", "03", "A", "40311", 728000, 100, 3, "", 21840),
    ]
    total = sum(row[-1] for row in rows) // 10 * 10
    copay = total * 3 // 10 // 100 * 100
    general = (
        own
        | {"form_no": "K021", "provider_code": "38765432", "injury_work_class": "0", "treatment_result": "1"}
        | {"subscriber_name": "최영호", "insurance_card_no": "71231231231", "patient_name": "최영호"}
        | {"patient_rrn": "7711221034567", "benefit_days": 3, "visit_days": 3}
        | {"total_benefit_cost_1": total, "patient_copay": copay, "claimed_amount": total - copay}
        | {"total_benefit_cost_2": total}
    )
    tables = {
        "A": wire(kind, "A", [general]),
        "B": wire(
            kind,
            "B",
            [
                own
                | {"diagnosis_class": "1", "diagnosis_code": "M5456", "department": "80", "license_type": "3"}
                | {"care_start_date": "20240502", "license_no": "10023"}
            ],
        ),
        "C": wire(
            kind,
            "C",
            [
                own
                | {"hang": hang, "mok": mok, "line_no": no, "line_code_type": sort, "line_code": code}
                | {"unit_price": price, "daily_qty": qty, "total_days": times}
                | {"adjust_class": adjust, "line_amount": amount}
                for no, (hang, mok, sort, code, price, qty, times, adjust, amount) in enumerate(rows, start=1)
            ],
        ),
        "E": wire(kind, "E", [own | {"detail_unit": "1", "detail_code": "MT008", "detail_text": "01002326"}]),
    }
    return _header(kind, "091", "9", "9", tables["A"]), tables


def _header(kind: str, version: str, category: str, form: str, general: Any, remark: str = "") -> Any:
    layout = catalogue().layout(kind, "H")
    sums = {
        one.name: sum(general[one.name].to_pylist())
        for one in layout.fields
        if one.required == "Z" and one.name in general.column_names
    }
    return wire(
        kind,
        "H",
        [
            sums
            | {"claim_form_version": version, "statement_form_version": version, "claim_no": CLAIM_NO}
            | {"form_no": "H010", "provider_code": "12345678", "receiver_code": "1", "payer_class": "4"}
            | {
                "claim_unit": "0",
                "care_category": category,
                "treatment_form": form,
                "treatment_month": "202405",
            }
            | {"statement_count": general.num_rows, "graded_fee_days": 2500, "graded_fee_doctor_count": 100}
            | {"graded_fee_index": 10000000, "graded_fee_claimed_amount": 0, "claim_date": "20240603"}
            | {"claimant_name": "정다운", "remark": remark}
        ],
    )


# --- every kind, generated from the layouts ---

ROWS = {"A": 1, "B": 2, "C": 6, "D": 1, "E": 1, "F": 2}


def synthetic_claim(kind: str, statements: int) -> tuple[Any, dict[str, Any]]:
    """``(header, tables)`` that satisfy the schema: every column filled, values differ from row to row."""
    shape = claim_shape(catalogue(), kind)
    header = _synthetic(shape.header.layout, np.zeros(1, np.int64))
    tables = {}
    if shape.summary is not None:
        tables["H2"] = _synthetic(shape.summary.layout, np.zeros(3, np.int64))
    for one in shape.records:
        tables[one.record] = _synthetic(one.layout, np.repeat(np.arange(statements), ROWS[one.record]))
    return header, tables


def _synthetic(layout: Layout, owners: Any) -> Any:
    return pa.table(
        [_synthetic_column(one, owners, place) for place, one in enumerate(layout.fields)],
        schema=wire_schema(layout),
    )


def _synthetic_column(one: Field, owners: Any, place: int) -> Any:
    rows = np.arange(len(owners))
    if one.name == "claim_no":
        return pa.array([CLAIM_NO] * len(rows))
    if one.name == "statement_no":
        return pa.compute.utf8_lpad(pa.array(owners + 1).cast(pa.string()), 5, "0")
    if one.is_number:
        return pa.array((rows * 37 + place) % 10 ** min(one.length, 12))
    if one.is_date:
        return pa.array(np.array(["20240503", "20240229", ""])[rows % (2 if one.required == "Y" else 3)])
    if one.code_values and one.repeat == "1":
        values = list(one.code_values)
        return pa.array(np.array(values)[rows % len(values)])
    text = np.array(["가나 다<&", "A\"'", ""])[rows % (2 if one.required == "Y" else 3)]
    return pa.compute.utf8_slice_codeunits(pa.array(text), 0, one.length)
