"""Assemble (청구서 작성): a validated batch becomes a numbered claim as wire tables, ready to be written.

Order and numbers follow the layout tables; header sums follow ``header_sums.csv``; claim-wide details go on
statement 00001. Nothing here reads a clock or the ledger: the same input gives the same claim.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.layouts import BLANK, Field, Layout
from cheonggu.query import Tables
from cheonggu.schemes.hira.data import LAYOUTS, first_day
from cheonggu.schemes.hira.numbering import section_order, statement_numbers
from cheonggu.schemes.hira.roster_sheet import has_graded_fee
from cheonggu.schemes.hira.rosters import (
    GradedFee,
    Period,
    claim_period,
    doctor_days,
    doctor_free_days,
    free_days,
    graded_fee,
    therapist_holidays,
)
from cheonggu.schemes.scheme import Assembled, BatchInput

RECEIVER = "1"  # the layout's constant for HIRA
THERAPY_FORMS, KOREAN_CLINIC = "medical_dental", "korean_clinic"
UNIT_STATEMENT, UNIT_LINE, UNIT_RX_LINE = "1", "2", "3"
REFERRING = ("original_receipt_no", "original_statement_no", "reason_code")
AMOUNTS = ("claimed_amount", "total_benefit_cost_1", "patient_copay")

# Statements carry their own order; everything else hangs on it.
NUMBERED = {
    "B": """SELECT n.statement_no, d.*, strftime(d.care_start_date, '%Y%m%d') AS care_start_text
        FROM diagnosis d JOIN numbered n USING (statement_key)
        ORDER BY n.statement_no, d.diagnosis_class, d.diagnosis_seq""",
    "C": """SELECT n.statement_no, l.*, strftime(l.change_date, '%Y%m%d') AS change_text,
               row_number() OVER (PARTITION BY n.statement_no ORDER BY o.rank NULLS LAST, l.hang, l.mok, l.line_seq)
               AS line_no
        FROM line l JOIN numbered n USING (statement_key) LEFT JOIN section o USING (hang, mok)
        ORDER BY n.statement_no, line_no""",
    "D": """SELECT n.statement_no, p.*,
               row_number() OVER (PARTITION BY n.statement_no, p.prescription_no ORDER BY p.line_seq) AS line_no
        FROM prescription p JOIN numbered n USING (statement_key)
        ORDER BY n.statement_no, p.prescription_no, line_no""",
    "E": """SELECT n.statement_no, e.*,
               CASE e.detail_unit WHEN '2' THEN c.line_no WHEN '3' THEN r.line_no END AS line_no
        FROM detail e JOIN numbered n USING (statement_key)
        LEFT JOIN numbered_c c ON e.detail_unit = '2' AND c.statement_key = e.statement_key
                              AND c.line_seq = e.line_seq
        LEFT JOIN numbered_d r ON e.detail_unit = '3' AND r.statement_key = e.statement_key
                              AND r.prescription_no = e.prescription_no AND r.line_seq = e.line_seq
        ORDER BY n.statement_no, e.detail_unit, e.prescription_no, line_no, e.detail_code, e.detail_seq""",
}
DATE_TEXTS = {"care_start_date": "care_start_text", "change_date": "change_text"}


def assemble(batch: BatchInput) -> Assembled:
    """Number, order and sum one batch. Raises InputError where a dated value is missing for the month."""
    statements = batch.tables["statement"]
    numbers = statement_numbers(len(statements))
    members = pa.table(
        {"statement_key": statements["statement_key"], "statement_no": numbers}
        | {name: statements[name] for name in AMOUNTS}
    )
    numbered = _number(batch, members)
    numbered["A"] = _general(batch, statements, numbers)
    graded = _claim_wide(batch, numbered, members)
    records = {
        layout.record: _wire(layout, numbered[layout.record], batch.claim_no)
        for layout in LAYOUTS.records(batch.kind, LAYOUTS.form(batch.kind, first_day(batch.month)))
        if layout.record != "H"
    }
    header = _header(batch, records["A"], graded)
    return Assembled(header, records, members, f"{batch.claim_no} {batch.group['form_no']}")


def line_numbers(kind: str, lines: pa.Table, numbered: pa.Table) -> pa.Table:
    """Which number each care line got on the wire: statement_key, line_seq, statement_no, line_no.

    ``lines``: view line; ``numbered``: statement_key and statement_no.
    """
    db = Tables(numbered=numbered, section=section_order(kind), line=lines)
    return db.table(f"SELECT statement_key, line_seq, statement_no, line_no FROM ({NUMBERED['C']}) AS c")


def _number(batch: BatchInput, members: pa.Table) -> dict[str, pa.Table]:
    """B, C, D and E in wire order with statement_no and line_no."""
    db = Tables(
        numbered=members.select(["statement_key", "statement_no"]),
        section=section_order(batch.kind),
        **{name: batch.tables[name] for name in ("diagnosis", "line", "prescription", "detail")},
    )
    numbered: dict[str, pa.Table] = {}
    for record, query in NUMBERED.items():
        table = db.table(query)
        for name, text in DATE_TEXTS.items():
            if text in table.column_names:
                table = table.set_column(table.column_names.index(name), name, table[text])
        numbered[record] = table
        db.add(f"numbered_{record.lower()}", table)
    return numbered


def _general(batch: BatchInput, statements: pa.Table, numbers: pa.Array) -> pa.Table:
    first_admission = pc.strftime(statements["first_admission_date"], "%Y%m%d")
    index = statements.column_names.index("first_admission_date")
    table = statements.set_column(index, "first_admission_date", first_admission)
    return _refer(batch, table.append_column("statement_no", numbers))


def _refer(batch: BatchInput, table: pa.Table) -> pa.Table:
    """Claim class, old receipt number, old serial and reason code (청구구분); blank for originals."""
    references = batch.references
    place = pc.index_in(table["statement_key"], value_set=references["statement_key"].combine_chunks())
    written = {"claim_class": "class_code"} | dict.fromkeys(REFERRING)
    for name, source in written.items():
        column = references[source or name].take(place.combine_chunks())
        table = table.append_column(name, pc.fill_null(column, ""))
    return table


def _claim_wide(batch: BatchInput, numbered: dict[str, pa.Table], members: pa.Table) -> GradedFee:
    """Put MT008, MT050 and MT025 on statement 00001 and work out the graded fee of the header."""
    period = claim_period(batch.month, batch.group["claim_unit"])
    extra: list[tuple[str, str]] = []
    graded = GradedFee()
    if has_graded_fee(batch.tables["provider"], batch.group, batch.month):
        days = doctor_days(batch.tables["doctor"], batch.tables["doctor_day"], period)
        if days.text:
            extra.append(("MT008", days.text))
        claimed = pc.sum(members["claimed_amount"]).as_py() or 0
        graded = graded_fee(days.days, _counted_fees(numbered["C"]), claimed, period.first)
        extra += [("MT050", text) for text in _free_day_doctors(batch, numbered["C"], period)]
    if batch.kind == THERAPY_FORMS:
        texts = therapist_holidays(
            batch.tables["therapist_holiday"], period, batch.tables["therapist_day"], free_days(period)
        )
        extra += [("MT025", text) for text in texts]
    numbered["E"] = _add_details(numbered["E"], extra, members["statement_no"][0].as_py())
    return graded


def _counted_fees(lines: pa.Table) -> pa.Table:
    """Consultation lines that count for the graded fee, with how often (hundredths)."""
    consultation, exempt = _consultations(lines)
    counted = lines.filter(pc.and_(consultation, pc.invert(exempt)))
    times = pc.multiply(counted["daily_qty"], counted["total_days"])
    return pa.table(
        {"statement_no": counted["statement_no"], "fee_won": counted["line_amount"], "times": times}
    )


def _consultations(lines: pa.Table) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """Which lines are consultations, and which codes are exempt: the third modifier digit is 1."""
    consultation = pc.and_(pc.equal(lines["hang"], "01"), pc.is_in(lines["mok"], pa.array(["01", "02"])))
    code = lines["line_code"]
    exempt = pc.and_(pc.equal(pc.utf8_length(code), 8), pc.equal(pc.utf8_slice_codeunits(code, 7, 8), "1"))
    return consultation, exempt


def _free_day_doctors(batch: BatchInput, lines: pa.Table, period: Period) -> list[str]:
    """MT050 of a Korean-medicine clinic."""
    if batch.tables["provider"]["provider_kind"][0].as_py() != KOREAN_CLINIC:
        return []
    consultation, exempt = _consultations(lines)
    statements = batch.tables["statement"]
    keys = lines.filter(pc.and_(consultation, exempt))["statement_key"]
    place = pc.index_in(keys, value_set=statements["statement_key"].combine_chunks())
    days = statements["care_from"].take(place)
    return doctor_free_days(
        days, batch.tables["doctor"], batch.tables["doctor_day"], period, free_days(period)
    )


def _add_details(details: pa.Table, extra: list[tuple[str, str]], statement_no: str) -> pa.Table:
    """Claim-wide details, unless the source already carries that code on the first statement."""
    first = details.filter(pc.equal(details["statement_no"], statement_no))
    present = set(first["detail_code"].to_pylist())
    rows = [
        {
            "statement_no": statement_no,
            "detail_unit": UNIT_STATEMENT,
            "prescription_no": "",
            "detail_code": code,
            "detail_text": text,
        }
        for code, text in extra
        if code not in present
    ]
    if not rows:
        return details
    added = pa.concat_tables([pa.Table.from_pylist(rows), details], promote_options="default")
    order = [("statement_no", "ascending"), ("detail_unit", "ascending"), ("prescription_no", "ascending")]
    return added.sort_by([*order, ("line_no", "ascending"), ("detail_code", "ascending")])


def _wire(layout: Layout, table: pa.Table, claim_no: str) -> pa.Table:
    """All columns of one record in layout order; what the batch does not carry is blank, or 0 for an amount."""
    constants = {"claim_no": claim_no, "record_type": layout.record}
    columns = [
        pa.array([constants[field.name]] * len(table), pa.string())
        if field.name in constants
        else _column(field, table)
        for field in layout.fields
    ]
    return pa.table(columns, names=list(layout.names))


def _column(field: Field, table: pa.Table) -> pa.Array | pa.ChunkedArray:
    kind = pa.int64() if field.is_number else pa.string()
    blank: int | str | None = 0 if field.is_number else ""
    if field.is_number and (field.required == BLANK or field.name == "line_no"):
        blank = None
    if field.name not in table.column_names:
        return pa.array([blank] * len(table), kind)
    column = table[field.name].cast(kind)
    return column if blank is None else pc.fill_null(column, blank)


def _header(batch: BatchInput, general: pa.Table, graded: GradedFee) -> pa.Table:
    provider = batch.tables["provider"].to_pylist()[0]
    form = LAYOUTS.form(batch.kind, first_day(batch.month))
    row: dict[str, Any] = {
        "claim_form_version": form.header,
        "statement_form_version": form.statement,
        "claim_no": batch.claim_no,
        "form_no": batch.group["header_form_no"],
        "provider_code": provider["provider_code"],
        "receiver_code": RECEIVER,
        "payer_class": batch.group["payer_class"],
        "claim_class": batch.claim_class,
        "claim_unit": batch.group["claim_unit"],
        "care_category": batch.group["care_category"],
        "care_field": batch.group["care_field"],
        "treatment_form": batch.group["treatment_form"],
        "treatment_month": batch.month,
        "graded_fee_days": graded.days,
        "graded_fee_doctor_count": 0,
        "graded_fee_index": graded.index,
        "graded_fee_claimed_amount": graded.claimed_amount,
        "claim_date": f"{batch.claim_date:%Y%m%d}",
        "remark": batch.remark,
    }
    for name in (
        "claimant_name",
        "preparer_name",
        "preparer_birth_date",
        "software_approval_no",
        "agency_code",
    ):
        row[name] = provider[name] or ""
    row |= header_sums(batch.kind, general)
    return _wire(LAYOUTS.layout(batch.kind, "H"), pa.Table.from_pylist([row]), batch.claim_no)


def header_sums(kind: str, general: pa.Table) -> Mapping[str, int]:
    """Count and sums of the header from the general records, as ``header_sums.csv`` says."""
    return {
        one.header_field: int(pc.sum(general[one.statement_field]).as_py() or 0)
        if one.statement_field
        else len(general)
        for one in LAYOUTS.header_sums(kind)
    }
