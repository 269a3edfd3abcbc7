"""A person's waiver (점검제외) → the ledger; the next night takes it into account."""

from __future__ import annotations

from datetime import date

from prefect import task

from cheonggu.waivers import NewWaiver, Waiver, grant
from tasks.resources import open_resources
from tasks.settings import STAGE


@task(task_run_name="waive {scheme}", **STAGE)
def waive(scheme: str, new: NewWaiver, today: date) -> Waiver:
    """Keep the waiver, or refuse it with what is missing."""
    with open_resources(scheme, actor=new.person) as here:
        return grant(here.ledger, here.scheme, here.waiver_terms(today), new, today, here.actor)
