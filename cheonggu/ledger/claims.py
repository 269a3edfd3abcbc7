"""Claims: their numbers, the result of their check, and how they are found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, insert, select, update

from cheonggu.errors import StateError, UsageError
from cheonggu.ledger.audit import Transaction, digest_rows
from cheonggu.ledger.batches import (
    batch_columns,
    get_batch,
    is_repeated,
    keep_findings,
)
from cheonggu.ledger.moves import (
    move_batch,
    move_claim,
    of_claim,
)
from cheonggu.ledger.tables import (
    claim,
    claim_counter,
)
from cheonggu.privacy import mask
from cheonggu.states import BatchStage, ClaimEvent, ClaimState

LAST_CLAIM_SERIAL = 9999
CHECKS = {"ok": ClaimEvent.CHECK_OK, "warn": ClaimEvent.CHECK_WARNED, "failed": ClaimEvent.CHECK_FAILED}


def reserve_numbers(tx: Transaction, batch_ids: Sequence[str]) -> dict[str, str]:
    """A claim number (청구번호: CCYYMM and four digits) per batch, in the order of the sorted batch ids."""
    numbers = {}
    for batch_id in sorted(set(batch_ids)):
        found = find_claim_of(tx.connection, batch_id)
        numbers[batch_id] = _open_claim(tx, batch_id) if found is None else str(found.claim_no)
    return numbers


def _open_claim(tx: Transaction, batch_id: str) -> str:
    row = get_batch(tx.connection, batch_id)
    if row["stage"] != BatchStage.VALIDATED:
        raise StateError(
            f"Batch {batch_id} is {row['stage']}; only a validated batch gets a claim number.",
            f"배치 {batch_id}의 단계가 {row['stage']}입니다. 검증된 배치만 청구번호를 받습니다.",
        )
    claim_no = _next_number(tx.connection, row["provider_code"], row["treatment_month"])
    tx.connection.execute(
        insert(claim).values(
            provider_code=row["provider_code"],
            claim_no=claim_no,
            scheme=row["scheme"],
            batch_id=batch_id,
            treatment_month=row["treatment_month"],
            claim_class=row["claim_class"],
            state=ClaimState.OPEN.value,
            statement_count=0,
            claimed_amount=0,
            total_benefit_cost_1=0,
            patient_copay=0,
        )
    )
    where = {**batch_columns(row), "claim_no": claim_no}
    tx.append("number_reserved", where, claim_move=(None, ClaimState.OPEN.value))
    return claim_no


def _next_number(connection: Connection, provider_code: str, month: str) -> str:
    """Count up; a number once given is never given again, not even after a withdrawal."""
    mine = (claim_counter.c.provider_code == provider_code) & (claim_counter.c.treatment_month == month)
    last = connection.execute(select(claim_counter.c.last_serial).where(mine)).scalar_one_or_none()
    if last is None:
        connection.execute(
            insert(claim_counter).values(provider_code=provider_code, treatment_month=month, last_serial=0)
        )
    serial = (last or 0) + 1
    if serial > LAST_CLAIM_SERIAL:
        raise StateError(
            f"Provider {provider_code} has used all 9999 claim numbers of {month}.",
            f"요양기관 {provider_code}의 {month} 청구번호 9999개를 모두 썼습니다.",
            fix_en="Nothing was changed; make larger claims for this month.",
            fix_ko="아무것도 바뀌지 않았습니다. 이 달의 청구 단위를 크게 하세요.",
        )
    connection.execute(update(claim_counter).where(mine).values(last_serial=serial))
    return f"{month}{serial:04d}"


def record_prechecked(tx: Transaction, batch_id: str, status: str, findings: pa.Table) -> None:
    """Keep the check's findings and set the claim to CHECKED_OK, CHECKED_WARN or CHECK_FAILED."""
    if status not in CHECKS:
        raise UsageError(
            f"A check ends as {', '.join(CHECKS)}.", f"점검 결과는 {', '.join(CHECKS)} 중 하나입니다."
        )
    digest = digest_rows(pa.table({"status": [status], "findings": [len(findings)]}))
    if is_repeated(tx.connection, "prechecked", batch_id, digest):
        return
    found = claim_of(tx.connection, batch_id)
    claim_move = move_claim(tx, found, CHECKS[status])
    move_batch(tx, batch_id, [BatchStage.ASSEMBLED], BatchStage.CHECKED)
    keep_findings(tx.connection, batch_id, findings)
    levels = pc.value_counts(findings["level"]).to_pylist() if len(findings) else []
    detail = {"call": digest, "status": status, **{one["values"]: one["counts"] for one in levels}}
    tx.append(
        "prechecked",
        claim_columns(found),
        detail=detail,
        claim_move=claim_move,
        stage_to=BatchStage.CHECKED.value,
    )


def clear_stop(tx: Transaction, provider_code: str, claim_no: str, reason: str) -> None:
    """A person looked at a claim that an import had stopped."""
    found = get_claim(tx.connection, provider_code, claim_no)
    if found.stopped_code is None:
        return
    mine = of_claim(claim, provider_code, claim_no)
    tx.connection.execute(update(claim).where(mine).values(stopped_code=None))
    detail = {"code": found.stopped_code, "reason": mask(reason)}
    tx.append("stop_cleared", claim_columns(found), detail=detail)


def find_claim_of(connection: Connection, batch_id: str) -> Any | None:
    """The claim row of a batch, or None before it has a number."""
    return connection.execute(select(claim).where(claim.c.batch_id == batch_id)).one_or_none()


def claim_of(connection: Connection, batch_id: str) -> Any:
    """The claim row of a batch; StateError before it has a number."""
    found = find_claim_of(connection, batch_id)
    if found is None:
        raise StateError(
            f"Batch {batch_id} has no claim number yet.",
            f"배치 {batch_id}에 아직 청구번호가 없습니다.",
            fix_en="Reserve claim numbers first.",
            fix_ko="먼저 청구번호를 받으세요.",
        )
    return found


def get_claim(connection: Connection, provider_code: str, claim_no: str) -> Any:
    """One claim row; StateError when there is none."""
    found = connection.execute(select(claim).where(of_claim(claim, provider_code, claim_no))).one_or_none()
    if found is None:
        raise StateError(
            f"There is no claim {claim_no} of provider {provider_code}.",
            f"요양기관 {provider_code}의 청구서 {claim_no}이(가) 없습니다.",
        )
    return found


def claim_columns(found: Any) -> dict[str, str | None]:
    """The event columns that name a claim."""
    names = ("scheme", "batch_id", "provider_code", "claim_no")
    return {name: getattr(found, name) for name in names}
