"""The table of statement facts: its columns, and how a million rows become a few hundred situations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.dated import load_series
from cheonggu.errors import InputError
from cheonggu.money import Ints
from cheonggu.schemes.hira.amounts_lines import compact
from cheonggu.schemes.hira.amounts_model import Situation
from cheonggu.schemes.hira.amounts_rules import RuleBook
from cheonggu.schemes.hira.data import CODES, VALUES

EPOCH = date(1970, 1, 1)
REQUIRED = ("statement_key", "insurer", "care", "provider_kind", "care_on", "age_years")
TEXTS = tuple(one.name for one in fields(Situation) if one.type == "str")
FLAGS = tuple(one.name for one in fields(Situation) if one.type == "bool")
DEFAULTS = {one.name: one.default for one in fields(Situation) if one.name not in REQUIRED}
# Facts that are amounts or counts: they choose no rule. Null means not given.
COUNTS = {"visit_count": 1, "in_house_count": 0}
GIVEN = ("support_won", "loan_won", "copay_this_year_won")
SEVERAL = "several facts already made dense"
LARGEST_CODE = 1 << 62
DIRECT_DAYS_SAME = 3  # from three days of direct dispensing on nothing changes


class Facts:
    """The statement facts as codes: ``situation`` gives the number of each row's situation."""

    def __init__(self, statements: pa.Table, book: RuleBook) -> None:
        self.table = statements
        for name in REQUIRED:
            if name not in statements.column_names or statements[name].null_count:
                raise InputError(
                    f"The statement facts lack {name}.",
                    f"명세서 정보에 {name} 값이 없습니다.",
                    fix_en="See docs/copay.md.",
                    fix_ko="docs/copay.md를 확인하세요.",
                )
        self.count = len(statements)
        self._codes = np.zeros(self.count, np.int64)
        self._range = 1
        self._columns: list[tuple[str, list[Any]]] = []
        for name in TEXTS:
            self._take_text(name)
        for name in FLAGS:
            self._take_values(name, self.flags(name), [False, True])
        self._take_bands("age_years", age_edges(book))
        self._take_days(day_edges(book))
        self._take_dispensing()
        used, self.situation = compact(self._codes, self._range)
        self.situations = [self._situation(int(one)) for one in used]

    def integers(self, name: str, default: int = 0) -> Ints:
        """A count or amount of every row; ``default`` where it is not given."""
        if name not in self.table.column_names:
            return np.full(self.count, default, np.int64)
        column = self.table[name]
        return _numbers((pc.fill_null(column, default) if column.null_count else column).cast(pa.int64()))

    def given(self, name: str) -> npt.NDArray[np.bool_]:
        """Which rows give an amount."""
        if name not in self.table.column_names:
            return np.zeros(self.count, np.bool_)
        result: npt.NDArray[np.bool_] = self.table[name].is_valid().to_numpy()
        return result

    def flags(self, name: str) -> npt.NDArray[np.bool_]:
        if name not in self.table.column_names:
            return np.zeros(self.count, np.bool_)
        result: npt.NDArray[np.bool_] = pc.fill_null(self.table[name], False).to_numpy()
        return result

    def days(self, name: str) -> Ints:
        """Days since 1970; ``care_on`` where ``care_until`` is not given."""
        if name not in self.table.column_names:
            return self.days("care_on")
        column = self.table[name].cast(pa.date32()).cast(pa.int32())
        if name == "care_until" and column.null_count:
            column = pc.coalesce(column, self.table["care_on"].cast(pa.date32()).cast(pa.int32()))
        return _numbers(column)

    def _take_text(self, name: str) -> None:
        if name not in self.table.column_names:
            return
        column = self.table[name]
        if column.null_count:
            column = pc.fill_null(column, DEFAULTS.get(name, ""))
        column = column.combine_chunks()
        encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        self._take(name, encoded.indices.to_numpy(zero_copy_only=False), encoded.dictionary.to_pylist())

    def _take_values(self, name: str, values: npt.NDArray[Any], choices: list[Any]) -> None:
        if values.any():
            self._take(name, values.astype(np.int64), choices)

    def _take_bands(self, name: str, edges: list[int]) -> None:
        ages = np.clip(self.integers(name), edges[0] - 1, edges[-1]) - edges[0] + 1
        span = np.arange(edges[0] - 1, edges[-1] + 1)
        bands = np.searchsorted(np.array(edges), span, side="right")
        self._take(name, bands[ages], [edges[0] - 1, *edges])

    def _take_days(self, edges: list[date]) -> None:
        """Periods between the days on which any rule, value or switch begins or ends; a stay keeps both ends."""
        days = np.array([(one - EPOCH).days for one in edges])
        span = np.searchsorted(days, np.arange(days[0] - 1, days[-1] + 1), side="right")
        start = self.days("care_on")
        first = span[np.clip(start, days[0] - 1, days[-1]) - days[0] + 1]
        choices = [edges[0] - timedelta(days=1), *edges]
        self._take("care_on", first, choices)
        if "care_until" in self.table.column_names:
            last = self.days("care_until")
            until = span[np.clip(last, days[0] - 1, days[-1]) - days[0] + 1]
            until[last < start] = len(choices)
            self._take("care_until", until, [*choices, date.min])

    def _take_dispensing(self) -> None:
        if "dispensing_days" in self.table.column_names:
            days = np.clip(self.integers("dispensing_days"), 0, DIRECT_DAYS_SAME)
            self._take("dispensing_days", days, list(range(DIRECT_DAYS_SAME + 1)))

    def _take(self, name: str, codes: npt.NDArray[Any], choices: list[Any]) -> None:
        """One more fact into the mixed-radix code of every row; made dense before it could overflow."""
        if self._range * max(len(choices), 1) >= LARGEST_CODE:
            used, self._codes = np.unique(self._codes, return_inverse=True)
            self._columns = [(SEVERAL, [self._decode(int(one)) for one in used])]
            self._range = len(used)
        self._codes = self._codes * len(choices) + codes
        self._range *= max(len(choices), 1)
        self._columns.append((name, choices))

    def _decode(self, code: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, choices in reversed(self._columns):
            code, place = divmod(code, len(choices))
            if name == SEVERAL:
                found |= choices[place]
            else:
                found[name] = choices[place]
        return found

    def _situation(self, code: int) -> Situation:
        found = self._decode(code)
        if found.get("care_until") == found["care_on"]:
            found.pop("care_until")
        return Situation(**found)


def day_edges(book: RuleBook) -> list[date]:
    """Every day on which something dated begins, or the day after it ends."""
    edges = {date(2020, 1, 1)}
    for rule in book.rules.values():
        if "rounding" in rule.raw or rule.parts:
            first, last = book.bounds(rule)
            edges |= {first} | ({last + timedelta(days=1)} if last else set())
    for row in [*book.categories.values(), *_copay_class_rows()]:
        edges |= {date.fromisoformat(row[name]) for name in ("introduced", "valid_from") if row.get(name)}
        edges |= {date.fromisoformat(row["valid_to"]) + timedelta(days=1)} if row.get("valid_to") else set()
    edges |= {
        date.fromisoformat(book.switches[name]) for name in ("unstated_start_from", "hospital_rooms_from")
    }
    return sorted(edges | set(_addition_days()))


def age_edges(book: RuleBook) -> list[int]:
    """Every age at which a rule begins or stops to fit."""
    edges = {0, 6, 65, 151}
    for rule in book.rules.values():
        conditions = [one.facts for one in rule.whens] + [one.facts for one, _ in rule.variants]
        conditions += [one.condition.facts for part in rule.parts for one in part.charges]
        for facts in conditions:
            edges |= {facts[name] for name in ("age_from", "age_below") if name in facts}
        ages: Mapping[str, int] = rule.raw.get("age", {})
        edges |= {ages[name] + (name == "max") for name in ("min", "max", "max_exclusive") if name in ages}
    for low, below in book.symbols["age"].values():
        edges |= {low, below}
    return sorted(edges)


def _addition_days() -> list[date]:
    series = load_series(VALUES / "type_addition_percent.toml")
    return [one.first for one in series.values]


def _copay_class_rows() -> list[dict[str, str]]:
    return [one.row for one in CODES.rows("medical_aid_copay_class")]


def _numbers(column: Any) -> Ints:
    result: Ints = column.to_numpy().astype(np.int64, copy=False)
    return result
