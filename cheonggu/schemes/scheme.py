"""What a scheme must bring. Where an ``if scheme == …`` would appear, a field is added here instead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from cheonggu.codes import CodeLists
from cheonggu.findings import none_found
from cheonggu.layouts import LayoutCatalogue
from cheonggu.notices import Notice
from cheonggu.optional_views import Cut
from cheonggu.sources.contract import Contract

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


def keep_amounts(
    tables: Mapping[str, pa.Table], batch: Mapping[str, str], settings: Mapping[str, Any]
) -> tuple[dict[str, pa.Table], pa.Table]:
    """For a scheme that computes no amounts: everything stays as the source gives it."""
    return dict(tables), none_found()


def accept_settings(settings: Mapping[str, Any]) -> None:
    """For a scheme that reads no table of the site file."""


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
class DisputeRules:
    """Remedies against a decision.

    ``remedies(lines)`` gives per finding the kinds it allows, parted by ';'; ``days(kind, notice_on, learned_on)`` the
    day to warn from and the last day; ``describe(class, code, detail)`` a code's official text; ``template`` the draft.
    """

    remedies: Callable[[pa.Table], pa.Array]
    days: Callable[[str, date, date | None], tuple[date, date]]
    describe: Callable[[str, str, str | None], str]
    template: Path


@dataclass(frozen=True)
class Scheme:
    """One claim scheme. ``statement_views`` are read per provider and month, ``roster_views`` per provider.

    ``statement_views[0]`` has one row per statement, ``provider_view`` one per provider. ``optional_views`` are read
    where the source has them. A change in one of the
    ``context_views`` gives blocked statements another chance, and so does a new instruction of one of the
    ``decision_kinds`` about the statement. ``linked_rosters`` names rosters of which a batch keeps only the rows its
    statements point to by that column. ``bundles_months``: one claim holds statements of every month that is due.

    ``member_columns``: column of the ledger's members → SQL over a row ``s`` of the first view; ``member_order`` is
    the order of statements inside a claim, likewise; ``last_day`` the column of its last day.

    ``value_on(name, day)`` gives a dated value of the scheme; ``department_column`` is the statement view's column that
    a waiver may name, empty where there is none; ``deadlines`` is the file of its time limits, and
    ``public_holidays(first, last)`` gives holiday_on (date32) and name of the days that are no working days.

    ``find_targets(statements, rosters, as_of)`` gives statement_key, is_billable (bool), identity (text),
    group_key (start of the batch id), kind, slice_of (identity of the first slice, '' for all others), slice_no and
    the ``group_columns`` (text) of every statement that is due.

    ``rerun_classes(as_of)``: the claim classes beside the original; ``advise(reason, as_of)`` what a reason
    (code-detail) of a review asks for; ``claim_from(as_of)``: the first care day that may still be claimed.
    ``cut_addition(now, sent)`` leaves of whole statements what was never sent: the cut tables, and a verdict per
    statement_key (verdict: added, nothing, changed or fell).

    ``settle_amounts(tables, batch, settings)`` works out the amounts of validated tables: it fills what is missing and
    compares what is given. ``batch``: kind, provider_code and group; ``settings``: tables of the site file. It gives
    the tables (further ones may be added) and findings per statement, of which an error sets its statement aside.
    ``settings_key`` names the table of the site file it reads: a change there gives blocked statements another chance.
    ``rosters`` are the ``target_rosters`` and the provider.

    ``once_files``: files of a claim that carry its number and never go twice; None stands for all of them.

    ``take_files(tables, origin, store)`` copies the files that the tables name into the store, by content, and gives
    a table per view of its own. ``judge(tables, context)`` gives findings of a whole batch once the shapes hold.
    ``find_visits(tables)`` gives statement_key and visit (plain text, kept only as a keyed hash) of every visit that
    another scheme could claim too.
    ``check_settings`` raises UsageError for odd tables of the site file, before anything starts.
    """

    name: str
    contract: Contract
    shapes: str
    layouts: LayoutCatalogue
    codes: CodeLists
    rule_folders: tuple[Path, ...]
    statement_views: tuple[str, ...]
    roster_views: tuple[str, ...]
    context_views: tuple[str, ...]
    group_columns: tuple[str, ...]
    gateway: str
    files_folder: str
    simulator: str
    find_targets: Callable[[pa.Table, Mapping[str, pa.Table], date], pa.Table]
    assemble: Callable[[BatchInput], Assembled]
    write_claim: Callable[[Path, str, Assembled, int], pa.Table]
    precheck_tables: Callable[[Path, Mapping[str, pa.Table], Mapping[str, Any]], dict[str, pa.Table]]
    parse_notice: Callable[[bytes], Notice]
    max_statements: Callable[[str, date], int]
    # Days after the hand-off until a claim without any answer counts as SEND_UNKNOWN, on a day.
    unknown_after_days: Callable[[date], int]
    explain_amount: Callable[[str], dict[str, Any]]
    value_on: Callable[[str, date], Any]
    deadlines: Path
    public_holidays: Callable[[date, date], pa.Table]
    department_column: str
    rerun_classes: Callable[[date], Mapping[str, RerunClass]]
    advise: Callable[[str, date], Advice]
    claim_from: Callable[[date], date]
    cut_addition: Callable[
        [Mapping[str, pa.Table], Mapping[str, pa.Table]], tuple[dict[str, pa.Table], pa.Table]
    ]
    rehearsal: Rehearsal
    provider_view: str
    target_rosters: tuple[str, ...]
    member_columns: Mapping[str, str]
    member_order: str
    last_day: str
    disputes: DisputeRules | None = None
    settle_amounts: Callable[
        [Mapping[str, pa.Table], Mapping[str, str], Mapping[str, Any]], tuple[dict[str, pa.Table], pa.Table]
    ] = keep_amounts
    settings_key: str = ""
    linked_rosters: Mapping[str, str] = field(default_factory=dict)
    bundles_months: bool = False
    decision_kinds: tuple[str, ...] = ()
    once_files: tuple[str, ...] | None = None
    file_views: tuple[str, ...] = ()
    take_files: Callable[[Mapping[str, pa.Table], Path, Path], dict[str, pa.Table]] | None = None
    judge: Callable[[Mapping[str, pa.Table], Mapping[str, Any]], pa.Table] | None = None
    find_visits: Callable[[Mapping[str, pa.Table]], pa.Table] | None = None
    rosters: Rosters | None = None
    check_settings: Callable[[Mapping[str, Any]], None] = accept_settings
    # Notices as record files: (file name → bytes, the site's layout tables, other offices' provider codes) → notice.
    parse_records: Callable[[Mapping[str, bytes], Iterable[Path], Mapping[str, str]], Notice] | None = None
    signatures: SignatureRules | None = None
    optional_views: Mapping[str, Cut] = field(default_factory=dict)
