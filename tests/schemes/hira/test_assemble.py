"""Assembly: numbers, order, sums, claim-wide details; the same input gives the same claim."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from cheonggu.formats.claim_set import read_set
from cheonggu.schemes.hira import SCHEME
from cheonggu.schemes.hira.assemble import assemble, header_sums
from cheonggu.schemes.hira.claim_files import SAM, write_claim
from cheonggu.schemes.scheme import BatchInput
from tests.support import CLINIC, KOREAN, build_hospital, month_tables, without

MEDICAL = {
    "claim_unit": "0",
    "payer_class": "4",
    "care_category": "1",
    "treatment_form": "2",
    "care_field": "",
}
HIRA_HEADER = {"header_form_no": "H010", "insurance": "HI", "setting": "out"}


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_hospital(tmp_path_factory.mktemp("hospital"), 600)


def planted(hospital: Path) -> set[str]:
    with (hospital / "truth.csv").open(encoding="utf-8", newline="") as stream:
        return {row["statement_key"] for row in csv.DictReader(stream)}


def batch_of(hospital: Path, provider: str, form_no: str, kind: str, group: dict[str, str]) -> BatchInput:
    tables = without(month_tables(hospital, provider, "202606", form_no, "4"), planted(hospital))
    return BatchInput(
        batch_id="b1",
        kind=kind,
        month="202606",
        claim_no="2026060001",
        claim_class="",
        claim_date=date(2026, 7, 6),
        group={**group, **HIRA_HEADER, "form_no": form_no},
        tables=tables,
        remark="참조 사항",
    )


@pytest.fixture(scope="module")
def medical(hospital: Path) -> BatchInput:
    return batch_of(hospital, CLINIC, "H021", "medical_dental", MEDICAL)


@pytest.fixture(scope="module")
def korean(hospital: Path) -> BatchInput:
    group = MEDICAL | {"care_category": "9", "treatment_form": "9"}
    return batch_of(hospital, KOREAN, "K021", "korean_medicine", group)


def header_of(batch: BatchInput) -> dict[str, Any]:
    row: dict[str, Any] = assemble(batch).header.to_pylist()[0]
    return row


def details(batch: BatchInput, code: str) -> list[tuple[str, str]]:
    table = assemble(batch).records["E"]
    chosen = table.filter(pc.equal(table["detail_code"], code))
    return list(zip(chosen["statement_no"].to_pylist(), chosen["detail_text"].to_pylist(), strict=True))


def test_serials_are_contiguous_and_the_members_know_theirs(medical: BatchInput) -> None:
    claim = assemble(medical)
    numbers = [f"{n:05d}" for n in range(1, len(medical.tables["statement"]) + 1)]
    assert claim.records["A"]["statement_no"].to_pylist() == numbers
    assert claim.members["statement_no"].to_pylist() == numbers
    assert (
        claim.members["statement_key"].to_pylist() == medical.tables["statement"]["statement_key"].to_pylist()
    )


@pytest.mark.parametrize("which", ["medical", "korean"])
def test_header_fields_are_the_sums_the_table_names(which: str, request: pytest.FixtureRequest) -> None:
    batch = request.getfixturevalue(which)
    claim = assemble(batch)
    header = claim.header.to_pylist()[0]
    sums = header_sums(batch.kind, claim.records["A"])
    assert len(sums) == 15
    assert {name: header[name] for name in sums} == sums
    assert sums["claimed_amount"] > 0


def test_the_header_carries_provider_versions_dates_and_remark(medical: BatchInput) -> None:
    header = header_of(medical)
    provider = medical.tables["provider"].to_pylist()[0]
    assert (header["claim_form_version"], header["statement_form_version"]) == ("091", "091")
    assert header["provider_code"] == provider["provider_code"]
    assert header["software_approval_no"] == provider["software_approval_no"]
    assert (header["claim_date"], header["treatment_month"], header["claim_unit"]) == (
        "20260706",
        "202606",
        "0",
    )
    assert header["remark"] == "참조 사항"
    assert header["claim_class"] == ""


def test_an_older_month_takes_the_version_in_force_then(medical: BatchInput) -> None:
    header = header_of(replace(medical, month="202005"))
    assert (header["claim_form_version"], header["statement_form_version"]) == ("090", "090")


def test_lines_are_numbered_in_section_order_and_details_follow_their_line(medical: BatchInput) -> None:
    lines = medical.tables["line"]
    turned = lines.take(pa.array(range(len(lines) - 1, -1, -1)))  # the hospital's own order does not matter
    first, second = assemble(medical), assemble(replace(medical, tables={**medical.tables, "line": turned}))
    assert first.records["C"].equals(second.records["C"])
    table = first.records["C"].to_pylist()
    for before, after in pairwise(table):
        if before["statement_no"] == after["statement_no"]:
            assert after["line_no"] == before["line_no"] + 1
            if before["hang"].isdigit() and after["hang"].isdigit():
                assert before["hang"] <= after["hang"]
        else:
            assert after["line_no"] == 1
    codes = {(row["statement_no"], row["line_no"]): row["line_code"] for row in table}
    night = [row for row in first.records["E"].to_pylist() if row["detail_code"] == "JS010"]
    assert night
    assert all(codes[row["statement_no"], row["line_no"]].endswith("010") for row in night)


def test_days_per_doctor_stand_on_the_first_statement_of_a_graded_fee_provider(korean: BatchInput) -> None:
    header = header_of(korean)
    ((statement_no, text),) = details(korean, "MT008")
    assert statement_no == "00001"
    days = [int(part) for part in text.split("/")[1::2]]
    assert header["graded_fee_days"] == sum(days) * 100
    assert header["graded_fee_index"] == 10_000_000
    assert header["graded_fee_claimed_amount"] == header["claimed_amount"]


def test_a_medical_clinic_has_no_graded_fee_since_december_2015(medical: BatchInput) -> None:
    header = header_of(medical)
    assert details(medical, "MT008") == []
    assert (header["graded_fee_days"], header["graded_fee_index"], header["graded_fee_claimed_amount"]) == (
        0,
        0,
        0,
    )


def test_holiday_work_of_therapists_stands_on_the_first_statement(medical: BatchInput) -> None:
    found = details(medical, "MT025")
    assert found
    assert {statement_no for statement_no, _ in found} == {"00001"}
    assert all(text.startswith("202606") and text[8] == "/" for _, text in found)


def test_a_code_the_hospital_already_wrote_is_not_written_twice(korean: BatchInput) -> None:
    own = korean.tables["detail"].slice(0, 0)
    first = korean.tables["statement"]["statement_key"][0].as_py()
    row = dict.fromkeys(own.column_names) | {
        "statement_key": first,
        "detail_seq": 1,
        "detail_unit": "1",
        "prescription_no": "",
        "detail_code": "MT008",
        "detail_text": "800101/20",
    }
    written = pa.Table.from_pylist([row], schema=own.schema)
    assert details(replace(korean, tables={**korean.tables, "detail": written}), "MT008") == [
        ("00001", "800101/20")
    ]


@pytest.mark.parametrize("which", ["medical", "korean"])
@pytest.mark.parametrize("chunk", [7, 100_000])
def test_the_files_hold_what_was_assembled_however_they_are_cut(
    which: str, chunk: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    batch = request.getfixturevalue(which)
    claim = assemble(batch)
    assert write_claim(tmp_path, batch.kind, claim, chunk).to_pylist() == []
    read = read_set(sorted((tmp_path / SAM).iterdir()), SCHEME.files.layouts)
    assert read.kind == batch.kind
    for record, table in claim.records.items():
        for name in table.column_names:
            left, right = read.tables[record][name].to_pylist(), table[name].to_pylist()
            assert [value or None for value in left] == [value or None for value in right], (record, name)


def test_an_amount_too_large_for_its_field_leaves_no_file(medical: BatchInput, tmp_path: Path) -> None:
    claim = assemble(medical)
    general = claim.records["A"]
    index = general.column_names.index("claimed_amount")
    huge = general.set_column(index, "claimed_amount", pa.array([10**10] * len(general), pa.int64()))
    found = write_claim(tmp_path, medical.kind, replace(claim, records={**claim.records, "A": huge}), 100)
    assert set(found["field"].to_pylist()) == {"claimed_amount"}
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
