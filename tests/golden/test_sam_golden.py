"""Every record of every layout, old and new, against bytes that were made without the codec."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from cheonggu.formats import fixed_width
from cheonggu.layouts import Layout, LayoutCatalogue
from tests.golden import make_sam_golden
from tests.golden import sam_golden as golden

HERE = Path(__file__).parent
CATALOGUE = LayoutCatalogue.from_folder(HERE.parent.parent / "cheonggu" / "schemes" / "hira" / "layouts")


def layouts_by_name() -> dict[str, Layout]:
    """``table`` → current layout, ``table@until`` → earlier one."""
    found = {}
    for current in CATALOGUE:
        found[current.table] = current
        for earlier in CATALOGUE.variants(current.kind, current.record)[1:]:
            found[f"{current.table}@{earlier.version}"] = earlier
    return found


LAYOUTS = layouts_by_name()


def table_of(cases: list, layout: Layout) -> pa.Table:
    return pa.table(
        {
            one.name: pa.array(
                [case.values[one.name] for case in cases], pa.int64() if one.is_number else pa.string()
            )
            for one in layout.fields
        }
    )


def test_every_layout_has_a_golden_file_and_no_file_is_left_over() -> None:
    assert golden.names() == sorted(LAYOUTS)


@pytest.mark.parametrize("name", golden.names())
def test_values_become_the_golden_bytes(name: str) -> None:
    cases, layout = golden.read_cases(name), LAYOUTS[name]
    encoded = fixed_width.encode(table_of(cases, layout), layout)
    assert encoded.findings.to_pylist() == []
    assert [row.tobytes() for row in encoded.matrix] == [case.data + b"\r\n" for case in cases]


@pytest.mark.parametrize("name", golden.names())
def test_golden_bytes_become_the_values(name: str) -> None:
    cases, layout = golden.read_cases(name), LAYOUTS[name]
    table = fixed_width.decode(b"\r\n".join(case.data for case in cases), layout)
    assert table.to_pylist() == [case.values for case in cases]


@pytest.mark.parametrize("name", golden.names())
def test_the_golden_file_names_the_places_of_the_layout(name: str) -> None:
    for case in golden.read_cases(name):
        assert case.places == {one.name: f"{one.start}-{one.end}" for one in LAYOUTS[name].fields}


def test_the_golden_files_are_what_their_script_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(make_sam_golden, "OUT", tmp_path)
    make_sam_golden.main()
    assert {path.name for path in tmp_path.iterdir()} == {f"{name}.txt" for name in golden.names()}
    for path in tmp_path.iterdir():
        assert path.read_text(encoding="utf-8") == (HERE / "sam" / path.name).read_text(encoding="utf-8")
