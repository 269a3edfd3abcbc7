"""SAM → lines of JSON → SAM gives back every file byte for byte, however oddly it was written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cheonggu.errors import LayoutError
from cheonggu.formats import ndjson, ndjson_read
from cheonggu.formats.claim_set import write_set
from tests.formats.sam_samples import CATALOGUE, CLAIM_NO, CODES, claim, parts
from tests.formats.test_claim_set import replaced


def write(folder: Path, kind: str, tables: dict[str, pa.Table] | None = None) -> Path:
    tables = tables or claim(kind)
    result = write_set(folder, CATALOGUE, kind, tables["H"], [parts(tables)], title="청구 제목")
    assert result.findings.to_pylist() == []
    return folder


def decoded(paths: Path | list[Path], codes=CODES) -> list[dict]:
    data = b"".join(ndjson.decode_set(paths, CATALOGUE, codes=codes))
    return [json.loads(line) for line in data.splitlines()]


def contents(paths: Path | list[Path]) -> dict[str, bytes]:
    files = paths.iterdir() if isinstance(paths, Path) else paths
    return {path.name: path.read_bytes() for path in files}


def encoded(lines: list[dict], folder: Path, codes=CODES) -> dict[str, bytes]:
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "lines.ndjson"
    source.write_text(
        "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8"
    )
    result = ndjson.encode_set(source, folder / "out", CATALOGUE, codes=codes)
    assert result.findings.to_pylist() == []
    return contents(folder / "out")


def refused(lines: list[dict], folder: Path) -> list[tuple]:
    source = folder / "lines.ndjson"
    source.write_text(
        "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8"
    )
    result = ndjson.encode_set(source, folder / "out", CATALOGUE, codes=CODES)
    assert result.files == ()
    assert list((folder / "out").iterdir()) == []
    return [(one["rule_id"], one["record"], one["field"]) for one in result.findings.to_pylist()]


def assert_round_trip(paths: Path | list[Path], room: Path) -> list[dict]:
    lines = decoded(paths)
    assert encoded(lines, room) == contents(paths)
    return lines


EXTRA = {"bytes", "end", "fill", "raw", "base64", "of"}


@pytest.mark.parametrize("kind", CATALOGUE.kinds)
def test_what_we_wrote_comes_back_without_any_further_key(kind: str, tmp_path: Path) -> None:
    lines = assert_round_trip(write(tmp_path / "sam", kind), tmp_path / "room")
    assert {line["kind"] for line in lines} == {kind}
    assert not any(EXTRA & set(line) for line in lines)
    assert lines[-1] == {"kind": kind, "record": "MEDLOG", "line": 1, "values": {"title": "청구 제목"}}
    assert "FILE" not in {line["record"] for line in lines}


def test_values_are_plain_dates_iso_numbers_exact(tmp_path: Path) -> None:
    tables = claim("medical_dental", statements=1)
    row = tables["C"].slice(0, 1)
    for name, value in {
        "change_date": "20260228",
        "unit_price": 72000,
        "daily_qty": 110,
        "dose_qty": 5,
        "line_amount": 720,
    }.items():
        row = replaced(row, name, [value])
    tables["C"] = row
    tables["E"] = replaced(tables["E"].slice(0, 1), "line_no", [None])
    tables["A"] = replaced(tables["A"], "first_admission_date", ["20260231"])
    lines = decoded(write(tmp_path / "sam", "medical_dental", tables))
    values = {line["record"]: line["values"] for line in lines}
    assert values["C"]["change_date"] == "2026-02-28"
    assert values["A"]["first_admission_date"] == "20260231"  # no such day, so it stays as it stands
    assert [values["C"][name] for name in ("unit_price", "daily_qty", "dose_qty")] == [
        "720.00",
        "1.10",
        "0.0005",
    ]
    assert values["C"]["line_amount"] == 720
    assert values["E"]["line_no"] is None
    assert list(values["C"]) == list(CATALOGUE.layout("medical_dental", "C").names)


def test_lines_are_numbered_in_the_order_of_the_file(tmp_path: Path) -> None:
    lines = decoded(write(tmp_path / "sam", "new_drg"))
    assert [line["line"] for line in lines[:-1]] == list(range(1, len(lines)))
    assert [line["record"] for line in lines[:2]] == ["H", "A"]


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "line feeds": lambda data: data.replace(b"\r\n", b"\n"),
    "some line feeds": lambda data: data.replace(b"\r\n", b"\n", 2),
    "no last line end": lambda data: data[:-2],
    "blank lines": lambda data: b"\r\n" + data + b"\n\r\n",
    "end-of-file sign": lambda data: data + b"\x1a",
    "byte-order mark": lambda data: b"\xef\xbb\xbf" + data,
    "carriage returns": lambda data: data.replace(b"\r\n", b"\r\r\n", 1),
    "odd bytes": lambda data: data[:30] + b'\x00"\\\xff' + data[34:],
    "spaces before numbers": lambda data: data.replace(b"000", b"   "),
    "a stray line": lambda data: data + b"\xff\xfe stray\r\n",
}


@pytest.mark.parametrize("kind", ["medical_dental", "korean_medicine", "industrial"])
@pytest.mark.parametrize("change", CHANGES)
def test_unusual_files_come_back_byte_for_byte(kind: str, change: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "sam", kind)
    for path in folder.iterdir():
        data = path.read_bytes()
        path.write_bytes(CHANGES[change](data) if data else data)
    assert_round_trip(folder, tmp_path / "room")


@pytest.mark.parametrize("kind", CATALOGUE.kinds)
def test_numbers_filled_with_spaces_need_one_short_key(kind: str, tmp_path: Path) -> None:
    tables, header = claim(kind), CATALOGUE.layout(kind, "H")
    for one in header.fields:
        if one.is_number:
            tables["H"] = replaced(tables["H"], one.name, [5])
    folder = write(tmp_path / "sam", kind, tables)
    path = next(one for one in folder.iterdir() if one.name == header.file or one.suffix in (".GHP", ".CAR"))
    data = bytearray(path.read_bytes())
    for one in header.fields:
        if one.is_number:
            cells = data[one.start - 1 : one.end]
            data[one.start - 1 : one.end] = (bytes(cells).lstrip(b"0") or b"0").rjust(one.length)
    path.write_bytes(data)
    lines = assert_round_trip(folder, tmp_path / "room")
    assert [line.get("fill") for line in lines[:2]] == ["space", None]
    assert "raw" not in lines[0]


@pytest.mark.parametrize(
    ("kind", "record", "sizes"),
    [("medical_dental", "C", [204]), ("medical_dental", "E", [40, 60, 700]), ("medical_dental", "H", [346])],
)
def test_short_forms_keep_their_length(kind: str, record: str, sizes: list[int], tmp_path: Path) -> None:
    tables = claim(kind, statements=3)
    tables["C"] = tables["C"].drop_columns(
        ["tooth_upper_right", "tooth_upper_left", "tooth_lower_right", "tooth_lower_left"]
    )
    tables["E"] = replaced(tables["E"], "detail_text", ["a"] * len(tables["E"]))
    tables["H"] = replaced(tables["H"], "remark", [""])
    folder = write(tmp_path / "sam", kind, tables)
    path = folder / f"{CLAIM_NO}.GHP"
    lines = path.read_bytes().split(b"\r\n")
    hits = [
        place
        for place, line in enumerate(lines)
        if line[15:16].decode() == record or (record == "H" and place == 0)
    ]
    for number, place in enumerate(hits):
        lines[place] = lines[place][: sizes[number % len(sizes)]]
    path.write_bytes(b"\r\n".join(lines))
    back = assert_round_trip(folder, tmp_path / "room")
    assert {line["bytes"] for line in back if line["record"] == record} == set(sizes[: len(hits)])


@pytest.mark.parametrize("kind", ["medical_dental", "korean_medicine", "pharmacy", "auto"])
def test_earlier_versions_come_back(kind: str, tmp_path: Path) -> None:
    month = "202003" if kind in ("pharmacy", "auto") else "201812"
    tables = claim(kind, month=month)
    tables["C"] = replaced(tables["C"], "unit_price", [12345] * len(tables["C"]))
    for record, name, value in (("D", "copay_rate_class", ""), ("A", "copay_ceiling_excess", 0)):
        if record in tables and name in tables[record].column_names:
            tables[record] = replaced(tables[record], name, [value] * len(tables[record]))
    folder = write(tmp_path / "sam", kind, tables)
    lines = assert_round_trip(folder, tmp_path / "room")
    assert not any("bytes" in line for line in lines)
    # One file alone has no header to say its version: the length says it.
    if kind != "auto" and kind != "medical_dental":
        alone = next(path for path in folder.iterdir() if path.name.endswith(".3"))
        assert all("bytes" in line for line in assert_round_trip([alone], tmp_path / "alone")[1:])


def test_sets_with_other_names_or_missing_files_name_their_files(tmp_path: Path) -> None:
    folder = write(tmp_path / "sam", "drg")
    other = tmp_path / "other"
    other.mkdir()
    for name in ("H010", "D020.1", "D020.3"):
        shutil.copy(folder / name, other / f"sample_{name}")
    (other / "D020.4").write_bytes(b"")
    lines = assert_round_trip(other, tmp_path / "room")
    names = [line["values"]["name"] for line in lines if line["record"] == "FILE"]
    assert names == ["sample_H010", "sample_D020.1", "sample_D020.3", "D020.4"]


@pytest.mark.parametrize("kind", CATALOGUE.kinds)
def test_every_file_alone_comes_back(kind: str, tmp_path: Path) -> None:
    for number, path in enumerate(sorted(write(tmp_path / "sam", kind).iterdir())):
        if path.stat().st_size and path.name != "MEDLOG.ENC":
            assert_round_trip([path], tmp_path / f"room{number}")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_bytes_in_the_place_of_others_come_back(data: st.DataObject, tmp_path: Path) -> None:
    kind = data.draw(st.sampled_from(["medical_dental", "korean_medicine", "drg"]))
    folder = tmp_path / kind
    if not folder.exists():
        write(folder, kind, claim(kind, statements=2))
    paths = sorted(path for path in folder.iterdir() if path.stat().st_size)
    path = data.draw(st.sampled_from(paths))
    original = path.read_bytes()
    place = data.draw(st.integers(0, len(original) - 1))
    patch = data.draw(st.binary(min_size=1, max_size=6))
    try:
        path.write_bytes(original[:place] + patch + original[place + len(patch) :])
        assert_round_trip(folder, tmp_path / "room")
    finally:
        path.write_bytes(original)
        shutil.rmtree(tmp_path / "room", ignore_errors=True)


# --- encoding lines that people or programs made ------------------------------------------------------------------


def test_keys_may_come_in_any_order_and_optional_values_may_be_left_out(tmp_path: Path) -> None:
    folder = write(tmp_path / "sam", "drg")
    lines = []
    for line in decoded(folder):
        values = {name: value for name, value in reversed(line["values"].items()) if value not in ("", None)}
        lines.append(
            {key: line[key] for key in ("values", *[one for one in line if one != "values"])}
            | {"values": values}
        )
    assert encoded(lines, tmp_path / "room") == contents(folder)


def one_changed(tmp_path: Path, record: str, **values: object) -> list[dict]:
    lines = decoded(
        write(tmp_path / "sam", "medical_dental", claim("medical_dental", statements=1)), codes=None
    )
    line = next(one for one in lines if one["record"] == record)
    line["values"] |= values
    return lines


@pytest.mark.parametrize(
    ("record", "name", "value", "rule_id"),
    [
        ("A", "patient_name", "홍길동😀", "WIRE-001"),
        ("A", "patient_name", "가" * 11, "WIRE-002"),
        ("A", "visit_days", 1000, "WIRE-003"),
        ("A", "visit_days", -1, "WIRE-004"),
        ("C", "unit_price", "99999999999999999999.00", "WIRE-003"),
        ("A", "patient_rrn", "", "WIRE-005"),
        ("A", "visit_days", None, "WIRE-005"),
        ("A", "treatment_result", "7", "WIRE-006"),
        ("C", "hang", "QQ", "WIRE-006"),
        ("E", "detail_text", "가" * 351, "WIRE-002"),
    ],
)
def test_what_does_not_fit_is_refused(
    record: str, name: str, value: object, rule_id: str, tmp_path: Path
) -> None:
    found = refused(one_changed(tmp_path, record, **{name: value}), tmp_path)
    assert (rule_id, record, name) in found


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"unit_price": "1.234"}, "unit_price is not a number with up to 2 decimals"),
        ({"unit_price": "one"}, "unit_price is not a number"),
        ({"unit_price": 720}, "Record C"),
        ({"line_amount": "720"}, "Record C"),
        ({"surprise": "x"}, "Record C"),
    ],
)
def test_lines_of_another_shape_are_refused(change: dict, message: str, tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match=message):
        refused(one_changed(tmp_path, "C", **change), tmp_path)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"kind": "hospital", "record": "A", "line": 1, "values": {}}, "no kind of claim"),
        ({"kind": "drg", "record": "X", "line": 1, "values": {}}, "no record 'X'"),
        ({"kind": "drg", "line": 1, "values": {}}, "has no record"),
        ({"kind": "drg", "record": None, "line": 1, "values": None}, "base64"),
        ({"kind": "drg", "record": None, "line": 1, "values": None, "base64": "!!"}, "base64 text is broken"),
        ({"kind": "drg", "record": None, "line": 1, "values": None, "base64": "eA=="}, '"of"'),
        ({"kind": "drg", "record": "FILE", "line": 0, "values": {"name": "../H010"}}, "plain file name"),
        (
            {"kind": "drg", "record": "A", "line": 1, "values": {}, "bytes": 999},
            "no version has records of 999",
        ),
        ({"kind": "drg", "record": "A", "line": 1, "values": {}, "end": "cr"}, '"end"'),
        (
            {"kind": "drg", "record": "A", "line": 1, "values": {}, "raw": {"claim_no": "x"}},
            "raw bytes of claim_no",
        ),
        ({"kind": "drg", "record": "MEDLOG", "line": 1, "values": {"title": "가" * 40}}, "title"),
    ],
)
def test_odd_lines_are_refused_with_a_reason(line: dict, message: str, tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match=message):
        refused([line], tmp_path)
    assert list((tmp_path / "out").iterdir()) == []


def test_nothing_to_encode_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match="no line"):
        refused([], tmp_path)


def test_records_that_broke_the_content_rules_in_the_file_are_taken_over(tmp_path: Path) -> None:
    """A file with an unknown code is decoded and encoded as it stands; only a new breach is refused."""
    lines = decoded(write(tmp_path / "sam", "medical_dental"))
    unusual = [line for line in lines if line.get("as_is")]
    assert unusual, "the samples hold codes that are in no list"
    assert encoded(lines, tmp_path / "room") == contents(tmp_path / "sam")
    for line in unusual:
        del line["as_is"]
    assert {rule_id for rule_id, _, _ in refused(lines, tmp_path)} == {"WIRE-006"}


def test_a_file_longer_than_a_block_is_decoded_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "sam", "medical_dental", claim("medical_dental", statements=60))
    whole = decoded(folder)
    monkeypatch.setattr(ndjson_read, "BLOCK_BYTES", 3000)
    assert encoded(whole, tmp_path / "room") == contents(folder)
