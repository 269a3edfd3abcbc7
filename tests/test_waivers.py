"""Waivers: who may give which, what they meet among the findings, and what becomes of them in a night."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from cheonggu.commands.waive import app
from cheonggu.days import today
from cheonggu.errors import UsageError
from cheonggu.findings import FINDINGS, errors_only, from_rows
from cheonggu.ledger import Ledger
from cheonggu.precheck import read_rules
from cheonggu.waivers import NewWaiver, Terms, find_expired, grant, note_told, read_terms, valid_waivers
from cheonggu.waiving import apply_waivers, choose
from tests.ledger.ledger_builders import PERSON, PROVIDER, SCHEME, SECRET, open_at
from tests.support import HIRA

TODAY = date(2026, 7, 6)
NEW = NewWaiver("DX-001", "statement", PROVIDER, "kim01", "병원 확인", date(2026, 7, 31), "S1")
RETURNING = dataclasses.replace(NEW, rule_id="HDR-020", scope="provider", statement_key="")


@pytest.fixture(scope="module")
def terms() -> Terms:
    return read_terms(HIRA, TODAY, read_rules(HIRA.checks.rule_folders))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_at(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        yield ledger


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rule_id": "FILE-004"}, "cannot be waived"),
        ({"rule_id": "WIRE-002"}, "cannot be waived"),
        ({"rule_id": "SRC-013"}, "cannot be waived"),
        ({"rule_id": "DX-999"}, "no rule DX-999"),
        ({"scope": "hospital"}, "is for one of"),
        ({"provider_code": ""}, "names the provider"),
        ({"statement_key": ""}, "with its statement"),
        ({"scope": "department"}, "with its statement or department"),
        ({"expires_on": TODAY - timedelta(days=1)}, "from today until"),
        ({"expires_on": TODAY + timedelta(days=181)}, "from today until 2027-01-02"),
        ({"reason": " "}, "'reason' is missing"),
        ({"second_person": "KIM01"}, "somebody else"),
    ],
)
def test_what_may_not_be_waived_is_refused(
    ledger: Ledger, terms: Terms, change: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        grant(ledger, HIRA, terms, dataclasses.replace(NEW, **change), TODAY, PERSON)
    assert ledger.instructions(SCHEME) == []


def test_a_rule_that_prevents_a_return_wants_a_second_person(ledger: Ledger, terms: Terms) -> None:
    with pytest.raises(UsageError, match=r"return of the whole claim \(R:"):
        grant(ledger, HIRA, terms, RETURNING, TODAY, PERSON)
    forced = grant(ledger, HIRA, terms, dataclasses.replace(RETURNING, second_person="lee02"), TODAY, PERSON)
    assert ledger.instructions(SCHEME)[0].detail["is_forced"] is True
    assert valid_waivers(ledger, SCHEME, TODAY, terms) == (forced,)


def test_a_waiver_that_the_rules_of_today_no_longer_permit_is_not_applied(
    ledger: Ledger, terms: Terms
) -> None:
    grant(ledger, HIRA, terms, NEW, TODAY, PERSON)
    stricter = dataclasses.replace(terms, returning={**terms.returning, "DX-001": ("R:01-00",)})
    assert valid_waivers(ledger, SCHEME, TODAY, stricter) == ()


def test_giving_it_again_gives_the_same_one_and_it_ends_with_its_day(ledger: Ledger, terms: Terms) -> None:
    first = grant(ledger, HIRA, terms, NEW, TODAY, PERSON)
    assert grant(ledger, HIRA, terms, NEW, TODAY, PERSON) == first
    assert valid_waivers(ledger, SCHEME, NEW.expires_on, terms) == (first,)
    assert valid_waivers(ledger, SCHEME, NEW.expires_on + timedelta(days=1), terms) == ()


def test_an_expired_one_is_told_once_and_an_ended_one_never(ledger: Ledger, terms: Terms) -> None:
    first = grant(ledger, HIRA, terms, NEW, TODAY, PERSON)
    second = grant(ledger, HIRA, terms, dataclasses.replace(NEW, rule_id="DX-002"), TODAY, PERSON)
    ledger.end_instruction(second.id, "kim01", "고침", PERSON)
    after = NEW.expires_on + timedelta(days=1)
    assert find_expired(ledger, SCHEME, NEW.expires_on) == ()
    assert find_expired(ledger, SCHEME, after) == (first,)
    note_told(ledger, SCHEME, [first], PERSON)
    assert find_expired(ledger, SCHEME, after) == ()
    assert ledger.verify() == []


def found(*rows: dict[str, object]) -> pa.Table:
    texts = {"level": "error", "stage": "precheck", "scope": "line", "rule_id": "DX-001"}
    texts |= dict.fromkeys(("message_ko", "message_en", "fix_ko", "fix_en"), "x")
    return from_rows({**dict.fromkeys(FINDINGS.names), **texts, **row} for row in rows)


FOUND = found(
    {"statement_key": "S1", "line_no": 3, "field": "fee_code"},
    {"statement_key": "S1", "line_no": 4, "field": "fee_code"},
    {"statement_key": "S2"},
    {"statement_key": None},
    {"statement_key": "S1", "rule_id": "DX-002"},
)
PLACES = pa.table(
    {
        "statement_key": ["S1", "S2", "S2"],
        "provider_code": [PROVIDER] * 3,
        "department": ["01", "05", "05"],
    }
)


@pytest.mark.parametrize(
    ("change", "waived"),
    [
        ({"scope": "finding", "line_no": 3, "field": "fee_code"}, [0]),
        ({"scope": "finding", "line_no": 5, "field": "fee_code"}, []),
        ({"scope": "finding", "statement_key": "S2"}, [2]),
        ({"scope": "statement"}, [0, 1]),
        ({"scope": "department", "statement_key": "", "department": "05"}, [2]),
        ({"scope": "provider", "statement_key": ""}, [0, 1, 2, 3]),
        ({"scope": "provider", "statement_key": "", "provider_code": "99999999"}, []),
    ],
)
def test_a_waiver_meets_exactly_its_findings(
    ledger: Ledger, terms: Terms, change: dict[str, object], waived: list[int]
) -> None:
    given = grant(ledger, HIRA, terms, dataclasses.replace(NEW, **change), TODAY, PERSON)
    marked = apply_waivers(FOUND, [given], PLACES, PROVIDER)
    assert [row for row, number in enumerate(marked["waiver_id"].to_pylist()) if number == given.id] == waived
    assert marked.drop_columns(["waiver_id"]) == FOUND.drop_columns(["waiver_id"])
    assert len(errors_only(marked)) == len(FOUND) - len(waived)


def test_only_the_waivers_that_can_meet_a_batch_open_its_check_again(ledger: Ledger, terms: Terms) -> None:
    mine = grant(ledger, HIRA, terms, NEW, TODAY, PERSON)
    grant(ledger, HIRA, terms, dataclasses.replace(NEW, statement_key="S9"), TODAY, PERSON)
    wide = grant(
        ledger, HIRA, terms, dataclasses.replace(NEW, scope="department", department="01"), TODAY, PERSON
    )
    given = valid_waivers(ledger, SCHEME, TODAY, terms)
    keys = pa.chunked_array([["S1", "S2"]])
    assert choose(given, PROVIDER, keys) == (mine, wide)
    assert choose(given, "99999999", keys) == ()


def test_the_command_adds_lists_and_ends(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    open_at(url).close()
    (tmp_path / "ledger.key").write_bytes(SECRET)
    where = ["--ledger", url, "--key-file", str(tmp_path / "ledger.key")]

    def call(*arguments: str) -> str:
        answer = CliRunner().invoke(app, [*arguments, *where], catch_exceptions=False)
        assert answer.exit_code == 0, answer.output
        return answer.output

    until = (today() + timedelta(days=10)).isoformat()
    who = ["--person", "kim01", "--reason", "병원 확인"]
    said = call("add", "dx-001", "--provider", PROVIDER, "--statement", "S1", "--until", until, *who)
    assert "원장에 아직 없는 명세서 키입니다" in said
    place = ("--scope", "finding", "--statement", "S1", "--line", "3", "--field", "hang")
    call("add", "dx-002", "--provider", PROVIDER, *place, "--until", until, *who)
    assert "S1 3 hang" in call("list")
    call("end", call("list").splitlines()[1].split()[0], *who)
    listed = call("list")
    assert "DX-001" in listed
    assert "병원 확인" in listed
    number = listed.split()[0]
    call("end", number, *who)
    assert "0 waivers" in call("list")
    assert '"status": "ended"' in call("list", "--all", "--json")
    with pytest.raises(UsageError, match="no waiver 999"):
        call("end", "999", *who)
