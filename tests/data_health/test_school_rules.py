"""The data of the school-accident scheme is sound: sourced, linked, within the vocabulary, every choice used."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from cheonggu.errors import DataFileError
from cheonggu.holidays import OVERRIDES, known_days, public_holidays
from cheonggu.schemes import SCHEMES
from cheonggu.schemes.school_safety import assessment_rules as rules
from cheonggu.schemes.school_safety.assessment_input import schema
from cheonggu.schemes.school_safety.assessment_names import normalise
from cheonggu.schemes.school_safety.data import HOME, RULES, read_csv, read_entries
from cheonggu.schemes.school_safety.deadlines import (
    decision_end,
    end_of_days,
    end_of_years,
    limit_years,
    move_on,
)
from cheonggu.schemes.school_safety.forms import FORMS, check_entry, form_fields
from cheonggu.schemes.school_safety.states import AccidentState
from tests.schemes.school_safety.case_files import load_cases

BOOK = rules.load_book()
SETTINGS = rules.load_settings()
NAMES = read_csv(rules.NAMES)
PAPERS = read_csv(rules.DOCUMENTS)
FACTS = schema()["properties"]
CATEGORIES = set(FACTS["items"]["items"]["properties"]["line_cat"]["enum"])
EFFICACIES = set(FACTS["items"]["items"]["properties"]["efficacy_class"]["enum"])
SPOKEN = [*BOOK.coverage, *BOOK.gates, *BOOK.totals.values()]


def test_every_open_point_has_a_setting() -> None:
    assert {one.amb for one in SETTINGS.values()} == {f"AMB-{number:02}" for number in range(1, 28)}


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda one: one.name)
def test_every_other_choice_is_tried_in_a_case(setting: rules.Setting) -> None:
    """A reading one can choose must do something; the clock's is tried below."""
    tried = {str(case.settings[setting.name]) for case in load_cases() if setting.name in case.settings}
    regions = {case.region for case in load_cases()}
    tried |= {str(rules.load_profile(region)[setting.name]) for region in regions}
    if setting.name in ("decision_day_on_holiday", "document_threshold_won", "certificate_fee_threshold_won"):
        return
    wanted = set(setting.choices or (str(setting.default), "119999"))
    assert wanted <= tried | {str(setting.default)}


@pytest.mark.parametrize("one", SPOKEN, ids=lambda one: one["id"])
def test_a_rule_speaks_korean_and_english_and_names_its_source(one: dict[str, Any]) -> None:
    for text in (one["label_ko"], one["ko"]):
        assert re.search("[가-힣]", text)
    assert not re.search("[가-힣]", one["en"])
    assert one["source"]
    for said in (one.get("missing"), one.get("count", {}).get("exceeded")):
        if said:
            assert re.search("[가-힣]", said["ko"])
            assert not re.search("[가-힣]", said["en"])


def test_no_id_stands_in_two_files() -> None:
    ids = [one["id"] for one in SPOKEN] + [row["rule_id"] for row in PAPERS]
    assert len(set(ids)) == len(ids)


def test_names_are_of_the_vocabulary_and_none_stands_twice() -> None:
    assert {row["line_cat"] for row in NAMES} <= CATEGORIES
    assert {row["efficacy_class"] for row in NAMES} <= EFFICACIES | {""}
    assert {row["role"] for row in NAMES} <= rules.NAME_ROLES
    printed = {row["name"] for row in NAMES}
    assert {row["of"] for row in NAMES if row["of"]} <= printed
    assert len(printed) == len(NAMES)
    seen: dict[str, str] = {}
    for word, row in zip(normalise(pa.array([row["name"] for row in NAMES])).to_pylist(), NAMES, strict=True):
        assert len(word) >= 2
        assert seen.setdefault(word, row["line_cat"]) == row["line_cat"]


def test_every_category_of_the_guide_is_in_a_rule() -> None:
    whens = " ".join(one["when"] for one in BOOK.coverage)
    assert {
        one for one in CATEGORIES - {"OTHER", "TEST", "MATERIAL", "INJECTION"} if f"'{one}'" not in whens
    } == set()
    assert {row["line_cat"] for row in NAMES} >= {"TEST", "MATERIAL", "INJECTION"}


def test_regions_and_papers_know_each_other() -> None:
    named = {region for row in PAPERS for region in row["regions"].split() if region != "all"}
    assert named == set(rules.list_regions())
    for region in rules.list_regions():
        assert rules.load_profile(region, date(2026, 11, 22)).documents


def test_the_status_of_a_notice_is_one_of_its_states() -> None:
    assert FACTS["accident_status"]["enum"] == [one.value for one in AccidentState]


@pytest.mark.parametrize("form", sorted(path.stem for path in FORMS.glob("*.csv")))
def test_a_form_is_numbered_and_labelled(form: str) -> None:
    fields = form_fields(form)
    assert len({one.name for one in fields}) == len(fields)
    assert all(re.search("[가-힣]", one.name_ko) for one in fields)


def test_codes_of_the_forms_are_those_of_the_vocabulary() -> None:
    notice = {one.name: one for one in form_fields("accident_notice")}
    claim = {one.name: one for one in form_fields("benefit_claim")}
    assert list(notice["activity_kind"].codes) == FACTS["activity_kind"]["enum"]
    for name in ("case_kind", "benefit_kind", "claim_stage", "claimant_role"):
        assert list(claim[name].codes) == FACTS[name]["enum"]
    assert [*claim["victim_role"].codes, "third_party"] == FACTS["victim_role"]["enum"]


def test_an_entry_says_what_it_lacks() -> None:
    problems = {
        one.field: one.code for one in check_entry("accident_notice", {"victim_role": "teacher", "writer": 3})
    }
    assert problems["school_id"] == "missing"
    assert problems["victim_role"] == "unknown_code"
    assert problems["writer"] == "wrong_type"
    assert "accident_no" not in problems  # given by the portal
    assert "victim_grade" not in problems  # depends on the role


def test_a_claim_amount_is_a_whole_number_of_won() -> None:
    for value, expected in ((500_000, None), ("500,000", "wrong_type"), (True, "wrong_type")):
        found = {one.field: one.code for one in check_entry("benefit_claim", {"claim_amount": value})}
        assert found.get("claim_amount") == expected


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2023-03-06", "2026-03-06"),
        ("2023-03-14", "2026-03-16"),  # Saturday
        ("2023-03-01", "2026-03-03"),  # Sunday, holiday, substitute holiday
        ("2024-02-29", "2027-03-02"),  # 28 February is a Sunday, 1 March a holiday
        ("2020-02-29", "2023-02-28"),
        ("2028-03-06", None),
    ],
)
def test_end_of_three_years(start: str, end: str | None) -> None:
    found = end_of_years(date.fromisoformat(start), limit_years(date(2026, 11, 22)))
    assert found == (end and date.fromisoformat(end))


def test_the_association_s_days_move_on_only_by_the_setting() -> None:
    saturday = date(2026, 11, 21)
    stays, moves = rules.load_profile(), rules.load_profile(switches={"decision_day_on_holiday": "moves"})
    assert decision_end(date(2026, 11, 7), 14, stays) == saturday
    assert decision_end(date(2026, 11, 7), 14, moves) == date(2026, 11, 23)
    assert end_of_days(date(2026, 11, 7), 13, moves=True) == date(2026, 11, 20)


def test_an_end_is_unknown_outside_the_days_whose_holidays_are_known() -> None:
    first, last = known_days()
    assert first <= date(2015, 1, 1)
    assert move_on(last + timedelta(1)) is None
    assert move_on(first - timedelta(1)) is None
    assert all(move_on(date(year, 1, 1)) != date(year, 1, 1) for year in range(first.year, last.year + 1))


def test_the_days_of_both_schemes_are_the_same_object() -> None:
    """A temporary holiday is written once, and every scheme knows it."""
    assert {one.answers.public_holidays for one in SCHEMES.values()} == {public_holidays}
    assert list(HOME.parents[1].rglob("*holiday*.csv")) == [OVERRIDES]


COVERAGE = """
[[rule]]
id = "A"
label_ko = "가"
when = "true"
decision = "pay"
reason_code = "X"
ko = "가"
en = "a"
source = "s"
confidence = "seed"
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('decision = "pay"', 'decision = "perhaps"', "A: 'perhaps' is no decision"),
        ('decision = "pay"', 'decision = "@nothing"', "@nothing is no setting"),
        ('decision = "pay"', 'decision = "@glasses_cap_won"', "is no setting with choices"),
        ('confidence = "seed"', 'confidence = "sure"', "'sure' is no confidence"),
        ('source = "s"\n', "", "lacks source"),
        ('when = "true"\n', "", "lacks when"),
        ('en = "a"', 'en = "a"\ncount = { by = [] }', "exceeded need decision|count needs"),
        ('en = "a"', 'en = "a"\nmissing = { decision = "hold" }', "need decision, reason_code"),
        ('en = "a"', 'en = "a"\nvalid_from = 2026-01-02\nvalid_to = 2026-01-01', "ends before it begins"),
        ('label_ko = "가"', "label_ko = ", "cannot be read as TOML"),
    ],
)
def test_an_odd_rule_is_refused_with_its_place(tmp_path: Path, old: str, new: str, words: str) -> None:
    path = tmp_path / "coverage.toml"
    path.write_text(COVERAGE.replace(old, new), encoding="utf-8")
    with pytest.raises(DataFileError, match=words) as caught:
        rules.load_book(path)
    assert "coverage.toml" in str(caught.value)


def test_a_rule_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "coverage.toml"
    path.write_text(COVERAGE * 2, encoding="utf-8")
    with pytest.raises(DataFileError, match="A: stands twice"):
        rules.load_book(path)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('is = "c"\nchoices = ["a", "b"]', "is not among its choices"),
        ('is = "c"', "needs choices, or an amount"),
        ("is = 3", "needs choices, or an amount"),
    ],
)
def test_an_odd_setting_is_refused(tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "settings.toml"
    head = '[[setting]]\nname = "n"\namb = "AMB-01"\nmeaning = "m"\nsource = "s"\nconfidence = "seed"\n'
    path.write_text(head + line, encoding="utf-8")
    with pytest.raises(DataFileError, match=words):
        rules.load_settings(path)


def test_a_gate_with_an_unknown_effect_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "gates.toml"
    text = COVERAGE.replace("[[rule]]", "[[gate]]").replace('decision = "pay"', 'effect = "maybe"')
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataFileError, match="'maybe' is no effect"):
        rules.load_book(gates=path)


def test_a_short_csv_row_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_text("name,confidence\n안경\n", encoding="utf-8")
    with pytest.raises(DataFileError, match=r"names\.csv.*2"):
        read_csv(path)


def test_toml_entries_of_the_data_are_read_by_their_loaders() -> None:
    kinds = {"notice": ("duty", "route"), "signature_request": ("message",)}
    for stem, names in kinds.items():
        raw = tomllib.loads((RULES / f"{stem}.toml").read_text(encoding="utf-8"))
        for name in names:
            assert len(read_entries(RULES / f"{stem}.toml", name, set())) == len(raw[name])


def test_the_schema_file_is_written_as_json_is() -> None:
    text = (RULES / "input.schema.json").read_text(encoding="utf-8")
    assert text == json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"
