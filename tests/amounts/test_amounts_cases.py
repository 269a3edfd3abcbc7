"""Every readable case, against the engine and against the slow reference."""

from __future__ import annotations

from typing import Any

import pytest

from cheonggu.schemes.hira.amounts import compute_amounts
from tests.amounts import reference
from tests.amounts.case_files import Case, load_cases
from tests.amounts.random_statements import as_tables

CASES = load_cases()


@pytest.fixture(scope="module")
def computed() -> dict[str, dict[str, Any]]:
    """The engine's answer to all cases, in one run."""
    statements, lines = as_tables([one.facts for one in CASES], [one.lines for one in CASES])
    rows = compute_amounts(statements, lines).to_pylist()
    return {case.name: row for case, row in zip(CASES, rows, strict=True)}


def test_at_least_three_hundred_cases() -> None:
    assert len(CASES) >= 300


@pytest.mark.parametrize("case", CASES, ids=lambda one: f"{one.file}: {one.name}")
def test_case(case: Case, computed: dict[str, dict[str, Any]]) -> None:
    row = computed[case.name]
    got = {name: row[name] for name in case.expect if name != "rule"}
    assert got == {name: value for name, value in case.expect.items() if name != "rule"}, row["reason_en"]
    if "rule" in case.expect:
        assert case.expect["rule"] in row["rule_ids"].split()


@pytest.mark.parametrize("case", CASES, ids=lambda one: f"{one.file}: {one.name}")
def test_reference_agrees_with_case(case: Case) -> None:
    if "not_computable" in case.expect:
        with pytest.raises(reference.RefusedError):
            reference.compute(dict(case.facts), case.lines)
        return
    found = reference.compute(dict(case.facts), case.lines)
    wanted = {name: value for name, value in case.expect.items() if name != "rule"}
    assert {name: found[name] for name in wanted} == wanted
