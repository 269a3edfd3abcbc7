"""Claim targets (청구대상): registered benefit claims whose claimant has signed, one package per association and day.

A claim that the school wrote waits for the claimant's signature; a parent signs while writing. A package holds one
way out: what goes on line and what goes by registered mail leave apart. Source: seed guide, sections 1 and annex 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pyarrow as pa

from cheonggu.query import Tables
from cheonggu.schemes.school_safety.values import value_on

KIND = "benefit_claim"
GROUP_COLUMNS = ("channel", "region")
TARGET_ROSTERS = ("signature",)
MEMBER_COLUMNS = {
    "care_month": "s.care_month",
    "claimed_amount": "coalesce(s.claimed_won, 0)",
    "total_benefit_cost_1": "coalesce(s.claimed_won, 0)",
    "patient_copay": "0::BIGINT",
    "patient_rrn": "''",
    "patient_name": "''",
    "subscriber_name": "s.claimant_name",
    "insurance_card_no": "''",
}
MEMBER_ORDER = "s.registered_on"
TARGETS = """
SELECT c.statement_key, c.provider_code, $kind AS kind,
       c.claimant_role <> 'school' OR coalesce(g.signed_on <= $as_of, false) AS is_billable,
       concat_ws('|', c.provider_code, c.accident_no, c.statement_key) AS identity,
       '' AS slice_of, 0 AS slice_no,
       coalesce(nullif(c.channel, ''), '?') AS channel, coalesce(p.region, '?') AS region,
       regexp_replace(lower(concat_ws('-', c.provider_code, $day,
                                      replace(coalesce(nullif(c.channel, ''), 'x'), '_', '-'))),
                      '[^0-9a-z-]', 'x', 'g') AS group_key
FROM benefit_claim c
LEFT JOIN association p USING (provider_code)
LEFT JOIN (SELECT statement_key, min(signed_on) AS signed_on FROM signature GROUP BY statement_key) g
       USING (statement_key)
WHERE c.registered_on <= $as_of
"""


def find_targets(claims: pa.Table, rosters: Mapping[str, pa.Table], as_of: date) -> pa.Table:
    """Every claim registered by ``as_of``; ``is_billable`` is false while the claimant's signature is missing."""
    db = Tables(benefit_claim=claims, association=rosters["association"], signature=rosters["signature"])
    return db.table(TARGETS, {"as_of": as_of, "kind": KIND, "day": f"{as_of:%Y%m%d}"})


def max_statements(kind: str, on: date) -> int:
    """Most claims one package may hold."""
    limit: int = value_on("max_claims", on)
    return limit


def unknown_after_days(on: date) -> int:
    """Days after the hand-off until a package without any answer counts as SEND_UNKNOWN."""
    days: int = value_on("unknown_after_days", on)
    return days
