"""What every accident notice owes next (사고통지 현황): its state, route and duty, for the list and for findings.

The step of a notice that is not sent yet is the last one its route allows with the papers there (``approve``); every
other state has its step in ``rules/notice.toml``. The source says of a registered notice that its internally approved
report is there, and by ``approved_on`` that the head has signed or the signed paper is uploaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pyarrow as pa

from cheonggu.errors import StateError
from cheonggu.query import Tables
from cheonggu.schemes.school_safety.accident_notice import RULE_FILE, approve, notice_duty, routes
from cheonggu.schemes.school_safety.data import odd_entry, read_entries
from cheonggu.schemes.school_safety.forms import check_entry
from cheonggu.schemes.school_safety.states import ACCIDENT_MOVES, AccidentEvent, AccidentState, label_ko

FORM = "accident_notice"
# Fields of the form that the list rests on → columns of the source.
ENTRY = {
    "accident_at": "accident_on",
    "activity_kind": "activity_kind",
    "accident_kind": "accident_kind",
    "approval_mode": "approval_mode",
    "status": "status",
}
REPORT, SIGNED = "INTERNAL_APPROVAL", "SIGNED_NOTICE"
NOT_YET_SENT = frozenset({AccidentState.DRAFT, AccidentState.NOT_SENT})
NOTICES = """
SELECT provider_code, accident_no, school_code, accident_on, accident_on::TIMESTAMP AS accident_at, activity_kind,
       accident_kind, approval_mode, approved_on, notified_on, coalesce(nullif(status, ''), '?') AS status
FROM accident ORDER BY provider_code, accident_no
"""


@dataclass(frozen=True)
class Step:
    """What is to be done next; ``event`` is None while somebody else has to act or nothing is left."""

    event: AccidentEvent | None
    ko: str
    en: str


@cache
def _steps() -> dict[tuple[AccidentState, AccidentEvent | None], Step]:
    """The steps by state and event; DataFileError for one that the table of moves does not list."""
    found = {}
    for one in read_entries(RULE_FILE, "step", {"state", "event", "ko", "en"}):
        state = AccidentState(one["state"])
        event = AccidentEvent(one["event"]) if one["event"] else None
        if event is not None and not ACCIDENT_MOVES.allows(state, event):
            raise odd_entry(RULE_FILE, one["id"], f"{event.value} does not move {state.value}")
        found[state, event] = Step(event, one["ko"], one["en"])
    return found


def next_step(notice: Mapping[str, Any]) -> Step:
    """The step a notice owes. ``notice``: status, approval_mode, approved_on (None: not approved)."""
    state, steps = AccidentState(notice["status"]), _steps()
    if state is AccidentState.NOT_SENT:
        return steps[state, _approval_step(notice["approval_mode"], notice["approved_on"] is not None)]
    return next(step for (owner, _), step in steps.items() if owner is state)


def _approval_step(route: str, is_approved: bool) -> AccidentEvent:
    """The last step of the route that may be taken now."""
    papers = {REPORT, SIGNED} if is_approved else {REPORT}
    for event in reversed(routes()[route].events):
        try:
            approve(AccidentState.NOT_SENT, event, route, papers, is_head=True)
        except StateError:
            continue
        return event
    raise AssertionError(f"the first step of {route} needs nothing but the report")


def list_notices(accidents: pa.Table) -> list[dict[str, Any]]:
    """Every notice of the source with state, route, duty and next step; opaque keys only.

    ``odd_field`` names the column that the form of the notice does not take; of such a row no more is said.
    """
    return [_describe(row) for row in Tables(accident=accidents).table(NOTICES).to_pylist()]


def _describe(row: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: row[name] for name in ("provider_code", "accident_no", "school_code", "accident_on")}
    odd = next((one for one in check_entry(FORM, row) if one.field in ENTRY), None)
    if odd is not None:
        return {**said, "odd_field": ENTRY[odd.field], "step_ko": odd.ko, "step_en": odd.en}
    return {**said, "odd_field": None, **_read(row)}


def _read(row: Mapping[str, Any]) -> dict[str, Any]:
    duty, step = notice_duty(row, row["accident_on"]), next_step(row)
    state = AccidentState(row["status"])
    return {
        "state": state.value,
        "state_ko": label_ko("accident", state.value),
        "route": row["approval_mode"],
        "route_ko": routes()[row["approval_mode"]].label_ko,
        "duty_rule": duty.rule_id,
        "must_notify": duty.must_notify,
        "is_paid_here": duty.is_claimable,
        "duty_ko": duty.reason_ko,
        "duty_en": duty.reason_en,
        "owes": step.event.value if step.event else None,
        "step_ko": step.ko,
        "step_en": step.en,
        "is_notified": state not in NOT_YET_SENT,
        "notified_on": row["notified_on"],
    }
