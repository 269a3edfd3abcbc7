"""The table ``computed_amounts`` the pre-check may ask (``rules/precheck/tables.csv``), from the engine's answer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.schemes.hira.amounts_resolve import CHRONIC
from cheonggu.schemes.hira.amounts_rules import load_rules

ASKED = (
    "total_benefit_cost_1",
    "patient_copay",
    "support_amount",
    "disability_medical_cost",
    "veterans_claimed_amount",
)
SENIOR_CLASS = "age_65_plus"


def computed_amounts(
    computed: pa.Table,
    facts: pa.Table,
    statements: pa.Table,
    kept: Mapping[str, npt.NDArray[np.bool_]],
) -> pa.Table:
    """One row per computable statement with lines: statement_key, amounts in won, rule_ids and marks.

    An amount is null where the hospital's own stands by the provider's policy (``kept``): the settlement has told of
    that difference, and the pre-check must not hold the statement for it. ``statements``: the settled ones; what
    their co-payment leaves beside the computed rest is what they charge for meals.
    """
    rule_ids = computed["rule_ids"].combine_chunks()
    rule_ids = rule_ids if pa.types.is_dictionary(rule_ids.type) else rule_ids.dictionary_encode()
    used = [set((text or "").split()) for text in rule_ids.dictionary.to_pylist()]
    index = rule_ids.indices
    meals = _without(computed["meal_copay"], kept["patient_copay"])
    more = pc.subtract(statements["patient_copay"], computed["patient_copay"])
    columns = {
        "statement_key": computed["statement_key"],
        **{name: _without(computed[name], kept[name]) for name in ASKED},
        "meal_copay": meals,
        "billed_meal_copay": pc.add(meals, more),
        "rule_ids": rule_ids.cast(pa.string()),
        "has_senior_tier": _marked([bool(one & _senior_rules()) for one in used], index),
        "has_chronic_reduction": _marked([CHRONIC in one for one in used], index),
        "may_reduce_chronic": facts["has_chronic_disease"],
    }
    known = pc.and_(computed["not_computable"].is_null(), facts["has_lines"])
    return pa.table(columns).filter(known)


@cache
def _senior_rules() -> frozenset[str]:
    rules = load_rules().rules.values()
    return frozenset(one.id for one in rules if one.raw.get("patient_class") == SENIOR_CLASS)


def _without(column: pa.ChunkedArray, gone: npt.NDArray[np.bool_]) -> pa.ChunkedArray:
    return pc.if_else(pa.array(gone), pa.scalar(None, pa.int64()), column)


def _marked(flags: list[bool], index: pa.Array) -> pa.Array:
    return pa.array(flags, pa.bool_()).take(index)
