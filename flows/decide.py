"""Forms for people: what they decide about claims, batches, statements and remarks."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.client.schemas.objects import State
from pydantic import BaseModel, Field

from cheonggu.days import seoul_time, today
from cheonggu.ledger import NewInstruction
from cheonggu.ledger.remarks import ALL_FORMS
from cheonggu.reruns import BackReference
from flows.forms import NAMELESS, NO_RESIDENT_NO, AsOf, Choice, Person, ProviderCode, Reason, SchemeName
from flows.settings import ended
from tasks.decide import decide, refer_back, remark

REMARK_COLUMNS = {"form_no": "서식", "text": "참조란 내용"}


class Decision(Choice):
    """원장에 남고 고칠 수 없습니다."""

    APPROVAL = "승인 approval"
    WITHDRAWAL = "송신 전 취소 withdrawal"
    SENT = "송신 확인 sent"
    NOT_SENT = "미송신 확인 not_sent"
    STOP_CLEARED = "중지 해제 stop_cleared"
    RELEASE = "보류 해제 release"
    WRITE_OFF = "청구 포기 write_off"
    CLAIM_ANEW = "환수분 재청구 claim_anew"
    MATERIAL_SENT = "보완자료 제출 material_sent"


class DecisionForm(BaseModel):
    """청구서, 배치 또는 명세서 하나에 대한 결정입니다. 상태표가 허용하지 않는 결정은 거절됩니다."""

    decision: Decision = Field(title="결정")
    subject: str = Field(
        title="대상",
        description="청구번호. 보류 해제는 배치ID, 청구 포기와 환수분 재청구는 명세서 관리번호, "
        "보완자료 제출은 요청서의 문서번호",
        min_length=1,
        json_schema_extra=NO_RESIDENT_NO,
    )
    provider_code: str = Field("", title="요양기관기호", description="청구번호를 적을 때 함께 적습니다")
    person: Person
    reason: Reason


class RemarkForm(BaseModel):
    """다음 청구서부터 쓸 참조란입니다."""

    provider_code: ProviderCode
    form_no: str = Field(ALL_FORMS, title="서식", description="*이면 모든 서식", min_length=1)
    text: str = Field(title="참조란 내용", description=NAMELESS, json_schema_extra=NO_RESIDENT_NO)
    person: Person
    reason: Reason


class ReferenceForm(BaseModel):
    """파일로 받지 못한 심사결과통보서에 적힌 그대로 적습니다."""

    provider_code: ProviderCode
    statement_key: str = Field(title="명세서 관리번호", min_length=1, json_schema_extra=NO_RESIDENT_NO)
    receipt_no: str = Field(title="접수번호", description="7자리", min_length=1, max_length=12)
    statement_no: str = Field(title="명세서일련번호", description="예: 00002", min_length=1, max_length=5)
    reason_code: str = Field(title="심사불능 사유코드", description="예: 16", min_length=2)
    detail_code: str = Field("", title="사유 세부코드", description="없으면 비웁니다")
    person: Person
    reason: Reason


@flow(name="decide", flow_run_name="{scheme} {form.decision.value} {form.subject}", persist_result=False)
def decide_one(scheme: SchemeName, form: DecisionForm) -> State[Any]:
    """청구서·배치·명세서에 대한 사람의 결정을 원장에 기록하고 실행합니다.

    상태표가 허용하지 않는 결정은 거절되며 아무것도 바뀌지 않습니다.

    Args:
        scheme: 제도. 배포가 정해 두므로 바꾸지 않습니다
        form: 무엇을 누가 왜 결정하는지
    """
    new = NewInstruction(
        scheme, form.decision.kind, form.provider_code, form.subject, form.person, form.reason
    )
    done = decide(new)
    message = f"{done['instruction_id']}번 {form.decision.value} {form.subject}"
    return ended(done, message)


@flow(name="edit-remark", flow_run_name="{scheme} 참조란 {form.provider_code}", persist_result=False)
def edit_remark(scheme: SchemeName, form: RemarkForm) -> State[Any]:
    """다음 청구서부터 쓸 참조란 내용을 정합니다. 최근에 쓴 내용은 결과물의 표(remarks)에서 봅니다.

    Args:
        scheme: 제도. 배포가 정해 두므로 바꾸지 않습니다
        form: 어느 기관의 어느 서식에 무엇을 적을지
    """
    new = NewInstruction(scheme, "remark", form.provider_code, form.form_no, form.person, form.reason)
    recent = remark(new, form.text)
    create_table_artifact(
        key="remarks",
        table=[
            {title: one[name] for name, title in REMARK_COLUMNS.items()} | {"언제": seoul_time(one["at"])}
            for one in recent
        ],
        description=f"최근에 쓴 참조란, 요양기관 {form.provider_code}",
    )
    return ended(recent, f"참조란 {form.form_no} ('remarks' 결과물)")


@flow(
    name="correct-back-reference",
    flow_run_name="{scheme} 역참조 {form.statement_key}",
    persist_result=False,
)
def correct_reference(scheme: SchemeName, form: ReferenceForm, as_of: AsOf = None) -> State[Any]:
    """통보서를 파일로 받지 못한 명세서의 보완청구에 쓸 접수번호·명세서일련번호·사유코드를 적습니다.

    원장이 아는 내용과 다르면 거절하며, 통보서를 받은 명세서에는 쓸 수 없습니다.

    Args:
        scheme: 제도. 배포가 정해 두므로 바꾸지 않습니다
        form: 통보서에 적힌 내용
        as_of: 기준일. 비우면 오늘(서울)
    """
    given = BackReference(form.receipt_no, form.statement_no, form.reason_code, form.detail_code)
    kept = refer_back(
        scheme, form.provider_code, form.statement_key, given, form.person, form.reason, as_of or today()
    )
    return ended(kept, f"역참조 {form.statement_key}")
