"""Small vectorised helpers of the sample: weighted choice, ranks inside groups, digits as text."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def choose(random: np.random.Generator, weights: NDArray[np.float64], size: int) -> Ints:
    """Indices 0..len(weights)-1 drawn in proportion to the weights."""
    edges = np.cumsum(weights) / np.sum(weights)
    found = np.searchsorted(edges, random.random(size), side="right")
    return np.minimum(found, len(weights) - 1).astype(np.int64)


def chance(random: np.random.Generator, share: float, size: int) -> Bools:
    found: Bools = random.random(size) < share
    return found


def rank_within(group: Ints) -> Ints:
    """0, 1, 2 … for the rows of each group, in row order."""
    order = np.argsort(group, kind="stable")
    sorted_group = group[order]
    starts = np.flatnonzero(np.r_[True, sorted_group[1:] != sorted_group[:-1]]) if len(group) else order
    sizes = np.diff(np.r_[starts, len(group)])
    rank = np.empty(len(group), np.int64)
    rank[order] = np.arange(len(group)) - np.repeat(starts, sizes)
    return rank


def expand(counts: Ints) -> tuple[Ints, Ints]:
    """For ``counts[i]`` rows of each i: the owner of every row and its place 0, 1, 2 … within the owner."""
    owner = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
    starts = np.cumsum(counts) - counts
    return owner, np.arange(len(owner), dtype=np.int64) - np.repeat(starts, counts)


def rotate(start: Ints, step: Ints, place: Ints, size: Ints | int) -> Ints:
    """``place``-th stop of a walk round a circle of ``size`` stops; distinct while place < size."""
    stop: Ints = np.mod(start + step * place, size)
    return stop


def coprime_steps(random: np.random.Generator, size: int, count: int) -> Ints:
    """Steps that visit every stop of a circle of ``size`` before one comes again."""
    steps = np.array([one for one in range(1, max(size, 2)) if np.gcd(one, size) == 1], np.int64)
    return steps[random.integers(0, len(steps), count)]


def digits(numbers: Ints, width: int, prefix: str = "") -> pa.Array:
    """Zero-filled decimal text of a fixed width behind a fixed prefix, as an Arrow string array."""
    lead = len(prefix)
    text = np.empty((len(numbers), lead + width), np.uint8)
    text[:, :lead] = np.frombuffer(prefix.encode("ascii"), np.uint8)
    rest = numbers.astype(np.int64, copy=True)
    for place in range(width - 1, -1, -1):
        rest, digit = np.divmod(rest, 10)
        text[:, lead + place] = digit + ord("0")
    return fixed_text(text)


def fixed_text(text: NDArray[np.uint8]) -> pa.Array:
    """An Arrow string array over a byte matrix (rows × width) of ASCII."""
    rows, width = text.shape
    offsets = pa.py_buffer(np.arange(0, rows * width + 1, max(width, 1), dtype=np.int32))
    return pa.StringArray.from_buffers(rows, offsets, pa.py_buffer(np.ascontiguousarray(text)))


def pick(texts: list[str], index: Ints) -> pa.Array:
    """``texts[index]`` as an Arrow string array."""
    return pa.array(texts, pa.string()).take(pa.array(index))
