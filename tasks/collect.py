"""Answers (수신): documents in the output folder → archive → ledger, each exactly once."""

from __future__ import annotations

from prefect import task

from cheonggu.collection import Collected, collect_documents
from tasks.resources import open_resources
from tasks.settings import REPEATABLE


@task(task_run_name="collect {scheme}", **REPEATABLE)
def collect(scheme: str) -> Collected:
    """Archive, read and import every waiting document; a broken one is refused and kept."""
    with open_resources(scheme, actor="import") as here:
        archive = here.site.scheme_folder(scheme) / "notices"
        providers = {claim.provider_code for claim in here.ledger.claims(scheme)}
        return collect_documents(here.gateway(), here.ledger, here.scheme, providers, archive, here.actor)
