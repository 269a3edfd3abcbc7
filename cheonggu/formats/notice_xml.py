"""Reading XML documents that come from outside: safely, in one pass, and without quoting what they say.

Nothing in a document is trusted: no document type, no entities, no network, libxml2's ordinary limits, a size
limit, and only UTF-8. The document is validated against its XSD while it streams, so a hundred thousand
repeated elements need no tree in memory. Errors name element, attribute and line, never a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from lxml import etree

from cheonggu.errors import DataFileError, NoticeError

MAX_BYTES = 128 * 1024 * 1024
# A broken document up to this size is read again as a tree: only a tree knows the line of an XSD error.
MAX_BYTES_FOR_LINES = 8 * 1024 * 1024
DECLARED_ENCODING = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([^"']*)["']""")
XSD_NAMES = "//*[local-name()='element' or local-name()='attribute']/@name"
# What libxml2's rule names mean to a reader: English, Korean.
RULES = {
    "SCHEMAV_CVC_COMPLEX_TYPE_4": ("lacks a required attribute", "필수 속성이 없습니다"),
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1": (
        "has an attribute that is not allowed",
        "모르는 속성이 있습니다",
    ),
    "SCHEMAV_ELEMENT_CONTENT": ("is missing, unexpected or out of order", "요소가 없거나 순서가 틀렸습니다"),
    "SCHEMAV_CVC_ELT_1": ("is not a document of this vocabulary", "이 통보서 양식의 문서가 아닙니다"),
}
WRONG_VALUE = ("has a value of the wrong kind", "값의 형식이 틀렸습니다")


class Vocabulary:
    """An XSD and the names it knows, so that an error never repeats a name it does not know."""

    def __init__(self, path: Path) -> None:
        try:
            self._text = path.read_bytes()
            self.compile()
        except (OSError, etree.XMLSyntaxError, etree.XMLSchemaParseError) as error:
            raise DataFileError(
                f"{path.name} is not a usable XSD: {error}.", f"{path.name} 스키마를 읽을 수 없습니다."
            ) from error
        found = etree.fromstring(self._text).xpath(XSD_NAMES)
        self.names = frozenset(str(name) for name in found) if isinstance(found, list) else frozenset()

    def compile(self) -> etree.XMLSchema:
        """A validator for one document (0.3 ms): one that is shared keeps the errors of earlier documents."""
        return etree.XMLSchema(etree.fromstring(self._text))


def stream(
    raw: bytes, vocabulary: Vocabulary, repeated: tuple[str, ...], max_bytes: int = MAX_BYTES
) -> Iterator[etree._Element]:
    """Give each finished element named in ``repeated``, in document order, and last the root; then free them.

    The verdict of the XSD comes at the end: until the root is given, values are unchecked text. Raises
    NoticeError when the document is unsafe, not well-formed or not of the vocabulary.
    """
    refuse_unsafe(raw, max_bytes)
    parser = etree.iterparse(
        BytesIO(raw),
        events=("end",),
        tag=repeated,
        schema=vocabulary.compile(),
        # Not False: with an XSD, lxml then takes a document that is cut short for well-formed. Entities are no
        # danger here, because a document that could declare one was refused above.
        resolve_entities="internal",
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        for _, element in parser:
            yield element
            _free(element)
    except etree.XMLSyntaxError as error:
        raise _explain(raw, vocabulary, error, [*parser.error_log]) from None
    yield parser.root


def attributes(element: etree._Element) -> dict[str, str]:
    """The attributes of an element as an ordinary dict of text."""
    return {str(name): str(value) for name, value in element.attrib.items()}


def refuse_unsafe(raw: bytes, max_bytes: int = MAX_BYTES) -> None:
    """NoticeError for a document that must not even be parsed."""
    if len(raw) > max_bytes:
        raise broken(
            "document",
            f"it is larger than {max_bytes // (1024 * 1024)} MiB",
            "문서",
            f"{max_bytes // (1024 * 1024)} MiB보다 큽니다",
        )
    head = raw.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    if not head.startswith(b"<"):
        raise broken("document", "it is not XML", "문서", "XML이 아닙니다")
    declared = DECLARED_ENCODING.match(head)
    if b"\0" in raw or (declared and declared.group(1).lower() not in (b"utf-8", b"utf8")):
        raise broken("document", "it is not written in UTF-8", "문서", "UTF-8로 작성되지 않았습니다")
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        raise broken(
            "document",
            "it carries a document type or entities, which are refused",
            "문서",
            "DTD나 엔티티를 포함합니다",
        )


def broken(place: str, what: str, place_ko: str, what_ko: str) -> NoticeError:
    """The error of this module and of the checks behind it: where, what, and that nothing was imported."""
    return NoticeError(
        f"The notice is broken at {place}: {what}.",
        f"통보서가 잘못되었습니다 ({place_ko}): {what_ko}.",
        fix_en="Nothing was imported; keep the file and ask the sender for the document again.",
        fix_ko="아무것도 반영하지 않았습니다. 파일을 보관하고 발신처에 다시 요청하세요.",
    )


def _free(element: etree._Element) -> None:
    """Empty a finished element and drop the one before it; the element itself must stay until its end."""
    element.clear()
    before = element.getprevious()
    if before is not None and before.tag == element.tag:
        parent = before.getparent()
        if parent is not None:
            parent.remove(before)


def _explain(
    raw: bytes, vocabulary: Vocabulary, error: etree.XMLSyntaxError, log: list[etree._LogEntry]
) -> NoticeError:
    """Turn libxml2's first complaint into ours: it quotes values, ours names the place.

    ``log`` is the parser's own log; the one of the error also holds what earlier documents did wrong.
    """
    first = log[0] if log else None
    if first is None or first.domain_name != "SCHEMASV":
        line = error.lineno or 0
        return broken(f"line {line}", "it is not well-formed XML", f"{line}행", "올바른 XML이 아닙니다")
    line, rule, message = first.line, first.type_name, first.message
    if not line and len(raw) <= MAX_BYTES_FOR_LINES:
        line = _line_of_first_error(raw, vocabulary)
    what, what_ko = RULES.get(rule, WRONG_VALUE)
    names = [
        name
        for name in re.findall(r"(?:[Ee]lement|[Aa]ttribute) '([\w-]+)'", message)
        if name in vocabulary.names
    ]
    place = " ".join([f"line {line}" if line else "", "/@".join(names[:2])]).strip() or "document"
    place_ko = " ".join([f"{line}행" if line else "", "/@".join(names[:2])]).strip() or "문서"
    return broken(place, what, place_ko, what_ko)


def _line_of_first_error(raw: bytes, vocabulary: Vocabulary) -> int:
    try:
        tree = etree.fromstring(raw, _tree_parser())
    except etree.XMLSyntaxError as error:
        return error.lineno or 0
    schema = vocabulary.compile()
    schema.validate(tree)
    log: Any = schema.error_log
    return log[0].line if log else 0


def _tree_parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
