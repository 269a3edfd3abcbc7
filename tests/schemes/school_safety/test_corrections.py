"""What happens after the first night: corrections, a person's decision, papers asked for, reminders, returns."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from cheonggu.gateways.messages import SimulatedRelay
from cheonggu.ledger import Actor, NewInstruction
from cheonggu.reruns import Request, plan_rerun, start_rerun
from cheonggu.schemes.school_safety.judge import DECIDED
from cheonggu.schemes.school_safety.sample.papers import make_pdf
from cheonggu.schemes.school_safety.sample.region import ASSOCIATION
from tests.schemes.school_safety import region_night as night

PERSON = "staff-7"


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The region after a night whose packages are entered but not answered."""
    folder = night.build(tmp_path_factory.mktemp("region"))
    with night.association(
        folder, script="rates = {paid = 0, partial = 0, refused = 0, supplement = 1, extended = 0}"
    ) as peer:
        night.run_night(folder, peer)
        night.pass_days(peer, 5)
    return folder


def key_of(folder: Path, rule: str) -> str:
    return next(key for key, one in night.truth(folder).items() if one == rule)


def state_of(folder: Path, key: str) -> str:
    return str(night.ask(folder, "SELECT state FROM statement WHERE statement_key = ?", key)[0][0])


def next_night(folder: Path, days: int) -> None:
    with night.association(folder) as peer:
        night.run_night(folder, peer, night.later(days))


@pytest.mark.long
def test_an_accident_that_was_accepted_meanwhile_lets_its_claim_go(checked: Path) -> None:
    key = key_of(checked, "SCH-010")
    assert state_of(checked, key) == "BLOCKED"
    night.change(
        checked,
        """UPDATE region_accident SET status = 'ACCEPTED' WHERE accident_no =
        (SELECT accident_no FROM region_benefit_claim WHERE statement_key = ?)""",
        key,
    )
    next_night(checked, 1)
    assert state_of(checked, key) == "IN_FLIGHT"


def proposal_of(folder: Path, key: str) -> str:
    detail = night.ask(
        folder,
        "SELECT detail FROM finding WHERE statement_key = ? AND rule_id = 'SCH-040' ORDER BY rowid DESC",
        key,
    )[0][0]
    return str(detail).split()[1].rstrip(",")


def decide(folder: Path, key: str, proposal: str) -> None:
    with night.ledger_of(folder) as here:
        here.ledger.instruct(
            NewInstruction(
                scheme=night.NAME,
                kind=DECIDED,
                provider_code="",
                subject=key,
                person=PERSON,
                reason="영수증과 소견을 확인함",
                detail={"proposal": proposal},
            ),
            Actor(PERSON, None),
        )


def test_a_claim_that_needs_a_person_goes_only_with_the_decision_about_this_proposal(checked: Path) -> None:
    key = key_of(checked, "SCH-040")
    decide(checked, key, "00000000")
    next_night(checked, 2)
    assert state_of(checked, key) == "BLOCKED"
    decide(checked, key, proposal_of(checked, key))
    next_night(checked, 3)
    assert state_of(checked, key) == "IN_FLIGHT"


def attach(folder: Path, source_key: str, code: str) -> None:
    raw = make_pdf(f"{code} for {source_key}")
    path = f"papers/{source_key}-90-{code}.pdf"
    (folder / "region" / path).write_bytes(raw)
    night.change(
        folder,
        """INSERT INTO region_attachment (statement_key, attachment_no, document_code, item_key, file_path, media_type,
        sha256) VALUES (?, 90, ?, '', ?, 'application/pdf', ?)""",
        source_key,
        code,
        path,
        hashlib.sha256(raw).hexdigest(),
    )


def test_papers_asked_for_go_in_a_supplementary_package_and_replace_the_first_claim(checked: Path) -> None:
    night.use(checked)
    keys = night.ask(checked, "SELECT statement_key FROM statement WHERE state = 'IMPOSSIBLE' ORDER BY 1")
    key = keys[0][0]
    asked = Request("supplementary", ASSOCIATION, night.later(6), statement_keys=(key,))
    attach(checked, key, "EXTRA_BY_ITEM")
    with night.ledger_of(checked) as here, here.source() as source:
        plan = plan_rerun(source, here.ledger, here.scheme, here.site, asked)
        assert [one.parent_key for one in plan.planned] == [key], plan
        assert {change.view for change in plan.planned[0].changes} == {"attachment"}
        started = start_rerun(
            source, here.ledger, here.scheme, here.site, asked, Actor(PERSON, None), "서류를 첨부함"
        )
        assert len(started.batch_ids) == 1
        again = plan_rerun(source, here.ledger, here.scheme, here.site, asked)
        assert not again.planned
    follower = plan.planned[0].statement_key
    with night.association(checked) as peer:
        night.run_night(checked, peer, night.later(6))
        night.pass_days(peer, 14)
        assert peer.status()["complaints"] == []
    assert state_of(checked, key) == "REPLACED"
    assert state_of(checked, follower) == "PAID"
    batch = checked / "data" / night.NAME / "batches" / started.batch_ids[0]
    root = etree.parse(str(batch / "assemble" / "package" / "claim.xml")).getroot()
    assert root.get("claim_class") == "1"
    assert root.find("claim").get("original_receipt_no") == plan.planned[0].receipt_no  # type: ignore[union-attr]


@pytest.mark.long
def test_claimants_are_reminded_on_the_days_of_the_rules_and_not_once_they_signed(checked: Path) -> None:
    night.use(checked)
    first = night.ask(checked, "SELECT DISTINCT statement_key FROM signature_request ORDER BY 1")
    relay = SimulatedRelay(checked / "messages")
    relay.take()
    before = night.ask(checked, "SELECT count(*) FROM signature_request")[0][0]
    signer, *others = (key for (key,) in first)
    night.change(
        checked,
        "INSERT INTO region_signature VALUES (?, ?, 'mobile')",
        signer,
        night.later(7).isoformat(),
    )
    assert others
    for days in range(7, 40):
        night.notify.fn(night.NAME, night.AS_OF + timedelta(days=days))
    rows = night.ask(checked, "SELECT statement_key, count(*) FROM signature_request GROUP BY 1")
    counts = dict(rows)
    assert counts[signer] <= 2
    assert {counts[key] for key in others} == {4}
    assert len(relay.take()) == sum(counts.values()) - before


@pytest.mark.long
def test_a_returned_package_frees_its_claims_until_they_change(tmp_path: Path) -> None:
    folder = night.build(tmp_path)
    with night.association(folder, script="return_packages = true") as peer:
        night.run_night(folder, peer)
        night.pass_days(peer, 2)
        states = dict(night.ask(folder, "SELECT state, count(*) FROM claim GROUP BY state"))
        assert set(states) == {"RETURNED"}
        assert not night.run_night(folder, peer, night.later(2)).handed_off
