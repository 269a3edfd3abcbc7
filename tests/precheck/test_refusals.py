"""Each broken rule file is refused with the words its first line names; so are the tables and words beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cheonggu.errors import DataFileError
from cheonggu.precheck.cases import Base, Case, change_rows, load_cases
from cheonggu.precheck.catalogue import Catalogue, load_catalogue

BROKEN = sorted((Path(__file__).parent / "broken").glob("*.toml"))
GOOD = BROKEN[0].parent / "taken_id.toml"


@pytest.mark.parametrize("path", BROKEN, ids=lambda one: one.stem)
def test_a_broken_rule_file_is_refused_with_file_rule_and_reason(
    path: Path, bare_scheme: Callable[..., Path], tmp_path: Path
) -> None:
    first, _, text = path.read_text(encoding="utf-8").partition("\n")
    words = first.removeprefix("# refused with: ")
    others = {"days": text} if path.stem == "taken_id" else {}
    scheme = bare_scheme(**others)
    own = tmp_path / "hospital"
    own.mkdir()
    (own / path.name).write_text(text, encoding="utf-8")
    with pytest.raises(DataFileError) as refused:
        load_catalogue([scheme], [own])
    assert refused.value.en.startswith(f"{path.name}, rule {words}")
    assert path.name in refused.value.ko


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("stmt,core,statement_no,,statement_no,,", "stmt,core,statement_no,,place,,", "role is 'place'"),
        ("closed_day,optional,care_on,date", "closed_day,optional,care_on,day", "type is 'day'"),
        ("closed_day,optional,care_on", "closed_day,maybe,care_on", "use is 'maybe'"),
        ("closed_day,optional,care_on", "closed_day,core,care_on", "closed_day is both core and optional"),
        ("stmt,core,*,@A", "stmt,core,*,@Q", "no layout has record 'Q'"),
        ("stmt,core,patient_name,,,Y,", "stmt,core,patient_name,text,,Y,", "patient_name is declared twice"),
    ],
)
def test_an_odd_table_list_is_refused_with_its_row(
    old: str, new: str, words: str, bare_scheme: Callable[..., Path]
) -> None:
    folder = bare_scheme()
    path = folder / "tables.csv"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataFileError, match=rf"· tables.csv, row \d+: {words}"):
        load_catalogue([folder])


@pytest.mark.parametrize("text", ["CREATE TABLE visit AS SELECT nothing FROM stmt;", "CREATE TABEL visit;"])
def test_odd_prepared_words_are_refused(text: str, bare_scheme: Callable[..., Path]) -> None:
    rule = GOOD.read_text(encoding="utf-8").replace('table = "stmt"', 'table = "visit"')
    folder = bare_scheme(own=rule)
    (folder / "prepared.sql").write_text(text, encoding="utf-8")
    with pytest.raises(DataFileError, match=r"^prepared\.sql"):
        load_catalogue([folder])


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ('rule = "X-001"\nname = "x"\nbase = "x"\nchange = []', "case 1: key 'fires_on'"),
        (
            'rule = "X-001"\nname = "x"\nbase = "x"\nchange = []\nfires_on = []\nwhy = "x"',
            "case 1: key 'why'",
        ),
    ],
)
def test_an_odd_case_is_refused(record: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "odd.toml").write_text(f"[[case]]\n{record}\n", encoding="utf-8")
    with pytest.raises(DataFileError, match=f"· odd.toml, {words}"):
        load_cases(tmp_path)


@pytest.mark.parametrize("text", ["[[cases]]", "case = 3", "not toml", 'case = ["x"]'])
def test_a_case_file_without_cases_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "odd.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DataFileError, match=r"^odd\.toml"):
        load_cases(tmp_path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("stmt 00001 visit_days: 2", "'visit_days: 2' is not column = value"),
        ("stmt 00001 visit_days = 2 benefit_days 3", "visit_days wants int"),
        ("stmt 00001 visit_days = two", "visit_days wants int"),
        ("stmt 00001 visit_day = 2", "no column 'visit_day'"),
    ],
)
def test_a_change_that_would_change_nothing_is_refused(
    change: str, words: str, catalogue: Catalogue, bases: dict[str, Base]
) -> None:
    case = Case("DAY-010", "x", "clinic", (change,), (), "odd.toml")
    with pytest.raises(DataFileError, match=words):
        change_rows(catalogue, bases["clinic"].rows, case)
