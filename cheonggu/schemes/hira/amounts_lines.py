"""Lines of care to charged parts: line amounts, section sums, provider-type addition, and the parts of total 1.

Everything is vectorised over all lines; only the distinct combinations of section and marks are looked at one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.errors import InputError
from cheonggu.money import DOSE_ONE, MAX_AMOUNT, Ints, half_up, line_amounts
from cheonggu.schemes.hira.amounts_model import (
    A_EQUIP,
    BUCKET_NO,
    BUCKETS,
    COLUMN_NO,
    COLUMNS,
    LINE_BASES,
    LONG_STAYS,
    OTHER,
    OTHER_SECTIONS,
    ROOMS,
    SECTIONS,
    NotComputableError,
)

Codes = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
# Meals by section and item (codes/hang_mok.csv): medical and dental, and 02-04 of Korean medicine only when marked.
MEAL_ITEMS = {"10": "MEAL_BASE", "11": "MEAL_ADD"}
SECTION_PARTS = {"01": "CONSULT", "S": "S_EQUIP", "T": "T"}
TEXTS = ("hang", "mok", "base", "long_stay")
SHORT = 2  # bytes of a section or item
NUMBERS = ("unit_price", "dose_qty", "daily_qty", "total_days", "amount_won")
FLAGS = ("is_drug", "is_type_added")
NO_ADDITION = ("U", "V", "W")
NO_AMOUNT = NotComputableError(
    "unknown_value", "lines.amount_won", "줄 금액을 계산할 수 없습니다", "a line has no computable amount"
)
NO_PERCENT = NotComputableError(
    "outside_dates",
    "lines.is_type_added",
    "종별가산율을 알 수 없습니다",
    "the provider-type addition is not known",
)


@dataclass(frozen=True)
class LineAmounts:
    """Amount of every line (won), sums by statement, and what cannot be computed.

    ``faults`` maps a statement's row to the first reason found; ``columns`` holds the won of every part, one int64
    array per name of COLUMNS that occurs, additions included; ``total1`` is the sum of its parts before the floor.
    """

    amounts: Ints
    columns: dict[str, Ints]
    addition: Ints
    faults: dict[int, NotComputableError]
    total1: Ints


def statement_rows(statements: pa.Table, lines: pa.Table) -> Ints:
    """Row of the statement of every line; InputError for a line without one. Quick where lines stand together."""
    keys = lines["statement_key"].combine_chunks()
    if not len(keys):
        return np.zeros(0, np.int64)
    changes = pc.not_equal(keys.slice(1), keys.slice(0, len(keys) - 1)).to_numpy(zero_copy_only=False)
    starts = np.flatnonzero(np.concatenate([[True], changes]))
    lengths = np.diff(np.append(starts, len(keys)))
    first, wanted = keys.take(pa.array(starts)), statements["statement_key"].combine_chunks()
    if first.equals(wanted):
        return np.repeat(np.arange(len(starts)), lengths)
    found = pc.index_in(first, value_set=wanted)
    if found.null_count:
        raise InputError(
            "A line belongs to no statement of the table.",
            "명세서가 없는 줄이 있습니다.",
            fix_en="Give statements and lines of the same batch.",
            fix_ko="같은 묶음의 명세서와 줄을 주세요.",
        )
    rows = found.to_numpy(zero_copy_only=False).astype(np.int64)
    return np.repeat(rows, lengths)


def priced(lines: pa.Table) -> tuple[Ints, Bools]:
    """금액 of every line in won, and which fit their field; lines without a price keep ``amount_won``.

    ``unit_price`` in hundredths of a won, ``dose_qty`` in ten-thousandths (1 for what is no drug), ``daily_qty`` in
    hundredths, ``total_days`` whole; ``amount_won`` where ``unit_price`` is null.
    """
    numbers = {name: _integers(lines, name) for name in NUMBERS}
    has_price = ~_is_null(lines, "unit_price")
    dose = np.where(_flags(lines, "is_drug"), numbers["dose_qty"], DOSE_ONE)
    known = has_price if not np.all(has_price) else np.ones(len(has_price), np.bool_)
    negative = np.zeros(len(known), np.bool_)
    for name in NUMBERS[:4]:
        negative |= numbers[name] < 0
    usable = known & ~negative
    amounts, fits = line_amounts(
        np.where(usable, numbers["unit_price"], 0), dose, numbers["daily_qty"], numbers["total_days"]
    )
    given = numbers["amount_won"]
    is_given = ~has_price & ~_is_null(lines, "amount_won") & (given >= 0) & (given <= MAX_AMOUNT)
    result = np.where(has_price, amounts, np.where(is_given, given, 0))
    return result, (has_price & fits & ~negative) | is_given


@dataclass(frozen=True)
class Marks:
    """Combination of section and marks of every line, and the section and column of each combination."""

    combo: Ints
    settled: list[tuple[int, int] | NotComputableError]

    def places(self, which: int) -> Ints:
        """Section (0) or column (1) of each combination, −1 where there is none."""
        return np.array([one[which] if isinstance(one, tuple) else -1 for one in self.settled], np.int64)

    @property
    def present(self) -> frozenset[str]:
        """Names of the columns that occur."""
        return frozenset(COLUMNS[one[1]] for one in self.settled if isinstance(one, tuple))


def read_marks(lines: pa.Table) -> Marks:
    """Look at the section and marks of all lines."""
    combo, found = _combinations(lines)
    return Marks(combo, [_column(*one) for one in found])


def sum_lines(
    rows: Ints, lines: pa.Table, marks: Marks, prices: tuple[Ints, Bools], count: int, percents: Ints
) -> LineAmounts:
    """Sum ``lines`` (statement of each in ``rows``) into parts of ``count`` statements.

    ``percents`` is the provider-type addition of each statement, −1 where it is not known.
    """
    amounts, fits = prices
    faults = _faults(rows, ~fits, NO_AMOUNT)
    for number, one in enumerate(marks.settled):
        if isinstance(one, NotComputableError):
            faults = _faults(rows, marks.combo == number, one) | faults
    column = marks.places(1)[marks.combo]
    columns = _sums(rows, column, amounts, count, COLUMNS)
    flags = _flags(lines, "is_type_added")
    addition = np.zeros(count, np.int64)
    if flags.any():
        flags &= column >= 0
        faults = _faults(rows, flags & (percents[rows] < 0), NO_PERCENT) | faults
        flags &= percents[rows] > 0
        if flags.any():
            section = marks.places(0)[marks.combo[flags]]
            _add_type((rows[flags], section, column[flags]), amounts[flags], percents, columns, addition)
    total1 = sum((columns[name] for name in BUCKETS if name in columns), np.zeros(count, np.int64))
    return LineAmounts(amounts, columns, addition, faults, total1)


def sum_sections(rows: Ints, marks: Marks, amounts: Ints, count: int) -> dict[str, Ints]:
    """Sum of line amounts in won of every section (항) that occurs, before the provider-type addition."""
    return _sums(rows, marks.places(0)[marks.combo], amounts, count, SECTIONS)


def _add_type(
    places: tuple[Ints, Ints, Ints], won: Ints, percents: Ints, columns: dict[str, Ints], addition: Ints
) -> None:
    """Add the provider-type addition: half up to 1 won per section, shared among its parts by rounding sums.

    ``places``: statement, section and column of each line that carries it, with its amount in ``won``.
    """
    place = (places[0] * len(SECTIONS) + places[1]) * len(COLUMNS) + places[2]
    if (place[1:] < place[:-1]).any():
        order = np.argsort(place, kind="stable")
        place, won = place[order], won[order]
    first = np.flatnonzero(np.concatenate([[True], place[1:] != place[:-1]]))
    keys, sums = place[first], np.add.reduceat(won, first)
    group, part = keys // len(COLUMNS), keys % len(COLUMNS)
    statement = group // len(SECTIONS)
    running = np.cumsum(sums)
    starts = np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1]]))
    before = np.repeat(np.where(starts > 0, running[starts - 1], 0), np.diff(np.append(starts, len(keys))))
    upto = half_up((running - before) * percents[statement], 100)
    less = half_up((running - before - sums) * percents[statement], 100)
    np.add.at(addition, statement, upto - less)
    for one in np.unique(part):
        here = part == one
        np.add.at(columns[COLUMNS[one]], statement[here], (upto - less)[here])


def _sums(rows: Ints, place: Ints, amounts: Ints, count: int, names: tuple[str, ...]) -> dict[str, Ints]:
    """Won per statement of every place that occurs; place −1 is nowhere."""
    used, slot = compact(place + 1, len(names) + 1)
    flat = np.zeros(len(used) * count, np.int64)
    slot *= count
    slot += rows
    np.add.at(flat, slot, amounts)
    table = flat.reshape(len(used), count)
    return {names[one - 1]: table[number] for number, one in enumerate(used.tolist()) if one}


def _combinations(lines: pa.Table) -> tuple[Codes, list[tuple[str, str, str, str, bool, bool]]]:
    """Code of the combination of marks of every line, and what each code stands for."""
    code = np.zeros(len(lines), np.int64)
    values: list[list[Any]] = []
    for name in TEXTS:
        if name not in lines.column_names:
            values.append([""])
            continue
        column = pc.fill_null(lines[name], "") if lines[name].null_count else lines[name]
        numbers, texts = _encode(column.combine_chunks())
        values.append(texts)
        code *= len(texts)
        code += numbers
    for name in FLAGS:
        values.append([False, True])
        code *= 2
        code += _flags(lines, name)
    used, inverse = compact(code, int(np.prod([len(one) for one in values])))
    return inverse, [_unpack(int(one), values) for one in used]


def _encode(column: pa.Array) -> tuple[npt.NDArray[Any], list[str]]:
    """Number of the text of every row, and the texts. Texts of at most two bytes, as sections are, need no hashing."""
    if not len(column):
        return np.zeros(0, np.int64), [""]
    if column.type == pa.string():
        offsets = np.frombuffer(column.buffers()[1], np.int32)[
            column.offset : column.offset + len(column) + 1
        ]
        lengths = np.diff(offsets)
        if lengths.max() <= SHORT:
            return _encode_short(column.buffers()[2], offsets, lengths)
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    return encoded.indices.to_numpy(zero_copy_only=False), encoded.dictionary.to_pylist() or [""]


def _encode_short(
    buffer: pa.Buffer | None, offsets: npt.NDArray[np.int32], lengths: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[Any], list[str]]:
    """The bytes themselves as a number of 16 bits; a missing byte is 0, which no text holds."""
    start, stop = int(offsets[0]), int(offsets[-1])
    held = np.frombuffer(buffer, np.uint8)[start:stop] if buffer is not None else np.zeros(0, np.uint8)
    if lengths.min() == SHORT:
        word = np.ascontiguousarray(held).view("<u2")
    else:
        padded = np.concatenate([held, np.zeros(SHORT, np.uint8)]).astype(np.uint16)
        first = offsets[:-1] - start
        word = padded[first] * (lengths > 0) + ((padded << 8)[first + 1] * (lengths > 1))
    used, numbers = compact(word, 1 << 16)
    texts = [int(one).to_bytes(SHORT, "little").rstrip(b"\0").decode() for one in used]
    return numbers, texts


def compact(code: npt.NDArray[Any], size: int) -> tuple[Codes, Codes]:
    """Distinct codes and the number of each; by counting when the range is small."""
    if size > 1 << 20:
        used, inverse = np.unique(code, return_inverse=True)
        return used, inverse
    is_used = np.zeros(size, np.bool_)
    is_used[code] = True
    used = np.flatnonzero(is_used)
    numbers = np.zeros(size, np.int64)
    numbers[used] = np.arange(len(used))
    return used, numbers[code]


def _unpack(code: int, values: list[list[Any]]) -> tuple[str, str, str, str, bool, bool]:
    parts: list[Any] = []
    for one in reversed(values):
        code, place = divmod(code, len(one))
        parts.append(one[place])
    hang, mok, base, long_stay, is_drug, is_added = reversed(parts)
    return hang, mok, base, long_stay, is_drug, is_added


def _column(
    hang: str, mok: str, base: str, long_stay: str, is_drug: bool, is_added: bool
) -> tuple[int, int] | NotComputableError:
    """Section and column of a combination of marks, or why there is none."""
    if hang not in SECTIONS:
        return NotComputableError(
            "unknown_value", "lines.hang", f"항번호를 알 수 없습니다 ({hang})", f"unknown hang {hang}"
        )
    if base not in LINE_BASES or long_stay not in LONG_STAYS or (long_stay and base not in ROOMS):
        return NotComputableError(
            "unknown_value", "lines.base", "줄의 구분을 알 수 없습니다", "unknown base or long_stay"
        )
    if is_added and hang in NO_ADDITION:
        return NotComputableError(
            "contradiction", "lines.is_type_added", "종별가산이 없는 항입니다", "no addition there"
        )
    number = SECTIONS.index(hang)
    if hang in OTHER_SECTIONS:
        if base not in ("", "S_EQUIP"):
            return NotComputableError(
                "contradiction", "lines.base", "총액1 밖의 항에는 쓰지 않습니다", "not in this section"
            )
        return number, COLUMN_NO[A_EQUIP if hang == "A" and base else hang]
    if base:
        return number, BUCKET_NO.get(f"{base}{LONG_STAYS[long_stay]}", BUCKET_NO[OTHER])
    if hang == "02" and mok in MEAL_ITEMS:
        return number, BUCKET_NO[MEAL_ITEMS[mok]]
    if hang in SECTION_PARTS:
        return number, BUCKET_NO[SECTION_PARTS[hang]]
    return number, BUCKET_NO["DRUG" if is_drug else OTHER]


def _faults(rows: Ints, where: Bools, why: NotComputableError) -> dict[int, NotComputableError]:
    return dict.fromkeys(np.unique(rows[where]).tolist(), why) if where.any() else {}


def _is_null(lines: pa.Table, name: str) -> Bools:
    if name not in lines.column_names:
        return np.ones(len(lines), np.bool_)
    if not lines[name].null_count:
        return np.zeros(len(lines), np.bool_)
    result: Bools = lines[name].is_null().to_numpy()
    return result


def _integers(lines: pa.Table, name: str) -> Ints:
    if name not in lines.column_names:
        return np.zeros(len(lines), np.int64)
    column = lines[name]
    filled = pc.fill_null(column, 0) if column.null_count else column
    result: Ints = filled.cast(pa.int64()).to_numpy()
    return result


def _flags(lines: pa.Table, name: str) -> Bools:
    if name not in lines.column_names:
        return np.zeros(len(lines), np.bool_)
    result: Bools = pc.fill_null(lines[name], False).to_numpy()
    return result
