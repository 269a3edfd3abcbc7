"""Make the XML Schemas of the claim XML from the layout tables: ``python -m cheonggu.formats.claim_xsd [--check]``.

One file per claim kind, committed as ``schemes/<scheme>/xml/claim_<kind>.xsd``; a data-health test proves that
they are fresh. What the tables say becomes checkable: which attributes exist, which are always filled (required
Y and Z), lengths, digits and implied decimals, values written into the table, how often a record may occur.
Lengths are bytes of CP949 on the wire and characters here, so the schema is the looser of the two. Dated code
lists stay out: they belong to the rules, which know the care date.
"""

from __future__ import annotations

import sys
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from cheonggu.formats.claim_xml_model import (
    ROOT,
    SCHEMA_VERSION,
    STATEMENT,
    STATEMENT_NO,
    ClaimShape,
    RecordShape,
    claim_shape,
)
from cheonggu.layouts import Field, LayoutCatalogue

ALWAYS_FILLED = ("Y", "Z")
STATEMENT_NO_FORM = "[0-9A-Z][0-9]{4}"  # 00001 … 99999, then A0000 in kinds that go on
SCHEMES = Path(__file__).parents[1] / "schemes"


# The text of an element has no greatest length: on the wire it goes on in further records of the same keys.
CONTINUED = "text"
CONTINUED_TYPE = (
    f'<xs:simpleType name="{CONTINUED}"><xs:restriction base="xs:string"><xs:minLength value="1"/>'
    "</xs:restriction></xs:simpleType>"
)


def claim_schema(catalogue: LayoutCatalogue, kind: str) -> str:
    """The XSD of one claim kind as text."""
    shape = claim_shape(catalogue, kind)
    types: dict[str, str] = {}
    body = [_root(shape), *(_record_type(one, types) for one in shape.all)]
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            "<!-- Generated from the layout tables by cheonggu.formats.claim_xsd; do not edit. -->",
            f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" version="{SCHEMA_VERSION}">',
            *body,
            *(types[name] for name in sorted(types)),
            "</xs:schema>\n",
        ]
    )


def _root(shape: ClaimShape) -> str:
    summary = ""
    if shape.summary is not None:
        summary = "\n      " + _element(shape.summary)
    records = "\n            ".join(_element(one) for one in shape.records)
    return f"""\
<xs:element name="{ROOT}">
  <xs:complexType>
    <xs:sequence>
      {_element(shape.header)}{summary}
      <xs:element name="{STATEMENT}" maxOccurs="unbounded">
        <xs:complexType>
          <xs:sequence>
            {records}
          </xs:sequence>
          <xs:attribute name="{STATEMENT_NO}" use="required">
            <xs:simpleType>
              <xs:restriction base="xs:string"><xs:pattern value="{STATEMENT_NO_FORM}"/></xs:restriction>
            </xs:simpleType>
          </xs:attribute>
        </xs:complexType>
      </xs:element>
    </xs:sequence>
    <xs:attribute name="schema" use="required" fixed="{SCHEMA_VERSION}"/>
    <xs:attribute name="kind" use="required" fixed="{shape.kind}"/>
  </xs:complexType>
</xs:element>"""


def _element(shape: RecordShape) -> str:
    most = shape.layout.max_per_statement
    times = (
        f'minOccurs="{shape.layout.min_per_statement}" maxOccurs="{"unbounded" if most is None else most}"'
    )
    return f'<xs:element name="{shape.element}" type="{shape.element}" {times}/>'


def _record_type(shape: RecordShape, types: dict[str, str]) -> str:
    lines = [f'<xs:complexType name="{shape.element}">', _note(shape.layout.name_ko, "  ")]
    attributes = "\n".join(_attribute(one, types) for one in shape.attributes)
    if shape.text is None:
        lines.append(attributes)
    else:
        base = CONTINUED
        types[base] = CONTINUED_TYPE
        lines += [
            "  <xs:simpleContent>",
            f'  <xs:extension base="{base}">',
            attributes,
            "  </xs:extension>",
            "  </xs:simpleContent>",
        ]
    return "\n".join([*lines, "</xs:complexType>"])


def _attribute(one: Field, types: dict[str, str]) -> str:
    use = ' use="required"' if one.required in ALWAYS_FILLED else ""
    values = _listed_values(one)
    if values:
        options = "".join(f"<xs:enumeration value={quoteattr(value)}/>" for value in values)
        inner = f'<xs:simpleType><xs:restriction base="xs:string">{options}</xs:restriction></xs:simpleType>'
        return f'  <xs:attribute name="{one.name}"{use}>{_note(one.name_ko)}{inner}</xs:attribute>'
    kind = _value_type(one, types)
    return f'  <xs:attribute name="{one.name}" type="{kind}"{use}>{_note(one.name_ko)}</xs:attribute>'


def _listed_values(one: Field) -> list[str]:
    """Values that the layout itself lists, unless several of them stand in the field."""
    return list(one.code_values) if one.repeat == "1" and not one.is_number else []


def _value_type(one: Field, types: dict[str, str]) -> str:
    if one.is_date:
        name = "day"
        rule = (
            '<xs:restriction base="xs:date"><xs:pattern value="[0-9]{4}-[0-9]{2}-[0-9]{2}"/></xs:restriction>'
        )
    elif one.is_number:
        name = f"n{one.length}.{one.scale}"
        form = f"-?[0-9]+\\.[0-9]{{{one.scale}}}" if one.scale else "-?[0-9]+"
        base = "xs:decimal" if one.scale else "xs:integer"
        rule = (
            f'<xs:restriction base="{base}"><xs:totalDigits value="{one.length}"/>'
            f'<xs:pattern value="{form}"/></xs:restriction>'
        )
    else:
        name = f"text{one.length}"
        rule = (
            '<xs:restriction base="xs:string"><xs:minLength value="1"/>'
            f'<xs:maxLength value="{one.length}"/></xs:restriction>'
        )
    types[name] = f'<xs:simpleType name="{name}">{rule}</xs:simpleType>'
    return name


def _note(text: str, indent: str = "") -> str:
    return f'{indent}<xs:annotation><xs:documentation xml:lang="ko">{escape(text)}</xs:documentation></xs:annotation>'


def schema_files(schemes: Path = SCHEMES) -> dict[Path, str]:
    """Every schema file that ought to stand under ``schemes/`` with its text."""
    files = {}
    for records in sorted(schemes.glob("*/layouts/records.csv")):
        catalogue = LayoutCatalogue.from_folder(records.parent)
        for kind in catalogue.kinds:
            files[records.parents[1] / "xml" / f"claim_{kind}.xsd"] = claim_schema(catalogue, kind)
    return files


def stale_files(schemes: Path = SCHEMES) -> list[Path]:
    """Schema files that are missing, differ from the tables, or belong to no kind."""
    wanted = schema_files(schemes)
    present = set(schemes.glob("*/xml/claim_*.xsd"))
    different = {
        path
        for path, text in wanted.items()
        if path not in present or path.read_text(encoding="utf-8") != text
    }
    return sorted(different | (present - set(wanted)))


def main(arguments: list[str]) -> int:
    """Write the schema files, or with ``--check`` only say which are stale (exit code 1)."""
    stale = stale_files()
    if "--check" in arguments:
        print("\n".join(path.name for path in stale) or "fresh")
        return 1 if stale else 0
    wanted = schema_files()
    for path in stale:
        if path in wanted:
            path.parent.mkdir(exist_ok=True)
            path.write_text(wanted[path], encoding="utf-8")
        else:
            path.unlink()
        print(path.name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
