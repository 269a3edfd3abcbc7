"""Whole claims as file sets: names, order, refusal without a trace, and reading what others wrote."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow as pa
import pytest

from cheonggu.errors import InputError, LayoutError, SiteError, UsageError
from cheonggu.formats import claim_files
from cheonggu.formats.claim_set import inspect_set, iter_set, read_set, recognise, write_set
from tests.formats.sam_samples import CATALOGUE, CLAIM_NO, CODES, claim, parts

FILES = {
    "medical_dental": [f"{CLAIM_NO}.GHP"],
    "new_drg": [f"{CLAIM_NO}.GHP"],
    "auto": [f"{CLAIM_NO}_13.CAR"],
    "korean_medicine": ["H010", "K020.1", "K020.2", "K020.3", "K020.4"],
    "herbal_decoction": ["H010", "K020.1", "K020.2", "K020.3", "K020.4", "K020.5"],
    "medical_aid_flat": ["H010", "H040.1", "H040.2", "H040.3", "H040.4", "H040.5"],
    "drg": ["H010", "D020.1", "D020.2", "D020.3", "D020.4", "D020.5", "D020.6"],
    "auto_korean": ["C010", "C110.1", "C110.2", "C110.3", "C110.4"],
    "industrial": ["M010.1", "M010.2", "M020.1", "M020.2", "M020.3", "M020.4", "M020.5"],
    "industrial_korean": ["M010.1", "M010.2", "M021.1", "M021.2", "M021.3", "M021.4"],
    "pharmacy": ["H010", "H024.1", "H024.2", "H024.3", "H024.4", "H024.5"],
    "health_center": ["H010", "H050.1", "H050.2", "H050.3", "H050.4", "H050.5"],
    "industrial_pharmacy": ["M010.1", "M022.1", "M022.2", "M022.3", "M022.4", "M022.5"],
}
MEDLOG = b" " * 12 + b"\r\nNULL    \r\n" + b"TITLE".ljust(30) + b"\r\n" + b" " * 12 + b"\r\n"


def write(folder: Path, kind: str, tables: dict[str, pa.Table] | None = None, **options) -> dict[str, bytes]:
    tables = tables or claim(kind)
    result = write_set(folder, CATALOGUE, kind, tables["H"], [parts(tables)], title="TITLE", **options)
    assert result.findings.to_pylist() == []
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def refused(folder: Path, kind: str, tables: dict[str, pa.Table], **options) -> list[dict]:
    title = options.pop("title", "TITLE")
    chunks = options.pop("chunks", [parts(tables)])
    result = write_set(folder, CATALOGUE, kind, tables["H"], chunks, title=title, **options)
    assert result.files == ()
    assert list(folder.iterdir()) == [], "something was left behind"
    return result.findings.to_pylist()


def replaced(table: pa.Table, name: str, values: list) -> pa.Table:
    place = table.column_names.index(name)
    return table.set_column(place, name, pa.array(values, table.schema.field(name).type))


@pytest.mark.parametrize("kind", CATALOGUE.kinds)
def test_each_kind_has_its_files_and_the_marker(kind: str, tmp_path: Path) -> None:
    files = write(tmp_path, kind)
    assert sorted(files) == sorted([*FILES[kind], "MEDLOG.ENC"])
    assert files["MEDLOG.ENC"] == MEDLOG


@pytest.mark.parametrize("kind", CATALOGUE.kinds)
def test_what_was_written_is_read_back(kind: str, tmp_path: Path) -> None:
    tables = claim(kind)
    write(tmp_path, kind, tables)
    back = read_set(tmp_path, CATALOGUE)
    assert back.kind == kind
    assert back.findings.to_pylist() == []
    form = CATALOGUE.form(kind, __import__("datetime").date(2026, 7, 1))
    header = back.tables["H"].to_pylist()[0]
    assert (header["claim_form_version"], header["statement_form_version"]) == (form.header, form.statement)
    for record, table in parts(tables).items():
        assert back.tables[record].equals(table), record


@pytest.mark.parametrize("kind", CATALOGUE.kinds)
@pytest.mark.parametrize("block_bytes", [2500, 20_000])
def test_a_stream_gives_the_same_records_in_whole_statements(
    kind: str, block_bytes: int, tmp_path: Path
) -> None:
    write(tmp_path, kind, claim(kind, statements=30))
    whole = read_set(tmp_path, CATALOGUE)
    pieces: dict[str, list[pa.Table]] = {}
    seen: set[str] = set()
    for chunk in iter_set(tmp_path, CATALOGUE, block_bytes=block_bytes):
        own = {
            number
            for record in chunk
            if record not in ("H", "H2")
            for number in chunk[record]["statement_no"].to_pylist()
        }
        assert not own & seen, "a statement was cut"
        seen |= own
        for record, table in chunk.items():
            pieces.setdefault(record, []).append(table)
    for record, table in whole.tables.items():
        assert pa.concat_tables(pieces.get(record, [table.slice(0, 0)])).equals(table), record


@pytest.mark.parametrize("kind", ["medical_dental", "drg"])
def test_the_same_bytes_whatever_the_chunks(kind: str, tmp_path: Path) -> None:
    tables = claim(kind, statements=9)
    whole = write(tmp_path / "whole", kind, tables)
    chunks = []
    for number in tables["A"]["statement_no"].to_pylist():
        chunks.append(
            {
                record: table.filter(pa.compute.equal(table["statement_no"], number))
                for record, table in parts(tables).items()
            }
        )
    write_set(tmp_path / "one", CATALOGUE, kind, tables["H"], chunks, title="TITLE")
    assert {path.name: path.read_bytes() for path in (tmp_path / "one").iterdir()} == whole


def test_a_combined_file_goes_statement_by_statement_and_record_by_record(tmp_path: Path) -> None:
    tables = claim("medical_dental", statements=5)
    lines = write(tmp_path, "medical_dental", tables)[f"{CLAIM_NO}.GHP"].split(b"\r\n")
    assert lines[-1] == b""
    order = [(line[10:15], line[15:16]) for line in lines[1:-1]]
    assert order == sorted(order)
    assert sum(map(len, order)) > 0


def test_tables_in_another_order_are_put_in_statement_order(tmp_path: Path) -> None:
    tables = claim("medical_dental", statements=6)
    straight = write(tmp_path / "a", "medical_dental", tables)
    line = tables["C"]
    shuffled = tables | {
        "C": line.take(
            pa.array(sorted(range(len(line)), key=lambda row: line["statement_no"][row].as_py()[::-1]))
        )
    }
    by_rank = write(tmp_path / "b", "medical_dental", shuffled)
    assert len(by_rank[f"{CLAIM_NO}.GHP"]) == len(straight[f"{CLAIM_NO}.GHP"])
    back = read_set(tmp_path / "b", CATALOGUE).tables["C"]["statement_no"].to_pylist()
    assert back == sorted(back)


def test_records_that_do_not_occur_still_get_an_empty_file(tmp_path: Path) -> None:
    tables = claim("drg")
    chunk = {record: tables[record] for record in ("A", "B")}
    result = write_set(tmp_path, CATALOGUE, "drg", tables["H"], [chunk], title="TITLE")
    assert {one.name: one.size for one in result.files if one.size == 0} == {
        "D020.3": 0,
        "D020.4": 0,
        "D020.5": 0,
        "D020.6": 0,
    }


def test_the_result_tells_size_hash_and_number_of_records(tmp_path: Path) -> None:
    tables = claim("drg")
    result = write_set(tmp_path, CATALOGUE, "drg", tables["H"], [parts(tables)], title="TITLE")
    for one in result.files:
        data = (tmp_path / one.name).read_bytes()
        assert (one.size, one.sha256) == (len(data), hashlib.sha256(data).hexdigest())
        assert one.records == data.count(b"\r\n")
    assert result.files[-1].name == "MEDLOG.ENC"


def test_a_long_detail_goes_on_in_further_records_and_nothing_is_lost(tmp_path: Path) -> None:
    tables = claim("medical_dental", statements=4)
    text = "상세 내역 " + "가나다 " * 300 + "끝"
    values = [text if row == 0 else value for row, value in enumerate(tables["E"]["detail_text"].to_pylist())]
    tables["E"] = replaced(tables["E"], "detail_text", values)
    write(tmp_path, "medical_dental", tables)
    back = read_set(tmp_path, CATALOGUE).tables["E"]
    count = len(back) - len(values) + 1
    assert count == 4
    assert "".join(back["detail_text"].to_pylist()[:count]) == text
    for name in ("detail_unit", "line_no", "detail_code", "prescription_no", "statement_no"):
        assert len(set(back[name].to_pylist()[:count])) == 1
    assert all(len(piece.encode("cp949")) <= 700 for piece in back["detail_text"].to_pylist())


def test_statement_numbers_past_99999_go_on_with_a_letter(tmp_path: Path) -> None:
    tables = claim("medical_dental", statements=2)
    for record in "ABCDE":
        numbers = [
            "99999" if one == "00001" else "A0000" for one in tables[record]["statement_no"].to_pylist()
        ]
        tables[record] = replaced(tables[record], "statement_no", numbers)
    write(tmp_path, "medical_dental", tables)
    assert read_set(tmp_path, CATALOGUE).tables["A"]["statement_no"].to_pylist() == ["99999", "A0000"]


def test_other_kinds_have_no_statement_numbers_past_99999(tmp_path: Path) -> None:
    tables = claim("drg", statements=1)
    for record in "ABCDEF":
        tables[record] = replaced(tables[record], "statement_no", ["A0000"] * len(tables[record]))
    assert {one["rule_id"] for one in refused(tmp_path, "drg", tables)} == {"WIRE-013"}


def test_one_value_that_does_not_fit_leaves_nothing_behind(tmp_path: Path) -> None:
    tables = claim("drg")
    names = ["가" * 11, *tables["A"]["patient_name"].to_pylist()[1:]]
    (found,) = refused(tmp_path, "drg", tables | {"A": replaced(tables["A"], "patient_name", names)})
    named = [found[key] for key in ("rule_id", "file", "record", "statement_no", "field", "detail")]
    assert named == ["WIRE-002", "D020.1", "A", "00001", "patient_name", "22 bytes, limit 20"]


def test_a_finding_in_a_later_chunk_takes_the_earlier_ones_back(tmp_path: Path) -> None:
    tables = claim("medical_dental", statements=3)
    bad = {"A": replaced(claim("medical_dental", statements=4)["A"].slice(3), "visit_days", [1000])}
    (found,) = refused(tmp_path, "medical_dental", tables, chunks=[parts(tables), bad])
    named = [found[key] for key in ("rule_id", "file", "record", "statement_no", "field", "detail")]
    assert named == ["WIRE-003", f"{CLAIM_NO}.GHP", "A", "00004", "visit_days", "4 digits, limit 3"]


def test_a_record_without_its_statement_is_refused(tmp_path: Path) -> None:
    tables = claim("medical_dental")
    orphan = replaced(tables["B"].slice(0, 1), "statement_no", ["00009"])
    found = refused(tmp_path, "medical_dental", tables | {"B": pa.concat_tables([tables["B"], orphan])})
    assert [(one["rule_id"], one["record"], one["statement_no"]) for one in found] == [
        ("WIRE-007", "B", "00009")
    ]


def test_statements_out_of_order_or_twice_are_refused(tmp_path: Path) -> None:
    tables = claim("medical_dental", statements=2)
    chunks = [parts(tables), {"A": tables["A"].slice(1)}]
    (found,) = refused(tmp_path, "medical_dental", tables, chunks=chunks)
    assert (found["rule_id"], found["statement_no"]) == ("WIRE-008", "00002")


def test_an_auto_claim_is_for_one_insurer(tmp_path: Path) -> None:
    tables = claim("auto", statements=2)
    mixed = tables | {"A": replaced(tables["A"], "insurer_code", ["13", "12"])}
    (found,) = refused(tmp_path, "auto", mixed)
    assert (found["rule_id"], found["detail"]) == ("WIRE-009", "2 insurer codes")


def test_a_claim_number_cannot_name_another_folder(tmp_path: Path) -> None:
    tables = claim("medical_dental")
    header = replaced(tables["H"], "claim_no", ["../../etc"])
    assert [one["rule_id"] for one in refused(tmp_path, "medical_dental", tables | {"H": header})] == [
        "WIRE-009"
    ]


@pytest.mark.parametrize(("title", "rule_id"), [("가" * 16, "WIRE-002"), ("😀", "WIRE-001")])
def test_a_title_that_does_not_fit_is_refused(title: str, rule_id: str, tmp_path: Path) -> None:
    assert [one["rule_id"] for one in refused(tmp_path, "drg", claim("drg"), title=title)] == [rule_id]


def test_exactly_one_header(tmp_path: Path) -> None:
    tables = claim("drg")
    two = tables | {"H": pa.concat_tables([tables["H"], tables["H"]])}
    assert {one["rule_id"] for one in refused(tmp_path, "drg", two)} == {"WIRE-010"}


def test_codes_of_the_lists_are_checked_when_they_are_given(tmp_path: Path) -> None:
    tables = claim("medical_dental")
    found = refused(tmp_path, "medical_dental", tables, codes=CODES)
    assert {one["rule_id"] for one in found} == {"WIRE-006"}
    assert {"hang", "mok", "department"} <= {one["field"] for one in found}


def test_an_unknown_record_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    tables = claim("medical_dental")
    with pytest.raises(LayoutError, match="No record"):
        write_set(tmp_path, CATALOGUE, "medical_dental", tables["H"], [{"F": tables["C"]}], title="T")
    assert list(tmp_path.iterdir()) == []


def test_an_error_half_way_leaves_nothing(tmp_path: Path) -> None:
    tables = claim("drg")

    def chunks():
        yield parts(tables)
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError, match="the source broke"):
        write_set(tmp_path, CATALOGUE, "drg", tables["H"], chunks(), title="T")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_refuses_is_a_site_error_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: object, data: object, records: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(claim_files.Sink, "write", full)
    tables = claim("drg")
    with pytest.raises(SiteError, match="No space left"):
        write_set(tmp_path, CATALOGUE, "drg", tables["H"], [parts(tables)], title="T")
    assert list(tmp_path.iterdir()) == []


# --- form versions ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "month", "header", "statement", "lengths"),
    [
        ("medical_dental", "201812", "089", "089", {"H": 2096, "C": 234, "D": 62}),
        ("medical_dental", "201902", "090", "090", {"C": 234, "D": 63}),
        ("medical_dental", "202103", "090", "090", {"C": 234}),
        ("medical_dental", "202104", "091", "091", {"C": 236, "D": 63}),
        ("korean_medicine", "201901", "089", "089", {"C": 182}),
        ("korean_medicine", "201902", "091", "091", {"C": 184}),
        ("medical_aid_flat", "202003", "090", "090", {"C": 201}),
        ("pharmacy", "202003", "090", "090", {"A": 287, "C": 194}),
        ("auto", "202003", "021", "020", {"C": 133}),
    ],
)
def test_the_care_month_decides_digits_and_lengths(
    kind: str, month: str, header: str, statement: str, lengths: dict[str, int], tmp_path: Path
) -> None:
    tables = {record: small_amounts(table) for record, table in claim(kind, month=month).items()}
    write(tmp_path, kind, tables)
    back = read_set(tmp_path, CATALOGUE)
    assert back.findings.to_pylist() == []
    row = back.tables["H"].to_pylist()[0]
    assert (row["claim_form_version"], row["statement_form_version"]) == (header, statement)
    facts = inspect_set(tmp_path, CATALOGUE)["record"].to_pylist()
    assert all(one["length_ok"] for one in facts)
    seen = {one["record"]: one["byte_length"] for one in facts}
    assert {record: seen[record] for record in lengths} == lengths
    for record, table in parts(tables).items():
        form = CATALOGUE.layout(kind, record, statement)
        assert back.tables[record].select(form.names).equals(table.select(form.names)), record


def small_amounts(table: pa.Table) -> pa.Table:
    """Prices that fit the earlier widths, and nothing in fields that came later."""
    for name, values in (("unit_price", 72000), ("copay_ceiling_excess", None), ("copay_rate_class", "")):
        if name in table.column_names:
            old = table.schema.field(name).type
            blank = values if values is not None else 0
            table = replaced(table, name, pa.array([blank] * len(table), old).to_pylist())
    return table


def test_a_value_of_a_field_that_came_later_is_refused(tmp_path: Path) -> None:
    tables = claim("medical_dental", month="201812")
    tables["C"] = small_amounts(tables["C"])
    tables["D"] = replaced(tables["D"], "copay_rate_class", ["A"] * len(tables["D"]))
    (found,) = refused(tmp_path, "medical_dental", tables)
    assert (found["rule_id"], found["field"]) == ("WIRE-012", "copay_rate_class")


def test_a_price_too_large_for_the_earlier_width_is_refused(tmp_path: Path) -> None:
    tables = claim("korean_medicine", month="201812")
    prices = [10**10] + [0] * (len(tables["C"]) - 1)
    tables["C"] = replaced(tables["C"], "unit_price", prices)
    (found,) = refused(tmp_path, "korean_medicine", tables)
    assert (found["rule_id"], found["detail"]) == ("WIRE-003", "11 digits, limit 10")


def test_digits_nobody_knows_are_refused(tmp_path: Path) -> None:
    tables = claim("drg")
    header = replaced(tables["H"], "statement_form_version", ["091"])
    header = replaced(header, "claim_form_version", ["092"])
    found = refused(tmp_path, "drg", tables | {"H": header})
    assert {(one["rule_id"], one["field"]) for one in found} == {("WIRE-011", "statement_form_version")}


def test_a_month_before_the_first_known_version_is_an_error(tmp_path: Path) -> None:
    tables = claim("medical_dental", month="201712")
    with pytest.raises(InputError, match="No form version"):
        write_set(tmp_path, CATALOGUE, "medical_dental", tables["H"], [parts(tables)], title="T")


# --- reading what others wrote ----------------------------------------------------------------------------------


def rewrite(folder: Path, change) -> None:
    for path in folder.iterdir():
        if path.name != "MEDLOG.ENC":
            path.write_bytes(change(path.read_bytes()))


@pytest.mark.parametrize("kind", CATALOGUE.kinds)
def test_bare_line_feeds_a_missing_last_end_and_a_byte_order_mark(kind: str, tmp_path: Path) -> None:
    write(tmp_path, kind)
    whole = read_set(tmp_path, CATALOGUE).tables
    rewrite(tmp_path, lambda data: b"\xef\xbb\xbf" + data.replace(b"\r\n", b"\n")[:-1] if data else data)
    back = read_set(tmp_path, CATALOGUE)
    assert back.kind == kind
    for record, table in whole.items():
        assert back.tables[record].equals(table), record


@pytest.mark.parametrize("kind", CATALOGUE.kinds)
def test_numbers_filled_with_spaces(kind: str, tmp_path: Path) -> None:
    tables = claim(kind)
    write(tmp_path, kind, tables)
    for layout in CATALOGUE.records(kind):
        for path in tmp_path.iterdir():
            lines = path.read_bytes().split(b"\r\n")
            for place, line in enumerate(lines):
                if len(line) == layout.length and path.name != "MEDLOG.ENC" and fits_name(path, layout, line):
                    lines[place] = with_spaces(line, layout)
            path.write_bytes(b"\r\n".join(lines))
    back = read_set(tmp_path, CATALOGUE)
    assert back.findings.to_pylist() == []
    for record, table in parts(tables).items():
        assert back.tables[record].equals(table), record


def fits_name(path: Path, layout, line: bytes) -> bool:
    if "{" in layout.file:
        return layout.record == "H" or line[15:16].decode() == layout.record
    return path.name == layout.file


def with_spaces(line: bytes, layout) -> bytes:
    cells = bytearray(line)
    for one in layout.fields:
        if one.is_number and line[one.start - 1 : one.end].strip():
            plain = line[one.start - 1 : one.end].lstrip(b"0") or b"0"
            cells[one.start - 1 : one.end] = plain.rjust(one.length)
    return bytes(cells)


def test_names_with_a_prefix_and_other_names_in_use(tmp_path: Path) -> None:
    write(tmp_path, "auto_korean")
    for path in list(tmp_path.iterdir()):
        path.rename(tmp_path / ("20260805_" + path.name.replace("C110", "C111")))
    found = recognise([path for path in tmp_path.iterdir() if "MEDLOG" not in path.name], CATALOGUE)
    assert found.kind == "auto_korean"
    assert [file.record for file in found.files] == ["H", "A", "B", "C", "E"]


def test_the_treatment_form_tells_decoctions_from_other_korean_medicine(tmp_path: Path) -> None:
    for kind in ("korean_medicine", "herbal_decoction"):
        write(tmp_path / kind, kind)
        only = [tmp_path / kind / "H010", tmp_path / kind / "K020.1"]
        assert recognise(only, CATALOGUE).kind == kind


def test_one_file_of_a_set_is_enough_when_its_length_is_its_own(tmp_path: Path) -> None:
    write(tmp_path, "korean_medicine")
    stranger = tmp_path / "lines.txt"
    stranger.write_bytes((tmp_path / "K020.3").read_bytes())
    back = read_set([stranger], CATALOGUE)
    assert (back.kind, back.files[0].record) == ("korean_medicine", "C")
    assert back.tables["C"].num_rows > 0


def test_a_set_that_fits_two_kinds_says_so(tmp_path: Path) -> None:
    write(tmp_path, "korean_medicine")
    back = read_set([tmp_path / "K020.2"], CATALOGUE)
    assert [one["rule_id"] for one in back.findings.to_pylist()] == ["SAM-002"]
    assert read_set([tmp_path / "K020.2"], CATALOGUE, kind="herbal_decoction").findings.num_rows == 0


def test_files_of_no_known_kind_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_bytes(b"Dear Sir\r\n")
    with pytest.raises(LayoutError, match=r"letter\.txt"):
        read_set(path, CATALOGUE)
    assert recognise(path, CATALOGUE).kind is None
    assert inspect_set(path, CATALOGUE)["record"].to_pylist()[0]["known"] is False
    with pytest.raises(UsageError, match="no kind of claim"):
        read_set(path, CATALOGUE, kind="hospital")
    with pytest.raises(InputError, match="no file"):
        read_set(tmp_path / "nothing", CATALOGUE)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no file to read"):
        read_set(tmp_path / "empty", CATALOGUE)


def test_lines_that_cannot_be_explained_are_named_and_the_rest_is_read(tmp_path: Path) -> None:
    tables = claim("medical_dental", statements=2)
    path = tmp_path / f"{CLAIM_NO}.GHP"
    lines = write(tmp_path, "medical_dental", tables)[path.name].split(b"\r\n")
    lines[2:2] = [b"garbage", lines[1][:300], lines[1][:15] + b"Z" + lines[1][16:]]
    path.write_bytes(b"\r\n".join(lines))
    back = read_set(tmp_path, CATALOGUE)
    found = [(one["rule_id"], one["record"], one["detail"]) for one in back.findings.to_pylist()]
    assert found == [
        ("FILE-001", "A", "line 4: 300 bytes"),
        ("FILE-006", None, "line 3: 7 bytes"),
        ("FILE-006", None, "line 5: 348 bytes"),
    ]
    assert back.tables["A"].equals(tables["A"])


def test_bytes_that_are_no_text_and_numbers_that_are_none_are_named(tmp_path: Path) -> None:
    write(tmp_path, "drg")
    path = tmp_path / "D020.1"
    data = bytearray(path.read_bytes())
    layout = CATALOGUE.layout("drg", "A")
    data[layout["patient_name"].start - 1] = 0xFF
    data[layout["visit_days"].start - 1] = 0x41
    path.write_bytes(data)
    back = read_set(tmp_path, CATALOGUE)
    found = [(one["rule_id"], one["field"], one["statement_no"]) for one in back.findings.to_pylist()]
    assert sorted(found) == [("FILE-002", "patient_name", "00001"), ("FILE-004", "visit_days", "00001")]
    (fact,) = [one for one in inspect_set(tmp_path, CATALOGUE)["record"].to_pylist() if one["bad_bytes"]]
    assert (fact["file"], fact["row_no"], fact["bad_number_fields"]) == ("D020.1", 1, "visit_days")


def test_an_earlier_form_whose_positions_are_unknown_is_named(tmp_path: Path) -> None:
    write(tmp_path, "drg")
    header = bytearray((tmp_path / "H010").read_bytes())
    header[3:6] = b"091"
    (tmp_path / "H010").write_bytes(header)
    (tmp_path / "D020.1").write_bytes(b"x" * 348 + b"\r\n")
    back = read_set(tmp_path, CATALOGUE)
    assert {("SAM-004", "A"), ("FILE-001", "A")} <= {
        (one["rule_id"], one["record"]) for one in back.findings.to_pylist()
    }


def test_files_that_do_not_belong_and_a_broken_marker_are_named(tmp_path: Path) -> None:
    write(tmp_path, "drg")
    (tmp_path / "notes.txt").write_bytes(b"hello\r\n")
    (tmp_path / "MEDLOG.ENC").write_bytes(b"three\r\nbare\r\nlines\r\n")
    found = {(one["rule_id"], one["file"]) for one in read_set(tmp_path, CATALOGUE).findings.to_pylist()}
    assert found == {("SAM-003", "notes.txt"), ("SAM-005", "MEDLOG.ENC")}


def test_a_file_out_of_order_cannot_be_streamed_but_can_be_read(tmp_path: Path) -> None:
    write(tmp_path, "drg", claim("drg", statements=4))
    path = tmp_path / "D020.2"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(reversed(lines)))
    with pytest.raises(LayoutError, match=r"D020\.2 is not in the order"):
        list(iter_set(tmp_path, CATALOGUE))
    assert read_set(tmp_path, CATALOGUE).tables["B"].num_rows == len(lines)


@pytest.mark.parametrize("kind", ["drg", "korean_medicine"])
def test_one_file_of_a_split_set_can_be_streamed_alone(kind: str, tmp_path: Path) -> None:
    write(tmp_path, kind, claim(kind, statements=200))
    path = next(one for one in tmp_path.iterdir() if one.name.endswith(".3"))
    whole = read_set([path], CATALOGUE, kind=kind).tables["C"]
    pieces = [chunk["C"] for chunk in iter_set([path], CATALOGUE, kind=kind, block_bytes=8000)]
    assert len(pieces) > 3
    assert pa.concat_tables(pieces).equals(whole)


def test_facts_about_files_for_the_pre_check(tmp_path: Path) -> None:
    write(tmp_path, "drg")
    (tmp_path / "D020.6").unlink()
    path = tmp_path / "D020.2"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\r\n", b"\n", 1)[:-2] + b"\n\n")
    facts = {one["name"]: one for one in inspect_set(tmp_path, CATALOGUE)["file"].to_pylist()}
    assert facts["D020.6"] == {
        **dict.fromkeys(facts["D020.6"]),
        "name": "D020.6",
        "exists": False,
        "expected": True,
    }
    two = facts["D020.2"]
    records = read_set(tmp_path, CATALOGUE).tables["B"].num_rows
    assert (two["has_bom"], two["ends_with_newline"], two["blank_lines"]) == (True, True, 1)
    assert (two["lf_records"], two["crlf_records"]) == (2, records - 2)
    assert "MEDLOG.ENC" not in facts


def test_facts_about_records_for_the_pre_check(tmp_path: Path) -> None:
    tables = claim("medical_dental", statements=3)
    write(tmp_path, "medical_dental", tables)
    facts = inspect_set(tmp_path, CATALOGUE)["record"].to_pylist()
    assert [one["row_no"] for one in facts] == list(range(1, len(facts) + 1))
    assert facts[0] == {
        "file": f"{CLAIM_NO}.GHP", "row_no": 1, "record": "H", "claim_no": CLAIM_NO, "statement_no": None,
        "byte_length": 2096, "length_ok": True, "line_end": "crlf", "bad_bytes": False,
        "bad_number_fields": None, "known": True,
    }  # fmt: skip
    assert [one["record"] for one in facts].count("A") == 3
