"""What must hold: at every instant, even right after a kill, and what must hold between nights and at the end.

At rest: nothing lies in the client that the ledger did not intend, and nothing is imported that is not archived.
Every night: the simulator's books and the ledger agree, the audit chain is proven, every statement is in one place.
At the end: nothing is on its way any more, and everything the hospital gave free is claimed or waits for a person.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from cheonggu.comparison import read_ours
from cheonggu.gateways.simulator_audit import Difference, compare
from cheonggu.gateways.simulator_books import Books
from cheonggu.ledger import Ledger

SCHEME = "hira"
# Statement state → states that its newest claim, or without one its batch, may be in.
PLACES = {
    "BILLABLE": {"extracted"},
    "BLOCKED": {"*"},
    "READY": {"free", "validated", "held", "OPEN"},
    "ASSIGNED": {"ASSEMBLED", "CHECKED_OK", "CHECKED_WARN", "CHECK_FAILED"},
    "IN_FLIGHT": {"HANDED_OFF", "SENT", "SEND_UNKNOWN"},
    "RECEIVED": {"RECEIVED", "IN_REVIEW", "PARTLY_DECIDED"},
    "HELD": {"PARTLY_DECIDED", "DECIDED", "PAID"},
    "ACCEPTED": {"PARTLY_DECIDED", "DECIDED", "PAID", "CLOSED"},
    "ADJUSTED": {"PARTLY_DECIDED", "DECIDED", "PAID", "CLOSED"},
    "IMPOSSIBLE": {"PARTLY_DECIDED", "DECIDED", "PAID", "CLOSED"},
    "REFUSED_BY_PAYER": {"PARTLY_DECIDED", "DECIDED", "PAID", "CLOSED"},
    "DISPUTED": {"PARTLY_DECIDED", "DECIDED", "PAID"},
    "REPLACED": {"PARTLY_DECIDED", "DECIDED", "PAID", "CLOSED"},
    "PAID": {"PARTLY_DECIDED", "DECIDED", "PAID", "CLOSED"},
}
AT_REVIEWER = (
    "HANDED_OFF", "SENT", "SEND_UNKNOWN", "RECEIVED", "IN_REVIEW", "PARTLY_DECIDED", "DECIDED", "PAID", "CLOSED",
)  # fmt: skip
WHERE = """
SELECT s.statement_key, s.state, coalesce(c.state, b.stage, 'free') FROM statement s
LEFT JOIN batch b ON b.batch_id = s.batch_id LEFT JOIN claim c ON c.batch_id = b.batch_id ORDER BY 1"""
DOUBLED = f"""
SELECT m.statement_key, group_concat(c.claim_no) FROM claim_statement m JOIN claim c USING (provider_code, claim_no)
WHERE c.claim_class = '' AND c.state IN {AT_REVIEWER} GROUP BY 1 HAVING count(*) > 1"""
RETURNED = """
SELECT coalesce((SELECT source_key FROM back_reference r WHERE r.statement_key = s.statement_key), s.statement_key)
FROM statement s WHERE s.state = 'READY' AND s.batch_id IS NULL AND 'RETURNED' =
(SELECT c.state FROM claim_statement m JOIN claim c USING (provider_code, claim_no)
 WHERE m.statement_key = s.statement_key ORDER BY c.rowid DESC LIMIT 1) ORDER BY 1"""
FREE = (
    "SELECT statement_key, content_hash FROM statement WHERE state = 'READY' AND batch_id IS NULL ORDER BY 1"
)
IMPOSSIBLE = """
SELECT s.provider_code, coalesce(r.source_key, s.statement_key) FROM statement s
LEFT JOIN back_reference r ON r.statement_key = s.statement_key WHERE s.state = 'IMPOSSIBLE' ORDER BY 1, 2"""
# What follows another statement under a key of the ledger's own.
FOLLOWERS = "SELECT statement_key, source_key FROM back_reference WHERE statement_key != source_key"
# Additions that wait for somebody to ask again: set aside, returned or withdrawn.
WAITING_ADDITIONS = """
SELECT s.provider_code, r.source_key FROM back_reference r JOIN statement s ON s.statement_key = r.statement_key
WHERE r.relation = 'addition' AND (s.state = 'BLOCKED' OR s.state IN ('READY', 'BILLABLE') AND s.batch_id IS NULL)
ORDER BY 1, 2"""
DECIDED = """
SELECT s.provider_code, coalesce(r.source_key, s.statement_key) FROM statement s
LEFT JOIN back_reference r ON r.statement_key = s.statement_key
WHERE s.state IN ('ACCEPTED', 'ADJUSTED', 'PAID') AND coalesce(r.relation, '') != 'addition' ORDER BY 1, 2"""
UNDER_WAY_ADDITIONS = """
SELECT r.source_key FROM back_reference r JOIN statement s ON s.statement_key = r.statement_key
WHERE r.relation = 'addition'
AND s.state IN ('BILLABLE', 'BLOCKED', 'READY', 'ASSIGNED', 'IN_FLIGHT', 'RECEIVED', 'HELD')"""
OWNERS = "SELECT statement_key, provider_code FROM statement"
STATEMENTS = "SELECT statement_key FROM statement"
PROVIDERS = "SELECT DISTINCT provider_code FROM batch ORDER BY 1"
RECEIVED = "SELECT count(*) FROM claim WHERE receipt_no IS NOT NULL"
INTENDED = """
SELECT provider_code, claim_no FROM submission WHERE state != 'abandoned'"""
Failures = Iterator[Difference]


def ask(folder: Path, query: str) -> list[tuple[str, ...]]:
    """Rows of the ledger of a site folder, read beside the product."""
    with closing(sqlite3.connect(folder / "ledger.db")) as connection:
        return connection.execute(query).fetchall()


def check_at_rest(folder: Path) -> Failures:
    """True at every instant, so also where a kill left things."""
    intended = {f"{provider}-{claim_no}" for provider, claim_no in ask(folder, INTENDED)}
    staging = folder / "client" / "staging"
    for path in sorted(staging.iterdir()) if staging.exists() else ():
        if path.name.removesuffix(".new") not in intended:
            yield Difference("placed-without-intent", path.name, "the ledger knows of no hand-off")
    archive = folder / "data" / SCHEME / "notices"
    for document_no, sha256, name in ask(folder, "SELECT document_no, sha256, archived_as FROM notice"):
        path = archive / name
        is_kept = path.is_file() and (
            path.suffix == ".zip" or hashlib.sha256(path.read_bytes()).hexdigest() == sha256
        )
        if not is_kept:
            yield Difference("not-archived", document_no, "imported, but its bytes are not kept")


def check_night(folder: Path, ledger: Ledger, books: Books) -> Failures:
    """True between nights."""
    yield from check_at_rest(folder)
    yield from (Difference(f"chain-{one.code}", one.where, one.en) for one in ledger.verify())
    yield from compare(books, read_ours(ledger, SCHEME))
    yield from _check_places(folder)
    for key, claims in ask(folder, DOUBLED):
        yield Difference("claimed-twice", key, claims)


def _check_places(folder: Path) -> Failures:
    for key, state, place in ask(folder, WHERE):
        allowed = PLACES.get(state, set())
        if place not in allowed and "*" not in allowed:
            yield Difference("no-such-place", key, f"{state} while its claim or batch is {place}")


def check_end(folder: Path, books: Books, given_free: Iterable[str]) -> Failures:
    """After everybody had the time to finish: nothing is lost on the way."""
    known = {key: (state, place) for key, state, place in ask(folder, WHERE)}
    returned = {key for (key,) in ask(folder, RETURNED)}
    stopped = {
        key
        for (key,) in ask(
            folder,
            "SELECT m.statement_key FROM claim_statement m JOIN claim c USING (provider_code, claim_no)"
            " WHERE c.stopped_code IS NOT NULL",
        )
    }
    for key in sorted(given_free):
        state, place = known.get(key, ("nowhere", ""))
        waits = state in ("nowhere", "BILLABLE", "READY", "ASSIGNED", "IN_FLIGHT")
        if waits and key not in returned and key not in stopped and place != "held":
            yield Difference("lost", key, f"{state} {place} though the hospital gave it free")
    for row in books.rows("SELECT document_id, kind FROM plan WHERE done_on IS NULL"):
        yield Difference("unfinished", row["document_id"], f"{row['kind']} is still to come")
    for row in books.rows("SELECT document_id FROM document WHERE outbox = 'waiting'"):
        yield Difference("unfinished", row["document_id"], "still in the outbox")


def list_returned(folder: Path) -> list[str]:
    """Statements that came back with a returned claim and wait for a change."""
    return [key for (key,) in ask(folder, RETURNED)]


def list_followers(folder: Path) -> dict[str, str]:
    """Key of a supplement or addition → the hospital's own key of the statement."""
    return dict(ask(folder, FOLLOWERS)) if (folder / "ledger.db").exists() else {}
