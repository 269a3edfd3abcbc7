"""``rerun plan`` and ``rerun run``: supplementary, additional, omitted and split claims from a shell."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated

import typer

from cheonggu.commands.opening import OneSite, source_of
from cheonggu.commands.options import AsJson, AsOf, Person, Provider, Reason, with_options
from cheonggu.commands.run import day_given, json_wanted, start_flow
from cheonggu.days import today
from cheonggu.reruns import Plan, Request, plan_rerun

app = typer.Typer(help="보완·추가·누락·분리청구 · reruns", no_args_is_help=True)

ClassName = Annotated[
    str,
    typer.Argument(
        metavar="청구구분",
        help="보완 supplementary, 추가 additional, 누락 omitted, 분리 split, 보험자변경 other_payer · claim class",
    ),
]
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


@app.command("plan")
@with_options
def plan(
    place: OneSite,
    claim_class: ClassName,
    provider: Provider,
    receipt: Receipts = [],  # noqa: B006 - typer copies it
    statement: Statements = [],  # noqa: B006 - typer copies it
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """무엇을 보내고 무엇이 바뀌었으며 무엇을 왜 빼는지 · dry run: what would be sent, changed, left out and why."""
    asked = Request(claim_class, provider, as_of or today(), tuple(receipt), tuple(statement))
    with place.opened() as (settings, scheme, ledger), source_of(settings, scheme) as source:
        found = plan_rerun(source, ledger, scheme, settings, asked)
    typer.echo(json.dumps(_plain(found), ensure_ascii=False, indent=1) if as_json else _show(found))


@app.command("run")
@with_options
def run(
    place: OneSite,
    claim_class: ClassName,
    provider: Provider,
    person: Person,
    reason: Reason,
    receipt: Receipts = [],  # noqa: B006 - typer copies it
    statement: Statements = [],  # noqa: B006 - typer copies it
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """실제로 청구합니다: 작성→검증→점검→송신→기록 · carry the plan out through the six stages."""
    arguments = ["rerun", "--scheme", place.read()[1].name, "--class", claim_class, "--provider", provider]
    arguments += ["--person", person, "--reason", reason]
    arguments += [part for one in receipt for part in ("--receipt", one)]
    arguments += [part for one in statement for part in ("--statement", one)]
    arguments += [*day_given(as_of), *json_wanted(as_json)]
    start_flow(arguments, site=place.path)


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
