"""``school assess FILE.jsonl``: facts of one school-accident claim per line in, the proposed decision out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from cheonggu.commands.json_lines import malformed, read_lines, read_switches, tell_line
from cheonggu.commands.options import AsJson, day_option
from cheonggu.days import today
from cheonggu.schemes.school_safety.assessment import Assessment, assess, load_profile
from cheonggu.schemes.school_safety.assessment_input import read_claim, tables_of
from cheonggu.schemes.school_safety.assessment_rules import DEFAULT_REGION, Profile
from cheonggu.vocabulary import MalformedError

app = typer.Typer(help="학교안전공제 · the school-accident scheme", no_args_is_help=True)

OUTCOMES_KO = {
    "blocked": "접수 불가",
    "redirect": "다른 제도",
    "deny_all": "부지급",
    "barred": "시효 완성",
    "supplement": "보완",
    "review": "검토",
    "ready": "결정 준비",
}
DECISIONS_KO = {"pay": "지급", "deny": "부지급", "hold": "보류", "review": "검토"}


@app.callback()
def school() -> None:
    """학교안전공제 · the school-accident scheme."""


@app.command("assess")
def assess_claims(
    file: Annotated[
        Path,
        typer.Argument(help="한 줄에 청구 하나(JSON), -는 표준입력 · one claim's facts per line, or -"),
    ],
    region: Annotated[str, typer.Option("--region", help="지역 기준 · gwangju, sejong, …")] = DEFAULT_REGION,
    on: Annotated[date | None, day_option("--on", "산정일(기본 오늘) · day of the assessment")] = None,
    switch: Annotated[
        list[str] | None,
        typer.Option("--switch", help="이름=값, 열린 해석을 바꿉니다 · NAME=CHOICE of settings.toml"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """공제급여 청구의 지급안 · the proposal for each claim: lines, sum, missing papers, time limit, reasons.

    A person decides; the program proposes. Lines that break the vocabulary are named and the others answered; exit 1
    then. A line stands alone: what earlier claims were paid belongs into its history. Words: docs/school-assessment.md.
    """
    day = on or today()
    profile = load_profile(region, day, read_switches(switch or [], "rules/settings.toml"))
    parsed = [_parse(number, text) for number, text in read_lines(file)]
    good = [one for _, one in parsed if not isinstance(one, MalformedError)]
    answers = iter(answer_claims(good, profile, day))
    has_failed = False
    for number, one in parsed:
        if isinstance(one, MalformedError):
            has_failed = True
            answer = malformed(one)
            typer.echo(tell_line(number, answer), err=True)
        else:
            answer = next(answers)
        if as_json:
            typer.echo(json.dumps({"line": number, **answer}, ensure_ascii=False, default=str))
        elif answer["status"] == "assessed":
            typer.echo("\n".join(_show(number, answer)))
    if has_failed:
        raise typer.Exit(1)


def answer_claims(claims: list[dict[str, Any]], profile: Profile, on: date) -> list[dict[str, Any]]:
    """One answer a claim, in order: the claim's sums and its lists items, papers and gates."""
    if not claims:
        return []
    result = assess(tables_of(claims), profile, on)
    lists = {name: _by_claim(result, name) for name in ("items", "papers", "gates")}
    answers = []
    for row, given in zip(result.claims.to_pylist(), claims, strict=True):
        key = row.pop("claim_key")
        own = {"claim_key": given["claim_key"]} if "claim_key" in given else {}
        parts = {name: found.get(key, []) for name, found in lists.items()}
        answers.append({**own, "status": "assessed", **_listed(row), **parts})
    return answers


def _by_claim(result: Assessment, name: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in getattr(result, name).to_pylist():
        found.setdefault(row.pop("claim_key"), []).append(_listed(row))
    return found


def _listed(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with its rule ids and duties as lists."""
    return {
        name: (value or "").split() if name in ("rule_ids", "duties") else value
        for name, value in row.items()
    }


def _show(number: int, answer: Mapping[str, Any]) -> list[str]:
    """A claim for the terminal: one line for it, one for each of its lines."""
    key = f" {answer['claim_key']}" if "claim_key" in answer else ""
    lines = [f"{number}행{key} [{OUTCOMES_KO[answer['outcome']]} {answer['outcome']}] {answer['reason_ko']}"]
    for gate in answer["gates"]:
        where = f" → {gate['where_ko']}" if gate["where_ko"] else ""
        lines.append(f"  {gate['rule_id']} {gate['reason_ko']}{where}")
    for item in answer["items"]:
        lines.append(
            f"  {item['item_key']}: {DECISIONS_KO[item['decision']]} {item['payable_won']:,}원 / "
            f"{item['amount_won']:,}원 [{' '.join(item['rule_ids'])}] {item['reason_ko']}"
        )
    return lines


def _parse(number: int, text: str) -> tuple[int, dict[str, Any] | MalformedError]:
    try:
        return number, read_claim(text)
    except MalformedError as error:
        return number, error
