"""Requests for material (보완자료 요청) and cuts of outside prescriptions (원외처방 조정): kept until a person acts."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, insert, select, update

from cheonggu.errors import StateError
from cheonggu.ledger.audit import Transaction
from cheonggu.ledger.claims import claim_columns
from cheonggu.ledger.database import insert_rows, to_columns
from cheonggu.ledger.imports import Progress, check_serials, find_referred
from cheonggu.ledger.moves import of_claim
from cheonggu.ledger.tables import event, material_request, notice, prescription_cut
from cheonggu.notices import PrescriptionAdjustment, SupplementRequest
from cheonggu.privacy import mask

CUT = "prescriptions_cut"
REST = "*"  # code of a row that holds what the notice takes back beyond its rows
REQUESTS = pa.schema(
    [("document_no", pa.string()), ("seq", pa.int64())]
    + [(name, pa.string()) for name in ("provider_code", "claim_no", "statement_no")]
    + [("line_no", pa.int64()), ("due_on", pa.date32())]
    + [(name, pa.string()) for name in ("application_no", "guide_code", "item_code", "form_code", "text")]
)


def apply_request(progress: Progress, content: SupplementRequest) -> None:
    """Keep what is asked for, with its due day; nothing moves."""
    found = None if content.claim is None else find_referred(progress, content.claim)
    if found is not None:
        named = [one.statement_no for one in content.items if one.statement_no is not None]
        check_serials(progress, found, named)
    rows = [
        {
            "document_no": progress.notice.document_no,
            "seq": seq,
            "provider_code": progress.notice.provider_code,
            "claim_no": None if found is None else found.claim_no,
            "statement_no": one.statement_no,
            "line_no": one.line_no,
            "due_on": content.due_on,
            "application_no": one.application_no,
            "guide_code": one.guide_code,
            "item_code": one.item_code,
            "form_code": one.form_code,
            "text": mask(one.text),
        }
        for seq, one in enumerate(content.items, start=1)
    ]
    progress.tx.connection.execute(insert(material_request), rows)
    due = content.due_on.isoformat() if content.due_on else None
    _append(progress, found, "material_requested", {"items": len(rows), "due_on": due})


def apply_prescriptions(progress: Progress, content: PrescriptionAdjustment) -> None:
    """Keep the cuts under their prescription numbers; what is taken back is an open item of the claim."""
    found = find_referred(progress, content.claim)
    check_serials(progress, found, content.cuts["statement_no"].to_pylist())
    rest = content.recovery - int(pc.sum(content.cuts["recovery"]).as_py() or 0)
    detail = {"round": content.round_no, "cuts": len(content.cuts), "recovery": content.recovery}
    detail |= {"patient_refund": content.patient_refund}
    if not _is_told(progress, found, detail):
        keep_cuts(progress, found, content.cuts, rest)
        _append(progress, found, CUT, detail)


def _is_told(progress: Progress, found: Any, detail: dict[str, Any]) -> bool:
    """Whether another document told this round with these sums before."""
    mine = of_claim(event, found.provider_code, found.claim_no) & (event.c.kind == CUT)
    told = progress.tx.connection.execute(select(event.c.detail).where(mine)).scalars()
    return detail in map(json.loads, told)


def keep_cuts(progress: Progress, found: Any, cuts: pa.Table, rest: int = 0) -> None:
    """Write the cuts of a notice that no other one told; ``rest``: won taken back beyond what its rows say.

    A cut may stand in a review result and again in a notice of its own; its recovery counts once.
    """
    names = ("statement_no", "prescription_no", "code", "line_no", "amount")
    mine = of_claim(prescription_cut, found.provider_code, found.claim_no)
    query = select(*(prescription_cut.c[name] for name in names)).where(mine)
    known = set(progress.tx.connection.execute(query).tuples())
    places = zip(*(cuts[name].to_pylist() for name in names), strict=True)
    cuts = cuts.filter(pa.array([one not in known for one in places], pa.bool_()))
    count = len(cuts)
    key = {"document_no": progress.notice.document_no, "provider_code": found.provider_code}
    key |= {"claim_no": found.claim_no}
    if count:
        columns = {name: [value] * count for name, value in key.items()}
        columns |= to_columns(cuts) | {"seq": list(range(1, count + 1))}
        columns["recovery"] = pc.fill_null(cuts["recovery"], 0).to_pylist()
        columns["text"] = [None if one is None else mask(one) for one in columns["text"]]
        insert_rows(progress.tx.connection, prescription_cut, columns)
    if rest:
        values = key | {"seq": count + 1, "code": REST, "amount": 0, "recovery": rest}
        progress.tx.connection.execute(insert(prescription_cut).values(values))


def mark_answered(tx: Transaction, document_no: str, answered_on: date) -> None:
    """A person sent the material that a notice asked for; StateError when there is no such request."""
    mine = material_request.c.document_no == document_no
    changed = tx.connection.execute(
        update(material_request)
        .where(mine, material_request.c.answered_on.is_(None))
        .values(answered_on=answered_on)
    ).rowcount
    if changed:
        tx.append(
            "material_sent", {}, detail={"answered_on": answered_on.isoformat()}, document_no=document_no
        )
    elif tx.connection.execute(select(material_request.c.seq).where(mine)).first() is None:
        raise StateError(
            f"No request for material has document number {document_no}.",
            f"문서번호 {document_no}의 보완자료 요청이 없습니다.",
        )


def read_requests(connection: Connection, scheme: str) -> pa.Table:
    """``REQUESTS`` that nobody answered yet, by due day."""
    query = (
        select(*(material_request.c[name] for name in REQUESTS.names))
        .join(notice, notice.c.document_no == material_request.c.document_no)
        .where(notice.c.scheme == scheme, material_request.c.answered_on.is_(None))
    )
    rows = connection.execute(query).mappings()
    table = pa.Table.from_pylist([dict(row) for row in rows], schema=REQUESTS)
    return table.sort_by([("due_on", "ascending"), ("document_no", "ascending"), ("seq", "ascending")])


def _append(progress: Progress, found: Any, kind: str, detail: dict[str, Any]) -> None:
    where: dict[str, str | None] = {"provider_code": progress.notice.provider_code}
    if found is not None:
        where = claim_columns(found)
    progress.tx.append(kind, where, detail=detail, document_no=progress.notice.document_no)
