"""Unanswered hand-offs (회신 없는 송신): after the configured days nobody can tell whether a claim was sent.

The claim becomes SEND_UNKNOWN and waits for a person, who looks into the client's outbox or the portal, or for a
late notice. It is never sent again by itself.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from cheonggu.days import SEOUL
from cheonggu.errors import UsageError
from cheonggu.ledger import Actor, Ledger
from cheonggu.schemes.scheme import Scheme

LOG = logging.getLogger(__name__)
SETTING = "unknown_after_days"


def mark_unanswered(
    ledger: Ledger, scheme: Scheme, settings: Mapping[str, Any], actor: Actor
) -> tuple[str, ...]:
    """Move overdue claims to SEND_UNKNOWN; a sentence in both languages for each.

    ``settings`` are the gateway's of the site file: ``unknown_after_days`` goes before the scheme's dated value.
    UsageError when it is not a whole number of at least one day.
    """
    days = settings.get(SETTING)
    if days is None:
        days = scheme.answers.unknown_after_days(ledger.now().astimezone(SEOUL).date())
    elif not isinstance(days, int) or isinstance(days, bool) or days < 1:
        raise UsageError(
            f"[gateway.{scheme.gateway}] {SETTING} must be a whole number of days, at least 1.",
            f"[gateway.{scheme.gateway}] {SETTING} 값은 1 이상의 날수여야 합니다.",
        )
    overdue = ledger.mark_overdue(scheme.name, days, actor)
    for provider_code, claim_no in overdue:
        LOG.warning("claim %s of provider %s: no answer for %d days", claim_no, provider_code, days)
    return tuple(
        f"{claim_no}: {days}일 동안 회신이 없습니다. 송신함이나 포털에서 확인하세요. "
        f"No answer for {days} days; look into the outbox or the portal."
        for _, claim_no in overdue
    )
