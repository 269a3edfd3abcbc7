"""Put a document on disk so that it is either whole or not there."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from cheonggu.errors import SiteError
from cheonggu.formats.claim_files import sync_folder


def write_whole(path: Path, pieces: Iterable[bytes]) -> None:
    """Write ``pieces`` (bytes or Arrow buffers) under a temporary name, fsync, rename; readable by its owner only.

    Nothing stays behind when a piece cannot be made. Raises SiteError when the disk refuses.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(handle, "wb") as stream:
                for piece in pieces:
                    stream.write(piece)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise SiteError(
            f"{path.name} cannot be written: {error.strerror}.",
            f"{path.name} 파일을 쓸 수 없습니다.",
            fix_en="Check free space and permissions of the folder.",
            fix_ko="디스크 여유 공간과 폴더 권한을 확인하세요.",
        ) from error
    sync_folder(path.parent)
