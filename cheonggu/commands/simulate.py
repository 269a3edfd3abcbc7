"""``cheonggu simulate``: the simulated counterparts; here HIRA as a program of its own, and its single steps.

``cheonggu simulate hira --folder CLIENT`` does one round of everything; ``--watch`` goes on doing so. The steps of
the client, the operator and HIRA can be taken one by one: examine, send, delete, answer, status.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from cheonggu.commands.opening import open_site_ledger
from cheonggu.commands.options import AsJson, day_option
from cheonggu.commands.simulate_school import read_script, school
from cheonggu.comparison import read_ours
from cheonggu.errors import UsageError
from cheonggu.gateways.simulator import HiraSimulator
from cheonggu.gateways.simulator_audit import compare
from cheonggu.schemes.hira import SCHEME
from cheonggu.site import load_site

app = typer.Typer(help="모의 상대 기관 · the simulated counterpart", no_args_is_help=True)
hira = typer.Typer(help="모의 심평원 · the simulated HIRA: its claim client, the operator, the answers")
app.add_typer(hira, name="hira")
app.command("school")(school)

ANSWERS = (
    "receipt",
    "review",
    "second-round",
    "settlement",
    "prescription",
    "return",
    "advance",
    "payment",
    "supplement-request",
    "objection-receipt",
    "cost-decision",
)
FolderOption = Annotated[
    Path | None,
    typer.Option("--folder", help="청구 프로그램 폴더 · the client's folder (in, out, simulator)"),
]
TodayOption = Annotated[date | None, day_option("--today", "오늘로 여길 날 · the day to play")]


@hira.callback(invoke_without_command=True)
def play(
    context: typer.Context,
    folder: FolderOption = None,
    script: Annotated[
        Path | None, typer.Option("--script", help="시나리오 TOML · rates and rules, kept for later calls")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="난수 씨앗 · seed, kept for later calls")] = None,
    once: Annotated[bool, typer.Option("--once", help="한 번만 처리(기본) · one round (default)")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="계속 처리 · go on until stopped")] = False,
    seconds: Annotated[
        float | None, typer.Option("--seconds", help="최대 시간(초) · at most so long")
    ] = None,
    idle_seconds: Annotated[
        float | None,
        typer.Option("--idle-seconds", help="할 일이 없으면 끝낼 시간(초) · stop when idle so long"),
    ] = None,
    today: TodayOption = None,
    auto_login: Annotated[
        bool,
        typer.Option("--auto-login/--no-auto-login", help="자동 로그인·송신 · send without the operator"),
    ] = True,
) -> None:
    """점검, 송신, 답신을 한 번 또는 계속 처리합니다 · examine, send and answer, once or in a loop.

    Stop a watch with the file <folder>/simulator/stop, --seconds or --idle-seconds. In a watch with --today the
    client's day stands still while HIRA's days pass, one a second, whenever there is nothing else to do.
    """
    settings = {"folder": folder, "today": today}
    context.obj = settings
    if context.invoked_subcommand is not None:
        if watch or once:
            raise UsageError(
                "--watch and --once do not go with a single step.",
                "--watch, --once는 단계 명령과 함께 쓸 수 없습니다.",
            )
        if script is not None or seed is not None:
            _open(settings, script=script, seed=seed).books.close()
        return
    if watch and once:
        raise UsageError("Choose --once or --watch.", "--once와 --watch 중 하나만 고르세요.")
    with _open(settings, script=script, seed=seed, auto_login=auto_login) as simulator:
        done = simulator.watch(seconds=seconds, idle_seconds=idle_seconds) if watch else simulator.step()
    _say(f"{done}건을 처리했습니다", f"{done} things done")


@hira.command()
def examine(context: typer.Context, folder: FolderOption = None, today: TodayOption = None) -> None:
    """입력 폴더의 청구 파일을 점검합니다 · check the set in the input folder and answer ExamResult.txt."""
    with _open(context.obj, folder, today) as simulator:
        done = simulator.examine()
        last = simulator.status()["documents"][-1:] if done else []
    for one in last:
        _say(
            f"문서 {one['document_id']} 점검결과 {one['exam_status']}",
            f"examined, {one['problem_count']} problems",
        )
    if not done:
        _say("점검할 청구 파일이 없습니다", "nothing to examine")


@hira.command()
def send(
    context: typer.Context,
    folder: FolderOption = None,
    today: TodayOption = None,
    document: Annotated[str | None, typer.Option("--document", help="문서 ID · one document only")] = None,
) -> None:
    """인증서 로그인 후 송신 · the operator logs in and sends what waits in the outbox."""
    with _open(context.obj, folder, today) as simulator:
        count = simulator.send(document)
    _say(f"{count}건을 송신했습니다", f"{count} claims sent")


@hira.command()
def delete(
    context: typer.Context,
    document: Annotated[str, typer.Option("--document", help="문서 ID · the document to delete")],
    folder: FolderOption = None,
    today: TodayOption = None,
) -> None:
    """보내지 않은 문서를 지웁니다 · the operator deletes an unsent document from the outbox."""
    with _open(context.obj, folder, today) as simulator:
        simulator.delete(document)
    _say(f"문서 {document}을(를) 지웠습니다", "deleted from the outbox, never sent")


@hira.command("object")
def file_objection(
    context: typer.Context,
    provider: Annotated[str, typer.Option("--provider", help="요양기관기호 · provider code")],
    claim: Annotated[str, typer.Option("--claim", help="청구번호 · claim number")],
    statement: Annotated[str, typer.Option("--statement", help="명세서일련번호 · statement serial")],
    kind: Annotated[
        str, typer.Option("--kind", help="재심사조정청구 re-review, 이의신청 objection · what is filed")
    ] = "re-review",
    folder: FolderOption = None,
    today: TodayOption = None,
) -> None:
    """포털에 재심사조정청구·이의신청을 냅니다 · file a re-review request or an objection at the portal."""
    with _open(context.obj, folder, today) as simulator:
        simulator.file_objection(provider, claim, statement, kind)
    _say(f"{claim}/{statement} 신청을 냈습니다", "filed; the answer is planned")


@hira.command()
def answer(
    context: typer.Context,
    folder: FolderOption = None,
    today: TodayOption = None,
    kind: Annotated[
        str | None,
        typer.Option("--kind", help=f"지금 바로 낼 답신 · answers to give now: {', '.join(ANSWERS)}"),
    ] = None,
) -> None:
    """때가 된 통보서를 냅니다 · write the notices that are due, or all planned ones of one kind."""
    if kind is not None and kind not in ANSWERS:
        raise UsageError(
            f"There is no answer {kind!r}; known: {', '.join(ANSWERS)}.",
            f"{kind!r} 답신은 없습니다. 사용 가능: {', '.join(ANSWERS)}.",
        )
    with _open(context.obj, folder, today) as simulator:
        count = simulator.answer(kind)
    _say(f"통보서 {count}건을 냈습니다", f"{count} notices delivered")


@hira.command()
def status(
    context: typer.Context,
    folder: FolderOption = None,
    today: TodayOption = None,
    as_json: AsJson = False,
    statements: Annotated[
        bool, typer.Option("--statements", help="명세서까지 · with statements (JSON)")
    ] = False,
) -> None:
    """모의 심평원의 장부 · the simulator's own books: claims, receipts, won, complaints."""
    with _open(context.obj, folder, today) as simulator:
        report = simulator.status(with_statements=statements)
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
        return
    _print_books(report)


@hira.command()
def books(
    context: typer.Context,
    site: Annotated[Path, typer.Option("--compare", help="설정 파일 · the site file of the ledger")],
    folder: FolderOption = None,
    today: TodayOption = None,
    as_json: AsJson = False,
) -> None:
    """장부를 원장과 대조합니다 · compare the books with a ledger; exit 1 on any difference."""
    with _open(context.obj, folder, today) as simulator, open_site_ledger(load_site(site)) as ledger:
        found = compare(simulator.books, read_ours(ledger, SCHEME.name))
    if as_json:
        typer.echo(json.dumps([vars(one) for one in found], ensure_ascii=False))
    for one in () if as_json else found:
        typer.echo(f"! {one}")
    if found:
        raise typer.Exit(1)
    if not as_json:
        _say("장부와 원장이 일치합니다", "the books agree with the ledger")


def _print_books(report: Mapping[str, Any]) -> None:
    waiting = [one["document_id"] for one in report["documents"] if one["outbox"] == "waiting"]
    typer.echo(f"송신 대기 · in the outbox: {', '.join(waiting) or '-'}")
    for one in report["claims"]:
        receipt = f"{one['receipt_year']}-{one['receipt_no']}" if one["receipt_no"] else "-"
        outcomes = ", ".join(f"{name} {count}" for name, count in one["outcomes"].items())
        typer.echo(
            f"{one['claim_no']}  {one['state']}  {receipt}  {one['statement_count']}건"
            f"  {one['claimed_amount']:,}원 → {one['decided_amount']:,}원  ({outcomes})"
        )
    for one in report["complaints"]:
        where = "/".join(filter(None, (one["claim_no"], one["statement_no"])))
        typer.echo(f"! {one['said']} ({one['basis']}): {where}")
    if not report["claims"]:
        _say("접수된 청구가 없습니다", "no claim was received")


def _open(
    settings: Mapping[str, Any],
    folder: Path | None = None,
    today: date | None = None,
    *,
    script: Path | None = None,
    seed: int | None = None,
    auto_login: bool = True,
) -> HiraSimulator:
    """The simulator on the folder that was given before or after the step's name."""
    where = folder or settings["folder"]
    if where is None:
        raise UsageError(
            "Give the client's folder with --folder.", "--folder로 청구 프로그램 폴더를 지정하세요."
        )
    return HiraSimulator(
        where,
        script=None if script is None else read_script(script),
        seed=seed,
        today=today or settings["today"],
        auto_login=auto_login,
    )


def _say(korean: str, english: str) -> None:
    typer.echo(f"{korean} · {english}")
