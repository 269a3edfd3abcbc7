"""The checker generated from the notation of written formats."""

from __future__ import annotations

import duckdb
import pytest

from cheonggu.precheck.formats import Version, date_places, format_macros, pattern, versions


def fits(notation: str, text: str, repeat: str = "") -> bool:
    version = Version("XX001", notation, repeat, "", "")
    found = duckdb.execute("SELECT regexp_full_match(?, ?)", [text, pattern(version)]).fetchone()
    assert found is not None
    return bool(found[0])


@pytest.mark.parametrize(
    ("notation", "repeat", "text", "good"),
    [
        ("9(3)", "", "14", True),
        ("9(3)", "", "1400", False),
        ("9(3)", "", "1A", False),
        ("X(4)", "", "V193", True),
        ("X(4)", "", "", False),
        ("X(13)", "", "2025010100001", True),
        ("ccyymmdd", "", "20250101", True),
        ("ccyymmdd", "", "2025-01-01", False),
        ("CCYYMMDDHHMM/CCYYMMDDHHMM", "", "202501010900/202501011000", True),
        ("CCYYMMDDHHMM/CCYYMMDDHHMM", "", "202501010900", False),
        ("9(2).V9(1)", "", "7.5", True),
        ("9(2).V9(1)", "", "75", False),
        ("9(6)/9(2)", "pair", "630718/24/690602/07", True),
        ("9(6)/9(2)", "pair", "630718/24/690602", False),
        ("9(4)/X(10)/9(2)", "pair", "31/12345/24/34567/7", True),
        ("ccyymmdd/9(1).V9(1)", "entry", "20250101/1.0/20250112/1.5", True),
        ("X(5)", "item", "BL023/ST036", True),
        ("9(1)/X(2)", "", "2", True),
        ("X(1)/X(200)", "", "E/사유 / 더 적음", True),
        ("X(1)/X(200)", "", "EE/사유", False),
        ("X(1)/X(1)/X(200)/X(1)", "", "//사유/G", True),
        ("X(6)/X(60)", "", "C169/위의 악성 신생물", True),
        ("9(2) | 9(2)/9(2)", "", "39/02", True),
        ("9(2) | 9(2)/9(2)", "", "39", True),
        ("X(700)", "", "가" * 350, True),
    ],
)
def test_a_text_fits_its_notation(notation: str, repeat: str, text: str, good: bool) -> None:
    assert fits(notation, text, repeat) is good


def test_a_notation_that_is_not_understood_is_an_error() -> None:
    with pytest.raises(ValueError, match="format part 'Z\\(3\\)' is not understood"):
        pattern(Version("XX001", "Z(3)", "", "", ""))


def test_the_version_of_the_day_decides() -> None:
    rows = [
        {"code": "A", "format": "9(2)", "repeat": "", "valid_from": "2018-01-01", "valid_to": "2019-12-31"},
        {"code": "A", "format": "9(4)", "repeat": "", "valid_from": "2020-01-01", "valid_to": ""},
    ]
    with duckdb.connect() as connection:
        for _, sql in format_macros("list", versions(rows, {})):
            connection.execute(sql)
        query = "SELECT list_format_ok('A', '1234', DATE '2019-06-01'), list_format_ok('A', '1234', DATE '2020-06-01')"
        assert connection.execute(query).fetchall() == [(False, True)]


def test_versions_with_the_same_format_are_one_and_overrides_win() -> None:
    rows = [
        {"code": "A", "format": "9(2)", "repeat": "", "valid_from": "2018-01-01", "valid_to": "2019-12-31"},
        {"code": "A", "format": "9(2)", "repeat": "", "valid_from": "2020-01-01", "valid_to": ""},
        {"code": "B", "format": "", "repeat": "", "valid_from": "", "valid_to": ""},
    ]
    assert versions(rows, {}) == [Version("A", "9(2)", "", "2018-01-01", "")]
    assert [one.format for one in versions(rows, {"B": "X(1)"})] == ["9(2)", "X(1)"]


def test_the_days_in_a_text_are_found_also_when_it_repeats() -> None:
    known = [
        Version("ONE", "X(1)/ccyymmdd/X(2)/CCYYMMDDHHMM", "", "", ""),
        Version("MANY", "ccyymmdd/9(1).V9(1)", "entry", "", ""),
        Version("NONE", "9(3)", "", "", ""),
    ]
    assert date_places(known[0]) == ((2, 4), 0)
    with duckdb.connect() as connection:
        for _, sql in format_macros("list", known):
            connection.execute(sql)
        query = """SELECT list_dates('ONE', 'A/20250101/XY/202501011200'), list_dates('NONE', '14'),
            list_dates('MANY', '20250101/1.0/20250112/1.5')"""
        assert connection.execute(query).fetchall() == [
            (["20250101", "202501011200"], [], ["20250101", "20250112"])
        ]
