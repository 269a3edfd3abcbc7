"""Exact rounding of money: integers only, one function per rule of rounding, scalar and vectorised.

Won are int64; unit prices hundredths of a won; quantities scaled as on the wire (dose 4 decimals, daily 2). A rate is
an integer of ten-thousandths (30 % is 3000), so that 1.6 % and 31.5 % are exact. Rounding rules: amounts reference,
"Rounding and sign" of the layout tables.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

RATE_ONE = 10_000  # ten-thousandths: the whole
DOSE_ONE = 10_000  # dose_qty carries four decimals
LINE_SCALE = 100 * DOSE_ONE * 100  # hundredths of a won x dose x daily quantity
MAX_AMOUNT = 9_999_999_999  # ten digits of an amount field
SAFE_PRODUCT = MAX_AMOUNT * LINE_SCALE  # no product of such factors leaves int64 or the amount field


def as_rate(value: Decimal | int) -> int:
    """A rate such as Decimal("0.315") as an integer of ten-thousandths; ValueError when it has more decimals."""
    scaled = Decimal(value) * RATE_ONE
    if scaled != int(scaled):
        raise ValueError(f"rate {value} has more than four decimals")
    return int(scaled)


def floor_to(won: Any, unit: Any) -> Any:
    """``won`` cut down to a multiple of ``unit`` (10, 100 …); int or int64 array."""
    return won // unit * unit


def half_up(numerator: Any, denominator: int) -> Any:
    """``numerator / denominator`` rounded half up to a whole number; both not negative; int or int64 array."""
    return (2 * numerator + denominator) // (2 * denominator)


def share_of(parts: Any, unit: Any) -> Any:
    """A sum of amounts x rates, in ten-thousandths of a won, truncated once to ``unit`` won."""
    return parts // (RATE_ONE * unit) * unit


def line_amounts(unit_price: Ints, dose_qty: Ints, daily_qty: Ints, total_days: Ints) -> tuple[Ints, Any]:
    """금액 of many lines in won, and which of them fit ten digits (the others are 0).

    ``unit_price`` hundredths of a won, ``dose_qty`` ten-thousandths, ``daily_qty`` hundredths, ``total_days`` whole;
    all int64 and not negative. The product of a line that fits stays below 2**63 at every step.
    """
    factors = (unit_price, dose_qty, daily_qty, total_days)
    largest = math.prod(int(one.max(initial=0)) for one in factors)
    if largest < SAFE_PRODUCT:
        product = unit_price * daily_qty
        product *= total_days
        product *= dose_qty
        amounts = half_up_large(product, LINE_SCALE)
        return amounts, np.ones(len(amounts), np.bool_)
    estimate = unit_price.astype(np.float64) * dose_qty * daily_qty * total_days
    fits = estimate < (MAX_AMOUNT + 1.0) * LINE_SCALE
    product = unit_price * np.where(fits, daily_qty, 0) * np.where(fits, total_days, 0)
    product *= np.where(fits, dose_qty, 0)
    amounts = half_up_large(product, LINE_SCALE)
    fits &= amounts <= MAX_AMOUNT
    return np.where(fits, amounts, 0), fits


def half_up_large(numerator: Ints, denominator: int) -> Ints:
    """As ``half_up`` for an even denominator, in place."""
    numerator += denominator // 2
    numerator //= denominator
    return numerator


def line_amount(unit_price: int, dose_qty: int, daily_qty: int, total_days: int) -> int:
    """금액 of one line in won, scales as in ``line_amounts``."""
    return int(half_up(unit_price * dose_qty * daily_qty * total_days, LINE_SCALE))
