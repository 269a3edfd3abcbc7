"""A DuckDB database for checks: in memory, without extensions, files or network.

It holds the declared tables, the code lists (``code`` flattened, ``list_<name>`` as they are), the macros and tables
of ``prepared.sql``, and ``hit``, where conditions put what they find. An optional table lies in a schema of its own
that only the rules requiring it see, so a rule cannot read a table by accident.

A ``Session`` serves one claim after another. Planning a condition costs more than running it over a small claim, so a
session for small claims keeps every plan: the tables stay, their rows change. DuckDB reuses a plan only when its
optimizer is off, which is right for small tables and wrong for big ones; a big claim gets a session of its own.
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
from cheonggu.precheck.model import VALUE, Catalogue, Part
from cheonggu.precheck.tables import OPTIONAL, ROLES, Column, complete

WORD = re.compile(r"[a-z_][a-z0-9_]*")
MADE = re.compile(r"CREATE (?:TABLE|MACRO) (\w+)")
MADE_TABLE = re.compile(r"CREATE TABLE (\w+) AS\b(.*)", re.DOTALL)
SQL_TYPES = {"text": "VARCHAR", "int": "BIGINT", "date": "DATE", "bool": "BOOLEAN"}
FLAT_CODES = pa.schema(
    [
        ("list", pa.string()),
        ("code", pa.string()),
        ("kind", pa.string()),
        ("valid_from", pa.date32()),
        ("valid_to", pa.date32()),
    ]
)
LAYOUT_RECORDS = pa.schema([("kind", pa.string()), ("record", pa.string()), ("bytes", pa.int64())])
FORM_VERSIONS = pa.schema(
    [
        ("kind", pa.string()),
        ("valid_from", pa.date32()),
        ("header", pa.string()),
        ("statement", pa.string()),
    ]
)
# The engine makes it from the catalogue's own lists, so that rules and lists are always of one version.
MADE_HERE = {"code"}
PLACES = ("statement_no", "line_no", "field", "detail", "file", "record")
# Tables the engine itself makes; a rule that asks ``finding`` runs after all the others.
FINDING = "finding"
HIT = "hit"
NEVER = "1TB"  # of changes, until tables are rewritten
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


class Session:
    """The database of one catalogue, filled claim by claim; belongs to one thread.

    ``keeps_plans``: for small claims; every statement is planned once however many claims follow.
    """

    def __init__(
        self, catalogue: Catalogue, *, threads: int = 1, memory_limit: str = "1GB", keeps_plans: bool = False
    ) -> None:
        self.catalogue, self.keeps_plans = catalogue, keeps_plans
        self.db = open_session(catalogue, threads=threads, memory_limit=memory_limit)
        if not keeps_plans:  # it holds one claim and is closed: rewriting its tables midway would only cost
            self.db.execute(f"SET checkpoint_threshold = '{NEVER}'")
        for declared in catalogue.tables.optional:
            self.db.execute(f"CREATE SCHEMA IF NOT EXISTS opt_{declared.name}")
        add_finding_table(self.db)
        self._plans: dict[tuple[str, tuple[str, ...]], str] = {}
        self._visible: tuple[str, ...] | None = None
        self._full: set[str] = set()
        self._refills: list[tuple[str, str]] = []
        if keeps_plans:
            found = map(MADE_TABLE.search, asked_statements(catalogue))
            self._refills = [(made[1], made[2].rstrip().rstrip(";")) for made in found if made]
            self.db.execute("PRAGMA disable_optimizer")
            self._columns = make_tables(self.db, catalogue)
            prepare(self.db, catalogue, every_format=True)

    def fill(self, tables: Mapping[str, pa.Table]) -> None:
        """Put the rows of one claim in place of the last one's; InputError for what is not declared."""
        _refuse_unknown(self.catalogue, tables)
        if not self.keeps_plans:
            self._columns = make_tables(self.db, self.catalogue)
        for name, wanted in self._columns.items():
            place = table_place(self.catalogue, name)
            if place in self._full:
                self.db.execute(f"TRUNCATE {place}")
                self._full.discard(place)
            given = tables.get(name)
            if given is not None and given.num_rows:
                self._full.add(place)
                self.db.register("arriving", complete(given, name, wanted))
                self.db.execute(f"INSERT INTO {place} SELECT * FROM arriving")
                self.db.unregister("arriving")

    def prepare(self) -> None:
        """Work out the tables of ``prepared.sql`` from the rows that were filled in."""
        if not self.keeps_plans:
            prepare(self.db, self.catalogue)
            return
        for place in (HIT, f"opt_{FINDING}.{FINDING}"):
            self.db.execute(f"TRUNCATE {place}")
        for name, query in self._refills:
            self.db.execute(f"TRUNCATE {name}")
            self.run(f"INSERT INTO {name} {query}")

    def run(self, statement: str, requires: tuple[str, ...] = ()) -> Any:
        """Run a statement that sees these optional tables and no others; its cursor."""
        if not self.keeps_plans:
            self._show(requires)
            return self.db.execute(statement)
        name = self._plans.get((statement, requires))
        if name is None:
            name = f"plan_{len(self._plans)}"
            self._show(requires)
            self.db.execute(f"PREPARE {name} AS {statement}")
            self._plans[statement, requires] = name
        return self.db.execute(f"EXECUTE {name}")

    def close(self) -> None:
        self.db.close()

    def _show(self, requires: tuple[str, ...]) -> None:
        if requires != self._visible:
            path = ",".join(["main", *(f"opt_{name}" for name in requires)])
            self.db.execute(f"SET search_path = '{path}'")
            self._visible = requires


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
    connection.execute("SET enable_progress_bar = false")  # it would stand in what a command prints, JSON too
    _add_codes(connection, catalogue)
    _add_layouts(connection, catalogue)
    connection.execute(
        f"CREATE TABLE {HIT} (rule_no BIGINT, statement_no VARCHAR, line_no BIGINT, field VARCHAR,"
        " detail VARCHAR, file VARCHAR, record VARCHAR)"
    )
    return connection


def _refuse_unknown(catalogue: Catalogue, tables: Mapping[str, pa.Table]) -> None:
    unknown = sorted(set(tables) - set(catalogue.tables.tables) - MADE_HERE)
    if unknown:
        known = ", ".join(catalogue.tables.tables)
        raise InputError(
            f"The pre-check knows no table {unknown[0]!r}. Known: {known}.",
            f"사전점검에 {unknown[0]!r} 표는 없습니다. 사용할 수 있는 표: {known}.",
        )


def make_tables(connection: Any, catalogue: Catalogue) -> dict[str, list[Column]]:
    """Create the declared tables some condition names, empty; returns their columns, the ones some condition names."""
    words = asked_words(catalogue)
    required = {name for rule in catalogue.rules for name in rule.requires}
    made: dict[str, list[Column]] = {}
    for declared in catalogue.tables.tables.values():
        asked = required if declared.use == OPTIONAL else words
        if declared.name not in asked or declared.name in MADE_HERE:
            continue
        made[declared.name] = [one for one in declared.columns if one.name in words or one.role] or [
            declared.columns[0]
        ]
        columns = ", ".join(f'"{one.name}" {SQL_TYPES[one.type]}' for one in made[declared.name])
        connection.execute(f"CREATE TABLE {table_place(catalogue, declared.name)} ({columns})")
    return made


def prepare(connection: Any, catalogue: Catalogue, *, every_format: bool = False) -> None:
    """Run ``prepared.sql`` over the tables, as far as some condition asks for it."""
    _add_formats(connection, catalogue, every_format)
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


def _add_formats(connection: Any, catalogue: Catalogue, every_format: bool) -> None:
    """The format macros of lists with formats; of the codes that occur, since a branch for every code is dear to plan.

    ``every_format``: of every code, for plans that are kept.
    """
    words = asked_words(catalogue)
    for name, listed in _formats(catalogue.codes).items():
        if words.isdisjoint(macro for macro, _ in format_macros(name, [])):
            continue
        known = listed
        place = catalogue.tables.format_column(name)
        if not every_format and place is not None and place[0] in words:
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
    _copy(connection, "layout_record", pa.Table.from_pylist(records, schema=LAYOUT_RECORDS))
    forms = [
        {"kind": one.kind, "valid_from": one.first, "header": one.header, "statement": one.statement}
        for one in catalogue.layouts.forms
    ]
    _copy(connection, "form_version", pa.Table.from_pylist(forms, schema=FORM_VERSIONS))


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
