"""The rule catalogue (점검 규칙): TOML files, read and checked before anything runs.

One file holds ``[[rule]]`` records. Every key of a record is known, and each record says what it finds, how to mend it,
on what basis, which return (반송) or review-impossible (심사불능) codes it prevents, and its condition: a predicate
over one table (``table`` and ``where``), a ``query``, or several of these as ``[[rule.part]]``. Every condition is
planned against the declared tables while loading. A hospital's own folder goes through the same checks.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from cheonggu.codes import CodeLists
from cheonggu.dated import Series, load_series
from cheonggu.findings import ERROR, WARNING
from cheonggu.layouts import LayoutCatalogue
from cheonggu.precheck.model import SCOPES, Applies, Catalogue, Part, Rule, odd_rule
from cheonggu.precheck.planning import plan
from cheonggu.precheck.session import read_statements
from cheonggu.precheck.tables import load_tables

TEXTS = ("message_ko", "message_en", "fix_ko", "fix_en", "basis", "source")
RULE_KEYS = {
    "id", "level", "scope", *TEXTS, "preempts", "confidence", "from", "to", "applies", "part", "note",
}  # fmt: skip
PART_KEYS = {"requires", "table", "where", "query", "field", "detail"}
APPLIES_KEYS = {"kinds", "insurance", "setting", "provider_kinds", "graded"}
CONFIDENCES = {"official", "secondary", "unverified", "ours"}
RULE_ID = re.compile(r"[A-Z][A-Z0-9]*-\d{3}")
PREEMPT = re.compile(r"(?P<list>[RI]):(?P<code>[0-9A-Z]{2})-(?P<detail>[0-9A-Z]{2})")
PREEMPT_LISTS = {"R": "return_reason", "I": "review_impossible_reason"}


def load_catalogue(folders: Sequence[Path]) -> Catalogue:
    """Read and check every rule of the folders, in order of folder and file name.

    ``folders[0]`` is the scheme's own catalogue ``<scheme>/rules/precheck`` with ``tables.csv`` and ``prepared.sql``;
    dated values lie in ``<scheme>/rules/values``, layouts and code lists in ``<scheme>``. Further folders are a
    hospital's own.
    DataFileError names file, rule and reason of the first odd thing. Planning takes longest, so a process that loads
    the same files again, for the next pass of a night or the next night, gets what it has.
    """
    scheme = folders[0].parents[1]
    read = [*folders, *(scheme / one for one in ("rules/values", "rules/formats.csv", "codes", "layouts"))]
    return _load(tuple(folders), _digest(read))


@lru_cache(maxsize=4)
def _load(folders: tuple[Path, ...], version: str) -> Catalogue:
    scheme = folders[0].parents[1]
    layouts = LayoutCatalogue.from_folder(scheme / "layouts")
    tables = load_tables(folders[0] / "tables.csv", layouts)
    codes = CodeLists(scheme / "codes")
    rules = read_rules(folders)
    for rule in rules:
        _check_codes(rule, codes)
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


def read_rules(folders: Sequence[Path]) -> tuple[Rule, ...]:
    """The rules of the folders as written, their conditions not planned: for those who only ask what a rule says."""
    rules = [
        rule for folder in folders for path in sorted(folder.glob("*.toml")) for rule in _read_file(path)
    ]
    _refuse_repeats(rules)
    return tuple(rules)


def _with_columns(rule: Rule, columns: Mapping[str, tuple[str, ...]]) -> Rule:
    return replace(rule, parts=tuple(replace(part, columns=columns[part.query]) for part in rule.parts))


def _read_file(path: Path) -> Iterable[Rule]:
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise odd_rule(path.name, "(file)", f"cannot be read as TOML ({error})") from error
    if not {"rule"} <= set(raw) <= {"rule", "defaults"} or not isinstance(raw["rule"], list):
        raise odd_rule(path.name, "(file)", "holds something other than [defaults] and [[rule]] records")
    defaults = raw.get("defaults", {})
    _refuse_unknown(path.name, "(defaults)", defaults, {"applies"}, "key")
    return [
        _read_rule(path.name, number, record, defaults.get("applies", {}))
        for number, record in enumerate(raw["rule"], start=1)
    ]


def _read_rule(file: str, number: int, raw: Mapping[str, Any], applies: Mapping[str, Any]) -> Rule:
    rule_id = str(raw.get("id", f"no. {number}"))
    if not RULE_ID.fullmatch(rule_id):
        raise odd_rule(file, rule_id, "the id is not letters, a hyphen and three digits")
    _refuse_unknown(file, rule_id, raw, RULE_KEYS | PART_KEYS, "key")
    for key in ("level", "scope", "confidence", *TEXTS):
        if not isinstance(raw.get(key), str) or not raw[key].strip():
            raise odd_rule(file, rule_id, f"{key} is missing or empty")
    _refuse_value(file, rule_id, "level", raw["level"], {ERROR, WARNING})
    _refuse_value(file, rule_id, "scope", raw["scope"], set(SCOPES))
    _refuse_value(file, rule_id, "confidence", raw["confidence"], CONFIDENCES)
    if not isinstance(raw.get("preempts"), list):
        raise odd_rule(file, rule_id, "preempts is missing; write [] when there is no such code")
    first, last = _day(file, rule_id, raw, "from"), _day(file, rule_id, raw, "to")
    if first and last and last < first:
        raise odd_rule(file, rule_id, "to is before from")
    return Rule(
        id=rule_id,
        level=raw["level"],
        scope=raw["scope"],
        **{key: raw[key].strip() for key in TEXTS},
        preempts=tuple(str(one) for one in raw["preempts"]),
        confidence=raw["confidence"],
        first=first,
        last=last,
        applies=_read_applies(file, rule_id, {**applies, **raw.get("applies", {})}),
        parts=_read_parts(file, rule_id, raw),
        file=file,
        note=str(raw.get("note", "")),
    )


def _read_parts(file: str, rule_id: str, raw: Mapping[str, Any]) -> tuple[Part, ...]:
    own = {key: raw[key] for key in PART_KEYS if key in raw}
    parts = raw.get("part", [])
    if own and parts:
        raise odd_rule(file, rule_id, "has a condition of its own and parts: write all of them as parts")
    found = [_read_part(file, rule_id, one) for one in (parts or [own])]
    return tuple(found)


def _read_part(file: str, rule_id: str, raw: Mapping[str, Any]) -> Part:
    _refuse_unknown(file, rule_id, raw, PART_KEYS, "key of a part")
    has_query, has_predicate = "query" in raw, "table" in raw or "where" in raw
    if has_query == has_predicate:
        raise odd_rule(file, rule_id, "wants either table and where, or query")
    if has_predicate and not ("table" in raw and "where" in raw):
        raise odd_rule(file, rule_id, "wants both table and where")
    if has_query and ("field" in raw or "detail" in raw):
        raise odd_rule(file, rule_id, "a query gives field and detail as columns")
    return Part(
        table=raw.get("table", ""),
        where=raw.get("where", "").strip(),
        query=raw.get("query", "").strip(),
        field=raw.get("field", ""),
        detail=raw.get("detail", ""),
        requires=tuple(raw.get("requires", ())),
    )


def _read_applies(file: str, rule_id: str, raw: Mapping[str, Any]) -> Applies:
    _refuse_unknown(file, rule_id, raw, APPLIES_KEYS, "key of applies")
    sets = {key: frozenset(raw.get(key, ())) for key in APPLIES_KEYS - {"graded"}}
    return Applies(graded=raw.get("graded"), **sets)


def _refuse_unknown(file: str, rule_id: str, raw: Mapping[str, Any], known: set[str], what: str) -> None:
    unknown = sorted(set(raw) - known)
    if unknown:
        raise odd_rule(file, rule_id, f"unknown {what} {unknown[0]!r}")


def _refuse_value(file: str, rule_id: str, key: str, value: str, known: set[str]) -> None:
    if value not in known:
        raise odd_rule(file, rule_id, f"{key} is {value!r}, want one of {', '.join(sorted(known))}")


def _day(file: str, rule_id: str, raw: Mapping[str, Any], key: str) -> date | None:
    value = raw.get(key)
    if value is not None and type(value) is not date:
        raise odd_rule(file, rule_id, f"{key} is not a day (write 2024-01-01 without quotes)")
    return value


def _refuse_repeats(rules: Iterable[Rule]) -> None:
    seen: dict[str, str] = {}
    for rule in rules:
        if rule.id in seen:
            raise odd_rule(rule.file, rule.id, f"the id stands in {seen[rule.id]} already")
        seen[rule.id] = rule.file


def _check_codes(rule: Rule, codes: CodeLists) -> None:
    for one in rule.preempts:
        found = PREEMPT.fullmatch(one)
        if found is None:
            raise odd_rule(rule.file, rule.id, f"preempts {one!r} is not R:gg-dd or I:gg-dd")
        name = PREEMPT_LISTS[found["list"]]
        keys = {row.key for row in codes.rows(name)}
        bare = found["detail"] == "00" and found["code"] in keys
        if f"{found['code']}-{found['detail']}" not in keys and not bare:
            raise odd_rule(rule.file, rule.id, f"preempts {one!r}, which {name} does not have")


def _load_values(folder: Path, rules: Iterable[Rule]) -> dict[str, Series]:
    """The dated series the conditions name as ``$name``."""
    values: dict[str, Series] = {}
    for rule in rules:
        for name in (name for part in rule.parts for name in part.values):
            path = folder / f"{name}.toml"
            if not path.is_file():
                raise odd_rule(rule.file, rule.id, f"asks the dated value ${name}, which is not there")
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
