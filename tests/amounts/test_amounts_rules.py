"""The rule data itself: complete, consistent, switchable, and refused when odd."""

from __future__ import annotations

import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cheonggu.errors import DataFileError, InputError, UsageError
from cheonggu.schemes.hira.amounts import compute_amounts, explain, load_rules
from cheonggu.schemes.hira.amounts_rules import FOLDER, RULE_FILES
from tests.amounts.case_files import read_line
from tests.amounts.random_statements import as_tables

DAY = date(2026, 3, 2)
CLINIC = {"insurer": "HI", "care": "outpatient", "provider_kind": "clinic", "care_on": DAY, "age_years": 40}
WARD = CLINIC | {"care": "inpatient", "provider_kind": "tertiary"}
PHARMACY = CLINIC | {"care": "pharmacy", "provider_kind": "pharmacy"}
OUR_OWN = {
    "AM-RESTRICTED",
    "AM-STEM-UNAPPROVED",
    "SYM-F022",
    "SYM-F022-MA",
    "SYM-V000-MA",
    "MA-PSY-LAI-BEFORE",
}


def compute(
    facts: dict[str, Any], lines: list[str], switches: dict[str, str] | None = None
) -> dict[str, Any]:
    statements, table = as_tables([facts], [[read_line(text) for text in lines]])
    row: dict[str, Any] = compute_amounts(statements, table, switches).to_pylist()[0]
    return row


def test_every_rule_of_the_table_is_there() -> None:
    rules = load_rules().rules.values()
    files = {f"{name}.toml" for name in RULE_FILES}
    assert len([one for one in rules if one.file in files and one.id not in OUR_OWN]) == 152
    assert len([one for one in rules if one.file == "carve_outs.toml"]) == 18


def test_every_entry_names_source_and_confidence() -> None:
    for rule in load_rules().rules.values():
        assert rule.raw["source"], rule.id
        assert rule.raw["confidence"] in ("official", "secondary", "unverified"), rule.id


def test_meal_components_agree_with_the_meal_carve_out() -> None:
    """Meals are always charged by CV-MEAL; what the class rules say about meals must be the same."""
    usual = dict.fromkeys(("NP_C", "NP_EF", "MA1", "MA2"), Decimal("0.2")) | {"HI": Decimal("0.5")}
    for rule in load_rules().rules.values():
        for one in rule.raw.get("components", ()):
            if one["base"] in ("MEAL", "MEAL_BASE") and rule.id != "HI-IP-DONOR":
                assert {usual[group] for group in rule.raw["patients"]} == {one["rate"]}, rule.id


def test_explain_tells_what_a_clerk_asks() -> None:
    told = explain("hi-op-c-65")
    assert told["id"] == "HI-OP-C-65"
    assert told["confidence"] == "official"
    assert told["source"] == "S1,S8"
    assert told["valid_from"] == "2018-01-01"
    assert told["tiers"][1] == {
        "over": 15000,
        "max_total": 20000,
        "rate": "0.1",
    }
    assert explain("HI-OP-C-GEN")["used_from"] == "2017-01-01"
    assert explain("CV-CHUNA")["rates"]["HI"] == ["0.5", "0.8"]
    with pytest.raises(UsageError, match="no rule"):
        explain("HI-OP-NOTHING")


@pytest.mark.parametrize("rule_id", sorted(load_rules().rules))
def test_every_rule_can_be_explained(rule_id: str) -> None:
    told = explain(rule_id)
    assert told["meaning"]
    assert told["source"]
    assert told["label_ko"]


SWITCHED: list[tuple[str, str, dict[str, Any], list[str], str, Any, Any]] = [
    (
        "v301_rate",
        "10",
        CLINIC | {"care": "home", "special_symbols": "V301"},
        ["01 10,000"],
        "patient_copay",
        2_000,
        1_000,
    ),
    (
        "f023_inpatient_rate",
        "30",
        WARD | {"insurer": "MA2", "special_symbols": "F023"},
        ["09 10,000"],
        "patient_copay",
        2_000,
        3_000,
    ),
    (
        "child_rate_in_eup_myeon",
        "scaled",
        CLINIC | {"provider_kind": "general", "area": "eup_myeon", "age_years": 3},
        ["01 10,000"],
        "patient_copay",
        3_500,
        3_100,
    ),
    (
        "partial_copay_truncation",
        "section",
        CLINIC,
        ["01 10,000", "A 10,030", "B 5,010"],
        "partial_copay_patient",
        9_020,
        9_010,
    ),
    (
        "veteran_pharmacy_base",
        "ordinary_copay",
        PHARMACY | {"injury_work_class": "6"},
        ["01 20,000"],
        "patient_copay",
        2_400,
        2_400,
    ),
    (
        "veteran_pharmacy_base",
        "ordinary_copay",
        PHARMACY | {"injury_work_class": "6"},
        ["01 20,000"],
        "claimed_amount",
        5_600,
        14_000,
    ),
    (
        "veteran_pharmacy_base",
        "refuse",
        PHARMACY | {"injury_work_class": "6"},
        ["01 20,000"],
        "not_computable",
        None,
        "switched_off",
    ),
    (
        "veterans_copay_of_reduced",
        "zero",
        CLINIC | {"veterans_class": "4", "veterans_site": "entrusted"},
        ["01 10,000"],
        "veterans_copay",
        1_200,
        0,
    ),
    (
        "state_paid_partial_copay",
        "patient",
        CLINIC | {"injury_work_class": "4"},
        ["01 10,000", "B 5,000"],
        "partial_copay_patient",
        0,
        4_000,
    ),
    ("under_1_carve_outs", "under_6", CLINIC | {"age_years": 0}, ["T 10,000"], "patient_copay", 500, 1_400),
    (
        "hospital_rooms_from",
        "2018-07-01",
        WARD | {"provider_kind": "hospital", "care_on": date(2019, 6, 30)},
        ["02 10,000 ROOM2"],
        "patient_copay",
        None,
        4_000,
    ),
    (
        "near_poor_f_outpatient",
        "refuse",
        WARD | {"care": "outpatient", "injury_work_class": "F"},
        ["01 10,000"],
        "not_computable",
        None,
        "switched_off",
    ),
    (
        "f028_support_off_claim",
        "no",
        CLINIC | {"special_symbols": "F028"},
        ["01 10,000"],
        "claimed_amount",
        7_000,
        9_000,
    ),
    (
        "inpatient_a_equipment_60",
        "yes",
        WARD,
        ["09 10,000", "A 10,000 S_EQUIP"],
        "partial_copay_patient",
        5_000,
        6_000,
    ),
    (
        "clinic_level",
        "refuse",
        CLINIC | {"insurer": "MA1"},
        ["01 10,000"],
        "not_computable",
        None,
        "fact_missing",
    ),
    (
        "both_covers_pharmacies",
        "no",
        PHARMACY | {"special_symbols": "V193"},
        ["01 10,000"],
        "patient_copay",
        500,
        3_000,
    ),
    (
        "refuse_unverified",
        "yes",
        CLINIC | {"age_years": 70, "care_on": date(2017, 5, 1)},
        ["01 10,000"],
        "not_computable",
        None,
        "unverified_rule",
    ),
    (
        "unstated_start_from",
        "2015-01-01",
        CLINIC | {"care_on": date(2016, 5, 1)},
        ["01 10,000"],
        "patient_copay",
        None,
        3_000,
    ),
    (
        "tier_base",
        "without_carve_outs",
        CLINIC | {"age_years": 70},
        ["01 15,000", "T 10,000"],
        "patient_copay",
        5_000,
        3_500,
    ),
]


@pytest.mark.parametrize("one", SWITCHED, ids=lambda one: f"{one[0]}={one[1]}: {one[4]}")
def test_switch(one: tuple[str, str, dict[str, Any], list[str], str, Any, Any]) -> None:
    name, choice, facts, lines, column, usual, switched = one
    assert compute(facts, lines)[column] == usual
    assert compute(facts, lines, {name: choice})[column] == switched


def test_every_switch_is_tried() -> None:
    assert {one[0] for one in SWITCHED} == set(load_rules().switches)


@pytest.mark.parametrize("switches", [{"v301_rate": "15"}, {"nothing": "yes"}])
def test_odd_switch_is_a_usage_error(switches: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=next(iter(switches))):
        load_rules(switches)


BROKEN = [
    ("hi_outpatient.toml", "rate = 1.0", "rate = 1.5", "outside 0 to 1"),
    ("hi_outpatient.toml", "rate = 1.0", "rate = 0.33333", "odd rate"),
    ("hi_outpatient.toml", 'base = "CONSULT"', 'base = "CONSULTS"', "unknown base"),
    ("hi_outpatient.toml", 'kind = "general"', 'kind = "usual"', "unknown kind"),
    ("hi_outpatient.toml", 'when = [{ step = "general" }]', 'when = [{ step = "later" }]', "unknown step"),
    ("hi_outpatient.toml", 'when = [{ step = "general" }]', "when = []", "has no when"),
    (
        "hi_outpatient.toml",
        'when = [{ step = "general" }]',
        'when = [{ step = "general", sex = "f" }]',
        "unknown conditions",
    ),
    ("hi_outpatient.toml", 'id = "HI-OP-G-GEN"', 'id = "HI-OP-T-GEN"', "stands twice"),
    ("hi_outpatient.toml", 'source = "S1,S8"\n', "", "lacks source"),
    ("hi_outpatient.toml", "valid_from = 2017-01-01", 'valid_from = "2017"', "no date"),
    ("hi_outpatient.toml", 'label_ko = "상급', 'colour = 1\nlabel_ko = "상급', "unknown keys"),
    (
        "hi_special_case.toml",
        "valid_to = 2020-08-31",
        "valid_from = 2021-01-01\nvalid_to = 2020-08-31",
        "ends before",
    ),
    ("carve_outs.toml", 'buckets = ["T"]', 'buckets = ["TT"]', "buckets"),
    ("carve_outs.toml", 'otherwise = "own"', 'otherwise = "free"', "neither own nor refuse"),
    ("near_poor.toml", "[[rule]]", "[[rule", "cannot be read as TOML"),
]


@pytest.mark.parametrize(
    ("name", "old", "new", "message"), BROKEN, ids=[one[3] + " " + one[2][:12] for one in BROKEN]
)
def test_odd_data_is_refused(tmp_path: Path, name: str, old: str, new: str, message: str) -> None:
    folder = tmp_path / "copay"
    shutil.copytree(FOLDER, folder)
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataFileError, match=message) as caught:
        load_rules(folder=folder)
    assert name in str(caught.value)


def test_lines_without_statement_and_missing_facts_are_errors() -> None:
    statements, lines = as_tables([CLINIC], [[read_line("01 10,000")]])
    with pytest.raises(InputError, match="no statement"):
        compute_amounts(statements.slice(0, 0), lines)
    with pytest.raises(InputError, match="care_on"):
        compute_amounts(statements.drop_columns(["care_on"]), lines)


def test_no_statement_is_no_row() -> None:
    statements, lines = as_tables([CLINIC], [[read_line("01 10,000")]])
    assert len(compute_amounts(statements.slice(0, 0), lines.slice(0, 0))) == 0
