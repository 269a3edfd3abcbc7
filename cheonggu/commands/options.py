"""The options that several commands share, each written once, and groups of them as one parameter.

A parameter whose type is a dataclass of options stands for all of them: ``@with_options`` below ``@app.command()``
spreads its fields out on the command line and puts them together again before the command is called.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from cheonggu.days import read_day, read_month

SchemeName = Annotated[
    str | None,
    typer.Option(
        "--scheme",
        help="제도(비우면 설정 파일의 하나뿐인 제도, 설정 파일을 쓰지 않으면 첫 제도) · "
        "scheme (default: the one the site has; the first of all where no site file is used)",
    ),
]
SiteFile = Annotated[
    Path | None, typer.Option("--site", help="설정 파일 · the site file (default: $CHEONGGU_SITE)")
]
LedgerUrl = Annotated[
    str | None,
    typer.Option("--ledger", envvar="CHEONGGU_LEDGER", help="원장 주소 · sqlite:///FILE or postgresql://…"),
]
KeyFile = Annotated[
    Path | None,
    typer.Option("--key-file", envvar="CHEONGGU_KEY_FILE", help="암호 키 파일 · key file of the ledger"),
]
AsJson = Annotated[bool, typer.Option("--json", help="기계가 읽을 결과 · machine-readable")]
Xlsx = Annotated[Path | None, typer.Option("--xlsx", help="엑셀 파일 · write an xlsx file")]
Provider = Annotated[str, typer.Option("--provider", help="요양기관기호 · provider code")]
Person = Annotated[str, typer.Option("--person", help="직원 ID · staff id of who decides")]
Reason = Annotated[str, typer.Option("--reason", help="사유 · why")]


def day_option(name: str, help_text: str) -> Any:
    """An option that is a day; one that is none is refused in both languages."""
    return typer.Option(name, parser=read_day, metavar="YYYY-MM-DD", help=help_text)


def month_option(name: str, help_text: str) -> Any:
    """An option that is a month; one that is none is refused in both languages."""
    return typer.Option(name, parser=read_month, metavar="CCYYMM", help=help_text)


AsOf = Annotated[date | None, day_option("--as-of", "기준일 · day of the run or report (default: today)")]


@dataclasses.dataclass(frozen=True)
class MonthRange:
    """``--from`` and ``--to``: months of treatment, either of them open."""

    first: Annotated[str | None, month_option("--from", "첫 진료월 · first month of treatment")] = None
    last: Annotated[str | None, month_option("--to", "마지막 진료월 · last month of treatment")] = None

    def both(self) -> tuple[str, str] | None:
        """First and last as CCYYMM, an open end as far as it goes; None without both."""
        if self.first is None and self.last is None:
            return None
        return self.first or "000000", self.last or "999999"


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command with every parameter that is a dataclass of options spread out into these."""
    signature = inspect.signature(command, eval_str=True)
    groups: dict[str, type[Any]] = {
        name: one.annotation
        for name, one in signature.parameters.items()
        if isinstance(one.annotation, type) and dataclasses.is_dataclass(one.annotation)
    }
    spread: list[inspect.Parameter] = []
    for name, one in signature.parameters.items():
        spread += _fields(groups[name]) if name in groups else [one.replace(kind=one.KEYWORD_ONLY)]

    @functools.wraps(command)
    def called(**given: Any) -> None:
        put = {
            name: group(**{one.name: given.pop(one.name) for one in dataclasses.fields(group)})
            for name, group in groups.items()
        }
        command(**put, **given)

    called.__signature__ = signature.replace(parameters=spread)  # type: ignore[attr-defined]
    return called


def _fields(group: type[Any]) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            one.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=one.default if one.default is not dataclasses.MISSING else inspect.Parameter.empty,
            annotation=hints[one.name],
        )
        for one in dataclasses.fields(group)
    ]
