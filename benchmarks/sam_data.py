"""A made-up medical outpatient claim of any size: invented names and numbers, about eleven records a statement."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cheonggu.layouts import LayoutCatalogue

KIND = "medical_dental"
CLAIM_NO, MONTH = "2026070001", "202607"
SURNAMES = "김이박최정강조윤장임한오서신권황안송류전홍"
SYLLABLES = "".join(chr(code) for code in range(0xAC00, 0xD7A4, 28 * 3))
REMARKS = (
    "검사결과 정상으로 확인됨",
    "약제 변경 사유: 부작용 호소",
    "2026-07-15 재내원 예정",
    "MX999/추가 설명입니다. 환자 상태 호전됨",
    "JX999",
)
Rows = npt.NDArray[np.intp]


def make_claim(catalogue: LayoutCatalogue, statements: int, seed: int = 7) -> dict[str, pa.Table]:
    """Record letter → table with every column of its layout, in statement order."""
    draw = np.random.default_rng(seed)
    numbers = np.array([statement_no(one) for one in range(1, statements + 1)])
    owners = {
        "A": np.arange(statements),
        "B": np.repeat(np.arange(statements), draw.integers(1, 4, statements)),
        "C": np.repeat(np.arange(statements), draw.integers(3, 10, statements)),
        "D": np.repeat(np.arange(statements), draw.integers(0, 3, statements)),
        "E": np.repeat(np.arange(statements), draw.integers(0, 3, statements)),
    }
    values = {
        "H": _header(statements),
        "A": _general(draw, statements),
        "B": _diagnoses(draw, owners["B"]),
        "C": _lines(draw, owners["C"]),
        "D": _prescriptions(draw, owners["D"]),
        "E": _details(draw, len(owners["E"])),
    }
    tables = {}
    for layout in catalogue.records(KIND):
        given = values[layout.record]
        rows = 1 if layout.record == "H" else len(owners[layout.record])
        given |= {"claim_no": [CLAIM_NO] * rows}
        if layout.record != "H":
            given |= {"statement_no": numbers[owners[layout.record]], "record_type": [layout.record] * rows}
        tables[layout.record] = pa.table(
            {
                one.name: _column(given.get(one.name), one.is_number, one.required, rows)
                for one in layout.fields
            }
        )
    return tables


def statement_no(number: int) -> str:
    """00001 … 99999, then A0000 …"""
    return f"{number:05d}" if number < 100_000 else f"A{number - 100_000:04d}"


def chunks(tables: dict[str, pa.Table], statements: int) -> list[dict[str, pa.Table]]:
    """The claim cut into chunks of so many whole statements, without the header."""
    firsts = tables["A"]["statement_no"].to_numpy(zero_copy_only=False).astype("S5")[::statements]
    cuts = {}
    for record in "ABCDE":
        keys = tables[record]["statement_no"].to_numpy(zero_copy_only=False).astype("S5")
        cuts[record] = [*np.searchsorted(keys, firsts).tolist(), len(keys)]
    return [
        {
            record: tables[record].slice(cut[place], cut[place + 1] - cut[place])
            for record, cut in cuts.items()
        }
        for place in range(len(firsts))
    ]


def _column(values: Any, is_number: bool, required: str, rows: int) -> pa.Array:
    kind = pa.int64() if is_number else pa.string()
    if values is None:
        return (
            pa.nulls(rows, kind)
            if is_number and required in "BC"
            else pa.array([0 if is_number else ""] * rows, kind)
        )
    return pa.array(values, kind)


def _pick(draw: np.random.Generator, values: list[str], count: int) -> npt.NDArray[np.str_]:
    return np.array(values)[draw.integers(0, len(values), count)]


def _names(draw: np.random.Generator, count: int) -> list[str]:
    picks = [draw.integers(0, len(signs), count) for signs in (SURNAMES, SYLLABLES, SYLLABLES)]
    return [SURNAMES[a] + SYLLABLES[b] + SYLLABLES[c] for a, b, c in zip(*picks, strict=True)]


def _header(statements: int) -> dict[str, Any]:
    texts = {
        "claim_form_version": "091",
        "statement_form_version": "091",
        "form_no": "H010",
        "provider_code": "12345678",
        "receiver_code": "1",
        "payer_class": "4",
        "care_category": "1",
        "treatment_form": "2",
        "treatment_month": MONTH,
        "claim_date": "20260805",
        "claimant_name": "홍길동",
    }
    return {name: [value] for name, value in texts.items()} | {"statement_count": [statements]}


def _general(draw: np.random.Generator, count: int) -> dict[str, Any]:
    total = draw.integers(1000, 9_000_000, count) // 10 * 10
    copay = total * 3 // 10 // 100 * 100
    return {
        "form_no": ["H021"] * count,
        "provider_code": ["12345678"] * count,
        "injury_work_class": ["0"] * count,
        "subscriber_name": _names(draw, count),
        "insurance_card_no": [f"{one:011d}" for one in draw.integers(10**9, 10**10, count)],
        "patient_name": _names(draw, count),
        "patient_rrn": [f"{one:013d}" for one in draw.integers(10**11, 10**12, count)],
        "benefit_days": draw.integers(1, 40, count),
        "visit_days": draw.integers(1, 10, count),
        "treatment_result": _pick(draw, ["1", "9"], count),
        "total_benefit_cost_1": total,
        "patient_copay": copay,
        "claimed_amount": total - copay,
        "total_benefit_cost_2": total,
        "full_copay_total": np.where(draw.random(count) < 0.1, draw.integers(0, 90_000, count), 0),
    }


def _diagnoses(draw: np.random.Generator, owners: Rows) -> dict[str, Any]:
    is_main = np.append(True, owners[1:] != owners[:-1])
    codes = ["J00", "J069", "M5456", "K219", "E119", "I10", "S8350"] + [f"Q{one:03d}" for one in range(400)]
    return {
        "diagnosis_class": np.where(is_main, "1", "2"),
        "diagnosis_code": _pick(draw, codes, len(owners)),
        "department": _pick(draw, ["01", "05", "11", "13", "14"], len(owners)),
        "care_start_date": _pick(draw, [f"{MONTH}{day:02d}" for day in range(1, 32)], len(owners)),
        "license_type": ["1"] * len(owners),
        "license_no": _pick(draw, [str(one) for one in range(12_000, 12_300)], len(owners)),
    }


def _lines(draw: np.random.Generator, owners: Rows) -> dict[str, Any]:
    count = len(owners)
    drugs = [str(one) for one in draw.integers(10**8, 7 * 10**8, 2000)]
    is_drug = draw.random(count) < 0.4
    price, quantity = draw.integers(10, 500_000, count) * 100, draw.integers(1, 4, count) * 100
    days = draw.integers(1, 8, count)
    return {
        "hang": _pick(draw, ["01", "02", "03", "04", "09"], count),
        "mok": _pick(draw, ["01", "02", "03"], count),
        "line_no": np.arange(count) - np.searchsorted(owners, owners) + 1,
        "line_code_type": np.where(is_drug, "3", "1"),
        "line_code": _pick(draw, [f"AA{one:03d}" for one in range(300)] + drugs, count),
        "unit_price": price,
        "daily_qty": quantity,
        "total_days": days,
        "dose_qty": np.where(is_drug, 10_000, 0),
        "line_amount": price * quantity * days // 10_000,
        "license_type": ["1"] * count,
        "license_no": _pick(draw, [str(one) for one in range(12_000, 12_300)], count),
    }


def _prescriptions(draw: np.random.Generator, owners: Rows) -> dict[str, Any]:
    count = len(owners)
    return {
        "prescription_no": [f"{MONTH}15{one % 100_000:05d}" for one in owners.tolist()],
        "prescription_days": draw.integers(1, 30, count),
        "refill_count": np.zeros(count, np.int64),
        "line_no": np.arange(count) - np.searchsorted(owners, owners) + 1,
        "line_code_type": ["3"] * count,
        "line_code": _pick(draw, [str(one) for one in draw.integers(10**8, 7 * 10**8, 2000)], count),
        "dose_qty": draw.integers(1, 4, count) * 10_000,
        "daily_times": draw.integers(1, 4, count),
        "total_days": draw.integers(1, 30, count),
    }


def _details(draw: np.random.Generator, count: int) -> dict[str, Any]:
    texts, suffixes = draw.integers(0, len(REMARKS), count), draw.integers(0, 10**6, count)
    return {
        "detail_unit": ["1"] * count,
        "detail_code": _pick(draw, ["MT001", "MX999", "JX999"], count),
        "detail_text": [f"{REMARKS[a]} {b}" for a, b in zip(texts.tolist(), suffixes.tolist(), strict=True)],
    }
