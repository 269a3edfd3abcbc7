"""HIRA's receiving desk in the simulation: it numbers what the operator sends and knows what was sent before.

The same bytes, the same claim number or a statement that HIRA already holds are complaints (and code 93-01 in the
review), as is a back reference to something never sent (28-01). Receiving is one transaction of the books.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import date, timedelta

from cheonggu.gateways.simulator_books import Books, plan_answer
from cheonggu.gateways.simulator_references import SENT_TWICE, find_fault, read_parents, replaces
from cheonggu.gateways.simulator_script import Chance, Rule, Script


class Reception:
    """The receiving desk on one day."""

    def __init__(self, books: Books, script: Script, chance: Chance, today: date) -> None:
        self.books, self.script, self.chance, self.today = books, script, chance, today

    def receive(self, document: sqlite3.Row) -> None:
        """Take a sent claim in: number it, compare it with what was sent before, plan the answers."""
        with self.books.changing():
            document_id = document["document_id"]
            sent = "UPDATE document SET outbox = 'sent' WHERE document_id = ? AND outbox = 'waiting'"
            if not self.books.change(sent, document_id):
                return  # another login was quicker
            traits = self.script.traits(self.chance, document["provider_code"], document["claim_no"])
            self._complain_of_repeats(document)
            returned = "return" in traits
            year, number = (None, None) if returned else self._next_receipt(document["provider_code"])
            self.books.insert(
                "claim",
                [
                    {
                        "document_id": document_id,
                        "provider_code": document["provider_code"],
                        "claim_no": document["claim_no"],
                        "state": "returned" if returned else "received",
                        "sent_on": self.today.isoformat(),
                        "receipt_year": year,
                        "receipt_no": number,
                    }
                ],
            )
            if not returned:
                self._find_doubles(document)
                self._find_parents(document)
                self._hold(document, leave_last="partial-receipt" in traits)
            self._plan(document_id, traits)

    def _next_receipt(self, provider_code: str) -> tuple[str, str]:
        year = f"{self.today.year:04d}"
        number = self.chance.number("receipt", year, provider_code) % 9_000_000
        query = "SELECT count(*) FROM claim WHERE provider_code = ?"
        number += 1 + int(self.books.value(query, provider_code))
        taken = "SELECT 1 FROM claim WHERE receipt_year = ? AND receipt_no = ?"
        while self.books.one(taken, year, f"{number % 10_000_000:07d}"):
            number += 1
        return year, f"{number % 10_000_000:07d}"

    def _complain_of_repeats(self, document: sqlite3.Row) -> None:
        for basis, column in (("document-hash", "content_hash"), ("claim-no", "claim_no")):
            other = self.books.value(
                f"SELECT d.document_id FROM document d JOIN claim c USING (document_id) "
                f"WHERE c.state = 'received' AND d.provider_code = ? AND d.{column} = ? ORDER BY c.rowid",
                document["provider_code"],
                document[column],
            )
            if other:
                self.books.complain(self.today.isoformat(), SENT_TWICE, basis, document, None, other)

    def _find_doubles(self, document: sqlite3.Row) -> None:
        """Originals of a visit that HIRA holds already, from another claim or from earlier in this one."""
        found = self.books.rows(
            "SELECT s.statement_no, min(o.document_id) AS other FROM statement s JOIN statement o "
            "ON o.identity = s.identity AND (o.is_held_by_hira = 1 AND o.document_id != s.document_id "
            "OR o.document_id = s.document_id AND o.statement_no < s.statement_no AND o.claim_class = '') "
            "WHERE s.document_id = ? AND s.claim_class = '' GROUP BY s.statement_no ORDER BY s.statement_no",
            document["document_id"],
        )
        for row in found:
            self._force(document, row["statement_no"], "93-01")
            self._say(SENT_TWICE, "statement-identity", document, row["statement_no"], row["other"])

    def _find_parents(self, document: sqlite3.Row) -> None:
        """Supplementary, additional and split statements must point to one that HIRA holds."""
        for row in read_parents(self.books, document):
            fault = find_fault(self.books, document, row)
            if fault is not None:
                self._force(document, row["statement_no"], fault.code)
                self._say(fault.said, fault.basis, document, row["statement_no"], fault.other)
            elif replaces(row):
                self.books.change(
                    "UPDATE statement SET replaced_by = ? WHERE document_id = ? AND statement_no = ?",
                    f"{document['document_id']}/{row['statement_no']}",
                    row["parent_document"],
                    row["original_statement_no"],
                )

    def _force(self, document: sqlite3.Row, statement_no: str, code: str) -> None:
        self.books.change(
            "UPDATE statement SET forced_code = ? WHERE document_id = ? AND statement_no = ?",
            code,
            document["document_id"],
            statement_no,
        )

    def _say(
        self, said: str, basis: str, document: sqlite3.Row, statement_no: str, other: str | None
    ) -> None:
        self.books.complain(self.today.isoformat(), said, basis, document, statement_no, other)

    def _hold(self, document: sqlite3.Row, *, leave_last: bool) -> None:
        document_id = document["document_id"]
        self.books.change("UPDATE statement SET is_held_by_hira = 1 WHERE document_id = ?", document_id)
        if leave_last:
            self.books.change(
                "UPDATE statement SET is_held_by_hira = 0 WHERE document_id = ? AND statement_no = "
                "(SELECT max(statement_no) FROM statement WHERE document_id = ?)",
                document_id,
                document_id,
            )

    def _plan(self, document_id: str, traits: Mapping[str, Rule]) -> None:
        days = self.script.timing
        plans = [("receipt", days["receipt_after_days"])]
        if "late-return" in traits:
            plans.append(("return", days["receipt_after_days"] + days["late_return_after_days"]))
        elif not traits.keys() & {"return", "receipt-only", "partial-receipt"}:
            plans.append(("review", days["review_after_days"]))
            if "result-before-receipt" in traits:
                plans = [plans[1], ("receipt", days["review_after_days"])]
        if "advance-payment" in traits and plans[-1][0] == "review":
            plans.append(("advance", days["receipt_after_days"] + days["advance_after_days"]))
        if (
            "receipt-lost" in traits and len(plans) > 1
        ):  # what would never be answered at all is no lost receipt
            plans = [one for one in plans if one[0] != "receipt"]
        for kind, after in plans:
            plan_answer(self.books, document_id, kind, self.today + timedelta(days=after))
