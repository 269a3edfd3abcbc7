"""Text as CP949 bytes (완성형 확장), column by column.

A value is never replaced or cut: what CP949 cannot carry is reported with its row. Python's ``euc_kr`` writes
eight bytes for most of the 11,172 syllables, so only ``cp949`` is used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

CODEC = "cp949"
SPACE = 0x20
LAST_ASCII = 0x7E  # 0x7F and everything below a space are control characters
NEWLINE = 0x0A

Bytes = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int32]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Texts:
    """A column of byte strings: value ``i`` is ``data[offsets[i]:offsets[i + 1]]``.

    ``bad`` lists ``(row, reason)`` of the values that could not be carried over; those rows are empty here.
    """

    data: Bytes
    offsets: Offsets
    bad: tuple[tuple[int, str], ...] = ()

    @property
    def lengths(self) -> Offsets:
        return np.diff(self.offsets)

    @property
    def is_ascii(self) -> bool:
        return self.data.size == 0 or int(self.data.max()) < 0x80


def text_buffers(array: pa.Array) -> Texts:
    """The UTF-8 bytes of a string array without nulls, as they lie in memory."""
    _, offsets, data = array.buffers()
    places = np.frombuffer(offsets, np.int32)[array.offset : array.offset + len(array) + 1]
    held = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    first, last = (int(places[0]), int(places[-1])) if len(places) else (0, 0)
    return Texts(held[first:last], (places - first).astype(np.int32, copy=False))


def to_cp949(column: pa.Array | pa.ChunkedArray) -> Texts:
    """CP949 bytes of every value of a string column; null counts as empty.

    One bulk transcode when everything fits; only a column that holds something impossible is walked value by
    value to find out where.
    """
    array = plain_strings(column)
    texts = text_buffers(array)
    if texts.data.size == 0:
        return texts
    if int(texts.data.min()) < SPACE or bool((texts.data == 0x7F).any()):
        return _encode_one_by_one(array)
    if texts.is_ascii:
        return texts
    joined = pc.binary_join_element_wise(array, pa.scalar("", pa.string()), "\n")
    try:
        encoded = np.frombuffer(text_buffers(joined).data.tobytes().decode().encode(CODEC), np.uint8)
    except UnicodeEncodeError:
        return _encode_one_by_one(array)
    return _split_lines(encoded)


def plain_strings(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The column as one plain string array without nulls."""
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    if isinstance(column, pa.ChunkedArray):  # combine_chunks of nothing stays chunked in some versions
        column = pa.array([], column.type)
    if column.type != pa.string():
        column = column.cast(pa.string())
    return column.fill_null("") if column.null_count else column


def from_cp949(texts: Texts) -> Texts:
    """UTF-8 bytes of every value. Bytes that are not CP949 become U+FFFD and their rows are listed in ``bad``."""
    if texts.is_ascii:
        return texts
    lines = _join_lines(texts)
    try:
        decoded = lines.tobytes().decode(CODEC)
    except UnicodeDecodeError:
        return _decode_one_by_one(texts)
    return _split_lines(np.frombuffer(decoded.encode(), np.uint8))


def as_array(texts: Texts) -> pa.Array:
    """A string array over UTF-8 bytes; nothing is copied."""
    count = len(texts.offsets) - 1
    return pa.StringArray.from_buffers(count, pa.py_buffer(texts.offsets), pa.py_buffer(texts.data))


def bad_rows(texts: Texts) -> Rows:
    """Rows whose bytes are not CP949 text."""
    if texts.is_ascii:
        return np.empty(0, np.int64)
    try:
        _join_lines(texts).tobytes().decode(CODEC)
    except UnicodeDecodeError:
        return np.array([row for row, _ in _decode_one_by_one(texts).bad], np.int64)
    return np.empty(0, np.int64)


def _join_lines(texts: Texts) -> Bytes:
    """All values, each followed by a line feed, which is never part of a CP949 character."""
    count = len(texts.offsets) - 1
    lines = np.full(texts.data.size + count, NEWLINE, np.uint8)
    keep = np.ones(lines.size, bool)
    keep[texts.offsets[1:] + np.arange(count)] = False
    lines[keep] = texts.data
    return lines


def _split_lines(lines: Bytes) -> Texts:
    """The reverse of ``_join_lines``: cut at each line feed."""
    ends = np.flatnonzero(lines == NEWLINE)
    offsets = np.zeros(len(ends) + 1, np.int32)
    offsets[1:] = ends - np.arange(len(ends))
    keep = np.ones(lines.size, bool)
    keep[ends] = False
    return Texts(lines[keep], offsets)


def _gather(values: list[bytes], bad: list[tuple[int, str]]) -> Texts:
    offsets = np.zeros(len(values) + 1, np.int32)
    np.cumsum([len(value) for value in values], out=offsets[1:])
    return Texts(np.frombuffer(b"".join(values), np.uint8), offsets, tuple(bad))


def _encode_one_by_one(array: pa.Array) -> Texts:
    values: list[bytes] = []
    bad: list[tuple[int, str]] = []
    for row, text in enumerate(array.to_pylist()):
        problem = _why_impossible(text)
        values.append(b"" if problem else text.encode(CODEC))
        if problem:
            bad.append((row, problem))
    return _gather(values, bad)


def _why_impossible(text: str) -> str | None:
    for place, sign in enumerate(text, start=1):
        if ord(sign) < SPACE or ord(sign) == 0x7F:
            return f"control character at character {place}"
    try:
        text.encode(CODEC)
    except UnicodeEncodeError as error:
        return f"character {error.start + 1} of {len(text)} is not in CP949"
    return None


def _decode_one_by_one(texts: Texts) -> Texts:
    values: list[bytes] = []
    bad: list[tuple[int, str]] = []
    raw = texts.data.tobytes()
    for row, (start, end) in enumerate(zip(texts.offsets[:-1], texts.offsets[1:], strict=True)):
        piece = raw[start:end]
        try:
            values.append(piece.decode(CODEC).encode())
        except UnicodeDecodeError as error:
            values.append(piece.decode(CODEC, "replace").encode())
            bad.append((row, f"byte {error.start + 1} of {len(piece)} is not CP949"))
    return _gather(values, bad)
