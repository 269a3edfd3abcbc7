"""``rosters show | confirm``: who worked in a month, as its claims will say it, and a person's word for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated

import typer

from cheonggu.commands.opening import OneSite, source_of
from cheonggu.commands.options import AsJson, Provider, month_option, with_options
from cheonggu.confirming import Sheet, show
from cheonggu.confirming import confirm as confirm_sheet
from cheonggu.ledger import Actor, Ledger
from cheonggu.schemes.scheme import Scheme

app = typer.Typer(help="근무 현황 · rosters that claims rest on", no_args_is_help=True)

Month = Annotated[str, month_option("--month", "진료년월 · care month")]
NOBODY = "아직 확정하지 않았습니다 · nobody has confirmed this"


@app.command("show")
@with_options
def show_rosters(place: OneSite, provider: Provider, month: Month, as_json: AsJson = False) -> None:
    """의사별 진료일수, 공휴일 근무, 물리치료사 1일 환자 수 · days that go into the month's claims."""
    with _sheet(place, provider, month) as (_, _, sheet):
        typer.echo(json.dumps(asdict(sheet), ensure_ascii=False) if as_json else "\n".join(_lines(sheet)))


@app.command()
@with_options
def confirm(
    place: OneSite,
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
) -> None:
    """본 내용을 확정합니다 · confirm what was seen; a changed roster needs a new confirmation."""
    with _sheet(place, provider, month) as (ledger, scheme, sheet):
        confirm_sheet(ledger, scheme, sheet, digest, person, reason, Actor(person, None))
    typer.echo(f"{provider} {month} {sheet.digest}: 확정했습니다. Confirmed.")


@contextmanager
def _sheet(place: OneSite, provider: str, month: str) -> Iterator[tuple[Ledger, Scheme, Sheet]]:
    with place.opened() as (settings, scheme, ledger), source_of(settings, scheme) as source:
        yield ledger, scheme, show(source, ledger, scheme, settings.settings, provider, month)


def _lines(sheet: Sheet) -> list[str]:
    head = f"{sheet.provider_code} {sheet.month}  확인값 digest {sheet.digest}"
    rows = [f"  {row['what']:<14}{row['who']:<12}{row['value']}" for row in sheet.rows]
    foot = f"확정 · confirmed by {sheet.confirmed_by}" if sheet.confirmed_by else NOBODY
    return [head, *rows, foot]
