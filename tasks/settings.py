"""How every stage task runs: never cached, never persisted, retried only where trying again can help."""

from __future__ import annotations

from typing import Any

from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from cheonggu.errors import CheongguError

RETRIES = 2
RETRY_SECONDS = 10


def can_heal(task: Task[Any, Any], run: TaskRun, state: State[Any]) -> bool:
    """Whether the failure is one of the site (database, disk, folder), not of the data."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, CheongguError) and error.can_retry


STAGE: dict[str, Any] = {"cache_policy": NO_CACHE, "persist_result": False, "log_prints": False}
REPEATABLE: dict[str, Any] = STAGE | {
    "retries": RETRIES,
    "retry_delay_seconds": RETRY_SECONDS,
    "retry_condition_fn": can_heal,
}
