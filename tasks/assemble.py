"""Stage 3, assemble (작성): validated batches → numbered claims as SAM set, XML and page, then frozen."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from prefect import task

from cheonggu.assembly import assemble_batch, record_assembled
from cheonggu.confirming import is_required, take_confirmed, unconfirmed_digest
from cheonggu.ledger import Batch
from cheonggu.side_by_side import side_by_side
from tasks.resources import Resources, open_resources
from tasks.settings import REPEATABLE

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Assembly:
    """Counts of one pass."""

    claims: int
    held: int
    waiting: int = 0  # claims whose rosters a person must confirm first


@task(task_run_name="assemble {scheme}", **REPEATABLE)
def assemble(scheme: str) -> Assembly:
    """Number every validated batch in order, build the files side by side, record them in order."""
    held = 0
    with open_resources(scheme) as here:
        validated = here.ledger.batches(scheme, stages=["validated"])
        batches = _confirmed(here, validated)
        numbers = here.ledger.reserve_claim_numbers([one.batch_id for one in batches], here.actor)
        remarks = {
            one.batch_id: here.ledger.remark_for(one.provider_code, one.group.get("form_no", ""))
            for one in batches
        }
        built = side_by_side(
            lambda one: assemble_batch(
                here.folder(one.batch_id),
                here.scheme,
                one,
                numbers[one.batch_id],
                remarks[one.batch_id],
                here.site.chunk_statements,
            ),
            batches,
            lambda one: one.statement_count,
            threads=here.site.threads,
        )
        find_visits = here.scheme.targets.find_visits if len(here.site.sources) > 1 else None
        for batch, claim in zip(batches, built, strict=True):
            held += not record_assembled(
                here.ledger, here.folder(batch.batch_id), batch, claim, here.actor, find_visits
            )
    done = Assembly(len(batches) - held, held, len(validated) - len(batches))
    LOG.info(
        "작성 %d건, 보류 %d, 근무 현황 확정 대기 %d · claims, held, waiting for rosters",
        done.claims,
        done.held,
        done.waiting,
    )
    return done


def _confirmed(here: Resources, batches: list[Batch]) -> list[Batch]:
    """The batches that need not wait for a person to confirm their rosters."""
    if not is_required(here.site.settings):
        return batches
    waiting = [
        one for one in batches if unconfirmed_digest(here.ledger, here.scheme, one, here.folder(one.batch_id))
    ]
    if waiting:
        with here.source() as source:
            waiting = [
                one
                for one in waiting
                if not take_confirmed(source, here.ledger, here.scheme, one, here.folder(one.batch_id))
            ]
    return [one for one in batches if one not in waiting]
