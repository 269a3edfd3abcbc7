"""The pre-check measured: the whole catalogue over a million statements, and thirty rules in three ways.

``python -m benchmarks.precheck --statements 1000000``: claims of ``--claim`` statements (a claim can hold no more than
its serials allow), made one after the other; making them is not counted, taking
them over from Arrow is, for each of the three. Thirty representative rules are run by the
engine, as plain vectorised pandas and, over ``--rows`` statements of the first claim, row by row: that time is scaled
up to the whole. The three must find the same. The bars compare CPU seconds of one process, since wall
time on a shared machine says more about the neighbours; peak memory is the process's.
"""

from __future__ import annotations

import argparse
import gc
import resource
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks import precheck_pandas, precheck_rows
from benchmarks.precheck_data import AS_OF, claims, make_pattern, serials
from cheonggu.precheck import Catalogue, CheckResult, check, load_catalogue
from cheonggu.schemes import SCHEMES

HOW: dict[str, Any] = {"on": AS_OF, "threads": 2, "memory_limit": "2GB"}
MOST_OVER_PANDAS, LEAST_OVER_ROWS, MOST_GIB = 2.0, 5.0, 4.0
DEAREST = 10
Result = TypeVar("Result")


class Sums:
    """Wall and CPU seconds by what was run."""

    def __init__(self) -> None:
        self.wall: Counter[str] = Counter()
        self.cpu: Counter[str] = Counter()

    def take(self, name: str, run: Callable[[], Result]) -> Result:
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        result = run()
        self.wall[name] += time.perf_counter() - wall
        self.cpu[name] += time.process_time() - cpu
        return result


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the pre-check.")
    parser.add_argument("--statements", type=int, default=20_000)
    parser.add_argument("--claim", type=int, default=100_000, help="statements in a claim")
    parser.add_argument("--rows", type=int, default=5_000, help="statements run row by row")
    parser.add_argument("--defects", type=int, default=100, help="one statement in this many gets a defect")
    options = parser.parse_args()
    catalogue = load_catalogue(SCHEMES["hira"].checks.rule_folders)
    pattern = make_pattern()
    sums, by_rule = Sums(), Counter[str]()
    lines = findings = done = 0
    for number, clean in enumerate(claims(catalogue, pattern, options.statements, options.claim)):
        tables = plant(clean, options.defects)
        done, lines = done + len(tables["stmt"]), lines + len(tables["line"])
        result, thirty = run_engine(catalogue, tables, sums)
        by_rule.update(result.seconds)
        findings += len(result.findings)
        rows = zip(*(thirty.findings[name].to_pylist() for name in ("rule_id", "statement_no")), strict=True)
        ours = {(rule, no or "") for rule, no in rows}
        theirs = sums.take("30 rules: pandas", partial(precheck_pandas.find_all, tables))
        assert ours == theirs, sorted(ours ^ theirs)[:10]
        if number == 0:
            run_rows(tables, options.rows, ours, sums)
    show(sums, by_rule, done, lines, findings, min(options.rows, done), len(precheck_pandas.RULES))


def run_engine(
    catalogue: Catalogue, tables: dict[str, pa.Table], sums: Sums
) -> tuple[CheckResult, CheckResult]:
    """The whole catalogue, then a catalogue of the thirty rules."""
    thirty = tuple(one for one in catalogue.rules if one.id in precheck_pandas.RULES)
    few = replace(catalogue, rules=thirty)
    return (
        sums.take("all rules", partial(check, catalogue, tables, **HOW)),
        sums.take("30 rules: engine", partial(check, few, tables, **HOW)),
    )


def plant(tables: dict[str, pa.Table], one_in: int) -> dict[str, pa.Table]:
    """A defect in some statements: ten won too much claimed, so that findings are made and sorted too."""
    stmt = tables["stmt"]
    is_bad = pa.array(np.arange(len(stmt)) % one_in == one_in - 1)
    wrong = pc.if_else(is_bad, pc.add(stmt["claimed_amount"], 10), stmt["claimed_amount"])
    return {
        **tables,
        "stmt": stmt.set_column(stmt.column_names.index("claimed_amount"), "claimed_amount", wrong),
    }


def run_rows(tables: dict[str, pa.Table], count: int, ours: set[tuple[str, str]], sums: Sums) -> None:
    """The row-by-row program over the first statements; it must find there what the engine found."""
    first = serials(np.arange(1, count + 1))
    some = {
        name: tables[name].filter(pc.is_in(tables[name]["statement_no"], value_set=first))
        if "statement_no" in tables[name].column_names
        else tables[name]
        for name in precheck_pandas.TABLES
    }
    found = sums.take("30 rules: rows", lambda: precheck_rows.find_all(precheck_rows.to_rows(some)))
    inside = set(first.to_pylist())
    expected = {one for one in ours if one[1] in inside}
    assert {one for one in found if one[1]} == expected, sorted(found ^ expected)[:10]


def show(
    sums: Sums, by_rule: Counter[str], statements: int, lines: int, findings: int, rows: int, thirty: int
) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"{statements:,} statements, {lines:,} lines, {findings:,} findings; peak memory {peak:.2f} GiB")
    sums.cpu["30 rules: rows"] *= statements / rows
    sums.wall["30 rules: rows"] *= statements / rows
    for name in sums.wall:
        note = (
            f"  (scaled up from {rows:,} statements)" if name.endswith("rows") and rows < statements else ""
        )
        print(f"{name:20} {sums.wall[name]:9.2f} s wall {sums.cpu[name]:9.2f} s CPU{note}")
    over_pandas = sums.cpu["30 rules: engine"] / sums.cpu["30 rules: pandas"]
    over_rows = sums.cpu["30 rules: rows"] / sums.cpu["30 rules: engine"]
    bars = (
        (
            over_pandas <= MOST_OVER_PANDAS,
            f"{thirty} rules against pandas: {over_pandas:.2f} × its time (bar ≤ {MOST_OVER_PANDAS:g})",
        ),
        (
            over_rows >= LEAST_OVER_ROWS,
            f"{thirty} rules against rows: {over_rows:.1f} × faster (bar ≥ {LEAST_OVER_ROWS:g})",
        ),
        (peak <= MOST_GIB, f"peak memory {peak:.2f} GiB (bar ≤ {MOST_GIB:g})"),
    )
    for is_kept, line in bars:
        print(f"{'kept  ' if is_kept else 'MISSED'}  {line}")
    steps = {name: spent for name, spent in by_rule.items() if "-" not in name}
    print("steps: " + ", ".join(f"{name} {spent:.2f} s" for name, spent in steps.items()))
    rules = [(name, spent) for name, spent in by_rule.most_common() if "-" in name]
    print(f"the {DEAREST} dearest of {len(rules)} rules with a query of their own:")
    for name, spent in rules[:DEAREST]:
        print(f"  {name:9} {spent:8.2f} s  {spent / statements * 1e6:6.2f} µs a statement")


if __name__ == "__main__":
    main()
