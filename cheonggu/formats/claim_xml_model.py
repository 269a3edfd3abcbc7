"""What the claim XML (청구 XML) looks like, derived from the layout tables alone.

One document per claim, one element per record, one attribute per field, named as in the layouts::

    <claim schema="1" kind="medical_dental">
    <header claim_no="2024050001" … claim_date="2024-06-03"/>
    <statement statement_no="00001">
    <general …/>
    <diagnosis …/>
    <line line_no="1" unit_price="17320.00" … line_amount="17320"/>
    <detail detail_code="MX999" …>the text itself</detail>
    </statement>
    </claim>

Values, chosen so that SAM → XML → SAM is the identity:

- blank (spaces in the file, ``""`` or null in the table): the attribute is absent, the text of ``detail`` empty;
- ``n`` without implied decimals: a plain integer; with ``scale`` s: a decimal with exactly s digits behind the
  point (``unit_price="17320.00"``), so that nothing has to be known to read the amount;
- CCYYMMDD dates: ISO (``2024-06-03``) when the day exists, else the raw text (never longer than 8);
- ``claim_no`` stands on the header and ``statement_no`` on the statement, not on their children;
- control characters other than the tab cannot be carried by XML and are refused with a LayoutError.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from cheonggu.errors import DataFileError, LayoutError
from cheonggu.layouts import Field, Layout, LayoutCatalogue

SCHEMA_VERSION = "1"
ROOT, STATEMENT = "claim", "statement"
STATEMENT_NO, CLAIM_NO = "statement_no", "claim_no"
# Element of each record letter. H stands once, H2 repeats before the statements, the others inside a statement.
ELEMENTS = {
    "H": "header",
    "H2": "nursing",
    "A": "general",
    "B": "diagnosis",
    "C": "line",
    "D": "prescription",
    "E": "detail",
    "F": "outlier_line",
}
HEADER, SUMMARY, GENERAL = "H", "H2", "A"
TEXT_CONTENT = "detail_text"  # the one field long enough to read better as text than as an attribute


@dataclass(frozen=True)
class RecordShape:
    """How one record becomes an element: its layout, its attributes in layout order, its text."""

    layout: Layout

    @property
    def record(self) -> str:
        return self.layout.record

    @cached_property
    def element(self) -> str:
        try:
            return ELEMENTS[self.layout.record]
        except KeyError:
            raise DataFileError(
                f"Record {self.layout.record} of kind {self.layout.kind} has no claim XML element.",
                f"{self.layout.kind} 서식의 {self.layout.record} 내역에 해당하는 청구 XML 요소가 없습니다.",
            ) from None

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Columns that an element above this one carries."""
        if self.record == HEADER:
            return ()
        return (CLAIM_NO,) if self.record == SUMMARY else (CLAIM_NO, STATEMENT_NO)

    @cached_property
    def attributes(self) -> tuple[Field, ...]:
        return tuple(
            one for one in self.layout.fields if one.name not in self.keys and one.name != TEXT_CONTENT
        )

    @cached_property
    def text(self) -> Field | None:
        return next((one for one in self.layout.fields if one.name == TEXT_CONTENT), None)

    @cached_property
    def schema(self) -> Any:
        """The wire table of this record: ``an`` string, ``n`` int64 scaled as on the wire."""
        return wire_schema(self.layout)


@dataclass(frozen=True)
class ClaimShape:
    """The elements of one claim kind in document order."""

    kind: str
    header: RecordShape
    summary: RecordShape | None
    records: tuple[RecordShape, ...]  # inside a statement, A first

    @property
    def all(self) -> tuple[RecordShape, ...]:
        above = (self.header,) if self.summary is None else (self.header, self.summary)
        return above + self.records


def claim_shape(catalogue: LayoutCatalogue, kind: str) -> ClaimShape:
    """The shape of a kind's documents; LayoutError when the catalogue does not know the kind."""
    if kind not in catalogue.kinds:
        raise LayoutError(
            f"There is no claim kind {kind!r}; known: {', '.join(catalogue.kinds)}.",
            f"청구 서식 종류 {kind!r}을(를) 알 수 없습니다. 사용할 수 있는 종류: {', '.join(catalogue.kinds)}.",
        )
    shapes = {one.record: RecordShape(one) for one in catalogue.records(kind)}
    header, summary = shapes.pop(HEADER), shapes.pop(SUMMARY, None)
    return ClaimShape(kind, header, summary, tuple(shapes.values()))


def wire_schema(layout: Layout) -> Any:
    """Arrow schema of a record's wire table, columns in layout order."""
    return pa.schema(
        [pa.field(one.name, pa.int64() if one.is_number else pa.string()) for one in layout.fields]
    )


def normalise(table: Any, shape: RecordShape) -> Any:
    """The table as a claim XML gives it back: layout columns in order, blank text as ``""``, blank numbers null.

    Raises LayoutError naming record and column when a column is missing, unknown or of a wrong type.
    """
    refuse_odd_columns(table, shape)
    columns = []
    for field in shape.layout.fields:
        column = cast_column(table[field.name], field, shape)
        columns.append(column if field.is_number else pa.compute.fill_null(column, ""))
    return pa.table(columns, schema=shape.schema)


def cast_column(column: Any, field: Field, shape: RecordShape) -> Any:
    """A column in its wire type; dictionaries, large strings and narrower integers are accepted."""
    wanted = pa.int64() if field.is_number else pa.string()
    if column.type == wanted:
        return column
    fits = pa.types.is_null(column.type) or (
        pa.types.is_integer(column.type) if field.is_number else _is_text(column.type)
    )
    if not fits:
        raise odd_value(shape, field.name, f"has type {column.type}", f"형식이 {column.type}입니다")
    return column.cast(wanted)


def _is_text(kind: Any) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def refuse_odd_columns(table: Any, shape: RecordShape) -> None:
    """LayoutError unless the table has exactly the columns of the layout, in any order."""
    have, want = set(table.column_names), set(shape.layout.names)
    if len(have) != table.num_columns:
        raise odd_value(shape, "", "has a column twice", "같은 열이 두 번 있습니다")
    for name in sorted(want - have):
        raise odd_value(shape, name, "is missing from the table", "표에 없습니다")
    for name in sorted(have - want):
        raise odd_value(shape, name, "is not a field of this record", "이 내역의 항목이 아닙니다")


def odd_value(shape: RecordShape, field: str, what: str, what_ko: str, *, statement: str = "") -> LayoutError:
    """A refusal that names kind, record and field (and statement), never the value."""
    place = f"{shape.layout.kind} record {shape.record}" + (f", field {field}" if field else "")
    ko = f"{shape.layout.kind} {shape.layout.name_ko}({shape.record})"
    if field:
        ko += f" {shape.layout[field].name_ko if field in shape.layout else field}({field})"
    if statement:
        place, ko = f"{place}, statement {statement}", f"{ko} 명세서 {statement}"
    return LayoutError(
        f"{place}: {what}.",
        f"{ko}: {what_ko}.",
        fix_en="Mend the value at its source and assemble the claim again.",
        fix_ko="원본 자료를 고친 뒤 청구서를 다시 만드세요.",
    )


def scheme_folder(kind: str) -> Path:
    """The folder of the scheme that brings this claim kind: it holds ``xml/claim_<kind>.xsd``.

    The formats know no scheme by name; the committed schema of the kind says where its data live.
    Raises LayoutError when no scheme has one.
    """
    schemes = Path(__file__).parents[1] / "schemes"
    for path in sorted(schemes.glob("*/xml/claim_*.xsd")):
        if path.stem == f"claim_{kind}":
            return path.parents[1]
    raise LayoutError(
        f"There is no claim XML schema for kind {kind!r}.",
        f"청구 서식 종류 {kind!r}의 XML 스키마가 없습니다.",
        fix_en="Generate it with `python -m cheonggu.formats.claim_xsd`.",
        fix_ko="`python -m cheonggu.formats.claim_xsd`로 만드세요.",
    )
