"""Answers (수신): documents in the output folder → archive → ledger, each exactly once."""

from __future__ import annotations

import logging
from dataclasses import replace

from prefect import task

from cheonggu.collection import Collected, NoticeSettings, collect_documents
from cheonggu.overdue import mark_unanswered
from tasks.resources import open_resources
from tasks.settings import REPEATABLE

LOG = logging.getLogger(__name__)


@task(task_run_name="collect {scheme}", **REPEATABLE)
def collect(scheme: str) -> Collected:
    """Archive, read and import every waiting document, then name the claims that got no answer in time."""
    with open_resources(scheme, actor="import") as here:
        archive = here.site.scheme_folder(scheme) / "notices"
        providers = {claim.provider_code for claim in here.ledger.claims(scheme)}
        reading = NoticeSettings(here.site.notice_layouts, here.site.notice_providers)
        collected = collect_documents(
            here.gateway(), here.ledger, here.scheme, providers, archive, here.actor, reading
        )
        settings = here.site.gateways.get(here.scheme.gateway, {})
        overdue = mark_unanswered(here.ledger, here.scheme, settings, here.actor)
    for one in collected.attention:
        LOG.warning("%s", one)
    return replace(collected, attention=(*collected.attention, *overdue))
