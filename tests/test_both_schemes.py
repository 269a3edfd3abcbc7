"""Both schemes' nights over one ledger: whoever claims a visit second is told, and both can list it afterwards."""

from __future__ import annotations

import json
import sqlite3
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cheonggu.cli import app
from cheonggu.schemes import SCHEMES
from cheonggu.schemes.school_safety.sample import build_region
from cheonggu.site import SITE_VARIABLE
from tasks.assemble import assemble
from tasks.extract import extract
from tasks.notify import notify
from tasks.precheck import precheck
from tasks.validate import validate
from tests.support import AS_OF, CLINIC, build_hospital, keep_only, read_ledger

HOSPITAL, SCHOOL = SCHEMES["hira"].name, SCHEMES["school_safety"].name
SITE = """
[source.hira]
url = "sqlite:///hospital/hospital.db"
[source.school_safety]
url = "sqlite:///region/region.db"
files = "region"
[ledger]
url = "sqlite:///ledger.db"
[data]
folder = "data"
[key]
file = "ledger.key"
[run]
first_care_month = "202601"
[notify]
folder = "messages"
[gateway.hira_client]
folder = "client"
[gateway.school_portal]
folder = "portal"
"""
FINDINGS = "SELECT statement_key, detail FROM finding WHERE rule_id = 'OVL-001' ORDER BY statement_key"


def night(scheme: str, as_of: date) -> None:
    if SCHEMES[scheme].signatures:
        notify.fn(scheme, as_of)
    extract.fn(scheme, as_of)
    validate.fn(scheme, as_of)
    while True:
        assemble.fn(scheme)
        if not precheck.fn(scheme, as_of).successors:
            return


def rows(database: Path, query: str, *values: object) -> list[tuple[object, ...]]:
    with sqlite3.connect(database) as connection:
        return connection.execute(query, values).fetchall()


def listed(scheme: str, site: Path) -> list[dict[str, object]]:
    told = CliRunner().invoke(app, ["ledger", "overlaps", "--scheme", scheme, "--site", str(site), "--json"])
    assert told.exit_code == 0, told.output
    found: list[dict[str, object]] = json.loads(told.stdout)
    return found


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clinic's claim and a region in one site file, not yet sharing anybody."""
    build_hospital(tmp_path / "hospital", 400)
    keep_only(
        tmp_path / "hospital",
        f"provider_code = '{CLINIC}' AND form_no = 'H021' AND payer_class = '4' AND care_month = '202606'",
    )
    build_region(tmp_path / "region", claims=60, as_of=AS_OF)
    (tmp_path / "site.toml").write_text(SITE, encoding="utf-8")
    (tmp_path / "ledger.key").touch(mode=0o600)
    (tmp_path / "ledger.key").write_text("ab" * 32, encoding="ascii")
    monkeypatch.setenv(SITE_VARIABLE, str(tmp_path / "site.toml"))
    return tmp_path / "site.toml"


@pytest.mark.long
def test_the_visit_of_a_pupil_is_a_finding_in_whichever_scheme_comes_second(site: Path) -> None:
    region, hospital = site.parent / "region" / "region.db", site.parent / "hospital" / "hospital.db"
    sound = """SELECT c.statement_key, c.pupil_key, p.pupil_name, p.birth_on, min(i.treated_on)
        FROM cheonggu_benefit_claim c JOIN cheonggu_pupil p USING (pupil_key) JOIN cheonggu_item i USING (statement_key)
        JOIN cheonggu_receipt r USING (statement_key, receipt_key) JOIN cheonggu_accident a USING (accident_no)
        WHERE r.patient_class = 'nhi' AND c.claimant_role = 'parent' AND a.status = 'ACCEPTED'
        GROUP BY 1, 2, 3, 4 ORDER BY 1"""
    night(SCHOOL, AS_OF)
    out = {key for (key,) in read_ledger(site.parent, "SELECT statement_key FROM claim_statement")}
    early, _, name, born, treated = next(row for row in rows(region, sound) if row[0] in out)
    assert read_ledger(site.parent, FINDINGS) == []

    # The same pupil was that day's patient of the clinic, which claims a night later.
    patient = rows(hospital, "SELECT statement_key FROM hospital_statement ORDER BY 1")[0][0]
    century = "3" if str(born) >= "2000" else "1"
    number = str(born)[2:].replace("-", "") + century
    with sqlite3.connect(hospital) as connection:
        connection.execute(
            """UPDATE hospital_statement SET patient_name = ?, patient_rrn = ? || substr(patient_rrn, 8),
               care_from = ?, care_to = ? WHERE statement_key = ?""",
            (name, number, treated, treated, patient),
        )
    night(HOSPITAL, AS_OF)
    told = {row[0]: row[1] for row in read_ledger(site.parent, FINDINGS)}
    assert told == {patient: "1 visits in school_safety"}

    # A further claim for the same visit comes later: now the school's side is told.
    with sqlite3.connect(region) as connection:
        for view in ("benefit_claim", "receipt", "item", "attachment"):
            table = f"region_{view}"
            names = [one[1] for one in connection.execute(f"PRAGMA table_info({table})")]
            shown = ["'LATER'" if one == "statement_key" else one for one in names]
            connection.execute(
                f"INSERT INTO {table} SELECT {', '.join(shown)} FROM {table} WHERE statement_key = ?",
                (early,),
            )
        connection.execute("UPDATE region_item SET line_no = line_no + 100 WHERE statement_key = 'LATER'")
    night(SCHOOL, AS_OF + timedelta(days=1))
    told = {row[0]: row[1] for row in read_ledger(site.parent, FINDINGS)}
    assert told == {patient: "1 visits in school_safety", "LATER": "1 visits in hira"}

    # What left first is listed too, and nobody is named.
    assert {early, "LATER"} <= {row["statement_key"] for row in listed(SCHOOL, site)}
    (mine,) = listed(HOSPITAL, site)
    assert (mine["statement_key"], mine["other_scheme"], mine["visits"]) == (patient, SCHOOL, 1)
    assert str(name).encode() not in (site.parent / "ledger.db").read_bytes()
