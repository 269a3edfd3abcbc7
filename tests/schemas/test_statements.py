"""Validation: each shape rule fires for one bad statement, names it, keeps its value to itself, lets the others go."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from schemas.statements import Verdict, check_statements
from tests.support import CLINIC, HIRA, KOREAN, build_hospital, month_tables, without

JUNE = (date(2026, 6, 1), date(2026, 6, 30))


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_hospital(tmp_path_factory.mktemp("hospital"), 600)


def planted(hospital: Path) -> set[str]:
    with (hospital / "truth.csv").open(encoding="utf-8", newline="") as stream:
        return {row["statement_key"] for row in csv.DictReader(stream)}


@pytest.fixture(scope="module")
def clinic(hospital: Path) -> dict[str, pa.Table]:
    return without(month_tables(hospital, CLINIC, "202606", "H021", "4"), planted(hospital))


def check(tables: dict[str, pa.Table], kind: str = "medical_dental", setting: str = "out") -> Verdict:
    return check_statements(
        tables, HIRA.views.statement, HIRA.codes, kind=kind, setting=setting, care_days=JUNE
    )


def change(
    tables: dict[str, pa.Table], view: str, column: str, value: Any, row: int = 0
) -> dict[str, pa.Table]:
    table = tables[view]
    values = table[column].to_pylist()
    values[row] = value
    index = table.column_names.index(column)
    changed = table.set_column(
        index, table.schema.field(column), pa.array(values, table.schema.field(column).type)
    )
    return {**tables, view: changed}


def key_of(tables: dict[str, pa.Table], view: str, row: int = 0) -> str:
    key: str = tables[view]["statement_key"][row].as_py()
    return key


def test_clean_statements_give_no_finding(clinic: dict[str, pa.Table]) -> None:
    verdict = check(clinic)
    assert verdict.findings.to_pylist() == []
    assert pc.all(verdict.verdicts["is_ready"]).as_py()
    assert len(verdict.verdicts) == len(clinic["statement"]) > 20


def test_clean_korean_medicine_statements_give_no_finding(hospital: Path) -> None:
    tables = without(month_tables(hospital, KOREAN, "202606", "K021", "4"), planted(hospital))
    assert check(tables, kind="korean_medicine").findings.to_pylist() == []


CASES = [
    ("SRC-001", "statement", "patient_name", "  "),
    ("SRC-001", "statement", "care_from", None),
    ("SRC-001", "line", "line_code", ""),
    ("SRC-003", "statement", "payer_class", "5"),
    ("SRC-003", "statement", "treatment_result", "8"),  # a result only new-DRG claims know
    ("SRC-003", "diagnosis", "department", "80"),  # a department only Korean medicine knows
    ("SRC-003", "line", "mok", "98"),
    ("SRC-004", "statement", "claimed_amount", 10**10),
    ("SRC-004", "statement", "claimed_amount", -1),
    ("SRC-004", "line", "line_amount", -295),  # negative in Korean medicine only
    ("SRC-004", "line", "unit_price", 10**12),
    ("SRC-007", "statement", "patient_name", "김😀"),
    ("SRC-007", "statement", "subscriber_name", "𠮷"),
    ("SRC-008", "statement", "patient_name", "가나다라마바사아자차카"),
    ("SRC-008", "diagnosis", "diagnosis_code", "J060000"),
    ("SRC-010", "statement", "care_from", date(2026, 6, 29)),
    ("SRC-011", "statement", "provider_code", "99999999"),
    ("SRC-012", "statement", "patient_rrn", "90010112345"),
    ("SRC-012", "statement", "patient_rrn", "900101-123456"),
    ("SRC-012", "statement", "patient_rrn", "９００１０１１２３４５６７"),
]


@pytest.mark.parametrize(("rule", "view", "column", "value"), CASES)
def test_one_bad_value_blocks_its_statement_and_no_other(
    clinic: dict[str, pa.Table], rule: str, view: str, column: str, value: Any
) -> None:
    tables = change(clinic, view, column, value)
    bad = key_of(tables, view)
    verdict = check(tables)
    hits = [(one["rule_id"], one["statement_key"], one["field"]) for one in verdict.findings.to_pylist()]
    assert (rule, bad, column) in hits
    assert {key for _, key, _ in hits} == {bad}
    ready = dict(zip(*verdict.verdicts.to_pydict().values(), strict=True))
    assert ready.pop(bad) is False
    assert all(ready.values())
    assert bad not in verdict.tables["statement"]["statement_key"].to_pylist()
    assert bad not in verdict.tables["line"]["statement_key"].to_pylist()


def test_findings_speak_both_languages_and_never_quote_the_value(clinic: dict[str, pa.Table]) -> None:
    tables = change(clinic, "statement", "patient_name", "김비밀비밀비밀비밀비밀비밀")
    found = check(tables).findings.to_pylist()
    assert found
    for one in found:
        assert one["message_ko"]
        assert one["message_en"]
        assert one["fix_ko"]
        assert one["fix_en"]
        assert "비밀" not in "".join(str(value) for value in one.values())


@pytest.mark.parametrize("length", [9, 10])
def test_ten_syllables_fit_a_field_of_twenty_bytes(clinic: dict[str, pa.Table], length: int) -> None:
    assert len(check(change(clinic, "statement", "patient_name", "뷁" * length)).findings) == 0


def test_a_statement_without_main_diagnosis_is_blocked(clinic: dict[str, pa.Table]) -> None:
    classes = clinic["diagnosis"]["diagnosis_class"].to_pylist()
    row = classes.index("1")
    tables = change(clinic, "diagnosis", "diagnosis_class", "2", row)
    hits = check(tables).findings.to_pylist()
    assert [(one["rule_id"], one["statement_key"]) for one in hits] == [
        ("SRC-009", key_of(tables, "diagnosis", row))
    ]


def test_a_key_that_stands_twice_is_blocked(clinic: dict[str, pa.Table]) -> None:
    twice = pa.concat_tables([clinic["statement"], clinic["statement"].slice(0, 1)])
    verdict = check({**clinic, "statement": twice})
    assert set(verdict.findings["rule_id"].to_pylist()) == {"SRC-005"}
    assert verdict.verdicts["is_ready"].to_pylist().count(False) == 1


def test_a_row_without_its_statement_is_named(clinic: dict[str, pa.Table]) -> None:
    tables = change(clinic, "line", "statement_key", "nobody")
    hits = [(one["rule_id"], one["statement_key"]) for one in check(tables).findings.to_pylist()]
    assert ("SRC-006", "nobody") in hits


def test_a_negative_amount_is_allowed_for_a_removed_ingredient(hospital: Path) -> None:
    tables = without(month_tables(hospital, KOREAN, "202606", "K021", "4"), planted(hospital))
    changed = change(tables, "line", "line_amount", -295)
    assert "SRC-004" not in check(changed, kind="korean_medicine").findings["rule_id"].to_pylist()


def test_a_visit_known_under_another_key_is_blocked(clinic: dict[str, pa.Table]) -> None:
    double = key_of(clinic, "statement", 3)
    verdict = check_statements(
        clinic,
        HIRA.views.statement,
        HIRA.codes,
        kind="medical_dental",
        setting="out",
        care_days=JUNE,
        doubles=[double],
    )
    assert [(one["rule_id"], one["statement_key"]) for one in verdict.findings.to_pylist()] == [
        ("SRC-013", double)
    ]
    assert verdict.verdicts["is_ready"].to_pylist().count(False) == 1
