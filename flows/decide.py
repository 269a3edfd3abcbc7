"""Forms for people: what they decide about claims, batches, statements and remarks."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.client.schemas.objects import State

from cheonggu.ledger import NewInstruction
from cheonggu.ledger.remarks import ALL_FORMS
from cheonggu.reruns import BackReference
from flows.settings import ended, today
from tasks.decide import decide, refer_back, remark


class Decision(StrEnum):
    """What the form offers, as operators call it."""

    APPROVAL = "승인 approval"
    WITHDRAWAL = "송신 전 취소 withdrawal"
    SENT = "송신 확인 sent"
    NOT_SENT = "미송신 확인 not_sent"
    STOP_CLEARED = "중지 해제 stop_cleared"
    RELEASE = "보류 해제 release"
    WRITE_OFF = "청구 포기 write_off"

    @property
    def kind(self) -> str:
        return self.value.rpartition(" ")[2]


@flow(name="decide", flow_run_name="{scheme} {decision.value} {subject}", persist_result=False)
def decide_one(
    scheme: str, decision: Decision, subject: str, person: str, reason: str, provider_code: str = ""
) -> State[Any]:
    """청구서·배치·명세서에 대한 사람의 결정을 원장에 기록하고 실행합니다.

    subject에는 청구번호를 적습니다. 보류 해제는 배치ID, 청구 포기는 명세서 관리번호를 적습니다.
    청구번호를 적을 때는 provider_code(요양기관기호)도 적습니다. person은 직원 ID, reason은 사유입니다.
    이름이나 주민등록번호는 적지 마세요. 상태표가 허용하지 않는 결정은 거절되며 아무것도 바뀌지 않습니다.
    """
    new = NewInstruction(scheme, decision.kind, provider_code, subject, person, reason)
    done = decide(new)
    return ended(done, held=False, message=f"{decision.value} {subject}")


@flow(name="edit-remark", flow_run_name="{scheme} 참조란", persist_result=False)
def edit_remark(
    scheme: str, provider_code: str, text: str, person: str, reason: str, form_no: str = ALL_FORMS
) -> State[Any]:
    """다음 청구서부터 쓸 참조란 내용을 정합니다. form_no가 *이면 모든 서식에 적용합니다.

    최근에 쓴 내용은 실행 결과의 표(remarks)에서 봅니다.
    """
    recent = remark(NewInstruction(scheme, "remark", provider_code, form_no, person, reason), text)
    create_table_artifact(key="remarks", table=recent, description="최근 참조란")
    return ended(recent, held=False, message=f"참조란 {form_no}")


@flow(name="correct-back-reference", flow_run_name="{scheme} {statement_key} 역참조", persist_result=False)
def correct_reference(
    scheme: str,
    provider_code: str,
    statement_key: str,
    receipt_no: str,
    statement_no: str,
    reason_code: str,
    person: str,
    reason: str,
    detail_code: str = "",
    as_of: date | None = None,
) -> State[Any]:
    """통보서를 파일로 받지 못한 명세서의 보완청구에 쓸 접수번호·명세서일련번호·사유코드를 적습니다.

    원장이 아는 내용과 다르면 거절하며, 통보서를 받은 명세서에는 쓸 수 없습니다.
    """
    given = BackReference(receipt_no, statement_no, reason_code, detail_code)
    kept = refer_back(scheme, provider_code, statement_key, given, person, reason, as_of or today())
    return ended(kept, held=False, message=f"역참조 {statement_key}")
