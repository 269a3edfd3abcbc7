"""What a rule is once it was read: plain values the catalogue fills and the engine runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from cheonggu.codes import CodeLists
from cheonggu.dated import Series
from cheonggu.errors import DataFileError
from cheonggu.layouts import LayoutCatalogue
from cheonggu.precheck.tables import TableSet

# Place of a finding by scope: the record letter shown where a query does not give one.
SCOPES = {
    "batch": None,
    "header": "H",
    "statement": "A",
    "diagnosis": "B",
    "line": "C",
    "rx": "D",
    "detail": "E",
    "cross-statement": "A",
}
VALUE = re.compile(r"\$([a-z][a-z0-9_]*)")  # a dated value named in a condition


@dataclass(frozen=True)
class Part:
    """One condition: a predicate over ``table``, or a ``query``; ``requires`` names the optional tables it asks.

    ``columns`` are those the query gives, found out while planning.
    """

    table: str
    where: str
    query: str
    field: str
    detail: str
    requires: tuple[str, ...]
    columns: tuple[str, ...] = ()

    @property
    def values(self) -> tuple[str, ...]:
        """Names of the dated values written ``$name`` in the condition."""
        return tuple(dict.fromkeys(VALUE.findall(f"{self.where} {self.query} {self.detail}")))


@dataclass(frozen=True)
class Applies:
    """Which claims a rule is for; an empty set means all. ``graded``: only claims with (or without) a graded fee."""

    kinds: frozenset[str] = frozenset()
    insurance: frozenset[str] = frozenset()
    setting: frozenset[str] = frozenset()
    provider_kinds: frozenset[str] = frozenset()
    graded: bool | None = None

    def facts(self) -> dict[str, frozenset[Any]]:
        """Column of the claim table → values that let the rule run."""
        wanted: dict[str, frozenset[Any]] = {
            "kind": self.kinds,
            "insurance": self.insurance,
            "setting": self.setting,
            "provider_kind": self.provider_kinds,
            "has_graded_fee": frozenset() if self.graded is None else frozenset({self.graded}),
        }
        return {column: values for column, values in wanted.items() if values}


@dataclass(frozen=True)
class Rule:
    """One rule as read; ``first``/``last`` are the care days it holds, None where open; ``is_own``: a hospital's."""

    id: str
    level: str
    scope: str
    message_ko: str
    message_en: str
    fix_ko: str
    fix_en: str
    basis: str
    preempts: tuple[str, ...]
    confidence: str
    source: str
    first: date | None
    last: date | None
    applies: Applies
    parts: tuple[Part, ...]
    file: str
    note: str = ""
    is_own: bool = False

    @property
    def requires(self) -> tuple[str, ...]:
        """Every optional table one of its parts asks."""
        return tuple(dict.fromkeys(name for part in self.parts for name in part.requires))

    @property
    def record(self) -> str | None:
        return SCOPES[self.scope]


@dataclass(frozen=True)
class Catalogue:
    """Checked rules in file order with the tables, layouts, code lists and dated values their conditions ask.

    ``version`` is the SHA-256 of every file that decides an outcome.
    """

    rules: tuple[Rule, ...]
    tables: TableSet
    layouts: LayoutCatalogue
    codes: CodeLists
    values: Mapping[str, Series]
    prepared: tuple[str, ...] = field(repr=False)
    version: str

    def rule(self, rule_id: str) -> Rule:
        """The rule of that id; KeyError when there is none."""
        for one in self.rules:
            if one.id == rule_id:
                return one
        raise KeyError(rule_id)


def odd_rule(file: str, rule_id: str, en: str, ko: str) -> DataFileError:
    """The error for anything odd in a rule file, said in English and in Korean."""
    return DataFileError(
        f"{file}, rule {rule_id}: {en}.",
        f"{file} 파일의 규칙 {rule_id}: {ko}.",
        fix_en="Mend the rule; no rule was loaded.",
        fix_ko="규칙을 고치세요. 아무 규칙도 읽지 않았습니다.",
    )
