"""The sample is the same every time, whatever its format, and grows without loops over rows."""

from __future__ import annotations

import hashlib
import time
from datetime import date

import pytest

from cheonggu.errors import UsageError
from cheonggu.sources.sample import build_sample
from cheonggu.sources.sample.write import VIEWS


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("form", ["sqlite", "parquet"])
def test_the_same_seed_gives_the_same_bytes(tmp_path, form):
    first, second = (
        build_sample(tmp_path / name, statements=500, seed=3, format=form) for name in ("one", "two")
    )
    files = sorted(one.name for one in first.folder.iterdir())
    assert len(files) == 3 if form == "sqlite" else len(files) == len(VIEWS) + 2
    for name in files:
        assert digest(first.folder / name) == digest(second.folder / name), name


def test_another_seed_gives_other_people(tmp_path, read_all):
    one, other = (build_sample(tmp_path / str(seed), statements=200, seed=seed) for seed in (1, 2))
    assert not read_all(one.url)["statement"].equals(read_all(other.url)["statement"])


def test_building_again_replaces_what_stood_there(tmp_path, read_all):
    build_sample(tmp_path, statements=300)
    sample = build_sample(tmp_path, statements=200)
    assert read_all(sample.url)["statement"].num_rows == 200
    assert not list(tmp_path.glob(".*"))


def test_sqlite_and_parquet_hold_equal_tables(tmp_path, read_all):
    one = build_sample(tmp_path / "a", statements=400)
    other = build_sample(tmp_path / "b", statements=400, format="parquet")
    for view, table in read_all(one.url).items():
        assert table.equals(read_all(other.url)[view]), view
    assert digest(one.truth) == digest(other.truth)


@pytest.mark.parametrize(
    ("as_of", "months"),
    [
        (date(2026, 7, 6), ["202605", "202606", "202607"]),
        (date(2026, 1, 20), ["202511", "202512", "202601"]),
        (date(2026, 3, 1), ["202601", "202602"]),
    ],
)
def test_care_months_are_the_two_before_the_night_and_its_own(tmp_path, read_all, as_of, months):
    sample = build_sample(tmp_path, statements=600, as_of=as_of)
    statement = read_all(sample.url)["statement"]
    assert sorted(set(statement["care_month"].to_pylist())) == months
    assert max(statement["care_to"].to_pylist()) < as_of
    assert (sample.expected["current_month"] > 0) == (len(months) == 3)


@pytest.mark.parametrize("wish", [{"statements": 99}, {"statements": 5_000_001}, {"format": "xlsx"}])
def test_an_impossible_wish_is_refused(tmp_path, wish):
    with pytest.raises(UsageError, match="100 to 5000000 statements"):
        build_sample(tmp_path, **wish)


def test_a_tiny_sample_still_plants_something(tmp_path):
    planted = build_sample(tmp_path, statements=100).expected["planted"]
    assert len(planted) >= 12


def test_twenty_thousand_statements_take_seconds(tmp_path):
    start = time.process_time()
    sample = build_sample(tmp_path, statements=20_000)
    assert time.process_time() - start < 10
    assert (
        sum(sample.expected[name] for name in ("billable_due", "open_day", "not_reviewed", "current_month"))
        == 20_000
    )
