"""A clinic's month that was claimed, received and reviewed, and shortcuts for correcting and claiming again."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pyarrow as pa

from cheonggu.batches import ASSEMBLE
from cheonggu.formats.claim_set import read_set
from cheonggu.ledger import Actor, Claim, ImportReport, Ledger, NewInstruction, open_ledger
from cheonggu.ledger.decisions import DecisionKind
from cheonggu.notices import REVIEW_FINDINGS, REVIEW_STATEMENTS, Notice, Reason, Receipt, Review, Totals
from cheonggu.privacy import load_secret
from cheonggu.reruns import Plan, Request, Started, plan_rerun, start_rerun
from cheonggu.site import load_site
from cheonggu.sources import open_source
from tasks.assemble import assemble
from tasks.precheck import precheck
from tasks.validate import validate
from tests.shared import make_once
from tests.support import (
    CLINIC,
    HIRA,
    build_hospital,
    keep_only,
    read_ledger,
    run_until_checked,
    write_site,
)

LATER = date(2026, 9, 1)
ME = Actor("tester", None)
# Main diagnoses of corrected statements, which the sample hospital's list does not hold.
CORRECTED, *_ = NEW_DISEASES = ("M750", "M752", "M753", "M754", "M755")
ONE_CLAIM = f"care_month = '202606' AND payer_class = '4' AND provider_code = '{CLINIC}' AND form_no = 'H021'"


def build_claimed_month(folder: Path) -> Path:
    """One claim of one clinic and month, checked and handed off; gives the site folder."""
    keep_only(build_hospital(folder / "hospital", 300), ONE_CLAIM)
    list_new_diseases(folder)
    run_until_checked(write_site(folder))
    hand_off(folder)
    return folder


def list_new_diseases(site: Path) -> None:
    """The hospital's list also holds what the tests correct to; ``know_item`` lists the items that they add."""
    for code in NEW_DISEASES:
        change(
            site,
            """INSERT INTO hospital_kcd_master (code, valid_from, is_complete, is_manifestation, is_notifiable,
            is_covered) VALUES (?, '2009-03-02', 1, 0, 0, 1)""",
            code,
        )


def copy_received_month(shared: Path, folder: Path) -> Path:
    """The same, received as 0001234: built once per test run, copied to the new ``folder``."""

    def make(place: Path) -> None:
        build_claimed_month(place)
        receive(place, "0001234")

    shutil.copytree(make_once(shared, "received_month", make), folder)
    return folder


@contextmanager
def ledger_of(site: Path) -> Iterator[Ledger]:
    with open_ledger(f"sqlite:///{site / 'ledger.db'}", load_secret(None, site / "ledger.key")) as ledger:
        yield ledger


def hand_off(site: Path) -> None:
    """Every claim of the outbox goes to the client, which finds nothing."""
    with ledger_of(site) as ledger:
        for claim in ledger.outbox(HIRA.name):
            files = ledger.claim_files(claim.provider_code, claim.claim_no)
            one = ledger.write_intent(claim.provider_code, claim.claim_no, "hira_client", files, ME)
            ledger.mark_placed(one.id, ME)
            ledger.record_examined(one.id, f"DMD{one.id:08d}", 0, ME)


def sent_claim(site: Path) -> Claim:
    """The newest claim that was not withdrawn."""
    with ledger_of(site) as ledger:
        return [one for one in ledger.claims(HIRA.name) if one.state != "WITHDRAWN"][-1]


def receive(site: Path, receipt_no: str, *, year: str = "2026") -> Claim:
    """The newest claim gets its receipt."""
    claim = sent_claim(site)
    receipt = Receipt(
        "received",
        receipt_no,
        year,
        date(2026, 7, 8),
        claim.claim_no,
        "original",
        "4",
        claim.treatment_month,
        claim.statement_count,
        claim.claimed_amount,
    )
    take(
        site,
        Notice(
            f"R{year}{receipt_no}",
            "receipt",
            "F010",
            "test",
            date(2026, 7, 8),
            claim.provider_code,
            receipts=(receipt,),
        ),
    )
    return sent_claim(site)


def give_back(site: Path, number: str) -> None:
    """The newest claim is returned as a whole."""
    claim = sent_claim(site)
    receipt = Receipt(
        "returned",
        None,
        None,
        date(2026, 9, 8),
        claim.claim_no,
        "supplementary",
        "4",
        claim.treatment_month,
        claim.statement_count,
        claim.claimed_amount,
        (Reason("09", "06", None, "count"),),
    )
    take(
        site,
        Notice(number, "receipt", "F010", "test", date(2026, 9, 8), claim.provider_code, receipts=(receipt,)),
    )


def review(site: Path, answers: Mapping[str, str], review_round: str, claim: Claim | None = None) -> Claim:
    """A complete result: serial → outcome, or an impossible code such as '16-10'; the rest is accepted."""
    claim = claim or sent_claim(site)
    with ledger_of(site) as ledger:
        sent = ledger.claim_statements(claim.provider_code, claim.claim_no).to_pylist()
    rows, findings = [], []
    for one in sent:
        answer = answers.get(one["statement_no"], "accepted")
        outcome = answer if answer in ("accepted", "adjusted", "held") else "impossible"
        code, _, detail = answer.partition("-") if outcome == "impossible" else ("80", "", "")
        decided = one["claimed_amount"] if outcome in ("accepted", "adjusted") else 0
        decided -= 100 if outcome == "adjusted" else 0
        rows.append(
            {
                "statement_no": one["statement_no"],
                "outcome": outcome,
                "claimed_total_1": one["total_benefit_cost_1"],
                "claimed_copay": one["patient_copay"],
                "claimed_amount": one["claimed_amount"],
                "decided_total_1": decided,
                "decided_copay": 0,
                "decided_amount": decided,
                "copay_refund": None,
            }
        )
        if outcome != "accepted":
            findings.append(
                {"statement_no": one["statement_no"], "finding_class": outcome, "code": code}
                | {
                    "detail_code": detail or None,
                    "line_no": None,
                    "amount": one["claimed_amount"],
                    "text": "",
                }
            )
    decided_won = sum(row["decided_amount"] for row in rows)
    content = Review(
        review_round,
        True,
        claim.receipt_year,
        claim.receipt_no or "",
        claim.claim_no,
        "4",
        Totals(len(rows), claim.claimed_amount, len(rows), decided_won, 0, 0, 0, 0),
        pa.Table.from_pylist(rows, schema=REVIEW_STATEMENTS),
        pa.Table.from_pylist(findings, schema=REVIEW_FINDINGS),
    )
    number = f"V{claim.claim_no}{review_round}"
    take(
        site,
        Notice(
            number, "review-result", "F020", "test", date(2026, 7, 20), claim.provider_code, review=content
        ),
    )
    return claim


def take(site: Path, notice: Notice) -> ImportReport:
    digest = hashlib.sha256(notice.document_no.encode()).hexdigest()
    with ledger_of(site) as ledger:
        report = ledger.import_notice(HIRA.name, notice, sha256=digest, archived_as=digest, actor=ME)
    assert report.stopped == ()
    return report


def change(site: Path, statement: str, *values: object) -> None:
    with sqlite3.connect(site / "hospital" / "hospital.db") as connection:
        assert connection.execute(statement, values).rowcount > 0


def correct(site: Path, key: str) -> None:
    """The hospital gives the statement another main diagnosis and spells the patient's name anew."""
    change(site, "UPDATE hospital_diagnosis SET diagnosis_code = ? WHERE statement_key = ?", CORRECTED, key)
    change(site, "UPDATE hospital_statement SET patient_name = '가나다' WHERE statement_key = ?", key)


def impossible(site: Path, serial: str = "00005", code: str = "16-10") -> str:
    claim = review(site, {serial: code}, "20260701")
    key = key_of(site, claim.claim_no, serial)
    correct(site, key)
    return key


def request(claim_class: str = "supplementary", **narrow: tuple[str, ...]) -> Request:
    return Request(claim_class, CLINIC, LATER, **narrow)


def plan(site: Path, asked: Request) -> Plan:
    settings = load_site(site / "site.toml")
    with ledger_of(site) as ledger, open_source(settings.source(HIRA.name).url) as source:
        return plan_rerun(source, ledger, HIRA, settings, asked)


def words(site: Path, asked: Request) -> list[str]:
    return [one.word for one in plan(site, asked).left_out]


def start(site: Path, asked: Request) -> Started:
    settings = load_site(site / "site.toml")
    with ledger_of(site) as ledger, open_source(settings.source(HIRA.name).url) as source:
        return start_rerun(source, ledger, HIRA, settings, asked, ME, "corrected")


def finish(site: Path) -> None:
    """Validate, assemble and pre-check what was started, then hand it off."""
    validate.fn(HIRA.name, LATER)
    while True:
        assemble.fn(HIRA.name)
        if not precheck.fn(HIRA.name, LATER).successors:
            break
    hand_off(site)


def give_up(site: Path, key: str) -> None:
    with ledger_of(site) as ledger:
        new = NewInstruction(HIRA.name, DecisionKind.WRITE_OFF, CLINIC, key, "kim", "not worth it")
        ledger.decide(new, ME)


def key_of(site: Path, claim_no: str, statement_no: str) -> str:
    with ledger_of(site) as ledger:
        sent = ledger.claim_statements(CLINIC, claim_no).to_pylist()
    return next(one["statement_key"] for one in sent if one["statement_no"] == statement_no)


def state_of(site: Path, key: str) -> str:
    return str(read_ledger(site, f"SELECT state FROM statement WHERE statement_key = '{key}'")[0][0])


def wire(site: Path, claim: Claim) -> dict[str, pa.Table]:
    """The claim as its SAM files say, read back."""
    folder = site / "data" / "hira" / "batches" / claim.batch_id / ASSEMBLE / HIRA.files.folder
    return dict(read_set(sorted(path for path in folder.iterdir()), HIRA.files.layouts).tables)
