"""Every source keeps the same promises: SQLite, PostgreSQL and Parquet give equal tables for one hospital."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from cheonggu.sources import Source, open_source
from cheonggu.sources.contract import CONTRACT
from cheonggu.sources.sample import Sample, build_sample
from tests.contracts import source_databases


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> Sample:
    return build_sample(tmp_path_factory.mktemp("sample"), statements=300, seed=5)


@pytest.fixture(scope="module")
def tables(sample) -> dict[str, pa.Table]:
    """What the hospital holds, by a way that shares nothing with the adapters: Python's own sqlite3."""
    found = {}
    with sqlite3.connect(sample.folder / "hospital.db") as db:
        for view in source_databases.IN_EXAMPLE:
            key = ", ".join(CONTRACT.key(view))
            rows = db.execute(f"SELECT * FROM cheonggu_{view} ORDER BY {key}").fetchall()
            columns = dict(zip(CONTRACT.arrow_schema(view).names, zip(*rows, strict=True), strict=True))
            arrays = [pa.array(columns[one.name]) for one in CONTRACT.columns(view)]
            found[view] = pa.table(
                [
                    array.cast(one.arrow_type)
                    for array, one in zip(arrays, CONTRACT.columns(view), strict=True)
                ],
                schema=CONTRACT.arrow_schema(view),
            )
    return found


class SourceContract:
    """The promises of ``cheonggu.sources.base.Source``, one test each."""

    def test_a_sound_source_passes_its_check(self, source: Source) -> None:
        source.check()

    def test_every_view_is_read_with_the_contracts_schema_and_values(self, source, tables) -> None:
        for view in source_databases.IN_EXAMPLE:
            found = source.read(view)
            assert found.schema.equals(CONTRACT.arrow_schema(view)), view
            assert found.equals(tables[view]), view

    def test_optional_views_are_there_or_not(self, source) -> None:
        assert source.has("eligibility")
        assert not source.has("dx_need")

    def test_a_read_can_be_narrowed_to_provider_and_month(self, source, tables) -> None:
        for view in ("statement", "line", "detail"):
            found = source.read(view, provider_code="11200022", care_month="202606")
            whole = tables[view]
            mine = pc.and_(
                pc.equal(whole["provider_code"], "11200022"), pc.equal(whole["care_month"], "202606")
            )
            assert found.num_rows > 0
            assert found.equals(whole.filter(mine)), view

    def test_a_month_is_no_filter_for_a_view_without_months(self, source, tables) -> None:
        found = source.read("doctor", provider_code="11100011", care_month="202606")
        assert found.num_rows == pc.sum(pc.equal(tables["doctor"]["provider_code"], "11100011")).as_py() > 0

    def test_columns_can_be_chosen_and_keep_the_contracts_order(self, source, tables) -> None:
        found = source.read("line", columns=["line_amount", "hang"])
        assert found.column_names == ["hang", "line_amount"]
        assert found.equals(tables["line"].select(["hang", "line_amount"]))

    def test_groups_count_the_statements_of_the_months_asked_for(self, source, tables) -> None:
        found = source.groups("202605", "202606")
        assert found.schema.names == ["provider_code", "care_month", "statements"]
        assert found["provider_code"].to_pylist() == [
            code for code in ("11100011", "11200022", "11300033") for _ in range(2)
        ]
        assert found["care_month"].to_pylist() == ["202605", "202606"] * 3
        months = tables["statement"]["care_month"]
        assert pc.sum(found["statements"]).as_py() == pc.sum(pc.less_equal(months, "202606")).as_py()

    def test_nothing_found_is_an_empty_table(self, source) -> None:
        assert source.groups("199901", "199912").num_rows == 0
        for view in CONTRACT.views:
            found = source.read(view, provider_code="00000000")
            assert found.num_rows == 0
            assert found.schema.equals(CONTRACT.arrow_schema(view))

    def test_values_in_filters_are_values(self, source) -> None:
        assert source.read("statement", provider_code="' OR '1'='1").num_rows == 0

    def test_an_unknown_view_or_column_is_a_programming_error(self, source) -> None:
        with pytest.raises(KeyError, match="no view 'nowhere'"):
            source.read("nowhere")
        with pytest.raises(KeyError, match="no column 'nothing'"):
            source.read("line", columns=["nothing"])


class TestSqlite(SourceContract):
    @pytest.fixture
    def source(self, sample) -> Iterator[Source]:
        with open_source(sample.url) as source:
            yield source


class TestPostgresql(SourceContract):
    """Reads the views of the documentation's example, as the role of the example."""

    @pytest.fixture
    def source(self, postgres_url, tables) -> Iterator[Source]:
        reader = f"reader_{uuid.uuid4().hex[:12]}"
        with open_source(source_databases.fill_postgresql(postgres_url, tables, reader)) as source:
            yield source


class TestParquet(SourceContract):
    @pytest.fixture
    def source(self, tmp_path) -> Iterator[Source]:
        with open_source(build_sample(tmp_path, statements=300, seed=5, format="parquet").url) as source:
            yield source


class TestParquetParts(SourceContract):
    @pytest.fixture
    def source(self, tmp_path, tables) -> Iterator[Source]:
        source_databases.write_parts(tmp_path, tables)
        with open_source(tmp_path) as source:
            yield source


class TestOtherDatabase(SourceContract):
    """The way for databases without ADBC driver, tried on SQLite behind SQLAlchemy."""

    @pytest.fixture
    def source(self, sample) -> Iterator[Source]:
        with open_source(sample.url.replace("sqlite:", "sqlite+pysqlite:")) as source:
            yield source
