"""The engine and the slow reference agree on random statements: same refusals, same amounts, same rules."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from cheonggu.schemes.hira.amounts import AMOUNTS, compute_amounts
from tests.amounts import reference
from tests.amounts.random_statements import as_tables, draw_lines, draw_statement


def compare(count: int, seed: int) -> int:
    """Draw, compute both ways, compare all; gives how many were computable."""
    random = Random(seed)
    statements = [draw_statement(random) for _ in range(count)]
    lines = [draw_lines(random, one) for one in statements]
    rows = compute_amounts(*as_tables(statements, lines), with_text=False).to_pylist()
    computable = 0
    for facts, some, row in zip(statements, lines, rows, strict=True):
        answer = ask(facts, some)
        assert (answer is None) == (row["not_computable"] is not None), (facts, some, row)
        if answer is not None:
            computable += 1
            check(answer, row, facts)
    return computable


def ask(facts: dict[str, Any], lines: list[dict[str, Any]]) -> dict[str, Any] | None:
    try:
        return reference.compute(facts, lines)
    except reference.RefusedError:
        return None


def check(answer: dict[str, Any], row: dict[str, Any], facts: dict[str, Any]) -> None:
    wanted = {name: answer[name] for name in (*AMOUNTS, "type_addition")}
    assert {name: row[name] for name in wanted} == wanted, facts
    assert {answer["rule"], *answer["carved"]} <= set(row["rule_ids"].split()), facts


def test_agree_on_three_thousand() -> None:
    assert compare(3_000, seed=20261122) > 1_000


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10))
def test_agree_on_a_hundred_thousand(seed: int) -> None:
    assert compare(10_000, seed) > 4_000
