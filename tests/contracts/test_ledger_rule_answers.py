"""Feedback on the rules from what the reviewer answered, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest

from cheonggu.findings import concat
from cheonggu.ledger import Claim, Ledger
from cheonggu.precheck import Catalogue, load_catalogue
from cheonggu.rule_feedback import Feedback, make_feedback
from tests.ledger.ledger_builders import (
    ACTOR,
    CLAIMED,
    SCHEME,
    assemble,
    claim_of,
    extract,
    finding,
    hand_off,
    intend,
    members,
    new_batch,
    open_at,
    receipt,
    receipt_notice,
    record_assembly,
    review,
    review_notice,
    take,
    verdicts,
)
from tests.support import HIRA


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(HIRA.checks.rule_folders)


@pytest.fixture(scope="module")
def foresees(catalogue: Catalogue) -> str:
    """A rule that says it prevents 16-10, the code of the builders' impossible statements."""
    return next(rule.id for rule in catalogue.rules if "I:16-10" in rule.preempts)


def said(rule_id: str, key: str | None, level: str = "warning", waiver_id: int | None = None) -> pa.Table:
    row = {**finding(key, level).to_pylist()[0], "rule_id": rule_id, "waiver_id": waiver_id}
    return pa.Table.from_pylist([row], schema=finding(key).schema)


def send(ledger: Ledger, batch_id: str, *found: pa.Table) -> Claim:
    """A claim of three statements that goes out with these findings."""
    assemble(ledger, batch_id)
    ledger.record_prechecked(batch_id, "warn", concat(found), ACTOR)
    return place(ledger, batch_id)


def place(ledger: Ledger, batch_id: str) -> Claim:
    submission = intend(ledger, claim_of(ledger, batch_id))
    ledger.mark_placed(submission, ACTOR)
    ledger.record_examined(submission, "DMD00000001", 0, ACTOR)
    return claim_of(ledger, batch_id)


def of_rule(made: Feedback, rule_id: str) -> dict[str, object]:
    (row,) = [one for one in made.rules.to_pylist() if one["rule_id"] == rule_id]
    return {name: value for name, value in row.items() if value}


class Promises:
    @pytest.fixture
    def ledger(self, url: str) -> Iterator[Ledger]:
        with open_at(url) as ledger:
            yield ledger

    def test_a_finding_that_went_out_is_measured_by_the_answer(
        self, ledger: Ledger, catalogue: Catalogue, foresees: str
    ) -> None:
        keys = [f"b1-S{number:03d}" for number in (1, 2, 3)]
        claim = send(
            ledger,
            "b1",
            *(said(foresees, key) for key in (keys[0], keys[0], keys[1])),
            said(foresees, keys[2], "error", 7),
            said("LINE-001", keys[0]),
        )
        take(ledger, receipt_notice("N1", receipt(claim)))
        take(ledger, review_notice("N2", review(claim, {"00001": "impossible", "00003": "held"})))
        made = make_feedback(ledger.rule_answers(SCHEME), catalogue)
        warned, waived = [one for one in made.rules.to_pylist() if one["rule_id"] == foresees][::-1]
        assert (warned["findings"], warned["statements"], warned["sent"], warned["answered"]) == (3, 2, 2, 2)
        assert (warned["impossible"], warned["accepted"], warned["hits"]) == (1, 1, 1)
        assert warned["precision_percent"] == 50
        assert (waived["waived"], waived["sent"], waived["answered"]) == (1, 1, 0)
        assert waived["precision_percent"] is None
        assert of_rule(made, "LINE-001")["impossible"] == 1
        assert "hits" not in of_rule(made, "LINE-001")
        assert made.misses.to_pylist() == []

    def test_refusals_no_rule_foresaw_are_listed_with_the_rules_that_say_they_prevent_them(
        self, ledger: Ledger, catalogue: Catalogue, foresees: str
    ) -> None:
        claim = send(ledger, "b1", said("LINE-001", "b1-S001"))
        take(ledger, receipt_notice("N1", receipt(claim)))
        take(ledger, review_notice("N2", review(claim, {"00001": "impossible", "00002": "adjusted"})))
        returned = hand_off(ledger, "b2")
        take(ledger, receipt_notice("N3", receipt(returned, result="returned")))
        first, second = make_feedback(ledger.rule_answers(SCHEME), catalogue).misses.to_pylist()
        assert (first["code"], first["refused"], first["missed"]) == ("R:09-06", 1, 1)
        assert first["missed_won"] == 3 * CLAIMED
        assert first["text_ko"]
        assert (second["code"], second["missed_won"]) == ("I:16-10", CLAIMED)
        assert foresees in second["rules"]

    def test_a_claim_wide_finding_foresees_the_return_of_its_claim(
        self, ledger: Ledger, catalogue: Catalogue
    ) -> None:
        rule_id = next(rule.id for rule in catalogue.rules if "R:09-06" in rule.preempts)
        claim = send(ledger, "b1", said(rule_id, None))
        take(ledger, receipt_notice("N1", receipt(claim, result="returned")))
        made = make_feedback(ledger.rule_answers(SCHEME), catalogue)
        assert of_rule(made, rule_id)["returned"] == 1
        assert of_rule(made, rule_id)["precision_percent"] == 100
        assert made.misses.to_pylist() == []

    def test_what_was_stopped_and_mended_is_counted_by_what_became_of_it(
        self, ledger: Ledger, catalogue: Catalogue
    ) -> None:
        keys = extract(ledger, "b1")
        ledger.record_validated("b1", verdicts(keys, blocked=keys), finding(keys[0]), ACTOR)
        ledger.add_batches([new_batch("b2")], members("b2", keys, version="2"), ACTOR)
        ledger.record_validated("b2", verdicts(keys), concat([]), ACTOR)
        record_assembly(ledger, "b2", keys)
        ledger.record_prechecked("b2", "ok", concat([]), ACTOR)
        claim = place(ledger, "b2")
        take(ledger, receipt_notice("N1", receipt(claim)))
        take(ledger, review_notice("N2", review(claim, {"00002": "adjusted"})))
        row = of_rule(make_feedback(ledger.rule_answers(SCHEME), catalogue), "DX-001")
        assert (row["findings"], row["sent_later"], row["accepted_later"]) == (1, 1, 1)
        assert not {"sent", "answered", "refused_later"} & set(row)


class TestOnSqlite(Promises):
    @pytest.fixture
    def url(self, sqlite_ledger: str) -> str:
        return sqlite_ledger


class TestOnPostgresql(Promises):
    @pytest.fixture
    def url(self, postgres_ledger: str) -> str:
        return postgres_ledger
