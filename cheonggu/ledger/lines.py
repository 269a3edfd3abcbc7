"""Lines of a claim and what was decided about them, days that notices set, and visits across schemes.

The benefit ledger of a person (급여 원부) is the sum of the newest decisions of the lines under the person's key.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, and_, case, delete, func, insert, select

from cheonggu.ledger.audit import Transaction, digest_rows
from cheonggu.ledger.batches import is_repeated
from cheonggu.ledger.claims import claim_columns, claim_of
from cheonggu.ledger.database import insert_rows, read_rows, read_table, to_columns
from cheonggu.ledger.imports import Progress, check_serials, find_claim
from cheonggu.ledger.moves import of_claim
from cheonggu.ledger.tables import (
    claim,
    claim_clock,
    claim_line,
    claim_statement,
    line_decision,
    notice,
    notice_claim,
    statement,
    visit_mark,
)
from cheonggu.privacy import mask
from cheonggu.states import StatementState

KEPT, DECIDED, CLOCKS_SET = "lines_kept", "lines_decided", "clocks_set"
CLAIM_LINES = pa.schema(
    [
        pa.field("statement_no", pa.string(), nullable=False),
        pa.field("line_no", pa.int64(), nullable=False),
        pa.field("person_key", pa.string(), nullable=False),  # opaque
        pa.field("case_key", pa.string(), nullable=False),  # opaque
        pa.field("facts", pa.string(), nullable=False),  # JSON object
        pa.field("claimed_amount", pa.int64(), nullable=False),  # won
    ]
)
VISITS = pa.schema([("statement_key", pa.string()), ("visit", pa.string())])
HISTORY_LINE = pa.schema(
    [(name, pa.string()) for name in ("statement_key", "person_key", "case_key", "facts", "decision")]
    + [(name, pa.string()) for name in ("code", "text", "provider_code", "claim_no", "statement_no")]
    + [(name, pa.int64()) for name in ("line_no", "claimed_amount", "decided_amount")]
)
ASKED_LINE = pa.schema(
    [(name, pa.string()) for name in ("statement_key", "person_key", "facts", "claim_no")]
    + [("is_out", pa.bool_())]
)
HISTORY_VISIT = pa.schema(
    [("statement_key", pa.string()), ("other_scheme", pa.string()), ("visits", pa.int64())]
)
OVERLAPS = pa.schema(
    [(name, pa.string()) for name in ("provider_code", "statement_key", "state", "claim_no", "other_scheme")]
    + [("visits", pa.int64())]
)
CLOCKS = pa.schema(
    [(name, pa.string()) for name in ("provider_code", "claim_no", "statement_no", "kind", "document_no")]
    + [("due_on", pa.date32())]
)


def keep_lines(tx: Transaction, batch_id: str, lines: pa.Table, visits: pa.Table) -> None:
    """Keep what the claim of a batch asks for line by line, and which visits its statements are about.

    ``lines``: columns of ``CLAIM_LINES``; ``visits``: of ``VISITS``, plain text that is stored only as a keyed hash.
    """
    lines = lines.select(CLAIM_LINES.names).cast(CLAIM_LINES)
    found = claim_of(tx.connection, batch_id)
    where = claim_columns(found)
    digest = _digest(lines)
    if is_repeated(tx.connection, KEPT, batch_id, digest):
        return
    count = len(lines)
    key = {"provider_code": [found.provider_code] * count, "claim_no": [found.claim_no] * count}
    if count:
        insert_rows(tx.connection, claim_line, key | to_columns(lines))
    _mark_visits(tx, found.scheme, visits)
    tx.append(KEPT, where, detail={"call": digest, "lines": digest, "visits": len(visits)})


def _mark_visits(tx: Transaction, scheme: str, visits: pa.Table) -> None:
    keys = visits["statement_key"].to_pylist()
    tx.connection.execute(delete(visit_mark).where(visit_mark.c.statement_key.in_(sorted(set(keys)))))
    hashes = [tx.vault.hash_visit(one) for one in visits["visit"].to_pylist()]
    marks = sorted(set(zip(hashes, keys, strict=True)))
    if marks:
        columns = dict(zip(("visit_hash", "statement_key"), zip(*marks, strict=True), strict=True))
        insert_rows(tx.connection, visit_mark, {**columns, "scheme": [scheme] * len(marks)})


def apply_lines(progress: Progress) -> None:
    """Keep the decisions per line and the days a notice sets, unless its claim stopped for a person."""
    notice = progress.notice
    stopped = {one.claim_no for one in progress.stopped}
    review = notice.review
    if review is not None and len(notice.lines) and review.claim_no not in stopped:
        found = find_claim(progress, review.claim_no)
        check_serials(progress, found, notice.lines["statement_no"].to_pylist())
        texts = [None if one is None else mask(one) for one in notice.lines["text"].to_pylist()]
        lines = notice.lines.set_column(
            notice.lines.column_names.index("text"), "text", pa.array(texts, pa.string())
        )
        event_id = _append(progress, found, DECIDED, {"lines": _digest(lines)})
        same = _keys(progress, found, event_id, len(lines))
        insert_rows(progress.tx.connection, line_decision, same | to_columns(lines))
    for claim_no in dict.fromkeys(one.claim_no for one in notice.clocks):
        if claim_no not in stopped:
            _set_clocks(progress, claim_no)


def _set_clocks(progress: Progress, claim_no: str) -> None:
    found = find_claim(progress, claim_no)
    clocks = [one for one in progress.notice.clocks if one.claim_no == claim_no]
    check_serials(progress, found, [one.statement_no for one in clocks if one.statement_no])
    told = [
        [one.statement_no or "", one.kind, one.due_on.isoformat() if one.due_on else None] for one in clocks
    ]
    event_id = _append(progress, found, CLOCKS_SET, {"clocks": told})
    rows = [
        {"statement_no": one.statement_no or "", "kind": one.kind, "due_on": one.due_on} for one in clocks
    ]
    same = {name: values[0] for name, values in _keys(progress, found, event_id, 1).items()}
    progress.tx.connection.execute(insert(claim_clock), [same | row for row in rows])


def _append(progress: Progress, found: Any, kind: str, detail: dict[str, Any]) -> int:
    number = progress.notice.document_no
    return progress.tx.append(kind, claim_columns(found), detail=detail, document_no=number)


def _keys(progress: Progress, found: Any, event_id: int, count: int) -> dict[str, list[Any]]:
    values = {
        "event_id": event_id,
        "document_no": progress.notice.document_no,
        "provider_code": found.provider_code,
        "claim_no": found.claim_no,
    }
    return {name: [value] * count for name, value in values.items()}


def _digest(lines: pa.Table) -> str:
    """Digest of rows whose place is statement and line."""
    ordered = lines.sort_by([("statement_no", "ascending"), ("line_no", "ascending")])
    place = pa.array([f"{one:09d}" for one in range(len(ordered))], pa.string())
    return digest_rows(ordered.add_column(0, "place", place))


def digest_kept(connection: Connection, row: Any) -> str:
    """The digest over what is stored of a claim's lines, for verification."""
    mine = and_(claim_line.c.provider_code == row["provider_code"], claim_line.c.claim_no == row["claim_no"])
    query = select(*(claim_line.c[name] for name in CLAIM_LINES.names)).where(mine)
    return _digest(read_table(connection, query, CLAIM_LINES))


def digest_decided(connection: Connection, row: Any) -> str:
    """The digest over the stored line decisions of one event."""
    names = ("statement_no", "line_no", "decision", "claimed_amount", "decided_amount", "code", "text")
    won = {"line_no", "claimed_amount", "decided_amount"}
    schema = pa.schema([(name, pa.int64() if name in won else pa.string()) for name in names])
    query = select(*(line_decision.c[name] for name in names))
    return _digest(read_table(connection, query.where(line_decision.c.event_id == row["event_id"]), schema))


def read_history_lines(connection: Connection, scheme: str) -> pa.Table:
    """The newest decision of every decided line of a scheme (``HISTORY_LINE``), in order of claim and line."""
    decided = line_decision.c
    places = [decided.provider_code, decided.claim_no, decided.statement_no, decided.line_no]
    told = and_(
        notice_claim.c.document_no == decided.document_no,
        of_claim(notice_claim, decided.provider_code, decided.claim_no),
    )
    # As with statements the newest round counts, in whatever order the notices arrived.
    order = (func.coalesce(notice_claim.c.review_round, "").desc(), decided.event_id.desc())
    newest = (
        select(line_decision, func.row_number().over(partition_by=places, order_by=order).label("place"))
        .outerjoin(notice_claim, told)
        .subquery()
    )
    one = newest.c
    query = (
        select(
            claim_statement.c.statement_key,
            claim_line.c.person_key,
            claim_line.c.case_key,
            claim_line.c.facts,
            one.decision,
            one.code,
            one.text,
            one.provider_code,
            one.claim_no,
            one.statement_no,
            one.line_no,
            one.claimed_amount,
            one.decided_amount,
        )
        .join(claim_line, _same_line(claim_line, one))
        .join(
            claim_statement,
            and_(
                claim_statement.c.provider_code == one.provider_code,
                claim_statement.c.claim_no == one.claim_no,
                claim_statement.c.statement_no == one.statement_no,
            ),
        )
        .join(claim, and_(claim.c.provider_code == one.provider_code, claim.c.claim_no == one.claim_no))
        .where(one.place == 1, claim.c.scheme == scheme)
        .order_by(one.provider_code, one.claim_no, one.statement_no, one.line_no)
    )
    return read_table(connection, query, HISTORY_LINE)


def read_asked_lines(connection: Connection, scheme: str) -> pa.Table:
    """Lines of a scheme's claims that nobody has decided yet (``ASKED_LINE``); ``is_out``: the claim has left."""
    out = [one.value for one in (StatementState.IN_FLIGHT, StatementState.RECEIVED, StatementState.HELD)]
    lines, sent = claim_line.c, claim_statement.c
    query = (
        select(sent.statement_key, lines.person_key, lines.facts, lines.claim_no, statement.c.state.in_(out))
        .join(
            claim_statement,
            and_(
                sent.provider_code == lines.provider_code,
                sent.claim_no == lines.claim_no,
                sent.statement_no == lines.statement_no,
            ),
        )
        .join(claim, and_(claim.c.provider_code == lines.provider_code, claim.c.claim_no == lines.claim_no))
        .join(
            statement,
            and_(statement.c.statement_key == sent.statement_key, statement.c.batch_id == claim.c.batch_id),
        )
        .where(claim.c.scheme == scheme, statement.c.state.in_([*out, StatementState.ASSIGNED.value]))
        .order_by(lines.provider_code, lines.claim_no, lines.statement_no, lines.line_no)
    )
    return read_rows(connection, query, ASKED_LINE)


def _same_line(table: Any, one: Any) -> Any:
    return and_(
        table.c.provider_code == one.provider_code,
        table.c.claim_no == one.claim_no,
        table.c.statement_no == one.statement_no,
        table.c.line_no == one.line_no,
    )


def read_overlaps(connection: Connection, batch_id: str) -> pa.Table:
    """Statements of a batch whose visit another scheme holds too (``HISTORY_VISIT``)."""
    return read_table(
        connection,
        _overlaps(statement.c.statement_key).where(statement.c.batch_id == batch_id),
        HISTORY_VISIT,
    )


def read_scheme_overlaps(connection: Connection, scheme: str) -> pa.Table:
    """``OVERLAPS`` of a scheme, also those that the other scheme's claim made after ours had left."""
    columns = [statement.c[name] for name in ("provider_code", "statement_key", "state")]
    query = _overlaps(*columns, claim.c.claim_no).outerjoin(claim, claim.c.batch_id == statement.c.batch_id)
    return read_table(connection, query.where(statement.c.scheme == scheme), OVERLAPS)


def _overlaps(*columns: Any) -> Any:
    """Per statement and other scheme the number of visits both hold, after ``columns`` of the statement."""
    mine, other = visit_mark.alias("mine"), visit_mark.alias("other")
    return (
        select(*columns, other.c.scheme, func.count(mine.c.visit_hash.distinct()))
        .select_from(statement)
        .join(mine, mine.c.statement_key == statement.c.statement_key)
        .join(other, and_(other.c.visit_hash == mine.c.visit_hash, other.c.scheme != mine.c.scheme))
        .group_by(*columns, other.c.scheme)
        .order_by(statement.c.statement_key, other.c.scheme)
    )


def read_clocks(connection: Connection, scheme: str) -> pa.Table:
    """Days still running (``CLOCKS``): of each claim, statement and kind what the newest notice said, if it is a day.

    A day of the whole claim holds for each statement that was told nothing else.
    """
    said = claim_clock.c
    places = [said.provider_code, said.claim_no, said.statement_no, said.kind]
    order = (notice.c.issued.desc(), said.event_id.desc())
    newest = (
        select(claim_clock, func.row_number().over(partition_by=places, order_by=order).label("place"))
        .join(notice, notice.c.document_no == said.document_no)
        .subquery()
    )
    own, whole = newest.alias("own"), newest.alias("whole")
    sent = claim_statement.c
    kinds = select(said.provider_code, said.claim_no, said.kind).distinct().subquery()
    here = and_(kinds.c.provider_code == sent.provider_code, kinds.c.claim_no == sent.claim_no)
    query = (
        select(
            sent.provider_code,
            sent.claim_no,
            sent.statement_no,
            kinds.c.kind,
            func.coalesce(own.c.document_no, whole.c.document_no),
            # A statement that was told something keeps to it, also when that ended the day.
            _chosen_day(own, whole),
        )
        .join(kinds, here)
        .outerjoin(own, and_(_of(own, sent, kinds), own.c.statement_no == sent.statement_no))
        .outerjoin(whole, and_(_of(whole, sent, kinds), whole.c.statement_no == ""))
        .join(claim, and_(claim.c.provider_code == sent.provider_code, claim.c.claim_no == sent.claim_no))
        .where(claim.c.scheme == scheme, _chosen_day(own, whole).is_not(None))
        .order_by(sent.provider_code, sent.claim_no, sent.statement_no, kinds.c.kind)
    )
    return read_rows(connection, query, CLOCKS)


def _of(newest: Any, sent: Any, kinds: Any) -> Any:
    return and_(
        newest.c.provider_code == sent.provider_code,
        newest.c.claim_no == sent.claim_no,
        newest.c.kind == kinds.c.kind,
        newest.c.place == 1,
    )


def _chosen_day(own: Any, whole: Any) -> Any:
    return case((own.c.kind.is_not(None), own.c.due_on), else_=whole.c.due_on)
