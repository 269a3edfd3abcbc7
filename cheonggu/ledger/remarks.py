"""The remark of a claim (참조내역): the last one used per provider and form is proposed for the next claim."""

from __future__ import annotations

import pyarrow as pa
from sqlalchemy import Connection, func, insert, select

from cheonggu.ledger.audit import Transaction
from cheonggu.ledger.database import read_table
from cheonggu.ledger.tables import event, remark

ALL_FORMS = "*"
REMARKS = pa.schema([("form_no", pa.string()), ("text", pa.string()), ("at", pa.string())])


def find_remark(connection: Connection, provider_code: str, form_no: str) -> str:
    """The last remark of a form or of all forms, empty when there is none."""
    mine = (remark.c.provider_code == provider_code) & remark.c.form_no.in_([form_no, ALL_FORMS])
    query = select(remark.c.text).where(mine).order_by(remark.c.event_id.desc()).limit(1)
    return connection.execute(query).scalar_one_or_none() or ""


def keep_remark(tx: Transaction, provider_code: str, form_no: str, text: str) -> None:
    """Append to the history unless it is the last one already; ``*`` stands for all forms."""
    if _is_last(tx.connection, provider_code, form_no, text):
        return
    event_id = tx.append("remark", {"provider_code": provider_code}, detail={"form_no": form_no})
    tx.connection.execute(
        insert(remark).values(provider_code=provider_code, form_no=form_no, event_id=event_id, text=text)
    )


def list_remarks(connection: Connection, provider_code: str, limit: int) -> pa.Table:
    """The remarks of a provider used last, newest first (columns of ``REMARKS``); each text once per form."""
    newest = func.max(remark.c.event_id).label("newest")
    used = (
        select(remark.c.form_no, remark.c.text, newest)
        .where(remark.c.provider_code == provider_code)
        .group_by(remark.c.form_no, remark.c.text)
        .subquery()
    )
    query = (
        select(used.c.form_no, used.c.text, event.c.at)
        .join(event, event.c.event_id == used.c.newest)
        .order_by(used.c.newest.desc())
        .limit(limit)
    )
    return read_table(connection, query, REMARKS)


def _is_last(connection: Connection, provider_code: str, form_no: str, text: str) -> bool:
    """For all forms the newest remark of the provider counts: a later one of a single form hides an older one."""
    if form_no != ALL_FORMS:
        return find_remark(connection, provider_code, form_no) == text
    mine = remark.c.provider_code == provider_code
    query = select(remark.c.form_no, remark.c.text).where(mine).order_by(remark.c.event_id.desc()).limit(1)
    newest = connection.execute(query).one_or_none()
    return newest is not None and tuple(newest) == (ALL_FORMS, text)
