"""Mutation run: one planted defect at a time in a clean claim, all rules run, and which of them fired.

Every failing case of a rule is such a defect, and the rule itself must fire on each. For every rule there is a defect
on which others fire only where ``mutations/also_fires.toml`` below the cases says so: ``[[also]]`` records with
``fires`` (the other rule), ``with`` (the rules whose defects it fires on, ``"*"`` for all) and ``reason``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cheonggu.errors import DataFileError
from cheonggu.precheck.cases import Base, Case, change_rows, to_tables
from cheonggu.precheck.engine import Checker
from cheonggu.precheck.model import Catalogue
from cheonggu.precheck.pool import map_checked

ALSO_FILE = Path("mutations") / "also_fires.toml"
ANY_RULE = "*"
ALSO_KEYS = {"fires", "with", "reason"}


@dataclass(frozen=True)
class Mutant:
    """What one planted defect gave: ``fired`` all rules, ``unexpected`` those neither meant nor listed."""

    case: Case
    fired: frozenset[str]
    unexpected: frozenset[str]

    @property
    def problem(self) -> str:
        if self.case.rule_id not in self.fired:
            return "its own rule does not fire"
        return f"also fires {', '.join(sorted(self.unexpected))}" if self.unexpected else ""


def read_also_fires(folder: Path) -> dict[str, frozenset[str]]:
    """Rule → other rules its defects may fire; DataFileError for an odd record or one without reason."""
    path = folder / ALSO_FILE
    if not path.is_file():
        return {}
    listed: dict[str, set[str]] = {}
    for number, raw in enumerate(tomllib.loads(path.read_text(encoding="utf-8"))["also"], start=1):
        if set(raw) != ALSO_KEYS or not str(raw["reason"]).strip() or not raw["with"]:
            raise DataFileError(
                f"{path.name}, record {number}: wants fires, with and a reason.",
                f"{path.name} 파일 {number}번: fires, with, reason 항목이 모두 있어야 합니다.",
            )
        for rule_id in raw["with"]:
            listed.setdefault(rule_id, set()).add(raw["fires"])
    return {rule_id: frozenset(others) for rule_id, others in listed.items()}


def run_mutations(
    catalogue: Catalogue,
    bases: Mapping[str, Base],
    cases: Iterable[Case],
    also: Mapping[str, frozenset[str]],
    threads: int = 2,
) -> list[Mutant]:
    """Plant the defect of every failing case in its clean claim and run the whole catalogue over it."""

    def run_one(checker: Checker, case: Case) -> Mutant:
        base = bases[case.base]
        tables = to_tables(catalogue, change_rows(catalogue, base.rows, case))
        fired = frozenset(checker.check(tables, on=base.on).findings["rule_id"].to_pylist())
        expected = {case.rule_id} | also.get(case.rule_id, frozenset()) | also.get(ANY_RULE, frozenset())
        return Mutant(case, fired, fired - expected)

    planted: Sequence[Case] = [one for one in cases if one.fires_on]
    return list(map_checked(catalogue, run_one, planted, threads=threads))


def judge_rules(mutants: Iterable[Mutant]) -> dict[str, str]:
    """Rule → what is wrong: its defect goes unseen, or each of its defects also fires what is not listed."""
    by_rule: dict[str, list[Mutant]] = {}
    for one in mutants:
        by_rule.setdefault(one.case.rule_id, []).append(one)
    problems: dict[str, str] = {}
    for rule_id, own in by_rule.items():
        unseen = [one for one in own if rule_id not in one.fired]
        best = min(own, key=lambda one: len(one.unexpected))
        if unseen or best.problem:
            worst = unseen[0] if unseen else best
            problems[rule_id] = f"{worst.case.name}: {worst.problem}"
    return problems
