"""The HTML page of a claim: Korean, complete, masked, readable without a style sheet or a network."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from lxml import etree, html

from cheonggu.errors import LayoutError, SiteError
from cheonggu.formats.claim_xml import render_html, render_html_file, write_claim_xml
from cheonggu.formats.claim_xml_page import masked
from tests.formats.claim_xml_samples import (
    CLAIM_NO,
    catalogue,
    korean_claim,
    medical_claim,
    synthetic_claim,
    wire,
)

KIND = "medical_dental"


def page(claim: tuple[Any, dict[str, Any]], kind: str = KIND, **options: Any) -> Any:
    return html.document_fromstring(render_html(kind, catalogue(), *claim, **options))


def words(node: Any) -> str:
    return re.sub(r"\s+", " ", node.text_content().replace("\u200b", "")).strip()


def box(node: Any) -> dict[str, str]:
    return {
        words(pair.find("dt")): words(pair.find("dd"))
        for pair in node.iter("div")
        if pair.find("dt") is not None
    }


def rows(table: Any) -> list[list[str]]:
    return [[words(cell) for cell in row] for row in table.iter("tr")]


def table_of(statement: Any, name: str) -> list[list[str]]:
    found = statement.xpath(f".//table[contains(@class, '{name}')]")
    assert len(found) == 1
    return rows(found[0])


@pytest.fixture(scope="module")
def medical() -> Any:
    return page(medical_claim())


def test_the_title_and_the_claim_box_are_korean(medical: Any) -> None:
    assert words(medical.find(".//h1")) == "건강보험 요양급여비용 심사청구서"
    facts = box(medical.find(".//section"))
    assert facts["보험자종별구분"] == "4 건강보험"
    assert facts["진료형태"] == "2 의과 외래"
    assert facts["진료구분"] == "1 의과·질병군"
    assert facts["진료년월"] == "2024년 05월"
    assert facts["청구일자"] == "2024-06-03"
    assert facts["건수"] == "4건"
    assert facts["요양급여비용총액1"] == "115,570원"
    assert facts["청구액"] == "81,170원"
    assert facts["차등수가 진료(조제)일수"] == "25"
    assert "5월 외래분" in words(medical.find(".//section"))


def test_the_list_links_to_every_statement(medical: Any) -> None:
    listed = rows(medical.xpath("//section[@class='list']//table")[0])
    assert listed[1] == ["00001", "홍*동", "J00", "2", "21,960", "6,500", "15,460"]
    targets = medical.xpath("//section[@class='list']//a/@href")
    assert targets == ["#s00001", "#s00002", "#s00003", "#s00004"]
    assert all(medical.get_element_by_id(one[1:]) is not None for one in targets)


def test_a_statement_shows_person_diagnoses_and_amounts(medical: Any) -> None:
    statement = medical.get_element_by_id("s00002")
    facts = box(statement)
    assert facts["수진자성명"] == "김*연"
    assert facts["수진자주민등록번호"] == "850715-2******"
    assert facts["증번호(보장시설·노숙인시설기호)"] == "812********"
    assert facts["진료결과"] == "9 퇴원 또는 외래 치료종결"
    assert facts["청구액"] == "37,540원"
    assert table_of(statement, "diagnosis")[1][:4] == ["1 주상병", "M5456", "05 정형외과", "2024-05-03"]
    assert "건강보험 의과 외래 요양급여비용명세서" in words(statement.find("header"))


def test_lines_stand_under_their_sections_with_sums(medical: Any) -> None:
    lines = table_of(medical.get_element_by_id("s00002"), "line")
    assert lines[1][:2] == ["01-02 진찰료 › 재진", "25,500"]
    assert lines[3][:2] == ["04-01 주사료 › 주사", "331"]
    assert lines[4][:8] == ["2", "3 보험등재약", "645902470", "331", "1", "1", "1", "331"]
    assert lines[5][:2] == ["06-01 이학요법료", "12,100"]
    assert lines[9][:8] == ["5", "1 수가", "G3102", "10,410", "1.5", "1", "", "15,615"]
    assert lines[10][:2] == ["합계", "53,546"]


def test_a_removed_ingredient_is_a_negative_amount() -> None:
    lines = table_of(page(korean_claim(), "korean_medicine"), "line")
    assert ["3", "C 약가", "A00200020", "295", "1", "1", "-295", "S0020002"] in lines
    assert ["03-01 투약료 › 내복약", "2,405", ""] in lines


def test_prescriptions_are_grouped_and_details_named(medical: Any) -> None:
    drugs = table_of(medical.get_element_by_id("s00003"), "prescription")
    assert drugs[1] == ["처방전발급번호 2024051300004 · 처방일수 30일"]
    assert drugs[2] == ["1", "3 보험등재약", "642202310", "1", "2", "30"]
    details = table_of(medical.get_element_by_id("s00002"), "detail")
    assert details[1] == ["2 진료 줄", "4", "JX999 기타내역", "요추 4매 촬영 <전후면·측면> & 사위상 포함"]


def test_a_tooth_chart_is_one_column_of_four_quadrants() -> None:
    header, tables = medical_claim()
    tooth = {"claim_no": CLAIM_NO, "statement_no": "00001", "tooth_upper_right": "*0000000"}
    tables["C"] = wire(KIND, "C", [tooth | {"tooth_lower_left": "0000000#", "line_no": 1}])
    lines = page((header, tables)).xpath("//table[contains(@class, 'line')]")[0]
    assert "치식" in rows(lines)[0]
    assert [words(one) for one in lines.xpath(".//span[@class='quadrants']/span")] == [
        "*0000000",
        "",
        "",
        "0000000#",
    ]


@pytest.mark.parametrize("kind", catalogue().kinds)
def test_every_kind_has_a_page_with_all_its_tables(kind: str) -> None:
    header, tables = synthetic_claim(kind, 3)
    document = page((header, tables), kind)
    assert len(document.xpath("//section[contains(@class, 'statement')]")) == 3
    for record, element in {"B": "diagnosis", "C": "line", "D": "prescription", "E": "detail"}.items():
        found = document.xpath(
            f"//section[@id='s00002']//table[contains(concat(' ', @class, ' '), ' {element} ')]"
        )
        assert len(found) == (record in tables), record
    assert len(document.xpath("//table[contains(@class, 'outlier_line')]")) == (3 if "F" in tables else 0)
    assert len(document.xpath("//table[contains(@class, 'nursing')]")) == ("H2" in tables)


# --- privacy ---


def test_no_resident_number_or_name_is_on_the_page() -> None:
    header, tables = medical_claim()
    text = {
        "claim_no": CLAIM_NO,
        "statement_no": "00001",
        "detail_text": "보호자 900101-2345678, 8507152345678 확인",
    }
    tables["E"] = wire(KIND, "E", [text])
    source = render_html(KIND, catalogue(), header, tables)
    for secret in (
        "-1234567",
        "9001011234567",
        "-2345678",
        "홍길동",
        "김서연",
        "남궁민수",
        "정다운",
        "71234567890",
    ):
        assert secret not in source
    assert "보호자 900101-2******, 8507152****** 확인" in source


def test_names_can_be_shown_in_full_but_resident_numbers_never() -> None:
    source = render_html(KIND, catalogue(), *medical_claim(), full_names=True)
    assert "남궁민수" in source
    assert "71234567890" in source
    assert "9001011234567" not in source
    assert "900101-1******" in source


@pytest.mark.parametrize(
    ("value", "form", "shown"),
    [
        ("홍길동", "person", "홍*동"),
        ("이솔", "person", "이*"),
        ("남궁민수", "person", "남**수"),
        ("홍", "person", "홍*"),
        ("9001011234567", "born", "900101-1******"),
        ("900101", "born", "900101"),
        ("9001010000000", "born", "900101-0******"),
        ("71234567890", "card", "712********"),
        ("2024051500001", "text", "2024051500001"),
        ("2024051500001", "free", "2024051500001"),  # 24 is no month: a prescription number, not a person
        ("12900101123456789", "free", "12900101123456789"),
    ],
)
def test_masking(value: str, form: str, shown: str) -> None:
    assert masked(value, form) == shown


# --- size, safety, access ---


def test_only_the_first_statements_are_shown_and_the_rest_is_named(tmp_path: Path) -> None:
    claim = synthetic_claim(KIND, 12)
    path = tmp_path / "claim.xml"
    write_claim_xml(path, KIND, catalogue(), claim[0], [claim[1]])
    source = render_html(KIND, catalogue(), *claim, most=5)
    document = html.document_fromstring(source)

    assert len(document.xpath("//section[contains(@class, 'statement')]")) == 5
    assert "명세서 12건 가운데 앞의 5건을 표시합니다. 표시하지 않은 명세서: 00006 ~ 00012 (7건)." in words(
        document
    )
    assert render_html(KIND, catalogue(), claim[0], path, most=5) == source


def test_the_page_of_the_file_is_the_page_of_the_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = synthetic_claim("industrial", 30)
    path = tmp_path / "claim.xml"
    write_claim_xml(path, "industrial", catalogue(), claim[0], [claim[1]])
    monkeypatch.setattr("cheonggu.formats.claim_xml_slices.SLICE_BYTES", 3_000)
    render_html_file(path, tmp_path / "claim.html", most=20)

    assert (tmp_path / "claim.html").read_text(encoding="utf-8") == render_html(
        "industrial", catalogue(), *claim, most=20
    )


def test_markup_in_values_stays_text() -> None:
    header, tables = medical_claim()
    evil = {"claim_no": CLAIM_NO, "statement_no": "00001", "detail_text": "<script>alert(1)</script>"}
    tables["E"] = wire(KIND, "E", [evil])
    document = page((header, tables))
    assert document.xpath("//script") == []
    assert "<script>alert(1)</script>" in words(document.get_element_by_id("s00001"))


def test_the_page_is_self_contained_and_accessible(medical: Any) -> None:
    source = etree.tostring(medical, encoding="unicode")
    assert medical.get("lang") == "ko"
    assert not re.search(r"""(?:src|href)=["'](?!#)|url\(|@import|https?://""", source)
    assert "break-inside: avoid" in source
    assert "size: A4" in source
    assert "sticky" not in source
    assert all(cell.get("scope") for cell in medical.iter("th"))
    assert all(table.find("caption") is not None for table in medical.xpath("//section[@id]//table"))
    identities = medical.xpath("//@id")
    assert len(identities) == len(set(identities))
    assert all(one in identities for one in medical.xpath("//@aria-labelledby"))


def test_rows_in_disorder_are_shown_with_their_statement() -> None:
    header, tables = medical_claim()
    backwards = tables["B"].take(list(range(tables["B"].num_rows))[::-1])
    statement = page((header, tables | {"B": backwards})).get_element_by_id("s00003")
    assert [row[1] for row in table_of(statement, "diagnosis")[1:]] == ["E785", "I109", "E119"]


def test_a_page_that_cannot_be_written_is_an_error_of_the_site(tmp_path: Path) -> None:
    claim = medical_claim()
    path = tmp_path / "claim.xml"
    write_claim_xml(path, KIND, catalogue(), claim[0], [claim[1]])
    with pytest.raises(SiteError, match="cannot be written"):
        render_html_file(path, tmp_path / "nowhere" / "claim.html")


def test_a_document_of_no_known_kind_has_no_page(tmp_path: Path) -> None:
    path = tmp_path / "claim.xml"
    path.write_text('<claim schema="1" kind="../../etc"/>', encoding="utf-8")
    with pytest.raises(LayoutError, match="no claim XML schema for kind"):
        render_html_file(path, tmp_path / "claim.html")


def test_pages_made_side_by_side_are_the_same() -> None:
    """A style sheet shared by two threads once brought the whole process down."""

    def make(kind: str) -> str:
        return render_html(kind, catalogue(), *synthetic_claim(kind, 30))

    kinds = ["medical_dental", "korean_medicine"]
    alone = {kind: make(kind) for kind in kinds}
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(make, kinds * 20))
    assert together == [alone[kind] for kind in kinds * 20]
