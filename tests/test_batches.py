"""The batch folder: complete or not there, whatever happens while writing."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pyarrow as pa
import pytest

from cheonggu.batches import EXTRACT, BatchFolder
from cheonggu.errors import SiteError, StateError

TABLE = pa.table({"statement_key": ["a", "b"], "won": [1, 2]})


@pytest.fixture
def folder(tmp_path: Path) -> BatchFolder:
    return BatchFolder(tmp_path / "batches", "b1")


def test_a_stage_is_done_only_for_the_inputs_it_was_made_from(folder: BatchFolder) -> None:
    folder.write_tables(EXTRACT, {"statement": TABLE})
    assert not folder.is_done(EXTRACT, {"x": "1"})
    folder.seal(EXTRACT, {"x": "1"})
    assert folder.is_done(EXTRACT, {"x": "1"})
    assert not folder.is_done(EXTRACT, {"x": "2"})
    assert folder.read(EXTRACT, "statement").equals(TABLE)


def test_a_reopened_stage_is_not_done(folder: BatchFolder) -> None:
    folder.write_tables(EXTRACT, {"statement": TABLE})
    folder.seal(EXTRACT, {})
    folder.reopen(EXTRACT)
    assert not folder.is_done(EXTRACT, {})
    with pytest.raises(StateError, match="not complete"):
        folder.inputs_digest(EXTRACT)


def test_the_manifest_names_every_file_with_hash_and_rows(folder: BatchFolder) -> None:
    folder.write_tables(EXTRACT, {"statement": TABLE})
    (one,) = folder.seal(EXTRACT, {})["files"]
    assert (one["name"], one["rows"], len(one["sha256"])) == ("statement.parquet", 2, 64)


def test_the_same_table_gives_the_same_bytes(folder: BatchFolder, tmp_path: Path) -> None:
    other = BatchFolder(tmp_path / "other", "b1")
    for one in (folder, other):
        one.write_tables(EXTRACT, {"statement": TABLE})
        one.seal(EXTRACT, {})
    assert folder.manifest(EXTRACT) == other.manifest(EXTRACT)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_refuses_leaves_no_file_and_says_what_to_do(
    folder: BatchFolder, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(SiteError, match="Free space or rights") as caught:
        folder.write_tables(EXTRACT, {"statement": TABLE})
    assert "저장 공간" in caught.value.fix_ko
    assert not (folder.stage(EXTRACT) / "statement.parquet").exists()


def test_only_the_owner_may_enter(folder: BatchFolder) -> None:
    folder.write_tables(EXTRACT, {"statement": TABLE})
    assert folder.stage(EXTRACT).stat().st_mode & 0o077 == 0
