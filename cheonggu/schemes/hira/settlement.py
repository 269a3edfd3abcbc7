"""Settlement (금액 대조): the amounts of a batch worked out, filled where missing, compared where given.

``settle_amounts`` runs on validated tables, before assembly. A difference is a finding with both numbers and the
rules; the provider's policy says which side stands. What the rules do not settle stays as the hospital gave it, with a
finding, and is never guessed. Texts of the findings: ``rules/settlement.toml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cheonggu import findings
from cheonggu.money import Ints, floor_to
from cheonggu.schemes.hira.amounts import AMOUNTS, compute_amounts, line_amount_column
from cheonggu.schemes.hira.amounts_from_claim import line_facts, statement_facts
from cheonggu.schemes.hira.amounts_policy import BLOCK, COMPUTED, AmountsPolicy, read_policy
from cheonggu.schemes.hira.computed_amounts import computed_amounts
from cheonggu.schemes.hira.rule_texts import texts_of

Bools = npt.NDArray[np.bool_]
COMPUTED_TABLE = "computed_amounts"
KINDS = ("medical_dental", "korean_medicine")  # the forms whose totals come from their lines
DIFFERS, LINE_DIFFERS, NOT_COMPUTABLE, MISSING = "SET-001", "SET-002", "SET-003", "SET-004"
# The source states these; the rules only allow them. The yearly limit needs what other claims of the year held.
STATED = ("copay_ceiling_excess", "loan_amount")
NEEDED = ("total_benefit_cost_1", "patient_copay", "claimed_amount", "total_benefit_cost_2")
# Amounts that follow from others: a gap is filled so that it fits what stands beside it.
DERIVED: dict[str, dict[str, int]] = {
    "claimed_amount": {
        "total_benefit_cost_1": 1,
        "patient_copay": -1,
        "veterans_claimed_amount": -1,
        "disability_medical_cost": -1,
        "loan_amount": -1,
    },
    "total_benefit_cost_2": {"total_benefit_cost_1": 1, "full_copay_total": 1},
    "partial_copay_claimed": {
        "partial_copay_total": 1,
        "partial_copay_patient": -1,
        "partial_copay_veterans_claimed": -1,
    },
}


@dataclass
class Book:
    """What one batch comes to: chosen amounts by field, and findings so far."""

    keys: pa.ChunkedArray
    rule_ids: pa.ChunkedArray
    policy: AmountsPolicy
    chosen: dict[str, pa.Array] = field(default_factory=dict)
    kept: dict[str, Bools] = field(default_factory=dict)  # rows where the hospital's differing amount stands
    found: list[pa.Table] = field(default_factory=list)


def settle_amounts(
    tables: Mapping[str, pa.Table], batch: Mapping[str, str], settings: Mapping[str, Any]
) -> tuple[dict[str, pa.Table], pa.Table]:
    """The tables with settled amounts and ``computed_amounts`` (for the pre-check), and findings per statement.

    ``tables``: validated views of one batch; ``batch``: kind, provider_code and its group; ``settings``: the site
    file. A finding of level error means that the statement must not go on. Raises UsageError for odd settings.
    """
    policy = read_policy(settings, batch["provider_code"])
    settled = dict(tables)
    if batch["kind"] not in KINDS or not len(tables["statement"]):
        return settled, findings.none_found()
    facts = statement_facts(tables, batch, batch["kind"], policy.provider)
    lines = line_facts(tables["line"], batch["kind"], facts, policy.marks)
    engine_facts = facts.drop_columns(["has_lines", "has_chronic_disease"])
    computed = compute_amounts(engine_facts, lines, policy.switches, with_text=False)
    book = Book(tables["statement"]["statement_key"], computed["rule_ids"], policy)
    settled["line"] = _settle_lines(tables["line"], line_amount_column(lines), book)
    settled["statement"] = _settle_statements(tables["statement"], computed, facts["has_lines"], book)
    settled[COMPUTED_TABLE] = computed_amounts(computed, facts, settled["statement"], book.kept)
    return settled, findings.concat(book.found)


def _settle_statements(
    statements: pa.Table, computed: pa.Table, has_lines: pa.ChunkedArray, book: Book
) -> pa.Table:
    """Fill and compare the fifteen amounts of every statement."""
    known = computed["not_computable"].is_null().to_numpy() & has_lines.to_numpy(zero_copy_only=False)
    numbers = {name: _numbers(computed[name]) for name in AMOUNTS}
    hospital = {name: _numbers(statements[name]) for name in AMOUNTS}
    says_nothing = np.logical_and.reduce([hospital[name] == 0 for name in AMOUNTS])
    says_nothing &= known & (numbers["total_benefit_cost_1"] > 0)
    given = {name: statements[name].is_valid().to_numpy() & ~says_nothing for name in AMOUNTS}
    chosen: dict[str, Ints] = {}
    for name in AMOUNTS:
        differs = known & given[name] & (hospital[name] != numbers[name])
        if name in STATED:
            differs &= False
        _report(book, differs, name, hospital[name], numbers[name])
        takes_ours = known & (~given[name] | (differs & (book.policy.wins == COMPUTED)))
        book.kept[name] = differs & ~takes_ours
        chosen[name] = np.where(takes_ours, numbers[name], hospital[name])
    _fit_derived(chosen, numbers, {name: known & ~given[name] for name in DERIVED})
    _report_refused(statements, computed, has_lines, book)
    for name in AMOUNTS:
        empty = ~known & ~statements[name].is_valid().to_numpy()
        column = pa.array(chosen[name], pa.int64(), mask=empty)
        statements = statements.set_column(statements.column_names.index(name), name, column)
    return statements


def _fit_derived(chosen: dict[str, Ints], numbers: Mapping[str, Ints], filled: Mapping[str, Bools]) -> None:
    """A filled total or claim follows the amounts that stand, also where the hospital's were kept."""
    for name, parts in DERIVED.items():
        shift = sum((sign * (chosen[one] - numbers[one]) for one, sign in parts.items()), np.int64(0))
        if name == "total_benefit_cost_2":
            shift = floor_to(shift, 10)
        chosen[name] = np.where(filled[name], np.maximum(numbers[name] + shift, 0), chosen[name])


def _settle_lines(lines: pa.Table, computed: pa.Array, book: Book) -> pa.Table:
    """Fill and compare 금액 of every line; a statement whose lines all say 0 gave none."""
    number = _numbers(computed)
    hospital = _numbers(lines["line_amount"])
    owner = pc.index_in(lines["statement_key"], value_set=book.keys.combine_chunks())
    place = owner.to_numpy(zero_copy_only=False).astype(np.int64)
    said = np.zeros(len(book.keys), np.bool_)
    np.logical_or.at(said, place, hospital != 0)
    known = computed.is_valid().to_numpy(zero_copy_only=False)
    given = lines["line_amount"].is_valid().to_numpy() & said[place]
    differs = known & given & (hospital != number)
    _report_lines(book, lines, differs, hospital, number)
    takes_ours = known & (~given | (differs & (book.policy.wins == COMPUTED)))
    empty = ~known & ~lines["line_amount"].is_valid().to_numpy()
    column = pa.array(np.where(takes_ours, number, hospital), pa.int64(), mask=empty)
    return lines.set_column(lines.column_names.index("line_amount"), "line_amount", column)


def _report(book: Book, where: Bools, name: str, hospital: Ints, number: Ints) -> None:
    rows = np.flatnonzero(where)
    if not len(rows):
        return
    rules = book.rule_ids.take(pa.array(rows)).to_pylist()
    details = [
        f"hospital {theirs:,}, computed {ours:,}, rules {ids}"
        for theirs, ours, ids in zip(hospital[rows].tolist(), number[rows].tolist(), rules, strict=True)
    ]
    keys = book.keys.take(pa.array(rows))
    book.found.append(_findings(DIFFERS, keys, "statement", _level(book.policy), name, details))


def _report_lines(book: Book, lines: pa.Table, where: Bools, hospital: Ints, number: Ints) -> None:
    rows = np.flatnonzero(where)
    if not len(rows):
        return
    chosen = lines.select(["statement_key", "line_seq"]).take(pa.array(rows))
    details = [
        f"line_seq {seq}, hospital {theirs:,}, computed {ours:,}, rules AM-LINE"
        for seq, theirs, ours in zip(
            chosen["line_seq"].to_pylist(), hospital[rows].tolist(), number[rows].tolist(), strict=True
        )
    ]
    keys = chosen["statement_key"]
    book.found.append(_findings(LINE_DIFFERS, keys, "line", _level(book.policy), "line_amount", details))


def _report_refused(statements: pa.Table, computed: pa.Table, has_lines: pa.ChunkedArray, book: Book) -> None:
    """Not computable: shown while the hospital gave its amounts; an error where a needed amount is empty."""
    rows = np.flatnonzero(computed["not_computable"].is_valid().to_numpy())
    if len(rows):
        some = computed.take(pa.array(rows))
        reasons = zip(
            *(some[name].to_pylist() for name in ("not_computable", "field", "reason_en")), strict=True
        )
        details = [f"{code}: {place}: {reason}" for code, place, reason in reasons]
        book.found.append(
            _findings(NOT_COMPUTABLE, some["statement_key"], "statement", findings.WARNING, None, details)
        )
    unknown = computed["not_computable"].is_valid().to_numpy() | ~has_lines.to_numpy(zero_copy_only=False)
    for name in NEEDED:
        lost = np.flatnonzero(unknown & statements[name].is_null().to_numpy())
        if len(lost):
            keys = book.keys.take(pa.array(lost))
            book.found.append(_findings(MISSING, keys, "statement", findings.ERROR, name, None))


def _level(policy: AmountsPolicy) -> str:
    return findings.ERROR if policy.wins == BLOCK else findings.WARNING


def _findings(
    rule_id: str,
    keys: pa.ChunkedArray,
    view: str,
    level: str,
    name: str | None,
    details: list[str] | None,
) -> pa.Table:
    return findings.from_columns(
        {
            "rule_id": rule_id,
            "level": level,
            "stage": "validate",
            "scope": view,
            "statement_key": keys,
            "record": view,
            "field": name,
            "detail": details,
            **texts_of(rule_id),
        },
        len(keys),
    )


def _numbers(column: Any) -> Ints:
    filled = pc.fill_null(column, 0) if column.null_count else column
    result: Ints = (
        filled.to_numpy() if isinstance(filled, pa.ChunkedArray) else filled.to_numpy(zero_copy_only=False)
    )
    return result
