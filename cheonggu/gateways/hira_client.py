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

from collections.abc import Sequence
from pathlib import Path

from cheonggu.errors import StateError
from cheonggu.gateways.base import Place
from cheonggu.gateways.folders import STAGING, FolderGateway, site_errors

INPUT = "in"
MARKER = "MEDLOG.ENC"
RESULT = "ExamResult.txt"


class HiraClient(FolderGateway):
    """Gateway to one client installation at ``folder`` (an fsspec URL or a path)."""

    name = "hira_client"
    inside, result = INPUT, RESULT

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
            with site_errors(name):
                self.fs.mv(self._path(STAGING, token, name), self._path(INPUT, name))

    def left_over(self, token: str, names: Sequence[str]) -> list[str]:
        if not self._exists(STAGING, token):
            return []
        inside = [name for name in self._names(INPUT) if name in names]
        return sorted({*inside, *self._names(STAGING, token)})
