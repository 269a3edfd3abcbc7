"""What HIRA's receiving desk makes of a back reference (접수번호·명세서일련번호·사유코드) in the simulation.

Supplements (1) follow an impossible statement, additions (2) a decided one, later slices (3) the first slice of their
admission. A supplement of an addition or of a slice keeps the code 2 or 3 of its parent (secondary source).
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from cheonggu.gateways.simulator_books import Books

SENT_TWICE, NEVER_SENT, WRONG_PARENT = "sent-twice", "never-sent", "wrong-parent"
SUPPLEMENT, ADDITION, SLICE = "1", "2", "3"
DECIDED = ("accepted", "adjusted")
PARENTS = """
SELECT s.statement_no, s.claim_class, s.reason_code, s.original_receipt_no, s.original_statement_no, s.lines,
       p.document_id AS parent_document, p.outcome, p.code, p.replaced_by, s.identity,
       p.identity AS parent_identity, p.claim_class AS parent_class
FROM statement s
LEFT JOIN claim h ON h.provider_code = ? AND h.state = 'received' AND h.receipt_no = s.original_receipt_no
LEFT JOIN statement p ON p.document_id = h.document_id AND p.statement_no = s.original_statement_no
WHERE s.document_id = ? AND s.claim_class != '' ORDER BY s.statement_no"""
# Another addition to the same parent, which HIRA holds and has not found impossible; or the same slice once more.
SAME_ADDITION = """
SELECT s.document_id FROM statement s JOIN claim c USING (document_id)
WHERE c.provider_code = ? AND s.claim_class = '2' AND s.original_receipt_no = ? AND s.original_statement_no = ?
AND s.lines = ? AND s.is_held_by_hira = 1 AND s.replaced_by IS NULL AND coalesce(s.outcome, '') != 'impossible'"""
SAME_SLICE = """
SELECT document_id FROM statement WHERE identity = ? AND claim_class IN ('', '3') AND is_held_by_hira = 1
AND replaced_by IS NULL AND document_id != ?"""


@dataclass(frozen=True)
class Fault:
    """The impossible code that must follow, what is said, and about which other document."""

    code: str
    said: str
    basis: str
    other: str | None


def read_parents(books: Books, document: sqlite3.Row) -> list[sqlite3.Row]:
    """The statements of a document that refer to another one, with what HIRA knows of it."""
    return books.rows(PARENTS, document["provider_code"], document["document_id"])


def replaces(row: sqlite3.Row) -> bool:
    """Whether the statement stands in for its parent, rather than beside it."""
    kept = row["claim_class"] in (ADDITION, SLICE) and row["claim_class"] == row["parent_class"]
    return row["claim_class"] == SUPPLEMENT or (kept and row["outcome"] not in DECIDED)


def find_fault(books: Books, document: sqlite3.Row, row: sqlite3.Row) -> Fault | None:
    """What is wrong with one back reference; None for a sound one."""
    parent, claim_class = row["parent_document"], row["claim_class"]
    if parent is None:
        return Fault("28-01", NEVER_SENT, "back-reference", None)
    if replaces(row):
        return _check_supplement(row)
    if claim_class == ADDITION:
        return _check_addition(books, document, row)
    double = books.value(SAME_SLICE, row["identity"], document["document_id"])
    if double:
        return Fault("93-01", SENT_TWICE, "statement-identity", double)
    if row["replaced_by"]:
        return Fault("28-01", WRONG_PARENT, "parent-replaced", parent)
    return None


def _check_supplement(row: sqlite3.Row) -> Fault | None:
    parent = row["parent_document"]
    if row["outcome"] != "impossible" or row["replaced_by"]:
        return Fault("93-01", SENT_TWICE, "parent-not-open", parent)
    if row["claim_class"] == SUPPLEMENT and row["reason_code"] != row["code"]:
        return Fault("28-03", WRONG_PARENT, "reason-code", parent)
    if row["identity"] != row["parent_identity"]:
        return Fault("28-01", WRONG_PARENT, "another-visit", parent)
    return None


def _check_addition(books: Books, document: sqlite3.Row, row: sqlite3.Row) -> Fault | None:
    parent = row["parent_document"]
    if row["identity"] != row["parent_identity"]:
        return Fault("28-01", WRONG_PARENT, "another-visit", parent)
    if row["outcome"] not in DECIDED:
        return Fault("28-01", WRONG_PARENT, "parent-not-decided", parent)
    place = (row["original_receipt_no"], row["original_statement_no"])
    double = books.value(SAME_ADDITION, document["provider_code"], *place, row["lines"])
    return Fault("93-01", SENT_TWICE, "same-items", double) if double else None
