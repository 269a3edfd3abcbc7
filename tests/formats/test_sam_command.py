"""``cheonggu sam``: what an operator types and what comes back."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cheonggu.commands.sam import app, files_of
from cheonggu.errors import LayoutError, UsageError
from cheonggu.formats.claim_set import write_set
from tests.formats.sam_samples import CATALOGUE, CLAIM_NO, claim, parts

runner = CliRunner()


def write(folder: Path, kind: str) -> Path:
    tables = claim(kind)
    write_set(folder, CATALOGUE, kind, tables["H"], [parts(tables)], title="TITLE")
    return folder


def run(*arguments: object):
    result = runner.invoke(app, [str(one) for one in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("kind", CATALOGUE.kinds)
def test_decode_and_encode_give_the_same_files(kind: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "sam", kind)
    assert run("decode", folder, "--out", tmp_path / "json").exit_code == 0
    (file,) = (tmp_path / "json").iterdir()
    assert file.name == f"{CLAIM_NO}.ndjson"
    result = run("encode", file, "--out", tmp_path / "back")
    assert result.exit_code == 0
    assert "MEDLOG.ENC" in result.stdout
    assert contents(tmp_path / "back") == contents(folder)


def test_decode_writes_to_standard_output_by_default(tmp_path: Path) -> None:
    folder = write(tmp_path, "drg")
    lines = [
        json.loads(line) for line in run("decode", folder / "D020.1", folder / "H010").stdout.splitlines()
    ]
    assert [line["record"] for line in lines[:4]] == ["FILE", "H", "FILE", "A"]
    assert lines[1]["values"]["claim_no"] == CLAIM_NO


def test_encode_refuses_what_does_not_fit_and_writes_nothing(tmp_path: Path) -> None:
    source = tmp_path / "claim.ndjson"
    text = run("decode", write(tmp_path / "sam", "drg")).stdout
    source.write_text(text.replace('"visit_days":', '"visit_days":7777', 1), encoding="utf-8")
    result = run("encode", source, "--out", tmp_path / "back")
    assert result.exit_code == 1
    assert "WIRE-003" in result.stdout
    assert "visit_days" in result.stdout
    assert "Nothing was written" in result.stdout
    assert list((tmp_path / "back").iterdir()) == []
    as_json = json.loads(run("encode", source, "--out", tmp_path / "back", "--json").stdout)
    assert [one["rule_id"] for one in as_json["findings"]] == ["WIRE-003"]


def test_encode_lists_its_files_as_json(tmp_path: Path) -> None:
    run("decode", write(tmp_path / "sam", "drg"), "--out", tmp_path)
    result = run("encode", tmp_path / f"{CLAIM_NO}.ndjson", "--out", tmp_path / "back", "--json")
    names = [one["name"] for one in json.loads(result.stdout)["files"]]
    assert names[0] == "H010"
    assert names[-1] == "MEDLOG.ENC"


def test_check_lists_findings_as_json_and_in_words(tmp_path: Path) -> None:
    folder = write(tmp_path, "drg")
    path = folder / "D020.1"
    path.write_bytes(path.read_bytes()[:-10] + b"\r\n")
    result = run("check", folder, "--json")
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert answer["kind"] == "drg"
    found = [(one["rule_id"], one["detail"]) for one in answer["findings"]]
    assert ("FILE-001", "line 4: 388 bytes") in found
    assert [rule for rule, _ in found if not rule.startswith("FILE-")], (
        "the rules run although a record is broken"
    )
    assert ["LIC-004", "table doctor absent"] in answer["not_checked"]
    words = run("check", folder).stdout
    assert "FILE-001 [error] D020.1 · A · 00004 · line 4: 388 bytes" in words
    assert "table eligibility absent" in words


@pytest.mark.parametrize(
    ("change", "rule_id"),
    [
        (lambda lines: lines[1:], "FILE-005"),  # no header
        (lambda lines: [*lines[:3], b"not a record", *lines[3:]], "FILE-006"),
        (lambda lines: [lines[0], *sorted(lines[1:], key=lambda line: line[15:16], reverse=True)], None),
        (lambda lines: lines[:1], "HDR-"),
        (lambda lines: [], "SAM-"),
    ],
    ids=["no header", "broken line", "odd order", "header only", "empty"],
)
def test_sets_that_other_programs_wrote_are_checked_as_far_as_they_can_be(
    change: Callable[[list[bytes]], list[bytes]], rule_id: str | None, tmp_path: Path
) -> None:
    folder = write(tmp_path, "medical_dental")
    (folder / "MEDLOG.ENC").unlink(missing_ok=True)  # the set alone, as another program may leave it
    for path in sorted(folder.glob("*.xml")):
        path.unlink()
    (path,) = (one for one in folder.iterdir() if one.stat().st_size > 1000)
    lines = change(path.read_bytes().split(b"\r\n")[:-1])
    path.write_bytes(b"".join(line + b"\r\n" for line in lines))
    answer = json.loads(run("check", folder, "--json").stdout)
    rules = {one["rule_id"] for one in answer["findings"]}
    assert answer["not_checked"]
    if rule_id:
        assert [one for one in rules if one.startswith(rule_id)]
    else:
        assert not [one for one in rules if one.startswith("FILE-")]


def test_check_says_which_file_is_missing_in_both_languages(tmp_path: Path) -> None:
    folder = write(tmp_path, "korean_medicine")
    (folder / "K020.3").unlink()
    result = run("check", folder)
    assert result.exit_code == 1
    assert "FILE-010 [error] K020.3" in result.stdout
    assert "필요한 파일이 빠졌거나" in result.stdout
    assert "Files missing or count differs" in result.stdout


def test_check_of_something_else_says_so(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_bytes(b"Dear Sir\r\n")
    result = run("check", path, "--json")
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert answer["kind"] is None
    assert [one["rule_id"] for one in answer["findings"]] == ["SAM-001"]
    with pytest.raises(LayoutError, match="cannot be recognised"):
        run("decode", path)
    with pytest.raises(UsageError, match="no kind of claim"):
        run("decode", path, "--kind", "hospital")


@pytest.mark.parametrize("kind", ["medical_dental", "drg", "industrial"])
def test_show_makes_a_page(kind: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "sam", kind)
    assert run("show", folder, "--html", tmp_path / "claim.html").exit_code == 0
    page = (tmp_path / "claim.html").read_text(encoding="utf-8")
    assert "<html" in page
    assert CLAIM_NO in page


def test_a_name_that_is_not_there_and_a_zip_are_not_passed_over(tmp_path: Path) -> None:
    there = tmp_path / "2026060001.GHP"
    there.write_bytes(b"x\r\n")
    with pytest.raises(UsageError, match="no file or folder") as refused:
        files_of([there, tmp_path / "missing.GHP"])
    assert "청구 파일이나 그 폴더를 지정하세요" in refused.value.fix_ko
    with zipfile.ZipFile(tmp_path / "claim.zip", "w") as archive:
        archive.write(there, there.name)
    with pytest.raises(UsageError, match=r"claim\.zip is a zip archive"):
        files_of([tmp_path])
    (tmp_path / "claim.zip").unlink()
    assert files_of([tmp_path]) == [there]
