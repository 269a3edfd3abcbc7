"""What lies in the output folder, by content and never by name alone: XML, record files (.1 .2 .3), zips of either.

A notice of record files is a set: files of one stem whose names end in the group number; a group without rows is an
empty file. A zip is opened in memory under limits of size, count and depth; nothing in it is written under its own
name. Source: "How a notice travels" of the notices reference (secondary).
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cheonggu.formats.notice_xml import MAX_BYTES, broken

XML, ZIP, EMPTY, RECORDS = "xml", "zip", "empty", "records"
MAX_TOTAL = 4 * MAX_BYTES  # of all that is in a zip, unpacked
MAX_FILES = 2_000
MAX_DEPTH = 2  # a zip of the zips that the reviewer's client stores
ENCRYPTED = 0x1
GROUPED = re.compile(r"^(?P<stem>.+?)\.(?P<group>\d{1,2})(?:\.txt)?$", re.IGNORECASE)
UTF8_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Document:
    """One notice as delivered. ``xml``: its bytes; else ``records``: file name → bytes of every group."""

    name: str
    sha256: str
    xml: bytes | None
    records: Mapping[str, bytes]

    @property
    def raw(self) -> bytes:
        """The bytes to archive: the document itself, or its record files in a zip that is always the same."""
        return pack(self.records) if self.xml is None else self.xml


def kind_of(raw: bytes) -> str:
    """xml, zip, empty or records: told by the first bytes."""
    if not raw:
        return EMPTY
    if raw[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return ZIP
    return XML if raw.removeprefix(UTF8_MARK).lstrip(b" \t\r\n").startswith(b"<") else RECORDS


def stem_of(name: str) -> str:
    """What the names of one set have in common."""
    found = GROUPED.match(_base(name))
    return found["stem"] if found else _base(name)


def group_of(name: str) -> int | None:
    """The group number a record file's name ends in."""
    found = GROUPED.match(_base(name))
    return int(found["group"]) if found else None


def gather(files: Iterable[tuple[str, bytes]]) -> list[Document]:
    """Documents of a number of files: every XML on its own, record files by their stem."""
    documents: list[Document] = []
    sets: dict[str, dict[str, bytes]] = {}
    for name, raw in files:
        if kind_of(raw) == XML:
            documents.append(Document(name, hashlib.sha256(raw).hexdigest(), raw, {}))
        else:
            place = sets.setdefault(stem_of(name), {})
            if place.get(_base(name), raw) != raw:
                raise broken(
                    name, "it stands there twice with other bytes", name, "같은 이름의 다른 파일이 있습니다"
                )
            place[_base(name)] = raw
    return [*documents, *(Document(stem, digest_set(one), None, one) for stem, one in sets.items())]


def digest_set(records: Mapping[str, bytes]) -> str:
    """SHA-256 over the group numbers and bytes of a set, whatever its files are called."""
    parts = sorted((group_of(name) or 0, hashlib.sha256(raw).hexdigest()) for name, raw in records.items())
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def unpack(raw: bytes, *, max_total: int = MAX_TOTAL) -> list[tuple[str, bytes]]:
    """Every file in a zip and in the zips inside it; NoticeError when broken, encrypted or beyond the limits."""
    files: list[tuple[str, bytes]] = []
    _unpack(raw, 1, max_total, files)
    return files


def _unpack(raw: bytes, depth: int, max_total: int, files: list[tuple[str, bytes]]) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            for entry in packed.infolist():
                if entry.is_dir():
                    continue
                if entry.flag_bits & ENCRYPTED:
                    raise broken("zip", "it is encrypted", "zip", "암호가 걸려 있습니다")
                room = max_total - sum(len(one) for _, one in files)
                data = _read(packed, entry, min(room, MAX_BYTES))
                if kind_of(data) == ZIP:
                    if depth == MAX_DEPTH:
                        raise broken("zip", "zips are nested too deep", "zip", "압축이 너무 여러 겹입니다")
                    _unpack(data, depth + 1, room, files)
                else:
                    files.append((_base(entry.filename), data))
                if len(files) > MAX_FILES:
                    raise broken(
                        "zip", f"it holds more than {MAX_FILES} files", "zip", "파일이 너무 많습니다"
                    )
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise broken("zip", "it is cut short or damaged", "zip", "잘리거나 손상되었습니다") from error


def _read(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, room: int) -> bytes:
    """The bytes of an entry, never more than there is room for: what the directory says of its size is not believed."""
    with packed.open(entry) as stream:
        data = stream.read(room + 1)
    if len(data) > room:
        raise broken("zip", "it unpacks to more than is allowed", "zip", "압축을 풀면 허용 크기를 넘습니다")
    return data


def pack(records: Mapping[str, bytes]) -> bytes:
    """Record files as a zip that is byte for byte the same whenever it is made."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in sorted(records):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, records[name])
    return buffer.getvalue()


def _base(name: str) -> str:
    return re.split(r"[\\/]", name)[-1]
