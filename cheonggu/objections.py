"""Objections and review requests (이의신청·재심사조정청구·심사청구): what could be disputed, until when, for how much.

A candidate is a statement of which the reviewer cut something by a code that allows the remedy. The draft holds claim
numbers and codes, nothing about the patient; grounds, attachments and the signature stay with a person.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import pyarrow as pa

from cheonggu.errors import StateError, UsageError
from cheonggu.ledger import Actor, Filing, Ledger
from cheonggu.query import Tables
from cheonggu.schemes.parts import DisputeRules
from cheonggu.schemes.scheme import Scheme

ByStatement = dict[tuple[str, ...], list[dict[str, Any]]]
OPEN, SOON, EXPIRED = "open", "soon", "expired"
CANDIDATES = pa.schema(
    [
        (name, pa.string())
        for name in ("provider_code", "claim_no", "receipt_year", "receipt_no", "review_round")
    ]
    + [(name, pa.string()) for name in ("statement_no", "kind", "codes")]
    + [("gross_cut", pa.int64()), ("amount", pa.int64())]  # won: as printed; payer's share at stake
    + [(name, pa.date32()) for name in ("notice_on", "warn_on", "last_on")]
    + [("status", pa.string())]
)


def find_candidates(
    ledger: Ledger, scheme: Scheme, today: date, *, claim_no: str | None = None, expired: bool = False
) -> pa.Table:
    """``CANDIDATES`` by last day; ``status``: open, soon (past the earlier count), expired (only when asked for)."""
    lines, decisions = _read(ledger, scheme, claim_no)
    days = _days(_rules(scheme), decisions.to_pylist(), today)
    tables = Tables(line=lines, decision=decisions, day=days)
    found = tables.table(
        """SELECT d.provider_code, d.claim_no, d.receipt_year, d.receipt_no, d.review_round, d.statement_no, y.kind,
                  string_agg(DISTINCT l.code || coalesce('-' || l.detail_code, ''), ' ') AS codes,
                  sum(l.gross_cut)::BIGINT AS gross_cut,
                  least(sum(l.payer_cut), any_value(d.at_stake))::BIGINT AS amount,
                  any_value(y.notice_on) AS notice_on, any_value(y.warn_on) AS warn_on, any_value(y.last_on) AS last_on,
                  any_value(y.status) AS status
        FROM decision d JOIN line l USING (provider_code, claim_no, statement_no)
        JOIN day y USING (provider_code, claim_no, statement_no)
        WHERE list_contains(string_split(l.remedies, ';'), y.kind) AND d.at_stake > 0
        GROUP BY ALL HAVING sum(l.payer_cut) > 0
        ORDER BY last_on, d.provider_code, d.claim_no, d.statement_no, y.kind"""
    ).cast(CANDIDATES)
    chosen = [status != EXPIRED or expired for status in found["status"].to_pylist()]
    return found.filter(pa.array(chosen, pa.bool_()))


def file_dispute(
    ledger: Ledger,
    scheme: Scheme,
    provider_code: str,
    claim_no: str,
    kind: str,
    statement_nos: Sequence[str],
    filed_on: date,
    actor: Actor,
) -> pa.Table:
    """A person filed for these statements; gives their candidates. StateError past the limit or without a remedy."""
    found = find_candidates(ledger, scheme, filed_on, claim_no=claim_no, expired=True)
    rows = {
        row["statement_no"]: row
        for row in found.to_pylist()
        if row["kind"] == kind and row["provider_code"] == provider_code
    }
    for one in statement_nos:
        if one not in rows:
            raise StateError(
                f"Claim {claim_no} statement {one}: nothing in it allows this kind of filing.",
                f"청구서 {claim_no} 명세서 {one}: 이 종류의 신청을 할 수 있는 조정이 없습니다.",
                fix_en="'cheonggu ledger objections' lists what can be filed.",
                fix_ko="'cheonggu ledger objections'로 신청할 수 있는 건을 확인하세요.",
            )
    filings = [Filing(one, rows[one]["amount"], rows[one]["last_on"]) for one in statement_nos]
    ledger.file_dispute(provider_code, claim_no, kind, filings, filed_on, actor)
    return pa.Table.from_pylist([rows[one] for one in statement_nos], schema=CANDIDATES)


def draft_disputes(ledger: Ledger, scheme: Scheme, candidates: pa.Table) -> dict[str, str]:
    """File name → HTML, one document per claim, round and kind of the candidates."""
    lines, _ = _read(ledger, scheme, None)
    cuts, items = _by_statement(lines), _by_statement(ledger.history_lines(scheme.name))
    documents: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in candidates.to_pylist():
        names = ("provider_code", "claim_no", "review_round", "kind")
        documents.setdefault(tuple(row[name] for name in names), []).append(row)
    return {
        f"{'-'.join(key)}.html": _render(_rules(scheme), key[3], rows, cuts, items)
        for key, rows in documents.items()
    }


def _by_statement(lines: pa.Table) -> ByStatement:
    found: ByStatement = {}
    for line in lines.to_pylist():
        found.setdefault((line["provider_code"], line["claim_no"], line["statement_no"]), []).append(line)
    return found


def _render(
    rules: DisputeRules, kind: str, rows: list[dict[str, Any]], cuts: ByStatement, items: ByStatement
) -> str:
    """One draft; ``items`` are the decided lines with their facts, where the scheme is answered line by line."""
    statements = []
    for row in rows:
        place = (row["provider_code"], row["claim_no"], row["statement_no"])
        mine = cuts[place]
        told = [
            line | {"reason": rules.describe(line["finding_class"], line["code"], line["detail_code"])}
            for line in mine
            if kind in line["remedies"].split(";")
        ]
        decided = [
            one
            | {"facts": json.loads(one["facts"])}
            | {
                "reason": one["text"]
                or (rules.describe("adjusted", one["code"], None) if one["code"] else "")
            }
            for one in items.get(place, [])
        ]
        statements.append(row | {"lines": told, "items": decided})
    total = sum(row["amount"] for row in rows)
    return _template(rules.template).render(
        title=rules.titles[kind], claim=rows[0], statements=statements, total=total
    )


def _read(ledger: Ledger, scheme: Scheme, claim_no: str | None) -> tuple[pa.Table, pa.Table]:
    """Findings with what they allow, and the newest decisions that cut something with their days."""
    lines = ledger.reconcile(scheme.name, claim_no=claim_no).lines
    lines = lines.append_column("remedies", _rules(scheme).remedies(lines))
    return lines, ledger.disputable(scheme.name)


def _days(rules: DisputeRules, decisions: list[dict[str, Any]], today: date) -> pa.Table:
    """Per statement and kind that was not filed yet: notice, warning and last day, and how near it is."""
    rows = []
    for one in decisions:
        for kind in rules.titles:
            if kind in one["filed"].split(";"):
                continue
            # After a re-review was decided the days for an objection begin anew.
            again = one["re_reviewed_on"] if kind != "re-review" else None
            notice_on, learned_on = (again, None) if again else (one["issued"], one["learned_on"])
            warn_on, last_on = rules.days(kind, notice_on, learned_on)
            status = EXPIRED if today > last_on else SOON if today > warn_on else OPEN
            key = {name: one[name] for name in ("provider_code", "claim_no", "statement_no")}
            days = {"notice_on": notice_on, "warn_on": warn_on, "last_on": last_on}
            rows.append(key | {"kind": kind, "status": status} | days)
    names = ("provider_code", "claim_no", "statement_no", "kind", "notice_on", "warn_on", "last_on", "status")
    return pa.Table.from_pylist(rows, schema=pa.schema([CANDIDATES.field(name) for name in names]))


def _rules(scheme: Scheme) -> DisputeRules:
    if scheme.answers.disputes is None:
        raise UsageError(
            f"The scheme {scheme.name} knows no objections.", f"{scheme.name} 제도에는 이의신청이 없습니다."
        )
    return scheme.answers.disputes


@cache
def _template(path: Path) -> jinja2.Template:
    loader = jinja2.FileSystemLoader(path.parent)
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined).get_template(
        path.name
    )
