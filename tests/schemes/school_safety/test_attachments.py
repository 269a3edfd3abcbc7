"""Files handed in: type by content, size, readable or not, hash; a bad file is an answer, never an exception."""

from __future__ import annotations

import hashlib
import io
from functools import cache

import pytest
from PIL import Image
from pypdf import PdfWriter

from cheonggu.schemes.school_safety import attachments
from cheonggu.schemes.school_safety.attachments import check_attachment


def pdf(pages: int = 1, password: str = "") -> bytes:
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(width=595, height=842)
    if password:
        writer.encrypt(password)
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


@cache
def image(kind: str = "PNG", size: tuple[int, int] = (400, 600)) -> bytes:
    stream = io.BytesIO()
    Image.effect_noise(size, 50).convert("RGB").save(stream, kind)
    return stream.getvalue()


def codes(content: bytes, name: str) -> list[str]:
    return [one.code for one in check_attachment(content, name).shortcomings]


@pytest.mark.parametrize(
    ("content", "name", "media_type"),
    [
        (pdf(2), "receipt.pdf", "application/pdf"),
        (image("PNG"), "r.PNG", "image/png"),
        (image("JPEG"), "r.jpeg", "image/jpeg"),
        (image("JPEG"), "r.jpg", "image/jpeg"),
        (image("TIFF"), "r.tif", "image/tiff"),
    ],
)
def test_a_good_file(content: bytes, name: str, media_type: str) -> None:
    found = check_attachment(content, name)
    assert found.is_usable
    assert (found.media_type, found.size) == (media_type, len(content))
    assert found.sha256 == hashlib.sha256(content).hexdigest()
    assert found.pages == (2 if name == "receipt.pdf" else 1)


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"", "a.pdf", "empty"),
        (b"PK\x03\x04 a word document", "a.docx", "unknown_type"),
        (b"%PDF-1.7\nnothing of a PDF", "a.pdf", "unreadable"),
        (pdf()[:-200], "a.pdf", "unreadable"),
        (pdf(password="secret"), "a.pdf", "encrypted"),
        (pdf(0), "a.pdf", "no_page"),
        (image()[: len(image()) // 2], "a.png", "unreadable"),
        (image("JPEG")[:300], "a.jpg", "unreadable"),
        (image(), "a.pdf", "wrong_suffix"),
        (pdf(), "noname", "wrong_suffix"),
        (image(size=(199, 400)), "a.png", "too_small"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_bad_file_says_why(content: bytes, name: str, code: str) -> None:
    assert codes(content, name) == [code]


def test_the_smallest_image_that_will_do() -> None:
    assert codes(image(size=(200, 400)), "a.png") == []


def test_the_limit_of_size_on_both_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    content = image()
    limits = attachments._limits()
    monkeypatch.setattr(attachments, "_limits", lambda: limits | {"max_bytes": len(content)})
    assert codes(content, "a.png") == []
    monkeypatch.setattr(attachments, "_limits", lambda: limits | {"max_bytes": len(content) - 1})
    assert codes(content, "a.png") == ["too_large"]


def test_too_many_pixels_are_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = attachments._limits()
    monkeypatch.setattr(attachments, "_limits", lambda: limits | {"max_pixels": 400 * 600 - 1})
    assert codes(image(), "a.png") == ["too_large"]


def test_neither_name_nor_content_is_repeated() -> None:
    found = check_attachment(b"%PDF-1.7 hong gil dong", "홍길동_진단서.doc")
    assert "홍길동" not in repr(found)
    assert "hong" not in repr(found)
