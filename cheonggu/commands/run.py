"""``demo``, ``run`` and ``collect``: the very flows of the deployments, started from a shell."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from cheonggu.commands.opening import OneSite
from cheonggu.commands.options import AsJson, AsOf, with_options
from cheonggu.schemes import SCHEMES
from cheonggu.site import SITE_VARIABLE

# A flow run from a shell needs no server; it keeps its own small database beside the site file. Errors are printed
# once, in two lines, by the process itself; without a server nobody would read the stack traces in between.
LOCAL_PREFECT = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "cheonggu,tasks",
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_CLI_COLORS": "false",
}


def demo(
    statements: Annotated[
        int | None, typer.Option(help="명세서 수(여러 제도면 첫 제도의 것) · size of the made-up source")
    ] = None,
    folder: Annotated[Path, typer.Option("--dir", help="작업 폴더 · folder to work in")] = Path("demo"),
    scheme: Annotated[
        str | None, typer.Option("--scheme", help="제도, 또는 모두면 all · scheme, or all")
    ] = None,
) -> None:
    """표본 자료의 하룻밤을 처음부터 끝까지 돌립니다 · one night over a made-up source, end to end."""
    folder.mkdir(parents=True, exist_ok=True)
    size = [] if statements is None else ["--statements", str(statements)]
    start_flow(
        ["demo", *size, "--dir", str(folder), "--scheme", scheme or next(iter(SCHEMES))],
        site=folder / "site.toml",
    )


@with_options
def run(place: OneSite, as_of: AsOf = None, as_json: AsJson = False) -> None:
    """지금 청구합니다: 추출→검증→작성→사전점검→송신→기록 · file now what is due."""
    scheme = place.read()[1].name  # read once here: a wrong site file must not start anything
    start_flow(["run", "--scheme", scheme, *day_given(as_of), *json_wanted(as_json)], site=place.path)


@with_options
def collect(place: OneSite, as_json: AsJson = False) -> None:
    """수신 문서를 기록합니다 · take in what came back."""
    start_flow(["collect", "--scheme", place.read()[1].name, *json_wanted(as_json)], site=place.path)


def start_flow(arguments: list[str], *, site: Path) -> None:
    """Run ``python -m flows`` with local Prefect settings; this process ends with its exit code."""
    environment = dict(os.environ)
    environment[SITE_VARIABLE] = str(site.resolve())
    if "PREFECT_API_URL" not in environment:
        environment.setdefault("PREFECT_HOME", str(site.resolve().parent / ".prefect"))
    for name, value in LOCAL_PREFECT.items():
        environment.setdefault(name, value)
    code = subprocess.run(
        [sys.executable, "-m", "flows", *arguments], env=environment, check=False
    ).returncode
    raise typer.Exit(code)


def day_given(as_of: date | None) -> list[str]:
    """The option of a day for the flow's own command line."""
    return ["--as-of", as_of.isoformat()] if as_of else []


def json_wanted(as_json: bool) -> list[str]:
    """The option of a machine-readable summary for the flow's own command line."""
    return ["--json"] if as_json else []
