"""The kinds of notice that move money or clocks after the review: typed content from a checked document.

Settlement (F040, F050, F070), payment (NHIS), cost decision (F130, F140, F150), the receipt of an objection, a
request for material (F110, e-Form) and outside prescriptions (F080, F090).
"""

from __future__ import annotations

from datetime import date

import pyarrow.compute as pc
from lxml import etree

from cheonggu.formats.notice_xml import attributes
from cheonggu.notices import (
    DISPUTE_OUTCOMES,
    PRESCRIPTION_CUTS,
    SETTLED_LINES,
    SETTLED_STATEMENTS,
    ClaimRef,
    CostDecision,
    DisputeReceipt,
    Payment,
    PrescriptionAdjustment,
    RequestItem,
    Settlement,
    SupplementRequest,
)
from cheonggu.schemes.hira import notice_checks as checks
from cheonggu.schemes.hira.notice_rows import Rows, Said, to_table


def read_settlement(root: etree._Element, rows: Rows) -> Settlement | None:
    """The settlement of a document, None when it is of another kind."""
    element = root.find("settlement")
    if element is None:
        return None
    said = attributes(element)
    return Settlement(
        settle_round=said["round"],
        settled_on=date.fromisoformat(said["date"]),
        claim=_claim_of(element),
        statements=to_table(rows.settled, SETTLED_STATEMENTS),
        lines=to_table(rows.settled_lines, SETTLED_LINES),
    )


def read_payment(number: int, said: Said, gross: Said, deductions: list[Said]) -> Payment:
    """Row ``number`` of a payment notice; NoticeError when net is not paid − deductions."""
    month, count = said.get("treatment-month"), gross.get("statements")
    payment = Payment(
        kind=said["kind"],
        paid_on=date.fromisoformat(said["date"]),
        claim=ClaimRef(None, said["receipt-no"], said.get("receipt-year"), said.get("review-round")),
        paid=int(gross["paid"]),
        net=int(said["net"]),
        deductions=tuple((one["kind"], int(one["amount"])) for one in deductions),
        payment_round=said.get("round"),
        treatment_month=month.replace("-", "") if month else None,
        statement_count=int(count) if count else None,
    )
    checks.check_payment(number, payment)
    return payment


def read_cost_decision(root: etree._Element, rows: Rows) -> CostDecision | None:
    """The decision on disputes; NoticeError when its total is not that of its statements."""
    element = root.find("cost-decision")
    if element is None:
        return None
    said = attributes(element)
    completed = said.get("completed")
    decision = CostDecision(
        settle_round=said["round"],
        decision_no=said["document-no"],
        claim=_claim_of(element),
        difference=int(said["difference"]),
        statements=to_table(rows.outcomes, DISPUTE_OUTCOMES),
        completed_on=date.fromisoformat(completed) if completed else None,
        dispute_kind=said.get("objection"),
    )
    checks.check_cost_decision(decision)
    return decision


def read_dispute_receipt(said: Said, reference: Said, statement_nos: tuple[str, ...]) -> DisputeReceipt:
    """The answer to one filing."""
    return DisputeReceipt(
        result=said["result"],
        claim=_to_claim(reference),
        statement_nos=statement_nos,
        dispute_kind=said.get("objection"),
        portal_no=said.get("portal-no"),
    )


def read_supplement_request(root: etree._Element, rows: Rows) -> SupplementRequest | None:
    """The request for material of a document."""
    element = root.find("supplement-request")
    if element is None:
        return None
    due = element.get("due")
    return SupplementRequest(
        due_on=date.fromisoformat(due) if due else None,
        claim=None if element.find("claim-ref") is None else _claim_of(element),
        items=tuple(
            RequestItem(
                text=text,
                statement_no=said.get("statement-no"),
                line_no=int(said["line-no"]) if "line-no" in said else None,
                application_no=said.get("application-no"),
                guide_code=said.get("guide"),
                item_code=said.get("item-code"),
                form_code=said.get("form-code"),
            )
            for said, text in rows.items
        ),
    )


def read_prescription_adjustment(root: etree._Element, rows: Rows) -> PrescriptionAdjustment | None:
    """Cuts of outside prescriptions; what the prescriber pays back is the printed total, else the sum of its rows."""
    element = root.find("prescription-adjustment")
    totals = root.find("prescription-adjustment/totals")
    if element is None or totals is None:
        return None
    cuts = to_table(rows.cuts, PRESCRIPTION_CUTS)
    printed = totals.get("provider-recovery")
    return PrescriptionAdjustment(
        round_no=attributes(element)["round"],
        claim=_claim_of(element),
        recovery=int(printed) if printed else int(pc.sum(cuts["recovery"]).as_py() or 0),
        patient_refund=int(totals.get("patient-refund") or 0),
        cuts=cuts,
    )


def _claim_of(element: etree._Element) -> ClaimRef:
    reference = element.find("claim-ref")
    assert reference is not None  # the XSD requires it
    return _to_claim(attributes(reference))


def _to_claim(said: Said) -> ClaimRef:
    return ClaimRef(
        said.get("claim-no"), said["receipt-no"], said.get("receipt-year"), said.get("review-round")
    )
