"""Made-up record files of industrial notices, written by the codec from the layout tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from cheonggu.formats.fixed_width import encode
from cheonggu.formats.notice_layouts import Layouts, load_notice_layouts
from cheonggu.schemes.hira.record_notices import KNOWN

LAYOUTS = load_notice_layouts(KNOWN)
PROVIDER = "1110001"  # the welfare service's code, seven digits


def write(form: str, group: int, rows: Sequence[dict[str, Any]], layouts: Layouts = LAYOUTS) -> bytes:
    """The bytes of one record group; what a row leaves out is blank or zero."""
    if not rows:
        return b""
    layout = layouts[form, group]
    columns = {}
    for one in layout.fields:
        values = [row.get(one.name) for row in rows]
        kind = pa.int64() if one.is_number else pa.string()
        columns[one.name] = pa.array([(0 if one.is_number else "") if v is None else v for v in values], kind)
    encoded = encode(pa.table(columns), layout, check_content=False)
    assert len(encoded.findings) == 0
    return encoded.matrix.tobytes()


def i010(claim_no: str, *, result: str = "1", receipt_no: str = "202600000001234", **changes: Any) -> bytes:
    row = {
        "version": "070",
        "receipt_kind": "1",
        "claim_no": claim_no,
        "result": result,
        "form_no": "I010",
        "provider_code": PROVIDER,
        "notice_date": "20260709",
        "receipt_no": receipt_no,
        "receipt_date": "20260708",
        "treatment_month": "202605",
        "claim_class": "0",
        "statement_count": 3,
        "claimed_amount": 30_240,
        "return_reason": "" if result == "1" else "0903",
        "remark": "" if result == "1" else "건수 불일치",
    }
    return write("I010", 1, [row | changes])


def i020(claim_no: str, receipt_no: str = "202600000001234") -> dict[str, bytes]:
    """Three statements: paid in full, cut by 510 on line 3, impossible."""
    amounts = [(10_080, 0, 10_080, 0), (10_080, 510, 9_570, 0), (10_080, 0, 0, 10_080)]
    head = {
        "version": "070",
        "receipt_no": receipt_no,
        "notice_round": "1",
        "form_no": "I020",
        "provider_code": PROVIDER,
        "representative": "홍길동",
        "claim_no": claim_no,
        "receipt_date": "20260708",
        "issue_date": "20260720",
        "claimed_count": 3,
        "claimed_amount": 30_240,
        "paid_count": 2,
        "paid_amount": 19_650,
    }
    statements = [
        {
            "receipt_no": receipt_no,
            "notice_round": "1",
            "statement_no": f"{number:05d}",
            "patient_name": "홍길동",
            "claimed_amount": claimed,
            "adjusted_amount": cut,
            "paid_amount": paid,
            "impossible_amount": impossible,
            "impossible_text": "자격 확인 필요" if impossible else "",
        }
        for number, (claimed, cut, paid, impossible) in enumerate(amounts, start=1)
    ]
    line = {"receipt_no": receipt_no, "notice_round": "1", "statement_no": "00002", "line_no": 3}
    line |= {"adjusted_amount": 510, "adjust_code": "B", "adjust_text": "산정기준 착오"}
    groups = {1: [head], 2: statements, 3: [line]}
    return {f"I020.{group}": write("I020", group, rows) for group, rows in groups.items()}
