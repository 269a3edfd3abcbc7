"""Who could be disputed, until when and for how much; and that a draft names nobody."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from cheonggu.cli import app
from cheonggu.errors import StateError
from cheonggu.ledger import Claim, Ledger
from cheonggu.objections import draft_disputes, file_dispute, find_candidates
from cheonggu.schemes import SCHEMES
from cheonggu.schemes.hira.data import CODES, HOME
from cheonggu.schemes.hira.remedies import LISTS, dispute_days, find_remedies
from tests.ledger.ledger_builders import (
    CLAIMED,
    NAME,
    PERSON,
    PROVIDER,
    RRN,
    SECRET,
    hand_off,
    open_at,
    receipt,
    receipt_notice,
    review,
    review_notice,
    take,
)
from tests.ledger.money_builders import (
    CUT,
    DUE,
    decided,
    decision_notice,
    paid,
    payment_notice,
    settled,
    settlement_notice,
)

HIRA = SCHEMES["hira"]
NOTICE = date(2026, 7, 20)  # of ``review_notice``
WARN, LAST = date(2026, 10, 17), date(2026, 10, 18)


def prepare(ledger: Ledger, code: str = "B", impossible: str = "16") -> Claim:
    """A claim of three: accepted, adjusted by ``code`` on line 3, impossible by another code."""
    claim = hand_off(ledger, "b1")
    take(ledger, receipt_notice("R1", receipt(claim)))
    content = review(claim, {"00002": "adjusted", "00003": "impossible"})
    rows = content.findings.to_pylist()
    rows[0] |= {"code": code, "detail_code": None, "line_no": 3, "amount": 710}
    rows[1] |= {"code": impossible, "detail_code": None}
    object.__setattr__(content, "findings", pa.Table.from_pylist(rows, schema=content.findings.schema))
    take(ledger, review_notice("V1", content))
    return claim


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_at(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        yield ledger


def found(ledger: Ledger, today: date = NOTICE, **options: bool) -> list[tuple[str, str, int, str]]:
    rows = find_candidates(ledger, HIRA, today, **options).to_pylist()
    return [(row["statement_no"], row["kind"], row["amount"], row["status"]) for row in rows]


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        ("B", ["objection"]),
        ("K", ["re-review"]),
        ("CP", ["objection", "re-review"]),
        ("ZZ", ["objection", "re-review"]),
    ],
)
def test_the_code_decides_the_remedy(ledger: Ledger, code: str, kinds: list[str]) -> None:
    prepare(ledger, code)
    assert found(ledger) == [("00002", kind, CUT, "open") for kind in kinds]


def test_an_impossible_statement_is_a_candidate_only_where_no_claim_may_follow(ledger: Ledger) -> None:
    prepare(ledger, "K", "93")
    assert [one[0] for one in found(ledger)] == ["00002"]
    assert find_remedies(
        pa.table(
            {
                "finding_class": ["impossible"] * 3,
                "code": ["93", "16", "80"],
                "detail_code": ["01", "10", None],
            }
        )
    ).to_pylist() == ["objection", "", ""]


def test_every_way_of_the_code_lists_has_its_row() -> None:
    with (HOME / "rules" / "remedies.csv").open(encoding="utf-8", newline="") as stream:
        known = {(row["list"], row["resubmit_as"]) for row in csv.DictReader(stream)}
    used = {(name, one.row["resubmit_as"]) for name in LISTS.values() for one in CODES.rows(name)}
    assert used - known == set()


def test_it_warns_by_the_earlier_count_and_ends_by_the_later(ledger: Ledger) -> None:
    prepare(ledger)
    assert [one[3] for one in found(ledger, WARN)] == ["open"]
    assert [one[3] for one in found(ledger, LAST)] == ["soon"]
    assert found(ledger, LAST + timedelta(days=1)) == []
    assert [one[3] for one in found(ledger, LAST + timedelta(days=1), expired=True)] == ["expired"]


def test_an_objection_counts_from_learning_but_not_beyond_the_decision() -> None:
    assert dispute_days("re-review", NOTICE, NOTICE + timedelta(days=30)) == (WARN, LAST)
    assert dispute_days("objection", NOTICE, NOTICE + timedelta(days=30))[1] == LAST + timedelta(days=30)
    assert dispute_days("objection", NOTICE, NOTICE + timedelta(days=150))[1] == NOTICE + timedelta(days=180)


def test_filing_is_refused_past_the_limit_or_without_a_remedy(ledger: Ledger) -> None:
    claim = prepare(ledger)
    number = claim.claim_no
    with pytest.raises(StateError, match="the last day"):
        file_dispute(ledger, HIRA, PROVIDER, number, "objection", ["00002"], LAST + timedelta(days=1), PERSON)
    with pytest.raises(StateError, match="nothing in it allows"):
        file_dispute(ledger, HIRA, PROVIDER, number, "re-review", ["00002"], LAST, PERSON)
    file_dispute(ledger, HIRA, PROVIDER, number, "objection", ["00002"], LAST, PERSON)
    assert found(ledger) == []
    assert ledger.statement_keys("hira", "DISPUTED") == ["b1-S002"]


def test_a_paid_statement_may_still_be_disputed_and_a_restored_one_not(ledger: Ledger) -> None:
    claim = prepare(ledger)
    take(ledger, payment_notice("P1", paid(DUE)))
    assert [one[2] for one in found(ledger)] == [CUT]
    take(ledger, settlement_notice("S1", settled(claim, {"00002": (CLAIMED - CUT, CLAIMED - 200)})))
    assert [one[2] for one in found(ledger)] == [200]
    rest = settled(claim, {"00002": (CLAIMED - 200, CLAIMED)}, settle_round="2")
    take(ledger, settlement_notice("S2", rest))
    assert found(ledger) == []


def test_after_a_re_review_the_days_for_an_objection_begin_anew(ledger: Ledger) -> None:
    claim = prepare(ledger, "CP")
    file_dispute(ledger, HIRA, PROVIDER, claim.claim_no, "re-review", ["00002"], LAST, PERSON)
    take(ledger, decision_notice("D1", decided(claim, {"00002": ("dismissed", 0)})))  # issued 1 August
    (row,) = find_candidates(ledger, HIRA, NOTICE).to_pylist()
    assert (row["kind"], row["last_on"]) == ("objection", date(2026, 10, 30))


def test_a_draft_names_claims_and_codes_but_no_person(ledger: Ledger) -> None:
    claim = prepare(ledger, "CP")
    documents = draft_disputes(ledger, HIRA, find_candidates(ledger, HIRA, NOTICE))
    assert sorted(documents) == [
        f"{PROVIDER}-{claim.claim_no}-20260701-{kind}.html" for kind in ("objection", "re-review")
    ]
    text = documents[f"{PROVIDER}-{claim.claim_no}-20260701-re-review.html"]
    for words in ("재심사조정청구서", claim.claim_no, "00002", "임부금기", "710", "510원", "2026-10-18"):
        assert words in text
    assert all(secret not in text for secret in (RRN, RRN[:6], NAME, "b1-S002"))


def test_the_commands_list_draft_and_record(tmp_path: Path) -> None:
    with open_at(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        claim = prepare(ledger)
    (tmp_path / "ledger.key").write_bytes(SECRET)
    options = ["--ledger", f"sqlite:///{tmp_path / 'ledger.db'}", "--key-file", str(tmp_path / "ledger.key")]

    def call(*arguments: str) -> str:
        answer = CliRunner().invoke(app, ["ledger", *arguments, *options])
        assert answer.exit_code == 0, answer.output
        return answer.output

    listed = ["objections", "--as-of", LAST.isoformat()]
    assert "기한 임박" in call(*listed, "--drafts", str(tmp_path / "drafts"))
    assert len(list((tmp_path / "drafts").iterdir())) == 1
    (row,) = json.loads(call(*listed, "--json"))
    assert (row["statement_no"], row["last_on"], row["amount"]) == ("00002", LAST.isoformat(), CUT)
    who = ["--provider", PROVIDER, "--by", "clerk", "--filed-on", LAST.isoformat()]
    call("dispute", claim.claim_no, "objection", "00002", *who)
    assert json.loads(call(*listed, "--json")) == []
