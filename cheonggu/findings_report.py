"""The findings report (점검 결과 보고): by rule with counts and money at stake, then by statement, with how to mend it.

Waived findings stand apart, and rules that could not be checked are listed with the table they miss. Nothing in it is
personal: keys, numbers, codes and amounts only.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cheonggu.batches import PRECHECK, BatchFolder, write_bytes
from cheonggu.checking import NOT_CHECKED
from cheonggu.ledger import Ledger
from cheonggu.ledger.sheets import Sheet, sheet_of, write_book
from cheonggu.query import Tables
from cheonggu.waivers import Waiver

PAGE = "findings.html.jinja"
PAGE_ROWS = 2_000  # a page to print; the workbook holds everything

BY_RULE = """
WITH unit AS (SELECT DISTINCT rule_id, level, coalesce(statement_key, batch_id) AS unit, won FROM finding),
money AS (SELECT rule_id, level, sum(won)::BIGINT AS won FROM unit GROUP BY rule_id, level)
SELECT rule_id, level, count(*) AS findings, count(DISTINCT statement_key) AS statements,
    count(DISTINCT batch_id) AS claims, any_value(money.won) AS won,
    min(message_ko) AS message_ko, min(message_en) AS message_en, min(fix_ko) AS fix_ko, min(fix_en) AS fix_en
FROM finding JOIN money USING (rule_id, level)
GROUP BY rule_id, level
ORDER BY level, any_value(money.won) DESC, rule_id
"""
BY_STATEMENT = """
SELECT provider_code, treatment_month, claim_no, statement_key, statement_no, state, won, level, rule_id,
    concat_ws(' ', file, record, line_no, field) AS place, detail, message_ko, message_en, fix_ko, fix_en, waiver_id
FROM finding
ORDER BY level, statement_key IS NULL DESC, won DESC, statement_key, rule_id, line_no, field
"""
# The money of a claim holds that of its statements: no won is counted twice.
TOTALS = """
WITH unit AS (SELECT batch_id, statement_key, bool_or(level = 'error') AS is_error, max(won) AS won
    FROM finding GROUP BY batch_id, statement_key),
whole AS (SELECT batch_id, is_error FROM unit WHERE statement_key IS NULL AND won > 0)
SELECT (SELECT count(*) FROM finding) AS findings, (SELECT count(*) FROM finding WHERE level = 'error') AS errors,
    (SELECT count(DISTINCT statement_key) FROM finding) AS statements,
    coalesce(sum(won) FILTER (is_error AND (statement_key IS NULL
        OR batch_id NOT IN (SELECT batch_id FROM whole WHERE is_error))), 0)::BIGINT AS error_won,
    coalesce(sum(won) FILTER (statement_key IS NULL OR batch_id NOT IN (SELECT batch_id FROM whole)), 0)::BIGINT AS won
FROM unit
"""
MISSING = """
SELECT rule_id, reason, count(*) AS claims FROM skipped GROUP BY ALL ORDER BY rule_id, reason
"""
EXPIRED = pa.schema(
    [
        ("id", pa.int64()),
        *(
            (name, pa.string())
            for name in ("rule_id", "scope", "provider_code", "statement_key", "field", "department")
        ),
        ("line_no", pa.int64()),
        *((name, pa.string()) for name in ("expires_on", "person", "second_person", "reason")),
    ]
)
SKIPPED = pa.schema([("rule_id", pa.string()), ("reason", pa.string())])


@dataclass(frozen=True)
class FindingsReport:
    """``rules`` and ``statements`` without the waived ones, which stand in ``waived``; amounts in won.

    ``not_checked``: rule_id, reason (``table X absent``) and in how many claims. ``subject`` says what was asked for.
    ``expired``: waivers that ran out since the last night; their findings count again.
    """

    subject: str
    made_on: date
    totals: dict[str, int]
    rules: pa.Table
    statements: pa.Table
    waived: pa.Table
    not_checked: pa.Table
    expired: tuple[Waiver, ...] = ()

    def as_json(self) -> str:
        """Everything, for machines."""
        tables = {
            name: getattr(self, name).to_pylist() for name in ("rules", "statements", "waived", "not_checked")
        }
        facts: dict[str, Any] = {
            "subject": self.subject,
            "made_on": self.made_on.isoformat(),
            "totals": self.totals,
        }
        facts["expired_waivers"] = self._expired_rows()
        return json.dumps({**facts, **tables}, ensure_ascii=False, indent=1)

    def sheets(self) -> list[Sheet]:
        return [
            sheet_of("규칙별 rules", self.rules),
            sheet_of("명세서별 statements", self.statements),
            sheet_of("점검제외 waived", self.waived),
            sheet_of("미점검 not checked", self.not_checked),
            sheet_of("끝난 점검제외 expired", pa.Table.from_pylist(self._expired_rows(), EXPIRED)),
        ]

    def _expired_rows(self) -> list[dict[str, Any]]:
        return [asdict(one) | {"expires_on": one.expires_on.isoformat()} for one in self.expired]

    def as_html(self) -> str:
        """One self-contained page to read or print."""
        shown = self.statements.slice(0, PAGE_ROWS).to_pylist()
        return _page().render(
            report=self,
            rules=self.rules.to_pylist(),
            statements=shown,
            waived=self.waived.slice(0, PAGE_ROWS).to_pylist(),
            not_checked=self.not_checked.to_pylist(),
            left_out=len(self.statements) - len(shown),
        )


def make_report(
    ledger: Ledger,
    scheme: str,
    batches_root: Path,
    made_on: date,
    *,
    batch_id: str | None = None,
    claim_no: str | None = None,
    month: str | None = None,
    night: date | None = None,
    expired: Sequence[Waiver] = (),
) -> FindingsReport:
    """The report of a batch, a claim number, a treatment month, or of what can still be mended (and of ``night``)."""
    found = ledger.placed_findings(scheme, batch_id=batch_id, claim_no=claim_no, month=month, night=night)
    is_waived = pc.is_valid(found["waiver_id"])
    counted = found.filter(pc.invert(is_waived))
    db = Tables(finding=counted)
    chosen = [
        one.batch_id
        for one in ledger.batches(scheme)
        if one.stage not in ("withdrawn", "empty")
        and (batch_id is None or one.batch_id == batch_id)
        and (claim_no is None or one.claim_no == claim_no)
        and (month is None or one.treatment_month == month)
        and (night is None or one.claim_date == night)
    ]
    return FindingsReport(
        subject=batch_id or claim_no or month or (f"{night}" if night else "보류·송신 전 open"),
        made_on=made_on,
        totals={
            **db.table(TOTALS).to_pylist()[0],
            "waived": len(found) - len(counted),
        },
        rules=db.table(BY_RULE),
        statements=db.table(BY_STATEMENT),
        waived=Tables(finding=found.filter(is_waived)).table(BY_STATEMENT),
        not_checked=read_not_checked(batches_root, chosen),
        expired=tuple(expired),
    )


def read_not_checked(batches_root: Path, batch_ids: Iterable[str]) -> pa.Table:
    """rule_id, reason, claims: what the pre-checks of these batches could not decide; missing folders count nothing."""
    folders = [BatchFolder(batches_root, one) for one in batch_ids]
    tables = [
        pq.read_table(one.stage(PRECHECK) / f"{NOT_CHECKED}.parquet")
        for one in folders
        if one.manifest(PRECHECK) is not None
    ]
    skipped = pa.concat_tables([SKIPPED.empty_table(), *tables])
    return Tables(skipped=skipped).table(MISSING)


def write_report(report: FindingsReport, folder: Path) -> Path:
    """Page, workbook and JSON of a night below ``folder``, in place of those of an earlier run; gives the page."""
    write_bytes(folder / "findings.html", report.as_html().encode())
    write_bytes(folder / "findings.json", report.as_json().encode())
    temporary = folder / ".findings.xlsx.part"
    write_book(temporary, report.sheets())
    temporary.replace(folder / "findings.xlsx")
    return folder / "findings.html"


@cache
def _page() -> jinja2.Template:
    loader = jinja2.PackageLoader("cheonggu", "pages")
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters["won"] = _won
    return environment.get_template(PAGE)


def _won(value: Any) -> str:
    return f"{value:,}"
