"""Visits that another scheme could claim too: one per person and day of care, as plain text for hashing."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from cheonggu.query import Tables

# The seventh digit of a resident number (주민등록번호) names the century of the birthday.
VISITS = """
WITH born AS (
    SELECT statement_key, care_from, coalesce(care_to, care_from) AS care_to, replace(patient_name, ' ', '') AS name,
           CASE WHEN substr(patient_rrn, 7, 1) IN ('1', '2', '5', '6') THEN '19'
                WHEN substr(patient_rrn, 7, 1) IN ('3', '4', '7', '8') THEN '20' ELSE '18' END
           || substr(patient_rrn, 1, 6) AS born
    FROM statement WHERE length(patient_rrn) = 13 AND care_from IS NOT NULL
)
SELECT DISTINCT statement_key,
       concat_ws('|', name, substr(born, 1, 4), NULL) || '-' || substr(born, 5, 2) || '-' || substr(born, 7, 2)
       || '|' || strftime(day, '%Y-%m-%d') AS visit
FROM born, unnest(generate_series(care_from::TIMESTAMP, care_to::TIMESTAMP, INTERVAL 1 DAY)) AS days(day)
ORDER BY ALL
"""


def find_visits(tables: Mapping[str, pa.Table]) -> pa.Table:
    """statement_key, visit (name, birthday and day of care)."""
    return Tables(statement=tables["statement"]).table(VISITS)
