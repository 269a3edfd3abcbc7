"""The folders of HIRA's own claim client: it reads everything in its input folder, so one claim at a time.

A set is copied to ``staging/<token>.new``, renamed to ``staging/<token>`` when whole, and then renamed file by file
into the input folder, ``MEDLOG.ENC`` last. Whatever instruction a crash hits, the folders tell how far it came:
``.new`` means start again, the marker in staging means the client cannot have begun and placing goes on, an
emptied staging folder means the set was handed over and may only be asked about. The client answers with
``ExamResult.txt`` (document id and status, CRLF lines) and moves the input files away. Folders are fsspec URLs: the
client's Windows machine may be a mount, SMB or SFTP.
Source: layouts README "Files per claim"; notices README, result file of the local check (secondary).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import fsspec

from cheonggu.errors import NoticeError, SiteError, StateError
from cheonggu.gateways.base import Examined, Place

INPUT, OUTPUT, STAGING = "in", "out", "staging"
IMPORTED, REFUSED = "imported", "refused"
MARKER = "MEDLOG.ENC"
RESULT = "ExamResult.txt"
STATUSES = (0, 1, -1)


class HiraClient:
    """Gateway to one client installation at ``folder`` (an fsspec URL or a path)."""

    name = "hira_client"

    def __init__(self, folder: str) -> None:
        with _site_errors(folder):
            self.fs, self.root = fsspec.core.url_to_fs(folder)
            for part in (INPUT, OUTPUT, STAGING):
                self.fs.makedirs(self._path(part), exist_ok=True)

    def look(self, token: str, names: Sequence[str]) -> Place:
        present = self._names(INPUT)
        placed = self._exists(STAGING, token)
        if not placed:
            return Place.FOREIGN if present else Place.FREE
        is_ours = set(present) <= set(names)
        if self._names(STAGING, token):  # the marker is still here, so no answer can be to this set
            return Place.STAGED if is_ours else Place.FOREIGN
        if RESULT in present:
            return Place.ANSWERED
        return Place.WAITING if is_ours else Place.FOREIGN

    def place(self, token: str, files: Sequence[Path]) -> None:
        place = self.look(token, [path.name for path in files])
        if place in (Place.WAITING, Place.ANSWERED):
            return
        if place is Place.FOREIGN:
            raise StateError(
                f"The client's input folder is not empty; set {token} waits.",
                f"심평원 청구 프로그램의 입력 폴더가 비어 있지 않아 {token} 건이 대기합니다.",
                fix_en="Send or remove what lies there in the client, then run again.",
                fix_ko="청구 프로그램에서 남은 자료를 처리하거나 비운 뒤 다시 실행하세요.",
            )
        if place is Place.FREE:
            self._stage(token, files)
        for name in sorted(self._names(STAGING, token), key=lambda one: one == MARKER):
            with _site_errors(name):
                self.fs.mv(self._path(STAGING, token, name), self._path(INPUT, name))

    def examined(self) -> Examined | None:
        if RESULT not in self._names(INPUT):
            return None
        with _site_errors(RESULT):
            lines = self.fs.cat_file(self._path(INPUT, RESULT)).decode("cp949", "replace").split()
        if len(lines) < 2 or not lines[1].lstrip("-").isdigit() or int(lines[1]) not in STATUSES:
            raise NoticeError(
                f"{RESULT} is not a document id and a status 0, 1 or -1.",
                f"{RESULT} 내용이 문서ID와 점검결과(0, 1, -1)가 아닙니다.",
                fix_en="Look into the client; it may still be running.",
                fix_ko="청구 프로그램의 점검이 끝났는지 확인하세요.",
            )
        return Examined(lines[0], int(lines[1]))

    def acknowledge(self) -> None:
        if RESULT in self._names(INPUT):
            with _site_errors(RESULT):
                self.fs.rm_file(self._path(INPUT, RESULT))

    def left_over(self, token: str, names: Sequence[str]) -> list[str]:
        if not self._exists(STAGING, token):
            return []
        inside = [name for name in self._names(INPUT) if name in names]
        return sorted({*inside, *self._names(STAGING, token)})

    def incoming(self) -> list[str]:
        return [name for name in self._names(OUTPUT) if not name.startswith(".")]

    def fetch(self, name: str) -> bytes:
        with _site_errors(name):
            data: bytes = self.fs.cat_file(self._path(OUTPUT, name))
        return data

    def set_aside(self, name: str, *, accepted: bool) -> None:
        folder = IMPORTED if accepted else REFUSED
        with _site_errors(name):
            self.fs.makedirs(self._path(OUTPUT, folder), exist_ok=True)
            if self.fs.exists(self._path(OUTPUT, name)):
                self.fs.mv(self._path(OUTPUT, name), self._path(OUTPUT, folder, name))

    def _stage(self, token: str, files: Sequence[Path]) -> None:
        """Copy the set beside the input folder, read it back, and give it its final name at once."""
        new = f"{token}.new"
        with _site_errors(token):
            if self._exists(STAGING, new):
                self.fs.rm(self._path(STAGING, new), recursive=True)
            self.fs.makedirs(self._path(STAGING, new))
        for path in files:
            target = self._path(STAGING, new, path.name)
            with _site_errors(path.name):
                self.fs.put_file(str(path), target)
                if _digest(path.read_bytes()) != _digest(self.fs.cat_file(target)):
                    raise OSError("the copy differs from the original")
        with _site_errors(token):
            self.fs.mv(self._path(STAGING, new), self._path(STAGING, token), recursive=True)

    def _exists(self, *parts: str) -> bool:
        self.fs.invalidate_cache()
        with _site_errors(parts[-1]):
            return bool(self.fs.exists(self._path(*parts)))

    def _names(self, *parts: str) -> list[str]:
        if not self._exists(*parts):
            return []
        with _site_errors(parts[-1]):
            found = self.fs.ls(self._path(*parts), detail=True)
        return sorted(one["name"].rsplit("/", 1)[-1] for one in found if one["type"] == "file")

    def _path(self, *parts: str) -> str:
        return "/".join((self.root, *parts))


@contextmanager
def _site_errors(what: str) -> Iterator[None]:
    """A full, read-only or vanished folder becomes an error that says what to do."""
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error) or type(error).__name__
        raise SiteError(
            f"The client's folder, {what}: {why}.",
            f"청구 프로그램 폴더의 {what}: {why}.",
            fix_en="Check the mount, free space and rights, then run again; nothing was lost.",
            fix_ko="폴더 연결, 저장 공간, 권한을 확인한 뒤 다시 실행하세요. 잃은 자료는 없습니다.",
        ) from error


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
