"""Review results (심사결과통보): a decision per statement and round, whether all statements are listed or not.

An absent statement of an incomplete list is accepted as claimed only when the totals explain every won: claimed −
impossible − adjusted (− held) = decided, and the listed statements with the absent ones add up to decided.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import func, select

from cheonggu.ledger.audit import MOVES, digest_rows
from cheonggu.ledger.claims import claim_columns
from cheonggu.ledger.database import insert_rows, read_table, to_columns
from cheonggu.ledger.disputes import answer_disputes
from cheonggu.ledger.documents import refuse
from cheonggu.ledger.imports import (
    Progress,
    check_serials,
    find_claim,
    find_receipt_stop,
    find_referred,
    find_unsent_stop,
    keep_claim_notice,
    move_members,
    prove_sent,
)
from cheonggu.ledger.moves import move_claim, move_statements, of_claim, plan_moves
from cheonggu.ledger.requests import keep_cuts
from cheonggu.ledger.rounds import (
    OURS,
    accept_as_claimed,
    find_accepted,
    list_decisions,
    speaks_of_all,
    sum_won,
)
from cheonggu.ledger.stops import CLAIMED_ANEW
from cheonggu.ledger.tables import claim_statement, decision, decision_finding, statement
from cheonggu.notices import ClaimRef, Review
from cheonggu.privacy import mask
from cheonggu.states import STATEMENT_MOVES, ClaimEvent, ClaimState, StatementEvent

OUTCOMES = {
    "accepted": StatementEvent.REVIEW_ACCEPTED,
    "adjusted": StatementEvent.REVIEW_ADJUSTED,
    "impossible": StatementEvent.REVIEW_IMPOSSIBLE,
    "held": StatementEvent.REVIEW_HELD,
}
REFUSED = "refused"  # impossible, but for the payer's reasons (지급불능)
EVENTS = OUTCOMES | {REFUSED: StatementEvent.PAYER_REFUSED}
# Stops that a review result answers; what else stopped the claim still waits for a person.
ANSWERED_BY_REVIEW = ("count-or-amount", "paid-undecided", "absent-not-explained")


def apply_review(progress: Progress, review: Review) -> None:
    """Take in one review round of one claim."""
    named = ClaimRef(review.claim_no or None, review.receipt_no, review.receipt_year)
    found = find_referred(progress, named)
    _check_document(progress, found, review)
    ours = _read_ours(progress, found)
    stop = _find_stop(progress, found, review, ours)
    keep_claim_notice(
        progress,
        found,
        "reviewed",
        review.totals.claimed_count,
        review.totals.claimed_amount,
        (review.receipt_year, review.receipt_no),
        review.review_round,
        stop,
    )
    if stop is not None:
        progress.stop(found, stop)
        return
    found = _receive_late(progress, found, review)
    ours = _read_ours(progress, found)
    absent = find_accepted(review, found, ours)
    decisions = pa.concat_tables([list_decisions(review), accept_as_claimed(absent)])
    known = _known_in_round(progress, found, review.review_round)["statement_no"].combine_chunks()
    decisions, findings = (
        table.filter(pc.invert(pc.is_in(table["statement_no"], value_set=known)))
        for table in (decisions, review.findings)
    )
    _keep(progress, found, review, decisions, findings)
    keep_cuts(progress, found, review.prescriptions)
    _move(progress, found, review, ours, decisions)
    progress.reviewed.append(found.claim_no)
    if not review.complete and absent is None:
        progress.stop(found, "absent-not-explained")
    if _has_gone_on(found, ours, decisions):
        progress.stop(found, CLAIMED_ANEW)


def _check_document(progress: Progress, found: Any, review: Review) -> None:
    """What makes the document itself wrong: unknown or repeated serials, unknown outcomes, sums that do not add up."""
    listed = review.statements
    check_serials(progress, found, listed["statement_no"].to_pylist())
    check_serials(progress, found, review.findings["statement_no"].to_pylist())
    if pc.count_distinct(listed["statement_no"]).as_py() != len(listed):
        raise refuse(progress.notice, "lists a statement twice", "같은 명세서가 두 번 있습니다")
    if set(pc.unique(listed["outcome"]).to_pylist()) - set(OUTCOMES):
        raise refuse(progress.notice, "holds an unknown outcome", "알 수 없는 심사결과가 있습니다")
    totals = (review.totals.claimed_count, review.totals.claimed_amount, review.totals.decided_amount)
    sums = (len(listed), sum_won(listed["claimed_amount"]), sum_won(listed["decided_amount"]))
    if review.complete and totals != sums:
        raise refuse(
            progress.notice, "has totals that its statements do not give", "합계가 명세서와 다릅니다"
        )


def _find_stop(progress: Progress, found: Any, review: Review, ours: pa.Table) -> str | None:
    connection = progress.tx.connection
    stop = find_unsent_stop(connection, found)
    if stop is None and found.state == ClaimState.RETURNED:
        stop = "returned"
    if stop is None and found.receipt_no is None and not speaks_of_all(found, review):
        stop = "count-or-amount"
    stop = stop or find_receipt_stop(connection, found, review.receipt_year, review.receipt_no)
    if stop is None and not _same_rows(review.statements, ours, {"claimed_amount": "amount"}):
        stop = "claimed-differs"
    known = _known_in_round(progress, found, review.review_round)
    columns = {"outcome": "outcome", "decided_amount": "decided_amount", "decided_copay": "decided_copay"}
    if stop is None and not _same_rows(review.statements, known, columns):
        stop = "round-conflict"
    return stop


def _has_gone_on(found: Any, ours: pa.Table, decisions: pa.Table) -> bool:
    """Whether a statement decided now stands in another claim, because this one's payment was taken back."""
    gone = ours.filter(pc.not_equal(pc.fill_null(ours["batch_id"], ""), found.batch_id))
    return bool(
        pc.any(pc.is_in(decisions["statement_no"], value_set=gone["statement_no"].combine_chunks())).as_py()
    )


def _same_rows(listed: pa.Table, other: pa.Table, columns: dict[str, str]) -> bool:
    """Whether statements that stand in both tables agree in the paired columns."""
    place = pc.index_in(listed["statement_no"], value_set=other["statement_no"].combine_chunks())
    return all(
        pc.all(pc.fill_null(pc.equal(listed[one], other[two].take(place)), True)).as_py() is not False
        for one, two in columns.items()
    )


def _receive_late(progress: Progress, found: Any, review: Review) -> Any:
    """The receipt was lost: the result itself proves it and supplies its number."""
    found = prove_sent(progress, found)
    if found.state not in (ClaimState.SENT, ClaimState.SEND_UNKNOWN):
        return found
    numbers = {"receipt_year": review.receipt_year, "receipt_no": review.receipt_no}
    move_members(progress, found, "received", ClaimEvent.RECEIVED, StatementEvent.CLAIM_RECEIVED, **numbers)
    progress.received.append(found.claim_no)
    return find_claim(progress, found.claim_no)


def _keep(progress: Progress, found: Any, review: Review, decisions: pa.Table, told: pa.Table) -> None:
    """Write what the round decides and finds for the first time; earlier rounds stay as they are."""
    connection, number = progress.tx.connection, progress.notice.document_no
    key = {"provider_code": found.provider_code, "claim_no": found.claim_no}
    key |= {"review_round": review.review_round, "document_no": number}
    count = len(decisions)
    same = {name: [value] * count for name, value in key.items()}
    if count:
        insert_rows(connection, decision, same | to_columns(decisions))
    findings = to_columns(told)
    count = len(told)
    if count:
        findings["text"] = [None if one is None else mask(one) for one in findings["text"]]
        same = {name: [value] * count for name, value in key.items()}
        insert_rows(connection, decision_finding, same | {"seq": list(range(1, count + 1))} | findings)


def _move(progress: Progress, found: Any, review: Review, ours: pa.Table, decisions: pa.Table) -> None:
    """Move the statements this round is the newest word on, then the claim by what is still undecided."""
    tx = progress.tx
    place = pc.index_in(decisions["statement_no"], value_set=ours["statement_no"].combine_chunks())
    refused = pa.array(sorted(review.payer_refused), pa.string())
    is_refused = pc.and_(
        pc.equal(decisions["outcome"], "impossible"), pc.is_in(decisions["statement_no"], value_set=refused)
    )
    mine = ours.take(place).append_column("outcome", pc.if_else(is_refused, REFUSED, decisions["outcome"]))
    is_newest = pc.fill_null(pc.less(mine["last_round"], review.review_round), True)
    is_here = pc.fill_null(pc.equal(mine["batch_id"], found.batch_id), False)
    movable = [one.value for one in STATEMENT_MOVES.sources(StatementEvent.REVIEW_ACCEPTED)]
    can_move = pc.is_in(mine["state"], value_set=pa.array(movable, pa.string()))
    newest = mine.filter(pc.and_(is_newest, is_here))
    mine = mine.filter(pc.and_(pc.and_(is_newest, is_here), can_move))
    parts = [MOVES.empty_table()]
    if review.answers_dispute:
        parts += answer_disputes(progress, found, newest)
    for outcome, event in EVENTS.items():
        chosen = mine.filter(pc.equal(mine["outcome"], outcome))
        parts.append(plan_moves(chosen["statement_key"], chosen["state"], event))
    moves = pa.concat_tables(parts)
    is_decided = pc.or_(
        pc.is_valid(ours["last_round"]),
        pc.is_in(ours["statement_no"], value_set=decisions["statement_no"].combine_chunks()),
    )
    event_kind = _claim_event(found, sum_won(pc.cast(is_decided, pa.int64())), len(ours))
    is_answered = found.stopped_code in ANSWERED_BY_REVIEW
    values = {"stopped_code": None} if is_answered else {}
    claim_move = None if event_kind is None else move_claim(tx, found, event_kind, **values)
    detail = {"review_round": review.review_round, "decisions": digest_rows(decisions)}
    number = progress.notice.document_no
    event_id = tx.append(
        "reviewed",
        claim_columns(found),
        moves=moves,
        detail=detail,
        claim_move=claim_move,
        document_no=number,
    )
    move_statements(tx.connection, event_id, moves)
    progress.count(moves)


def _claim_event(found: Any, decided: int, count: int) -> ClaimEvent | None:
    """What the round makes of the claim: decided in full or in part; None when its state stays."""
    if found.state in (ClaimState.PAID, ClaimState.CLOSED):
        return None
    if decided == count:
        return ClaimEvent.REVIEWED_IN_FULL
    if decided:
        return ClaimEvent.REVIEWED_IN_PART
    return ClaimEvent.REVIEW_STARTED if found.state == ClaimState.RECEIVED else None


def _read_ours(progress: Progress, found: Any) -> pa.Table:
    """Our statements of the claim as sent, where they stand now, and the newest round that decided each."""
    rounds = (
        select(decision.c.statement_no, func.max(decision.c.review_round).label("last_round"))
        .where(of_claim(decision, found.provider_code, found.claim_no))
        .group_by(decision.c.statement_no)
        .subquery()
    )
    sent = claim_statement.c
    query = (
        select(
            sent.statement_no,
            sent.statement_key,
            statement.c.state,
            statement.c.batch_id,
            rounds.c.last_round,
            sent.total_benefit_cost_1,
            sent.patient_copay,
            sent.claimed_amount,
        )
        .join(statement, statement.c.statement_key == sent.statement_key)
        .outerjoin(rounds, rounds.c.statement_no == sent.statement_no)
        .where(of_claim(claim_statement, found.provider_code, found.claim_no))
    )
    return read_table(progress.tx.connection, query, OURS)


def _known_in_round(progress: Progress, found: Any, review_round: str) -> pa.Table:
    names = ("statement_no", "outcome", "decided_amount", "decided_copay")
    query = select(*(decision.c[name] for name in names)).where(
        of_claim(decision, found.provider_code, found.claim_no), decision.c.review_round == review_round
    )
    text, won = pa.string(), pa.int64()
    schema = pa.schema(list(zip(names, (text, text, won, won), strict=True)))
    return read_table(progress.tx.connection, query, schema)
