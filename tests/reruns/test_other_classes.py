"""Additional, omitted, split and other-payer claims: what starts each, what it carries, what it must not."""

from __future__ import annotations

import csv
import sqlite3
from datetime import date
from pathlib import Path

import pytest

from cheonggu.extraction import extract_due
from cheonggu.site import SITE_VARIABLE, load_site
from cheonggu.sources import open_source
from tests.reruns.rerun_builders import (
    LATER,
    ME,
    change,
    copy_received_month,
    finish,
    hand_off,
    key_of,
    ledger_of,
    plan,
    receive,
    request,
    review,
    sent_claim,
    start,
    state_of,
    wire,
    words,
)
from tests.support import (
    AS_OF,
    CLINIC,
    GENERAL,
    HIRA,
    build_hospital,
    keep_only,
    read_ledger,
    run_until_checked,
    write_site,
)

ADMISSIONS = (
    f"provider_code = '{GENERAL}' AND form_no = 'H020' AND payer_class = '4' AND care_month = '202606'"
)
COLUMNS = (
    "statement_key, provider_code, care_month, line_seq, hang, mok, line_code_type, line_code, unit_price"
)
PICKED = COLUMNS.replace("line_seq", "? AS line_seq").replace("line_code,", "? AS line_code,")
ADD_LINE = f"""INSERT INTO hospital_line ({COLUMNS}, daily_qty, total_days, dose_qty, line_amount, adjust_class,
    license_type, license_no) SELECT {PICKED},
    daily_qty, total_days, dose_qty, line_amount, adjust_class, license_type, license_no
    FROM hospital_line WHERE statement_key = ? AND line_seq = 1"""
RAISE = """UPDATE hospital_statement SET total_benefit_cost_1 = total_benefit_cost_1 + ?,
    total_benefit_cost_2 = total_benefit_cost_2 + ?, claimed_amount = claimed_amount + ? WHERE statement_key = ?"""


@pytest.fixture
def site(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The month's claim, received as 0001234."""
    site = copy_received_month(shared, tmp_path / "site")
    monkeypatch.setenv(SITE_VARIABLE, str(site / "site.toml"))
    return site


def know_item(site: Path, key: str, code: str) -> None:
    """The fee table has an item like the statement's first one under another code."""
    with sqlite3.connect(site / "hospital" / "hospital.db") as connection:
        names = [row[1] for row in connection.execute("PRAGMA table_info(hospital_fee_master)")]
    picked = ", ".join("?" if name == "line_code" else name for name in names)
    first = "(SELECT line_code FROM hospital_line WHERE statement_key = ? AND line_seq = 1)"
    copied = f"SELECT {picked} FROM hospital_fee_master WHERE line_code = {first}"
    change(site, f"INSERT INTO hospital_fee_master ({', '.join(names)}) {copied}", code, key)


def add_line(site: Path, key: str, seq: int, code: str) -> int:
    """The hospital finds an item it had left out, which its fee table holds; gives its amount in won."""
    know_item(site, key, code)
    return charge_line(site, key, seq, code)


def charge_line(site: Path, key: str, seq: int, code: str) -> int:
    """An item more on the statement, like its first one and paid for; gives its amount in won."""
    change(site, ADD_LINE, seq, code, key)
    with sqlite3.connect(site / "hospital" / "hospital.db") as connection:
        won = connection.execute(
            "SELECT line_amount FROM hospital_line WHERE statement_key = ? AND line_seq = ?", (key, seq)
        ).fetchone()[0]
    won = won // 10 * 10
    change(site, RAISE, won, won, won, key)
    return int(won)


def test_an_additional_claim_holds_the_new_lines_only_and_no_days(site: Path) -> None:
    claim = review(site, {"00005": "adjusted"}, "20260701")
    key = key_of(site, claim.claim_no, "00005")
    won = add_line(site, key, 90, "AA222")
    (one,) = plan(site, request("additional")).planned
    assert [(each.view, each.field, each.new) for each in one.changes] == [("line", "row", "added")]
    start(site, request("additional"))
    finish(site)
    records = wire(site, sent_claim(site))
    general, header = records["A"].to_pylist(), records["H"].to_pylist()[0]
    assert header["claim_class"] == "2"
    assert [row["line_code"] for row in records["C"].to_pylist()] == ["AA222"]
    names = ("claim_class", "original_receipt_no", "original_statement_no", "reason_code")
    assert [tuple(row[name] for name in names) for row in general] == [("2", "0001234", "00005", "")]
    assert (general[0]["visit_days"], general[0]["benefit_days"]) == (0, 0)
    assert (general[0]["total_benefit_cost_1"], general[0]["patient_copay"]) == (won, 0)
    receive(site, "0002222")
    assert state_of(site, key) == "ADJUSTED"


def test_an_item_is_added_once_and_the_next_one_after_the_first_is_decided(site: Path) -> None:
    claim = review(site, {}, "20260701")
    key = key_of(site, claim.claim_no, "00005")
    add_line(site, key, 90, "AA222")
    start(site, request("additional"))
    add_line(site, key, 91, "AA223")
    assert words(site, request("additional", statement_keys=(key,))) == ["under_way"]
    finish(site)
    receive(site, "0002222")
    review(site, {}, "20260801")
    start(site, request("additional"))
    finish(site)
    assert [row["line_code"] for row in wire(site, sent_claim(site))["C"].to_pylist()] == ["AA223"]
    assert read_ledger(site, "SELECT round FROM back_reference ORDER BY 1") == [(1,), (2,)]
    receive(site, "0003333")
    review(site, {}, "20260901")
    assert plan(site, request("additional")).planned == ()


def test_an_impossible_addition_is_supplemented_as_an_addition(site: Path) -> None:
    claim = review(site, {}, "20260701")
    key = key_of(site, claim.claim_no, "00005")
    add_line(site, key, 90, "AA222")
    start(site, request("additional"))
    finish(site)
    receive(site, "0002222")
    review(site, {"00001": "16-10"}, "20260801")
    know_item(site, key, "AA254")
    change(
        site, "UPDATE hospital_line SET line_code = 'AA254' WHERE statement_key = ? AND line_seq = 90", key
    )
    start(site, request())
    finish(site)
    records = wire(site, sent_claim(site))
    row = records["A"].to_pylist()[0]
    assert records["H"].to_pylist()[0]["claim_class"] == row["claim_class"] == "2"
    assert (row["original_receipt_no"], row["original_statement_no"], row["reason_code"]) == (
        "0002222",
        "00001",
        "",
    )
    assert [line["line_code"] for line in records["C"].to_pylist()] == ["AA254"]


def test_changed_lines_and_lower_amounts_are_no_addition(site: Path) -> None:
    claim = review(site, {}, "20260701")
    changed, fell, same = (key_of(site, claim.claim_no, number) for number in ("00005", "00006", "00007"))
    change(site, "UPDATE hospital_line SET daily_qty = 200 WHERE statement_key = ?", changed)
    add_line(site, fell, 90, "AA222")
    change(site, "UPDATE hospital_statement SET claimed_amount = 0 WHERE statement_key = ?", fell)
    asked = request("additional", statement_keys=(changed, fell, same))
    assert words(site, asked) == ["sent_lines_changed", "amounts_fell", "nothing_new"]


@pytest.mark.parametrize(("answer", "word"), [("16-10", "impossible"), ("held", "held")])
def test_nothing_is_added_to_an_undecided_statement(site: Path, answer: str, word: str) -> None:
    claim = review(site, {"00005": answer}, "20260701")
    key = key_of(site, claim.claim_no, "00005")
    add_line(site, key, 90, "AA222")
    assert words(site, request("additional", statement_keys=(key,))) == [word]


def test_another_payer_gets_a_new_original_without_references(site: Path) -> None:
    claim = review(site, {"00005": "35-30", "00006": "35-30"}, "20260701")
    key = key_of(site, claim.claim_no, "00005")
    change(
        site,
        "UPDATE hospital_statement SET payer_class = '7', injury_work_class = '0' WHERE statement_key = ?",
        key,
    )
    asked = request("other_payer")
    assert words(site, asked) == ["payer_unchanged"]
    (batch_id,) = start(site, asked).batch_ids
    with ledger_of(site) as ledger:
        batch = next(one for one in ledger.batches(HIRA.name) if one.batch_id == batch_id)
    assert (batch.claim_class, batch.group["payer_class"]) == ("", "7")
    finish(site)
    row = read_ledger(site, "SELECT state FROM statement WHERE statement_key LIKE '~%-o1'")
    assert row in ([("BLOCKED",)], [("IN_FLIGHT",)])


def night(site: Path, day: date = LATER):  # type: ignore[no-untyped-def]
    settings = load_site(site / "site.toml")
    with ledger_of(site) as ledger, open_source(settings.source(HIRA.name).url) as source:
        return extract_due(source, ledger, HIRA, settings, day, ME)


def late_statement(site: Path, new_key: str = "S2600999999") -> str:
    """A statement of the claimed month turns up: a copy of another visit, a day later under another key."""
    claim = sent_claim(site)
    key = key_of(site, claim.claim_no, "00005")
    with sqlite3.connect(site / "hospital" / "hospital.db") as connection:
        for (view,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE name IN ('hospital_statement', 'hospital_diagnosis', 'hospital_line',"
            " 'hospital_eligibility')"
        ).fetchall():
            names = [row[1] for row in connection.execute(f"PRAGMA table_info({view})")]
            picked = [{"statement_key": f"'{new_key}'", "department": "'23'"}.get(one, one) for one in names]
            connection.execute(
                f"INSERT INTO {view} SELECT {', '.join(picked)} FROM {view} WHERE statement_key = ?", (key,)
            )
    return new_key


def test_a_statement_that_missed_its_month_goes_in_a_claim_of_its_own_without_a_code(site: Path) -> None:
    key = late_statement(site)
    taken = night(site)
    assert (taken.statements, taken.omitted) == (1, 1)
    with ledger_of(site) as ledger:
        (batch,) = [one for one in ledger.batches(HIRA.name) if one.batch_id in taken.batch_ids]
    assert (batch.claim_class, batch.group["class_name"]) == ("", "omitted")
    finish(site)
    row = wire(site, sent_claim(site))["A"].to_pylist()[0]
    assert (row["claim_class"], row["original_receipt_no"], row["original_statement_no"]) == ("", "", "")
    assert state_of(site, key) == "IN_FLIGHT"
    assert night(site).statements == 0


def test_where_the_site_says_so_omitted_statements_wait_for_a_person(site: Path) -> None:
    settings = site / "site.toml"
    settings.write_text(
        settings.read_text(encoding="utf-8").replace("[run]", '[run]\nomitted = "on_demand"'),
        encoding="utf-8",
    )
    key = late_statement(site)
    taken = night(site)
    assert (taken.statements, taken.left) == (0, 1)
    assert [one.statement_key for one in plan(site, request("omitted")).planned] == [key]
    assert len(start(site, request("omitted")).batch_ids) == 1
    assert start(site, request("omitted")).batch_ids == ()
    assert state_of(site, key) == "BILLABLE"


def test_omitted_care_past_the_limit_is_never_claimed(site: Path) -> None:
    key = late_statement(site)
    old = "UPDATE hospital_statement SET care_from = '2023-08-31', care_to = '2023-08-31' WHERE statement_key = ?"
    change(site, old, key)
    change(site, "INSERT INTO hospital_closed_day (provider_code, care_on) VALUES (?, '2023-08-31')", CLINIC)
    taken = night(site)
    assert (taken.statements, taken.too_late) == (0, 1)
    assert words(site, request("omitted", statement_keys=(key,))) == ["not_due"]


def make_slices(hospital: Path) -> tuple[str, str]:
    """Two sound admissions of a month become two slices of one; gives their keys."""
    with (hospital / "truth.csv").open(encoding="utf-8", newline="") as stream:
        planted = ", ".join(f"'{row['statement_key']}'" for row in csv.DictReader(stream))
    keep_only(hospital, f"{ADMISSIONS} AND care_field = '3' AND statement_key NOT IN ({planted})")
    same = "patient_key, admission_key"
    with sqlite3.connect(hospital / "hospital.db") as connection:
        query = (
            "SELECT s.statement_key FROM hospital_statement s JOIN hospital_closed_day c "
            "ON c.provider_code = s.provider_code AND c.care_on = s.care_to "
            "WHERE reviewed_on IS NOT NULL ORDER BY s.care_from LIMIT 2"
        )
        first, later = (key for (key,) in connection.execute(query))
        values = ", ".join(
            f"{name} = (SELECT {name} FROM hospital_statement WHERE statement_key = '{first}')"
            for name in same.split(", ")
        )
        (view,) = connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'cheonggu_statement'"
        ).fetchone()
        connection.execute("DROP VIEW cheonggu_statement")
        admitted = "CASE slice_no WHEN 2 THEN '2026-05-01' END AS first_admission_date"
        connection.execute(view.replace("NULL AS first_admission_date", admitted))
        connection.execute(
            f"UPDATE hospital_statement SET {values}, slice_no = 2 WHERE statement_key = ?", (later,)
        )
    return first, later


def test_a_later_slice_waits_for_the_first_ones_receipt_and_refers_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, later = make_slices(build_hospital(tmp_path / "hospital", 600))
    monkeypatch.setenv(SITE_VARIABLE, str(write_site(tmp_path)))
    run_until_checked(tmp_path / "site.toml", AS_OF)
    assert later not in night_keys(tmp_path)
    hand_off(tmp_path)
    assert night(tmp_path, AS_OF).statements == 0
    claim = receive(tmp_path, "0007777")
    taken = night(tmp_path, AS_OF)
    assert taken.statements == 1
    found = read_ledger(
        tmp_path,
        "SELECT claim_class, relation, class_code, round, parent_key, parent_receipt_no FROM back_reference "
        f"WHERE statement_key = '{later}'",
    )
    assert found == [("split", "slice", "3", 2, first, "0007777")]
    with ledger_of(tmp_path) as ledger:
        (batch,) = [one for one in ledger.batches(HIRA.name) if one.batch_id in taken.batch_ids]
        assert ledger.verify() == []
    assert (batch.claim_class, batch.group["class_name"]) == ("", "split")
    finish(tmp_path)
    split = sent_claim(tmp_path)
    assert split.claim_no != claim.claim_no
    records = wire(tmp_path, split)
    row = records["A"].to_pylist()[0]
    assert (records["H"].to_pylist()[0]["claim_class"], row["claim_class"]) == ("", "3")
    assert (row["original_receipt_no"], row["reason_code"]) == ("0007777", "")
    assert row["first_admission_date"] == "20260501"


def night_keys(site: Path) -> set[str]:
    return {key for (key,) in read_ledger(site, "SELECT statement_key FROM statement")}
