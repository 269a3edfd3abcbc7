"""``cheonggu bench``: the measurements of ``benchmarks/``, one after the other, each in a process of its own.

They compare with slow programs that stand among the tests, so they belong to the source tree and are not installed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

import cheonggu
from cheonggu.errors import UsageError

ROOT = Path(cheonggu.__file__).resolve().parents[1]
MEASURED = {
    "sam": "청구 파일 쓰기·읽기 · claim files written and read",
    "amounts": "금액 계산 · amounts",
    "precheck": "사전점검 · the pre-check",
    "night": "하룻밤 전체, 단계별 · a whole night, stage by stage",
}


def bench(
    statements: Annotated[int, typer.Option(min=1_000, help="명세서 수 · size of the made-up data")] = 20_000,
    only: Annotated[
        list[str] | None, typer.Option("--only", help=f"{', '.join(MEASURED)} 중에서 · some of them")
    ] = None,
) -> None:
    """속도와 메모리를 잽니다: 같은 실행 안의 비율로 읽으세요 · measures; read the ratios within one run."""
    chosen = only or list(MEASURED)
    if unknown := [one for one in chosen if one not in MEASURED]:
        raise UsageError(
            f"There is no benchmark {unknown[0]!r}. Choose from {', '.join(MEASURED)}.",
            f"{unknown[0]!r} 측정은 없습니다. {', '.join(MEASURED)} 중에서 고르세요.",
        )
    if not (ROOT / "benchmarks").is_dir():
        raise UsageError(
            "The benchmarks are not installed; they stand in the source tree.",
            "측정 프로그램은 설치본에 없고 소스 폴더에 있습니다.",
            fix_en="Run 'cheonggu bench' from a clone of the repository.",
            fix_ko="저장소를 복제한 폴더에서 실행하세요.",
        )
    failed = []
    for name in chosen:
        typer.echo(f"\n== {name}: {MEASURED[name]}")
        command = [sys.executable, "-m", f"benchmarks.{name}", "--statements", str(statements)]
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            failed.append(name)
    if failed:
        typer.echo(f"실패 · failed: {', '.join(failed)}", err=True)
        raise typer.Exit(1)
