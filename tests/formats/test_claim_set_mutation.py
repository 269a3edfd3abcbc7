"""A single changed byte of a valid file set is either reported or changes exactly the field it stands in."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from cheonggu.errors import LayoutError
from cheonggu.formats.claim_check import check_structure
from cheonggu.formats.claim_set import ClaimSet, read_set, write_set
from cheonggu.formats.lines import split_lines
from cheonggu.layouts import Layout
from tests.formats.sam_samples import CATALOGUE, claim, parts


def write(folder: Path, kind: str) -> list[Path]:
    tables = claim(kind, statements=2)
    write_set(folder, CATALOGUE, kind, tables["H"], [parts(tables)], title="TITLE")
    return sorted(path for path in folder.iterdir() if path.stat().st_size and path.name != "MEDLOG.ENC")


def changes(before: ClaimSet, after: ClaimSet) -> list[tuple[str, int, str]] | None:
    """(record, row, field) of every value that is another; None when the sets hold other rows."""
    found = []
    for record, table in before.tables.items():
        other = after.tables[record]
        if table.num_rows != other.num_rows:
            return None
        for name in table.column_names:
            left, right = table[name], other[name]
            if not left.equals(right):
                same = pc.fill_null(pc.equal(left, right), False)
                both_null = pc.and_(left.is_null(), right.is_null())
                for row in np.flatnonzero(~pc.or_(same, both_null).to_numpy()):
                    found.append((record, int(row), name))
    return found


def field_at(layout: Layout, place: int) -> str | None:
    """Name of the field at a byte of the record; None for its line end."""
    return next((one.name for one in layout.fields if one.start - 1 <= place < one.end), None)


def owner(data: bytes, kind: str, path: Path, place: int) -> tuple[str, int, str | None]:
    """Record, row and field of a byte of a valid file."""
    lines = split_lines(np.frombuffer(data, np.uint8))
    row = int(np.searchsorted(lines.starts, place, side="right")) - 1
    if "{" in CATALOGUE.layout(kind, "A").file:
        letters = [("H" if one == 0 else chr(lines.line(one)[15])) for one in range(len(lines))]
        record, number = letters[row], letters[:row].count(letters[row])
    else:
        record = next(one.record for one in CATALOGUE.records(kind) if one.file == path.name)
        number = row
    return record, number, field_at(CATALOGUE.layout(kind, record), place - int(lines.starts[row]))


def judge(kind: str, folder: Path, path: Path, before: ClaimSet, place: int, byte: int) -> str | None:
    """What is wrong with the way a change was taken; None when it was taken well."""
    data = path.read_bytes()
    record, row, name = owner(data, kind, path, place)
    path.write_bytes(data[:place] + bytes([byte]) + data[place + 1 :])
    try:
        if len(check_structure(folder, CATALOGUE)):
            return None
        after = read_set(folder, CATALOGUE)
    except LayoutError:
        return None
    finally:
        path.write_bytes(data)
    found = changes(before, after)
    if found is None:
        return "rows came or went unreported"
    if not found:
        is_fill = {data[place], byte} == {0x20, 0x30} and CATALOGUE.layout(kind, record)[name or ""].is_number
        return None if is_fill else "the change was not seen"
    return None if found == [(record, row, name)] else f"changed {found} instead of {(record, row, name)}"


def run(kind: str, folder: Path, per_place: int, share: float) -> list[str]:
    paths = write(folder, kind)
    assert check_structure(folder, CATALOGUE).num_rows == 0
    before, chance, wrong = read_set(folder, CATALOGUE), random.Random(kind), []
    for path in paths:
        data = path.read_bytes()
        for place in range(len(data)):
            if chance.random() > share:
                continue
            for byte in chance.sample([one for one in range(256) if one != data[place]], per_place):
                problem = judge(kind, folder, path, before, place, byte)
                if problem:
                    wrong.append(f"{path.name} byte {place}: {data[place]:02x} -> {byte:02x}: {problem}")
    return wrong


@pytest.mark.parametrize("kind", ["medical_dental", "drg", "korean_medicine"])
def test_a_changed_byte_of_a_file_is_seen(kind: str, tmp_path: Path) -> None:
    assert run(kind, tmp_path, per_place=1, share=0.02) == []


@pytest.mark.long
@pytest.mark.parametrize("kind", CATALOGUE.kinds)
def test_every_fifth_byte_of_every_file_is_seen(kind: str, tmp_path: Path) -> None:
    assert run(kind, tmp_path, per_place=1, share=0.2) == []


def test_the_judge_sees_a_change_elsewhere(tmp_path: Path) -> None:
    """The test would notice: a read set in which another field differs is not taken for the mutated one."""
    write(tmp_path, "drg")
    before = read_set(tmp_path, CATALOGUE)
    other = before.tables["A"].set_column(4, "provider_code", pa.array(["x", "y"]))
    after = ClaimSet("drg", before.tables | {"A": other}, before.files, before.findings)
    assert changes(before, after) == [("A", 0, "provider_code"), ("A", 1, "provider_code")]
