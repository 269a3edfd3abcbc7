"""Random statements that reach every branch: facts drawn around the edges of the rules, lines of every part."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

import pyarrow as pa

HOSPITALS = [
    "tertiary",
    "general",
    "hospital",
    "clinic",
    "dental_clinic",
    "korean_clinic",
    "health_center_hospital",
]
HOSPITALS += ["long_term_care", "psychiatric_hospital", "dental_hospital", "korean_hospital"]
EDGES = [
    date(2018, 1, 1),
    date(2018, 7, 1),
    date(2019, 1, 1),
    date(2019, 4, 8),
    date(2019, 7, 1),
    date(2020, 1, 1),
]
EDGES += [date(2020, 9, 1), date(2020, 10, 8), date(2022, 3, 22), date(2023, 12, 1), date(2024, 1, 1)]
EDGES += [date(2024, 7, 1), date(2024, 7, 17), date(2024, 9, 13), date(2024, 9, 30), date(2025, 1, 1)]
EDGES += [date(2025, 10, 1), date(2017, 10, 1), date(2017, 1, 1)]
AGES = [0, 1, 2, 5, 6, 15, 16, 18, 19, 40, 64, 65, 80]
V_SYMBOLS = [
    "V000",
    "V010",
    "V027",
    "V103",
    "V161",
    "V191",
    "V193",
    "V268",
    "V001",
    "V012",
    "V231",
    "V800",
    "V810",
]
SYMBOLS = {
    "outpatient": [
        "F003",
        "F009",
        "F015",
        "F016",
        "F021",
        "F022",
        "F023",
        "F024",
        "F025",
        "F026",
        "F028",
        "F029",
        "F030",
        "F031",
        "S042",
        "V006",
        "V084",
        *V_SYMBOLS,
    ],
    "inpatient": [
        "F001",
        "F005",
        "F006",
        "F007",
        "F011",
        "F013",
        "F014",
        "F017",
        "F018",
        "F019",
        "F020",
        "F023",
        "F027",
        "F028",
        "V273",
        "V305",
        "S031",
        *V_SYMBOLS,
    ],
    "pharmacy": ["V252", "V352", "V452", "V100", "F015", "F028", "F024", *V_SYMBOLS],
    "home": ["V008", "V194", "V251", "V231", "V274", "V293", "V301", "V302", "V303", "V801"],
}
COPAY_CLASSES = {
    "MA1": ["M001", "M004", "M011", "M016", "B005", "B007", "B014", "B016", "B030"],
    "MA2": ["B001", "B007", "B010", "B011", "B012", "B013", "B014", "B015", "B016", "B030"],
}
PAIRS = {"F015": "B010", "F016": "B011", "F023": "B014", "F029": "B016", "V010": "B030", "V800": "B013"}
FITTING: dict[str, dict[str, Any]] = {
    "F005": {"age_years": 0}, "F006": {"provider_kind": "long_term_care"}, "F024": {"age_years": 0},
    "F025": {"provider_kind": "tertiary"}, "F026": {"provider_kind": "tertiary"}, "F027": {"age_years": 1},
    "F019": {"age_years": 5}, "F020": {"age_years": 6}, "F018": {"age_years": 15},
    "F022": {"provider_kind": "hospital"},
    "V301": {"provider_kind": "clinic"}, "V194": {"provider_kind": "clinic"},
}  # fmt: skip
PARTS = [
    "ISOLATION",
    "ROOM2",
    "ROOM3",
    "ROOM4",
    "PSYCHOTHERAPY",
    "SEALING",
    "CHUNA",
    "CHUNA_COMPLEX",
    "TELE_ADVICE",
]
PARTS += ["RETURN_REFERRAL", "COVID_ORAL", "COVID_INJECTION", "COVID_TEST", "DISABLED_DENTAL", "RETIRED_DRUG"]
PARTS += ["CHRONIC_MANAGEMENT", "LONG_ACTING_INJECTION"]


def draw_statement(random: Random) -> dict[str, Any]:
    """The facts of one statement; not always computable."""
    chance = random.random
    care = random.choices(["outpatient", "inpatient", "pharmacy", "home"], [55, 28, 12, 5])[0]
    insurer = random.choices(["HI", "MA1", "MA2"], [60, 15, 25])[0]
    kind = "pharmacy" if care == "pharmacy" else random.choice(HOSPITALS)
    edge = random.choice(EDGES) if chance() < 0.4 else date(2025, 11, 1)
    on = edge + timedelta(days=random.choice([-1, 0, 1, 40]))
    if chance() < 0.1:
        kind = "clinic"
    one: dict[str, Any] = {
        "insurer": insurer, "care": care, "provider_kind": kind, "care_on": on, "age_years": random.choice(AGES),
        "area": random.choice(["dong", "dong", "eup_myeon"]) if chance() < 0.98 else "",
    }  # fmt: skip
    if care == "inpatient" and chance() < 0.4:
        one["care_until"] = on + timedelta(days=random.choice([0, 3, 25]))
    symbols = set()
    if chance() < (0.95 if care == "home" else 0.5):
        symbols.add(random.choice(SYMBOLS[care]))
    if chance() < 0.08:
        symbols.add(random.choice(SYMBOLS[care]))
    if symbols & {"F003"} and chance() < 0.7:
        symbols |= {"F015"} if chance() < 0.5 else set()
        one["age_years"] = random.choice([0, 30])
    for symbol in sorted(symbols & set(FITTING)):
        one |= FITTING[symbol] if chance() < 0.7 else {}
    if insurer == "HI":
        draw_insured(random, one)
    else:
        draw_medical_aid(random, one, symbols)
    if chance() < 0.06 and care == "outpatient":
        one["dental_prosthesis"] = random.choice(["denture", "implant"])
        one["age_years"] = random.choice([64, 65, 80])
    draw_rest(random, one)
    one["special_symbols"] = " ".join(sorted(symbols))
    return one


def draw_insured(random: Random, one: dict[str, Any]) -> None:
    if random.random() < 0.35:
        pharmacy = ["3", "5", "6", "J", "C", "E", "F"]
        usual = ["1", "4", "7", "8", "B", "C", "C", "E", "E", "E", "F", "F", "G", "H", "D"]
        one["injury_work_class"] = random.choice(pharmacy if one["care"] == "pharmacy" else usual)
    elif random.random() < 0.12:
        one["veterans_class"] = "A" if one["care"] == "pharmacy" else random.choice("94572")
        one["veterans_site"] = random.choice(["veterans_hospital", "entrusted"])
    if one.get("injury_work_class") in ("G", "H") or random.random() < 0.01:
        one["support_won"] = random.choice([0, 10, 1000])
    if random.random() < 0.2 and one["care"] == "inpatient":
        one["copay_this_year_won"] = random.choice([0, 7_900_000, 8_250_000, 8_430_000])


def draw_medical_aid(random: Random, one: dict[str, Any], symbols: set[str]) -> None:
    classes = {"MA1": ["1", "1", "4", "N"], "MA2": ["2", "2", "2", "6", "8"]}
    one["medical_aid_class"] = random.choice(classes[one["insurer"]]) if random.random() < 0.9 else ""
    if random.random() < 0.4:
        one["medical_aid_copay_class"] = random.choice(COPAY_CLASSES[one["insurer"]])
    for symbol in sorted(symbols & set(PAIRS)):
        if random.random() < 0.8 and one["insurer"] == "MA2":
            one["medical_aid_copay_class"] = PAIRS[symbol]
    if "F024" in symbols and one["insurer"] == "MA2" and random.random() < 0.5:
        one |= {"medical_aid_copay_class": "B015", "medical_aid_level": "2"}
    if random.random() < 0.2:
        one["medical_aid_level"] = random.choice("123")
    if random.random() < 0.1:
        one["injury_work_class"] = random.choice("4BCE")
    if random.random() < 0.1:
        one["loan_won"] = random.choice([0, 100, 5000])


def draw_rest(random: Random, one: dict[str, Any]) -> None:
    if one["care"] == "pharmacy":
        one["prescriber_kind"] = random.choice(["tertiary", "general", "hospital", "clinic"])
        one["prescriber_area"] = random.choice(["dong", "eup_myeon"])
        one["is_veterans_prescriber"] = random.random() < 0.1
        one["is_direct_dispensing"] = random.random() < 0.3
        one["is_public_health_prescription"] = random.random() < 0.1
        one["dispensing_days"] = random.choice([0, 1, 2, 3, 7])
    if one["care"] == "outpatient":
        one["visit_count"] = random.choice([1, 1, 1, 2])
        one["in_house_count"] = random.choice([0, 0, 1, 2])
        for name in ("is_dispensing_exempt_area", "is_korean_medicine_department", "has_medication"):
            one[name] = random.random() < 0.3
        one["is_chronic_continuing"] = random.random() < 0.15
    one["is_benefit_restricted"] = random.random() < 0.01
    one["is_unapproved_transplant"] = random.random() < 0.01


def draw_lines(random: Random, one: dict[str, Any]) -> list[dict[str, Any]]:
    """Lines of one statement: consultation, drugs, acts, and now and then a part with a rate of its own."""
    lines = []
    if one["care"] != "pharmacy":
        lines.append(priced(random, "01", random.choice([600, 1000, 15_000, 21_030])))
    for _ in range(random.choice([0, 1, 1, 2, 4])):
        lines.append(
            priced(random, random.choice(["03", "04", "08", "09", "10"]), random.choice([7, 120, 4990, 9000]))
        )
    if one["care"] == "inpatient":
        lines.append(priced(random, "02", 50_000, mok="01"))
        lines.append(priced(random, "02", 5_130, mok="10"))
        if random.random() < 0.4:
            lines.append(priced(random, "02", 1_240, mok="11"))
        if random.random() < 0.3:
            base = random.choice(["ROOM", "ROOM2", "ROOM3", "ROOM4"])
            lines.append(
                priced(random, "02", 45_670, mok="01", base=base, long_stay=random.choice(["", "16", "31"]))
            )
    if random.random() < 0.3:
        lines.append(priced(random, "S", 123_450))
    if random.random() < 0.2:
        lines.append(priced(random, "T", 33_330))
    if random.random() < 0.25:
        lines.append(priced(random, "08", 12_345, base=random.choice(PARTS)))
    if random.random() < 0.2:
        lines.append(priced(random, random.choice("ABDEU"), 4_567))
    if random.random() < 0.03:
        lines.append(priced(random, random.choice("VW"), 4_567))
    return lines or [priced(random, "08", 9_999)]


def priced(random: Random, hang: str, won: int, **marks: Any) -> dict[str, Any]:
    """A line with a price and quantities, or with its amount given."""
    line: dict[str, Any] = {"hang": hang, "mok": marks.pop("mok", "01"), **marks}
    if random.random() < 0.1:
        return line | {"amount_won": won}
    is_drug = hang in ("03", "04") and random.random() < 0.8
    line |= {
        "unit_price": won * 100 + random.choice([0, 0, 33]),
        "is_drug": is_drug,
        "total_days": random.choice([1, 1, 3]),
    }
    line |= {"dose_qty": random.choice([10_000, 5_000, 3_333]) if is_drug else 0}
    line |= {"daily_qty": random.choice([100, 100, 150, 300])}
    return line | {"is_type_added": hang not in "UVW" and random.random() < 0.25}


def as_tables(
    statements: list[dict[str, Any]], lines: list[list[dict[str, Any]]]
) -> tuple[pa.Table, pa.Table]:
    """The engine's two tables, keyed by place."""
    rows = [{"statement_key": f"k{place}", **one} for place, one in enumerate(statements)]
    flat = [{"statement_key": f"k{place}", **line} for place, some in enumerate(lines) for line in some]
    return to_table(rows), to_table(flat)


def to_table(rows: list[dict[str, Any]]) -> pa.Table:
    """Rows whose keys differ as one table; a missing key is null."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pa.table({name: [row.get(name) for row in rows] for name in names})
