"""What accident notices owe: every state and route, the list of the command, and the words of a finding."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from cheonggu.cli import app
from cheonggu.schemes.school_safety.accident_desk import list_notices, next_step
from cheonggu.schemes.school_safety.source import CONTRACT
from cheonggu.schemes.school_safety.states import ACCIDENT_MOVES, AccidentState
from tests.schemes.school_safety import region_night as night

SIGNED = date(2026, 3, 3)
NOTICE = {
    "provider_code": "GJ",
    "accident_no": "A-1",
    "school_code": "S0001",
    "pupil_key": "P-1",
    "accident_on": date(2026, 3, 2),
    "activity_kind": "class",
    "accident_kind": "bodily",
    "vehicle": "none",
    "approval_mode": "online",
    "approved_on": None,
    "notified_on": None,
    "status": "NOT_SENT",
}


def listed(**changed: Any) -> dict[str, Any]:
    rows = [NOTICE | changed]
    (found,) = list_notices(pa.Table.from_pylist(rows, schema=CONTRACT.arrow_schema("accident")))
    return found


@pytest.mark.parametrize(
    ("status", "route", "approved_on", "owes", "word"),
    [
        ("DRAFT", "online", None, "registered", "등록"),
        ("NOT_SENT", "online", None, "head_signed", "온라인으로 서명"),
        ("NOT_SENT", "offline", None, "paper_uploaded", "올리고 통보"),
        ("NOT_SENT", "offline", SIGNED, "notified", "통보를 누르세요"),
        ("SENT", "offline", SIGNED, None, "기다립니다"),
        ("SUPPLEMENT", "online", SIGNED, "corrected", "보완 사유"),
        ("ACCEPTED", "online", SIGNED, None, "할 일이 없습니다"),
        ("NOT_ELIGIBLE", "online", SIGNED, None, "청구할 수 없습니다"),
        ("RETURNED", "offline", SIGNED, "rewritten", "반려 사유"),
    ],
)
def test_the_next_step_of_every_state_and_route(
    status: str, route: str, approved_on: date | None, owes: str | None, word: str
) -> None:
    found = listed(status=status, approval_mode=route, approved_on=approved_on)
    assert (found["state"], found["route"], found["owes"]) == (status, route, owes)
    assert word in found["step_ko"]
    assert found["is_notified"] == (status not in ("DRAFT", "NOT_SENT"))


@pytest.mark.parametrize("status", list(AccidentState))
@pytest.mark.parametrize("route", ["online", "offline"])
@pytest.mark.parametrize("approved_on", [None, SIGNED])
def test_a_step_is_one_of_the_listed_moves(
    status: AccidentState, route: str, approved_on: date | None
) -> None:
    step = next_step({"status": status, "approval_mode": route, "approved_on": approved_on})
    assert step.event is None or ACCIDENT_MOVES.allows(status, step.event)


def test_a_traffic_accident_is_notified_though_not_paid() -> None:
    traffic, other = listed(accident_kind="traffic"), listed()
    assert (traffic["must_notify"], traffic["is_paid_here"], traffic["duty_rule"]) == (True, False, "NT-01")
    assert "자동차보험" in traffic["duty_ko"]
    assert (other["must_notify"], other["is_paid_here"]) == (True, True)


@pytest.mark.parametrize(
    ("column", "value"), [("status", "LOST"), ("status", ""), ("approval_mode", "fax"), ("accident_on", None)]
)
def test_a_row_that_breaks_the_contract_names_its_column_and_nothing_of_it(
    column: str, value: object
) -> None:
    found = listed(**{column: value})
    assert found["odd_field"] == column
    assert not value or value not in found.values()
    assert found["step_ko"].endswith("니다")
    assert "owes" not in found


def test_the_command_lists_every_notice_of_the_source(tmp_path: Path) -> None:
    night.build(tmp_path)
    numbers = [row[0] for row in night.look(tmp_path, "SELECT accident_no FROM cheonggu_accident ORDER BY 1")]
    waiting, odd = numbers[0], numbers[1]
    night.change(
        tmp_path,
        "UPDATE region_accident SET status = 'NOT_SENT', approval_mode = 'offline', accident_kind = 'traffic' "
        "WHERE accident_no = ?",
        waiting,
    )
    night.change(tmp_path, "UPDATE region_accident SET status = 'LOST' WHERE accident_no = ?", odd)
    out = run("--json")
    rows = {row["accident_no"]: row for row in json.loads(out)}
    assert sorted(rows) == numbers
    assert (rows[waiting]["owes"], rows[waiting]["is_paid_here"]) == ("notified", False)
    assert rows[odd]["odd_field"] == "status"
    spoken = {line.split()[0]: line for line in run().splitlines()}
    assert "통보를 누르세요" in spoken[waiting]
    assert "자동차보험" in spoken[waiting]
    assert "status 값을 고치세요" in spoken[odd]
    names = [row[0] for row in night.look(tmp_path, "SELECT pupil_name FROM cheonggu_pupil")]
    assert not any(name in out for name in names)


def run(*more: str) -> str:
    result = CliRunner().invoke(app, ["school", "notices", *more], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout
