"""A person's confirmation of rosters (근무 현황 확정) → the ledger; the next night uses it."""

from __future__ import annotations

from prefect import task

from cheonggu.confirming import confirm, show
from cheonggu.ledger import Instruction
from tasks.resources import open_resources
from tasks.settings import STAGE


@task(task_run_name="confirm rosters {scheme}", **STAGE)
def confirm_sheet(
    scheme: str, provider_code: str, month: str, digest: str, person: str, reason: str
) -> Instruction:
    """Confirm the rosters as the source tells them now; refused when they are not what the person saw."""
    with open_resources(scheme, actor=person) as here, here.source() as source:
        sheet = show(source, here.ledger, here.scheme, here.site.settings, provider_code, month)
        return confirm(here.ledger, here.scheme, sheet, digest, person, reason, here.actor)
