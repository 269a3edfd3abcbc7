"""Records of several kinds put into one stream, statement by statement."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.intp]


def interleave(matrices: Sequence[Bytes], places: Sequence[Places]) -> Bytes:
    """All rows of ``matrices`` in one stream: by statement, inside it by matrix, inside that by row.

    ``places[m][row]`` is the place of the row's statement; rows of a matrix are already in that order.
    Arrow's take does the copying, one whole record at a time.
    """
    rows = sum(map(len, matrices))
    if rows == 0:
        return np.empty(0, np.uint8)
    order = _order(places, 1 + max(int(place[-1]) for place in places if len(place)))
    if len(matrices) == 1:
        return matrices[0].reshape(-1)
    data = np.concatenate([matrix.reshape(-1) for matrix in matrices])
    widths = np.repeat([matrix.shape[1] for matrix in matrices], [len(matrix) for matrix in matrices])
    offsets = np.zeros(rows + 1, np.int64)
    np.cumsum(widths, out=offsets[1:])
    is_small = offsets[-1] <= np.iinfo(np.int32).max
    records = pa.Array.from_buffers(
        pa.binary() if is_small else pa.large_binary(),
        rows,
        [None, pa.py_buffer(offsets.astype(np.int32) if is_small else offsets), pa.py_buffer(data)],
    )
    taken = records.take(pa.array(order))
    return np.frombuffer(taken.buffers()[2], np.uint8)[: len(data)]


def _order(places: Sequence[Places], statements: int) -> Places:
    """Source row (counted over all matrices) of each row of the stream."""
    counts = [np.bincount(place, minlength=statements) for place in places]
    starts = np.zeros(statements, np.intp)
    total = np.sum(counts, axis=0)
    starts[1:] = np.cumsum(total)[:-1]
    order = np.empty(int(total.sum()), np.intp)
    source = 0
    for place, count in zip(places, counts, strict=True):
        first = np.cumsum(count) - count  # first row of each statement in this matrix
        rows = np.arange(len(place))
        order[starts[place] + rows - first[place]] = source + rows
        starts = starts + count
        source += len(place)
    return order
