"""What a night publishes: files, tables and events, without personal data, and the alarms that listen to the events."""

from __future__ import annotations

import json
import sqlite3
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from prefect.events import Event
from typer.testing import CliRunner

from cheonggu.ageing import find_never_taken
from cheonggu.commands import findings as findings_command
from cheonggu.commands import report as report_command
from cheonggu.deadlines import load_deadlines
from cheonggu.site import SITE_VARIABLE
from cheonggu.waivers import NewWaiver
from flows.automations import BODY, deadline_alarm
from tasks import nightly
from tasks.resources import open_resources
from tasks.waive import waive
from tests.support import AS_OF, CLINIC, HIRA, build_hospital, keep_only, run_until_checked, write_site

LATE = date(2029, 4, 20)  # the three years of May 2026 are nearly over


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    hospital = build_hospital(folder / "hospital", 400)
    keep_only(hospital, f"provider_code = '{CLINIC}' AND form_no = 'H021' AND payer_class = '4'")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(SITE_VARIABLE, str(write_site(folder)))
        run_until_checked(folder / "site.toml")
    return folder


@pytest.fixture
def published(site: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Tables by key and events, as Prefect would get them."""
    caught: dict[str, Any] = {"events": []}
    monkeypatch.setenv(SITE_VARIABLE, str(site / "site.toml"))
    monkeypatch.setattr(nightly, "create_table_artifact", lambda key, **rest: caught.update({key: rest}))
    monkeypatch.setattr(nightly, "emit_event", lambda **event: caught["events"].append(Event(**event)))
    return caught


def personal_values(site: Path) -> set[str]:
    with sqlite3.connect(site / "hospital" / "hospital.db") as connection:
        rows = connection.execute(
            "SELECT patient_rrn, insurance_card_no, patient_name, subscriber_name FROM cheonggu_statement"
        ).fetchall()
    return {value for row in rows for value in row if value and len(value) > 2}


def test_findings_stand_in_files_and_a_table_by_rule(site: Path, published: dict[str, Any]) -> None:
    with open_resources("hira") as here:
        nightly.publish_findings(here, AS_OF)
    table = published["findings"]["table"]
    assert {"AMT-007", "SRC-001"} <= {row["규칙"] for row in table}
    folder = site / "data" / "hira" / "reports" / AS_OF.isoformat()
    page = (folder / "findings.html").read_text(encoding="utf-8")
    assert "AMT-007" in page
    report = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    assert any("absent" in one["reason"] for one in report["not_checked"])
    assert (folder.stat().st_mode & 0o777) == 0o700
    told = (
        page + json.dumps(report, ensure_ascii=False) + json.dumps(published, ensure_ascii=False, default=str)
    )
    assert not [value for value in personal_values(site) if value in told]


def test_a_waiver_is_shown_while_it_holds_and_its_end_is_told_once(
    site: Path, published: dict[str, Any]
) -> None:
    new = NewWaiver("DX-007", "provider", CLINIC, "kim01", "병원 확인", AS_OF + timedelta(days=3))
    waive.fn("hira", new, AS_OF)
    seen = []
    with open_resources("hira") as here:
        for days in (0, 4, 5):
            day = AS_OF + timedelta(days=days)
            nightly.publish_findings(here, day)
            page = here.site.reports_folder("hira", day) / "findings.html"
            told = "waivers that ran out" in page.read_text(encoding="utf-8")
            seen.append(([row["상태"] for row in published["waivers"]["table"]], told))
    assert seen == [(["유효"], False), (["만료"], True), ([], False)]


def test_what_waits_is_published_and_near_deadlines_raise_events(
    site: Path, published: dict[str, Any]
) -> None:
    with open_resources("hira") as here:
        nightly.publish_ageing(here, AS_OF)
        assert published["events"] == []
        nightly.publish_ageing(here, LATE)
    rows = published["ageing"]["table"]
    assert rows[0]["임박"] > 0
    kinds = {event.payload["kind"]: event for event in published["events"]}
    assert {"blocked", "never_taken", "not_handed_off"} <= set(kinds)
    assert kinds["not_handed_off"].event == nightly.PASSED
    near = kinds["blocked"]
    assert near.event == nightly.NEAR
    assert near.resource.id == f"cheonggu.deadline.hira.{CLINIC}.blocked"
    assert near.payload["due_on"] == "2029-04-30"
    assert all(one.id.startswith(f"cheonggu.waiting.hira.{CLINIC}.") for one in near.related)
    told = json.dumps([event.model_dump(mode="json") for event in published["events"]], ensure_ascii=False)
    assert not [value for value in personal_values(site) if value in told]


def test_a_source_that_is_away_does_not_undo_the_night(
    site: Path, published: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    database = site / "hospital" / "hospital.db"
    database.rename(database.with_suffix(".away"))
    try:
        with open_resources("hira") as here:
            nightly.publish_ageing(here, LATE)
    finally:
        database.with_suffix(".away").rename(database)
    kinds = {event.payload["kind"] for event in published["events"]}
    assert "blocked" in kinds
    assert "never_taken" not in kinds


def test_only_months_near_their_limit_are_read_from_the_source(site: Path, published: dict[str, Any]) -> None:
    deadlines = load_deadlines(HIRA.answers.deadlines, HIRA.answers.public_holidays)
    with open_resources("hira") as here, here.source() as source:
        find = lambda day: find_never_taken(source, here.ledger, HIRA, "202601", deadlines, day)  # noqa: E731
        assert len(find(AS_OF)) == 0
        found = find(LATE).to_pylist()
        known = here.ledger.known_statements("hira", CLINIC, "202605")["statement_key"].to_pylist()
    assert found
    assert {one["month"] for one in found} <= {"202605", "202606", "202607"}
    assert not {one["statement_key"] for one in found} & set(known)


def test_the_alarm_listens_to_both_events_and_quotes_what_they_carry(published: dict[str, Any]) -> None:
    alarm = deadline_alarm(uuid4())
    assert alarm.trigger.expect == {nightly.NEAR, nightly.PASSED}
    with open_resources("hira") as here:
        nightly.publish_ageing(here, LATE)
    (first, *_) = published["events"]
    asked = {part.split("}}")[0].strip() for part in BODY.split("{{")[1:]}
    assert {f"event.payload.{name}" for name in first.payload} >= asked


def test_the_commands_show_the_same_and_exit_with_1_while_something_is_open(
    site: Path, published: dict[str, Any], tmp_path: Path
) -> None:
    where = ["--site", str(site / "site.toml")]
    ageing = CliRunner().invoke(
        report_command.app, ["ageing", *where, "--as-of", LATE.isoformat(), "--json"], catch_exceptions=False
    )
    assert ageing.exit_code == 1
    assert {one["kind"] for one in json.loads(ageing.output)["kinds"]} >= {"blocked", "never_taken"}
    early = CliRunner().invoke(report_command.app, ["ageing", *where, "--as-of", AS_OF.isoformat()])
    assert early.exit_code == 0, early.output
    book, page = tmp_path / "f.xlsx", tmp_path / "f.html"
    arguments = ["report", *where, "--month", "202606", "--xlsx", str(book), "--html", str(page)]
    found = CliRunner().invoke(findings_command.app, arguments, catch_exceptions=False)
    assert found.exit_code == 1
    assert "AMT-007" in found.output
    assert book.stat().st_size > 0
    assert "AMT-007" in page.read_text(encoding="utf-8")
    rules = CliRunner().invoke(report_command.app, ["rules", *where, "--json"], catch_exceptions=False)
    assert "AMT-007" in {one["rule_id"] for one in json.loads(rules.output)["rules"]}
