"""``python -m flows.automations``: what the server itself watches, created or renewed after deploying.

A flow run whose process and worker both died stays Running and would block the next night; without a heartbeat for
90 seconds it is marked Crashed. A deadline that is near or over (events of the record stage) is told through the
notification block that the Prefect variable ``cheonggu_alarm_block`` names, such as ``slack-webhook/alarm``.
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

from tasks.nightly import NEAR, PASSED

PREFIX = "prefect.flow-run."
ENDS = ("heartbeat", "Completed", "Held", "Failed", "Cancelled", "Crashed", "Paused", "Suspended")
SILENCE = timedelta(seconds=90)
STALE_RUNS, DEADLINES = "cheonggu-stale-runs", "cheonggu-deadlines"
ALARM_BLOCK = "cheonggu_alarm_block"
SUBJECT = "청구 기한 알림 · {{ event.resource.name }}"
BODY = (
    "{{ event.payload.kind }}: {{ event.payload.rows }}건, {{ event.payload.won }}원, 기한 {{ event.payload.due_on }} "
    "(남은 날 {{ event.payload.days_left }}). 'cheonggu report ageing'으로 확인하세요."
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


def find_alarm_block() -> UUID | None:
    """The notification block the operator chose, or None."""
    name = Variable.get(ALARM_BLOCK, default=None)
    return None if not name else Block.load(str(name))._block_document_id


def renew(automation: Automation) -> None:
    """Replace an automation of the same name, so that deploying twice leaves one."""
    with suppress(ValueError, ObjectNotFound):
        Automation.read(name=automation.name).delete()
    automation.create()


def main() -> None:
    """Create or renew every automation; without an alarm block the deadlines stand in the ageing report only."""
    renew(stale_runs())
    block_id = find_alarm_block()
    if block_id is None:
        print(f"알림 블록이 없습니다. No alarm block: set the Prefect variable {ALARM_BLOCK}.")
        return
    renew(deadline_alarm(block_id))


if __name__ == "__main__":
    main()
