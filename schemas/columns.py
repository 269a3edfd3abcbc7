"""Pandera columns from the source contract: what one column may hold, as vectorised checks.

A check's name is ``RULE:column``; it returns a boolean Series over the column, so that a failure names its rows.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pandas as pd
import pandera.pandas as pa_pandas

from cheonggu.codes import CodeLists
from cheonggu.sources.contract import Column

CODEC = "cp949"  # HIRA's files; Python's euc_kr writes eight bytes for most syllables
# Lists whose rows belong to the claim header although the source names them per statement.
HEADER_LISTS = {"payer_class", "care_field"}
FORM_LIST, KINDS_OF_FORMS = "form_no", "statement_form"
REMOVED_INGREDIENT = "line_amount"  # may be negative in Korean medicine only


class Columns:
    """Columns of one batch: code lists are taken for its claim kind and care days."""

    def __init__(self, codes: CodeLists, kind: str, first: date, last: date) -> None:
        self.codes, self.kind, self.first, self.last = codes, kind, first, last
        self.details: dict[str, str] = {}

    def column(self, one: Column) -> pa_pandas.Column:
        """The pandera column of one contract column."""
        checks = [self._check(rule, one.name, test) for rule, test in self._tests(one)]
        return pa_pandas.Column(checks=checks, nullable=True, name=one.name)

    def _check(self, rule: str, name: str, test: Callable[[pd.Series], pd.Series]) -> pa_pandas.Check:
        return pa_pandas.Check(test, name=f"{rule}:{name}", error=f"{rule}:{name}", ignore_na=False)

    def _tests(self, one: Column) -> list[tuple[str, Callable[[pd.Series], pd.Series]]]:
        tests: list[tuple[str, Callable[[pd.Series], pd.Series]]] = []
        if one.required == "Y":
            tests.append(("SRC-001", is_filled))
        if one.type == "int":
            tests.append(("SRC-004", self._in_range(one)))
        if one.type == "text":
            limit = one.length
            self.details[f"SRC-008:{one.name}"] = f"limit {limit} bytes"
            tests += [("SRC-007", is_encodable), ("SRC-008", lambda text: encoded_lengths(text) <= limit)]
            allowed = self._allowed(one)
            if allowed is not None:
                tests.append(("SRC-003", lambda text: text.isin(allowed) | ~is_filled(text)))
        return tests

    def _in_range(self, one: Column) -> Callable[[pd.Series], pd.Series]:
        top = 10**one.length - 1
        signed = one.name == REMOVED_INGREDIENT and bool(self.codes.allowed("adjust_class", self.kind))
        bottom = -(10 ** (one.length - 1)) + 1 if signed else 0
        self.details[f"SRC-004:{one.name}"] = f"limit {bottom} to {top}"
        return lambda numbers: numbers.between(bottom, top) | numbers.isna()

    def _allowed(self, one: Column) -> frozenset[str] | None:
        """Codes in force on every care day of the batch, or None where the column has no list."""
        if one.code_list is None:
            return frozenset(one.code_values) if one.code_values else None
        name, kind = one.code_list, self.kind or None
        if name == FORM_LIST:
            name = KINDS_OF_FORMS
        elif name in HEADER_LISTS:
            kind = "claim_header"
        elif name == "hang_mok":
            return self._sections(one.name)
        elif name == "provider_kind":
            kind = None
        return self.codes.allowed(name, kind, self.first) & self.codes.allowed(name, kind, self.last)

    def _sections(self, column: str) -> frozenset[str]:
        part = 0 if column == "hang" else 2
        keys = self.codes.allowed("hang_mok", self.kind or None, self.last)
        return frozenset(key.partition("-")[part] for key in keys if "-" in key)


def is_filled(values: pd.Series) -> pd.Series:
    """Neither null nor blank."""
    filled = values.notna()
    return filled & (values.str.strip() != "") if pd.api.types.is_string_dtype(values) else filled


def encoded_lengths(text: pd.Series) -> pd.Series:
    """Bytes in CP949: one for ASCII, two for every other character; null counts 0."""
    return (text.str.len() + text.str.count(r"[^\x00-\x7f]")).fillna(0)


def is_encodable(text: pd.Series) -> pd.Series:
    """Whether CP949 can write the value; distinct values with non-ASCII characters are tried once each."""
    suspects = text[text.str.contains(r"[^\x00-\x7f]").fillna(False).astype(bool)].drop_duplicates()
    if can_encode("".join(suspects)):
        return pd.Series(True, index=text.index)
    return ~text.isin([one for one in suspects if not can_encode(one)])


def can_encode(text: str) -> bool:
    try:
        text.encode(CODEC)
    except UnicodeEncodeError:
        return False
    return True
