"""The upload folder of the person who enters packages in the association's portal, or takes them to the post.

A package is copied to ``staging/<token>.new``, renamed to ``staging/<token>`` when whole, and then renamed at once to
``upload/<token>``: the operator never sees half of it. The operator (or a program that does the entry) answers with
``upload/UploadResult.txt``: number of the entry or of the registered letter, and 0 (handed over) or -1 (refused,
provably not handed over). Only when the ledger holds the answer does the package move on to ``done``.
Source: seed guide, section 1 (on-line entry, registered mail or visit); the folder itself is our own design.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cheonggu.errors import StateError
from cheonggu.gateways.base import Place
from cheonggu.gateways.folders import STAGING, FolderGateway, site_errors

UPLOAD, DONE = "upload", "done"
RESULT = "UploadResult.txt"


class SchoolPortal(FolderGateway):
    """Gateway to one operator's folder (an fsspec URL or a path)."""

    name = "school_portal"
    inside, result = UPLOAD, RESULT

    def look(self, token: str, names: Sequence[str]) -> Place:
        is_answered = self.result in self._names(UPLOAD)
        if self._exists(UPLOAD, token):
            return Place.ANSWERED if is_answered else Place.WAITING
        if self._exists(DONE, token):
            return Place.WAITING
        if is_answered or self._folders(UPLOAD) or self._names(UPLOAD):
            return Place.FOREIGN
        return Place.STAGED if self._exists(STAGING, token) else Place.FREE

    def left_over(self, token: str, names: Sequence[str]) -> list[str]:
        return sorted({*self._names(UPLOAD, token), *self._names(STAGING, token)})

    def place(self, token: str, files: Sequence[Path]) -> None:
        place = self.look(token, [path.name for path in files])
        if place in (Place.WAITING, Place.ANSWERED):
            return
        if place is Place.FOREIGN:
            raise StateError(
                f"The upload folder holds another package; {token} waits.",
                f"업로드 폴더에 다른 청구 묶음이 있어 {token} 건이 대기합니다.",
                fix_en="Hand over or remove what lies there, then run again.",
                fix_ko="남은 묶음을 처리하거나 비운 뒤 다시 실행하세요.",
            )
        if place is Place.FREE:
            self._stage(token, files)
        with site_errors(token):
            self.fs.mv(self._path(STAGING, token), self._path(UPLOAD, token), recursive=True)

    def acknowledge(self) -> None:
        """The packages go on to ``done`` before the answer goes away, so that none is ever taken for new."""
        with site_errors(DONE):
            self.fs.makedirs(self._path(DONE), exist_ok=True)
        for token in self._folders(UPLOAD):
            with site_errors(token):
                self.fs.mv(self._path(UPLOAD, token), self._path(DONE, token), recursive=True)
        super().acknowledge()

    def _folders(self, *parts: str) -> list[str]:
        with site_errors(parts[-1]):
            found = self.fs.ls(self._path(*parts), detail=True)
        return sorted(one["name"].rsplit("/", 1)[-1] for one in found if one["type"] == "directory")
