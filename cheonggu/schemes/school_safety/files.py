"""Papers of a claim (구비서류): taken once into the data folder by content, so that a batch never changes later.

What a paper must be (type, size, readable) is judged during validation; here a file that is missing or not below the
source's folder only has no content.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from cheonggu.batches import make_private, write_bytes

ATTACHMENT, ATTACHMENT_FILE = "attachment", "attachment_file"
STORED = pa.schema(
    [
        ("statement_key", pa.string()),
        ("attachment_no", pa.int64()),
        ("size", pa.int64()),
        ("sha256", pa.string()),  # of the bytes as they were read; null when there is no such file
    ]
)


def take_files(tables: Mapping[str, pa.Table], origin: Path, store: Path) -> dict[str, pa.Table]:
    """Copy every paper of the batch into ``store``; gives ``attachment_file``, one row per row of ``attachment``."""
    rows = []
    for one in tables[ATTACHMENT].select(["statement_key", "attachment_no", "file_path"]).to_pylist():
        raw = _read(origin, one.pop("file_path"))
        digest = None if raw is None else keep(store, raw)
        rows.append({**one, "size": None if raw is None else len(raw), "sha256": digest})
    return {ATTACHMENT_FILE: pa.Table.from_pylist(rows, schema=STORED)}


def keep(store: Path, raw: bytes) -> str:
    """Put bytes into the store under their SHA-256; gives the digest."""
    digest = hashlib.sha256(raw).hexdigest()
    path = stored_path(store, digest)
    if not path.exists():
        make_private(path.parent)
        write_bytes(path, raw)
    return digest


def stored_path(store: Path, digest: str) -> Path:
    """Where the store keeps the file of that SHA-256."""
    return store / digest[:2] / digest


def _read(origin: Path, name: str) -> bytes | None:
    """The bytes of a file below ``origin``; None when it is missing or lies elsewhere."""
    path = (origin / name).resolve()
    if not name or not path.is_relative_to(origin.resolve()) or not path.is_file():
        return None
    return path.read_bytes()
