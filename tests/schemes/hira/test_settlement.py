"""Settlement: a sound hospital agrees to the won, gaps are filled, differences are found under their rule."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from cheonggu.errors import DataFileError, UsageError
from cheonggu.schemes.hira.amounts import AMOUNTS
from cheonggu.schemes.hira.amounts_marks import HEADINGS
from cheonggu.schemes.hira.data import form_facts
from cheonggu.schemes.hira.settlement import settle_amounts
from tests.support import CLINIC, GENERAL, KOREAN, build_hospital, month_tables, without

Tables = dict[str, pa.Table]
GROUPS = [
    (provider, form, payer)
    for provider, forms in ((CLINIC, "H021 H031"), (GENERAL, "H020 H021 H030 H031"), (KOREAN, "K021 K031"))
    for form in forms.split()
    for payer in ("4", "7", "1", "2")
]


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_hospital(tmp_path_factory.mktemp("hospital"), 1_200)


@pytest.fixture(scope="module")
def sound(hospital: Path) -> Tables:
    """Insured outpatients of the clinic without planted defects."""
    return batch_tables(hospital, CLINIC, "H021", "4")


def planted(hospital: Path) -> dict[str, str]:
    with (hospital / "truth.csv").open(encoding="utf-8", newline="") as stream:
        return {row["statement_key"]: row["rule_id"] for row in csv.DictReader(stream)}


def batch_tables(hospital: Path, provider: str, form: str, payer: str) -> Tables:
    return without(month_tables(hospital, provider, "202606", form, payer), set(planted(hospital)))


def settle(
    tables: Tables, form: str = "H021", provider: str = CLINIC, **settings: Any
) -> tuple[Tables, list[dict[str, Any]]]:
    settled, found = settle_amounts(
        tables, form_facts(form) | {"provider_code": provider}, {"amounts": settings}
    )
    return settled, found.to_pylist()


def put(tables: Tables, view: str, column: str, values: list[Any]) -> Tables:
    table = tables[view]
    array = pa.array(values, table.schema.field(column).type)
    return tables | {view: table.set_column(table.column_names.index(column), column, array)}


def put_first(tables: Tables, view: str, column: str, value: Any) -> Tables:
    values = tables[view][column].to_pylist()
    return put(tables, view, column, [value, *values[1:]])


def first(tables: Tables) -> dict[str, Any]:
    row: dict[str, Any] = tables["statement"].slice(0, 1).to_pylist()[0]
    return row


@pytest.mark.parametrize(("provider", "form", "payer"), GROUPS, ids=["-".join(one) for one in GROUPS])
def test_a_sound_hospital_agrees_to_the_won(hospital: Path, provider: str, form: str, payer: str) -> None:
    tables = batch_tables(hospital, provider, form, payer)
    settled, found = settle(tables, form, provider)
    assert found == []
    assert settled["statement"].equals(tables["statement"])
    assert settled["line"].equals(tables["line"])


@pytest.mark.parametrize(("provider", "form"), [(CLINIC, "H021"), (GENERAL, "H020"), (KOREAN, "K021")])
@pytest.mark.parametrize("nothing", [None, 0])
def test_amounts_that_are_missing_are_filled_to_the_won(
    hospital: Path, provider: str, form: str, nothing: int | None
) -> None:
    tables = batch_tables(hospital, provider, form, "4")
    count, lines = len(tables["statement"]), len(tables["line"])
    assert count > 10
    empty = put(tables, "line", "line_amount", [nothing] * lines)
    for name in AMOUNTS:
        empty = put(empty, "statement", name, [nothing] * count)
    settled, found = settle(empty, form, provider)
    assert found == []
    assert settled["statement"].equals(tables["statement"])
    assert settled["line"].equals(tables["line"])


def test_a_wrong_amount_is_found_with_both_numbers_and_the_rules(sound: Tables) -> None:
    right = first(sound)["patient_copay"]
    settled, found = settle(put_first(sound, "statement", "patient_copay", right + 700))
    assert [(one["rule_id"], one["level"], one["field"], one["stage"]) for one in found] == [
        ("SET-001", "warning", "patient_copay", "validate")
    ]
    assert found[0]["statement_key"] == first(sound)["statement_key"]
    assert f"hospital {right + 700:,}, computed {right:,}, rules AM-TOTAL1 HI-OP-C-" in found[0]["detail"]
    assert first(settled)["patient_copay"] == right + 700


@pytest.mark.parametrize(
    ("settings", "level", "shift"),
    [
        ({}, "warning", 700),
        ({"default": "hospital"}, "warning", 700),
        ({"default": "computed"}, "warning", 0),
        ({"default": "block"}, "error", 700),
        ({"default": "block", "providers": {CLINIC: {"policy": "computed"}}}, "warning", 0),
        ({"default": "computed", "providers": {GENERAL: {"policy": "block"}}}, "warning", 0),
    ],
)
def test_the_policy_of_the_provider_says_which_side_stands(
    sound: Tables, settings: dict[str, Any], level: str, shift: int
) -> None:
    right = first(sound)["patient_copay"]
    settled, found = settle(put_first(sound, "statement", "patient_copay", right + 700), **settings)
    assert [one["level"] for one in found] == [level]
    assert first(settled)["patient_copay"] == right + shift


def test_a_wrong_line_names_the_line_and_is_replaced_when_the_computed_side_stands(sound: Tables) -> None:
    line = sound["line"].slice(0, 1).to_pylist()[0]
    wrong = put_first(sound, "line", "line_amount", line["line_amount"] + 1)
    kept, found = settle(wrong)
    assert [(one["rule_id"], one["field"]) for one in found] == [("SET-002", "line_amount")]
    assert f"line_seq {line['line_seq']}" in found[0]["detail"]
    assert kept["line"].equals(wrong["line"])
    assert settle(wrong, default="computed")[0]["line"].equals(sound["line"])


def test_a_missing_claim_fits_the_co_payment_that_stands(sound: Tables) -> None:
    row = first(sound)
    wrong = put_first(sound, "statement", "patient_copay", row["patient_copay"] + 700)
    wrong = put_first(wrong, "statement", "claimed_amount", None)
    assert first(settle(wrong)[0])["claimed_amount"] == row["claimed_amount"] - 700
    assert first(settle(wrong, default="computed")[0])["claimed_amount"] == row["claimed_amount"]


def test_what_no_rule_covers_is_said_and_never_guessed(sound: Tables) -> None:
    odd = put_first(sound, "statement", "injury_work_class", "D")
    settled, found = settle(odd, default="computed")
    assert [(one["rule_id"], one["level"]) for one in found] == [("SET-003", "warning")]
    assert found[0]["detail"].startswith("no_rule: injury_work_class: ")
    assert settled["statement"].equals(odd["statement"])


def test_an_empty_amount_that_cannot_be_computed_sets_the_statement_aside(sound: Tables) -> None:
    odd = put_first(sound, "statement", "injury_work_class", "D")
    settled, found = settle(put_first(odd, "statement", "claimed_amount", None))
    assert [(one["rule_id"], one["level"], one["field"]) for one in found] == [
        ("SET-003", "warning", None),
        ("SET-004", "error", "claimed_amount"),
    ]
    assert first(settled)["claimed_amount"] is None


def test_a_statement_without_lines_is_left_to_its_own_rule(sound: Tables) -> None:
    key = first(sound)["statement_key"]
    lines = sound["line"].filter(pc.not_equal(sound["line"]["statement_key"], key))
    settled, found = settle(sound | {"line": lines})
    assert found == []
    assert settled["statement"].equals(sound["statement"])
    assert key not in settled["computed_amounts"]["statement_key"].to_pylist()


def test_a_removed_ingredient_is_not_computable(hospital: Path) -> None:
    tables = batch_tables(hospital, KOREAN, "K021", "4")
    odd = put_first(tables, "line", "adjust_class", "S641900010")
    odd = put_first(odd, "line", "line_amount", -100)
    assert [one["rule_id"] for one in settle(odd, "K021", KOREAN)[1]] == ["SET-003"]


def test_the_table_for_the_pre_check_has_tiers_and_leaves_out_what_the_policy_settled(sound: Tables) -> None:
    right = first(sound)["patient_copay"]
    settled, _ = settle(put_first(sound, "statement", "patient_copay", right + 700))
    rows = settled["computed_amounts"].to_pylist()
    assert rows[0]["patient_copay"] is None
    assert rows[0]["total_benefit_cost_1"] == first(sound)["total_benefit_cost_1"]
    assert all(one["patient_copay"] is not None for one in rows[1:])
    tiers = {one["has_senior_tier"]: one["rule_ids"] for one in rows}
    assert "HI-OP-C-65" in tiers[True]
    assert "HI-OP-C-65" not in tiers[False]
    assert not any(one["has_chronic_reduction"] for one in rows)


def test_the_table_for_the_pre_check_tells_the_share_of_the_meals(hospital: Path) -> None:
    stays = batch_tables(hospital, GENERAL, "H020", "4")
    key = first(stays)["statement_key"]
    meal = put(stays, "line", "hang", ["02" if one == key else "09" for one in owners(stays)])
    meal = put(meal, "line", "mok", ["10" if one == key else "01" for one in owners(stays)])
    cost = sum(one["line_amount"] for one in meal["line"].to_pylist() if one["statement_key"] == key)
    ours = settle(meal, "H020", GENERAL, default="computed")[0]["computed_amounts"].to_pylist()
    assert ours[0]["statement_key"] == key
    assert ours[0]["meal_copay"] == ours[0]["billed_meal_copay"] == cost // 2
    assert {one["meal_copay"] for one in ours[1:]} == {0}
    kept = settle(meal, "H020", GENERAL)[0]["computed_amounts"].to_pylist()
    assert kept[0]["meal_copay"] is None


def owners(tables: Tables) -> list[str]:
    keys: list[str] = tables["line"]["statement_key"].to_pylist()
    return keys


@pytest.mark.parametrize(("disease", "is_justified"), [("I109", True), ("E119", True), ("J00", False)])
def test_continuing_care_is_told_by_its_fee_and_justified_by_the_disease(
    sound: Tables, disease: str, is_justified: bool
) -> None:
    rows = sound["line"]
    follow_up = pc.and_(pc.equal(rows["hang"], "01"), pc.equal(rows["mok"], "02"))
    seen = put(sound, "line", "line_code", pc.if_else(follow_up, "AA250", rows["line_code"]).to_pylist())
    sick = put(seen, "diagnosis", "diagnosis_code", [disease] * len(seen["diagnosis"]))
    marked = [one for one in settle(sick)[0]["computed_amounts"].to_pylist() if one["has_chronic_reduction"]]
    assert marked
    assert {one["may_reduce_chronic"] for one in marked} == {is_justified}
    assert {one["statement_key"] for one in marked} <= set(
        rows.filter(follow_up)["statement_key"].to_pylist()
    )


def marks_file(folder: Path, *rows: str) -> Path:
    path = folder / "line-marks.csv"
    path.write_text("\n".join([",".join(HEADINGS), *rows, ""]), encoding="utf-8")
    return path


def test_a_hospital_marks_its_own_codes(hospital: Path, tmp_path: Path) -> None:
    """Rooms of the ward marked as rooms of two beds: 40 % of them at a general hospital instead of 20 %."""
    tables = batch_tables(hospital, GENERAL, "H020", "4")
    own = marks_file(tmp_path, "medical_dental,02,01,AB270,1,ROOM2,,,,,test,ours,")
    _, found = settle(tables, "H020", GENERAL, marks=str(own))
    assert {one["field"] for one in found} <= {"patient_copay", "claimed_amount", "veterans_claimed_amount"}
    assert any("CV-ROOM2" in one["detail"] for one in found)


@pytest.mark.parametrize(
    "row",
    [
        "medical_dental,02,01,AB270,1,ROOM9,,,,,test,ours,",
        "medical_dental,02,01,AB270,1,,,maybe,,,test,ours,",
        "medical_dental,02,01,AB270,1,ROOM2,,,2026-13-01,,test,ours,",
        "medical_dental,02,01,AB270,1,ROOM2,,,,,,ours,",
    ],
)
def test_odd_marks_are_refused_with_their_row(sound: Tables, tmp_path: Path, row: str) -> None:
    with pytest.raises(DataFileError, match=r"line-marks\.csv, row 2"):
        settle(sound, marks=str(marks_file(tmp_path, row)))


@pytest.mark.parametrize(
    "settings",
    [
        {"default": "ours"},
        {"wins": "computed"},
        {"providers": {CLINIC: {"policy": "ours"}}},
        {"providers": {CLINIC: {"veterans_site": "somewhere"}}},
        {"providers": {CLINIC: {"wins": "computed"}}},
        {"settings": {"tier_base": "whatever"}},
        {"settings": {"no_such_switch": "yes"}},
    ],
)
def test_odd_settings_are_refused(sound: Tables, settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        settle(sound, **settings)


def test_switches_of_the_rules_are_read_from_the_site(sound: Tables) -> None:
    _, found = settle(sound, settings={"unstated_start_from": "2026-12-01"})
    assert {one["rule_id"] for one in found} == {"SET-003"}


def test_the_site_may_say_what_the_source_cannot(sound: Tables) -> None:
    keys = sound["statement"]["statement_key"].to_pylist()
    detail = sound["detail"].slice(0, 1).to_pylist()[0]
    row = detail | {"statement_key": keys[0], "detail_code": "MT038", "detail_text": "9", "detail_unit": "1"}
    veteran = sound | {
        "detail": pa.concat_tables(
            [sound["detail"], pa.Table.from_pylist([row], schema=sound["detail"].schema)]
        )
    }
    unknown = [one for one in settle(veteran)[1] if one["statement_key"] == keys[0]]
    assert [(one["rule_id"], "veterans_site" in one["detail"]) for one in unknown] == [("SET-003", True)]
    known = settle(veteran, providers={CLINIC: {"veterans_site": "entrusted"}})[1]
    assert "VET-REDUCED-ENTRUSTED" in next(
        one["detail"] for one in known if one["statement_key"] == keys[0] and one["field"] == "patient_copay"
    )
