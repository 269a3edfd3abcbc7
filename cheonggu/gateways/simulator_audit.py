"""The comparison of the simulator's books with the ledger's, claim by claim and won by won.

The simulator knows what it was handed, what it was sent and what it answered; the ledger says what it believes.
Whatever a notice said that the ledger imported must stand there, and nothing else may. ``Ours`` is plain rows, so
that this side imports nothing of the ledger.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cheonggu.gateways.simulator_books import Books

BEFORE = ("OPEN", "ASSEMBLED", "CHECK_FAILED", "CHECKED_OK", "CHECKED_WARN")
WAITING = ("HANDED_OFF", "SENT", "SEND_UNKNOWN")
GONE = ("WITHDRAWN", "RETURNED")
UNDECIDED = ("impossible", "held")
# States of the client's outbox in which HIRA certainly never saw the document.
NEVER_SENT = ("refused", "deleted")
SAID = """
SELECT s.*, d.provider_code, d.claim_no FROM said s JOIN document d USING (document_id) ORDER BY s.number"""
DOCUMENTS = """
SELECT d.*, c.state AS claim_state, c.receipt_year, c.receipt_no FROM document d LEFT JOIN claim c USING (document_id)
WHERE d.claim_no IS NOT NULL ORDER BY d.rowid"""
HELD = """
SELECT d.provider_code, d.claim_no, s.statement_no FROM statement s JOIN document d USING (document_id)
JOIN claim c USING (document_id) WHERE s.is_held_by_hira = 1 AND coalesce(s.outcome, '') != 'impossible'"""
DOUBLED = """
SELECT identity, count(*) AS held FROM statement WHERE is_held_by_hira = 1 AND claim_class = ''
GROUP BY identity HAVING count(*) > 1"""
Key = tuple[str, str]


@dataclass(frozen=True)
class OurClaim:
    """A claim as the ledger has it; won. ``was_intended``: some hand-off of it was begun and not called off."""

    provider_code: str
    claim_no: str
    state: str
    document_id: str | None
    receipt_year: str | None
    receipt_no: str | None
    statement_count: int
    claimed_amount: int
    stopped_code: str | None
    was_intended: bool

    @property
    def key(self) -> Key:
        return (self.provider_code, self.claim_no)


@dataclass(frozen=True)
class OurStatement:
    """A statement as sent in a claim, what was decided last of it, and whether that claim is its live one."""

    provider_code: str
    claim_no: str
    statement_no: str
    claimed_amount: int
    outcome: str | None
    decided_amount: int | None
    review_round: str | None
    is_live: bool

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.provider_code, self.claim_no, self.statement_no)


@dataclass(frozen=True)
class Ours:
    """What the ledger believes. ``imported``: document numbers; ``stopped``: pairs of document and claim number
    that moved nothing and wait for a person. ``settled`` and ``paid`` are left out (None) where not kept."""

    claims: Sequence[OurClaim]
    statements: Sequence[OurStatement]
    imported: Collection[str]
    stopped: Collection[tuple[str, str]] = ()
    settled: Mapping[tuple[str, str, str], int] | None = None
    paid: Mapping[Key, int] | None = None


@dataclass(frozen=True)
class Difference:
    """One thing on which the books do not agree: a code, the place, and words."""

    code: str
    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.place}: {self.text}"


@dataclass
class Expected:
    """What the imported notices say of one claim."""

    is_received: bool = False
    is_returned: bool = False
    decisions: dict[str, tuple[str, str, int]] = field(default_factory=dict)  # serial → round, outcome, won
    settled: Counter[str] = field(default_factory=Counter)
    paid: int = 0

    def take(self, row: sqlite3.Row) -> None:
        if row["what"] == "received":
            self.is_received = True
        elif row["what"] == "returned":
            self.is_returned = True
        elif row["what"] == "decided":
            self.is_received = True
            known = self.decisions.get(row["statement_no"])
            if known is None or known[0] <= row["round"]:
                self.decisions[row["statement_no"]] = (row["round"], row["outcome"], row["won"])
        elif row["what"] in ("settled", "objected"):
            self.settled[row["statement_no"]] += row["won"]
        elif row["what"] == "paid":
            self.paid += row["won"]


def compare(books: Books, ours: Ours) -> list[Difference]:
    """Every difference between the two books, in the order of the claims; empty when they agree."""
    documents = books.rows(DOCUMENTS)
    claims = {one.key: one for one in ours.claims}
    expected = _expect(books, ours)
    return [
        *_complaints(books),
        *_doubles(books, documents),
        *_documents(documents, claims, expected),
        *_never_reached(documents, ours),
        *_statements(ours, expected),
        *_sums(ours, expected),
        *_held(books, documents, ours),
    ]


def _expect(books: Books, ours: Ours) -> dict[Key, Expected]:
    expected: dict[Key, Expected] = defaultdict(Expected)
    for row in books.rows(SAID):
        if row["document_no"] in ours.imported and (row["document_no"], row["claim_no"]) not in ours.stopped:
            expected[row["provider_code"], row["claim_no"]].take(row)
    return expected


def _complaints(books: Books) -> Iterator[Difference]:
    for row in books.rows("SELECT * FROM complaint ORDER BY number"):
        place = "/".join(filter(None, (row["claim_no"], row["statement_no"])))
        yield Difference(row["said"], place, f"{row['basis']}, other document {row['other_document_id']}")


def _doubles(books: Books, documents: Sequence[sqlite3.Row]) -> Iterator[Difference]:
    """A claim number comes to the client once, and no visit is held twice."""
    counts = Counter((row["provider_code"], row["claim_no"]) for row in documents)
    for (provider, claim_no), count in counts.items():
        if count > 1:
            yield Difference("handed-over-twice", f"{provider}/{claim_no}", f"{count} documents")
    for row in books.rows(DOUBLED):
        yield Difference("held-twice", row["identity"], f"{row['held']} statements of one visit")


def _documents(
    documents: Sequence[sqlite3.Row],
    claims: Mapping[Key, OurClaim],
    expected: Mapping[Key, Expected],
) -> Iterator[Difference]:
    """Every document of the client against the claim it is of."""
    for row in documents:
        key = (row["provider_code"], row["claim_no"])
        place, mine = "/".join(key), claims.get(key)
        if mine is None:
            yield Difference("unknown-to-the-ledger", place, f"document {row['document_id']}")
            continue
        if mine.document_id not in (None, row["document_id"]):
            yield Difference("other-document", place, f"{row['document_id']}, ledger {mine.document_id}")
        if not mine.was_intended:
            yield Difference("handed-over-without-intent", place, f"the ledger says {mine.state}")
        sent = (row["statement_count"], row["claimed_amount"])
        if row["claim_state"] and sent != (mine.statement_count, mine.claimed_amount):
            yield Difference(
                "other-sums", place, f"{sent}, ledger {mine.statement_count, mine.claimed_amount}"
            )
        if row["claim_state"] and mine.state == "WITHDRAWN":
            yield Difference("withdrawn-but-sent", place, f"HIRA has it as {row['claim_state']}")
        if row["claim_state"]:
            yield from _state(row, mine, expected.get(key, Expected()))


def _state(row: sqlite3.Row, mine: OurClaim, told: Expected) -> Iterator[Difference]:
    place = f"{mine.provider_code}/{mine.claim_no}"
    is_open = mine.state in (*BEFORE, *WAITING)
    if told.is_returned:
        if mine.state != "RETURNED":
            yield Difference("return-not-understood", place, f"the ledger says {mine.state}")
    elif told.is_received:
        if mine.state in GONE:
            yield Difference("other-state", place, f"HIRA holds it, the ledger says {mine.state}")
        if is_open:
            yield Difference("receipt-not-understood", place, f"the ledger says {mine.state}")
        if (mine.receipt_year, mine.receipt_no) != (row["receipt_year"], row["receipt_no"]):
            yield Difference("other-receipt-number", place, f"{row['receipt_no']}, ledger {mine.receipt_no}")
    elif not is_open and mine.state != "WITHDRAWN":
        yield Difference("never-told", place, f"no imported notice makes it {mine.state}")


def _never_reached(documents: Sequence[sqlite3.Row], ours: Ours) -> Iterator[Difference]:
    """What the ledger believes sent or examined must have come to the client."""
    here = {(row["provider_code"], row["claim_no"]) for row in documents}
    sent = {(row["provider_code"], row["claim_no"]) for row in documents if row["claim_state"]}
    refused = {(row["provider_code"], row["claim_no"]) for row in documents if row["outbox"] in NEVER_SENT}
    for one in ours.claims:
        place = f"{one.provider_code}/{one.claim_no}"
        if one.document_id is not None and one.key not in here:
            yield Difference("never-examined", place, f"document {one.document_id} is not the client's")
        if one.state not in (*BEFORE, *WAITING, "WITHDRAWN") and one.key not in sent:
            yield Difference("never-sent", place, f"the ledger says {one.state}")
        if one.state == "SENT" and one.key in refused:
            yield Difference("sent-though-unsent", place, "the outbox refused or deleted it")


def _statements(ours: Ours, expected: Mapping[Key, Expected]) -> Iterator[Difference]:
    """Outcome and won of every statement: what the newest imported round said, and nothing else."""
    for one in ours.statements:
        told = expected.get((one.provider_code, one.claim_no), Expected()).decisions.get(one.statement_no)
        place = "/".join(one.key)
        mine = None if one.outcome is None else (one.review_round, one.outcome, one.decided_amount)
        if told != mine:
            yield Difference("decision", place, f"HIRA said {told}, the ledger has {mine}")
        if one.outcome == "accepted" and one.decided_amount != one.claimed_amount:
            yield Difference("unexplained-won", place, "accepted with another amount than claimed")
        if one.outcome in UNDECIDED and one.decided_amount != 0:
            yield Difference("unexplained-won", place, f"{one.outcome} with {one.decided_amount} won")
    if ours.settled is not None:
        wanted = {
            (*key, serial): won for key, told in expected.items() for serial, won in told.settled.items()
        }
        for key, won in _unequal(wanted, ours.settled):
            yield Difference("settlement", "/".join(key), won)


def _sums(ours: Ours, expected: Mapping[Key, Expected]) -> Iterator[Difference]:
    """A claim's won are its statements'; what was paid is what was said to be paid."""
    claimed: Counter[Key] = Counter()
    for one in ours.statements:
        claimed[one.provider_code, one.claim_no] += one.claimed_amount
    for claim in ours.claims:
        if claim.state != "OPEN" and claimed[claim.key] != claim.claimed_amount:
            place = f"{claim.provider_code}/{claim.claim_no}"
            text = f"claimed {claim.claimed_amount}, statements {claimed[claim.key]}"
            yield Difference("unexplained-won", place, text)
    if ours.paid is not None:
        wanted = {key: told.paid for key, told in expected.items() if told.paid}
        for key, won in _unequal(wanted, ours.paid):
            yield Difference("payment", "/".join(key), won)


def _unequal(wanted: Mapping[Any, int], found: Mapping[Any, int]) -> Iterator[tuple[Any, str]]:
    for key in sorted({*wanted, *found}):
        if wanted.get(key, 0) != found.get(key, 0):
            yield key, f"HIRA said {wanted.get(key, 0)} won, the ledger has {found.get(key, 0)}"


def _held(books: Books, documents: Sequence[sqlite3.Row], ours: Ours) -> Iterator[Difference]:
    """What HIRA holds is live in the ledger. A return that is still on its way may leave the ledger behind."""
    live = {one.key: one.is_live for one in ours.statements}
    states = {one.key: one.state for one in ours.claims}
    for row in books.rows(HELD):
        key = (row["provider_code"], row["claim_no"], row["statement_no"])
        if not live.get(key, False) and states.get(key[:2]) not in GONE:
            yield Difference("held-but-free", "/".join(key), "HIRA holds it, the ledger would claim it again")
