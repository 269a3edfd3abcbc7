"""Writes the neutral notice XML by hand: the simulator shares the vocabulary with the product, not its code.

Source: ``notices/vocabulary.csv``. One line per statement keeps a hundred thousand of them readable and quick.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import escape, quoteattr

from cheonggu.gateways.simulator_review import Amounts, Decision, Finding, Round

# HIRA's documents print 5 for every medical-aid class (receipt_return.csv, prescription_adjustment.csv; secondary).
NOTICE_PAYER = {"1": "5", "2": "5", "9": "5"}
CLAIM_CLASS = {"": "original", "1": "supplementary", "2": "additional", "3": "split"}


@dataclass(frozen=True)
class Head:
    """What every notice begins with."""

    kind: str
    form: str
    document_no: str
    issued: date
    provider_code: str


@dataclass(frozen=True)
class ClaimRef:
    """How a notice points to a claim."""

    receipt_year: str
    receipt_no: str
    claim_no: str
    payer_class: str

    @classmethod
    def of(cls, document: sqlite3.Row, claim: sqlite3.Row) -> ClaimRef:
        payer = document["payer_class"]
        return cls(
            claim["receipt_year"], claim["receipt_no"], document["claim_no"], NOTICE_PAYER.get(payer, payer)
        )


def wrap(head: Head, lines: Iterable[str]) -> bytes:
    """The whole document as UTF-8 bytes."""
    begin = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<notice schema="1" kind="{head.kind}" form="{head.form}" document-no="{head.document_no}"'
        f' source="simulator" issued="{head.issued.isoformat()}">\n'
        f'<provider code="{head.provider_code}"/>\n'
    )
    return (begin + "\n".join(lines) + "\n</notice>\n").encode()


def receipt(
    document: sqlite3.Row,
    reference: ClaimRef,
    received_on: date,
    claim_class: str,
    counted: tuple[int, int],
    reasons: Iterable[tuple[str, str, str, str]] | None,
) -> Iterator[str]:
    """Lines of a receipt notice (F010). ``counted`` is statements and won; ``reasons`` make it a return: code,
    detail, statement serial or "", words. A claim returned before numbering has no receipt number."""
    result = "received" if reasons is None else "returned"
    number = (
        f' receipt-no="{reference.receipt_no}" receipt-year="{reference.receipt_year}"'
        if reference.receipt_no
        else ""
    )
    month = f"{document['treatment_month'][:4]}-{document['treatment_month'][4:]}"
    unit = f' claim-unit="{document["claim_unit"]}"' if document["claim_unit"] else ""
    yield f'<receipt result="{result}" report="claim"{number} receipt-date="{received_on.isoformat()}">'
    yield (
        f'<claim claim-no="{reference.claim_no}" claim-class="{CLAIM_CLASS[claim_class]}"'
        f' payer-class="{reference.payer_class}" treatment-month="{month}"{unit}/>'
    )
    yield f'<claimed statements="{counted[0]}" amount="{counted[1]}"/>'
    for code, detail, statement_no, words in reasons or ():
        place = f' statement-no="{statement_no}"' if statement_no else ""
        yield f'<reason code="{code}" detail="{detail}"{place}>{escape(words)}</reason>'
    yield "</receipt>"


def review(reference: ClaimRef, round_no: str, made: Round, *, complete: bool) -> Iterator[str]:
    """Lines of a review result (F020, F060); held statements count among the impossible ones."""
    yield f'<review round="{round_no}" complete="{str(complete).lower()}">'
    yield claim_ref(reference, "")
    yield "<totals>"
    yield (
        f'<claimed statements="{len(made.decisions)}" amount="{made.claimed("amount")}"'
        f' total-1="{made.claimed("total_1")}" copay="{made.claimed("copay")}"/>'
    )
    yield (
        f'<decided statements="{made.count("accepted", "adjusted")}" amount="{made.decided("amount")}"'
        f' total-1="{made.decided("total_1")}" copay="{made.decided("copay")}"/>'
    )
    yield (
        f'<impossible statements="{made.count("impossible", "held")}"'
        f' amount="{made.claimed("amount", "impossible", "held")}"'
        f' total-1="{made.claimed("total_1", "impossible", "held")}"/>'
    )
    yield (
        f'<adjusted statements="{made.count("adjusted")}" amount="{made.cut("amount")}"'
        f' total-1="{made.cut("total_1")}"/>'
    )
    yield "</totals>"
    for one in made.decisions:
        if complete or one.outcome != "accepted":
            yield _statement(one)
    yield "</review>"


def settlement(
    reference: ClaimRef,
    review_round: str,
    settle_round: str,
    settled_on: date,
    changes: Iterable[tuple[str, Amounts, Amounts]],
) -> Iterator[str]:
    """Lines of a settlement (F040, F050): statement, amounts before and after."""
    day = settled_on.isoformat()
    yield f'<settlement round="{settle_round}" date="{day}" business-code="01" business-name="심사 정산">'
    yield claim_ref(reference, f' review-round="{review_round}"')
    for statement_no, previous, settled in changes:
        difference = settled.amount - previous.amount
        direction = "refund" if difference > 0 else "recovery"
        yield f'<statement statement-no="{statement_no}" direction="{direction}" difference="{difference}">'
        yield _amounts("previous", previous) + _amounts("settled", settled) + "</statement>"
    yield "</settlement>"


def prescription_adjustment(
    reference: ClaimRef, round_no: str, statement_no: str, dispensed: tuple[str, str], cut: Finding
) -> Iterator[str]:
    """Lines of an outside-prescription notice (F090): one prescription of one statement is cut.

    ``dispensed`` is the prescription number and the pharmacy that dispensed it.
    """
    yield f'<prescription-adjustment round="{round_no}">'
    yield claim_ref(reference, "")
    yield f'<totals count="1" amount="{cut.amount}" provider-recovery="{cut.amount}" patient-refund="0"/>'
    yield f'<statement statement-no="{statement_no}" provider-recovery="{cut.amount}" patient-refund="0">'
    yield f'<prescription prescription-no="{dispensed[0]}" pharmacy-code="{dispensed[1]}">'
    yield _finding(cut, f' recovery="{cut.amount}"')
    yield "</prescription></statement></prescription-adjustment>"


def claim_ref(reference: ClaimRef, more: str) -> str:
    """The element by which a notice points to a claim."""
    return (
        f'<claim-ref receipt-year="{reference.receipt_year}" receipt-no="{reference.receipt_no}" bill-serial="1"'
        f' claim-no="{reference.claim_no}" payer-class="{reference.payer_class}"{more}/>'
    )


def _statement(one: Decision) -> str:
    refund = f' copay-refund="{one.copay_refund}"' if one.copay_refund else ""
    return (
        f'<statement statement-no="{one.statement_no}" outcome="{one.outcome}"{refund}>'
        f"{_amounts('claimed', one.claimed)}{_amounts('decided', one.decided)}"
        f"{''.join(_finding(finding, '') for finding in one.findings)}</statement>"
    )


def _amounts(name: str, won: Amounts) -> str:
    return f'<{name} total-1="{won.total_1}" copay="{won.copay}" amount="{won.amount}"/>'


def _finding(one: Finding, more: str) -> str:
    detail = f" detail={quoteattr(one.detail)}" if one.detail else ""
    line = "" if one.line_no is None else f' line-no="{one.line_no}"'
    return (
        f'<finding class="{one.finding_class}" code={quoteattr(one.code)}{detail}{line} amount="{one.amount}"{more}>'
        f"{escape(one.text)}</finding>"
    )
