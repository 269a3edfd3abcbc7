"""Reruns: what a person sends once more, first as a dry run, then through the same six stages as a night."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from pydantic import BaseModel, Field

from cheonggu.days import today
from cheonggu.errors import UsageError
from cheonggu.reruns import Plan, Request
from cheonggu.submission import HandOffs
from flows.forms import NAMELESS, NO_RESIDENT_NO, AsOf, Choice, SchemeName
from flows.settings import ended, only_one
from flows.submit_claims import NIGHT, assemble_and_check, held_claims
from tasks.record import Record, record
from tasks.rerun import plan, start
from tasks.submit import submit
from tasks.validate import Validation, validate


class ClaimClass(Choice):
    """제도에 없는 청구구분은 거절됩니다."""

    SUPPLEMENTARY = "보완 supplementary"
    ADDITIONAL = "추가 additional"
    OMITTED = "누락 omitted"
    SPLIT = "분리 split"
    OTHER_PAYER = "보험자변경 other_payer"


class RerunForm(BaseModel):
    """접수번호와 명세서를 모두 비우면 준비된 것 전부를 뜻합니다."""

    provider_code: str = Field(
        title="요양기관기호", description="학교안전공제는 공제회 코드", min_length=1, max_length=20
    )
    claim_class: ClaimClass = Field(title="청구구분")
    receipt_nos: list[str] = Field(default=[], title="접수번호", description="비우면 전부")
    statement_keys: list[str] = Field(
        default=[], title="명세서 관리번호", description="비우면 준비된 것 전부"
    )
    dry_run: bool = Field(default=True, title="미리보기", description="끄면 실제로 청구합니다")
    person: str = Field(
        default="",
        title="직원 ID",
        description=f"실제로 청구할 때 필수. {NAMELESS}",
        json_schema_extra=NO_RESIDENT_NO,
    )
    reason: str = Field(
        default="",
        title="사유",
        description=f"실제로 청구할 때 필수. {NAMELESS}",
        json_schema_extra=NO_RESIDENT_NO,
    )

    def as_request(self, as_of: date) -> Request:
        return Request(
            self.claim_class.kind,
            self.provider_code,
            as_of,
            tuple(self.receipt_nos),
            tuple(self.statement_keys),
        )


def find_class(kind: str) -> ClaimClass:
    """The form's entry for a class's name; UsageError names the known ones."""
    for one in ClaimClass:
        if one.kind == kind:
            return one
    known = ", ".join(one.kind for one in ClaimClass)
    raise UsageError(
        f"There is no claim class '{kind}'; there are: {known}.",
        f"청구구분 '{kind}'은(는) 없습니다. 가능한 값: {known}.",
    )


@dataclass(frozen=True)
class Rerun:
    """The plan, and what became of it; everything but the plan is None after a dry run."""

    plan: Plan
    batch_ids: tuple[str, ...] = ()
    validated: Validation | None = None
    claims: int = 0
    blocked_by_precheck: int = 0
    held: int = 0
    submitted: HandOffs | None = None
    recorded: Record | None = None


def _name() -> str:
    """Scheme, class, provider and whether it is a dry run, as the list of runs shows it."""
    given = flow_run.parameters
    form = RerunForm.model_validate(given["form"])
    kind = "미리보기" if form.dry_run else "재청구"
    return f"{given['scheme']} {form.claim_class.value} {kind} {form.provider_code}"


@flow(name="rerun-claims", flow_run_name=_name, persist_result=False)
def rerun_claims(scheme: SchemeName, form: RerunForm, as_of: AsOf = None) -> State[Any]:
    """보완·추가·누락·분리청구: 무엇을 왜 보내고 무엇을 왜 빼는지 먼저 보여 주고(dry_run), 끄면 실제로 청구합니다.

    접수번호·일련번호·사유코드는 수신한 심사결과통보에서 채웁니다. 결과표(rerun)에 명세서별 바뀐 항목과 제외 사유가
    나옵니다. 다시 실행해도 같은 명세서를 두 번 보내지 않으며, 중단된 실행은 이어서 진행합니다.

    Args:
        scheme: 제도. 배포가 정해 두므로 바꾸지 않습니다
        form: 무엇을 다시 보낼지
        as_of: 기준일. 비우면 오늘(서울)
    """
    day = as_of or today()
    asked = form.as_request(day)
    if form.dry_run:
        found = plan(scheme, asked)
        return ended(Rerun(found), f"미리보기: {_sentence(found)}")
    with only_one(scheme, NIGHT):
        started = start(scheme, asked, form.person, form.reason)
        validated = validate(scheme, day)
        claims, blocked, held = assemble_and_check(scheme, day)
        submitted = submit(scheme)
        recorded = record(scheme, day)
    done = Rerun(started.plan, started.batch_ids, validated, claims, blocked, held, submitted, recorded)
    reasons = [*held_claims(held), *submitted.reasons()]
    return ended(done, f"청구서 {claims}건, {_sentence(started.plan)}", reasons)


def _sentence(found: Plan) -> str:
    return f"명세서 {len(found.planned)}건 대상, {len(found.left_out)}건 제외"
