"""The batch folder: every table of one claim-to-be, stage by stage, as Parquet that a crash cannot half-write.

``data/<scheme>/batches/<batch_id>/<stage>/`` holds ``<table>.parquet`` and, written last, ``manifest.json`` with
the SHA-256 and row count of every file and what the stage was made from. A stage counts as done only when its
manifest stands and answers the same inputs; otherwise it is made again. The folder holds personal data and is
readable by its owner only.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import cheonggu
from cheonggu.errors import SiteError, StateError

EXTRACT, VALIDATE, ASSEMBLE, PRECHECK = "extract", "validate", "assemble", "precheck"
MANIFEST = "manifest.json"
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class FileFact:
    """One file as it stands on disk: name inside the stage folder, size in bytes, SHA-256 and rows (0: no table)."""

    name: str
    size: int
    sha256: str
    rows: int = 0


@dataclass(frozen=True)
class BatchFolder:
    """One batch's folder below the data folder of its scheme."""

    root: Path
    batch_id: str

    @property
    def path(self) -> Path:
        return self.root / self.batch_id

    def stage(self, stage: str) -> Path:
        return self.path / stage

    def inputs_digest(self, stage: str) -> str:
        """What a later stage names as its input: the digest of this stage's manifest; StateError when undone."""
        manifest = self.manifest(stage)
        if manifest is None:
            raise StateError(
                f"Batch {self.batch_id}: stage {stage} is not complete.",
                f"배치 {self.batch_id}: {stage} 단계가 끝나지 않았습니다.",
                fix_en="Run the night again; it resumes where it stopped.",
                fix_ko="야간 작업을 다시 실행하면 이어서 진행합니다.",
            )
        return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()

    def manifest(self, stage: str) -> dict[str, Any] | None:
        """The stage's manifest, or None while the stage is not complete."""
        path = self.stage(stage) / MANIFEST
        if not path.is_file():
            return None
        loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return loaded

    def is_done(self, stage: str, inputs: Mapping[str, str]) -> bool:
        """Whether the stage was completed from exactly these inputs."""
        manifest = self.manifest(stage)
        return manifest is not None and manifest["inputs"] == dict(inputs)

    def write_tables(self, stage: str, tables: Mapping[str, pa.Table]) -> None:
        """Write tables of a stage that :meth:`seal` will complete."""
        folder = make_private(self.stage(stage))
        for name, table in tables.items():
            write_parquet(folder / f"{name}.parquet", table)

    def read(self, stage: str, table: str, columns: list[str] | None = None) -> pa.Table:
        """One table of a completed stage."""
        return pq.read_table(self.stage(stage) / f"{table}.parquet", columns=columns)

    def has(self, stage: str, table: str) -> bool:
        """Whether a completed stage holds a table that not every batch has."""
        return (self.stage(stage) / f"{table}.parquet").is_file()

    def seal(self, stage: str, inputs: Mapping[str, str]) -> dict[str, Any]:
        """Write the manifest over all files of the stage: from here on the stage is complete."""
        folder = self.stage(stage)
        facts = [
            file_fact(path, folder)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name != MANIFEST and not path.name.startswith(".")
        ]
        manifest = {
            "schema_version": SCHEMA_VERSION,
            "code_version": cheonggu.__version__,
            "stage": stage,
            "inputs": dict(inputs),
            "files": [vars(fact) for fact in facts],
        }
        write_bytes(folder / MANIFEST, json.dumps(manifest, indent=1, sort_keys=True).encode())
        return manifest

    def reopen(self, stage: str) -> None:
        """Take the manifest away before a stage is made again, so that a crash leaves it incomplete."""
        (self.stage(stage) / MANIFEST).unlink(missing_ok=True)


def make_private(folder: Path) -> Path:
    """Create a folder that only its owner may enter."""
    with site_errors(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def write_parquet(path: Path, table: pa.Table) -> None:
    """Write one table under a temporary name, sync it and rename it into place."""
    temporary = path.with_name(f".{path.name}.part")
    with site_errors(path):
        with temporary.open("wb") as stream:
            pq.write_table(table, stream, compression="zstd", store_schema=True)
            stream.flush()
            os.fsync(stream.fileno())
        publish(temporary, path)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a small file the same way."""
    temporary = path.with_name(f".{path.name}.part")
    with site_errors(path):
        with temporary.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        publish(temporary, path)


def publish(temporary: Path, path: Path) -> None:
    """Rename into place and sync the folder, so that the name survives a power cut too."""
    temporary.replace(path)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def file_fact(path: Path, folder: Path) -> FileFact:
    """Size, hash and (for Parquet) rows of one file."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    rows = pq.read_metadata(path).num_rows if path.suffix == ".parquet" else 0
    return FileFact(path.relative_to(folder).as_posix(), path.stat().st_size, digest, rows)


class site_errors:  # noqa: N801 - reads as a statement: with site_errors(path): …
    """Turn a full disk, a read-only or a missing folder into an error that says what to do."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            why = os.strerror(error.errno) if error.errno else type(error).__name__
            raise SiteError(
                f"{self.path.name} cannot be written in {self.path.parent}: {why}.",
                f"{self.path.parent} 폴더에 {self.path.name} 파일을 쓸 수 없습니다: {why}.",
                fix_en="Free space or rights there, then run again; nothing was lost.",
                fix_ko="저장 공간과 쓰기 권한을 확인한 뒤 다시 실행하세요. 잃은 자료는 없습니다.",
            ) from error
