"""Rosters that a person confirms: claims wait where the site wants it, and a changed roster needs a new word."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cheonggu.cli import app
from cheonggu.confirming import show_waiting
from cheonggu.errors import UsageError
from cheonggu.site import SITE_VARIABLE
from tasks.assemble import assemble
from tasks.confirm import confirm_sheet
from tasks.extract import extract
from tasks.resources import open_resources
from tasks.validate import validate
from tests.support import AS_OF, HIRA, KOREAN, build_hospital, keep_only, read_ledger, write_site

MONTH = "202606"
REQUIRED = '\n[rosters]\nconfirmation = "required"\n'
STAGES = "SELECT stage, count(*) FROM batch GROUP BY 1"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One month of the Korean-medicine clinic, whose claims carry the graded fee."""
    folder = tmp_path_factory.mktemp("template")
    where = (
        f"provider_code = '{KOREAN}' AND care_month = '{MONTH}' AND form_no = 'K021' AND payer_class = '4'"
    )
    keep_only(build_hospital(folder / "hospital", 200), where)
    write_site(folder)
    return folder


@pytest.fixture
def site(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(template, tmp_path / "site")
    path = tmp_path / "site" / "site.toml"
    path.write_text(path.read_text(encoding="utf-8") + REQUIRED, encoding="utf-8")
    monkeypatch.setenv(SITE_VARIABLE, str(path))
    return tmp_path / "site"


def run_to_validated() -> None:
    extract.fn(HIRA.name, AS_OF)
    validate.fn(HIRA.name, AS_OF)


def take_a_day_away(site: Path) -> None:
    with sqlite3.connect(site / "hospital" / "hospital.db") as connection:
        connection.execute(
            f"""DELETE FROM hospital_doctor_day WHERE rowid = (SELECT min(rowid) FROM hospital_doctor_day
            WHERE provider_code = '{KOREAN}' AND worked_on LIKE '2026-06-%')"""
        )


def rosters(*arguments: str) -> str:
    words = ["rosters", *arguments, "--provider", KOREAN, "--month", MONTH]
    answer = CliRunner().invoke(app, words, catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    return answer.output


def counted_days() -> int:
    sheet = json.loads(rosters("show", "--json"))
    days = [row["value"].rsplit(" ", 1)[1] for row in sheet["rows"] if row["what"] == "MT008"]
    return sum(int(one.removesuffix("일")) for one in days)


def test_a_claim_waits_until_its_rosters_are_confirmed_and_then_goes_on(site: Path) -> None:
    run_to_validated()
    assert assemble.fn(HIRA.name).waiting == 1
    assert read_ledger(site, STAGES) == [("validated", 1)]
    shown = rosters("show")
    assert "MT008" in shown
    assert "nobody has confirmed" in shown
    confirmed = rosters("confirm", "--person", "kim01", "--reason", "근무표와 같음")
    assert "Confirmed" in confirmed
    assert "confirmed by kim01" in rosters("show")
    done = assemble.fn(HIRA.name)
    assert (done.claims, done.waiting) == (1, 0)
    header = json.loads(read_ledger(site, "SELECT header_sums FROM claim")[0][0])
    assert header["graded_fee_days"] == 100 * counted_days()


def test_a_roster_mended_while_the_claim_waits_is_the_one_that_is_claimed(site: Path) -> None:
    run_to_validated()
    before = counted_days()
    take_a_day_away(site)
    sheet = json.loads(rosters("show", "--json"))
    with pytest.raises(UsageError, match="changed since"):
        confirm_sheet.fn(HIRA.name, KOREAN, MONTH, "0" * 16, "kim01", "근무표와 같음")
    given = confirm_sheet.fn(HIRA.name, KOREAN, MONTH, sheet["digest"], "kim01", "근무표와 같음")
    assert given.subject == f"{KOREAN}|{MONTH}|{sheet['digest']}"
    assert (given.kind, given.person) == ("rosters_confirmed", "kim01")
    assert assemble.fn(HIRA.name).claims == 1
    header = json.loads(read_ledger(site, "SELECT header_sums FROM claim")[0][0])
    assert counted_days() <= before
    assert header["graded_fee_days"] == 100 * counted_days()


def test_a_roster_that_changed_after_its_confirmation_needs_a_new_one(site: Path) -> None:
    rosters("confirm", "--person", "kim01", "--reason", "근무표와 같음")
    take_a_day_away(site)
    run_to_validated()
    assert assemble.fn(HIRA.name).waiting == 1
    with open_resources(HIRA.name) as here:
        waiting = show_waiting(here.ledger, here.scheme, here.folder)
    assert [(one["provider_code"], one["month"]) for one in waiting] == [(KOREAN, MONTH)]
    assert waiting[0]["digest"] == json.loads(rosters("show", "--json"))["digest"]


def test_by_default_unconfirmed_rosters_are_only_shown(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(template, tmp_path / "site")
    monkeypatch.setenv(SITE_VARIABLE, str(tmp_path / "site" / "site.toml"))
    run_to_validated()
    assert assemble.fn(HIRA.name).claims == 1
    with open_resources(HIRA.name) as here:
        assert len(show_waiting(here.ledger, here.scheme, here.folder)) == 1


@pytest.mark.parametrize(
    "table",
    [
        '[rosters]\nconfirmation = "maybe"',
        '[rosters]\npart_time_alone = "x"',
        '[amounts]\ndefault = "x"',
        '[amounts.settings]\ntier_base = "x"',
    ],
)
def test_odd_settings_are_refused_before_anything_starts(site: Path, table: str) -> None:
    path = site / "site.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(REQUIRED, f"\n{table}\n"), encoding="utf-8")
    with pytest.raises(UsageError, match=table.split()[1]):
        extract.fn(HIRA.name, AS_OF)


def test_nothing_personal_is_shown(site: Path) -> None:
    with sqlite3.connect(site / "hospital" / "hospital.db") as connection:
        rows = connection.execute("SELECT birth_date FROM hospital_doctor").fetchall()
    shown = rosters("show")
    assert not [born for (born,) in rows if f" {born}" in shown]
