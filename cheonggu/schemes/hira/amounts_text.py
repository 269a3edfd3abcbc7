"""Which rules gave the amounts of a row, in order of use, and one Korean sentence to read to the patient."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.money import Ints
from cheonggu.query import Tables
from cheonggu.schemes.hira.amounts_charges import percent
from cheonggu.schemes.hira.amounts_lines import LineAmounts, compact
from cheonggu.schemes.hira.amounts_model import BUCKETS, Charge, Plan, Recipe
from cheonggu.schemes.hira.amounts_rules import load_rules
from cheonggu.schemes.hira.amounts_shares import Settled

# What else a row can use, with the amount that shows it; in order after the class rule.
LATER = (
    ("disability_medical_cost", "AM-DISABILITY"),
    ("loan_amount", "AM-LOAN"),
    ("copay_ceiling_excess", "AM-CEILING"),
)
TEXT_ROWS = 65_536  # rows of one piece, so that both cores write sentences
# Amounts told after the main sentence when they are not 0.
TOLD = (
    ("support_amount", "지원금"),
    ("disability_medical_cost", "장애인의료비"),
    ("loan_amount", "대불금"),
    ("veterans_claimed_amount", "보훈청구액"),
    ("copay_ceiling_excess", "상한액 초과금"),
    ("partial_copay_patient", "100/100미만 본인부담"),
    ("full_copay_total", "전액 본인부담"),
)


def rule_lists(
    plans: list[Plan], summed: LineAmounts, settled: Settled, is_refused: npt.NDArray[np.bool_]
) -> tuple[pa.Array, pa.Array]:
    """``rule_ids`` of every row, and the clause that says how the share was made; null for refused rows."""
    bits = _used(summed, settled)
    code = settled.recipe << len(bits)
    for number, (_, used) in enumerate(bits):
        code = code | (used.astype(np.int64) << number)
    kinds, inverse = compact(code, len(settled.recipes) << len(bits))
    owners = [plan for plan in plans for _ in plan.recipes] or [Plan(())]
    lists: list[str] = []
    clauses: list[str] = []
    for kind in kinds.tolist():
        recipe, mask = divmod(kind, 1 << len(bits))
        names = [name for number, (name, _) in enumerate(bits) if mask >> number & 1]
        lists.append(" ".join(_ids(owners[recipe], settled.recipes[recipe], names)))
        clauses.append(_clause(settled.recipes[recipe], names))
    take = pa.array(inverse.astype(np.int32), mask=is_refused if is_refused.any() else None)
    return pa.DictionaryArray.from_arrays(take, lists), pa.DictionaryArray.from_arrays(take, clauses)


def _used(summed: LineAmounts, settled: Settled) -> list[tuple[str, npt.NDArray[np.bool_]]]:
    """Name and rows of everything that may or may not occur: parts, additions, payers, sections."""
    amounts: dict[str, Ints] = settled.amounts
    found = [("AM-TYPE-ADD", summed.addition != 0)] if summed.addition.any() else []
    carved = np.array([[bool(one.rule_id) for one in recipe.charges] for recipe in settled.recipes])
    for number, name in enumerate(BUCKETS):
        if name in summed.columns and carved[:, number].any():
            found.append((name, (summed.columns[name] != 0) & carved[settled.recipe, number]))
    found += [(rule_id, amounts[name] != 0) for name, rule_id in LATER if amounts[name].any()]
    below = [("A", ("A", "A_EQUIP")), ("B", ("B",)), ("D", ("D",)), ("E", ("E",))]
    for section, names in below:
        present = [summed.columns[name] != 0 for name in names if name in summed.columns]
        if present:
            found.append((f"B100-{section}", np.logical_or.reduce(present)))
    for section in ("U", "V", "W"):
        if section in summed.columns:
            found.append((f"SEC-{section}", summed.columns[section] != 0))
    return found


def _ids(plan: Plan, recipe: Recipe, used: list[str]) -> list[str]:
    ids = (["AM-TYPE-ADD"] if "AM-TYPE-ADD" in used else []) + ["AM-TOTAL1"]
    for name in used:
        if name in BUCKETS:
            ids += recipe.charges[BUCKETS.index(name)].rule_id.split()
    ids += [*([plan.support_rule] if plan.support_rule.startswith("YOUTH") else []), *recipe.rule_ids]
    if plan.veterans.rule_id:
        ids.append(plan.veterans.rule_id)
    if plan.support:
        ids.append("AM-SUPPORT")
    ids += [rule_id for _, rule_id in LATER if rule_id in used]
    ids.append("AM-CLAIM")
    below = [name for name in used if name.startswith("B100")]
    ids += below + (["AM-PARTIAL"] if below else [])
    ids += [name for name in used if name.startswith("SEC")] + (["AM-FULL"] if "SEC-U" in used else [])
    return list(dict.fromkeys([*ids, "AM-TOTAL2"]))


def _clause(recipe: Recipe, used: list[str]) -> str:
    """How the share was made: the class, then the parts with a rate of their own."""
    book = load_rules()
    extra = []
    for name in used:
        charge = recipe.charges[BUCKETS.index(name)] if name in BUCKETS else Charge(0)
        if charge.rule_id:
            extra.append(f"{book.rules[charge.rule_id.split()[-1]].label_ko} {percent(max(charge.rate, 0))}")
    return recipe.text_ko + (f"; 별도 {', '.join(dict.fromkeys(extra))}" if extra else "")


def sentences(clauses: pa.Array, columns: dict[str, Any]) -> pa.ChunkedArray:
    """The sentence of every row, made where the amounts are; null for refused rows."""
    names = ["total_benefit_cost_1", "patient_copay", "claimed_amount"]
    told = [(name, label) for name, label in TOLD if pc.any(pc.not_equal(columns[name], 0)).as_py()]
    table = pa.table(
        {"clause": clauses} | {name: columns[name] for name in [*names, *(name for name, _ in told)]}
    )
    later = "".join(
        f" || CASE WHEN {name} <> 0 THEN format(', {label} {{:,}}원', {name}) ELSE '' END"
        for name, label in told
    )
    query = f"""
        SELECT clause || format('. 진료비 {{:,}}원 중 본인부담금 {{:,}}원, 청구액 {{:,}}원',
                                total_benefit_cost_1, patient_copay, claimed_amount) {later} || '입니다.' AS text
        FROM facts
    """
    pieces = pa.Table.from_batches(table.to_batches(max_chunksize=TEXT_ROWS), table.schema)
    return Tables(facts=pieces).table(query)["text"]
