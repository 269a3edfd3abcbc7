"""A million statements of six lines each: the amounts engine beside the slow reference of the tests.

    python benchmarks/amounts.py [--statements N] [--sample N]

The reference (tests/amounts/reference.py: one statement at a time, Decimal, no needless work) runs on a sample of the
same statements and is extrapolated linearly; both use one process. The sample's amounts are compared as well, so that
speed is not bought with a different answer. CPU seconds are shown beside wall seconds.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


from cheonggu.schemes.hira.amounts import AMOUNTS, compute_amounts, plan_of  # noqa: E402
from tests.amounts import reference  # noqa: E402

BAR = 50
RUNS = 3
LINES = 6
PROVIDERS = [
    "clinic",
    "clinic",
    "clinic",
    "hospital",
    "general",
    "tertiary",
    "dental_clinic",
    "korean_clinic",
]
INSURERS = ["HI"] * 9 + ["MA1"] * 2 + ["MA2"]
SECTIONS = ["01", "03", "08", "09", "10", "U"]


def build(count: int, seed: int = 4) -> tuple[pa.Table, pa.Table]:
    """Statements of one month: nine in ten outpatients, all ages, a tenth with a special symbol."""
    random = np.random.default_rng(seed)
    is_inside = random.random(count) < 0.1
    provider = random.choice(PROVIDERS, count)
    provider = np.where(
        is_inside & np.isin(provider, ["dental_clinic", "korean_clinic"]), "hospital", provider
    )
    insurer = random.choice(INSURERS, count)
    symbol = np.where(random.random(count) < 0.1, random.choice(["V193", "V012", "V231"], count), "")
    symbol = np.where(symbol == "V231", "", symbol)
    keys = pa.array([f"S{one:09d}" for one in range(count)])
    days = np.array([date(2026, 3, 1) + timedelta(days=one) for one in range(31)], "datetime64[D]")
    facts: dict[str, Any] = {
        "statement_key": keys,
        "insurer": pa.array(insurer),
        "care": pa.array(np.where(is_inside, "inpatient", "outpatient")),
        "provider_kind": pa.array(provider),
        "area": pa.array(random.choice(["dong", "dong", "dong", "eup_myeon"], count)),
        "care_on": pa.array(random.choice(days, count)).cast(pa.date32()),
        "age_years": pa.array(random.integers(1, 95, count)),
        "special_symbols": pa.array(symbol),
        "injury_work_class": pa.array(np.where((insurer == "HI") & (random.random(count) < 0.02), "E", "0")),
    }
    total = count * LINES
    hang = np.tile(np.array(SECTIONS), count)
    is_meal = np.repeat(is_inside, LINES) & (hang == "03")
    is_drug = (hang == "03") & ~is_meal
    lines = {
        "statement_key": keys.take(pa.array(np.repeat(np.arange(count), LINES))),
        "hang": pa.array(np.where(is_meal, "02", hang)),
        "mok": pa.array(np.where(is_meal, "10", "01")),
        "unit_price": pa.array(random.integers(100, 3_000_000, total)),
        "dose_qty": pa.array(np.where(is_drug, random.choice([5_000, 10_000, 3_333], total), 0)),
        "daily_qty": pa.array(random.choice([100, 150, 300], total)),
        "total_days": pa.array(random.integers(1, 8, total)),
        "is_drug": pa.array(is_drug),
        "is_type_added": pa.array(hang == "08"),
    }
    return pa.table(facts), pa.table(lines)


def measure(count: int, sample: int) -> dict[str, float]:
    """Seconds of both for the same work, from Arrow tables to an Arrow table; refuses when the sample differs.

    Medians of three runs; the plans an earlier run kept are forgotten before each.
    """
    statements, lines = build(count)
    result = compute_amounts(statements, lines, with_text=False)
    quick = [_time(lambda: compute_amounts(statements, lines, with_text=False)) for _ in range(RUNS)]
    told = [_time(lambda: compute_amounts(statements, lines)) for _ in range(RUNS)]
    taken, of_line = statements.slice(0, sample), lines.slice(0, sample * LINES)
    slow = [
        _time(lambda: pa.Table.from_pylist(_by_row(taken.to_pylist(), of_line.to_pylist())))
        for _ in range(RUNS)
    ]
    rows, line_rows = taken.to_pylist(), of_line.to_pylist()
    bare = [_time(lambda: _by_row(rows, line_rows)) for _ in range(RUNS)]
    for mine, theirs in zip(result.slice(0, sample).to_pylist(), _by_row(rows, line_rows), strict=True):
        if any(mine[name] != theirs.get(name) for name in AMOUNTS):
            raise SystemExit(f"{mine['statement_key']}: engine and reference differ")
    scale = count / sample
    return {
        "wall": _median(quick, 0),
        "cpu": _median(quick, 1),
        "with_text": _median(told, 0),
        "slow_wall": _median(slow, 0) * scale,
        "slow_cpu": _median(slow, 1) * scale,
        "arithmetic": _median(bare, 1) * scale,
        "refused": float(result["not_computable"].is_valid().to_numpy().sum()),
    }


def _time(work: Callable[[], object]) -> tuple[float, float]:
    plan_of.cache_clear()
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def _median(runs: list[tuple[float, float]], which: int) -> float:
    return statistics.median(one[which] for one in runs)


def _by_row(rows: list[dict[str, Any]], lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [_slow(one, lines[place * LINES : (place + 1) * LINES]) for place, one in enumerate(rows)]


def _slow(statement: dict[str, Any], lines: list[dict[str, Any]]) -> dict[str, Any]:
    try:
        return reference.compute(statement, lines)
    except reference.RefusedError:
        return {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--statements", type=int, default=1_000_000)
    parser.add_argument("--sample", type=int, default=10_000)
    chosen = parser.parse_args()
    one = measure(chosen.statements, min(chosen.sample, chosen.statements))
    print(f"{chosen.statements:,} statements x {LINES} lines, {one['refused']:,.0f} not computable")
    print(f"engine, amounts and rule ids       {one['wall']:8.2f} s wall {one['cpu']:8.2f} s CPU")
    print(f"engine, Korean sentences as well   {one['with_text']:8.2f} s wall")
    print(
        f"slow reference, from {chosen.sample:,} rows  {one['slow_wall']:8.2f} s wall {one['slow_cpu']:8.2f} s CPU"
    )
    print(f"  of it without reading and writing rows {one['arithmetic']:.2f} s CPU")
    print(
        f"ratio wall {one['slow_wall'] / one['wall']:.0f} x (bar {BAR} x), CPU {one['slow_cpu'] / one['cpu']:.0f} x"
    )
    print(f"CPU ratio without reading and writing rows {one['arithmetic'] / one['cpu']:.0f} x")


if __name__ == "__main__":
    main()
