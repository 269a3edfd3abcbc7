"""``codes search`` and ``rules list | explain | test`` as an operator types them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cheonggu.cli import app
from cheonggu.errors import UsageError
from cheonggu.schemes import SCHEMES
from cheonggu.site import load_site
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
    search.search.fn("hira", "MT008", "special_detail", True)
    assert published[search.FOUND][0]["기재형식"] == "9(6)/9(2)"
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


HOSPITAL_RULE = """
[[rule]]
id = "HSP-001"
level = "warning"
scope = "line"
message_ko = "도수치료가 급여 항에 있습니다"
message_en = "Manual therapy in a benefit section"
fix_ko = "비급여로 옮기세요."
fix_en = "Move it out of the claim."
basis = "원내 심사지침 3조"
source = "hospital"
confidence = "ours"
preempts = []
table = "line"
where = "starts_with(line_code, 'MX122') AND is_benefit_section(hang)"
field = "hang"
"""
HOSPITAL_CASES = """
[[case]]
rule = "HSP-001"
name = "도수치료가 급여 항에 있다"
base = "clinic"
change = ["line 00001#1 line_code = MX122"]
fires_on = ["00001"]
"""


@pytest.fixture
def hospital(tmp_path: Path) -> Path:
    """A site file with the hospital's own rule folder, and a folder of cases beside it."""
    for name, text in (("rules", HOSPITAL_RULE), ("cases", HOSPITAL_CASES)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "own.toml").write_text(text, encoding="utf-8")
    site = tmp_path / "site.toml"
    site.write_text(
        '[source]\nurl = "sqlite:///x.db"\n[ledger]\nurl = "sqlite:///l.db"\n[data]\nfolder = "data"\n'
        '[run]\nfirst_care_month = "202601"\n[rules]\nfolders = ["rules"]\n',
        encoding="utf-8",
    )
    return tmp_path


def test_a_hospitals_case_starts_from_our_clean_claims(hospital: Path) -> None:
    """As docs/changing-a-rule.md tells it, word for word."""
    words = ("rules", "test", "--rules", str(hospital / "rules"), "--cases", str(hospital / "cases"))
    assert "1 of 1 cases are as expected" in run(*words)


def test_the_rules_of_the_site_file_are_known_to_the_commands(
    hospital: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = str(hospital / "site.toml")
    assert "원내 심사지침 3조" in run("rules", "explain", "HSP-001", "--site", site)
    monkeypatch.setenv("CHEONGGU_SITE", site)
    assert "HSP-001" in run("rules", "list", "--level", "warning")


def test_rules_of_a_site_with_several_schemes_say_whose_they_are(hospital: Path) -> None:
    site = hospital / "site.toml"
    text = site.read_text(encoding="utf-8").replace(
        "[source]", '[source.school_safety]\nurl = "sqlite:///s.db"\n[source.hira]'
    )
    site.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="do not say whose rules they hold"):
        load_site(site).rule_folders("hira")
    site.write_text(text.replace("[rules]", "[rules.hira]"), encoding="utf-8")
    assert load_site(site).rule_folders("hira") == (hospital / "rules",)
    assert load_site(site).rule_folders("school_safety") == ()
    site.write_text(text.replace("folders =", "folder ="), encoding="utf-8")
    with pytest.raises(UsageError, match=r"\[rules\] holds folders"):
        load_site(site)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("list", "--level", "fatal"), "no level 'fatal'"),
        (("test", "--rule", "ZZZ"), "is for a rule ZZZ"),
        (("list", "--rules", "nowhere"), "no rules folder nowhere"),
        (("tables", "lines"), "no table 'lines'"),
    ],
)
def test_a_mistyped_word_is_no_empty_answer(words: tuple[str, ...], what: str) -> None:
    result = RUNNER.invoke(app, ["rules", *words])
    assert isinstance(result.exception, UsageError)
    assert what in result.exception.en


def test_the_tables_a_rule_may_ask_can_be_looked_up() -> None:
    assert "doctor_day" in run("rules", "tables")
    lines = run("rules", "tables", "stmt").splitlines()
    assert any(line.startswith("patient_name") and line.endswith("개인정보 personal") for line in lines)
    shown = json.loads(run("rules", "tables", "line", "--json"))["line"]["columns"]
    assert {"name": "line_amount", "type": "int", "role": "", "personal": False, "meaning": "금액"} in shown


def test_the_lists_are_named_with_their_sizes() -> None:
    """What the issue counts: 184 special details, 65 and 572 reasons besides the headings of their groups."""
    sizes = {row["list"]: row for row in json.loads(run("codes", "lists", "--json"))}
    assert set(sizes) == set(HIRA.codes.names)
    assert sizes["special_detail"]["codes"] == 184
    assert "return_reason" in run("codes", "lists")


def test_a_search_does_not_wait_for_what_it_does_not_need() -> None:
    """pandas alone took longer to load than the search itself."""
    loaded = "import sys, cheonggu.cli; print('pandas' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", loaded], check=True, capture_output=True, text=True)
    assert said.stdout.strip() == "False"
