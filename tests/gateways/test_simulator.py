"""The simulated counterpart step by step: examine, send, answer, its books, crashes, the command line."""

from __future__ import annotations

import ast
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import cheonggu
from cheonggu.commands.simulate import app
from cheonggu.errors import SiteError, StateError, UsageError
from cheonggu.gateways.simulator import HiraSimulator
from cheonggu.gateways.simulator_books import Books
from cheonggu.gateways.simulator_sam import SamTables
from cheonggu.notices import Notice
from cheonggu.schemes.hira.notices import parse
from tests.gateways.simulator_sets import make_set, place, visits

TODAY = date(2026, 6, 3)
TOMORROW = TODAY + timedelta(days=1)


def play(client: Path, day: date = TODAY, **settings: Any) -> int:
    with HiraSimulator(client, today=day, **settings) as simulator:
        return simulator.step()


def books(client: Path, **settings: Any) -> dict[str, Any]:
    with HiraSimulator(client, today=TODAY) as simulator:
        return simulator.status(**settings)


def result(client: Path) -> list[str]:
    return (client / "in" / "ExamResult.txt").read_bytes().decode("cp949").split("\r\n")


def notices(client: Path) -> list[Notice]:
    return [parse(path.read_bytes()) for path in sorted((client / "out").glob("*.xml"))]


@pytest.mark.parametrize("kind", ["medical_dental", "korean_medicine"])
def test_a_claim_is_examined_sent_received_and_reviewed_the_next_day(kind: str, tmp_path: Path) -> None:
    place(tmp_path, make_set(visits(5), kind=kind))
    assert play(tmp_path) == 3
    document_id, status, end = result(tmp_path)
    assert (len(document_id), document_id[:3], status, end) == (11, "DMD", "0", "")
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["ExamResult.txt"]
    (receipt,) = notices(tmp_path)[0].receipts
    assert (receipt.result, receipt.claim_no, receipt.statement_count) == ("received", "2026050001", 5)
    assert receipt.claimed_amount == 50400
    assert play(tmp_path, TOMORROW) == 1
    review = notices(tmp_path)[1].review
    assert review is not None
    assert (review.claim_no, review.receipt_no, review.review_round) == (
        "2026050001",
        receipt.receipt_no,
        "20260601",
    )
    claim = books(tmp_path)["claims"][0]
    assert (claim["receipt_no"], claim["claimed_amount"]) == (receipt.receipt_no, 50400)
    assert claim["decided_amount"] == review.totals.decided_amount


def test_the_same_seed_says_the_same_and_another_seed_something_else(tmp_path: Path) -> None:
    def says(name: str, seed: int) -> dict[str, bytes]:
        client = tmp_path / name
        place(client, make_set(visits(200)))
        play(client, seed=seed)
        play(client, TOMORROW)
        return {path.name: path.read_bytes() for path in (client / "out").glob("*.xml")}

    assert says("a", 7) == says("b", 7)
    assert says("c", 8) != says("a2", 7)


def test_by_default_most_is_accepted_and_some_adjusted_or_impossible(tmp_path: Path) -> None:
    place(tmp_path, make_set(visits(1000)))
    play(tmp_path, seed=3)
    play(tmp_path, TOMORROW)
    outcomes = books(tmp_path)["claims"][0]["outcomes"]
    assert set(outcomes) == {"accepted", "adjusted", "impossible"}
    assert 20 < outcomes["adjusted"] < 70
    assert 5 < outcomes["impossible"] < 45
    assert books(tmp_path)["complaints"] == []


def test_without_automatic_login_a_claim_waits_in_the_outbox(tmp_path: Path) -> None:
    place(tmp_path, make_set(visits(1)))
    play(tmp_path, auto_login=False)
    (document,) = books(tmp_path)["documents"]
    assert (document["outbox"], notices(tmp_path)) == ("waiting", [])
    with HiraSimulator(tmp_path, today=TODAY) as simulator:
        assert simulator.send(document["document_id"]) == 1
        with pytest.raises(StateError):
            simulator.send(document["document_id"])
        assert simulator.answer("receipt") == 1


def test_a_deleted_document_is_never_sent(tmp_path: Path) -> None:
    place(tmp_path, make_set(visits(1)))
    play(tmp_path, auto_login=False)
    with HiraSimulator(tmp_path, today=TODAY) as simulator:
        simulator.delete(result(tmp_path)[0])
        assert simulator.send() == 0
        with pytest.raises(StateError):
            simulator.delete("DMD00000000")
    assert books(tmp_path)["claims"] == []


def test_a_refused_set_is_not_registered_for_sending(tmp_path: Path) -> None:
    place(tmp_path, make_set(visits(1), statement_count=2))
    play(tmp_path)
    assert result(tmp_path)[1] == "-1"
    (document,) = books(tmp_path)["documents"]
    assert (document["outbox"], document["problems"][0]["code"]) == ("refused", "09-03")
    assert books(tmp_path)["claims"] == []


def test_a_claimable_set_with_errors_is_sent(tmp_path: Path) -> None:
    place(tmp_path, make_set(visits(1, changed={"treatment_result": ""})))
    play(tmp_path)
    assert result(tmp_path)[1] == "1"
    assert len(books(tmp_path)["claims"]) == 1


def test_nothing_is_touched_before_the_marker_is_there(tmp_path: Path) -> None:
    place(tmp_path, make_set(visits(1)))
    (tmp_path / "in" / "MEDLOG.ENC").unlink()
    assert play(tmp_path) == 0
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["2026050001.GHP"]


def test_an_old_result_is_removed_before_the_next_set_is_examined(tmp_path: Path) -> None:
    place(tmp_path, make_set(visits(1)))
    play(tmp_path)
    old = result(tmp_path)[0]
    place(tmp_path, make_set(visits(1, day="20260511"), claim_no="2026050002"))
    play(tmp_path)
    assert result(tmp_path)[0] != old


def test_a_forced_answer_does_not_wait_for_its_day(tmp_path: Path) -> None:
    place(tmp_path, make_set(visits(1)))
    play(tmp_path)
    with HiraSimulator(tmp_path, today=TODAY) as simulator:
        assert simulator.answer() == 0
        assert simulator.answer("review") == 1
        assert simulator.answer("review") == 0


def test_the_books_hold_no_patient(tmp_path: Path) -> None:
    place(tmp_path, make_set(visits(2)))
    play(tmp_path)
    stored = b"".join(path.read_bytes() for path in (tmp_path / "simulator").glob("books.db*"))
    for secret in (b"9001011200001", "홍길순".encode(), "홍길순".encode("cp949")):
        assert secret not in stored


def test_statement_rows_are_told_when_asked_for(tmp_path: Path) -> None:
    place(tmp_path, make_set(visits(2)))
    play(tmp_path)
    play(tmp_path, TOMORROW)
    rows = books(tmp_path, with_statements=True)["statements"]
    assert [(one["claim_no"], one["statement_no"], one["is_held_by_hira"]) for one in rows] == [
        ("2026050001", "00001", 1),
        ("2026050001", "00002", 1),
    ]


class Killed(BaseException):
    """Stands for kill -9 at one instruction."""


def play_two_days(client: Path) -> None:
    play(client, seed=2)
    play(client, TOMORROW)


def play_until_killed(client: Path, instruction: int) -> bool:
    """Play in a child that dies without any clean-up just before its n-th write; False when it ended before."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    count = iter(range(1, 10_000))

    def dying(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            if next(count) == instruction:
                os._exit(9)
            return original(*arguments, **named)

        return call

    for owner, name in ((os, "replace"), (os, "rename"), (Path, "write_bytes"), (Path, "unlink")):
        setattr(owner, name, dying(getattr(owner, name)))
    for name in ("change", "change_many", "insert"):
        setattr(Books, name, dying(getattr(Books, name)))
    try:
        play_two_days(client)
    finally:
        os._exit(0)


def test_killed_at_any_write_it_ends_in_the_same_books_and_notices(tmp_path: Path) -> None:
    def ends(client: Path) -> tuple[dict[str, bytes], dict[str, Any]]:
        files = [path for folder in ("in", "out") for path in (client / folder).iterdir()]
        return {path.name: path.read_bytes() for path in files}, books(client, with_statements=True)

    whole, instruction, killed = tmp_path / "whole", 0, True
    place(whole, make_set(visits(3), kind="korean_medicine"))
    play_two_days(whole)
    while killed:
        instruction += 1
        client = tmp_path / str(instruction)
        place(client, make_set(visits(3), kind="korean_medicine"))
        killed = play_until_killed(client, instruction)
        play_two_days(client)
        assert ends(client) == ends(whole), f"killed at write {instruction}"
    assert instruction > 25


def test_a_crash_in_the_middle_of_moving_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(tmp_path, make_set(visits(2), kind="korean_medicine"))
    moved: list[Path] = []
    real = os.rename

    def rename(source: Path, target: Path) -> None:
        if len(moved) == 2:
            raise Killed
        moved.append(source)
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", rename)
        with pytest.raises(Killed):
            play(tmp_path)
    assert len(list((tmp_path / "in").iterdir())) == 4
    play(tmp_path)
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["ExamResult.txt"]
    assert result(tmp_path)[1] == "0"


def test_a_result_taken_away_before_the_crash_was_noticed_is_not_written_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(tmp_path, make_set(visits(1)))
    real = HiraSimulator._change_state

    def change(self: HiraSimulator, document_id: str, state: str) -> None:
        if state == "answered":
            raise Killed
        real(self, document_id, state)

    with monkeypatch.context() as patch:
        patch.setattr(HiraSimulator, "_change_state", change)
        with pytest.raises(Killed):
            play(tmp_path)
    (tmp_path / "in" / "ExamResult.txt").unlink()
    play(tmp_path)
    assert list((tmp_path / "in").iterdir()) == []


def test_a_watch_stops_on_its_file_on_time_and_when_idle(tmp_path: Path) -> None:
    with HiraSimulator(tmp_path, today=TODAY) as simulator:
        (tmp_path / "simulator" / "stop").touch()
        assert simulator.watch(poll=0.01) == 0
        assert not (tmp_path / "simulator" / "stop").exists()
        assert simulator.watch(seconds=0.05, poll=0.01) == 0
        place(tmp_path, make_set(visits(1)))
        assert simulator.watch(idle_seconds=0.1, poll=0.01) == 3


def test_in_a_watch_on_a_given_day_the_answers_of_later_days_follow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cheonggu.gateways.simulator.DAY_SECONDS", 0.05)
    place(tmp_path, make_set(visits(1)))
    with HiraSimulator(tmp_path, today=TODAY) as simulator:
        simulator.watch(idle_seconds=0.3, poll=0.01)
    receipt, review = notices(tmp_path)
    assert (receipt.issued, review.kind, review.issued) == (TODAY, "review-result", TOMORROW)


def test_two_simulators_on_one_folder_do_everything_once(tmp_path: Path) -> None:
    place(tmp_path, make_set(visits(1)))
    troubles: list[BaseException] = []

    def watch() -> None:
        try:
            with HiraSimulator(tmp_path, today=TODAY) as simulator:
                simulator.watch(poll=0.001)
        except BaseException as error:
            troubles.append(error)

    threads = [threading.Thread(target=watch) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(2, 12):
        wait_for_answer(tmp_path)
        place(tmp_path, make_set(visits(2, day=f"202605{number + 10}"), claim_no=f"20260500{number:02d}"))
    wait_for_answer(tmp_path)
    while any(thread.is_alive() for thread in threads):
        (tmp_path / "simulator" / "stop").touch()
        time.sleep(0.01)
    report = books(tmp_path)
    assert troubles == []
    assert [one["claim_no"] for one in report["claims"]] == [
        f"20260500{number:02d}" for number in range(1, 12)
    ]
    assert report["complaints"] == []
    assert len({one["document_no"] for one in report["notices"]}) == len(report["notices"]) == 11


def wait_for_answer(client: Path) -> None:
    """As the product does: take the result away before the next set is placed."""
    patience = time.monotonic() + 10
    while not (client / "in" / "ExamResult.txt").exists():
        assert time.monotonic() < patience, "no answer"
        time.sleep(0.002)
    (client / "in" / "ExamResult.txt").unlink()


def test_an_unusable_folder_is_a_site_error(tmp_path: Path) -> None:
    (tmp_path / "client").write_text("no folder")
    with pytest.raises(SiteError):
        HiraSimulator(tmp_path / "client")


BAD_SCRIPTS = {
    "no TOML": ("[[", "TOML"),
    "unknown table": ("[colours]", "unknown key 'colours'"),
    "unknown rate": ("[rates]\nrain = 1", "unknown key 'rain'"),
    "unknown outcome": ("[[rule]]\noutcome = 'lost'", "rule 1: outcome 'lost'"),
    "unknown key of a rule": ("[[rule]]\noutcome = 'held'\ncolour = 1", "rule 1 has the unknown key"),
    "code of another table": ("[[rule]]\noutcome = 'return'\ncode = 'B'", "not in return_reason"),
    "unknown second round": ("[[rule]]\noutcome = 'held'\nthen = 'lost'", "then 'lost'"),
}


@pytest.mark.parametrize("bad", BAD_SCRIPTS)
def test_a_wrong_script_is_refused_and_not_kept(bad: str, tmp_path: Path) -> None:
    text, words = BAD_SCRIPTS[bad]
    with pytest.raises(UsageError, match=words):
        HiraSimulator(tmp_path, script=text)
    with HiraSimulator(tmp_path) as simulator:
        assert simulator.script.rules == ()


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["hira", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_command_line_takes_the_steps_one_by_one(tmp_path: Path) -> None:
    place(tmp_path / "client", make_set(visits(2)))
    (tmp_path / "script.toml").write_text("[timing]\nreview_after_days = 2\n", encoding="utf-8")
    client, day = ("--folder", str(tmp_path / "client")), ("--today", "2026-06-03")
    script = ("--script", str(tmp_path / "script.toml"), "--seed", "5")
    assert "점검결과 0" in run(*client, *day, *script, "examine")
    assert "nothing to examine" in run("examine", *client, *day)
    assert "1 claims sent" in run(*client, *day, "send")
    assert "1 notices" in run(*client, *day, "answer")
    assert "0 notices" in run(*client, "--today", "2026-06-04", "answer")
    assert "1 notices" in run(*client, *day, "answer", "--kind", "review")
    report = json.loads(run(*client, *day, "status", "--json", "--statements"))
    assert (report["seed"], len(report["statements"])) == (5, 2)
    assert "2026050001  received" in run(*client, "status")


def test_the_command_line_plays_a_round_or_watches(tmp_path: Path) -> None:
    client, day = ("--folder", str(tmp_path)), ("--today", "2026-06-03")
    place(tmp_path, make_set(visits(2)))
    assert "1 things" in run(*client, *day, "--no-auto-login")
    assert "2 things" in run(*client, *day, "--once")
    assert "0 things" in run(*client, *day, "--watch", "--idle-seconds", "0.1")
    (document,) = json.loads(run("status", *client, "--json"))["documents"]
    assert document["outbox"] == "sent"


def test_the_operator_deletes_an_unsent_document_on_the_command_line(tmp_path: Path) -> None:
    client = ("--folder", str(tmp_path), "--today", "2026-06-03")
    place(tmp_path, make_set(visits(1)))
    run(*client, "examine")
    assert "never sent" in run(*client, "delete", "--document", result(tmp_path)[0])
    assert "no claim was received" in run(*client, "status")


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"],
        ["--folder", "{}", "--today", "2026-6-3"],
        ["--folder", "{}", "--watch", "--once"],
        ["--folder", "{}", "--watch", "status"],
        ["--folder", "{}", "answer", "--kind", "applause"],
        ["--folder", "{}", "--script", "{}/none.toml"],
    ],
)
def test_wrong_use_of_the_command_line_is_a_usage_error(arguments: list[str], tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        CliRunner().invoke(
            app, ["hira", *(one.format(tmp_path) for one in arguments)], catch_exceptions=False
        )


def test_the_simulator_knows_nothing_of_our_code() -> None:
    """It may share the data tables and the errors, nothing else: only then is its reading independent."""
    folder = Path(cheonggu.__file__).parent / "gateways"
    imported = set()
    for path in folder.glob("simulator*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                imported.add(node.module or "")
            elif isinstance(node, ast.Import):
                imported |= {one.name for one in node.names}
    foreign = {one for one in imported if one.split(".")[0] not in sys.stdlib_module_names}
    ours = {one for one in foreign if not one.startswith("cheonggu.gateways.simulator")}
    assert ours == {"cheonggu.errors"}


def test_the_tables_it_reads_are_those_of_the_product() -> None:
    assert {kind for kind, _ in SamTables().records} >= {"medical_dental", "korean_medicine", "drg"}
