"""Planning while loading: every condition runs once over empty tables, so that a rule that does not fit is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import duckdb

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


def plan(catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """Run every condition over empty tables; returns the columns of each query.

    DataFileError names the first condition that does not fit the tables.
    """
    try:
        session = Session(catalogue, keeps_plans=True)
    except duckdb.Error as error:
        raise odd_rule(
            PREPARED_FILE, "(prepared)", f"does not fit the tables: {_first_line(error)}"
        ) from error
    newest = {name: series.values[-1].value for name, series in catalogue.values.items()}
    columns = {
        part.query: _plan_part(session, catalogue, rule, part, newest)
        for rule in catalogue.rules
        for part in rule.parts
    }
    session.close()
    return columns


def _plan_part(
    session: Session, catalogue: Catalogue, rule: Rule, part: Part, values: Mapping[str, Any]
) -> tuple[str, ...]:
    optional = {one.name for one in catalogue.tables.optional} | {FINDING}
    for name in part.requires:
        if name not in optional:
            raise odd_rule(rule.file, rule.id, f"requires {name!r}, which is no optional table")
    if part.table:
        _check_predicate(catalogue, rule, part)
    try:
        if part.query:
            cursor = session.run(fill_values(part.query, values), part.requires)
            return _check_columns(rule, tuple(one[0] for one in cursor.description))
        columns = fill_values(place_columns(session.db, catalogue, part), values)
        where = fill_values(part.where, values)
        session.run(f"SELECT {columns} FROM {part.table} WHERE {where}", part.requires)
        return PLACES
    except duckdb.Error as error:
        raise odd_rule(rule.file, rule.id, f"does not fit the tables: {_first_line(error)}") from error


def _check_predicate(catalogue: Catalogue, rule: Rule, part: Part) -> None:
    declared = catalogue.tables.tables.get(part.table)
    if declared and declared.use == OPTIONAL and part.table not in part.requires:
        raise odd_rule(rule.file, rule.id, f"asks the optional table {part.table!r} without requiring it")
    for name in catalogue.tables.personal_columns:
        if re.search(rf"\b{name}\b", part.detail):
            raise odd_rule(rule.file, rule.id, f"detail would show the personal column {name!r}")


def _check_columns(rule: Rule, names: tuple[str, ...]) -> tuple[str, ...]:
    odd = [one for one in names if one not in PLACES]
    if odd or "statement_no" not in names:
        what = f"gives the column {odd[0]!r}" if odd else "gives no column statement_no"
        raise odd_rule(rule.file, rule.id, f"the query {what}; a query may give {', '.join(PLACES)}")
    return names


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".")
