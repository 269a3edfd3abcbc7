"""The structure of a file set: what names, lengths, bytes and line ends already tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from cheonggu.formats.claim_check import check_structure
from cheonggu.formats.claim_set import write_set
from tests.formats.sam_samples import CATALOGUE, claim, parts


def write(folder: Path, kind: str) -> Path:
    tables = claim(kind)
    write_set(folder, CATALOGUE, kind, tables["H"], [parts(tables)], title="TITLE")
    return folder


@pytest.mark.parametrize("kind", CATALOGUE.kinds)
def test_the_check_finds_nothing_in_a_sound_set(kind: str, tmp_path: Path) -> None:
    assert check_structure(write(tmp_path, kind), CATALOGUE).to_pylist() == []


def changed(folder: Path, name: str, change) -> Path:
    path = folder / name
    path.write_bytes(change(path.read_bytes()))
    return folder


@pytest.mark.parametrize(
    ("change", "rule_id", "detail"),
    [
        (lambda data: data.replace(b"\r\n", b"\n"), "FILE-003", "4 records end with LF"),
        (lambda data: data[:-2], "FILE-003", "the last record has no line end"),
        (lambda data: data[:-10] + b"\r\n", "FILE-001", "line 4: 388 bytes"),
        (lambda data: data + b"\r\n", "FILE-008", "1 blank lines"),
        (lambda data: b"\xef\xbb\xbf" + data, "FILE-002", "byte-order mark (BOM)"),
        (lambda data: data[:200] + b"\xff" + data[201:], "FILE-004", "line 1: total_benefit_cost_1"),
        (lambda data: data[:74] + b"\xff" + data[75:], "FILE-002", "line 1"),
        (lambda data: data[:10] + b"99999" + data[15:], "FILE-007", "line 1"),
        (lambda data: data[:17] + b"0999" + data[21:], "FILE-006", "line 1"),
    ],
)
def test_the_check_names_what_is_wrong(change, rule_id: str, detail: str, tmp_path: Path) -> None:
    folder = changed(write(tmp_path, "drg"), "D020.1", change)
    found = [(one["rule_id"], one["detail"]) for one in check_structure(folder, CATALOGUE).to_pylist()]
    assert (rule_id, detail) in found


def test_many_findings_of_a_file_are_counted_rather_than_listed(tmp_path: Path) -> None:
    tables = claim("drg", statements=150)
    write_set(tmp_path, CATALOGUE, "drg", tables["H"], [parts(tables)], title="TITLE")
    changed(tmp_path, "D020.1", lambda data: data.replace(b"D020", b"D099").replace(b"D030", b"D099"))
    found = check_structure(tmp_path, CATALOGUE).to_pylist()
    assert len(found) == 101
    assert found[-1]["detail"] == "and 50 more lines"


def test_a_header_too_many_and_one_too_few_are_named(tmp_path: Path) -> None:
    folder = write(tmp_path, "medical_dental")
    path = next(folder.glob("*.GHP"))
    header, rest = path.read_bytes().split(b"\r\n", 1)
    path.write_bytes(header + b"\r\n" + header + b"\r\n" + rest)
    assert [(one["rule_id"], one["detail"]) for one in check_structure(folder, CATALOGUE).to_pylist()] == [
        ("FILE-005", "2 headers")
    ]
    path.write_bytes(rest)
    assert ("FILE-005", "0 headers") in [
        (one["rule_id"], one["detail"]) for one in check_structure(folder, CATALOGUE).to_pylist()
    ]
