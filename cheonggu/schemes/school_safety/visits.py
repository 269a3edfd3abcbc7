"""Visits that health insurance could know too: one per person and day of treatment, as plain text for hashing."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from cheonggu.query import Tables

VISITS = """
SELECT DISTINCT c.statement_key,
       concat_ws('|', replace(p.pupil_name, ' ', ''), strftime(p.birth_on, '%Y-%m-%d'),
                 strftime(i.treated_on, '%Y-%m-%d')) AS visit
FROM benefit_claim c JOIN pupil p USING (pupil_key) JOIN item i USING (statement_key)
JOIN receipt r USING (statement_key, receipt_key)
WHERE r.patient_class IN ('nhi', 'aid')
ORDER BY ALL
"""


def find_visits(tables: Mapping[str, pa.Table]) -> pa.Table:
    """statement_key, visit (name, birthday and day of treatment of an insured patient)."""
    return Tables(**{view: tables[view] for view in ("benefit_claim", "pupil", "item", "receipt")}).table(
        VISITS
    )
