"""The checker generated from the notation of written formats, judged by a second, plainer reader of the notation.

The second reader splits the text and counts CP949 bytes in Python; it shares no code with the generated SQL. Every
version of every code of the special-detail list is asked about texts that keep its format and texts that break it.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from cheonggu.precheck.formats import Version, date_lists, format_macros, pattern, versions
from cheonggu.schemes import SCHEMES

HIRA = SCHEMES["hira"]
LIST = HIRA.codes.folder / "special_detail.csv"
OVERRIDES = {"JT005": "9(2) | 9(2)/9(2)"}  # rules/formats.csv
PREPARED = (HIRA.checks.rule_folders[0] / "prepared.sql").read_text(encoding="utf-8")
AS_BYTES = re.search(r"CREATE MACRO as_bytes.*?;", PREPARED, re.DOTALL)
ASK = "SELECT {name}_format_ok($code, as_bytes($text), CAST($day AS DATE))"
DAY, STAMP = "20260203", "202602031930"


def rows() -> list[dict[str, str]]:
    with LIST.open(encoding="utf-8", newline="") as stream:
        return [row | {"format": OVERRIDES.get(row["code"], row["format"])} for row in csv.DictReader(stream)]


def connect(name: str, known: list[Version]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    assert AS_BYTES is not None
    connection.execute(AS_BYTES[0])
    for _, sql in format_macros(name, known):
        connection.execute(sql)
    return connection


def fits(notation: str, text: str, repeat: str = "") -> bool:
    with connect("list", [Version("A", notation, repeat, "", "")]) as connection:
        found = connection.execute(ASK.format(name="list"), {"code": "A", "text": text, "day": "2026-02-03"})
        answer = found.fetchone()
    assert answer is not None
    return bool(answer[0])


# The second reader ------------------------------------------------------------------------------------------------


def is_digits(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def size(text: str) -> int:
    return len(text.encode("cp949"))


def reads_part(part: str, text: str, *, may_be_empty: bool) -> bool:
    part = part.upper()
    if part in ("CCYYMMDD", "CCYYMMDDHHMM"):
        return len(text) == len(part) and is_digits(text)
    if part == "HHMM":
        return len(text) == 4 and is_digits(text) and int(text[:2]) <= 24 and int(text[2:]) <= 59
    numbers = [int(one) for one in re.findall(r"\((\d+)\)", part)]
    if part.startswith("9"):
        whole, point, rest = text.partition(".")
        if len(numbers) == 1:
            return is_digits(text) and len(text) <= numbers[0]
        if not point and ".V" not in part:
            return is_digits(text) and len(text) <= sum(numbers)
        return is_digits(whole) and is_digits(rest) and len(whole) <= numbers[0] and len(rest) <= numbers[1]
    if "," in part:
        pieces = text.split(",")
        return len(pieces) <= 2 and all(
            size(one) <= most and (one or may_be_empty) for one, most in zip(pieces, numbers, strict=False)
        )
    longest = numbers[0] if numbers else (10_000 if "FREE" in part else 1)
    return size(text) <= longest and bool(text or may_be_empty)


def reads_once(parts: list[str], text: str) -> bool:
    written = text.split("/")
    is_free = parts[-1].upper().startswith("X")
    if is_free and len(written) > len(parts):  # the last text may itself hold slashes
        written = [*written[: len(parts) - 1], "/".join(written[len(parts) - 1 :])]
    left = parts[len(written) :]
    if len(written) > len(parts) or not all(one.upper().startswith("X") for one in left):
        return False
    return all(
        reads_part(part, one, may_be_empty=len(parts) > 1) for part, one in zip(parts, written, strict=False)
    )


def reads_again(parts: list[str], written: list[str], repeat: str) -> bool:
    """Whether ``written`` is the parts once and then again and again, as ``repeat`` says."""

    def all_read(wanted: list[str], some: list[str]) -> bool:
        return len(some) == len(wanted) and all(
            reads_part(part, one, may_be_empty=False) for part, one in zip(wanted, some, strict=True)
        )

    again = {"pair": [parts[-2:]], "item": [parts, parts[-1:]]}.get(repeat, [parts])
    if not all_read(parts, written[: len(parts)]):
        return False
    places = {len(parts)}
    while places - {len(written)}:
        place = places.pop() if len(places) == 1 else min(places - {len(written)})
        places.discard(place)
        places |= {place + len(one) for one in again if all_read(one, written[place : place + len(one)])}
        if not places:
            return False
    return True


def reads(notation: str, repeat: str, text: str) -> bool:
    for one in notation.split(" | "):
        parts = one.strip().split("/")
        if set(parts[-1]) == {"."}:
            parts, repeat = parts[:1], "item"
        if reads_again(parts, text.split("/"), repeat) if repeat else reads_once(parts, text):
            return True
    return False


# Texts to ask about -----------------------------------------------------------------------------------------------


def samples(part: str) -> tuple[list[str], list[str]]:
    """Texts that keep one part, and texts that break it."""
    part = part.upper()
    if part == "CCYYMMDD":
        return [DAY], ["2026-02-03", "2026020", "2026020A", "202602030"]
    if part == "CCYYMMDDHHMM":
        return [STAMP], [DAY, "20260203 1930", "2026020319300"]
    if part == "HHMM":
        return ["0930", "2400"], ["930", "0960", "2530", "09:30"]
    numbers = [int(one) for one in re.findall(r"\((\d+)\)", part)]
    if part.startswith("9") and len(numbers) == 2:
        good = "1" * numbers[0] + "." + "5" * numbers[1]
        return [good, "0.5"], ["1" + good, good + "5", "A.5", "-0.5", "1,5"]
    if part.startswith("9"):
        return ["7" * numbers[0], "0"], ["7" * (numbers[0] + 1), "7A", "-7", "7.0", "７"]
    if "," in part:
        return ["A" * 9, "A" * 9 + "," + "B" * 9], ["A" * 10, "A,B,C", "A," + "B" * 10]
    if "FREE" in part:
        return ["가" * 300, "A"], []
    longest = numbers[0] if numbers else 1
    good = ["A" * longest, *(["가" * (longest // 2)] if longest > 1 else [])]
    return good, ["A" * (longest + 1), "가" * (longest // 2 + 1)]


def texts(notation: str, repeat: str) -> Iterator[str]:
    """Whole texts: everything right, one part wrong at a time, too few and too many parts, and repeated ones."""
    for one in notation.split(" | "):
        parts = [part for part in one.strip().split("/") if set(part) != {"."}]
        asked = [samples(part) for part in parts]
        right = [good[0] for good, _ in asked]
        whole = "/".join(right)
        yield from (whole, "", "/", whole + "/", "/" + whole)
        yield "/".join(good[-1] for good, _ in asked)
        yield from ("/".join(right[:count]) for count in range(1, len(right)))
        for place, (good, bad) in enumerate(asked):
            for text in (*good, *bad, ""):
                yield "/".join([*right[:place], text, *right[place + 1 :]])
                yield "/".join([whole, *right[:place], text, *right[place + 1 :]])
        yield from ("/".join([whole, *right[-count:]]) for count in range(1, len(right) + 1))
        yield "/".join([whole, *right[-2:], *right[-2:]])


def every_version() -> list[dict[str, str]]:
    return [row for row in rows() if row["format"]]


def test_every_version_of_every_format_agrees_with_a_second_reader() -> None:
    known = versions(rows(), {})
    assert len({one.code for one in known}) == 182  # of 184: for two codes no source gives a format
    asked: list[tuple[str, str, str, bool]] = []
    for row in every_version():
        day = row["valid_from"] or row["valid_to"] or "2026-02-03"
        mine = {
            text: reads(row["format"], row["repeat"], text) for text in texts(row["format"], row["repeat"])
        }
        assert {True, False} == set(mine.values()) or row["format"] == "X(free)"
        asked += [(row["code"], day, text, good) for text, good in mine.items()]
    with connect("list", known) as connection:
        connection.execute("CREATE TABLE asked (code VARCHAR, care_on DATE, entry VARCHAR, good BOOLEAN)")
        columns = dict(zip("cdeg", map(list, zip(*asked, strict=True)), strict=True))
        connection.execute(
            "INSERT INTO asked SELECT unnest($c), CAST(unnest($d) AS DATE), unnest($e), unnest($g)", columns
        )
        found = connection.execute(
            """SELECT code, care_on, entry, good FROM asked
            WHERE good <> list_format_ok(code, as_bytes(entry), care_on)"""
        ).fetchall()
    assert [(code, str(day), entry[:60], good) for code, day, entry, good in found] == []


def test_the_examples_of_the_notices_keep_their_formats() -> None:
    examples = {
        "MT008": "630718/24/690602/07",
        "MT055": "31/12345/24/34567/7",
        "MT062": "33/12345/22/34567/11",
        "MT025": "20250101/1.0/20250112/1.5",
        "MT050": "20250104/1.0/20250111/0.5",
        "MT032": "202501010900",
        "MT043": "2",
        "MT059": "A/01",
        "MT064": "A",
        "MT072": "003/20260220/20260320",
        "JT005": "39/02",
        "JT006": "A/0930/645600010,645600020/ABC/의사 확인",
        "JT018": "A",
        "MS001": "24",
    }
    with connect("list", versions(rows(), {})) as connection:
        for code, text in examples.items():
            answer = connection.execute(
                ASK.format(name="list"), {"code": code, "text": text, "day": "2026-02-03"}
            )
            assert answer.fetchone() == (True,), code


@pytest.mark.parametrize(
    ("notation", "repeat", "text", "good"),
    [
        ("9(3)", "", "14", True),
        ("9(3)", "", "1400", False),
        ("X(4)", "", "V193", True),
        ("X(4)", "", "", False),
        ("ccyymmdd", "", "2025-01-01", False),
        ("CCYYMMDDHHMM/CCYYMMDDHHMM", "", "202501010900", False),
        ("9(2).V9(1)", "", "7.5", True),
        ("9(2).V9(1)", "", "75", False),
        ("9(5)V9(2)", "", "1250", True),
        ("9(6)/9(2)", "pair", "630718/24/690602", False),
        ("X(5)", "item", "BL023/ST036", True),
        ("X(1)/X(200)", "", "E/사유 / 더 적음", True),
        ("X(1)/X(200)", "", "EE/사유", False),
        ("X(1)/X(200)", "", "E/" + "가" * 100, True),
        ("X(1)/X(200)", "", "E/" + "가" * 101, False),
        ("X(20)", "", "가" * 10, True),
        ("X(20)", "", "가" * 11, False),
        ("X(1)/X(1)/X(200)/X(1)", "", "//사유/G", True),
        ("X(1)/HHMM", "", "A/0960", False),
        ("ccyymmdd/ccyymmdd/.......", "", "20170101", True),
        ("ccyymmdd/ccyymmdd/.......", "", "20170101/20170102/20170103", True),
        ("ccyymmdd/ccyymmdd/.......", "", "20170101/whenever", False),
    ],
)
def test_a_text_fits_its_notation(notation: str, repeat: str, text: str, good: bool) -> None:
    assert fits(notation, text, repeat) is good
    assert reads(notation, repeat, text) is good


def test_a_notation_that_is_not_understood_is_an_error() -> None:
    with pytest.raises(ValueError, match="format part 'Z\\(3\\)' is not understood"):
        pattern(Version("XX001", "Z(3)", "", "", ""))


def test_the_version_of_the_day_decides() -> None:
    some = [
        {"code": "A", "format": "9(2)", "repeat": "", "valid_from": "2018-01-01", "valid_to": "2019-12-31"},
        {"code": "A", "format": "9(4)", "repeat": "", "valid_from": "2020-01-01", "valid_to": ""},
    ]
    with connect("list", versions(some, {})) as connection:
        query = "SELECT list_format_ok('A', '1234', DATE '2019-06-01'), list_format_ok('A', '1234', DATE '2020-06-01')"
        assert connection.execute(query).fetchall() == [(False, True)]


def test_versions_with_the_same_format_are_one_and_overrides_win() -> None:
    some = [
        {"code": "A", "format": "9(2)", "repeat": "", "valid_from": "2018-01-01", "valid_to": "2019-12-31"},
        {"code": "A", "format": "9(2)", "repeat": "", "valid_from": "2020-01-01", "valid_to": ""},
        {"code": "B", "format": "", "repeat": "", "valid_from": "", "valid_to": ""},
    ]
    assert versions(some, {}) == [Version("A", "9(2)", "", "2018-01-01", "")]
    assert [one.format for one in versions(some, {"B": "X(1)"})] == ["9(2)", "X(1)"]


def test_the_days_in_a_text_are_found_wherever_it_repeats_or_varies() -> None:
    asked = {
        ("X(1)/ccyymmdd/X(2)/CCYYMMDDHHMM", "", "A/20250101/XY/202501011200"): ["20250101", "202501011200"],
        ("ccyymmdd/9(1).V9(1)", "entry", "20250101/1.0/20250112/1.5"): ["20250101", "20250112"],
        ("9(2)/CCYYMMDD", "pair", "01/20250101/05/20250102"): ["20250101", "20250102"],
        ("ccyymmdd", "item", "20250101/20250102"): ["20250101", "20250102"],
        ("9(1)/X(10)/ccyymmddhhmm/ccyymmddhhmm", "pair", f"1/2/{STAMP}/{STAMP}/{STAMP}/{STAMP}"): [STAMP] * 4,
        ("ccyymmdd | 9(2)/ccyymmdd", "", "20250101"): ["20250101"],
        ("ccyymmdd | 9(2)/ccyymmdd", "", "01/20250101"): ["20250101"],
        ("9(3)", "", "14"): [],
    }
    known = [Version(f"C{place}", one[0], one[1], "", "") for place, one in enumerate(asked)]
    assert date_lists(known[-1]) == {}
    with connect("list", known) as connection:
        for place, ((_, _, text), wanted) in enumerate(asked.items()):
            answer = connection.execute(
                "SELECT list_dates($code, $text)", {"code": f"C{place}", "text": text}
            )
            assert answer.fetchone() == (wanted,), text


def test_the_overrides_here_are_those_of_the_product() -> None:
    with (HIRA.codes.folder.parent / "rules" / "formats.csv").open(encoding="utf-8", newline="") as stream:
        assert {row["code"]: row["format"] for row in csv.DictReader(stream)} == OVERRIDES


def test_the_list_is_read_as_it_stands() -> None:
    assert len(list(itertools.groupby(rows(), lambda row: row["code"]))) == 184
    assert Path(LIST).name == "special_detail.csv"
