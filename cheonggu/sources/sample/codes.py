"""What the sample hospital uses: providers, diagnoses and items, from the small tables beside this module.

The codes have real shapes; prices and pairings are made up.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cheonggu.layouts import odd_row
from cheonggu.sources.sample.draw import Ints

HERE = Path(__file__).parent
PLACES = ("clinic", "general", "ward", "korean")  # ward: inpatients of the general hospital
CLINIC, GENERAL, WARD, KOREAN = range(4)
AGE_CLASSES = ("newborn", "infant", "child", "adult", "senior")
NEWBORN, INFANT, CHILD, ADULT, SENIOR = range(5)
HI, MA1, MA2, VET_INSURED, VET_STATE = range(
    5
)  # payer groups: health insurance, medical aid, veterans 4 and 7

DEPARTMENTS = [f"{number:02d}" for number in range(100)]  # index = code; 99 stands for the planted 'ZZ'
BAD_DEPARTMENT = 99


@dataclass(frozen=True)
class Provider:
    code: str
    name: str
    kind: str
    claimant: str
    license_type: str
    place_of_kind: int
    doctors: int  # at least this many
    therapists: int


PROVIDERS = (
    Provider("11100011", "한빛의원", "clinic", "한가람", "1", CLINIC, 2, 2),
    Provider("11200022", "가온종합병원", "general", "윤도담", "1", GENERAL, 4, 3),
    Provider("11300033", "온누리한의원", "korean_clinic", "서마루", "3", KOREAN, 2, 0),
)
PROVIDER_OF_PLACE = np.array([0, 1, 1, 2])

# care_field (진료분야) of the general hospital by department; every department the sample uses there has one.
CARE_FIELD = {
    "01": "1",
    "02": "1",
    "04": "2",
    "05": "2",
    "11": "3",
    "12": "4",
    "13": "4",
    "14": "5",
    "23": "1",
}


@dataclass(frozen=True)
class Diagnoses:
    """Columns of ``diagnoses.csv``, one entry per row."""

    code: list[str]
    department: Ints
    at_place: NDArray[np.bool_]  # row × place
    at_age: NDArray[np.bool_]  # row × age class
    symbol: list[str]
    is_injury: NDArray[np.bool_]
    weight: NDArray[np.float64]

    @property
    def has_symbol(self) -> NDArray[np.bool_]:
        return np.array([bool(one) for one in self.symbol])


@dataclass(frozen=True)
class Items:
    """Columns of ``items.csv``; ``pool`` gives the rows of a use at a place."""

    use: list[str]
    at_place: NDArray[np.bool_]
    code: list[str]
    type: list[str]
    hang: list[str]
    mok: list[str]
    price_won: Ints
    has_addition: NDArray[np.bool_]  # provider-type addition: procedures and functional tests

    def pool(self, use: str, place: int) -> Ints:
        rows = [row for row, one in enumerate(self.use) if one == use and self.at_place[row, place]]
        return np.array(rows, np.int64)


def load_diagnoses() -> Diagnoses:
    rows = _rows("diagnoses.csv")
    return Diagnoses(
        code=[row["code"] for row in rows],
        department=np.array([int(row["department"]) for row in rows]),
        at_place=_flags("diagnoses.csv", rows, "places", PLACES),
        at_age=_flags("diagnoses.csv", rows, "ages", AGE_CLASSES),
        symbol=[row["symbol"] for row in rows],
        is_injury=np.array([row["injury"] == "Y" for row in rows]),
        weight=np.array([float(row["weight"]) for row in rows]),
    )


def load_items() -> Items:
    rows = _rows("items.csv")
    return Items(
        use=[row["use"] for row in rows],
        at_place=_flags("items.csv", rows, "places", PLACES),
        code=[row["code"] for row in rows],
        type=[row["line_code_type"] for row in rows],
        hang=[row["hang"] for row in rows],
        mok=[row["mok"] for row in rows],
        price_won=np.array([int(row["price_won"]) for row in rows]),
        has_addition=np.array([row["has_addition"] == "Y" for row in rows]),
    )


def _rows(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _flags(name: str, rows: list[dict[str, str]], column: str, words: tuple[str, ...]) -> NDArray[np.bool_]:
    flags = np.zeros((len(rows), len(words)), np.bool_)
    for number, row in enumerate(rows):
        for word in row[column].split(";"):
            if word not in words:
                raise odd_row(HERE / name, number + 2, f"{column} {word!r} is not one of {', '.join(words)}")
            flags[number, words.index(word)] = True
    return flags
