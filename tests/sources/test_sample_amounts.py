"""The sample's own arithmetic at the edges; examples T06-T14 of the rules of co-payment."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from cheonggu.sources.sample.amounts import line_amounts, ordinary_share
from cheonggu.sources.sample.codes import CLINIC, GENERAL, HI, KOREAN, MA1, MA2, WARD


@pytest.mark.parametrize(
    ("price", "quantity", "days", "dose", "won"),
    [
        (33_00, 1_50, 1, 0, 50),  # 49.5
        (33_00, 1_49, 1, 0, 49),  # 49.17
        (1_00, 1_00, 1, 5_000, 1),  # 0.5 of a won
        (743_00, 2_00, 3, 12_500, 5_573),  # 5572.5
        (743_00, 2_00, 3, 0, 4_458),
    ],
)
def test_a_line_is_rounded_half_up(price, quantity, days, dose, won):
    assert line_amounts(*(np.array([one]) for one in (price, quantity, days, dose))).tolist() == [won]


@pytest.mark.parametrize(
    ("place", "payer", "age", "total", "has_medication", "won"),
    [
        (CLINIC, HI, 70, 15_000, False, 1_500),
        (CLINIC, HI, 70, 15_010, False, 1_500),
        (CLINIC, HI, 70, 20_000, False, 2_000),
        (CLINIC, HI, 70, 20_050, False, 4_000),
        (CLINIC, HI, 70, 25_000, False, 5_000),
        (CLINIC, HI, 70, 25_010, False, 7_500),
        (CLINIC, HI, 64, 17_110, False, 5_100),
        (KOREAN, HI, 70, 24_000, True, 2_400),
        (KOREAN, HI, 70, 30_000, True, 6_000),
        (KOREAN, HI, 70, 30_010, True, 9_000),
        (GENERAL, HI, 70, 17_110, False, 8_500),
        (CLINIC, HI, 5, 17_110, False, 3_500),
        (CLINIC, HI, 0, 17_110, False, 800),
        (WARD, HI, 40, 1_000_010, False, 200_000),
        (CLINIC, MA1, 40, 17_110, False, 1_000),
        (GENERAL, MA1, 17, 17_110, False, 0),
        (GENERAL, MA2, 40, 17_110, False, 2_560),
        (WARD, MA2, 40, 17_110, False, 1_710),
    ],
)
def test_the_share_of_a_patient(place, payer, age, total, has_medication, won):
    statement = SimpleNamespace(
        place=np.array([place]),
        payer=np.array([payer]),
        age=np.array([age]),
        is_inpatient=np.array([place == WARD]),
    )
    no = np.array([False])
    assert ordinary_share(statement, np.array([total]), no, no, np.array([has_medication])).tolist() == [won]


def test_a_special_symbol_goes_before_the_steps_of_age():
    statement = SimpleNamespace(
        place=np.array([CLINIC, CLINIC]),
        payer=np.array([HI, HI]),
        age=np.array([70, 70]),
        is_inpatient=np.array([False, False]),
    )
    five, ten = np.array([True, False]), np.array([False, True])
    total = np.array([12_000, 12_000])
    assert ordinary_share(statement, total, five, ten, ~(five | ten)).tolist() == [600, 1_200]
