"""``register claims | statements | diagnoses``: what was claimed before, by filters, with sums; JSON or Excel.

A resident number is asked for at the prompt or read from standard input, never taken from the command line, where
others could see it.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer

from cheonggu.commands.opening import OneLedger, OneSite
from cheonggu.commands.options import AsJson, MonthRange, Xlsx, with_options
from cheonggu.ledger.sheets import sheet_of, write_book
from cheonggu.register import MAIN, Wanted, list_claims, list_diagnoses, list_statements, sum_up

app = typer.Typer(help="이전청구내역 · the register of claims", no_args_is_help=True)


@dataclass(frozen=True)
class Filters(MonthRange):
    """Which claims; what is left out lets everything through."""

    provider: Annotated[str | None, typer.Option("--provider", help="요양기관기호 · provider code")] = None
    state: Annotated[str | None, typer.Option("--state", help="청구서 상태 · state of the claim")] = None
    claim_class: Annotated[
        str | None, typer.Option("--class", help="청구구분 (원청구는 '') · claim class ('' for originals)")
    ] = None
    payer: Annotated[str | None, typer.Option("--payer", help="보험자종별 · payer class")] = None
    form: Annotated[str | None, typer.Option("--form", help="명세서 서식번호 · statement form")] = None
    claim_no: Annotated[str | None, typer.Option("--claim-no", help="청구번호 · claim number")] = None
    receipt_no: Annotated[str | None, typer.Option("--receipt-no", help="접수번호 · receipt number")] = None

    def wanted(self) -> Wanted:
        """The filters as the register knows them."""
        return Wanted(
            provider_code=self.provider,
            months=self.both(),
            state=self.state,
            claim_class=self.claim_class,
            payer_class=self.payer,
            form_no=self.form,
            claim_no=self.claim_no,
            receipt_no=self.receipt_no,
        )


@app.command()
@with_options
def claims(place: OneLedger, filters: Filters, xlsx: Xlsx = None, as_json: AsJson = False) -> None:
    """청구서 목록과 합계 · claims with their sums."""
    with place.opened() as (ledger, scheme):
        found = list_claims(ledger, scheme.name, filters.wanted())
    shown = ("claim_no", "treatment_month", "payer_class", "form_no", "state", "receipt_no")
    _give("청구서 claims", found, (*shown, "statement_count", "claimed", "decided", "paid"), xlsx, as_json)


@app.command()
@with_options
def statements(
    place: OneLedger,
    filters: Filters,
    resident: Annotated[
        bool, typer.Option("--resident", help="주민등록번호로 찾기 (입력받음) · ask for a resident number")
    ] = False,
    xlsx: Xlsx = None,
    as_json: AsJson = False,
) -> None:
    """명세서 목록과 합계 · statements of the chosen claims."""
    number = _ask_resident_no() if resident else None
    with place.opened() as (ledger, scheme):
        keys = None if number is None else ledger.statements_of_resident(number)
        found = list_statements(ledger, scheme.name, filters.wanted(), keys)
    shown = ("claim_no", "statement_no", "statement_key", "state", "claimed", "decided", "paid")
    _give("명세서 statements", found, shown, xlsx, as_json)


@app.command()
@with_options
def diagnoses(
    place: OneSite,
    filters: Filters,
    every: Annotated[bool, typer.Option("--every", help="부상병도 · not only the main diagnosis")] = False,
    xlsx: Xlsx = None,
    as_json: AsJson = False,
) -> None:
    """상병별 건수와 금액 · statements and won by diagnosis; needs the site file, for the batch folders."""
    with place.opened() as (settings, scheme, ledger):
        batches = settings.batches_folder(scheme.name)
        found = list_diagnoses(ledger, scheme.name, filters.wanted(), batches, None if every else MAIN)
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
