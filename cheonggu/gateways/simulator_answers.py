"""HIRA's answers in the simulation: receipts, returns, review rounds, settlements, and every mishap by script.

An answer is written on its planned day in one transaction: the notice's file first, then the row that knows it
and the decisions, so that a crash leaves at most a file that is written again with the same bytes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import date, timedelta

from cheonggu.gateways.simulator_books import Books, plan_answer
from cheonggu.gateways.simulator_money import (
    PAYING,
    answer_advance,
    answer_cost_decision,
    answer_filing,
    answer_payment,
    answer_request,
)
from cheonggu.gateways.simulator_post import Post
from cheonggu.gateways.simulator_review import Amounts, Decision, Finding, Reviewer, Round, cut_amounts
from cheonggu.gateways.simulator_script import Chance, Rule, Script, likely, reasons
from cheonggu.gateways.simulator_xml import (
    ClaimRef,
    prescription_adjustment,
    receipt,
    review,
    settlement,
    wrap,
)

ANOTHER_PROVIDER = "99999999"
PHARMACY = "88888888"
MEDICAL_AID_HEADER = "H011"
REVIEW_FORM = {True: "F060", False: "F020"}  # by medical aid
SETTLEMENT_FORM = {True: "F050", False: "F040"}
SETTLED = "SELECT count(*) FROM notice WHERE kind = 'settlement' AND mishap IS NULL"
LATE_RETURN = "81-01"  # 30 % or more impossible


class Answers:
    """The answering desk on one day."""

    def __init__(self, books: Books, post: Post, script: Script, chance: Chance, today: date) -> None:
        self.books, self.post, self.script, self.chance, self.today = books, post, script, chance, today

    def answer(self, kind: str | None = None) -> int:
        """Write every notice that is due; with ``kind`` all planned ones of that kind, due or not."""
        count, last = 0, int(self.books.value("SELECT coalesce(max(number), 0) FROM plan"))
        while (plan := self._next_plan(kind, last)) is not None:
            with self.books.changing():
                document = self._row("document", plan["document_id"])
                traits = self.script.traits(self.chance, document["provider_code"], document["claim_no"])
                ANSWER_BY[plan["kind"]](self, document, traits)
                done = "UPDATE plan SET done_on = ? WHERE number = ?"
                self.books.change(done, self.today.isoformat(), plan["number"])
            count += 1
        return count

    def _next_plan(self, kind: str | None, last: int) -> sqlite3.Row | None:
        """The next one to do; a forced kind stops at the plans there were, for an answer may plan another."""
        open_plans = "SELECT * FROM plan WHERE done_on IS NULL"
        order = "ORDER BY due_on, number LIMIT 1"
        if kind is not None:
            return self.books.one(f"{open_plans} AND kind = ? AND number <= ? {order}", kind, last)
        return self.books.one(f"{open_plans} AND due_on <= ? {order}", self.today.isoformat())

    def _row(self, table: str, document_id: str) -> sqlite3.Row:
        row = self.books.one(f"SELECT * FROM {table} WHERE document_id = ?", document_id)
        assert row is not None
        return row

    def _answer_receipt(self, document: sqlite3.Row, traits: Mapping[str, Rule]) -> None:
        counted = (document["statement_count"], document["claimed_amount"])
        why = self._return_reasons(document, traits["return"]) if "return" in traits else None
        if "partial-receipt" in traits:
            query = "SELECT sum(claimed_amount) FROM statement WHERE document_id = ? AND is_held_by_hira = 1"
            counted = (counted[0] - 1, int(self.books.value(query, document["document_id"]) or 0))
        lines = self._receipt_lines(document, counted, why)
        head = self.post.issue(document, traits, "receipt", "F010", lines)
        if "partial-receipt" not in traits:
            self.books.say(
                head.document_no, document["document_id"], "received" if why is None else "returned"
            )
        if "conflicting-document" in traits:
            changed = self._receipt_lines(document, (counted[0], counted[1] + 10), why)
            self.post.keep(
                document, head, wrap(head, changed), suffix="_2.xml", mishap="conflicting-document"
            )
        if "other-provider" in traits:
            foreign = self.post.head(document, "receipt", "F010", for_provider=ANOTHER_PROVIDER)
            self.post.keep(document, foreign, wrap(foreign, lines), mishap="other-provider")

    def _receipt_lines(
        self, document: sqlite3.Row, counted: tuple[int, int], why: list[tuple[str, str, str, str]] | None
    ) -> list[str]:
        claim = self._row("claim", document["document_id"])
        classes = self.books.rows(
            "SELECT DISTINCT claim_class FROM statement WHERE document_id = ?", document["document_id"]
        )
        claim_class = "3" if [one["claim_class"] for one in classes] == ["3"] else document["claim_class"]
        return list(receipt(document, ClaimRef.of(document, claim), self.today, claim_class, counted, why))

    def _return_reasons(self, document: sqlite3.Row, rule: Rule) -> list[tuple[str, str, str, str]]:
        key = rule.code or self.chance.pick(likely("return"), "return-code", document["claim_no"])
        row = reasons("return_reason")[key]
        by_chance = rule.code is None and self.chance.share("return-names", document["claim_no"]) < 0.5
        places = rule.statements or (("00001",) if by_chance else ("",))
        return [(row["code"], row["detail_code"], one, row["description_ko"]) for one in places]

    def _answer_return(self, document: sqlite3.Row, traits: Mapping[str, Rule]) -> None:
        """A return after the receipt: HIRA holds nothing of the claim any more."""
        rule = traits.get("late-return", Rule("late-return"))
        why = self._return_reasons(document, rule if rule.code else Rule("late-return", code=LATE_RETURN))
        counted = (document["statement_count"], document["claimed_amount"])
        lines = self._receipt_lines(document, counted, why)
        head = self.post.issue(document, traits, "receipt", "F010", lines)
        document_id = document["document_id"]
        self.books.say(head.document_no, document_id, "returned")
        self.books.change("UPDATE claim SET state = 'returned' WHERE document_id = ?", document_id)
        self.books.change("UPDATE statement SET is_held_by_hira = 0 WHERE document_id = ?", document_id)
        # What it had taken over from earlier claims is open there again.
        self.books.change(
            "UPDATE statement SET replaced_by = NULL WHERE replaced_by LIKE ?", f"{document_id}/%"
        )

    def _answer_review(self, document: sqlite3.Row, traits: Mapping[str, Rule]) -> None:
        reviewer = Reviewer(self.script, self.chance, document)
        unchanged = "nothing-changed" in traits
        rows = self.statements(document)
        decisions = [reviewer.first_round(row, unchanged=unchanged) for row in rows]
        if "settlement-refund" in traits and not any(one.outcome == "adjusted" for one in decisions):
            self._force_one_cut(reviewer, rows, decisions)
        said = [one.complete for one in self._rules(document) if one.complete is not None]
        share = self.chance.share("complete", document["provider_code"], document["claim_no"])
        complete = said[0] if said else share < self.script.rates["complete"]
        self._write_round(document, traits, decisions, complete=complete)
        self._plan_later(document, traits, decisions)

    def _rules(self, document: sqlite3.Row) -> tuple[Rule, ...]:
        return self.script.rules_for(document["provider_code"], document["claim_no"])

    def _force_one_cut(self, reviewer: Reviewer, rows: list[sqlite3.Row], decisions: list[Decision]) -> None:
        for index, row in enumerate(rows):
            if decisions[index].outcome == "accepted":
                cut = reviewer.force_cut(row)
                if cut.outcome == "adjusted":
                    decisions[index] = cut
                    return

    def _plan_later(
        self, document: sqlite3.Row, traits: Mapping[str, Rule], decisions: list[Decision]
    ) -> None:
        document_id = document["document_id"]
        if any(one.outcome == "held" for one in decisions):
            self._plan(document_id, "second-round", "second_round_after_days")
        if traits.keys() & {"settlement-refund", "settlement-recovery"}:
            self._plan(document_id, "settlement", "settlement_after_days")
        if "outside-prescription" in traits:
            self._plan(document_id, "prescription", "prescription_after_days")
        if "supplement-request" in traits:
            self._plan(document_id, "supplement-request", "supplement_request_after_days")
        self.plan_payment(document, traits)

    def plan_payment(self, document: sqlite3.Row, traits: Mapping[str, Rule]) -> None:
        """After every change of what is decided the payer pays the rest, where the script lets it pay at all."""
        if traits.keys() & PAYING:
            self._plan(document["document_id"], "payment", "payment_after_days")

    def _plan(self, document_id: str, kind: str, after: str) -> None:
        """Plan an answer so many days after sending, but not before today."""
        sent = date.fromisoformat(self._row("claim", document_id)["sent_on"])
        due = max(sent + timedelta(days=self.script.timing[after]), self.today)
        plan_answer(self.books, document_id, kind, due)

    def claim_of(self, document: sqlite3.Row) -> sqlite3.Row:
        """What HIRA holds of a document that was sent."""
        return self._row("claim", document["document_id"])

    def _answer_second_round(self, document: sqlite3.Row, traits: Mapping[str, Rule]) -> None:
        reviewer = Reviewer(self.script, self.chance, document)
        held = [row for row in self.statements(document) if row["outcome"] == "held"]
        decisions = [reviewer.second_round(row) for row in held]
        if decisions:
            self._write_round(document, traits, decisions, complete=False)
        if decisions:
            self.plan_payment(document, traits)
        if any(one.outcome == "held" for one in decisions):  # held again: at the earliest tomorrow
            days = max(1, self.script.timing["second_round_after_days"])
            due = self.today + timedelta(days=days)
            plan_answer(self.books, document["document_id"], "second-round", due)

    def statements(self, document: sqlite3.Row) -> list[sqlite3.Row]:
        return self.books.rows(
            "SELECT * FROM statement WHERE document_id = ? ORDER BY statement_no", document["document_id"]
        )

    def _write_round(
        self, document: sqlite3.Row, traits: Mapping[str, Rule], decisions: list[Decision], *, complete: bool
    ) -> None:
        claim = self._row("claim", document["document_id"])
        round_no = self._next_round(claim["last_round"])
        reference, form = ClaimRef.of(document, claim), REVIEW_FORM[self._is_medical_aid(document)]
        made = Round(tuple(decisions))
        if "unknown-statement" in traits and claim["last_round"] is None:
            strange = f"{document['statement_count'] + 1:05d}"[-5:]
            last = decisions[-1]
            wrong = Decision(strange, last.outcome, last.claimed, last.decided, last.findings)
            lines = list(review(reference, round_no, Round((*decisions[:-1], wrong)), complete=True))
            strange_head = self.post.head(document, "review-result", form)
            self.post.keep(document, strange_head, wrap(strange_head, lines), mishap="unknown-statement")
        lines = list(review(reference, round_no, made, complete=complete))
        head = self.post.issue(document, traits, "review-result", form, lines)
        said = [(one.statement_no, one.outcome, one.decided.amount) for one in decisions]
        self.books.say(head.document_no, document["document_id"], "decided", said, round_no)
        self._take_down(document["document_id"], round_no, decisions)

    def _take_down(self, document_id: str, round_no: str, decisions: list[Decision]) -> None:
        self.books.change("UPDATE claim SET last_round = ? WHERE document_id = ?", round_no, document_id)
        self.books.change_many(
            "UPDATE statement SET outcome = :outcome, code = :code, decided_total_1 = :total_1, "
            "decided_copay = :copay, decided_amount = :amount, review_round = :round "
            "WHERE document_id = :document_id AND statement_no = :statement_no",
            (
                {
                    "outcome": one.outcome,
                    "code": one.code,
                    "total_1": one.decided.total_1,
                    "copay": one.decided.copay,
                    "amount": one.decided.amount,
                    "round": round_no,
                    "document_id": document_id,
                    "statement_no": one.statement_no,
                }
                for one in decisions
            ),
        )

    def _next_round(self, last: str | None) -> str:
        first = f"{self.today:%Y%m}01"
        return first if last is None or last < first else str(int(last) + 1)

    def _answer_settlement(self, document: sqlite3.Row, traits: Mapping[str, Rule]) -> None:
        claim = self._row("claim", document["document_id"])
        step = 100 if document["setting"] == "out" else 10
        changes = []
        for trait, outcome in (("settlement-refund", "adjusted"), ("settlement-recovery", "accepted")):
            row = next((one for one in self.statements(document) if one["outcome"] == outcome), None)
            if trait in traits and row is not None:
                before = Amounts(row["decided_total_1"], row["decided_copay"], row["decided_amount"])
                after = (
                    Amounts(row["total_1"], row["copay"], row["claimed_amount"])
                    if trait == "settlement-refund"
                    else cut_amounts(before, max(10, before.total_1 // 10), step)
                )
                if after.amount != before.amount:
                    changes.append((row["statement_no"], before, after))
        if not changes:
            return
        round_no = f"{self.today:%Y%m}{int(self.books.value(SETTLED)) + 1:02d}"
        lines = settlement(ClaimRef.of(document, claim), claim["last_round"], round_no, self.today, changes)
        form = SETTLEMENT_FORM[self._is_medical_aid(document)]
        head = self.post.issue(document, traits, "settlement", form, list(lines))
        said = [(one, "", after.amount - before.amount) for one, before, after in changes]
        self.books.say(head.document_no, document["document_id"], "settled", said, round_no)
        for statement_no, before, after in changes:
            self.books.change(
                "UPDATE statement SET settled_difference = settled_difference + ? "
                "WHERE document_id = ? AND statement_no = ?",
                after.amount - before.amount,
                document["document_id"],
                statement_no,
            )
        self.plan_payment(document, traits)

    def _answer_prescription(self, document: sqlite3.Row, traits: Mapping[str, Rule]) -> None:
        row = next((one for one in self.statements(document) if one["prescriptions"]), None)
        if row is None:
            return
        claim = self._row("claim", document["document_id"])
        key = traits.get("outside-prescription", Rule("outside-prescription")).code
        key = key or self.chance.pick(likely("adjusted"), "prescription", document["claim_no"])
        reason = reasons("adjustment_reason")[key]
        amount = 100 + self.chance.number("prescription", document["claim_no"]) % 500 * 10
        cut = Finding("adjusted", reason["code"], reason["detail_code"], 1, amount, reason["description_ko"])
        lines = prescription_adjustment(
            ClaimRef.of(document, claim),
            self._next_round(claim["last_round"]),
            row["statement_no"],
            (row["prescriptions"].split(",")[0], PHARMACY),
            cut,
        )
        self.post.issue(document, traits, "prescription-adjustment", "F090", list(lines))

    def _is_medical_aid(self, document: sqlite3.Row) -> bool:
        return str(document["form_no"]) == MEDICAL_AID_HEADER


ANSWER_BY = {
    "receipt": Answers._answer_receipt,
    "review": Answers._answer_review,
    "second-round": Answers._answer_second_round,
    "settlement": Answers._answer_settlement,
    "prescription": Answers._answer_prescription,
    "return": Answers._answer_return,
    "advance": answer_advance,
    "payment": answer_payment,
    "supplement-request": answer_request,
    "objection-receipt": answer_filing,
    "cost-decision": answer_cost_decision,
}
