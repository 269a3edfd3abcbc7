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
    try:
        encoded = texts.data.tobytes().decode().encode(CODEC)
    except UnicodeEncodeError:
        return _encode_one_by_one(array)
    return Texts(np.frombuffer(encoded, np.uint8), _encoded_offsets(array, texts))


def _encoded_offsets(array: pa.Array, texts: Texts) -> Offsets:
    """Where each value begins in CP949: every character beyond ASCII takes two bytes there, two or three in UTF-8."""
    is_two = (texts.data >= 0xC2) & (texts.data <= 0xDF)  # leads of two-byte characters, rare in Korean text
    if is_two.any():
        weights = np.where(texts.data < 0x80, 1, np.where(texts.data >= 0xC0, 2, 0))
        return np.concatenate([[0], np.cumsum(weights)])[texts.offsets].astype(np.int32)
    characters = pc.utf8_length(array).to_numpy()
    offsets = np.zeros(len(texts.offsets), np.int32)
    np.cumsum((texts.lengths + characters) // 2, out=offsets[1:])  # a + 3h bytes, a + h characters → a + 2h
    return offsets


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
    """UTF-8 bytes of every value. Bytes that are not CP949 become U+FFFD and their rows are listed in ``bad``.

    Values are decoded together, with a line feed behind each: it is never part of a character, so a broken character
    at the end of one value cannot swallow the start of the next.
    """
    if texts.is_ascii:
        return texts
    lines = pc.binary_join_element_wise(as_array(texts).cast(pa.binary()), b"", b"\n")
    try:
        decoded = text_buffers(lines).data.tobytes().decode(CODEC)
    except UnicodeDecodeError:
        return _decode_one_by_one(texts)
    data = np.frombuffer(decoded.encode(), np.uint8)
    offsets = np.zeros(len(texts.offsets), np.int32)
    offsets[1:] = np.flatnonzero(data == NEWLINE) + 1
    return text_buffers(pc.binary_slice(as_array(Texts(data, offsets)).cast(pa.binary()), 0, -1))


def as_array(texts: Texts) -> pa.Array:
    """A string array over UTF-8 bytes; nothing is copied."""
    count = len(texts.offsets) - 1
    return pa.StringArray.from_buffers(count, pa.py_buffer(texts.offsets), pa.py_buffer(texts.data))


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
