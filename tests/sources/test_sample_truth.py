"""``truth.csv`` and ``expected.json`` say exactly what is wrong with the sample, and nothing else is."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date

import pytest

from cheonggu.sources.contract import CONTRACT
from cheonggu.sources.sample import defects
from cheonggu.sources.sample.write import VIEWS

DETAIL_TAKEN = {"LINE-016", "LINE-027", "LINE-035"}


@pytest.fixture(scope="module")
def unspoilt(make_hospital, tmp_path_factory):
    """The demo's sample before anything was planted."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(defects, "DEFECTS", ())
        return make_hospital(tmp_path_factory.mktemp("unspoilt"))


def keyed(hospital, view):
    return {tuple(row[name] for name in CONTRACT.key(view)): row for row in hospital.tables[view].to_pylist()}


def differences(hospital, unspoilt):
    """(statement_key, view, column) of every cell that was changed; rows added or taken count by key column."""
    for view in VIEWS:
        now, before = keyed(hospital, view), keyed(unspoilt, view)
        for key in now.keys() | before.keys():
            if key not in now or key not in before:
                yield key[0], view, None
                continue
            for name, value in now[key].items():
                if value != before[key][name]:
                    yield key[0], view, name


def test_every_difference_to_the_unspoilt_sample_is_in_the_truth_file(hospital, unspoilt):
    listed = {(row["statement_key"], row["view"]): row for row in hospital.truth}
    seen = set()
    for key, view, column in differences(hospital, unspoilt):
        row = listed[key, view]
        seen.add((key, view))
        # Days that end before they begin, or are fewer than the visits, changed at the other end of the pair.
        other_end = {"SRC-010": "care_to", "DAY-010": "benefit_days"}
        moves_up = row["rule_id"] in DETAIL_TAKEN  # the details behind the one taken out
        assert moves_up or column in (None, other_end.get(row["rule_id"], row["column"])), row
    assert seen == set(listed)


def test_a_statement_has_one_defect_and_every_rule_is_planted_thrice(hospital):
    assert max(Counter(row["statement_key"] for row in hospital.truth).values()) == 1
    assert Counter(row["rule_id"] for row in hospital.truth) == hospital.sample.expected["planted"]
    assert set(hospital.sample.expected["planted"]) == {one.rule_id for one in defects.DEFECTS}
    assert set(hospital.sample.expected["planted"].values()) == {3}


@pytest.mark.parametrize(
    ("rule_id", "sql"),
    [
        ("SRC-001", "SELECT statement_key FROM statement WHERE patient_name = ''"),
        ("SRC-003", "SELECT statement_key FROM diagnosis WHERE department = 'ZZ'"),
        ("SRC-004", "SELECT statement_key FROM statement WHERE claimed_amount >= 10000000000"),
        ("SRC-006", "SELECT statement_key FROM diagnosis ANTI JOIN statement USING (statement_key)"),
        ("SRC-008", "SELECT statement_key FROM statement WHERE length(subscriber_name) > 10"),
        (
            "SRC-009",
            "SELECT s.statement_key FROM statement s ANTI JOIN (FROM diagnosis WHERE diagnosis_class = '1') d "
            "ON s.statement_key = d.statement_key",
        ),
        ("SRC-010", "SELECT statement_key FROM statement WHERE care_from > care_to"),
        ("SRC-012", "SELECT statement_key FROM statement WHERE length(patient_rrn) <> 13"),
        (
            "AMT-007",
            "SELECT statement_key FROM statement WHERE claimed_amount - 10 = "
            "total_benefit_cost_1 - patient_copay - veterans_claimed_amount",
        ),
        (
            "LINE-008",
            "SELECT statement_key FROM line WHERE hang = '01' "
            "AND line_amount * 10000 <> unit_price * daily_qty * total_days",
        ),
        ("DAY-010", "SELECT statement_key FROM statement WHERE visit_days > benefit_days"),
        ("RX-001", "SELECT DISTINCT statement_key FROM prescription WHERE prescription_no[5:8] = '0231'"),
        ("DTL-001", "SELECT statement_key FROM detail WHERE detail_code = 'ZZ999'"),
        (
            "LIC-004",
            "SELECT DISTINCT statement_key FROM diagnosis ANTI JOIN doctor USING (provider_code, license_no)",
        ),
        ("LINE-001", "SELECT statement_key FROM statement ANTI JOIN line USING (statement_key)"),
        (
            "DX-007",
            "SELECT statement_key FROM diagnosis WHERE diagnosis_class = '1' AND diagnosis_code[1:1] = 'W'",
        ),
        (
            "LINE-016",
            "SELECT l.statement_key FROM line l JOIN modifier m ON l.line_code[m.place] = m.digit "
            "AND starts_with(l.line_code, m.code_prefix) "
            "ANTI JOIN (FROM detail WHERE detail_code = 'JS010') d USING (statement_key, line_seq)",
        ),
        (
            "LINE-027",
            "SELECT statement_key FROM dur_hit "
            "ANTI JOIN (FROM detail WHERE detail_code = 'JT011') d USING (statement_key, line_seq)",
        ),
        (
            "LINE-035",
            "SELECT statement_key FROM line_fact "
            "ANTI JOIN (FROM detail WHERE detail_code = 'JS005') d USING (statement_key, line_seq)",
        ),
        (
            "SYM-002",
            "SELECT statement_key FROM registration JOIN statement USING (statement_key) "
            "WHERE care_from NOT BETWEEN registered_from AND registered_to",
        ),
        (
            "LIC-006",
            "SELECT DISTINCT d.statement_key FROM diagnosis d JOIN doctor_absence USING (provider_code, license_no) "
            "WHERE d.care_start_date BETWEEN first_on AND last_on",
        ),
        ("PAT-013", "SELECT statement_key FROM statement_fact WHERE fact = 'card_rrn_differs'"),
    ],
)
def test_the_planted_defect_can_be_seen_and_only_there(hospital, rule_id, sql):
    planted = {row["statement_key"] for row in hospital.truth if row["rule_id"] == rule_id}
    assert {key for (key,) in hospital.rows(sql)} == planted


def test_names_outside_cp949_and_births_after_care_are_where_the_truth_says(hospital):
    odd, unborn = set(), set()
    for row in hospital.tables["statement"].to_pylist():
        try:
            row["patient_name"].encode("cp949")
        except UnicodeEncodeError:
            odd.add(row["statement_key"])
        number = row["patient_rrn"]
        birth = date(
            (1900 if number[6] in "12" else 2000) + int(number[:2]), int(number[2:4]), int(number[4:6])
        )
        if birth > row["care_from"]:
            unborn.add(row["statement_key"])
    of_rule = {
        rule: {row["statement_key"] for row in hospital.truth if row["rule_id"] == rule}
        for rule in ("SRC-007", "PAT-006")
    }
    assert odd == of_rule["SRC-007"]
    assert unborn == of_rule["PAT-006"]


def test_a_line_one_won_off_leaves_the_total_of_its_statement_right(hospital):
    wrong = hospital.rows(
        """SELECT statement_key FROM (
          SELECT s.statement_key, total_benefit_cost_1 AS total, sum(line_amount) FILTER (hang <> 'U')
            + CASE any_value(provider_code) WHEN '11200022'
              THEN (coalesce(sum(line_amount) FILTER (hang = '05'), 0) + 5)::BIGINT // 10
                + (coalesce(sum(line_amount) FILTER (hang = '06'), 0) + 5)::BIGINT // 10
                + (coalesce(sum(line_amount) FILTER (hang = '08'), 0) + 5)::BIGINT // 10
                + (coalesce(sum(line_amount) FILTER (line_code[1:2] = 'E6'), 0) + 5)::BIGINT // 10
              ELSE 0 END AS lines
          FROM statement s JOIN line l USING (statement_key, provider_code) GROUP BY ALL)
        WHERE total <> lines // 10 * 10"""
    )
    assert wrong == []


def test_planted_statements_would_be_billed_tonight(hospital):
    keys = ", ".join(f"'{row['statement_key']}'" for row in hospital.truth if row["rule_id"] != "SRC-006")
    assert (
        hospital.value(
            f"""SELECT count(*) FROM statement s WHERE statement_key IN ({keys})
        AND (care_month = '202607' OR reviewed_on IS NULL OR NOT EXISTS
          (FROM closed_day c WHERE c.provider_code = s.provider_code AND c.care_on = s.care_to))"""
        )
        == 0
    )


def test_expected_counts_are_those_of_the_tables(hospital):
    expected = json.loads((hospital.sample.folder / "expected.json").read_text(encoding="utf-8"))
    assert expected == hospital.sample.expected
    rows = hospital.rows(
        """SELECT CASE WHEN care_month = '202607' THEN 'current_month'
          WHEN care_on IS NULL THEN 'open_day'
          WHEN reviewed_on IS NULL THEN 'not_reviewed' ELSE 'billable_due' END AS reason, count(*)
        FROM statement s LEFT JOIN closed_day c ON c.provider_code = s.provider_code AND care_on = care_to
        GROUP BY 1"""
    )
    assert dict(rows) == {
        name: expected[name] for name in ("current_month", "open_day", "not_reviewed", "billable_due")
    }
    assert sum(count for _, count in rows) == expected["statements"] == 2_400
    stages = Counter(row["stage"] for row in hospital.truth if row["rule_id"] != "SRC-006")
    assert stages == {"validate": expected["blocked_by_validate"], "precheck": expected["held_by_precheck"]}


def test_at_least_two_thousand_statements_go_all_the_way(hospital):
    expected = hospital.sample.expected
    assert expected["billable_due"] - expected["blocked_by_validate"] - expected["held_by_precheck"] >= 2_000


def test_no_claim_to_be_is_spoilt_by_thirty_per_cent(hospital):
    """HDR-033 holds a whole claim when 30 % of its statements would be impossible."""
    worst = hospital.value(
        """SELECT max(share) FROM (
          SELECT count(p.statement_key) / count(*) AS share FROM statement s
          LEFT JOIN planted p USING (statement_key)
          GROUP BY provider_code, care_month, payer_class, form_no, care_field HAVING count(p.statement_key) > 0)"""
    )
    assert worst < 0.3


def test_every_way_to_be_insured_and_every_form_comes(hospital):
    forms = {one for (one,) in hospital.rows("SELECT DISTINCT provider_code || form_no FROM sound")}
    assert forms == {
        *("11100011" + form for form in ("H021", "H031")),
        *("11200022" + form for form in ("H020", "H021", "H030", "H031")),
        *("11300033" + form for form in ("K021", "K031")),
    }
    payers = hospital.rows(
        "SELECT DISTINCT payer_class, medical_aid_class, injury_work_class FROM sound ORDER BY ALL"
    )
    assert payers == [
        ("1", "1", "0"),
        ("1", "2", "0"),
        ("2", "1", "0"),
        ("2", "2", "0"),
        ("4", "", "0"),
        ("4", "", "4"),
        ("7", "", "7"),
    ]
