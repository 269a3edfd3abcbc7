"""The claim XML: what it looks like, that it comes back unchanged, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cheonggu.errors import LayoutError, SiteError
from cheonggu.formats import claim_xml_write
from cheonggu.formats.claim_xml import iterate_claim_xml, read_claim_xml, write_claim_xml
from cheonggu.formats.claim_xml_model import claim_shape, normalise
from cheonggu.formats.claim_xml_slices import claim_slices
from tests.formats.claim_xml_samples import (
    CLAIM_NO,
    catalogue,
    korean_claim,
    medical_claim,
    synthetic_claim,
    wire,
)

KIND = "medical_dental"


def write(path: Path, header: Any, *chunks: dict[str, Any], kind: str = KIND) -> Path:
    write_claim_xml(path, kind, catalogue(), header, chunks)
    return path


def expected(kind: str, header: Any, tables: dict[str, Any]) -> dict[str, Any]:
    shape = claim_shape(catalogue(), kind)
    given = {"H": header} | tables
    return {one.record: normalise(given.get(one.record, one.schema.empty_table()), one) for one in shape.all}


def put(table: Any, column: str, values: list[Any]) -> Any:
    field = table.schema.field(column)
    return table.set_column(table.schema.get_field_index(column), field, pa.array(values, field.type))


def one_statement(**general: Any) -> tuple[Any, dict[str, Any]]:
    """A claim of one statement whose record A has the given values."""
    header, tables = medical_claim()
    general_table = tables["A"].slice(0, 1)
    for column, value in general.items():
        general_table = put(general_table, column, [value])
    return header, {"A": general_table}


# --- the document ---


def test_a_record_is_one_element_with_attributes_named_as_in_the_layout(tmp_path: Path) -> None:
    lines = write(tmp_path / "claim.xml", *medical_claim()).read_text(encoding="utf-8").splitlines()

    assert lines[:2] == ['<?xml version="1.0" encoding="UTF-8"?>', f'<claim schema="1" kind="{KIND}">']
    assert lines[2].startswith(
        '<header claim_form_version="091" statement_form_version="091" claim_no="2024050001"'
    )
    assert lines[3] == '<statement statement_no="00001">'
    assert lines[4].startswith('<general record_type="A" form_no="H021" provider_code="12345678"')
    assert lines[5] == (
        '<diagnosis record_type="B" diagnosis_class="1" diagnosis_code="J00" department="01"'
        ' care_start_date="2024-05-03" license_type="1" license_no="123456"/>'
    )
    assert lines[7] == (
        '<line record_type="C" hang="01" mok="01" line_no="1" line_code_type="1" line_code="AA154"'
        ' unit_price="17840.00" daily_qty="1.00" total_days="1" line_amount="17840"/>'
    )
    assert lines[11] == (
        '<detail record_type="E" detail_unit="1" detail_code="MT008">12345602/65432118</detail>'
    )
    assert lines[12] == "</statement>"
    assert lines[-1] == "</claim>"


def test_claim_and_statement_number_are_not_repeated_on_children(tmp_path: Path) -> None:
    text = write(tmp_path / "claim.xml", *medical_claim()).read_text(encoding="utf-8")

    assert text.count(CLAIM_NO) == 1
    assert text.count('statement_no="00002"') == 1


def test_children_stand_in_their_statement_in_file_order(tmp_path: Path) -> None:
    text = write(tmp_path / "claim.xml", *medical_claim()).read_text(encoding="utf-8")
    inside = text.split('<statement statement_no="00003">')[1].split("</statement>")[0]

    assert [line.split()[0].strip("<") for line in inside.strip().splitlines()] == (
        ["general"] + ["diagnosis"] * 3 + ["line"] * 4 + ["prescription"] * 3 + ["detail"]
    )


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("unit_price", 1784000, 'unit_price="17840.00"'),
        ("unit_price", 5, 'unit_price="0.05"'),
        ("unit_price", -29500, 'unit_price="-295.00"'),
        ("unit_price", -5, 'unit_price="-0.05"'),
        ("dose_qty", 0, 'dose_qty="0.0000"'),
        ("unit_price", 999999999999, 'unit_price="9999999999.99"'),
        ("line_amount", -295, 'line_amount="-295"'),
        ("line_amount", 0, 'line_amount="0"'),
    ],
)
def test_numbers_are_exact_with_the_decimals_of_the_field(
    tmp_path: Path, field: str, value: int, text: str
) -> None:
    header, tables = medical_claim()
    tables["C"] = put(tables["C"], field, [value] * tables["C"].num_rows)
    path = write(tmp_path / "claim.xml", header, tables)

    assert text in path.read_text(encoding="utf-8")
    assert read_claim_xml(path, catalogue())[1]["C"][field].to_pylist() == [value] * tables["C"].num_rows


@pytest.mark.parametrize(
    ("wire_text", "xml_text"),
    [
        ("20240229", "2024-02-29"),
        ("20230229", "20230229"),  # no such day
        ("00000000", "00000000"),
        ("2024-5-3", "2024-5-3"),
        ("２０２４", "２０２４"),
        ("202405", "202405"),
    ],
)
def test_a_date_is_iso_when_the_day_exists_and_raw_text_otherwise(
    tmp_path: Path, wire_text: str, xml_text: str
) -> None:
    header, tables = one_statement(first_admission_date=wire_text)
    path = write(tmp_path / "claim.xml", header, tables)

    assert f'first_admission_date="{xml_text}"' in path.read_text(encoding="utf-8")
    assert read_claim_xml(path, catalogue())[1]["A"]["first_admission_date"].to_pylist() == [wire_text]


@pytest.mark.parametrize(
    "text",
    ["&<>\"'", "]]>", "&amp;", " V", "a\tb", "\t", "가  나", "ａ１　", "뷁똠", "<!-- -->", "é", "\x7f", "퟿"],
)
def test_awkward_text_survives_as_attribute_and_as_text(tmp_path: Path, text: str) -> None:
    header, tables = one_statement(patient_name=text)
    detail = {"claim_no": CLAIM_NO, "statement_no": "00001", "record_type": "E", "detail_text": text}
    tables["E"] = wire(KIND, "E", [detail])
    back = read_claim_xml(write(tmp_path / "claim.xml", header, tables), catalogue())[1]

    assert back["A"]["patient_name"].to_pylist() == [text]
    assert back["E"]["detail_text"].to_pylist() == [text]


# --- the identity ---


def test_the_medical_claim_comes_back_unchanged(tmp_path: Path) -> None:
    header, tables = medical_claim()
    kind, back = read_claim_xml(write(tmp_path / "claim.xml", header, tables), catalogue())

    assert kind == KIND
    assert back == expected(KIND, header, tables)


def test_the_korean_claim_with_a_negative_amount_comes_back_unchanged(tmp_path: Path) -> None:
    header, tables = korean_claim()
    path = write(tmp_path / "claim.xml", header, tables, kind="korean_medicine")

    assert read_claim_xml(path, catalogue()) == (
        "korean_medicine",
        expected("korean_medicine", header, tables),
    )


@pytest.mark.parametrize("kind", catalogue().kinds)
def test_every_record_of_every_kind_comes_back_unchanged(tmp_path: Path, kind: str) -> None:
    header, tables = synthetic_claim(kind, 7)
    path = write(tmp_path / "claim.xml", header, tables, kind=kind)
    assert read_claim_xml(path, catalogue()) == (kind, expected(kind, header, tables))


@pytest.mark.parametrize("kind", catalogue().kinds)
def test_blank_records_of_every_kind_come_back_blank(tmp_path: Path, kind: str) -> None:
    header = wire(kind, "H", [{"claim_no": CLAIM_NO}])
    keys = {"claim_no": CLAIM_NO, "statement_no": "00001"}
    tables = {one.record: wire(kind, one.record, [keys]) for one in claim_shape(catalogue(), kind).records}
    tables = {record: _without_amounts(table) for record, table in tables.items()}
    path = write(tmp_path / "claim.xml", header, tables, kind=kind)

    assert "<general/>" in path.read_text(encoding="utf-8")
    assert read_claim_xml(path, catalogue())[1] == expected(kind, header, tables)


def _without_amounts(table: Any) -> Any:
    for field in table.schema:
        if field.type == pa.int64():
            table = put(table, field.name, [None] * table.num_rows)
    return table


def test_null_text_and_empty_text_are_the_same_blank(tmp_path: Path) -> None:
    header, tables = one_statement(admission_route=None)
    _, empty = one_statement(admission_route="")
    path = write(tmp_path / "null.xml", header, tables)

    assert path.read_bytes() == write(tmp_path / "empty.xml", header, empty).read_bytes()
    assert read_claim_xml(path, catalogue())[1]["A"]["admission_route"].to_pylist() == [""]


def test_a_claim_without_statements_comes_back(tmp_path: Path) -> None:
    header, _ = medical_claim()
    path = write(tmp_path / "claim.xml", header)
    assert read_claim_xml(path, catalogue())[1] == expected(KIND, header, {})


def test_chunks_and_small_pieces_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    header, tables = synthetic_claim(KIND, 40)
    whole = write(tmp_path / "whole.xml", header, tables).read_bytes()
    chunks = [_statements(tables, first, first + 15) for first in (0, 15, 30)]
    assert write(tmp_path / "chunks.xml", header, *chunks).read_bytes() == whole

    monkeypatch.setattr(claim_xml_write, "PIECE_ROWS", 25)
    assert write(tmp_path / "pieces.xml", header, tables).read_bytes() == whole


def _statements(tables: dict[str, Any], first: int, end: int) -> dict[str, Any]:
    wanted = tables["A"]["statement_no"].slice(first, end - first).combine_chunks()
    return {
        record: table.filter(pa.compute.is_in(table["statement_no"], value_set=wanted))
        for record, table in tables.items()
    }


def test_dictionary_large_and_narrow_columns_are_taken(tmp_path: Path) -> None:
    header, tables = medical_claim()
    general = tables["A"]
    for name, kind in (
        ("form_no", pa.dictionary(pa.int32(), pa.string())),
        ("patient_name", pa.large_string()),
        ("benefit_days", pa.int16()),
        ("admission_route", pa.null()),
    ):
        column = pa.nulls(4) if kind == pa.null() else general[name].cast(kind)
        general = general.set_column(general.schema.get_field_index(name), name, column)
    path = write(tmp_path / "claim.xml", header, tables | {"A": general})

    assert path.read_bytes() == write(tmp_path / "plain.xml", header, tables).read_bytes()


def test_reading_in_slices_gives_whole_statements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    header, tables = synthetic_claim(KIND, 30)
    path = write(tmp_path / "claim.xml", header, tables)
    monkeypatch.setattr("cheonggu.formats.claim_xml_read.claim_slices", lambda one: claim_slices(one, 4_000))
    parts = [part for _, part in iterate_claim_xml(path, catalogue())]

    assert len(parts) > 5
    assert ["H" in part for part in parts] == [True] + [False] * (len(parts) - 1)
    assert sum(part["A"].num_rows for part in parts) == 30
    assert read_claim_xml(path, catalogue())[1] == expected(KIND, header, tables)


@settings(max_examples=60, deadline=None)
@given(
    text=st.text(
        st.characters(codec="cp949", exclude_characters="\r\n", exclude_categories=["Cc"]), max_size=30
    ),
    number=st.integers(-(10**11), 10**11),
)
def test_any_text_and_number_comes_back(
    tmp_path_factory: pytest.TempPathFactory, text: str, number: int
) -> None:
    header, tables = one_statement(patient_name=text, claimed_amount=number)
    tables["C"] = wire(
        KIND, "C", [{"claim_no": CLAIM_NO, "statement_no": "00001", "unit_price": number, "line_code": text}]
    )
    path = write(tmp_path_factory.mktemp("any") / "claim.xml", header, tables)
    assert read_claim_xml(path, catalogue())[1] == expected(KIND, header, tables)


def test_all_syllables_come_back(tmp_path: Path) -> None:
    syllables = "".join(map(chr, range(0xAC00, 0xD7A4)))
    rows = [
        {"claim_no": CLAIM_NO, "statement_no": "00001", "detail_text": syllables[at : at + 350]}
        for at in range(0, len(syllables), 350)
    ]
    header, tables = one_statement()
    tables["E"] = wire(KIND, "E", rows)
    back = read_claim_xml(write(tmp_path / "claim.xml", header, tables), catalogue())[1]

    assert "".join(back["E"]["detail_text"].to_pylist()) == syllables


# --- what writing refuses ---


@pytest.mark.parametrize("sign", ["\x00", "\x01", "\n", "\r", "\x1f", "\ufffe", "\uffff"])
def test_a_control_character_is_refused_by_name_and_leaves_no_file(tmp_path: Path, sign: str) -> None:
    header, tables = one_statement(patient_name=f"홍길동{sign}")
    with pytest.raises(LayoutError, match="record A, field patient_name") as caught:
        write(tmp_path / "claim.xml", header, tables)

    assert "수진자성명" in caught.value.ko
    assert "홍길동" not in str(caught.value) + caught.value.ko
    assert list(tmp_path.iterdir()) == []


def _spoil(record: str, column: str, values: Any) -> dict[str, Any]:
    tables = medical_claim()[1]
    return tables | {record: put(tables[record], column, values(tables[record][column].to_pylist()))}


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        (_spoil("B", "statement_no", lambda old: [*old[:-1], "00009"]), "without record A"),
        (_spoil("C", "statement_no", lambda old: old[::-1]), "not in statement order"),
        (_spoil("D", "claim_no", lambda old: ["2024050002", *old[1:]]), "differs from the header's"),
        (_spoil("A", "statement_no", lambda old: ["00001", "00001", *old[2:]]), "stands twice"),
        (_spoil("A", "statement_no", lambda old: [None, *old[1:]]), "is blank"),
        (_spoil("B", "care_start_date", lambda old: ["2024-05-03", *old[1:]]), "longer than CCYYMMDD"),
        (medical_claim()[1] | {"C": medical_claim()[1]["C"].drop_columns(["mok"])}, "field mok: is missing"),
        (
            medical_claim()[1] | {"E": medical_claim()[1]["E"].append_column("extra", pa.nulls(4))},
            "field extra: is not a field",
        ),
        (
            medical_claim()[1] | {"E": medical_claim()[1]["E"].append_column("line_no", pa.nulls(4))},
            "has a column twice",
        ),
        (medical_claim()[1] | {"F": medical_claim()[1]["E"]}, "there is no record F"),
    ],
)
def test_tables_that_do_not_fit_together_are_refused(
    tmp_path: Path, tables: dict[str, Any], words: str
) -> None:
    with pytest.raises(LayoutError, match=words):
        write(tmp_path / "claim.xml", medical_claim()[0], tables)
    assert list(tmp_path.iterdir()) == []


def test_a_column_of_a_wrong_type_is_refused(tmp_path: Path) -> None:
    header, tables = medical_claim()
    general = tables["A"]
    wrong = general.set_column(
        general.schema.get_field_index("claimed_amount"), "claimed_amount", pa.array(["1", "2", "3", "4"])
    )
    with pytest.raises(LayoutError, match="field claimed_amount: has type string"):
        write(tmp_path / "claim.xml", header, tables | {"A": wrong})


def test_two_headers_are_refused(tmp_path: Path) -> None:
    header, tables = medical_claim()
    with pytest.raises(LayoutError, match="2 rows instead of one"):
        write(tmp_path / "claim.xml", pa.concat_tables([header, header]), tables)


def test_a_statement_number_in_two_chunks_is_refused(tmp_path: Path) -> None:
    header, tables = medical_claim()
    with pytest.raises(LayoutError, match="stands twice"):
        write(tmp_path / "claim.xml", header, tables, tables)


def test_a_nursing_summary_behind_the_first_chunk_is_refused(tmp_path: Path) -> None:
    header, tables = synthetic_claim("industrial", 2)
    with pytest.raises(LayoutError, match="record H2: rows after the first chunk"):
        write(
            tmp_path / "claim.xml", header, _statements_only(tables), {"H2": tables["H2"]}, kind="industrial"
        )


def _statements_only(tables: dict[str, Any]) -> dict[str, Any]:
    return {record: table for record, table in tables.items() if record != "H2"}


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match="no claim kind 'barber'"):
        write(tmp_path / "claim.xml", *medical_claim(), kind="barber")


def test_a_missing_folder_is_an_error_of_the_site(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="cannot be written"):
        write(tmp_path / "nowhere" / "claim.xml", *medical_claim())


def test_a_file_that_was_there_survives_a_refused_write(tmp_path: Path) -> None:
    path = write(tmp_path / "claim.xml", *medical_claim())
    before = path.read_bytes()
    with pytest.raises(LayoutError):
        write(path, *one_statement(patient_name="\x01"))
    assert path.read_bytes() == before
    assert path.stat().st_mode & 0o077 == 0


# --- what reading refuses ---


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<general ", '<general height="180" ', "record A: an attribute that is not a field"),
        ('<diagnosis record_type="B" ', "<diagnose ", "statement 00001 has an unknown element"),
        ('line_amount="17840"/>', 'line_amount="17840"><x/></line>', "text or elements where none belong"),
        ('line_amount="17840"/>', 'line_amount="17840">x</line>', "text or elements where none belong"),
        ('line_amount="17840"', 'line_amount="17,840"', "field line_amount: not a whole number"),
        ('line_amount="17840"', f'line_amount="{10**20}"', "field line_amount: not a whole number"),
        ('unit_price="17840.00"', 'unit_price="17840.0"', "field unit_price: not a number with 2 decimals"),
        ('unit_price="17840.00"', 'unit_price="1784000"', "field unit_price: not a number with 2 decimals"),
        ('statement_no="00002"', 'statement_no=""', "a statement needs statement_no"),
        ('statement_no="00002"', 'statement_no="00002" x="1"', "a statement needs statement_no"),
        ('<claim schema="1"', '<claim schema="2"', "not a claim XML of schema 1"),
        ('kind="medical_dental"', 'kind="barber"', "no claim kind"),
        ("<header ", "<footer ", "an element that does not belong"),
        ('<statement statement_no="00002">', '<statement statement_no="00002"><x/>', "unknown element"),
        ("</claim>", "<header/></claim>", "2 headers instead of one"),
        ("</claim>", "", "not well-formed"),
        ("</claim>", "</claim><more/>", "not well-formed"),
        ("<header ", "<!-- 메모 --><header ", "comments, CDATA, DOCTYPE"),
        ("</claim>", "<![CDATA[x]]></claim>", "comments, CDATA, DOCTYPE"),
        ("<claim ", '<?xml-stylesheet href="x"?><claim ', "comments, CDATA, DOCTYPE"),
        ('encoding="UTF-8"', 'encoding="EUC-KR"', "not in UTF-8"),
        ("홍길동", "&name;", "not well-formed"),
    ],
)
def test_a_document_that_says_something_else_is_refused(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    path = write(tmp_path / "claim.xml", *medical_claim())
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(LayoutError, match=words) as caught:
        read_claim_xml(path, catalogue())
    assert "홍길동" not in str(caught.value)


def test_entities_are_never_expanded(tmp_path: Path) -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE claim [<!ENTITY a "aaaaaaaa">]><claim schema="1" kind="&a;"/>'
    path = tmp_path / "claim.xml"
    path.write_text(bomb, encoding="utf-8")
    with pytest.raises(LayoutError, match="DOCTYPE"):
        read_claim_xml(path, catalogue())


@pytest.mark.parametrize("content", [b"", b"MEDLOG", b"\xff\xfe<\x00", b"<claim/>"])
def test_what_is_not_a_claim_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "claim.xml"
    path.write_bytes(content)
    with pytest.raises(LayoutError):
        read_claim_xml(path, catalogue())


def test_a_document_cut_anywhere_is_refused(tmp_path: Path) -> None:
    whole = write(tmp_path / "claim.xml", *medical_claim()).read_bytes().rstrip()
    path = tmp_path / "cut.xml"
    for length in range(1, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(LayoutError):
            read_claim_xml(path, catalogue())


def test_a_missing_file_is_an_error_of_the_site(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="cannot be read"):
        read_claim_xml(tmp_path / "none.xml", catalogue())
