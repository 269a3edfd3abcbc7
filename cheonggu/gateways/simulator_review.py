"""How the simulated HIRA decides on statements, and the sums that follow. Won in whole numbers throughout.

A cut lowers the total (floored to 10 won); the copay is recomputed in proportion and truncated to 100 won for
outpatients and 10 won for inpatients; the payer's share is what is left. Where truncation would give the payer
more than was claimed, the copay stays as it was. Source: layouts README, rounding; notices README, "a cut of 710
won may move the payer share by 510".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cheonggu.gateways.simulator_script import Chance, Rule, Script, likely, reasons

COPAY_STEP = {"out": 100, "in": 10}
UNDECIDED = ("impossible", "held")
# What the second round of a held statement says when no rule tells it.
SECOND_ROUND = {"accepted": 0.7, "adjusted": 0.2, "impossible": 0.1}


@dataclass(frozen=True)
class Finding:
    finding_class: str
    code: str
    detail: str
    line_no: int | None
    amount: int
    text: str


@dataclass(frozen=True)
class Amounts:
    total_1: int
    copay: int
    amount: int


NOTHING = Amounts(0, 0, 0)


@dataclass(frozen=True)
class Decision:
    """What one round says about one statement."""

    statement_no: str
    outcome: str
    claimed: Amounts
    decided: Amounts
    findings: tuple[Finding, ...] = ()

    @property
    def copay_refund(self) -> int:
        """What the patient paid too much (본인부담환급금)."""
        return 0 if self.outcome in UNDECIDED else max(0, self.claimed.copay - self.decided.copay)

    @property
    def code(self) -> str | None:
        return self.findings[0].code if self.findings else None


class Reviewer:
    """Decides the statements of one claim by rule, else by seeded chance."""

    def __init__(self, script: Script, chance: Chance, document: sqlite3.Row) -> None:
        self.chance, self.rates = chance, script.rates
        self.subject = (document["provider_code"], document["claim_no"])
        self.step = COPAY_STEP[document["setting"]]
        rules = [one for one in script.rules_for(*self.subject) if one.outcome in SHARED]
        self.by_statement = {one.statement: one for one in reversed(rules) if one.statement}
        self.for_all = next((one for one in rules if not one.statement), None)

    def first_round(self, row: sqlite3.Row, *, unchanged: bool) -> Decision:
        statement_no = row["statement_no"]
        if row["forced_code"]:
            return self._decide(row, "impossible", Rule("impossible", code=row["forced_code"]))
        rule = self.by_statement.get(statement_no) or self.for_all
        if rule is not None:
            return self._decide(row, rule.outcome, rule)
        if unchanged:
            return self._decide(row, "accepted", None)
        return self._decide(row, self._by_chance(self.rates, "review", statement_no), None)

    def second_round(self, row: sqlite3.Row) -> Decision:
        rule = self.by_statement.get(row["statement_no"]) or self.for_all
        outcome = rule.then if rule is not None and rule.then else None
        outcome = outcome or self._by_chance(SECOND_ROUND, "second", row["statement_no"])
        return self._decide(row, outcome, None)

    def force_cut(self, row: sqlite3.Row) -> Decision:
        """An adjustment whatever chance said, for a settlement that needs a cut to give back."""
        return self._decide(row, "adjusted", None)

    def _by_chance(self, rates: object, *about: str) -> str:
        assert isinstance(rates, dict)
        share = self.chance.share(*self.subject, *about)
        for outcome in ("impossible", "held", "adjusted"):
            rate = rates.get(outcome, 0.0)
            if share < rate:
                return outcome
            share -= rate
        return "accepted"

    def _decide(self, row: sqlite3.Row, outcome: str, rule: Rule | None) -> Decision:
        claimed = Amounts(row["total_1"], row["copay"], row["claimed_amount"])
        if outcome == "adjusted":
            return self._cut(row, claimed, rule)
        if outcome in UNDECIDED:
            code, detail, text = self._code(outcome, row["statement_no"], rule)
            finding = Finding(outcome, code, detail, None, claimed.total_1, text)
            return Decision(row["statement_no"], outcome, claimed, NOTHING, (finding,))
        return Decision(row["statement_no"], "accepted", claimed, claimed)

    def _cut(self, row: sqlite3.Row, claimed: Amounts, rule: Rule | None) -> Decision:
        """Cut one line; a statement without a line worth money is accepted instead."""
        statement_no = row["statement_no"]
        lines = [
            (int(number), int(won))
            for number, won, *_ in (one.split(":") for one in row["lines"].split(",") if one)
        ]
        if rule is not None and rule.line_no is not None:
            lines = [one for one in lines if one[0] == rule.line_no]
        line_no, worth = max(lines, key=lambda one: one[1], default=(0, 0))
        worth = min(worth, claimed.total_1)
        if worth <= 0:
            return Decision(statement_no, "accepted", claimed, claimed)
        percent = 10 + self.chance.number(*self.subject, "cut", statement_no) % 91
        wanted = rule.amount if rule is not None and rule.amount else worth * percent // 100 // 10 * 10
        cut = min(wanted or worth, worth)
        code, detail, text = self._code("adjusted", statement_no, rule)
        decided = cut_amounts(claimed, cut, self.step)
        return Decision(
            statement_no,
            "adjusted",
            claimed,
            decided,
            (Finding("adjusted", code, detail, line_no, cut, text),),
        )

    def _code(self, outcome: str, statement_no: str, rule: Rule | None) -> tuple[str, str, str]:
        key = rule.code if rule is not None and rule.code else None
        key = key or self.chance.pick(likely(outcome), *self.subject, "code", statement_no)
        table = "adjustment_reason" if outcome == "adjusted" else "review_impossible_reason"
        row = reasons(table)[key]
        return row["code"], row["detail_code"], row["description_ko"]


SHARED = ("accepted", "adjusted", "impossible", "held")


def cut_amounts(claimed: Amounts, cut: int, step: int) -> Amounts:
    """Amounts after a gross cut; the payer never decides more than was claimed."""
    total = max(0, claimed.total_1 - cut) // 10 * 10
    other = max(0, claimed.total_1 - claimed.copay - claimed.amount)  # disability, veterans
    share = claimed.copay * total // claimed.total_1 if claimed.total_1 else 0
    copay = min(share // step * step, total)
    if total - copay - other > claimed.amount:
        copay = min(claimed.copay, total)
    return Amounts(total, copay, min(claimed.amount, max(0, total - copay - other)))


@dataclass(frozen=True)
class Round:
    """One review round of a claim: every decision, and the totals a notice prints."""

    decisions: tuple[Decision, ...]

    def count(self, *outcomes: str) -> int:
        return sum(one.outcome in outcomes for one in self.decisions)

    def claimed(self, side: str, *outcomes: str) -> int:
        return sum(getattr(one.claimed, side) for one in self._of(outcomes))

    def decided(self, side: str) -> int:
        return sum(getattr(one.decided, side) for one in self.decisions)

    def cut(self, side: str) -> int:
        """Claimed − decided over the adjusted statements."""
        return sum(getattr(one.claimed, side) - getattr(one.decided, side) for one in self._of(("adjusted",)))

    def _of(self, outcomes: Sequence[str]) -> Iterable[Decision]:
        return (one for one in self.decisions if not outcomes or one.outcome in outcomes)
