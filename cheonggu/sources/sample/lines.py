"""Care lines (진료내역) and outside prescriptions (처방내역) of the sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cheonggu.sources.sample.amounts import line_amounts
from cheonggu.sources.sample.calendar import day_number
from cheonggu.sources.sample.codes import GENERAL, HI, KOREAN, PLACES, WARD, Items
from cheonggu.sources.sample.draw import (
    Bools,
    Ints,
    chance,
    choose,
    coprime_steps,
    expand,
    rank_within,
    rotate,
)
from cheonggu.sources.sample.visits import Statements

MAX_LINES = 15
LINE_WEIGHTS = np.array([0.78**further for further in range(MAX_LINES)])  # of lines beyond the first
NIGHT_PER_CENT = 130
DOSES = np.array([5_000, 10_000, 12_500, 20_000])  # ten-thousandths
NOT_IN_TOTAL_1 = ("U",)
ADDITION_PER_CENT = 10  # of a general hospital since 2024; clinics have none


@dataclass
class Lines:
    """One entry per line, in order of statement; ``statement`` is an index."""

    statement: Ints
    seq: Ints
    item: Ints
    unit_price: Ints  # hundredths of a won
    daily_qty: Ints  # hundredths
    total_days: Ints
    dose_qty: Ints  # ten-thousandths, 0 unless a drug of conventional medicine
    amount: Ints
    is_night: Bools
    doctor: Ints  # -1 where nobody is named

    def keep(self, rows: Bools) -> None:
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(self, name)[rows])


@dataclass
class Extras:
    """Which statements carry something rare, and since it decides their days: the medication days."""

    has_injection: Bools
    has_herb: Bools
    has_ct: Bools
    has_full_copay: Bools
    medication_days: Ints


def choose_extras(random: np.random.Generator, statements: Statements) -> Extras:
    """In-house drugs only for health insurance, where they change no flat amount; CT only for outpatients."""
    count, place = statements.count, statements.place
    is_hi = statements.payer == HI
    injection = is_hi & (
        chance(random, 0.04, count) & (place < WARD) | chance(random, 0.6, count) & (place == WARD)
    )
    herb = is_hi & (place == KOREAN) & chance(random, 0.15, count)
    longest = np.select([place == WARD, place == KOREAN], [statements.stay_days - 1, 5], 1)
    return Extras(
        has_injection=injection,
        has_herb=herb,
        has_ct=is_hi & (place == GENERAL) & (statements.age >= 18) & chance(random, 0.03, count),
        has_full_copay=is_hi & (place < WARD) & (statements.age >= 18) & chance(random, 0.01, count),
        medication_days=1 + (random.random(count) * np.maximum(longest, 1)).astype(np.int64),
    )


def make_lines(random: np.random.Generator, statements: Statements, extras: Extras, items: Items) -> Lines:
    """A first line (consultation or room), ordinary items without repetition, then the rare ones."""
    rare = [
        ("injection", extras.has_injection),
        ("herb", extras.has_herb),
        ("ct", extras.has_ct),
        ("full", extras.has_full_copay),
    ]
    rare_count = np.sum([has for _, has in rare], axis=0)
    ordinary = choose(random, LINE_WEIGHTS, statements.count) + 3 * statements.is_inpatient
    ordinary = np.minimum(ordinary, MAX_LINES - 1 - rare_count)
    owner, seq = expand(1 + ordinary + rare_count)
    item = _ordinary_items(random, statements, items, owner, seq)
    is_first = seq == 0
    item[is_first] = _first_items(statements, items)
    from_end = (1 + ordinary)[owner]
    for use, has in rare:
        rows = (seq == from_end) & has[owner]
        item[rows] = _some_item(random, items, use, statements.place[owner[rows]])
        from_end = from_end + has[owner]
    return _priced(random, statements, extras, items, owner, seq, item)


def _ordinary_items(
    random: np.random.Generator, statements: Statements, items: Items, owner: Ints, seq: Ints
) -> Ints:
    item = np.zeros(len(owner), np.int64)
    for place in range(len(PLACES)):
        pool = items.pool("item", place)
        mine = np.flatnonzero(statements.place == place)
        start, step = np.zeros((2, statements.count), np.int64)
        start[mine] = random.integers(0, len(pool), len(mine))
        step[mine] = coprime_steps(random, len(pool), len(mine))
        rows = np.flatnonzero(statements.place[owner] == place)
        who = owner[rows]
        item[rows] = pool[rotate(start[who], step[who], seq[rows], len(pool))]
    return item


def _first_items(statements: Statements, items: Items) -> Ints:
    first = np.zeros(statements.count, np.int64)
    for place in range(len(PLACES)):
        mine = statements.place == place
        if place == WARD:
            first[mine] = items.pool("room", place)[0]
        else:
            pair = [items.pool(use, place)[0] for use in ("follow", "first")]
            first[mine] = np.where(statements.is_first_visit[mine], pair[1], pair[0])
    return first


def _some_item(random: np.random.Generator, items: Items, use: str, place: Ints) -> Ints:
    chosen = np.zeros(len(place), np.int64)
    for one in np.unique(place):
        pool, rows = items.pool(use, int(one)), place == one
        chosen[rows] = pool[random.integers(0, len(pool), int(rows.sum()))]
    return chosen


def _priced(
    random: np.random.Generator,
    statements: Statements,
    extras: Extras,
    items: Items,
    owner: Ints,
    seq: Ints,
    item: Ints,
) -> Lines:
    count = len(owner)
    use = np.array(items.use)[item]
    is_drug, is_herb = use == "injection", use == "herb"
    is_medicine = is_drug | is_herb
    is_night = (seq == 0) & statements.is_night[owner]
    price = items.price_won[item] * 100
    price = np.where(is_night, night_price(price), price)
    stay = statements.stay_days[owner]
    is_ward_item = (use == "item") & (stay > 1)
    days = np.where(is_ward_item, 1 + (random.random(count) * stay).astype(np.int64), 1)
    days = np.where(is_medicine, extras.medication_days[owner], np.where(use == "room", stay, days))
    is_twice = (is_drug & chance(random, 0.3, count)) | (is_ward_item & chance(random, 0.1, count))
    quantity = np.where(is_twice, 200, 100)
    dose = np.where(is_drug, DOSES[random.integers(0, len(DOSES), count)], 0)
    named = (seq == 0) & (use != "room")
    return Lines(
        statement=owner,
        seq=seq + 1,
        item=item,
        unit_price=price,
        daily_qty=quantity,
        total_days=days,
        dose_qty=dose,
        amount=line_amounts(price, quantity, days, dose),
        is_night=is_night,
        doctor=np.where(named, statements.doctor[owner], -1),
    )


def night_price(price: Ints) -> Ints:
    """A fee with the night addition, rounded half up to 10 won again (hundredths of a won)."""
    added: Ints = (price * NIGHT_PER_CENT // 100 + 500) // 1_000 * 1_000
    return added


def type_additions(lines: Lines, items: Items, statements: Statements) -> Ints:
    """Provider-type addition (종별가산) per statement in won: each section rounded half up to 1 won on its own."""
    total = np.zeros(statements.count, np.int64)
    hang = np.array(items.hang)[lines.item]
    mine = items.has_addition[lines.item] & np.isin(statements.place, (GENERAL, WARD))[lines.statement]
    for section in np.unique(hang[mine]):
        base = np.zeros(statements.count, np.int64)
        here = mine & (hang == section)
        np.add.at(base, lines.statement[here], lines.amount[here])
        total += (base * ADDITION_PER_CENT + 50) // 100
    return total


def sum_by_statement(lines: Lines, items: Items, count: int) -> tuple[Ints, Ints]:
    """Per statement: sections in total 1, section U (won)."""
    hang = np.array(items.hang)[lines.item]
    starts = np.flatnonzero(np.r_[True, np.diff(lines.statement) != 0])
    assert len(starts) == count, "every statement has lines at this point"

    def add_up(rows: Bools) -> Ints:
        total: Ints = np.add.reduceat(np.where(rows, lines.amount, 0), starts)
        return total

    return (
        add_up(~np.isin(hang, NOT_IN_TOTAL_1)),
        add_up(np.isin(hang, NOT_IN_TOTAL_1)),
    )


@dataclass
class Prescriptions:
    """One entry per prescribed drug. ``day`` (CCYYMMDD) and ``serial`` make the number (처방전발급번호)."""

    statement: Ints
    day: Ints
    serial: Ints
    seq: Ints
    days: Ints
    item: Ints
    dose_qty: Ints
    daily_times: Ints


def make_prescriptions(random: np.random.Generator, statements: Statements, items: Items) -> Prescriptions:
    """One outside prescription of one to four drugs for a third of the medical outpatients."""
    has = (statements.place < WARD) & chance(random, 0.35, statements.count)
    chosen = np.flatnonzero(has)
    # Numbered from 1 per provider and day; the number is used once.
    serial = 1 + rank_within(statements.provider[chosen] * 10**6 + statements.care_from[chosen])
    owner, place = expand(random.integers(1, 5, len(chosen)))
    who = chosen[owner]
    pool = items.pool("drug", GENERAL)
    start = random.integers(0, len(pool), len(chosen))[owner]
    step = coprime_steps(random, len(pool), len(chosen))[owner]
    length = np.array([3, 5, 7, 14, 28])[random.integers(0, 5, len(chosen))]
    return Prescriptions(
        statement=who,
        day=day_number(statements.care_from[who]),
        serial=serial[owner],
        seq=place + 1,
        days=length[owner],
        item=pool[rotate(start, step, place, len(pool))],
        dose_qty=DOSES[random.integers(0, len(DOSES), len(who))],
        daily_times=random.integers(1, 4, len(who)),
    )
