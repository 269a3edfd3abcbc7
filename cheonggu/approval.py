"""Approval (승인) before the hand-off: as many persons as the site wants, each for exactly these files."""

from __future__ import annotations

from collections.abc import Sequence

from cheonggu.ledger import Claim, Ledger
from cheonggu.ledger.decisions import SEOUL, DecisionKind


def approved_by(ledger: Ledger, claim: Claim) -> tuple[str, ...]:
    """The different persons whose approval of the claim's present files holds, in order of approving."""
    given = ledger.instructions(
        claim.scheme,
        kind=DecisionKind.APPROVAL,
        provider_code=claim.provider_code,
        subject=claim.claim_no,
        valid_on=ledger.now().astimezone(SEOUL).date(),
    )
    files = ledger.frozen_digest(claim.provider_code, claim.claim_no)
    persons = {one.person.strip().casefold(): one.person for one in given if one.detail.get("files") == files}
    return tuple(persons.values())


def part_approved(ledger: Ledger, claims: Sequence[Claim], persons: int) -> tuple[list[Claim], list[Claim]]:
    """Claims that enough persons approved, and those that still wait; ``persons`` 0 asks nobody."""
    if persons <= 0:
        return list(claims), []
    ready: list[Claim] = []
    waiting: list[Claim] = []
    for claim in claims:
        (ready if len(approved_by(ledger, claim)) >= persons else waiting).append(claim)
    return ready, waiting
