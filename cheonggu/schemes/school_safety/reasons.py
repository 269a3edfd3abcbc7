"""Why a blocked claim waits, in the words of its own case (보류 사유): the notice's next step, the channel's reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

import pyarrow as pa

from cheonggu.query import Tables
from cheonggu.schemes.school_safety.accident_desk import next_step
from cheonggu.schemes.school_safety.assessment_rules import Profile, load_profile
from cheonggu.schemes.school_safety.channels import check_channel
from cheonggu.schemes.school_safety.judgements import rules_by
from cheonggu.schemes.school_safety.states import label_ko

STANDS = """
SELECT c.statement_key, c.channel, a.status, a.approval_mode, a.approved_on
FROM benefit_claim c JOIN accident a USING (accident_no)
"""
Explain = Callable[[Mapping[str, Any], Profile, date], dict[str, str]]


def explain_findings(
    found: Iterable[dict[str, Any]], tables: Mapping[str, pa.Table], as_of: date
) -> Iterator[dict[str, Any]]:
    """The findings; those whose reason stands in one field of the source name it and say what is to be done."""
    db = Tables(benefit_claim=tables["benefit_claim"], accident=tables["accident"])
    rows = {row["statement_key"]: row for row in db.table(STANDS).to_pylist()}
    profile = load_profile(tables["association"]["region"][0].as_py(), as_of)
    by_rule = {rules_by("reason")[reason]: explain for reason, explain in EXPLAINED.items()}
    for one in found:
        explain = by_rule.get(one["rule_id"])
        if explain is None:
            yield one
        else:
            said = explain(rows[one["statement_key"]], profile, as_of)
            yield {**one, **said, "detail": f"{one['detail']}, {said['detail']}"}


def _explain_accident(row: Mapping[str, Any], profile: Profile, on: date) -> dict[str, str]:
    """Where the notice stands and what it owes; the claim waits for that."""
    step = next_step(row)
    return {
        "record": "accident",
        "field": "status",
        "detail": f"{row['status']} {label_ko('accident', row['status'])} ({row['approval_mode']})",
        "fix_ko": f"{step.ko}.",
        "fix_en": f"{step.en}.",
    }


def _explain_channel(row: Mapping[str, Any], profile: Profile, on: date) -> dict[str, str]:
    answer = check_channel(row["channel"], profile, on)
    return {
        "record": "benefit_claim",
        "field": "channel",
        "detail": row["channel"],
        "message_ko": answer.reason_ko,
        "message_en": answer.reason_en,
    }


EXPLAINED: Mapping[str, Explain] = {
    "ACCIDENT_NOT_ACCEPTED": _explain_accident,
    "CHANNEL_NOT_ALLOWED": _explain_channel,
}
