"""The entry of a benefit claim against the claim form (청구서 항목표): what the form needs and the source lacks.

Shapes have found empty required columns by then. Not asked here: who is insured (a third party has a route of its own),
the signature (its own gate), and what is given when the package is made or on the portal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from cheonggu.query import Tables
from cheonggu.schemes.school_safety.forms import check_entry
from cheonggu.schemes.school_safety.judgements import make_finding

FORM, RULE = "benefit_claim", "SCH-060"
# Field of the form → where the source has it.
FIELDS = {
    "accident_no": "benefit_claim.accident_no",
    "case_kind": "benefit_claim.case_kind",
    "benefit_kind": "benefit_claim.benefit_kind",
    "claim_stage": "benefit_claim.claim_stage",
    "claimant_role": "benefit_claim.claimant_role",
    "claimant_name": "benefit_claim.claimant_name",
    "claimant_relation": "benefit_claim.claimant_relation",
    "claimant_address": "benefit_claim.claimant_address",
    "claimant_phone": "benefit_claim.claimant_phone",
    "victim_name": "pupil.pupil_name",
    "victim_birth": "pupil.birth_on",
    "school_name": "school.school_name",
    "school_level": "school.school_level",
    "grade_class": "pupil.grade_class",
    "injury": "benefit_claim.injury",
    "treatment_from": "benefit_claim.treated_from",
    "treatment_to": "benefit_claim.treated_to",
    "claim_amount": "benefit_claim.claimed_won",
    "lines": "item.item_key",
    "other_compensation": "benefit_claim.other_compensation_won",
    "auto_compensation": "benefit_claim.is_auto_compensated",
    "bank_name": "benefit_claim.bank_name",
    "account_holder": "benefit_claim.account_holder",
    "account_no": "benefit_claim.account_no",
    "attachments": "attachment.document_code",
}
LISTS = {
    "lines": "(SELECT list(item_key) FROM item WHERE statement_key = benefit_claim.statement_key)",
    "attachments": "(SELECT list(document_code) FROM attachment WHERE statement_key = benefit_claim.statement_key)",
}
FLAGS = {"auto_compensation": "benefit_claim.is_auto_compensated = 'Y'"}
ENTRIES = """
SELECT benefit_claim.statement_key, {fields}
FROM benefit_claim LEFT JOIN pupil USING (pupil_key) LEFT JOIN school USING (school_code)
ORDER BY benefit_claim.statement_key
"""
VIEWS = ("benefit_claim", "pupil", "school", "item", "attachment")


def find_lacking(tables: Mapping[str, pa.Table]) -> Iterator[dict[str, Any]]:
    """A finding per field of the form that a claim lacks or that has another value; never the value."""
    fields = ", ".join(f"{(LISTS | FLAGS).get(name, place)} AS {name}" for name, place in FIELDS.items())
    db = Tables(**{name: tables[name] for name in VIEWS})
    for row in db.table(ENTRIES.format(fields=fields)).to_pylist():
        key = row.pop("statement_key")
        for one in check_entry(FORM, row):
            if one.field in FIELDS:
                record, _, column = FIELDS[one.field].partition(".")
                found = make_finding(RULE, key, record, one.code)
                texts = {
                    name: f"{found[name]} ({getattr(one, name[-2:])})"
                    for name in ("message_ko", "message_en")
                }
                yield {**found, "field": column, **texts}
