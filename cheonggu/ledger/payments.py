"""Payments (지급통보): kept as they come, and given to statements only when they fit to the won.

A notice pays a claim, not a statement. So a final payment is given to the statements of its review round, or of the
whole claim, when everything paid for them equals what was decided (with or without later differences); until then it
stays with the claim as a part payment and moves nothing. Advances (가지급) never pay a statement. The same is tried
again after every notice about the claim, so that the order of notices does not matter.
Source: lifecycle reference §§6 and 9; deductions from ``payment_notice.csv`` of the notices reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, func, insert, select, update

from cheonggu.ledger.audit import MOVES, digest_rows
from cheonggu.ledger.balances import ADVANCE, FINAL, SETTLEMENT, of_one, read_balances, sum_won
from cheonggu.ledger.claims import claim_columns
from cheonggu.ledger.database import insert_rows, read_table
from cheonggu.ledger.imports import Progress, find_by_receipt, find_claim
from cheonggu.ledger.moves import move_claim, move_statements, of_claim, plan_moves
from cheonggu.ledger.settlements import allowed
from cheonggu.ledger.tables import payment, payment_deduction, payment_line, statement
from cheonggu.notices import ClaimRef, Payment
from cheonggu.states import ClaimEvent, ClaimState, StatementEvent, StatementState

# Deductions that only say what was not paid yet; all others were set off against the payment.
NOT_PAID = ("unpayable", "withheld", "short-deposit")
# Taken back: of a settlement row it is that claim's own difference; elsewhere no claim is named.
RECOVERIES = ("recovery-a", "recovery-b", "recovery-c")
POOL = pa.schema(
    [(name, pa.string()) for name in ("document_no", "kind", "review_round")]
    + [(name, pa.int64()) for name in ("seq", "paid", "given", "lines")]
)
LINES = pa.schema([("statement_no", pa.string()), ("amount", pa.int64())])
UNPAID = tuple(
    one.value
    for one in (
        StatementState.RECEIVED,
        StatementState.HELD,
        StatementState.ACCEPTED,
        StatementState.ADJUSTED,
        StatementState.DISPUTED,
    )
)


def apply_payments(progress: Progress, scheme: str, payments: tuple[Payment, ...]) -> None:
    """Keep every row of a payment notice, then see which claims are paid with them."""
    connection, provider = progress.tx.connection, progress.notice.provider_code
    claims: dict[str, None] = {}
    for seq, one in enumerate(payments, start=1):
        found = find_by_receipt(connection, provider, one.claim)
        _keep(progress, scheme, seq, one, None if found is None else found.claim_no)
        if found is None:
            progress.unmatched.append(one.claim.receipt_no)
        else:
            claims[found.claim_no] = None
    detail = {"payments": len(payments), "rows": digest_payments(connection, progress.notice.document_no)}
    where = {"scheme": scheme, "provider_code": provider}
    progress.tx.append("payment_kept", where, detail=detail, document_no=progress.notice.document_no)
    for claim_no in claims:
        give_payments(progress, claim_no)


def give_payments(progress: Progress, claim_no: str) -> None:
    """Give what a claim was paid to its statements where it fits; PAID where nothing of a decision is left."""
    found = find_claim(progress, claim_no)
    _link_early(progress, found)
    pool = _read_pool(progress, found)
    if not len(pool):
        return
    for document_no, seq, lines in _fit(progress, found, pool):
        _give(progress, found, document_no, seq, lines)
    _move_paid(progress, found)
    stop = _find_stop(progress, found)
    if stop is not None and found.stopped_code != stop:
        progress.stop(found, stop)


def _keep(progress: Progress, scheme: str, seq: int, one: Payment, claim_no: str | None) -> None:
    document_no = progress.notice.document_no
    not_paid = (*NOT_PAID, *RECOVERIES) if one.kind == SETTLEMENT else NOT_PAID
    progress.tx.connection.execute(
        insert(payment).values(
            document_no=document_no,
            seq=seq,
            scheme=scheme,
            provider_code=progress.notice.provider_code,
            claim_no=claim_no,
            kind=one.kind,
            paid_on=one.paid_on,
            payment_round=one.payment_round,
            receipt_year=one.claim.receipt_year,
            receipt_no=one.claim.receipt_no,
            review_round=one.claim.review_round,
            treatment_month=one.treatment_month,
            paid_amount=one.paid,
            withheld_amount=sum(won for kind, won in one.deductions if kind in not_paid),
            net_amount=one.net,
        )
    )
    kinds: dict[str, int] = {}
    for kind, won in one.deductions:
        kinds[kind] = kinds.get(kind, 0) + won
    rows = [
        {"document_no": document_no, "seq": seq, "kind": kind, "amount": won} for kind, won in kinds.items()
    ]
    if rows:
        progress.tx.connection.execute(insert(payment_deduction), rows)


def digest_payments(connection: Connection, document_no: str) -> str:
    """Digest over the rows of one payment notice and their deductions."""
    names = ("seq", "kind", "receipt_no", "paid_amount", "withheld_amount", "net_amount")
    parts = []
    for table, columns in ((payment, names), (payment_deduction, ("kind", "seq", "amount"))):
        query = select(*(table.c[name] for name in columns)).where(table.c.document_no == document_no)
        text = {"kind", "receipt_no"}
        schema = pa.schema([(name, pa.string() if name in text else pa.int64()) for name in columns])
        rows = read_table(connection, query.order_by(table.c.seq), schema)
        parts.append(digest_rows(rows))
    return "".join(parts)


def digest_lines(connection: Connection, row: Mapping[str, Any], given: str) -> str:
    """Digest over what of one payment (document number and row) was given to the statements of an event's claim."""
    document_no, _, seq = given.rpartition("/")
    mine = of_claim(payment_line, row["provider_code"], row["claim_no"])
    mine &= (payment_line.c.document_no == document_no) & (payment_line.c.seq == int(seq))
    query = select(payment_line.c.statement_no, payment_line.c.amount).where(mine)
    return digest_rows(read_table(connection, query, LINES))


def _link_early(progress: Progress, found: Any) -> None:
    """A payment may come before anything told the claim's receipt number."""
    if found.receipt_no is None:
        return
    mine = (payment.c.provider_code == found.provider_code) & (payment.c.receipt_no == found.receipt_no)
    same_year = payment.c.receipt_year.is_(None) | (payment.c.receipt_year == found.receipt_year)
    is_free = payment.c.claim_no.is_(None)
    rows = progress.tx.connection.execute(
        select(payment.c.receipt_year, payment.c.receipt_no).where(mine, same_year, is_free).distinct()
    ).all()
    for year, number in rows:
        one = find_by_receipt(progress.tx.connection, found.provider_code, ClaimRef(None, number, year))
        if one is not None and one.claim_no == found.claim_no:
            its_year = payment.c.receipt_year.is_(None) if year is None else payment.c.receipt_year == year
            progress.tx.connection.execute(
                update(payment).where(mine, its_year, is_free).values(claim_no=found.claim_no)
            )


def _read_pool(progress: Progress, found: Any) -> pa.Table:
    """The claim's payments without advances: what reached us of each and what was given to statements already."""
    line = payment_line.c
    given = (
        select(line.document_no, line.seq, sum_won(line.amount).label("given"), func.count().label("lines"))
        .where(of_claim(payment_line, found.provider_code, found.claim_no))
        .group_by(line.document_no, line.seq)
        .subquery()
    )
    here = payment.c
    query = (
        select(
            here.document_no,
            here.kind,
            here.review_round,
            here.seq,
            here.paid_amount - here.withheld_amount,
            func.coalesce(given.c.given, 0),
            func.coalesce(given.c.lines, 0),
        )
        .outerjoin(given, (given.c.document_no == here.document_no) & (given.c.seq == here.seq))
        .where(of_claim(payment, found.provider_code, found.claim_no), here.kind != ADVANCE)
        .order_by(here.paid_on, here.document_no, here.seq)
    )
    return read_table(progress.tx.connection, query, POOL)


def _fit(progress: Progress, found: Any, pool: pa.Table) -> Iterator[tuple[str, int, pa.Table]]:
    """Payments that fit to the won: the last payment of the group, and statement_no with amount."""
    final = pool.filter(pc.equal(pool["kind"], FINAL))
    for one in pc.unique(final["review_round"].drop_null()).to_pylist():
        due = _read_due(progress, found)
        is_of_round = pc.fill_null(pc.equal(due["review_round"], one), False)
        group = final.filter(pc.fill_null(pc.equal(final["review_round"], one), False))
        yield from _fit_group(group, due.filter(pc.and_(due["is_unpaid"], is_of_round)))
    due = _read_due(progress, found)
    fits = list(_fit_group(_with_given(progress, found, final), due.filter(due["is_unpaid"])))
    if not fits:  # the rest of the claim with every difference that is due, also of statements paid before
        wanted = pc.or_(due["is_unpaid"], pc.not_equal(due["difference_due"], 0))
        fits = list(_fit_group(_with_given(progress, found, final), due.filter(wanted)))
    yield from fits
    settled = pool.filter(pc.equal(pool["kind"], SETTLEMENT))
    due = _read_due(progress, found)
    for wanted in (pc.greater(due["difference_due"], 0), pc.not_equal(due["difference_due"], 0)):
        chosen = due.filter(pc.and_(wanted, pc.invert(due["is_unpaid"])))
        fits = list(_fit_group(settled, chosen))
        if fits:
            yield from fits
            return


def _with_given(progress: Progress, found: Any, group: pa.Table) -> pa.Table:
    """The same payments as they stand now: some may have been given away by their round a moment ago."""
    now = _read_pool(progress, found)
    return now.filter(pc.equal(now["kind"], FINAL)) if len(group) else group


def _fit_group(group: pa.Table, due: pa.Table) -> Iterator[tuple[str, int, pa.Table]]:
    """All payments of a group against what is due to statements: decided alone, or with the differences."""
    new = group.filter(pc.equal(group["lines"], 0))
    if not len(new) or not len(due):
        return
    left = _sum(group["paid"]) - _sum(group["given"])
    last = new.slice(len(new) - 1, 1).to_pylist()[0]
    for amounts in (due["base_due"], pc.add(due["base_due"], due["difference_due"])):
        if _sum(amounts) == left:
            lines = pa.table({"statement_no": due["statement_no"], "amount": amounts})
            yield last["document_no"], last["seq"], lines
            return


def _read_due(progress: Progress, found: Any) -> pa.Table:
    """Balances with what is still due: ``base_due`` of a decision, ``difference_due`` of settlements since.

    ``is_unpaid``: decided for payment, and no final payment was given to it. ``is_paid``: nothing of its decision is
    left, or it was impossible and what a later decision granted is paid.
    """
    rows = read_balances(progress.tx.connection, of_one(found.provider_code, found.claim_no))
    payable = pc.is_in(rows["outcome"], value_set=pa.array(["accepted", "adjusted"]))
    has_final = pc.greater(rows["final_lines"], 0)
    decided = pc.fill_null(rows["decided"], 0)
    beyond = pc.if_else(has_final, pc.subtract(rows["paid_final"], decided), 0)
    rest = pc.subtract(pc.subtract(rows["differences"], rows["paid_settled"]), beyond)
    is_here = pc.fill_null(pc.equal(rows["batch_id"], found.batch_id), False)
    is_unpaid = pc.and_(payable, pc.invert(has_final))
    is_granted = pc.and_(pc.greater(rows["differences"], 0), pc.equal(rest, 0))
    is_late = pc.and_(pc.equal(rows["outcome"], "impossible"), is_granted)
    return (
        rows.append_column("difference_due", rest)
        .append_column("base_due", pc.if_else(is_unpaid, decided, 0))
        .append_column("is_unpaid", is_unpaid)
        .append_column("is_paid", pc.fill_null(pc.or_(has_final, is_late), False))
        .append_column("is_here", is_here)
    )


def _give(progress: Progress, found: Any, document_no: str, seq: int, lines: pa.Table) -> None:
    count = len(lines)
    same = {"provider_code": [found.provider_code] * count, "claim_no": [found.claim_no] * count}
    same |= {"document_no": [document_no] * count, "seq": [seq] * count}
    columns = {name: lines[name].to_pylist() for name in lines.column_names}
    insert_rows(progress.tx.connection, payment_line, same | columns)
    detail = {"payment": f"{document_no}/{seq}", "lines": digest_rows(lines), "won": _sum(lines["amount"])}
    number = progress.notice.document_no
    progress.tx.append("payment_given", claim_columns(found), detail=detail, document_no=number)


def _move_paid(progress: Progress, found: Any) -> None:
    """PAID for every statement that a final payment was given to, and for the claim when nothing of it is left."""
    tx, rows = progress.tx, _read_due(progress, found)
    paid = allowed(rows.filter(rows["is_paid"]), StatementEvent.PAID)
    moves = (
        plan_moves(paid["statement_key"], paid["state"], StatementEvent.PAID)
        if len(paid)
        else MOVES.empty_table()
    )
    gone = rows.filter(pc.is_in(rows["statement_key"], value_set=moves["statement_key"].combine_chunks()))
    open_count = tx.connection.execute(
        select(func.count()).where(statement.c.batch_id == found.batch_id, statement.c.state.in_(UNPAID))
    ).scalar_one()
    is_done = open_count == len(gone) and pc.any(rows["is_paid"]).as_py() is True
    is_paid = found.state == ClaimState.DECIDED and is_done
    if not len(moves) and not is_paid:
        return
    claim_move = move_claim(tx, found, ClaimEvent.PAID) if is_paid else None
    number = progress.notice.document_no
    event_id = tx.append("paid", claim_columns(found), moves=moves, claim_move=claim_move, document_no=number)
    move_statements(tx.connection, event_id, moves)
    progress.count(moves)
    progress.paid.append(found.claim_no)
    _move_taken_back(progress, found, gone)


def _move_taken_back(progress: Progress, found: Any, paid: pa.Table) -> None:
    """CANCELLED for what is paid only now although a settlement that came before the payment took all of it back."""
    is_nothing = pc.equal(pc.add(pc.fill_null(paid["decided"], 0), paid["differences"]), 0)
    back = paid.filter(pc.and_(is_nothing, pc.less(paid["differences"], 0)))
    if not len(back):
        return
    states = pa.chunked_array([[StatementState.PAID.value] * len(back)], pa.string())
    moves = plan_moves(back["statement_key"], states, StatementEvent.TAKEN_BACK)
    number = progress.notice.document_no
    event_id = progress.tx.append("taken_back", claim_columns(found), moves=moves, document_no=number)
    move_statements(progress.tx.connection, event_id, moves)
    progress.count(moves)


def _find_stop(progress: Progress, found: Any) -> str | None:
    """Whether more was paid than anything explains, or anything before a decision."""
    pool, due = _read_pool(progress, found), _read_due(progress, found)
    left = _sum(pool["paid"]) - _sum(pool["given"])
    if left <= 0:
        return None
    if pc.all(pc.is_null(due["outcome"])).as_py():
        return "paid-undecided"
    unpaid = due.filter(due["is_unpaid"])
    rest = due.filter(pc.greater(due["difference_due"], 0))
    return "paid-too-much" if left > _sum(unpaid["decided"]) + _sum(rest["difference_due"]) else None


def _sum(column: Any) -> int:
    return int(pc.sum(column).as_py() or 0)
