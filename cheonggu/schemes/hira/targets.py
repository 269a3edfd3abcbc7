"""Claim targets (청구대상): which statements may be claimed today and which of them share a claim.

One claim holds one provider, care month (or week), payer class, care category, treatment form and care field;
in- and outpatients never mix (return 09-07). Source: lifecycle of a claim §1, layout of the claim header.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pyarrow as pa

from cheonggu.query import Tables
from cheonggu.schemes.hira.data import statement_forms, value_on

ROSTER_VIEWS = ("doctor", "doctor_day", "therapist_holiday", "therapist_day", "closed_day")
AMOUNTS = ("claimed_amount", "total_benefit_cost_1", "patient_copay")
COPIED = ("care_month", "patient_rrn", "patient_name", "subscriber_name", "insurance_card_no")
MEMBER_COLUMNS = {name: f"coalesce(s.{name}, 0)" for name in AMOUNTS} | {name: f"s.{name}" for name in COPIED}
GROUP_COLUMNS = (
    "claim_unit",
    "payer_class",
    "care_category",
    "treatment_form",
    "care_field",
    "header_form_no",
    "form_no",
    "insurance",
    "setting",
)

# A statement whose form is unknown still gets a group, so that validation can name it: kind '', all marks '?'.
TARGETS = """
WITH dated AS (
    SELECT s.*, f.kind, f.header_form_no, f.insurance, f.setting, f.care_category, f.treatment_form,
           p.claim_unit = 'week' AND f.setting = 'out' AS is_weekly,
           date_trunc('month', s.care_to)::DATE AS month_start,
           c.care_on IS NOT NULL AS is_closed
    FROM statement s
    LEFT JOIN form f ON s.form_no = f.code
    LEFT JOIN provider p USING (provider_code)
    LEFT JOIN (SELECT DISTINCT provider_code, care_on FROM closed_day) c
           ON c.provider_code = s.provider_code AND c.care_on = s.care_to
), united AS (
    SELECT *,
           ((day(care_to) - 1 + (isodow(month_start) - $week_start + 7) % 7) // 7 + 1)::INTEGER AS week,
           (month_start + INTERVAL 1 MONTH)::DATE AS month_over,
           least(care_to + (7 - (isodow(care_to) - $week_start + 7) % 7)::INTEGER,
                 (month_start + INTERVAL 1 MONTH)::DATE) AS week_over
    FROM dated
), grouped AS (
SELECT statement_key, provider_code, care_month, coalesce(kind, '') AS kind,
       reviewed_on IS NOT NULL AND (care_to IS NULL OR is_closed) AS is_billable,
       concat_ws('|', provider_code, payer_class, patient_key, form_no,
                 CASE WHEN setting = 'in' THEN coalesce(admission_key, '') || '/' || coalesce(slice_no, 0)
                      ELSE care_from::VARCHAR || '/' || coalesce(department, '') || '/' || visit_serial END
       ) AS identity,
       CASE WHEN setting = 'in' AND slice_no > 1
            THEN concat_ws('|', provider_code, payer_class, patient_key, form_no, coalesce(admission_key, '') || '/1')
            ELSE '' END AS slice_of,
       coalesce(slice_no, 0) AS slice_no,
       CASE WHEN is_weekly THEN week::VARCHAR ELSE '0' END AS claim_unit,
       coalesce(nullif(payer_class, ''), '?') AS payer_class,
       coalesce(care_category, '?') AS care_category, coalesce(treatment_form, '?') AS treatment_form,
       coalesce(care_field, '') AS care_field, coalesce(header_form_no, '?') AS header_form_no,
       coalesce(form_no, '?') AS form_no, coalesce(insurance, '?') AS insurance, coalesce(setting, '?') AS setting
FROM united
WHERE care_to IS NULL OR CASE WHEN is_weekly THEN week_over ELSE month_over END <= $as_of
)
SELECT *, regexp_replace(lower(concat_ws('-', provider_code, care_month, 'u' || claim_unit,
                                         payer_class || form_no || coalesce(nullif(care_field, ''), '0'))),
                         '[^0-9a-z-]', 'x', 'g') AS group_key
FROM grouped
"""


def find_targets(statements: pa.Table, rosters: Mapping[str, pa.Table], as_of: date) -> pa.Table:
    """Every statement whose month (or week) is over on ``as_of``, with its group; one row per statement row.

    Inputs are tables of the source contract (statement; provider and closed_day). ``is_billable`` is false while
    the hospital's review or the closing of the day is still open.
    """
    db = Tables(
        statement=statements,
        provider=rosters["provider"],
        closed_day=rosters["closed_day"],
        form=statement_forms(),
    )
    return db.table(TARGETS, {"as_of": as_of, "week_start": value_on("claim_week_starts_on", as_of)})


def max_statements(kind: str, on: date) -> int:
    """Most statements one claim of this kind may hold; an unknown kind is never claimed, so one will do."""
    limits: dict[str, int] = value_on("max_statements", on)
    return limits.get(kind, 99_999)


def unknown_after_days(on: date) -> int:
    """Days after the hand-off until a claim without any answer counts as SEND_UNKNOWN."""
    days: int = value_on("send_unknown_days", on)
    return days
