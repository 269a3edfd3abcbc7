"""A rerun as plain values: what was asked for, what would be sent, what changed, and what stays behind and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

CHANGED = "변경 changed"  # in place of a value that could be personal
ADDED, REMOVED = "added", "removed"


@dataclass(frozen=True)
class Request:
    """What a person asks for. Without receipt numbers and statements: everything that is ready.

    ``claim_class`` is a name of the scheme's ``reruns.classes``; ``statement_keys`` are the hospital's or the ledger's.
    """

    claim_class: str
    provider_code: str
    as_of: date
    receipt_nos: tuple[str, ...] = ()
    statement_keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """One field of one row that is not as it was sent; ``row`` is the rest of the row's key, '' for the statement."""

    view: str
    row: str
    field: str
    old: str
    new: str

    def __str__(self) -> str:
        place = f"{self.view} {self.row}".strip()
        return f"{place}.{self.field}: {self.old or '-'} → {self.new or '-'}"


@dataclass(frozen=True)
class Planned:
    """A statement that would be sent, with what it refers to ('' where the class refers to nothing)."""

    statement_key: str
    source_key: str
    care_month: str
    group_key: str
    parent_key: str = ""
    parent_claim_no: str = ""
    receipt_year: str = ""
    receipt_no: str = ""
    statement_no: str = ""
    class_code: str = ""
    reason_code: str = ""
    detail_code: str = ""
    round: int = 1
    basis: str = ""
    content_hash: str = ""
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class LeftOut:
    """A statement that would not be sent: a stable word and why, in both languages."""

    key: str
    receipt_no: str
    statement_no: str
    word: str
    ko: str
    en: str


@dataclass(frozen=True)
class Plan:
    """The dry run: nothing was changed by making it."""

    request: Request
    planned: tuple[Planned, ...]
    left_out: tuple[LeftOut, ...]

    def rows(self) -> Iterator[dict[str, str]]:
        """A line per statement for a table; no personal data."""
        for one in self.planned:
            yield {
                "결과 result": "청구 send",
                "명세서 statement": one.source_key,
                "접수번호 receipt": f"{one.receipt_year}-{one.receipt_no}" if one.receipt_no else "",
                "일련번호 serial": one.statement_no,
                "사유코드 reason": one.reason_code,
                "차수 round": str(one.round),
                "내용 what": "; ".join(map(str, one.changes)),
            }
        for two in self.left_out:
            yield {
                "결과 result": f"제외 {two.word}",
                "명세서 statement": two.key,
                "접수번호 receipt": two.receipt_no,
                "일련번호 serial": two.statement_no,
                "사유코드 reason": "",
                "차수 round": "",
                "내용 what": f"{two.ko} · {two.en}",
            }
