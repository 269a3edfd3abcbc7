"""Reruns (재청구): plan one as a dry run, or start it; the six stages then go on as on any night."""

from __future__ import annotations

from prefect import task
from prefect.artifacts import create_table_artifact

from cheonggu.reruns import Plan, Request, Started, plan_rerun, start_rerun
from tasks.resources import open_resources
from tasks.settings import REPEATABLE

MOST_ROWS = 1_000


@task(task_run_name="plan rerun {request.claim_class}", **REPEATABLE)
def plan(scheme: str, request: Request) -> Plan:
    """What would be sent, what changed, and why the rest stays; nothing is changed by asking."""
    with open_resources(scheme) as here, here.source() as source:
        found = plan_rerun(source, here.ledger, here.scheme, here.site, request)
    _show(found)
    return found


@task(task_run_name="start rerun {request.claim_class}", **REPEATABLE)
def start(scheme: str, request: Request, person: str, reason: str) -> Started:
    """Make the batches, with who asked and why kept in the ledger; asking twice never makes a second."""
    with open_resources(scheme, person) as here, here.source() as source:
        done = start_rerun(source, here.ledger, here.scheme, here.site, request, here.actor, reason)
    _show(done.plan)
    return done


def _show(found: Plan) -> None:
    """The plan as a table an operator reads; keys, numbers and values without personal data."""
    create_table_artifact(
        key="rerun",
        table=list(found.rows())[:MOST_ROWS],
        description=f"재청구 {found.request.claim_class}: 청구 {len(found.planned)}건, 제외 {len(found.left_out)}건",
    )
