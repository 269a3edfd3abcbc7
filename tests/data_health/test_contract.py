"""The source contract is sound: it agrees with the layouts and the code lists, and its page is fresh."""

from __future__ import annotations

from pathlib import Path

import pytest

import cheonggu
from cheonggu.codes import CodeLists
from cheonggu.errors import DataFileError
from cheonggu.layouts import LayoutCatalogue
from cheonggu.precheck.tables import load_tables
from cheonggu.schemes.hira.precheck_record import OPTIONAL_VIEWS
from cheonggu.sources.contract import (
    CONTRACT,
    CONTRACT_FILE,
    DATE,
    HEADINGS,
    INT,
    OPTIONAL_FILE,
    PERSONAL_COLUMNS,
    load_contract,
)
from cheonggu.sources.contract.page import EXAMPLE, make_page

ROOT = Path(cheonggu.__file__).parents[1]
HIRA = ROOT / "cheonggu" / "schemes" / "hira"
RECORDS = {
    "statement": "A",
    "diagnosis": "B",
    "line": "C",
    "prescription": "D",
    "detail": "E",
    "provider": "H",
}
KINDS = ("medical_dental", "korean_medicine")
# Not as on the wire, on purpose: a long text goes on in further records; the unit is a word of our own.
UNLIKE_WIRE = {("detail", "detail_text"), ("provider", "claim_unit")}


def test_every_view_is_there_with_a_key():
    assert CONTRACT.views == (
        *("provider", "closed_day", "statement", "diagnosis", "line", "prescription", "detail"),
        *("doctor", "doctor_day", "therapist_holiday", "therapist_day"),
    )
    for view in CONTRACT.views:
        assert set(CONTRACT.key(view)) <= set(CONTRACT.arrow_schema(view).names)
    assert CONTRACT.key("prescription") == ("statement_key", "prescription_no", "line_seq")


def test_columns_that_travel_have_the_type_and_length_of_their_field():
    layouts = LayoutCatalogue.from_folder(HIRA / "layouts")
    compared = 0
    for view, record in RECORDS.items():
        fields = {}
        for kind in KINDS:
            for layout in layouts.records(kind):
                if layout.record == record:
                    fields |= {one.name: one for one in layout.fields}
        for column in CONTRACT.columns(view):
            field = fields.get(column.name)
            if field is None or (view, column.name) in UNLIKE_WIRE:
                continue
            compared += 1
            kind = DATE if field.is_date and column.type == DATE else INT if field.is_number else "text"
            assert column.type == kind, (view, column.name)
            assert column.type == DATE or column.length == field.length, (view, column.name)
    assert compared > 70


def test_code_lists_of_the_contract_exist():
    lists = CodeLists(HIRA / "codes")
    used = {one.code_list for one in CONTRACT.all_columns} - {None}
    assert used <= set(lists.names)


def test_a_column_means_the_same_in_every_view():
    """An adapter may go by the name alone, and nobody has to look twice."""
    for column in CONTRACT.all_columns:
        types = {one.type for one in CONTRACT.all_columns if one.name == column.name}
        assert types == {column.type}, column.name


def test_personal_columns_are_marked():
    assert {"patient_rrn", "patient_name", "subscriber_name", "insurance_card_no"} <= PERSONAL_COLUMNS
    assert not PERSONAL_COLUMNS & {"statement_key", "patient_key", "provider_code", "care_month"}


def test_looking_for_what_the_contract_does_not_hold_names_it():
    with pytest.raises(KeyError, match="no view 'ward'"):
        CONTRACT.columns("ward")
    with pytest.raises(KeyError, match="'line' has no column 'colour'"):
        CONTRACT.column("line", "colour")


def test_the_page_in_the_books_is_fresh():
    """Run ``python -m cheonggu.sources.contract`` after a change of the contract."""
    assert (ROOT / "docs" / "source-contract.md").read_text(encoding="utf-8") == make_page()


def test_the_example_gives_every_column_of_every_view():
    script = EXAMPLE.read_text(encoding="utf-8")
    for view in CONTRACT.views:
        body = script.partition(f"CREATE VIEW cheonggu.cheonggu_{view} AS")[2].partition(";")[0]
        assert body, view
        for column in CONTRACT.columns(view):
            assert column.name in body, (view, column.name)


SOUND_HEADINGS = ",".join(HEADINGS)


def broken(tmp_path, row, headings=SOUND_HEADINGS):
    path = tmp_path / "contract.csv"
    sound = "visit,visit_key,text,10,1,Y,,,열쇠,key of the visit"
    path.write_text("\n".join([headings, sound, row]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("visit,colour,text,10,,Y,,", r"row 3: has not 10 columns"),
        ("visit,Colour,text,10,,Y,,,색,colour", r"row 3: column 'Colour' is not a plain lower-case name"),
        ("visit; DROP,colour,text,10,,Y,,,색,colour", r"row 3: view 'visit; DROP' is not a plain"),
        ("visit,visit_key,text,10,,Y,,,열쇠,key", r"row 3: visit\.visit_key stands twice"),
        ("visit,colour,float,10,,Y,,,색,colour", r"row 3: type 'float' is not text, int or date"),
        ("visit,colour,date,8,,Y,,,색,colour", r"row 3: a date has no length"),
        ("visit,colour,text,,,Y,,,색,colour", r"row 3: a date has no length, every other type needs one"),
        ("visit,colour,text,0,,Y,,,색,colour", r"row 3: length '0' is not a positive number"),
        ("visit,colour,int,19,,Y,,,색,colour", r"row 3: more than 18 digits do not fit an int"),
        ("visit,colour,text,10,x,Y,,,색,colour", r"row 3: key 'x' is not a number"),
        ("visit,colour,text,10,3,Y,,,색,colour", r"row 3: the key of view visit is not numbered from 1"),
        ("visit,colour,text,10,,M,,,색,colour", r"row 3: required mark 'M' is not Y, Z, C or O"),
        ("visit,colour,text,10,,Z,,,색,colour", r"row 3: only an int may be an amount"),
        ("visit,colour,text,10,,Y,red,,색,colour", r"row 3: codes 'red' are neither @list nor"),
        ("visit,colour,text,10,,Y,,yes,색,colour", r"row 3: personal 'yes' is not Y or empty"),
        ("visit,colour,text,10,,Y,,,,colour", r"row 3: lacks a Korean name or a meaning"),
        ("ward,colour,text,10,,Y,,,색,colour", r"row 3: the key of view ward is not numbered"),
        (
            "ward,ward_key,text,9,1,Y,,,동,ward\nvisit,colour,text,10,,Y,,,색,colour",
            r"row 4: the rows of view visit do not stand together",
        ),
    ],
)
def test_an_odd_row_of_the_contract_is_refused_by_name(tmp_path, row, words):
    with pytest.raises(DataFileError, match=rf"contract\.csv, {words}"):
        load_contract(broken(tmp_path, row))


def test_other_headings_an_absent_and_an_empty_contract_are_refused(tmp_path):
    with pytest.raises(DataFileError, match=r"row 1: the headings are not view,column,type"):
        load_contract(broken(tmp_path, "", headings="view,column"))
    with pytest.raises(DataFileError, match=r"gone\.csv cannot be read"):
        load_contract(tmp_path / "gone.csv")
    (tmp_path / "empty.csv").write_text(",".join(HEADINGS) + "\n", encoding="utf-8")
    with pytest.raises(DataFileError, match=r"row 1: there is no view"):
        load_contract(tmp_path / "empty.csv")


def test_the_shipped_contract_is_the_one_loaded():
    assert load_contract(CONTRACT_FILE, OPTIONAL_FILE) == CONTRACT


def test_an_optional_view_may_not_repeat_a_required_one(tmp_path):
    again = tmp_path / "optional.csv"
    again.write_text(f"{SOUND_HEADINGS}\nvisit,visit_key,text,10,1,Y,,,열쇠,key\n", encoding="utf-8")
    with pytest.raises(DataFileError, match=r"optional\.csv, row 2: visit\.visit_key stands twice"):
        load_contract(broken(tmp_path, "visit,colour,text,10,,Y,,,색,colour"), again)


def test_every_optional_view_feeds_a_table_of_the_rules_with_the_same_columns():
    """What the pre-check expects and what a hospital is asked for cannot drift apart."""
    tables = load_tables(
        HIRA / "rules" / "precheck" / "tables.csv", LayoutCatalogue.from_folder(HIRA / "layouts")
    )
    assert set(CONTRACT.optional_views) == set(OPTIONAL_VIEWS)
    keys = {"statement_key", "provider_code", "care_month", "line_seq"}
    numbers = {"statement_no", "line_no"}
    for view in CONTRACT.optional_views:
        asked = {one.name for one in tables.tables[view].columns} - numbers
        assert {one.name for one in CONTRACT.columns(view)} - keys == asked - keys, view
        assert tables.tables[view].use == "optional"


def test_every_optional_table_of_the_rules_has_a_source():
    tables = load_tables(
        HIRA / "rules" / "precheck" / "tables.csv", LayoutCatalogue.from_folder(HIRA / "layouts")
    )
    of_the_pipeline = {
        *(
            "file",
            "record",
            "institution",
            "source_stmt",
            "holiday",
            "identity",
            "computed_amounts",
            "open_finding",
        ),
        *("history_stmt", "history_line", "history_rx", "history_claim", "history_visit"),
    }
    views = {*CONTRACT.views, *CONTRACT.optional_views}
    assert {one.name for one in tables.optional} - views == of_the_pipeline
