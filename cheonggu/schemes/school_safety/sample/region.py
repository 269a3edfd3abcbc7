"""Schools, pupils, accidents and sound claims of the made-up region, as plain rows by view.

Every name is invented. The same size, day and seed give the same rows.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

ASSOCIATION = "GJ-SSMA"
SURNAMES = "김이박최정강조윤장임한오서신권황안송류홍"
GIVEN = (
    "가온",
    "나래",
    "다솜",
    "라온",
    "마루",
    "바다",
    "새봄",
    "아람",
    "자람",
    "초롱",
    "하늘",
    "한결",
    "도담",
    "슬기",
)
SCHOOLS = (
    ("elem", "빛고을가람초등학교"),
    ("elem", "무등누리초등학교"),
    ("middle", "새벽별중학교"),
    ("middle", "푸른솔중학교"),
    ("high", "한빛고등학교"),
    ("kinder", "해오름유치원"),
    ("special", "온누리학교"),
)
DESKS = {"kinder": "062-000-0078", "elem": "062-000-0078", "middle": "062-000-0077"}
ACTIVITIES = ("class", "break", "pe", "event", "meal", "commute")
INJURIES = ("손목 골절", "발목 염좌", "앞니 파절", "이마 열상", "손가락 타박상")
FACILITIES = (
    ("가온정형외과의원", "1010000001"),
    ("빛고을병원", "1010000002"),
    ("나래치과의원", "1010000003"),
)
PHARMACY = ("도담약국", "1010000009")
COVERED = (
    ("진찰료", "covered_copay", (3_000, 6_000)),
    ("단순 처치료", "covered_copay", (2_000, 15_000)),
    ("방사선 단순촬영", "covered_copay", (4_000, 20_000)),
    ("부목 고정술", "covered_copay", (9_000, 40_000)),
    ("봉합술", "covered_copay", (15_000, 60_000)),
)
LARGE = ("관혈적 정복술", "covered_copay", (420_000, 900_000))
BASIC_PAPERS = ("RECEIPT", "ITEMISED", "BANKBOOK")
LARGE_PAPERS = ("DIAGNOSIS", "RESIDENT_REG")
LARGE_WON = 500_000

Row = dict[str, Any]


@dataclass
class Region:
    """Rows by view, what the papers hold, and claims that wait for a signature."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    unsigned: set[str] = field(default_factory=set)

    def add(self, view: str, **values: Any) -> Row:
        row = dict(values)
        self.rows.setdefault(view, []).append(row)
        return row

    def of_claim(self, view: str, key: str) -> list[Row]:
        return [row for row in self.rows.get(view, []) if row["statement_key"] == key]

    def one(self, view: str, column: str, value: str) -> Row:
        return next(row for row in self.rows[view] if row[column] == value)


def make_region(draw: random.Random, count: int, as_of: date, paper: Callable[[str, int], bytes]) -> Region:
    """A region with ``count`` sound claims registered in the two months before ``as_of``."""
    region = Region()
    _add_places(region)
    pupils = _add_pupils(region, draw, max(count * 2 // 3, 20))
    accidents = [
        _add_accident(region, draw, number, pupils, as_of) for number in range(1, count * 4 // 5 + 1)
    ]
    for number in range(1, count + 1):
        # Some accidents get several claims: interim ones while treatment goes on, a final one at the end.
        accident = accidents[(number - 1) % len(accidents)]
        stage = "final" if number > len(accidents) else draw.choice(("interim", "final"))
        _add_claim(region, draw, number, accident, stage, as_of, paper)
    return region


def _add_places(region: Region) -> None:
    region.add(
        "association",
        provider_code=ASSOCIATION,
        association_name="빛고을학교안전공제회(표본)",
        region="gwangju",
        address="광주광역시 표본구 예시로 1",
        phone="062-000-0000",
        portal_url="https://portal.example",
    )
    for number, (level, name) in enumerate(SCHOOLS, start=1):
        region.add(
            "school",
            provider_code=ASSOCIATION,
            school_code=f"S{number:04d}",
            school_name=name,
            school_level=level,
            desk_phone=DESKS.get(level, ""),
        )


def _add_pupils(region: Region, draw: random.Random, count: int) -> list[Row]:
    return [
        region.add(
            "pupil",
            provider_code=ASSOCIATION,
            pupil_key=f"P{number:06d}",
            pupil_name=draw.choice(SURNAMES) + draw.choice(GIVEN),
            birth_on=date(draw.randint(2008, 2019), draw.randint(1, 12), draw.randint(1, 28)),
            victim_role="pupil",
            grade_class=f"{draw.randint(1, 6)}학년 {draw.randint(1, 9)}반",
        )
        for number in range(1, count + 1)
    ]


def _add_accident(region: Region, draw: random.Random, number: int, pupils: list[Row], as_of: date) -> Row:
    on = as_of - timedelta(days=draw.randint(40, 300))
    online = draw.random() < 0.8
    return region.add(
        "accident",
        provider_code=ASSOCIATION,
        accident_no=f"Temp1-2026-{number:07d}",
        school_code=f"S{draw.randint(1, len(SCHOOLS)):04d}",
        pupil_key=pupils[(number - 1) % len(pupils)]["pupil_key"],
        accident_on=on,
        activity_kind=draw.choice(ACTIVITIES),
        accident_kind="bodily",
        vehicle="none",
        approval_mode="online" if online else "offline",
        approved_on=on + timedelta(days=1),
        notified_on=on + timedelta(days=1 if online else 3),
        status="ACCEPTED",
    )


def _add_claim(
    region: Region,
    draw: random.Random,
    number: int,
    accident: Row,
    stage: str,
    as_of: date,
    paper: Callable[[str, int], bytes],
) -> None:
    key = f"C{number:06d}"
    last = as_of - timedelta(days=draw.randint(2, 25))
    first = max(accident["accident_on"], last - timedelta(days=draw.randint(0, 12)))
    registered = as_of - timedelta(days=draw.randint(0, 1))
    role = draw.choices(("school", "parent"), (6, 4))[0]
    pupil = region.one("pupil", "pupil_key", accident["pupil_key"])
    guardian = pupil["pupil_name"][0] + draw.choice(GIVEN)
    claim = region.add(
        "benefit_claim",
        statement_key=key,
        provider_code=ASSOCIATION,
        care_month=f"{registered:%Y%m}",
        school_code=accident["school_code"],
        pupil_key=accident["pupil_key"],
        accident_no=accident["accident_no"],
        case_kind="accident",
        benefit_kind="care",
        claim_stage=stage,
        claimant_role=role,
        claimant_name=guardian,
        claimant_relation="부모",
        claimant_phone=f"010-0000-{number:04d}",
        claimant_email=f"guardian{number:04d}@mail.example",
        claimant_address="광주광역시 표본구 본보기길 " + str(number),
        injury=draw.choice(INJURIES),
        treated_from=first,
        treated_to=last,
        claimed_won=0,
        is_auto_compensated="N",
        other_compensation_won=0,
        private_insurance_won=draw.choice((0, 0, 30_000)),
        preexisting_won=0,
        is_school_payee="N",
        bank_name="표본은행",
        account_holder=guardian,
        account_no=f"000-{number:06d}-00",
        channel=draw.choices(("online", "registered_mail"), (9, 1))[0],
        registered_on=registered,
        school_received_on=None,
    )
    if role == "school" and draw.random() < 0.08:
        region.unsigned.add(key)
    else:
        region.add("signature", statement_key=key, signed_on=registered, method="mobile")
    _add_receipts(region, draw, claim, first, last)
    add_papers(region, claim, number, paper)


def _add_receipts(region: Region, draw: random.Random, claim: Row, first: date, last: date) -> None:
    key = claim["statement_key"]
    is_large = draw.random() < 0.12
    for place in range(1, draw.randint(1, 2) + 1):
        name, biz_no = draw.choice(FACILITIES)
        lines = draw.sample(COVERED, draw.randint(1, 3)) + ([LARGE] if is_large and place == 1 else [])
        add_receipt(
            region,
            claim,
            place,
            (name, biz_no),
            [(one, nhi_class, draw.randrange(low, high, 10)) for one, nhi_class, (low, high) in lines],
            first,
            last,
        )
    total = sum(row["amount_won"] for row in region.of_claim("item", key))
    claim["claimed_won"] = total


def add_receipt(
    region: Region,
    claim: Row,
    place: int,
    facility: tuple[str, str],
    lines: list[tuple[str, str, int]],
    first: date,
    last: date,
) -> list[Row]:
    """One receipt with its lines (name, class, won); the patient has paid all of it."""
    key = claim["statement_key"]
    receipt = f"R{key[1:]}-{place}"
    region.add(
        "receipt",
        statement_key=key,
        receipt_key=receipt,
        receipt_kind="medical",
        facility_name=facility[0],
        facility_code="",
        biz_no=facility[1],
        patient_class="nhi",
        treated_from=first,
        treated_to=last,
        paid_on=last,
        paid_won=sum(won for _, _, won in lines),
        over_cap_won=0,
    )
    return [
        region.add(
            "item",
            statement_key=key,
            item_key=f"{key}-{place}-{line_no}",
            receipt_key=receipt,
            line_no=line_no,
            name=name,
            nhi_class=nhi_class,
            line_cat="OTHER" if nhi_class.startswith("covered") else "",
            amount_won=won,
            treated_on=first,
            times=1,
        )
        for line_no, (name, nhi_class, won) in enumerate(lines, start=1)
    ]


def add_papers(region: Region, claim: Row, number: int, paper: Callable[[str, int], bytes]) -> None:
    """The papers that the claim needs by its amount."""
    codes = BASIC_PAPERS + (LARGE_PAPERS if claim["claimed_won"] >= LARGE_WON else ())
    for place, code in enumerate(codes, start=1):
        add_paper(region, claim["statement_key"], place, code, paper(code, number))


def add_paper(region: Region, key: str, place: int, code: str, raw: bytes, item_key: str = "") -> Row:
    """One paper; its hash is filled in when everything is planted."""
    is_png = raw.startswith(b"\x89PNG")
    path = f"papers/{key}-{place:02d}-{code}.{'png' if is_png else 'pdf'}"
    region.files[path] = raw
    return region.add(
        "attachment",
        statement_key=key,
        attachment_no=place,
        document_code=code,
        item_key=item_key,
        file_path=path,
        media_type="image/png" if is_png else "application/pdf",
    )
