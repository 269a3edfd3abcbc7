"""Files of a claim set (청구 파일 묶음): their names, the marker MEDLOG.ENC, and writing them so that a crash leaves
nothing half done.

A file is written under a temporary name, fsynced and renamed; the marker comes last, because the client takes a
folder that holds it for complete. Source: layout notes "Files per claim".
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cheonggu.errors import SiteError
from cheonggu.formats.cp949 import CODEC
from cheonggu.layouts import Layout, LayoutCatalogue

MARKER = "MEDLOG.ENC"
MARKER_LINES = 4
TITLE_BYTES = 30
NAME_BYTES = 30  # the client's limit for a file name
SYNC_BYTES = 32 * 1024 * 1024  # written bytes are pushed to the disk in steps of this size
_PART_SUFFIX = ".part"
_SAFE = re.compile(r"[0-9A-Za-z]+")

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class WrittenFile:
    """One finished file. ``size`` in bytes, ``sha256`` in hex, ``records`` without blank lines."""

    name: str
    size: int
    sha256: str
    records: int


def marker_bytes(title: str) -> bytes:
    """MEDLOG.ENC: four CR LF lines. UnicodeEncodeError or ValueError for a title that does not fit 30 bytes."""
    encoded = title.encode(CODEC)
    if len(encoded) > TITLE_BYTES or any(byte < 0x20 or byte == 0x7F for byte in encoded):
        raise ValueError(
            f"the title has {len(encoded)} bytes, at most {TITLE_BYTES} without control characters fit"
        )
    lines = [b" " * 12, b"NULL    ", encoded.ljust(TITLE_BYTES), b" " * 12]
    return b"".join(line + b"\r\n" for line in lines)


def marker_title(data: bytes) -> str | None:
    """The title inside a MEDLOG.ENC, or None when the bytes are not laid out as ``marker_bytes`` does."""
    lines = data.split(b"\r\n")
    if len(lines) != 5 or len(lines[2]) != TITLE_BYTES:
        return None
    try:
        title = lines[2].rstrip(b" ").decode(CODEC)
        return title if marker_bytes(title) == data else None
    except (UnicodeError, ValueError):
        return None


def is_combined(catalogue: LayoutCatalogue, kind: str) -> bool:
    """Whether all records of the kind share one file (의·치과, 신포괄, 자동차보험)."""
    return len({layout.file for layout in catalogue.records(kind)}) == 1


def set_name(layout: Layout, claim_no: str, insurer_code: str = "") -> str | None:
    """The name of the file that holds this record; None when the values cannot stand in a file name."""
    used = {"claim_no": claim_no, "insurer_code": insurer_code}
    needed = [value for key, value in used.items() if "{" + key + "}" in layout.file]
    if not all(_SAFE.fullmatch(value) for value in needed):
        return None
    name = layout.file.format(**used)
    return name if len(name.encode()) <= NAME_BYTES else None


class Sink:
    """One file being written in ``folder``. It has its final name only after ``keep``."""

    def __init__(self, folder: Path, label: str) -> None:
        self.part = folder / f".{label}{_PART_SUFFIX}"
        self.stream = self.part.open("wb", buffering=0)
        self.hash = hashlib.sha256()
        self.size = self.records = self._synced = 0

    def write(self, data: bytes | Bytes, records: int) -> None:
        """Append ``records`` records."""
        self.append(data, records)
        self.digest(data)

    def append(self, data: bytes | Bytes, records: int) -> None:
        """Append without hashing; whoever calls this calls ``digest`` with the same pieces in the same order."""
        view = _view(data)
        self.size += view.nbytes
        self.records += records
        while view:
            view = view[self.stream.write(view) :]
        if self.size - self._synced >= SYNC_BYTES:  # the disk works while the next piece is made
            os.fdatasync(self.stream.fileno())
            self._synced = self.size

    def digest(self, data: bytes | Bytes) -> None:
        """Take a piece into the file's hash."""
        self.hash.update(_view(data))

    def close(self) -> None:
        """Bring the bytes to the disk."""
        os.fsync(self.stream.fileno())
        self.stream.close()

    def keep(self, name: str) -> WrittenFile:
        os.replace(self.part, self.part.with_name(name))
        return WrittenFile(name, self.size, self.hash.hexdigest(), self.records)

    def discard(self) -> None:
        self.stream.close()
        self.part.unlink(missing_ok=True)


def _view(data: bytes | Bytes) -> memoryview:
    flat = np.frombuffer(data, np.uint8) if isinstance(data, bytes) else data.reshape(-1)
    return memoryview(flat.data)


@contextmanager
def disk_trouble(folder: Path) -> Iterator[None]:
    """A disk that refuses becomes a SiteError: trying again can help."""
    try:
        yield
    except OSError as error:
        raise SiteError(
            f"{folder.name}: the files cannot be written ({error.strerror}).",
            f"{folder.name}: 파일을 쓸 수 없습니다({error.strerror}).",
            fix_en="Check space and rights, then run again; nothing half written is left.",
            fix_ko="디스크 공간과 권한을 확인하고 다시 실행하세요. 쓰다 만 파일은 남지 않습니다.",
        ) from error


def sync_folder(folder: Path) -> None:
    """Make the renames in a folder lasting; a system that cannot open folders is left as it is."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
