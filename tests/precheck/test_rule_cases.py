"""Every named case of tests/cases/hira, and what they must cover together."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from cheonggu.precheck import check
from cheonggu.precheck.cases import Base, Case, Outcome, load_bases, load_cases, run_cases, to_tables
from cheonggu.precheck.catalogue import Catalogue

FOLDER = Path(__file__).parents[1] / "cases" / "hira"
ALL = load_cases(FOLDER)
BASES = sorted(load_bases(FOLDER))


@pytest.fixture(scope="module")
def outcomes(catalogue: Catalogue, bases: dict[str, Base]) -> dict[str, Outcome]:
    """All cases run once, two at a time."""
    return {one.case.label: one for one in run_cases(catalogue, bases, ALL)}


@pytest.mark.parametrize("case", ALL, ids=lambda one: one.label)
def test_the_case_is_as_its_name_says(case: Case, outcomes: dict[str, Outcome]) -> None:
    assert outcomes[case.label].problem == ""


@pytest.mark.parametrize("name", BASES)
def test_a_clean_claim_has_no_finding(name: str, catalogue: Catalogue, bases: dict[str, Base]) -> None:
    base = bases[name]
    result = check(catalogue, to_tables(catalogue, base.rows), on=base.on)
    assert result.findings.to_pylist() == []
    assert not [one for one in result.not_checked if "absent" not in one[1]]


def test_every_rule_has_a_case_that_fires_and_one_that_does_not(catalogue: Catalogue) -> None:
    rules = {one.id for one in catalogue.rules}
    assert {one.rule_id for one in ALL if one.fires_on} == rules
    assert {one.rule_id for one in ALL if not one.fires_on} == rules


def test_no_two_cases_have_the_same_name() -> None:
    labels = [one.label for one in ALL]
    assert len(set(labels)) == len(labels)


def test_no_finding_of_any_case_shows_a_name_or_number_of_a_patient(
    outcomes: dict[str, Outcome], bases: dict[str, Base]
) -> None:
    columns = ("patient_name", "subscriber_name", "patient_rrn", "insurance_card_no")
    personal = {row[name] for base in bases.values() for row in base.rows["stmt"] for name in columns} - {""}
    personal |= {one[:6] for one in personal if len(one) == 13 and one.isdigit()}
    texts = [
        row[name] or ""
        for outcome in outcomes.values()
        for row in outcome.findings.to_pylist()
        for name in ("field", "detail", "file", "message_ko", "message_en")
    ]
    assert not [text for text in texts if any(one in text for one in personal)]


def test_every_base_claim_is_checked_on_a_day_after_its_care(bases: dict[str, Base]) -> None:
    assert all(base.on > date(2026, 2, 28) for base in bases.values())
