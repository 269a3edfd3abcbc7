"""Every won is explained: random orders of random notices against a book kept by hand beside the ledger."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.compute as pc
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from cheonggu.cli import app
from cheonggu.ledger import Claim, Ledger
from cheonggu.ledger.reconciliation import PARTS
from cheonggu.notices import Notice
from tests.ledger.ledger_builders import (
    CLAIMED,
    PROVIDER,
    SCHEME,
    SECRET,
    hand_off,
    open_at,
    receipt,
    receipt_notice,
    review,
    review_notice,
    sum_up,
    take,
)
from tests.ledger.money_builders import (
    CUT,
    DUE,
    decide,
    paid,
    payment_notice,
    settled,
    settlement_notice,
)

MIXED = {"00002": "adjusted", "00003": "impossible"}
SHARES = {"accepted": CLAIMED, "adjusted": CLAIMED - CUT, "impossible": 0, "held": 0}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_at(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        yield ledger


def items(ledger: Ledger) -> list[tuple[str, str | None, int]]:
    found = ledger.reconcile(SCHEME)
    assert found.problems == ()
    assert all(row["why_ko"] and row["why_en"] for row in found.items.to_pylist())
    return [(row["kind"], row["statement_no"], row["amount"]) for row in found.items.to_pylist()]


def test_a_claim_without_an_answer_is_open_as_a_whole(ledger: Ledger) -> None:
    hand_off(ledger, "b1", 2)
    assert items(ledger) == [("undecided", "00001", CLAIMED), ("undecided", "00002", CLAIMED)]


def test_cuts_go_to_the_line_and_the_rest_is_unpaid(ledger: Ledger) -> None:
    decide(ledger, MIXED)
    assert items(ledger) == [
        ("unpaid", "00001", CLAIMED),
        ("unpaid", "00002", CLAIMED - CUT),
        ("impossible", "00003", CLAIMED),
    ]
    lines = ledger.reconcile(SCHEME).lines.to_pylist()
    assert [(row["statement_no"], row["code"], row["payer_cut"]) for row in lines] == [
        ("00002", "16", CUT),
        ("00003", "16", CLAIMED),
    ]


def test_a_cut_over_several_lines_is_spread_to_the_won(ledger: Ledger) -> None:
    claim = hand_off(ledger, "b1")
    content = review(claim, {"00002": "adjusted"})
    row = content.findings.to_pylist()[0]
    rows = [row | {"line_no": place, "amount": won} for place, won in ((1, 100), (2, 300), (3, 333))]
    object.__setattr__(
        content, "findings", content.findings.from_pylist(rows, schema=content.findings.schema)
    )
    take(ledger, review_notice("V1", content))
    lines = [one for one in ledger.reconcile(SCHEME).lines.to_pylist() if one["statement_no"] == "00002"]
    assert [one["gross_cut"] for one in lines] == [100, 300, 333]
    assert [one["payer_cut"] for one in lines] == [69, 209, 232]


def test_part_payments_advances_and_deductions_are_listed(ledger: Ledger) -> None:
    decide(ledger, MIXED)
    advance = paid(5_000, "advance")
    part = paid(9_000, deductions={"advance": 4_000, "recovery-a": 30, "income-tax": 5})
    take(ledger, payment_notice("P1", advance, part, paid(7, number="7777777")))
    found = items(ledger)
    assert ("part-paid", "00001", CLAIMED) in found
    assert ("payment-not-given", None, -9_000) in found
    assert ("advance", None, 1_000) in found
    assert ("deduction:recovery-a", None, -30) in found
    assert ("payment-unmatched", None, 7) in found
    (claim,) = ledger.reconcile(SCHEME).claims.to_pylist()
    assert (claim["paid"], claim["open"]) == (9_000, DUE - 9_000)


def test_settled_differences_are_due_in_both_directions(ledger: Ledger) -> None:
    claim = decide(ledger, MIXED)
    take(ledger, payment_notice("P1", paid(DUE)))
    changes = {"00001": (CLAIMED, CLAIMED - 40), "00002": (CLAIMED - CUT, CLAIMED)}
    take(ledger, settlement_notice("S1", settled(claim, changes)))
    assert items(ledger) == [
        ("recovery-due", "00001", -40),
        ("difference-due", "00002", CUT),
        ("impossible", "00003", CLAIMED),
    ]


def test_returned_claims_are_not_in_it(ledger: Ledger) -> None:
    claim = hand_off(ledger, "b1")
    take(ledger, receipt_notice("R1", receipt(claim, result="returned")))
    assert ledger.reconcile(SCHEME).sums()["claims"] == 0


def test_an_edited_amount_is_unexplained(ledger: Ledger) -> None:
    claim = decide(ledger, MIXED)
    with ledger._engine.begin() as connection:
        connection.execute(
            text("UPDATE decision SET claimed_amount = claimed_amount - 1 WHERE statement_no = '00002'")
        )
    (problem,) = ledger.reconcile(SCHEME).problems[:1]
    assert (problem.code, problem.where.split()[1]) == ("unexplained", claim.claim_no)


@dataclass
class Book:
    """What a clerk would have written down about one claim of ``count`` statements."""

    claim: Claim
    count: int
    decided: dict[str, str] = field(default_factory=dict)
    differences: dict[str, int] = field(default_factory=dict)
    paid: int = 0
    advanced: int = 0

    @property
    def serials(self) -> list[str]:
        return [f"{number:05d}" for number in range(1, self.count + 1)]

    def share(self, serial: str) -> int:
        return SHARES[self.decided[serial]] if serial in self.decided else 0

    def due(self) -> int:
        return sum(self.share(one) + self.differences.get(one, 0) for one in self.serials)


class Clerk:
    """Draws notices that a payer could send next, and keeps the book."""

    def __init__(self, chance: random.Random, book: Book) -> None:
        self.chance, self.book, self.count = chance, book, 0

    def next_notice(self) -> Notice:
        self.count += 1
        book = self.book
        held = [one for one, outcome in book.decided.items() if outcome == "held"]
        drawn = ["advance", "pay", "pay", "settle", "settle"] if book.decided else ["review"]
        kind = self.chance.choice([*drawn, *(["again"] if held else [])])
        return getattr(self, f"_{kind}")(f"N{self.count}", held)  # type: ignore[no-any-return]

    def _review(self, number: str, _: list[str]) -> Notice:
        outcomes = self._draw(self.book.serials, ["accepted", "adjusted", "impossible", "held"])
        self.book.decided |= outcomes
        return review_notice(number, review(self.book.claim, outcomes, complete=True))

    def _again(self, number: str, held: list[str]) -> Notice:
        outcomes = self._draw(held, ["accepted", "adjusted", "impossible"])
        self.book.decided |= outcomes
        totals = sum_up(self.book.claim, outcomes, only_listed=True)
        rounded = f"202608{self.count:02d}"
        return review_notice(number, review(self.book.claim, outcomes, review_round=rounded, totals=totals))

    def _settle(self, number: str, _: list[str]) -> Notice:
        serial = self.chance.choice(self.book.serials)
        before = self.book.share(serial) + self.book.differences.get(serial, 0)
        after = self.chance.choice([before + self.chance.randrange(1, 900), max(0, before - 300), 0])
        self.book.differences[serial] = self.book.differences.get(serial, 0) + after - before
        changes = {serial: (before, after)}
        return settlement_notice(number, settled(self.book.claim, changes, settle_round=f"S{self.count}"))

    def _pay(self, number: str, _: list[str]) -> Notice:
        rest = max(0, self.book.due() - self.book.paid)
        won = self.chance.choice([rest, rest // 2, self.chance.randrange(0, 5_000)])
        kind = self.chance.choice(["final", "final", "settlement"])
        self.book.paid += won
        short = self.chance.choice([0, 0, won // 3])
        self.book.paid -= short
        return payment_notice(number, paid(won, kind, deductions={"short-deposit": short, "income-tax": 3}))

    def _advance(self, number: str, _: list[str]) -> Notice:
        self.book.advanced += 1_000
        return payment_notice(number, paid(1_000, "advance"))

    def _draw(self, serials: list[str], outcomes: list[str]) -> dict[str, str]:
        return {one: self.chance.choice(outcomes) for one in serials}


def check_book(ledger: Ledger, book: Book) -> None:
    found = ledger.reconcile(SCHEME)
    assert found.problems == ()
    (claim,) = found.claims.to_pylist()
    assert claim["claimed"] == book.count * CLAIMED == sum(claim[name] for name in PARTS)
    assert claim["decided"] == sum(map(book.share, book.serials))
    assert claim["settled_difference"] == sum(book.differences.values())
    assert (claim["paid"], claim["advanced"]) == (book.paid, book.advanced)
    assert claim["decided"] + claim["settled_difference"] == claim["paid"] + claim["open"]
    rows = found.statements.to_pylist()
    for row in rows:
        assert row["claimed"] == sum(row[name] for name in PARTS)
        assert row["decided"] == book.share(row["statement_no"])
        assert row["settled_difference"] == book.differences.get(row["statement_no"], 0)
        assert row["decided"] + row["settled_difference"] == row["paid"] + row["open"]
        assert row["state"] != "PAID" or row["paid"] >= row["decided"] or row["open"] == 0
    assert sum(row["open"] for row in rows) - claim["not_given"] == claim["open"]
    money = ("unpaid", "part-paid", "difference-due", "recovery-due", "payment-not-given")
    listed = sum(row["amount"] for row in found.items.to_pylist() if row["kind"] in money)
    assert listed == claim["open"]  # whatever is open is listed, to the won
    cut = pc.sum(found.lines["payer_cut"]).as_py() or 0
    assert cut == claim["adjusted"] + claim["impossible"] + claim["held"]


def play(folder: Path, seed: int) -> None:
    """A claim's life of random notices, each delivered now and then a second time."""
    chance = random.Random(seed)
    with open_at(f"sqlite:///{folder / f'{seed}.db'}") as ledger:
        count = chance.randrange(1, 5)
        claim = hand_off(ledger, "b1", count)
        if chance.random() < 0.7:  # else the receipt is lost and the result supplies its number
            take(ledger, receipt_notice("R1", receipt(claim)))
        clerk, sent = Clerk(chance, Book(claim, count)), []
        for _ in range(chance.randrange(1, 9)):
            sent.append(clerk.next_notice())
            take(ledger, sent[-1])
            if chance.random() < 0.3:
                assert take(ledger, chance.choice(sent)).status == "same"
            check_book(ledger, clerk.book)
        assert ledger.verify() == []


@pytest.mark.parametrize("seed", range(8))
def test_random_notices_leave_no_won_unexplained(tmp_path: Path, seed: int) -> None:
    play(tmp_path, seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1_000, 1_300))
def test_many_random_notices_leave_no_won_unexplained(tmp_path: Path, seed: int) -> None:
    play(tmp_path, seed)


def test_the_command_shows_sums_items_and_writes_a_book(tmp_path: Path) -> None:
    with open_at(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        decide(ledger, MIXED)
    (tmp_path / "ledger.key").write_bytes(SECRET)
    options = ["--ledger", f"sqlite:///{tmp_path / 'ledger.db'}", "--key-file", str(tmp_path / "ledger.key")]
    shown = CliRunner().invoke(app, ["ledger", "reconcile", *options, "--xlsx", str(tmp_path / "out.xlsx")])
    assert shown.exit_code == 0
    for words in ("심사조정", "unpaid", "결정되었으나 지급 통보가 없습니다", f"{3 * CLAIMED:,}"):
        assert words in shown.output
    assert (tmp_path / "out.xlsx").read_bytes()[:2] == b"PK"
    chosen = ["--provider", PROVIDER, "--from", "202601", "--to", "202604", "--json"]
    nothing = CliRunner().invoke(app, ["ledger", "reconcile", *options, *chosen])
    assert '"claims": 0' in nothing.output
