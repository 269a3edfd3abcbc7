"""Cut a claim XML file into parsed slices of whole statements, so that memory does not grow with the document.

The bytes are cut behind ``</statement>``. That is safe because a claim XML has no comments, CDATA, DOCTYPE or
processing instructions (they are refused), so the text cannot stand anywhere else. Every byte of the file is
parsed as part of one slice, with the document's own opening in front of it. No entity is ever expanded and
nothing is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from lxml import etree

from cheonggu.errors import LayoutError, SiteError
from cheonggu.formats.claim_xml_model import ROOT, SCHEMA_VERSION

SLICE_BYTES = 4_000_000  # some 2,000 statements
OPENING_LIMIT = 16_000_000  # header and nursing summary together are far smaller
STATEMENT_LIMIT = 128_000_000
STATEMENT_START = re.compile(rb"<statement[\s/>]")
STATEMENT_END = re.compile(rb"</statement\s*>")
DECLARATION = re.compile(rb"^(?:\xef\xbb\xbf)?(?:<\?xml\s[^>]*?\?>)?\s*")
ENCODING = re.compile(rb"encoding\s*=\s*[\"']([^\"']*)[\"']")


@dataclass(frozen=True)
class Slice:
    """A document of its own: opening (root tag, header, summaries), some whole statements, the end."""

    number: int  # from 0
    data: bytes


def claim_slices(path: Path, size: int = SLICE_BYTES) -> Iterator[Slice]:
    """The slices of a file in order, at least one. LayoutError when it cannot be a claim XML."""
    try:
        with path.open("rb") as stream:
            yield from _cut(stream, path.name, size)
    except OSError as error:
        raise SiteError(
            f"{path.name} cannot be read: {error.strerror}.", f"{path.name} 파일을 읽을 수 없습니다."
        ) from error


def _cut(stream: BinaryIO, name: str, size: int) -> Iterator[Slice]:
    blocks = _clean_blocks(stream, name, size)
    opening, rest = _opening(blocks, name)
    close = f"</{ROOT}>".encode()
    number, whole = 0, b""  # ``whole``: statements ready to go, held back because the tail may belong to them
    for block in blocks:
        rest += block
        cut = _last_end(rest, len(block))
        if cut:
            if whole:
                yield Slice(number, opening + whole + close)
                number += 1
            whole, rest = rest[:cut], rest[cut:]
        elif len(rest) > STATEMENT_LIMIT:
            raise broken_document(name, "a statement without an end", "끝나지 않는 명세서가 있습니다")
    if whole and STATEMENT_START.search(rest):  # the file breaks off inside a statement
        yield Slice(number, opening + whole + close)
        number, whole = number + 1, b""
    yield Slice(number, opening + whole + rest)


def _opening(blocks: Iterator[bytes], name: str) -> tuple[bytes, bytes]:
    """Everything before the first statement, and what was read beyond it."""
    rest = b""
    for block in blocks:
        rest += block
        found = STATEMENT_START.search(rest)
        if found:
            return rest[: found.start()], rest[found.start() :]
        if len(rest) > OPENING_LIMIT:
            break
    else:
        return rest, b""
    raise broken_document(name, "not a claim XML document", "청구 XML 문서가 아닙니다")


def _last_end(data: bytes, fresh: int) -> int:
    """Offset behind the last ``</statement>``, 0 when there is none; the last ``fresh`` bytes are new."""
    start = max(0, len(data) - fresh - 64)
    return max((one.end() for one in STATEMENT_END.finditer(data, start)), default=0)


def _clean_blocks(stream: BinaryIO, name: str, size: int) -> Iterator[bytes]:
    """Blocks of the file, refusing comments, CDATA, DOCTYPE, instructions and encodings but UTF-8."""
    before = b""
    while block := stream.read(size):
        body = block
        if not before:
            declaration = DECLARATION.match(block)
            head = declaration.group() if declaration else b""
            encoding = ENCODING.search(head)
            if encoding and encoding.group(1).lower() not in (b"utf-8", b"utf8"):
                raise broken_document(name, "not in UTF-8", "UTF-8 문서가 아닙니다")
            body = block[len(head) :]
        joined = before[-1:] + body
        if b"<!" in joined or b"<?" in joined:
            raise broken_document(
                name,
                "comments, CDATA, DOCTYPE and processing instructions are not allowed",
                "주석, CDATA, DOCTYPE, 처리 명령은 쓸 수 없습니다",
            )
        yield block
        before = block


def parse_slice(one: Slice, name: str) -> etree._Element:
    """The root element of a slice; LayoutError when it is broken or not a claim of our schema version."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_blank_text=True, huge_tree=True
    )
    try:
        root = etree.fromstring(one.data, parser)
    except etree.XMLSyntaxError as error:
        what = etree.ErrorTypes._getName(getattr(error, "code", 0), "unknown")
        raise broken_document(
            name, f"not well-formed XML ({what}, part {one.number + 1})", f"잘못된 XML입니다({what})"
        ) from None
    if root.tag != ROOT or root.get("schema") != SCHEMA_VERSION:
        raise broken_document(name, "not a claim XML of schema 1", "청구 XML(schema 1) 문서가 아닙니다")
    return root


def broken_document(name: str, what: str, what_ko: str) -> LayoutError:
    """The refusal of a document as a whole."""
    return LayoutError(
        f"{name}: {what}.",
        f"{name}: {what_ko}.",
        fix_en="Make the document again from the SAM files.",
        fix_ko="SAM 파일에서 문서를 다시 만드세요.",
    )
