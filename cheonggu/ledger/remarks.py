"""The remark of a claim (참조내역): the last one used per provider and form is proposed for the next claim."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select

from cheonggu.ledger.audit import Transaction
from cheonggu.ledger.tables import remark


def find_remark(connection: Connection, provider_code: str, form_no: str) -> str:
    """The last remark of a form, empty when there is none."""
    mine = (remark.c.provider_code == provider_code) & (remark.c.form_no == form_no)
    query = select(remark.c.text).where(mine).order_by(remark.c.event_id.desc()).limit(1)
    return connection.execute(query).scalar_one_or_none() or ""


def keep_remark(tx: Transaction, provider_code: str, form_no: str, text: str) -> None:
    """Append to the history unless it is the last one already."""
    if find_remark(tx.connection, provider_code, form_no) == text:
        return
    event_id = tx.append("remark", {"provider_code": provider_code}, detail={"form_no": form_no})
    tx.connection.execute(
        insert(remark).values(provider_code=provider_code, form_no=form_no, event_id=event_id, text=text)
    )
