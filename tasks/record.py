"""Stage 6, record (기록): what the ledger holds after the night, proven and shown without personal data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
from prefect import task
from prefect.artifacts import create_table_artifact

from cheonggu.confirming import show_waiting
from cheonggu.errors import StateError
from tasks.nightly import publish_ageing, publish_findings, publish_reconciliation
from tasks.resources import open_resources
from tasks.settings import STAGE


@dataclass(frozen=True)
class Record:
    """Counts and won by state, of statements and claims."""

    statements: dict[str, Any]
    claims: dict[str, Any]


@task(task_run_name="record {scheme}", **STAGE)
def record(scheme: str, as_of: date) -> Record:
    """Prove the audit chain and publish what the night left: register, findings, waivers, what waits."""
    with open_resources(scheme) as here:
        problems = here.ledger.prove(here.site.prove_whole_days, here.actor).problems
        if problems:
            raise StateError(
                f"The ledger's audit chain is broken: {problems[0].en}",
                f"원장의 감사 기록이 맞지 않습니다: {problems[0].ko}",
                fix_en="Stop filing and restore the ledger from its backup.",
                fix_ko="청구를 멈추고 원장을 백업에서 복구하세요.",
            )
        status = here.ledger.status(scheme)
        create_table_artifact(
            key="claims",
            table=[_row(claim) for claim in here.ledger.claims(scheme)[-1000:]],
            description="청구 현황 (최근 1,000건)",
        )
        create_table_artifact(
            key="blocked",
            table=_by_rule(here.ledger.blocked(scheme)),
            description="보류된 명세서의 오류, 규칙별 ('cheonggu ledger blocked'로 명세서별로 봅니다)",
        )
        publish_findings(here, as_of)
        publish_ageing(here, as_of)
        create_table_artifact(
            key="rosters",
            table=[_roster(one) for one in show_waiting(here.ledger, here.scheme, here.folder)],
            description="확정하지 않은 근무 현황 ('cheonggu rosters show'로 보고 'confirm-rosters'로 확정합니다)",
        )
        publish_reconciliation(here)
    return Record(status["statements"], status["claims"])


def _roster(one: dict[str, str]) -> dict[str, str]:
    return {"요양기관": one["provider_code"], "진료년월": one["month"], "내용 확인값": one["digest"]}


def _row(claim: Any) -> dict[str, Any]:
    return {
        "요양기관": claim.provider_code,
        "청구번호": claim.claim_no,
        "상태": str(claim.state),
        "건수": claim.statement_count,
        "청구액": claim.claimed_amount,
        "접수번호": claim.receipt_no or "",
    }


def _by_rule(found: pa.Table) -> list[dict[str, Any]]:
    """How many statements each rule holds back, the most first."""
    counted = found.group_by(["rule_id", "message_ko"]).aggregate([("statement_key", "count_distinct")])
    names = {"rule_id": "규칙", "message_ko": "내용", "statement_key_count_distinct": "명세서 수"}
    rows = counted.sort_by(
        [("statement_key_count_distinct", "descending"), ("rule_id", "ascending")]
    ).to_pylist()
    return [{title: row[name] for name, title in names.items()} for row in rows]
