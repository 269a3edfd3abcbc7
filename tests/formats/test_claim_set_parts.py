"""The small parts under the claim set: lines, interleaving, long details, code fields, work in a thread."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cheonggu.formats.ahead import Behind, ahead
from cheonggu.formats.claim_files import marker_bytes, marker_title
from cheonggu.formats.code_fields import allowed_codes
from cheonggu.formats.details import continue_details, cut_text
from cheonggu.formats.interleave import interleave
from cheonggu.formats.lines import read_blocks, split_lines
from tests.formats.sam_samples import CATALOGUE, CODES


def lines_of(data: bytes) -> list[tuple[bytes, int]]:
    lines = split_lines(np.frombuffer(data, np.uint8))
    return [(lines.line(row), int(lines.ends[row])) for row in range(len(lines))]


@given(
    st.lists(
        st.tuples(
            st.binary(max_size=5).map(lambda one: one.replace(b"\n", b"")), st.sampled_from([b"\n", b"\r\n"])
        )
    ),
    st.booleans(),
)
def test_lines_and_their_ends_are_all_of_the_bytes(pieces: list[tuple[bytes, bytes]], has_tail: bool) -> None:
    data = b"".join(text + end for text, end in pieces) + (b"tail" if has_tail else b"")
    found = lines_of(data)
    assert b"".join(text + (b"", b"\n", b"\r\n")[end] for text, end in found) == data
    assert len(found) == data.count(b"\n") + has_tail


@given(st.binary(max_size=60), st.integers(1, 20))
def test_blocks_end_with_a_line_and_are_all_of_the_file(data: bytes, size: int) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        blocks = [block.tobytes() for block in read_blocks(Path(file.name), size)]
    assert b"".join(blocks) == data
    assert all(block.endswith(b"\n") for block in blocks[:-1])


@pytest.mark.parametrize("size", [10, 16, 40, 1000])
def test_a_block_stays_good_while_the_next_one_is_made(size: int, tmp_path: Path) -> None:
    """Lines are sorted out in a thread while the block before is still being decoded."""
    path = tmp_path / "lines"
    path.write_bytes(b"".join(b"%08d\n" % number for number in range(200)))
    last, kept = None, b""
    for block in read_blocks(path, size):
        if last is not None:
            assert last.tobytes() == kept
        last, kept = block, block.tobytes()


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_lines_lying_apart_become_rows_of_a_matrix(ends: bytes) -> None:
    lines = split_lines(np.frombuffer(ends.join([b"aaa", b"b", b"ccc", b"dd", b"eee", b""]), np.uint8))
    assert lines.pick(np.array([0, 2, 4])).matrix(3)[:, :3].tobytes() == b"aaacccddd".replace(b"ddd", b"eee")
    assert lines.pick(np.array([1, 3])).matrix(3).tobytes() == b"b  dd "
    assert lines.pick(np.array([], np.intp)).matrix(3).shape == (0, 3)
    with pytest.raises(ValueError, match="longer than 2 bytes"):
        lines.matrix(2)


def test_records_are_put_together_by_statement_then_kind_then_row() -> None:
    data = np.frombuffer(b"A0A1A2" + b"b0.b0:b2." + b"c", np.uint8)
    places = [np.array([0, 1, 2]), np.array([0, 0, 2]), np.array([1])]
    assert interleave(data, [2, 3, 1], places).tobytes() == b"A0b0.b0:A1cA2b2."


@given(st.text(st.sampled_from("가힣 aZ"), max_size=60), st.integers(4, 12))
def test_pieces_of_a_text_fit_and_are_the_text_again(text: str, limit: int) -> None:
    pieces = cut_text(text, limit)
    assert "".join(pieces) == text
    assert all(len(piece.encode("cp949")) <= limit for piece in pieces)


def test_a_cut_leaves_no_space_at_the_end_because_it_could_not_be_told_from_filling() -> None:
    assert cut_text("가나  다라", 6) == ["가나", "  다라"]
    assert cut_text("          ", 4) == ["    ", "    ", "  "]  # nothing but spaces: no better place
    assert cut_text("가나😀", 2) == ["가나😀"]  # for the encoder to report


def test_details_of_usual_length_are_passed_on_untouched() -> None:
    layout = CATALOGUE.layout("drg", "E")
    table = pa.table({"statement_no": ["00001"], "detail_text": ["가" * 350]})
    same, places = continue_details(table, layout, np.array([0]))
    assert same.equals(table)
    assert places.tolist() == [0]
    longer = pa.table({"statement_no": ["00001", "00002"], "detail_text": ["가" * 351, "b"]})
    more, places = continue_details(longer, layout, np.array([0, 1]))
    assert more["detail_text"].to_pylist() == ["가" * 350, "가", "b"]
    assert places.tolist() == [0, 0, 1]


def test_codes_of_a_field_come_from_the_list_of_its_kind() -> None:
    line = allowed_codes(CATALOGUE.layout("medical_dental", "C"), CODES, date(2026, 7, 1))
    assert {"01", "U"} <= line["hang"]
    assert {"01", "99"} & line["mok"]
    assert not any("-" in code for code in line["hang"] | line["mok"])
    header = allowed_codes(CATALOGUE.layout("korean_medicine", "H"), CODES, None)
    assert header["treatment_form"] == {"8", "9"}
    assert {"4", "7"} <= header["payer_class"]
    assert "form_no" not in allowed_codes(
        CATALOGUE.layout("pharmacy", "A"), CODES, None
    )  # list not established


def test_the_marker_is_four_lines_of_known_length() -> None:
    data = marker_bytes("청구 제목")
    assert [len(line) for line in data.split(b"\r\n")] == [12, 8, 30, 12, 0]
    assert marker_title(data) == "청구 제목"
    assert marker_title(data[:-2]) is None
    assert marker_title(data.replace(b"NULL", b"null")) is None


def test_work_ahead_keeps_the_order_and_passes_errors_on() -> None:
    def items() -> Iterator[int]:
        yield from range(5)
        raise RuntimeError("broken")

    seen: list[int] = []
    with pytest.raises(RuntimeError, match="broken"):
        seen.extend(ahead(items()))
    assert seen == [0, 1, 2, 3, 4]


def test_work_behind_is_done_in_order_and_its_errors_come_back() -> None:
    done: list[int] = []

    def work(number: int) -> None:
        if number == 3:
            raise RuntimeError("broken")
        done.append(number)

    with Behind() as behind:
        for number in range(4):
            behind.do(work, number)
        with pytest.raises(RuntimeError, match="broken"):
            behind.do(work, 4)
    assert done == [0, 1, 2]
