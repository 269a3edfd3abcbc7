"""``rerun plan`` and ``rerun run``: supplementary, additional, omitted and split claims from a shell."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from typing import Annotated

import typer

from cheonggu.commands.options import SchemeName
from cheonggu.commands.run import Json, Site, existing_site, start_flow
from cheonggu.commands.waive import today
from cheonggu.ledger import open_ledger
from cheonggu.privacy import load_secret
from cheonggu.reruns import Plan, Request, plan_rerun
from cheonggu.schemes import find_scheme
from cheonggu.site import load_site
from cheonggu.sources import open_source

app = typer.Typer(help="보완·추가·누락·분리청구 · reruns", no_args_is_help=True)

ClassName = Annotated[
    str, typer.Argument(metavar="청구구분", help="supplementary | additional | omitted | split | other_payer")
]
Provider = Annotated[str, typer.Option("--provider", help="요양기관기호 · provider code")]
Receipts = Annotated[
    list[str],
    typer.Option("--receipt", help="접수번호, 여러 번 가능 · receipt number, repeatable (default: all)"),
]
Statements = Annotated[
    list[str],
    typer.Option(
        "--statement", help="명세서 관리번호, 여러 번 가능 · statement key, repeatable (default: all ready)"
    ),
]
Day = Annotated[
    datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="기준일 · day of the run")
]


@app.command("plan")
def plan(
    claim_class: ClassName,
    provider: Provider,
    receipt: Receipts = [],  # noqa: B006 - typer copies it
    statement: Statements = [],  # noqa: B006 - typer copies it
    as_of: Day = None,
    scheme: SchemeName = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """무엇을 보내고 무엇이 바뀌었으며 무엇을 왜 빼는지 · dry run: what would be sent, changed, left out and why."""
    path, name = existing_site(site, scheme)
    settings, chosen = load_site(path), find_scheme(name)
    day = as_of.date() if as_of else today()
    asked = Request(claim_class, provider, day, tuple(receipt), tuple(statement))
    secret = load_secret(settings.key_variable, settings.key_file)
    with open_ledger(settings.ledger_url, secret) as ledger:
        source = open_source(settings.source(name).url, chosen.views.contract)
        try:
            found = plan_rerun(source, ledger, chosen, settings, asked)
        finally:
            source.close()
    typer.echo(json.dumps(_plain(found), ensure_ascii=False, indent=1) if as_json else _show(found))


@app.command("run")
def run(
    claim_class: ClassName,
    provider: Provider,
    person: Annotated[str, typer.Option("--person", help="직원 ID · staff id of who decides")],
    reason: Annotated[str, typer.Option("--reason", help="사유 · why")],
    receipt: Receipts = [],  # noqa: B006 - typer copies it
    statement: Statements = [],  # noqa: B006 - typer copies it
    as_of: Day = None,
    scheme: SchemeName = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """실제로 청구합니다: 작성→검증→점검→송신→기록 · carry the plan out through the six stages."""
    path, name = existing_site(site, scheme)
    arguments = ["rerun", "--scheme", name, "--class", claim_class, "--provider", provider]
    arguments += ["--person", person, "--reason", reason]
    arguments += [part for one in receipt for part in ("--receipt", one)]
    arguments += [part for one in statement for part in ("--statement", one)]
    arguments += ["--as-of", f"{as_of:%Y-%m-%d}"] if as_of else []
    start_flow([*arguments, *(["--json"] if as_json else [])], site=path)


def _plain(found: Plan) -> dict[str, object]:
    return {
        "planned": [dataclasses.asdict(one) for one in found.planned],
        "left_out": [dataclasses.asdict(one) for one in found.left_out],
    }


def _show(found: Plan) -> str:
    """A line per statement, its changes below it, and the sums."""
    lines = []
    for one in found.planned:
        place = f"{one.receipt_year}-{one.receipt_no} {one.statement_no} {one.reason_code}".strip(" -")
        lines.append(f"청구 send  {one.source_key}  {place}".rstrip())
        lines += [f"    {change}" for change in one.changes]
    for left in found.left_out:
        place = f"{left.receipt_no} {left.statement_no}".strip()
        lines.append(f"제외 left out  {left.key}  {place}  {left.word}".rstrip())
        lines.append(f"    {left.ko} · {left.en}")
    lines.append(f"대상 {len(found.planned):,}건 to send, 제외 {len(found.left_out):,}건 left out")
    return "\n".join(lines)
