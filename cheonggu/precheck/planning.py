"""Planning while loading: every condition runs once over empty tables, so that a rule that does not fit is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import duckdb

from cheonggu.errors import DataFileError
from cheonggu.precheck.model import Catalogue, Part, Rule, odd_rule
from cheonggu.precheck.session import (
    FINDING,
    PLACES,
    PREPARED_FILE,
    Session,
    fill_values,
    place_columns,
)
from cheonggu.precheck.tables import OPTIONAL

# Types a condition or a column of a query may have, as DuckDB names them; a bare NULL has a type of its own.
NULL = '"NULL"'
CONDITIONS = frozenset({"BOOLEAN", NULL})
TEXTS = frozenset({"VARCHAR", NULL})
NUMBERS = frozenset({"BIGINT", "INTEGER", "HUGEINT", "UBIGINT", "SMALLINT", NULL})
DETAIL = re.compile(r"\s+AS\s+detail\b", re.IGNORECASE)


def plan(catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """Run every condition over empty tables; returns the columns of each query.

    DataFileError names the first condition that does not fit the tables.
    """
    try:
        session = Session(catalogue, keeps_plans=True)
    except duckdb.Error as error:
        raise _does_not_fit(PREPARED_FILE, "(prepared)", error) from error
    newest = {name: series.values[-1].value for name, series in catalogue.values.items()}
    try:
        return {
            part.query: _plan_part(session, catalogue, rule, part, newest)
            for rule in catalogue.rules
            for part in rule.parts
        }
    finally:
        session.close()


def _plan_part(
    session: Session, catalogue: Catalogue, rule: Rule, part: Part, values: Mapping[str, Any]
) -> tuple[str, ...]:
    optional = {one.name for one in catalogue.tables.optional} | {FINDING}
    for name in part.requires:
        if name not in optional:
            raise odd_rule(
                rule.file,
                rule.id,
                f"requires {name!r}, which is no optional table",
                f"requires의 {name!r}은(는) 선택 표가 아닙니다. 'cheonggu rules tables'로 확인하세요",
            )
    if part.table:
        _check_predicate(catalogue, rule, part)
    try:
        if part.query:
            query = fill_values(part.query, values)
            _check_query(catalogue, rule, query)
            return _check_columns(rule, session.run(query, part.requires).description)
        columns = fill_values(place_columns(session.db, catalogue, part), values)
        where = fill_values(part.where, values)
        cursor = session.run(
            f"SELECT {columns}, ({where}) AS met FROM {part.table} WHERE {where}", part.requires
        )
        _check_type(rule, "where", cursor.description[-1][1], CONDITIONS)
        return PLACES
    except duckdb.Error as error:
        raise _does_not_fit(rule.file, rule.id, error) from error


def _check_predicate(catalogue: Catalogue, rule: Rule, part: Part) -> None:
    declared = catalogue.tables.tables.get(part.table)
    if declared and declared.use == OPTIONAL and part.table not in part.requires:
        raise odd_rule(
            rule.file,
            rule.id,
            f"asks the optional table {part.table!r} without requiring it",
            f"선택 표 {part.table!r}을(를) requires에 적지 않았습니다",
        )
    if declared and part.field and part.field not in {one.name for one in declared.columns}:
        raise odd_rule(
            rule.file,
            rule.id,
            f"field {part.field!r} is no column of {part.table}",
            f"field {part.field!r}은(는) {part.table} 표의 열이 아닙니다",
        )
    _refuse_personal(catalogue, rule, part.detail)


def _refuse_personal(catalogue: Catalogue, rule: Rule, shown: str) -> None:
    for name in catalogue.tables.personal_columns:
        if re.search(rf"\b{name}\b", shown):
            raise odd_rule(
                rule.file,
                rule.id,
                f"detail would show the personal column {name!r}",
                f"detail에 개인정보 열 {name!r}을(를) 쓸 수 없습니다",
            )


def _check_query(catalogue: Catalogue, rule: Rule, query: str) -> None:
    """One SELECT and nothing else; what a hospital's own query shows as ``detail`` names no personal column."""
    statements = duckdb.extract_statements(query)
    if [one.type for one in statements] != [duckdb.StatementType.SELECT]:
        raise odd_rule(rule.file, rule.id, "the query is not one SELECT", "query는 SELECT 하나여야 합니다")
    if rule.is_own:
        for shown in _shown_details(query):
            _refuse_personal(catalogue, rule, shown)


def _shown_details(query: str) -> Iterator[str]:
    """The expressions a query calls ``detail``: back from the name to the comma, bracket or word that begins them."""
    for found in DETAIL.finditer(query):
        depth = 0
        for place in range(found.start() - 1, -1, -1):
            sign = query[place]
            depth += (sign == ")") - (sign == "(")
            begins = sign == "," or query[: place + 1].upper().endswith("SELECT")
            if depth < 0 or (depth == 0 and begins):
                yield query[place + 1 : found.start()]
                break


def _check_columns(rule: Rule, described: Sequence[tuple[Any, ...]]) -> tuple[str, ...]:
    names = tuple(one[0] for one in described)
    odd = [one for one in names if one not in PLACES]
    if odd or "statement_no" not in names:
        what = f"gives the column {odd[0]!r}" if odd else "gives no column statement_no"
        was = (
            f"query에 쓸 수 없는 열 {odd[0]!r}이(가) 있습니다"
            if odd
            else "query에 statement_no 열이 없습니다"
        )
        raise odd_rule(
            rule.file,
            rule.id,
            f"the query {what}; a query may give {', '.join(PLACES)}",
            f"{was}. 쓸 수 있는 열: {', '.join(PLACES)}",
        )
    for one in described:
        _check_type(rule, one[0], one[1], NUMBERS if one[0] == "line_no" else TEXTS)
    return names


def _check_type(rule: Rule, name: str, found: Any, wanted: frozenset[str]) -> None:
    """What DuckDB would have to cast, row by row while the claim is checked, is refused now."""
    if str(found) not in wanted:
        kind = sorted(wanted - {NULL})[0]
        raise odd_rule(
            rule.file,
            rule.id,
            f"{name} is of type {found}, want {kind}",
            f"{name}의 자료형이 {found}입니다. {kind}이어야 합니다",
        )


def _does_not_fit(file: str, rule_id: str, error: duckdb.Error) -> DataFileError:
    what = str(error).splitlines()[0].rstrip(".")
    return odd_rule(
        file,
        rule_id,
        f"does not fit the tables: {what}",
        f"조건이 표와 맞지 않습니다. 'cheonggu rules tables'로 표와 열을 확인하세요: {what}",
    )
