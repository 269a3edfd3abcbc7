"""Disputes (재심사조정청구·이의신청): filed by a person inside the limit, answered by a receipt and a cost decision."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, Select, and_, insert, select, update

from cheonggu.errors import StateError, UsageError
from cheonggu.ledger.audit import MOVES, Transaction
from cheonggu.ledger.balances import KEY, of_any, of_one, read_balances
from cheonggu.ledger.claims import claim_columns, get_claim
from cheonggu.ledger.imports import (
    Progress,
    check_serials,
    find_answer_stop,
    find_referred,
    keep_claim_notice,
)
from cheonggu.ledger.model import Filing
from cheonggu.ledger.moves import move_statements, of_claim, plan_moves
from cheonggu.ledger.settlements import (
    BY_DECISION,
    allowed,
    find_conflict,
    keep_differences,
    plan_settled,
    record_settled,
)
from cheonggu.ledger.stops import CLAIMED_ANEW
from cheonggu.ledger.tables import claim, dispute, notice
from cheonggu.notices import SETTLED_STATEMENTS, CostDecision, DisputeReceipt
from cheonggu.query import Tables
from cheonggu.states import STATEMENT_MOVES, StatementEvent, StatementState

KINDS = ("re-review", "objection")
TOLD = pa.schema([("document_no", pa.string()), ("issued", pa.date32()), ("learned_on", pa.date32())])
FILED_BEFORE = pa.schema([(name, pa.string()) for name in (*KEY, "kind")] + [("issued", pa.date32())])
CUT_OUTCOMES = ("adjusted", "impossible")
ANSWERED = {
    "accepted": StatementEvent.DISPUTE_ACCEPTED,
    "adjusted": StatementEvent.DISPUTE_ADJUSTED,
    "impossible": StatementEvent.DISPUTE_IMPOSSIBLE,
}
FILED, RECEIVED, RETURNED, DECIDED = "filed", "received", "returned", "decided"


def file_dispute(
    tx: Transaction, provider_code: str, claim_no: str, kind: str, filings: Sequence[Filing], filed_on: date
) -> None:
    """Move statements to DISPUTED; StateError past the last day, in another state, or when filed before."""
    if kind not in KINDS or not filings:
        raise UsageError(
            f"A dispute is one of {', '.join(KINDS)} and names statements.",
            f"구제 신청은 {', '.join(KINDS)} 중 하나이며 명세서를 지정해야 합니다.",
        )
    found = get_claim(tx.connection, provider_code, claim_no)
    rows = _read_here(tx.connection, found)
    for one in filings:
        _check_filing(tx, found, rows, kind, one, filed_on)
    moves = _plan(rows, [one.statement_no for one in filings], StatementEvent.DISPUTE_FILED)
    rounds = dict(zip(rows["statement_no"].to_pylist(), rows["review_round"].to_pylist(), strict=True))
    values = [
        {
            "provider_code": provider_code,
            "claim_no": claim_no,
            "statement_no": one.statement_no,
            "kind": kind,
            "state": FILED,
            "review_round": rounds[one.statement_no],
            "filed_on": filed_on,
            "last_on": one.last_on,
            "amount": one.amount,
        }
        for one in filings
    ]
    tx.connection.execute(insert(dispute), values)
    detail = {"kind": kind, "filed_on": filed_on.isoformat(), "amount": sum(one.amount for one in filings)}
    event_id = tx.append("dispute_filed", claim_columns(found), moves=moves, detail=detail)
    move_statements(tx.connection, event_id, moves)


def apply_dispute_receipt(progress: Progress, content: DisputeReceipt) -> None:
    """The filing was taken in, or returned: then the statement is where it was before."""
    found = find_referred(progress, content.claim)
    check_serials(progress, found, content.statement_nos)
    tx, number = progress.tx, progress.notice.document_no
    state = RETURNED if content.result == "returned" else RECEIVED
    answered = _find_open(tx.connection, found, content.statement_nos, content.dispute_kind)
    tx.connection.execute(
        update(dispute)
        .where(_open_of(found, answered, content.dispute_kind))
        .values(state=state, portal_no=content.portal_no)
    )
    moves = MOVES.empty_table()
    if state == RETURNED:
        moves = _plan_back(_chosen(_read_here(tx.connection, found), answered))
    detail = {"state": state, "statements": len(content.statement_nos)}
    event_id = tx.append(
        "dispute_answered", claim_columns(found), moves=moves, detail=detail, document_no=number
    )
    move_statements(tx.connection, event_id, moves)
    progress.count(moves)
    progress.disputed.append(found.claim_no)
    if len(answered) < len(set(content.statement_nos)):
        progress.stop(found, "not-disputed")


def answer_disputes(progress: Progress, found: Any, decided: pa.Table) -> list[pa.Table]:
    """A review round that answers filings: closes them and gives the moves of ``decided`` (statement_no,
    statement_key, state, outcome) out of DISPUTED."""
    moves = []
    for outcome, event in ANSWERED.items():
        rows = decided.filter(pc.equal(decided["outcome"], outcome))
        number = progress.notice.document_no
        progress.tx.connection.execute(
            update(dispute)
            .where(_open_of(found, rows["statement_no"].to_pylist(), None))
            .values(state=DECIDED, outcome=outcome, document_no=number)
        )
        rows = rows.filter(pc.equal(rows["state"], StatementState.DISPUTED.value))
        moves.append(plan_moves(rows["statement_key"], rows["state"], event))
    return moves


def apply_cost_decision(progress: Progress, content: CostDecision) -> None:
    """The difference counts once, whether a settlement of the same round told it before or not."""
    found = find_referred(progress, content.claim)
    statements = content.statements
    numbers = statements["statement_no"].to_pylist()
    check_serials(progress, found, numbers)
    settled_on = content.completed_on or progress.notice.issued
    changed = _as_settled(statements.filter(pc.not_equal(statements["difference"], 0)))
    stop = find_answer_stop(progress.tx.connection, found, content.claim) or find_conflict(
        progress, found, content.settle_round, changed
    )
    told = (content.claim.receipt_year, content.claim.receipt_no)
    keep_claim_notice(progress, found, "dispute-decided", len(numbers), 0, told, stopped_code=stop)
    if stop is not None:
        progress.stop(found, stop)
        return
    new = keep_differences(progress, found, content.settle_round, settled_on, changed, BY_DECISION)
    answered = _find_open(progress.tx.connection, found, numbers, content.dispute_kind)
    rows = _chosen(_read_here(progress.tx.connection, found), answered)
    is_disputed = pc.equal(rows["state"], StatementState.DISPUTED.value)
    is_free = pc.not_equal(new["state"], StatementState.DISPUTED.value)
    moves = pa.concat_tables([plan_settled(new.filter(is_free)), _plan_back(rows.filter(is_disputed))])
    _keep_outcomes(progress, found, content)
    record_settled(progress, found, content.settle_round, new, moves, decision=content.decision_no)
    progress.disputed.append(found.claim_no)
    if pc.all(new["is_here"]).as_py() is False:
        progress.stop(found, CLAIMED_ANEW)
    elif len(answered) < len(set(numbers)):
        progress.stop(found, "not-disputed")


def _check_filing(
    tx: Transaction, found: Any, rows: pa.Table, kind: str, one: Filing, filed_on: date
) -> None:
    where = f"claim {found.claim_no} statement {one.statement_no}"
    where_ko = f"청구서 {found.claim_no} 명세서 {one.statement_no}"
    if filed_on > one.last_on:
        raise StateError(
            f"{where}: the last day for this filing was {one.last_on.isoformat()}.",
            f"{where_ko}: 신청 기한이 {one.last_on.isoformat()}에 끝났습니다.",
            fix_en="Nothing was changed. A late request is returned and cannot become an objection.",
            fix_ko="아무것도 바뀌지 않았습니다. 기한이 지난 신청은 반려됩니다.",
        )
    if not len(_chosen(rows, [one.statement_no])):
        raise StateError(
            f"{where} is unknown, or went on to another claim.",
            f"{where_ko}이(가) 없거나 다른 청구서로 넘어갔습니다.",
        )
    if _chosen(rows, [one.statement_no])["outcome"][0].as_py() not in CUT_OUTCOMES:
        raise StateError(
            f"{where}: nothing of it was cut, so there is nothing to dispute.",
            f"{where_ko}: 조정되거나 심사불능된 금액이 없어 신청할 수 없습니다.",
        )
    mine = of_claim(dispute, found.provider_code, found.claim_no)
    mine &= (dispute.c.statement_no == one.statement_no) & (dispute.c.kind == kind)
    if tx.connection.execute(select(dispute.c.state).where(mine)).one_or_none() is not None:
        raise StateError(
            f"{where}: this kind of filing was made before; there is one per statement and kind.",
            f"{where_ko}: 같은 종류의 신청이 이미 있습니다. 명세서와 종류별로 한 번만 신청합니다.",
        )


def _as_settled(changed: pa.Table) -> pa.Table:
    """A cost decision tells only differences: its rows in the columns of a settlement."""
    known = {name: changed[name] for name in ("statement_no", "difference")}
    columns = [known.get(one.name, pa.nulls(len(changed), one.type)) for one in SETTLED_STATEMENTS]
    return pa.table(columns, schema=SETTLED_STATEMENTS)


def _keep_outcomes(progress: Progress, found: Any, content: CostDecision) -> None:
    """Write what became of each filing."""
    for row in content.statements.to_pylist():
        progress.tx.connection.execute(
            update(dispute)
            .where(_open_of(found, [row["statement_no"]], content.dispute_kind))
            .values(
                state=DECIDED,
                outcome=row["outcome"],
                difference=row["difference"],
                document_no=progress.notice.document_no,
            )
        )


def _find_open(
    connection: Connection, found: Any, statement_nos: Sequence[str], kind: str | None
) -> list[str]:
    """The statements with a filing of this kind that waits for its answer; a late answer to another kind is not it."""
    query = select(dispute.c.statement_no).where(_open_of(found, statement_nos, kind)).distinct()
    return sorted(connection.execute(query).scalars())


def _open_of(found: Any, statement_nos: Sequence[str], kind: str | None) -> Any:
    mine = of_claim(dispute, found.provider_code, found.claim_no)
    mine &= dispute.c.statement_no.in_(statement_nos) & dispute.c.state.in_([FILED, RECEIVED])
    return mine if kind is None else mine & (dispute.c.kind == kind)


def _read_here(connection: Connection, found: Any) -> pa.Table:
    """Balances of the claim's statements that did not go on to another claim."""
    rows = read_balances(connection, of_one(found.provider_code, found.claim_no))
    rows = rows.filter(pc.fill_null(pc.equal(rows["batch_id"], found.batch_id), False))
    return rows.append_column("is_here", pa.array([True] * len(rows), pa.bool_()))


def _chosen(rows: pa.Table, statement_nos: Sequence[str]) -> pa.Table:
    return rows.filter(pc.is_in(rows["statement_no"], value_set=pa.array(statement_nos, pa.string())))


def _plan(rows: pa.Table, statement_nos: Sequence[str], event: StatementEvent) -> pa.Table:
    chosen = _chosen(rows, statement_nos)
    return plan_moves(chosen["statement_key"], chosen["state"], event)


def _plan_back(rows: pa.Table) -> pa.Table:
    """Out of DISPUTED by what the amounts are now: all as claimed, nothing of an impossible one, or in between."""
    now = pc.add(pc.fill_null(rows["decided"], 0), rows["differences"])
    is_whole = pc.equal(now, rows["claimed"])
    is_nothing = pc.and_(pc.equal(rows["outcome"], "impossible"), pc.less_equal(now, 0))
    is_between = pc.invert(pc.or_(is_whole, is_nothing))
    events = {
        StatementEvent.DISPUTE_ACCEPTED: pc.and_(is_whole, pc.invert(is_nothing)),
        StatementEvent.DISPUTE_IMPOSSIBLE: is_nothing,
        StatementEvent.DISPUTE_ADJUSTED: is_between,
    }
    parts = [MOVES.empty_table()]
    for event, is_one in events.items():
        chosen = allowed(rows.filter(is_one), event)
        parts.append(plan_moves(chosen["statement_key"], chosen["state"], event))
    return pa.concat_tables(parts)


def read_disputable(connection: Connection, scheme: str) -> pa.Table:
    """``DISPUTABLE``: newest decisions that left something cut, of statements from which a filing may begin."""
    sources = [state.value for state in STATEMENT_MOVES.sources(StatementEvent.DISPUTE_FILED)]
    notices = select(notice.c.document_no, notice.c.issued, notice.c.learned_on).where(
        notice.c.scheme == scheme
    )
    names = ("provider_code", "claim_no", "batch_id", "receipt_year", "receipt_no")
    claims = select(*(claim.c[name] for name in names)).where(claim.c.scheme == scheme)
    tables = Tables(
        balance=read_balances(connection, of_any()),
        told=_read_rows(connection, notices, TOLD),
        claim=_read_rows(connection, claims, pa.schema([(name, pa.string()) for name in names])),
        filed=_read_rows(connection, _select_filed(), FILED_BEFORE),
    )
    return tables.table(
        """SELECT b.provider_code, b.claim_no, b.statement_no, b.review_round, c.receipt_year, c.receipt_no,
                  t.issued, t.learned_on, coalesce(f.kinds, '') AS filed, f.re_reviewed_on,
                  b.claimed - b.decided - b.differences AS at_stake
        FROM balance b JOIN claim c USING (provider_code, claim_no, batch_id) JOIN told t USING (document_no)
        LEFT JOIN (SELECT provider_code, claim_no, statement_no, string_agg(kind, ';') AS kinds,
                          max(issued) FILTER (kind = 're-review') AS re_reviewed_on
                   FROM filed GROUP BY ALL) f USING (provider_code, claim_no, statement_no)
        WHERE list_contains($sources, b.state) AND b.outcome IN ('adjusted', 'impossible') ORDER BY ALL""",
        {"sources": sources},
    )


def _read_rows(connection: Connection, query: Select[Any], schema: pa.Schema) -> pa.Table:
    """Rows with days, which SQLite gives as text to anything but SQLAlchemy."""
    return pa.Table.from_pylist([dict(row) for row in connection.execute(query).mappings()], schema=schema)


def _select_filed() -> Select[Any]:
    """Filings made so far, with the day of the notice that decided them."""
    columns = [dispute.c[name] for name in (*KEY, "kind")]
    decided = and_(notice.c.document_no == dispute.c.document_no, dispute.c.state == DECIDED)
    return select(*columns, notice.c.issued).outerjoin(notice, decided)
