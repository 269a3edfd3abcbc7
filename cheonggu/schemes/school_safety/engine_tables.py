"""From the source contract to the tables of the assessment (``rules/assessment_tables.csv``), column by column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from cheonggu.ledger.lines import HISTORY_LINE
from cheonggu.query import Tables

CLAIM_FORM = "CLAIM_FORM"
CLAIMS = """
SELECT c.statement_key AS claim_key, c.accident_no AS accident_key, c.pupil_key AS victim_key, c.case_kind,
       c.benefit_kind, c.claim_stage, c.claimant_role, p.victim_role, a.accident_on, a.status AS accident_status,
       a.activity_kind, a.vehicle, c.is_auto_compensated = 'Y' AS is_auto_compensated, c.other_compensation_won,
       c.private_insurance_won, c.preexisting_won, c.channel,
       CASE WHEN c.channel = 'online' THEN greatest(c.registered_on, g.signed_on) END AS submitted_on,
       CASE WHEN c.channel IN ('registered_mail', 'visit') THEN $as_of::DATE END AS association_received_on,
       c.school_received_on, g.signed_on IS NOT NULL OR c.claimant_role <> 'school' AS has_signature,
       c.is_school_payee = 'Y' AS is_school_payee
FROM benefit_claim c
JOIN accident a USING (accident_no) JOIN pupil p ON p.pupil_key = c.pupil_key
LEFT JOIN signature g USING (statement_key)
"""
RECEIPTS = """
SELECT statement_key AS claim_key, receipt_key, receipt_kind, paid_on, paid_won, over_cap_won, patient_class
FROM receipt
"""
ITEMS = """
SELECT statement_key AS claim_key, item_key, receipt_key, line_no, name, nhi_class, nullif(line_cat, '') AS line_cat,
       amount_won, treated_on, times, nullif(tooth, '') AS tooth, nullif(device_purpose, '') AS device_purpose,
       nullif(ward_reason, '') AS ward_reason, {flags}, nullif(efficacy_class, '') AS efficacy_class,
       nullif(scar_cause, '') AS scar_cause, care_days
FROM item
"""
FLAGS = (
    "is_worn_before",
    "is_needed_by_accident",
    "is_broken",
    "is_medically_needed",
    "is_incurred",
    "is_function_impaired",
    "is_disfiguring",
    "has_prescription",
)
SCARS = "SELECT statement_key AS claim_key, item_key, scar_type, width_cm, length_cm, area_cm2 FROM scar"
# The claim form itself is the entered claim on line, and the printed page of the package otherwise.
DOCUMENTS = """
SELECT statement_key AS claim_key, document_code, nullif(item_key, '') AS item_key FROM attachment
UNION ALL SELECT statement_key, $form, NULL FROM benefit_claim
"""
HISTORY = """
SELECT accident_no AS accident_key, pupil_key AS victim_key, earlier_claim_key AS claim_key,
       nullif(receipt_key, '') AS receipt_key, line_no, nullif(name, '') AS name, line_cat,
       nullif(nhi_class, '') AS nhi_class, nullif(tooth, '') AS tooth, amount_won, paid_won
FROM earlier_line
UNION ALL
SELECT case_key, person_key, statement_key, facts->>'receipt_key', (facts->>'line_no')::BIGINT, facts->>'name',
       nullif(facts->>'line_cat', ''), facts->>'nhi_class', nullif(facts->>'tooth', ''),
       claimed_amount, decided_amount
FROM decided_line
WHERE statement_key NOT IN (SELECT statement_key FROM benefit_claim)
"""


def engine_tables(tables: Mapping[str, pa.Table], context: Mapping[str, Any]) -> dict[str, pa.Table]:
    """The assessment's tables of a batch. ``context``: ``as_of`` and, when known, ``decided_line`` of the ledger."""
    views = {name: table for name, table in tables.items() if name in NEEDED}
    db = Tables(**views, decided_line=context.get("decided_line", HISTORY_LINE.empty_table()))
    flags = ", ".join(f"CASE {name} WHEN 'Y' THEN true WHEN 'N' THEN false END AS {name}" for name in FLAGS)
    return {
        "claims": db.table(CLAIMS, {"as_of": context["as_of"]}),
        "receipts": db.table(RECEIPTS),
        "items": db.table(ITEMS.format(flags=flags)),
        "scars": db.table(SCARS),
        "documents": db.table(DOCUMENTS, {"form": CLAIM_FORM}),
        "history": db.table(HISTORY),
    }


NEEDED = (
    "benefit_claim",
    "accident",
    "pupil",
    "signature",
    "receipt",
    "item",
    "scar",
    "attachment",
    "earlier_line",
)
