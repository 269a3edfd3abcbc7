"""What judgement says of a claim that waits: the notice's next step, the refused channel, the field the form lacks."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from cheonggu.ledger.lines import HISTORY_LINE
from cheonggu.schemes.school_safety import SCHEME
from cheonggu.schemes.school_safety.engine_tables import engine_tables
from cheonggu.schemes.school_safety.files import take_files
from cheonggu.schemes.school_safety.judge import judge
from cheonggu.schemes.school_safety.sample import build_region
from cheonggu.sources import open_source
from tests.schemes.school_safety.region_night import AS_OF, truth

VIEWS = (*SCHEME.views.statement, *SCHEME.views.roster, SCHEME.views.provider)
Row = dict[str, Any]


@cache
def region() -> tuple[dict[str, pa.Table], Path]:
    """A few claims nothing is planted in, and the store of their papers."""
    folder = Path(mkdtemp())
    sample = build_region(folder / "region", claims=60, as_of=AS_OF)
    with open_source(sample.url, SCHEME.views.contract) as source:
        tables = {view: source.read(view) for view in VIEWS}
    planted = pa.array(truth(folder))
    keys = tables["benefit_claim"]["statement_key"]
    keep = keys.filter(pc.invert(pc.is_in(keys, value_set=planted))).slice(0, 6)
    for view in SCHEME.views.statement:
        mine = pc.is_in(tables[view]["statement_key"], value_set=keep)
        tables[view] = tables[view].filter(mine)
    return tables | take_files(tables, folder / "region", folder / "store"), folder / "store"


def judged(view: str, key: str, spoil: Callable[[Row], None], sound: str) -> tuple[str, list[Row]]:
    """Findings of the one claim ``sound`` after a change to the row of ``view`` it points to."""
    tables, store = dict(region()[0]), region()[1]
    claim = next(row for row in tables["benefit_claim"].to_pylist() if row["statement_key"] == sound)
    rows = tables[view].to_pylist()
    for row in rows:
        if row[key] == claim[key]:
            spoil(row)
    tables[view] = pa.Table.from_pylist(rows, schema=tables[view].schema)
    found = judge(tables, {"as_of": AS_OF, "files": store}).to_pylist()
    return sound, [row for row in found if row["statement_key"] == sound]


@cache
def sound_claim() -> str:
    tables, store = region()
    bad = set(judge(tables, {"as_of": AS_OF, "files": store})["statement_key"].to_pylist())
    return next(key for key in tables["benefit_claim"]["statement_key"].to_pylist() if key not in bad)


@pytest.mark.parametrize(
    ("status", "route", "approved", "detail", "ko", "en"),
    [
        ("SENT", "online", True, "SENT 미접수 (online)", "접수를 기다립니다", "wait for the association"),
        ("NOT_SENT", "online", False, "NOT_SENT 미통보 (online)", "온라인으로 서명", "signs on line"),
        ("NOT_SENT", "offline", True, "NOT_SENT 미통보 (offline)", "통보를 누르세요", "press 통보"),
        (
            "NOT_ELIGIBLE",
            "online",
            True,
            "NOT_ELIGIBLE 대상아님",
            "청구할 수 없습니다",
            "nothing can be claimed",
        ),
    ],
)
def test_a_claim_on_an_accident_not_accepted_says_what_its_notice_owes(
    status: str, route: str, approved: bool, detail: str, ko: str, en: str
) -> None:
    def spoil(row: Row) -> None:
        row.update(status=status, approval_mode=route)
        if not approved:
            row["approved_on"] = None

    _, (found,) = judged("accident", "accident_no", spoil, sound_claim())
    assert (found["rule_id"], found["record"], found["field"]) == ("SCH-010", "accident", "status")
    assert detail in found["detail"]
    assert ko in found["fix_ko"]
    assert en in found["fix_en"]


@pytest.mark.parametrize(
    ("channel", "word", "en"),
    [("fax", "팩스", "Fax"), ("email", "전자우편", "E-mail"), ("ordinary_mail", "일반우편", "Ordinary mail")],
)
def test_a_refused_channel_is_named_with_its_reason(channel: str, word: str, en: str) -> None:
    _, (found,) = judged(
        "benefit_claim", "statement_key", lambda row: row.update(channel=channel), sound_claim()
    )
    assert (found["rule_id"], found["record"], found["field"]) == ("SCH-011", "benefit_claim", "channel")
    assert found["detail"].endswith(channel)
    assert word in found["message_ko"]
    assert en in found["message_en"]
    assert "등기우편" in found["fix_ko"]


@pytest.mark.parametrize(
    ("view", "key", "changed", "record", "field", "ko"),
    [
        ("school", "school_code", {"school_name": ""}, "school", "school_name", "학교명"),
        ("benefit_claim", "statement_key", {"account_no": ""}, "benefit_claim", "account_no", "계좌번호"),
        (
            "benefit_claim",
            "statement_key",
            {"claimant_role": "aunt"},
            "benefit_claim",
            "claimant_role",
            "청구자",
        ),
        ("pupil", "pupil_key", {"birth_on": None}, "pupil", "birth_on", "생년월일"),
    ],
)
def test_a_field_the_form_needs_is_named(
    view: str, key: str, changed: Row, record: str, field: str, ko: str
) -> None:
    _, found = judged(view, key, lambda row: row.update(changed), sound_claim())
    (one,) = [row for row in found if row["rule_id"] == "SCH-060"]
    assert (one["record"], one["field"]) == (record, field)
    assert ko in one["message_ko"]
    assert one["detail"] in ("missing", "unknown_code")
    assert one["fix_ko"]


def test_a_claim_without_papers_or_lines_lacks_both_lists_of_the_form() -> None:
    tables, store = dict(region()[0]), region()[1]
    key = sound_claim()
    for view in ("item", "attachment"):
        rows = [row for row in tables[view].to_pylist() if row["statement_key"] != key]
        tables[view] = pa.Table.from_pylist(rows, schema=tables[view].schema)
    found = judge(tables, {"as_of": AS_OF, "files": store}).to_pylist()
    mine = {row["record"] for row in found if row["statement_key"] == key and row["rule_id"] == "SCH-060"}
    assert mine == {"item", "attachment"}


def test_sound_claims_of_the_region_lack_nothing_of_the_form() -> None:
    tables, store = region()
    found = judge(tables, {"as_of": AS_OF, "files": store})["rule_id"].to_pylist()
    assert "SCH-060" not in found


def test_a_decided_line_of_the_ledger_keeps_no_category_of_its_own_making() -> None:
    said = {"receipt_key": "R", "line_no": 1, "name": "크라운", "line_cat": "", "nhi_class": "noncovered"}
    facts = json.dumps(said | {"tooth": "11"})
    line = dict.fromkeys(HISTORY_LINE.names) | {
        "statement_key": "earlier",
        "person_key": "P",
        "case_key": "A",
    }
    line |= {"facts": facts, "claimed_amount": 1, "decided_amount": 1}
    decided = pa.Table.from_pylist([line], schema=HISTORY_LINE)
    history = engine_tables(region()[0], {"as_of": AS_OF, "decided_line": decided})["history"].to_pylist()
    (mine,) = [row for row in history if row["claim_key"] == "earlier"]
    assert (mine["line_cat"], mine["name"], mine["tooth"]) == (None, "크라운", "11")


def test_an_on_line_claim_is_submitted_no_earlier_than_it_is_signed() -> None:
    tables = dict(region()[0])
    key = sound_claim()
    claims = tables["benefit_claim"].to_pylist()
    mine = next(row for row in claims if row["statement_key"] == key)
    signed = mine["registered_on"] + timedelta(days=9)
    mine["channel"] = "online"
    tables["benefit_claim"] = pa.Table.from_pylist(claims, schema=tables["benefit_claim"].schema)
    row = {"statement_key": key, "signed_on": signed, "method": "mobile"}
    tables["signature"] = pa.Table.from_pylist([row], schema=tables["signature"].schema)
    found = engine_tables(tables, {"as_of": AS_OF})["claims"].to_pylist()
    assert {row["claim_key"]: row["submitted_on"] for row in found}[key] == signed
