"""One sample hospital for all tests of this folder, read through the product's own SQLite source."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from cheonggu.sources import open_source
from cheonggu.sources.sample import Sample, build_sample
from cheonggu.sources.sample.write import VIEWS


def tables_of(url: str) -> dict[str, pa.Table]:
    with open_source(url) as source:
        return {view: source.read(view) for view in VIEWS}


@dataclass
class Hospital:
    sample: Sample
    tables: dict[str, pa.Table]
    truth: list[dict[str, str]]

    def sound(self, view: str) -> pa.Table:
        """The view without the rows of planted statements and orphans."""
        return self.ask(f"SELECT * FROM {view} ANTI JOIN planted USING (statement_key)")

    def ask(self, sql: str) -> pa.Table:
        with duckdb.connect() as db:
            for name, table in self.tables.items():
                db.register(name, table)
            planted = [row["statement_key"] for row in self.truth]
            db.register("planted", pa.table({"statement_key": pa.array(planted, pa.string())}))
            db.execute("CREATE VIEW sound AS SELECT * FROM statement ANTI JOIN planted USING (statement_key)")
            return db.sql(sql).to_arrow_table()

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        found = self.ask(sql)
        return list(zip(*(column.to_pylist() for column in found.columns), strict=True))

    def value(self, sql: str) -> object:
        return self.rows(sql)[0][0]


def hospital_in(folder: Path, **options: object) -> Hospital:
    sample = build_sample(folder, **options)
    with sample.truth.open(encoding="utf-8") as stream:
        return Hospital(sample, tables_of(sample.url), list(csv.DictReader(stream)))


@pytest.fixture(scope="session")
def make_hospital() -> Callable[..., Hospital]:
    """Builds a sample with the options of ``build_sample`` and reads it back."""
    return hospital_in


@pytest.fixture(scope="session")
def read_all() -> Callable[[str], dict[str, pa.Table]]:
    """Reads every view of a source address."""
    return tables_of


@pytest.fixture(scope="session")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """The demo's sample: 2,400 statements, seed 1."""
    return hospital_in(tmp_path_factory.mktemp("hospital"))


@pytest.fixture(scope="session", params=[2, 7], ids=["seed 2", "seed 7"])
def larger(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """More statements and other seeds, so that an invariant does not hold by luck."""
    return hospital_in(tmp_path_factory.mktemp("larger"), statements=6_000, seed=request.param)
