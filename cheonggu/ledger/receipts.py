"""Receipts and returns (접수·반송 통보): the claim got its receipt number, or came back as a whole."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, insert, select, update

from cheonggu.ledger.claims import claim_columns
from cheonggu.ledger.documents import refuse
from cheonggu.ledger.imports import (
    AFTER_REVIEW,
    Progress,
    check_serials,
    find_claim,
    find_receipt_stop,
    find_unsent_stop,
    keep_claim_notice,
    move_members,
    prove_sent,
)
from cheonggu.ledger.moves import free_identities, of_claim
from cheonggu.ledger.tables import claim, decision, notice_reason
from cheonggu.ledger.withdrawals import free_members
from cheonggu.notices import Receipt
from cheonggu.privacy import mask
from cheonggu.states import ClaimEvent, ClaimState, StatementEvent

RECEIVED, RETURNED = "received", "returned"


def apply_receipt(progress: Progress, receipt: Receipt) -> None:
    """Take in what a receipt notice says about one claim."""
    found = find_claim(progress, receipt.claim_no)
    check_serials(progress, found, [one.statement_no for one in receipt.reasons if one.statement_no])
    if receipt.result == RECEIVED and receipt.receipt_no is None:
        raise refuse(progress.notice, "confirms a receipt without a number", "접수번호가 없습니다")
    connection = progress.tx.connection
    if receipt.result == RECEIVED:
        stop = _find_received_stop(connection, found, receipt)
    else:
        stop = _find_returned_stop(connection, found, receipt)
    numbers = (receipt.receipt_year, receipt.receipt_no)
    count, amount = receipt.statement_count, receipt.claimed_amount
    keep_claim_notice(progress, found, receipt.result, count, amount, numbers, stopped_code=stop)
    _keep_reasons(progress, receipt)
    if stop is not None:
        progress.stop(found, stop)
    elif receipt.result == RECEIVED:
        _receive(progress, found, receipt)
    elif found.state != ClaimState.RETURNED:
        _return(progress, found)


def _find_received_stop(connection: Connection, found: Any, receipt: Receipt) -> str | None:
    stop = find_unsent_stop(connection, found)
    if stop is None and found.state == ClaimState.RETURNED:
        stop = "returned"
    if stop is None and not _agrees(found, receipt):
        stop = "count-or-amount"
    return stop or find_receipt_stop(connection, found, receipt.receipt_year, receipt.receipt_no)


def _find_returned_stop(connection: Connection, found: Any, receipt: Receipt) -> str | None:
    """A later return (81-01, 75-02) counts only while nothing is decided."""
    stop = find_unsent_stop(connection, found)
    mine = of_claim(decision, found.provider_code, found.claim_no)
    has_decisions = connection.execute(select(decision.c.statement_no).where(mine).limit(1)).first()
    if stop is None and (found.state in AFTER_REVIEW or has_decisions):
        stop = "decided"
    # Zero is the whole claim too; any other number is a return in part, which a person must look at.
    is_whole = _agrees(found, receipt) or (receipt.statement_count, receipt.claimed_amount) == (0, 0)
    return stop or (None if is_whole else "count-or-amount")


def _agrees(found: Any, receipt: Receipt) -> bool:
    sent = (found.statement_count, found.claimed_amount)
    return sent == (receipt.statement_count, receipt.claimed_amount)


def _receive(progress: Progress, found: Any, receipt: Receipt) -> None:
    found = prove_sent(progress, found)
    numbers = {"receipt_year": receipt.receipt_year, "receipt_no": receipt.receipt_no}
    dated = {**numbers, "received_on": receipt.receipt_date}
    progress.received.append(found.claim_no)
    if found.state in (ClaimState.SENT, ClaimState.SEND_UNKNOWN):
        move_members(progress, found, "received", ClaimEvent.RECEIVED, StatementEvent.CLAIM_RECEIVED, **dated)
        return
    # Known already, from another notice or a review result: only what was missing is filled in.
    missing = {name: value for name, value in dated.items() if getattr(found, name) is None}
    mine = of_claim(claim, found.provider_code, found.claim_no)
    if missing:
        progress.tx.connection.execute(update(claim).where(mine).values(**missing))
    detail = {name: str(value) for name, value in missing.items()}
    number = progress.notice.document_no
    progress.tx.append("receipt_confirmed", claim_columns(found), detail=detail, document_no=number)


def _return(progress: Progress, found: Any) -> None:
    found = prove_sent(progress, found)
    move_members(progress, found, "returned", ClaimEvent.RETURNED, StatementEvent.CLAIM_RETURNED)
    free_identities(progress.tx.connection, found.provider_code, found.claim_no)
    free_members(progress.tx.connection, found.batch_id)
    progress.returned.append(found.claim_no)


def _keep_reasons(progress: Progress, receipt: Receipt) -> None:
    rows = [
        {
            "document_no": progress.notice.document_no,
            "seq": place,
            "provider_code": progress.notice.provider_code,
            "claim_no": receipt.claim_no,
            "code": reason.code,
            "detail_code": reason.detail_code,
            "statement_no": reason.statement_no,
            "text": mask(reason.text),
        }
        for place, reason in enumerate(receipt.reasons, start=progress.reasons + 1)
    ]
    if rows:
        progress.tx.connection.execute(insert(notice_reason), rows)
        progress.reasons += len(rows)
