"""A tiny SAM writer of the simulator's tests: slow, obvious, and no relative of the product's codec."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cheonggu

LAYOUTS = Path(cheonggu.__file__).parent / "schemes" / "hira" / "layouts"
PROVIDER = "12345678"
MARKER = b" " * 12 + b"\r\nNULL    \r\n" + b"test".ljust(30) + b"\r\n" + b" " * 12 + b"\r\n"
FORMS = {"medical_dental": "H021", "korean_medicine": "K021"}
TABLES = {"medical_dental": ("A", "B", "C", "D", "E"), "korean_medicine": ("A", "B", "C", "E")}


@dataclass(frozen=True)
class Visit:
    """One statement: a patient, a day, a department and won."""

    patient: str = "9001011234567"
    day: str = "20260510"
    department: str = "01"
    total: int = 14280
    copay: int = 4200
    lines: tuple[int, ...] = (10000, 3570, 710)
    prescription: str = ""
    changed: dict[str, str] = field(default_factory=dict)  # fields of the general record

    @property
    def claimed(self) -> int:
        return self.total - self.copay


def visits(count: int, **same: object) -> list[Visit]:
    """So many visits of different patients."""
    return [replace(Visit(), patient=f"90010112{number:05d}", **same) for number in range(count)]  # type: ignore[arg-type]


def columns(table: str) -> list[dict[str, str]]:
    with (LAYOUTS / f"{table}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def record(table: str, values: dict[str, object]) -> bytes:
    """One record with CR LF; fields that are not given are blank text or zero numbers."""
    out = b""
    for column in columns(table):
        length, value = int(column["length"]), values.get(column["name_en"], "")
        if column["type"] == "n" and column["required"] != "B":
            out += f"{value or 0:0{length}d}".encode()
        else:
            out += str(value).encode("cp949").ljust(length)
        assert len(out) == int(column["start"]) - 1 + length, column["name_en"]
    return out + b"\r\n"


def header(kind: str, claim_no: str, statements: Sequence[Visit], **changed: object) -> bytes:
    values: dict[str, object] = {
        "claim_form_version": "091",
        "statement_form_version": "091",
        "claim_no": claim_no,
        "form_no": "H010",
        "provider_code": PROVIDER,
        "receiver_code": "1",
        "payer_class": "4",
        "claim_unit": "0",
        "care_category": "1" if kind == "medical_dental" else "9",
        "treatment_form": "2" if kind == "medical_dental" else "9",
        "treatment_month": claim_no[:6],
        "statement_count": len(statements),
        "total_benefit_cost_1": sum(one.total for one in statements),
        "total_benefit_cost_2": sum(one.total for one in statements),
        "patient_copay": sum(one.copay for one in statements),
        "claimed_amount": sum(one.claimed for one in statements),
        "claim_date": "20260602",
        "claimant_name": "홍길동",
        **changed,
    }
    return record("claim_header_H", values)


def statement(kind: str, claim_no: str, number: int, visit: Visit) -> dict[str, bytes]:
    """Letter → records of one statement."""
    key: dict[str, object] = {"claim_no": claim_no, "statement_no": f"{number:05d}"}
    general: dict[str, object] = {
        "form_no": FORMS[kind],
        "provider_code": PROVIDER,
        "injury_work_class": "0",
        "subscriber_name": "홍길동",
        "patient_name": "홍길순",
        "patient_rrn": visit.patient,
        "benefit_days": 1,
        "visit_days": 1,
        "treatment_result": "9",
        "total_benefit_cost_1": visit.total,
        "total_benefit_cost_2": visit.total,
        "patient_copay": visit.copay,
        "claimed_amount": visit.claimed,
        **visit.changed,
    }
    diagnosis: dict[str, object] = {
        "diagnosis_class": "1",
        "diagnosis_code": "J209",
        "department": visit.department,
        "care_start_date": visit.day,
        "license_type": "1",
        "license_no": "12345",
    }
    parts = {
        "A": [general],
        "B": [diagnosis],
        "C": [_line(order, won) for order, won in enumerate(visit.lines, start=1)],
        "D": [_dispensed(visit.prescription)] if visit.prescription else [],
        "E": [{"detail_unit": "1", "detail_code": "MX999", "detail_text": "기타 내역"}],
    }
    return {
        letter: b"".join(
            record(f"{kind}_{letter}", {**key, "record_type": letter, **values}) for values in parts[letter]
        )
        for letter in TABLES[kind]
    }


def _line(order: int, won: int) -> dict[str, object]:
    return {
        "hang": "01",
        "mok": "01",
        "line_no": order,
        "line_code_type": "1",
        "line_code": "AA157",
        "unit_price": won * 100,
        "daily_qty": 100,
        "total_days": 1,
        "line_amount": won,
    }


def _dispensed(prescription_no: str) -> dict[str, object]:
    return {
        "prescription_no": prescription_no,
        "prescription_days": 3,
        "line_no": 1,
        "line_code_type": "3",
        "line_code": "645100010",
        "dose_qty": 10000,
        "daily_times": 3,
        "total_days": 3,
        "copay_rate_class": "A",
    }


def place(client: Path, files: dict[str, bytes]) -> None:
    """Put files into the client's input folder as the product does, ``MEDLOG.ENC`` last by rename."""
    folder = client / "in"
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    (folder / ".marker").write_bytes(MARKER)
    os.replace(folder / ".marker", folder / "MEDLOG.ENC")


def make_set(
    statements: Sequence[Visit],
    *,
    kind: str = "medical_dental",
    claim_no: str = "2026050001",
    **changed: object,
) -> dict[str, bytes]:
    """File name → bytes of one claim; ``changed`` are header fields."""
    head = header(kind, claim_no, statements, **changed)
    bodies = [statement(kind, claim_no, number, visit) for number, visit in enumerate(statements, start=1)]
    if kind == "medical_dental":
        return {f"{claim_no}.GHP": head + b"".join(part for body in bodies for part in body.values())}
    names = {"A": "K020.1", "B": "K020.2", "C": "K020.3", "E": "K020.4"}
    split = {name: b"".join(body[letter] for body in bodies) for letter, name in names.items()}
    return {"H010": head, **split}
