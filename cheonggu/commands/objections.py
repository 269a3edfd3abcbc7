"""``ledger objections`` and ``ledger dispute``: what can still be disputed, drafts of it, and that it was filed."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer

from cheonggu.batches import write_bytes
from cheonggu.commands.opening import OneLedger
from cheonggu.commands.options import AsJson, AsOf, Provider, day_option, with_options
from cheonggu.days import today
from cheonggu.ledger import Actor
from cheonggu.objections import draft_disputes, file_dispute, find_candidates

STATUS = {"open": "", "soon": "기한 임박 · near the limit", "expired": "기한 지남 · too late"}


@with_options
def objections(
    place: OneLedger,
    as_of: AsOf = None,
    expired: Annotated[
        bool, typer.Option("--expired", help="기한이 지난 것도 · also those too late")
    ] = False,
    drafts: Annotated[Path | None, typer.Option("--drafts", help="초안 폴더 · write drafts (HTML)")] = None,
    as_json: AsJson = False,
) -> None:
    """이의신청·재심사조정청구 후보와 기한, 초안 · what can still be disputed, until when, for how much."""
    documents: dict[str, str] = {}
    with place.opened() as (ledger, scheme):
        found = find_candidates(ledger, scheme, as_of or today(), expired=expired)
        if drafts is not None:
            documents = draft_disputes(ledger, scheme, found)
            drafts.mkdir(parents=True, exist_ok=True)
            for name, text in documents.items():
                write_bytes(drafts / name, text.encode())
    if as_json:
        typer.echo(json.dumps(found.to_pylist(), ensure_ascii=False, indent=1, default=str))
    else:
        typer.echo(show_candidates(found, len(documents)))


@with_options
def dispute(
    place: OneLedger,
    claim_no: Annotated[str, typer.Argument(help="청구번호 · claim number")],
    kind: Annotated[
        str, typer.Argument(help="재심사조정청구 re-review, 이의신청 objection · what was filed")
    ],
    statement_nos: Annotated[list[str], typer.Argument(help="명세서일련번호 · statement serials")],
    provider: Provider,
    by: Annotated[str, typer.Option("--by", help="담당자 · who filed it")],
    filed_on: Annotated[
        date | None, day_option("--filed-on", "신청일 · day of filing (default: today)")
    ] = None,
) -> None:
    """신청한 사실을 원장에 기록합니다 · record that a person filed it; refused past the limit."""
    with place.opened() as (ledger, scheme):
        day, actor = filed_on or today(), Actor(by, None)
        rows = file_dispute(ledger, scheme, provider, claim_no, kind, statement_nos, day, actor)
    typer.echo(f"{len(rows)}건을 신청 중으로 기록했습니다. {len(rows)} statements are now disputed.")


def show_candidates(found: pa.Table, drafted: int) -> str:
    """A line per candidate, the nearest limit first, and the sum."""
    rows = found.to_pylist()
    lines = [
        f"{row['last_on']}  {row['claim_no']} {row['statement_no']}  {row['kind']:<9}  {row['codes']}"
        f"  {row['amount']:,}원  {STATUS[row['status']]}".rstrip()
        for row in rows
    ]
    told = f", 초안 {drafted}건 drafts" if drafted else ""
    lines.append(f"{len(rows):,}건 {sum(row['amount'] for row in rows):,}원 candidates{told}")
    return "\n".join(lines)
