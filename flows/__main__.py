"""``python -m flows``: the flows for a shell, with the exit codes of the command line."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cheonggu.commands.terminal import run_guarded
from flows.collect_notices import collect_notices
from flows.rehearse import rehearse
from flows.rerun_claims import RerunForm, find_class, rerun_claims
from flows.submit_claims import submit_claims

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
SchemeName = Annotated[str, typer.Option("--scheme")]
Json = Annotated[bool, typer.Option("--json")]


@app.command("run")
def run(
    scheme: SchemeName,
    as_of: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])] = None,
    as_json: Json = False,
) -> None:
    """One night now."""
    state = submit_claims(scheme, as_of.date() if as_of else None, return_state=True)
    show(state, as_json)


@app.command("collect")
def collect(scheme: SchemeName, as_json: Json = False) -> None:
    """Take in what came back."""
    show(collect_notices(scheme, return_state=True), as_json)


@app.command("rerun")
def rerun(
    scheme: SchemeName,
    claim_class: Annotated[str, typer.Option("--class")],
    provider: Annotated[str, typer.Option()],
    person: Annotated[str, typer.Option()],
    reason: Annotated[str, typer.Option()],
    receipt: Annotated[list[str], typer.Option()] = [],  # noqa: B006 - typer copies it
    statement: Annotated[list[str], typer.Option()] = [],  # noqa: B006 - typer copies it
    as_of: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])] = None,
    as_json: Json = False,
) -> None:
    """Statements that go to the reviewer once more."""
    form = RerunForm(
        provider_code=provider,
        claim_class=find_class(claim_class),
        receipt_nos=receipt,
        statement_keys=statement,
        dry_run=False,
        person=person,
        reason=reason,
    )
    show(rerun_claims(scheme, form, as_of.date() if as_of else None, return_state=True), as_json)


@app.command("demo")
def demo(
    scheme: SchemeName,
    folder: Annotated[Path, typer.Option("--dir")],
    statements: Annotated[int | None, typer.Option()] = None,
) -> None:
    """One night over a made-up source, or one of every scheme (``all``)."""
    raise typer.Exit(rehearse(scheme, folder, statements))


def show(state: Any, as_json: bool) -> None:
    """Print the summary; raise what the flow raised."""
    summary = state.result()
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(summary), default=str, ensure_ascii=False))
    else:
        typer.echo(f"{state.name}: {state.message}")
    for refused in getattr(summary, "refused", ()):
        typer.echo(f"{refused.name}: {refused.reason_ko} {refused.reason_en}", err=True)
    if getattr(summary, "refused", ()):
        raise typer.Exit(1)


if __name__ == "__main__":
    run_guarded(app)
