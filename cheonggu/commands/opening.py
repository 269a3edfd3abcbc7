"""What a command works on: the site, the scheme that is meant, the ledger and the source, found and opened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cheonggu.commands.options import KeyFile, LedgerUrl, SchemeName, SiteFile
from cheonggu.ledger import Ledger, open_ledger
from cheonggu.privacy import load_secret
from cheonggu.schemes import SCHEMES, choose_scheme, find_scheme
from cheonggu.schemes.scheme import Scheme
from cheonggu.site import Site, load_site, site_path
from cheonggu.sources import Source, open_source


def scheme_or_first(scheme: str | None) -> Scheme:
    """The named scheme, else the first of the list: for commands that ask the rules and codes, not a site."""
    return find_scheme(scheme or next(iter(SCHEMES)))


@dataclass(frozen=True)
class AnyLedger:
    """A ledger, named by ``--ledger`` and ``--key-file`` (or their variables), else by the site file."""

    url: LedgerUrl = None
    key_file: KeyFile = None
    site: SiteFile = None

    def open(self) -> Ledger:
        """The ledger, to be closed by the caller; UsageError when neither names one."""
        if self.url is not None:
            return open_ledger(self.url, load_secret("CHEONGGU_KEY", self.key_file))
        return open_site_ledger(load_site(site_path(self.site)), self.key_file)


@dataclass(frozen=True)
class OneLedger(AnyLedger):
    """A ledger and the scheme in it that is meant."""

    scheme: SchemeName = None

    def find_scheme(self) -> Scheme:
        """The scheme; UsageError when the site has several and none is named."""
        if self.url is not None:
            return scheme_or_first(self.scheme)
        return find_scheme(choose_scheme(load_site(site_path(self.site)), self.scheme))

    @contextmanager
    def opened(self) -> Iterator[tuple[Ledger, Scheme]]:
        """The ledger, closed at the end, and the scheme."""
        scheme = self.find_scheme()
        with self.open() as ledger:
            yield ledger, scheme

    def rule_folders(self, scheme: Scheme) -> tuple[Path, ...]:
        """The hospital's own rule folders for a scheme, when a site file is in use."""
        return () if self.url is not None else load_site(site_path(self.site)).rule_folders(scheme.name)


@dataclass(frozen=True)
class OneSite:
    """A site file and the scheme that is meant."""

    scheme: SchemeName = None
    site: SiteFile = None

    @property
    def path(self) -> Path:
        """Where the site file is."""
        return site_path(self.site)

    def read(self) -> tuple[Site, Scheme]:
        """The site and the scheme; UsageError when the site has several and none is named."""
        settings = load_site(self.path)
        return settings, find_scheme(choose_scheme(settings, self.scheme))

    @contextmanager
    def opened(self) -> Iterator[tuple[Site, Scheme, Ledger]]:
        """Site, scheme and ledger; the ledger is closed at the end."""
        settings, scheme = self.read()
        with open_site_ledger(settings) as ledger:
            yield settings, scheme, ledger


def open_site_ledger(settings: Site, key_file: Path | None = None) -> Ledger:
    """The ledger of a site, to be closed by the caller."""
    return open_ledger(settings.ledger_url, load_secret(settings.key_variable, key_file or settings.key_file))


@contextmanager
def source_of(settings: Site, scheme: Scheme) -> Iterator[Source]:
    """The source of a scheme, closed at the end."""
    source = open_source(settings.source(scheme.name).url, scheme.views.contract)
    try:
        yield source
    finally:
        source.close()
