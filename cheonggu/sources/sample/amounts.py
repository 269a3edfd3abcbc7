"""Amounts of the sample: line, totals and co-payment, by the rules the real money follows.

Written apart from the product's own amounts on purpose: the sample must not inherit its mistakes. All won, int64.
Sources: ``amounts.md`` §1-2 and ``copay.yaml`` (HI-OP-*, HI-IP-*, HI-SP-*, MA1-*, MA2-*, VET-STATE).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cheonggu.sources.sample.codes import CLINIC, HI, KOREAN, MA1, MA2, VET_STATE
from cheonggu.sources.sample.draw import Bools, Ints
from cheonggu.sources.sample.visits import NEWBORN_DAYS, Statements

PER_MILLE = 1_000


@dataclass
class Amounts:
    """Won per statement; columns of the contract that are not here are 0."""

    total_benefit_cost_1: Ints
    patient_copay: Ints
    claimed_amount: Ints
    total_benefit_cost_2: Ints
    veterans_claimed_amount: Ints
    full_copay_total: Ints


def line_amounts(unit_price: Ints, daily_qty: Ints, total_days: Ints, dose_qty: Ints) -> Ints:
    """Price × quantity × days (× dose of a drug), each line rounded half up to 1 won.

    ``unit_price`` in hundredths of a won, ``daily_qty`` in hundredths, ``dose_qty`` in ten-thousandths or 0.
    """
    plain = unit_price * daily_qty * total_days
    rounded = (plain * 2 + 10_000) // 20_000
    with_dose = (plain * dose_qty * 2 + 10**8) // (2 * 10**8)
    return np.where(dose_qty > 0, with_dose, rounded)


def make_amounts(
    statements: Statements,
    benefit_sum: Ints,
    full_sum: Ints,
    has_symbol_5: Bools,
    has_symbol_10: Bools,
    has_medication: Bools,
) -> Amounts:
    """Totals and shares from the sums of the lines.

    ``benefit_sum``: sections in total 1 with their provider-type addition; ``full_sum``: section U.
    """
    total_1 = benefit_sum // 10 * 10
    full = full_sum // 10 * 10
    share = ordinary_share(statements, total_1, has_symbol_5, has_symbol_10, has_medication)
    is_veteran = statements.payer > MA2
    copay = np.where(is_veteran, 0, share)
    # The state pays a veteran's share; without insurance (7) it pays everything.
    veterans = np.where(statements.payer == VET_STATE, total_1, np.where(is_veteran, share, 0))
    return Amounts(
        total_benefit_cost_1=total_1,
        patient_copay=copay,
        claimed_amount=total_1 - copay - veterans,
        total_benefit_cost_2=(total_1 + full) // 10 * 10,
        veterans_claimed_amount=veterans,
        full_copay_total=full,
    )


def ordinary_share(
    statements: Statements,
    total_1: Ints,
    has_symbol_5: Bools,
    has_symbol_10: Bools,
    has_medication: Bools,
) -> Ints:
    """Co-payment (본인일부부담금) of the patient before a veteran's relief."""
    medical_aid = _medical_aid_share(statements, total_1)
    inpatient = total_1 * _inpatient_rate(statements, has_symbol_5) // PER_MILLE // 10 * 10
    rate = np.select([has_symbol_5, has_symbol_10], [50, 100], _outpatient_rate(statements))
    outpatient = total_1 * rate // PER_MILLE // 100 * 100
    is_symbol = has_symbol_5 | has_symbol_10
    is_senior = (statements.age >= 65) & np.isin(statements.place, (CLINIC, KOREAN)) & ~is_symbol
    outpatient = np.where(is_senior, _senior_share(total_1, has_medication), outpatient)
    insured = np.where(statements.is_inpatient, inpatient, outpatient)
    return np.where(np.isin(statements.payer, (MA1, MA2)), medical_aid, insured)


def _outpatient_rate(statements: Statements) -> Ints:
    """Per mille of total 1: clinic 30 %, general hospital in a city 50 %, less for children under 6 and 1."""
    is_clinic = np.isin(statements.place, (CLINIC, KOREAN))
    return np.select(
        [statements.age < 1, statements.age < 6],
        [np.where(is_clinic, 50, 150), np.where(is_clinic, 210, 350)],
        np.where(is_clinic, 300, 500),
    )


def _inpatient_rate(statements: Statements, has_symbol_5: Bools) -> Ints:
    return np.select([has_symbol_5, statements.age < 2, statements.age <= 15], [50, 0, 50], 200)


def _senior_share(total_1: Ints, has_medication: Bools) -> Ints:
    """Steps for 65 and over at a clinic; 5,000 won higher at a Korean-medicine clinic that gives medicine."""
    lift = np.where(has_medication, 5_000, 0)
    rate = np.select([total_1 <= 20_000 + lift, total_1 <= 25_000 + lift], [100, 200], 300)
    return np.where(total_1 <= 15_000, 1_500, total_1 * rate // PER_MILLE // 100 * 100)


def _medical_aid_share(statements: Statements, total_1: Ints) -> Ints:
    """Flat 1,000 won at the first level; at the second 1,500 (class 1) or 15 % (class 2); inpatients 0 or 10 %."""
    is_class_1 = statements.payer == MA1
    is_exempt = is_class_1 & (statements.age < 18)  # MT018 = M003
    second_level = np.where(is_class_1, 1_500, total_1 * 150 // PER_MILLE // 10 * 10)
    outpatient = np.where(np.isin(statements.place, (CLINIC, KOREAN)), 1_000, second_level)
    inpatient = np.where(is_class_1, 0, total_1 // 10 // 10 * 10)
    return np.where(statements.is_inpatient, inpatient, np.where(is_exempt, 0, outpatient))


def child_symbols(statements: Statements) -> Ints:
    """The symbol (MT002) a child of health insurance needs: 24, 5, 27, 18 for F024, F005, F027, F018, else 0."""
    is_child = statements.payer == HI
    inpatient = np.select(
        [statements.age_days <= NEWBORN_DAYS, statements.age < 2, statements.age <= 15], [5, 27, 18], 0
    )
    outpatient = np.where((statements.age < 1) & (statements.place != KOREAN), 24, 0)
    return np.where(is_child, np.where(statements.is_inpatient, inpatient, outpatient), 0)
