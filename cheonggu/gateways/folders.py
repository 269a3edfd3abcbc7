"""What the folder gateways share: an fsspec folder with ``out`` for documents, staging, and the answer file.

A set is copied to ``staging/<token>.new``, read back and renamed as a whole. The counterpart answers in one small
file: document id and status on two lines. Folders are fsspec URLs: a mount, SMB or SFTP.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import fsspec

from cheonggu.errors import NoticeError, SiteError
from cheonggu.gateways.base import Examined

OUTPUT, STAGING = "out", "staging"
IMPORTED, REFUSED = "imported", "refused"
STATUSES = (0, 1, -1)


class FolderGateway:
    """The common part; a gateway says where the counterpart looks (``inside``) and how its answer is called."""

    inside: str
    result: str

    def __init__(self, folder: str) -> None:
        with site_errors(folder):
            self.fs, self.root = fsspec.core.url_to_fs(folder)
            for part in (self.inside, OUTPUT, STAGING):
                self.fs.makedirs(self._path(part), exist_ok=True)

    def examined(self) -> Examined | None:
        if self.result not in self._names(self.inside):
            return None
        with site_errors(self.result):
            lines = self.fs.cat_file(self._path(self.inside, self.result)).decode("cp949", "replace").split()
        if len(lines) < 2 or not lines[1].lstrip("-").isdigit() or int(lines[1]) not in STATUSES:
            raise NoticeError(
                f"{self.result} is not a document id and a status 0, 1 or -1.",
                f"{self.result} 내용이 문서ID와 점검결과(0, 1, -1)가 아닙니다.",
                fix_en="Look into the counterpart; it may still be running.",
                fix_ko="상대 프로그램의 점검이 끝났는지 확인하세요.",
            )
        return Examined(lines[0], int(lines[1]))

    def acknowledge(self) -> None:
        if self.result in self._names(self.inside):
            with site_errors(self.result):
                self.fs.rm_file(self._path(self.inside, self.result))

    def incoming(self) -> list[str]:
        return [name for name in self._names(OUTPUT) if not name.startswith(".")]

    def fetch(self, name: str) -> bytes:
        with site_errors(name):
            data: bytes = self.fs.cat_file(self._path(OUTPUT, name))
        return data

    def set_aside(self, name: str, *, accepted: bool) -> None:
        folder = IMPORTED if accepted else REFUSED
        with site_errors(name):
            self.fs.makedirs(self._path(OUTPUT, folder), exist_ok=True)
            if self.fs.exists(self._path(OUTPUT, name)):
                self.fs.mv(self._path(OUTPUT, name), self._path(OUTPUT, folder, name))

    def _stage(self, token: str, files: Sequence[Path]) -> None:
        """Copy the set beside the input folder, read it back, and give it its final name at once."""
        new = f"{token}.new"
        with site_errors(token):
            if self._exists(STAGING, new):
                self.fs.rm(self._path(STAGING, new), recursive=True)
            self.fs.makedirs(self._path(STAGING, new))
        for path in files:
            target = self._path(STAGING, new, path.name)
            with site_errors(path.name):
                self.fs.put_file(str(path), target)
                if _digest(path.read_bytes()) != _digest(self.fs.cat_file(target)):
                    raise OSError("the copy differs from the original")
        with site_errors(token):
            self.fs.mv(self._path(STAGING, new), self._path(STAGING, token), recursive=True)

    def _exists(self, *parts: str) -> bool:
        self.fs.invalidate_cache()
        with site_errors(parts[-1]):
            return bool(self.fs.exists(self._path(*parts)))

    def _names(self, *parts: str) -> list[str]:
        if not self._exists(*parts):
            return []
        with site_errors(parts[-1]):
            found = self.fs.ls(self._path(*parts), detail=True)
        return sorted(one["name"].rsplit("/", 1)[-1] for one in found if one["type"] == "file")

    def _path(self, *parts: str) -> str:
        return "/".join((self.root, *parts))


@contextmanager
def site_errors(what: str) -> Iterator[None]:
    """A full, read-only or vanished folder becomes an error that says what to do."""
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error) or type(error).__name__
        raise SiteError(
            f"The gateway's folder, {what}: {why}.",
            f"송신 폴더의 {what}: {why}.",
            fix_en="Check the mount, free space and rights, then run again; nothing was lost.",
            fix_ko="폴더 연결, 저장 공간, 권한을 확인한 뒤 다시 실행하세요. 잃은 자료는 없습니다.",
        ) from error


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
