"""Attachments of a claim (첨부 파일): type by content, size, readable or not, and the hash that freezes them.

``check_attachment`` never raises for a bad file: what is wrong comes back as shortcomings in Korean and English. A file
name could name a pupil, so it is never repeated. Limits: ``rules/attachments.toml``.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from functools import cache
from pathlib import PurePath
from typing import Any

from cheonggu.schemes.school_safety.data import RULES, read_toml

LIMITS = RULES / "attachments.toml"


@dataclass(frozen=True)
class Shortcoming:
    """One thing wrong with a file: stable code and what to do, without the file's name or content."""

    code: str
    ko: str
    en: str


@dataclass(frozen=True)
class Attachment:
    """What is known of a file: hash of its bytes, size, type by content (None when unknown), pages, shortcomings."""

    sha256: str
    size: int
    media_type: str | None
    pages: int
    shortcomings: tuple[Shortcoming, ...]

    @property
    def is_usable(self) -> bool:
        return not self.shortcomings


@cache
def _limits() -> dict[str, Any]:
    return read_toml(LIMITS)


def check_attachment(content: bytes, name: str) -> Attachment:
    """Check one file; ``name`` only for its suffix."""
    limits = _limits()
    digest = hashlib.sha256(content).hexdigest()
    kind = next((one for one in limits["type"] if _begins(content, one)), None)
    if not content:
        return Attachment(digest, 0, None, 0, (_short("empty"),))
    if len(content) > limits["max_bytes"]:
        media = kind["media_type"] if kind else None
        return Attachment(digest, len(content), media, 0, (_short("too_large"),))
    if kind is None:
        return Attachment(digest, len(content), None, 0, (_short("unknown_type"),))
    pages, found = _read_pdf(content) if kind["name"] == "pdf" else _read_image(content, limits)
    if PurePath(name).suffix.lower() not in kind["suffixes"]:
        found = [*found, _short("wrong_suffix")]
    return Attachment(digest, len(content), kind["media_type"], pages, tuple(found))


def _begins(content: bytes, kind: dict[str, Any]) -> bool:
    return any(content.startswith(bytes.fromhex(one)) for one in kind["begins"])


def _read_pdf(content: bytes) -> tuple[int, list[Shortcoming]]:
    """Pages of a PDF and what is wrong; an encrypted one cannot be read by the association."""
    # Imported here, as Pillow below: most commands never see a file and would wait for both.
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted:
            return 0, [_short("encrypted")]
        pages = len(reader.pages)
        for page in reader.pages:
            page.get_contents()
    except (PyPdfError, ValueError, TypeError, KeyError, AttributeError, RecursionError, OSError):
        return 0, [_short("unreadable")]
    return pages, [] if pages else [_short("no_page")]


def _read_image(content: bytes, limits: dict[str, Any]) -> tuple[int, list[Shortcoming]]:
    """Frames of an image and what is wrong; every pixel is decoded, so that a cut file is found."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content)) as image:
            pages = int(getattr(image, "n_frames", 1))
            if image.width * image.height > limits["max_pixels"]:
                return 0, [_short("too_large")]
            image.load()
            is_small = min(image.size) < limits["min_pixels"]
    except Image.DecompressionBombError:
        return 0, [_short("too_large")]
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return 0, [_short("unreadable")]
    return pages, [_short("too_small")] if is_small else []


TEXTS = {
    "empty": ("파일이 비어 있습니다. 다시 올리세요", "the file is empty; upload it again"),
    "too_large": (
        "파일이 너무 큽니다. 나누거나 해상도를 낮추세요",
        "the file is too large; split it or scan coarser",
    ),
    "unknown_type": ("PDF·JPEG·PNG·TIFF 파일이 아닙니다", "the file is no PDF, JPEG, PNG or TIFF"),
    "wrong_suffix": (
        "파일 이름의 확장자가 내용과 다릅니다",
        "the suffix of the name is not that of the content",
    ),
    "encrypted": (
        "암호가 걸린 PDF입니다. 암호를 푸세요",
        "the PDF is encrypted; upload it without a password",
    ),
    "unreadable": ("파일을 읽을 수 없습니다. 다시 스캔하세요", "the file cannot be read; scan it again"),
    "no_page": ("PDF에 쪽이 없습니다. 다시 스캔하세요", "the PDF has no page; scan it again"),
    "too_small": (
        "그림이 너무 작습니다. 다시 스캔하세요",
        "the image is too small to read; scan it again",
    ),
}


def _short(code: str) -> Shortcoming:
    return Shortcoming(code, *TEXTS[code])
