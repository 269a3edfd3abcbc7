"""Prefect variables and settings → the plain objects the core works with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from prefect.runtime import flow_run
from prefect.variables import Variable

from cheonggu.batches import BatchFolder
from cheonggu.confirming import is_required
from cheonggu.gateways import Gateway, open_gateway
from cheonggu.ledger import Actor, Ledger, open_ledger
from cheonggu.precheck import Catalogue, load_catalogue, read_rules
from cheonggu.privacy import guard_logs, load_secret
from cheonggu.schemes import find_scheme
from cheonggu.schemes.scheme import Scheme
from cheonggu.site import SITE_VARIABLE, Site, load_site, site_path
from cheonggu.sources import Source, open_source
from cheonggu.waivers import WAIVER, Terms, Waiver, read_terms, valid_waivers

PIPELINE = "pipeline"
# Everything a run writes goes through these; Prefect adds its handlers to them.
LOGGERS = ("", "cheonggu", "tasks", "prefect", "prefect.flow_runs", "prefect.task_runs")


@dataclass(frozen=True)
class Resources:
    """What a stage needs: the site, the scheme, the open ledger and who acts."""

    site: Site
    scheme: Scheme
    ledger: Ledger
    actor: Actor

    def folder(self, batch_id: str) -> BatchFolder:
        return BatchFolder(self.site.batches_folder(self.scheme.name), batch_id)

    def catalogue(self) -> Catalogue:
        """The scheme's pre-check rules with the hospital's own behind them."""
        return load_catalogue(self.scheme.checks.rule_folders, self.site.rule_folders(self.scheme.name))

    def waiver_terms(self, on: date) -> Terms:
        """What may be waived on a day."""
        return read_terms(
            self.scheme,
            on,
            read_rules(self.scheme.checks.rule_folders, self.site.rule_folders(self.scheme.name)),
        )

    def waivers(self, on: date) -> tuple[Waiver, ...]:
        """The waivers that hold on a day; without any the rules need not be read."""
        if not self.ledger.instructions(self.scheme.name, kind=WAIVER, valid_on=on):
            return ()
        return valid_waivers(self.ledger, self.scheme.name, on, self.waiver_terms(on))

    def gateway(self) -> Gateway:
        name = self.scheme.gateway
        return open_gateway(name, self.site.gateways.get(name))

    @contextmanager
    def source(self) -> Iterator[Source]:
        source = open_source(self.site.source(self.scheme.name).url, self.scheme.views.contract)
        try:
            yield source
        finally:
            source.close()


@contextmanager
def open_resources(scheme: str, actor: str = PIPELINE) -> Iterator[Resources]:
    """Open ledger and settings for one stage; the site file comes from the environment or a Prefect variable."""
    guard_logs(LOGGERS)
    chosen = find_scheme(scheme)
    site = load_site(_site_file())
    chosen.amounts.check_settings(site.settings)
    is_required(site.settings)
    ledger = open_ledger(site.ledger_url, load_secret(site.key_variable, site.key_file))
    try:
        yield Resources(site, chosen, ledger, Actor(actor, str(flow_run.id) if flow_run.id else None))
    finally:
        ledger.close()


def _site_file() -> Path:
    if SITE_VARIABLE in os.environ:
        return site_path()
    named = Variable.get("cheonggu_site", default=None)
    return site_path(Path(str(named)) if named else None)
