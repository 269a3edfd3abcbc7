"""What the engine promises: one scan per table, nothing passed over silently, days, order, no values in errors."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from cheonggu import findings, precheck
from cheonggu.errors import InputError
from cheonggu.precheck import Checker, check, claim_row, engine
from cheonggu.precheck.cases import Base, Case, change_rows, run_case, to_tables
from cheonggu.precheck.catalogue import Catalogue, load_catalogue
from cheonggu.precheck.session import open_session
from cheonggu.query import Tables

RULE = """[[rule]]
id = "{id}"
level = "error"
scope = "statement"
message_ko = "시험"
message_en = "trial"
fix_ko = "시험"
fix_en = "trial"
basis = "시험"
source = "trial"
confidence = "ours"
preempts = []
{condition}
"""
TWO_DAYS = 'table = "stmt"\nwhere = "visit_days > 1"\nfield = "visit_days"\ndetail = "visit_days"\n'
ON = date(2026, 3, 3)


def rule(condition: str = TWO_DAYS, rule_id: str = "OWN-001") -> str:
    return RULE.format(id=rule_id, condition=condition)


def changed(catalogue: Catalogue, base: Base, *change: str) -> dict[str, pa.Table]:
    case = Case("DAY-010", "", base.name, change, (), "test")
    return to_tables(catalogue, change_rows(catalogue, base.rows, case))


def found(result: precheck.CheckResult) -> list[tuple[str, str | None, str | None]]:
    rows = result.findings.to_pylist()
    return [(row["rule_id"], row["statement_no"], row["detail"]) for row in rows]


def test_findings_have_the_shared_columns_in_order_of_rule_and_statement(
    catalogue: Catalogue, bases: dict[str, Base]
) -> None:
    tables = changed(
        catalogue,
        bases["clinic"],
        "stmt 00003 visit_days = 2",
        "stmt 00001 visit_days = 2, patient_name = ''",
    )
    result = check(catalogue, tables, on=ON)
    assert result.findings.schema == findings.FINDINGS
    assert [(rule_id, no) for rule_id, no, _ in found(result) if rule_id in ("DAY-010", "PAT-004")] == [
        ("DAY-010", "00001"),
        ("DAY-010", "00003"),
        ("PAT-004", "00001"),
    ]
    assert set(result.findings["stage"].to_pylist()) == {"precheck"}


def test_the_same_claim_gives_the_same_findings_with_one_thread_or_two(
    catalogue: Catalogue, bases: dict[str, Base]
) -> None:
    tables = changed(catalogue, bases["clinic"], "stmt * visit_days = 2", "dx * diagnosis_code = V010")
    one, two = (check(catalogue, tables, on=ON, threads=threads).findings for threads in (1, 2))
    assert one.equals(two)
    assert len(one) > 6


def test_a_kept_session_is_made_anew_before_it_grows(
    catalogue: Catalogue, bases: dict[str, Base], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "KEPT_CLAIMS", 2)
    tables = changed(catalogue, bases["clinic"], "stmt * visit_days = 2")
    with Checker(catalogue) as checker:
        sessions, results = [], []
        for _ in range(5):
            results.append(checker.check(tables, on=ON, only=frozenset({"DAY-010"})).findings)
            sessions.append(checker._kept)
    assert [one is sessions[0] for one in sessions] == [True, True, False, False, False]
    assert sessions[2] is sessions[3] is not sessions[4]
    assert all(one.equals(results[0]) for one in results)
    assert len(results[0]) == 3


def test_all_predicates_of_a_table_are_one_scan(catalogue: Catalogue, bases: dict[str, Base]) -> None:
    result = check(catalogue, to_tables(catalogue, bases["clinic"].rows), on=ON)
    scans = {label for label in result.seconds if label.startswith("scan ")}
    with_predicates = {part.table for one in catalogue.rules for part in one.parts if part.table}
    assert scans <= {f"scan {name}" for name in with_predicates}
    assert "scan stmt" in scans
    assert "DAY-010" not in result.seconds


def test_a_rule_whose_table_is_absent_is_reported_and_does_not_pass_silently(
    catalogue: Catalogue, bases: dict[str, Base]
) -> None:
    tables = to_tables(catalogue, bases["clinic"].rows)
    result = check(catalogue, tables, on=ON)
    assert ("LIC-004", "table doctor absent") in result.not_checked
    tables["doctor"] = catalogue.tables.tables["doctor"].schema.empty_table()
    result = check(catalogue, tables, on=ON)
    assert ("LIC-004", "table doctor absent") not in result.not_checked
    assert ("LIC-004", "00001") in [(rule_id, no) for rule_id, no, _ in found(result)]


def test_a_column_that_an_optional_table_lacks_is_reported(
    catalogue: Catalogue, bases: dict[str, Base]
) -> None:
    tables = to_tables(catalogue, bases["clinic"].rows)
    tables["doctor"] = pa.table({"license_type": ["1"], "license_no": ["12345"]})
    result = check(catalogue, tables, on=ON)
    reasons = [reason for rule_id, reason in result.not_checked if rule_id == "LIC-004"]
    assert reasons == ["table doctor has no column hired_on", "table doctor has no column left_on"]


def test_a_rule_with_one_answerable_part_runs_that_part(catalogue: Catalogue, bases: dict[str, Base]) -> None:
    tables = changed(catalogue, bases["clinic"], "header * software_approval_no = ''")
    result = check(catalogue, tables, on=ON)
    assert ("HDR-027", None, None) in found(result)
    assert ("HDR-027", "table institution absent") in result.not_checked


def test_a_fact_of_the_claim_that_is_not_known_is_reported(
    catalogue: Catalogue, bases: dict[str, Base]
) -> None:
    tables = changed(catalogue, bases["korean_clinic"], "claim * has_graded_fee = none")
    assert ("GRD-001", "claim.has_graded_fee is not known") in check(catalogue, tables, on=ON).not_checked


def test_a_rule_that_is_not_for_the_claim_is_neither_run_nor_reported(
    catalogue: Catalogue, bases: dict[str, Base]
) -> None:
    result = check(catalogue, to_tables(catalogue, bases["clinic"].rows), on=ON)
    named = {rule_id for rule_id, _ in result.not_checked} | set(result.findings["rule_id"].to_pylist())
    assert not [one for one in named if one.startswith("MA-0") and one not in ("MA-012", "MA-013")]


def test_a_dated_value_unknown_for_the_care_month_is_reported(
    catalogue: Catalogue, bases: dict[str, Base]
) -> None:
    tables = changed(catalogue, bases["clinic"], "header * treatment_month = 200301")
    reasons = [one for one in check(catalogue, tables, on=ON).not_checked if one[0] == "DAY-013"]
    assert reasons == [("DAY-013", "no value of claim_limit_years for 2003-01-01")]


def test_a_rule_holds_by_the_start_day_of_each_statement(
    bare_scheme: Callable[..., Path], bases: dict[str, Base]
) -> None:
    own = load_catalogue([bare_scheme(own=rule("from = 2026-02-10\nto = 2026-02-15\n" + TWO_DAYS))])
    tables = changed(own, bases["clinic"], "stmt * visit_days = 2")
    assert found(check(own, tables, on=ON)) == [("OWN-001", "00002", "2")]


def test_a_rule_of_the_claim_holds_by_the_treatment_month(
    bare_scheme: Callable[..., Path], bases: dict[str, Base]
) -> None:
    condition = 'query = "SELECT NULL AS statement_no FROM header"\n'
    for day, count in (("2026-02-01", 1), ("2026-02-02", 0)):
        own = load_catalogue([bare_scheme(own=rule(f"from = {day}\n" + condition))])
        assert len(check(own, to_tables(own, bases["clinic"].rows), on=ON).findings) == count


def test_the_second_pass_sees_the_findings_of_the_first(
    bare_scheme: Callable[..., Path], bases: dict[str, Base]
) -> None:
    late = rule(
        'requires = ["finding"]\nquery = "SELECT NULL AS statement_no, count(*)::VARCHAR AS detail FROM finding"\n',
        "OWN-000",
    )
    own = load_catalogue([bare_scheme(a=late, b=rule())])
    tables = changed(own, bases["clinic"], "stmt 00001 visit_days = 2", "stmt 00002 visit_days = 2")
    assert found(check(own, tables, on=ON))[0] == ("OWN-000", None, "2")


def test_a_condition_that_fails_is_reported_by_class_only_and_the_others_run(
    bare_scheme: Callable[..., Path], bases: dict[str, Base]
) -> None:
    fails = rule('table = "stmt"\nwhere = "CAST(patient_name AS BIGINT) > 0"\n', "OWN-002")
    own = load_catalogue([bare_scheme(own=rule() + fails)])
    result = check(own, changed(own, bases["clinic"], "stmt 00001 visit_days = 2"), on=ON)
    assert found(result) == [("OWN-001", "00001", "2")]
    assert result.not_checked == (("OWN-002", "could not be run (ConversionException)"),)


def test_missing_columns_and_tables_do_not_break_the_check(catalogue: Catalogue) -> None:
    claim = claim_row(kind="korean_medicine", insurance="HI", setting="out")
    result = check(catalogue, {"claim": claim, "stmt": pa.table({"statement_no": ["00001"]})}, on=ON)
    assert ("LINE-001", "00001") in [(rule_id, no) for rule_id, no, _ in found(result)]
    assert not [one for one in result.not_checked if "could not be run" in one[1]]


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({}, "exactly one row"),
        ({"claim": claim_row(kind="drg"), "patients": pa.table({"a": [1]})}, "knows no table 'patients'"),
        (
            {"claim": claim_row(kind="drg"), "stmt": pa.table({"visit_days": ["two"]})},
            "Table stmt, column visit_days: not int64",
        ),
    ],
)
def test_tables_that_are_not_as_declared_are_refused(
    tables: dict[str, pa.Table], words: str, catalogue: Catalogue
) -> None:
    with pytest.raises(InputError, match=words) as refused:
        check(catalogue, tables, on=ON)
    assert "two" not in str(refused.value)


def test_a_hospital_adds_rules_and_changes_the_version(
    bare_scheme: Callable[..., Path], tmp_path: Path, bases: dict[str, Base]
) -> None:
    scheme = bare_scheme(own=rule())
    hospital = tmp_path / "hospital"
    hospital.mkdir()
    before = load_catalogue([scheme])
    (hospital / "mine.toml").write_text(rule(rule_id="HSP-001"), encoding="utf-8")
    after = load_catalogue([scheme], [hospital])
    assert [one.id for one in after.rules] == ["OWN-001", "HSP-001"]
    assert before.version != after.version
    tables = changed(after, bases["clinic"], "stmt 00001 visit_days = 2")
    assert {rule_id for rule_id, _, _ in found(check(after, tables, on=ON))} == {"OWN-001", "HSP-001"}


def test_a_case_that_is_wrong_says_how(catalogue: Catalogue, bases: dict[str, Base]) -> None:
    checker = Checker(catalogue, threads=1)
    case = Case("DAY-010", "x", "clinic", ("stmt 00001 visit_days = 2",), ("00001",), "test")
    assert run_case(checker, bases, case).problem == ""
    assert (
        run_case(checker, bases, replace(case, fires_on=())).problem == "fires on ['00001'], wanted nothing"
    )
    unasked = replace(case, rule_id="LIC-004", change=(), fires_on=())
    assert run_case(checker, bases, unasked).problem == "not checked: table doctor absent"
    other = replace(case, rule_id="MA-001", base="clinic", change=("have medical_aid_office",), fires_on=())
    assert run_case(checker, bases, other).problem == "the rule is not for this claim"


def test_the_example_of_the_handbook_can_be_loaded(bare_scheme: Callable[..., Path], tmp_path: Path) -> None:
    page = (Path(precheck.__file__).parents[2] / "docs" / "changing-a-rule.md").read_text(encoding="utf-8")
    example = page.partition("   ```toml\n")[2].partition("   ```")[0]
    hospital = tmp_path / "own"
    hospital.mkdir()
    (hospital / "own.toml").write_text(textwrap.dedent(example), encoding="utf-8")
    assert [one.id for one in load_catalogue([bare_scheme()], [hospital]).rules] == ["HSP-001"]


def test_the_same_files_are_planned_once_and_changed_ones_anew(bare_scheme: Callable[..., Path]) -> None:
    scheme = bare_scheme(own=rule())
    once = load_catalogue([scheme])
    assert load_catalogue([scheme]) is once
    formats = scheme.parent / "formats.csv"
    text = formats.read_text(encoding="utf-8")
    formats.unlink()  # a link to the scheme's own
    formats.write_text(text + "\n", encoding="utf-8")
    assert load_catalogue([scheme]).version != once.version


def test_a_long_query_prints_no_bar_among_the_answers(catalogue: Catalogue) -> None:
    setting = "SELECT current_setting('enable_progress_bar')"
    assert Tables().rows(setting) == open_session(catalogue).execute(setting).fetchall() == [(False,)]
