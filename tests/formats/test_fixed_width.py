"""Values to bytes and back: the byte rules of the layout notes, and every refusal."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from cheonggu.errors import LayoutError
from cheonggu.formats import fixed_width
from cheonggu.layouts import Field, Layout
from tests.formats.sam_samples import CATALOGUE


def field(name: str, kind: str, length: int, scale: int = 0, required: str = "O", **more: str) -> Field:
    extra = {"repeat": "1", "codes": "", "rule": ""} | more
    return Field(name, name, 1, length, kind, scale, required, **extra)


def layout_of(*fields: Field) -> Layout:
    placed, start = [], 1
    for one in fields:
        placed.append(Field(**{**one.__dict__, "start": start}))
        start += one.length
    length = start - 1
    return Layout(
        kind="test",
        record="C",
        file="T",
        name_ko="시험",
        name_en="test",
        version="1",
        length=length,
        short_length=length,
        optional_tail=(),
        min_per_statement=0,
        max_per_statement=None,
        fields=tuple(placed),
    )


def encode_one(one: Field, value: object, column_type: pa.DataType | None = None) -> fixed_width.Encoded:
    kind = column_type or (pa.int64() if one.is_number else pa.string())
    return fixed_width.encode(pa.table({one.name: pa.array([value], kind)}), layout_of(one))


def bytes_of(one: Field, value: object) -> bytes:
    encoded = encode_one(one, value)
    assert encoded.findings.to_pylist() == []
    return encoded.matrix.tobytes()


def refusal(one: Field, value: object) -> tuple[str, str | None]:
    found = encode_one(one, value).findings.to_pylist()
    assert len(found) == 1, found
    return found[0]["rule_id"], found[0]["detail"]


@pytest.mark.parametrize(
    ("one", "value", "expected"),
    [
        (field("unit_price", "n", 12, 2), 72000, b"000000072000"),  # 720 won in n(10.2)
        (field("daily_qty", "n", 7, 2), 160, b"0000160"),  # 1.6 in n(5.2)
        (field("dose_qty", "n", 9, 4), 125600, b"000125600"),  # 12.56 in n(5.4)
        (field("line_amount", "n", 10, rule="negative when removed"), -295, b"      -295"),
        (field("count", "n", 3), None, b"000"),
        (field("unused", "n", 10, required="B"), None, b" " * 10),
        (field("line_no", "n", 4, required="C"), None, b"    "),
        (field("name", "an", 7), "홍길동", "홍길동".encode("cp949") + b" "),
        (field("name", "an", 4), "뷁똠", b"\x94\xee\x8c\x63"),
        (field("name", "an", 4), None, b"    "),
    ],
)
def test_the_printed_examples(one: Field, value: object, expected: bytes) -> None:
    assert bytes_of(one, value) == expected + b"\r\n"


@pytest.mark.parametrize(
    ("one", "value", "expected"),
    [
        (field("name", "an", 20), "홍길동😀", ("WIRE-001", "character 4 of 4 is not in CP949")),
        (field("name", "an", 20), "홍길동\n", ("WIRE-001", "control character at character 4")),
        (field("name", "an", 20), "\x7f", ("WIRE-001", "control character at character 1")),
        (field("name", "an", 20), "가" * 12, ("WIRE-002", "24 bytes, limit 20")),
        (field("name", "an", 3), "가나", ("WIRE-002", "4 bytes, limit 3")),
        (field("amount", "n", 4), 10_000, ("WIRE-003", "5 digits, limit 4")),
        (field("amount", "n", 4), -1, ("WIRE-004", None)),
        (
            field("line_amount", "n", 4, rule="negative when removed"),
            -1000,
            ("WIRE-003", "5 bytes with the sign, limit 4"),
        ),
        (field("name", "an", 4, required="Y"), "", ("WIRE-005", None)),
        (field("name", "an", 4, required="Y"), None, ("WIRE-005", None)),
        (field("days", "n", 3, required="Y"), None, ("WIRE-005", None)),
        (field("code", "an", 1, codes="1:one|2:two"), "3", ("WIRE-006", "list: the layout")),
        (field("map", "an", 3, codes="1:yes|0:no", repeat="3 x 1"), "102", ("WIRE-006", "list: the layout")),
    ],
)
def test_what_does_not_fit_is_refused(one: Field, value: object, expected: tuple[str, str]) -> None:
    assert refusal(one, value) == expected


def test_a_finding_names_record_statement_and_field_but_never_the_value() -> None:
    layout = layout_of(field("statement_no", "an", 5), field("patient_name", "an", 6))
    table = pa.table({"statement_no": ["00001", "00002"], "patient_name": ["홍길동", "선우길동"]})
    (found,) = fixed_width.encode(table, layout).findings.to_pylist()
    named = [found[key] for key in ("rule_id", "statement_no", "record", "field", "file", "detail")]
    assert named == ["WIRE-002", "00002", "C", "patient_name", "T", "8 bytes, limit 6"]
    assert "선우" not in str(found)


def test_every_bad_value_has_its_finding_with_the_row() -> None:
    layout = layout_of(field("a", "an", 2), field("n", "n", 2))
    table = pa.table({"a": ["ok", "bad", "가", "가나"], "n": pa.array([1, 100, -1, 99])})
    encoded = fixed_width.encode(table, layout)
    found = [
        (row, one["rule_id"]) for row, one in zip(encoded.rows, encoded.findings.to_pylist(), strict=True)
    ]
    assert sorted(found) == [(1, "WIRE-002"), (1, "WIRE-003"), (2, "WIRE-004"), (3, "WIRE-002")]


def test_codes_of_a_list_are_checked_when_given_and_may_be_the_front_of_a_field() -> None:
    one = field("adjust_class", "an", 10, codes="@adjust_class")
    table = pa.table({"adjust_class": ["S123456789", "X123456789", ""]})
    encoded = fixed_width.encode(table, layout_of(one), allowed={"adjust_class": {"S", "H"}})
    assert encoded.rows.tolist() == [1]
    assert fixed_width.encode(table, layout_of(one)).findings.num_rows == 0


def test_a_table_may_lack_columns_that_need_no_value() -> None:
    layout = layout_of(
        field("record_type", "an", 1, required="Y", codes="C:line", rule="constant C"),
        field("note", "an", 2),
        field("amount", "n", 3, required="Z"),
        field("unused", "n", 2, required="B"),
        field("line_no", "n", 2, required="C"),
        field("given", "n", 1),
    )
    encoded = fixed_width.encode(pa.table({"given": [7]}), layout)
    assert encoded.findings.num_rows == 0
    assert encoded.matrix.tobytes() == b"C  000    7\r\n"


def test_a_missing_required_column_is_one_finding() -> None:
    layout = layout_of(field("days", "n", 3, required="Y"), field("given", "n", 1))
    (found,) = fixed_width.encode(pa.table({"given": [7, 8]}), layout).findings.to_pylist()
    assert (found["rule_id"], found["field"]) == ("WIRE-005", "days")


@pytest.mark.parametrize("kind", [pa.float64(), pa.string(), pa.uint64(), pa.date32()])
def test_a_number_column_of_another_type_is_an_error(kind: pa.DataType) -> None:
    with pytest.raises(LayoutError, match="came as"):
        encode_one(field("amount", "n", 4), None, kind)


def test_dictionaries_and_large_strings_are_text_too() -> None:
    one = field("name", "an", 6)
    values = ["홍길동", "a", "홍길동"]
    plain = fixed_width.encode(pa.table({"name": values}), layout_of(one)).matrix
    for column in (pa.array(values).dictionary_encode(), pa.array(values, pa.large_string())):
        assert (fixed_width.encode(pa.table({"name": column}), layout_of(one)).matrix == plain).all()


def test_bytes_can_be_written_into_given_room() -> None:
    one = field("amount", "n", 4)
    room = np.empty((2, 6), np.uint8)
    encoded = fixed_width.encode(pa.table({"amount": [1, 2]}), layout_of(one), out=room)
    assert encoded.matrix is room
    assert room.tobytes() == b"0001\r\n0002\r\n"
    with pytest.raises(ValueError, match="contiguous matrix of shape"):
        fixed_width.encode(pa.table({"amount": [1]}), layout_of(one), out=room)


def test_a_block_of_many_rows_is_like_its_rows_one_by_one() -> None:
    count = fixed_width.BLOCK_ROWS * 2 + 5
    layout = layout_of(field("a", "an", 9), field("n", "n", 10), field("line_no", "n", 13, required="C"))
    numbers = [(number * 7919) % 10**10 for number in range(count)]
    table = pa.table(
        {
            "a": [("가" if number % 3 else "b") * (number % 5) for number in range(count)],
            "n": numbers,
            "line_no": [number if number % 2 else None for number in numbers],
        }
    )
    encoded = fixed_width.encode(table, layout)
    for row in (0, 1, 8191, 8192, count - 1):
        assert (fixed_width.encode(table.slice(row, 1), layout).matrix[0] == encoded.matrix[row]).all()
    assert fixed_width.decode(encoded.matrix.tobytes(), layout).equals(table)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"  12", 12),
        (b"0012", 12),
        (b"   0", 0),
        (b"    ", None),
        (b"12  ", None),  # not right-aligned
        (b"1 23", None),
        (b"00-1", None),
        (b"0x12", None),
        (b"+012", None),
        (b"\xb0\xa112", None),
    ],
)
def test_numbers_are_read_with_either_fill_and_nothing_else(data: bytes, expected: int | None) -> None:
    layout = layout_of(field("front", "an", 6), field("amount", "n", 4))
    assert fixed_width.decode(b"abcdef" + data + b"\r\n", layout)["amount"].to_pylist() == [expected]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"  -295", -295),
        (b"000295", 295),
        (b"   295", 295),
        (b"-00295", -295),
        (b"--0295", None),
        (b"0-0295", None),
        (b"-00000", None),
    ],
)
def test_a_signed_number_has_its_sign_before_the_digits(data: bytes, expected: int | None) -> None:
    layout = layout_of(field("line_amount", "n", 6, rule="negative when removed"))
    assert fixed_width.decode(data, layout)["line_amount"].to_pylist() == [expected]


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
@pytest.mark.parametrize("has_last", [True, False])
def test_lines_end_in_either_way_and_the_last_one_needs_no_end(end: bytes, has_last: bool) -> None:
    layout = layout_of(field("name", "an", 4), field("amount", "n", 3))
    data = end.join([b"ab  001", b"    002", b"\xb0\xa1  003"]) + (end if has_last else b"")
    table = fixed_width.decode(data, layout)
    assert table.to_pydict() == {"name": ["ab", "", "가"], "amount": [1, 2, 3]}


def test_short_forms_of_the_documents_are_read() -> None:
    header = CATALOGUE.layout("medical_dental", "H")
    line = CATALOGUE.layout("medical_dental", "C")
    detail = CATALOGUE.layout("medical_dental", "E")
    assert fixed_width.decode(b" " * 346, header)["remark"].to_pylist() == [""]
    assert fixed_width.decode(b" " * 204 + b"\r\n", line).num_rows == 1
    assert fixed_width.decode(b" " * 39 + b"abc\r\n", detail)["detail_text"].to_pylist() == ["abc"]


@pytest.mark.parametrize("size", [203, 205, 235, 237])
def test_a_line_of_another_length_is_refused_with_its_place(size: int) -> None:
    with pytest.raises(LayoutError, match=f"Line 2 has {size} bytes"):
        fixed_width.decode(b" " * 236 + b"\r\n" + b" " * size, CATALOGUE.layout("medical_dental", "C"))


def test_an_empty_file_is_a_table_without_rows() -> None:
    layout = CATALOGUE.layout("drg", "D")
    table = fixed_width.decode(b"", layout)
    assert table.num_rows == 0
    assert tuple(table.column_names) == layout.names


def test_euc_kr_of_python_would_have_written_eight_bytes() -> None:
    assert len("뷁".encode("euc_kr")) == 8
    assert bytes_of(field("name", "an", 2), "뷁") == b"\x94\xee\r\n"


def test_bytes_that_are_no_text_stay_visible_and_are_listed() -> None:
    layout = layout_of(field("name", "an", 4), field("amount", "n", 2))
    unread: list[fixed_width.Unread] = []
    matrix = np.frombuffer(b"\xb0\xa1\xff 01\r\nabc 0x\r\nabc   \r\n", np.uint8).reshape(3, 8)
    table = fixed_width.decode_matrix(matrix, layout, unread)
    assert table["name"].to_pylist() == ["가\ufffd", "abc", "abc"]
    assert table["amount"].to_pylist() == [1, None, None]
    assert [(one.field.name, one.rows.tolist()) for one in unread] == [("name", [0]), ("amount", [1])]


def test_a_broken_character_does_not_swallow_the_next_value() -> None:
    layout = layout_of(field("name", "an", 2), field("other", "an", 1))
    table = fixed_width.decode(b"a\xb0b\r\nccd\r\n", layout)
    assert table.to_pydict() == {"name": ["a\ufffd", "cc"], "other": ["b", "d"]}
