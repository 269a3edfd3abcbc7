"""One DuckDB database per check: in memory, without extensions, files or network.

It holds the declared tables, the code lists (``code`` flattened, ``list_<name>`` as they are), the macros and tables
of ``prepared.sql``, and ``hit``, where conditions put what they find. An optional table lies in a schema of its own
that only the rules requiring it see, so a rule cannot read a table by accident.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from cheonggu.codes import CodeLists
from cheonggu.errors import DataFileError, InputError
from cheonggu.precheck.formats import Version, format_macros, versions
from cheonggu.precheck.model import VALUE, Catalogue, Part, Rule, odd_rule
from cheonggu.precheck.tables import OPTIONAL, ROLES, complete

WORD = re.compile(r"[a-z_][a-z0-9_]*")
MADE = re.compile(r"CREATE (?:TABLE|MACRO) (\w+)")
FLAT_CODES = pa.schema(
    [
        ("list", pa.string()),
        ("code", pa.string()),
        ("kind", pa.string()),
        ("valid_from", pa.date32()),
        ("valid_to", pa.date32()),
    ]
)
# The engine makes it from the catalogue's own lists, so that rules and lists are always of one version.
MADE_HERE = {"code"}
PLACES = ("statement_no", "line_no", "field", "detail", "file", "record")
# Tables the engine itself makes; a rule that asks ``finding`` runs after all the others.
FINDING = "finding"
HIT = "hit"
STATEMENT_DAY = "statement_day"
PREPARED_FILE = "prepared.sql"
FORMAT_OVERRIDES = "formats.csv"


def read_statements(folder: Path) -> tuple[str, ...]:
    """The statements of ``prepared.sql`` in order; DataFileError when it cannot be read or parsed."""
    path = folder / PREPARED_FILE
    try:
        return tuple(one.query for one in duckdb.extract_statements(path.read_text(encoding="utf-8")))
    except (OSError, duckdb.Error) as error:
        raise DataFileError(
            f"{path.name} cannot be read: {error}.", f"{path.name} 파일을 읽을 수 없습니다: {error}."
        ) from error


def open_session(catalogue: Catalogue, *, threads: int = 1, memory_limit: str = "1GB") -> Any:
    """A connection with code lists and macros; the tables are still to come."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "threads": threads,
            "memory_limit": memory_limit,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "enable_external_access": False,
            "preserve_insertion_order": False,
        },
    )
    _add_codes(connection, catalogue)
    _add_layouts(connection, catalogue)
    connection.execute(
        f"CREATE TABLE {HIT} (rule_no BIGINT, statement_no VARCHAR, line_no BIGINT, field VARCHAR,"
        " detail VARCHAR, file VARCHAR, record VARCHAR)"
    )
    return connection


def add_tables(connection: Any, catalogue: Catalogue, tables: Mapping[str, pa.Table]) -> None:
    """Load the given tables, completed to what is declared; only columns some condition names are copied."""
    unknown = sorted(set(tables) - set(catalogue.tables.tables) - MADE_HERE)
    if unknown:
        known = ", ".join(catalogue.tables.tables)
        raise InputError(
            f"The pre-check knows no table {unknown[0]!r}. Known: {known}.",
            f"사전점검에 {unknown[0]!r} 표는 없습니다. 사용할 수 있는 표: {known}.",
        )
    words = asked_words(catalogue)
    for declared in catalogue.tables.tables.values():
        is_absent = declared.name not in tables and declared.use == OPTIONAL
        if is_absent or declared.name not in words:
            continue
        wanted = [one for one in declared.columns if one.name in words or one.role] or [declared.columns[0]]
        given = tables.get(declared.name, declared.schema.empty_table())
        _copy(connection, table_place(catalogue, declared.name), complete(given, declared.name, wanted))


def prepare(connection: Any, catalogue: Catalogue) -> None:
    """Run ``prepared.sql`` over the loaded tables, as far as some condition asks for it."""
    _add_formats(connection, catalogue)
    for statement in asked_statements(catalogue):
        connection.execute(statement)


def add_finding_table(connection: Any) -> None:
    """The table the second pass may ask: what the first pass found."""
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS opt_{FINDING}")
    connection.execute(
        f"CREATE TABLE opt_{FINDING}.{FINDING} (rule_id VARCHAR, level VARCHAR, scope VARCHAR,"
        " statement_no VARCHAR, prevents_impossible BOOLEAN)"
    )


def table_place(catalogue: Catalogue, name: str) -> str:
    """Where a declared table lies: core tables in ``main``, an optional one in a schema of its own."""
    declared = catalogue.tables.tables.get(name)
    return f"opt_{name}.{name}" if declared and declared.use == OPTIONAL else name


def show_tables(connection: Any, requires: tuple[str, ...]) -> None:
    """Let the next statements see these optional tables and no others."""
    path = ",".join(["main", *(f"opt_{name}" for name in requires)])
    connection.execute(f"SET search_path = '{path}'")


def place_columns(connection: Any, catalogue: Catalogue, part: Part) -> str:
    """The six columns of ``hit`` behind the rule number, for a predicate over one table."""
    roles = _roles(connection, catalogue, part.table)
    own = {"field": f"'{part.field}'" if part.field else "NULL", "detail": _text(part.detail or "NULL")}
    return ", ".join(f"{own.get(one) or roles.get(one, 'NULL')} AS {one}" for one in PLACES)


def _roles(connection: Any, catalogue: Catalogue, table: str) -> dict[str, str]:
    """Which column fills which place: as declared, or by name for a table of ``prepared.sql``."""
    declared = catalogue.tables.tables.get(table)
    if declared:
        return declared.roles
    names = [row[0] for row in connection.execute(f"DESCRIBE {table}").fetchall()]
    return {one: one for one in ROLES if one in names}


def query_columns(part: Part) -> str:
    """The same for a query, which gives some of the columns."""
    return ", ".join((_text(one) if one in part.columns else "NULL") + f" AS {one}" for one in PLACES)


def _text(expression: str) -> str:
    return f"CAST(({expression}) AS VARCHAR)"


def fill_values(text: str, values: Mapping[str, Any]) -> str:
    """Write the dated values of this check into a condition in place of ``$name``."""
    return VALUE.sub(lambda found: _literal(values[found[1]]), text)


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, list):
        return "[" + ", ".join(_literal(one) for one in value) + "]"
    if isinstance(value, dict):
        return "MAP {" + ", ".join(f"{_literal(key)}: {_literal(one)}" for key, one in value.items()) + "}"
    return str(value)


def plan(catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """Run every condition over empty tables; returns the columns of each query.

    DataFileError names the first condition that does not fit the tables.
    """
    connection = open_session(catalogue)
    for declared in catalogue.tables.optional:
        connection.execute(f"CREATE SCHEMA opt_{declared.name}")
    add_tables(
        connection,
        catalogue,
        {name: one.schema.empty_table() for name, one in catalogue.tables.tables.items()},
    )
    add_finding_table(connection)
    try:
        prepare(connection, catalogue)
    except duckdb.Error as error:
        raise odd_rule(
            PREPARED_FILE, "(prepared)", f"does not fit the tables: {_first_line(error)}"
        ) from error
    newest = {name: series.values[-1].value for name, series in catalogue.values.items()}
    columns = {
        part.query: _plan_part(connection, catalogue, rule, part, newest)
        for rule in catalogue.rules
        for part in rule.parts
    }
    connection.close()
    return columns


def _plan_part(
    connection: Any, catalogue: Catalogue, rule: Rule, part: Part, values: Mapping[str, Any]
) -> tuple[str, ...]:
    optional = {one.name for one in catalogue.tables.optional} | {FINDING}
    for name in part.requires:
        if name not in optional:
            raise odd_rule(rule.file, rule.id, f"requires {name!r}, which is no optional table")
    if part.table:
        _check_predicate(catalogue, rule, part)
    show_tables(connection, part.requires)
    try:
        if part.query:
            cursor = connection.execute(fill_values(part.query, values))
            return _check_columns(rule, tuple(one[0] for one in cursor.description))
        columns = fill_values(place_columns(connection, catalogue, part), values)
        connection.execute(f"SELECT {columns} FROM {part.table} WHERE {fill_values(part.where, values)}")
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


def asked_words(catalogue: Catalogue) -> set[str]:
    """Every identifier that stands in a condition or in what the conditions need of ``prepared.sql``."""
    return {
        word
        for text in (*_conditions(catalogue), *asked_statements(catalogue))
        for word in WORD.findall(text)
    }


def asked_statements(catalogue: Catalogue) -> list[str]:
    """The statements of ``prepared.sql`` that make something a condition, or a statement behind them, names."""
    words = {word for text in _conditions(catalogue) for word in WORD.findall(text)}
    asked: list[str] = []
    for statement in reversed(catalogue.prepared):
        made = MADE.search(statement)
        if made is None or made[1] in words:
            asked.insert(0, statement)
            words |= set(WORD.findall(statement))
    return asked


def _conditions(catalogue: Catalogue) -> list[str]:
    texts = [
        f"{part.table} {part.where} {part.query} {part.detail}"
        for rule in catalogue.rules
        for part in rule.parts
    ]
    has_days = any(rule.first or rule.last for rule in catalogue.rules)
    return [*texts, STATEMENT_DAY] if has_days else texts


def _add_codes(connection: Any, catalogue: Catalogue) -> None:
    """``code`` and ``list_<name>``, as far as some condition names them."""
    words = asked_words(catalogue)
    for name, table in _code_tables(catalogue.codes).items():
        if name in words:
            _copy(connection, name, table)


def _add_formats(connection: Any, catalogue: Catalogue) -> None:
    """The format macros of lists with formats, for the codes that occur: a branch for every code is dear to plan."""
    words = asked_words(catalogue)
    for name, listed in _formats(catalogue.codes).items():
        if words.isdisjoint(macro for macro, _ in format_macros(name, [])):
            continue
        known = listed
        place = catalogue.tables.format_column(name)
        if place is not None and place[0] in words:
            found = connection.execute(f"SELECT DISTINCT {place[1]} FROM {place[0]}").fetchall()
            occurring = {code for (code,) in found}
            known = [one for one in listed if one.code in occurring]
        for _, sql in format_macros(name, known):
            connection.execute(sql)


@lru_cache(maxsize=4)
def _code_tables(codes: CodeLists) -> dict[str, pa.Table]:
    """Every list as it is, and all of them flattened: one row per code and claim kind ('' for every kind)."""
    flat: dict[str, list[Any]] = {name: [] for name in FLAT_CODES.names}
    tables: dict[str, pa.Table] = {}
    for name in codes.names:
        rows = codes.rows(name)
        tables[f"list_{name}"] = pa.Table.from_pylist([one.row for one in rows])
        for one in rows:
            for kind in sorted(one.kinds) or ("",):
                values = (name, one.key, kind, one.valid_from, one.valid_to)
                for column, value in zip(flat.values(), values, strict=True):
                    column.append(value)
    tables["code"] = pa.table(flat, schema=FLAT_CODES)
    return tables


@lru_cache(maxsize=4)
def _formats(codes: CodeLists) -> dict[str, list[Version]]:
    """The format versions of every list that has them."""
    known: dict[str, list[Version]] = {}
    for name in codes.names:
        rows = [one.row for one in codes.rows(name)]
        if rows and {"code", "format", "repeat"} <= set(rows[0]):
            known[name] = versions(rows, _format_overrides(codes, name))
    return known


def _add_layouts(connection: Any, catalogue: Catalogue) -> None:
    """``layout_record``: lengths in bytes by kind and record; ``form_version``: version digits by kind and day."""
    records = [{"kind": one.kind, "record": one.record, "bytes": one.length} for one in catalogue.layouts]
    _copy(connection, "layout_record", pa.Table.from_pylist(records))
    forms = [
        {"kind": one.kind, "valid_from": one.first, "header": one.header, "statement": one.statement}
        for one in catalogue.layouts.forms
    ]
    _copy(connection, "form_version", pa.Table.from_pylist(forms))


def _format_overrides(codes: CodeLists, name: str) -> dict[str, str]:
    """Formats we write differently from the list, with their reason, from ``rules/formats.csv``."""
    path = codes.folder.parent / "rules" / FORMAT_OVERRIDES
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as stream:
        return {row["code"]: row["format"] for row in csv.DictReader(stream) if row["list"] == name}


def _copy(connection: Any, name: str, table: pa.Table) -> None:
    connection.register("arriving", table)
    connection.execute(f"CREATE TABLE {name} AS SELECT * FROM arriving")
    connection.unregister("arriving")
