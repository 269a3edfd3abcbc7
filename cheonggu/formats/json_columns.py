"""Columns as fragments of JSON text, whole columns at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.formats.cp949 import text_buffers
from cheonggu.layouts import Field

QUOTE, BACKSLASH, SPACE = 0x22, 0x5C, 0x20


def joined(parts: Sequence[pa.Array | str]) -> pa.Array:
    """The parts of each row one behind the other; a plain string stands in every row."""
    return pc.binary_join_element_wise(*parts, "")


def text_fragments(column: pa.Array, field: Field) -> pa.Array:
    """JSON strings; dates that exist become ISO."""
    values = iso_dates(column) if field.is_date else column
    return pc.binary_join_element_wise('"', escaped(values), '"', "")


def number_fragments(column: pa.Array, field: Field) -> pa.Array:
    """JSON integers, strings with a decimal point for numbers with implied decimals, ``null``."""
    if column.null_count == len(column):
        return pa.repeat(pa.scalar("null"), len(column))
    texts = column.cast(pa.string())
    if field.scale:
        padded = pc.utf8_lpad(texts, field.scale + 1, "0")
        whole = pc.utf8_slice_codeunits(padded, 0, -field.scale)
        decimals = pc.utf8_slice_codeunits(padded, -field.scale)
        texts = pc.binary_join_element_wise('"', whole, ".", decimals, '"', "")
    return texts.fill_null("null") if column.null_count else texts


def escaped(column: pa.Array) -> pa.Array:
    """Text as it stands between the quotes of a JSON string."""
    data = text_buffers(column).data
    if not data.size or (int(data.min()) >= SPACE and not ((data == QUOTE) | (data == BACKSLASH)).any()):
        return column
    column = pc.replace_substring(column, "\\", "\\\\")
    column = pc.replace_substring(column, '"', '\\"')
    for code in np.flatnonzero(np.bincount(data, minlength=SPACE)[:SPACE]).tolist():
        column = pc.replace_substring(column, chr(code), f"\\u{code:04x}")
    return column


def iso_dates(column: pa.Array) -> pa.Array:
    """CCYYMMDD texts that name a day as CCYY-MM-DD; anything else stays as it is."""
    pairs: dict[str, Any] = {text: _iso(text) for text in column.unique().to_pylist()}
    if all(text == iso for text, iso in pairs.items()):
        return column
    coded = column.dictionary_encode()
    names = pa.array([pairs[text] for text in coded.dictionary.to_pylist()], pa.string())
    return names.take(coded.indices)


def _iso(text: str) -> str:
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        return text
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:])).isoformat()
    except ValueError:
        return text


def plain_date(text: str) -> str:
    """The reverse: CCYY-MM-DD as CCYYMMDD; anything else stays as it is."""
    if len(text) == 10 and text[4] == text[7] == "-":
        return text.replace("-", "")
    return text
