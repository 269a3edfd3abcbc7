"""Checking a claim XML against its schema: every finding names its place and quotes no value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from cheonggu.findings import FINDINGS
from cheonggu.formats import claim_xml_validate
from cheonggu.formats.claim_xml import validate_claim_xml, write_claim_xml
from cheonggu.formats.claim_xml_slices import claim_slices
from tests.formats.claim_xml_samples import catalogue, korean_claim, medical_claim, synthetic_claim

KIND = "medical_dental"


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "claim.xml"
    write_claim_xml(path, KIND, catalogue(), *_with_chunks(medical_claim()))
    return path


def _with_chunks(claim: tuple[Any, dict[str, Any]]) -> tuple[Any, list[dict[str, Any]]]:
    return claim[0], [claim[1]]


def findings_after(path: Path, old: str, new: str) -> list[dict[str, Any]]:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return list(validate_claim_xml(path, KIND).to_pylist())


def test_the_written_claims_are_valid(tmp_path: Path, document: Path) -> None:
    assert validate_claim_xml(document, KIND) == FINDINGS.empty_table()
    path = tmp_path / "korean.xml"
    write_claim_xml(path, "korean_medicine", catalogue(), *_with_chunks(korean_claim()))
    assert validate_claim_xml(path, "korean_medicine").num_rows == 0


@pytest.mark.parametrize("kind", catalogue().kinds)
def test_a_full_claim_of_every_kind_is_valid(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "claim.xml"
    write_claim_xml(path, kind, catalogue(), *_with_chunks(synthetic_claim(kind, 5)))
    assert validate_claim_xml(path, kind).to_pylist() == []


@pytest.mark.parametrize(
    ("old", "new", "rule", "place"),
    [
        # (statement_no, record, line_no, field, detail)
        (' patient_rrn="8507152345678"', "", "XML-003", ("00002", "A", None, "patient_rrn", None)),
        (' line_code="MM070"', "", "XML-003", ("00002", "C", 4, "line_code", None)),
        ('line_code="MM070"', 'line_code=""', "XML-005", ("00002", "C", 4, "line_code", "minLength")),
        (
            'line_code="MM070"',
            'line_code="MM07012345"',
            "XML-005",
            ("00002", "C", 4, "line_code", "maxLength"),
        ),
        (
            'claimed_amount="37540"',
            'claimed_amount="12345678901"',
            "XML-005",
            ("00002", "A", None, "claimed_amount", "totalDigits"),
        ),
        (
            'unit_price="5070.00"',
            'unit_price="5070.0"',
            "XML-005",
            ("00002", "C", 4, "unit_price", "pattern"),
        ),
        (
            'diagnosis_code="S335" department="05" care_start_date="2024-05-03"',
            'diagnosis_code="S335" department="05" care_start_date="20240532"',
            "XML-005",
            ("00002", "B", None, "care_start_date", None),
        ),
        ('detail_unit="2"', 'detail_unit="7"', "XML-005", ("00002", "E", 4, "detail_unit", "enumeration")),
        (
            '<detail record_type="E" detail_unit="1" detail_code="MT002">V252<',
            '<detail record_type="E" detail_unit="1" detail_code="MT002"><',
            "XML-005",
            ("00003", "E", None, "detail_text", "minLength"),
        ),
        ('line_code="MM070"', 'line_code="MM070" colour="1"', "XML-004", ("00002", "C", 4, "colour", None)),
        ('kind="medical_dental"', 'kind="auto"', "XML-005", (None, None, None, "kind", None)),
        (' payer_class="4"', "", "XML-003", (None, "H", None, "payer_class", None)),
        (
            '<statement statement_no="00002">',
            '<statement statement_no="2">',
            "XML-005",
            ("2", None, None, "statement_no", "pattern"),
        ),
        (
            '<statement statement_no="00002">',
            '<statement statement_no="00001">',
            "XML-006",
            ("00001", "A", None, None, None),
        ),
    ],
)
def test_what_the_schema_refuses_is_found_at_its_place(
    document: Path, old: str, new: str, rule: str, place: tuple[Any, ...]
) -> None:
    rows = findings_after(document, old, new)

    assert [row["rule_id"] for row in rows] == [rule]
    names = ("statement_no", "record", "line_no", "field", "detail")
    assert tuple(rows[0][name] for name in names) == place
    assert rows[0]["file"] == "claim.xml"


def test_a_record_out_of_place_is_found(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    first = text.index("<diagnosis")
    end = text.index("<line")
    document.write_text(text[:first] + text[end:], encoding="utf-8")  # statement 00001 without a diagnosis
    rows = validate_claim_xml(document, KIND).to_pylist()

    assert [(row["rule_id"], row["statement_no"]) for row in rows] == [("XML-002", "00001")]


def test_values_are_never_quoted(document: Path) -> None:
    text = document.read_text(encoding="utf-8").replace("9001011234567", "900101-1234567890")
    document.write_text(text.replace("홍길동", "홍길동" * 9), encoding="utf-8")
    found = validate_claim_xml(document, KIND)

    assert set(found["field"].to_pylist()) == {"patient_rrn", "patient_name", "subscriber_name"}
    assert "900101" not in str(found.to_pylist())
    assert "홍길동" not in str(found.to_pylist())


def test_a_broken_document_is_one_finding(document: Path) -> None:
    rows = findings_after(document, "</claim>", "")
    assert [row["rule_id"] for row in rows] == ["XML-001"]
    assert "홍길동" not in str(rows)


def test_slices_find_the_same_as_the_whole(document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    header, tables = synthetic_claim(KIND, 60)
    general = tables["A"]
    names = general["patient_name"].to_pylist()
    names[41] = ""
    place = general.schema.get_field_index("patient_name")
    tables["A"] = general.set_column(place, "patient_name", pa.array(names))
    header = header.set_column(header.schema.get_field_index("payer_class"), "payer_class", pa.array([""]))
    write_claim_xml(document, KIND, catalogue(), header, [tables])
    whole = validate_claim_xml(document, KIND)
    monkeypatch.setattr(claim_xml_validate, "claim_slices", lambda path: claim_slices(path, 5_000))

    assert [(row["statement_no"], row["field"]) for row in whole.to_pylist()] == [
        (None, "payer_class"),
        ("00042", "patient_name"),
    ]
    assert validate_claim_xml(document, KIND) == whole
    assert validate_claim_xml(document, KIND, workers=1) == whole


def test_findings_stop_at_the_limit(document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claim_xml_validate, "MOST_FINDINGS", 3)
    text = document.read_text(encoding="utf-8").replace(' department="', ' room="')
    document.write_text(text, encoding="utf-8")
    assert validate_claim_xml(document, KIND).num_rows == 3


def test_a_detail_that_goes_on_in_further_records_is_valid(tmp_path: Path) -> None:
    """MT008 of a clinic with a hundred doctors is longer than the 700 bytes of one record."""
    header, tables = medical_claim()
    details = tables["E"]
    place = details.column_names.index("detail_text")
    longer = pa.array(["790627/25/" * 139] * len(details), pa.string())
    tables = {**tables, "E": details.set_column(place, "detail_text", longer)}
    path = tmp_path / "claim.xml"
    write_claim_xml(path, KIND, catalogue(), header, [tables])
    assert validate_claim_xml(path, KIND).to_pylist() == []
