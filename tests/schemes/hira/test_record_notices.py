"""Record files of notices: told by content, read by layout, whole or not at all."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from cheonggu.errors import DataFileError, IncompleteNoticeError, NoticeError, UnknownFormError
from cheonggu.formats.notice_layouts import load_notice_layouts
from cheonggu.schemes.hira.record_notices import parse_records
from tests.schemes.hira.record_samples import LAYOUTS, PROVIDER, i010, i020, write

CLAIM = "2026050001"
# Record lengths without CR LF that the reference gives for the known notices.
LENGTHS = {
    ("I010", 1): 1834,
    ("I020", 1): 1162,
    ("I020", 2): 880,
    ("I020", 3): 617,
    ("I030", 1): 467,
    ("I030", 2): 64,
    ("I030", 3): 386,
    ("I060", 1): 392,
    ("I060", 2): 881,
    ("I060", 3): 27,
}


def test_the_known_layouts_have_their_true_lengths() -> None:
    assert {key: layout.length for key, layout in LAYOUTS.items()} == LENGTHS


def test_a_receipt_and_a_return_of_an_industrial_claim() -> None:
    raw = i010(CLAIM) + i010("2026050002", result="3", receipt_no="")
    notice = parse_records({"I010.1": raw})
    assert (notice.kind, notice.form, notice.source, notice.issued) == (
        "receipt",
        "I010",
        "kcomwel",
        date(2026, 7, 9),
    )
    received, returned = notice.receipts
    assert (received.result, received.receipt_no, received.receipt_year) == (
        "received",
        "202600000001234",
        "2026",
    )
    assert (received.statement_count, received.claimed_amount) == (3, 30_240)
    assert (returned.result, returned.receipt_no) == ("returned", None)
    assert [(one.code, one.detail_code, one.text) for one in returned.reasons] == [
        ("09", "03", "건수 불일치")
    ]


def test_a_review_result_of_three_groups() -> None:
    notice = parse_records(i020(CLAIM), providers={PROVIDER: "11100011"})
    assert (notice.provider_code, notice.document_no) == ("11100011", f"I020-{PROVIDER}-202600000001234-1")
    review = notice.review
    assert review is not None
    assert (review.claim_no, review.review_round, review.complete) == (CLAIM, "1", True)
    assert review.statements["outcome"].to_pylist() == ["accepted", "adjusted", "impossible"]
    assert review.statements["decided_amount"].to_pylist() == [10_080, 9_570, 0]
    assert (review.totals.decided_amount, review.totals.impossible_amount) == (19_650, 10_080)
    assert [
        (row["statement_no"], row["code"], row["line_no"], row["amount"])
        for row in review.findings.to_pylist()
    ] == [
        ("00003", "*", None, 10_080),
        ("00002", "B", 3, 510),
    ]
    assert "홍길동" not in repr(notice) + str(review.statements.to_pylist()) + str(
        review.findings.to_pylist()
    )


def test_the_older_result_tells_refusals_by_its_reason_codes() -> None:
    number = {"receipt_no": "12345678", "notice_round": "1"}
    head = number | {"form_no": "I030", "provider_code": PROVIDER, "notice_date": "260720"}
    rows = [(1, 10_000, 10_000, 0), (2, 10_000, 9_000, 1_000), (3, 5_000, 0, 0), (4, 4_000, 0, 0)]
    names = ("statement_no", "claimed_amount", "decided_amount", "cut_amount")
    statements = [number | dict(zip(names, row, strict=True)) for row in rows]
    reasons = [
        number | {"statement_no": 2, "line_no": 7, "reason_code": "B", "cut_amount": 1_000},
        number | {"statement_no": 3, "reason_code": "16"},
    ]
    groups = {1: [head], 2: statements, 3: reasons}
    notice = parse_records({f"x.{group}": write("I030", group, made) for group, made in groups.items()})
    assert notice.review is not None
    assert notice.issued == date(2026, 7, 20)
    assert notice.review.statements["outcome"].to_pylist() == ["accepted", "adjusted", "impossible", "held"]


def test_a_request_for_material() -> None:
    head = {"notice_month": "202607", "notice_seq": 4, "form_no": "I060", "provider_code": f"{PROVIDER}1"}
    item = {
        "request_month": "202606",
        "request_seq": 2,
        "line_no": 1,
        "guide_kind": "6",
        "request_text": "거래명세서",
    }
    records = {"I060.1": write("I060", 1, [head]), "I060.2": write("I060", 2, [item]), "I060.3": b""}
    request = parse_records(records).supplement_request
    assert request is not None
    assert [(one.text, one.application_no, one.line_no) for one in request.items] == [
        ("거래명세서", "202606-2", 1)
    ]


def test_names_do_not_decide_but_the_content_does() -> None:
    records = i020(CLAIM)
    renamed = {f"F020_{place}.{name[-1]}.txt": raw for place, (name, raw) in enumerate(records.items())}
    assert parse_records(renamed).form == "I020"
    assert parse_records({"whatever": i010(CLAIM)}).form == "I010"


def test_an_empty_group_is_fine_and_a_missing_one_is_not() -> None:
    records = i020(CLAIM)
    assert parse_records(records | {"I020.3": b""}).review is not None
    with pytest.raises(IncompleteNoticeError, match="group 3 is missing"):
        parse_records({name: raw for name, raw in records.items() if name != "I020.3"})


@pytest.mark.parametrize("cut", [1, 700, 1_835, 1_900])
def test_a_file_cut_short_is_refused(cut: int) -> None:
    raw = i010(CLAIM) + i010("2026050002")
    with pytest.raises(NoticeError, match="cut short"):
        parse_records({"I010.1": raw[: -cut - 2]})


def test_what_no_layout_fits_is_of_unknown_form() -> None:
    for records in ({"F020.1": b"F020 something\r\n"}, {"F020.1": b""}, {"letter.txt": b"hello"}):
        with pytest.raises(UnknownFormError, match="No layout is known"):
            parse_records(records)


def test_sums_that_do_not_agree_are_refused() -> None:
    records = i020(CLAIM)
    with pytest.raises(NoticeError, match="sum of its parts"):
        parse_records(records | {"I020.2": records["I020.2"].replace(b"000000010080", b"000000010081", 1)})
    with pytest.raises(NoticeError, match="totals are not"):
        parse_records(records | {"I020.1": records["I020.1"].replace(b"000000019650", b"000000019651", 1)})


def test_a_mark_says_that_a_file_is_utf_8() -> None:
    raw = i010(CLAIM, result="2", receipt_no="")
    assert (
        parse_records({"I010.1": b"\xef\xbb\xbf" + raw.decode("cp949").encode()}).receipts[0].reasons[0].text
        == "건수 불일치"
    )
    with pytest.raises(NoticeError, match="neither CP949 nor UTF-8"):
        parse_records({"I010.1": b"\xef\xbb\xbf\xff\xfe"})


F020 = """document,group,seq,name_en,name_ko,type,length
F020,F020.1,1,form_no,서식,an,4
F020,F020.1,2,provider_code,기호,an,8
F020,F020.1,3,review_round,차수,an,8
F020,F020.1,4,notice_date,통보일,an,8
F020,F020.1,5,receipt_no,접수번호,an,7
F020,F020.1,6,receipt_year,접수년도,an,4
F020,F020.1,7,claim_no,청구번호,an,10
F020,F020.1,8,payer_class,종별,an,1
F020,F020.2,1,statement_no,명일련,an,5
F020,F020.2,2,claimed_total_1,청구총액,n,10
F020,F020.2,3,claimed_copay,청구본인,n,10
F020,F020.2,4,claimed_amount,청구액,n,10
F020,F020.2,5,decided_total_1,결정총액,n,10
F020,F020.2,6,decided_copay,결정본인,n,10
F020,F020.2,7,decided_amount,결정액,n,10
F020,F020.3,1,statement_no,명일련,an,5
F020,F020.3,2,line_no,줄,n,4
F020,F020.3,3,reason_code,사유,an,4
F020,F020.3,4,adjusted_amount,조정액,n,10
F020,F020.4,1,claimed_count,건수,n,6
F020,F020.4,2,claimed_amount,청구액,n,12
F020,F020.4,3,decided_amount,결정액,n,12
F010,F010.1,1,form_no,서식,an,4
F010,F010.1,2,provider_code,기호,an,8
F010,F010.1,3,receipt_date,일자,an,8
F010,F010.2,1,receipt_date,일자,an,8
F010,F010.2,2,result_code,구분,an,3
F010,F010.2,3,receipt_no,접수번호,an,7
F010,F010.2,4,claim_no,청구번호,an,10
F010,F010.2,5,receipt_kind,접수구분,an,1
F010,F010.2,6,statement_count,건수,n,6
F010,F010.2,7,claimed_amount,청구액,n,12
F010,F010.3,1,claim_no,청구번호,an,10
F010,F010.3,2,return_reason,사유,an,5
F040,F040.1,1,form_no,서식,an,4
F040,F040.1,2,provider_code,기호,an,8
F040,F040.1,3,settle_round,차수,an,8
F040,F040.1,4,settle_date,일자,an,8
F040,F040.1,5,receipt_no,접수번호,an,7
F040,F040.1,6,claim_no,청구번호,an,10
F040,F040.2,1,remark,비고,an,5
F040,F040.3,1,statement_no,명일련,an,5
F040,F040.3,2,prev_decided_amount,이전,n,10
F040,F040.3,3,settled_decided_amount,정산,n,10
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "hospital.csv"
    path.write_text(F020, encoding="utf-8")
    return path


def test_a_sites_layout_table_makes_a_form_readable(table: Path) -> None:
    layouts = load_notice_layouts(table)
    head = {
        "form_no": "F020",
        "provider_code": "11100011",
        "review_round": "20260701",
        "notice_date": "20260720",
    }
    head |= {"receipt_no": "0001234", "receipt_year": "2026", "claim_no": CLAIM, "payer_class": "4"}
    amounts = {"claimed_total_1": 14_280, "claimed_copay": 4_200, "claimed_amount": 10_080}
    cut = {"decided_total_1": 13_570, "decided_copay": 4_000, "decided_amount": 9_570}
    statements = [amounts | cut | {"statement_no": "00002"}, amounts | {"statement_no": "00003"}]
    reasons = [
        {"statement_no": "00002", "line_no": 3, "reason_code": "B", "adjusted_amount": 710},
        {"statement_no": "00003", "reason_code": "35", "adjusted_amount": 14_280},
    ]
    totals = {"claimed_count": 3, "claimed_amount": 30_240, "decided_amount": 19_650}
    groups = {1: [head], 2: statements, 3: reasons, 4: [totals]}
    records = {f"F020.{group}": write("F020", group, rows, layouts) for group, rows in groups.items()}
    with pytest.raises(UnknownFormError):
        parse_records(records)
    review = parse_records(records, [table]).review
    assert review is not None
    assert (review.complete, review.totals.adjusted_amount, review.totals.impossible_amount) == (
        False,
        510,
        10_080,
    )
    assert review.statements["outcome"].to_pylist() == ["adjusted", "impossible"]
    assert review.payer_refused == {"00003"}


def test_receipts_and_settlements_by_a_sites_table(table: Path) -> None:
    layouts = load_notice_layouts(table)
    head = {"form_no": "F010", "provider_code": "11100011", "receipt_date": "20260708"}
    row = {"receipt_date": "20260708", "claim_no": CLAIM, "receipt_kind": "2", "statement_count": 3}
    rows = [
        row | {"result_code": "7EA", "receipt_no": "0001234", "claimed_amount": 30_240},
        row | {"result_code": "7ET", "receipt_no": "0000000", "claim_no": "2026050002"},
        row | {"result_code": "7EA", "receipt_no": "0001235", "receipt_kind": "3"},
    ]
    groups = {1: [head], 2: rows, 3: [{"claim_no": "2026050002", "return_reason": "09-03"}]}
    records = {f"F010.{group}": write("F010", group, made, layouts) for group, made in groups.items()}
    received, returned = parse_records(records, [table]).receipts
    assert (received.result, received.receipt_no) == ("received", "0001234")
    assert (returned.result, returned.receipt_no, returned.reasons[0].detail_code) == ("returned", None, "03")
    head = {
        "form_no": "F040",
        "provider_code": "11100011",
        "settle_round": "20260001",
        "settle_date": "20260801",
    }
    head |= {"receipt_no": "0001234", "claim_no": CLAIM}
    change = {"statement_no": "00002", "prev_decided_amount": 9_570, "settled_decided_amount": 10_080}
    groups = {1: [head], 2: [], 3: [change]}
    records = {f"F040.{group}": write("F040", group, made, layouts) for group, made in groups.items()}
    settlement = parse_records(records, [table]).settlement
    assert settlement is not None
    assert (settlement.settle_round, settlement.statements["difference"].to_pylist()) == ("20260001", [510])


ODD = {
    "a field without a length": (
        "F040,F040.1,1,form_no,서식,an,4",
        "F040,F040.1,1,form_no,서식,an,",
        "no length",
    ),
    "a hint is no length": (
        "F040,F040.1,1,form_no,서식,an,4",
        "F040,F040.1,1,form_no,서식,an,4?",
        "no length",
    ),
    "a gap in the order": ("F040,F040.1,2,provider", "F040,F040.1,3,provider", "want 2"),
    "a strange type": ("claimed_count,건수,n,6", "claimed_count,건수,x,6", "want an, n or d"),
    "a number too long": ("claimed_count,건수,n,6", "claimed_count,건수,n,19", "more than 18 digits"),
    "a name twice": ("F040,F040.1,2,provider_code", "F040,F040.1,2,form_no", "stands twice"),
    "a missing column": ("document,group,seq,name_en", "document,group,seq,name", "lacks column name_en"),
    "a strange group": ("F040,F040.1,1", "F040,4x,1", "no record group"),
}


@pytest.mark.parametrize("case", ODD)
def test_an_odd_layout_table_is_refused_by_row(tmp_path: Path, case: str) -> None:
    old, new, words = ODD[case]
    assert old in F020
    (tmp_path / "odd.csv").write_text(F020.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataFileError, match=words):
        load_notice_layouts(tmp_path / "odd.csv")
