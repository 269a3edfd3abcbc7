"""``cheonggu school assess``: JSON in, the proposal out, bad lines named and the others answered."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cheonggu.cli import app
from cheonggu.commands.school import DECISIONS_KO, OUTCOMES_KO
from cheonggu.errors import InputError, UsageError
from cheonggu.schemes.school_safety.assessment import explain
from cheonggu.schemes.school_safety.assessment_input import read_claim, schema
from cheonggu.schemes.school_safety.assessment_tables import input_columns
from cheonggu.schemes.school_safety.data import RULES
from cheonggu.vocabulary import MalformedError
from tests.schemes.school_safety.case_files import BASE, RECEIPT

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "school-assessment.md").read_text(encoding="utf-8").splitlines()
GOOD: dict[str, Any] = BASE | {
    "claim_key": "C-1",
    "receipts": [RECEIPT],
    "items": [{"nhi_class": "covered_copay", "amount_won": 12000, "name": "진찰료"}],
}


def run(tmp_path: Path, lines: list[str], *more: str) -> tuple[int, str, str]:
    file = tmp_path / "claims.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    result = CliRunner().invoke(app, ["school", "assess", str(file), "--on", "2026-11-22", *more])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def test_a_claim_as_json(tmp_path: Path) -> None:
    code, out, _ = run(tmp_path, [json.dumps(GOOD)], "--json")
    answer = json.loads(out)
    assert code == 0
    assert (answer["line"], answer["claim_key"], answer["status"]) == (1, "C-1", "assessed")
    assert (answer["outcome"], answer["payable_won"], answer["time_limit"]) == ("ready", 12000, "ok")
    assert (
        answer["limit_from_accident_on"] == "2029-03-03"
    )  # a Saturday: the holidays of 2029 are not known yet
    assert answer["items"][0]["rule_ids"] == ["G-01"]
    assert "12,000원" in answer["reason_ko"]


def test_a_claim_for_the_terminal(tmp_path: Path) -> None:
    fax = GOOD | {"channel": "fax"}
    code, out, _ = run(tmp_path, [json.dumps(GOOD), json.dumps(fax)])
    lines = out.splitlines()
    assert code == 0
    assert lines[0].startswith("1행 C-1 [결정 준비 ready] 청구 12,000원 중 지급안 12,000원")
    assert lines[1].startswith("  1: 지급 12,000원 / 12,000원 [G-01] 급여 항목의")
    assert lines[2].startswith("2행 C-1 [접수 불가 blocked] 온라인, 등기우편, 방문으로만")
    assert lines[3].startswith("  E12 ")


def test_bad_lines_are_named_and_the_rest_is_answered(tmp_path: Path) -> None:
    lines = [json.dumps(GOOD), "", "{", json.dumps(GOOD | {"colour": "red"}), json.dumps(GOOD)]
    code, out, errors = run(tmp_path, lines, "--json")
    answers = [json.loads(one) for one in out.splitlines()]
    assert code == 1
    assert [(one["line"], one["status"]) for one in answers] == [
        (1, "assessed"), (3, "malformed"), (4, "malformed"), (5, "assessed"),
    ]  # fmt: skip
    assert answers[2]["field"] == "colour"
    assert "Line 4, colour" in errors
    assert "4행 colour" in errors


def test_nothing_good_in_the_file(tmp_path: Path) -> None:
    assert run(tmp_path, ["{}"], "--json")[0] == 1


def test_region_and_switch(tmp_path: Path) -> None:
    line = json.dumps(GOOD | {"items": [{"nhi_class": "noncovered", "line_cat": "OTHER", "amount_won": 1}]})
    outcome = [
        json.loads(run(tmp_path, [line], "--json", *more)[1])["outcome"]
        for more in ([], ["--region", "seoul"], ["--switch", "unlisted_noncovered=review"])
    ]
    assert outcome == ["ready", "review", "review"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--region", "atlantis"], "gwangju, gyeonggi"),
        (["--switch", "nonsense=1"], "document_threshold_won"),
        (["--switch", "core_cap_mode=half"], "each, shared"),
        (["--switch", "glasses_cap_won=-1"], "whole won"),
        (["--switch", "core_cap_mode"], "NAME=CHOICE"),
        (["--on", "tomorrow"], "YYYY-MM-DD"),
    ],
)
def test_a_wrong_call_says_what_is_allowed(tmp_path: Path, more: list[str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        run(tmp_path, [json.dumps(GOOD)], *more)


def test_a_day_before_the_region_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="begins on 2022-11-07"):
        run(tmp_path, [json.dumps(GOOD)], "--on", "2022-11-06")


def test_a_missing_file_is_a_usage_error() -> None:
    result = CliRunner().invoke(app, ["school", "assess", "none.jsonl"])
    assert isinstance(result.exception, UsageError)


ITEM = GOOD["items"][0]
MALFORMED: list[tuple[Any, str]] = [
    (
        {name: value for name, value in GOOD.items() if name != "other_compensation_won"},
        "other_compensation_won",
    ),
    (GOOD | {"accident_on": "2026-02-30"}, "accident_on"),
    (GOOD | {"accident_status": "접수"}, "accident_status"),
    (GOOD | {"items": []}, "items"),
    (GOOD | {"items": [ITEM | {"amount_won": -1}]}, "items[0].amount_won"),
    (GOOD | {"items": [ITEM | {"amount_won": 1.5}]}, "items[0].amount_won"),
    (GOOD | {"items": [ITEM | {"tooth": "19"}]}, "items[0].tooth"),
    (GOOD | {"items": [ITEM | {"receipt_key": "R7"}]}, "items[0].receipt_key"),
    (GOOD | {"items": [ITEM | {"item_key": "2"}, ITEM]}, "items[1].item_key"),
    (GOOD | {"items": [ITEM | {"treated_on": "2026-13-01"}]}, "items[0].treated_on"),
    (GOOD | {"items": [ITEM | {"scars": [{"width_cm": 0.999}]}]}, "items[0].scars[0].width_cm"),
    (GOOD | {"items": [ITEM | {"documents": ["LETTER"]}]}, "items[0].documents[0]"),
    (GOOD | {"receipts": [RECEIPT, RECEIPT]}, "receipts[1].receipt_key"),
    (GOOD | {"receipts": [{"receipt_key": "R1"}]}, "receipts[0].paid_won"),
    (GOOD | {"receipts": [RECEIPT | {"paid_on": "2026-02-30"}]}, "receipts[0].paid_on"),
    (GOOD | {"history": [{"line_cat": "GLASSES"}]}, "history[0].paid_won"),
    (GOOD | {"accident_key": "홍 길동"}, "accident_key"),
    ([], ""),
]


@pytest.mark.parametrize(("given", "field"), MALFORMED, ids=range(len(MALFORMED)))
def test_malformed_names_the_field(given: Any, field: str) -> None:
    with pytest.raises(MalformedError) as caught:
        read_claim(json.dumps(given))
    assert caught.value.field == field


def test_documented_examples_are_assessed(tmp_path: Path) -> None:
    code, out, errors = run(tmp_path, [line for line in PAGE if line.startswith('{"accident_key"')], "--json")
    assert code == 0, errors
    got = [f"→ {one['payable_won']:,} {one['outcome']}" for one in map(json.loads, out.splitlines())]
    assert got == [line for line in PAGE if line.startswith("→ ")]
    assert len(got) >= 7


def test_schema_is_a_json_schema_and_accepts_the_documented_examples() -> None:
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(schema())
    for line in PAGE:
        if line.startswith('{"accident_key"'):
            Draft202012Validator(schema()).validate(json.loads(line))


def test_schema_and_tables_say_the_same() -> None:
    """Every key of the schema is a column of the engine's tables, with the same duty."""
    facts, columns = schema(), input_columns()
    parts = {"claims": facts} | {
        name: facts["properties"][name]["items"] for name in ("receipts", "items", "history")
    }
    parts["scars"] = parts["items"]["properties"]["scars"]["items"]
    for name, part in parts.items():
        keys = {key for key, rule in part["properties"].items() if rule["type"] != "array"}
        assert keys <= set(columns[name])
        assert set(columns[name]) - keys <= {"claim_key", "item_key", "victim_key"}
        required = {column for column, (_, is_required) in columns[name].items() if is_required}
        scalar = set(part["required"]) - {"receipts", "items"}
        assert required - scalar <= {"claim_key", "item_key", "accident_key"}
        assert scalar <= required


def test_the_vocabulary_knows_the_papers_and_channels_of_the_data() -> None:
    with (RULES / "documents.csv").open(encoding="utf-8") as stream:
        codes = {
            code
            for row in csv.DictReader(stream)
            for code in (row["document_code"], *row["or_codes"].split())
        }
    assert codes == set(schema()["properties"]["documents"]["items"]["enum"])
    with (RULES / "channels.csv").open(encoding="utf-8") as stream:
        assert {row["channel"] for row in csv.DictReader(stream)} == set(
            schema()["properties"]["channel"]["enum"]
        )


def test_every_outcome_and_decision_has_a_korean_word() -> None:
    assert set(OUTCOMES_KO) == {"blocked", "deny_all", "redirect", "barred", "supplement", "review", "ready"}
    assert set(DECISIONS_KO) == {"pay", "deny", "hold", "review"}


@pytest.mark.parametrize(
    ("rule_id", "word"),
    [("c09-a", "도재전장관"), ("E12", "온라인"), ("D05", "진단서"), ("AMB-04", "150,000")],
)
def test_a_rule_is_explained(rule_id: str, word: str) -> None:
    assert word in json.dumps(explain(rule_id), ensure_ascii=False, default=str)


def test_an_unknown_rule_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no rule ZZ-99"):
        explain("ZZ-99")


def test_no_name_of_a_line_comes_back(tmp_path: Path) -> None:
    item = {"nhi_class": "noncovered", "amount_won": 1, "name": "홍길동 800101-1234567 영양제"}
    _, out, errors = run(tmp_path, [json.dumps(GOOD | {"items": [item]})], "--json")
    assert "홍길동" not in out + errors
    assert "1234567" not in out + errors
    assert json.loads(out)["items"][0]["matched_name"] == "영양제"


def test_the_day_of_the_assessment_files_a_claim_without_a_day(tmp_path: Path) -> None:
    _, out, _ = run(tmp_path, [json.dumps(GOOD)], "--json")
    assert json.loads(out)["filed_on"] == date(2026, 11, 22).isoformat()


def test_a_wrong_day_of_the_clocks_is_a_usage_error() -> None:
    result = CliRunner().invoke(app, ["school", "clocks", "--until", "soon"])
    assert isinstance(result.exception, UsageError)
