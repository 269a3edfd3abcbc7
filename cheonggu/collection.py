"""Collect answers (통보 수신): archive the raw bytes first, import once, only then put the document out of the way.

What a file is, its content tells: an XML notice, one of a set of record files, or a zip of either. The archive is
named by content, so the same bytes are kept once however often they arrive. A document that cannot be read or does not
fit the ledger is refused with its reason, kept, and does not stop the others. A form nobody has a layout for is kept
raw and tried again at every pass; a set of record files that is not whole stays where it lies.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from cheonggu.batches import make_private, write_bytes
from cheonggu.errors import IncompleteNoticeError, NoticeError, StateError, UnknownFormError
from cheonggu.formats.notice_files import (
    EMPTY,
    RECORDS,
    XML,
    ZIP,
    Document,
    gather,
    group_of,
    kind_of,
    stem_of,
    unpack,
)
from cheonggu.gateways import Gateway
from cheonggu.ledger import Actor, ImportReport, Ledger
from cheonggu.notices import Notice
from cheonggu.schemes.scheme import Scheme

LOG = logging.getLogger(__name__)
SUFFIXES = {XML: ".xml", ZIP: ".zip", RECORDS: ".zip", EMPTY: ".zip"}


@dataclass(frozen=True)
class NoticeSettings:
    """What a site adds to reading notices: its layout tables, and other offices' provider codes → the ledger's."""

    layouts: tuple[Path, ...] = ()
    providers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Refused:
    """One refused document: its file name and why, in both languages."""

    name: str
    reason_en: str
    reason_ko: str


@dataclass(frozen=True)
class Collected:
    """What one pass did: new documents, repeated ones, refused ones, and what stopped for a person.

    ``kept``: documents of unknown form, only archived; ``waiting``: sets of record files that are not whole yet.
    """

    imported: int
    repeated: int
    refused: tuple[Refused, ...]
    attention: tuple[str, ...]
    kept: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()

    def reasons(self) -> list[str]:
        """Why somebody has to look, in Korean; empty when every document was read and agrees with the ledger."""
        counted = (
            ("거절한 문서", self.refused),
            ("서식 미상 보관", self.kept),
            ("파일 부족 대기", self.waiting),
            ("확인할 청구서", self.attention),
        )
        return [f"{name} {len(found)}건" for name, found in counted if found]


def collect_documents(
    gateway: Gateway,
    ledger: Ledger,
    scheme: Scheme,
    provider_codes: Collection[str],
    archive: Path,
    actor: Actor,
    settings: NoticeSettings | None = None,
) -> Collected:
    """Take in every document that waits in the gateway's output folder, in order of name.

    BusyError while another run collects from the same gateway.
    """
    with ledger.exclusive(f"collect-{gateway.name}"):
        one = _Pass(ledger, scheme, archive, actor, settings or NoticeSettings())
        one.retry_kept()
        one.take_folder(gateway)
        return one.result()


class _Pass:
    """One pass over the waiting documents and what came of it."""

    def __init__(
        self, ledger: Ledger, scheme: Scheme, archive: Path, actor: Actor, settings: NoticeSettings
    ) -> None:
        self.ledger, self.scheme, self.archive, self.actor = ledger, scheme, archive, actor
        self.settings = settings
        self.imported = self.repeated = 0
        self.refused: list[Refused] = []
        self.attention: list[str] = []
        self.kept: list[str] = []
        self.waiting: list[str] = []

    def result(self) -> Collected:
        return Collected(
            self.imported,
            self.repeated,
            tuple(self.refused),
            tuple(self.attention),
            tuple(self.kept),
            tuple(self.waiting),
        )

    def take_folder(self, gateway: Gateway) -> None:
        """Everything that waits: files on their own first, then record files by sets."""
        sets: dict[str, list[tuple[str, bytes]]] = {}
        for name in gateway.incoming():
            raw = gateway.fetch(name)
            kind = kind_of(raw)
            if kind in (RECORDS, EMPTY) and group_of(name) is not None:
                sets.setdefault(stem_of(name), []).append((name, raw))
            else:
                gateway.set_aside(name, accepted=self.take_file(name, kind, raw))
        for stem, files in sets.items():
            is_accepted = self.take_set(stem, files)
            for name, _ in files if is_accepted is not None else ():
                gateway.set_aside(name, accepted=bool(is_accepted))

    def take_file(self, name: str, kind: str, raw: bytes) -> bool:
        """Archive and take in an XML, a zip or a lone record file; False when anything in it was refused."""
        digest = hashlib.sha256(raw).hexdigest()
        if kind == ZIP:
            stored = self._store(digest, ZIP, raw)
            try:
                documents = gather(unpack(raw))
            except NoticeError as error:
                return self._refuse(name, digest, stored, error)
            return self._take_all(name, documents, stored)
        (document,) = gather([(name, raw)])
        return self._take_all(name, [document], self._store(document.sha256, kind, document.raw))

    def take_set(self, stem: str, files: list[tuple[str, bytes]]) -> bool | None:
        """Archive and take in a set of record files; None while it is not whole, so that it stays where it is."""
        (document,) = gather(files)
        stored = self._store(document.sha256, RECORDS, document.raw)
        try:
            notice = self._parse(document)
        except IncompleteNoticeError as error:
            LOG.warning("%s: %s", stem, error)
            self.waiting.append(stem)
            return None
        except NoticeError as error:
            return self._judge(stem, document, stored, error)
        return self._import(stem, document, notice, stored)

    def retry_kept(self) -> None:
        """Read again what was kept as of unknown form: the site may have given its layout since."""
        for stored in self.ledger.kept_documents():
            path = self.archive / stored
            raw = path.read_bytes() if path.is_file() else b""
            try:
                documents = gather(unpack(raw) if kind_of(raw) == ZIP else [(path.name, raw)])
            except NoticeError:
                continue
            for document in documents:
                try:
                    notice = self._parse(document)
                except NoticeError:
                    continue
                self._import(document.name, document, notice, stored)

    def _take_all(self, name: str, documents: Iterable[Document], stored: str) -> bool:
        """Each document in a transaction of its own; the file counts as accepted when none was refused."""
        verdicts = []
        for document in documents:
            try:
                notice = self._parse(document)
            except NoticeError as error:
                verdicts.append(self._judge(name, document, stored, error))
            else:
                verdicts.append(self._import(name, document, notice, stored))
        return all(verdicts)

    def _parse(self, document: Document) -> Notice:
        if document.xml is not None:
            return self._start_clocks(self.scheme.answers.parse_notice(document.xml))
        if self.scheme.answers.parse_records is None:
            raise UnknownFormError(
                "This scheme has no record files.", "이 제도에는 레코드 파일 통보서가 없습니다."
            )
        return self.scheme.answers.parse_records(
            document.records, self.settings.layouts, self.settings.providers
        )

    def _start_clocks(self, notice: Notice) -> Notice:
        """The notice with the days its receipts start; a claim the ledger does not know is refused on import."""
        start = self.scheme.answers.receipt_clocks
        if start is None:
            return notice
        days = [
            clock
            for one in notice.receipts
            if (group := self.ledger.claim_group(notice.provider_code, one.claim_no)) is not None
            for clock in start(one, group)
        ]
        return replace(notice, clocks=(*notice.clocks, *days))

    def _import(self, name: str, document: Document, notice: Notice, stored: str) -> bool:
        try:
            report = self.ledger.import_notice(
                self.scheme.name, notice, sha256=document.sha256, archived_as=stored, actor=self.actor
            )
        except (NoticeError, StateError) as error:
            return self._refuse(name, document.sha256, stored, error)
        LOG.info("%s: %s %s", name, report.kind, report.status)
        self._count(report)
        return True

    def _count(self, report: ImportReport) -> None:
        self.imported += report.is_new
        self.repeated += not report.is_new
        self.attention += report.attention

    def _judge(self, name: str, document: Document, stored: str, error: NoticeError) -> bool:
        """Keep an unknown form raw; refuse what is broken."""
        if not isinstance(error, UnknownFormError):
            return self._refuse(name, document.sha256, stored, error)
        self.ledger.keep_document(document.sha256, stored, self.actor)
        LOG.warning("%s kept: %s", name, error)
        self.kept.append(name)
        return True

    def _refuse(self, name: str, digest: str, stored: str, error: NoticeError | StateError) -> bool:
        self.ledger.refuse_notice(digest, stored, None, type(error).__name__, self.actor)
        LOG.warning("%s refused: %s", name, error)
        self.refused.append(Refused(name, *reversed(error.lines())))
        return False

    def _store(self, digest: str, kind: str, raw: bytes) -> str:
        """Keep the raw bytes under their hash; returns the name inside the archive."""
        folder = make_private(self.archive / digest[:2])
        path = folder / f"{digest}{SUFFIXES[kind]}"
        if not path.exists():
            write_bytes(path, raw)
        return path.relative_to(self.archive).as_posix()
