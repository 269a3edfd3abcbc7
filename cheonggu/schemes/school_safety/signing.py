"""Who has to sign (청구인 서명): claims that the school registered, not signed by the claimant, with their message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from cheonggu.query import Tables
from cheonggu.schemes.scheme import SignatureRules
from cheonggu.schemes.school_safety.assessment_rules import load_profile
from cheonggu.schemes.school_safety.signature_request import render_signature_request
from cheonggu.schemes.school_safety.values import value_on

WAITING = """
SELECT c.statement_key, c.claimant_phone, c.claimant_email, c.case_kind, s.school_name, s.school_level,
       p.pupil_name AS victim_name, a.association_name, a.region, a.portal_url,
       coalesce(nullif(s.desk_phone, ''), a.phone) AS association_phone
FROM benefit_claim c
JOIN school s USING (school_code) JOIN pupil p USING (pupil_key)
JOIN association a ON a.provider_code = c.provider_code
ANTI JOIN (SELECT statement_key FROM signature WHERE signed_on <= $as_of) g USING (statement_key)
WHERE c.claimant_role = 'school' AND c.registered_on <= $as_of
ORDER BY c.statement_key
"""
PLACEHOLDERS = (
    "school_name",
    "victim_name",
    "case_kind",
    "association_name",
    "association_phone",
    "portal_url",
)


@dataclass(frozen=True)
class Waiting:
    """One claim that waits for its claimant; ``facts`` are the placeholders of the message."""

    statement_key: str
    phone: str
    email: str
    region: str
    school_level: str
    facts: Mapping[str, str]

    def render(self, on: date) -> tuple[str, str]:
        """Title and text; InputError names a placeholder that is empty."""
        profile = load_profile(self.region, on)
        message = render_signature_request(self.facts, profile, on, self.school_level)
        return message.title, message.text


def find_waiting(tables: Mapping[str, pa.Table], as_of: date) -> Iterator[Waiting]:
    """Every claim registered by ``as_of`` that lacks the signature of another person."""
    for row in Tables(**tables).table(WAITING, {"as_of": as_of}).to_pylist():
        facts: dict[str, Any] = {name: row[name] for name in PLACEHOLDERS}
        yield Waiting(
            statement_key=row["statement_key"],
            phone=row["claimant_phone"],
            email=row["claimant_email"],
            region=row["region"],
            school_level=row["school_level"],
            facts=facts,
        )


def reminder_days(on: date) -> tuple[int, ...]:
    """Days after the first message on which the claimant is reminded."""
    return tuple(value_on("signature_reminder_days", on))


SIGNATURES = SignatureRules(
    views=("association", "school", "pupil", "benefit_claim", "signature"),
    find=find_waiting,
    reminder_days=reminder_days,
)
