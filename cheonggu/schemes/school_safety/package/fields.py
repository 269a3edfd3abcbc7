"""The vocabulary of the claim XML: ``fields.csv``, one row an attribute; XSD, writer, reader and page follow it.

Own design after the statutory claim form (별지 제1호서식 공제급여 청구서), the receipt and the itemised statement:
the association publishes no file format. ``python -m cheonggu.schemes.school_safety.package.fields`` writes the XSD.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

FIELDS_FILE = Path(__file__).with_name("fields.csv")
XSD_FILE = Path(__file__).with_name("claim.xsd")
FORMAT = "1"
ROOT, CLAIM = "package", "claim"
XSD_TYPES = {"text": "filled", "int": "won", "date": "xs:date"}
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!-- Generated from fields.csv; do not edit. -->
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:simpleType name="filled">
    <xs:restriction base="xs:string"><xs:minLength value="1"/></xs:restriction>
  </xs:simpleType>
  <xs:simpleType name="won">
    <xs:restriction base="xs:long"><xs:minInclusive value="0"/></xs:restriction>
  </xs:simpleType>
"""


@dataclass(frozen=True)
class Field:
    """One attribute of one element; ``codes`` are all values it may have, empty for any."""

    element: str
    name: str
    type: str
    is_required: bool
    codes: tuple[str, ...]
    label_ko: str
    meaning: str


@cache
def fields() -> tuple[Field, ...]:
    """Every attribute in file order."""
    with FIELDS_FILE.open(encoding="utf-8", newline="") as stream:
        return tuple(
            Field(
                row["element"],
                row["attribute"],
                row["type"],
                row["required"] == "Y",
                tuple(row["codes"].split("|")) if row["codes"] else (),
                row["label_ko"],
                row["meaning"],
            )
            for row in csv.DictReader(stream)
        )


@cache
def of_element(element: str) -> tuple[Field, ...]:
    """The attributes of one element."""
    return tuple(one for one in fields() if one.element == element)


@cache
def parts() -> tuple[str, ...]:
    """Elements below a claim, in the order in which they stand."""
    return tuple(dict.fromkeys(one.element for one in fields() if one.element not in (ROOT, CLAIM)))


def labels() -> dict[str, str]:
    """``element.attribute`` → Korean label, for the page."""
    return {f"{one.element}.{one.name}": one.label_ko for one in fields()}


def write_xsd() -> str:
    """The XSD as text."""
    return "\n".join([*_lines(), ""])


def _lines() -> Iterator[str]:
    yield HEAD.rstrip("\n")
    yield from _element(ROOT, f'<xs:element ref="{CLAIM}" maxOccurs="unbounded"/>')
    inner = "".join(
        f'<xs:element ref="{one}" minOccurs="{0 if one == "scar" else 1}" maxOccurs="unbounded"/>'
        for one in parts()
    )
    yield from _element(CLAIM, inner)
    for part in parts():
        yield from _element(part, "")
    yield "</xs:schema>"


def _element(name: str, inner: str) -> Iterator[str]:
    yield f"  <xs:element name={quoteattr(name)}><xs:complexType>"
    if inner:
        yield f"    <xs:sequence>{inner}</xs:sequence>"
    for one in of_element(name):
        use = "required" if one.is_required else "optional"
        note = f"<xs:annotation><xs:documentation>{escape(one.label_ko)}</xs:documentation></xs:annotation>"
        head = f"    <xs:attribute name={quoteattr(one.name)} use={quoteattr(use)}"
        if one.codes:
            values = "".join(f"<xs:enumeration value={quoteattr(code)}/>" for code in one.codes)
            yield (
                f"{head}>{note}<xs:simpleType>"
                f'<xs:restriction base="xs:string">{values}</xs:restriction></xs:simpleType></xs:attribute>'
            )
        else:
            yield f"{head} type={quoteattr(XSD_TYPES[one.type])}>{note}</xs:attribute>"
    yield "  </xs:complexType></xs:element>"


if __name__ == "__main__":
    XSD_FILE.write_text(write_xsd(), encoding="utf-8")
