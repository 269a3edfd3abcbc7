"""``register claims | statements | diagnoses``: what was claimed before, by filters, with sums; JSON or Excel.

A resident number is asked for at the prompt or read from standard input, never taken from the command line, where
others could see it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer

from cheonggu.commands.ledger import KeyFile, Site, Url, find_ledger
from cheonggu.commands.options import SchemeName, read_site, scheme_of_ledger
from cheonggu.commands.terminal import month_range
from cheonggu.ledger.sheets import sheet_of, write_book
from cheonggu.register import MAIN, Wanted, list_claims, list_diagnoses, list_statements, sum_up

app = typer.Typer(help="이전청구내역 · the register of claims", no_args_is_help=True)

Provider = Annotated[str | None, typer.Option("--provider", help="요양기관기호 · provider")]
First = Annotated[str | None, typer.Option("--from", help="진료월 CCYYMM · first month of treatment")]
Last = Annotated[str | None, typer.Option("--to", help="진료월 CCYYMM · last month of treatment")]
State = Annotated[str | None, typer.Option("--state", help="청구서 상태 · state of the claim")]
Class = Annotated[str | None, typer.Option("--class", help="청구구분 (원청구는 '') · claim class")]
Payer = Annotated[str | None, typer.Option("--payer", help="보험자종별 · payer class")]
Form = Annotated[str | None, typer.Option("--form", help="명세서 서식번호 · statement form")]
ClaimNo = Annotated[str | None, typer.Option("--claim-no", help="청구번호 · claim number")]
ReceiptNo = Annotated[str | None, typer.Option("--receipt-no", help="접수번호 · receipt number")]
Xlsx = Annotated[Path | None, typer.Option("--xlsx", help="엑셀 파일 · write an xlsx file")]
Json = Annotated[bool, typer.Option("--json", help="기계가 읽을 결과 · machine-readable")]


@app.command()
def claims(
    scheme: SchemeName = None,
    provider: Provider = None,
    first: First = None,
    last: Last = None,
    state: State = None,
    claim_class: Class = None,
    payer: Payer = None,
    form: Form = None,
    claim_no: ClaimNo = None,
    receipt_no: ReceiptNo = None,
    xlsx: Xlsx = None,
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """청구서 목록과 합계 · claims with their sums."""
    months = month_range(first, last)
    wanted = Wanted(provider, months, state, claim_class, payer, form, claim_no, receipt_no)
    chosen = scheme_of_ledger(scheme, url, site)
    with find_ledger(url, key_file, site) as ledger:
        found = list_claims(ledger, chosen.name, wanted)
    shown = ("claim_no", "treatment_month", "payer_class", "form_no", "state", "receipt_no")
    _give("청구서 claims", found, (*shown, "statement_count", "claimed", "decided", "paid"), xlsx, as_json)


@app.command()
def statements(
    scheme: SchemeName = None,
    provider: Provider = None,
    first: First = None,
    last: Last = None,
    state: State = None,
    claim_class: Class = None,
    payer: Payer = None,
    form: Form = None,
    claim_no: ClaimNo = None,
    receipt_no: ReceiptNo = None,
    resident: Annotated[
        bool, typer.Option("--resident", help="주민등록번호로 찾기 (입력받음) · ask for a resident number")
    ] = False,
    xlsx: Xlsx = None,
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """명세서 목록과 합계 · statements of the chosen claims."""
    months = month_range(first, last)
    wanted = Wanted(provider, months, state, claim_class, payer, form, claim_no, receipt_no)
    chosen = scheme_of_ledger(scheme, url, site)
    number = _ask_resident_no() if resident else None
    with find_ledger(url, key_file, site) as ledger:
        keys = None if number is None else ledger.statements_of_resident(number)
        found = list_statements(ledger, chosen.name, wanted, keys)
    shown = ("claim_no", "statement_no", "statement_key", "state", "claimed", "decided", "paid")
    _give("명세서 statements", found, shown, xlsx, as_json)


@app.command()
def diagnoses(
    scheme: SchemeName = None,
    provider: Provider = None,
    first: First = None,
    last: Last = None,
    state: State = None,
    claim_class: Class = None,
    payer: Payer = None,
    form: Form = None,
    claim_no: ClaimNo = None,
    receipt_no: ReceiptNo = None,
    every: Annotated[bool, typer.Option("--every", help="부상병도 · not only the main diagnosis")] = False,
    xlsx: Xlsx = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """상병별 건수와 금액 · statements and won by diagnosis; needs the site file, for the batch folders."""
    months = month_range(first, last)
    wanted = Wanted(provider, months, state, claim_class, payer, form, claim_no, receipt_no)
    settings, chosen = read_site(site, scheme)
    batches = settings.batches_folder(chosen.name)
    with find_ledger(None, key_file, site) as ledger:
        found = list_diagnoses(ledger, chosen.name, wanted, batches, None if every else MAIN)
    _give("상병 diagnoses", found, ("diagnosis_code", "statements", "claimed", "decided"), xlsx, as_json)


def _ask_resident_no() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("주민등록번호 · resident number", hide_input=True))
    return sys.stdin.readline().strip()


def _give(title: str, found: pa.Table, shown: tuple[str, ...], xlsx: Path | None, as_json: bool) -> None:
    """The rows as JSON, as a workbook with a sheet of sums, or as lines with the sums below."""
    sums = sum_up(found)
    if xlsx is not None:
        totals = pa.table({"sum": list(sums), "value": list(sums.values())})
        write_book(xlsx, [sheet_of(title, found), sheet_of("합계 sums", totals)])
    if as_json:
        typer.echo(
            json.dumps({"rows": found.to_pylist(), "sums": sums}, ensure_ascii=False, indent=1, default=str)
        )
        return
    for row in found.select(list(shown)).to_pylist():
        cells = (f"{one:,}" if isinstance(one, int) else one or "-" for one in row.values())
        typer.echo("  ".join(cells))
    typer.echo("합계 sums: " + ", ".join(f"{name} {value:,}" for name, value in sums.items()))
