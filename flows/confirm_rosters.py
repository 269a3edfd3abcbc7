"""A person confirms who worked in a month before its claims rest on it (근무 현황 확정)."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import BaseModel, Field

from flows.settings import ended
from tasks.confirm import confirm_sheet


class RosterForm(BaseModel):
    """What the operator fills in after looking at the rosters."""

    provider_code: str = Field(title="요양기관기호", min_length=8, max_length=8)
    month: str = Field(title="진료년월", description="예: 202606", pattern=r"^[0-9]{6}$")
    digest: str = Field(
        title="내용 확인값", description="'cheonggu rosters show'가 보여 준 값", pattern=r"^[0-9a-f]{16}$"
    )
    person: str = Field(title="확정한 사람", min_length=2)
    reason: str = Field(
        title="사유", description="무엇을 보고 확인했는지. 개인정보를 적지 마세요", min_length=2
    )


@flow(name="confirm-rosters", flow_run_name="{scheme} 근무 현황 확정", persist_result=False)
def confirm_rosters(scheme: str, roster: RosterForm) -> State[Any]:
    """의사 진료일수와 물리치료사 공휴일 근무를 확인했음을 기록합니다.

    확인값이 지금의 근무 현황과 다르면 기록하지 않습니다. 같은 내용을 다시 실행해도 한 번만 기록됩니다. 확정을 기다리던
    청구서는 다음 실행에서 이어집니다.
    """
    given = confirm_sheet(scheme, **roster.model_dump())
    return ended(given.instruction_id, held=False, message=f"{roster.provider_code} {roster.month} 확정")
