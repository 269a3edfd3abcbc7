"""What a scheme must bring. Where an ``if scheme == …`` would appear, a field is added here instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from cheonggu.codes import CodeLists
from cheonggu.layouts import LayoutCatalogue
from cheonggu.notices import Notice


@dataclass(frozen=True)
class BatchInput:
    """What assembly works on: one validated batch with its rosters, as Arrow tables of the source contract."""

    batch_id: str
    kind: str
    month: str
    claim_no: str
    claim_class: str
    claim_date: date
    group: Mapping[str, str]
    tables: Mapping[str, pa.Table]
    remark: str


@dataclass(frozen=True)
class Assembled:
    """A numbered claim as wire tables: ``header`` one row, ``records`` by record letter, whole statements in order.

    ``members``: statement_key, statement_no and the amounts as sent (int64 won).
    """

    header: pa.Table
    records: Mapping[str, pa.Table]
    members: pa.Table
    title: str


@dataclass(frozen=True)
class Scheme:
    """One claim scheme. ``statement_views`` are read per provider and month, ``roster_views`` per provider.

    A change in one of the ``context_views`` gives blocked statements another chance.

    ``value_on(name, day)`` gives a dated value of the scheme; ``department_column`` is the statement view's column that
    a waiver may name, empty where there is none; ``deadlines`` is the file of its time limits, and
    ``public_holidays(first, last)`` gives holiday_on (date32) and name of the days that are no working days.

    ``find_targets(statements, rosters, as_of)`` gives statement_key, is_billable (bool), identity (text),
    group_key (start of the batch id), kind and the ``group_columns`` (text) of every statement that is due.
    """

    name: str
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
    department_column: str = ""
