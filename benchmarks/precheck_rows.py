"""The same thirty rules row by row over dicts: what a first program does, statement after statement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import pyarrow as pa

from benchmarks.precheck_pandas import BENEFIT, CAUSES, SPLIT_CODES, STATE_PAID, TABLES

Row = dict[str, Any]
WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
CHILDREN = ("dx", "line", "rx", "detail")


def to_rows(tables: Mapping[str, pa.Table]) -> dict[str, list[Row]]:
    return {name: tables[name].to_pylist() for name in TABLES}


def find_all(rows: Mapping[str, list[Row]]) -> set[tuple[str, str]]:
    """(rule, serial) of everything the thirty rules find."""
    known = {row["statement_no"] for row in rows["stmt"]}
    own: dict[str, dict[str, list[Row]]] = {name: defaultdict(list) for name in CHILDREN}
    found: set[tuple[str, str]] = set()
    for name in CHILDREN:
        for row in rows[name]:
            own[name][row["statement_no"]].append(row)
            if row["statement_no"] not in known:
                found.add(("FILE-007", row["statement_no"]))
    visits: dict[tuple[str, date, str], list[str]] = defaultdict(list)
    month = rows["header"][0]["treatment_month"]
    for s in rows["stmt"]:
        no = s["statement_no"]
        parts = {name: own[name].get(no, []) for name in CHILDREN}
        found |= {(rule, no) for rule in (*_amounts(s, parts), *_patient(s), *_days(s, parts, month))}
        found |= {(rule, no) for rule in (*_diagnoses(parts), *_lines(s, parts), *_prescriptions(parts))}
        _remember_visit(visits, s, parts)
    found |= {("XST-001", no) for same in visits.values() if len(same) > 1 for no in same}
    names = (
        "total_benefit_cost_1",
        "patient_copay",
        "claimed_amount",
        "support_amount",
        "total_benefit_cost_2",
    )
    sums = {name: sum(s[name] or 0 for s in rows["stmt"]) for name in names} | {
        "statement_count": len(rows["stmt"])
    }
    if any((rows["header"][0][name] or 0) != won for name, won in sums.items()):
        found.add(("HDR-020", ""))
    return found


def _day(text: str | None) -> date | None:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:])) if text and len(text) == 8 else None
    except ValueError:
        return None


def _birthday(rrn: str) -> date | None:
    if len(rrn) != 13:
        return None
    lead = rrn[6]
    return _day(("19" if lead in "1256" else "20" if lead in "3478" else "18") + rrn[:6])


def _start(parts: Mapping[str, list[Row]]) -> date | None:
    days = [day for day in (_day(row["care_start_date"]) for row in parts["dx"]) if day]
    return min(days) if days else None


def _sum(lines: list[Row], sections: Any) -> int:
    return sum(row["line_amount"] for row in lines if row["hang"] in sections)


def _amounts(s: Row, parts: Mapping[str, list[Row]]) -> Iterator[str]:
    lines, total = parts["line"], s["total_benefit_cost_1"]
    state_paid = s["injury_work_class"] in STATE_PAID
    if not total and _sum(lines, BENEFIT) >= 10:
        yield "AMT-002"
    if total < s["patient_copay"] or total < s["claimed_amount"]:
        yield "AMT-003"
    zeros = (
        "claimed_amount",
        "patient_copay",
        "partial_copay_total",
        "partial_copay_patient",
        "partial_copay_claimed",
    )
    if all((s[name] or 0) == 0 for name in zeros) and not state_paid:
        yield "AMT-005"
    due = total - s["patient_copay"] - sum(
        s[name] or 0 for name in ("veterans_claimed_amount", "disability_medical_cost", "loan_amount")
    )  # fmt: skip
    if (
        s["claimed_amount"] != 0
        if s["injury_work_class"] == "7"
        else not state_paid and s["claimed_amount"] != due
    ):
        yield "AMT-007"
    full = _sum(lines, ("U",))
    if (s["full_copay_total"] or 0) != full - full % 10:
        yield "AMT-011"
    second = total + (s["full_copay_total"] or 0) + (_sum(lines, ("V", "W")) if state_paid else 0)
    if s["total_benefit_cost_2"] != second - second % 10:
        yield "AMT-012"


def _patient(s: Row) -> Iterator[str]:
    rrn = s["patient_rrn"] or ""
    is_whole = len(rrn) == 13 and rrn.isdigit()
    born = _birthday(rrn) if is_whole else None
    if not is_whole:
        yield "PAT-001"
    elif born is None:
        yield "PAT-002"
    elif born < date(2020, 10, 1) and rrn[6] not in "5678" and rrn[7:12] != "00000":
        total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, rrn, strict=False))
        if (11 - total % 11) % 10 != int(rrn[12]):
            yield "PAT-003"
    if not (s["patient_name"] or "").strip():
        yield "PAT-004"


def _days(s: Row, parts: Mapping[str, list[Row]], month: str) -> Iterator[str]:
    start = _start(parts)
    if start and f"{start:%Y%m}" != month:
        yield "DAY-003"
    if s["visit_days"] > 1:
        yield "DAY-007"
    if s["visit_days"] > s["benefit_days"]:
        yield "DAY-010"
    born = _birthday(s["patient_rrn"] or "")
    if start and born and start < born:
        yield "PAT-006"


def _diagnoses(parts: Mapping[str, list[Row]]) -> Iterator[str]:
    rows = parts["dx"]
    if not rows:
        yield "DX-001"
    elif sum(row["diagnosis_class"] == "1" for row in rows) != 1:
        yield "DX-002"
    seen = set()
    for row in rows:
        code = row["diagnosis_code"] or ""
        if row["diagnosis_class"] not in ("1", "2", "3"):
            yield "DX-003"
        if row["diagnosis_class"] == "1" and code[:1] in ("V", "W", "X", "Y"):
            yield "DX-007"
        if code.strip() and (code, row["department"]) in seen:
            yield "DX-011"
        seen.add((code, row["department"]))


def _lines(s: Row, parts: Mapping[str, list[Row]]) -> Iterator[str]:
    lines = parts["line"]
    if not lines:
        yield "LINE-001"
    prices: dict[tuple[str, str, str], set[int]] = defaultdict(set)
    changed = set()
    times = 0
    for row in lines:
        is_fee = row["hang"] == "01" and row["mok"] in ("01", "02")
        is_drug = row["line_code_type"] in ("3", "4")
        if is_fee and not ((row["license_type"] or "").strip() and (row["license_no"] or "").strip()):
            yield "LIC-002"
        no_dose = is_drug and (row["dose_qty"] or 0) <= 0
        if (row["daily_qty"] or 0) <= 0 or (row["total_days"] or 0) <= 0 or no_dose:
            yield "LINE-007"
        unit, won = 10_000, row["unit_price"] * row["daily_qty"] * row["total_days"]
        if is_drug and row["dose_qty"] > 0:
            unit, won = 100_000_000, won * row["dose_qty"]
        if not row["line_amount"] * 2 * unit <= 2 * won + unit < (row["line_amount"] + 1) * 2 * unit:
            yield "LINE-008"
        if (
            row["line_code_type"] in ("3", "C")
            and row["hang"] == "03"
            and 0 < s["benefit_days"] < row["total_days"]
        ):
            yield "LINE-009"
        key = (row["line_code_type"], row["line_code"], row["hang"])
        prices[key].add(row["unit_price"])
        if (row["change_date"] or "").strip():
            changed.add(key)
        times += row["daily_qty"] * row["total_days"] if is_fee else 0
    if any(len(own) > 1 and key not in changed for key, own in prices.items()):
        yield "LINE-011"
    codes = {row["detail_code"] for row in parts["detail"] if row["detail_unit"] == "1"}
    departments = {row["department"] for row in parts["dx"]}
    if (
        s["visit_days"] == 1
        and times >= 200
        and not codes & {"MT040", "MS005", "MT046"}
        and len(departments) <= 1
    ):
        yield "LINE-013"


def _prescriptions(parts: Mapping[str, list[Row]]) -> Iterator[str]:
    known = {row["prescription_no"] for row in parts["rx"]}
    if any(
        row["detail_unit"] in ("3", "4") and row["prescription_no"] not in known for row in parts["detail"]
    ):
        yield "RX-004"
    if any(not (row["line_code"] or "").strip() for row in parts["rx"]):
        yield "RX-004"


def _remember_visit(visits: dict[Any, list[str]], s: Row, parts: Mapping[str, list[Row]]) -> None:
    is_split = any(
        row["detail_code"] in SPLIT_CODES
        or (row["detail_code"] == "MT001" and row["detail_text"].strip() in CAUSES)
        for row in parts["detail"]
        if row["detail_unit"] == "1"
    )
    start, rrn = _start(parts), (s["patient_rrn"] or "").strip()
    if is_split or not start or not rrn or (s["claim_class"] or "").strip():
        return
    departments = [row["department"] for row in parts["dx"] if row["diagnosis_class"] == "1"]
    visits[rrn, start, min(departments) if departments else ""].append(s["statement_no"])
