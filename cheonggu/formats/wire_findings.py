"""What can go wrong on the way to the wire (전송 파일), as findings with stable ids. Values are never quoted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu import findings
from cheonggu.layouts import Layout

SCOPES = {
    "H": "header",
    "H2": "header",
    "A": "statement",
    "B": "diagnosis",
    "C": "line",
    "D": "rx",
    "E": "detail",
    "F": "line",
}


@dataclass(frozen=True)
class Rule:
    """One way in which a value can fail to go onto the wire."""

    message_ko: str
    message_en: str
    fix_ko: str
    fix_en: str


RULES = {
    "WIRE-001": Rule(
        "CP949로 쓸 수 없는 문자가 있습니다",
        "A character cannot be written in CP949",
        "해당 글자를 CP949에 있는 글자로 고치세요.",
        "Replace the character with one that CP949 has.",
    ),
    "WIRE-002": Rule(
        "글자가 항목 길이를 넘습니다",
        "The text is longer than its field",
        "길이에 맞게 줄이세요. 프로그램은 자르지 않습니다.",
        "Shorten it; the program never cuts.",
    ),
    "WIRE-003": Rule(
        "숫자가 항목 길이를 넘습니다",
        "The number is too large for its field",
        "금액·수량을 확인하거나 명세서를 나누세요.",
        "Check the amount or quantity, or split the statement.",
    ),
    "WIRE-004": Rule(
        "음수를 쓸 수 없는 항목에 음수가 있습니다",
        "A negative number stands where none is allowed",
        "금액·수량을 확인하세요.",
        "Check the amount or quantity.",
    ),
    "WIRE-005": Rule(
        "반드시 채워야 하는 항목이 비어 있습니다",
        "A required field is empty",
        "원천 자료에서 값을 채우세요.",
        "Fill the value in at the source.",
    ),
    "WIRE-006": Rule(
        "코드표에 없는 코드입니다",
        "The code is not in its list",
        "코드를 확인하거나 코드표를 갱신하세요.",
        "Check the code, or bring the code list up to date.",
    ),
    "WIRE-007": Rule(
        "소속 명세서(일반내역)가 없는 레코드입니다",
        "The record belongs to no statement",
        "명세서일련번호를 확인하세요.",
        "Check the statement number.",
    ),
    "WIRE-008": Rule(
        "명세서가 일련번호 순서가 아니거나 번호가 겹칩니다",
        "The statements are not in the order of their numbers, or a number stands twice",
        "명세서를 일련번호 순서로 한 번씩 넘기세요.",
        "Hand each statement over once, in the order of the numbers.",
    ),
    "WIRE-009": Rule(
        "파일 이름을 정할 수 없습니다",
        "The file name cannot be made",
        "청구번호와 보험회사 코드를 확인하세요. 파일 이름은 30바이트까지입니다.",
        "Check the claim number and the insurer code; a file name has at most 30 bytes.",
    ),
    "WIRE-010": Rule(
        "청구서 레코드가 한 건이 아닙니다",
        "There is not exactly one claim header",
        "청구서를 한 건만 넘기세요.",
        "Hand over exactly one header.",
    ),
    "WIRE-011": Rule(
        "쓸 수 없는 서식버전입니다",
        "The form version is not one that can be written",
        "진료년월과 서식버전(layouts/versions.toml)을 확인하세요.",
        "Check the treatment month and the form versions (layouts/versions.toml).",
    ),
    "WIRE-012": Rule(
        "해당 서식버전에 없는 항목에 값이 있습니다",
        "A value stands in a field that this form version does not have",
        "값을 비우거나 서식버전을 확인하세요.",
        "Empty the value or check the form version.",
    ),
    "WIRE-013": Rule(
        "이 서식에는 99999를 넘는 명세서일련번호가 없습니다",
        "This kind of claim has no statement numbers past 99999",
        "청구를 나누세요.",
        "Split the claim.",
    ),
}


def with_file_names(found: pa.Table, claim_no: str, insurer_code: str = "") -> pa.Table:
    """The findings with the file's real name where the layout has a pattern for it."""
    names = pc.replace_substring(found["file"], "{claim_no}", claim_no or "?")
    names = pc.replace_substring(names, "{insurer_code}", insurer_code or "?")
    place = found.schema.get_field_index("file")
    return found.set_column(place, found.schema.field(place), names)


def wire_findings(
    rule_id: str,
    layout: Layout,
    field: str | None,
    statement_nos: Sequence[str | None],
    details: Sequence[str | None],
) -> pa.Table:
    """One finding per entry of ``statement_nos``, all for the same rule, record and field."""
    rule = RULES[rule_id]
    return findings.from_columns(
        {
            "rule_id": rule_id,
            "level": findings.ERROR,
            "stage": "assemble",
            "scope": SCOPES[layout.record],
            "statement_no": pa.array(statement_nos, pa.string()),
            "file": layout.file or None,
            "record": layout.record,
            "field": field,
            "detail": pa.array(details, pa.string()),
            "message_ko": rule.message_ko,
            "message_en": rule.message_en,
            "fix_ko": rule.fix_ko,
            "fix_en": rule.fix_en,
        },
        len(statement_nos),
    )
