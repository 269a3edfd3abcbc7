"""Statement serials and the printed order of sections."""

from __future__ import annotations

from cheonggu.schemes.hira.numbering import section_order, statement_numbers


def test_serials_run_without_gaps_and_go_on_with_letters() -> None:
    numbers = statement_numbers(110_001).to_pylist()
    assert numbers[0] == "00001"
    assert numbers[99_998] == "99999"
    assert numbers[99_999] == "A0000"
    assert numbers[100_499] == "A0500"
    assert numbers[109_999] == "B0000"
    assert numbers == sorted(numbers)
    assert len(set(numbers)) == len(numbers)


def test_sections_stand_in_printed_order() -> None:
    hangs = list(dict.fromkeys(section_order("medical_dental")["hang"].to_pylist()))
    assert hangs[:10] == [f"{n:02d}" for n in range(1, 11)]
    assert hangs.index("L") < hangs.index("S") < hangs.index("T") < hangs.index("A")
