"""The parts of a scheme, by subject: what it reads, when it claims, checks, works out, and how it reads answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from cheonggu.findings import none_found
from cheonggu.notices import Clock, Notice, Receipt
from cheonggu.optional_views import Cut
from cheonggu.sources.contract import Contract


def keep_amounts(
    tables: Mapping[str, pa.Table], batch: Mapping[str, str], settings: Mapping[str, Any]
) -> tuple[dict[str, pa.Table], pa.Table]:
    """For a scheme that computes no amounts: everything stays as the source gives it."""
    return dict(tables), none_found()


def accept_settings(settings: Mapping[str, Any]) -> None:
    """For a scheme that reads no table of the site file."""


@dataclass(frozen=True)
class SourceViews:
    """What the scheme reads from the hospital: the ``contract`` with its views, and what each of them is for.

    ``shapes`` names a set of pandera shapes. ``statement`` views are read per provider and month, ``roster`` views per
    provider; ``statement[0]`` has one row per statement, ``provider`` one per provider. ``optional`` views are read
    where the source has them. A change in one of the ``context`` views gives blocked statements another chance.
    ``target_rosters`` are asked beside the provider when targets are looked for. ``linked_rosters`` names rosters of
    which a batch keeps only the rows its statements point to by that column.

    ``last_day`` is the statement view's column of its last day, ``department_column`` the one a waiver may name, empty
    where there is none.

    ``take_files(tables, origin, store)`` copies the files that the tables name into the store, by content, and gives a
    table per view of its own: the ``file`` views.
    """

    contract: Contract
    shapes: str
    statement: tuple[str, ...]
    provider: str
    roster: tuple[str, ...]
    context: tuple[str, ...]
    target_rosters: tuple[str, ...]
    last_day: str
    department_column: str = ""
    linked_rosters: Mapping[str, str] = field(default_factory=dict)
    optional: Mapping[str, Cut] = field(default_factory=dict)
    file: tuple[str, ...] = ()
    take_files: Callable[[Mapping[str, pa.Table], Path, Path], dict[str, pa.Table]] | None = None


@dataclass(frozen=True)
class TargetRules:
    """Which statements are due, which share a claim, and what the ledger keeps of them.

    ``find(statements, rosters, as_of)`` gives statement_key, is_billable (bool), identity (text), group_key (start of
    the batch id), kind, slice_of (identity of the first slice, '' for all others), slice_no and the ``group_columns``
    (text) of every statement that is due; ``rosters`` are the ``target_rosters`` and the provider.
    ``max_statements(kind, day)`` is the most a claim may hold. ``bundles_months``: one claim holds statements of every
    month that is due.

    ``member_columns``: column of the ledger's members → SQL over a row ``s`` of the first view; ``member_order`` is
    the order of statements inside a claim, likewise. ``find_visits(tables)`` gives statement_key and visit (plain text,
    kept only as a keyed hash) of every visit that another scheme could claim too.
    """

    find: Callable[[pa.Table, Mapping[str, pa.Table], date], pa.Table]
    group_columns: tuple[str, ...]
    max_statements: Callable[[str, date], int]
    member_columns: Mapping[str, str]
    member_order: str
    bundles_months: bool = False
    find_visits: Callable[[Mapping[str, pa.Table]], pa.Table] | None = None


@dataclass(frozen=True)
class CheckRules:
    """What may set a statement aside or hold a claim, beside its shape.

    ``rule_folders``: the scheme's own rules with their ``tables.csv`` first, then those it shares with other schemes.
    ``tables(assembled folder, source tables, settings)`` gives what the rules ask, from the files themselves; what the
    ledger knows of other schemes is added where ``tables.csv`` declares it. ``judge(tables, context)`` gives findings
    of a whole batch once the shapes hold; a new instruction of one of the ``decision_kinds`` about a blocked statement
    gives it another chance.
    """

    rule_folders: tuple[Path, ...]
    tables: Callable[[Path, Mapping[str, pa.Table], Mapping[str, Any]], dict[str, pa.Table]]
    judge: Callable[[Mapping[str, pa.Table], Mapping[str, Any]], pa.Table] | None = None
    decision_kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class AmountRules:
    """How amounts come about.

    ``explain(rule_id)`` shows a rule that gives an amount, as it stands in the data; UsageError for an unknown one.

    ``settle(tables, batch, settings)`` works out the amounts of validated tables: it fills what is missing and compares
    what is given. ``batch``: kind, provider_code and group; ``settings``: tables of the site file. It gives the tables
    (further ones may be added) and findings per statement, of which an error sets its statement aside.
    ``settings_key`` names the table of the site file it reads: a change there gives blocked statements another chance.
    ``check_settings`` raises UsageError for odd tables of the site file, before anything starts.
    """

    explain: Callable[[str], dict[str, Any]]
    settle: Callable[
        [Mapping[str, pa.Table], Mapping[str, str], Mapping[str, Any]], tuple[dict[str, pa.Table], pa.Table]
    ] = keep_amounts
    settings_key: str = ""
    check_settings: Callable[[Mapping[str, Any]], None] = accept_settings


@dataclass(frozen=True)
class DisputeRules:
    """Remedies against a decision.

    ``remedies(lines)`` gives per finding the kinds it allows, parted by ';'; ``days(kind, notice_on, learned_on)`` the
    day to warn from and the last day; ``describe(class, code, detail)`` a code's official text; ``template`` the draft,
    ``titles`` its official name by kind: the kinds this scheme knows.
    """

    remedies: Callable[[pa.Table], pa.Array]
    days: Callable[[str, date, date | None], tuple[date, date]]
    describe: Callable[[str, str, str | None], str]
    template: Path
    titles: Mapping[str, str]


@dataclass(frozen=True)
class AnswerRules:
    """What comes back and until when something must.

    ``parse_notice`` reads one notice; ``parse_records`` notices as record files: (file name → bytes, the site's layout
    tables, other offices' provider codes) → notice. ``unknown_after_days(day)``: days after the hand-off until a claim
    without any answer counts as SEND_UNKNOWN. ``deadlines`` is the file of the scheme's time limits, and
    ``public_holidays(first, last)`` gives holiday_on (date32) and name of the days that are no working days.
    """

    parse_notice: Callable[[bytes], Notice]
    unknown_after_days: Callable[[date], int]
    deadlines: Path
    public_holidays: Callable[[date, date], pa.Table]
    parse_records: Callable[[Mapping[str, bytes], Iterable[Path], Mapping[str, str]], Notice] | None = None
    disputes: DisputeRules | None = None
    # Days that a receipt starts: (receipt, values of the claim's group) → clocks.
    receipt_clocks: Callable[[Receipt, Mapping[str, str]], Iterable[Clock]] | None = None
