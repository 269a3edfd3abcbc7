"""Every readable case, through the vocabulary, against the engine; cases of one region and settings in one run."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cheonggu.commands.school import answer_claims
from cheonggu.schemes.school_safety.assessment import explain, load_profile
from cheonggu.schemes.school_safety.assessment_input import read_claim
from cheonggu.schemes.school_safety.assessment_rules import load_book
from tests.schemes.school_safety.case_files import Case, load_cases

CASES = load_cases()


@pytest.fixture(scope="module")
def answers() -> dict[str, dict[str, Any]]:
    groups: dict[str, list[Case]] = {}
    for one in CASES:
        groups.setdefault(json.dumps([one.region, one.settings, str(one.on)]), []).append(one)
    found = {}
    for group in groups.values():
        first = group[0]
        profile = load_profile(first.region, first.on, first.settings)
        rows = answer_claims([read_claim(one.text) for one in group], profile, first.on)
        found |= {case.name: row for case, row in zip(group, rows, strict=True)}
    return found


def used_rules(answer: dict[str, Any]) -> set[str]:
    """Every id the answer names: sum, lines, gates and papers asked for."""
    ids = set(answer["rule_ids"])
    for item in answer["items"]:
        ids |= set(item["rule_ids"])
    ids |= {gate["rule_id"] for gate in answer["gates"]}
    return ids | {paper["rule_id"] for paper in answer["papers"]}


@pytest.mark.parametrize("case", CASES, ids=lambda one: f"{one.file}: {one.name}")
def test_case(case: Case, answers: dict[str, dict[str, Any]]) -> None:
    answer, expect = answers[case.name], case.expect
    lines = [f"{one['decision']} {_shown(one):,} {one['reason_code']}" for one in answer["items"]]
    got: dict[str, Any] = {
        "lines": lines,
        "payable": answer["payable_won"],
        "held": answer["held_won"],
        "review": answer["review_won"],
        "claimed": answer["claimed_won"],
        "outcome": answer["outcome"],
        "time_limit": answer["time_limit"],
        "missing": sorted({one["document_code"] for one in answer["papers"] if not one["is_present"]}),
        "discretionary": [one["is_discretionary"] for one in answer["items"]],
    }
    wanted = {name: value for name, value in expect.items() if name not in ("rules", "without")}
    if "missing" in wanted:
        wanted["missing"] = sorted(wanted["missing"])
    assert {name: got[name] for name in wanted} == wanted
    used = used_rules(answer)
    assert used >= set(expect.get("rules", []))
    if case.rule in expect.get("without", []):
        assert used.isdisjoint(expect["without"])
    else:
        assert case.rule in used
        assert used.isdisjoint(expect.get("without", []))


def _shown(item: dict[str, Any]) -> int:
    """The amount that belongs to the decision."""
    column = {"hold": "payable_if_cured_won", "review": "payable_max_won"}.get(
        item["decision"], "payable_won"
    )
    return int(item[column])


@pytest.mark.parametrize("rule", sorted({one.rule for one in CASES}))
def test_the_rule_of_a_case_can_be_explained(rule: str) -> None:
    facts = explain(rule)
    assert facts["id"] == rule
    assert facts["source"]
    assert facts["confidence"]


def test_every_rule_and_gate_has_a_case() -> None:
    book = load_book()
    ids = {one["id"] for one in (*book.coverage, *book.gates)}
    assert ids - {one.rule for one in CASES} == set()


def test_at_least_two_hundred_cases() -> None:
    assert len(CASES) >= 200
