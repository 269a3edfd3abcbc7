"""What the hospital's own record tells the pre-check beyond the files: optional views, care days, public holidays.

A view of the source contract and the table of ``rules/precheck/tables.csv`` it feeds have the same name and columns;
only the keys change: statement_key becomes the serial of the statement, line_seq the number of the line on the wire.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pyarrow as pa

from cheonggu.errors import InputError
from cheonggu.holidays import public_holidays
from cheonggu.optional_views import Cut
from cheonggu.query import Tables
from cheonggu.schemes.hira.assemble import line_numbers
from cheonggu.schemes.hira.data import first_day

OF_STATEMENT = Cut((("statement", "statement_key"),))
OF_CODE = Cut((("line", "line_code"), ("prescription", "line_code")))
OPTIONAL_VIEWS = {
    "institution_fact": Cut(),
    "doctor_absence": Cut(),
    "doctor_training": Cut(),
    "eligibility": OF_STATEMENT,
    "registration": OF_STATEMENT,
    "statement_fact": OF_STATEMENT,
    "line_fact": OF_STATEMENT,
    "dur_hit": OF_STATEMENT,
    "source_visit": Cut(),
    "medical_aid_office": Cut((("statement", "medical_aid_office_code"),)),
    "kcd_master": Cut((("diagnosis", "diagnosis_code"),)),
    "fee_master": OF_CODE,
    # Rules on strength and form look at the other drugs with the same ingredient.
    "drug_master": Cut(OF_CODE.columns, kin="ingredient"),
    "line_group": Cut(),
    "modifier": Cut(),
    "material_need": Cut(),
    "dx_need": Cut(),
}
# How a view's keys become the numbers of the claim; views not named here are taken as they are.
NUMBERED = dict.fromkeys(
    ("eligibility", "registration", "statement_fact"),
    "SELECT m.statement_no, v.* EXCLUDE (statement_key) FROM view v JOIN members m USING (statement_key)",
) | {
    "line_fact": """SELECT n.statement_no, n.line_no, v.fact FROM view v
        JOIN numbered n USING (statement_key, line_seq)""",
    # Lines of a prescription have the hospital's own order, which the claim keeps. An addition holds only some lines.
    "dur_hit": """SELECT m.statement_no, CASE WHEN v.prescription_no = '' THEN n.line_no ELSE v.line_seq END AS line_no,
            v.prescription_no, v.sort
        FROM view v JOIN members m USING (statement_key)
        LEFT JOIN numbered n ON n.statement_key = v.statement_key AND n.line_seq = v.line_seq
        LEFT JOIN prescribed p ON p.statement_key = v.statement_key AND p.prescription_no = v.prescription_no
            AND p.line_seq = v.line_seq
        WHERE coalesce(v.line_seq, 0) = 0 OR CASE WHEN v.prescription_no = '' THEN n.line_no ELSE p.line_seq END > 0""",
    # A visit that a statement of another claim bills is none of this claim's business.
    "source_visit": """SELECT v.visit_key, v.care_on, m.statement_no, v.is_billed_elsewhere = 1 AS is_billed_elsewhere,
            v.exclusion
        FROM view v LEFT JOIN members m USING (statement_key)
        WHERE v.statement_key = '' OR m.statement_no IS NOT NULL""",
}
CARE_DAYS = (
    """SELECT m.statement_no, v.care_from, v.care_to FROM view v JOIN members m USING (statement_key)"""
)


def record_tables(kind: str, source: Mapping[str, pa.Table], members: pa.Table) -> dict[str, pa.Table]:
    """``source_stmt`` and a table for every optional view in ``source``; ``members``: statement_key, statement_no."""
    numbered = members.select(["statement_key", "statement_no"])
    db = Tables(members=numbered, numbered=line_numbers(kind, source["line"], numbered))
    prescribed = ["statement_key", "prescription_no", "line_seq"]
    db.add("prescribed", source["prescription"].select(prescribed))
    db.add("view", source["statement"])
    tables = {"source_stmt": db.table(CARE_DAYS)}
    for name in OPTIONAL_VIEWS:
        if name in source:
            db.add("view", source[name])
            tables[name] = db.table(NUMBERED[name]) if name in NUMBERED else source[name]
    return tables


def holiday_table(treatment_month: str) -> dict[str, pa.Table]:
    """``holiday``: public holidays of the month's year and the one before; no table for years we do not know."""
    year = first_day(treatment_month).year
    try:
        known = public_holidays(date(year - 1, 1, 1), date(year, 12, 31))
    except InputError:
        return {}
    return {"holiday": pa.table({"day": known["holiday_on"]})}
