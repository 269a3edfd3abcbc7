"""A hospital's own rule folder: what is written wrongly is refused, with file, rule and reason, in Korean too."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cheonggu.errors import DataFileError, UsageError
from cheonggu.precheck.catalogue import load_catalogue

RULE = """
[[rule]]
id = "HSP-001"
level = "warning"
scope = "line"
message_ko = "도수치료가 급여 항에 있습니다"
message_en = "Manual therapy in a benefit section"
fix_ko = "비급여로 옮기세요."
fix_en = "Move it out of the claim."
basis = "원내 심사지침 3조"
source = "hospital"
confidence = "ours"
preempts = []
"""
PREDICATE = """
table = "line"
where = "starts_with(line_code, 'MX122')"
field = "hang"
detail = "'section ' || hang"
"""
GOOD = RULE + PREDICATE
HANGUL = re.compile(r"[가-힣]{2}")
ODD = {
    "rules that are no tables": ('rule = ["x"]', "(file): holds something other than"),
    "no rule at all": ("rule = []", "(file): holds something other than"),
    "an empty file": ("", "(file): holds something other than"),
    "defaults that are a number": ("defaults = 3\n" + GOOD, "(defaults): defaults is not a table"),
    "defaults with a text": ('[defaults]\napplies = "x"\n' + GOOD, "(defaults): applies is not a table"),
    "applies as a text": (GOOD + 'applies = "drg"', "HSP-001: applies is not a table"),
    "kinds as a text": (GOOD + 'applies = { kinds = "drg" }', "HSP-001: kinds is not a list of texts"),
    "an unknown kind": (GOOD + 'applies = { kinds = ["medcal"] }', "HSP-001: applies: kinds 'medcal' is not"),
    "an unknown insurance": (GOOD + 'applies = { insurance = ["X"] }', "HSP-001: applies: insurance 'X'"),
    "an unknown setting": (
        GOOD + 'applies = { setting = ["outside"] }',
        "HSP-001: applies: setting 'outside'",
    ),
    "an unknown provider kind": (
        GOOD + 'applies = { provider_kinds = ["klinik"] }',
        "HSP-001: applies: provider_kinds 'klinik'",
    ),
    "graded as a text": (GOOD + 'applies = { graded = "yes" }', "HSP-001: graded is not true or false"),
    "a part that is a text": (RULE + 'part = "x"', "HSP-001: part is not one or more"),
    "parts that are texts": (RULE + 'part = ["x"]', "HSP-001: part is not one or more"),
    "requires as a text": (GOOD + 'requires = "doctor"', "HSP-001: requires is not a list of texts"),
    "requires as a number": (GOOD + "requires = 3", "HSP-001: requires is not a list of texts"),
    "where as a number": (RULE + 'table = "line"\nwhere = 3', "HSP-001: where is not a text in quotes"),
    "an empty where": (RULE + 'table = "line"\nwhere = " "', "HSP-001: where is empty"),
    "where that is no yes or no": (
        RULE + 'table = "line"\nwhere = "line_code"',
        "HSP-001: where is of type VARCHAR, want BOOLEAN",
    ),
    "a field nobody has": (GOOD.replace('"hang"', '"hangg"'), "HSP-001: field 'hangg' is no column of line"),
    "detail as a number": (
        RULE + 'table = "line"\nwhere = "true"\ndetail = 3',
        "HSP-001: detail is not a text",
    ),
    "preempts as a text": (GOOD.replace("= []", '= "R:09-03"'), "HSP-001: preempts is not a list of texts"),
    "a reason twice": (
        GOOD.replace("= []", '= ["R:09-03", "R:09-03"]'),
        "HSP-001: preempts names 'R:09-03' twice",
    ),
    "no id": (GOOD.replace('id = "HSP-001"\n', ""), "no. 1: the id is not letters"),
    "our letters": (
        GOOD.replace("HSP-001", "SRC-900"),
        "SRC-900: ids that begin with SRC- are the product's",
    ),
    "a note that is a number": (GOOD + "note = 3", "HSP-001: note is not a text in quotes"),
    "a query as a number": (RULE + "query = 3", "HSP-001: query is not a text in quotes"),
    "an empty query": (RULE + "query = ''", "HSP-001: query is empty"),
    "two statements": (
        RULE + "query = 'SELECT statement_no FROM stmt; DROP TABLE stmt'",
        "HSP-001: the query is not one SELECT",
    ),
    "a query that deletes": (
        RULE + "query = 'DELETE FROM stmt RETURNING statement_no'",
        "HSP-001: the query is not one SELECT",
    ),
    "a query that writes a file": (
        RULE + "query = \"COPY stmt TO 'x.csv'\"",
        "HSP-001: the query is not one SELECT",
    ),
    "a query that reads a file": (
        RULE + "query = \"SELECT column0 AS statement_no FROM read_csv('/etc/passwd')\"",
        "HSP-001: does not fit the tables: Permission Error",
    ),
    "a line number that is text": (
        RULE + "query = \"SELECT statement_no, 'x' AS line_no FROM stmt\"",
        "HSP-001: line_no is of type VARCHAR, want BIGINT",
    ),
    "a statement number that is a number": (
        RULE + "query = 'SELECT 3 AS statement_no'",
        "HSP-001: statement_no is of type INTEGER, want VARCHAR",
    ),
    "a name as detail": (
        RULE + "query = 'SELECT statement_no, upper(patient_name) AS detail FROM stmt'",
        "HSP-001: detail would show the personal column 'patient_name'",
    ),
}


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "hospital"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(("text", "words"), ODD.values(), ids=ODD)
def test_an_odd_own_rule_is_refused(
    text: str, words: str, bare_scheme: Callable[..., Path], own: Path
) -> None:
    (own / "own.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DataFileError) as refused:
        load_catalogue([bare_scheme()], [own])
    assert refused.value.en.startswith(f"own.toml, rule {words}")
    place, _, reason = refused.value.ko.partition(": ")
    assert place.startswith("own.toml 파일의 규칙 ")
    assert HANGUL.search(reason)  # the reason itself, not only the frame around it


def test_a_file_that_is_not_utf8_is_refused(bare_scheme: Callable[..., Path], own: Path) -> None:
    (own / "own.toml").write_bytes(GOOD.encode("cp949"))
    with pytest.raises(DataFileError, match="it is not UTF-8") as refused:
        load_catalogue([bare_scheme()], [own])
    assert "UTF-8로 저장하세요" in refused.value.ko


def test_a_byte_order_mark_capital_letters_and_a_semicolon_do_no_harm(
    bare_scheme: Callable[..., Path], own: Path
) -> None:
    query = (
        GOOD.replace("HSP-001", "HSP-002").partition("table =")[0]
        + "query = 'SELECT statement_no FROM stmt;'"
    )
    (own / "OWN.TOML").write_bytes(b"\xef\xbb\xbf" + (GOOD + query).encode())
    assert [one.id for one in load_catalogue([bare_scheme()], [own]).rules] == ["HSP-001", "HSP-002"]


def test_a_detail_may_measure_what_is_not_personal(bare_scheme: Callable[..., Path], own: Path) -> None:
    query = (
        RULE
        + "query = \"SELECT statement_no, 'days ' || max(visit_days) AS detail FROM stmt GROUP BY patient_name, 1\""
    )
    (own / "own.toml").write_text(query, encoding="utf-8")
    assert len(load_catalogue([bare_scheme()], [own]).rules) == 1


def test_a_folder_that_is_not_there_or_holds_no_rules_is_no_empty_catalogue(
    bare_scheme: Callable[..., Path], own: Path
) -> None:
    with pytest.raises(UsageError, match="no rules folder"):
        load_catalogue([bare_scheme()], [own / "missing"])
    (own / "own.toml.txt").write_text(GOOD, encoding="utf-8")
    with pytest.raises(UsageError, match=r"holds no \.toml file"):
        load_catalogue([bare_scheme()], [own])


def test_ids_of_our_own_letters_are_refused_though_they_are_free(
    bare_scheme: Callable[..., Path], own: Path
) -> None:
    scheme = bare_scheme(days=GOOD.replace("HSP-001", "DAY-010"))
    (own / "own.toml").write_text(GOOD.replace("HSP-001", "DAY-999"), encoding="utf-8")
    with pytest.raises(DataFileError, match="ids that begin with DAY- are the product's"):
        load_catalogue([scheme], [own])
