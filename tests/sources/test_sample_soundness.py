"""Every statement without a planted defect keeps every rule the sample promises to keep."""

from __future__ import annotations

import csv
from datetime import date
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

import cheonggu
from cheonggu.codes import CodeLists
from cheonggu.sources.contract import CONTRACT, DATE, INT

HIRA = Path(cheonggu.__file__).parent / "schemes" / "hira"
CODES = CodeLists(HIRA / "codes")
STATEMENT_VIEWS = [view for view in CONTRACT.views if CONTRACT.has(view, "statement_key")]


@pytest.fixture(scope="module")
def it(larger):
    return larger


def none(it, sql: str) -> None:
    found = it.rows(sql)
    assert found == [], found[:3]


def test_keys_of_every_view_are_unique(it):
    for view in CONTRACT.views:
        key = ", ".join(CONTRACT.key(view))
        none(it, f"SELECT {key}, count(*) FROM {view} GROUP BY {key} HAVING count(*) > 1")


def test_identity_of_a_statement_is_unique(it):
    none(
        it,
        """SELECT provider_code, patient_key, care_from, department, visit_serial FROM statement
        GROUP BY ALL HAVING count(*) > 1""",
    )
    none(it, "SELECT patient_key, care_from FROM statement GROUP BY ALL HAVING count(*) > 1")


def test_inpatients_have_one_stay_and_no_visits(it):
    none(
        it,
        """SELECT patient_key FROM statement GROUP BY 1
        HAVING count(*) > 1 AND bool_or(admission_key <> '')""",
    )


def test_required_columns_are_filled_and_values_fit_their_fields(it):
    for view in CONTRACT.views:
        table = it.sound(view) if view in STATEMENT_VIEWS else it.tables[view]
        for column in CONTRACT.columns(view):
            values = set(table[column.name].to_pylist())
            if column.required in "YZ":
                assert not values & {None, ""}, (view, column.name)
            if column.type == INT:
                assert all(0 <= one < 10**column.length for one in values - {None}), (view, column.name)
            elif column.type != DATE:
                assert all(len(one.encode("cp949")) <= column.length for one in values), (view, column.name)


def test_codes_come_from_the_code_lists(it):
    kinds = {"11100011": "medical_dental", "11200022": "medical_dental", "11300033": "korean_medicine"}
    lists = {
        "payer_class": "claim_header",
        "care_field": "claim_header",
        "provider_kind": None,
        "form_no": None,
    }
    for view in CONTRACT.views:
        for column in CONTRACT.columns(view):
            if column.code_values:
                assert set(it.tables[view][column.name].to_pylist()) <= set(column.code_values)
            if column.code_list in (None, "hang_mok"):
                continue
            filter_ = "ANTI JOIN planted USING (statement_key)" if view in STATEMENT_VIEWS else ""
            used = it.rows(f"SELECT DISTINCT provider_code, {column.name} FROM {view} {filter_}")
            for provider, value in used:
                kind = lists.get(column.name, kinds[provider])
                allowed = CODES.allowed(column.code_list, kind, date(2026, 5, 1))
                assert value in allowed or (value == "" and column.required in "CO"), (
                    view,
                    column.name,
                    value,
                )


def test_sections_exist_for_the_kind(it):
    for provider, kind in (("11200022", "medical_dental"), ("11300033", "korean_medicine")):
        allowed = CODES.allowed("hang_mok", kind)
        used = it.rows(f"SELECT DISTINCT hang || '-' || mok FROM line WHERE provider_code = '{provider}'")
        assert {one for (one,) in used} <= allowed


def test_care_month_dates_and_days_agree(it):
    none(it, "SELECT * FROM sound WHERE strftime(care_to, '%Y%m') <> care_month OR care_from > care_to")
    none(it, "SELECT * FROM sound WHERE form_no LIKE '%1' AND (care_from <> care_to OR visit_days <> 1)")
    none(it, "SELECT * FROM sound WHERE form_no LIKE '%0' AND visit_days <> care_to - care_from + 1")
    none(it, "SELECT * FROM sound WHERE visit_days > benefit_days OR visit_days < 1")
    none(it, "SELECT * FROM sound WHERE reviewed_on < care_to OR reviewed_on >= DATE '2026-07-06'")
    assert it.value("SELECT count(*) FROM sound WHERE month(care_from) <> month(care_to)") > 0


def test_stays_have_an_admission_and_visits_have_not(it):
    none(
        it,
        """SELECT * FROM sound WHERE (form_no IN ('H020', 'H030')) <>
        (admission_key <> '' AND slice_no = 1 AND admission_route <> '')""",
    )
    none(it, "SELECT * FROM sound WHERE admission_key = '' AND (slice_no <> 0 OR admission_route <> '')")


def test_payer_columns_agree(it):
    none(it, "SELECT * FROM sound WHERE (payer_class = '7') <> (injury_work_class = '7')")
    none(it, "SELECT * FROM sound WHERE (form_no[3:3] = '3') <> (payer_class IN ('1', '2'))")
    none(it, "SELECT * FROM sound WHERE (payer_class IN ('1', '2')) <> (medical_aid_class IN ('1', '2'))")
    none(it, "SELECT * FROM sound WHERE (payer_class IN ('1', '2')) <> (medical_aid_office_code <> '')")
    none(it, "SELECT * FROM sound WHERE (payer_class IN ('1', '2')) = (insurance_card_no <> '')")
    none(it, "SELECT * FROM sound WHERE payer_class = '1' AND provider_code = '11200022'")
    none(it, "SELECT * FROM sound WHERE (care_field <> '') <> (provider_code = '11200022')")


def test_one_main_diagnosis_stands_first(it):
    none(
        it,
        """SELECT statement_key FROM diagnosis JOIN sound USING (statement_key) GROUP BY 1
        HAVING count(*) FILTER (diagnosis_class = '1') <> 1
            OR min(diagnosis_seq) FILTER (diagnosis_class = '1') <> 1
            OR count(DISTINCT diagnosis_code) <> count(*) OR max(diagnosis_seq) <> count(*)""",
    )
    none(it, "SELECT 1 FROM sound ANTI JOIN diagnosis USING (statement_key)")
    none(
        it,
        """SELECT 1 FROM diagnosis d JOIN sound s USING (statement_key)
        WHERE d.care_start_date <> s.care_from OR d.department <> s.department
           OR d.provider_code <> s.provider_code OR d.care_month <> s.care_month
           OR d.diagnosis_code[1:1] IN ('V', 'W', 'X', 'Y') AND d.diagnosis_class = '1'
           OR (d.internal_medicine_sub <> '') <> (s.provider_code = '11200022' AND d.department = '01')""",
    )


def test_injuries_carry_their_cause(it):
    none(
        it,
        """SELECT s.statement_key FROM sound s
        JOIN diagnosis d ON d.statement_key = s.statement_key AND diagnosis_class = '1'
        LEFT JOIN detail e ON e.statement_key = s.statement_key AND detail_code = 'MT001'
        WHERE (d.diagnosis_code[1:1] IN ('S', 'T')) <> (coalesce(e.detail_text, '') IN ('V', 'W', 'X', 'Y'))""",
    )


def test_every_doctor_named_is_on_the_roster_and_works_that_day(it):
    none(
        it,
        """SELECT 1 FROM diagnosis d JOIN sound USING (statement_key)
        ANTI JOIN (SELECT * FROM doctor JOIN doctor_day USING (provider_code, license_no)) r
        ON r.provider_code = d.provider_code AND r.license_type = d.license_type
        AND r.license_no = d.license_no AND r.worked_on = d.care_start_date""",
    )
    none(
        it,
        """SELECT 1 FROM line l JOIN sound s USING (statement_key)
        WHERE license_no <> '' AND NOT EXISTS (FROM doctor_day r WHERE r.provider_code = l.provider_code
        AND r.license_no = l.license_no AND r.worked_on = s.care_from)""",
    )
    none(it, "SELECT 1 FROM line WHERE hang = '01' AND (license_no = '' OR license_type = '')")
    none(
        it,
        """SELECT 1 FROM doctor_day JOIN doctor USING (provider_code, license_no)
        WHERE worked_on < hired_on OR worked_on > left_on""",
    )


def test_no_doctor_sees_more_than_75_patients_a_day(it):
    none(
        it,
        """SELECT license_no, care_start_date FROM diagnosis WHERE diagnosis_class = '1'
        GROUP BY ALL HAVING count(*) > 75""",
    )


def test_lines_are_one_to_fifteen_without_repetition(it):
    none(
        it,
        """SELECT statement_key FROM line JOIN sound USING (statement_key) GROUP BY 1
        HAVING max(line_seq) <> count(*) OR count(DISTINCT line_code) <> count(*)""",
    )
    assert it.rows("SELECT min(n), max(n) FROM (SELECT count(*) AS n FROM line GROUP BY statement_key)") == [
        (1, 15)
    ]
    none(it, "SELECT 1 FROM sound ANTI JOIN line USING (statement_key)")


def test_line_amounts_are_price_times_quantity_rounded_half_up(it):
    wrong = 0
    for row in it.sound("line").to_pylist():
        amount = Decimal(row["unit_price"]) / 100 * Decimal(row["daily_qty"]) / 100 * row["total_days"]
        if row["line_code_type"] == "3":
            amount *= Decimal(row["dose_qty"]) / 10_000
        wrong += amount.quantize(Decimal(1), ROUND_HALF_UP) != row["line_amount"]
    assert wrong == 0
    assert it.value("SELECT count(*) FROM line WHERE line_amount % 10 <> 0") > 0


def test_drugs_last_no_longer_than_the_benefit(it):
    none(
        it,
        """SELECT 1 FROM line l JOIN sound s USING (statement_key)
        WHERE line_code_type IN ('3', 'C') AND (l.total_days > s.benefit_days OR l.total_days < 1)""",
    )


def test_prescription_numbers_are_of_the_visit_and_used_once(it):
    none(
        it,
        """SELECT 1 FROM prescription p JOIN sound s USING (statement_key)
        WHERE prescription_no[1:8] <> strftime(care_from, '%Y%m%d') OR length(prescription_no) <> 13""",
    )
    none(
        it,
        """SELECT provider_code, prescription_no FROM prescription GROUP BY ALL
        HAVING count(DISTINCT statement_key) > 1""",
    )


def test_details_have_the_form_their_code_asks_for(it):
    forms = {
        "MT001": r"[VWXY]",
        "MT002": r"[VF]\d{3}",
        "MT014": r"\d{10}",
        "MT018": r"M003",
        "MT019": r"\d{13}",
        "MS002": r"\d{3}",
        "MS004": r"\d{4}",
        "JS002": r"52",
        "JS010": r"\d{12}",
        "JS011": r"[A-Z]{2}\d{3}",
        "JS005": r"\d{8}/\d{8}",
        "JT011": r"\D+",
    }
    units = {row.key: row.row["unit"] for row in CODES.rows("special_detail")}
    for code, form in forms.items():
        assert it.value(f"SELECT count(*) FROM detail WHERE detail_code = '{code}'") > 0, code
        none(
            it,
            f"SELECT 1 FROM detail WHERE detail_code = '{code}' AND NOT regexp_full_match(detail_text, '{form}')",
        )
        unit = {"statement": "1", "line": "2"}[units[code]]
        none(it, f"SELECT 1 FROM detail WHERE detail_code = '{code}' AND detail_unit <> '{unit}'")
    used = {
        one
        for (one,) in it.rows(
            "SELECT DISTINCT detail_code FROM detail ANTI JOIN planted USING (statement_key)"
        )
    }
    assert used == set(forms)
    none(
        it,
        """SELECT 1 FROM detail d WHERE detail_unit = '2' AND NOT EXISTS
        (FROM line l WHERE l.statement_key = d.statement_key AND l.line_seq = d.line_seq)""",
    )
    none(it, "SELECT 1 FROM detail WHERE (detail_unit = '1') <> (line_seq = 0)")


def test_medical_aid_visits_have_one_confirmation_number_of_their_day(it):
    none(
        it,
        """SELECT s.statement_key FROM sound s LEFT JOIN detail d
        ON d.statement_key = s.statement_key AND detail_code = 'MT019'
        GROUP BY s.statement_key, payer_class, care_from
        HAVING count(d.detail_text) <> (payer_class IN ('1', '2'))::INT
            OR bool_or(d.detail_text[1:8] <> strftime(care_from, '%Y%m%d'))""",
    )


def test_special_symbols_fit_a_diagnosis_and_are_registered(it):
    with (HIRA / "codes" / "special_symbol_kcd.csv").open(encoding="utf-8") as stream:
        listed = {(row["symbol"], row["kcd_claim"]) for row in csv.DictReader(stream)}
    used = it.rows(
        """SELECT DISTINCT detail_text, diagnosis_code FROM detail
        JOIN diagnosis USING (statement_key) JOIN sound USING (statement_key)
        WHERE detail_code = 'MT002' AND detail_text LIKE 'V%' AND diagnosis_class = '1'"""
    )
    assert len(used) > 3
    assert set(used) <= listed
    none(
        it,
        """SELECT statement_key FROM detail WHERE detail_code IN ('MT002', 'MT014') GROUP BY 1
        HAVING count(*) FILTER (detail_code = 'MT014') <> count(*) FILTER (detail_text LIKE 'V%')
            OR count(*) FILTER (detail_code = 'MT002') <> 1""",
    )


def test_night_lines_acupuncture_and_injections_have_their_line_details(it):
    wanted = [
        ("length(line_code) = 8 AND line_code LIKE '%010'", "JS010"),
        ("line_code_type = 'A' AND hang = '04' AND mok = '01'", "JS011"),
        ("line_code_type = '3'", "JS002"),
        ("line_code = 'C5603'", "JS005"),
    ]
    for lines, code in wanted:
        none(
            it,
            f"""SELECT 1 FROM (FROM line SEMI JOIN sound USING (statement_key) WHERE {lines}) l FULL JOIN
            (FROM detail SEMI JOIN sound USING (statement_key) WHERE detail_code = '{code}') d
            ON l.statement_key = d.statement_key AND l.line_seq = d.line_seq
            WHERE l.line_seq IS NULL OR d.line_seq IS NULL""",
        )
    none(
        it,
        """SELECT s.statement_key FROM sound s LEFT JOIN line l
        ON l.statement_key = s.statement_key AND line_code_type = '3' LEFT JOIN detail d
        ON d.statement_key = s.statement_key AND detail_code = 'MS002'
        WHERE l.total_days IS DISTINCT FROM d.detail_text::INT""",
    )


def test_flat_rate_patients_get_no_drugs_in_the_house(it):
    none(
        it,
        """SELECT 1 FROM line JOIN sound USING (statement_key)
        WHERE line_code_type IN ('3', 'C') AND payer_class IN ('1', '2')""",
    )


# Amounts, recomputed one statement at a time from what the tables say.


def born(rrn: str) -> date:
    century = {"1": 1900, "2": 1900, "3": 2000, "4": 2000}[rrn[6]]
    return date(century + int(rrn[:2]), int(rrn[2:4]), int(rrn[4:6]))


def floor_to(amount: Decimal, unit: int) -> int:
    return int((amount / unit).to_integral_value(ROUND_FLOOR)) * unit


def share_of(row: dict[str, object], symbol: str, has_herb: bool) -> int:
    """What the rules of copay.yaml say the patient pays before a veteran's relief."""
    total = Decimal(row["total_benefit_cost_1"])
    days = (row["care_from"] - born(row["patient_rrn"])).days
    birth = born(row["patient_rrn"])
    age = (
        row["care_from"].year
        - birth.year
        - ((row["care_from"].month, row["care_from"].day) < (birth.month, birth.day))
    )
    hospital, inpatient = row["provider_code"] == "11200022", row["admission_key"] != ""
    if row["medical_aid_class"] == "1":
        return 0 if inpatient or age < 18 else 1500 if hospital else 1000
    if row["medical_aid_class"] == "2":
        rate = Decimal("0.10") if inpatient else Decimal("0.15")
        return floor_to(total * rate, 10) if hospital else 1000
    if inpatient:
        rate = "0.05" if symbol == "V193" else "0" if age < 2 else "0.05" if age <= 15 else "0.20"
        assert symbol == ("V193" if symbol == "V193" else expected_child_symbol(days, age))
        return floor_to(total * Decimal(rate), 10)
    if symbol.startswith("V"):
        return floor_to(total * Decimal("0.05" if symbol == "V193" else "0.10"), 100)
    if age >= 65 and not hospital:
        lift = 5000 if has_herb else 0
        if total <= 15000:
            return 1500
        rate = "0.1" if total <= 20000 + lift else "0.2" if total <= 25000 + lift else "0.3"
        return floor_to(total * Decimal(rate), 100)
    rates = {"under 1": ("0.05", "0.15"), "under 6": ("0.21", "0.35"), "else": ("0.3", "0.5")}
    assert (symbol == "F024") == (age < 1), "children under one carry F024"
    group = "under 1" if age < 1 else "under 6" if age < 6 else "else"
    return floor_to(total * Decimal(rates[group][hospital]), 100)


def expected_child_symbol(days: int, age: int) -> str:
    return "F005" if days <= 28 else "F027" if age < 2 else "F018" if age <= 15 else ""


def test_amounts_follow_from_the_lines_and_the_rules_of_co_payment(it):
    statements = it.ask(
        """SELECT s.*,
        coalesce((SELECT max(detail_text) FROM detail d WHERE d.statement_key = s.statement_key
                  AND detail_code = 'MT002'), '') AS symbol,
        sum(line_amount) FILTER (hang <> 'U') AS benefit,
        [coalesce(sum(line_amount) FILTER (hang = '05'), 0), coalesce(sum(line_amount) FILTER (hang = '06'), 0),
         coalesce(sum(line_amount) FILTER (hang = '08'), 0),
         coalesce(sum(line_amount) FILTER (hang = '09' AND line_code[1:2] = 'E6'), 0)] AS with_addition,
        coalesce(sum(line_amount) FILTER (hang = 'U'), 0) AS full_copay,
        bool_or(line_code_type = 'C') AS has_herb
        FROM sound s JOIN line l USING (statement_key) GROUP BY ALL"""
    ).to_pylist()
    assert len(statements) > 5_000
    for row in statements:
        tenths = [
            (Decimal(int(one)) / 10).quantize(Decimal(1), ROUND_HALF_UP) for one in row["with_addition"]
        ]
        addition = sum(tenths) if row["provider_code"] == "11200022" else Decimal(0)
        total = floor_to(int(row["benefit"]) + addition, 10)
        share = share_of(row, row["symbol"], row["has_herb"])
        is_veteran = row["injury_work_class"] != "0"
        veterans = total if row["injury_work_class"] == "7" else share if is_veteran else 0
        copay = 0 if is_veteran else share
        full = floor_to(Decimal(int(row["full_copay"])), 10)
        found = {name: row[name] for name in row if name in AMOUNTS}
        assert found == {
            "total_benefit_cost_1": total,
            "patient_copay": copay,
            "claimed_amount": total - copay - veterans,
            "veterans_claimed_amount": veterans,
            "full_copay_total": full,
            "total_benefit_cost_2": floor_to(Decimal(total + full), 10),
            **dict.fromkeys(ALWAYS_ZERO, 0),
        }, row["statement_key"]


ALWAYS_ZERO = [
    "copay_ceiling_excess",
    "support_amount",
    "disability_medical_cost",
    "loan_amount",
    "veterans_copay",
    "partial_copay_total",
    "partial_copay_patient",
    "partial_copay_claimed",
    "partial_copay_veterans_claimed",
]
AMOUNTS = {
    *ALWAYS_ZERO,
    "total_benefit_cost_1",
    "patient_copay",
    "claimed_amount",
    "veterans_claimed_amount",
    "full_copay_total",
    "total_benefit_cost_2",
}
