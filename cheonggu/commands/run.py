"""``demo``, ``run`` and ``collect``: the very flows of the deployments, started from a shell."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cheonggu.commands.options import SchemeName
from cheonggu.schemes import SCHEMES, choose_scheme
from cheonggu.site import SITE_VARIABLE, load_site, site_path

Site = Annotated[
    Path | None, typer.Option("--site", help="설정 파일 · the site file (default: $CHEONGGU_SITE)")
]
Json = Annotated[bool, typer.Option("--json", help="기계가 읽을 결과 · machine-readable summary")]

# A flow run from a shell needs no server; it keeps its own small database beside the site file. Errors are printed
# once, in two lines, by the process itself; without a server nobody would read the stack traces in between.
LOCAL_PREFECT = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "cheonggu",
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


def run(
    scheme: SchemeName = None,
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="기준일 · day of the run")
    ] = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """지금 청구합니다: 추출→검증→작성→사전점검→송신→기록 · file now what is due."""
    day = ["--as-of", f"{as_of:%Y-%m-%d}"] if as_of else []
    path, name = existing_site(site, scheme)
    start_flow(["run", "--scheme", name, *day, *_json(as_json)], site=path)


def collect(scheme: SchemeName = None, site: Site = None, as_json: Json = False) -> None:
    """수신 문서를 기록합니다 · take in what came back."""
    path, name = existing_site(site, scheme)
    start_flow(["collect", "--scheme", name, *_json(as_json)], site=path)


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


def existing_site(site: Path | None, scheme: str | None) -> tuple[Path, str]:
    """The site file, read once here (a wrong one must not start anything), and the scheme that is meant."""
    path = site_path(site)
    return path, choose_scheme(load_site(path), scheme)


def _json(as_json: bool) -> list[str]:
    return ["--json"] if as_json else []
