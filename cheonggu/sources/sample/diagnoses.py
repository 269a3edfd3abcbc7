"""Diagnoses (상병내역) of the sample: the main one first, then up to four others that fit place and age."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cheonggu.sources.sample.codes import AGE_CLASSES, DEPARTMENTS, PLACES, Diagnoses
from cheonggu.sources.sample.draw import Ints, choose, coprime_steps, expand, rotate
from cheonggu.sources.sample.people import Doctors
from cheonggu.sources.sample.visits import Statements

OTHERS = np.array([0.55, 0.25, 0.12, 0.05, 0.03])
INTERNAL_MEDICINE = 1


@dataclass
class DiagnosisRows:
    """One entry per diagnosis; ``statement`` may point past the statements (orphans, see ``defects``)."""

    statement: Ints
    seq: Ints
    main_class: Ints  # 1 main, 2 secondary
    code: Ints  # row of the diagnosis table, or past it
    department: Ints
    subspecialty: Ints  # of internal medicine at the general hospital, else 0
    care_from: Ints
    license_no: Ints

    def take(self, rows: Ints) -> DiagnosisRows:
        return DiagnosisRows(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def append(self, other: DiagnosisRows) -> DiagnosisRows:
        names = self.__dataclass_fields__
        return DiagnosisRows(*(np.concatenate([getattr(self, n), getattr(other, n)]) for n in names))


def make_diagnoses(
    random: np.random.Generator, statements: Statements, doctors: Doctors, table: Diagnoses
) -> DiagnosisRows:
    others = choose(random, OTHERS, statements.count)
    start, step, size = _walks(random, statements, table)
    others = np.minimum(others, np.maximum(size - 1, 0))
    owner, place = expand(1 + others)
    code = np.where(
        place == 0, statements.diagnosis[owner], _others(statements, table, owner, place, start, step, size)
    )
    department = table.department[statements.diagnosis][owner]
    is_general = np.isin(statements.place, (PLACES.index("general"), PLACES.index("ward")))
    subspecialty = random.integers(1, 7, statements.count)
    subspecialty = np.where(is_general, subspecialty, 0)[owner] * (department == INTERNAL_MEDICINE)
    return DiagnosisRows(
        statement=owner,
        seq=place + 1,
        main_class=np.where(place == 0, 1, 2),
        code=code,
        department=department,
        subspecialty=subspecialty,
        care_from=statements.care_from[owner],
        license_no=doctors.license_no[statements.doctor][owner],
    )


def _pool(table: Diagnoses, place: int, age_class: int) -> Ints:
    """Diagnoses that may stand second: no special symbol, no injury."""
    fits = table.at_place[:, place] & table.at_age[:, age_class]
    return np.flatnonzero(fits & ~table.has_symbol & ~table.is_injury)


def _walks(random: np.random.Generator, statements: Statements, table: Diagnoses) -> tuple[Ints, Ints, Ints]:
    """Per statement: where in its pool the main diagnosis stands (or anywhere), a step, the pool's size."""
    start, step, size = np.zeros((3, statements.count), np.int64)
    for place in range(len(PLACES)):
        for age_class in range(len(AGE_CLASSES)):
            rows = np.flatnonzero((statements.place == place) & (statements.age_class == age_class))
            pool = _pool(table, place, age_class)
            if len(rows) and len(pool):
                at = np.searchsorted(pool, statements.diagnosis[rows])
                is_there = pool[np.minimum(at, len(pool) - 1)] == statements.diagnosis[rows]
                start[rows] = np.where(is_there, at, random.integers(0, len(pool), len(rows)))
                step[rows] = coprime_steps(random, len(pool), len(rows))
                size[rows] = len(pool)
    return start, step, size


def _others(
    statements: Statements,
    table: Diagnoses,
    owner: Ints,
    turn: Ints,
    start: Ints,
    step: Ints,
    size: Ints,
) -> Ints:
    """The pool's member at each turn of the walk; turn 0 is the main diagnosis itself."""
    code = np.zeros(len(owner), np.int64)
    for place in range(len(PLACES)):
        for age_class in range(len(AGE_CLASSES)):
            pool = _pool(table, place, age_class)
            mine = (statements.place == place) & (statements.age_class == age_class)
            rows = np.flatnonzero(mine[owner] & (turn > 0))
            who = owner[rows]
            if len(rows):
                code[rows] = pool[rotate(start[who], step[who], turn[rows], size[who])]
    return code


def department_codes() -> list[str]:
    """Department by index; the last stands for the planted unknown one."""
    return [*DEPARTMENTS[:-1], "ZZ"]
