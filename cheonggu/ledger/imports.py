"""Importing a notice: every claim and statement it names is moved in one transaction, or nothing is.

The raw bytes must be archived before. A document that names something unknown is refused as a whole (NoticeError);
a claim on which notice and ledger disagree stops for a person, and the rest of the document goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, insert, select, update

from cheonggu.ledger.audit import Transaction
from cheonggu.ledger.claims import claim_columns
from cheonggu.ledger.documents import refuse
from cheonggu.ledger.model import ImportReport, Stopped
from cheonggu.ledger.moves import move_batch, move_claim, move_statements, of_claim, plan_batch
from cheonggu.ledger.reruns import replace_parents
from cheonggu.ledger.stops import STOPS
from cheonggu.ledger.submissions import find_open_of, mark_placed, settle_unknown
from cheonggu.ledger.tables import claim, claim_statement, notice_claim
from cheonggu.notices import ClaimRef, Notice
from cheonggu.states import BatchStage, ClaimEvent, ClaimState, StatementEvent

NOT_SENT = (ClaimState.OPEN, ClaimState.ASSEMBLED, ClaimState.CHECK_FAILED)
CHECKED = (ClaimState.CHECKED_OK, ClaimState.CHECKED_WARN)
AFTER_REVIEW = (
    ClaimState.IN_REVIEW,
    ClaimState.PARTLY_DECIDED,
    ClaimState.DECIDED,
    ClaimState.PAID,
    ClaimState.CLOSED,
)


@dataclass
class Progress:
    """What one document has done so far."""

    tx: Transaction
    notice: Notice
    received: list[str] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    reviewed: list[str] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)
    paid: list[str] = field(default_factory=list)
    disputed: list[str] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)  # receipt numbers paid for, of no claim of ours
    stopped: list[Stopped] = field(default_factory=list)
    moved: Counter[str] = field(default_factory=Counter)
    reasons: int = 0  # rows of notice_reason written so far

    def count(self, moves: pa.Table) -> None:
        for one in pc.value_counts(moves["to_state"]).to_pylist():
            self.moved[one["values"]] += one["counts"]

    def stop(self, found: Any, code: str) -> None:
        """Note that a person must look at a claim."""
        en, ko = STOPS[code]
        mine = of_claim(claim, found.provider_code, found.claim_no)
        self.tx.connection.execute(update(claim).where(mine).values(stopped_code=code))
        self.stopped.append(Stopped(found.claim_no, code, en, ko))
        number = self.notice.document_no
        self.tx.append("stopped", claim_columns(found), detail={"code": code}, document_no=number)

    def report(self, status: str) -> ImportReport:
        return ImportReport(
            document_no=self.notice.document_no,
            kind=self.notice.kind,
            status=status,
            received=tuple(self.received),
            returned=tuple(self.returned),
            reviewed=tuple(self.reviewed),
            settled=tuple(self.settled),
            paid=tuple(self.paid),
            disputed=tuple(self.disputed),
            unmatched=tuple(self.unmatched),
            stopped=tuple(self.stopped),
            moved=dict(self.moved),
        )


def find_claim(progress: Progress, claim_no: str) -> Any:
    """The claim a notice speaks of; NoticeError when the ledger has none."""
    mine = of_claim(claim, progress.notice.provider_code, claim_no)
    found = progress.tx.connection.execute(select(claim).where(mine)).one_or_none()
    if found is None:
        raise refuse(
            progress.notice,
            f"names claim {claim_no}, unknown here",
            f"청구서 {claim_no}이(가) 원장에 없습니다",
        )
    return found


def find_referred(progress: Progress, reference: ClaimRef) -> Any:
    """The claim that a notice names by claim number or only by receipt number; NoticeError when there is none."""
    if reference.claim_no is not None:
        return find_claim(progress, reference.claim_no)
    found = find_by_receipt(progress.tx.connection, progress.notice.provider_code, reference)
    if found is None:
        raise refuse(
            progress.notice,
            f"names receipt {reference.receipt_no}, unknown here",
            f"접수번호 {reference.receipt_no}의 청구서가 원장에 없습니다",
        )
    return found


def find_by_receipt(connection: Connection, provider_code: str, reference: ClaimRef) -> Any | None:
    """The one claim with a receipt number (and year, where told); None when there is none, or more than one."""
    query = select(claim).where(
        claim.c.provider_code == provider_code, claim.c.receipt_no == reference.receipt_no
    )
    if reference.receipt_year is not None:
        same_year = (claim.c.receipt_year == reference.receipt_year) | claim.c.receipt_year.is_(None)
        query = query.where(same_year)
    found = connection.execute(query.limit(2)).all()
    return found[0] if len(found) == 1 else None


def find_answer_stop(connection: Connection, found: Any, reference: ClaimRef) -> str | None:
    """Why a notice after the review cannot be about this claim: never sent, returned, or another receipt."""
    stop = find_unsent_stop(connection, found)
    if stop is None and found.state == ClaimState.RETURNED:
        stop = "returned"
    return stop or find_receipt_stop(connection, found, reference.receipt_year, reference.receipt_no)


def check_serials(progress: Progress, found: Any, serials: Collection[str]) -> None:
    """NoticeError when a statement serial is not in our claim."""
    mine = of_claim(claim_statement, found.provider_code, found.claim_no)
    known = set(progress.tx.connection.execute(select(claim_statement.c.statement_no).where(mine)).scalars())
    unknown = sorted(set(serials) - known)
    if unknown:
        raise refuse(
            progress.notice,
            f"names statement {unknown[0]}, which claim {found.claim_no} does not hold",
            f"청구서 {found.claim_no}에 없는 명세서 일련번호 {unknown[0]}이(가) 있습니다",
        )


def keep_claim_notice(
    progress: Progress,
    found: Any,
    result: str,
    count: int,
    amount: int,
    receipt: tuple[str | None, str | None],
    review_round: str | None = None,
    stopped_code: str | None = None,
) -> None:
    """Write what the notice said about one claim; NoticeError when it speaks of the claim twice."""
    number = progress.notice.document_no
    mine = of_claim(notice_claim, found.provider_code, found.claim_no) & (
        notice_claim.c.document_no == number
    )
    if progress.tx.connection.execute(select(notice_claim.c.claim_no).where(mine)).one_or_none() is not None:
        raise refuse(
            progress.notice,
            f"names claim {found.claim_no} twice",
            f"청구서 {found.claim_no}이(가) 두 번 있습니다",
        )
    progress.tx.connection.execute(
        insert(notice_claim).values(
            document_no=number,
            provider_code=found.provider_code,
            claim_no=found.claim_no,
            result=result,
            receipt_year=receipt[0],
            receipt_no=receipt[1],
            review_round=review_round,
            statement_count=count,
            claimed_amount=amount,
            stopped_code=stopped_code,
        )
    )


def find_unsent_stop(connection: Connection, found: Any) -> str | None:
    """Why an answer about this claim cannot be: it never left us, or was taken back."""
    state = ClaimState(found.state)
    if state == ClaimState.WITHDRAWN:
        return "withdrawn"
    if state in NOT_SENT or (state in CHECKED and find_open_of(connection, found) is None):
        return "not-sent"
    return None


def find_receipt_stop(connection: Connection, found: Any, year: str | None, number: str | None) -> str | None:
    """Whether the receipt number (접수번호) contradicts the ledger."""
    if found.receipt_no is not None:
        is_other_year = None not in (year, found.receipt_year) and year != found.receipt_year
        return "other-receipt-no" if found.receipt_no != number or is_other_year else None
    taken = select(claim.c.claim_no).where(
        claim.c.provider_code == found.provider_code,
        claim.c.receipt_no == number,
        claim.c.receipt_year == year,
    )
    return "receipt-no-taken" if number and connection.execute(taken).first() else None


def prove_sent(progress: Progress, found: Any) -> Any:
    """An answer came, so the claim was placed and sent; gives the claim's row in its new state."""
    tx, number = progress.tx, progress.notice.document_no
    if found.state in CHECKED:
        one = find_open_of(tx.connection, found)
        assert one is not None  # find_unsent_stop has asked
        mark_placed(tx, one.id, document_no=number)
        found = find_claim(progress, found.claim_no)
    if found.state == ClaimState.HANDED_OFF:
        claim_move = move_claim(tx, found, ClaimEvent.SEND_PROVEN)
        tx.append("sent", claim_columns(found), claim_move=claim_move, document_no=number)
        found = find_claim(progress, found.claim_no)
    settle_unknown(tx.connection, found)
    return found


def move_members(
    progress: Progress,
    found: Any,
    kind: str,
    claim_event: ClaimEvent,
    event: StatementEvent,
    **values: Any,
) -> None:
    """Move a claim and all statements that are still its own, as one event; the batch is done."""
    tx = progress.tx
    claim_move = move_claim(tx, found, claim_event, stopped_code=None, **values)
    stages = [one for one in BatchStage if one != BatchStage.WITHDRAWN]
    move_batch(tx, found.batch_id, stages, BatchStage.DONE)
    moves = plan_batch(tx.connection, found.batch_id, event)
    event_id = tx.append(
        kind,
        claim_columns(found),
        moves=moves,
        claim_move=claim_move,
        stage_to=BatchStage.DONE.value,
        document_no=progress.notice.document_no,
        detail={name: str(value) for name, value in values.items() if value is not None},
    )
    move_statements(tx.connection, event_id, moves)
    progress.count(moves)
    if claim_event == ClaimEvent.RECEIVED:
        progress.count(replace_parents(tx, found, progress.notice.document_no))
