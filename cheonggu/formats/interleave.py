"""Records of several kinds put into one stream, statement by statement."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.intp]


def interleave(data: Bytes, widths: Sequence[int], places: Sequence[Places]) -> Bytes:
    """All records of ``data`` by statement, inside it by kind of record, inside that in the order given.

    ``data``: the records of each kind one behind the other, kind after kind. ``widths``: bytes per record of each
    kind; ``places[kind][row]``: the place of the row's statement, ascending. Arrow's take does the copying, one whole
    record at a time.
    """
    counts = [len(place) for place in places]
    if len(widths) < 2:
        return data
    offsets = np.zeros(sum(counts) + 1, np.int64)
    np.cumsum(np.repeat(widths, counts), out=offsets[1:])
    is_small = len(data) <= np.iinfo(np.int32).max
    records = pa.Array.from_buffers(
        pa.binary() if is_small else pa.large_binary(),
        sum(counts),
        [None, pa.py_buffer(offsets.astype(np.int32) if is_small else offsets), pa.py_buffer(data)],
    )
    taken = records.take(pa.array(_order(places)))
    return np.frombuffer(taken.buffers()[2], np.uint8)[: len(data)]


def _order(places: Sequence[Places]) -> Places:
    """Source row (counted over all kinds) of each row of the stream."""
    statements = 1 + max((int(place[-1]) for place in places if len(place)), default=-1)
    counts = [np.bincount(place, minlength=statements) for place in places]
    total = np.sum(counts, axis=0)
    starts = np.cumsum(total) - total
    order = np.empty(int(total.sum()), np.intp)
    source = 0
    for place, count in zip(places, counts, strict=True):
        first = np.cumsum(count) - count  # first row of each statement among the rows of this kind
        rows = np.arange(len(place))
        order[starts[place] + rows - first[place]] = source + rows
        starts = starts + count
        source += len(place)
    return order
