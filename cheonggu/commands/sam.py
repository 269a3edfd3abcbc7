"""``sam decode | encode | check | show``: HIRA's claim files (SAM 파일) read, written, checked and shown."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer

from cheonggu import findings
from cheonggu.commands.options import AsJson, day_option
from cheonggu.days import today
from cheonggu.errors import UsageError
from cheonggu.formats import ndjson
from cheonggu.formats.claim_set import read_set
from cheonggu.formats.recognise import recognise
from cheonggu.schemes.hira import SCHEME
from cheonggu.schemes.hira.foreign import check_files

app = typer.Typer(help="청구 파일(SAM) · claim files: read, write, check, show", no_args_is_help=True)

Paths = Annotated[
    list[Path], typer.Argument(help="청구 파일들 또는 그 폴더 · the files of one claim, or their folder")
]
Kind = Annotated[
    str | None, typer.Option("--kind", help="서식 종류(알아서 구별) · kind of claim; found out otherwise")
]


@app.command()
def decode(
    paths: Paths,
    kind: Kind = None,
    out: Annotated[
        str, typer.Option("--out", help="폴더 또는 - (화면) · folder, or - for standard output")
    ] = "-",
) -> None:
    """SAM 파일을 JSON 줄로 · one line of JSON per record: kind, record, line, values.

    Text is stripped on the right, dates are ISO, whole numbers integers, numbers with implied decimals strings such
    as "720.00", blank numbers null. Further keys keep unusual bytes so that `encode` gives the same files back.
    """
    pieces = ndjson.decode_set(paths, SCHEME.files.layouts, kind=kind, codes=SCHEME.codes)
    if out == "-":
        _write_to_terminal(pieces)
        return
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    found = recognise(paths, SCHEME.files.layouts, kind)
    target = folder / f"{_plain(found.claim_no) or found.kind or 'claim'}.ndjson"
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("wb") as stream:
            for piece in pieces:
                stream.write(piece)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
    typer.echo(f"{target.name} 파일을 만들었습니다. Wrote {target}.", err=True)


@app.command()
def encode(
    file: Annotated[
        Path, typer.Argument(help="decode가 만든 파일 · a file as `decode` writes it", exists=True)
    ],
    out: Annotated[Path, typer.Option("--out", help="SAM 파일을 둘 폴더 · folder for the SAM files")],
    as_json: AsJson = False,
) -> None:
    """JSON 줄을 SAM 파일로 · the SAM files back, byte for byte; refuses what does not fit (exit 1, nothing written).

    One JSON object per line: kind, record (its letter), line, values by name. Values may be left out when empty.
    Whole numbers are integers, numbers with implied decimals strings such as "720.00", dates "2026-07-31".
    """
    result = ndjson.encode_set(file, out, SCHEME.files.layouts, codes=SCHEME.codes)
    if as_json:
        files = [vars(one) for one in result.files]
        typer.echo(json.dumps({"files": files, "findings": result.findings.to_pylist()}, ensure_ascii=False))
    elif len(result.findings):
        _print_findings(result.findings)
        typer.echo("아무 파일도 쓰지 않았습니다. Nothing was written.")
    else:
        for one in result.files:
            typer.echo(f"{one.name}  {one.size:,} bytes  sha256 {one.sha256}")
    _exit_on_errors(result.findings)


@app.command()
def check(
    paths: Paths,
    kind: Kind = None,
    on: Annotated[date | None, day_option("--on", "송신일(기본 오늘) · day of the hand-off")] = None,
    as_json: AsJson = False,
) -> None:
    """청구 파일의 구조와 규칙 점검 · check any claim set, ours or another program's; exit 1 on errors."""
    checked = check_files(files_of(paths), on or today(), kind)
    found = checked.findings
    if as_json:
        recognised = recognise(paths, SCHEME.files.layouts, kind)
        facts = {"kind": recognised.kind, "findings": found.to_pylist(), "not_checked": checked.not_checked}
        typer.echo(json.dumps(facts, ensure_ascii=False))
    else:
        _print_findings(found)
        _print_not_checked(checked.not_checked)
    _exit_on_errors(found)


@app.command()
def show(
    paths: Paths,
    html: Annotated[Path, typer.Option("--html", help="만들 파일 · the page to write")],
    kind: Kind = None,
) -> None:
    """청구서·명세서를 화면으로 · a readable page of the claim, for screen and print."""
    from cheonggu.formats.claim_xml import render_html  # only this command needs XSLT

    claim = read_set(paths, SCHEME.files.layouts, kind=kind)
    tables = {record: table for record, table in claim.tables.items() if record != "H"}
    html.write_text(
        render_html(claim.kind, SCHEME.files.layouts, claim.tables["H"], tables), encoding="utf-8"
    )
    _print_findings(findings.errors_only(claim.findings), when_none="")
    typer.echo(f"{html.name} 파일을 만들었습니다. Wrote {html}.")


def files_of(paths: list[Path]) -> list[Path]:
    """The files named, and those in the folders named; UsageError for a name that is not there, and for a zip."""
    missing = next((path for path in paths if not path.exists()), None)
    if missing is not None:  # left out, the rest of the set would be judged as if it were all
        raise UsageError(
            f"There is no file or folder {missing}.",
            f"{missing} 파일이나 폴더가 없습니다.",
            fix_en="Name the files of a claim, or their folder.",
            fix_ko="청구 파일이나 그 폴더를 지정하세요.",
        )
    inside = [sorted(path.iterdir()) if path.is_dir() else [path] for path in paths]
    found = [path for group in inside for path in group if path.is_file()]
    packed = next((path for path in found if zipfile.is_zipfile(path)), None)
    if packed is not None:
        raise UsageError(
            f"{packed.name} is a zip archive.",
            f"{packed.name}은(는) 압축 파일(zip)입니다.",
            fix_en="Unpack it into a folder and name that folder.",
            fix_ko="폴더에 압축을 풀고 그 폴더를 지정하세요.",
        )
    return found


def _write_to_terminal(pieces: Iterator[bytes]) -> None:
    for piece in pieces:
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


def _plain(claim_no: str | None) -> str:
    return claim_no if claim_no and claim_no.isascii() and claim_no.isalnum() else ""


def _print_findings(found: pa.Table, when_none: str = "이상이 없습니다. Nothing was found.") -> None:
    for row in found.to_pylist():
        named = [row["file"], row["record"], row["statement_no"], row["field"], row["detail"]]
        place = " · ".join(str(part) for part in named if part)
        typer.echo(f"{row['rule_id']} [{row['level']}] {place}")
        typer.echo(f"    {row['message_ko']}. {row['fix_ko']}")
        typer.echo(f"    {row['message_en']}. {row['fix_en']}")
    if not len(found) and when_none:
        typer.echo(when_none)


def _print_not_checked(not_checked: tuple[tuple[str, str], ...]) -> None:
    """How many rules the files alone cannot decide, by reason, the commonest first."""
    if not not_checked:
        return
    count = len({rule for rule, _ in not_checked})
    typer.echo(
        f"파일만으로 점검하지 못한 규칙 {count}개. {count} rules cannot be decided from the files alone:"
    )
    for reason, times in Counter(reason for _, reason in not_checked).most_common():
        typer.echo(f"    {times:4}  {reason}")


def _exit_on_errors(found: pa.Table) -> None:
    if len(findings.errors_only(found)):
        raise typer.Exit(1)
