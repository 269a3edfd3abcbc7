"""Named cases of the pre-check rules: a small clean claim, what is changed in it, and where the rule must fire.

``base/<name>.toml`` is a clean claim: ``title``, ``on`` (day of the check), ``[[table]]`` rows and ``[defaults.table]``
for columns that are the same in every row. Any other file holds ``[[case]]`` records::

    rule = "DAY-010"
    name = "내원일수가 요양급여일수보다 크다"
    base = "clinic"
    change = ["stmt 00001 visit_days = 2"]
    fires_on = ["00001"]            # [] never, ["claim"] for a finding without statement

A change is ``<table> <statement>[#row] column = value, …``, ``add <table> <statement> column = value, …`` or
``drop <table> <statement>[#row]``; ``*`` means every row and ``-`` no statement; ``have <table>`` adds an empty
optional table. ``none`` is no value; quotes keep commas and spaces. A case runs its own rule only.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from cheonggu.errors import DataFileError
from cheonggu.precheck.engine import Checker
from cheonggu.precheck.model import Catalogue, Rule
from cheonggu.precheck.pool import map_checked
from cheonggu.precheck.session import FINDING

CASE_KEYS = {"rule", "name", "base", "change", "fires_on"}
CLAIM = "claim"
CHANGE = re.compile(
    r"(?:(?P<verb>add|drop|have) )?(?P<table>[a-z_]+)(?: (?P<where>\S+))?(?: (?P<rest>.*))?", re.DOTALL
)
ASSIGNMENT = re.compile(r"\s*([a-z_0-9]+)\s*=\s*('[^']*'|[^,]*?)\s*(?:,|$)")
Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Base:
    """A clean claim as rows by table; ``on`` is the day it is checked."""

    name: str
    title: str
    on: date
    rows: Mapping[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Case:
    """One case; ``fires_on`` names statements, or ``claim`` for a finding without statement."""

    rule_id: str
    name: str
    base: str
    change: tuple[str, ...]
    fires_on: tuple[str, ...]
    file: str

    @property
    def label(self) -> str:
        return f"{self.rule_id} {self.name}"


@dataclass(frozen=True)
class Outcome:
    """What a case gave: its findings, and what is not as expected, or nothing."""

    case: Case
    problem: str
    findings: pa.Table


def load_bases(*folders: Path) -> dict[str, Base]:
    """The clean claims of ``<folder>/base``; one of a later folder stands in place of an earlier one of its name."""
    return {path.stem: _read_base(path) for one in folders for path in sorted((one / "base").glob("*.toml"))}


def load_cases(folder: Path) -> list[Case]:
    """Every case of the folder in file order; DataFileError names file and case of anything odd."""
    return [case for path in sorted(folder.glob("*.toml")) for case in _read_cases(path)]


def run_case(checker: Checker, bases: Mapping[str, Base], case: Case) -> Outcome:
    """Run the rule of one case over its changed claim."""
    catalogue = checker.catalogue
    rule = _rule_of(catalogue, case)
    if case.base not in bases:
        raise _odd(case, f"there is no base claim {case.base!r}")
    base = bases[case.base]
    tables = to_tables(catalogue, change_rows(catalogue, base.rows, case))
    # A rule that judges the findings of the others needs them to run.
    only = None if FINDING in rule.requires else frozenset({rule.id})
    result = checker.check(tables, on=base.on, only=only)
    mine = result.findings.filter(pa.compute.equal(result.findings["rule_id"], rule.id))
    reasons = [reason for rule_id, reason in result.not_checked if rule_id == rule.id]
    return Outcome(case, _judge(case, rule, tables[CLAIM].to_pylist()[0], mine, reasons), mine)


def _judge(case: Case, rule: Rule, facts: Mapping[str, Any], mine: pa.Table, reasons: Sequence[str]) -> str:
    """What is not as the case expects; empty when nothing."""
    fired = sorted({one or CLAIM for one in mine["statement_no"].to_pylist()})
    if fired != sorted(case.fires_on):
        return f"fires on {fired or 'nothing'}, wanted {list(case.fires_on) or 'nothing'}"
    if len(reasons) >= len(rule.parts) or any("could not be run" in one for one in reasons):
        return f"not checked: {reasons[0]}"
    if not all(facts.get(name) in values for name, values in rule.applies.facts().items()):
        return "the rule is not for this claim"
    return ""


def _rule_of(catalogue: Catalogue, case: Case) -> Rule:
    try:
        return catalogue.rule(case.rule_id)
    except KeyError:
        raise _odd(case, "there is no such rule") from None


def run_cases(
    catalogue: Catalogue, bases: Mapping[str, Base], cases: Sequence[Case], threads: int = 2
) -> list[Outcome]:
    """The outcome of each case, in order; every thread keeps the plans of one checker."""
    return list(
        map_checked(catalogue, lambda checker, one: run_case(checker, bases, one), cases, threads=threads)
    )


def to_tables(catalogue: Catalogue, rows: Mapping[str, list[dict[str, Any]]]) -> dict[str, pa.Table]:
    """Rows as the tables :func:`cheonggu.precheck.check` takes."""
    declared = catalogue.tables.tables
    return {name: pa.Table.from_pylist(some, schema=declared[name].schema) for name, some in rows.items()}


def change_rows(catalogue: Catalogue, rows: Mapping[str, list[dict[str, Any]]], case: Case) -> Rows:
    """A copy of the rows with the changes of the case made, in order."""
    changed = {name: [dict(row) for row in some] for name, some in rows.items()}
    for change in case.change:
        _change(catalogue, changed, case, change)
    return changed


def _change(catalogue: Catalogue, rows: Rows, case: Case, change: str) -> None:
    found = CHANGE.fullmatch(change)
    table = found["table"] if found else ""
    if found is None or table not in catalogue.tables.tables:
        raise _odd(case, f"change {change!r} names no table")
    types = {one.name: one.type for one in catalogue.tables.tables[table].columns}
    own = rows.setdefault(table, [])
    if found["verb"] == "have":
        return
    statement = found["where"] or "*"
    values = _values(case, change, types, found["rest"] or "")
    if found["verb"] == "add":
        claim_nos = {} if "claim_no" not in types else {"claim_no": _claim_no(rows)}
        own.append(claim_nos | ({} if statement == "-" else {"statement_no": statement}) | values)
        return
    chosen = _chosen(own, statement)
    if not chosen:
        raise _odd(case, f"change {change!r} meets no row")
    if found["verb"] == "drop":
        rows[table] = [row for row in own if not any(row is one for one in chosen)]
        return
    for row in chosen:
        row.update(values)


def _claim_no(rows: Rows) -> str | None:
    """The number of the claim, which every record of it carries."""
    header = rows.get("header") or [{}]
    return header[0].get("claim_no")


def _chosen(rows: list[dict[str, Any]], where: str) -> list[dict[str, Any]]:
    statement, _, number = where.partition("#")
    mine = rows if statement == "*" else [row for row in rows if row.get("statement_no") == statement]
    return mine[int(number) - 1 : int(number)] if number else mine


def _values(case: Case, change: str, types: Mapping[str, str], text: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    place = 0
    while place < len(text):
        found = ASSIGNMENT.match(text, place)
        if found is None:  # a slip of the pen must not leave the claim as it was
            raise _odd(case, f"change {change!r}: {text[place:]!r} is not column = value")
        name, written = found.groups()
        if name not in types:
            raise _odd(case, f"change {change!r}: no column {name!r}")
        try:
            values[name] = _value(types[name], written)
        except ValueError:
            raise _odd(case, f"change {change!r}: {name} wants {types[name]}") from None
        place = found.end()
    return values


def _value(type_name: str, written: str) -> Any:
    if written == "none":
        return None
    bare = written[1:-1] if written.startswith("'") else written
    if type_name == "int":
        return int(bare)
    if type_name == "date":
        return date.fromisoformat(bare)
    return bare == "true" if type_name == "bool" else bare


def _read_base(path: Path) -> Base:
    raw = _read_toml(path)
    defaults = raw.pop("defaults", {})
    if not isinstance(raw.get("title"), str) or not isinstance(raw.get("on"), date):
        raise DataFileError(
            f"{path.name}: a base claim needs title (a text) and on (a day).",
            f"{path.name} 파일: 기본 청구에는 title(글)과 on(날짜)이 있어야 합니다.",
        )
    title, on = raw.pop("title"), raw.pop("on")
    rows = {name: [{**defaults.get(name, {}), **row} for row in some] for name, some in raw.items()}
    return Base(path.stem, title, on, rows)


def _read_cases(path: Path) -> Iterable[Case]:
    records = _read_toml(path).get("case")
    if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
        raise DataFileError(
            f"{path.name}: holds no [[case]] records.", f"{path.name} 파일에 [[case]] 레코드가 없습니다."
        )
    for number, raw in enumerate(records, start=1):
        if set(raw) != CASE_KEYS:
            odd = sorted(set(raw) ^ CASE_KEYS)[0]
            raise DataFileError(
                f"{path.name}, case {number}: key {odd!r} is missing or unknown.",
                f"{path.name} 파일 {number}번 사례: {odd!r} 항목이 없거나 알 수 없습니다.",
            )
        for key in ("change", "fires_on"):
            if not isinstance(raw[key], list) or not all(isinstance(one, str) for one in raw[key]):
                raise DataFileError(
                    f'{path.name}, case {number}: {key} is not a list of texts such as ["…"].',
                    f'{path.name} 파일 {number}번 사례: {key}은(는) ["…"]처럼 글의 목록으로 적습니다.',
                )
        yield Case(
            str(raw["rule"]),
            str(raw["name"]),
            str(raw["base"]),
            tuple(raw["change"]),
            tuple(raw["fires_on"]),
            path.name,
        )


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataFileError(
            f"{path.name} cannot be read as TOML: {error}.",
            f"{path.name} 파일을 TOML로 읽을 수 없습니다: {error}.",
        ) from error


def _odd(case: Case, what: str) -> DataFileError:
    return DataFileError(f"{case.file}, {case.label}: {what}.", f"{case.file} 파일, {case.label}: {what}.")
