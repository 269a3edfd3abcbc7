"""``codes search`` and ``rules list | explain | test`` as an operator types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cheonggu.cli import app
from cheonggu.errors import UsageError
from cheonggu.schemes import SCHEMES
from tasks import search

RUNNER = CliRunner()
HIRA = SCHEMES["hira"]
OWN_RULE = (Path(__file__).parent / "broken" / "taken_id.toml").read_text(encoding="utf-8")


def run(*words: str, code: int = 0) -> str:
    result = RUNNER.invoke(app, list(words))
    assert result.exit_code == code, result.output
    return result.output


def test_search_finds_by_prefix_or_anywhere() -> None:
    assert "review_impossible_reason  16-03  내원(입원)일수가 요양급여일수보다 큰 경우" in run(
        "codes", "search", "16-03"
    )
    lines = run("codes", "search", "09-", "--prefix", "--list", "return_reason").splitlines()
    assert lines
    assert all(line.startswith("return_reason  09-") for line in lines)
    rows = json.loads(run("codes", "search", "외인코드", "--list", "review_impossible_reason", "--json"))
    assert "04-05" in {row["key"] for row in rows}


@pytest.mark.parametrize("name", HIRA.codes.names)
def test_every_list_is_reached_by_code_and_by_description(name: str) -> None:
    """As the manual's window: the beginning of the code, or anywhere in detail code and description."""
    one = next(row for row in reversed(HIRA.codes.rows(name)) if len(row.name_ko) > 1)
    assert one.key in {found.key for found in HIRA.codes.search(one.key, name, by_prefix=True)}
    assert one.key in {found.key for found in HIRA.codes.search(one.name_ko[1:], name)}


def test_every_version_of_a_special_detail_can_be_seen() -> None:
    newest = run("codes", "search", "MT002", "--prefix", "--list", "special_detail").splitlines()
    every = run("codes", "search", "MT002", "--prefix", "--list", "special_detail", "--versions").splitlines()
    assert len(every) == sum(one.key == "MT002" for one in HIRA.codes.rows("special_detail")) >= len(newest)


def test_symbols_are_found_by_their_diseases_and_reasons_name_the_rules_that_prevent_them() -> None:
    assert "special_symbol_kcd  V193" in run("codes", "search", "C50.0", "--list", "special_symbol_kcd")
    assert "규칙 · rules: HDR-020" in run("codes", "search", "09-03", "--list", "return_reason")


def test_the_deployment_answers_with_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    published: dict[str, list[dict[str, str]]] = {}
    monkeypatch.setattr(
        search, "create_table_artifact", lambda key, table, description: published.update({key: table})
    )
    assert search.search.fn("hira", "09-", "return_reason", True) == len(published[search.FOUND]) > 5
    (row,) = [row for row in published[search.FOUND] if row["코드"] == "09-03"]
    assert row["점검 규칙"] == "HDR-020"
    with pytest.raises(UsageError, match="no code list 'reasons'"):
        search.search.fn("hira", "09-", "reasons", False)


def test_search_says_when_nothing_is_found_and_which_lists_there_are() -> None:
    assert "찾은 코드가 없습니다" in run("codes", "search", "없는말없는말", code=1)
    result = RUNNER.invoke(app, ["codes", "search", "16", "--list", "reasons"])
    assert isinstance(result.exception, UsageError)
    assert "return_reason" in result.exception.fix_en


def test_list_shows_every_rule_and_json_carries_the_facts() -> None:
    text = run("rules", "list")
    assert "DAY-010   error   내원일수가 요양급여일수보다 큽니다 · Visit days exceed benefit days" in text
    assert "351 rules." in text
    rows = json.loads(run("rules", "list", "--level", "warning", "--json"))
    assert {row["level"] for row in rows} == {"warning"}
    assert {"id", "basis", "preempts", "confidence", "from", "to", "requires", "conditions"} <= set(rows[0])


def test_explain_shows_basis_days_prevented_codes_needed_tables_and_cases() -> None:
    text = run("rules", "explain", "lic-004")
    for part in ("LIC-004 (error, diagnosis)", "official", "I:42-07", "doctor", "퇴사한 의사이다 → 00003"):
        assert part in text
    assert "2024-01-01 ~ …" in run("rules", "explain", "AMT-001")
    facts = json.loads(run("rules", "explain", "DAY-010", "--json"))
    assert facts["preempts"] == ["I:16-03"]
    assert len(facts["cases"]) == 2


def test_explain_refuses_a_rule_that_is_not_there() -> None:
    result = RUNNER.invoke(app, ["rules", "explain", "DAY-999"])
    assert isinstance(result.exception, UsageError)
    assert "DAY-999" in str(result.exception)


def test_test_runs_the_cases_and_fails_when_one_is_wrong(tmp_path: Path) -> None:
    assert "as expected" in run("rules", "test", "--rule", "DAY-010")
    cases = Path(__file__).parents[1] / "cases" / "hira"
    (tmp_path / "base").symlink_to(cases / "base")
    (tmp_path / "own.toml").write_text(
        '[[case]]\nrule = "DAY-010"\nname = "틀린 기대"\nbase = "clinic"\nchange = []\nfires_on = ["00001"]\n',
        encoding="utf-8",
    )
    text = run("rules", "test", "--cases", str(tmp_path), code=1)
    assert "own.toml: DAY-010 틀린 기대: fires on nothing, wanted ['00001']" in text
    assert "0 of 1 cases are as expected" in text


def test_test_refuses_a_folder_that_is_not_there(tmp_path: Path) -> None:
    result = RUNNER.invoke(app, ["rules", "test", "--cases", str(tmp_path / "none")])
    assert isinstance(result.exception, UsageError)


def test_a_hospitals_own_folder_is_listed_behind_the_scheme(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN_RULE.replace("DAY-010", "HSP-001"), encoding="utf-8")
    lines = run("rules", "list", "--rules", str(tmp_path)).splitlines()
    assert lines[-2].startswith("HSP-001")
    with pytest.raises(AssertionError):
        run("rules", "explain", "HSP-001")


@pytest.mark.parametrize(
    "command", [("codes", "search"), ("rules", "list"), ("rules", "explain"), ("rules", "test")]
)
def test_every_command_has_help(command: tuple[str, ...]) -> None:
    assert "--json" in run(*command, "--help")
