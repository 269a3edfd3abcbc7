"""Lines of a file: where each record starts, how long it is and how it ends, for millions of lines at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]

LF, CR = 0x0A, 0x0D
NO_END, LF_END, CRLF_END = 0, 1, 2
END_NAMES = ("none", "lf", "crlf")
BLOCK_BYTES = 16 * 1024 * 1024
_SCAN_BYTES = 1 << 18  # newline search in pieces that stay in the cache


@dataclass(frozen=True)
class Lines:
    """``starts``: place of each line in ``buffer``; ``lengths`` without the line end; ``ends``: *_END per line."""

    buffer: Bytes
    starts: Places
    lengths: Places
    ends: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.starts)

    def byte_at(self, place: int) -> Bytes:
        """Byte ``place`` (0-based) of every line; 0 where a line is shorter."""
        if len(self) and int(self.lengths.min()) > place:
            return self.buffer[self.starts + place]
        inside = self.lengths > place
        found = np.zeros(len(self), np.uint8)
        found[inside] = self.buffer[self.starts[inside] + place]
        return found

    def pick(self, rows: npt.NDArray[np.intp]) -> Lines:
        return Lines(self.buffer, self.starts[rows], self.lengths[rows], self.ends[rows])

    def line(self, row: int) -> bytes:
        start = int(self.starts[row])
        return self.buffer[start : start + int(self.lengths[row])].tobytes()

    def matrix(self, width: int) -> Bytes:
        """The lines as rows of at least ``width`` bytes: shorter ones filled with spaces, none longer."""
        if not len(self):
            return np.empty((0, width), np.uint8)
        first, step = int(self.starts[0]), int(self.lengths[0]) + int(self.ends[0])
        if int(self.lengths.min()) == width == int(self.lengths.max()):
            last = int(self.starts[-1])
            if (
                len(self) > 1
                and last - first == step * (len(self) - 1)
                and (np.diff(self.starts) == step).all()
                and first + step * len(self) <= len(self.buffer)
            ):
                return self.buffer[first : first + step * len(self)].reshape(-1, step)
            return self._gathered(width)
        return self._filled(width)

    def _gathered(self, width: int) -> Bytes:
        """Lines of one length lying anywhere, copied together (Arrow's take copies whole values)."""
        is_small = len(self.buffer) <= np.iinfo(np.int32).max
        places = np.empty(2 * len(self), np.int32 if is_small else np.int64)
        places[0::2] = self.starts
        places[1::2] = self.starts + width
        every_other = pa.Array.from_buffers(
            pa.binary() if is_small else pa.large_binary(),
            2 * len(self) - 1,
            [None, pa.py_buffer(places), pa.py_buffer(self.buffer)],
        )
        taken = every_other.take(pa.array(np.arange(0, 2 * len(self) - 1, 2)))
        return np.frombuffer(taken.buffers()[2], np.uint8)[: len(self) * width].reshape(-1, width)

    def _filled(self, width: int) -> Bytes:
        if int(self.lengths.max()) > width:
            raise ValueError(f"a line is longer than {width} bytes")
        cells = np.full(len(self) * width, 0x20, np.uint8)
        within = np.arange(int(self.lengths.sum())) - np.repeat(
            np.cumsum(self.lengths) - self.lengths, self.lengths
        )
        source = within + np.repeat(self.starts, self.lengths)
        target = within + np.repeat(np.arange(len(self)) * width, self.lengths)
        cells[target] = self.buffer[source]
        return cells.reshape(-1, width)


def split_lines(buffer: Bytes) -> Lines:
    """Every line of ``buffer``, blank ones included; a last line without an end counts when it has bytes."""
    stops = _newlines(buffer)
    has_tail = len(buffer) > 0 and (not len(stops) or int(stops[-1]) != len(buffer) - 1)
    starts = np.empty(len(stops) + has_tail, np.int64)
    if len(starts):
        starts[0] = 0
        starts[1:] = stops[: len(starts) - 1] + 1
    lengths = np.empty(len(starts), np.int64)
    lengths[: len(stops)] = stops - starts[: len(stops)]
    ends = np.full(len(starts), LF_END, np.uint8)
    full = np.flatnonzero(lengths[: len(stops)] > 0)
    crlf = full[buffer[stops[full] - 1] == CR]
    lengths[crlf] -= 1
    ends[crlf] = CRLF_END
    if has_tail:
        lengths[-1] = len(buffer) - starts[-1]
        ends[-1] = NO_END
    return Lines(buffer, starts, lengths, ends)


def _newlines(buffer: Bytes) -> Places:
    pieces = [
        np.flatnonzero(buffer[place : place + _SCAN_BYTES] == LF) + place
        for place in range(0, len(buffer), _SCAN_BYTES)
    ]
    return np.concatenate(pieces) if pieces else np.empty(0, np.int64)


def read_blocks(path: Path, block_bytes: int = BLOCK_BYTES) -> Iterator[Bytes]:
    """The bytes of a file in blocks that end with a line end; only the last block may end without one.

    Two rooms take turns, so a block stays good while the next one is made, and memory stays at twice ``block_bytes``
    however long the file is. A line longer than that makes the rooms grow.
    """
    size = max(1, min(block_bytes, path.stat().st_size))
    room, other = np.empty(size, np.uint8), np.empty(size, np.uint8)
    held = 0
    with path.open("rb", buffering=0) as stream:
        while count := stream.readinto(room.data[held:]):
            held += count
            cut = _last_newline(room, held - count, held) + 1
            rest = room[cut:held].copy()
            if cut:
                yield room[:cut]
            # Only now, when the next block is asked for, is the one in the other room done with.
            room, other, held = other, room, len(rest)
            if held >= len(room):
                room = np.empty(2 * held, np.uint8)
            room[:held] = rest
        if held:
            yield room[:held]


def _last_newline(room: Bytes, first: int, end: int) -> int:
    """Place of the last line feed of ``room[first:end]``; -1 when there is none."""
    step = 4096
    while end > first:
        begin = max(first, end - step)
        found = np.flatnonzero(room[begin:end] == LF)
        if len(found):
            return begin + int(found[-1])
        end, step = begin, step * 8
    return -1
