"""Build the made-up hospital group (가상 병원): people, care, amounts, planted defects, then the files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow.csv

from cheonggu.errors import UsageError
from cheonggu.sources.sample.amounts import make_amounts
from cheonggu.sources.sample.calendar import Calendar, make_calendar
from cheonggu.sources.sample.codes import load_diagnoses, load_items
from cheonggu.sources.sample.defects import Planted, Sheet, plant_defects, truth_table
from cheonggu.sources.sample.details import make_details
from cheonggu.sources.sample.diagnoses import make_diagnoses
from cheonggu.sources.sample.draw import Bools, Ints, chance
from cheonggu.sources.sample.lines import (
    choose_extras,
    make_lines,
    make_prescriptions,
    sum_by_statement,
    type_additions,
)
from cheonggu.sources.sample.people import licence_on_leave
from cheonggu.sources.sample.tables import Hospital, keys_of
from cheonggu.sources.sample.visits import Statements, make_statements
from cheonggu.sources.sample.write import write_parquet, write_sqlite

FEWEST, MOST = 100, 5_000_000
NOT_REVIEWED_SHARE = 0.012
SYMBOL_5_PER_CENT = ("V193",)
AS_OF = date(2026, 7, 6)


@dataclass(frozen=True)
class Sample:
    """Where the sample stands. ``url`` opens it; ``expected`` is what ``expected.json`` holds."""

    folder: Path
    url: str
    truth: Path
    expected: dict[str, Any]


def build_sample(
    folder: Path,
    *,
    statements: int = 2400,
    as_of: date = AS_OF,
    seed: int = 1,
    format: Literal["sqlite", "parquet"] = "sqlite",
) -> Sample:
    """Write the sample hospital, ``truth.csv`` and ``expected.json`` into ``folder``.

    The same arguments give the same tables, byte for byte. Raises UsageError for a size or format it cannot do.
    """
    if not FEWEST <= statements <= MOST or format not in ("sqlite", "parquet"):
        raise UsageError(
            f"A sample has {FEWEST} to {MOST} statements, as sqlite or parquet.",
            f"가상 병원은 명세서 {FEWEST}~{MOST}건, sqlite 또는 parquet로 만듭니다.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    hospital, may_bill, reasons = _make_hospital(np.random.default_rng(seed), statements, as_of)
    planted = plant_defects(np.random.default_rng([seed, 1]), hospital.sheet)
    if format == "sqlite":
        url = f"sqlite:///{write_sqlite(folder, hospital).absolute()}"
    else:
        url = f"parquet:///{write_parquet(folder, hospital).absolute()}"
    truth = folder / "truth.csv"
    keys = keys_of(hospital.sheet, [one.statement for one in planted])
    pyarrow.csv.write_csv(truth_table(planted, keys), truth)
    expected = {"statements": statements, "billable_due": int(may_bill.sum()), **reasons, **_counted(planted)}
    (folder / "expected.json").write_text(json.dumps(expected, indent=2) + "\n", encoding="utf-8")
    return Sample(folder, url, truth, expected)


def _make_hospital(
    random: np.random.Generator, count: int, as_of: date
) -> tuple[Hospital, Bools, dict[str, int]]:
    calendar, table, items = make_calendar(as_of), load_diagnoses(), load_items()
    statements, patients, doctors = make_statements(random, calendar, table, count)
    extras = choose_extras(random, statements)
    lines = make_lines(random, statements, extras, items)
    benefit_sum, full_sum = sum_by_statement(lines, items, count)
    addition = type_additions(lines, items, statements)
    symbol = np.array(table.symbol)[statements.diagnosis]
    is_5 = np.isin(symbol, SYMBOL_5_PER_CENT)
    amounts = make_amounts(
        statements, benefit_sum + addition, full_sum, is_5, (symbol != "") & ~is_5, extras.has_herb
    )
    reviewed_on, may_bill, reasons = _review(random, statements, calendar)
    sheet = Sheet(
        statements=statements,
        amounts=amounts,
        benefit_days=np.where(extras.has_herb, extras.medication_days, statements.stay_days),
        diagnoses=make_diagnoses(random, statements, doctors, table),
        lines=lines,
        prescriptions=make_prescriptions(random, statements, items),
        details=make_details(random, statements, lines, extras, items, table),
        table=table,
        items=items,
        may_plant=may_bill & statements.is_only_one,
        is_registered=(symbol != "") | table.is_injury[statements.diagnosis],
        line_slack=(benefit_sum + addition) % 10,
        on_leave=licence_on_leave(
            doctors, calendar, statements.care_from - calendar.first, statements.provider
        ),
        has_expired=np.zeros(count, np.bool_),
        has_other_card=np.zeros(count, np.bool_),
    )
    mark = random.integers(0, 10**6, count)
    return Hospital(sheet, patients, doctors, calendar, reviewed_on, mark), may_bill, reasons


def _review(
    random: np.random.Generator, statements: Statements, calendar: Calendar
) -> tuple[Ints, Bools, dict[str, int]]:
    """Day of the hospital's own review (원내심사), what the night may bill, and why not the others."""
    count = statements.count
    is_current = statements.month == calendar.current_month
    is_open_day = ~is_current & np.isin(statements.care_to, calendar.open_days)
    is_waiting = ~is_current & ~is_open_day & chance(random, NOT_REVIEWED_SHARE, count)
    on = np.minimum(statements.care_to + random.integers(0, 4, count), calendar.last)
    reasons = {
        "open_day": int(is_open_day.sum()),
        "not_reviewed": int(is_waiting.sum()),
        "current_month": int(is_current.sum()),
    }
    return np.where(is_waiting, 0, on), ~is_current & ~is_open_day & ~is_waiting, reasons


def _counted(planted: list[Planted]) -> dict[str, Any]:
    """Planted defects by rule and by stage. An orphan (SRC-006) blocks no statement."""
    rules = [one.rule_id for one in planted]
    return {
        "planted": {rule: rules.count(rule) for rule in sorted(set(rules))},
        "blocked_by_validate": sum(one.stage == "validate" and one.rule_id != "SRC-006" for one in planted),
        "held_by_precheck": sum(one.stage == "precheck" for one in planted),
    }
