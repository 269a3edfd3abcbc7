"""``school decide | clocks | benefits | requests | notices``: desk work that the night leaves to people."""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated, Any

import pyarrow as pa
import typer

from cheonggu.commands.opening import open_site_ledger, source_of
from cheonggu.commands.options import AsJson, Person, Reason, SiteFile, day_option
from cheonggu.errors import UsageError
from cheonggu.ledger import Actor, NewInstruction
from cheonggu.query import Tables
from cheonggu.schemes.school_safety import SCHEME
from cheonggu.schemes.school_safety.accident_desk import list_notices
from cheonggu.schemes.school_safety.judge import DECIDED
from cheonggu.schemes.school_safety.notices import DECIDE_BY, REVIEW_REQUEST_BY, SUPPLEMENT_BY
from cheonggu.site import load_site, site_path

CLOCKS_KO = {DECIDE_BY: "결정 기한", REVIEW_REQUEST_BY: "심사청구 기한", SUPPLEMENT_BY: "보완 기한"}
BENEFITS = """
SELECT person_key, case_key, count(*) AS lines, sum(claimed_amount)::BIGINT AS claimed_won,
       sum(decided_amount)::BIGINT AS decided_won
FROM history GROUP BY ALL ORDER BY person_key, case_key
"""


def decide(
    statement_key: Annotated[str, typer.Argument(help="청구 키 · key of the claim")],
    proposal: Annotated[str, typer.Option("--proposal", help="승인할 제안 번호 · the proposal approved")],
    person: Person,
    reason: Reason,
    site: SiteFile = None,
) -> None:
    """검토가 필요한 청구의 제안을 승인합니다 · approve the proposal of a claim that needs a person.

    'ledger blocked' shows the proposal's number. A claim that changes gets another proposal and needs another decision.
    """
    with open_site_ledger(load_site(site_path(site))) as ledger:
        waiting = {
            (row["statement_key"], word)
            for row in ledger.blocked(SCHEME.name).to_pylist()
            for word in (row["detail"] or "").replace(",", "").split()
        }
        if (statement_key, proposal) not in waiting:
            raise UsageError(
                f"Claim {statement_key} does not wait with proposal {proposal}.",
                f"청구 {statement_key}에 제안 {proposal}이(가) 대기하고 있지 않습니다.",
                fix_en="See 'cheonggu ledger blocked' for the proposal that stands now.",
                fix_ko="'cheonggu ledger blocked'에서 지금의 제안 번호를 확인하세요.",
            )
        new = NewInstruction(
            scheme=SCHEME.name,
            kind=DECIDED,
            provider_code="",
            subject=statement_key,
            person=person,
            reason=reason,
            detail={"proposal": proposal},
        )
        given = ledger.instruct(new, Actor(person, None))
    typer.echo(
        f"제안 {proposal}을(를) 승인했습니다. 다음 실행에서 이어집니다. · approved as {given.instruction_id}"
    )


def clocks(
    site: SiteFile = None,
    until: Annotated[
        date | None, day_option("--until", "이 날까지인 기한만 · only days due until then")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """결정·심사청구·보완 기한 · days that still run: decision, review request, papers."""
    with open_site_ledger(load_site(site_path(site))) as ledger:
        rows = ledger.clocks(SCHEME.name).to_pylist()
    rows = [row for row in rows if until is None or row["due_on"] <= until]
    if not as_json:
        rows = [row | {"kind": f"{CLOCKS_KO[row['kind']]} {row['kind']}"} for row in rows]
    _show(rows, as_json)


def benefits(site: SiteFile = None, as_json: AsJson = False) -> None:
    """피공제자별 급여 원부 · what was decided per insured person and accident, under opaque keys."""
    with open_site_ledger(load_site(site_path(site))) as ledger:
        history = ledger.history_lines(SCHEME.name)
    _show(Tables(history=history).table(BENEFITS).to_pylist(), as_json)


def requests(site: SiteFile = None, as_json: AsJson = False) -> None:
    """보낸 서명 요청 · signature requests and reminders that were sent."""
    with open_site_ledger(load_site(site_path(site))) as ledger:
        found: pa.Table = ledger.signature_requests(SCHEME.name)
    _show(found.to_pylist(), as_json)


def notices(site: SiteFile = None, as_json: AsJson = False) -> None:
    """사고통지 상태와 다음 할 일 · state, approval route and next step of every accident notice of the source."""
    with source_of(load_site(site_path(site)), SCHEME) as source:
        rows = list_notices(source.read("accident"))
    if as_json:
        _show(rows, as_json)
        return
    _show([_tell(row) for row in rows], as_json)


def _tell(row: dict[str, Any]) -> dict[str, Any]:
    """The cells of a notice for the terminal; what this scheme does not pay says so."""
    if row["odd_field"]:
        fix = f"원천의 {row['odd_field']} 값을 고치세요 · correct {row['odd_field']} in the source"
        wrong = f"{row['step_ko']} · {row['step_en']}"
        return {"accident_no": row["accident_no"], "state": "?", "wrong": wrong, "fix": fix}
    unpaid = "" if row["is_paid_here"] else f"{row['duty_ko']} · {row['duty_en']}"
    return {
        "accident_no": row["accident_no"],
        "state": f"{row['state_ko']} {row['state']}",
        "route": row["route"],
        "step": f"{row['step_ko']} · {row['step_en']}",
        **({"unpaid": f"[{unpaid}]"} if unpaid else {}),
    }


def _show(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, default=str))
        return
    for row in rows:
        typer.echo("  ".join(str(value) for value in row.values()))
    if not rows:
        typer.echo("없습니다 · none")
