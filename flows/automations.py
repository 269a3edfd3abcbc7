"""``python -m flows.automations``: what the server itself watches, created or renewed after deploying.

- A flow run whose process and worker both died stays Running and would block the next night; without a heartbeat for
  90 seconds it is marked Crashed.
- A deadline that is near or over (events of the record stage) and a night, collection or rerun that failed, crashed or
  did not start in time are told through the notification block that the Prefect variable ``cheonggu_alarm_block``
  names, such as ``slack-webhook/alarm``.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from prefect.automations import Automation
from prefect.blocks.core import Block
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, SendNotification
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.exceptions import ObjectNotFound
from prefect.variables import Variable

from cheonggu.commands.terminal import run_guarded
from cheonggu.errors import UsageError
from tasks.nightly import NEAR, PASSED

PREFIX = "prefect.flow-run."
ENDS = ("heartbeat", "Completed", "Held", "Failed", "Cancelled", "Crashed", "Paused", "Suspended")
SILENCE = timedelta(seconds=90)
WRONG_ENDS = ("Failed", "Crashed", "Late")
FLOWS = ("submit-claims", "collect-notices", "rerun-claims")
STALE_RUNS, DEADLINES, FAILED_RUNS = "cheonggu-stale-runs", "cheonggu-deadlines", "cheonggu-failed-runs"
ALARM_BLOCK = "cheonggu_alarm_block"
SUBJECT = "청구 기한 알림 · {{ event.resource.name }}"
BODY = (
    "{{ event.payload.what_ko }} ({{ event.payload.kind }}): {{ event.payload.rows }}건, {{ event.payload.won }}원, "
    "기한 {{ event.payload.due_on }} (남은 날 {{ event.payload.days_left }}). 'cheonggu report ageing'으로 확인하세요."
)
FAILED_SUBJECT = "청구 작업 {{ flow_run.state.name }} · {{ flow_run.name }}"
FAILED_BODY = (
    "{{ flow.name }} 실행 '{{ flow_run.name }}'이(가) {{ flow_run.state.name }} 상태입니다. "
    "{{ flow_run.state.message or '작업자(worker)가 켜져 있는지 확인하세요.' }} "
    "원인을 해결한 뒤 다시 실행하세요. 이미 청구한 명세서는 다시 청구하지 않습니다. {{ flow_run|ui_url }}"
)


def stale_runs() -> Automation:
    """Marks a silent run Crashed, so that its concurrency slot is free again."""
    return Automation(
        name=STALE_RUNS,
        description="90초 동안 신호가 없는 실행을 Crashed로 바꾸어 다음 야간 작업을 막지 않게 합니다.",
        trigger=EventTrigger(
            after={f"{PREFIX}heartbeat"},
            expect={PREFIX + end for end in ENDS},
            match={"prefect.resource.id": ["prefect.flow-run.*"]},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=SILENCE,
        ),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message="no heartbeat")],
    )


def deadline_alarm(block_id: UUID) -> Automation:
    """Tells people of a deadline that is near or over, once per event: per night, provider and kind."""
    return Automation(
        name=DEADLINES,
        description="기한이 다가오거나 지난 청구·명세서를 알림 블록으로 알립니다.",
        trigger=EventTrigger(
            expect={NEAR, PASSED},
            match={"prefect.resource.id": ["cheonggu.deadline.*"]},
            for_each={"prefect.resource.id"},
            posture=Posture.Reactive,
            threshold=1,
        ),
        actions=[SendNotification(block_document_id=block_id, subject=SUBJECT, body=BODY)],
    )


def failed_run_alarm(block_id: UUID) -> Automation:
    """Tells people of a night, collection or rerun that failed, crashed, or waits for a worker that is not there."""
    return Automation(
        name=FAILED_RUNS,
        description="실패하거나 중단되거나 제때 시작하지 못한 청구 작업을 알림 블록으로 알립니다.",
        trigger=EventTrigger(
            expect={PREFIX + end for end in WRONG_ENDS},
            match={"prefect.resource.id": ["prefect.flow-run.*"]},
            match_related={"prefect.resource.role": "flow", "prefect.resource.name": list(FLOWS)},
            for_each={"prefect.resource.id"},
            posture=Posture.Reactive,
            threshold=1,
        ),
        actions=[SendNotification(block_document_id=block_id, subject=FAILED_SUBJECT, body=FAILED_BODY)],
    )


def find_alarm_block() -> UUID | None:
    """The notification block the operator chose, or None; UsageError when there is none of that name."""
    name = Variable.get(ALARM_BLOCK, default=None)
    if not name:
        return None
    try:
        return Block.load(str(name))._block_document_id
    except ValueError:
        raise UsageError(
            f"The Prefect variable {ALARM_BLOCK} names a block that cannot be loaded: {name}.",
            f"Prefect 변수 {ALARM_BLOCK}에 적힌 블록 {name}을(를) 불러올 수 없습니다.",
            fix_en="Write it as type/name, such as slack-webhook/alarm; 'prefect block ls' shows them.",
            fix_ko="slack-webhook/alarm처럼 종류/이름으로 적습니다. 'prefect block ls'로 확인하세요.",
        ) from None


def take_away(name: str) -> None:
    """Delete an automation, if there is one of the name."""
    with suppress(ValueError, ObjectNotFound):
        Automation.read(name=name).delete()


def renew(automation: Automation) -> None:
    """Replace an automation of the same name, so that deploying twice leaves one."""
    take_away(automation.name)
    automation.create()


def main() -> None:
    """Create or renew every automation; without an alarm block the deadlines stand in the ageing report only."""
    renew(stale_runs())
    block_id = find_alarm_block()
    if block_id is None:
        take_away(DEADLINES)
        take_away(FAILED_RUNS)
        print(f"알림 블록이 없습니다. No alarm block: set the Prefect variable {ALARM_BLOCK}.")
        return
    renew(deadline_alarm(block_id))
    renew(failed_run_alarm(block_id))
    print("기한과 실패를 알림 블록으로 알립니다. Deadlines and failed runs are told through the alarm block.")


if __name__ == "__main__":
    run_guarded(main)
