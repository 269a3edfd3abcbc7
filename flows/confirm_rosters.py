"""A person confirms who worked in a month before its claims rest on it (근무 현황 확정)."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import BaseModel, Field

from flows.forms import Person, ProviderCode, Reason, SchemeName
from flows.settings import ended
from tasks.confirm import confirm_sheet


class RosterForm(BaseModel):
    """근무 현황을 본 뒤에 확정합니다."""

    provider_code: ProviderCode
    month: str = Field(title="진료년월", description="예: 202606", pattern=r"^20[0-9]{2}(0[1-9]|1[0-2])$")
    digest: str = Field(
        title="내용 확인값", description="'cheonggu rosters show'가 보여 준 값", pattern=r"^[0-9a-f]{16}$"
    )
    person: Person
    reason: Reason


@flow(name="confirm-rosters", flow_run_name="{scheme} 근무 현황 확정 {form.month}", persist_result=False)
def confirm_rosters(scheme: SchemeName, form: RosterForm) -> State[Any]:
    """의사 진료일수와 물리치료사 공휴일 근무를 확인했음을 기록합니다.

    확인값이 지금의 근무 현황과 다르면 기록하지 않습니다. 같은 내용을 다시 실행해도 한 번만 기록됩니다. 확정을 기다리던
    청구서는 다음 실행에서 이어집니다.

    Args:
        scheme: 제도. 배포가 정해 두므로 바꾸지 않습니다
        form: 무엇을 누가 왜 확정하는지
    """
    given = confirm_sheet(scheme, **form.model_dump())
    return ended(given.instruction_id, f"{form.provider_code} {form.month} 확정")
