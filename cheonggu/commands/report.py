"""``report ageing`` and ``report rules``: what waits and until when; how well the rules foresee the answers."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import typer

from cheonggu.ageing import as_json as ageing_as_json
from cheonggu.ageing import collect_ageing, sum_up
from cheonggu.commands.opening import OneSite, source_of
from cheonggu.commands.options import AsJson, AsOf, Xlsx, with_options
from cheonggu.days import today
from cheonggu.ledger.sheets import sheet_of, write_book
from cheonggu.precheck import load_catalogue
from cheonggu.rule_feedback import make_feedback

app = typer.Typer(help="보고 · reports", no_args_is_help=True)


@app.command()
@with_options
def ageing(place: OneSite, as_of: AsOf = None, as_json: AsJson = False, xlsx: Xlsx = None) -> None:
    """미결 현황: 급한 순서로 · what waits, since when, for whom, until when; exit 1 when a deadline is near or over."""
    with place.opened() as (settings, scheme, ledger), source_of(settings, scheme) as source:
        found = collect_ageing(ledger, scheme, settings, as_of or today(), source)
    if xlsx is not None:
        write_book(xlsx, [sheet_of("요약 kinds", sum_up(found)), sheet_of("미결 waiting", found)])
    typer.echo(ageing_as_json(found) if as_json else show_ageing(found))
    if any(found["is_near"].to_pylist()):
        raise typer.Exit(1)


@app.command()
@with_options
def rules(place: OneSite, as_json: AsJson = False, xlsx: Xlsx = None) -> None:
    """규칙별 적중과 놓친 사유 · how often each rule fired, what came back, and which refusals no rule foresaw."""
    with place.opened() as (settings, scheme, ledger):
        catalogue = load_catalogue(scheme.checks.rule_folders, settings.rule_folders(scheme.name))
        made = make_feedback(ledger.rule_answers(scheme.name), catalogue)
    tables = {"rules": made.rules, "misses": made.misses}
    if xlsx is not None:
        write_book(xlsx, [sheet_of("규칙 rules", made.rules), sheet_of("놓친 사유 misses", made.misses)])
    if as_json:
        rows = {name: table.to_pylist() for name, table in tables.items()}
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for one in made.rules.to_pylist():
        typer.echo(show_rule(one))
    for one in made.misses.to_pylist():
        known = ", ".join(one["rules"]) or "없음 none"
        typer.echo(
            f"놓침 missed {one['code']} {one['text_ko'] or ''}: "
            f"{one['missed']:,} / {one['refused']:,}  규칙 rules: {known}"
        )
    if not len(made.rules) and not len(made.misses):
        typer.echo("아직 지적도 회신도 없습니다. No rule fired yet and nothing was refused.")


def show_rule(one: dict[str, Any]) -> str:
    """A rule's feedback as a line."""
    share = "-" if one["precision_percent"] is None else f"{one['precision_percent']}%"
    return (
        f"{one['rule_id']:<9} {one['level']:<7} 지적 {one['findings']:,} 명세서 {one['statements']:,} "
        f"송신 sent {one['sent']:,} 회신 answered {one['answered']:,} 적중 hits {one['hits']:,} ({share})"
    )


def show_ageing(found: pa.Table) -> str:
    """The kinds as lines, the most urgent first."""
    lines = [
        f"{one['kind']:<17} {one['waits_for']:<9} {one['rows']:>7,}건 {one['won']:>15,}원  "
        f"기한 {one['due_on'] or '-'}  임박 near {one['near']:,}  {one['what_ko']} · {one['what_en']}"
        for one in sum_up(found).to_pylist()
    ]
    return "\n".join([*lines, f"미결 {len(found):,}건. {len(found):,} wait."])
