"""The amounts engine (금액 계산): every money field of a statement from its facts and lines, and its rules.

``compute_amounts`` takes two Arrow tables and gives one row per statement, in their order. Facts that choose rules are
grouped into distinct situations, each resolved once (``amounts_resolve``); the arithmetic runs over all statements at
once in int64, with rates as whole ten-thousandths and one truncation of the share. What the rules or their dates do
not settle is ``not_computable`` with field and reason, and has null amounts. Vocabulary: docs/copay.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from cheonggu.money import MAX_AMOUNT, Ints, floor_to
from cheonggu.schemes.hira.amounts_lines import (
    LineAmounts,
    priced,
    read_marks,
    statement_rows,
    sum_lines,
    sum_sections,
)
from cheonggu.schemes.hira.amounts_model import NotComputableError, Plan, Situation
from cheonggu.schemes.hira.amounts_resolve import resolve
from cheonggu.schemes.hira.amounts_rules import RuleBook, explain, load_rules
from cheonggu.schemes.hira.amounts_shares import Settled, settle
from cheonggu.schemes.hira.amounts_table import Facts
from cheonggu.schemes.hira.amounts_text import rule_lists, sentences

__all__ = [
    "AMOUNTS",
    "RESULT",
    "compute_amounts",
    "explain",
    "line_amount_column",
    "load_rules",
    "section_sums",
]

AMOUNTS = (
    "total_benefit_cost_1", "patient_copay", "copay_ceiling_excess", "claimed_amount", "support_amount",
    "disability_medical_cost", "loan_amount", "total_benefit_cost_2", "veterans_claimed_amount", "full_copay_total",
    "veterans_copay", "partial_copay_total", "partial_copay_patient", "partial_copay_claimed",
    "partial_copay_veterans_claimed",
)  # fmt: skip
REASONS = ("not_computable", "field", "reason_ko", "reason_en")
TEXTS = pa.dictionary(pa.int32(), pa.string())
RESULT = pa.schema(
    [
        pa.field("statement_key", pa.string(), nullable=False),
        *(pa.field(name, pa.int64()) for name in AMOUNTS),  # won; names of the claim layout
        pa.field("type_addition", pa.int64()),  # 종별가산 inside total 1, won
        pa.field("meal_copay", pa.int64()),  # what meals add to the patient's share (식대 본인부담), won
        pa.field("rule_ids", TEXTS),  # in order of use, with a space between
        pa.field("explanation_ko", pa.string()),  # one sentence for a patient; null when not asked for
        *(pa.field(name, pa.string()) for name in REASONS),  # null when computed
    ]
)


def compute_amounts(
    statements: pa.Table,
    lines: pa.Table,
    switches: Mapping[str, str] | None = None,
    *,
    with_text: bool = True,
) -> pa.Table:
    """All amounts of all statements: a table of schema RESULT, rows in the order of ``statements``.

    ``statements``: facts of docs/copay.md, one row each; ``lines``: statement_key, hang, mok, unit_price (hundredths),
    dose_qty (4 decimals), daily_qty (2 decimals), total_days, is_drug, base, long_stay, is_type_added, or amount_won.
    Raises InputError when a required column is missing or a line has no statement, UsageError for odd switches.
    """
    book = load_rules(switches)
    with ThreadPoolExecutor(max_workers=3) as pool:  # these let go of the interpreter for most of their time
        waiting = pool.submit(read_marks, lines), pool.submit(priced, lines)
        keyed = pool.submit(statement_rows, statements, lines)
        facts = Facts(statements, book)
        marks, prices, rows = waiting[0].result(), waiting[1].result(), keyed.result()
    present = marks.present
    found = [plan_of(situation, book, present) for situation in facts.situations]
    plans, reasons = [one for one, _ in found], [why for _, why in found]
    percents = np.array([_percent(one) for one in plans], np.int64)[facts.situation]
    summed = sum_lines(rows, lines, marks, prices, facts.count, percents)
    settled = settle(facts, plans, summed, book)
    faults = _all_faults(facts, reasons, summed, settled)
    return _result(facts, plans, summed, settled, faults, with_text)


def line_amount_column(lines: pa.Table) -> pa.Array:
    """금액 of every line in won; null where it cannot be computed. Columns as in ``compute_amounts``."""
    amounts, fits = priced(lines)
    return pa.array(amounts, pa.int64(), mask=~fits)


@lru_cache(maxsize=100_000)
def plan_of(
    situation: Situation, book: RuleBook, present: frozenset[str]
) -> tuple[Plan, NotComputableError | None]:
    """The plan for the parts that occur; kept, because the next chunk brings the same situations."""
    try:
        return resolve(situation, book, present), None
    except NotComputableError as why:
        return Plan(()), why


def section_sums(statements: pa.Table, lines: pa.Table) -> pa.Table:
    """Sum of line amounts per statement and section (항) in won, one column per section that occurs.

    Without the provider-type addition; lines whose amount cannot be computed count as 0.
    """
    rows, marks = statement_rows(statements, lines), read_marks(lines)
    sums = sum_sections(rows, marks, priced(lines)[0], len(statements))
    return pa.table({"statement_key": statements["statement_key"]} | sums)


def _percent(plan: Plan) -> int:
    return -1 if plan.type_addition_percent is None else plan.type_addition_percent


def _all_faults(
    facts: Facts, reasons: list[NotComputableError | None], summed: LineAmounts, settled: Settled
) -> dict[int, NotComputableError]:
    """Why a row has no amounts: its facts first, then its lines, then its amounts."""
    faults = settled.faults | summed.faults
    too_much = np.flatnonzero(floor_to(summed.total1, 10) > MAX_AMOUNT)
    wide = NotComputableError(
        "unknown_value", "lines", "총액이 10자리를 넘습니다", "the total exceeds ten digits"
    )
    faults |= dict.fromkeys(too_much.tolist(), wide)
    bad = np.array([one is not None for one in reasons], np.bool_)
    for row in np.flatnonzero(bad[facts.situation]).tolist():
        why = reasons[facts.situation[row]]
        if why is not None:
            faults[row] = why
    return faults


def _result(
    facts: Facts,
    plans: list[Plan],
    summed: LineAmounts,
    settled: Settled,
    faults: dict[int, NotComputableError],
    with_text: bool,
) -> pa.Table:
    mask = np.zeros(facts.count, np.bool_)
    mask[list(faults)] = True
    columns: dict[str, Any] = {"statement_key": facts.table["statement_key"].cast(pa.string())}
    amounts: dict[str, Ints] = settled.amounts | {"type_addition": summed.addition}
    for name in (*AMOUNTS, "type_addition", "meal_copay"):
        columns[name] = pa.array(amounts[name], pa.int64(), mask=mask if faults else None)
    lists, heads = rule_lists(plans, summed, settled, mask)
    columns["rule_ids"] = lists
    columns["explanation_ko"] = sentences(heads, columns) if with_text else pa.nulls(facts.count, pa.string())
    for name, attribute in zip(REASONS, ("code", "field", "ko", "en"), strict=True):
        columns[name] = _reason_column(facts.count, faults, attribute)
    return pa.table([columns[name] for name in RESULT.names], schema=RESULT)


def _reason_column(count: int, faults: dict[int, NotComputableError], attribute: str) -> pa.Array:
    if not faults:
        return pa.nulls(count, pa.string())
    texts = sorted({getattr(one, attribute) for one in faults.values()})
    place = {text: number for number, text in enumerate(texts)}
    indices = np.full(count, -1, np.int32)
    for row, why in faults.items():
        indices[row] = place[getattr(why, attribute)]
    coded = pa.DictionaryArray.from_arrays(pa.array(indices, mask=indices < 0), pa.array(texts, pa.string()))
    return coded.cast(pa.string())
