"""What has to be said beside the values of a record so that its bytes come back exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cheonggu.formats import digits, fixed_width
from cheonggu.formats.cp949 import to_cp949
from cheonggu.layouts import Field, Layout

Bytes = fixed_width.Bytes
Mask = npt.NDArray[np.bool_]
CONTENT_RULES = ("WIRE-005", "WIRE-006")


@dataclass(frozen=True)
class Copy:
    """A group of records beside what the values alone would give. ``matrix``: the bytes as they are.

    ``is_odd``: rows with any key; ``is_space_filled``, ``is_unchecked``: rows with ``fill`` and ``as_is``;
    ``differs``: field → rows whose bytes the values (filled as said) do not give.
    """

    matrix: Bytes
    is_space_filled: Mask
    is_unchecked: Mask
    differs: Mapping[Field, Mask]

    @property
    def is_odd(self) -> Mask:
        odd = self.is_space_filled | self.is_unchecked
        for rows in self.differs.values():
            odd = odd | rows
        return odd

    def keys(self, row: int) -> dict[str, Any]:
        """The keys of one record: ``fill``, ``raw`` and ``as_is``."""
        found: dict[str, Any] = {"fill": "space"} if self.is_space_filled[row] else {}
        raw = {
            field.name: self.matrix[row, field.start - 1 : field.end].tobytes().decode("latin-1")
            for field, rows in self.differs.items()
            if rows[row]
        }
        if raw:
            found["raw"] = raw
        if self.is_unchecked[row]:
            found["as_is"] = True
        return found


def plain_copy(table: pa.Table, layout: Layout, matrix: Bytes, allowed: Mapping[str, frozenset[str]]) -> Copy:
    """Compare ``matrix`` (rows × record length) with what ``table``, decoded from it, encodes to."""
    encoded = fixed_width.encode(encodable(table), layout, allowed=allowed)
    unchecked = np.zeros(len(matrix), bool)
    unchecked[encoded.rows] = True
    zeros = encoded.matrix[:, : layout.length]
    differs = ~same_rows(matrix, zeros)
    spaced = np.zeros(len(matrix), bool)
    fields: dict[Field, Mask] = {}
    if differs.any():
        rows = np.flatnonzero(differs)
        spaces = space_filled(zeros[rows], table.take(pa.array(rows)), layout)
        spaced[rows] = _is_nearer(matrix[rows], spaces, zeros[rows])
        best = zeros.copy()
        best[rows[spaced[rows]]] = spaces[spaced[rows]]
        for field in layout.fields:
            cells = slice(field.start - 1, field.end)
            odd = ~same_rows(matrix[:, cells], best[:, cells])
            if odd.any():
                fields[field] = odd
    return Copy(matrix, spaced, unchecked, fields)


def same_rows(left: Bytes, right: Bytes) -> Mask:
    """Rows that are equal in every byte."""
    same: Mask = (left == right).all(axis=1)
    return same


def _is_nearer(matrix: Bytes, spaces: Bytes, zeros: Bytes) -> Mask:
    """Rows that fewer bytes tell from ``spaces`` than from ``zeros``."""
    nearer: Mask = (matrix != spaces).sum(axis=1) < (matrix != zeros).sum(axis=1)
    return nearer


def space_filled(zeros: Bytes, table: pa.Table, layout: Layout) -> Bytes:
    """The records ``zeros`` with their numbers filled with spaces; a number that is null is all spaces."""
    cells = zeros.copy()
    for field in layout.fields:
        if not field.is_number:
            continue
        column = cells[:, field.start - 1 : field.end]
        leading = np.logical_and.accumulate(column == digits.ZERO, axis=1)
        leading[:, -1] = False
        column[leading] = digits.SPACE
        missing = table[field.name].is_null().combine_chunks().to_numpy(zero_copy_only=False)
        column[missing] = digits.SPACE
    return cells


def encodable(table: pa.Table) -> pa.Table:
    """``table`` with texts that CP949 cannot carry emptied: their bytes go along raw."""
    for place, name in enumerate(table.column_names):
        if not pa.types.is_string(table[name].type):
            continue
        bad = to_cp949(table[name]).bad
        if bad:
            values = table[name].to_pylist()
            for row, _ in bad:
                values[row] = ""
            table = table.set_column(place, name, pa.array(values, pa.string()))
    return table
