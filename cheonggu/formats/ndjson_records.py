"""Lines of JSON of one record letter → the bytes of those records."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from cheonggu.errors import LayoutError
from cheonggu.formats import fixed_width
from cheonggu.formats.claim_records import RecordReader
from cheonggu.formats.cp949 import text_buffers
from cheonggu.formats.json_columns import plain_date
from cheonggu.formats.lines import CRLF_END, END_NAMES
from cheonggu.formats.ndjson_bytes import CONTENT_RULES, space_filled
from cheonggu.layouts import Field, Layout

Bytes = fixed_width.Bytes
MOST_DIGITS = 18  # digits that always fit in 64 bits; the widest field has 13


@dataclass(frozen=True)
class Written:
    """Bytes of each line with its line end, in the order of the lines, and the findings that forbid their use."""

    records: pa.Array
    findings: list[pa.Table]


def record_bytes(
    lines: pa.Array, record: str, reader: RecordReader, allowed: Mapping[str, frozenset[str]]
) -> Written:
    """The bytes of all ``lines``, each the JSON of one ``record`` with its line feed.

    LayoutError for JSON of another shape, an unknown field or key, or a ``bytes`` that no version has.
    """
    table = _parsed(lines, record, reader)
    lengths = table["bytes"].combine_chunks()
    rows, parts, problems = [], [], []
    for length in lengths.unique().to_pylist():
        layout = reader.stated(record) if length is None else reader.layout_of(record, length)
        if layout is None:
            raise _odd(record, f"no version has records of {length} bytes")
        hit = lengths.is_null() if length is None else pc.fill_null(pc.equal(lengths, length), False)
        group = np.flatnonzero(hit.to_numpy(zero_copy_only=False))
        written = _group_bytes(table.take(pa.array(group)), layout, length or layout.length, allowed)
        rows.append(group)
        parts.append(written.records)
        problems += written.findings
    order = np.argsort(np.concatenate(rows))
    return Written(pa.concat_arrays(parts).take(pa.array(order)), problems)


def _parsed(lines: pa.Array, record: str, reader: RecordReader) -> pa.Table:
    """The lines as a table: values and raw as structs of all fields, numbers with decimals still as text."""
    fields = reader.layouts[record].fields
    types = [(one.name, pa.int64() if one.is_number and not one.scale else pa.string()) for one in fields]
    schema = pa.schema(
        [
            ("kind", pa.string()),
            ("record", pa.string()),
            ("line", pa.int64()),
            ("values", pa.struct(types)),
            ("bytes", pa.int64()),
            ("end", pa.string()),
            ("fill", pa.string()),
            ("raw", pa.struct([(one.name, pa.string()) for one in fields])),
            ("as_is", pa.bool_()),
        ]
    )
    text = text_buffers(lines).data
    options = pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error")
    blocks = pj.ReadOptions(block_size=max(1 << 20, len(text)))
    try:
        return pj.read_json(io.BytesIO(text.tobytes()), read_options=blocks, parse_options=options)
    except pa.ArrowInvalid as error:
        raise _odd(record, str(error)) from error


def _group_bytes(
    table: pa.Table, layout: Layout, length: int, allowed: Mapping[str, frozenset[str]]
) -> Written:
    raws = _present(table["raw"].combine_chunks(), layout)
    values = table["values"].combine_chunks()
    columns = {
        one.name: _column(pc.struct_field(values, one.name), one, layout.record, raws.get(one.name))
        for one in layout.fields
    }
    _require_nothing_else(values, layout)
    plain = pa.table(columns)
    encoded = fixed_width.encode(plain, layout, allowed=allowed)
    as_is = table["as_is"].combine_chunks().fill_null(False).to_numpy(zero_copy_only=False)
    problems = _that_count(encoded, raws, as_is)
    matrix = encoded.matrix
    spaced = np.flatnonzero(pc.equal(table["fill"], "space").fill_null(False).to_numpy())
    if len(spaced):
        filled = space_filled(matrix[spaced, : layout.length], plain.take(pa.array(spaced)), layout)
        matrix[spaced, : layout.length] = filled
    for name, raw in raws.items():
        _overwrite(matrix, layout[name], raw, layout.record)
    return Written(_with_ends(matrix, length, table["end"]), [problems] if len(problems) else [])


def _present(raw: pa.Array, layout: Layout) -> dict[str, pa.Array]:
    """Fields that some row has raw bytes for."""
    found = {name: pc.struct_field(raw, name) for name in layout.names}
    return {name: column for name, column in found.items() if column.null_count < len(column)}


def _column(values: pa.Array, field: Field, record: str, raw: pa.Array | None) -> pa.Array:
    """The values as the encoder wants them; those that raw bytes stand for are empty."""
    if raw is not None:
        values = pc.if_else(raw.is_valid(), pa.scalar(None, values.type), values)
    if field.is_number:
        return _scaled(values, field, record) if field.scale else values
    values = values.fill_null("")
    if field.is_date:
        coded = values.dictionary_encode()
        plain = pa.array([plain_date(text) for text in coded.dictionary.to_pylist()], pa.string())
        return plain.take(coded.indices)
    return values


def _scaled(values: pa.Array, field: Field, record: str) -> pa.Array:
    """Decimal texts as integers scaled as on the wire; more decimals than the field has are refused."""
    pattern = rf"^0*(?P<whole>[0-9]+)(?:\.(?P<part>[0-9]{{0,{field.scale}}}))?$"
    found = pc.extract_regex(values, pattern)
    if found.null_count > values.null_count:
        raise _odd(record, f"{field.name} is not a number with up to {field.scale} decimals")
    part = pc.utf8_rpad(pc.struct_field(found, "part"), field.scale, "0")
    whole = pc.binary_join_element_wise(pc.struct_field(found, "whole"), part, "")
    too_many = pc.greater(pc.utf8_length(whole), MOST_DIGITS)
    return pc.if_else(too_many, "9" * MOST_DIGITS, whole).cast(pa.int64())


def _require_nothing_else(values: pa.Array, layout: Layout) -> None:
    """A field that this version does not have must not carry a value."""
    for one in values.type:
        if one.name in layout:
            continue
        column = pc.struct_field(values, one.name)
        if not pc.all(pc.fill_null(pc.equal(column.cast(pa.string()), ""), True)).as_py():
            raise _odd(layout.record, f"{one.name} is no field of version {layout.version}")


def _that_count(
    encoded: fixed_width.Encoded, raws: Mapping[str, pa.Array], as_is: npt.NDArray[np.bool_]
) -> pa.Table:
    """Findings without those that records taken over as they stood are excused from."""
    excused = np.isin(encoded.findings["rule_id"].to_pylist(), CONTENT_RULES)
    by_raw = np.zeros(len(encoded.rows), bool)
    names = np.array(encoded.findings["field"].to_pylist(), object)
    for name, raw in raws.items():
        has_raw = raw.is_valid().to_numpy(zero_copy_only=False)
        by_raw |= (names == name) & has_raw[encoded.rows]
    return encoded.findings.filter(pa.array(~(excused & (as_is[encoded.rows] | by_raw))))


def _overwrite(matrix: Bytes, field: Field, raw: pa.Array, record: str) -> None:
    rows = np.flatnonzero(raw.is_valid().to_numpy(zero_copy_only=False))
    for row, text in zip(rows.tolist(), raw.drop_null().to_pylist(), strict=True):
        try:
            data = text.encode("latin-1")
        except UnicodeEncodeError:
            raise _odd(record, f"raw bytes of {field.name} hold a character above U+00FF") from None
        if len(data) != field.length or b"\n" in data:
            raise _odd(
                record, f"raw bytes of {field.name} are {len(data)} bytes, the field has {field.length}"
            )
        matrix[row, field.start - 1 : field.end] = np.frombuffer(data, np.uint8)


def _with_ends(matrix: Bytes, length: int, ends: pa.ChunkedArray) -> pa.Array:
    """Each row's first ``length`` bytes with its line end, as one binary array."""
    coded = pc.index_in(ends, pa.array(END_NAMES)).combine_chunks()
    if coded.null_count > ends.null_count:
        raise LayoutError('"end" must be "lf" or "none".', '"end"는 "lf" 또는 "none"이어야 합니다.')
    sizes = coded.fill_null(CRLF_END).to_numpy().astype(np.int64)  # the code of an end is its number of bytes
    places = np.zeros(len(matrix) + 1, np.int32)
    np.cumsum(length + sizes, out=places[1:])
    if length == matrix.shape[1] - 2 and (sizes == CRLF_END).all():
        return _binary(places, matrix.reshape(-1))
    cells = np.empty((len(matrix), length + 2), np.uint8)
    cells[:, :length] = matrix[:, :length]
    cells[:, length] = np.where(sizes == CRLF_END, 0x0D, 0x0A)
    cells[:, length + 1] = 0x0A
    keep = np.arange(length + 2)[None, :] < (length + sizes)[:, None]
    return _binary(places, cells[keep])


def _binary(places: npt.NDArray[np.int32], data: Bytes) -> pa.Array:
    return pa.Array.from_buffers(
        pa.binary(), len(places) - 1, [None, pa.py_buffer(places), pa.py_buffer(data)]
    )


def _odd(record: str, what: str) -> LayoutError:
    return LayoutError(
        f"Record {record}: {what}.",
        f"{record} 레코드: {what}.",
        fix_en="See `cheonggu sam encode --help` for the shape of the lines.",
        fix_ko="줄의 모양은 `cheonggu sam encode --help`를 보세요.",
    )
