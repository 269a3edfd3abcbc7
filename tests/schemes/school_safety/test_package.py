"""The claim XML: there and back, its XSD, the page, the cover list; and the made-up region itself."""

from __future__ import annotations

import random
import re
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from cheonggu.errors import UsageError
from cheonggu.schemes.school_safety.attachments import check_attachment
from cheonggu.schemes.school_safety.package.fields import CLAIM, ROOT, XSD_FILE, of_element, parts, write_xsd
from cheonggu.schemes.school_safety.package.page import render_claims, render_cover
from cheonggu.schemes.school_safety.package.xml import find_xsd_errors, read_xml, schema_of, write_xml
from cheonggu.schemes.school_safety.sample import build_region
from cheonggu.schemes.school_safety.sample.papers import make_pdf, make_png
from cheonggu.schemes.school_safety.source import CONTRACT
from cheonggu.schemes.school_safety.source.page import make_page
from cheonggu.sources import open_source

ODD_NAMES = ("가나다", "뷁힣", "<b>\"&'", "Ω≈ç", "한 글자")


def some_value(draw: random.Random, kind: str, codes: tuple[str, ...]) -> object:
    if codes:
        return draw.choice(codes)
    if kind == "int":
        return draw.choice((0, 1, 9_999_999_999))
    return date(2026, draw.randint(1, 12), draw.randint(1, 28)) if kind == "date" else draw.choice(ODD_NAMES)


def some_row(draw: random.Random, element: str, **fixed: object) -> dict[str, object]:
    row = {
        one.name: some_value(draw, one.type, one.codes) if one.is_required or draw.random() < 0.5 else None
        for one in of_element(element)
    }
    return {**row, **fixed}


def some_package(seed: int) -> dict[str, pa.Table]:
    draw = random.Random(seed)
    numbers = [f"{one:05d}" for one in range(1, draw.randint(2, 5))]
    rows = {ROOT: [some_row(draw, ROOT)], CLAIM: [some_row(draw, CLAIM, statement_no=one) for one in numbers]}
    for part in parts():
        rows[part] = [
            some_row(draw, part, statement_no=one) for one in numbers for _ in range(draw.randint(1, 3))
        ]
    return {name: pa.Table.from_pylist(several, schema=schema_of(name)) for name, several in rows.items()}


@pytest.mark.parametrize("seed", range(8))
def test_what_is_written_is_read_back_and_keeps_the_xsd(seed: int) -> None:
    tables = some_package(seed)
    raw = write_xml(tables)
    assert find_xsd_errors(raw) == []
    assert read_xml(raw) == tables


def test_the_xsd_in_the_package_is_fresh() -> None:
    """Run ``python -m cheonggu.schemes.school_safety.package.fields`` after a change of fields.csv."""
    assert XSD_FILE.read_text(encoding="utf-8") == write_xsd()


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        (rb'claimed_won="\d+"', b'claimed_won="-1"', "claimed_won"),
        (rb'accident_on="[^"]+"', b'accident_on="2026-02-30"', "accident_on"),
        (rb'claim_stage="[^"]+"', b'claim_stage="later"', "claim_stage"),
        (rb'victim_name="[^"]*"', b'victim_name=""', "victim_name"),
    ],
)
def test_the_xsd_refuses_and_names_the_place_but_not_the_value(old: bytes, new: bytes, place: str) -> None:
    raw = re.sub(old, new, write_xml(some_package(1)), count=1)
    (first, *_) = find_xsd_errors(raw)
    assert place in first
    assert "later" not in first


def test_the_page_shows_every_claim_and_escapes_what_people_typed() -> None:
    tables = some_package(2)
    page = render_claims(tables)
    assert page.count("<h1>") == len(tables[CLAIM])
    assert "<b>" not in page
    assert "script" not in page


def test_the_cover_list_names_claims_but_no_pupil() -> None:
    tables = some_package(3)
    names = pa.array(["홍길동표본"] * len(tables[CLAIM]), pa.string())
    place = tables[CLAIM].schema.get_field_index("victim_name")
    tables[CLAIM] = tables[CLAIM].set_column(place, "victim_name", names)
    page = render_cover(tables, {"address": "주소", "phone": "062-000-0000"})
    assert "등기" in page
    assert "홍길동표본" not in page


def test_the_papers_of_the_sample_are_real_files_and_the_same_every_time() -> None:
    assert make_pdf("A (b) \\") == make_pdf("A (b) \\")
    assert check_attachment(make_pdf("RECEIPT of claim 000001"), "a.pdf").is_usable
    assert check_attachment(make_png(7), "a.png").is_usable


def test_the_same_region_is_built_twice_and_keeps_the_contract(tmp_path: Path) -> None:
    tables = []
    for name in ("one", "two"):
        sample = build_region(tmp_path / name, claims=60, as_of=date(2026, 7, 6))
        with open_source(sample.url, CONTRACT) as source:  # type: ignore[attr-defined]
            source.check()
            tables.append({view: source.read(view) for view in CONTRACT.views})
    assert tables[0] == tables[1]
    assert len(tables[0]["benefit_claim"]) == 60
    assert all(len(tables[0][view]) for view in CONTRACT.views if view not in ("earlier_line", "scar"))


@pytest.mark.parametrize("claims", [59, 9_001])
def test_a_size_that_cannot_be_is_refused(tmp_path: Path, claims: int) -> None:
    with pytest.raises(UsageError):
        build_region(tmp_path, claims=claims, as_of=date(2026, 7, 6))


def test_the_page_of_the_source_contract_is_fresh() -> None:
    """Run ``python -m cheonggu.schemes.school_safety.source.page`` after a change of the contract."""
    page = Path(__file__).parents[3] / "docs" / "school-source-contract.md"
    assert page.read_text(encoding="utf-8") == make_page()
