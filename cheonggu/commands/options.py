"""The scheme a command is about: the option, and what stands for it when nobody names one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cheonggu.schemes import SCHEMES, choose_scheme, find_scheme
from cheonggu.schemes.scheme import Scheme
from cheonggu.site import Site, load_site, site_path

SchemeName = Annotated[
    str | None,
    typer.Option(
        "--scheme",
        help="제도(비우면 설정 파일의 하나뿐인 제도, 설정 파일을 쓰지 않으면 첫 제도) · "
        "scheme (default: the one the site has; the first of all where no site file is used)",
    ),
]


def scheme_or_first(scheme: str | None) -> Scheme:
    """The named scheme, else the first of the list: for commands that ask the rules and codes, not a site."""
    return find_scheme(scheme or next(iter(SCHEMES)))


def read_site(site: Path | None, scheme: str | None) -> tuple[Site, Scheme]:
    """The site file and the scheme that is meant; UsageError when the site has several and none is named."""
    settings = load_site(site_path(site))
    return settings, find_scheme(choose_scheme(settings, scheme))


def scheme_of_ledger(scheme: str | None, url: str | None, site: Path | None) -> Scheme:
    """The scheme that is meant in a ledger, which is named by its address or by the site file."""
    return scheme_or_first(scheme) if url is not None else read_site(site, scheme)[1]
