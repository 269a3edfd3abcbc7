"""Code lists (코드) as data: CSV files kept as text, with the kinds and days each value holds.

An unknown code is a finding for a person, never a guess. An empty ``valid_from``/``valid_to`` means the source
gives no date, so the value is taken to hold on every day.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from cheonggu.errors import UsageError
from cheonggu.layouts import odd_row


@dataclass(frozen=True)
class Code:
    """One row of a code list. ``key`` is the code, with ``-detail`` behind it where the list has detail codes."""

    list_name: str
    key: str
    name_ko: str
    name_en: str
    kinds: frozenset[str]
    valid_from: date | None
    valid_to: date | None
    row: dict[str, str]

    def holds(self, kind: str | None, on: date | None) -> bool:
        if kind and self.kinds and kind not in self.kinds:
            return False
        if on is None:
            return True
        return (self.valid_from is None or self.valid_from <= on) and (
            self.valid_to is None or on <= self.valid_to
        )

    @property
    def searched_text(self) -> str:
        """Code, detail code and descriptions in small letters, one to a line."""
        further = (self.row.get(column, "") for column in (*FURTHER_KEY_COLUMNS, *FURTHER_TEXT_COLUMNS))
        return "\n".join((self.key, *further, self.name_ko, self.name_en)).casefold()

    def begins_with(self, wanted: str) -> bool:
        """Whether the code begins so; in small letters, the hyphen before the detail code written or not."""
        return any(key.startswith(wanted) for key in self._keys)

    def mentions(self, wanted: str) -> bool:
        """Whether it stands anywhere in code, detail code or description; in small letters."""
        return wanted in self.searched_text or any(wanted in key for key in self._keys)

    @property
    def _keys(self) -> tuple[str, str]:
        key = self.key.casefold()
        return key, key.replace("-", "")

    @property
    def rule_ids(self) -> tuple[str, ...]:
        """The pre-check rules that keep this return or review-impossible code from coming."""
        return tuple(self.row.get("precheck_ids", "").split())


KEY_COLUMNS = ("code", "symbol", "value")
FURTHER_KEY_COLUMNS = ("detail_code", "kcd", "kcd_claim")
FURTHER_TEXT_COLUMNS = ("desc_ko",)
NAME_COLUMNS = ("name_ko", "description_ko")
# Lists whose ``kind`` column says what sort of row it is, not which claim kinds it belongs to.
KIND_IS_ROW_SORT = {
    "injury_cause",
    "return_reason",
    "review_impossible_reason",
    "adjustment_reason",
}


class CodeLists:
    """Every code list of a scheme's ``codes/`` folder, loaded when first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lists: dict[str, tuple[Code, ...]] = {}

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted(path.stem for path in self.folder.glob("*.csv")))

    def rows(self, name: str) -> tuple[Code, ...]:
        """All rows of one list in file order; KeyError when there is no such list."""
        if name not in self._lists:
            path = self.folder / f"{name}.csv"
            if not path.is_file():
                raise KeyError(f"no code list {name!r}; known: {', '.join(self.names)}")
            self._lists[name] = tuple(_codes(path))
        return self._lists[name]

    def allowed(self, name: str, kind: str | None = None, on: date | None = None) -> frozenset[str]:
        """The codes of a list that a claim kind may use on a day."""
        return frozenset(one.key for one in self.rows(name) if one.holds(kind, on))

    def search(
        self, term: str, name: str | None = None, *, by_prefix: bool = False, every_version: bool = False
    ) -> list[Code]:
        """What the search window (사유코드 검색) of a claims program shows for a term; letter case does not matter.

        ``by_prefix``: codes that begin with the term (사유코드). Else: the term stands anywhere in code, detail code or
        description (통합검색). The hyphen before a detail code may be left out. All lists, or one; a code whose
        versions read the same is shown once, the newest, unless ``every_version`` is asked for. UsageError names the
        lists when there is no such one, and refuses a blank term.
        """
        if name is not None and name not in self.names:
            raise UsageError(
                f"There is no code list {name!r}.",
                f"{name!r} 코드 목록은 없습니다.",
                fix_en=f"Known: {', '.join(self.names)}.",
                fix_ko=f"사용할 수 있는 목록: {', '.join(self.names)}.",
            )
        wanted = term.strip().casefold()
        if not wanted:
            raise UsageError(
                "There is nothing to search for.",
                "검색어가 없습니다.",
                fix_en="Give the beginning of a code or a word of its description.",
                fix_ko="코드의 앞자리나 설명에 있는 낱말을 적으세요.",
            )
        found: dict[tuple[object, ...], Code] = {}
        lists = [name] if name else self.names
        for number, one in enumerate(row for each in lists for row in self.rows(each)):
            if one.begins_with(wanted) if by_prefix else one.mentions(wanted):
                version = number if every_version else ""
                found[one.list_name, one.key, one.name_ko, version] = one
        return list(found.values())


def _codes(path: Path) -> Iterator[Code]:
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        columns = set(reader.fieldnames or ())
        key_column = next((one for one in KEY_COLUMNS if one in columns), None)
        name_column = next((one for one in NAME_COLUMNS if one in columns), None)
        if key_column is None or name_column is None:
            raise odd_row(path, 1, "a code list needs a code (or symbol) and a Korean name column")
        for number, row in enumerate(reader, start=2):
            if None in row or None in row.values():
                raise odd_row(path, number, f"has not {len(columns)} columns")
            yield Code(
                list_name=path.stem,
                key=_key(row, key_column),
                name_ko=row[name_column],
                name_en=row.get("name_en") or row.get("description_en") or "",
                kinds=_kinds(path.stem, row),
                valid_from=_day(path, number, row.get("valid_from", "")),
                valid_to=_day(path, number, row.get("valid_to", "")),
                row=row,
            )


def _key(row: dict[str, str], key_column: str) -> str:
    code, detail = row[key_column], row.get("detail_code", "")
    return f"{code}-{detail}" if detail and "value" not in row else code


def _kinds(list_name: str, row: dict[str, str]) -> frozenset[str]:
    if list_name in KIND_IS_ROW_SORT:
        return frozenset()
    return frozenset(filter(None, row.get("kind", "").split(";")))


def _day(path: Path, number: int, text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise odd_row(path, number, f"{text!r} is not a day") from None
