"""Check a claim XML against the schema of its kind, in slices of whole statements, two at a time.

Findings name statement, record, line and field; values are never quoted, because any of them may be personal.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import local
from typing import Any

from lxml import etree

from cheonggu import findings
from cheonggu.errors import LayoutError
from cheonggu.formats.claim_xml_model import ELEMENTS, STATEMENT, STATEMENT_NO, scheme_folder
from cheonggu.formats.claim_xml_slices import Slice, claim_slices, parse_slice

MOST_FINDINGS = 1_000
WORKERS = 2
RECORDS = {element: record for record, element in ELEMENTS.items()}
SCOPES = {"H": "header", "H2": "header", "A": "statement", "B": "diagnosis", "D": "rx", "E": "detail"}
ATTRIBUTE = re.compile(r"attribute '([A-Za-z0-9_]+)'")
FACET = re.compile(r"\[facet '([A-Za-z]+)'\]")


@dataclass(frozen=True)
class _Complaint:
    rule_id: str
    en: str
    ko: str
    fix_en: str
    fix_ko: str


BROKEN = _Complaint(
    "XML-001",
    "The document is not a claim XML",
    "청구 XML 문서가 아닙니다",
    "Make it again.",
    "다시 만드세요.",
)
ELEMENT = _Complaint(
    "XML-002",
    "A record is missing, out of place or occurs too often",
    "내역이 빠졌거나 순서가 다르거나 허용 횟수를 넘었습니다",
    "Look at the number of records of this statement.",
    "이 명세서의 내역별 건수를 확인하세요.",
)
MISSING = _Complaint(
    "XML-003",
    "A field that is always filled is blank",
    "필수 항목이 비어 있습니다",
    "Fill the field at its source; an amount that does not apply is 0.",
    "원본에서 항목을 채우세요. 해당 없는 금액은 0입니다.",
)
UNKNOWN = _Complaint(
    "XML-004",
    "A field that the layout does not know",
    "서식에 없는 항목입니다",
    "Remove it or add it to the layout table.",
    "삭제하거나 서식 표에 추가하세요.",
)
VALUE = _Complaint(
    "XML-005",
    "A value that the layout does not allow",
    "서식에 맞지 않는 값입니다",
    "Compare length, digits and code with the layout table.",
    "서식 표의 길이, 자릿수, 코드를 확인하세요.",
)
REPEATED = _Complaint(
    "XML-006",
    "A statement number stands twice",
    "명세서일련번호가 두 번 있습니다",
    "Number the statements of the claim again.",
    "명세서 번호를 다시 부여하세요.",
)


def validate_claim_xml(path: Path, kind: str, *, schema: Path | None = None, workers: int = WORKERS) -> Any:
    """All findings of a document as a FINDINGS table, empty when it is valid; at most ``MOST_FINDINGS``.

    ``schema`` replaces the committed ``claim_<kind>.xsd``. A document that cannot be parsed gives one XML-001.
    """
    xsd = schema or scheme_folder(kind) / "xml" / f"claim_{kind}.xsd"
    rows: list[dict[str, Any]] = []
    seen: set[str] = set()
    try:
        for number, (found, statements) in enumerate(_checked_slices(path, xsd, workers)):
            # The opening is part of every slice; what is wrong with it is said once.
            rows += [one for one in found if number == 0 or one["statement_no"] is not None]
            rows += [_finding(REPEATED, path.name, "A", one) for one in _repeated(statements, seen)]
            if len(rows) >= MOST_FINDINGS:
                break
    except LayoutError as error:
        rows.append(_finding(BROKEN, path.name, None, None, detail=error.en))
    return findings.from_rows(rows[:MOST_FINDINGS])


def _checked_slices(path: Path, xsd: Path, workers: int) -> Iterator[tuple[list[dict[str, Any]], list[str]]]:
    """Findings and statement numbers of each slice in order; only a few slices are in memory at once."""
    schemas = local()
    waiting: deque[Future[tuple[list[dict[str, Any]], list[str]]]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for one in claim_slices(path):
            waiting.append(pool.submit(_check_slice, one, path.name, xsd, schemas))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _check_slice(one: Slice, name: str, xsd: Path, schemas: local) -> tuple[list[dict[str, Any]], list[str]]:
    root = parse_slice(one, name)
    schema = getattr(schemas, "schema", None)
    if schema is None:  # a compiled schema may not be shared between threads
        schema = schemas.schema = etree.XMLSchema(file=str(xsd))
    found: dict[tuple[str | None, str | None], dict[str, Any]] = {}
    if not schema.validate(root):
        log: Any = schema.error_log  # iterable, which the stubs do not say
        for entry in log:
            field = _attribute_of(entry.message)
            # A bad value is reported twice, for the facet and for the type: the first says more.
            found.setdefault((entry.path, field), _from_entry(entry, root, name, field))
    return list(found.values()), [one.get(STATEMENT_NO, "") for one in root.iterchildren(STATEMENT)]


def _attribute_of(message: str) -> str | None:
    match = ATTRIBUTE.search(message)
    return match.group(1) if match else None


def _from_entry(entry: Any, root: etree._Element, name: str, field: str | None) -> dict[str, Any]:
    node = _node(root, entry.path)
    record = RECORDS.get(str(node.tag)) if node is not None else None
    statement = next(node.iterancestors(STATEMENT), None) if node is not None else None
    if node is not None and node.tag == STATEMENT:
        statement = node
    complaint = _complaint(entry.type_name)
    if field is None and complaint is VALUE and record == "E":
        field = "detail_text"
    facet = FACET.search(entry.message)
    return _finding(
        complaint,
        name,
        record,
        statement.get(STATEMENT_NO) if statement is not None else None,
        line_no=_line_no(node),
        field=field,
        detail=facet.group(1) if facet else None,
    )


def _node(root: etree._Element, path: str | None) -> etree._Element | None:
    found = root.getroottree().xpath(path) if path else []
    first = found[0] if isinstance(found, list) and found else None
    return first if isinstance(first, etree._Element) else None


def _line_no(node: etree._Element | None) -> int | None:
    text = node.get("line_no") if node is not None else None
    return int(text) if text and text.isascii() and text.isdigit() else None


def _complaint(type_name: str) -> _Complaint:
    if type_name == "SCHEMAV_ELEMENT_CONTENT":
        return ELEMENT
    if type_name == "SCHEMAV_CVC_COMPLEX_TYPE_4":
        return MISSING
    if type_name.startswith("SCHEMAV_CVC_COMPLEX_TYPE_3"):
        return UNKNOWN
    return VALUE


def _repeated(statements: list[str], seen: set[str]) -> Iterator[str]:
    for one in statements:
        if one in seen:
            yield one
        seen.add(one)


def _finding(
    complaint: _Complaint,
    file: str,
    record: str | None,
    statement_no: str | None,
    *,
    line_no: int | None = None,
    field: str | None = None,
    detail: str | None = None,
) -> dict[str, Any]:
    place = ", ".join(filter(None, (record and f"record {record}", field)))
    place_ko = " ".join(filter(None, (record and f"{record} 내역", field)))
    return {
        "rule_id": complaint.rule_id,
        "level": findings.ERROR,
        "stage": "assemble",
        "scope": SCOPES.get(record or "H", "line"),
        "statement_no": statement_no,
        "file": file,
        "record": record,
        "line_no": line_no,
        "field": field,
        "detail": detail,
        "message_ko": f"{complaint.ko}" + (f" ({place_ko})." if place_ko else "."),
        "message_en": complaint.en + (f" ({place})." if place else "."),
        "fix_ko": complaint.fix_ko,
        "fix_en": complaint.fix_en,
    }
