"""``copay FILE.jsonl``: facts of one statement per line in, every amount with its rules and a Korean sentence out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import typer

from cheonggu.errors import UsageError
from cheonggu.schemes.hira.amounts import AMOUNTS, compute_amounts
from cheonggu.schemes.hira.amounts_input import MalformedError, read_statement, tables_of

NAMES = (*AMOUNTS, "type_addition")


def copay(
    file: Annotated[
        Path,
        typer.Argument(help="한 줄에 명세서 하나(JSON), -는 표준입력 · one statement's facts per line, or -"),
    ],
    switch: Annotated[
        list[str] | None,
        typer.Option("--switch", help="이름=값, 기준을 바꿉니다 · NAME=CHOICE of rules/copay/settings.toml"),
    ] = None,
) -> None:
    """명세서의 모든 금액 · every amount of a statement, the rules that gave it and one sentence for the patient.

    One JSON object per line in, one per line out, in the same order. A line that is malformed or not computable gives
    its reason and field instead of amounts, and the exit code 1. Vocabulary: docs/copay.md.
    """
    parsed = [_parse(number, text) for number, text in _lines(file)]
    good = [one for _, one in parsed if not isinstance(one, MalformedError)]
    rows = iter(_compute(good, _switches(switch or [])))
    has_failed = False
    for number, one in parsed:
        answer = _malformed(one) if isinstance(one, MalformedError) else _answer(next(rows))
        has_failed |= answer["status"] != "computed"
        typer.echo(json.dumps({"line": number, **answer}, ensure_ascii=False))
        if answer["status"] != "computed":
            typer.echo(
                f"{number}행 {answer['field']}: {answer['reason_ko']}. "
                f"Line {number}, {answer['field']}: {answer['reason_en']}.",
                err=True,
            )
    if has_failed:
        raise typer.Exit(1)


def _lines(file: Path) -> list[tuple[int, str]]:
    """Lines with their numbers; empty ones are passed over."""
    if str(file) == "-":
        text = sys.stdin.read()
    else:
        try:
            text = file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"{file.name} cannot be read as UTF-8 text.",
                f"{file.name} 파일을 UTF-8로 읽을 수 없습니다.",
                fix_en="Name an existing file with one JSON object per line.",
                fix_ko="한 줄에 JSON 하나인 파일을 지정하세요.",
            ) from error
    return [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]


def _parse(number: int, text: str) -> tuple[int, dict[str, Any] | MalformedError]:
    try:
        return number, read_statement(text)
    except MalformedError as error:
        return number, error


def _compute(statements: list[dict[str, Any]], switches: dict[str, str]) -> list[dict[str, Any]]:
    facts, lines = tables_of(statements)
    result: pa.Table = compute_amounts(facts, lines, switches)
    computed: list[dict[str, Any]] = result.to_pylist()
    for row, given in zip(computed, statements, strict=True):
        row["given_key"] = given.get("statement_key")
    return computed


def _answer(row: dict[str, Any]) -> dict[str, Any]:
    key = {"statement_key": row["given_key"]} if row["given_key"] is not None else {}
    if row["not_computable"]:
        why = {name: row[name] for name in ("not_computable", "field", "reason_ko", "reason_en")}
        return {**key, "status": "not_computable", **why}
    amounts = {name: row[name] for name in NAMES}
    told = {"rule_ids": row["rule_ids"].split(), "explanation_ko": row["explanation_ko"]}
    return {**key, "status": "computed", **amounts, **told}


def _malformed(error: MalformedError) -> dict[str, Any]:
    return {"status": "malformed", "field": error.field, "reason_ko": error.ko, "reason_en": error.en}


def _switches(given: list[str]) -> dict[str, str]:
    switches = {}
    for one in given:
        name, found, value = one.partition("=")
        if not found:
            raise UsageError(
                f"--switch {one} is not NAME=CHOICE.",
                f"--switch {one}: 이름=값으로 쓰세요.",
                fix_en="See rules/copay/settings.toml.",
                fix_ko="rules/copay/settings.toml을 확인하세요.",
            )
        switches[name] = value
    return switches
