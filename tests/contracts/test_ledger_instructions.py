"""What the ledger promises about instructions, on SQLite and on PostgreSQL."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import create_engine, text

from cheonggu.errors import StateError, UsageError
from cheonggu.ledger import Ledger, NewInstruction
from tests.ledger.ledger_builders import PERSON, PROVIDER, SCHEME, open_at

WAIVER = NewInstruction(
    scheme=SCHEME,
    kind="waiver",
    provider_code=PROVIDER,
    subject="LINE-001|S001",
    person="kim01",
    reason="병원 확인",
    expires_on=date(2026, 7, 31),
    detail={"scope": "statement", "count": 2, "is_forced": False},
)


class Promises:
    @pytest.fixture
    def ledger(self, url: str) -> Iterator[Ledger]:
        with open_at(url) as ledger:
            yield ledger

    def test_it_comes_back_as_it_was_given(self, ledger: Ledger) -> None:
        given = ledger.instruct(WAIVER, PERSON)
        assert ledger.instructions(SCHEME) == [given]
        content = {one.name: getattr(given, one.name) for one in dataclasses.fields(WAIVER)}
        assert NewInstruction(**content) == WAIVER
        assert (given.given_at, given.ended_at) == ("2026-07-06T21:00:00.000000+00:00", None)

    def test_the_same_content_is_one_instruction(self, ledger: Ledger) -> None:
        first = ledger.instruct(WAIVER, PERSON)
        assert ledger.instruct(WAIVER, PERSON) == first
        other = ledger.instruct(dataclasses.replace(WAIVER, reason="다시 확인"), PERSON)
        assert [one.instruction_id for one in ledger.instructions(SCHEME)] == [
            first.instruction_id,
            other.instruction_id,
        ]

    def test_it_is_found_by_kind_provider_subject_and_day(self, ledger: Ledger) -> None:
        ledger.instruct(WAIVER, PERSON)
        ledger.instruct(
            dataclasses.replace(WAIVER, kind="approval", provider_code="", expires_on=None), PERSON
        )
        kinds = {one.kind for one in ledger.instructions(SCHEME, valid_on=date(2026, 8, 1))}
        assert kinds == {"approval"}
        assert len(ledger.instructions(SCHEME, valid_on=date(2026, 7, 31))) == 2
        assert [one.kind for one in ledger.instructions(SCHEME, provider_code=PROVIDER)] == ["waiver"]
        assert ledger.instructions(SCHEME, kind="waiver", subject="another") == []
        assert ledger.instructions("other scheme") == []

    def test_an_ended_one_stays_but_holds_no_longer(self, ledger: Ledger) -> None:
        given = ledger.instruct(WAIVER, PERSON)
        ledger.end_instruction(given.instruction_id, "lee02", "고침", PERSON)
        ledger.end_instruction(given.instruction_id, "park03", "again", PERSON)
        assert ledger.instructions(SCHEME, valid_on=date(2026, 7, 6)) == []
        ended = ledger.instructions(SCHEME)[0]
        assert (ended.ended_by, ended.ended_reason) == ("lee02", "고침")
        assert ledger.instruct(WAIVER, PERSON).instruction_id != given.instruction_id
        assert ledger.verify() == []

    def test_an_unknown_one_cannot_end(self, ledger: Ledger) -> None:
        with pytest.raises(StateError, match="no instruction 7"):
            ledger.end_instruction(7, "lee02", "고침", PERSON)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"person": " "}, "'person' is missing"),
            ({"reason": ""}, "'reason' is missing"),
            ({"subject": ""}, "'subject' is missing"),
            ({"second_person": "KIM01"}, "somebody else"),
            ({"reason": "환자 800101-1234567 확인"}, "resident number"),
            ({"detail": {"note": "8001011234567"}}, "resident number"),
        ],
    )
    def test_what_may_not_be_kept_is_refused(
        self, ledger: Ledger, change: dict[str, object], message: str
    ) -> None:
        with pytest.raises(UsageError, match=message):
            ledger.instruct(dataclasses.replace(WAIVER, **change), PERSON)
        assert ledger.instructions(SCHEME) == []

    def test_a_long_digest_is_no_resident_number(self, ledger: Ledger) -> None:
        subject = "a1" + "8001011234567" + "f0"
        assert ledger.instruct(dataclasses.replace(WAIVER, subject=subject), PERSON).subject == subject

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE instruction SET reason = 'other'",
            "UPDATE instruction SET expires_on = NULL",
            "UPDATE instruction_end SET person = 'other'",
            "DELETE FROM instruction_end",
        ],
    )
    def test_an_edit_is_found(self, ledger: Ledger, url: str, statement: str) -> None:
        given = ledger.instruct(WAIVER, PERSON)
        ledger.end_instruction(given.instruction_id, "lee02", "고침", PERSON)
        assert ledger.verify() == []
        engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
        with engine.begin() as connection:
            connection.execute(text(statement))
        engine.dispose()
        assert [one.code for one in ledger.verify()] == ["instructions"]


class TestOnSqlite(Promises):
    @pytest.fixture
    def url(self, sqlite_ledger: str) -> str:
        return sqlite_ledger


class TestOnPostgresql(Promises):
    @pytest.fixture
    def url(self, postgres_ledger: str) -> str:
        return postgres_ledger
