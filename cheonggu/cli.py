"""The command line: one entry, sub-commands by subject, errors in Korean and English with a clear exit code.

Exit codes: 0 fine, 1 findings or refused input, 2 usage, 3 environment. Commands that run flows start them as a
process of their own, because the core knows no orchestrator.
"""

from __future__ import annotations

import typer

from cheonggu.commands import (
    bench,
    codes,
    copay,
    decide,
    findings,
    ledger,
    objections,
    overlaps,
    reconcile,
    register,
    report,
    rerun,
    rosters,
    rules,
    run,
    sam,
    school,
    school_desk,
    simulate,
    waive,
)
from cheonggu.commands.terminal import run_guarded

app = typer.Typer(
    help="건강보험 요양급여비용 청구 자동화 · files Korean medical claims every night, once each.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("demo")(run.demo)
app.command("run")(run.run)
app.command("collect")(run.collect)
app.command("copay")(copay.copay)
app.command("bench")(bench.bench)
app.add_typer(sam.app, name="sam")
app.add_typer(codes.app, name="codes")
app.add_typer(rules.app, name="rules")
ledger.app.command("reconcile")(reconcile.reconcile)
ledger.app.command("objections")(objections.objections)
ledger.app.command("dispute")(objections.dispute)
ledger.app.command("overlaps")(overlaps.overlaps)
app.add_typer(rosters.app, name="rosters")
app.add_typer(ledger.app, name="ledger")
app.add_typer(rerun.app, name="rerun")
app.add_typer(decide.app, name="decide")
app.add_typer(findings.app, name="findings")
app.add_typer(report.app, name="report")
app.add_typer(waive.app, name="waive")
for _name in ("decide", "clocks", "benefits", "requests", "notices"):
    school.app.command(_name)(getattr(school_desk, _name))
app.add_typer(school.app, name="school")
app.add_typer(register.app, name="register")
app.add_typer(simulate.app, name="simulate")


def main() -> None:
    """The entry point of the installed command."""
    run_guarded(app)


if __name__ == "__main__":
    main()
