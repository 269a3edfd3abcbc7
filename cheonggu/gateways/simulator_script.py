"""What the simulator is told to do: a TOML script of rates, days and explicit rules, and its seeded chance.

.. code-block:: toml

    [rates]                       # share of claims or statements, by seeded chance; all default to 0 but these
    adjusted = 0.04               # statements
    impossible = 0.02             # statements
    complete = 0.5                # review results that list every statement

    [timing]                      # days, counted from the day of sending
    receipt_after_days = 0
    review_after_days = 1
    second_round_after_days = 7
    settlement_after_days = 30
    prescription_after_days = 60
    late_return_after_days = 1
    supplement_request_after_days = 2
    advance_after_days = 1
    payment_after_days = 10
    cost_decision_after_days = 30    # counted from the filing

    [[rule]]                      # without claim, provider or statement it fits all
    claim = "2026060001"
    outcome = "return"
    code = "09-03"

Several claim outcomes may hold for one claim; of the rules for a statement the first one that names it wins, then
the first one that names none. The outcomes are the keys of ``CLAIM_OUTCOMES`` and ``STATEMENT_OUTCOMES``; every one
is also a rate. A rule may also carry ``provider``, ``statement``, ``statements`` (return), ``then`` (what the second
round says of a held statement), ``line_no`` and ``amount`` (adjusted), ``complete`` (review).
"""

from __future__ import annotations

import csv
import hashlib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from cheonggu.errors import UsageError
from cheonggu.gateways.simulator_sam import DATA

CLAIM_OUTCOMES = {
    "examine-warning": "the client's check answers 1 although it found nothing",
    "examine-refusal": "the client's check answers -1 although it found nothing",
    "unsent": "the operator's automatic login leaves it in the outbox",
    "receipt-only": "received, never reviewed",
    "return": "returned as a whole, or naming statements",
    "late-return": "received, then returned",
    "partial-receipt": "received with one statement less than sent, never reviewed",
    "receipt-lost": "received, but the receipt notice never comes",
    "result-before-receipt": "the review result comes before the receipt",
    "nothing-changed": "every statement accepted as claimed",
    "settlement-refund": "a settlement gives a cut back",
    "settlement-recovery": "a settlement takes a part of an accepted statement back",
    "outside-prescription": "a late notice cuts an outside prescription of the claim",
    "supplement-request": "HIRA asks for material on a held statement, else on the claim",
    "payment": "the payer pays what was decided",
    "advance-payment": "the payer pays an advance before the review and sets it off against the final payment",
    "part-payment": "the payer's deposit runs short: the final payment comes in two parts",
    "zipped": "every notice comes inside a ZIP with an empty record group",
    "unknown-form": "a document of a form nobody knows lies among ours",
    "duplicate-delivery": "every notice is delivered twice",
    "conflicting-document": "a second notice has the number of the first and other bytes",
    "other-provider": "a notice for another provider lies among ours",
    "unknown-statement": "a review result first names a serial that the claim does not have",
    "broken-notice": "the first notice is first delivered cut in half",
}
STATEMENT_OUTCOMES = ("accepted", "adjusted", "impossible", "held")
RATES: dict[str, float] = {
    **dict.fromkeys(CLAIM_OUTCOMES, 0.0),
    "adjusted": 0.04,
    "impossible": 0.02,
    "held": 0.0,
    "complete": 0.5,
}
TIMING = {
    "receipt_after_days": 0,
    "review_after_days": 1,
    "second_round_after_days": 7,
    "settlement_after_days": 30,
    "prescription_after_days": 60,
    "late_return_after_days": 1,
    "supplement_request_after_days": 2,
    "advance_after_days": 1,
    "payment_after_days": 10,
    "cost_decision_after_days": 30,
}
CODE_TABLE = {
    "return": "return_reason",
    "late-return": "return_reason",
    "adjusted": "adjustment_reason",
    "impossible": "review_impossible_reason",
    "held": "review_impossible_reason",
    "outside-prescription": "adjustment_reason",
}


@dataclass(frozen=True)
class Rule:
    """One explicit wish; None means any claim, any provider, any statement or a code by chance."""

    outcome: str
    claim: str | None = None
    provider: str | None = None
    statement: str | None = None
    code: str | None = None
    statements: tuple[str, ...] = ()
    then: str | None = None
    line_no: int | None = None
    amount: int | None = None
    complete: bool | None = None

    def fits(self, provider_code: str, claim_no: str) -> bool:
        return self.claim in (None, claim_no) and self.provider in (None, provider_code)


@dataclass(frozen=True)
class Script:
    rates: Mapping[str, float]
    timing: Mapping[str, int]
    rules: tuple[Rule, ...]

    def rules_for(self, provider_code: str, claim_no: str) -> tuple[Rule, ...]:
        return tuple(one for one in self.rules if one.fits(provider_code, claim_no))

    def traits(self, chance: Chance, provider_code: str, claim_no: str) -> dict[str, Rule]:
        """The claim-level outcomes of a claim, by rule or by seeded chance; several may hold at once."""
        rules = reversed(self.rules_for(provider_code, claim_no))
        by_rule = {one.outcome: one for one in rules if one.outcome in CLAIM_OUTCOMES}
        by_chance = {
            outcome: Rule(outcome)
            for outcome in CLAIM_OUTCOMES
            if self.rates[outcome] and chance.share(outcome, provider_code, claim_no) < self.rates[outcome]
        }
        return by_chance | by_rule


class Chance:
    """Seeded chance that depends on what is asked about, not on the order of asking."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def share(self, *about: str) -> float:
        """A number in [0, 1) that is always the same for the same seed and subject."""
        return self.number(*about) / 2**64

    def pick(self, options: Sequence[str], *about: str) -> str:
        return options[self.number(*about) % len(options)]

    def number(self, *about: str) -> int:
        text = "|".join((str(self.seed), *about))
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def read_script(text: str) -> Script:
    """Read a script; anything unknown is a UsageError that names the rule."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _wrong(f"it is not TOML ({error})", f"TOML 형식이 아닙니다 ({error})") from error
    _refuse_unknown("the script", raw, ("rates", "timing", "rule"))
    _refuse_unknown("[rates]", raw.get("rates", {}), RATES)
    _refuse_unknown("[timing]", raw.get("timing", {}), TIMING)
    return Script(
        rates={**RATES, **raw.get("rates", {})},
        timing={**TIMING, **raw.get("timing", {})},
        rules=tuple(_rule(number, entry) for number, entry in enumerate(raw.get("rule", []), start=1)),
    )


def _rule(number: int, entry: Mapping[str, Any]) -> Rule:
    place = f"rule {number}"
    _refuse_unknown(place, entry, Rule.__dataclass_fields__)
    outcome = entry.get("outcome", "")
    if outcome not in CLAIM_OUTCOMES and outcome not in STATEMENT_OUTCOMES:
        raise _wrong(f"{place}: outcome {outcome!r} is not known", f"{number}번 규칙의 outcome이 틀렸습니다")
    if entry.get("then") is not None and entry["then"] not in STATEMENT_OUTCOMES:
        raise _wrong(f"{place}: then {entry['then']!r} is not known", f"{number}번 규칙의 then이 틀렸습니다")
    code, table = entry.get("code"), CODE_TABLE.get(outcome)
    if code is not None and (table is None or code not in reasons(table)):
        raise _wrong(
            f"{place}: code {code!r} is not in {table}", f"{number}번 규칙의 code가 코드표에 없습니다"
        )
    return Rule(**{**entry, "statements": tuple(entry.get("statements", ()))})


def _refuse_unknown(place: str, given: Mapping[str, Any], known: Iterable[str]) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise _wrong(f"{place} has the unknown key {unknown[0]!r}", f"{place}: 모르는 항목 {unknown[0]!r}")


def _wrong(what: str, what_ko: str) -> UsageError:
    return UsageError(f"The simulator's script: {what}.", f"모의 심평원 스크립트: {what_ko}.")


@cache
def reasons(table: str) -> dict[str, dict[str, str]]:
    """``code`` or ``code-detail`` → row of one reason table."""
    with (DATA / "codes" / f"{table}.csv").open(encoding="utf-8", newline="") as stream:
        return {
            "-".join(filter(None, (row["code"], row["detail_code"]))): row for row in csv.DictReader(stream)
        }


@cache
def likely(outcome: str) -> tuple[str, ...]:
    """The codes that chance may choose for an outcome."""
    if outcome == "adjusted":
        return tuple(key for key, row in reasons("adjustment_reason").items() if row["kind"] == "adjustment")
    if outcome == "return":
        return tuple(key for key, row in reasons("return_reason").items() if row["level"] == "detail")
    wanted = ("review_hold", "group", "wait") if outcome == "held" else ("impossible", "detail", "supplement")
    return tuple(
        key
        for key, row in reasons("review_impossible_reason").items()
        if (row["kind"], row["level"], row["resubmit_as"]) == wanted
    )
