"""The ageing report (미결 현황): every statement and claim that waits, since when, for whom, until when, and its won.

Sorted by urgency: the shortest time left first. Nothing in it is personal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from cheonggu.batches import BatchFolder, write_bytes
from cheonggu.confirming import show_waiting
from cheonggu.deadlines import Deadlines, load_deadlines
from cheonggu.ledger import Ledger
from cheonggu.ledger.sheets import sheet_of, write_book
from cheonggu.ledger.waiting import WAITING
from cheonggu.objections import find_candidates
from cheonggu.query import Tables
from cheonggu.schemes.scheme import Scheme
from cheonggu.site import Site
from cheonggu.sources import Source

AGEING = pa.schema(
    [
        *WAITING,
        pa.field("waits_for", pa.string()),
        pa.field("what_ko", pa.string()),
        pa.field("what_en", pa.string()),
        pa.field("days", pa.int64()),
        pa.field("deadline", pa.string()),
        pa.field("days_left", pa.int64()),
        pa.field("is_near", pa.bool_()),
        pa.field("confidence", pa.string()),
    ]
)


@dataclass(frozen=True)
class Kind:
    """One sort of waiting: its deadline, who must act, and what to do.

    ``by_month`` counts from the first day of the care month: the ledger does not know the day, and early is safe.
    """

    deadline: str
    waits_for: str
    what_ko: str
    what_en: str
    by_month: bool = False


KINDS: Mapping[str, Kind] = {
    "never_taken": Kind("claim_limit", "hospital", "심사·마감 후 청구", "review, close the day, claim", True),
    "unclaimed": Kind("claim_limit", "hospital", "다음 밤에 청구되는지 확인", "see that it is claimed", True),
    "blocked": Kind("claim_limit", "hospital", "오류를 고치거나 점검제외", "mend the error or waive it", True),
    "impossible": Kind("supplement_claim_limit", "hospital", "고쳐서 보완청구", "supplementary claim", True),
    "refused_by_payer": Kind("claim_limit", "hospital", "자격 확인 후 처리", "check the payer", True),
    "taken_back": Kind("claim_limit", "hospital", "환수: 다시 청구할지 결정", "claim it anew or let it be", True),
    "held_by_reviewer": Kind("", "reviewer", "심사보류: 요청 자료가 있으면 제출", "held: send material if asked"),
    "objection_filed": Kind("objection_decision_expected", "reviewer", "이의신청 결정을 확인", "wait for the decision"),
    "re_review_filed": Kind("re_review_decision_expected", "reviewer", "재심사 결과를 확인", "wait for the answer"),
    "objection": Kind("objection", "hospital", "이의신청·심사청구 여부 결정", "decide on an objection or review"),
    "material": Kind("supplement_material", "hospital", "요청 자료 제출", "send the material asked for"),
    "not_handed_off": Kind("person", "hospital", "승인·송신 대기 확인", "approve, or see why it waits"),
    "not_sent": Kind("receipt_expected", "hospital", "청구 프로그램에서 로그인하여 송신", "log in and send"),
    "no_receipt": Kind("receipt_expected", "reviewer", "접수통보를 확인", "look for the receipt"),
    "send_unknown": Kind("person", "hospital", "송신 여부를 발신함·포털에서 확인", "look into outbox or portal"),
    "no_review": Kind("review_expected", "reviewer", "심사결과를 확인", "look for the review result"),
    "rosters": Kind("", "hospital", "근무 현황 확정", "confirm the rosters"),
    "held_claim": Kind("person", "hospital", "보류 사유를 보고 결정", "decide about the hold"),
    "stopped_claim": Kind("person", "hospital", "통보와 원장의 차이를 확인", "compare notice and ledger"),
}  # fmt: skip


# The day each deadline counts from: as given, else the first day of the care month, else since when it waits.
STARTED = """
CREATE TABLE started AS
SELECT w.* REPLACE (coalesce(w.start_on, CASE WHEN k.by_month THEN strptime(w.month || '01', '%Y%m%d')::DATE
    ELSE w.since END) AS start_on), k.waits_for, k.what_ko, k.what_en, k.deadline, k.begins
FROM waiting w JOIN kind k USING (kind)
"""
COUNTED = """
SELECT s.* REPLACE (coalesce(s.due_on, d.warn_on) AS due_on, coalesce(s.forbid_on, d.late_on) AS forbid_on,
        nullif(s.deadline, '') AS deadline),
    d.confidence, $today::DATE - s.since AS days, coalesce(s.due_on, d.warn_on) - $today::DATE AS days_left,
    coalesce(coalesce(s.due_on, d.warn_on) - $today::DATE <= s.begins, false) AS is_near
FROM started s LEFT JOIN due d USING (deadline, start_on)
"""


def collect_ageing(
    ledger: Ledger, scheme: Scheme, site: Site, today: date, source: Source | None
) -> pa.Table:
    """``AGEING`` of everything that waits; without a source, all but what the ledger has never seen."""
    deadlines = load_deadlines(scheme.answers.deadlines, scheme.answers.public_holidays)
    waiting = [
        ledger.waiting(scheme.name),
        find_objections(ledger, scheme, today),
        find_unconfirmed(ledger, scheme, site.batches_folder(scheme.name)),
    ]
    if source is not None:
        waiting.append(find_never_taken(source, ledger, scheme, site.first_care_month, deadlines, today))
    return make_ageing(pa.concat_tables(waiting), deadlines, today)


def make_ageing(waiting: pa.Table, deadlines: Deadlines, today: date) -> pa.Table:
    """``AGEING`` of rows of ``WAITING`` on a day, the most urgent first."""
    db = Tables(waiting=waiting, kind=_kinds(deadlines))
    db.run(STARTED)
    db.add("due", _dues(db, deadlines))
    names = ", ".join(AGEING.names)
    order = "days_left NULLS LAST, since NULLS LAST, kind, provider_code, claim_no, statement_key, code"
    return db.table(f"SELECT {names} FROM ({COUNTED}) ORDER BY {order}", {"today": today}).cast(AGEING)


def _kinds(deadlines: Deadlines) -> pa.Table:
    """The kinds as a table, with the days left at which the alarm of each begins."""
    rows = [
        {"kind": name, **vars(one), "begins": deadlines.alarm_begins(one.deadline)}
        for name, one in KINDS.items()
    ]
    return pa.Table.from_pylist(rows)


def _dues(db: Tables, deadlines: Deadlines) -> pa.Table:
    """When each count ends: the few different ones are computed once."""
    pairs = db.rows("SELECT DISTINCT deadline, start_on FROM started WHERE start_on IS NOT NULL")
    ends = [(name, start, deadlines.due(name, start)) for name, start in pairs if name in deadlines.by_id]
    return pa.table(
        {
            "deadline": pa.array([name for name, _, _ in ends], pa.string()),
            "start_on": pa.array([start for _, start, _ in ends], pa.date32()),
            "warn_on": pa.array([one.warn_on for _, _, one in ends], pa.date32()),
            "late_on": pa.array([one.forbid_on for _, _, one in ends], pa.date32()),
            "confidence": pa.array([one.confidence for _, _, one in ends], pa.string()),
        }
    )


def find_objections(ledger: Ledger, scheme: Scheme, today: date) -> pa.Table:
    """``WAITING`` rows of what could be disputed, by claim and last day; the days are those of the remedies' rules."""
    if scheme.answers.disputes is None:
        return WAITING.empty_table()
    db = Tables(candidate=find_candidates(ledger, scheme, today))
    rows = db.table(
        """WITH one AS (
            SELECT provider_code, claim_no, statement_no, max(amount) AS amount,
                min(notice_on) AS notice_on, max(warn_on) AS warn_on, max(last_on) AS last_on
            FROM candidate GROUP BY provider_code, claim_no, statement_no)
        SELECT 'objection' AS kind, provider_code, claim_no, NULL AS statement_key, NULL AS month, NULL AS code,
            notice_on AS since, notice_on AS start_on, warn_on AS due_on, last_on AS forbid_on,
            count(*) AS statements, sum(amount)::BIGINT AS won
        FROM one GROUP BY provider_code, claim_no, notice_on, warn_on, last_on"""
    )
    return rows.cast(WAITING)


def find_never_taken(
    source: Source, ledger: Ledger, scheme: Scheme, first_month: str, deadlines: Deadlines, today: date
) -> pa.Table:
    """``WAITING`` rows of statements whose limit is near and that the ledger has never seen, straight from the source.

    Only months whose limit is near are read. SiteError or ContractError from the source.
    """
    found = [WAITING.empty_table()]
    groups = source.groups(first_month, today.strftime("%Y%m"))
    months = zip(groups["provider_code"].to_pylist(), groups["care_month"].to_pylist(), strict=True)
    for provider_code, month in months:
        start = date(int(month[:4]), int(month[4:]), 1)
        if not deadlines.due(KINDS["never_taken"].deadline, start).is_near(today):
            continue
        view = scheme.views.statement[0]
        db = Tables(
            statement=source.read(view, provider_code=provider_code, care_month=month),
            known=ledger.known_statements(scheme.name, provider_code, month),
        )
        rows = db.table(
            f"""SELECT 'never_taken' AS kind, s.provider_code, NULL AS claim_no, s.statement_key,
                s.care_month AS month, NULL AS code, any_value(s.{scheme.views.last_day}) AS since, NULL AS start_on,
                NULL AS due_on, NULL AS forbid_on, 1 AS statements,
                any_value({scheme.targets.member_columns["claimed_amount"]}) AS won
            FROM statement s ANTI JOIN known k ON k.statement_key = s.statement_key
            GROUP BY s.provider_code, s.statement_key, s.care_month"""
        )
        found.append(rows.cast(WAITING))
    return pa.concat_tables(found)


def find_unconfirmed(ledger: Ledger, scheme: Scheme, batches: Path) -> pa.Table:
    """``WAITING`` rows of rosters that claims rest on and nobody has confirmed; ``code`` is their digest."""
    rows = show_waiting(ledger, scheme, lambda batch_id: BatchFolder(batches, batch_id))
    return pa.Table.from_pylist(
        [
            {**dict.fromkeys(WAITING.names), "kind": "rosters", "statements": 0, "won": 0}
            | {"provider_code": one["provider_code"], "month": one["month"], "code": one["digest"]}
            for one in rows
        ],
        schema=WAITING,
    )


def sum_up(ageing: pa.Table) -> pa.Table:
    """By kind and who must act: how many statements, the won, since when, the first day due, and how many are near."""
    return Tables(ageing=ageing).table(
        """SELECT kind, waits_for, any_value(what_ko) AS what_ko, any_value(what_en) AS what_en,
            count(*) AS rows, sum(statements)::BIGINT AS statements, sum(won)::BIGINT AS won, min(since) AS since,
            min(due_on) AS due_on, min(days_left) AS days_left, count(*) FILTER (is_near) AS near
        FROM ageing GROUP BY kind, waits_for ORDER BY days_left NULLS LAST, kind"""
    )


def near_by_kind(ageing: pa.Table, most_named: int = 20) -> list[dict[str, Any]]:
    """What alarms are raised for: by kind and provider, with the first day due and a few claim numbers or keys."""
    found = Tables(ageing=ageing).table(
        f"""SELECT kind, provider_code, any_value(what_ko) AS what_ko, any_value(deadline) AS deadline,
            count(*) AS rows,
            sum(statements)::BIGINT AS statements, sum(won)::BIGINT AS won, min(due_on) AS due_on,
            min(days_left) AS days_left,
            list(coalesce(claim_no, statement_key) ORDER BY days_left, claim_no, statement_key)[:{most_named}] AS named
        FROM ageing WHERE is_near GROUP BY kind, provider_code ORDER BY days_left, kind, provider_code"""
    )
    return list(found.to_pylist())


def as_json(ageing: pa.Table) -> str:
    """Rows and sums, days as ISO text."""
    facts = {"kinds": sum_up(ageing).to_pylist(), "rows": ageing.to_pylist()}
    return json.dumps(facts, ensure_ascii=False, indent=1, default=str)


def write_ageing(ageing: pa.Table, folder: Path) -> None:
    """Workbook and JSON of a night below ``folder``, in place of those of an earlier run."""
    write_bytes(folder / "ageing.json", as_json(ageing).encode())
    temporary = folder / ".ageing.xlsx.part"
    write_book(temporary, [sheet_of("요약 kinds", sum_up(ageing)), sheet_of("미결 waiting", ageing)])
    temporary.replace(folder / "ageing.xlsx")
