"""The code lists are sound: every row can be read, dates are in order, codes stand once, references hold."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

import cheonggu
from cheonggu.codes import Code, CodeLists
from cheonggu.errors import UsageError
from cheonggu.layouts import LayoutCatalogue

HIRA = Path(cheonggu.__file__).parent / "schemes" / "hira"
CODES = CodeLists(HIRA / "codes")
LAYOUTS = LayoutCatalogue.from_folder(HIRA / "layouts")
# Lists in which one code has several rows on purpose: versions, sub-entries, values of several codes.
MANY_ROWS = {"special_detail", "special_symbol_kcd", "special_detail_values", "direct_dispensing_symptom"}
# Two groups of forms and the pilot symbols, whose names no source gives.
NAMELESS = re.compile(r"H024|H050|S\d{3}")
SIZES = {"return_reason": 65, "review_impossible_reason": 572, "special_symbol": 315, "injury_cause": 20}


@pytest.mark.parametrize("name", CODES.names)
def test_a_list_can_be_read_and_every_code_has_a_name(name: str) -> None:
    rows = CODES.rows(name)
    assert rows
    nameless = [one.key for one in rows if not one.name_ko.strip()]
    assert all(NAMELESS.fullmatch(one) for one in nameless)
    for one in rows:
        assert one.valid_from is None or one.valid_to is None or one.valid_from <= one.valid_to


@pytest.mark.parametrize("name", [one for one in CODES.names if one not in MANY_ROWS])
def test_a_code_stands_once_for_each_kind_and_day(name: str) -> None:
    seen = Counter(
        (
            one.key,
            kind,
            one.valid_from,
            one.row.get("note") if kind == "drg" else "",
        )  # records C and F of drg
        for one in CODES.rows(name)
        for kind in (one.kinds or {""})
    )
    assert [key for key, count in seen.items() if count > 1] == []


def test_kinds_are_kinds_of_the_layouts() -> None:
    known = {*LAYOUTS.kinds, "claim_header"}
    for name in CODES.names:
        for one in CODES.rows(name):
            assert one.kinds <= known, f"{name} {one.key}"


def test_every_list_a_layout_refers_to_is_there() -> None:
    referred = {field.code_list for layout in LAYOUTS for field in layout.fields if field.code_list}
    assert referred <= set(CODES.names)


@pytest.mark.parametrize("name", SIZES)
def test_the_big_lists_are_complete(name: str) -> None:
    rows = CODES.rows(name)
    counted = [one for one in rows if one.row.get("level", "detail") == "detail"]
    assert len(counted) == SIZES[name]


def test_special_details_are_184_codes_whose_versions_do_not_overlap() -> None:
    by_code: dict[str, list[Code]] = {}
    for one in CODES.rows("special_detail"):
        by_code.setdefault(one.key, []).append(one)
    assert len(by_code) == 184
    for rows in by_code.values():
        dated = [one for one in rows if one.valid_from]
        for one, other in pairwise(dated):
            assert one.valid_to is not None
            assert other.valid_from is not None
            assert one.valid_to < other.valid_from


def test_statement_forms_agree_with_forms_care_categories_and_treatment_forms() -> None:
    forms = {one.key: one for one in CODES.rows("form_no")}
    for one in CODES.rows("statement_form"):
        assert one.kinds <= forms[one.key].kinds
        assert one.row["header_form_no"] in forms
        assert one.row["insurance"] in ("HI", "MA")
        assert one.row["setting"] in ("in", "out")
        (kind,) = one.kinds
        assert one.row["care_category"] in CODES.allowed("care_category", "claim_header")
        assert one.row["treatment_form"] in CODES.allowed("treatment_form", kind)


def test_symbols_with_diseases_and_values_of_details_belong_to_known_codes() -> None:
    details = {one.key for one in CODES.rows("special_detail")}
    for one in CODES.rows("special_detail_values"):
        code = re.sub(r"\(.*\)", "", one.row["detail_code"])
        assert code in details | {""}
    for one in CODES.rows("special_symbol_kcd"):
        assert one.row["kcd_claim"] == re.sub(r"[^0-9A-Z]", "", one.row["kcd"])


def test_the_search_window_finds_by_prefix_and_anywhere() -> None:
    by_prefix = CODES.search("16-0", "review_impossible_reason", by_prefix=True)
    assert {one.key for one in by_prefix} >= {"16-01", "16-03"}
    assert all(one.key.startswith("16-0") for one in by_prefix)
    anywhere = CODES.search("외인코드", "review_impossible_reason")
    assert "04-05" in {one.key for one in anywhere}
    assert [one.key for one in CODES.search("04-05", "review_impossible_reason")] == ["04-05"]
    assert {one.list_name for one in CODES.search("V193")} >= {"special_symbol", "special_symbol_kcd"}
    assert "V193" in {one.key for one in CODES.search("c16.9", "special_symbol_kcd")}


def test_the_search_shows_a_code_with_several_versions_once_and_nothing_for_nothing() -> None:
    assert len(CODES.search("MT014", "special_detail", by_prefix=True)) == 1
    assert CODES.search("mt014", by_prefix=True)
    with pytest.raises(UsageError, match="nothing to search for"):
        CODES.search(" ")
    with pytest.raises(UsageError, match="no code list 'reasons'"):
        CODES.search("16", "reasons")


def test_the_hyphen_before_a_detail_code_may_be_left_out() -> None:
    for by_prefix in (True, False):
        assert [one.key for one in CODES.search("1603", "review_impossible_reason", by_prefix=by_prefix)] == [
            "16-03"
        ]
