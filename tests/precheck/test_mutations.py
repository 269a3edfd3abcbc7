"""One planted defect at a time in a clean claim, all rules run: the rule meant fires, others only where listed."""

from __future__ import annotations

from pathlib import Path

import pytest

from cheonggu.errors import DataFileError
from cheonggu.precheck.cases import Base, load_cases
from cheonggu.precheck.catalogue import Catalogue
from cheonggu.precheck.mutations import (
    ALSO_FILE,
    ANY_RULE,
    Mutant,
    judge_rules,
    read_also_fires,
    run_mutations,
)

FOLDER = Path(__file__).parents[1] / "cases" / "hira"
ALSO = read_also_fires(FOLDER)
ALL = load_cases(FOLDER)
EVERY = 15  # of the failing cases the ordinary run plants one in so many


def test_some_planted_defects_fire_as_listed(catalogue: Catalogue, bases: dict[str, Base]) -> None:
    some = [one for one in ALL if one.fires_on][::EVERY]
    rules = {one.rule_id for one in some}
    mutants = run_mutations(catalogue, bases, [one for one in ALL if one.rule_id in rules], ALSO)
    assert judge_rules(mutants) == {}
    assert {one.case.rule_id for one in mutants} == rules


@pytest.mark.long
def test_every_rule_has_a_planted_defect_that_fires_as_listed(
    catalogue: Catalogue, bases: dict[str, Base]
) -> None:
    mutants = run_mutations(catalogue, bases, ALL, ALSO)
    assert judge_rules(mutants) == {}
    assert {one.case.rule_id for one in mutants} == {one.id for one in catalogue.rules}


def test_an_unseen_and_an_unlisted_defect_are_named() -> None:
    case = next(one for one in ALL if one.rule_id == "DAY-010" and one.fires_on)
    unseen = Mutant(case, frozenset(), frozenset())
    assert "its own rule does not fire" in judge_rules([unseen])["DAY-010"]
    unlisted = Mutant(case, frozenset({"DAY-010", "PAT-001"}), frozenset({"PAT-001"}))
    assert "also fires PAT-001" in judge_rules([unlisted])["DAY-010"]


def test_what_is_listed_names_rules_that_exist(catalogue: Catalogue) -> None:
    known = {one.id for one in catalogue.rules}
    assert set(ALSO) - {ANY_RULE} <= known
    assert {other for others in ALSO.values() for other in others} <= known


@pytest.mark.parametrize(
    "record", ['fires = "A-001"\nwith = ["A-002"]\nreason = " "', 'fires = "A-001"\nreason = "x"']
)
def test_a_listed_rule_needs_its_reason(record: str, tmp_path: Path) -> None:
    (tmp_path / ALSO_FILE).parent.mkdir()
    (tmp_path / ALSO_FILE).write_text(f"[[also]]\n{record}\n", encoding="utf-8")
    with pytest.raises(DataFileError, match="record 1: wants fires, with and a reason"):
        read_also_fires(tmp_path)
