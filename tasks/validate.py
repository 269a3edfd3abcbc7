"""Stage 2, validate (검증): the shape of every table; bad statements are set aside as BLOCKED."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
from prefect import task

from cheonggu.batches import EXTRACT, VALIDATE
from cheonggu.judging import Judging
from cheonggu.ledger import Batch
from cheonggu.schemes.scheme import REFERENCES
from cheonggu.settling import settle_batch
from cheonggu.waivers import Waiver
from cheonggu.waiving import apply_waivers, choose, name_waivers, place_statements
from schemas.shapes import ShapeInput, check_shapes
from schemas.verdicts import set_aside
from tasks.resources import Resources, open_resources
from tasks.settings import REPEATABLE

LOG = logging.getLogger(__name__)
VERDICTS, FINDINGS = "verdicts", "findings"


@dataclass(frozen=True)
class Validation:
    """Counts of one night."""

    ready: int
    blocked: int


@task(task_run_name="validate {scheme}", **REPEATABLE)
def validate(scheme: str, as_of: date) -> Validation:
    """Judge every freshly extracted batch and move its statements to READY or BLOCKED."""
    ready = blocked = 0
    with open_resources(scheme) as here:
        waivers = here.waivers(as_of)
        for batch in here.ledger.batches(scheme, stages=["extracted"]):
            _check(here, batch, waivers)
            folder = here.folder(batch.batch_id)
            verdicts, found = folder.read(VALIDATE, VERDICTS), folder.read(VALIDATE, FINDINGS)
            here.ledger.record_validated(batch.batch_id, verdicts, found, here.actor)
            good = pc.sum(verdicts["is_ready"]).as_py() or 0
            ready, blocked = ready + good, blocked + len(verdicts) - good
    LOG.info("검증 통과 %d건, 보류 %d건 · ready, set aside", ready, blocked)
    return Validation(ready, blocked)


def _check(here: Resources, batch: Batch, waivers: Sequence[Waiver]) -> None:
    folder, scheme, settings = here.folder(batch.batch_id), here.scheme, here.site.settings
    doubles = here.ledger.find_doubles(batch.batch_id)
    statements = folder.read(EXTRACT, scheme.views.statement[0])
    chosen = choose(waivers, batch.provider_code, statements["statement_key"])
    judging = Judging.of(here.ledger, scheme, batch)
    inputs = {
        EXTRACT: folder.inputs_digest(EXTRACT),
        "doubles": ",".join(doubles),
        "waivers": name_waivers(chosen),
        "settings": repr(settings.get(scheme.amounts.settings_key)),
        **judging.inputs,
    }
    if folder.is_done(VALIDATE, inputs):
        return
    optional = (view for view in scheme.views.optional if folder.has(EXTRACT, view))
    views = (
        *scheme.views.statement,
        scheme.views.provider,
        *scheme.views.roster,
        *scheme.views.file,
        *optional,
    )
    tables = {view: folder.read(EXTRACT, view) for view in views}
    places = place_statements(statements, batch.provider_code, scheme.views.department_column)

    def waive(found: pa.Table) -> pa.Table:
        return apply_waivers(found, chosen, places, batch.provider_code)

    verdict = check_shapes(
        ShapeInput(tables, scheme, batch.kind, batch.group, batch.claim_date, doubles, waive)
    )
    settled, told = settle_batch(scheme, batch, verdict.tables, settings)
    verdict = set_aside(verdict, settled, waive(told))
    judged = judging.run(verdict.tables, here.site.files_store(scheme.name))
    verdict = set_aside(verdict, verdict.tables, waive(judged))
    folder.reopen(VALIDATE)
    made = {VERDICTS: verdict.verdicts, FINDINGS: verdict.findings}
    if folder.has(EXTRACT, REFERENCES):
        made[REFERENCES] = folder.read(EXTRACT, REFERENCES)
    folder.write_tables(VALIDATE, {**verdict.tables, **made})
    folder.seal(VALIDATE, inputs)
