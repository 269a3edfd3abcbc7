"""A person lets a finding pass for a time (점검제외)."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import BaseModel, Field

from cheonggu.waivers import NewWaiver
from flows.settings import ended, today
from tasks.waive import waive


class Scope(StrEnum):
    """How far a waiver reaches."""

    FINDING = "finding"
    STATEMENT = "statement"
    DEPARTMENT = "department"
    PROVIDER = "provider"


class WaiverForm(BaseModel):
    """What the operator fills in."""

    rule_id: str = Field(title="규칙 번호", description="예: DX-001", pattern=r"^[A-Z][A-Z0-9]*-\d{3}$")
    scope: Scope = Field(Scope.STATEMENT, title="범위")
    provider_code: str = Field(title="요양기관기호", min_length=8, max_length=8)
    statement_key: str = Field("", title="명세서 키", description="범위가 finding, statement일 때")
    line_no: int = Field(0, title="줄번호", description="범위가 finding일 때", ge=0)
    field: str = Field("", title="항목", description="범위가 finding일 때")
    department: str = Field("", title="진료과목 코드", description="범위가 department일 때")
    expires_on: date = Field(title="기한", description="이 날까지만 제외합니다")
    person: str = Field(title="결정한 사람", min_length=2)
    reason: str = Field(title="사유", description="개인정보를 적지 마세요", min_length=2)
    second_person: str = Field("", title="두 번째 승인자", description="반송을 막는 규칙일 때만")


@flow(name="waive-finding", flow_run_name="{scheme} 점검제외", persist_result=False)
def waive_finding(scheme: str, waiver: WaiverForm) -> State[Any]:
    """점검에서 제외할 규칙을 기한과 사유를 적어 등록합니다.

    제외한 오류는 지적 목록에 표시된 채 남고 더는 청구를 막지 않습니다. 보류된 명세서는 다음 밤에 다시 점검합니다.
    같은 내용을 다시 실행해도 한 번만 등록됩니다. 파일 형식을 지키는 규칙은 제외할 수 없습니다.
    """
    values = waiver.model_dump() | {"scope": waiver.scope.value}
    given = waive(scheme, NewWaiver(**values), today())
    return ended(
        given.id, held=False, message=f"{given.id}번 점검제외: {given.rule_id}, {given.expires_on}까지"
    )
