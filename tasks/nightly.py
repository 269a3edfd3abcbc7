"""What a night publishes: report files in the data folder, tables in Prefect, and events that alarms listen to.

Keys, numbers, codes and won only. Tables stay below Prefect's sensible size; the files hold everything.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
from prefect.artifacts import create_table_artifact
from prefect.events import emit_event

from cheonggu.ageing import collect_ageing, near_by_kind, sum_up, write_ageing
from cheonggu.batches import make_private
from cheonggu.errors import InputError, SiteError, StateError
from cheonggu.findings_report import make_report, write_report
from cheonggu.waivers import WAIVER, Waiver, find_expired, note_told, to_waiver
from tasks.resources import Resources

LOG = logging.getLogger(__name__)
MOST_ROWS = 1_000
NEAR, PASSED = "cheonggu.deadline.near", "cheonggu.deadline.passed"
RULE_COLUMNS = {
    "rule_id": "규칙",
    "level": "수준",
    "findings": "지적",
    "statements": "명세서",
    "won": "금액",
    "message_ko": "내용",
    "fix_ko": "조치",
}
RECONCILIATION_COLUMNS = {"kind": "항목", "count": "건", "won": "금액", "why": "까닭"}
AGEING_COLUMNS = {
    "what_ko": "할 일",
    "waits_for": "누가",
    "rows": "건",
    "statements": "명세서",
    "won": "금액",
    "since": "언제부터",
    "due_on": "기한",
    "days_left": "남은 날",
    "near": "임박",
}


def publish_findings(here: Resources, day: date) -> None:
    """The night's findings report as files, findings and waivers as tables; a waiver that ran out is told once."""
    folder = make_private(here.site.reports_folder(here.scheme.name, day))
    root = here.site.batches_folder(here.scheme.name)
    expired = find_expired(here.ledger, here.scheme.name, day)
    report = make_report(here.ledger, here.scheme.name, root, day, night=day, expired=expired)
    page = write_report(report, folder)
    create_table_artifact(
        key="findings",
        table=_show(report.rules.to_pylist(), RULE_COLUMNS),
        description=f"점검 결과, 규칙별. 점검제외 {report.totals['waived']}건, 미점검 규칙 "
        f"{len(report.not_checked)}건. 전체: {page.parent.name}/{page.name}",
    )
    _publish_waivers(here, day, expired)
    note_told(here.ledger, here.scheme.name, expired, here.actor)


def publish_reconciliation(here: Resources) -> None:
    """The open items of the reconciliation by kind; StateError when a won is neither explained nor open."""
    found = here.ledger.reconcile(here.scheme.name)
    create_table_artifact(
        key="reconciliation",
        table=_show(found.open_rows(), RECONCILIATION_COLUMNS),
        description="청구·심사·지급 대사의 미결 항목 ('cheonggu ledger reconcile'로 청구서별로 봅니다)",
    )
    if found.problems:
        first = found.problems[0]
        raise StateError(
            f"The reconciliation leaves won unexplained: {first.where}: {first.en}",
            f"대사에서 설명되지 않는 금액이 있습니다: {first.where}: {first.ko}",
            fix_en="Run 'cheonggu ledger verify' and 'cheonggu ledger reconcile', and look at that claim.",
            fix_ko="'cheonggu ledger verify'와 'cheonggu ledger reconcile'을 실행하여 그 청구서를 확인하세요.",
        )


def _publish_waivers(here: Resources, day: date, expired: Sequence[Waiver]) -> None:
    """The waivers that hold, and those that ran out."""
    name = here.scheme.name
    valid = [(to_waiver(one), "유효") for one in here.ledger.instructions(name, kind=WAIVER, valid_on=day)]
    rows = [
        {
            "번호": one.id,
            "상태": status,
            "규칙": one.rule_id,
            "범위": one.scope,
            "요양기관": one.provider_code,
            "대상": one.statement_key or one.department or "",
            "기한": one.expires_on.isoformat(),
            "결정한 사람": one.person,
        }
        for one, status in [*((one, "만료") for one in expired), *valid]
    ]
    create_table_artifact(
        key="waivers",
        table=rows[:MOST_ROWS],
        description=f"점검제외: 유효 {len(valid)}건, 새로 만료 {len(expired)}건",
    )


def publish_ageing(here: Resources, day: date) -> None:
    """What waits, as files and as a table by kind; an event for each kind whose deadline is near or over."""
    ageing = _collect_ageing(here, day)
    write_ageing(ageing, make_private(here.site.reports_folder(here.scheme.name, day)))
    create_table_artifact(
        key="ageing",
        table=_show(sum_up(ageing).to_pylist(), AGEING_COLUMNS),
        description="미결 현황, 급한 순서. 전체는 reports 폴더의 ageing.xlsx",
    )
    for one in near_by_kind(ageing):
        _raise_alarm(here.scheme.name, one)


def _collect_ageing(here: Resources, day: date) -> pa.Table:
    """With what the source alone knows; a source that is away now does not undo a night that is over."""
    try:
        with here.source() as source:
            return collect_ageing(here.ledger, here.scheme, here.site, day, source)
    except (SiteError, InputError) as error:
        LOG.warning("unclaimed statements of the source are not in the ageing report: %s", error)
        return collect_ageing(here.ledger, here.scheme, here.site, day, None)


def _raise_alarm(scheme: str, near: Mapping[str, Any]) -> None:
    """One event per provider and kind; a notification may quote everything in it."""
    where = f"{scheme}.{near['provider_code']}"
    emit_event(
        event=PASSED if near["days_left"] < 0 else NEAR,
        resource={
            "prefect.resource.id": f"cheonggu.deadline.{where}.{near['kind']}",
            "prefect.resource.name": f"{near['provider_code']} {near['kind']}",
        },
        related=[
            {"prefect.resource.id": f"cheonggu.waiting.{where}.{one}", "prefect.resource.role": "waiting"}
            for one in near["named"]
        ],
        payload={
            **{
                name: near[name]
                for name in ("kind", "what_ko", "deadline", "rows", "statements", "won", "days_left")
            }
        }
        | {"due_on": near["due_on"].isoformat()},
    )


def _show(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> list[dict[str, Any]]:
    """Rows under Korean headings; days as text, because an artifact holds no dates."""
    return [
        {
            title: str(row[name]) if isinstance(row[name], date) else row[name]
            for name, title in columns.items()
        }
        for row in rows
    ][:MOST_ROWS]
