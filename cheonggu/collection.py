"""Collect answers (통보 수신): archive the raw bytes first, import once, only then put the document out of the way.

The archive is named by content, so the same bytes are kept once however often they arrive. A document that cannot
be read or does not fit the ledger is refused with its reason, kept, and does not stop the others.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from cheonggu.batches import make_private, write_bytes
from cheonggu.errors import NoticeError, StateError
from cheonggu.gateways import Gateway
from cheonggu.ledger import Actor, Ledger
from cheonggu.schemes.scheme import Scheme

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Refused:
    """One refused document: its file name and why, in both languages."""

    name: str
    reason_en: str
    reason_ko: str


@dataclass(frozen=True)
class Collected:
    """What one pass did: new documents, repeated ones, refused ones, and what stopped for a person."""

    imported: int
    repeated: int
    refused: tuple[Refused, ...]
    attention: tuple[str, ...]


def collect_documents(
    gateway: Gateway,
    ledger: Ledger,
    scheme: Scheme,
    provider_codes: Collection[str],
    archive: Path,
    actor: Actor,
) -> Collected:
    """Take in every document that waits in the gateway's output folder, in order of name.

    BusyError while another run collects from the same gateway.
    """
    with ledger.exclusive(f"collect-{gateway.name}"):
        return _collect(gateway, ledger, scheme, provider_codes, archive, actor)


def _collect(
    gateway: Gateway,
    ledger: Ledger,
    scheme: Scheme,
    provider_codes: Collection[str],
    archive: Path,
    actor: Actor,
) -> Collected:
    imported = repeated = 0
    refused: list[Refused] = []
    attention: list[str] = []
    for name in gateway.incoming():
        raw = gateway.fetch(name)
        digest = hashlib.sha256(raw).hexdigest()
        stored = _archive(archive, digest, Path(name).suffix, raw)
        try:
            notice = scheme.parse_notice(raw)
            report = ledger.import_notice(scheme.name, notice, sha256=digest, archived_as=stored, actor=actor)
        except (NoticeError, StateError) as error:
            ledger.refuse_notice(digest, stored, None, type(error).__name__, actor)
            LOG.warning("%s refused: %s", name, error.en)
            refused.append(Refused(name, *reversed(error.lines())))
            gateway.set_aside(name, accepted=False)
            continue
        LOG.info("%s: %s %s", name, report.kind, report.status)
        imported += report.status != "same"
        repeated += report.status == "same"
        attention += [f"{one.claim_no}: {one.ko} {one.en}" for one in report.stopped]
        gateway.set_aside(name, accepted=True)
    return Collected(imported, repeated, tuple(refused), tuple(attention))


def _archive(archive: Path, digest: str, suffix: str, raw: bytes) -> str:
    """Keep the raw bytes under their hash; returns the name inside the archive."""
    folder = make_private(archive / digest[:2])
    path = folder / f"{digest}{suffix}"
    if not path.exists():
        write_bytes(path, raw)
    return path.relative_to(archive).as_posix()
