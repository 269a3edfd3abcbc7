"""``ledger status|blocked|history|requests|verify|export``: what the ledger holds, and the proof that it is sound.

The ledger is found by ``--ledger`` and ``--key-file``, else by ``CHEONGGU_LEDGER`` and ``CHEONGGU_KEY_FILE``, else
by the site file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from cheonggu.commands.opening import AnyLedger, OneLedger
from cheonggu.commands.options import AsJson, with_options
from cheonggu.days import seoul_time
from cheonggu.site import PROVE_WHOLE_DAYS

app = typer.Typer(help="원장 · the ledger: states, proof, register", no_args_is_help=True)


@app.command()
@with_options
def status(place: OneLedger, as_json: AsJson = False) -> None:
    """상태별 건수와 청구액 · counts and won by state."""
    with place.opened() as (ledger, scheme):
        sums = ledger.status(scheme.name)
    typer.echo(json.dumps(sums, ensure_ascii=False, indent=1) if as_json else show_status(sums))


@app.command()
@with_options
def blocked(place: OneLedger, as_json: AsJson = False) -> None:
    """보류된 명세서와 고칠 내용 · what was set aside, why, and how to mend it."""
    with place.opened() as (ledger, scheme):
        rows = ledger.blocked(scheme.name).to_pylist()
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for one in rows:
        where = " ".join(str(one[name]) for name in ("record", "line_no", "field") if one[name] is not None)
        typer.echo(f"{one['statement_key']}  {one['rule_id']}  {where}  {one['detail'] or ''}".rstrip())
        typer.echo(f"    {one['message_ko']}. {one['fix_ko']}")
        typer.echo(f"    {one['message_en']}. {one['fix_en']}")
    typer.echo(f"{len({one['statement_key'] for one in rows}):,}건 statements")


@app.command()
@with_options
def history(
    statement_key: Annotated[str, typer.Argument(metavar="관리번호", help="명세서 · statement key")],
    place: AnyLedger,
    as_json: AsJson = False,
) -> None:
    """명세서의 상태 이력 · every move of one statement, oldest first; exit 1 when the ledger never saw it."""
    with place.open() as ledger:
        rows = ledger.statement_history(statement_key).to_pylist()
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    for one in () if as_json else rows:
        move = f"{one['from_state'] or '-'} → {one['to_state']}"
        typer.echo(
            f"{seoul_time(one['at'])}  {move:<24}{one['kind']:<18}{one['claim_no'] or '':<12}{one['actor']}"
        )
    if not rows:
        typer.echo("원장에 없는 명세서입니다. The ledger never saw this statement.", err=True)
        raise typer.Exit(1)


@app.command()
@with_options
def requests(place: OneLedger, as_json: AsJson = False) -> None:
    """제출하지 않은 보완자료 요청 · requests for material that nobody answered yet, by due day."""
    with place.opened() as (ledger, scheme):
        rows = ledger.material_requests(scheme.name).to_pylist()
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, default=str, indent=1))
        return
    for one in rows:
        where = " ".join(one[name] for name in ("claim_no", "statement_no") if one[name] is not None)
        typer.echo(f"{one['due_on'] or '-'}  {one['document_no']}  {where}  {one['text'] or ''}".rstrip())
    typer.echo(f"{len(rows):,}건 requests")


@app.command()
@with_options
def verify(
    place: AnyLedger,
    is_whole: Annotated[
        bool, typer.Option("--all", help="처음부터 전부 · the whole chain, not only what is new")
    ] = False,
) -> None:
    """원장이 고쳐지지 않았음을 증명합니다 · prove that nothing was edited; exit 1 when something was.

    --all 없이는 지난 증명 뒤의 기록만 봅니다.
    Without --all only what is new since the last kept proof; nothing is written.
    """
    with place.open() as ledger:
        proof = None if is_whole else ledger.prove(PROVE_WHOLE_DAYS)
        problems = ledger.verify() if proof is None else list(proof.problems)
    for one in problems:
        typer.echo(str(one))
    if problems:
        typer.echo(
            "청구를 멈추고 원장을 백업에서 복구하세요. Stop filing and restore the ledger from its backup."
        )
        raise typer.Exit(1)
    typer.echo("원장에 이상이 없습니다. The ledger is sound.")
    if proof is not None and not proof.is_whole:
        typer.echo(
            f"기록 {proof.after} 뒤만 보았습니다. 전체는 --all로 봅니다. "
            f"Only what came after event {proof.after}; --all proves the whole."
        )


@app.command()
@with_options
def export(
    place: AnyLedger,
    path: Annotated[Path, typer.Argument(help="만들 파일 · the xlsx file to write")],
) -> None:
    """청구 내역을 엑셀로 · write the register as an xlsx file, without personal data."""
    with place.open() as ledger:
        ledger.export(path)
    typer.echo(f"{path.name} 파일을 만들었습니다. Wrote {path.name}.")


def show_status(sums: Mapping[str, Any]) -> str:
    """The sums as a small table."""
    lines = ["배치 batches"]
    lines += [f"  {stage:<18}{count:>9,}" for stage, count in sums["batches"].items()]
    for title, name in (("청구서 claims", "claims"), ("명세서 statements", "statements")):
        lines.append(title)
        lines += [
            f"  {state:<18}{row['count']:>9,}{row['claimed_won']:>18,} 원"
            for state, row in sums[name].items()
        ]
    if sums["stopped_claims"]:
        lines.append(
            f"사람의 확인이 필요한 청구서 · claims that wait for a person: {sums['stopped_claims']:,}"
        )
    return "\n".join(lines)
