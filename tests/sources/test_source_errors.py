"""A broken source is refused with an error that names view, column and statement, and never a value."""

from __future__ import annotations

import socket
import sqlite3
from contextlib import closing
from datetime import date, datetime, time
from decimal import Decimal

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from cheonggu.errors import ContractError, SiteError, UsageError
from cheonggu.sources import open_source
from cheonggu.sources.conform import WRONG_INT, WRONG_TEXT
from cheonggu.sources.contract import CONTRACT, DATE, INT, TEXT
from cheonggu.sources.sample import build_sample
from cheonggu.sources.sql_other import _table

SECRET = "9901011234567"  # stands for any value that must not be quoted


def change(folder, *statements):
    with closing(sqlite3.connect(folder / "hospital.db")) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()
    return open_source(folder / "hospital.db")


@pytest.fixture
def folder(tmp_path):
    build_sample(tmp_path, statements=100)
    return tmp_path


def refused(source, pattern, *, read=None, error=ContractError):
    """Both check and a read of the view refuse; the message holds both languages and what to do."""
    with source:
        for call in (source.check, *([lambda: source.read(read)] if read else [])):
            with pytest.raises(error, match=pattern) as caught:
                call()
            korean, english = caught.value.lines()
            assert SECRET not in korean + english
            assert any("가" <= one <= "힣" for one in korean)
            assert caught.value.fix_en
            assert caught.value.fix_ko


# SQLite


def test_an_absent_file_cannot_be_reached_and_is_not_created(tmp_path):
    with pytest.raises(SiteError, match=r"gone\.db cannot be reached"):
        open_source(tmp_path / "gone.db")
    assert not list(tmp_path.iterdir())


def test_another_programs_file_is_no_database(tmp_path):
    (tmp_path / "note.db").write_text("not a database " * 100)
    with pytest.raises(SiteError, match=r"note\.db cannot be reached"):
        open_source(tmp_path / "note.db")


def test_a_missing_view_is_named(folder):
    source = change(folder, "DROP VIEW cheonggu_doctor_day")
    refused(source, "View cheonggu_doctor_day is missing", read="doctor_day")


def test_missing_columns_are_named(folder):
    source = change(
        folder,
        "DROP VIEW cheonggu_closed_day",
        "CREATE VIEW cheonggu_closed_day AS SELECT provider_code AS code FROM hospital_closed_day",
    )
    refused(source, "cheonggu_closed_day, column provider_code, care_on is missing", read="closed_day")


def test_a_view_over_a_table_that_is_gone_is_refused(folder):
    source = change(folder, "DROP TABLE hospital_detail")
    with source, pytest.raises(ContractError, match="cheonggu_detail cannot be computed by the database"):
        source.read("detail")


@pytest.mark.parametrize(
    ("view", "column", "value"),
    [
        ("statement", "claimed_amount", f"'{SECRET}x'"),
        ("statement", "claimed_amount", "12.5"),
        ("line", "unit_price", "x'00'"),
        ("diagnosis", "department", "x'41'"),
        ("statement", "care_from", f"'{SECRET}'"),
        ("statement", "care_to", "'2026-02-30'"),
        ("statement", "reviewed_on", "'2026-5-1'"),
        ("diagnosis", "care_start_date", "'2026-05-01 00:00:00'"),
    ],
)
def test_a_value_of_another_type_is_refused_at_its_statement(folder, view, column, value):
    source = change(
        folder,
        f"UPDATE hospital_{view} SET {column} = {value} WHERE statement_key IN ('S2600000007', 'S2600000009')",
    )
    refused(source, rf"cheonggu_{view}\.{column}: .*first at statement_key S2600000007", read=view)


def test_a_number_where_text_is_promised_is_refused(folder):
    source = change(
        folder,
        "ALTER TABLE hospital_doctor RENAME TO old",
        "CREATE TABLE hospital_doctor AS SELECT provider_code, license_type, CAST(license_no AS INTEGER) "
        "AS license_no, birth_date, employment, hired_on, left_on FROM old",
        "DROP VIEW cheonggu_doctor",
        "CREATE VIEW cheonggu_doctor AS SELECT * FROM hospital_doctor",
    )
    refused(source, r"cheonggu_doctor\.license_no: .*first at provider_code 11100011", read="doctor")


def test_text_in_another_encoding_is_refused(folder):
    source = change(
        folder,
        "UPDATE hospital_statement SET patient_name = CAST(x'B1E8' AS TEXT) WHERE statement_key = 'S2600000007'",
    )
    refused(source, r"cheonggu_statement\.patient_name: holds bytes that are not UTF-8", read="statement")


def test_a_wrong_value_far_down_is_found_by_the_read(tmp_path):
    build_sample(tmp_path, statements=2_000)
    source = change(
        tmp_path, "UPDATE hospital_statement SET benefit_days = 'x' WHERE statement_key = 'S2600001900'"
    )
    with source:
        source.check()  # looks at the first thousand rows only
        with pytest.raises(ContractError, match="first at statement_key S2600001900"):
            source.read("statement")


def test_missing_values_stay_missing_and_padding_goes(folder):
    source = change(
        folder,
        "UPDATE hospital_statement SET benefit_days = NULL, reviewed_on = '', department = NULL, "
        "treatment_result = '9   ' WHERE statement_key = 'S2600000007'",
    )
    with source:
        table = source.read("statement")
    row = table.filter(pc.equal(table["statement_key"], "S2600000007")).to_pylist()[0]
    assert (row["benefit_days"], row["reviewed_on"]) == (None, None)
    assert (row["department"], row["treatment_result"]) == ("", "9")


@pytest.mark.parametrize("code", ["'11100011 '", "NULL"])
def test_a_padded_or_empty_provider_code_is_refused_before_rows_are_lost(folder, code):
    source = change(
        folder, f"UPDATE hospital_statement SET provider_code = {code} WHERE statement_key = 'S2600000007'"
    )
    with (
        source,
        pytest.raises(ContractError, match=r"cheonggu_statement\.provider_code holds an empty value"),
    ):
        source.groups("202605", "202607")


def test_rows_in_any_order_come_back_sorted(folder):
    with open_source(folder / "hospital.db") as source:
        before = source.read("line")
    source = change(
        folder,
        "CREATE TABLE shuffled AS SELECT * FROM hospital_line ORDER BY line_seq DESC, statement_key DESC",
        "DELETE FROM hospital_line",
        "INSERT INTO hospital_line SELECT * FROM shuffled",
    )
    with source:
        assert source.read("line").equals(before)


def test_the_source_is_opened_for_reading_only(folder):
    with open_source(folder / "hospital.db") as source, pytest.raises(Exception, match="readonly"):
        source._dialect.fetch(source._connection, "DELETE FROM hospital_line RETURNING 1", [])


# Addresses


@pytest.mark.parametrize("url", ["ftp://host/x", "mongodb://u:geheim@host/db"])
def test_an_address_without_adapter_is_refused_without_quoting_it(url):
    with pytest.raises(UsageError, match="no source adapter") as caught:
        open_source(url)
    assert "geheim" not in "".join(caught.value.lines())


# A database behind SQLAlchemy


def test_a_driver_that_is_not_installed_is_named():
    with pytest.raises(UsageError, match=r"no driver for oracle\+oracledb://"):
        open_source("oracle+oracledb://u:geheim@host/x")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("claimed_amount", f"'{SECRET}x'"),
        ("claimed_amount", "12.5"),
        ("care_from", f"'{SECRET}'"),
        ("department", "x'41'"),
    ],
)
def test_a_wrong_value_is_refused_behind_sqlalchemy_too(folder, column, value):
    change(
        folder, f"UPDATE hospital_statement SET {column} = {value} WHERE statement_key = 'S2600000007'"
    ).close()
    source = open_source(f"sqlite+pysqlite:///{folder}/hospital.db")
    refused(source, rf"{column}: .*first at statement_key S2600000007", read="statement")


def test_a_missing_view_is_named_behind_sqlalchemy_too(folder):
    change(folder, "DROP VIEW cheonggu_doctor_day").close()
    source = open_source(f"sqlite+pysqlite:///{folder}/hospital.db")
    refused(source, "View cheonggu_doctor_day is missing", read="doctor_day")


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("care_from", datetime.combine(date(2026, 5, 1), time()), "2026-05-01"),
        ("care_from", datetime.combine(date(2026, 5, 1), time(0, 1)), WRONG_TEXT),
        ("care_from", date(2026, 5, 1), "2026-05-01"),
        ("care_from", 20260501, WRONG_TEXT),
        ("claimed_amount", Decimal("1200.00"), 1200),
        ("claimed_amount", Decimal("12.5"), WRONG_INT),
        ("claimed_amount", Decimal("NaN"), WRONG_INT),
        ("claimed_amount", 10**30, WRONG_INT),
        ("claimed_amount", None, None),
        ("department", 1, WRONG_TEXT),
    ],
)
def test_python_values_become_contract_values_or_marks(name, value, kept):
    types = {one.name: one.type for one in CONTRACT.all_columns}
    assert _table([name.upper()], [(value,)], types).to_pylist() == [{name: kept}]


# PostgreSQL


def columns_sql(view, **instead):
    """A view's select list of made-up constants, with some columns replaced or (None) left out."""
    made = {INT: "1::bigint", DATE: "DATE '2026-05-01'", TEXT: "'a'::text"}
    values = {one.name: instead.get(one.name, made[one.type]) for one in CONTRACT.columns(view)}
    return ", ".join(f"{value} AS {name}" for name, value in values.items() if value)


@pytest.fixture
def postgres(postgres_url):
    """A database whose views hold one made-up row each."""
    with psycopg.connect(postgres_url, autocommit=True) as db:
        for view in CONTRACT.views:
            db.execute(f"CREATE VIEW cheonggu_{view} AS SELECT {columns_sql(view)}")

        def replace(view, **instead):
            db.execute(f"DROP VIEW cheonggu_{view}")
            db.execute(f"CREATE VIEW cheonggu_{view} AS SELECT {columns_sql(view, **instead)}")
            return open_source(postgres_url)

        replace.db, replace.url = db, postgres_url
        yield replace


def test_a_database_that_does_not_answer_cannot_be_reached():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(SiteError, match="cannot be reached") as caught:
        open_source(f"postgresql://u:geheim@127.0.0.1:{port}/x")
    assert "geheim" not in "".join(caught.value.lines())


def test_an_unknown_database_cannot_be_reached(postgres_cluster, postgres_url):
    with pytest.raises(SiteError, match="cannot be reached"):
        open_source(f"{postgres_cluster}/no_such_database")


def test_postgresql_names_a_missing_view_and_column(postgres):
    refused(postgres("line", hang=None), "cheonggu_line, column hang is missing", read="line")
    postgres.db.execute("DROP VIEW cheonggu_line")
    refused(open_source(postgres.url), "View cheonggu_line is missing", read="line")


@pytest.mark.parametrize(
    ("column", "value", "type_name"),
    [
        ("care_from", "TIMESTAMP '2026-05-01'", "timestamp without time zone"),
        ("care_from", "'2026-05-01'::text", "text"),
        ("claimed_amount", "1::double precision", "double precision"),
        ("patient_key", "1::integer", "integer"),
    ],
)
def test_postgresql_names_a_column_of_the_wrong_type(postgres, column, value, type_name):
    refused(postgres("statement", **{column: value}), rf"{column}: is of type {type_name}", read="statement")


@pytest.mark.parametrize("value", ["12.5::numeric", "'NaN'::numeric", "1e30::numeric"])
def test_a_fraction_or_a_giant_is_not_rounded_away(postgres, value):
    refused(
        postgres("statement", claimed_amount=value),
        "claimed_amount: .*first at statement_key a",
        read="statement",
    )


def test_a_numeric_without_fraction_and_a_padded_char_are_welcome(postgres):
    with postgres("statement", claimed_amount="1200.00::numeric(12,2)", department="'01'::char(4)") as source:
        row = source.read("statement").to_pylist()[0]
    assert (row["claimed_amount"], row["department"]) == (1200, "01")


def test_a_view_that_fails_while_computing_is_refused_with_its_state_only(postgres):
    source = postgres("statement", patient_rrn=f"('{SECRET}'::bigint / (random() * 0)::int)::text")
    refused(source, r"cheonggu_statement cannot be computed by the database \(22012\)", read="statement")


def test_a_role_without_rights_is_told_so(postgres):
    role = f"poor_{postgres.url.rpartition('/')[2]}"
    postgres.db.execute(f"CREATE ROLE {role} LOGIN")
    refused(open_source(postgres.url.replace("//cheonggu@", f"//{role}@")), "may not read it")


# Parquet


@pytest.fixture
def parquet(tmp_path):
    build_sample(tmp_path, statements=100, format="parquet")

    def replace(view, change_table):
        path = tmp_path / f"{view}.parquet"
        pq.write_table(change_table(pq.read_table(path)), path)
        return open_source(tmp_path)

    replace.folder = tmp_path
    return replace


def with_column(name, array):
    return lambda table: table.set_column(table.schema.get_field_index(name), name, array(table[name]))


def test_an_absent_folder_cannot_be_reached(tmp_path):
    with pytest.raises(SiteError, match="gone cannot be reached"):
        open_source(f"parquet:///{tmp_path / 'gone'}")


def test_an_absent_file_is_a_missing_view(parquet):
    (parquet.folder / "detail.parquet").unlink()
    refused(open_source(parquet.folder), "View cheonggu_detail is missing", read="detail")


def test_a_damaged_file_is_named(parquet):
    (parquet.folder / "detail.parquet").write_bytes(b"PAR1 cut off")
    refused(open_source(parquet.folder), "cheonggu_detail: a file is damaged", read="detail")


def test_a_missing_parquet_column_is_named(parquet):
    source = parquet("detail", lambda table: table.drop_columns(["detail_text"]))
    refused(source, "cheonggu_detail, column detail_text is missing", read="detail")


@pytest.mark.parametrize(
    ("column", "type_", "name"),
    [
        ("care_from", pa.timestamp("ms"), r"timestamp\[ms\]"),
        ("claimed_amount", pa.float64(), "double"),
        ("care_month", pa.int64(), "int64"),
    ],
)
def test_parquet_names_a_column_of_the_wrong_type(parquet, column, type_, name):
    source = parquet("statement", with_column(column, lambda array: array.cast(type_)))
    refused(source, f"{column}: is of type {name}", read="statement")


def test_a_decimal_fraction_in_parquet_is_not_cut_off(parquet):
    half = pa.scalar("0.50").cast(pa.decimal128(24, 2))
    source = parquet(
        "statement",
        with_column("claimed_amount", lambda array: pc.add(array.cast(pa.decimal128(24, 2)), half)),
    )
    with source, pytest.raises(ContractError, match=r"claimed_amount: .*first at statement_key S2600000001"):
        source.read("statement")


def test_dictionaries_small_ints_and_whole_decimals_are_welcome(parquet):
    with open_source(parquet.folder) as source:
        before = source.read("statement")
    parquet("statement", with_column("form_no", lambda array: array.dictionary_encode()))
    parquet("statement", with_column("visit_days", lambda array: array.cast(pa.int16())))
    source = parquet(
        "statement", with_column("claimed_amount", lambda array: array.cast(pa.decimal128(24, 2)))
    )
    with source:
        source.check()
        assert source.read("statement").equals(before)
