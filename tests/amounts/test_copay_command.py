"""``cheonggu copay``: JSON in, JSON out, exit 1 with line and field; schema and reader say the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from cheonggu.commands.copay import copay
from cheonggu.schemes.hira.amounts_input import read_statement, schema
from cheonggu.schemes.hira.amounts_model import LINE_BASES, SECTIONS, Situation
from cheonggu.schemes.hira.amounts_rules import load_rules
from cheonggu.schemes.hira.amounts_table import COUNTS, GIVEN
from cheonggu.vocabulary import MalformedError

ROOT = Path(__file__).parents[2]
APP = typer.Typer()
APP.command()(copay)
GOOD: dict[str, Any] = {
    "statement_key": "A1", "insurer": "HI", "care": "outpatient", "provider_kind": "clinic", "care_on": "2026-03-02",
    "age_years": 70, "lines": [{"hang": "01", "mok": "01", "unit_price": 15010}],
}  # fmt: skip


def run(tmp_path: Path, lines: list[str], *more: str) -> tuple[int, list[dict[str, Any]], str]:
    file = tmp_path / "facts.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    result = CliRunner().invoke(APP, [str(file), *more])
    return result.exit_code, [json.loads(one) for one in result.stdout.splitlines()], result.stderr


def test_amounts_rules_and_sentence(tmp_path: Path) -> None:
    code, answers, _ = run(tmp_path, [json.dumps(GOOD)])
    assert code == 0
    assert answers[0]["status"] == "computed"
    assert answers[0]["statement_key"] == "A1"
    assert (answers[0]["patient_copay"], answers[0]["claimed_amount"]) == (1500, 13510)
    assert "HI-OP-C-65" in answers[0]["rule_ids"]
    assert "1,500원" in answers[0]["explanation_ko"]


def test_bad_lines_are_named_and_the_rest_is_computed(tmp_path: Path) -> None:
    hospital = GOOD | {"provider_kind": "hospital"}
    lines = [json.dumps(GOOD), "", "{", json.dumps(GOOD | {"age": 3}), json.dumps(hospital)]
    code, answers, errors = run(tmp_path, lines)
    assert code == 1
    assert [(one["line"], one["status"]) for one in answers] == [
        (1, "computed"), (3, "malformed"), (4, "malformed"), (5, "not_computable"),
    ]  # fmt: skip
    assert answers[2]["field"] == "age"
    assert answers[3]["field"] == "area"
    assert "Line 5, area" in errors
    assert "5행 area" in errors


def test_prices_quantities_and_switches(tmp_path: Path) -> None:
    drug = {
        "hang": "03",
        "unit_price": 71.5,
        "dose_qty": 0.3333,
        "daily_qty": 3,
        "total_days": 5,
        "is_drug": True,
    }
    _, answers, _ = run(tmp_path, [json.dumps(GOOD | {"lines": [drug]})])
    assert answers[0]["total_benefit_cost_1"] == 350  # 71.5 x 0.3333 x 3 x 5 = 357.46... → 357 → 350
    hospice = GOOD | {"care": "home", "special_symbols": ["V301"]}
    assert run(tmp_path, [json.dumps(hospice)])[1][0]["patient_copay"] == 3000
    assert run(tmp_path, [json.dumps(hospice)], "--switch", "v301_rate=10")[1][0]["patient_copay"] == 1500


MALFORMED: list[tuple[dict[str, Any] | str, str]] = [
    ({key: value for key, value in GOOD.items() if key != "insurer"}, "insurer"),
    (GOOD | {"insurer": "XX"}, "insurer"),
    (GOOD | {"age_years": "70"}, "age_years"),
    (GOOD | {"age_years": True}, "age_years"),
    (GOOD | {"age_years": -1}, "age_years"),
    (GOOD | {"care_on": "2026-02-30"}, "care_on"),
    (GOOD | {"care_on": "20260302"}, "care_on"),
    (GOOD | {"lines": []}, "lines"),
    (GOOD | {"lines": {}}, "lines"),
    (GOOD | {"special_symbols": ["v193"]}, "special_symbols[0]"),
    (GOOD | {"has_medication": 1}, "has_medication"),
    (GOOD | {"lines": [{"hang": "01"}]}, "lines[0].unit_price"),
    (GOOD | {"lines": [{"hang": "01", "unit_price": 1, "amount_won": 1}]}, "lines[0].unit_price"),
    (GOOD | {"lines": [{"hang": "01", "unit_price": 1.001}]}, "lines[0].unit_price"),
    (GOOD | {"lines": [{"hang": "99", "amount_won": 1}]}, "lines[0].hang"),
    (GOOD | {"lines": [{"hang": "01", "amount_won": 1.5}]}, "lines[0].amount_won"),
    (GOOD | {"lines": [{"hang": "01", "amount_won": 1, "colour": "red"}]}, "lines[0].colour"),
    ("[]", ""),
    ("NaN", ""),
    ('{"insurer": "HI", "insurer": "HI"}', ""),
]


@pytest.mark.parametrize(("given", "field"), MALFORMED, ids=range(len(MALFORMED)))
def test_malformed_names_the_field(given: dict[str, Any] | str, field: str) -> None:
    with pytest.raises(MalformedError) as caught:
        read_statement(given if isinstance(given, str) else json.dumps(given))
    assert caught.value.field == field


def test_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    from cheonggu.errors import UsageError

    result = CliRunner().invoke(APP, [str(tmp_path / "none.jsonl")])
    assert isinstance(result.exception, UsageError)


def test_schema_knows_what_the_engine_knows() -> None:
    """One vocabulary: keys of the schema are the engine's facts, its choices the engine's choices."""
    facts = schema()["properties"]
    known = {*Situation.__dataclass_fields__, *COUNTS, *GIVEN, "statement_key", "lines"}
    assert set(facts) == known
    line = facts["lines"]["items"]["properties"]
    assert line["hang"]["enum"] == list(SECTIONS)
    assert line["base"]["enum"] == list(LINE_BASES)
    assert set(load_rules().providers) <= set(facts["provider_kind"]["enum"])


def test_schema_is_a_json_schema_and_accepts_the_documented_examples() -> None:
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(schema())
    check = Draft202012Validator(schema())
    examples = [
        json.loads(line) for line in (ROOT / "docs" / "copay.md").read_text(encoding="utf-8").splitlines()
        if line.startswith('{"insurer"')
    ]  # fmt: skip
    assert len(examples) >= 8
    for one in examples:
        check.validate(one)
        assert read_statement(json.dumps(one))["insurer"] == one["insurer"]


def test_documented_examples_are_computed(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "copay.md").read_text(encoding="utf-8").splitlines()
    code, answers, errors = run(tmp_path, [line for line in text if line.startswith('{"insurer"')])
    assert code == 0, errors
    amounts = [line.split("→")[1].split()[0].replace(",", "") for line in text if line.startswith("→ ")]
    assert [str(one["patient_copay"]) for one in answers] == amounts
