"""Stage 4, pre-check (사전점검): the rules over the files; bad statements leave, bad claims are held."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from prefect import task

from cheonggu.checking import ASKED, OVERLAP, check_again, check_batch, make_successor
from cheonggu.judging import DECIDED, Judging
from cheonggu.last_look import asked_last, look_again, must_wait
from cheonggu.precheck import Catalogue, Checker, map_checked
from cheonggu.reruns import read_history
from cheonggu.waivers import Waiver
from tasks.resources import Resources, open_resources
from tasks.settings import REPEATABLE

LOG = logging.getLogger(__name__)
# Codes of held batches: the claim itself is wrong; an error lost its waiver while the claim waited.
CLAIM_WRONG, ERROR_STANDS = "PRECHECK", "OPEN_ERROR"


@dataclass(frozen=True)
class Precheck:
    """Counts of one pass; ``successors`` claims lost statements and must be assembled again."""

    passed: int
    held: int
    successors: int
    blocked: int
    findings: int


@task(task_run_name="precheck {scheme}", **REPEATABLE)
def precheck(scheme: str, as_of: date) -> Precheck:
    """Check every assembled claim, then act on those that failed, also those a killed run left behind."""
    passed = found = 0
    with open_resources(scheme) as here:
        catalogue = here.catalogue()
        waivers = here.waivers(as_of)
        batches = here.ledger.batches(scheme, stages=["assembled"])
        history = here.ledger.history(scheme) | {ASKED: here.ledger.asked_lines(scheme)}
        last = asked_last(catalogue)
        results = map_checked(
            catalogue,
            lambda checker, one: check_batch(
                here.folder(one.batch_id),
                here.scheme,
                one,
                checker,
                here.ledger,
                as_of,
                history
                | read_history(here.ledger, here.site, here.scheme, one)
                | {OVERLAP: here.ledger.overlaps(one.batch_id)}
                | {DECIDED: Judging.of(here.ledger, here.scheme, one).decisions},
                waivers,
                last,
            ),
            batches,
            threads=here.site.threads,
            weigh=lambda one: one.statement_count,
        )
        for batch, checked in zip(batches, results, strict=True):
            here.ledger.record_prechecked(batch.batch_id, checked.status, checked.findings, here.actor)
            found += len(checked.findings)
            passed += checked.status != "failed"
        held, successors, blocked = _act_on_failed(here, waivers)
        held += _look_at_waiting(here, catalogue, waivers, as_of)
    LOG.info(
        "사전점검 통과 %d건, 보류 청구서 %d, 보류 명세서 %d · claims passed, held, statements set aside",
        passed,
        held,
        blocked,
    )
    return Precheck(passed, held, successors, blocked, found)


def _act_on_failed(here: Resources, waivers: Sequence[Waiver]) -> tuple[int, int, int]:
    """Hold claims that are wrong as a whole; withdraw the others and pass on their good statements.

    A claim that was held before goes on the same way once its error is waived.
    """
    held = successors = blocked = 0
    for batch in here.ledger.batches(here.scheme.name, stages=["checked", "held"]):
        is_held = batch.stage == "held"
        if batch.claim_state != "CHECK_FAILED" or (is_held and batch.hold_code != CLAIM_WRONG):
            continue
        folder = here.folder(batch.batch_id)
        checked = check_again(folder, here.scheme, batch, waivers)
        if checked.is_claim_wrong:
            if not is_held:
                here.ledger.hold(batch.batch_id, CLAIM_WRONG, here.actor)
                held += 1
            continue
        successor = make_successor(folder, batch, checked.blocked_keys)
        here.ledger.split_failed(batch.batch_id, checked.blocked_keys, successor, here.actor)
        successors += successor is not None
        blocked += len(checked.blocked_keys)
    return held, successors, blocked


def _look_at_waiting(here: Resources, catalogue: Catalogue, waivers: Sequence[Waiver], as_of: date) -> int:
    """Hold claims of the outbox whose errors are no longer waived, let go what was held for that; how many were held.

    A claim without any finding has nothing to ask about.
    """
    held = 0
    in_outbox = {one.batch_id for one in here.ledger.outbox(here.scheme.name)}
    with Checker(catalogue) as checker:
        for batch in here.ledger.batches(here.scheme.name, stages=["checked", "held"]):
            is_held = batch.stage == "held"
            waits = batch.hold_code == ERROR_STANDS if is_held else batch.batch_id in in_outbox
            if batch.claim_state != "CHECKED_WARN" or not waits:
                continue
            found = look_again(here.folder(batch.batch_id), here.scheme, batch, checker, as_of, waivers)
            if must_wait(found) and not is_held:
                here.ledger.hold(batch.batch_id, ERROR_STANDS, here.actor, findings=found)
                held += 1
            elif is_held and not must_wait(found):
                here.ledger.release(batch.batch_id, here.actor)
    return held
