"""What the HTML page writes beside the values: Korean field names, code meanings, how a value is to be printed.

Names come from the layouts, meanings from the code lists of the scheme and, for values that only a layout lists
in English, from ``xml/value_labels.csv`` (field, kind, value, name_ko).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from lxml import etree

from cheonggu.codes import CodeLists
from cheonggu.errors import DataFileError
from cheonggu.formats.claim_xml_model import ClaimShape, RecordShape
from cheonggu.layouts import Field

# Fields whose values stand in a list of another name.
LIST_OF_FIELD = {
    "treatment_result": "result",
    "treatment_status": "industrial_result",
    "detail_code": "special_detail",
}
COMMON_HEADER = "claim_header"  # the kind under which lists give values of the shared header record
SECTIONS = "hang_mok"
PERSON_NAMES = ("claimant_name", "preparer_name", "subscriber_name", "patient_name")
BORN = ("patient_rrn", "preparer_birth_date")
PATIENT = {
    "patient_name",
    "patient_rrn",
    "patient_chart_no",
    "subscriber_name",
    "insurance_card_no",
    "medical_aid_office_code",
    "medical_aid_class",
    "employer_name",
    "accident_date",
    "accident_receipt_no",
    "insurer_code",
    "payment_guarantee_no",
}
# The sums a reader looks for first; they stand out in the box and in the list of statements.
MAIN_SUMS = (
    "total_benefit_cost_1",
    "care_cost_total",
    "patient_copay",
    "patient_paid_total",
    "claimed_amount",
)
NEVER_SHOWN = {"record_type"}
# A tooth chart is one column of the page, printed in the place of its first quadrant.
FIRST_QUADRANT, QUADRANTS, CHART = "tooth_upper_right", "tooth_", "치식"


def labels(
    shape: ClaimShape, lists: CodeLists, folder: Path, on: date | None, used: set[str]
) -> etree._Element:
    """The ``labels`` element: per record its fields, per field its printed form and the meanings of its values.

    ``on`` chooses between meanings a code had at different times; ``used`` holds ``element.attribute`` of what
    the page will show, so that tables have no empty columns.
    """
    root = etree.Element("labels")
    texts = value_labels(folder / "value_labels.csv")
    for one in shape.all:
        record = etree.SubElement(
            root, "record", element=one.element, letter=one.record, ko=one.layout.name_ko
        )
        for field in one.layout.fields:
            if field.name in NEVER_SHOWN or field.name.startswith("filler"):
                continue
            chart = field.name == FIRST_QUADRANT
            item = etree.SubElement(
                record,
                "field",
                name=field.name,
                ko=CHART if chart else _heading(field.name_ko),
                form=printed_form(field),
                group=_group(field),
                used="1" if _is_used(one.element, field.name, used) else "0",
            )
            for value, name in sorted(meanings(field, one, lists, texts, on).items()):
                etree.SubElement(item, "value", code=value, ko=name)
    return root


def _is_used(element: str, name: str, used: set[str]) -> bool:
    if name == FIRST_QUADRANT:
        return any(one.startswith(f"{element}.{QUADRANTS}") for one in used)
    return f"{element}.{name}" in used


def printed_form(field: Field) -> str:
    """How a value is set: won, price, count, decimal, day, month, period, born, person, card, teeth, free or text."""
    if field.name == "unit_price":
        return "price"
    if field.is_number and not field.scale:
        return "won" if field.length >= 10 and not field.name.endswith("_no") else "count"
    if field.is_number:
        return "decimal"
    if field.is_date:
        return "day"
    by_name = {"treatment_month": "month", "line_no": "count", "remark": "free", "detail_text": "free"}
    if field.name in by_name:
        return by_name[field.name]
    if field.name.endswith("_period"):
        return "period"
    if field.name in BORN:
        return "born"
    if field.name in PERSON_NAMES:
        return "person"
    if field.name == "insurance_card_no":
        return "card"
    if field.name.startswith(QUADRANTS):
        return "teeth"
    return "text"


def _group(field: Field) -> str:
    if printed_form(field) == "won":
        return "main" if field.name in MAIN_SUMS else "sum"
    if field.name.startswith("graded_fee_"):
        return "graded"
    if field.name.startswith(QUADRANTS) and field.name != FIRST_QUADRANT:
        return "chart"
    return "patient" if field.name in PATIENT else "care"


def _heading(name_ko: str) -> str:
    """The Korean name with room to break behind a middle dot (zero-width space)."""
    return name_ko.replace("·", "·\u200b").replace("(", "\u200b(")


def meanings(
    field: Field,
    shape: RecordShape,
    lists: CodeLists,
    texts: dict[tuple[str, str, str], str],
    on: date | None,
) -> dict[str, str]:
    """Value → Korean meaning of one field; empty when the field holds no codes."""
    kind, name = shape.layout.kind, re.sub(r"_[0-9]$", "", field.name)
    source = field.code_list or LIST_OF_FIELD.get(name) or (name if field.code_values else None)
    found: dict[str, str] = {}
    if source and source in lists.names:
        found = list_meanings(lists, source, kind, shape.record, on)
    if field.code_values:
        for value in field.code_values:
            own = texts.get((name, kind, value)) or texts.get((name, "", value))
            if own:
                found[value] = own
    return {code: ko for code, ko in found.items() if ko and code}


def list_meanings(lists: CodeLists, name: str, kind: str, record: str, on: date | None) -> dict[str, str]:
    """Code → Korean name of a list for one record of a kind; what holds on the day goes before what does not."""
    kinds = {kind, COMMON_HEADER} if record == "H" else {kind}
    found: dict[str, str] = {}
    held: set[str] = set()
    for one in lists.rows(name):
        if one.kinds and not (one.kinds & kinds):
            continue
        # A list may say in its note that a row is for one record letter only (sections of drg).
        only = re.match(r"record ([A-Z])\b", one.row.get("note", ""))
        if only and name == SECTIONS and only.group(1) != record:
            continue
        holds = one.holds(None, on)
        if one.key not in found or (holds and one.key not in held):
            found[one.key] = one.name_ko
        if holds:
            held.add(one.key)
    return found


def value_labels(path: Path) -> dict[tuple[str, str, str], str]:
    """(field, kind or "", value) → Korean meaning."""
    return {
        (row["field"], kind, row["value"]): row["name_ko"]
        for row in _label_rows(path)
        for kind in row["kind"].split(";")
    }


def _label_rows(path: Path) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            yield from csv.DictReader(stream)
    except OSError as error:
        raise DataFileError(
            f"{path.name} cannot be read: {error.strerror}.", f"{path.name} 파일을 읽을 수 없습니다."
        ) from error
