"""Reconciliation (대사): every won of every claim that was sent is explained, or listed as open with the reason.

Two identities hold per statement and per claim, on the payer's side:
``claimed = decided + adjusted + impossible + held + undecided`` and ``decided + settled difference = paid + open``.
Advances (가지급), refunds of co-payment (본인부담환급금) and cuts of outside prescriptions stand beside them as open
items, deductions that name no claim as open items of the provider. Claims that came back or were withdrawn are not
in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import BigInteger, ColumnElement, Connection, Select, Table, and_, select, true
from sqlalchemy.sql.sqltypes import Date, Integer

from cheonggu.ledger.balances import Narrow, of_any, read_balances
from cheonggu.ledger.database import read_table
from cheonggu.ledger.model import Problem
from cheonggu.ledger.registers import SENT
from cheonggu.ledger.tables import (
    claim,
    decision_finding,
    payment,
    payment_deduction,
    prescription_cut,
    settlement_line,
)
from cheonggu.query import Tables

VIEWS = Path(__file__).with_name("reconciliation.sql")
PARTS = ("decided", "adjusted", "impossible", "held", "undecided")
AMOUNTS = ("claimed", *PARTS, "settled_difference", "paid", "open")
# Why something is open: Korean, English.
REASONS = {
    "undecided": ("심사결과를 아직 받지 못했습니다", "no review result yet"),
    "held": ("심사보류 중입니다", "held by the reviewer"),
    "impossible": (
        "심사불능: 보완청구 대상인지 확인하세요",
        "impossible; it may return as a supplementary claim",
    ),
    "refused": ("지급불능: 자격을 확인하세요", "refused by the payer; check eligibility"),
    "disputed": ("이의신청·재심사 결정을 기다립니다", "a dispute is under way"),
    "unpaid": ("결정되었으나 지급 통보가 없습니다", "decided, not paid yet"),
    "part-paid": ("청구서의 일부만 지급되었습니다", "only a part of its claim was paid"),
    "difference-due": ("정산 추가분이 아직 지급되지 않았습니다", "a settled difference is not paid yet"),
    "recovery-due": (
        "정산 환수분입니다. 공제 내역과 대조하세요",
        "to be taken back; compare with the deductions",
    ),
    "copay-refund": (
        "본인부담환급금이 아직 공제되지 않았습니다",
        "refund owed to the patient, not deducted yet",
    ),
    "refund-deducted": (
        "공제된 본인부담환급금이 통보액과 다릅니다",
        "refunds deducted are not those decided",
    ),
    "payment-not-given": (
        "명세서에 배분되지 않은 지급액입니다",
        "paid, but not yet explained by whole statements",
    ),
    "advance": ("가지급금이 아직 정산되지 않았습니다", "an advance is not set off yet"),
    "withheld": ("지급보류·지급불능·예탁부족액입니다", "withheld, unpayable or short of deposit"),
    "prescription-recovery": ("원외처방 환수금입니다", "taken back for outside prescriptions"),
    "deduction": (
        "청구서를 알 수 없는 공제입니다. 공단에 확인하세요",
        "deducted, but no claim is named; ask the payer",
    ),
    "payment-unmatched": (
        "원장에 없는 접수번호의 지급입니다",
        "paid for a receipt number that no claim here has",
    ),
}


@dataclass(frozen=True)
class Reconciliation:
    """Arrow tables in won: ``statements``, ``lines``, ``claims``, open ``items``; ``problems`` break an identity.

    ``items``: provider_code, claim_no, statement_no (null: of the whole), kind, amount (signed: what is still to come
    is positive), why_ko, why_en.
    """

    statements: pa.Table = field(repr=False)
    lines: pa.Table = field(repr=False)
    claims: pa.Table = field(repr=False)
    items: pa.Table = field(repr=False)
    problems: tuple[Problem, ...]

    def open_rows(self) -> list[dict[str, Any]]:
        """The open items by kind with count, won and the reason: a small table for people."""
        return [
            {"kind": kind, "count": row["count"], "won": row["won"], "why": " · ".join(reason_of(kind))}
            for kind, row in self.sums()["items"].items()
        ]

    def sums(self) -> dict[str, Any]:
        """Counts and won of the whole, and the open items by kind."""
        by_kind = self.items.group_by("kind").aggregate([("amount", "sum"), ("amount", "count")])
        return {
            "claims": len(self.claims),
            "statements": len(self.statements),
            **{name: int(pc.sum(self.claims[name]).as_py() or 0) for name in AMOUNTS},
            "items": {
                row["kind"]: {"count": row["amount_count"], "won": row["amount_sum"]}
                for row in by_kind.sort_by("kind").to_pylist()
            },
            "problems": len(self.problems),
        }


def reason_of(kind: str) -> tuple[str, str]:
    """Why items of a kind are open, in Korean and English; the part before a colon decides."""
    return REASONS[kind.partition(":")[0]]


def reconcile(
    connection: Connection,
    scheme: str,
    provider_code: str | None = None,
    claim_no: str | None = None,
    months: tuple[str, str] | None = None,
) -> Reconciliation:
    """Reconcile the sent claims that match every filter; ``months``: first and last month of treatment (CCYYMM)."""
    narrow = of_any(provider_code, claim_no)
    tables = Tables(
        claim=_read_claims(connection, scheme, narrow, months),
        balance=read_balances(connection, narrow),
        told=_read(connection, decision_finding, narrow(decision_finding)),
    )
    tables.add("payment", _read(connection, payment, and_(narrow(payment), payment.c.scheme == scheme)))
    tables.add("deduction", _read(connection, payment_deduction, true()))
    tables.add("settled_line", _read(connection, settlement_line, narrow(settlement_line)))
    tables.add("cut", _read(connection, prescription_cut, narrow(prescription_cut)))
    tables.run(VIEWS.read_text(encoding="utf-8"))
    statements = tables.table("FROM statement ORDER BY ALL")
    claims = tables.table("FROM per_claim ORDER BY provider_code, claim_no")
    lines = tables.table("FROM line SEMI JOIN claim USING (provider_code, claim_no)")
    items = tables.table(
        "FROM item" if claim_no is None and months is None else "FROM item WHERE claim_no IS NOT NULL"
    )
    return Reconciliation(
        statements, lines, claims, _explain(items), tuple(_check(statements, lines, claims))
    )


def _check(statements: pa.Table, lines: pa.Table, claims: pa.Table) -> list[Problem]:
    """Where an identity does not hold: a claim or statement of which a won is neither explained nor open."""
    tables = Tables(statement=statements, line=lines, claim=claims)
    parts = " + ".join(PARTS)
    broken = tables.rows(
        f"""SELECT claim_no, statement_no, claimed - ({parts}) FROM statement WHERE claimed <> {parts}
        UNION ALL
        SELECT claim_no, NULL, sent - claimed FROM claim WHERE sent <> claimed OR claimed <> {parts}
        UNION ALL
        SELECT claim_no, statement_no, s.adjusted + s.impossible + s.held - coalesce(l.cut, 0)
        FROM statement s LEFT JOIN (SELECT provider_code, claim_no, statement_no, sum(payer_cut) AS cut
                                    FROM line GROUP BY ALL) l USING (provider_code, claim_no, statement_no)
        WHERE s.adjusted + s.impossible + s.held <> coalesce(l.cut, 0) ORDER BY ALL"""
    )
    return [
        Problem(
            "unexplained",
            f"claim {claim_no}" + (f" statement {statement_no}" if statement_no else ""),
            f"{won} won are neither decided, cut nor open.",
            f"{won}원이 설명되지 않습니다.",
        )
        for claim_no, statement_no, won in broken
    ]


def _explain(items: pa.Table) -> pa.Table:
    reasons = [reason_of(kind) for kind in items["kind"].to_pylist()]
    for place, name in enumerate(("why_ko", "why_en")):
        items = items.append_column(name, pa.array([one[place] for one in reasons], pa.string()))
    return items


def _read_claims(
    connection: Connection, scheme: str, narrow: Narrow, months: tuple[str, str] | None
) -> pa.Table:
    where = and_(narrow(claim), claim.c.scheme == scheme, claim.c.state.in_([one.value for one in SENT]))
    if months is not None:
        where = and_(where, claim.c.treatment_month.between(*months))
    return _read(connection, claim, where)


def _read(connection: Connection, table: Table, where: ColumnElement[bool]) -> pa.Table:
    return _to_table(connection, select(table).where(where), table)


def _to_table(connection: Connection, query: Select[Any], table: Table) -> pa.Table:
    """Rows of one table with the types of its columns; days stay out, nothing here needs them."""
    kept = [one for one in table.columns if not isinstance(one.type, Date)]
    numbers = (BigInteger, Integer)
    schema = pa.schema(
        [(one.name, pa.int64() if isinstance(one.type, numbers) else pa.string()) for one in kept]
    )
    return read_table(connection, query.with_only_columns(*kept, maintain_column_froms=True), schema)
