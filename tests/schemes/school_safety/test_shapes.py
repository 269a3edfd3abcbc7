"""The shapes of benefit claims: each broken row sets its own claim aside under its rule, and no other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pyarrow as pa
import pytest

from cheonggu.schemes import SCHEMES
from cheonggu.schemes.school_safety.sample import build_region
from cheonggu.sources import open_source
from schemas.benefit_claims import check_benefit_claims

SCHEME = SCHEMES["school_safety"]
ON = date(2026, 7, 6)
VIEWS = (*SCHEME.views.statement, "school", "pupil", "accident")


@cache
def region() -> dict[str, pa.Table]:
    """The sound claims of a small region."""
    sample = build_region(Path(mkdtemp()), claims=60, as_of=ON)
    with open_source(sample.url, SCHEME.views.contract) as source:  # type: ignore[attr-defined]
        tables = {view: source.read(view) for view in VIEWS}
    verdict = check(tables)
    return dict(verdict.tables)


def check(tables: dict[str, pa.Table]):  # type: ignore[no-untyped-def]
    return check_benefit_claims(tables, SCHEME, on=ON, waive=lambda found: found)


def change(view: str, spoil: Callable[[dict[str, object]], None], row: int = 0) -> dict[str, pa.Table]:
    tables = dict(region())
    rows = tables[view].to_pylist()
    spoil(rows[row])
    tables[view] = pa.Table.from_pylist(rows, schema=tables[view].schema)
    return tables


def test_a_sound_region_has_no_finding() -> None:
    verdict = check(dict(region()))
    assert verdict.findings.num_rows == 0
    assert all(verdict.verdicts["is_ready"].to_pylist())


@pytest.mark.parametrize(
    ("view", "column", "value", "rule"),
    [
        ("benefit_claim", "claimant_name", "", "SRC-001"),
        ("benefit_claim", "channel", "pigeon", "SRC-003"),
        ("benefit_claim", "claimed_won", -1, "SRC-004"),
        ("benefit_claim", "injury", "가" * 41, "SRC-008"),
        ("benefit_claim", "claimant_name", "😀", "SRC-007"),
        ("benefit_claim", "pupil_key", "P-gone", "SRC-014"),
        ("benefit_claim", "claimed_won", 1, "SRC-015"),
        ("benefit_claim", "school_code", "S-gone", "SRC-018"),
        ("benefit_claim", "treated_to", date(2026, 7, 7), "SRC-019"),
        ("benefit_claim", "accident_no", "A-gone", "SRC-020"),
        ("item", "receipt_key", "R-gone", "SRC-017"),
        ("item", "nhi_class", "free", "SRC-003"),
        ("receipt", "paid_on", None, "SRC-001"),
        ("attachment", "document_code", "", "SRC-001"),
    ],
)
def test_one_broken_row_sets_one_claim_aside(view: str, column: str, value: object, rule: str) -> None:
    tables = change(view, lambda row: row.__setitem__(column, value))
    key = tables[view]["statement_key"][0].as_py()
    verdict = check(tables)
    assert rule in verdict.findings["rule_id"].to_pylist()
    assert set(verdict.findings["statement_key"].to_pylist()) == {key}
    ready = dict(
        zip(*(verdict.verdicts[name].to_pylist() for name in ("statement_key", "is_ready")), strict=True)
    )
    assert [one for one, is_ready in ready.items() if not is_ready] == [key]


@pytest.mark.parametrize(
    ("view", "column", "key", "rule"),
    [
        ("pupil", "pupil_name", "pupil_key", "SRC-014"),
        ("school", "school_level", "school_code", "SRC-018"),
        ("accident", "accident_on", "accident_no", "SRC-020"),
    ],
)
def test_an_incomplete_roster_row_stops_only_the_claims_that_point_to_it(
    view: str, column: str, key: str, rule: str
) -> None:
    claims = region()["benefit_claim"].to_pylist()
    wanted = claims[0][key]
    place = region()[view][key].to_pylist().index(wanted)
    tables = change(view, lambda row: row.__setitem__(column, None), place)
    verdict = check(tables)
    hit = {row["statement_key"] for row in claims if row[key] == wanted}
    assert set(verdict.findings["rule_id"].to_pylist()) == {rule}
    assert set(verdict.findings["statement_key"].to_pylist()) == hit


def test_a_claim_without_receipt_or_twice_under_one_key_is_set_aside() -> None:
    tables = dict(region())
    key = tables["benefit_claim"]["statement_key"][0].as_py()
    keep = [row for row in tables["receipt"].to_pylist() if row["statement_key"] != key]
    tables["receipt"] = pa.Table.from_pylist(keep, schema=tables["receipt"].schema)
    assert {"SRC-016", "SRC-017"} <= set(check(tables).findings["rule_id"].to_pylist())
    twice = dict(region())
    twice["benefit_claim"] = pa.concat_tables([twice["benefit_claim"], twice["benefit_claim"].slice(0, 1)])
    assert set(check(twice).findings["rule_id"].to_pylist()) == {"SRC-005"}
