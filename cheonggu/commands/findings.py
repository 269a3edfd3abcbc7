"""``findings report``: what the checks found, by rule with the money at stake, then by statement."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cheonggu.batches import write_bytes
from cheonggu.commands.opening import OneSite
from cheonggu.commands.options import AsJson, Xlsx, month_option, with_options
from cheonggu.days import today
from cheonggu.errors import UsageError
from cheonggu.findings_report import FindingsReport, make_report
from cheonggu.ledger.sheets import write_book

app = typer.Typer(help="점검 결과 · findings", no_args_is_help=True)


@app.callback()
def findings() -> None:
    """점검 결과 · findings."""


@app.command()
@with_options
def report(
    place: OneSite,
    batch: Annotated[str | None, typer.Option("--batch", help="배치 하나 · one batch")] = None,
    claim: Annotated[str | None, typer.Option("--claim", help="청구번호 · one claim number")] = None,
    month: Annotated[str | None, month_option("--month", "진료년월 · treatment month")] = None,
    as_json: AsJson = False,
    xlsx: Xlsx = None,
    html: Annotated[Path | None, typer.Option("--html", help="웹 페이지 · write a page to print")] = None,
) -> None:
    """규칙별·명세서별 점검 결과 · without a filter: all that can still be mended; exit 1 when errors stand."""
    with place.opened() as (settings, scheme, ledger):
        known = ledger.batches(scheme.name)
        refuse_unknown("--batch", batch, {one.batch_id for one in known})
        refuse_unknown("--claim", claim, {one.claim_no for one in known if one.claim_no})
        made = make_report(
            ledger,
            scheme.name,
            settings.batches_folder(scheme.name),
            today(),
            batch_id=batch,
            claim_no=claim,
            month=month,
        )
    if xlsx is not None:
        write_book(xlsx, made.sheets())
    if html is not None:
        write_bytes(html, made.as_html().encode())
    typer.echo(made.as_json() if as_json else show(made))
    if made.totals["errors"]:
        raise typer.Exit(1)


def refuse_unknown(option: str, asked: str | None, known: set[str]) -> None:
    """A mistyped number must not look like a claim without findings."""
    if asked is not None and asked not in known:
        raise UsageError(
            f"The ledger has no {option} {asked}.",
            f"원장에 {option} {asked}이(가) 없습니다.",
            fix_en="'cheonggu register claims' and 'cheonggu ledger status' show what it has.",
            fix_ko="'cheonggu register claims'와 'cheonggu ledger status'로 확인하세요.",
        )


def show(made: FindingsReport) -> str:
    """The rules as lines, the dearest first."""
    lines = [
        f"{one['rule_id']:<9} {one['level']:<7} {one['findings']:>7,}건 {one['statements']:>7,}명세서 "
        f"{one['won']:>14,}원  {one['message_ko']} · {one['message_en']}"
        for one in made.rules.to_pylist()
    ]
    totals = made.totals
    lines.append(
        f"지적 {totals['findings']:,}건, 명세서 {totals['statements']:,}건, {totals['won']:,}원, "
        f"점검제외 {totals['waived']:,}건, 미점검 규칙 {len(made.not_checked):,}건. "
        f"{totals['findings']:,} findings, {totals['waived']:,} waived."
    )
    return "\n".join(lines)
