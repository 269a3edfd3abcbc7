"""Stage 1, extract (추출): due statements of the hospital → batches on disk and in the ledger."""

from __future__ import annotations

from datetime import date

from prefect import task

from cheonggu.extraction import Extraction, extract_due
from tasks.resources import open_resources
from tasks.settings import REPEATABLE


@task(task_run_name="extract {scheme}", **REPEATABLE)
def extract(scheme: str, as_of: date) -> Extraction:
    """Take every due statement that no earlier batch holds."""
    with open_resources(scheme) as here, here.source() as source:
        waivers = here.waivers(as_of)
        return extract_due(source, here.ledger, here.scheme, here.site, as_of, here.actor, waivers)
