"""``rosters show | confirm``: who worked in a month, as its claims will say it, and a person's word for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cheonggu.commands.options import SchemeName, read_site
from cheonggu.confirming import Sheet, show
from cheonggu.confirming import confirm as confirm_sheet
from cheonggu.ledger import Actor, Ledger, open_ledger
from cheonggu.privacy import load_secret
from cheonggu.schemes.scheme import Scheme
from cheonggu.sources import open_source

app = typer.Typer(help="근무 현황 · rosters that claims rest on", no_args_is_help=True)

SiteFile = Annotated[
    Path | None, typer.Option("--site", help="설정 파일 · the site file (default: $CHEONGGU_SITE)")
]
Provider = Annotated[str, typer.Option("--provider", help="요양기관기호 · provider code")]
Month = Annotated[str, typer.Option("--month", help="진료년월 CCYYMM · care month")]
NOBODY = "아직 확정하지 않았습니다 · nobody has confirmed this"


@app.command("show")
def show_rosters(
    provider: Provider,
    month: Month,
    scheme: SchemeName = None,
    site: SiteFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="기계가 읽을 결과 · machine-readable")] = False,
) -> None:
    """의사별 진료일수, 공휴일 근무, 물리치료사 1일 환자 수 · days that go into the month's claims."""
    with _sheet(scheme, site, provider, month) as (_, _, sheet):
        typer.echo(json.dumps(asdict(sheet), ensure_ascii=False) if as_json else "\n".join(_lines(sheet)))


@app.command()
def confirm(
    provider: Provider,
    month: Month,
    person: Annotated[str, typer.Option("--person", help="직원 ID · staff id of who confirms")],
    reason: Annotated[str, typer.Option("--reason", help="사유 · what was looked at")],
    digest: Annotated[
        str,
        typer.Option(
            "--digest", help="show가 보여 준 확인값 · digest that was shown (default: as it is now)"
        ),
    ] = "",
    scheme: SchemeName = None,
    site: SiteFile = None,
) -> None:
    """본 내용을 확정합니다 · confirm what was seen; a changed roster needs a new confirmation."""
    with _sheet(scheme, site, provider, month) as (ledger, chosen, sheet):
        confirm_sheet(ledger, chosen, sheet, digest, person, reason, Actor(person, None))
    typer.echo(f"{provider} {month} {sheet.digest}: 확정했습니다. Confirmed.")


@contextmanager
def _sheet(
    scheme: str | None, site: Path | None, provider: str, month: str
) -> Iterator[tuple[Ledger, Scheme, Sheet]]:
    settings, chosen = read_site(site, scheme)
    source = open_source(settings.source(chosen.name).url, chosen.views.contract)
    try:
        with open_ledger(
            settings.ledger_url, load_secret(settings.key_variable, settings.key_file)
        ) as ledger:
            yield ledger, chosen, show(source, ledger, chosen, settings.settings, provider, month)
    finally:
        source.close()


def _lines(sheet: Sheet) -> list[str]:
    head = f"{sheet.provider_code} {sheet.month}  확인값 digest {sheet.digest}"
    rows = [f"  {row['what']:<14}{row['who']:<12}{row['value']}" for row in sheet.rows]
    foot = f"확정 · confirmed by {sheet.confirmed_by}" if sheet.confirmed_by else NOBODY
    return [head, *rows, foot]
