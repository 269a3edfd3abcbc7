"""Claim XML: wire tables → bytes checked against the XSD, and back into the same tables.

A package holds at most some thousand claims, so the tree is built element by element.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
from lxml import etree

from cheonggu.schemes.school_safety.package.fields import CLAIM, ROOT, XSD_FILE, Field, of_element, parts

TYPES = {"text": pa.string(), "int": pa.int64(), "date": pa.date32()}


def schema_of(element: str) -> pa.Schema:
    """Arrow schema of one element's table; below the package every row begins with ``statement_no``."""
    own = [pa.field(one.name, TYPES[one.type]) for one in of_element(element)]
    if element in (ROOT, CLAIM):
        return pa.schema(own)
    return pa.schema([pa.field("statement_no", pa.string()), *own])


def write_xml(tables: Mapping[str, pa.Table]) -> bytes:
    """The document of the tables ``package`` (one row), ``claim`` and the parts below it."""
    root = _element(ROOT, tables[ROOT].to_pylist()[0])
    below = {part: _by_claim(tables[part]) for part in parts()}
    for row in tables[CLAIM].to_pylist():
        claim = _element(CLAIM, row)
        for part, rows in below.items():
            claim.extend(_element(part, one) for one in rows[row["statement_no"]])
        root.append(claim)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _by_claim(table: pa.Table) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in table.to_pylist():
        rows[row["statement_no"]].append(row)
    return rows


def _element(name: str, row: Mapping[str, Any]) -> etree._Element:
    element = etree.Element(name)
    for one in of_element(name):
        text = _text(row.get(one.name))
        if text or "" in one.codes:
            element.set(one.name, text)
    return element


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, date) else str(value)


def find_xsd_errors(raw: bytes) -> list[str]:
    """What the XSD objects to, as element, attribute and line; values are left out, they may be personal."""
    schema = etree.XMLSchema(etree.fromstring(_xsd()))
    document = etree.fromstring(raw)
    if schema.validate(document):
        return []
    log: Any = schema.error_log
    known = sorted({one.name for element in (ROOT, CLAIM, *parts()) for one in of_element(element)})
    return [
        f"line {one.line}, {next((name for name in known if repr(name) in one.message), 'element')}"
        for one in log
    ]


@cache
def _xsd() -> bytes:
    return Path(XSD_FILE).read_bytes()


def read_xml(raw: bytes) -> dict[str, pa.Table]:
    """The tables of a document of ours (checked before by its XSD and hash)."""
    root = etree.fromstring(raw)
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in (ROOT, CLAIM, *parts())}
    rows[ROOT].append(_values(root, of_element(ROOT)))
    for claim in root.iterchildren(CLAIM):
        rows[CLAIM].append(_values(claim, of_element(CLAIM)))
        number = claim.get("statement_no")
        for part in parts():
            rows[part] += [
                {"statement_no": number, **_values(one, of_element(part))} for one in claim.iterchildren(part)
            ]
    return {name: pa.Table.from_pylist(found, schema=schema_of(name)) for name, found in rows.items()}


def _values(element: etree._Element, wanted: tuple[Field, ...]) -> dict[str, Any]:
    read: dict[str, Callable[[str], Any]] = {"text": str, "int": int, "date": date.fromisoformat}
    found = {one: element.get(one.name) for one in wanted}
    return {one.name: None if text is None else read[one.type](text) for one, text in found.items()}
