"""The simulated association: reads with its own eyes, plans by the seed, answers once, complains about doubles."""

from __future__ import annotations

import hashlib
import json
import shutil
from datetime import date
from pathlib import Path

import pytest
from lxml import etree
from typer.testing import CliRunner

from cheonggu.cli import app
from cheonggu.errors import UsageError
from cheonggu.gateways.association import Association
from cheonggu.schemes.school_safety.notices import parse

TODAY = date(2026, 7, 6)
CLAIM = """<package format="1" claim_no="{claim_no}" claim_class="" provider_code="GJ" association_name="공제회"
 channel="online" claim_date="2026-07-06" statement_count="{count}" claimed_amount="{total}">{claims}</package>"""
ONE = """<claim statement_no="{number:05d}" accident_no="A-{number}" claimed_won="3000"{parent}>
<receipt receipt_key="R-{number}"/><item item_no="1" name="진찰료" nhi_class="covered_copay" amount_won="1000"/>
<item item_no="2" name="처치료" nhi_class="covered_copay" amount_won="2000"/>
<item item_no="3" name="진찰료" nhi_class="insurer_share" amount_won="9000"/>
<paper document_code="RECEIPT" file_name="paper.pdf"/></claim>"""


def put(folder: Path, claim_no: str, numbers: list[int], parent: str = "", total: int | None = None) -> Path:
    """A package in the upload folder, with the list of its files."""
    place = folder / "upload" / f"GJ-{claim_no}"
    place.mkdir(parents=True)
    claims = "".join(ONE.format(number=one, parent=parent) for one in numbers)
    won = 3000 * len(numbers) if total is None else total
    (place / "claim.xml").write_text(
        CLAIM.format(claim_no=claim_no, count=len(numbers), total=won, claims=claims), encoding="utf-8"
    )
    (place / "paper.pdf").write_bytes(b"%PDF-1.4 paper")
    rows = [
        f"{path.name},{path.stat().st_size},{hashlib.sha256(path.read_bytes()).hexdigest()},"
        for path in sorted(place.iterdir())
    ]
    (place / "files.csv").write_text(
        "\n".join(["file,size,sha256,document_code", *rows]) + "\n", encoding="utf-8"
    )
    return place


def open_at(folder: Path, outcomes: dict[str, str] | None = None, **more: str) -> Association:
    lines = ["[outcomes]", *(f'"{key}" = "{value}"' for key, value in (outcomes or {}).items())]
    return Association(folder, script="\n".join([*more.values(), *lines]), seed=3, today=TODAY)


def result(folder: Path) -> list[str]:
    return (folder / "upload" / "UploadResult.txt").read_text(encoding="ascii").split()


def documents(folder: Path) -> list[etree._Element]:
    return [etree.parse(str(path)).getroot() for path in sorted((folder / "out").glob("SA*.xml"))]


def run_days(peer: Association, days: int) -> None:
    for _ in range(days):
        peer.pass_days(1)
        peer.answer()


def test_a_sound_package_is_entered_once_and_answered_by_plan(tmp_path: Path) -> None:
    put(tmp_path, "2026070001", [1, 2, 3, 4])
    outcomes = {"A-1": "paid", "A-2": "partial", "A-3": "refused", "A-4": "supplement"}
    with open_at(tmp_path, outcomes) as peer:
        assert peer.step() == 1
        assert result(tmp_path) == ["UP00000001", "0"]
        assert peer.enter() == 0
        run_days(peer, 25)
        assert peer.status()["planned"] == 0
    kinds = [one.get("kind") for one in documents(tmp_path)]
    assert kinds == ["receipt", "supplement", "decision", "payment"]
    decided = {one.get("statement-no"): one for one in documents(tmp_path)[2].iter("claim")}
    assert [decided[f"0000{n}"].get("decided") for n in (1, 2, 3)] == ["3000", "1000", "0"]
    denied = [line for line in decided["00002"].iter("line") if line.get("decision") == "deny"]
    assert [line.get("item-no") for line in denied] == ["2"]


def test_every_notice_it_writes_keeps_the_vocabulary(tmp_path: Path) -> None:
    put(tmp_path, "2026070001", [1, 2, 3])
    with open_at(tmp_path, {"A-1": "paid", "A-2": "extended", "A-3": "supplement"}) as peer:
        peer.step()
        run_days(peer, 30)
    kinds = [parse(path.read_bytes()).kind for path in sorted((tmp_path / "out").glob("*.xml"))]
    assert set(kinds) == {"receipt", "supplement", "extension", "decision", "payment"}


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda place: (place / "paper.pdf").write_bytes(b"other"), "not the file that was listed"),
        (lambda place: (place / "paper.pdf").unlink(), "paper.pdf is missing"),
        (lambda place: (place / "files.csv").unlink(), "files.csv is missing"),
        (lambda place: (place / "claim.xml").write_text("<package", encoding="ascii"), "not XML"),
    ],
)
def test_a_broken_package_is_refused_with_the_reason_in_its_books(tmp_path: Path, spoil, words: str) -> None:  # type: ignore[no-untyped-def]
    spoil(put(tmp_path, "2026070001", [1]))
    with open_at(tmp_path) as peer:
        peer.step()
        assert result(tmp_path)[1] == "-1"
        assert words in peer.status()["problems"][0]["text"]
        run_days(peer, 5)
    assert documents(tmp_path) == []


def test_sums_that_do_not_add_up_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "2026070001", [1], total=9)
    with open_at(tmp_path) as peer:
        peer.step()
        assert "do not add up" in peer.status()["problems"][0]["text"]


def test_the_same_receipt_again_is_a_complaint_unless_papers_were_asked_for(tmp_path: Path) -> None:
    outcomes = {"A-1": "paid"}
    put(tmp_path, "2026070001", [1])
    with open_at(tmp_path, outcomes) as peer:
        peer.step()
        (tmp_path / "upload" / "UploadResult.txt").unlink()
        shutil.move(tmp_path / "upload" / "GJ-2026070001", tmp_path / "gone")
        put(tmp_path, "2026070002", [1])
        peer.step()
        assert [one["token"] for one in peer.status()["complaints"]] == ["GJ-2026070002"]


def test_books_and_day_survive_a_restart(tmp_path: Path) -> None:
    put(tmp_path, "2026070001", [1])
    with open_at(tmp_path, {"A-1": "paid"}) as peer:
        peer.step()
        run_days(peer, 1)
    with Association(tmp_path, today=TODAY) as peer:
        assert peer.today == date(2026, 7, 7)
        assert peer.step() == 0
        run_days(peer, 12)
    assert [one.get("kind") for one in documents(tmp_path)] == ["receipt", "decision", "payment"]


def test_the_same_seed_plays_the_same_answers(tmp_path: Path) -> None:
    told = []
    for name in ("one", "two"):
        folder = tmp_path / name
        put(folder, "2026070001", list(range(1, 30)))
        with Association(folder, seed=5, today=TODAY) as peer:
            peer.step()
            told.append([one["outcome"] for one in peer.status()["claims"]])
    assert told[0] == told[1]
    assert len(set(told[0])) > 1


def test_a_script_with_an_unknown_word_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="maybe"):
        Association(tmp_path, script='[outcomes]\n"A-1" = "maybe"')


def test_the_command_line_plays_a_day_and_shows_the_books(tmp_path: Path) -> None:
    put(tmp_path, "2026070001", [1])
    runner = CliRunner()
    base = ["simulate", "school", "--folder", str(tmp_path), "--today", "2026-07-06"]
    assert runner.invoke(app, base).exit_code == 0
    assert runner.invoke(app, [*base, "--days", "1"]).exit_code == 0
    shown = runner.invoke(app, [*base, "--status", "--json"])
    assert json.loads(shown.stdout)["packages"][0]["receipt_no"] == "0000001"
