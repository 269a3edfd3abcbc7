"""Rules that look into the ledger, end to end: a first night is sent and answered, a second one meets its past."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from cheonggu.assembly import MEMBERS
from cheonggu.batches import ASSEMBLE, BatchFolder
from cheonggu.gateways.simulator import HiraSimulator
from cheonggu.past import read_past
from cheonggu.precheck import Checker, load_catalogue
from cheonggu.site import SITE_VARIABLE
from tasks.assemble import assemble
from tasks.collect import collect
from tasks.extract import extract
from tasks.precheck import precheck
from tasks.resources import Resources, open_resources
from tasks.submit import submit
from tasks.validate import validate
from tests.support import (
    AS_OF,
    CLINIC,
    HIRA,
    build_hospital,
    keep_only,
    read_ledger,
    run_until_checked,
    write_site,
)

LATER = date(2026, 7, 7)
OF_STATEMENT = ("eligibility", "registration", "statement_fact", "line_fact", "dur_hit")
DOUBLE = "S26DOUBLE"
THREE_PLAIN = """SELECT statement_key FROM hospital_statement WHERE care_month = '202606' AND form_no = 'H021'
    ORDER BY statement_key LIMIT 3"""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """May is claimed, received and decided, but for one statement; the hospital has not reviewed that one and June."""
    folder = tmp_path_factory.mktemp("past")
    hospital = build_hospital(folder / "hospital", 400)
    truth = (hospital / "truth.csv").read_text(encoding="utf-8").splitlines()[1:]
    planted = ", ".join(f"'{line.split(',')[0].strip(chr(34))}'" for line in truth)
    keep_only(
        hospital,
        f"""payer_class = '4' AND injury_work_class = '0' AND provider_code = '{CLINIC}' AND reviewed_on IS NOT NULL
        AND care_month < '202607' AND statement_key NOT IN ({planted})""",
    )
    edit(
        folder,
        """UPDATE hospital_statement SET reviewed_on = NULL WHERE care_month = '202606' OR statement_key =
        (SELECT min(statement_key) FROM hospital_statement WHERE care_month = '202605')""",
    )
    site = write_site(folder, wait=0)
    run_until_checked(site)
    submit.fn(HIRA.name)
    with HiraSimulator(
        folder / "client", script="[rates]\nadjusted = 0.0\nimpossible = 0.0", today=AS_OF
    ) as simulator:
        simulator.examine()
        submit.fn(HIRA.name)
        simulator.send()
        simulator.answer("receipt")
        simulator.answer("review")
    collect.fn(HIRA.name)
    return folder


@pytest.fixture
def site(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    shutil.copytree(template, folder)
    monkeypatch.setenv(SITE_VARIABLE, str(folder / "site.toml"))
    return folder


def edit(site: Path, *statements: str) -> None:
    with closing(sqlite3.connect(site / "hospital" / "hospital.db")) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def review(site: Path, which: str) -> None:
    """The hospital reviews these statements, so that the next night takes them."""
    edit(site, f"UPDATE hospital_statement SET reviewed_on = care_to WHERE statement_key IN ({which})")


def copy_statement(site: Path, where: str) -> None:
    """Bill a sent visit again under another key, as a person registered twice would be."""
    with closing(sqlite3.connect(site / "hospital" / "hospital.db")) as connection, connection:
        ((key,),) = connection.execute(
            f"SELECT min(statement_key) FROM hospital_statement WHERE reviewed_on IS NOT NULL AND {where}"
        )
        for view in (*HIRA.views.statement, *OF_STATEMENT):
            rows = connection.execute(f"SELECT * FROM hospital_{view} WHERE statement_key = ?", [key])
            names = [one[0] for one in rows.description]
            other = {"statement_key": DOUBLE, "patient_key": "P-SECOND"}
            marks = ", ".join("?" * len(names))
            copies = [
                [other.get(name, value) for name, value in zip(names, row, strict=True)] for row in rows
            ]
            connection.executemany(f"INSERT INTO hospital_{view} VALUES ({marks})", copies)


def night(site: Path, as_of: date = LATER) -> dict[str, set[str]]:
    """The next night; rule → statement keys it named ('' for the claim)."""
    before = {batch for (batch,) in read_ledger(site, "SELECT batch_id FROM batch")}
    run_until_checked(site / "site.toml", as_of)
    found: dict[str, set[str]] = {}
    for batch, rule, key in read_ledger(
        site, "SELECT batch_id, rule_id, coalesce(statement_key, '') FROM finding"
    ):
        if batch not in before:
            found.setdefault(str(rule), set()).add(str(key))
    return found


def test_the_first_night_is_decided(site: Path) -> None:
    assert read_ledger(site, "SELECT DISTINCT state FROM claim") == [("DECIDED",)]


def test_a_visit_that_was_claimed_is_found_although_it_has_another_key(site: Path) -> None:
    copy_statement(site, "statement_key IN (SELECT statement_key FROM hospital_prescription)")
    found = night(site)
    assert found["XST-002"] == {DOUBLE}
    assert found["RX-010"] == {DOUBLE}
    # Its month was claimed, so it goes as an omitted one, and is all of its claim.
    assert set(found) == {"XST-002", "RX-010", "RES-009", "HDR-033"}


def test_a_statement_is_not_taken_any_more_after_three_years(site: Path) -> None:
    review(site, f"SELECT min(statement_key) FROM ({THREE_PLAIN})")
    assert extract.fn(HIRA.name, date(2029, 7, 6)).statements == 0
    assert extract.fn(HIRA.name, LATER).statements == 1


def test_a_claim_that_waited_past_the_three_years_loses_its_statement(site: Path) -> None:
    review(site, f"SELECT min(statement_key) FROM ({THREE_PLAIN})")
    extract.fn(HIRA.name, LATER)
    validate.fn(HIRA.name, LATER)
    assemble.fn(HIRA.name)
    precheck.fn(HIRA.name, date(2029, 7, 6))
    late = "SELECT f.rule_id, s.state FROM finding f JOIN statement s USING (statement_key) WHERE f.rule_id = 'DAY-013'"
    assert read_ledger(site, late) == [("DAY-013", "BLOCKED")]


def test_weeks_and_months_are_not_mixed_for_one_month(site: Path) -> None:
    review(site, "SELECT min(statement_key) FROM hospital_statement WHERE care_month = '202605'")
    edit(site, "UPDATE hospital_provider SET claim_unit = 'week'")
    assert night(site)["HDR-012"] == {""}
    assert ("CHECK_FAILED",) in read_ledger(site, "SELECT state FROM claim")


def test_a_claim_of_which_a_third_is_impossible_is_named(site: Path) -> None:
    review(site, THREE_PLAIN)
    for view in ("line", "detail"):
        edit(
            site,
            f"DELETE FROM hospital_{view} WHERE statement_key = (SELECT min(statement_key) FROM ({THREE_PLAIN}))",
        )
    found = night(site)
    assert len(found["LINE-001"]) == 1
    assert found["HDR-033"] == {""}


@pytest.fixture
def here(site: Path) -> Iterator[Resources]:
    with open_resources(HIRA.name) as resources:
        yield resources


def test_a_line_that_was_billed_is_not_added_again_and_the_past_holds_nothing_personal(
    site: Path, here: Resources
) -> None:
    """The lines of a decided claim, asked as an additional claim for them would ask."""
    copy_statement(site, "1")
    night(site)
    batches = {one.batch_id: one for one in here.ledger.batches(HIRA.name)}
    ((batch_id,),) = read_ledger(
        site, f"SELECT b.batch_id FROM claim_statement c JOIN claim b USING (provider_code, claim_no)"
        f" WHERE c.statement_key = '{DOUBLE}'"
    )  # fmt: skip
    batch = batches[batch_id]
    folder = here.folder(batch_id)
    members = folder.read(ASSEMBLE, MEMBERS)
    past = read_past(here.ledger, folder, batch, members, LATER)
    numbers = set(folder.read(ASSEMBLE, "record_a")["patient_rrn"].to_pylist())
    assert not numbers & {
        str(value) for table in past.values() for row in table.to_pylist() for value in row.values()
    }
    (sent,) = past["history_stmt"].to_pylist()
    assert sent["state"] in ("ACCEPTED", "PAID")
    found = check_as_additional(folder, past, sent)
    lines = folder.read(ASSEMBLE, "record_c")
    assert found == {("RES-008", number) for number in lines["line_no"].to_pylist()}


def check_as_additional(
    folder: BatchFolder, past: dict[str, pa.Table], sent: dict[str, str]
) -> set[tuple[str, int]]:
    """What the resubmission rules say of the batch's statement as an addition to a sent one."""
    general = folder.read(ASSEMBLE, "record_a")
    references = {
        "claim_class": "2",
        "original_receipt_no": sent["receipt_no"],
        "original_statement_no": sent["statement_no"],
    }
    for name, value in references.items():
        place = general.column_names.index(name)
        general = general.set_column(place, name, pa.array([value] * len(general), pa.string()))
    tables = {
        "claim": pa.table({"kind": ["medical_dental"], "insurance": ["HI"], "setting": ["out"]}),
        "stmt": general,
        "line": folder.read(ASSEMBLE, "record_c"),
        **past,
    }
    with Checker(load_catalogue(HIRA.checks.rule_folders)) as checker:
        found = checker.check(tables, on=LATER, only=frozenset({"RES-007", "RES-008"})).findings
    return set(zip(found["rule_id"].to_pylist(), found["line_no"].to_pylist(), strict=True))
