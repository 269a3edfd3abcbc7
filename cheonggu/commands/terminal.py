"""How a command line ends: our own errors become two readable lines and their exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable

import typer

from cheonggu.errors import CheongguError


def run_guarded(app: Callable[[], object]) -> None:
    """Run a command line; Korean first, then English, on standard error."""
    try:
        app()
    except CheongguError as error:
        for line in error.lines():
            typer.echo(line, err=True)
        sys.exit(error.exit_code)
