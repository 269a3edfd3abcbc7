"""Every named case of the package rules (tests/cases/school_safety), both ways for every rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from cheonggu.precheck import check, load_catalogue
from cheonggu.precheck.cases import Case, load_bases, load_cases, run_cases, to_tables
from cheonggu.schemes import SCHEMES

FOLDER = Path(__file__).parents[2] / "cases" / "school_safety"
CATALOGUE = load_catalogue(SCHEMES["school_safety"].checks.rule_folders)
CASES = load_cases(FOLDER)
BASES = load_bases(FOLDER)
OUTCOMES = {one.case.label: one for one in run_cases(CATALOGUE, BASES, CASES)}


@pytest.mark.parametrize("case", CASES, ids=lambda one: one.label)
def test_the_case_is_as_its_name_says(case: Case) -> None:
    assert OUTCOMES[case.label].problem == ""


def test_the_clean_package_has_no_finding() -> None:
    base = BASES["package"]
    result = check(CATALOGUE, to_tables(CATALOGUE, base.rows), on=base.on)
    assert result.findings.to_pylist() == []


def test_every_rule_has_a_case_that_fires_and_one_that_does_not() -> None:
    rules = {one.id for one in CATALOGUE.rules}
    assert {one.rule_id for one in CASES if one.fires_on} == rules
    assert {one.rule_id for one in CASES if not one.fires_on} == rules
