"""``ledger overlaps``: visits that another scheme of the same ledger holds too, whichever was claimed first."""

from __future__ import annotations

import json

import typer

from cheonggu.commands.opening import OneLedger
from cheonggu.commands.options import AsJson, with_options


@with_options
def overlaps(place: OneLedger, as_json: AsJson = False) -> None:
    """다른 제도에도 있는 진료 · statements whose visit another scheme claims too, under opaque keys.

    The pre-check warns with OVL-001 on the side that is claimed later; this list also shows the side that left first.
    """
    with place.opened() as (ledger, scheme):
        rows = ledger.scheme_overlaps(scheme.name).to_pylist()
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for row in rows:
        where = f"{row['provider_code']} {row['claim_no'] or '-'}"
        typer.echo(
            f"{row['statement_key']}  {row['state']}  {where}  {row['other_scheme']} {row['visits']:,}"
        )
    typer.echo(f"{len({row['statement_key'] for row in rows}):,}건 statements")
