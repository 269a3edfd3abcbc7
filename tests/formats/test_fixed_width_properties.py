"""What must hold for every value: round trips per field type, all Hangul syllables, any single byte changed."""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cheonggu.formats import fixed_width
from cheonggu.layouts import Field, Layout
from tests.formats.sam_samples import CATALOGUE
from tests.formats.test_fixed_width import layout_of
from tests.golden import sam_golden
from tests.golden.test_sam_golden import LAYOUTS, table_of

SYLLABLES = "".join(chr(code) for code in range(0xAC00, 0xD7A4))
ONE_OF_EACH = list({one.table: one for one in CATALOGUE}.values())
FIELD_TYPES = sorted(
    {
        (one.type, one.length, one.scale, one.is_signed, one.is_blank_without_value)
        for layout in CATALOGUE
        for one in layout.fields
    }
)


def sample_field(kind: tuple[str, int, int, bool, bool]) -> Field:
    """A field of the catalogue of this type, so that the layout's own rules apply; content rules are left aside."""
    for layout in CATALOGUE:
        for one in layout.fields:
            if (one.type, one.length, one.scale, one.is_signed, one.is_blank_without_value) == kind:
                return one
    raise AssertionError(kind)


def round_trip(one: Field, values: list) -> tuple[list, pa.Table]:
    layout = layout_of(one)
    field = layout.fields[0]
    table = pa.table({field.name: pa.array(values, pa.int64() if field.is_number else pa.string())})
    encoded = fixed_width.encode(table, layout, check_content=False)
    return fixed_width.decode(encoded.matrix.tobytes(), layout)[field.name].to_pylist(), encoded.findings


def fits(one: Field, text: str) -> bool:
    try:
        return len(text.encode("cp949")) <= one.length and not any(
            ord(sign) < 32 or ord(sign) == 127 for sign in text
        )
    except UnicodeEncodeError:
        return False


@pytest.mark.parametrize("kind", FIELD_TYPES, ids=str)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_any_value_comes_back_or_is_refused(
    kind: tuple[str, int, int, bool, bool], data: st.DataObject
) -> None:
    one = sample_field(kind)
    if one.is_number:
        size = one.length + 1
        numbers = st.integers(-(10**size), 10**size) | st.just(0) | st.just(10**one.length - 1)
        values = data.draw(st.lists(st.none() | numbers, min_size=1, max_size=4))
        least = -(10 ** (one.length - 1)) + 1 if one.is_signed else 0
        is_fine = all(value is None or least <= value < 10**one.length for value in values)
        expected = [
            (None if one.is_blank_without_value else 0) if value is None else value for value in values
        ]
    else:
        signs = st.sampled_from("가힣뷁똠 aZ0·①漢Ａ") | st.characters(exclude_categories=["Cs"])
        values = data.draw(st.lists(st.text(signs, max_size=min(one.length + 2, 30)), min_size=1, max_size=4))
        is_fine = all(fits(one, value) for value in values)
        expected = [value.rstrip(" ") for value in values]
    back, findings = round_trip(one, values)
    assert (findings.num_rows == 0) == is_fine
    if is_fine:
        assert back == expected


@cache
def syllable_rows(count: int) -> tuple[pa.Array, int]:
    """All 11,172 syllables in rows of ``count``, and the number of rows."""
    rows = [SYLLABLES[place : place + count] for place in range(0, len(SYLLABLES), count)]
    return pa.array(rows), len(rows)


@pytest.mark.parametrize("layout", ONE_OF_EACH, ids=lambda one: one.table)
def test_every_syllable_goes_through_every_text_field(layout: Layout) -> None:
    wide = [one for one in layout.fields if not one.is_number and one.length >= 2]
    rows = max((syllable_rows(one.length // 2)[1] for one in wide), default=0)
    columns = {}
    for one in wide:
        texts, count = syllable_rows(one.length // 2)
        columns[one.name] = texts.take(pa.array(np.arange(rows) % count))
    encoded = fixed_width.encode(pa.table(columns), layout, check_content=False)
    assert encoded.findings.num_rows == 0
    back = fixed_width.decode_matrix(encoded.matrix, layout)
    for one in wide:
        assert back[one.name].combine_chunks().equals(columns[one.name]), one.name
        _, count = syllable_rows(one.length // 2)
        cells = encoded.matrix[:count, one.start - 1 : one.start - 1 + 2 * (one.length // 2)].tobytes()
        assert cells.rstrip(b" ") == SYLLABLES.encode("cp949"), one.name


CHANGED_TO = np.frombuffer(b" 09Aa-/\x00\x7f\x80\xb0\xff", np.uint8)


@pytest.mark.parametrize("name", sam_golden.names())
def test_a_changed_byte_is_reported_or_changes_only_the_field_it_stands_in(name: str) -> None:
    """Every byte of every golden record is set to each of a dozen others."""
    layout = LAYOUTS[name]
    for case in sam_golden.read_cases(name):
        original = np.frombuffer(case.data + b"\r\n", np.uint8)
        pairs = [
            (place, byte)
            for place, byte in product(range(layout.length), CHANGED_TO)
            if original[place] != byte
        ]
        matrix = np.tile(original, (len(pairs) + 1, 1))
        for row, (place, byte) in enumerate(pairs):
            matrix[row, place] = byte
        unread: list[fixed_width.Unread] = []
        table = fixed_width.decode_matrix(matrix, layout, unread)
        places = np.array([place for place, _ in pairs])
        seen = np.zeros(len(pairs), bool)
        for one in layout.fields:
            inside = (places >= one.start - 1) & (places < one.end)
            differs = rows_unlike_the_last(table[one.name].combine_chunks())
            assert not (differs & ~inside).any(), f"{one.name} changed by a byte elsewhere"
            seen |= differs
        for one in unread:
            seen[one.rows] = True
        silent = {(int(original[pairs[row][0]]), int(pairs[row][1])) for row in np.flatnonzero(~seen)}
        assert silent <= {(0x30, 0x20), (0x20, 0x30)}, f"{case.name}: a change nobody sees"
        assert all(_is_filling(layout, case.data, pairs[row][0]) for row in np.flatnonzero(~seen))


def rows_unlike_the_last(column: pa.Array) -> np.ndarray:
    last = column[-1]
    unlike = pc.fill_null(pc.not_equal(column, last), True) if last.is_valid else column.is_valid()
    return unlike.to_numpy(zero_copy_only=False)[:-1]


def _is_filling(layout: Layout, record: bytes, place: int) -> bool:
    """Zeros and spaces in front of a number mean the same; nothing else may change unseen."""
    one = next(field for field in layout.fields if field.start - 1 <= place < field.end)
    return one.is_number and not record[one.start - 1 : place].strip(b"0 ")


def test_the_golden_tables_take_part() -> None:
    cases = sam_golden.read_cases("medical_dental_C")
    assert table_of(cases, LAYOUTS["medical_dental_C"]).num_rows == 3
