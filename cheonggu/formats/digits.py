"""Whole numbers as decimal digits in fixed columns, both ways, many rows at a time.

Writing looks four digits up at once; reading turns eight digits into a number with a few 64-bit operations per
row (the usual multiply-and-shift on packed digits). Both work on a column inside a byte matrix without copying it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

ZERO, NINE, SPACE, MINUS = 0x30, 0x39, 0x20, 0x2D
MOST_DIGITS = 18  # what always fits in int64
_TEN = 10 ** np.arange(MOST_DIGITS + 1, dtype=np.int64)


def _tables() -> dict[int, npt.NDArray[np.void]]:
    """``tables[k][n]`` is the ``k`` digit bytes of ``n % 10**k``."""
    four = np.array([b"%04d" % number for number in range(10_000)]).view(np.uint8).reshape(-1, 4)
    return {
        size: np.ascontiguousarray(four[:, 4 - size :]).view(f"V{size}" if size == 3 else f"<u{size}").ravel()
        for size in (1, 2, 3, 4)
    }


_DIGITS = _tables()


def column_view(matrix: Bytes, start: int, length: int) -> npt.NDArray[np.void]:
    """The bytes ``start .. start + length`` of every row of a byte matrix as one strided column, not copied."""
    kind = f"<u{length}" if length in (1, 2, 4, 8) else f"V{length}"
    return np.ndarray((matrix.shape[0],), kind, matrix.data, start, (matrix.strides[0],))


def write_digits(matrix: Bytes, end: int, values: Numbers, largest: int) -> None:
    """Put non-negative ``values`` right-aligned before byte ``end``; the column must already hold zeros.

    ``largest`` is at least the largest value: digits above it are known to be zero and left alone.
    """
    rest = values.astype(np.uint32) if largest < 2**32 else values
    digits = len(str(largest))
    while digits > 4:
        above = rest // 10_000
        column_view(matrix, end - 4, 4)[:] = _DIGITS[4].take(rest - above * 10_000)
        rest, end, digits = above, end - 4, digits - 4
    column_view(matrix, end - digits, digits)[:] = _DIGITS[digits].take(rest)


def write_signed(matrix: Bytes, start: int, end: int, values: Numbers) -> None:
    """Put any ``values`` into a column: zero-filled, or spaces and ``-`` before the digits of a negative."""
    sizes = np.abs(values)
    cells = matrix[:, start:end]
    cells[:] = ZERO
    write_digits(matrix, end, sizes, int(sizes.max(initial=0)))
    below = np.flatnonzero(values < 0)
    width = end - start
    first = width - np.searchsorted(_TEN, sizes[below], side="right")  # place of the first digit
    places = np.arange(width)
    blank = places[None, :] < first[:, None]
    sign = places[None, :] == first[:, None] - 1
    cells[below] = np.where(sign, MINUS, np.where(blank, SPACE, cells[below])).astype(np.uint8)


def read_digits(matrix: Bytes, start: int, end: int) -> tuple[Numbers, Mask | None]:
    """Numbers of a column and, when there are any, a mask of the rows that hold no number.

    Fast for a column of digits only; a block with spaces or anything else takes the careful way.
    """
    length = end - start
    if end >= 8 and length <= 16:
        low = _digit_words(matrix, end, min(length, 8))
        if low is not None:
            value = _value_of(low)
            if length <= 8:
                return value, None
            high = _digit_words(matrix, end - 8, length - 8) if end >= 16 else None
            if high is not None:
                return (value + _value_of(high) * 100_000_000 if high.any() else value), None
    return read_filled(matrix[:, start:end], signed=False)


def _digit_words(matrix: Bytes, end: int, count: int) -> npt.NDArray[np.uint64] | None:
    """The last ``count`` (≤ 8) bytes before ``end`` of each row as packed digits 0-9; None unless all are digits."""
    words = column_view(matrix, end - 8, 8).astype(np.uint64)
    if count < 8:
        shift = np.uint64(8 * (8 - count))
        words >>= shift
        words <<= shift
        words |= np.uint64(0x3030303030303030 >> (8 * count))
    words ^= np.uint64(0x3030303030303030)
    over = words + np.uint64(0x7676767676767676)
    over |= words
    if (np.bitwise_or.reduce(over) if over.size else 0) & 0x8080808080808080:
        return None
    return words


def _value_of(digits: npt.NDArray[np.uint64]) -> Numbers:
    """Packed digits, first digit in the lowest byte, as numbers below 100,000,000."""
    if not np.bitwise_or.reduce(digits, initial=np.uint64(0)):
        return np.zeros(len(digits), np.int64)
    pairs = digits * np.uint64(10)
    pairs += digits >> np.uint64(8)
    upper = pairs >> np.uint64(16)
    upper &= np.uint64(0x000000FF000000FF)
    upper *= np.uint64(0x0000271000000001)
    pairs &= np.uint64(0x000000FF000000FF)
    pairs *= np.uint64(0x000F424000000064)
    pairs += upper
    pairs >>= np.uint64(32)
    return pairs.view(np.int64)


def read_filled(cells: Bytes, *, signed: bool) -> tuple[Numbers, Mask | None]:
    """Numbers of ``rows × width`` bytes filled to the left with zeros or spaces.

    A row is a number when it is spaces, then (``signed`` only) at most one ``-`` directly before the digits, then
    at least one digit up to its end. The mask marks the others, blank ones included.
    """
    is_digit = (cells >= ZERO) & (cells <= NINE)
    lead = np.logical_and.accumulate(cells == SPACE, axis=1)
    fine = is_digit | lead
    negative = np.zeros(len(cells), bool)
    if signed:
        minus = cells == MINUS
        after_lead = np.ones_like(lead)
        after_lead[:, 1:] = lead[:, :-1]
        minus &= after_lead
        negative = minus.any(axis=1)
        fine |= minus
    is_number = fine.all(axis=1) & is_digit[:, -1]
    width = cells.shape[1]
    powers = _TEN[:width][::-1] if width <= MOST_DIGITS else None
    if powers is None:
        raise ValueError(f"a number of {width} digits does not fit in 64 bits")
    value = (np.where(is_digit, cells - ZERO, 0).astype(np.int64) * powers).sum(axis=1)
    is_number &= ~(negative & (value == 0))  # nobody writes a negative zero
    np.negative(value, out=value, where=negative)
    value[~is_number] = 0
    return value, None if is_number.all() else ~is_number
