"""``python -m flows.automations``: what the server itself watches, created or renewed after deploying.

A flow run whose process and worker both died stays Running and would block the next night; without a heartbeat for
90 seconds it is marked Crashed.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from prefect.automations import Automation
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.exceptions import ObjectNotFound

PREFIX = "prefect.flow-run."
ENDS = ("heartbeat", "Completed", "Held", "Failed", "Cancelled", "Crashed", "Paused", "Suspended")
SILENCE = timedelta(seconds=90)
STALE_RUNS = "cheonggu-stale-runs"


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


def renew(automation: Automation) -> None:
    """Replace an automation of the same name, so that deploying twice leaves one."""
    with suppress(ValueError, ObjectNotFound):
        Automation.read(name=automation.name).delete()
    automation.create()


if __name__ == "__main__":
    renew(stale_runs())
