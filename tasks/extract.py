"""Stage 1, extract (추출): due statements of the hospital → batches on disk and in the ledger."""

from __future__ import annotations

import logging
from datetime import date

from prefect import task

from cheonggu.extraction import Extraction, extract_due
from tasks.resources import open_resources
from tasks.settings import REPEATABLE

LOG = logging.getLogger(__name__)


@task(task_run_name="extract {scheme}", **REPEATABLE)
def extract(scheme: str, as_of: date) -> Extraction:
    """Take every due statement that no earlier batch holds."""
    with open_resources(scheme) as here, here.source() as source:
        waivers = here.waivers(as_of)
        done = extract_due(source, here.ledger, here.scheme, here.site, as_of, here.actor, waivers)
    LOG.info(
        "추출 %d건(누락청구 %d), 마감 전 %d, 담당자 요청 대기 %d, 청구 기한 지남 %d"
        " · taken (omitted), not closed, left to a person, too late",
        done.statements,
        done.omitted,
        done.waiting,
        done.left,
        done.too_late,
    )
    return done
