"""Review requests (심사청구): which decisions allow one, until when, and the draft a claimant may sign and hand in.

Whoever does not agree with a decision may ask the association's review committee within 90 days from knowing it (Act
article 57, Decree article 25); the last day moves on over holidays. Nothing is handed in by the program.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.schemes.parts import DisputeRules
from cheonggu.schemes.school_safety.assessment_rules import load_book
from cheonggu.schemes.school_safety.deadlines import end_of_days
from cheonggu.schemes.school_safety.values import HOME, value_on

KIND = "objection"
DAYS = "review_request_days"


def find_remedies(lines: pa.Table) -> pa.Array:
    """Per finding the remedy it allows: whatever was left out of a decision; papers asked for decide nothing yet."""
    return pc.if_else(pc.equal(lines["finding_class"], "adjusted"), KIND, "").combine_chunks()


def request_days(kind: str, notice_on: date, learned_on: date | None) -> tuple[date, date]:
    """The day to warn from (90 days from the decision) and the last day (from knowing it, moved on over holidays).

    Where the holidays are not known, the stricter day stands.
    """
    days = int(value_on(DAYS, notice_on))
    start = learned_on or notice_on
    last_on = end_of_days(start, days, moves=True) or start + timedelta(days=days)
    return notice_on + timedelta(days=days), last_on


def describe_reason(finding_class: str, code: str, detail_code: str | None) -> str:
    """What a reason of a decision means by our rules (label of the first rule that gives it); empty when unknown."""
    return _labels().get(code, "")


@cache
def _labels() -> Mapping[str, str]:
    book = load_book()
    found: dict[str, str] = {}
    for one in (*book.coverage, *book.gates, *book.totals.values()):
        for said in (one, one.get("missing"), one.get("count", {}).get("exceeded"), one.get("pool")):
            if said:
                found.setdefault(str(said["reason_code"]), str(one["label_ko"]))
    return found


DISPUTES = DisputeRules(
    remedies=find_remedies,
    days=request_days,
    describe=describe_reason,
    template=HOME / "documents" / "review_request.html.jinja",
    titles={KIND: "심사청구서"},
)
