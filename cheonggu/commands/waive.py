"""``waive add | list | end``: let a finding pass for a time (점검제외), see what is let pass, stop it."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

import typer

from cheonggu.commands.opening import OneLedger
from cheonggu.commands.options import AsJson, Person, Provider, Reason, day_option, with_options
from cheonggu.days import today
from cheonggu.errors import UsageError
from cheonggu.ledger import Actor, Instruction
from cheonggu.precheck import read_rules
from cheonggu.waivers import FINDING, STATEMENT, WAIVER, NewWaiver, grant, is_seen, read_terms, to_waiver

app = typer.Typer(help="점검제외 · waivers: findings a person lets pass for a time", no_args_is_help=True)


@app.command()
@with_options
def add(
    place: OneLedger,
    rule_id: Annotated[str, typer.Argument(help="규칙 번호 · such as DX-001")],
    provider: Provider,
    until: Annotated[date, day_option("--until", "기한 · last day")],
    person: Person,
    reason: Reason,
    scope: Annotated[
        str,
        typer.Option(
            "--scope",
            help="범위: 지적 하나 finding, 명세서 statement, 진료과 department, 요양기관 provider · scope",
        ),
    ] = STATEMENT,
    statement: Annotated[str, typer.Option("--statement", help="명세서 키 · statement key")] = "",
    line: Annotated[int, typer.Option("--line", min=0, help="줄번호 · line number (finding)")] = 0,
    field: Annotated[str, typer.Option("--field", help="항목 · field (finding)")] = "",
    department: Annotated[str, typer.Option("--department", help="진료과목 · department code")] = "",
    second_person: Annotated[
        str,
        typer.Option(
            "--second-person", help="두 번째 승인자 · second person, for rules that prevent a return"
        ),
    ] = "",
) -> None:
    """점검제외를 등록합니다 · let a rule pass at one place, for a statement, department or provider."""
    new = NewWaiver(
        rule_id=rule_id.upper(),
        scope=scope,
        provider_code=provider,
        person=person,
        reason=reason,
        expires_on=until,
        statement_key=statement,
        line_no=line,
        field=field,
        department=department,
        second_person=second_person,
    )
    with place.opened() as (ledger, scheme):
        rules = read_rules(scheme.checks.rule_folders, place.rule_folders(scheme))
        terms = read_terms(scheme, today(), rules)
        given = grant(ledger, scheme, terms, new, today(), Actor(person, None))
        seen = is_seen(ledger, new)
    typer.echo(f"{given.id}번 점검제외를 등록했습니다. Waiver {given.id} holds until {given.expires_on}.")
    if not seen:
        typer.echo(
            "원장에 아직 없는 명세서 키입니다. 잘못 적었으면 'cheonggu waive end'로 끝내고 다시 등록하세요.\n"
            "The ledger has not seen that statement yet. If the key is wrong, end the waiver and give it anew.",
            err=True,
        )


@app.command("list")
@with_options
def list_waivers(
    place: OneLedger,
    everything: Annotated[bool, typer.Option("--all", help="끝난 것도 · ended and expired ones too")] = False,
    as_json: AsJson = False,
) -> None:
    """점검제외 목록 · the waivers that hold, with who, why and until when."""
    with place.opened() as (ledger, scheme):
        given = ledger.instructions(scheme.name, kind=WAIVER, valid_on=None if everything else today())
    rows = [show(one, today()) for one in given]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1, default=str))
        return
    for one in rows:
        where = one["statement_key"] or one["department"] or one["provider_code"]
        if one["scope"] == FINDING:
            where += f" {one['line_no']} {one['field']}".rstrip()
        signed = f"{one['person']}+{one['second_person']}" if one["second_person"] else one["person"]
        typer.echo(
            f"{one['id']:>6}  {one['rule_id']:<9} {one['scope']:<10} {where}  ~{one['expires_on']}  "
            f"{one['status']}  {signed}: {one['reason']}"
        )
    typer.echo(f"점검제외 {len(rows)}건. {len(rows)} waivers.")


@app.command()
@with_options
def end(
    place: OneLedger,
    waiver_id: Annotated[int, typer.Argument(help="점검제외 번호 · number of the waiver")],
    person: Person,
    reason: Reason,
) -> None:
    """점검제외를 끝냅니다 · the waiver holds no longer; the next check finds the error again."""
    with place.opened() as (ledger, scheme):
        known = {one.instruction_id for one in ledger.instructions(scheme.name, kind=WAIVER)}
        if waiver_id not in known:
            raise UsageError(
                f"There is no waiver {waiver_id}.",
                f"{waiver_id}번 점검제외가 없습니다.",
                fix_en="'cheonggu waive list --all' shows them.",
                fix_ko="'cheonggu waive list --all'로 확인하세요.",
            )
        ledger.end_instruction(waiver_id, person, reason, Actor(person, None))
    typer.echo(f"{waiver_id}번 점검제외를 끝냈습니다. Waiver {waiver_id} has ended.")


def show(one: Instruction, on: date) -> dict[str, Any]:
    """A waiver as plain values, with whether it holds on a day: holds, expired or ended."""
    waiver = to_waiver(one)
    status = "ended" if one.ended_at else "expired" if waiver.expires_on < on else "holds"
    return {**asdict(waiver), "given_at": one.given_at, "status": status, "ended_by": one.ended_by}
