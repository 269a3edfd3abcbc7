"""Items of care, counted in the simulator's books: none is asked for twice, none that was found late is lost.

HIRA holds an item when it received the statement that carries it, found it not impossible and knows of no supplement
in its place. Whose statement that is, only the ledger can say; what it carries, only the simulator.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from cheonggu.gateways.simulator_audit import Difference
from cheonggu.gateways.simulator_books import Books
from tests.simulation.audit import ask
from tests.simulation.hospital import Hospital

HELD = """
SELECT d.provider_code, d.claim_no, s.statement_no, s.lines, coalesce(s.outcome, '') AS outcome
FROM statement s JOIN document d USING (document_id) JOIN claim c USING (document_id)
WHERE s.is_held_by_hira = 1 AND s.replaced_by IS NULL"""
WHOSE = """
SELECT m.provider_code, m.claim_no, m.statement_no, coalesce(r.source_key, m.statement_key)
FROM claim_statement m LEFT JOIN back_reference r ON r.statement_key = m.statement_key"""
# What a person knows to be waiting: not decided yet, set aside, stopped, or in a claim that waits for somebody.
UNSETTLED = """
SELECT coalesce(r.source_key, s.statement_key) FROM statement s
LEFT JOIN back_reference r ON r.statement_key = s.statement_key
LEFT JOIN batch b ON b.batch_id = s.batch_id LEFT JOIN claim c ON c.batch_id = b.batch_id
WHERE s.state IN ('BLOCKED', 'HELD', 'IMPOSSIBLE', 'REFUSED_BY_PAYER') OR b.stage = 'held'
OR c.stopped_code IS NOT NULL"""
Places = dict[str, Counter[str]]


def check_items(folder: Path, books: Books, hospital: Hospital) -> Iterator[Difference]:
    """Every night: HIRA holds nothing that the hospital's record does not have, or more often than it has."""
    lines = hospital.lines()
    for key, codes in _held(folder, books, with_impossible=False).items():
        extra = codes - lines.get(key, Counter())
        if extra:
            yield Difference("item-twice", key, f"{dict(extra)} beyond the record of the hospital")


def check_found_late(folder: Path, books: Books, hospital: Hospital) -> Iterator[Difference]:
    """At the end: what was found late is at HIRA, unless the statement waits by name."""
    held = _held(folder, books, with_impossible=True)
    waiting = {key for (key,) in ask(folder, UNSETTLED)}
    for key, _, code, found_on in hospital.items():
        if not held.get(key, Counter())[code] and key not in waiting:
            yield Difference("lost-item", key, f"{code}, found on {found_on}, was never claimed")


def _held(folder: Path, books: Books, *, with_impossible: bool) -> Places:
    """The hospital's key → codes of the lines that HIRA holds of it."""
    whose = {tuple(place): key for *place, key in ask(folder, WHOSE)}
    held: Places = {}
    for row in books.rows(HELD):
        if row["outcome"] == "impossible" and not with_impossible:
            continue
        key = whose.get((row["provider_code"], row["claim_no"], row["statement_no"]))
        if key is not None:  # a claim that the ledger does not know is a difference of its own
            codes = (one.split(":")[2] for one in row["lines"].split(",") if one)
            held.setdefault(key, Counter()).update(codes)
    return held
