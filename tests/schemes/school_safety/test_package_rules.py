"""Every named case of the package rules (tests/cases/school_safety), both ways for every rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from cheonggu.precheck import Catalogue, check, load_catalogue
from cheonggu.precheck.cases import Case, Outcome, load_bases, load_cases, run_cases, to_tables
from cheonggu.schemes import SCHEMES

FOLDER = Path(__file__).parents[2] / "cases" / "school_safety"
CASES = load_cases(FOLDER)
BASES = load_bases(FOLDER)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(SCHEMES["school_safety"].checks.rule_folders)


@pytest.fixture(scope="module")
def outcomes(catalogue: Catalogue) -> dict[str, Outcome]:
    """All cases run once."""
    return {one.case.label: one for one in run_cases(catalogue, BASES, CASES)}


@pytest.mark.parametrize("case", CASES, ids=lambda one: one.label)
def test_the_case_is_as_its_name_says(case: Case, outcomes: dict[str, Outcome]) -> None:
    assert outcomes[case.label].problem == ""


def test_the_clean_package_has_no_finding(catalogue: Catalogue) -> None:
    base = BASES["package"]
    result = check(catalogue, to_tables(catalogue, base.rows), on=base.on)
    assert result.findings.to_pylist() == []


def test_every_rule_has_a_case_that_fires_and_one_that_does_not(catalogue: Catalogue) -> None:
    rules = {one.id for one in catalogue.rules}
    assert {one.rule_id for one in CASES if one.fires_on} == rules
    assert {one.rule_id for one in CASES if not one.fires_on} == rules
