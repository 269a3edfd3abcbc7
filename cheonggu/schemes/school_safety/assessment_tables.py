"""The tables the assessment takes and gives: columns, types and what must be filled.

What it takes is ``rules/assessment_tables.csv``; a table or an optional column that is not given counts as empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.errors import InputError
from cheonggu.schemes.school_safety.data import RULES, read_csv

TABLES = RULES / "assessment_tables.csv"
ARROW = {"string": pa.string(), "int64": pa.int64(), "bool": pa.bool_(), "date32": pa.date32()}
KEYS = {
    "claims": ["claim_key"],
    "receipts": ["claim_key", "receipt_key"],
    "items": ["claim_key", "item_key"],
}

GATES = pa.schema(
    [
        pa.field("claim_key", pa.string()),
        pa.field("rule_id", pa.string()),  # gate of rules/gates.toml
        pa.field("effect", pa.string()),  # block | redirect | deny_all | review | flag
        pa.field("reason_code", pa.string()),
        pa.field("where_ko", pa.string()),  # where to go instead; null when nowhere
        pa.field("duties", pa.string()),  # duties that remain, with spaces between
        pa.field("reason_ko", pa.string()),
        pa.field("reason_en", pa.string()),
    ]
)
PAPERS = pa.schema(
    [
        pa.field("claim_key", pa.string()),
        pa.field("item_key", pa.string()),  # null: for the whole claim
        pa.field("rule_id", pa.string()),  # row of rules/documents.csv
        pa.field("document_code", pa.string()),
        pa.field("document_ko", pa.string()),
        pa.field("mandatory", pa.string()),  # yes | recommended
        pa.field("missing_effect", pa.string()),  # supplement | hold_line | deny_line | review | redirect
        pa.field("is_present", pa.bool_()),
    ]
)
ITEMS = pa.schema(
    [
        pa.field("claim_key", pa.string()),
        pa.field("item_key", pa.string()),
        pa.field("line_cat", pa.string()),  # as given or found from the name; null when unknown
        pa.field("matched_name", pa.string()),  # entry of our lists
        pa.field("decision", pa.string()),  # pay | deny | hold | review
        pa.field("amount_won", pa.int64()),
        pa.field("payable_won", pa.int64()),  # before the deductions from the claim's sum
        pa.field("payable_if_cured_won", pa.int64()),  # hold: what the missing paper would bring
        pa.field("payable_max_won", pa.int64()),  # review: the most a person could pay
        pa.field("cap_won", pa.int64()),
        pa.field("count_no", pa.int64()),  # which time this is, earlier claims included
        pa.field("count_max", pa.int64()),
        pa.field("is_discretionary", pa.bool_()),
        pa.field("reason_code", pa.string()),
        pa.field("rule_ids", pa.string()),  # in order of use, with a space between
        pa.field("reason_ko", pa.string()),
        pa.field("reason_en", pa.string()),
    ]
)
CLAIMS = pa.schema(
    [
        pa.field("claim_key", pa.string()),
        pa.field("outcome", pa.string()),  # blocked redirect deny_all barred supplement review ready
        pa.field("time_limit", pa.string()),  # ok | review | barred | unknown
        pa.field("filed_on", pa.date32()),
        pa.field("limit_from_accident_on", pa.date32()),  # not moved on where the holidays are not known
        pa.field("claimed_won", pa.int64()),
        pa.field(
            "patient_medical_won", pa.int64()
        ),  # what was spent on care; certificates out, denied lines in
        pa.field("lines_won", pa.int64()),  # payable lines as far as paid to the hospital
        pa.field("over_cap_won", pa.int64()),  # deducted: ⑤
        pa.field("preexisting_won", pa.int64()),  # deducted: 기왕증
        pa.field("other_compensation_won", pa.int64()),  # deducted: other statutes
        pa.field("payable_won", pa.int64()),  # the proposal
        pa.field("held_won", pa.int64()),  # further, once the missing papers are there
        pa.field("review_won", pa.int64()),  # further at most, once a person decided
        pa.field("rule_ids", pa.string()),
        pa.field("reason_ko", pa.string()),
        pa.field("reason_en", pa.string()),
    ]
)


@cache
def input_columns() -> dict[str, dict[str, tuple[pa.DataType, bool]]]:
    """Table → column → type and whether it must be filled."""
    found: dict[str, dict[str, tuple[pa.DataType, bool]]] = {}
    for row in read_csv(TABLES):
        columns = found.setdefault(row["table"], {})
        columns[row["column"]] = (ARROW[row["type"]], row["required"] == "yes")
    return found


def conform_tables(tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """The given tables with all columns in their types, further columns away, and ``place`` (row number).

    InputError for an unknown table, a missing or empty required column, a twin key or a row of no claim.
    """
    known = input_columns()
    odd = sorted(set(tables) - set(known)) or sorted({"claims", "items"} - set(tables))
    if odd:
        raise _refused(odd[0], "is not wanted, or missing", "필요 없거나 빠진 표입니다")
    found = {name: _conform(name, tables.get(name), columns) for name, columns in known.items()}
    for name, keys in KEYS.items():
        table = found[name]
        if len(table.group_by(keys).aggregate([])) < len(table):
            raise _refused(name, f"{' and '.join(keys)} stand twice", f"{'·'.join(keys)} 값이 겹칩니다")
    claims = found["claims"]["claim_key"].combine_chunks()
    for name in ("receipts", "items", "scars", "documents"):
        if not pc.all(pc.is_in(found[name]["claim_key"], value_set=claims), min_count=0).as_py():
            raise _refused(name, "a row belongs to no claim", "청구가 없는 행이 있습니다")
    return found


def _conform(name: str, table: pa.Table | None, columns: Mapping[str, tuple[pa.DataType, bool]]) -> pa.Table:
    rows = 0 if table is None else len(table)
    arrays = {}
    for column, (kind, is_required) in columns.items():
        if table is None or column not in table.column_names:
            if is_required and rows:
                raise _refused(name, f"{column} is missing", f"{column} 열이 없습니다")
            arrays[column] = pa.nulls(rows, kind)
            continue
        try:
            arrays[column] = table[column].cast(kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise _refused(name, f"{column} is not {kind}", f"{column} 열의 형식이 다릅니다") from error
        if is_required and arrays[column].null_count:
            raise _refused(name, f"{column} is empty in a row", f"{column} 값이 빈 행이 있습니다")
    arrays["place"] = pa.array(range(rows), pa.int64())
    return pa.table(arrays)


def _refused(table: str, en: str, ko: str) -> InputError:
    return InputError(
        f"Table {table}: {en}.",
        f"{table} 표: {ko}.",
        fix_en="See rules/assessment_tables.csv of the scheme.",
        fix_ko="제도의 rules/assessment_tables.csv를 확인하세요.",
    )
