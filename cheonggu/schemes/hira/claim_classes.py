"""Claim classes (청구구분) and what a reason of a review asks for, from dated data.

Source: claim method notice (청구방법 고시), code list of impossible reasons with its column ``resubmit_as``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from functools import cache

from cheonggu.schemes.hira.data import CODES, value_on
from cheonggu.schemes.scheme import Advice, RerunClass

UNKNOWN = Advice("unknown", "사유코드표에 없는 코드입니다", "a code that the reason list does not hold")
REASONS = "review_impossible_reason"
DETAIL_NEEDED = "detail_needed"


def rerun_classes(as_of: date) -> Mapping[str, RerunClass]:
    """Name → class, as the rules of the day say."""
    rows = value_on("claim_classes", as_of)
    return {name: _read(name, row) for name, row in rows.items()}


def _read(name: str, row: Mapping[str, object]) -> RerunClass:
    """One class; a missing entry stops here, when the rules are first asked."""
    values = {one.name: row[one.name] for one in fields(RerunClass) if one.name != "name"}
    lists = {key: tuple(value) for key, value in values.items() if isinstance(value, list)}
    return RerunClass(name=name, **{**values, **lists})  # type: ignore[arg-type]


def advise(reason: str, as_of: date) -> Advice:
    """What a reason (``code-detail``, or ``code-`` without a detail) asks for; an unknown one is for a person.

    A code whose details ask for different things (35: 35-96 is never claimed again) says nothing without its detail.
    """
    word = _words().get(reason.removesuffix("-"))
    if word is None:
        return UNKNOWN
    code, _, detail = reason.partition("-")
    if not detail and len(_words_of(code)) > 1:
        word = DETAIL_NEEDED
    sentence = value_on("resubmit_words", as_of)[word]
    return Advice(word, sentence["ko"], sentence["en"])


@cache
def _words() -> dict[str, str]:
    return {one.key: one.row["resubmit_as"] for one in CODES.rows(REASONS)}


@cache
def _words_of(code: str) -> frozenset[str]:
    return frozenset(word for key, word in _words().items() if key.partition("-")[0] == code)


def claim_from(as_of: date) -> date:
    """First care day whose claim is not past the limit (소멸시효) on ``as_of``."""
    year = as_of.year - int(value_on("claim_limit_years", as_of))
    try:
        return as_of.replace(year=year)
    except ValueError:  # 29 February
        return date(year, 3, 1)
