"""The neutral notice XML of payments, requests for material, filings and their decisions, written by hand.

Source: ``notices/vocabulary.csv``, as in ``simulator_xml``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from cheonggu.gateways.simulator_xml import ClaimRef, claim_ref


@dataclass(frozen=True)
class PaymentRow:
    """One row of a payment notice; won. ``kind`` is advance, final or settlement."""

    kind: str
    paid: int
    deductions: Mapping[str, int]
    claimed: int = 0
    decided: int = 0
    statements: int = 0

    @property
    def net(self) -> int:
        return self.paid - sum(self.deductions.values())


def payment(
    document: sqlite3.Row, claim: sqlite3.Row, rows: Sequence[PaymentRow], paid_on: date, round_no: str
) -> Iterator[str]:
    """Lines of a payment notice (지급통보). An advance bears neither review round nor treatment month."""
    month = f"{document['treatment_month'][:4]}-{document['treatment_month'][4:]}"
    for row in rows:
        about = f' review-round="{claim["last_round"]}"' if claim["last_round"] else ""
        about += f' treatment-month="{month}"' if row.kind != "advance" else ""
        yield (
            f'<payment kind="{row.kind}" date="{paid_on.isoformat()}" round="{round_no}"'
            f' receipt-no="{claim["receipt_no"]}" receipt-year="{claim["receipt_year"]}"{about} net="{row.net}">'
        )
        sums = f' claimed="{row.claimed}" decided="{row.decided}"' if row.claimed else ""
        count = f' statements="{row.statements}"' if row.statements else ""
        yield f'<gross{sums} paid="{row.paid}"{count}/>'
        for kind, won in row.deductions.items():
            yield f'<deduction kind="{kind}" amount="{won}"/>'
        yield "</payment>"


def supplement_request(reference: ClaimRef, due: date, statement_nos: Iterable[str]) -> Iterator[str]:
    """Lines of a request for material (F110)."""
    yield f'<supplement-request due="{due.isoformat()}">'
    yield claim_ref(reference, "")
    for one in statement_nos:
        yield f'<item statement-no="{one}" guide="1" form-code="MED-RECORD">진료기록부 사본</item>'
    yield "</supplement-request>"


def objection_receipt(reference: ClaimRef, kind: str, statement_no: str, result: str) -> Iterator[str]:
    """Lines of the answer to one filing."""
    yield f'<objection-receipt result="{result}" objection="{kind}">'
    yield claim_ref(reference, "")
    yield f'<statement statement-no="{statement_no}"/>'
    yield "</objection-receipt>"


def cost_decision(
    reference: ClaimRef, round_no: str, decided_on: date, kind: str, decision: tuple[str, str, int]
) -> Iterator[str]:
    """Lines of a decision (F130, objection result): statement serial, outcome and signed difference in won."""
    statement_no, outcome, difference = decision
    day = decided_on.isoformat()
    yield (
        f'<cost-decision round="{round_no}" document-no="D{round_no}" completed="{day}"'
        f' difference="{difference}" objection="{kind}">'
    )
    yield claim_ref(reference, "")
    yield f'<statement statement-no="{statement_no}" outcome="{outcome}" difference="{difference}"/>'
    yield "</cost-decision>"
