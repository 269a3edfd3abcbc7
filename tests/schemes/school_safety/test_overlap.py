"""The same visit in two schemes of one ledger: found by keyed hash, told as a warning, without a name."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from cheonggu.findings import none_found
from cheonggu.ledger import Ledger
from cheonggu.ledger.lines import CLAIM_LINES, VISITS
from cheonggu.schemes import SCHEMES
from cheonggu.schemes.hira.visits import find_visits as hospital_visits
from cheonggu.schemes.school_safety.visits import find_visits as school_visits
from tests.ledger.ledger_builders import ACTOR, keys_of, members, new_batch, open_at, verdicts

DAY = date(2026, 6, 3)


def hospital(name: str, rrn: str, first: date, last: date | None = None) -> pa.Table:
    row = {
        "statement_key": "H1",
        "patient_name": name,
        "patient_rrn": rrn,
        "care_from": first,
        "care_to": last,
    }
    schema = pa.schema(
        [(one, pa.string()) for one in ("statement_key", "patient_name", "patient_rrn")]
        + [("care_from", pa.date32()), ("care_to", pa.date32())]
    )
    return pa.Table.from_pylist([row], schema=schema)


def school(name: str, born: date, treated: date, patient_class: str = "nhi") -> dict[str, pa.Table]:
    return {
        "benefit_claim": pa.table({"statement_key": ["S1"], "pupil_key": ["P1"]}),
        "pupil": pa.table({"pupil_key": ["P1"], "pupil_name": [name], "birth_on": [born]}),
        "item": pa.table({"statement_key": ["S1"], "receipt_key": ["R1"], "treated_on": [treated]}),
        "receipt": pa.table(
            {"statement_key": ["S1"], "receipt_key": ["R1"], "patient_class": [patient_class]}
        ),
    }


def of(table: pa.Table) -> set[str]:
    return set(table["visit"].to_pylist())


@pytest.mark.parametrize(
    ("rrn", "born"), [("1203043123456", date(2012, 3, 4)), ("9907061123456", date(1999, 7, 6))]
)
def test_both_schemes_write_one_visit_alike(rrn: str, born: date) -> None:
    theirs = hospital_visits({"statement": hospital("김 하늘", rrn, DAY, DAY)})
    ours = school_visits(school("김하늘", born, DAY))
    assert of(theirs) == of(ours)
    assert len(of(ours)) == 1


def test_every_day_of_a_stay_counts_and_a_private_patient_does_not() -> None:
    stay = hospital_visits({"statement": hospital("김하늘", "1203043123456", DAY, date(2026, 6, 5))})
    assert len(stay) == 3
    assert of(school_visits(school("김하늘", date(2012, 3, 4), date(2026, 6, 4)))) <= of(stay)
    assert not len(school_visits(school("김하늘", date(2012, 3, 4), DAY, "general")))


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return open_at(f"sqlite:///{tmp_path / 'ledger.db'}")


def test_the_ledger_finds_the_visit_of_the_other_scheme_and_keeps_no_name(
    tmp_path: Path, ledger: Ledger
) -> None:
    batches = {}
    for scheme in ("one", "two"):
        batch = f"b-{scheme}"
        keys = keys_of(batch, 2)
        ledger.add_batches([replace(new_batch(batch), scheme=scheme)], members(batch, keys), ACTOR)
        ledger.record_validated(batch, verdicts(keys), none_found(), ACTOR)
        ledger.reserve_claim_numbers([batch], ACTOR)
        batches[scheme] = batch
    nothing = CLAIM_LINES.empty_table()
    for scheme, batch in batches.items():
        keys = sorted(ledger.statement_keys(scheme, "READY"))
        # Two claims of the first scheme may speak of one visit.
        visits = [
            {"statement_key": key, "visit": "김하늘|2012-03-04|2026-06-03"}
            for key in (keys if scheme == "one" else keys[:1])
        ]
        ledger.keep_lines(batch, nothing, pa.Table.from_pylist(visits, schema=VISITS), ACTOR)
    found = ledger.overlaps(batches["two"]).to_pylist()
    assert [(row["other_scheme"], row["visits"]) for row in found] == [("one", 1)]
    assert [row["visits"] for row in ledger.scheme_overlaps("two").to_pylist()] == [1]
    # The side that was first is not told by the pre-check, but can be listed.
    first = ledger.scheme_overlaps("one").to_pylist()
    assert [(row["other_scheme"], row["state"], row["visits"]) for row in first] == [("two", "READY", 1)] * 2
    assert ledger.verify() == []
    ledger.close()
    assert "김하늘".encode() not in (tmp_path / "ledger.db").read_bytes()
    assert {one.name for one in SCHEMES.values() if one.targets.find_visits is not None} == set(SCHEMES)
