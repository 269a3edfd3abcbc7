"""``decide``: what people decide, from a shell; the same decisions as the forms."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from cheonggu.commands.opening import OneSite, open_site_ledger
from cheonggu.commands.options import AsJson, Person, Provider, Reason, SiteFile, with_options
from cheonggu.days import seoul_time, today
from cheonggu.decisions import carry_out, edit_remark
from cheonggu.gateways import open_gateway
from cheonggu.ledger import Actor, Instruction, NewInstruction
from cheonggu.ledger.decisions import DecisionKind
from cheonggu.ledger.remarks import ALL_FORMS
from cheonggu.reruns import BackReference, correct_back_reference
from cheonggu.site import load_site, site_path

app = typer.Typer(help="사람의 결정 · what people decide", no_args_is_help=True)

Subject = Annotated[
    str, typer.Argument(metavar="대상", help="청구번호, 배치ID, 관리번호 또는 문서번호 · what it is about")
]


def _decision(kind: DecisionKind, help_text: str) -> None:
    """One command per decision; only what it is about differs."""

    def command(
        place: OneSite, subject: Subject, person: Person, reason: Reason, provider: Provider = ""
    ) -> None:
        with place.opened() as (settings, scheme, ledger):
            new = NewInstruction(scheme.name, kind, provider, subject, person, reason)
            gateway = open_gateway(scheme.gateway, settings.gateways.get(scheme.gateway))
            typer.echo(_line(carry_out(ledger, gateway, new, Actor(person, None))))

    app.command(kind.replace("_", "-"), help=help_text)(with_options(command))


for _kind, _help in (
    (DecisionKind.APPROVAL, "청구번호: 점검이 끝난 청구서의 송신을 승인 · approve these very files"),
    (DecisionKind.WITHDRAWAL, "청구번호: 송신 전 청구서를 취소 · take a claim back before the hand-off"),
    (DecisionKind.SENT, "청구번호: 송신된 것을 확인 · seen that it was sent"),
    (
        DecisionKind.NOT_SENT,
        "청구번호: 송신되지 않은 것을 확인 · seen that it never left; statements are free",
    ),
    (DecisionKind.STOP_CLEARED, "청구번호: 통보와 달라 멈춘 청구서를 확인 · looked at a stopped claim"),
    (DecisionKind.RELEASE, "배치ID: 보류한 배치를 계속 진행 · let a held batch go on"),
    (DecisionKind.WRITE_OFF, "관리번호: 명세서의 청구를 포기 · give a statement up"),
    (
        DecisionKind.CLAIM_ANEW,
        "관리번호: 전액 환수된 명세서를 다시 청구 · claim anew what was taken back in full",
    ),
    (DecisionKind.MATERIAL_SENT, "문서번호: 요청받은 보완자료를 제출 · the material asked for was sent"),
):
    _decision(_kind, _help)


@app.command()
@with_options
def remark(
    place: OneSite,
    text: Annotated[str, typer.Argument(help="참조란 내용 · the text")],
    provider: Provider,
    person: Person,
    reason: Reason,
    form_no: Annotated[str, typer.Option("--form", help="서식 · form, * for all")] = ALL_FORMS,
) -> None:
    """다음 청구서의 참조란을 정합니다 · the remark of the next claims."""
    with place.opened() as (_, scheme, ledger):
        new = NewInstruction(scheme.name, DecisionKind.REMARK, provider, form_no, person, reason)
        typer.echo(_line(edit_remark(ledger, new, text, Actor(person, None))))


@app.command()
def remarks(provider: Provider, site: SiteFile = None) -> None:
    """최근에 쓴 참조란 · the remarks used last."""
    with open_site_ledger(load_site(site_path(site))) as ledger:
        for one in ledger.remarks(provider).to_pylist():
            typer.echo(f"{seoul_time(one['at'])[:10]}  {one['form_no']:<6}{one['text']}")


@app.command("back-reference")
@with_options
def back_reference(
    place: OneSite,
    statement_key: Annotated[str, typer.Argument(metavar="관리번호", help="명세서 관리번호 · statement key")],
    receipt_no: Annotated[str, typer.Option("--receipt", help="접수번호 · receipt number")],
    statement_no: Annotated[str, typer.Option("--serial", help="명세서일련번호 · serial")],
    reason_code: Annotated[str, typer.Option("--code", help="심사불능 사유코드 · reason code")],
    provider: Provider,
    person: Person,
    reason: Reason,
    detail_code: Annotated[str, typer.Option("--detail", help="사유 세부코드 · detail code")] = "",
) -> None:
    """통보서를 받지 못한 명세서의 역참조 · what a paper notice says, for a supplementary claim."""
    given = BackReference(receipt_no, statement_no, reason_code, detail_code)
    with place.opened() as (_, scheme, ledger):
        kept = correct_back_reference(
            ledger,
            scheme,
            provider,
            statement_key,
            given,
            person=person,
            reason=reason,
            as_of=today(),
            actor=Actor(person, None),
        )
    typer.echo(_line(kept))


@app.command("list")
@with_options
def list_all(
    place: OneSite,
    kind: Annotated[
        str | None, typer.Option("--kind", help="한 종류만, 예: approval · one kind of decision only")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """누가 무엇을 왜 결정했는지 · who decided what and why."""
    with place.opened() as (_, scheme, ledger):
        found = ledger.instructions(scheme.name, kind=kind)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False, default=str, indent=1))
        return
    for one in found:
        typer.echo(_line(one))


@app.command()
def end(
    instruction_id: Annotated[int, typer.Argument(metavar="번호", help="'decide list'의 번호 · its number")],
    person: Person,
    reason: Reason,
    site: SiteFile = None,
) -> None:
    """결정을 앞으로 적용하지 않습니다 · an instruction holds no longer."""
    with open_site_ledger(load_site(site_path(site))) as ledger:
        ledger.end_instruction(instruction_id, person, reason, Actor(person, None))
    typer.echo(f"{instruction_id}번 지시를 끝냈습니다. Instruction {instruction_id} ended.")


def _line(one: Instruction) -> str:
    until = f" ~{one.expires_on}" if one.expires_on else ""
    gone = f" (종료 ended {seoul_time(one.ended_at)[:10]} {one.ended_by})" if one.ended_at else ""
    where = f"{one.provider_code} " if one.provider_code else ""
    what = f"{one.instruction_id}  {seoul_time(one.given_at)}  {one.kind}  {where}{one.subject}"
    return f"{what}  {one.person}: {one.reason}{until}{gone}"
