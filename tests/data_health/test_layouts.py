"""The layout tables, their versions and file names are sound, and the loader refuses what is not."""

from __future__ import annotations

import csv
import shutil
from datetime import date
from pathlib import Path

import pytest

from cheonggu.codes import CodeLists
from cheonggu.errors import DataFileError, InputError, LayoutError
from cheonggu.formats.claim_files import NAME_BYTES, set_name
from cheonggu.formats.code_fields import allowed_codes
from cheonggu.formats.digits import MOST_DIGITS
from cheonggu.layouts import LayoutCatalogue

HIRA = Path(__file__).parent.parent.parent / "cheonggu" / "schemes" / "hira"
FOLDER = HIRA / "layouts"
CATALOGUE = LayoutCatalogue.from_folder(FOLDER)
CODES = CodeLists(HIRA / "codes")
LAYOUTS = [pytest.param(one, id=f"{one.kind}-{one.record}") for one in CATALOGUE]


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_all_kinds_and_tables_are_there() -> None:
    assert len(CATALOGUE.kinds) == 13  # and claim_header, which eight of them share
    tables = {one.table for one in CATALOGUE}
    files = {path.stem for path in FOLDER.glob("*_*.csv")} - {"header_sums"}
    assert tables == files
    assert len(tables) == 68


@pytest.mark.parametrize("layout", LAYOUTS)
def test_fields_are_contiguous_unique_and_add_up(layout) -> None:
    end = 0
    for number, one in enumerate(layout.fields, start=1):
        assert one.start == end + 1
        end = one.end
        assert number == int(rows(f"{layout.table}.csv")[number - 1]["seq"])
    assert end == layout.length
    assert len(set(layout.names)) == len(layout.names)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_numbers_fit_64_bits_and_codes_fit_their_fields(layout) -> None:
    for one in layout.fields:
        if one.is_number:
            assert one.length <= MOST_DIGITS
            assert 0 <= one.scale < one.length
        else:
            assert one.scale == 0
        width = 1 if one.repeat == "31 x 1" else one.length
        assert all(len(code) == width for code in one.code_values), one.name
        if one.name.startswith("filler_"):
            assert one.required == "B"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_code_lists_exist_and_have_codes_that_fit(layout) -> None:
    for one in layout.fields:
        if one.code_list:
            assert one.code_list in CODES.names, one.name
    for name, codes in allowed_codes(layout, CODES, None).items():
        assert all(len(code.encode("cp949")) <= layout[name].length for code in codes), name


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_optional_tail_is_what_the_short_form_lacks(layout) -> None:
    cut = sum(layout[name].length for name in layout.optional_tail)
    assert layout.length - cut == layout.short_length
    if layout.optional_tail:
        assert layout.names[-len(layout.optional_tail) :] == layout.optional_tail
    for earlier in CATALOGUE.variants(layout.kind, layout.record)[1:]:
        assert earlier.length - earlier.short_length == cut


def test_only_the_line_of_a_removed_ingredient_may_be_negative() -> None:
    signed = {(layout.table, one.name) for layout in CATALOGUE for one in layout.fields if one.is_signed}
    assert signed == {("korean_medicine_C", "line_amount"), ("auto_korean_C", "line_amount")}


def test_references_are_blank_without_a_value_and_amounts_are_not() -> None:
    blank = {
        one.name
        for layout in CATALOGUE
        for one in layout.fields
        if one.is_blank_without_value and one.required == "C"
    }
    assert blank == {"line_no", "prescription_no"}


def test_sums_of_the_header_name_fields_that_exist() -> None:
    for kind in CATALOGUE.kinds:
        for one in CATALOGUE.header_sums(kind):
            header_field = one.header_field.replace("_1..6", "_1")  # one group per treatment form
            assert header_field in CATALOGUE.layout(kind, "H")
            assert not one.statement_field or one.statement_field in CATALOGUE.layout(kind, "A")


def test_every_earlier_length_of_the_versions_table_is_a_variant() -> None:
    """versions.csv is what the sources say, versions.toml what the program uses."""
    current = {one.table: one.length for one in CATALOGUE}
    known = {
        (one.table, layout.length) for one in CATALOGUE for layout in CATALOGUE.variants(one.kind, one.record)
    } | {
        (one.table, hidden.length)
        for one in CATALOGUE
        for hidden in CATALOGUE.undelivered(one.kind, one.record)
    }
    for row in rows("versions.csv"):
        table = f"{row['kind']}_{row['record']}"
        assert (table, int(row["bytes"])) in known, row
    said = {(f"{row['kind']}_{row['record']}", int(row["bytes"])) for row in rows("versions.csv")}
    assert {one for one in known if one[1] != current[one[0]]} <= said


@pytest.mark.parametrize("kind", CATALOGUE.kinds)
def test_every_kind_has_a_form_version_in_force_that_is_the_current_layout(kind: str) -> None:
    form = CATALOGUE.form(kind, date(2026, 7, 1))
    for layout in CATALOGUE.records(kind, form):
        assert layout == CATALOGUE.layout(kind, layout.record)
    assert form.statement == CATALOGUE.layout(kind, "A").version


def test_the_versions_of_a_care_month() -> None:
    digits = {
        month: CATALOGUE.form("medical_dental", month).statement
        for month in (date(2019, 1, 31), date(2019, 2, 1), date(2021, 3, 31), date(2021, 4, 1))
    }
    assert list(digits.values()) == ["089", "090", "090", "091"]
    with pytest.raises(InputError, match="No form version"):
        CATALOGUE.form("medical_dental", date(2017, 12, 1))


def test_a_version_whose_positions_nobody_gave_us_is_refused() -> None:
    with pytest.raises(LayoutError, match="positions of version 091"):
        CATALOGUE.layout("drg", "A", "091")
    assert not CATALOGUE.knows_version("drg", "A", "091")
    assert CATALOGUE.knows_version("drg", "A", "092")
    assert CATALOGUE.layout("medical_dental", "C", "088").length == 234


@pytest.mark.parametrize("kind", CATALOGUE.kinds)
def test_every_record_has_a_file_name_the_client_can_take(kind: str) -> None:
    names = [set_name(layout, "2026070001", "13") for layout in CATALOGUE.records(kind)]
    assert all(name and len(name.encode()) <= NAME_BYTES for name in names)
    assert len(set(names)) in (1, len(names))
    established = {"pharmacy", "health_center", "industrial_pharmacy"}
    assert all(one.is_name_established for one in CATALOGUE.records(kind)) == (kind not in established)


# --- the loader refuses what is odd -------------------------------------------------------------------------------


def broken(tmp_path: Path, name: str, old: str, new: str) -> Path:
    folder = tmp_path / "layouts"
    shutil.copytree(FOLDER, folder)
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert text.count(old) >= 1, old
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("drg_B.csv", ",3,record_type,내역구분,16,", ",3,record_type,내역구분,17,", "row 4: record_type starts at 17"),
        ("drg_B.csv", "내역구분,16,1,an", "내역구분,16,0,an", "record_type has length 0"),
        ("drg_B.csv", "내역구분,16,1,an", "내역구분,16,1,xx", "record_type has type 'xx'"),
        ("drg_B.csv", "내역구분,16,1,an,,Y", "내역구분,16,1,an,,Q", "required mark 'Q'"),
        ("drg_B.csv", ",3,record_type,", ",3,claim_no,", "claim_no stands twice"),
        ("records.csv", "diagnosis,092,47", "diagnosis,092,48", "says 48 bytes, the fields end at 47"),
        ("records.csv", "drg_B.csv", "drg_X.csv", "drg_X.csv cannot be read"),
        ("versions.toml", "bytes = 234", "bytes = 235", "says 235 bytes, the fields end at 234"),
        ("versions.toml", "resize = { unit_price = 10 }", "resize = { unit_cost = 10 }", "changes unknown fields"),
        ("versions.toml", 'table = "pharmacy_A"', 'table = "pharmacy_X"', "for a table that does not exist"),
        ("versions.toml", "from = 2019-02-01", "from = 2017-02-01", "not in the order of its days"),
        ("versions.toml", "from = 2018-01-01", 'from = "2018"', "has a from that is not a day"),
        ("versions.toml", 'header = "089"', 'header = "89"', "not three characters"),
        ("versions.toml", 'confidence = "unverified"', 'confidence = "sure"', "confidence 'sure'"),
        ("versions.toml", 'kind = "drg"', 'kind = "drgs"', "is for a kind that has no layout"),
        ("versions.toml", 'statement = "089"\n', "", "needs kind, from, header, statement and confidence"),
        ("versions.toml", "until = \"086\"\n", "", "needs table, until and bytes"),
        ("versions.toml", "confirmed_on", "checked_on", "lacks 'confirmed_on'"),
        ("versions.toml", "[[form]]", "[[form", "cannot be read as TOML"),
        ("file_names.toml", "[name.pharmacy]", "[name.drg]", "name.drg.H: names no record whose file name is open"),
        ("file_names.toml", "[also.auto_korean]", "[also.auto_korea]", "also.auto_korea.A: names no record"),
    ],
)  # fmt: skip
def test_an_odd_table_is_refused_with_file_and_row(
    name: str, old: str, new: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(DataFileError) as caught:
        LayoutCatalogue.from_folder(broken(tmp_path, name, old, new))
    assert words in caught.value.en
    assert name.split(".")[0] in caught.value.en or "cannot be read" in words
