"""Made-up people: patients with resident numbers and names, doctors, physical therapists.

Nobody here exists. Resident numbers (주민등록번호) are well formed: real day, century digit, and the check digit
where the number was given out before 2020-10 (since then the last digits are random).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.sources.sample.calendar import Calendar, day_number
from cheonggu.sources.sample.codes import PROVIDERS
from cheonggu.sources.sample.draw import Bools, Ints, chance, choose, digits, pick, rank_within

SURNAMES = [*"김이박최정강조윤장임한오서신권황안송류홍전고문양손배백허남", "남궁", "선우", "제갈"]
SYLLABLES = list("가나다라마바사아자차하도로모보소오조주지진준민서연윤은영예유원우현호훈혜희수빈별봄솔")
RARE_SYLLABLES = list("뷁똠펲햏쓩")  # in CP949, not in KS X 1001
NEW_NUMBERS_FROM = int(np.datetime64("2020-10-01", "D").astype(np.int64))
CHECK_WEIGHTS = np.array([2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5])
PATIENTS_PER_DOCTOR_DAY = 25  # the graduated fee (차등수가) falls above 75


@dataclass(frozen=True)
class Patients:
    """One entry per patient; ``birth`` in days, ``digits_13`` the resident number as a matrix of digits."""

    birth: Ints
    is_female: Bools
    rrn: pa.Array
    name: pa.Array
    subscriber: pa.Array
    card_no: pa.Array


def make_patients(random: np.random.Generator, birth: Ints, is_minor: Bools) -> Patients:
    """Patients with the given birthdays; children and some adults are insured through somebody else."""
    count = len(birth)
    is_female = chance(random, 0.52, count)
    names = make_names(random, count)
    is_own = chance(random, 0.6, count) & ~is_minor
    return Patients(
        birth=birth,
        is_female=is_female,
        rrn=resident_numbers(random, birth, is_female),
        name=names,
        subscriber=pc.if_else(pa.array(is_own), names, make_names(random, count)),
        card_no=digits(random.integers(0, 10**10, count), 10, "1"),
    )


def resident_numbers(random: np.random.Generator, birth: Ints, is_female: Bools) -> pa.Array:
    """Thirteen digits, no two alike for one birthday and sex."""
    day = day_number(birth)
    is_2000s = day >= 20_000_101
    lead = 1 + is_female + 2 * is_2000s
    number = np.empty((len(birth), 13), np.int64)
    for place in range(6):
        number[:, place] = day % 1_000_000 // 10 ** (5 - place) % 10
    number[:, 6] = lead
    # A stride prime to 100,000 scatters the ranks, so that neighbours do not look numbered.
    serial = (rank_within(birth * 2 + is_female) * 38_197 + random.integers(0, 100_000)) % 100_000
    for place in range(5):
        number[:, 7 + place] = serial // 10 ** (4 - place) % 10
    check = (11 - number[:, :12] @ CHECK_WEIGHTS % 11) % 10
    number[:, 12] = np.where(birth < NEW_NUMBERS_FROM, check, random.integers(0, 10, len(birth)))
    packed = number @ (10 ** np.arange(12, -1, -1, dtype=np.int64))
    return digits(packed, 13)


def make_names(random: np.random.Generator, count: int) -> pa.Array:
    """Two to four syllables; a few hold a syllable that only CP949 has."""
    surname = pick(SURNAMES, random.integers(0, len(SURNAMES), count))
    first = pick(SYLLABLES, random.integers(0, len(SYLLABLES), count))
    second = pick([*SYLLABLES, ""], choose(random, np.r_[np.ones(len(SYLLABLES)), 2.0], count))
    rare = pick(RARE_SYLLABLES, random.integers(0, len(RARE_SYLLABLES), count))
    first = pc.if_else(pa.array(chance(random, 0.004, count)), rare, first)
    return pc.binary_join_element_wise(surname, first, second, "")


@dataclass(frozen=True)
class Doctors:
    """One entry per doctor; ``works`` is doctor × day of the calendar."""

    provider: Ints
    license_no: Ints
    birth: Ints
    is_part_time: Bools
    hired: Ints
    left: Ints  # 0 while employed
    works: Bools


def make_doctors(random: np.random.Generator, calendar: Calendar, statements: Ints) -> Doctors:
    """Enough doctors for the statements of each provider; the first of each works on every working day."""
    days = max(int(calendar.working.sum()), 1)
    wanted = [
        max(one.doctors, -(-int(count) // (days * PATIENTS_PER_DOCTOR_DAY)))
        for one, count in zip(PROVIDERS, statements, strict=True)
    ]
    provider = np.repeat(np.arange(len(PROVIDERS)), np.array(wanted) + 1)  # and one who has left
    count = len(provider)
    place = rank_within(provider)
    has_left = place == np.array(wanted)[provider]
    is_part_time = (place % 4 == 1) & ~has_left
    weekday = (calendar.all_days + 3) % 7
    works = np.broadcast_to(calendar.working, (count, len(weekday))).copy()
    works &= ~(is_part_time[:, None] & ~np.isin(weekday, (0, 2, 4)))
    works &= ~(chance(random, 0.06, count * len(weekday)).reshape(works.shape) & (place > 0)[:, None])
    works &= ~has_left[:, None]
    return Doctors(
        provider=provider,
        license_no=51_000 + np.arange(count) * 37 + provider * 20_000,
        birth=calendar.first - random.integers(30 * 365, 65 * 365, count),
        is_part_time=is_part_time,
        hired=calendar.first - random.integers(400, 3_000, count),
        left=np.where(has_left, calendar.first - 30, 0),
        works=works,
    )


def leave_days(doctors: Doctors, calendar: Calendar) -> Bools:
    """Doctor × day of the calendar: full-time doctors who are away on a working day."""
    absent: Bools = (
        calendar.working & ~doctors.works & ~doctors.is_part_time[:, None] & (doctors.left == 0)[:, None]
    )
    return absent


def licence_on_leave(doctors: Doctors, calendar: Calendar, day_index: Ints, provider: Ints) -> Ints:
    """The first doctor of the provider who is on leave on each day (index from the calendar's first); 0 for nobody."""
    away = leave_days(doctors, calendar)
    found = np.zeros((len(PROVIDERS), away.shape[1]), np.int64)
    for row in range(len(doctors.provider) - 1, -1, -1):
        found[doctors.provider[row], away[row]] = doctors.license_no[row]
    chosen: Ints = found[provider, day_index]
    return chosen


def doctor_on_duty(random: np.random.Generator, doctors: Doctors, day_index: Ints, provider: Ints) -> Ints:
    """One of the doctors of the provider who work on each day (index from the calendar's first day)."""
    chosen = np.zeros(len(day_index), np.int64)
    for number in range(len(PROVIDERS)):
        mine = np.flatnonzero(doctors.provider == number)
        day, who = np.nonzero(doctors.works[mine].T)
        starts = np.searchsorted(day, np.arange(doctors.works.shape[1] + 1))
        rows = np.flatnonzero(provider == number)
        first, size = starts[day_index[rows]], np.diff(starts)[day_index[rows]]
        chosen[rows] = mine[who[first + (random.random(len(rows)) * size).astype(np.int64)]]
    return chosen
