"""Read a claim XML back into wire tables, slice by slice: the inverse of ``claim_xml_write``.

Nothing is lost silently: an element, attribute or text that the layout does not know is a LayoutError.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from lxml import etree

from cheonggu.errors import LayoutError
from cheonggu.formats.claim_xml_model import (
    CLAIM_NO,
    HEADER,
    STATEMENT,
    STATEMENT_NO,
    SUMMARY,
    ClaimShape,
    RecordShape,
    claim_shape,
    odd_value,
)
from cheonggu.formats.claim_xml_slices import broken_document, claim_slices, parse_slice
from cheonggu.layouts import Field, LayoutCatalogue

ISO_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


@dataclass
class _Rows:
    """The elements of one record in a slice and the statement number of each."""

    elements: list[etree._Element] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)


def iterate_claim(path: Path, catalogue: LayoutCatalogue) -> Iterator[tuple[str, dict[str, Any]]]:
    """``(kind, tables)`` for every slice of whole statements; the first also holds H and H2.

    The tables are wire tables of every record of the kind, empty ones included. Memory is bounded by the slice.
    """
    kind = ""
    for one in claim_slices(path):
        root = parse_slice(one, path.name)
        kind = kind or root.get("kind", "")
        shape = claim_shape(catalogue, kind)
        yield kind, _slice_tables(root, shape, path.name, with_header=one.number == 0)


def _slice_tables(root: etree._Element, shape: ClaimShape, name: str, *, with_header: bool) -> dict[str, Any]:
    rows = _collect(root, shape, name)
    headers = rows[HEADER].elements
    if len(headers) != 1:
        raise broken_document(
            name, f"{len(headers)} headers instead of one", "청구서(header)가 하나가 아닙니다"
        )
    claim_no = headers[0].get(CLAIM_NO, "")
    wanted = shape.all if with_header else shape.records
    return {one.record: _table(rows[one.record], one, claim_no) for one in wanted}


def _collect(root: etree._Element, shape: ClaimShape, name: str) -> dict[str, _Rows]:
    above = {one.element: _Rows() for one in shape.all if one.record in (HEADER, SUMMARY)}
    inside = {one.element: _Rows() for one in shape.records}
    for child in root:
        if child.tag != STATEMENT:
            if child.tag not in above:
                raise broken_document(
                    name, "an element that does not belong here", "알 수 없는 요소가 있습니다"
                )
            above[child.tag].elements.append(child)
            continue
        number = child.get(STATEMENT_NO, "")
        if not number or len(child.attrib) != 1:
            raise broken_document(
                name,
                "a statement needs statement_no and nothing else",
                "명세서에는 statement_no만 있어야 합니다",
            )
        for record in child:
            rows = inside.get(record.tag)
            if rows is None:
                raise broken_document(
                    name,
                    f"statement {number} has an unknown element",
                    f"명세서 {number}에 알 수 없는 요소가 있습니다",
                )
            rows.elements.append(record)
            rows.statements.append(number)
    by_element = above | inside
    return {one.record: by_element[one.element] for one in shape.all}


def _table(rows: _Rows, shape: RecordShape, claim_no: str) -> Any:
    count = len(rows.elements)
    found = 0
    columns = {}
    for one in shape.attributes:
        texts = pa.array([element.get(one.name) for element in rows.elements], pa.string())
        found += count - texts.null_count
        columns[one.name] = _wire_column(texts, one, shape)
    if found != sum(len(element.attrib) for element in rows.elements):
        raise odd_value(shape, "", "an attribute that is not a field", "서식에 없는 속성이 있습니다")
    contents = pa.array([element.text for element in rows.elements], pa.string())
    if shape.text is not None:
        columns[shape.text.name] = _wire_column(contents, shape.text, shape)
    if (shape.text is None and contents.null_count != count) or any(map(len, rows.elements)):
        raise odd_value(shape, "", "text or elements where none belong", "내용이 있을 수 없는 요소입니다")
    if CLAIM_NO in shape.keys:
        columns[CLAIM_NO] = pa.repeat(pa.scalar(claim_no), count)
    if STATEMENT_NO in shape.keys:
        columns[STATEMENT_NO] = pa.array(rows.statements, pa.string())
    return pa.table([columns[one] for one in shape.layout.names], schema=shape.schema)


def _wire_column(texts: Any, one: Field, shape: RecordShape) -> Any:
    """Attribute texts (null when absent) as a wire column."""
    if texts.null_count == len(texts):
        return pa.nulls(len(texts), pa.int64()) if one.is_number else pa.repeat(pa.scalar(""), len(texts))
    if one.is_number:
        return _number_column(texts, one, shape)
    if one.is_date:
        iso = pc.match_substring_regex(texts, ISO_DAY)
        texts = pc.if_else(iso, pc.replace_substring(texts, "-", ""), texts)
    return pc.fill_null(texts, "")


def _number_column(texts: Any, one: Field, shape: RecordShape) -> Any:
    form = r"^-?[0-9]+$" if not one.scale else rf"^-?[0-9]+\.[0-9]{{{one.scale}}}$"
    try:
        if not pc.all(pc.match_substring_regex(texts, form)).as_py():
            raise _not_a_number(one, shape)
        return pc.replace_substring(texts, ".", "").cast(pa.int64())
    except pa.ArrowInvalid:
        raise _not_a_number(one, shape) from None


def _not_a_number(one: Field, shape: RecordShape) -> LayoutError:
    digits = f"a number with {one.scale} decimals" if one.scale else "a whole number"
    digits_ko = f"소수 {one.scale}자리 수" if one.scale else "정수"
    return odd_value(shape, one.name, f"not {digits}", f"{digits_ko}가 아닙니다")
