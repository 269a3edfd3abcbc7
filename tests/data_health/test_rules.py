"""The rule catalogue is sound: complete, cited, linked with the code lists both ways, and its page is fresh."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

import duckdb
import pytest

import cheonggu
from cheonggu.codes import CodeLists
from cheonggu.dated import load_series
from cheonggu.precheck import SHARED_RULES
from cheonggu.precheck.catalogue import PREEMPT_LISTS, Catalogue, Rule, load_catalogue, read_rules
from cheonggu.precheck.docs import write_page
from cheonggu.precheck.formats import Version, pattern, versions
from cheonggu.schemes import SCHEMES

ROOT = Path(cheonggu.__file__).parents[1]
HIRA = ROOT / "cheonggu" / "schemes" / "hira"
# How many rules of each family the pre-check list of the project has.
FAMILIES = {
    "FILE": 10, "HDR": 36, "GRD": 17, "PAT": 16, "MA": 18, "VET": 9, "DAY": 22, "DX": 24, "LIC": 10, "LINE": 60,
    "SYM": 36, "AMT": 20, "RX": 12, "DTL": 14, "RES": 13, "XST": 14, "DES": 9, "PAIR": 10,
}  # fmt: skip
SOURCES = re.compile(r"(S\d{1,2})(,S\d{1,2})*")


@cache
def catalogue() -> Catalogue:
    return load_catalogue(SCHEMES["hira"].checks.rule_folders)


# As written: every process that only collects the tests would plan them otherwise.
READ = read_rules(SCHEMES["hira"].checks.rule_folders)
RULES = tuple(one for one in READ if one.file != "overlap.toml")
SHARED = tuple(one for one in READ if one.file == "overlap.toml")
VALUES = sorted((HIRA / "rules" / "values").glob("*.toml"))
FORMATS = versions([one.row for one in CodeLists(HIRA / "codes").rows("special_detail")], {})


def test_all_350_rules_are_there_numbered_without_gaps() -> None:
    assert Counter(one.id.partition("-")[0] for one in RULES) == FAMILIES
    assert sum(FAMILIES.values()) == 350
    numbers: dict[str, list[int]] = {}
    for one in RULES:
        family, _, number = one.id.partition("-")
        numbers.setdefault(family, []).append(int(number))
    assert {family: sorted(own) for family, own in numbers.items()} == {
        family: list(range(1, count + 1)) for family, count in FAMILIES.items()
    }


def test_every_scheme_of_one_ledger_has_the_shared_rules() -> None:
    assert {one.id for one in SHARED} == {"OVL-001"}
    for scheme in SCHEMES.values():
        assert SHARED_RULES in scheme.checks.rule_folders
        assert scheme.targets.find_visits is not None


@pytest.mark.parametrize("rule", RULES, ids=lambda one: one.id)
def test_a_rule_speaks_korean_and_english_and_names_its_source(rule: Rule) -> None:
    for text in (rule.message_ko, rule.fix_ko, rule.basis):
        assert re.search("[가-힣]", text)
    for text in (rule.message_en, rule.fix_en):
        assert not re.search("[가-힣]", text)
    assert SOURCES.fullmatch(rule.source)
    assert rule.fix_ko.endswith(".")
    assert rule.fix_en.endswith(".")


def test_rules_and_reasons_link_to_each_other() -> None:
    named = {(rule.id, code) for rule in RULES for code in rule.preempts}
    linked = {
        (rule_id, f"{sort}:{row.key}")
        for sort, name in PREEMPT_LISTS.items()
        for row in catalogue().codes.rows(name)
        for rule_id in row.row["precheck_ids"].split()
    }
    assert named == linked


def test_no_condition_is_a_stub() -> None:
    trivial = re.compile(r"\s*(true|false|1\s*=\s*[01]|NULL)\s*", re.IGNORECASE)
    for rule in RULES:
        for part in rule.parts:
            assert not trivial.fullmatch(part.where or part.query)
            assert not re.search(
                r"\b(WHERE|AND|OR) (true|false)\b", f"{part.where} {part.query}", re.IGNORECASE
            )


def test_a_rule_of_the_whole_claim_names_no_statement() -> None:
    for rule in RULES:
        if rule.scope == "header":
            for part in rule.parts:
                assert part.table == "header" or part.query.count("NULL AS statement_no") == 1, rule.id


def test_every_optional_table_is_asked_by_some_rule() -> None:
    asked = {name for rule in (*RULES, *SHARED) for name in rule.requires} - {"finding"}
    assert {one.name for one in catalogue().tables.optional} == asked


def test_personal_columns_are_marked() -> None:
    marked = catalogue().tables.personal_columns
    assert {"patient_rrn", "patient_name", "subscriber_name", "insurance_card_no", "detail_text"} <= marked


@pytest.mark.parametrize("path", VALUES, ids=lambda one: one.stem)
def test_a_dated_value_can_be_read_and_holds_today(path: Path) -> None:
    series = load_series(path)
    newest = series.values[-1]
    assert newest.last is None
    assert series.confidence in ("official", "secondary", "unverified", "ours")
    assert re.search(r"\S{3}", series.meaning)


@pytest.mark.parametrize("version", FORMATS, ids=lambda one: f"{one.code} {one.first}")
def test_the_format_of_every_special_detail_gives_a_checker(version: Version) -> None:
    assert duckdb.execute("SELECT regexp_full_match('', ?)", [pattern(version)]).fetchall() == [(False,)] or (
        version.format.upper().startswith("X(")
    )


def test_the_page_of_finding_codes_is_fresh() -> None:
    written = (ROOT / "docs" / "finding-codes.md").read_text(encoding="utf-8")
    assert written == write_page(catalogue(), ROOT / "schemas" / "shape_rules.toml"), (
        "run python -m cheonggu.precheck.docs docs/finding-codes.md schemas/shape_rules.toml"
    )
