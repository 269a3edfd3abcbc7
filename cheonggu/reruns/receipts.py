"""Receipt numbers as a person types them: with blanks around, with or without their year."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cheonggu.errors import UsageError
from cheonggu.reruns.model import Request


def read_receipts(request: Request) -> list[tuple[str, str]]:
    """Year ('' for any) and number of each receipt that a person typed: ``0001234`` or ``2026-0001234``."""
    found = []
    for typed in request.receipt_nos:
        year, _, number = typed.strip().rpartition("-")
        if not number:
            raise UsageError(
                "A receipt number is empty; leave the list empty to mean all receipts.",
                "빈 접수번호가 있습니다. 전부를 뜻하려면 목록을 비우세요.",
            )
        found.append((year, number))
    return found


def is_of(parent: Mapping[str, Any], receipts: Iterable[tuple[str, str]]) -> bool:
    """Whether a parent was received under one of the receipts."""
    return any(
        number == parent["receipt_no"] and year in ("", parent["receipt_year"]) for year, number in receipts
    )


def check_years(receipts: Iterable[tuple[str, str]], parents: Iterable[Mapping[str, Any]]) -> None:
    """UsageError where a number without its year names receipts of several years: they come again every year."""
    years: dict[str, set[str]] = {}
    for one in parents:
        years.setdefault(one["receipt_no"], set()).add(one["receipt_year"])
    for year, number in receipts:
        if not year and len(years.get(number, ())) > 1:
            known = ", ".join(f"{one}-{number}" for one in sorted(years[number]))
            raise UsageError(
                f"Receipt number {number} was given in several years; write one of {known}.",
                f"접수번호 {number}이(가) 여러 해에 있습니다. {known} 가운데 하나로 적으세요.",
            )
