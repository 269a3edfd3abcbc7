"""What a scheme must bring. Where an ``if scheme == …`` would appear, a field is added to one of its parts instead.

Here stands what the shared stages and a scheme hand each other; ``parts.py`` holds the parts that need none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from cheonggu.codes import CodeLists
from cheonggu.layouts import LayoutCatalogue
from cheonggu.schemes.parts import AmountRules, AnswerRules, CheckRules, SourceViews, TargetRules

# The name of a batch's claim class in its group; originals have none.
CLASS_NAME = "class_name"
# What the statements of a rerun batch refer to, as a table of the batch folder beside the source's views.
REFERENCES = "back_reference"
REFERENCE_COLUMNS = pa.schema(
    [
        (name, pa.string())
        for name in (
            "statement_key",
            "class_code",
            "original_receipt_no",
            "original_statement_no",
            "reason_code",
        )
    ]
)


@dataclass(frozen=True)
class RerunClass:
    """A claim class (청구구분) other than the original, as the scheme's dated rules describe it.

    ``relation``: supplement, addition, slice or omitted. ``header_code`` and ``statement_code`` stand on the wire; a
    parent's code in ``keeps_codes`` goes on. ``resubmit_as``: words of the reason list that allow it;
    ``resubmit_if_named``: only when a person names the statement. ``needs_change_in``: fields of which one must
    differ from what was sent. ``is_automatic``: the night makes it by itself.
    """

    name: str
    title_ko: str
    relation: str
    header_code: str
    statement_code: str
    from_states: tuple[str, ...]
    typed_states: tuple[str, ...]
    resubmit_as: tuple[str, ...]
    resubmit_if_named: tuple[str, ...]
    needs_reason: bool
    keeps_codes: tuple[str, ...]
    is_automatic: bool
    needs_change_in: tuple[str, ...]


@dataclass(frozen=True)
class Advice:
    """What a reason asks for: a word of the reason list and its sentence in both languages."""

    word: str
    ko: str
    en: str


@dataclass(frozen=True)
class BatchInput:
    """What assembly works on: one validated batch with its rosters, as Arrow tables of the source contract.

    ``references`` (``REFERENCE_COLUMNS``) is empty for originals.
    """

    batch_id: str
    kind: str
    month: str
    claim_no: str
    claim_class: str
    claim_date: date
    group: Mapping[str, str]
    tables: Mapping[str, pa.Table]
    remark: str
    references: pa.Table = field(default_factory=REFERENCE_COLUMNS.empty_table)
    files: Path = Path()


@dataclass(frozen=True)
class Assembled:
    """A numbered claim as wire tables: ``header`` one row, ``records`` by record letter, whole statements in order.

    ``members``: statement_key, statement_no and the amounts as sent (int64 won). ``files``: name inside the
    claim → where the file lies that goes along unchanged; ``facts``: what pages need besides the wire.
    ``lines`` (``ledger.lines.CLAIM_LINES``): what is asked for line by line, where the scheme's answers do the same.
    """

    header: pa.Table
    records: Mapping[str, pa.Table]
    members: pa.Table
    title: str
    lines: pa.Table | None = None
    files: Mapping[str, Path] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


class Unsigned(Protocol):
    """A statement that waits for a signature: whom to tell, and the words."""

    @property
    def statement_key(self) -> str: ...
    @property
    def phone(self) -> str: ...
    @property
    def email(self) -> str: ...
    def render(self, on: date) -> tuple[str, str]:
        """Title and text, which hold names; InputError names what is missing."""
        ...


@dataclass(frozen=True)
class SignatureRules:
    """Who is asked to sign: ``find(tables of views, as_of)``, and the days after which they are reminded."""

    views: tuple[str, ...]
    find: Callable[[Mapping[str, pa.Table], date], Iterable[Unsigned]]
    reminder_days: Callable[[date], Sequence[int]]


@dataclass(frozen=True)
class Rehearsal:
    """A made-up source of the scheme, to rehearse a night with.

    ``build(folder, size, as_of)`` writes ``database`` and ``truth.csv`` (statement_key, rule_id) into ``folder``.
    ``peer`` is the gateway's folder, where the simulated counterpart works; ``under_way`` are the claim states for
    which its answers are still to come; ``page`` is the readable page of a claim in its batch folder.
    """

    folder: str
    database: str
    as_of: date
    build: Callable[[Path, int, date], object]
    default_size: int
    name_ko: str
    name_en: str
    page: str
    peer: str
    under_way: tuple[str, ...] = ("HANDED_OFF", "SENT", "RECEIVED", "IN_REVIEW")


@dataclass(frozen=True)
class Rosters:
    """Who worked, as far as claims rest on it: a person may have to confirm it.

    ``views`` are read per provider, the columns of ``care`` per provider and month. ``is_needed(kind, group, tables,
    month)``: whether a claim carries anything of them. ``counted(tables, month)``: the rows that decide, of which a
    digest is confirmed. ``sheet(tables, month, settings)``: what, who and value (text) of every line a person sees,
    nothing personal.
    """

    views: tuple[str, ...]
    care: Mapping[str, tuple[str, ...]]
    is_needed: Callable[[str, Mapping[str, str], Mapping[str, pa.Table], str], bool]
    counted: Callable[[Mapping[str, pa.Table], str], dict[str, pa.Table]]
    sheet: Callable[[Mapping[str, pa.Table], str, Mapping[str, Any]], list[dict[str, str]]]


@dataclass(frozen=True)
class ClaimFiles:
    """A claim as files.

    ``assemble`` numbers and sums a batch without clock or ledger. ``write(folder, kind, claim, chunk_statements)``
    writes the files below ``folder`` of the stage and gives findings instead of writing anything wrong.
    ``once``: files that carry the claim's number and never go twice; None stands for all of them.
    """

    layouts: LayoutCatalogue
    folder: str
    assemble: Callable[[BatchInput], Assembled]
    write: Callable[[Path, str, Assembled, int], pa.Table]
    once: tuple[str, ...] | None = None


@dataclass(frozen=True)
class RerunRules:
    """Claims that follow others.

    ``classes(as_of)``: the claim classes beside the original, by name; ``advise(reason, as_of)`` what a reason
    (code-detail) of a review asks for; ``claim_from(as_of)``: the first care day that may still be claimed.
    ``cut_addition(now, sent)`` leaves of whole statements what was never sent: the cut tables, and a verdict per
    statement_key (verdict: added, nothing, changed or fell). ``cut_rest(now, sent)`` leaves of whole statements what
    their additions do not carry, with days and details as they are; None where a scheme knows no additions.
    """

    classes: Callable[[date], Mapping[str, RerunClass]]
    advise: Callable[[str, date], Advice]
    claim_from: Callable[[date], date]
    cut_addition: Callable[
        [Mapping[str, pa.Table], Mapping[str, pa.Table]], tuple[dict[str, pa.Table], pa.Table]
    ]
    cut_rest: (
        Callable[[Mapping[str, pa.Table], Mapping[str, pa.Table]], tuple[dict[str, pa.Table], pa.Table]]
        | None
    ) = None


@dataclass(frozen=True)
class Scheme:
    """One claim scheme: its parts by subject, and who is on the other side.

    ``value_on(name, day)`` gives a dated value of the scheme. ``gateway`` names the way out (``cheonggu.gateways``),
    ``simulator`` the sub-command that plays the counterpart. ``rosters`` and ``signatures`` are missing where no person
    has to confirm who worked, and where nobody outside signs.
    """

    name: str
    codes: CodeLists
    value_on: Callable[[str, date], Any]
    views: SourceViews
    targets: TargetRules
    files: ClaimFiles
    checks: CheckRules
    amounts: AmountRules
    answers: AnswerRules
    reruns: RerunRules
    gateway: str
    simulator: str
    rehearsal: Rehearsal
    rosters: Rosters | None = None
    signatures: SignatureRules | None = None
