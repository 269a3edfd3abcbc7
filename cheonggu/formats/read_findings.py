"""What a reader of claim sets has to say about bytes it could not explain, as findings. Values are never quoted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cheonggu import findings
from cheonggu.formats.claim_files import marker_title
from cheonggu.formats.claim_records import Decoded, Group
from cheonggu.formats.recognise import Recognised
from cheonggu.formats.wire_findings import SCOPES, Rule
from cheonggu.layouts import LayoutCatalogue

# FILE-… are the ids of the pre-check catalogue for the same facts; SAM-… say what only a reader can know.
RULES = {
    "SAM-001": Rule(
        "어떤 서식의 청구 파일인지 알 수 없습니다",
        "The kind of claim cannot be recognised",
        "파일을 확인하거나 서식 종류를 지정하세요(--kind).",
        "Check the files, or name the kind (--kind).",
    ),
    "SAM-002": Rule(
        "여러 서식으로 볼 수 있어 그중 하나로 읽었습니다",
        "The files fit several kinds; one was taken",
        "서식 종류를 지정하세요(--kind).",
        "Name the kind (--kind).",
    ),
    "SAM-003": Rule(
        "청구 파일 묶음에 속하지 않는 파일입니다",
        "The file is no part of the claim set",
        "파일을 다른 곳으로 옮기세요.",
        "Move the file elsewhere.",
    ),
    "SAM-004": Rule(
        "항목 위치를 알 수 없는 서식버전입니다",
        "The positions of this form version are not known",
        "해당 버전의 서식 표를 추가하세요.",
        "Add the layout table of that version.",
    ),
    "SAM-005": Rule(
        "MEDLOG.ENC의 모양이 다릅니다",
        "MEDLOG.ENC is not laid out as expected",
        "청구 프로그램에서 다시 만드세요.",
        "Make it again with the claim software.",
    ),
    "FILE-001": Rule(
        "레코드 길이가 서식과 다릅니다",
        "Record length does not match the layout",
        "서식버전과 레코드 길이를 확인하세요.",
        "Check form version and record length.",
    ),
    "FILE-002": Rule(
        "EUC-KR(CP949)로 저장되지 않은 문자가 있습니다",
        "Characters not encodable in CP949",
        "CP949로 다시 저장하세요.",
        "Save the file as CP949.",
    ),
    "FILE-003": Rule(
        "줄바꿈이 CRLF로 통일되지 않았습니다",
        "Line ends are not all CRLF",
        "모든 줄을 CRLF로 끝내세요.",
        "End every line with CR LF.",
    ),
    "FILE-004": Rule(
        "숫자 항목에 숫자가 아닌 값이 있습니다",
        "Non-digit in a numeric field",
        "숫자만 오른쪽으로 맞추어 쓰세요.",
        "Write digits only, right-aligned.",
    ),
    "FILE-005": Rule(
        "청구서 레코드가 한 줄이 아닙니다",
        "A claim file must hold exactly one header",
        "청구서를 한 줄만 두세요.",
        "Leave exactly one header.",
    ),
    "FILE-006": Rule(
        "레코드 구분을 알 수 없습니다",
        "Unknown record type",
        "내역구분 또는 서식번호를 확인하세요.",
        "Check the record type or the form number.",
    ),
    "FILE-007": Rule(
        "소속 명세서가 없는 레코드가 있습니다",
        "Orphan record",
        "청구번호와 명세서일련번호를 확인하세요.",
        "Check claim number and statement number.",
    ),
    "FILE-008": Rule(
        "빈 줄이 있습니다",
        "Blank line in file",
        "빈 줄을 지우세요.",
        "Remove the blank line.",
    ),
    "FILE-010": Rule(
        "필요한 파일이 빠졌거나 개수가 다릅니다",
        "Files missing or count differs",
        "파일 묶음을 다시 만드세요. 내역이 없어도 빈 파일이 필요합니다.",
        "Make the set again; a record that does not occur still needs its empty file.",
    ),
}
WARNINGS = {"SAM-002", "SAM-003", "SAM-005", "FILE-008"}


def read_finding(
    rule_id: str,
    *,
    file: str | None = None,
    record: str | None = None,
    field: str | None = None,
    details: Sequence[str | None] = (None,),
    statement_nos: Any = None,
) -> pa.Table:
    """One finding per entry of ``details``."""
    rule = RULES[rule_id]
    return findings.from_columns(
        {
            "rule_id": rule_id,
            "level": findings.WARNING if rule_id in WARNINGS else findings.ERROR,
            "stage": "precheck",
            "scope": SCOPES.get(record or "", "batch"),
            "statement_no": statement_nos,
            "file": file,
            "record": record,
            "field": field,
            "detail": pa.array(details, pa.string()),
            "message_ko": rule.message_ko,
            "message_en": rule.message_en,
            "fix_ko": rule.fix_ko,
            "fix_en": rule.fix_en,
        },
        len(details),
    )


def structure_findings(catalogue: LayoutCatalogue, found: Recognised) -> pa.Table:
    """What names and first lines already tell: rivals, strangers, versions without positions, a broken marker."""
    problems = []
    if found.rivals:
        details = [f"read as {found.kind}; also fits {', '.join(found.rivals)}"]
        problems.append(read_finding("SAM-002", details=details))
    for file in found.files:
        if file.is_marker:
            if marker_title(file.path.read_bytes()) is None:
                problems.append(read_finding("SAM-005", file=file.name))
        elif file.record is None:
            problems.append(read_finding("SAM-003", file=file.name))
    version = found.statement_version
    for layout in catalogue.records(found.kind) if found.kind and version else ():
        if any(one.covers(version or "") for one in catalogue.undelivered(layout.kind, layout.record)):
            problems.append(read_finding("SAM-004", record=layout.record, details=[f"version {version}"]))
    return findings.concat(problems)


def unread_findings(decoded: Decoded, file: str, before: int) -> Iterator[pa.Table]:
    """One finding per value whose bytes mean nothing: not CP949, or not a number."""
    for unread in decoded.unread:
        rows = pa.array(unread.rows)
        numbers = (
            decoded.table["statement_no"].take(rows) if "statement_no" in decoded.table.column_names else None
        )
        places = decoded.group.rows[unread.rows] + before + 1
        yield read_finding(
            "FILE-004" if unread.field.is_number else "FILE-002",
            file=file,
            record=decoded.group.record,
            field=unread.field.name,
            details=[f"line {place}" for place in places],
            statement_nos=numbers,
        )


def unexplained_lines(group: Group, lengths: npt.NDArray[np.int64], file: str, before: int) -> pa.Table:
    """One finding per line that is no record, or no record of this length."""
    rule_id = "FILE-006" if group.record is None else "FILE-001"
    places = group.rows + before + 1
    details = [f"line {place}: {length} bytes" for place, length in zip(places, lengths, strict=True)]
    return read_finding(rule_id, file=file, record=group.record, details=details)
