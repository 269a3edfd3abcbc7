"""Stage 5, submit (송신): the outbox → the gateway, one claim at a time. Never retried by Prefect."""

from __future__ import annotations

import logging

from prefect import task

from cheonggu.submission import HandOffs, Submitter
from tasks.resources import open_resources
from tasks.settings import STAGE

LOG = logging.getLogger(__name__)
DEFAULT_WAIT_SECONDS = 60


@task(task_run_name="submit {scheme}", **STAGE)
def submit(scheme: str) -> HandOffs:
    """Finish what an earlier run began, then hand off until a claim has to wait for the counterpart."""
    with open_resources(scheme) as here:
        settings = here.site.gateways.get(here.scheme.gateway, {})
        submitter = Submitter(
            here.ledger,
            here.gateway(),
            here.site.batches_folder(scheme),
            here.scheme.files.folder,
            here.actor,
            once=here.scheme.files.once,
            wait_seconds=float(settings.get("wait_seconds", DEFAULT_WAIT_SECONDS)),
            approvals=here.site.approvals,
        )
        done = submitter.run(scheme)
    LOG.info(
        "송신 %d건, 점검에서 거절 %d, 대기 %d, 승인 전 %d · handed off, refused, waiting, not approved",
        len(done.handed_off),
        len(done.refused),
        len(done.waiting),
        len(done.unapproved),
    )
    return done
