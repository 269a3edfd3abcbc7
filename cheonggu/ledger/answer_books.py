"""The ledger's methods about what comes back and what is done about it; part of :class:`Ledger`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

import pyarrow as pa

from cheonggu.ledger import disputes, documents, imports, requests
from cheonggu.ledger.books import Books
from cheonggu.ledger.contents import apply_content
from cheonggu.ledger.model import Actor, Filing, ImportReport
from cheonggu.notices import Notice


class AnswerBooks(Books):
    """Notices, requests for material and disputes."""

    def notice_status(self, document_no: str, sha256: str) -> str:
        """'new', 'same' (imported with these bytes) or 'conflict' (known with other bytes)."""
        with self._read() as connection:
            return documents.notice_status(connection, document_no, sha256)

    def import_notice(
        self,
        scheme: str,
        notice: Notice,
        *,
        sha256: str,
        archived_as: str,
        actor: Actor,
        provider_codes: Collection[str] | None = None,
    ) -> ImportReport:
        """Take in one archived document, all of it or nothing.

        ``provider_codes``: the providers of this site; None stands for those that have batches in the ledger.
        The same document again changes nothing. NoticeError (nothing changed): known number with other bytes,
        another provider, unknown claim or serial, totals that do not add up. A claim on which ledger and notice
        disagree moves nothing and stands in the report's ``stopped``. Kinds without content here are only kept.
        """
        with self._change(actor) as tx:
            progress = imports.Progress(tx, notice)
            if not documents.enter_notice(tx, scheme, notice, sha256, archived_as, provider_codes):
                return progress.report("same")
            apply_content(progress, scheme)
            return progress.report("imported" if notice.has_content else "kept")

    def refuse_notice(
        self, sha256: str, archived_as: str, document_no: str | None, code: str, actor: Actor
    ) -> None:
        """Remember an archived document that could not be imported, and why."""
        with self._change(actor) as tx:
            documents.keep_refused(tx, sha256, archived_as, document_no, code)

    def keep_document(self, sha256: str, archived_as: str, actor: Actor) -> None:
        """Remember an archived document whose form nobody can read yet."""
        with self._change(actor) as tx:
            documents.keep_refused(tx, sha256, archived_as, None, documents.UNKNOWN_FORM)

    def kept_documents(self) -> list[str]:
        """Archive names of documents of unknown form that still wait to be read."""
        with self._read() as connection:
            return documents.list_kept(connection)

    def material_requests(self, scheme: str) -> pa.Table:
        """Requests for material (``requests.REQUESTS``) that nobody answered yet, by due day."""
        with self._read() as connection:
            return requests.read_requests(connection, scheme)

    def file_dispute(
        self,
        provider_code: str,
        claim_no: str,
        kind: str,
        filings: Sequence[Filing],
        filed_on: date,
        actor: Actor,
    ) -> None:
        """A person filed a 're-review' or 'objection' for statements of a claim: DISPUTED.

        StateError past a filing's last day, for a statement that is neither cut nor impossible, or filed before.
        """
        with self._change(actor) as tx:
            disputes.file_dispute(tx, provider_code, claim_no, kind, filings, filed_on)

    def disputable(self, scheme: str) -> pa.Table:
        """Newest decisions that left something cut, with their notice's days: who could still be disputed."""
        with self._read() as connection:
            return disputes.read_disputable(connection, scheme)
