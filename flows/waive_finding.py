"""A person lets a finding pass for a time (점검제외)."""

from __future__ import annotations

from datetime import date
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import BaseModel, Field

from cheonggu.days import today
from cheonggu.waivers import NewWaiver
from flows.forms import NO_RESIDENT_NO, Choice, Person, ProviderCode, Reason, SchemeName
from flows.settings import ended
from tasks.waive import waive


class Scope(Choice):
    """어디까지 제외하는지."""

    FINDING = "지적 하나 finding"
    STATEMENT = "명세서 statement"
    DEPARTMENT = "진료과 department"
    PROVIDER = "요양기관 provider"


class WaiverForm(BaseModel):
    """기한까지 통과시킬 규칙과 그 범위입니다."""

    rule_id: str = Field(title="규칙 번호", description="예: DX-001", pattern=r"^[A-Z][A-Z0-9]*-\d{3}$")
    scope: Scope = Field(Scope.STATEMENT, title="범위")
    provider_code: ProviderCode
    statement_key: str = Field(
        "",
        title="명세서 관리번호",
        description="범위가 지적 하나나 명세서일 때",
        json_schema_extra=NO_RESIDENT_NO,
    )
    line_no: int = Field(0, title="줄번호", description="범위가 지적 하나일 때. 줄이 없으면 0", ge=0)
    field: str = Field("", title="항목", description="범위가 지적 하나일 때")
    department: str = Field("", title="진료과목 코드", description="범위가 진료과일 때")
    expires_on: date = Field(title="기한", description="이 날까지만 제외합니다")
    person: Person
    reason: Reason
    second_person: str = Field(
        "",
        title="두 번째 승인자 직원 ID",
        description="청구서 전체의 반송을 막는 규칙일 때만",
        json_schema_extra=NO_RESIDENT_NO,
    )


@flow(name="waive-finding", flow_run_name="{scheme} 점검제외 {form.rule_id}", persist_result=False)
def waive_finding(scheme: SchemeName, form: WaiverForm) -> State[Any]:
    """점검에서 제외할 규칙을 기한과 사유를 적어 등록합니다.

    제외한 오류는 지적 목록에 표시된 채 남고 더는 청구를 막지 않습니다. 보류된 명세서는 다음 밤에 다시 점검합니다.
    같은 내용을 다시 실행해도 한 번만 등록됩니다. 파일 형식을 지키는 규칙은 제외할 수 없습니다.

    Args:
        scheme: 제도. 배포가 정해 두므로 바꾸지 않습니다
        form: 무엇을 누가 왜 언제까지 제외하는지
    """
    values = form.model_dump() | {"scope": form.scope.kind}
    given = waive(scheme, NewWaiver(**values), today())
    return ended(given.id, f"{given.id}번 점검제외: {given.rule_id}, {given.expires_on}까지")
