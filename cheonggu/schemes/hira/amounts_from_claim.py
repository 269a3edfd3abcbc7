"""Facts of statements (docs/copay.md) read from the tables of the source contract: what the engine computes from.

What no view tells stays not given: whether benefits are restricted, the co-payment of the year so far, and, unless the
site file says so of a provider, its veterans' designation and dispensing-exempt area. Sources: special details MT002,
MT014, MT018, MT020, MT038, MT040, MT045 (official); fee AA250 for continuing care (co-payment reference).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.query import Tables
from cheonggu.schemes.hira.amounts_facts import MA_CLASS_OF
from cheonggu.schemes.hira.amounts_marks import Mark, mark_lines
from cheonggu.schemes.hira.data import CODES

DENTAL, KOREAN_FORMS = "2", "korean_medicine"
DRUGS = ("3", "4", "5", "C")  # line_code_type of drugs: medical forms, then Korean medicine
WITH_DOSE = ("3", "4")  # where a dose counts in the price (LINE-008)
CHRONIC_FEE, CHRONIC_DISEASES = "AA250", ("I10", "E11")
UNAPPROVED = ("2",)  # MT045: transplant without prior approval
REMOVED = "S"  # adjust_class of a removed ingredient (감미), whose amount is negative

# One row per statement, in the order of the table. Numbers that are none stay not given.
FACTS = """
WITH noted AS (
    SELECT statement_key,
           string_agg(DISTINCT trim(detail_text), ' ' ORDER BY trim(detail_text))
               FILTER (detail_code = 'MT002') AS special_symbols,
           max(strlen(trim(detail_text))) FILTER (detail_code = 'MT014') AS registration_length,
           max(trim(detail_text)) FILTER (detail_code = 'MT018') AS medical_aid_copay_class,
           max(TRY_CAST(trim(detail_text) AS BIGINT)) FILTER (detail_code = 'MT020') AS in_house_count,
           max(trim(detail_text)) FILTER (detail_code = 'MT038') AS veterans_class,
           max(TRY_CAST(trim(detail_text) AS BIGINT)) FILTER (detail_code = 'MT040') AS visit_count,
           max(trim(detail_text)) FILTER (detail_code = 'MT045') AS transplant_class
    FROM detail
    WHERE detail_unit = '1' AND detail_code IN ('MT002','MT014','MT018','MT020','MT038','MT040','MT045')
    GROUP BY statement_key
), care AS (
    SELECT statement_key,
           bool_or(hang = '03' AND line_code_type IN $drugs) AS has_medication,
           bool_or(starts_with(line_code, $chronic_fee)) AS is_chronic_continuing
    FROM line GROUP BY statement_key
), chronic AS (
    SELECT DISTINCT statement_key FROM diagnosis
    WHERE diagnosis_class = '1' AND substr(diagnosis_code, 1, 3) IN $chronic_diseases
), aid AS (SELECT unnest($aid_classes) AS class, unnest($aid_insurers) AS insurer
), home AS (SELECT unnest($home_symbols) AS symbol
), read AS (
    SELECT s.*, n.* EXCLUDE (statement_key), c.has_medication, c.is_chronic_continuing,
           y.statement_key IS NOT NULL AS has_chronic_disease, c.statement_key IS NOT NULL AS has_lines,
           CASE WHEN substr(patient_rrn, 7, 1) IN ('1', '2', '5', '6') THEN '19'
                WHEN substr(patient_rrn, 7, 1) IN ('3', '4', '7', '8') THEN '20' ELSE '18' END
               || substr(patient_rrn, 1, 6) AS born
    FROM statement s
    LEFT JOIN noted n USING (statement_key) LEFT JOIN care c USING (statement_key)
    LEFT JOIN chronic y USING (statement_key)
)
SELECT r.statement_key,
       CASE WHEN $insurance = 'MA' THEN coalesce(a.insurer, 'MA1') ELSE 'HI' END AS insurer,
       CASE WHEN $setting = 'in' THEN 'inpatient'
            WHEN EXISTS (SELECT 1 FROM home h WHERE list_contains(string_split(r.special_symbols, ' '), h.symbol))
                THEN 'home'
            ELSE 'outpatient' END AS care,
       $provider_kind AS provider_kind, $area AS area,
       r.care_from AS care_on, CASE WHEN $setting = 'in' THEN r.care_to END AS care_until,
       CASE WHEN TRY_CAST(strftime(r.care_from, '%Y%m%d') AS BIGINT) >= TRY_CAST(r.born AS BIGINT)
            THEN (TRY_CAST(strftime(r.care_from, '%Y%m%d') AS BIGINT) - TRY_CAST(r.born AS BIGINT)) // 10000
            ELSE -1 END AS age_years,
       coalesce(r.special_symbols, '') AS special_symbols,
       coalesce(nullif(r.injury_work_class, ''), '0') AS injury_work_class,
       CASE WHEN $insurance = 'MA' THEN coalesce(r.medical_aid_class, '') ELSE '' END AS medical_aid_class,
       CASE WHEN $insurance = 'MA' THEN coalesce(r.medical_aid_copay_class, '') ELSE '' END
           AS medical_aid_copay_class,
       CASE WHEN $insurance = 'MA' AND r.payer_class = '1' THEN '1'
            WHEN $insurance = 'MA' AND r.payer_class = '2' AND $provider_kind <> 'tertiary' THEN '2'
            ELSE '' END AS medical_aid_level,
       coalesce(r.visit_count, 1) AS visit_count, coalesce(r.in_house_count, 0) AS in_house_count,
       coalesce(r.veterans_class, '') AS veterans_class, $veterans_site AS veterans_site,
       CASE WHEN $care_category <> $dental OR $setting = 'in' THEN ''
            WHEN r.registration_length = 11 THEN 'denture'
            WHEN r.registration_length IN (13, 18) THEN 'implant' ELSE '' END AS dental_prosthesis,
       $is_exempt_area AS is_dispensing_exempt_area,
       $kind = $korean_forms AS is_korean_medicine_department,
       coalesce(r.has_medication, false) AS has_medication,
       coalesce(r.is_chronic_continuing, false) AS is_chronic_continuing,
       coalesce(r.transplant_class IN $unapproved, false) AS is_unapproved_transplant,
       CASE WHEN r.injury_work_class IN ('G', 'H') THEN r.support_amount END AS support_won,
       nullif(r.loan_amount, 0) AS loan_won,
       r.has_lines, r.has_chronic_disease
FROM read r LEFT JOIN aid a ON a.class = r.medical_aid_class
ORDER BY r.place
"""


def statement_facts(
    tables: Mapping[str, pa.Table], group: Mapping[str, str], kind: str, provider: Mapping[str, Any]
) -> pa.Table:
    """One row per statement, in their order: the engine's facts, and has_lines and has_chronic_disease (bool).

    ``tables``: statement, diagnosis, line, detail, provider of one batch; ``group``: insurance, setting,
    care_category; ``provider``: what the site file tells of it (veterans_site, is_dispensing_exempt_area).
    """
    statements = tables["statement"]
    placed = statements.append_column("place", pa.array(range(len(statements)), pa.int64()))
    db = Tables(statement=placed, **{name: tables[name] for name in ("diagnosis", "line", "detail")})
    known = tables["provider"].slice(0, 1).to_pylist()[0]
    return db.table(
        FACTS,
        {
            "insurance": group["insurance"],
            "setting": group["setting"],
            "care_category": group["care_category"],
            "kind": kind,
            "provider_kind": known["provider_kind"],
            "area": known["area"],
            "veterans_site": str(provider.get("veterans_site", "")),
            "is_exempt_area": bool(provider.get("is_dispensing_exempt_area", False)),
            "drugs": list(DRUGS),
            "dental": DENTAL,
            "korean_forms": KOREAN_FORMS,
            "chronic_fee": CHRONIC_FEE,
            "chronic_diseases": list(CHRONIC_DISEASES),
            "unapproved": list(UNAPPROVED),
            "aid_classes": list(MA_CLASS_OF),
            "aid_insurers": list(MA_CLASS_OF.values()),
            "home_symbols": _home_symbols(),
        },
    )


def line_facts(lines: pa.Table, kind: str, facts: pa.Table, marks: tuple[Mark, ...]) -> pa.Table:
    """The engine's table of lines, one row per row of ``lines``; a removed ingredient has no computable amount."""
    place = pc.index_in(lines["statement_key"], value_set=facts["statement_key"].combine_chunks())
    on = facts["care_on"].take(place)
    is_drug = pc.is_in(lines["line_code_type"], value_set=pa.array(DRUGS))
    has_dose = pc.and_(
        pc.is_in(lines["line_code_type"], value_set=pa.array(WITH_DOSE)), pc.greater(lines["dose_qty"], 0)
    )
    is_removed = pc.equal(pc.utf8_slice_codeunits(pc.fill_null(lines["adjust_class"], ""), 0, 1), REMOVED)
    price = pc.if_else(is_removed, pa.scalar(None, pa.int64()), lines["unit_price"])
    return pa.table(
        {
            "statement_key": lines["statement_key"],
            "hang": lines["hang"],
            "mok": lines["mok"],
            **mark_lines(lines, kind, on, marks),
            "is_drug": is_drug,
            "unit_price": price,
            "dose_qty": pc.if_else(pc.fill_null(has_dose, False), lines["dose_qty"], 10_000),
            "daily_qty": lines["daily_qty"],
            "total_days": lines["total_days"],
        }
    )


def _home_symbols() -> list[str]:
    return [one.key for one in CODES.rows("special_symbol") if one.row["setting"] == "home"]
