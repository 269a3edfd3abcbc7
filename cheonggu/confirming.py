"""Confirming rosters (근무 현황 확인): a person looks at who worked before a month's claims rest on it.

A confirmation is an instruction of kind ``rosters_confirmed`` about provider, month and a digest of the roster rows
that count, so a changed roster needs a new one. ``[rosters] confirmation`` of the site file says whether claims wait
for it (``required``) or the unconfirmed ones are only shown (``shown``, the default).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from cheonggu.batches import VALIDATE, BatchFolder
from cheonggu.errors import UsageError
from cheonggu.ledger import Actor, Batch, Instruction, Ledger, NewInstruction
from cheonggu.schemes.scheme import Rosters, Scheme
from cheonggu.sources import Source

CONFIRMED = "rosters_confirmed"
REQUIRED, SHOWN = "required", "shown"
DIGEST_LENGTH = 16


@dataclass(frozen=True)
class Sheet:
    """The rosters of a provider's month as a person sees them; ``confirmed_by`` is empty while nobody has."""

    provider_code: str
    month: str
    digest: str
    rows: tuple[dict[str, str], ...]
    confirmed_by: str

    @property
    def subject(self) -> str:
        return subject_of(self.provider_code, self.month, self.digest)


def is_required(settings: Mapping[str, Any]) -> bool:
    """Whether claims wait for the confirmation; UsageError for an odd setting."""
    choice = settings.get("rosters", {}).get("confirmation", SHOWN)
    if choice not in (REQUIRED, SHOWN):
        raise UsageError(
            f"Site file, [rosters] confirmation: {choice!r} is neither {REQUIRED} nor {SHOWN}.",
            f"설정 파일 [rosters] confirmation: {choice!r}은(는) 쓸 수 없습니다. {REQUIRED}, {SHOWN} 가운데 고르세요.",
        )
    return bool(choice == REQUIRED)


def show(
    source: Source,
    ledger: Ledger,
    scheme: Scheme,
    settings: Mapping[str, Any],
    provider_code: str,
    month: str,
) -> Sheet:
    """The rosters as the source tells them now. UsageError when the scheme has none or the provider is unknown."""
    rosters = _rosters_of(scheme)
    tables = read_rosters(source, rosters, provider_code)
    if not len(tables["provider"]):
        raise UsageError(
            f"The source has no provider {provider_code}.",
            f"원천자료에 요양기관 {provider_code}이(가) 없습니다.",
        )
    care = {
        view: source.read(view, provider_code=provider_code, care_month=month, columns=columns)
        for view, columns in rosters.care.items()
    }
    digest = digest_of(rosters, tables, month)
    who = confirmed_by(ledger, scheme.name, provider_code, month, digest)
    return Sheet(provider_code, month, digest, tuple(rosters.sheet({**tables, **care}, month, settings)), who)


def confirm(
    ledger: Ledger, scheme: Scheme, sheet: Sheet, digest: str, person: str, reason: str, actor: Actor
) -> Instruction:
    """Keep a person's confirmation of what they saw; UsageError when the rosters changed since ``digest`` was shown."""
    if digest and digest != sheet.digest:
        raise UsageError(
            f"The rosters of {sheet.provider_code} {sheet.month} changed since they were shown.",
            f"{sheet.provider_code} {sheet.month}의 근무 현황이 표시한 뒤에 바뀌었습니다.",
            fix_en="Look at them again, then confirm.",
            fix_ko="다시 확인한 뒤 확정하세요.",
        )
    new = NewInstruction(
        scheme=scheme.name,
        kind=CONFIRMED,
        provider_code=sheet.provider_code,
        subject=sheet.subject,
        person=person,
        reason=reason,
        detail={"month": sheet.month, "digest": sheet.digest},
    )
    return ledger.instruct(new, actor)


def confirmed_by(ledger: Ledger, scheme: str, provider_code: str, month: str, digest: str) -> str:
    """Who confirmed exactly these rosters; empty while nobody has."""
    subject = subject_of(provider_code, month, digest)
    known = ledger.instructions(scheme, kind=CONFIRMED, provider_code=provider_code, subject=subject)
    return next((one.person for one in known if one.ended_at is None), "")


def subject_of(provider_code: str, month: str, digest: str) -> str:
    return f"{provider_code}|{month}|{digest}"


def digest_of(rosters: Rosters, tables: Mapping[str, pa.Table], month: str) -> str:
    """SHA-256 (its first digits) over the roster rows that count for a month."""
    counted = rosters.counted(tables, month)
    told = "".join(f"{view}{counted[view].to_pylist()}" for view in sorted(counted))
    return hashlib.sha256(told.encode()).hexdigest()[:DIGEST_LENGTH]


def read_rosters(source: Source, rosters: Rosters, provider_code: str) -> dict[str, pa.Table]:
    """The roster views and the provider's row as the source tells them now."""
    return {view: source.read(view, provider_code=provider_code) for view in ("provider", *rosters.views)}


def unconfirmed_digest(ledger: Ledger, scheme: Scheme, batch: Batch, folder: BatchFolder) -> str:
    """Digest of a batch's own rosters while its claim needs them and nobody has confirmed them; else empty."""
    rosters = scheme.rosters
    if rosters is None:
        return ""
    tables = {view: folder.read(VALIDATE, view) for view in ("provider", *rosters.views)}
    month = batch.treatment_month
    if not rosters.is_needed(batch.kind, batch.group, tables, month):
        return ""
    digest = digest_of(rosters, tables, month)
    return "" if confirmed_by(ledger, scheme.name, batch.provider_code, month, digest) else digest


def take_confirmed(source: Source, ledger: Ledger, scheme: Scheme, batch: Batch, folder: BatchFolder) -> bool:
    """Put the source's rosters of today into a waiting batch, if exactly these are confirmed.

    Each table and then the manifest are replaced as a whole; a crash in between leaves a batch that is done again.
    """
    rosters = _rosters_of(scheme)
    tables = read_rosters(source, rosters, batch.provider_code)
    digest = digest_of(rosters, tables, batch.treatment_month)
    if not confirmed_by(ledger, scheme.name, batch.provider_code, batch.treatment_month, digest):
        return False
    manifest = folder.manifest(VALIDATE) or {"inputs": {}}
    folder.write_tables(VALIDATE, {view: tables[view] for view in rosters.views})
    folder.seal(VALIDATE, manifest["inputs"] | {"rosters": digest})
    return True


def show_waiting(
    ledger: Ledger, scheme: Scheme, folder_of: Callable[[str], BatchFolder]
) -> list[dict[str, str]]:
    """Provider, month and digest of rosters that claims not yet handed off rest on and nobody has confirmed."""
    if scheme.rosters is None:
        return []
    found = set()
    for batch in ledger.batches(scheme.name, stages=["validated", "assembled", "checked"]):
        digest = unconfirmed_digest(ledger, scheme, batch, folder_of(batch.batch_id))
        if digest:
            found.add((batch.provider_code, batch.treatment_month, digest))
    return [
        {"provider_code": code, "month": month, "digest": digest} for code, month, digest in sorted(found)
    ]


def _rosters_of(scheme: Scheme) -> Rosters:
    if scheme.rosters is None:
        raise UsageError(f"{scheme.name} has no rosters.", f"{scheme.name}에는 근무 현황이 없습니다.")
    return scheme.rosters
