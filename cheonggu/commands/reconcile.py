"""``ledger reconcile``: every won of the sent claims, explained or listed as open; a table, JSON or an Excel file."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from cheonggu.commands.opening import OneLedger
from cheonggu.commands.options import AsJson, MonthRange, Xlsx, with_options
from cheonggu.ledger.reconciliation import AMOUNTS, Reconciliation
from cheonggu.ledger.sheets import sheet_of, write_book

TITLES = {
    "claimed": "청구액",
    "decided": "심사결정액",
    "adjusted": "심사조정",
    "impossible": "심사불능",
    "held": "심사보류",
    "undecided": "미결",
    "settled_difference": "정산차액",
    "paid": "지급액",
    "open": "미지급",
}


@with_options
def reconcile(
    place: OneLedger,
    months: MonthRange,
    provider: Annotated[str | None, typer.Option("--provider", help="요양기관기호 · provider code")] = None,
    claim_no: Annotated[str | None, typer.Option("--claim-no", help="청구번호 · one claim")] = None,
    xlsx: Xlsx = None,
    as_json: AsJson = False,
) -> None:
    """청구·심사·지급 대사 · explain every won, or list it as open; exit 1 when a won is unexplained."""
    with place.opened() as (ledger, scheme):
        found = ledger.reconcile(scheme.name, provider_code=provider, claim_no=claim_no, months=months.both())
    if xlsx is not None:
        write_book(
            xlsx,
            [
                sheet_of("청구서 claims", found.claims),
                sheet_of("명세서 statements", found.statements),
                sheet_of("줄 lines", found.lines),
                sheet_of("미결 open", found.items),
            ],
        )
    if as_json:
        rows = {"claims": found.claims.to_pylist(), "items": found.items.to_pylist()}
        typer.echo(json.dumps({"sums": found.sums(), **rows}, ensure_ascii=False, indent=1))
    else:
        typer.echo(show(found))
    if found.problems:
        raise typer.Exit(1)


def show(found: Reconciliation) -> str:
    """The sums and the open items by kind."""
    sums: dict[str, Any] = found.sums()
    lines = [f"청구서 {sums['claims']:,}건 claims, 명세서 {sums['statements']:,}건 statements"]
    lines += [f"  {TITLES[name]:<8}{name:<22}{sums[name]:>18,} 원" for name in AMOUNTS]
    if sums["items"]:
        lines.append("미결 open items")
    lines += [
        f"  {row['kind']:<24}{row['count']:>8,}{row['won']:>18,} 원  {row['why']}"
        for row in found.open_rows()
    ]
    lines += [f"{one}" for one in found.problems[:20]]
    return "\n".join(lines)
