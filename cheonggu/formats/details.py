"""Specific details (특정내역) whose text is longer than one record: they go on in further records.

Source: layout notes, "Text over 700 bytes: repeat the record with identical columns up to ``detail_code``". A cut lies
between characters. It lies before a run of spaces rather than behind it, because spaces on the right of a record
cannot be told from filling.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.formats.cp949 import CODEC
from cheonggu.layouts import Layout

TEXT = "detail_text"


def continue_details(
    table: pa.Table, layout: Layout, places: npt.NDArray[np.intp]
) -> tuple[pa.Table, npt.NDArray[np.intp]]:
    """``table`` with every row whose text is too long replaced by as many rows as it takes, and ``places`` likewise."""
    if TEXT not in layout or TEXT not in table.column_names or not table.num_rows:
        return table, places
    limit = layout[TEXT].length
    # UTF-8 never needs fewer bytes than CP949, so this finds every candidate.
    size = pc.binary_length(table[TEXT].cast(pa.binary())).fill_null(0).to_numpy()
    candidates = np.flatnonzero(size > limit)
    if not len(candidates):
        return table, places
    texts = table[TEXT].take(pa.array(candidates)).to_pylist()
    pieces = {int(row): cut_text(text, limit) for row, text in zip(candidates, texts, strict=True)}
    times = np.ones(table.num_rows, np.intp)
    for row, parts in pieces.items():
        times[row] = len(parts)
    source = np.repeat(np.arange(table.num_rows), times)
    wider = table.take(pa.array(source))
    column = wider[TEXT].to_pylist()
    firsts = np.cumsum(times) - times
    for row, parts in pieces.items():
        column[firsts[row] : firsts[row] + len(parts)] = parts
    place = wider.schema.get_field_index(TEXT)
    return wider.set_column(place, TEXT, pa.array(column, pa.string())), places[source]


def cut_text(text: str, limit: int) -> list[str]:
    """``text`` in pieces of at most ``limit`` bytes of CP949; joined they are the text again.

    A text that CP949 cannot carry comes back whole, for the encoder to report.
    """
    try:
        sizes = [len(sign.encode(CODEC)) for sign in text]
    except UnicodeEncodeError:
        return [text]
    pieces: list[str] = []
    first = used = 0
    for place, size in enumerate(sizes):
        if used + size > limit:
            cut = _before_spaces(text, first, place)
            pieces.append(text[first:cut])
            used = sum(sizes[cut:place])
            first = cut
        used += size
    pieces.append(text[first:])
    return pieces


def _before_spaces(text: str, first: int, place: int) -> int:
    """The last cut at or before ``place`` that leaves no space at the end; ``place`` when there is none."""
    cut = place
    while cut > first and text[cut - 1] == " ":
        cut -= 1
    return cut if cut > first else place
