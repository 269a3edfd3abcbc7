"""Numbers inside a claim: statement serials (명일련), line numbers in section order, prescription lines.

Source: layout tables, "Keys, numbers, order": serials 00001, 00002 … without gaps, the 100,000th A0000; lines 1 to
9999 within the statement in 항·목 order; the order of ``hang_mok.csv`` is the printed one.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa

from cheonggu.schemes.hira.data import CODES

DIGITS_ONLY = 99_999
PER_LETTER = 10_000


def statement_numbers(count: int) -> pa.Array:
    """Serials of ``count`` statements as text of 5."""
    numbers = np.arange(1, count + 1)
    digits = np.char.zfill(numbers.astype("U6"), 5)
    beyond = numbers > DIGITS_ONLY
    if beyond.any():
        letter, rest = np.divmod(numbers[beyond] - DIGITS_ONLY - 1, PER_LETTER)
        letters = np.array([chr(ord("A") + one) for one in range(26)])
        digits[beyond] = np.char.add(letters[letter], np.char.zfill(rest.astype("U4"), 4))
    return pa.array(digits, pa.string())


@cache
def section_order(kind: str) -> pa.Table:
    """hang, mok and their printed rank for one claim kind."""
    pairs = [
        (one.key.partition("-")[0], one.key.partition("-")[2])
        for one in CODES.rows("hang_mok")
        if kind in one.kinds and "-" in one.key
    ]
    return pa.table(
        {
            "hang": pa.array([hang for hang, _ in pairs], pa.string()),
            "mok": pa.array([mok for _, mok in pairs], pa.string()),
            "rank": pa.array(range(len(pairs)), pa.int32()),
        }
    )
