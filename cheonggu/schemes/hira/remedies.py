"""Remedies against a decision: which code allows which (재심사조정청구, 이의신청), and until when.

Sources: lifecycle reference §§5 and 6; ``rules/remedies.csv`` turns the ``resubmit_as`` of the code lists into kinds of
remedy, ``rules/values`` hold the days. A code that the lists do not know is left to a person.
"""

from __future__ import annotations

import csv
from datetime import date, timedelta
from functools import cache

import pyarrow as pa

from cheonggu.schemes.hira.data import CODES, HOME, value_on

LISTS = {"adjusted": "adjustment_reason", "impossible": "review_impossible_reason"}
OBJECTION = "objection"


def find_remedies(lines: pa.Table) -> pa.Array:
    """Per finding (finding_class, code, detail_code) the kinds it allows, parted by ';'; empty where none."""
    keys = zip(*(lines[name].to_pylist() for name in ("finding_class", "code", "detail_code")), strict=True)
    return pa.array([_remedies(*one) for one in keys], pa.string())


def dispute_days(kind: str, notice_on: date, learned_on: date | None) -> tuple[date, date]:
    """The day to warn from and the last day, by the later way of counting.

    An objection counts from the day somebody learned of the notice, but never beyond the limit from the decision.
    """
    start = learned_on if kind == OBJECTION and learned_on is not None else notice_on
    warn_on = notice_on + timedelta(days=value_on("dispute_warning_days", notice_on))
    last_on = start + timedelta(days=value_on("objection_days", notice_on))
    if kind == OBJECTION:
        end = notice_on + timedelta(days=value_on("objection_days_from_decision", notice_on))
        last_on = min(last_on, end)
    return warn_on, last_on


def describe_finding(finding_class: str, code: str, detail_code: str | None) -> str:
    """The official Korean text of a finding's code; empty when the list does not know it."""
    row = _find_row(finding_class, code, detail_code)
    return "" if row is None else row["description_ko"]


@cache
def _remedies(finding_class: str, code: str, detail_code: str | None) -> str:
    if finding_class not in LISTS:
        return ""
    row = _find_row(finding_class, code, detail_code)
    return _table()[LISTS[finding_class], "" if row is None else row["resubmit_as"]]


def _find_row(finding_class: str, code: str, detail_code: str | None) -> dict[str, str] | None:
    """The row of a code with its detail, else of the code alone."""
    found: dict[str, str] | None = None
    for one in CODES.rows(LISTS[finding_class]) if finding_class in LISTS else ():
        if one.row["code"] == code and one.row["detail_code"] in (detail_code or "", ""):
            found = one.row if found is None or one.row["detail_code"] else found
    return found


@cache
def _table() -> dict[tuple[str, str], str]:
    with (HOME / "rules" / "remedies.csv").open(encoding="utf-8", newline="") as stream:
        return {(row["list"], row["resubmit_as"]): row["remedies"] for row in csv.DictReader(stream)}
