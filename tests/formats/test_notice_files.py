"""Zips and record files: told by content, opened within limits, never written under their own names."""

from __future__ import annotations

import io
import zipfile

import pytest

from cheonggu.errors import NoticeError
from cheonggu.formats import notice_files
from cheonggu.formats.notice_files import digest_set, gather, group_of, kind_of, pack, stem_of, unpack


def zipped(*files: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, raw in files:
            packed.writestr(name, raw)
    return buffer.getvalue()


def test_content_tells_what_a_file_is() -> None:
    assert kind_of(b"\xef\xbb\xbf \r\n<notice/>") == "xml"
    assert kind_of(zipped(("a", b"b"))) == kind_of(zipped()) == "zip"
    assert (kind_of(b""), kind_of(b"F010...")) == ("empty", "records")


def test_sets_are_told_by_the_end_of_the_name() -> None:
    names = {
        "I020.1": ("I020", 1),
        "abc_I020.3.TXT": ("abc_I020", 3),
        "a/b\\I020.2": ("I020", 2),
        "letter": ("letter", None),
    }
    assert {name: (stem_of(name), group_of(name)) for name in names} == names
    files = [("I020.2", b""), ("one.xml", b"<a/>"), ("I020.1", b"x\r\n"), ("other_I020.1", b"y\r\n")]
    found = {one.name: set(one.records) for one in gather(files)}
    assert found == {"one.xml": set(), "I020": {"I020.1", "I020.2"}, "other_I020": {"other_I020.1"}}


def test_a_set_is_the_same_whatever_it_is_called_and_its_archive_always_the_same_bytes() -> None:
    one, other = {"I020.1": b"x", "I020.2": b""}, {"z_I020.2.txt": b"", "z_I020.1.txt": b"x"}
    assert digest_set(one) == digest_set(other) != digest_set({"I020.1": b"", "I020.2": b"x"})
    assert pack(one) == pack(dict(reversed(one.items())))
    assert unpack(pack(one)) == sorted(one.items())


def test_one_name_with_other_bytes_in_a_set_is_refused() -> None:
    gather([("I020.1", b"x"), ("copy/I020.1", b"x")])
    with pytest.raises(NoticeError, match="twice with other bytes"):
        gather([("I020.1", b"x"), ("copy/I020.1", b"y")])


def test_zips_in_a_zip_are_opened_once_more() -> None:
    inner = zipped(("a.xml", b"<a/>"), ("../../etc/b.1", b"b"))
    assert unpack(zipped(("in.zip", inner), ("folder/", b""))) == [("a.xml", b"<a/>"), ("b.1", b"b")]
    with pytest.raises(NoticeError, match="nested too deep"):
        unpack(zipped(("out.zip", zipped(("in.zip", inner)))))


def test_bombs_are_refused_by_what_they_unpack_to() -> None:
    bomb = zipped(*((f"{number}.1", bytes(1_000_000)) for number in range(3)))
    assert len(bomb) < 20_000
    with pytest.raises(NoticeError, match="more than is allowed"):
        unpack(bomb, max_total=2_500_000)
    with pytest.raises(NoticeError, match="more than is allowed"):
        unpack(zipped(("in.zip", bomb)), max_total=2_500_000)
    assert len(unpack(bomb, max_total=3_000_000)) == 3


def test_what_the_directory_says_of_a_size_is_not_believed() -> None:
    raw = bytearray(zipped(("a.1", bytes(100_000))))
    place = raw.index(b"PK\x01\x02") + 24  # uncompressed size in the central directory
    raw[place : place + 4] = (10).to_bytes(4, "little")
    with pytest.raises(NoticeError):
        unpack(bytes(raw), max_total=50_000)


def test_too_many_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notice_files, "MAX_FILES", 3)
    with pytest.raises(NoticeError, match="more than 3 files"):
        unpack(zipped(*((f"{number}.1", b"x") for number in range(4))))


def test_a_zip_cut_short_anywhere_is_refused() -> None:
    raw = zipped(("a.xml", b"<notice>" * 50), ("b.1", b"record"))
    for length in range(4, len(raw) - 1, 7):
        with pytest.raises(NoticeError, match="cut short or damaged"):
            unpack(raw[:length])


def test_an_encrypted_zip_is_refused() -> None:
    raw = bytearray(zipped(("a.xml", b"<a/>")))
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    raw[6] |= 1
    with pytest.raises(NoticeError, match="encrypted"):
        unpack(bytes(raw))
