"""What an accident notice owes before it moves (사고통지): the duty, the two approval routes and their papers.

On line the head signs and the notice goes out by itself; offline the hand-signed notice is uploaded and 통보 pressed.
Traffic accidents are notified too, although the car's insurer pays. Rules: ``rules/notice.toml``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from cheonggu.errors import StateError, UsageError
from cheonggu.schemes.school_safety.data import RULES, read_csv, read_entries
from cheonggu.schemes.school_safety.states import ACCIDENT_MOVES, AccidentEvent, AccidentState

RULE_FILE = RULES / "notice.toml"


@dataclass(frozen=True)
class NoticeDuty:
    """Whether the accident must be notified, whether this scheme can pay for it, and why."""

    rule_id: str
    must_notify: bool
    is_claimable: bool
    reason_ko: str
    reason_en: str


@dataclass(frozen=True)
class Route:
    """A way the head approves: its events in order and the papers each notice needs on it."""

    name: str
    label_ko: str
    events: tuple[AccidentEvent, ...]
    papers: tuple[str, ...]
    needs_head_login: bool


@cache
def routes() -> dict[str, Route]:
    """The approval routes by name (결재 방식)."""
    needed = {"label_ko", "events", "papers", "needs_head_login"}
    return {
        one["id"]: Route(
            one["id"],
            one["label_ko"],
            tuple(AccidentEvent(event) for event in one["events"]),
            tuple(one["papers"]),
            one["needs_head_login"],
        )
        for one in read_entries(RULE_FILE, "route", needed)
    }


def notice_duty(facts: Mapping[str, Any], on: date) -> NoticeDuty:
    """The duty for an accident of ``on``.

    ``facts``: accident_kind, is_mere_illness, is_health_room_only, is_claim_expected; what is not given does not hold.
    """
    for one in _duties():
        is_due = "valid_from" not in one or one["valid_from"] <= on
        if is_due and all(facts.get(name) == value for name, value in one["when"].items()):
            return NoticeDuty(one["id"], one["must_notify"], one["is_claimable"], one["ko"], one["en"])
    raise AssertionError("the last duty holds for every accident")


@cache
def _duties() -> tuple[dict[str, Any], ...]:
    return read_entries(RULE_FILE, "duty", {"when", "must_notify", "is_claimable", "ko", "en"})


def approve(
    state: AccidentState, event: AccidentEvent, route: str, papers: Collection[str], *, is_head: bool
) -> AccidentState:
    """The state after an approval step on a route.

    StateError when the table does not list the move, the route has no such step, a paper is missing, or somebody but
    the head signs; UsageError for an unknown route.
    """
    if route not in routes():
        raise UsageError(
            f"There is no approval route {route!r}.",
            f"{route!r} 결재 방식은 없습니다.",
            fix_en=f"Known: {', '.join(routes())}.",
            fix_ko=f"쓸 수 있는 값: {', '.join(routes())}.",
        )
    way = routes()[route]
    target = ACCIDENT_MOVES.target(state, event)
    if event not in way.events:
        raise _not_so(f"{event.value} is no step of the route {route}", f"{way.label_ko}에 없는 단계입니다")
    if way.needs_head_login and not is_head:
        raise _not_so("only the head signs on line", "온라인 결재는 학교장만 할 수 있습니다")
    lacking = [one for one in way.papers if one not in papers]
    if event is way.events[-1] and lacking:
        names = {one["document_code"]: one["document_ko"] for one in read_csv(RULES / "documents.csv")}
        spoken = ", ".join(names[one] for one in lacking)
        raise _not_so(f"papers are missing: {', '.join(lacking)}", f"서류가 없습니다: {spoken}")
    return target


def _not_so(en: str, ko: str) -> StateError:
    return StateError(
        f"The notice cannot be approved: {en}.",
        f"사고통지를 승인할 수 없습니다: {ko}.",
        fix_en="Nothing was changed.",
        fix_ko="아무것도 바뀌지 않았습니다.",
    )
