"""The main job: one night of one scheme, and rehearsals of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from cheonggu.days import today
from cheonggu.extraction import Extraction
from cheonggu.reminding import Requests
from cheonggu.submission import HandOffs
from flows.forms import AsOf, SchemeName
from flows.settings import ended, only_one
from tasks.assemble import assemble
from tasks.extract import extract
from tasks.notify import notify
from tasks.precheck import precheck
from tasks.record import Record, record
from tasks.submit import submit
from tasks.validate import Validation, validate

NIGHT = "night"


@dataclass(frozen=True)
class Night:
    """What one night did, stage by stage; ``held`` are claims a person must look at."""

    as_of: date
    extracted: Extraction
    validated: Validation
    claims: int
    blocked_by_precheck: int
    held: int
    submitted: HandOffs
    recorded: Record
    asked: Requests


@flow(name="submit-claims", flow_run_name="{scheme} 청구", persist_result=False)
def submit_claims(scheme: SchemeName, as_of: AsOf = None) -> State[Any]:
    """심사·마감된 명세서를 추출·검증·작성·사전점검·송신·기록합니다.

    다시 실행해도 같은 명세서를 두 번 청구하지 않으며, 중단된 곳에서 이어집니다. 상태가 Held이면 보류된 청구나
    청구 프로그램의 응답을 기다리는 청구가 있다는 뜻입니다.

    Args:
        scheme: 제도. 배포가 정해 두므로 바꾸지 않습니다
        as_of: 기준일. 비우면 오늘(서울)
    """
    day = as_of or today()
    with only_one(scheme, NIGHT):
        asked = notify(scheme, day)
        extracted = extract(scheme, day)
        validated = validate(scheme, day)
        claims, blocked, held = assemble_and_check(scheme, day)
        submitted = submit(scheme)
        recorded = record(scheme, day)
    night = Night(day, extracted, validated, claims, blocked, held, submitted, recorded, asked)
    return ended(night, _sentence(night), _reasons(night))


def assemble_and_check(scheme: str, day: date) -> tuple[int, int, int]:
    """Assemble and pre-check until no claim loses a statement any more: claims passed, blocked, held."""
    passed = blocked = held = 0
    while True:
        assembled = assemble(scheme)
        checked = precheck(scheme, day)
        passed, blocked = passed + checked.passed, blocked + checked.blocked
        held += assembled.held + checked.held
        if not checked.successors:
            return passed, blocked, held + assembled.waiting


def _reasons(night: Night) -> list[str]:
    """Why a person has to look: claims on hold, signature requests that did not go out, claims that did not leave."""
    failed = [f"보내지 못한 서명 요청 {len(night.asked.failed)}건"] if night.asked.failed else []
    return [*held_claims(night.held), *failed, *night.submitted.reasons()]


def held_claims(held: int) -> list[str]:
    """The reason that claims on hold are."""
    return [f"보류된 청구서 {held}건"] if held else []


def _sentence(night: Night) -> str:
    return (
        f"추출 {night.extracted.statements}건, 청구서 {night.claims}건, 송신 {len(night.submitted.handed_off)}건, "
        f"보류 명세서 {night.validated.blocked + night.blocked_by_precheck}건"
    )
