"""``ledger objections`` and ``ledger dispute``: what can still be disputed, drafts of it, and that it was filed."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cheonggu.batches import write_bytes
from cheonggu.commands.ledger import KeyFile, Site, Url, find_ledger
from cheonggu.commands.options import SchemeName, scheme_of_ledger
from cheonggu.commands.terminal import read_day
from cheonggu.ledger import Actor
from cheonggu.objections import draft_disputes, file_dispute, find_candidates

STATUS = {"open": "", "soon": "기한 임박 · near the limit", "expired": "기한 지남 · too late"}


def objections(
    scheme: SchemeName = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="기준일 · the day it is (default: today)")
    ] = None,
    expired: Annotated[
        bool, typer.Option("--expired", help="기한이 지난 것도 · also those too late")
    ] = False,
    drafts: Annotated[Path | None, typer.Option("--drafts", help="초안 폴더 · write drafts (HTML)")] = None,
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Annotated[bool, typer.Option("--json", help="기계가 읽을 결과 · machine-readable")] = False,
) -> None:
    """이의신청·재심사조정청구 후보와 기한, 초안 · what can still be disputed, until when, for how much."""
    chosen = scheme_of_ledger(scheme, url, site)
    with find_ledger(url, key_file, site) as ledger:
        found = find_candidates(ledger, chosen, _day(as_of), expired=expired)
        documents = draft_disputes(ledger, chosen, found) if drafts is not None else {}
    for name, text in documents.items():
        assert drafts is not None
        drafts.mkdir(parents=True, exist_ok=True)
        write_bytes(drafts / name, text.encode())
    rows = found.to_pylist()
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1, default=str))
        return
    for row in rows:
        place = f"{row['claim_no']} {row['statement_no']}  {row['kind']:<9}  {row['codes']}"
        typer.echo(f"{row['last_on']}  {place}  {row['amount']:,}원  {STATUS[row['status']]}".rstrip())
    total = sum(row["amount"] for row in rows)
    typer.echo(
        f"{len(rows):,}건 {total:,}원 candidates" + (f", 초안 {len(documents)}건 drafts" if documents else "")
    )


def dispute(
    claim_no: Annotated[str, typer.Argument(help="청구번호 · claim number")],
    kind: Annotated[str, typer.Argument(help="re-review (재심사조정청구) | objection (이의신청)")],
    statement_nos: Annotated[list[str], typer.Argument(help="명세서일련번호 · statement serials")],
    provider: Annotated[str, typer.Option("--provider", help="요양기관기호 · provider")],
    by: Annotated[str, typer.Option("--by", help="담당자 · who filed it")],
    filed_on: Annotated[
        str | None, typer.Option("--filed-on", help="신청일 · day of filing (default: today)")
    ] = None,
    scheme: SchemeName = None,
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
) -> None:
    """신청한 사실을 원장에 기록합니다 · record that a person filed it; refused past the limit."""
    chosen = scheme_of_ledger(scheme, url, site)
    with find_ledger(url, key_file, site) as ledger:
        day, actor = _day(filed_on), Actor(by, None)
        rows = file_dispute(ledger, chosen, provider, claim_no, kind, statement_nos, day, actor)
    typer.echo(f"{len(rows)}건을 신청 중으로 기록했습니다. {len(rows)} statements are now disputed.")


def _day(text: str | None) -> date:
    return datetime.now(ZoneInfo("Asia/Seoul")).date() if text is None else read_day(text)
