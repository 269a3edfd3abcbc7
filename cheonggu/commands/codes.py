"""``codes search | lists``: reason, detail, symbol and other codes, found as a claims program's search window does."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from cheonggu.codes import Code
from cheonggu.commands.opening import scheme_or_first
from cheonggu.commands.options import AsJson, SchemeName

SHOWN = ("kcd", "format", "resubmit_ko")  # further columns of a list that a line shows

app = typer.Typer(help="코드 검색 · the code lists", no_args_is_help=True)


@app.command()
def search(
    term: Annotated[str, typer.Argument(help="검색어 · what to look for")],
    name: Annotated[str | None, typer.Option("--list", help="코드 목록 하나만 · one list only")] = None,
    by_prefix: Annotated[
        bool, typer.Option("--prefix", help="코드가 검색어로 시작 · codes that begin with the term")
    ] = False,
    every_version: Annotated[
        bool, typer.Option("--versions", help="같은 코드의 모든 판 · every version of a code")
    ] = False,
    scheme: SchemeName = None,
    as_json: AsJson = False,
) -> None:
    """코드·세부코드·설명에서 찾습니다 · search code, detail code and description; exit 1 when nothing is found."""
    found = scheme_or_first(scheme).codes.search(term, name, by_prefix=by_prefix, every_version=every_version)
    if as_json:
        typer.echo(json.dumps([show_row(one) for one in found], ensure_ascii=False, indent=1))
    elif found:
        typer.echo("\n".join(show_line(one) for one in found))
    else:
        typer.echo("찾은 코드가 없습니다. No code found.")
    if not found:
        raise typer.Exit(1)


@app.command()
def lists(
    scheme: SchemeName = None,
    as_json: Annotated[bool, typer.Option("--json", help="기계가 읽을 결과 · machine-readable")] = False,
) -> None:
    """코드 목록의 이름과 건수 · the code lists, and how many codes and rows each has."""
    codes = scheme_or_first(scheme).codes
    sizes = {
        name: (len({one.key for one in codes.rows(name)}), len(codes.rows(name))) for name in codes.names
    }
    if as_json:
        rows = [{"list": name, "codes": keys, "rows": count} for name, (keys, count) in sizes.items()]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for name, (keys, count) in sizes.items():
        typer.echo(f"{name:26} 코드 {keys:,}개, {count:,}줄 · {keys:,} codes in {count:,} rows")


def show_line(code: Code) -> str:
    """One code as a line: list, code, descriptions, format, what may be done, the rules that prevent it, days."""
    parts = [code.list_name, code.key, code.name_ko]
    parts += [one for one in (code.name_en, *(code.row.get(name, "") for name in SHOWN)) if one]
    if code.rule_ids:
        parts.append(f"규칙 · rules: {', '.join(code.rule_ids)}")
    if code.valid_from or code.valid_to:
        parts.append(f"{code.valid_from or ''}~{code.valid_to or ''}")
    return "  ".join(parts)


def show_row(code: Code) -> dict[str, str]:
    """One code as in its file, with the list it stands in and its whole code."""
    return {"list": code.list_name, "key": code.key, **code.row}
