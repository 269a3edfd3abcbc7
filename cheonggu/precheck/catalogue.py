"""The rule catalogue (점검 규칙): TOML files, read and checked before anything runs.

One file holds ``[[rule]]`` records. Every key of a record is known, and each record says what it finds, how to mend it,
on what basis, which return (반송) or review-impossible (심사불능) codes it prevents, and its condition: a predicate
over one table (``table`` and ``where``), a ``query``, or several of these as ``[[rule.part]]``. Every condition is
planned against the declared tables while loading. A hospital's own folder goes through the same checks.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from cheonggu.codes import CodeLists
from cheonggu.dated import Series, load_series
from cheonggu.layouts import LayoutCatalogue
from cheonggu.precheck.model import Catalogue, Rule, odd_rule
from cheonggu.precheck.planning import plan
from cheonggu.precheck.rule_files import read_file, rule_files
from cheonggu.precheck.session import read_statements
from cheonggu.precheck.tables import load_tables

# Checks that are no rules of a catalogue report under these letters; a hospital's own rules may not.
RESERVED = frozenset({"FILE", "WIRE", "XML", "SRC", "SET", "SCH"})
FORMS, PROVIDER_KINDS = "statement_form", "provider_kind"  # code lists that say what a claim may be
PREEMPT = re.compile(r"(?P<list>[RI]):(?P<code>[0-9A-Z]{2})-(?P<detail>[0-9A-Z]{2})")
PREEMPT_LISTS = {"R": "return_reason", "I": "review_impossible_reason"}


def load_catalogue(folders: Sequence[Path], own: Sequence[Path] = ()) -> Catalogue:
    """Read and check every rule of the folders, in order of folder and file name.

    ``folders[0]`` is the scheme's own catalogue ``<scheme>/rules/precheck`` with ``tables.csv`` and ``prepared.sql``;
    dated values lie in ``<scheme>/rules/values``, layouts and code lists in ``<scheme>``. Further folders hold what
    schemes share. ``own``: a hospital's own folders.
    DataFileError names file, rule and reason of the first odd thing, UsageError a folder that is not there. Planning
    takes longest, so a process that loads the same files again, for the next pass of a night or the next night, gets
    what it has.
    """
    scheme = folders[0].parents[1]
    read = [
        *folders,
        *own,
        *(scheme / one for one in ("rules/values", "rules/formats.csv", "codes", "layouts")),
    ]
    return _load(tuple(folders), tuple(own), _digest(read))


@lru_cache(maxsize=4)
def _load(folders: tuple[Path, ...], own: tuple[Path, ...], version: str) -> Catalogue:
    scheme = folders[0].parents[1]
    layouts = LayoutCatalogue.from_folder(scheme / "layouts")
    tables = load_tables(folders[0] / "tables.csv", layouts)
    codes = CodeLists(scheme / "codes")
    rules = read_rules(folders, own)
    allowed = _allowed_facts(layouts, codes)
    for rule in rules:
        _check_codes(rule, codes)
        _check_applies(rule, allowed)
    catalogue = Catalogue(
        rules=rules,
        tables=tables,
        layouts=layouts,
        codes=codes,
        values=_load_values(scheme / "rules" / "values", rules),
        prepared=read_statements(folders[0]),
        version=version,
    )
    columns = plan(catalogue)
    return replace(catalogue, rules=tuple(_with_columns(rule, columns) for rule in rules))


def read_rules(folders: Sequence[Path], own: Sequence[Path] = ()) -> tuple[Rule, ...]:
    """The rules as written, their conditions not planned: for those who only ask what a rule says."""
    ours = list(_read(folders, is_own=False))
    hospital = [replace(rule, is_own=True) for rule in _read(own, is_own=True)]
    _refuse_repeats([*ours, *hospital])
    _refuse_our_letters(hospital, {_letters(one) for one in ours} | RESERVED)
    return (*ours, *hospital)


def _read(folders: Iterable[Path], *, is_own: bool) -> Iterator[Rule]:
    for folder in folders:
        for path in rule_files(folder, is_own=is_own):
            yield from read_file(path)


def _with_columns(rule: Rule, columns: Mapping[str, tuple[str, ...]]) -> Rule:
    return replace(rule, parts=tuple(replace(part, columns=columns[part.query]) for part in rule.parts))


def _refuse_repeats(rules: Iterable[Rule]) -> None:
    seen: dict[str, str] = {}
    for rule in rules:
        if rule.id in seen:
            raise odd_rule(
                rule.file,
                rule.id,
                f"the id stands in {seen[rule.id]} already",
                f"{seen[rule.id]}에 같은 번호가 있습니다",
            )
        seen[rule.id] = rule.file


def _refuse_our_letters(own: Iterable[Rule], taken: Set[str]) -> None:
    """A hospital's rule under our letters would be mistaken for ours, or meet one of a later edition."""
    for rule in own:
        if _letters(rule) in taken:
            raise odd_rule(
                rule.file,
                rule.id,
                f"ids that begin with {_letters(rule)}- are the product's; choose letters of your own such as HSP-",
                f"{_letters(rule)}-로 시작하는 번호는 제품이 씁니다. HSP-처럼 병원의 글자를 쓰세요",
            )


def _letters(rule: Rule) -> str:
    return rule.id.partition("-")[0]


def _allowed_facts(layouts: LayoutCatalogue, codes: CodeLists) -> dict[str, frozenset[str]]:
    """What ``applies`` may name, as far as the scheme has lists of it: a misspelt word would let a rule never run."""
    forms = [one.row for one in codes.rows(FORMS)] if FORMS in codes.names else []
    allowed = {
        "kinds": frozenset(layouts.kinds),
        "provider_kinds": codes.allowed(PROVIDER_KINDS) if PROVIDER_KINDS in codes.names else frozenset(),
        "insurance": frozenset(one["insurance"] for one in forms),
        "setting": frozenset(one["setting"] for one in forms),
    }
    return {name: values for name, values in allowed.items() if values}


def _check_applies(rule: Rule, allowed: Mapping[str, frozenset[str]]) -> None:
    for name, values in allowed.items():
        unknown = sorted(getattr(rule.applies, name) - values)
        if unknown:
            choices = ", ".join(sorted(values))
            raise odd_rule(
                rule.file,
                rule.id,
                f"applies: {name} {unknown[0]!r} is not known, want some of {choices}",
                f"applies: {name}에 모르는 값 {unknown[0]!r}. 쓸 수 있는 값: {choices}",
            )


def _check_codes(rule: Rule, codes: CodeLists) -> None:
    for one in rule.preempts:
        found = PREEMPT.fullmatch(one)
        if found is None:
            raise odd_rule(
                rule.file,
                rule.id,
                f"preempts {one!r} is not R:gg-dd or I:gg-dd",
                f"preempts {one!r}은(는) R:09-03(반송), I:16-03(심사불능)처럼 적습니다",
            )
        name = PREEMPT_LISTS[found["list"]]
        keys = {row.key for row in codes.rows(name)}
        bare = found["detail"] == "00" and found["code"] in keys
        if f"{found['code']}-{found['detail']}" not in keys and not bare:
            raise odd_rule(
                rule.file,
                rule.id,
                f"preempts {one!r}, which {name} does not have",
                f"preempts {one!r}: 코드 목록 {name}에 없습니다. 'cheonggu codes search'로 찾으세요",
            )


def _load_values(folder: Path, rules: Iterable[Rule]) -> dict[str, Series]:
    """The dated series the conditions name as ``$name``."""
    values: dict[str, Series] = {}
    for rule in rules:
        for name in (name for part in rule.parts for name in part.values):
            path = folder / f"{name}.toml"
            if not path.is_file():
                raise odd_rule(
                    rule.file,
                    rule.id,
                    f"asks the dated value ${name}, which is not there",
                    f"기간별 값 ${name}이(가) 없습니다",
                )
            values[name] = values.get(name) or load_series(path)
    return values


def _digest(places: Iterable[Path]) -> str:
    """SHA-256 over the names and bytes of all files in these places, a folder or a file each."""
    total = hashlib.sha256()
    for place in places:
        for path in sorted(one for one in (place, *place.rglob("*")) if one.is_file()):
            total.update(path.name.encode() + hashlib.sha256(_bytes(path)).digest())
    return total.hexdigest()


def _bytes(path: Path) -> bytes:
    """What a file holds; nothing for one that cannot be read, of which the loading tells in its own words."""
    try:
        return path.read_bytes()
    except OSError:
        return b""
