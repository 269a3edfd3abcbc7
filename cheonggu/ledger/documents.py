"""The documents themselves (통보): known or new, entered, refused or kept until somebody can read them."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, insert, select

from cheonggu.errors import NoticeError
from cheonggu.ledger.audit import Transaction
from cheonggu.ledger.tables import batch, notice, refused_notice
from cheonggu.notices import Notice

NEW, SAME, CONFLICT = "new", "same", "conflict"


def notice_status(connection: Connection, document_no: str, sha256: str) -> str:
    """'new', 'same' (imported with these bytes) or 'conflict' (known with other bytes)."""
    query = select(notice.c.sha256).where(notice.c.document_no == document_no)
    known = connection.execute(query).scalar_one_or_none()
    if known is None:
        return NEW
    return SAME if known == sha256 else CONFLICT


def enter_notice(
    tx: Transaction,
    scheme: str,
    document: Notice,
    sha256: str,
    archived_as: str,
    provider_codes: Collection[str] | None,
) -> bool:
    """Write the notice's own row and event; False when this very document is known already."""
    status = notice_status(tx.connection, document.document_no, sha256)
    if status == SAME:
        return False
    if status == CONFLICT:
        raise refuse(
            document,
            "was imported before with other bytes",
            "같은 문서번호가 다른 내용으로 이미 반영되었습니다",
        )
    ours = _our_providers(tx.connection) if provider_codes is None else provider_codes
    if document.provider_code not in ours:
        raise refuse(document, "is for another provider", "다른 요양기관의 문서입니다")
    kept = "imported" if document.has_content else "kept"
    tx.connection.execute(
        insert(notice).values(
            document_no=document.document_no,
            sha256=sha256,
            scheme=scheme,
            kind=document.kind,
            form=document.form,
            source=document.source,
            issued=document.issued,
            provider_code=document.provider_code,
            archived_as=archived_as,
            status=kept,
            learned_on=document.learned,
        )
    )
    detail = {"kind": document.kind, "sha256": sha256, "archived_as": archived_as, "status": kept}
    where = {"scheme": scheme, "provider_code": document.provider_code}
    tx.append("notice", where, detail=detail, document_no=document.document_no)
    return True


def _our_providers(connection: Connection) -> set[str]:
    return set(connection.execute(select(batch.c.provider_code).distinct()).scalars())


def keep_refused(tx: Transaction, sha256: str, archived_as: str, document_no: str | None, code: str) -> None:
    """Remember a document that could not be imported; it may be imported later, once that is mended."""
    query = select(refused_notice.c.sha256).where(refused_notice.c.sha256 == sha256)
    if tx.connection.execute(query).one_or_none() is not None:
        return
    values = {"sha256": sha256, "document_no": document_no, "archived_as": archived_as, "code": code}
    tx.connection.execute(insert(refused_notice).values(values))
    tx.append("notice_refused", {}, detail=values, document_no=document_no)


UNKNOWN_FORM = "UnknownFormError"


def list_kept(connection: Connection) -> list[str]:
    """Archive names of documents of unknown form that were not imported since, each once."""
    imported = select(notice.c.sha256)
    query = (
        select(refused_notice.c.archived_as)
        .where(refused_notice.c.code == UNKNOWN_FORM, refused_notice.c.sha256.not_in(imported))
        .distinct()
    )
    return sorted(connection.execute(query).scalars())


def refuse(document: Notice, en: str, ko: str) -> NoticeError:
    return NoticeError(
        f"Notice {document.document_no} {en}.",
        f"통보 {document.document_no}: {ko}.",
        fix_en="Nothing was changed; the raw document stays in the archive.",
        fix_ko="아무것도 바뀌지 않았습니다. 원본은 보관되어 있습니다.",
    )
