"""``cheonggu simulate school``: the simulated association on the upload folder, and its single steps."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from cheonggu.commands.options import AsJson, day_option
from cheonggu.errors import UsageError
from cheonggu.gateways.association import Association

ANSWERS = ("receipt", "supplement", "extension", "decision", "payment")
Folder = Annotated[Path, typer.Option("--folder", help="업로드 폴더 · the upload folder (upload, out)")]
Today = Annotated[date | None, day_option("--today", "오늘로 여길 날 · the day to play")]


def school(
    folder: Folder,
    today: Today = None,
    script: Annotated[
        Path | None, typer.Option("--script", help="시나리오 TOML · rates and outcomes, kept for later calls")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="난수 씨앗 · seed, kept for later calls")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="계속 처리 · go on until stopped")] = False,
    seconds: Annotated[
        float | None, typer.Option("--seconds", help="최대 시간(초) · at most so long")
    ] = None,
    days: Annotated[int, typer.Option("--days", help="지나갈 날수 · let so many days pass first")] = 0,
    answer: Annotated[
        str | None, typer.Option("--answer", help=f"지금 낼 답신 · give now: {', '.join(ANSWERS)}")
    ] = None,
    status: Annotated[bool, typer.Option("--status", help="장부만 보기 · show the books only")] = False,
    as_json: AsJson = False,
) -> None:
    """모의 학교안전공제회: 접수, 보완 요청, 연장, 결정, 지급 · the simulated association.

    In a watch with --today the association's days pass whenever there is nothing else to do.
    """
    if answer is not None and answer not in ANSWERS:
        raise UsageError(
            f"There is no answer {answer!r}; known: {', '.join(ANSWERS)}.",
            f"{answer!r} 답신은 없습니다. 사용 가능: {', '.join(ANSWERS)}.",
        )
    text = None if script is None else read_script(script)
    with Association(folder, script=text, seed=seed, today=today) as association:
        if days:
            association.pass_days(days)
        if status:
            _show(association, as_json)
            return
        if watch:
            done = association.watch(seconds=seconds)
        elif answer is not None:
            done = association.answer(answer)
        else:
            done = association.step()
        if as_json:
            _show(association, as_json)
            return
    typer.echo(f"{done}건을 처리했습니다 · {done} things done")


def _show(association: Association, as_json: bool) -> None:
    report = association.status()
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
        return
    for one in report["packages"]:
        typer.echo(
            f"{one['claim_no']}  접수번호 {one['receipt_no'] or '-'}  {one['claim_count']}건  {one['claimed_won']:,}원"
        )
    for one in report["complaints"]:
        typer.echo(f"! {one['said']}: {one['token']}/{one['statement_no']}")
    if not report["packages"]:
        typer.echo("접수된 청구가 없습니다 · no package was received")


def read_script(path: Path) -> str:
    """The text of a scenario; UsageError when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"The script {path.name} cannot be read as UTF-8 text.",
            f"스크립트 {path.name}을(를) UTF-8로 읽을 수 없습니다.",
        ) from error
