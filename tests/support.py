"""What several test folders build: a small hospital and one clean batch of it."""

from __future__ import annotations

import os
import secrets
import sqlite3
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.schemes import SCHEMES
from cheonggu.site import SITE_VARIABLE
from cheonggu.sources import open_source
from cheonggu.sources.sample import build_sample
from tasks.assemble import assemble
from tasks.extract import extract
from tasks.precheck import precheck
from tasks.validate import validate
from tests.contracts.source_databases import IN_EXAMPLE, fill_postgresql

AS_OF = date(2026, 7, 6)
HIRA = SCHEMES["hira"]
CLINIC, GENERAL, KOREAN = "11100011", "11200022", "11300033"

SITE = """
[source]
url = "{source}"
[ledger]
url = "{ledger}"
[data]
folder = "data"
[key]
file = "ledger.key"
[run]
first_care_month = "202601"
[gateway.hira_client]
folder = "client"
wait_seconds = {wait}
"""


def build_hospital(folder: Path, statements: int = 400) -> Path:
    """The made-up hospital in SQLite; returns its folder."""
    build_sample(folder, statements=statements, as_of=AS_OF)
    return folder


def write_site(
    folder: Path,
    *,
    source: str = "sqlite:///hospital/hospital.db",
    ledger: str = "sqlite:///ledger.db",
    wait: float = 20,
) -> Path:
    """A site file with its key in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    site = folder / "site.toml"
    site.write_text(SITE.format(source=source, ledger=ledger, wait=wait), encoding="utf-8")
    key = folder / "ledger.key"
    if not key.exists():
        key.touch(mode=0o600)
        key.write_text(secrets.token_hex(32), encoding="ascii")
    return site


def month_tables(
    hospital: Path, provider_code: str, care_month: str, form_no: str, payer_class: str
) -> dict[str, pa.Table]:
    """All tables of the statements of one form and payer, with the rosters, as validation gets them."""
    source = open_source(f"sqlite:///{hospital / 'hospital.db'}")
    try:
        statements = source.read("statement", provider_code=provider_code, care_month=care_month)
        chosen = statements.filter(
            pc.and_(
                pc.equal(statements["form_no"], form_no), pc.equal(statements["payer_class"], payer_class)
            )
        )
        tables = {"statement": chosen}
        for view in HIRA.views.statement[1:]:
            rows = source.read(view, provider_code=provider_code, care_month=care_month)
            keys = chosen["statement_key"].combine_chunks()
            tables[view] = rows.filter(pc.is_in(rows["statement_key"], value_set=keys))
        for view in ("provider", *HIRA.views.roster):
            tables[view] = source.read(view, provider_code=provider_code)
    finally:
        source.close()
    return tables


def without(tables: dict[str, pa.Table], keys: set[str]) -> dict[str, pa.Table]:
    """The tables without some statements."""
    gone = pa.array(sorted(keys), pa.string())
    return {
        name: table.filter(pc.invert(pc.is_in(table["statement_key"], value_set=gone)))
        if "statement_key" in table.column_names
        else table
        for name, table in tables.items()
    }


def load_postgresql(hospital: Path, url: str) -> str:
    """The same hospital in PostgreSQL, behind the documentation's example views; returns the reader's address."""
    source = open_source(f"sqlite:///{hospital / 'hospital.db'}")
    try:
        tables = {view: source.read(view) for view in IN_EXAMPLE}
    finally:
        source.close()
    return fill_postgresql(url, tables, f"reader_{secrets.token_hex(4)}")


def keep_only(hospital: Path, where: str) -> None:
    """Take every statement out of the SQLite hospital that does not match, with its rows."""
    with sqlite3.connect(hospital / "hospital.db") as connection:
        connection.execute(f"DELETE FROM hospital_statement WHERE NOT ({where})")
        for view in HIRA.views.statement[1:]:
            connection.execute(
                f"DELETE FROM hospital_{view} WHERE statement_key NOT IN "
                "(SELECT statement_key FROM hospital_statement)"
            )


def run_until_checked(site: Path, as_of: date = AS_OF) -> None:
    """Extract, validate, assemble and pre-check, as the night does, without handing anything off."""
    os.environ[SITE_VARIABLE] = str(site)
    extract.fn(HIRA.name, as_of)
    validate.fn(HIRA.name, as_of)
    while True:
        assemble.fn(HIRA.name)
        if not precheck.fn(HIRA.name, as_of).successors:
            return


def read_ledger(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """A question to the SQLite ledger of a site folder."""
    with sqlite3.connect(folder / "ledger.db") as connection:
        return connection.execute(query).fetchall()


class Client:
    """HIRA's client as far as the hand-off sees it: takes a complete set away and answers."""

    def __init__(self, folder: Path, status: int = 0) -> None:
        self.inside, self.status, self.taken = folder / "in", status, []  # type: ignore[var-annotated]

    def act(self, _: float = 0) -> None:
        if not (self.inside / "MEDLOG.ENC").exists():
            return
        names = sorted(path.name for path in self.inside.iterdir())
        for name in names:
            (self.inside / name).unlink()
        self.taken.append(names)
        answer = f"DMD{len(self.taken):08d}\r\n{self.status}\r\n"
        (self.inside / "ExamResult.txt").write_bytes(answer.encode("cp949"))
