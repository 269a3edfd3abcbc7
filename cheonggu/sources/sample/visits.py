"""Who came when: patients, visits and stays, each with payer, department, diagnosis and doctor.

A statement (명세서) is one outpatient visit or one stay. No patient has two statements on one day, outpatients and
inpatients are different people, and a patient's visits stand in order of time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cheonggu.sources.sample.calendar import LONGEST_STAY, Calendar, full_years, month_of
from cheonggu.sources.sample.codes import (
    ADULT,
    CHILD,
    HI,
    INFANT,
    KOREAN,
    MA1,
    MA2,
    NEWBORN,
    PLACES,
    PROVIDER_OF_PLACE,
    SENIOR,
    VET_INSURED,
    VET_STATE,
    WARD,
    Diagnoses,
)
from cheonggu.sources.sample.draw import Bools, Ints, chance, choose, expand
from cheonggu.sources.sample.people import Doctors, Patients, doctor_on_duty, make_doctors, make_patients

PLACE_SHARES = (0.40, 0.28, 0.07, 0.25)
PAYER_SHARES = np.array([0.86, 0.06, 0.04, 0.025, 0.015])
VISITS_PER_PATIENT = np.array([0.55, 0.25, 0.12, 0.08])  # one to four
NEWBORN_DAYS = 28
DAYS_PER_YEAR = 365.25


@dataclass
class Statements:
    """One entry per statement, in order of provider, month, last day; changed in place by planted defects."""

    place: Ints
    patient: Ints  # index into the patients
    is_first_visit: Bools
    is_only_one: Bools  # of its patient
    payer: Ints
    care_from: Ints
    care_to: Ints
    month: Ints
    age: Ints  # full years on care_from
    age_days: Ints
    age_class: Ints
    diagnosis: Ints  # row of the main diagnosis
    doctor: Ints
    is_night: Bools

    @property
    def count(self) -> int:
        return len(self.place)

    @property
    def provider(self) -> Ints:
        found: Ints = PROVIDER_OF_PLACE[self.place]
        return found

    @property
    def is_inpatient(self) -> Bools:
        found: Bools = self.place == WARD
        return found

    @property
    def stay_days(self) -> Ints:
        """Days of the stay, both ends counted; 1 for a visit."""
        return self.care_to - self.care_from + 1


def make_statements(
    random: np.random.Generator, calendar: Calendar, diagnoses: Diagnoses, count: int
) -> tuple[Statements, Patients, Doctors]:
    """Draw ``count`` statements with their patients and doctors."""
    sizes = np.floor(np.array(PLACE_SHARES) * count).astype(np.int64)
    sizes[0] += count - sizes.sum()
    parts = [_visits(random, calendar, place, int(size)) for place, size in enumerate(sizes)]
    shift = np.cumsum([0, *(part[0].max(initial=-1) + 1 for part in parts[:-1])])
    patient = np.concatenate([part[0] + offset for part, offset in zip(parts, shift, strict=True)])
    turn, care_to = (np.concatenate([part[column] for part in parts]) for column in (1, 2))
    place = np.repeat(np.arange(len(PLACES)), sizes)
    care_from = _begin(random, calendar, place, care_to)

    order = np.lexsort((patient, care_to, month_of(care_to), PROVIDER_OF_PLACE[place]))
    patient, turn, care_to, place, care_from = (
        one[order] for one in (patient, turn, care_to, place, care_from)
    )
    visits = np.bincount(patient)
    patient_place, first_seen = np.zeros((2, len(visits)), np.int64)
    patient_place[patient] = place
    first_seen[patient[turn == 0]] = care_from[turn == 0]
    payer = choose(random, PAYER_SHARES, len(visits))
    age_days = _ages(random, patient_place, payer)
    people = make_patients(random, first_seen - age_days, age_days < 20 * DAYS_PER_YEAR)

    statements = Statements(
        place=place,
        patient=patient,
        is_first_visit=turn == 0,
        is_only_one=visits[patient] == 1,
        payer=payer[patient],
        care_from=care_from,
        care_to=care_to,
        month=month_of(care_to),
        age=full_years(people.birth[patient], care_from),
        age_days=care_from - people.birth[patient],
        age_class=np.zeros(count, np.int64),
        diagnosis=np.zeros(count, np.int64),
        doctor=np.zeros(count, np.int64),
        is_night=chance(random, 0.03, count) & (place != WARD),
    )
    statements.age_class = _age_classes(statements)
    statements.diagnosis = choose_diagnoses(random, diagnoses, statements)
    doctors = make_doctors(random, calendar, np.bincount(statements.provider, minlength=3))
    statements.doctor = doctor_on_duty(random, doctors, care_from - calendar.first, statements.provider)
    return statements, people, doctors


def _visits(
    random: np.random.Generator, calendar: Calendar, place: int, size: int
) -> tuple[Ints, Ints, Ints]:
    """Patient, turn (0 for the first) and last day of ``size`` statements of one place.

    The year's weights are cut into as many strips as the patient has visits, one visit in each; a gap of one
    day's weight between strips keeps two visits off the same day.
    """
    if place == WARD:
        visits = np.ones(size, np.int64)
    else:
        visits = 1 + choose(random, VISITS_PER_PATIENT, size)
        visits = visits[: int(np.searchsorted(np.cumsum(visits), size)) + 1]
        visits[-1] -= visits.sum() - size
    patient, turn = expand(visits)
    strips = visits[patient]
    gap = calendar.weights.max() * strips
    spot = (turn + gap + random.random(size) * (1 - gap)) / strips
    edges = np.cumsum(calendar.weights)
    day = np.minimum(np.searchsorted(edges, spot, side="right"), len(edges) - 1)
    return patient, turn, calendar.visit_days[day]


def _begin(random: np.random.Generator, calendar: Calendar, place: Ints, care_to: Ints) -> Ints:
    """First day: the visit's own, or some days before the discharge on which the ward admits."""
    nights = random.integers(1, LONGEST_STAY, len(place))
    return np.where(place == WARD, calendar.working_day_before(care_to - nights), care_to)


def _ages(random: np.random.Generator, patient_place: Ints, payer: Ints) -> Ints:
    """Age in days at the first visit, newborn to 100 years; whoever does not fit his payer is grown up."""
    count = len(payer)
    low = np.array([3, 35, 366, 6 * 366, 18 * 366, 65 * 366])
    high = np.array([22, 360, 6 * 365, 18 * 365, 65 * 365, 100 * 365])
    band = choose(random, np.array([0.015, 0.025, 0.1, 0.12, 0.49, 0.25]), count)
    days = low[band] + (random.random(count) * (high - low)[band]).astype(np.int64)
    first_of_place = np.unique(patient_place, return_index=True)[1]
    days[first_of_place] = 100 * 366  # at least one of a hundred years everywhere
    youngest = np.zeros(count, np.int64)
    youngest[patient_place == KOREAN] = 6 * 366
    youngest[payer == MA2] = 366
    youngest[(patient_place == WARD) & np.isin(payer, (MA1, MA2))] = 16 * 366
    youngest[np.isin(payer, (VET_INSURED, VET_STATE))] = 20 * 366
    grown_up: Ints = np.where(days < youngest, 20 * 366 + days % (40 * 365), days)
    return grown_up


def _age_classes(statements: Statements) -> Ints:
    age = statements.age
    found = np.select(
        [statements.age_days < NEWBORN_DAYS, age < 1, age < 18, age < 65],
        [NEWBORN, INFANT, CHILD, ADULT],
        SENIOR,
    )
    return found.astype(np.int64)


def choose_diagnoses(random: np.random.Generator, diagnoses: Diagnoses, statements: Statements) -> Ints:
    """A main diagnosis that fits place and age; one with a special symbol only for health insurance."""
    chosen = np.zeros(statements.count, np.int64)
    may_have_symbol = statements.payer == HI
    for place in range(len(PLACES)):
        for age_class in range(SENIOR + 1):
            for symbol in (False, True):
                rows = np.flatnonzero(
                    (statements.place == place)
                    & (statements.age_class == age_class)
                    & (may_have_symbol == symbol)
                )
                fits = diagnoses.at_place[:, place] & diagnoses.at_age[:, age_class]
                pool = np.flatnonzero(fits & (symbol | ~diagnoses.has_symbol))
                if len(rows):
                    chosen[rows] = pool[choose(random, diagnoses.weight[pool], len(rows))]
    return chosen
