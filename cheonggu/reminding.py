"""Signature requests and reminders (서명요청·재알림): who has to sign is told once, and again on the days of the rules.

A message goes out under a key made of scheme, statement and number, so that a run that was killed between sending and
recording sends nothing twice. Who has signed meanwhile is told nothing any more.
"""

from __future__ import annotations

import hashlib
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from cheonggu.errors import InputError, UsageError
from cheonggu.gateways.messages import Message, Notifier
from cheonggu.ledger import Actor, Ledger
from cheonggu.schemes.scheme import Scheme, SignatureRules
from cheonggu.sources import Source

LOG = logging.getLogger(__name__)
KEY_CHARS = 24


@dataclass(frozen=True)
class Requests:
    """What one run did: first messages, reminders, and claims whose message could not be made or sent."""

    first: int
    reminders: int
    failed: tuple[str, ...]


def send_requests(
    source: Source, ledger: Ledger, scheme: Scheme, notifier: Notifier, as_of: date, actor: Actor
) -> Requests:
    """Send what is due on ``as_of``; one claim whose message cannot be made never stops the others."""
    rules = scheme.signatures
    if rules is None:
        return Requests(0, 0, ())
    sent = _sent_so_far(ledger, scheme)
    counts = {"first": 0, "reminder": 0}
    failed = []
    for one in rules.find(_read(source, rules), as_of):
        number = _due(rules, sent[one.statement_key], as_of)
        if number is None:
            continue
        try:
            key = _name(scheme, one.statement_key, number)
            medium, reference = notifier.send(Message(key, one.phone, one.email, *one.render(as_of)))
        except (InputError, UsageError) as error:
            LOG.warning("signature request for %s: %s", one.statement_key, error)
            failed.append(one.statement_key)
            continue
        ledger.record_signature_request(
            scheme.name,
            one.statement_key,
            number,
            asked_on=as_of,
            medium=medium,
            reference=reference,
            actor=actor,
        )
        counts["first" if number == 1 else "reminder"] += 1
    return Requests(counts["first"], counts["reminder"], tuple(failed))


def _read(source: Source, rules: SignatureRules) -> Mapping[str, Any]:
    return {view: source.read(view) for view in rules.views}


def _sent_so_far(ledger: Ledger, scheme: Scheme) -> Mapping[str, list[date]]:
    """Statement key → days on which a message went out, in order."""
    found: dict[str, list[date]] = defaultdict(list)
    for row in ledger.signature_requests(scheme.name).to_pylist():
        found[row["statement_key"]].append(row["asked_on"])
    return found


def _due(rules: SignatureRules, sent: Sequence[date], as_of: date) -> int | None:
    """Number of the message that is due, None when none is: the first at once, reminders days after the first."""
    if not sent:
        return 1
    days = rules.reminder_days(as_of)
    if len(sent) > len(days):
        return None
    is_due = (as_of - sent[0]).days >= days[len(sent) - 1] and as_of > sent[-1]
    return len(sent) + 1 if is_due else None


def _name(scheme: Scheme, statement_key: str, number: int) -> str:
    """A key that names nobody."""
    return hashlib.sha256(f"{scheme.name}/{statement_key}/{number}".encode()).hexdigest()[:KEY_CHARS]
