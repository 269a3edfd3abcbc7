"""The engine's tables: what is refused, what counts as empty, and a rule that changes on a day."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from cheonggu.errors import InputError
from cheonggu.schemes.school_safety import assessment
from cheonggu.schemes.school_safety.assessment import assess
from cheonggu.schemes.school_safety.assessment_input import read_claim, tables_of
from cheonggu.schemes.school_safety.assessment_rules import COVERAGE, load_book
from cheonggu.schemes.school_safety.assessment_tables import CLAIMS, GATES, ITEMS, PAPERS
from tests.schemes.school_safety.case_files import BASE, RECEIPT, TODAY

CROWN = {"nhi_class": "noncovered", "line_cat": "DENT_CROWN", "tooth": "11", "amount_won": 700_000}
CLAIM = BASE | {"receipts": [RECEIPT], "items": [CROWN]}


def tables(*claims: dict[str, object]) -> dict[str, pa.Table]:
    return tables_of([read_claim(json.dumps(one)) for one in claims or (CLAIM,)])


def replaced(table: pa.Table, column: str, values: pa.Array) -> pa.Table:
    return table.drop_columns([column]).append_column(column, values)


def test_the_answer_has_its_schemas_and_the_order_given() -> None:
    found = assess(tables(CLAIM, CLAIM | {"channel": "fax"}, CLAIM), "gwangju", TODAY)
    assert found.claims.schema == CLAIMS
    assert found.items.schema == ITEMS
    assert found.papers.schema == PAPERS
    assert found.gates.schema == GATES
    assert found.claims["claim_key"].to_pylist() == ["0", "1", "2"]
    assert found.claims["outcome"].to_pylist() == ["ready", "blocked", "ready"]


def test_no_claim_is_no_answer() -> None:
    empty = {name: table.slice(0, 0) for name, table in tables().items()}
    found = assess(empty, "gwangju", TODAY)
    assert [len(one) for one in (found.claims, found.items, found.papers, found.gates)] == [0, 0, 0, 0]


def test_a_claim_without_lines_is_answered() -> None:
    given = tables()
    found = assess(given | {"items": given["items"].slice(0, 0)}, "gwangju", TODAY).claims.to_pylist()
    assert [(one["claimed_won"], one["payable_won"], one["outcome"]) for one in found] == [(0, 0, "ready")]


def test_tables_and_columns_not_given_count_as_empty() -> None:
    given = tables()
    needed = ["claim_key", "item_key", "nhi_class", "amount_won"]
    found = assess({"claims": given["claims"], "items": given["items"].select(needed)}, "gwangju", TODAY)
    assert found.items["reason_code"].to_pylist() == ["RECEIPT_UNKNOWN"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda one: one | {"extra": one["claims"]}, "extra"),
        (lambda one: {"items": one["items"]}, "claims"),
        (lambda one: one | {"claims": one["claims"].drop_columns(["accident_on"])}, "accident_on is missing"),
        (
            lambda one: one | {"claims": pa.concat_tables([one["claims"]] * 2)},
            "claim_key stand twice",
        ),
        (lambda one: one | {"items": pa.concat_tables([one["items"]] * 2)}, "item_key stand twice"),
        (lambda one: one | {"claims": one["claims"].slice(0, 0)}, "belongs to no claim"),
        (
            lambda one: one | {"items": replaced(one["items"], "amount_won", pa.array(["many"]))},
            "is not int64",
        ),
        (lambda one: one | {"items": replaced(one["items"], "nhi_class", pa.nulls(1))}, "nhi_class is empty"),
    ],
)
def test_odd_tables_are_refused(change, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=words) as caught:
        assess(change(tables()), "gwangju", TODAY)
    assert "assessment_tables.csv" in caught.value.fix_en


def test_a_cap_that_changes_on_a_day_follows_the_accident(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old, new = COVERAGE.read_text(encoding="utf-8").split('[[rule]]\nid = "C09-a"')
    rule, rest = new.split("\n\n", 1)
    later = rule.replace("500_000", "600_000") + "\nvalid_from = 2026-07-01"
    text = f'{old}[[rule]]\nid = "C09-a"{rule}\nvalid_to = 2026-06-30\n\n[[rule]]\nid = "C09-a2"{later}\n\n{rest}'
    path = tmp_path / "coverage.toml"
    path.write_text(text, encoding="utf-8")
    monkeypatch.setattr(assessment, "load_book", lambda: load_book(path))
    days = [date(2026, 6, 30), date(2026, 7, 1)]
    claims = [CLAIM | {"accident_on": day.isoformat()} for day in days]
    found = assess(tables(*claims), "gwangju", TODAY)
    assert found.items["payable_won"].to_pylist() == [500_000, 600_000]
    assert found.items["rule_ids"].to_pylist() == ["C09-a", "C09-a2"]


def test_a_later_claim_of_the_call_sees_the_earlier_one() -> None:
    claims = [
        CLAIM | {"submitted_on": f"2026-04-0{day}", "receipts": [RECEIPT | {"receipt_key": f"R{day}"}]}
        for day in (3, 1, 2)
    ]
    given = tables(*claims)
    names = given["claims"].column_names
    same = pa.array(["A"] * 3)
    given["claims"] = given["claims"].set_column(names.index("accident_key"), "accident_key", same)
    found = assess(given, "gwangju", TODAY)
    assert found.items["payable_won"].to_pylist() == [0, 500_000, 500_000]
    assert found.items["count_no"].to_pylist() == [3, 1, 2]


def test_a_decided_line_without_category_counts_in_the_one_of_its_name() -> None:
    """The ledger keeps a line as the source wrote it: spectacles found from their name are still spectacles."""
    glasses = {"nhi_class": "noncovered", "name": "안경", "amount_won": 300_000}
    glasses |= {"is_worn_before": False, "is_needed_by_accident": True}
    past = {"line_cat": "OTHER", "name": "안경 구입", "paid_won": 300_000}
    given = tables(CLAIM | {"items": [glasses], "history": [past]})
    bare = replaced(given["history"], "line_cat", pa.nulls(1, pa.string()))
    found = assess(given | {"history": bare}, "gwangju", TODAY)
    assert found.items["reason_code"].to_pylist() == ["GLASSES_COUNT"]
    assert found.claims["payable_won"].to_pylist() == [0]
    unknown = replaced(bare, "name", pa.array(["새로 나온 것"]))
    found = assess(given | {"history": unknown}, "gwangju", TODAY)
    assert found.claims["payable_won"].to_pylist() == [300_000]
