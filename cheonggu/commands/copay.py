"""``copay FILE.jsonl``: facts of one statement per line in, every amount with its rules and a Korean sentence out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import typer

from cheonggu.commands.json_lines import malformed, read_lines, read_switches, tell_line
from cheonggu.schemes.hira.amounts import AMOUNTS, compute_amounts
from cheonggu.schemes.hira.amounts_input import read_statement, tables_of
from cheonggu.vocabulary import MalformedError

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
    parsed = [_parse(number, text) for number, text in read_lines(file)]
    good = [one for _, one in parsed if not isinstance(one, MalformedError)]
    rows = iter(_compute(good, read_switches(switch or [], "rules/copay/settings.toml")))
    has_failed = False
    for number, one in parsed:
        answer = malformed(one) if isinstance(one, MalformedError) else _answer(next(rows))
        has_failed |= answer["status"] != "computed"
        typer.echo(json.dumps({"line": number, **answer}, ensure_ascii=False))
        if answer["status"] != "computed":
            typer.echo(tell_line(number, answer), err=True)
    if has_failed:
        raise typer.Exit(1)


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
