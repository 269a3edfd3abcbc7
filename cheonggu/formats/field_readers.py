"""Fields of fixed-width records read block by block: one reader per field collects what the blocks hold.

The bytes of a block lie in a matrix (rows × record length); nothing is copied before it is known to be needed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.errors import LayoutError
from cheonggu.formats import digits
from cheonggu.formats.cp949 import Texts, as_array, from_cp949
from cheonggu.layouts import Field

Bytes = npt.NDArray[np.uint8]
SPACE, EIGHT_SPACES = 0x20, 0x2020202020202020


class NumberReader:
    """Collects a number field: int64, missing where blank or not a number; ``unread`` lists the latter rows."""

    def __init__(self, field: Field, rows: int) -> None:
        self.field = field
        self.unread: list[int] = []
        self._values = np.zeros(rows, np.int64)
        self._missing: npt.NDArray[np.bool_] | None = None

    def read(self, block: Bytes, first: int) -> None:
        start, end = self.field.start - 1, self.field.end
        if self.field.is_signed:
            values, missing = digits.read_filled(block[:, start:end], signed=True)
        else:
            values, missing = digits.read_digits(block, start, end)
        self._values[first : first + len(block)] = values
        if missing is not None:
            self._miss(first, missing)
            suspects = np.flatnonzero(missing)
            odd = (block[suspects, start:end] != SPACE).any(axis=1)
            self.unread.extend((suspects[odd] + first).tolist())

    def read_blank(self, rows: int, first: int) -> None:
        """A block in which the field is all spaces."""
        self._miss(first, np.ones(rows, bool))

    def finish(self) -> pa.Array:
        return pa.array(self._values, pa.int64(), mask=self._missing)

    def _miss(self, first: int, missing: npt.NDArray[np.bool_]) -> None:
        if self._missing is None:
            self._missing = np.zeros(len(self._values), bool)
        self._missing[first : first + len(missing)] = missing


class TextReader:
    """Collects a text field without the spaces on the right; ``unread`` lists rows whose bytes are not CP949."""

    def __init__(self, field: Field, rows: int) -> None:
        self.field = field
        self.unread: list[int] = []
        self._rows = rows
        self._width = 0  # bytes used in the block before, where this one probably ends too
        self._pieces: list[Bytes] = []
        self._lengths: list[int | npt.NDArray[np.int32]] = []  # per block: of all values, or of each
        self._counts: list[int] = []

    def read(self, block: Bytes, first: int) -> None:
        start, end = self.field.start - 1, self.field.end
        self._width = used_width(block, start, end, self._width)
        data, lengths = _stripped(block, start, self._width)
        self._keep(data, lengths, len(block))

    def read_blank(self, rows: int, first: int) -> None:
        """A block in which the field is all spaces."""
        self._keep(np.empty(0, np.uint8), 0, rows)

    def _keep(self, data: Bytes, lengths: int | npt.NDArray[np.int32], rows: int) -> None:
        self._pieces.append(data)
        self._lengths.append(lengths)
        self._counts.append(rows)

    def finish(self) -> pa.Array:
        if sum(map(len, self._pieces)) > np.iinfo(np.int32).max:
            raise LayoutError(
                f"{self.field.name} holds more than 2 GiB of text in one piece.",
                f"{self.field.name_ko} 항목이 한 번에 2 GiB를 넘습니다.",
                fix_en="Read the file in chunks.",
                fix_ko="파일을 나누어 읽으세요.",
            )
        filled = [piece for piece in self._pieces if len(piece)]
        data = filled[0] if len(filled) == 1 else np.concatenate([np.empty(0, np.uint8), *filled])
        texts = from_cp949(Texts(data, self._offsets()))
        self.unread.extend(row for row, _ in texts.bad)
        return as_array(texts)

    def _offsets(self) -> npt.NDArray[np.int32]:
        offsets = np.zeros(self._rows + 1, np.int32)
        first = self._lengths[0] if self._lengths else 0
        if isinstance(first, int) and all(isinstance(one, int) and one == first for one in self._lengths):
            return np.arange(0, first * self._rows + 1, first, dtype=np.int32) if first else offsets
        place = 1
        for rows, lengths in zip(self._counts, self._lengths, strict=True):
            offsets[place : place + rows] = lengths
            place += rows
        return np.cumsum(offsets, out=offsets)


Reader = NumberReader | TextReader


def make_readers(fields: Sequence[Field], rows: int) -> list[Reader]:
    """A reader for each field, for so many rows in all."""
    return [NumberReader(one, rows) if one.is_number else TextReader(one, rows) for one in fields]


def read_block(readers: Sequence[Reader], block: Bytes, first: int) -> None:
    """Let every field read its part of a block; neighbouring fields that are all blank are looked at together."""
    is_blank = block[0] == SPACE
    place = 0
    while place < len(readers):
        behind = place
        while behind < len(readers) and _in_row(is_blank, readers[behind].field):
            behind += 1
        run = readers[place:behind]
        if run and is_blank_block(block, run[0].field.start - 1, run[-1].field.end):
            for reader in run:
                reader.read_blank(len(block), first)
        else:
            behind = max(behind, place + 1)
            for reader in readers[place:behind]:
                _read(reader, block, first)
        place = behind


def _in_row(is_blank: npt.NDArray[np.bool_], field: Field) -> bool:
    return bool(is_blank[field.start - 1 : field.end].all())


def _read(reader: Reader, block: Bytes, first: int) -> None:
    """One field on its own: a number that is blank in every row needs no digits looked at."""
    field = reader.field
    if field.is_number and is_blank_block(block, field.start - 1, field.end):
        reader.read_blank(len(block), first)
    else:
        reader.read(block, first)


def is_blank_block(block: Bytes, start: int, end: int) -> bool:
    """Whether the bytes ``start … end`` are spaces in every row."""
    if (block[0, start:end] != SPACE).any():
        return False
    length = end - start
    if length >= 16:  # one copy of the run is cheaper than walking the rows once for every eight bytes
        words = np.ascontiguousarray(digits.column_view(block, start, length // 8 * 8)).view(np.uint64)
        return not (words != EIGHT_SPACES).any() and (length % 8 == 0 or _has_spaces(block, end - 8, 8))
    size = next(one for one in (8, 4, 2, 1) if one <= length)
    places = dict.fromkeys([*range(start, end - size + 1, size), end - size])  # the last one may overlap
    return all(_has_spaces(block, place, size) for place in places)


def _has_spaces(block: Bytes, start: int, size: int) -> bool:
    return bool((digits.column_view(block, start, size) == EIGHT_SPACES >> (64 - 8 * size)).all())


def used_width(block: Bytes, start: int, end: int, guess: int = 0) -> int:
    """Width up to the last byte that is not a space in some row of the block; a good ``guess`` saves looking."""
    in_first = block[0, start:end].tobytes().rstrip(b" ")  # the first row alone settles most columns
    least = start + len(in_first)
    likely = end - (end - max(least, start + guess)) // 8 * 8
    if end - likely > 8 and is_blank_block(block, likely, end):
        end = likely
    while end - least >= 8 and is_blank_block(block, end - 8, end):
        end -= 8
    while end > least and is_blank_block(block, end - 1, end):
        end -= 1
    return end - start


def _stripped(block: Bytes, start: int, width: int) -> tuple[Bytes, int | npt.NDArray[np.int32]]:
    """The bytes of a text column without the spaces on the right, one after the other, and their lengths."""
    if width == 0:
        return np.empty(0, np.uint8), 0
    cells = np.ascontiguousarray(digits.column_view(block, start, width)).view(np.uint8).reshape(-1, width)
    if (cells[:, -1] != SPACE).all():
        return cells.reshape(-1), width
    places = np.arange(0, cells.size + 1, width, dtype=np.int32)
    trimmed = pc.ascii_rtrim(as_array(Texts(cells.reshape(-1), places)), " ")
    _, offsets, data = trimmed.buffers()
    ends = np.frombuffer(offsets, np.int32)[: len(cells) + 1]
    held = np.frombuffer(data, np.uint8)[: ends[-1]] if data is not None else np.empty(0, np.uint8)
    return held, np.diff(ends)
