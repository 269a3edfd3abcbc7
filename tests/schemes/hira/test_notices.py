"""``notices.parse``: a sound document passes, every check fires, and no value of a document is ever repeated."""

from __future__ import annotations

from datetime import date

import pytest

from cheonggu.errors import NoticeError
from cheonggu.notices import ClaimRef
from cheonggu.schemes.hira.notices import parse

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<notice schema="1" kind="{kind}" form="{form}" document-no="SIM-20260708-0003"
        source="simulator" issued="2026-07-08">
<provider code="12345678"/>
"""
CLAIM_REF = '<claim-ref receipt-year="2026" receipt-no="0001234" claim-no="2026050001" payer-class="4"/>'
REVIEW = f"""<review round="20260701" complete="false">
{CLAIM_REF}
<totals>
<claimed statements="3" amount="30240" total-1="42840" copay="12600"/>
<decided statements="2" amount="19650" total-1="27850" copay="8200"/>
<impossible statements="1" amount="10080" total-1="14280"/>
<adjusted statements="1" amount="510" total-1="710"/>
</totals>
<statement statement-no="00002" outcome="adjusted" copay-refund="200">
<claimed total-1="14280" copay="4200" amount="10080"/>
<decided total-1="13570" copay="4000" amount="9570"/>
<finding class="adjusted" code="B" line-no="3" amount="710">산정기준 &lt;적용&gt; 착오</finding>
</statement>
<statement statement-no="00003" outcome="impossible">
<claimed total-1="14280" copay="4200" amount="10080"/>
<decided total-1="0" copay="0" amount="0"/>
<finding class="impossible" code="16" detail="10" amount="14280"/>
</statement>
</review>"""
ACCEPTED = """<statement statement-no="00001" outcome="accepted">
<claimed total-1="14280" copay="4200" amount="10080"/>
<decided total-1="14280" copay="4200" amount="10080"/>
</statement>
"""
REASONS = '<reason code="09" detail="03">건수 불일치</reason>\n<reason code="09" statement-no="00001"/>\n'
RECEIPT = f"""<receipt result="received" report="claim" receipt-no="0001234" receipt-year="2026"
 receipt-date="2026-07-01">
<claim claim-no="2026050001" claim-class="original" payer-class="4" treatment-month="2026-05" claim-unit="0"/>
<claimed statements="3" amount="30240"/>
</receipt>
<receipt result="returned" report="claim" receipt-date="2026-07-01">
<claim claim-no="2026050002" claim-class="supplementary" payer-class="5" treatment-month="2026-05"/>
<claimed statements="1" amount="0"/>
{REASONS}</receipt>
<receipt result="received" report="lab-supply" receipt-no="0001235" receipt-year="2026" receipt-date="2026-07-01">
<claim claim-no="2026050099" claim-class="original" payer-class="4" treatment-month="2026-05"/>
<claimed statements="1" amount="5"/>
</receipt>"""
SETTLEMENT = f"""<settlement round="202607010001" date="2026-07-08">
{CLAIM_REF.replace("/>", ' review-round="20260701"/>')}
<statement statement-no="00002" direction="refund" difference="510">
<previous total-1="13570" copay="4000" amount="9570"/><settled total-1="14280" copay="4200" amount="10080"/>
</statement>
</settlement>"""
PAYMENT = """<payment kind="final" date="2026-07-20" receipt-no="0001234" net="19000">
<gross paid="19650"/><deduction kind="income-tax" amount="590"/><deduction kind="resident-tax" amount="60"/>
</payment>"""
OTHER_KINDS = {
    "settlement": SETTLEMENT,
    "payment": PAYMENT,
    "supplement-request": (
        '<supplement-request due="2026-08-01"><item statement-no="00001">사본</item></supplement-request>'
    ),
    "cost-decision": (
        f'<cost-decision round="1" document-no="X-1" difference="-10">{CLAIM_REF}'
        '<statement statement-no="00001" outcome="dismissed" difference="-10"/></cost-decision>'
    ),
    "objection-result": (
        f'<cost-decision round="1" document-no="X-1" difference="0" objection="re-review">{CLAIM_REF}'
        '<statement statement-no="00001" outcome="rejected" difference="0"/></cost-decision>'
    ),
    "prescription-adjustment": (
        f'<prescription-adjustment round="20260701">{CLAIM_REF}<totals count="1" amount="10"/>'
        '<statement statement-no="00001"><prescription prescription-no="2026051000001">'
        '<finding class="adjusted" code="B" amount="10" recovery="10"/></prescription></statement>'
        "</prescription-adjustment>"
    ),
    "precheck": '<precheck document-id="DMD00000001" status="-1"><error code="X">why</error></precheck>',
    "objection-receipt": (
        f'<objection-receipt result="returned" objection="objection" portal-no="P-1">{CLAIM_REF}'
        '<statement statement-no="00001"/><statement statement-no="00002"/></objection-receipt>'
        f'<objection-receipt result="received">{CLAIM_REF}<statement statement-no="00001"/></objection-receipt>'
    ),
    "client-list": '<client-list box="outbox"><entry document-id="DMD00000001" state="미송신"/></client-list>',
}
INFORMING = ("precheck", "client-list")


def document(content: str = REVIEW, kind: str = "review-result", form: str = "F020") -> bytes:
    return (HEAD.format(kind=kind, form=form) + content + "</notice>\n").encode()


def refusal(raw: bytes) -> str:
    with pytest.raises(NoticeError) as caught:
        parse(raw)
    assert all(caught.value.lines())
    return caught.value.lines()[1]


def test_a_review_result_becomes_totals_statements_and_findings() -> None:
    notice = parse(document())
    assert (notice.document_no, notice.kind, notice.form) == ("SIM-20260708-0003", "review-result", "F020")
    assert (notice.source, notice.issued, notice.provider_code) == ("simulator", date(2026, 7, 8), "12345678")
    review = notice.review
    assert review is not None
    assert (review.review_round, review.complete, review.receipt_no) == ("20260701", False, "0001234")
    assert (review.totals.claimed_count, review.totals.decided_amount) == (3, 19650)
    assert review.statements.to_pylist()[0] == {
        "statement_no": "00002",
        "outcome": "adjusted",
        "claimed_total_1": 14280,
        "claimed_copay": 4200,
        "claimed_amount": 10080,
        "decided_total_1": 13570,
        "decided_copay": 4000,
        "decided_amount": 9570,
        "copay_refund": 200,
    }
    assert review.findings["text"].to_pylist() == ["산정기준 <적용> 착오", None]
    assert review.findings["line_no"].to_pylist() == [3, None]
    assert review.findings["detail_code"].to_pylist() == [None, "10"]


def test_a_complete_review_result_lists_unchanged_statements_too() -> None:
    raw = REVIEW.replace('complete="false"', 'complete="true"').replace(
        "</totals>\n", f"</totals>\n{ACCEPTED}"
    )
    review = parse(document(raw)).review
    assert review is not None
    assert review.statements["outcome"].to_pylist() == ["accepted", "adjusted", "impossible"]


def test_a_review_result_without_any_statement_says_that_all_were_accepted() -> None:
    totals = (
        '<totals><claimed statements="2" amount="20"/><decided statements="2" amount="20"/>'
        '<impossible statements="0" amount="0"/><adjusted statements="0" amount="0"/></totals>'
    )
    review = parse(document(f'<review round="20260701" complete="false">{CLAIM_REF}{totals}</review>')).review
    assert review is not None
    assert (len(review.statements), len(review.findings)) == (0, 0)


def test_a_receipt_notice_holds_receipts_and_returns_but_no_report_that_is_not_a_claim() -> None:
    received, returned = parse(document(RECEIPT, "receipt", "F010")).receipts
    assert (received.result, received.receipt_no, received.receipt_year) == ("received", "0001234", "2026")
    assert (received.claim_no, received.treatment_month) == ("2026050001", "202605")
    assert (received.statement_count, received.claimed_amount, received.reasons) == (3, 30240, ())
    assert (returned.result, returned.receipt_no, returned.claim_class) == ("returned", None, "supplementary")
    assert [(one.code, one.detail_code, one.statement_no, one.text) for one in returned.reasons] == [
        ("09", "03", None, "건수 불일치"),
        ("09", None, "00001", ""),
    ]


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_every_other_kind_is_read_and_those_that_only_inform_have_no_content(kind: str) -> None:
    notice = parse(document(OTHER_KINDS[kind], kind))
    assert (notice.kind, notice.receipts, notice.review) == (kind, (), None)
    assert notice.has_content == (kind not in INFORMING)


def test_a_settlement_tells_before_and_after_to_the_line() -> None:
    line = '<line line-no="3"><previous reason="B" amount="0"/><settled code="AA157" amount="710"/></line>'
    raw = SETTLEMENT.replace("</statement>", f"{line}</statement>")
    settlement = parse(document(raw, "settlement", "F040")).settlement
    assert settlement is not None
    assert (settlement.settle_round, settlement.settled_on) == ("202607010001", date(2026, 7, 8))
    assert settlement.claim == ClaimRef("2026050001", "0001234", "2026", "20260701")
    assert settlement.statements.to_pylist() == [
        {"statement_no": "00002", "difference": 510}
        | {"previous_total_1": 13570, "previous_copay": 4000, "previous_amount": 9570}
        | {"settled_total_1": 14280, "settled_copay": 4200, "settled_amount": 10080}
    ]
    assert settlement.lines.to_pylist() == [
        {"statement_no": "00002", "line_no": 3}
        | {"previous_code": None, "previous_reason": "B", "previous_amount": 0}
        | {"settled_code": "AA157", "settled_reason": None, "settled_amount": 710}
    ]


def test_payments_keep_advances_apart() -> None:
    advance = '<payment kind="advance" date="2026-07-15" receipt-no="0001234" net="9000"><gross paid="9000"/></payment>'
    final, first = parse(document(PAYMENT + advance, "payment", "NHIS-HI")).payments
    assert (final.kind, final.paid, final.net) == ("final", 19650, 19000)
    assert final.deductions == (("income-tax", 590), ("resident-tax", 60))
    assert (first.kind, first.treatment_month, first.claim.claim_no) == ("advance", None, None)


def test_a_cost_decision_and_the_receipt_of_a_filing_name_their_statements() -> None:
    decision = parse(document(OTHER_KINDS["cost-decision"], "cost-decision", "F130")).cost_decision
    assert decision is not None
    assert (decision.decision_no, decision.difference, decision.dispute_kind) == ("X-1", -10, None)
    assert decision.statements.to_pylist() == [
        {"statement_no": "00001", "outcome": "dismissed", "difference": -10, "text": None}
    ]
    kind = "objection-receipt"
    returned, received = parse(document(OTHER_KINDS[kind], kind, "OBJ-RCPT")).dispute_receipts
    assert (returned.result, returned.statement_nos, returned.portal_no) == (
        "returned",
        ("00001", "00002"),
        "P-1",
    )
    assert received.statement_nos == ("00001",)


def test_a_cost_decision_whose_total_is_wrong_is_refused() -> None:
    raw = OTHER_KINDS["cost-decision"].replace(
        'document-no="X-1" difference="-10"', 'document-no="X-1" difference="0"'
    )
    assert "not the sum over its statements" in refusal(document(raw, "cost-decision", "F130"))


def test_requests_and_prescription_cuts_are_typed() -> None:
    request = parse(
        document(OTHER_KINDS["supplement-request"], "supplement-request", "F110")
    ).supplement_request
    assert request is not None
    assert (request.due_on, request.claim) == (date(2026, 8, 1), None)
    assert [(one.statement_no, one.text) for one in request.items] == [("00001", "사본")]
    kind = "prescription-adjustment"
    adjustment = parse(document(OTHER_KINDS[kind], kind, "F090")).prescription_adjustment
    assert adjustment is not None
    assert (adjustment.recovery, adjustment.cuts["prescription_no"].to_pylist()) == (10, ["2026051000001"])


def test_the_payers_refusals_are_told_by_the_code_table() -> None:
    raw = REVIEW.replace('code="16" detail="10"', 'code="35" detail="01"')
    review = parse(document(raw)).review
    assert review is not None
    assert review.payer_refused == {"00003"}
    plain = parse(document()).review
    assert plain is not None
    assert plain.payer_refused == frozenset()


REVIEW_CHECKS = {
    "a serial twice": ('statement-no="00003"', 'statement-no="00002"', "statement 00002: it is listed twice"),
    "an outcome without its finding": ('outcome="adjusted"', 'outcome="accepted"', "does not follow"),
    "a held code called impossible": ('code="16" detail="10"', 'code="80"', "class of a finding"),
    "a settlement code called impossible": ('code="16" detail="10"', 'code="88"', "class of a finding"),
    "won decided for an impossible one": (
        '<decided total-1="0" copay="0" amount="0"/>',
        '<decided total-1="0" copay="0" amount="10"/>',
        "statement 00003: an amount is decided",
    ),
    "decided is not the rest": ('amount="19650"', 'amount="19651"', "claimed − impossible − adjusted"),
    "the decided count": ('<decided statements="2"', '<decided statements="3"', "claimed − impossible"),
    "the adjusted count": ('<adjusted statements="1"', '<adjusted statements="2"', "counts of impossible"),
    "more listed than claimed": (
        '<claimed statements="3" amount="30240" total-1="42840" copay="12600"/>\n<decided statements="2"',
        '<claimed statements="1" amount="30240" total-1="42840" copay="12600"/>\n<decided statements="0"',
        "count of claimed statements",
    ),
    "not all listed though complete": ('complete="false"', 'complete="true"', "count of claimed statements"),
    "the impossible sum": (
        'statement-no="00003" outcome="impossible">\n<claimed total-1="14280" copay="4200" amount="10080"/>',
        'statement-no="00003" outcome="impossible">\n<claimed total-1="14280" copay="4200" amount="10070"/>',
        "impossible_amount differs from the statements listed by 10 won",
    ),
    "the adjusted sum": (
        'copay="4000" amount="9570"',
        'copay="4000" amount="9580"',
        "adjusted_amount differs",
    ),
    "a printed gross sum": ('amount="510" total-1="710"', 'amount="510" total-1="711"', "adjusted_total_1"),
}


@pytest.mark.parametrize("case", REVIEW_CHECKS)
def test_a_review_result_is_refused_for(case: str) -> None:
    old, new, words = REVIEW_CHECKS[case]
    assert REVIEW.count(old) == 1
    assert words in refusal(document(REVIEW.replace(old, new)))


@pytest.mark.parametrize("side", ["claimed", "decided"])
def test_a_complete_review_result_is_refused_when_a_sum_over_all_statements_differs(side: str) -> None:
    raw = REVIEW.replace('complete="false"', 'complete="true"').replace(
        "</totals>\n", f"</totals>\n{ACCEPTED}"
    )
    copay = {"claimed": 'copay="12600"', "decided": 'copay="8200"'}[side]
    assert f"{side}_copay differs" in refusal(document(raw.replace(copay, 'copay="1"')))


def test_an_accepted_statement_with_changed_won_is_refused() -> None:
    changed = ACCEPTED.replace('<decided total-1="14280"', '<decided total-1="14270"')
    raw = REVIEW.replace('complete="false"', 'complete="true"').replace(
        "</totals>\n", f"</totals>\n{changed}"
    )
    assert "statement 00001: it is accepted but" in refusal(document(raw))


def test_a_held_statement_counts_with_the_impossible_ones() -> None:
    raw = REVIEW.replace('outcome="impossible"', 'outcome="held"')
    raw = raw.replace('class="impossible" code="16" detail="10"', 'class="held" code="80"')
    review = parse(document(raw)).review
    assert review is not None
    assert review.statements["outcome"].to_pylist() == ["adjusted", "held"]


def test_a_changed_copay_makes_an_adjusted_statement_without_a_finding() -> None:
    finding = (
        '<finding class="adjusted" code="B" line-no="3" amount="710">산정기준 &lt;적용&gt; 착오</finding>'
    )
    raw = REVIEW.replace(finding, '<copay-change code="K" amount="4000">본인부담률</copay-change>')
    assert parse(document(raw)).review is not None


def test_a_code_that_only_points_to_a_settlement_decides_nothing() -> None:
    raw = REVIEW.replace('class="impossible" code="16" detail="10"', 'class="settled" code="88"')
    review = parse(document(raw)).review
    assert review is not None
    assert review.findings["finding_class"].to_pylist() == ["adjusted", "settled"]


RECEIPT_CHECKS = {
    "received without a number": (
        ' receipt-no="0001234" receipt-year="2026"\n',
        " ",
        "received without a receipt number",
    ),
    "a number without its year": (' receipt-year="2026"\n', "\n", "come only together"),
    "returned without a reason": (REASONS, "", "returned without a reason"),
}


@pytest.mark.parametrize("case", RECEIPT_CHECKS)
def test_a_receipt_is_refused_when(case: str) -> None:
    old, new, words = RECEIPT_CHECKS[case]
    assert RECEIPT.count(old) == 1
    assert words in refusal(document(RECEIPT.replace(old, new), "receipt", "F010"))


def test_a_settlement_whose_difference_is_wrong_is_refused() -> None:
    raw = document(SETTLEMENT.replace('difference="510"', 'difference="511"'), "settlement", "F040")
    assert "statement 00002: difference is not settled − previous" in refusal(raw)


def test_a_payment_whose_net_is_wrong_is_refused() -> None:
    assert "payment 1: net is not" in refusal(document(PAYMENT.replace("19000", "19001"), "payment", "NHIS"))


def test_serials_are_unique_in_a_settlement_too() -> None:
    start, end = SETTLEMENT.index("<statement"), SETTLEMENT.index("</settlement>")
    twice = SETTLEMENT[:end] + SETTLEMENT[start:end] + SETTLEMENT[end:]
    assert "listed twice" in refusal(document(twice, "settlement", "F040"))


def test_content_of_another_kind_is_refused() -> None:
    assert "content is of another kind" in refusal(document(kind="receipt"))


XSD_CHECKS = {
    "a day that is none": ('issued="2026-07-08"', 'issued="2026-02-30"', "notice/@issued"),
    "a day with a time zone": ('issued="2026-07-08"', 'issued="2026-07-08Z"', "notice/@issued"),
    "a broken receipt number": ('receipt-no="0001234"', 'receipt-no="1234"', "claim-ref/@receipt-no"),
    "a missing attribute": (' round="20260701"', "", "review/@round: lacks a required attribute"),
    "an unknown attribute": (
        'round="20260701"',
        'round="20260701" colour="blue"',
        "review: has an attribute",
    ),
    "won with a sign": ('amount="710">', 'amount="+710">', "finding/@amount"),
    "a document number that is a path": ("SIM-20260708-0003", "../../x", "notice/@document-no"),
    "an unknown element": ("</totals>", "</totals><surprise/>", "is missing, unexpected"),
    "a missing element": (CLAIM_REF, "", "totals: is missing, unexpected"),
}


@pytest.mark.parametrize("case", XSD_CHECKS)
def test_the_schema_refuses_and_names_the_place(case: str) -> None:
    old, new, words = XSD_CHECKS[case]
    text = refusal(document().replace(old.encode(), new.encode()))
    assert words in text
    assert "line " in text


def test_errors_of_one_document_are_not_told_about_the_next() -> None:
    refusal(document().replace(b'code="B"', b'code="b b"'))
    assert "claim-ref/@receipt-no" in refusal(document().replace(b'"0001234"', b'"1"'))


PERSONAL = "9001011234567"


@pytest.mark.parametrize("place", ['code="B"', 'statement-no="00003"', 'class="impossible"', "</totals>"])
def test_a_refusal_never_repeats_what_the_document_says(place: str) -> None:
    name = place.split("=")[0]
    new = f'{name}="{PERSONAL}"' if "=" in place else f"</totals><n{PERSONAL}>{PERSONAL}</n{PERSONAL}>"
    with pytest.raises(NoticeError) as caught:
        parse(document(REVIEW.replace(place, new)))
    assert PERSONAL not in " ".join(caught.value.lines())
    assert caught.value.__cause__ is None


UNSAFE = {
    "nothing": (b"", "not XML"),
    "another format": (b"%PDF-1.7", "not XML"),
    "half a document": (document()[:900], "not well-formed"),
    "two documents": (document() + document(), "not well-formed"),
    "UTF-16": (document().decode().replace("UTF-8", "UTF-16").encode("utf-16"), "not XML"),
    "another encoding": (document().replace(b'"UTF-8"', b'"EUC-KR"'), "not written in UTF-8"),
    "broken UTF-8": (document().replace("착오".encode(), b"\xff\xfe"), "not well-formed"),
    "an entity": (
        document().replace(b"<notice ", b'<!DOCTYPE notice [<!ENTITY a "b">]><notice ', 1),
        "document type or entities",
    ),
    "an undeclared entity": (document().replace("착오".encode(), b"&a;"), "not well-formed"),
    "another vocabulary": (b"<html/>", "not a document of this vocabulary"),
    "deep nesting": (b"<a>" * 5000 + b"</a>" * 5000, "line"),
}


@pytest.mark.parametrize("case", UNSAFE)
def test_an_unsafe_or_broken_document_is_refused(case: str) -> None:
    raw, words = UNSAFE[case]
    assert words in refusal(raw)


def test_a_document_cut_short_anywhere_is_refused() -> None:
    raw = document()
    for length in range(len(raw) - 2):
        with pytest.raises(NoticeError):
            parse(raw[:length])


def test_a_document_over_the_size_limit_is_not_parsed() -> None:
    with pytest.raises(NoticeError, match="larger than 0 MiB"):
        parse(document(), max_bytes=100)


def test_a_byte_order_mark_and_comments_do_no_harm() -> None:
    raw = b"\xef\xbb\xbf" + document().replace(b"<totals>", b"<!-- seen --><?pi?><totals>")
    assert parse(raw).review is not None


def test_a_large_review_result_is_read_row_by_row() -> None:
    count = 5000
    rows = "".join(
        ACCEPTED.replace("00001", f"{number:05d}").replace("\n", "") for number in range(1, count + 1)
    )
    totals = (
        f'<totals><claimed statements="{count}" amount="{count * 10080}"/>'
        f'<decided statements="{count}" amount="{count * 10080}"/>'
        '<impossible statements="0" amount="0"/><adjusted statements="0" amount="0"/></totals>'
    )
    review = parse(
        document(f'<review round="20260701" complete="true">{CLAIM_REF}{totals}{rows}</review>')
    ).review
    assert review is not None
    assert review.statements["statement_no"].to_pylist()[-1] == "05000"
    assert len(review.statements) == count
