"""``rules explain`` knows every rule that gives an amount, a roster detail or one of their findings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cheonggu.cli import app
from cheonggu.errors import DataFileError, UsageError
from cheonggu.schemes.hira import rule_texts
from cheonggu.schemes.hira.amounts_rules import load_rules
from cheonggu.schemes.hira.data import CODES
from cheonggu.schemes.hira.rule_texts import explain_rule, finding_rules, roster_rules

AMOUNT_RULES = sorted(load_rules().rules)
EVERY = [*AMOUNT_RULES, *finding_rules(), *roster_rules()]


@pytest.mark.parametrize("rule_id", EVERY)
def test_every_rule_is_explained_with_meaning_source_and_confidence(rule_id: str) -> None:
    shown = explain_rule(rule_id.lower())
    assert shown["id"] == rule_id
    assert shown["meaning"]
    assert shown.get("source") or shown.get("basis")
    assert shown["confidence"] in ("official", "secondary", "unverified", "ours")
    json.dumps(shown, default=str)


def test_there_are_rules_of_every_sort() -> None:
    assert len(AMOUNT_RULES) > 100
    assert {"AM-LINE", "AM-TOTAL1", "B100-A", "HI-OP-C-GEN", "MA1-OP-L1"} <= set(AMOUNT_RULES)
    assert len(EVERY) == len(set(EVERY))


@pytest.mark.parametrize("rule_id", ["HI-OP-C-65", "SET-001", "ROS-THERAPIST"])
def test_the_command_explains_them(rule_id: str) -> None:
    answer = CliRunner().invoke(app, ["rules", "explain", rule_id])
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.output)["id"] == rule_id


def test_a_roster_rule_shows_its_dated_values() -> None:
    values = explain_rule("ROS-MT008")["values"]["part_time_days"]["values"]
    assert values[-1]["is"]["month"] == 15


def test_an_unknown_rule_is_a_usage_error() -> None:
    with pytest.raises(UsageError):
        explain_rule("NO-SUCH-RULE")


@pytest.mark.parametrize("entry", ['id = "X-1"', 'id = "SET-001"\nmeaning = ""'])
def test_an_odd_entry_is_refused_with_file_and_number(tmp_path: Path, entry: str) -> None:
    path = tmp_path / "settlement.toml"
    path.write_text(f"[[finding]]\n{entry}\n", encoding="utf-8")
    with pytest.raises(DataFileError, match=r"settlement\.toml, entry 1"):
        rule_texts._read(path, "finding", rule_texts.FURTHER)


def test_every_kind_of_provider_the_rules_know_is_a_code() -> None:
    assert set(load_rules().providers) == CODES.allowed("provider_kind")
