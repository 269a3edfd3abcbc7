"""The slow reference: one statement at a time in Decimal, written from the co-payment table and the amounts reference.

It shares nothing with the engine: no rule file, no helper, no order list. It is what a careful person would write by
hand, branch by branch, and serves as the yardstick of correctness and of speed.
"""

from __future__ import annotations

import csv
from datetime import date
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

D = Decimal
ONE, ZERO = D(1), D(0)
SYMBOLS_CSV = Path(__file__).parents[2] / "cheonggu" / "schemes" / "hira" / "codes" / "special_symbol.csv"
SYMBOLS = {row["symbol"]: row for row in csv.DictReader(SYMBOLS_CSV.open(encoding="utf-8"))}
CLASS_OF = {
    "tertiary": "T", "general": "G", "hospital": "H", "psychiatric_hospital": "H", "long_term_care": "H",
    "dental_hospital": "H", "korean_hospital": "H", "clinic": "C", "dental_clinic": "C", "korean_clinic": "C",
    "health_center_hospital": "C", "pharmacy": "P",
}  # fmt: skip
LEVEL_OF = {"T": "3", "G": "2", "H": "2", "C": "1", "P": ""}
SEVERE = {"V191", "V192", "V193", "V247", "V248", "V250", "V268", "V273", "V275", "V305", "V306"}
ZERO_SEVERE = {"V191", "V192", "V268", "V273", "V275"}
CHRONIC = {
    "V001",
    "V003",
    "V005",
    "V009",
    "V012",
    "V013",
    "V014",
    "V015",
    "V117",
    "V277",
    "V278",
    "V284",
    "V286",
    "V288",
}
HOME = {"V008", "V194", "V231", "V251", "V274", "V293", "V801", "V811"}
MINOR = {"V252", "V352", "V452"}
DEMENTIA = {"V800", "V810"}
ADDITION = {"tertiary": (30, 15), "general": (25, 10), "hospital": (20, 5), "long_term_care": (20, 5)} | {
    "dental_hospital": (20, 5), "psychiatric_hospital": (20, 5), "korean_hospital": (20, 5),
    "health_center_hospital": (20, 5),
    "clinic": (15, 0), "dental_clinic": (15, 0), "korean_clinic": (15, 0),
}  # fmt: skip
UPPER = {2022: 598, 2023: 780, 2024: 808, 2025: 826, 2026: 843}
START = date(2017, 1, 1)  # documented default for rules without a stated start
AGES = {"F005": (0, 1), "F018": (2, 16), "F019": (0, 6), "F020": (6, 16), "F024": (0, 1), "F027": (0, 2)}
ONLY_FOR = {
    "F003": {"HI", "C", "DUTY"}, "F006": {"HI", "C", "DUTY"}, "F007": {"C", "EF"}, "F009": {"HI"},
    "F018": {"HI", "DUTY"}, "F019": {"C", "EF", "MA1", "MA2"}, "F020": {"C", "EF", "MA1", "MA2"},
    "F021": {"HI", "DUTY"}, "F022": {"HI", "C", "EF", "MA1", "MA2"}, "F023": {"MA1", "MA2"}, "F025": {"HI"},
    "F026": {"HI"}, "F027": {"HI", "DUTY"}, "F028": {"HI"}, "F029": {"HI", "MA1", "MA2"},
    "F030": {"HI", "C", "EF", "DUTY"}, "F031": {"HI"},
}  # fmt: skip
MEALS = ("MEAL_BASE", "MEAL_ADD")
KEEPS = (*MEALS, "ROOM2", "ROOM3", "ROOM4", "CHUNA", "CHUNA_COMPLEX")


class RefusedError(Exception):
    """No rule, no date, or a contradiction."""


class Way:
    """How a class is charged: rates by part, flat amounts, tiers already chosen."""

    def __init__(self, rule: str, rest: str | Decimal, unit: int, kind: str = "own", **more: Any) -> None:
        self.rule, self.rest, self.unit, self.kind = rule, D(rest), unit, kind
        self.rates: dict[str, Decimal] = {}
        for name in ("CONSULT", "DRUG", "S_EQUIP"):
            if name in more:
                self.rates[name] = D(more[name])
        self.flat = tuple(more.get("flat", (0, 0)))
        self.once: bool = more.get("once", False)
        self.least: int = more.get("least", 0)
        self.fund: str = more.get("fund", "")


def compute(st: dict[str, Any], lines: list[dict[str, Any]]) -> dict[str, Any]:
    """All amounts of one statement (won) and the id of the class rule; RefusedError when they cannot be known."""
    st = defaults() | {key: value for key, value in st.items() if value is not None}
    parts, sections, addition, total1 = add_up(st, lines)
    if "F028" in st["symbols"]:
        return youth(st, lines)
    check(st)
    way = choose(st, total1)
    if way.rule == "HI-OP-T-MINOR-FU":
        if any(sections.get(one) for one in "ABDE"):
            raise RefusedError("F025 with below-100 sections")
        if addition:
            parts, sections, addition, total1 = add_up(st, lines, with_addition=False)
    share, carved = charge(st, way, parts, total1)
    out = {"total_benefit_cost_1": total1, "type_addition": addition, "rule": way.rule, "carved": carved}
    pay(out, st, way, share, parts, total1)
    out["copay_ceiling_excess"] = ceiling(st, way, parts, out["patient_copay"])
    beside(out, st, way, sections)
    return out


def defaults() -> dict[str, Any]:
    texts = "area special_symbols medical_aid_class medical_aid_copay_class medical_aid_level veterans_class"
    texts += " veterans_site prescriber_kind prescriber_area dental_prosthesis"
    flags = (
        "is_veterans_prescriber is_direct_dispensing is_public_health_prescription is_dispensing_exempt_area"
    )
    flags += " is_korean_medicine_department has_medication is_chronic_continuing is_benefit_restricted"
    flags += " is_unapproved_transplant"
    known: dict[str, Any] = dict.fromkeys(texts.split(), "") | dict.fromkeys(flags.split(), False)
    return known | {
        "injury_work_class": "0",
        "visit_count": 1,
        "in_house_count": 0,
        "dispensing_days": 0,
        "symbols": (),
    }


# --- lines -----------------------------------------------------------------------------------------------------------


def add_up(
    st: dict[str, Any], lines: list[dict[str, Any]], with_addition: bool = True
) -> tuple[dict[str, int], dict[str, int], int, int]:
    """Parts of total 1, sums of the other sections, addition, total 1."""
    st["symbols"] = tuple(str(st["special_symbols"]).split())
    parts: dict[str, int] = {}
    sections: dict[str, int] = {}
    flagged: dict[str, dict[str, int]] = {}
    inside = 0
    for line in lines:
        hang, base = line["hang"], line.get("base") or ""
        if line.get("unit_price") is None:
            amount = line["amount_won"]
        else:
            dose = D(line["dose_qty"]).scaleb(-4) if line.get("is_drug") else ONE
            exact = (
                D(line["unit_price"]).scaleb(-2) * dose * D(line["daily_qty"]).scaleb(-2) * line["total_days"]
            )
            amount = int(exact.quantize(ONE, ROUND_HALF_UP))
            if amount > 9_999_999_999:
                raise RefusedError("line too large")
        if hang in ("A", "B", "D", "E", "U", "V", "W"):
            name = "A_EQUIP" if base else hang
            sections[hang] = sections.get(hang, 0) + amount
        else:
            inside += amount
            name = part_of(
                hang, line.get("mok") or "", base, line.get("long_stay") or "", bool(line.get("is_drug"))
            )
            parts[name] = parts.get(name, 0) + amount
        if line.get("is_type_added"):
            flagged.setdefault(hang, {}).setdefault(name, 0)
            flagged[hang][name] += amount
    addition = 0
    if flagged and with_addition:
        percent = addition_percent(st)
        for hang, by_part in flagged.items():
            extra = int((D(sum(by_part.values())) * percent / 100).quantize(ONE, ROUND_HALF_UP))
            addition += extra
            if hang in sections:
                sections[hang] += extra
            else:
                inside += extra
                spread(parts, by_part, percent)
    return parts, sections, addition, inside // 10 * 10


ORDER = ["OTHER", "CONSULT", "DRUG", "S_EQUIP", "T", *MEALS, "ISOLATION"]


def spread(parts: dict[str, int], by_part: dict[str, int], percent: int) -> None:
    """Share the addition of a section among its parts: running sums rounded, in the order of the documented list."""
    order = [*ORDER, *sorted(set(by_part) - set(ORDER), key=DOCUMENTED.index)]
    running = given = 0
    for name in order:
        if name in by_part:
            running += by_part[name]
            upto = int((D(running) * percent / 100).quantize(ONE, ROUND_HALF_UP))
            parts[name] += upto - given
            given = upto


DOCUMENTED = [
    "ROOM2", "ROOM3", "ROOM4", "ROOM_LONG16", "ROOM2_LONG16", "ROOM3_LONG16", "ROOM4_LONG16", "ROOM_LONG31",
    "ROOM2_LONG31", "ROOM3_LONG31", "ROOM4_LONG31", "PSYCHOTHERAPY", "SEALING", "CHUNA", "CHUNA_COMPLEX",
    "TELE_ADVICE", "RETURN_REFERRAL", "COVID_ORAL", "COVID_INJECTION", "COVID_TEST", "DISABLED_DENTAL",
    "RETIRED_DRUG", "CHRONIC_MANAGEMENT", "LONG_ACTING_INJECTION",
]  # fmt: skip


def part_of(hang: str, mok: str, base: str, long_stay: str, is_drug: bool) -> str:
    if long_stay:
        return f"{base}_LONG{long_stay}"
    if base:
        return "OTHER" if base == "ROOM" else base
    if hang == "02" and mok in ("10", "11"):
        return MEALS[int(mok) - 10]
    return {"01": "CONSULT", "S": "S_EQUIP", "T": "T"}.get(hang) or ("DRUG" if is_drug else "OTHER")


def addition_percent(st: dict[str, Any]) -> int:
    if st["provider_kind"] not in ADDITION:
        raise RefusedError("addition unknown")
    before, since = ADDITION[st["provider_kind"]]
    change = date(2024, 1, 1)
    if st["care_on"] < change <= last_day(st) and before != since:
        raise RefusedError("addition changes within the stay")
    return since if st["care_on"] >= change else before


def last_day(st: dict[str, Any]) -> date:
    return st.get("care_until") or st["care_on"]


# --- facts -----------------------------------------------------------------------------------------------------------


def who(st: dict[str, Any]) -> str:
    return {"1": "DUTY", "C": "C", "E": "EF", "F": "EF"}.get(st["injury_work_class"], st["insurer"])


def check(st: dict[str, Any]) -> None:
    injury, care, insurer = st["injury_work_class"], st["care"], st["insurer"]
    if st["provider_kind"] not in CLASS_OF or (care == "pharmacy") != (st["provider_kind"] == "pharmacy"):
        raise RefusedError("provider")
    if last_day(st) < st["care_on"] or not 0 <= st["age_years"] <= 150:
        raise RefusedError("dates or age")
    if who(st) in ("DUTY", "C", "EF") and insurer != "HI":
        raise RefusedError("class not for Medical Aid")
    if insurer == "HI" and (st["medical_aid_class"] or st["medical_aid_copay_class"]):
        raise RefusedError("Medical Aid facts")
    of_class = {"": insurer, "1": "MA1", "2": "MA2", "4": "MA1", "6": "MA2", "8": "MA2", "N": "MA1"}
    if insurer != "HI" and of_class.get(st["medical_aid_class"]) != insurer:
        raise RefusedError("Medical Aid class")
    check_copay_class(st)
    if injury == "D" or (injury == "7" and insurer != "HI"):
        raise RefusedError("veterans D or 7")
    if injury in ("4", "7") and st["veterans_site"] == "veterans_hospital":
        raise RefusedError("site")
    if injury == "B" and st["veterans_site"] == "entrusted":
        raise RefusedError("site")
    if injury in ("3", "5", "6", "J") and (care != "pharmacy" or insurer != "HI"):
        raise RefusedError("pharmacy class")
    if st["dental_prosthesis"] and (care != "outpatient" or injury == "1"):
        raise RefusedError("prosthesis is outpatient care")
    if st["is_unapproved_transplant"] and (care != "inpatient" or who(st) != "HI"):
        raise RefusedError("transplant part is inpatient care")
    if st["veterans_class"]:
        if insurer != "HI" or injury not in ("0", "8", "9"):
            raise RefusedError("veteran and other class")
        if (care == "pharmacy") != (st["veterans_class"] == "A"):
            raise RefusedError("A is for pharmacies")
        if care != "pharmacy" and not st["veterans_site"]:
            raise RefusedError("site missing")
    for symbol in st["symbols"]:
        check_symbol(st, symbol)
    if care == "pharmacy" and set(st["symbols"]) & MINOR and not st["prescriber_kind"]:
        raise RefusedError("prescriber missing")
    is_general = st["prescriber_kind"] == "general" and not st["prescriber_area"]
    if care == "pharmacy" and set(st["symbols"]) & MINOR and is_general:
        raise RefusedError("prescriber area missing")
    if care == "pharmacy" and who(st) == "HI" and st["is_direct_dispensing"] and st["dispensing_days"] < 1:
        raise RefusedError("days missing")
    if st["visit_count"] < 1 or not 0 <= st["in_house_count"] <= st["visit_count"]:
        raise RefusedError("counts")


def check_copay_class(st: dict[str, Any]) -> None:
    one = st["medical_aid_copay_class"]
    if not one:
        return
    both = {"B005", "B006", "B007", "B008", "B009", "B014", "B016", "B030", "B099"}
    if one[0] == "M" and st["insurer"] != "MA1":
        raise RefusedError("M is for class 1")
    if one[0] == "B" and one not in both and st["insurer"] != "MA2":
        raise RefusedError("B is for class 2")
    begins = {"B016": date(2024, 7, 1), "B030": date(2022, 3, 22), "B099": date(2020, 2, 9)}
    if st["care_on"] < begins.get(one, date.min):
        raise RefusedError("class not yet")
    pairs = {"B010": {"F015"}, "B011": {"F016"}, "B013": DEMENTIA, "B014": {"F023"}, "B015": {"F024"}}
    pairs |= {"B016": {"F029"}, "B030": {"V010"}}
    if st["care"] == "outpatient" and one in pairs and not pairs[one] & set(st["symbols"]):
        raise RefusedError("pair symbol missing")


def check_symbol(st: dict[str, Any], symbol: str) -> None:
    row, care = SYMBOLS.get(symbol), st["care"]
    if row is None or symbol in ("F004", "F012", "V006"):
        raise RefusedError("unknown symbol or no rate")
    if row["category"] == "pilot":
        place = "inpatient" if care == "inpatient" else "outpatient"
        column = {"HI": f"hi_rate_{place}", "MA1": "ma1_rate", "MA2": f"ma2_rate_{place}"}.get(
            who(st), "name_ko"
        )
        if row[column] != "statutory rate":
            raise RefusedError("pilot")
    if symbol in ONLY_FOR and who(st) not in ONLY_FOR[symbol]:
        raise RefusedError("symbol not for these patients")
    low, below = AGES.get(symbol, (0, 999))
    if not low <= st["age_years"] < below:
        raise RefusedError("age")
    suits = {
        "in": care == "inpatient" or (care == "outpatient" and bool(row["hi_rate_outpatient"])),
        "out": care in ("outpatient", "pharmacy"),
        "home": care == "home",
        "rx": care == "pharmacy",
    }.get(row["setting"], True)
    if row["valid_to"] and st["care_on"] > date.fromisoformat(row["valid_to"]):
        raise RefusedError("symbol has ended")
    if not suits or (row["introduced"] and st["care_on"] < date.fromisoformat(row["introduced"])):
        raise RefusedError("symbol not for this care or day")


def within(st: dict[str, Any], first: date = START, last: date = date.max) -> None:
    """The rule holds on every day of the statement."""
    if not (first <= st["care_on"] and last_day(st) <= last):
        raise RefusedError("outside the days of the rule")


def only_one(*found: bool) -> bool:
    """Whether a class of one step applies; two at once contradict each other."""
    if sum(found) > 1:
        raise RefusedError("two classes at once")
    return any(found)


# --- classes ---------------------------------------------------------------------------------------------------------


def choose(st: dict[str, Any], total1: int) -> Way:
    """The class of the patient in the order of the reference."""
    group, care = who(st), st["care"]
    if st["is_benefit_restricted"] or st["is_unapproved_transplant"]:
        only_one(st["is_benefit_restricted"], st["is_unapproved_transplant"])
        within(st)
        if st["is_benefit_restricted"]:
            return Way("AM-RESTRICTED", 1, 10, "whole")
        return Way("AM-STEM-UNAPPROVED", "0.5", 10)
    if st["dental_prosthesis"] and care == "outpatient":
        return dental(st, group)
    branches = {"DUTY": duty, "C": near_poor_c, "EF": near_poor_ef, "HI": insured}
    way: Way = branches.get(group, medical_aid)(st, total1)
    return way


def duty(st: dict[str, Any], total1: int) -> Way:
    if st["care"] == "home":
        raise RefusedError("no rule")
    within(st)
    return Way("DUTY-INJURY", 0, 1, "whole")


def dental(st: dict[str, Any], group: str) -> Way:
    """Registered dentures and implants, 65 and over, on a statement of their own."""
    prefix, denture, implant = {
        "HI": ("HI-", "0.3", "0.3"), "C": ("NP-C-", "0.05", "0.1"), "EF": ("NP-EF-", "0.15", "0.2"),
        "MA1": ("MA1-", "0.05", "0.1"), "MA2": ("MA2-", "0.15", "0.2"),
    }[group]  # fmt: skip
    if st["age_years"] < 65:
        raise RefusedError("dental prosthesis under 65")
    within(st)
    rate = denture if st["dental_prosthesis"] == "denture" else implant
    unit = 10 if group in ("MA1", "MA2") else 100
    return Way(f"{prefix}{st['dental_prosthesis'].upper()}", rate, unit, "whole")


def near_poor_c(st: dict[str, Any], total1: int) -> Way:
    if st["care"] == "home":
        raise RefusedError("no rule")
    within(st)
    return Way("NP-C-ALL", 0, 10)


def has(st: dict[str, Any], *symbols: str) -> bool:
    return bool(set(symbols) & set(st["symbols"]))


def of_category(st: dict[str, Any], *names: str) -> bool:
    return any(SYMBOLS[one]["category"] in names for one in st["symbols"])


def near_poor_ef(st: dict[str, Any], total1: int) -> Way:
    within(st)
    care, cls = st["care"], CLASS_OF[st["provider_kind"]]
    if care == "pharmacy":
        return near_poor_pharmacy(st, total1)
    if care == "home":
        if cls == "C" and has(st, "V194", "V251", "V301", "V302", "V303", "V304"):
            return Way("NP-EF-HOME-SEVERE", "0.05", 100, fund="share")
        raise RefusedError("no rule")
    return near_poor_inpatient(st) if care == "inpatient" else near_poor_outpatient(st, cls)


def near_poor_inpatient(st: dict[str, Any]) -> Way:
    def way(name: str, rate: str) -> Way:
        return Way(f"NP-EF-IP-{name}", rate, 10, fund="share")

    if has(st, "V000", "V010"):
        return way("ZERO", "0")
    if only_one(has(st, *ZERO_SEVERE), has(st, *(SEVERE - ZERO_SEVERE))):
        return way("ZERO", "0") if has(st, *ZERO_SEVERE) else way("SEVERE", "0.05")
    if only_one(of_category(st, "rare", "intractable"), of_category(st, "dementia")):
        return way("RARE", "0.1") if of_category(st, "rare", "intractable") else way("SEVERE", "0.05")
    if has(st, "F001", "F013"):
        return way("ZERO", "0")
    if only_one(has(st, "F007"), has(st, "F011"), has(st, "F017")):
        if has(st, "F007"):
            return way("RARE", "0.1")
        return way("SEVERE", "0.05") if has(st, "F011") else way("ZERO", "0")
    if st["age_years"] < 6:
        return way("ZERO", "0")
    return way("6TO15", "0.03") if st["age_years"] < 16 else way("GEN", "0.14")


def near_poor_outpatient(st: dict[str, Any], cls: str) -> Way:
    place = {"T": "T", "G": "H", "H": "H", "C": "C"}[cls]
    flat = place == "C"

    def rate(name: str, value: str) -> Way:
        return Way(f"NP-EF-OP-{place}-{name}", value, 100, fund="flat" if flat else "share")

    def visit(name: str, equipment: str, amounts: tuple[int, int] = (1000, 1500)) -> Way:
        fund = "flat" if flat else "share"
        return Way(f"NP-EF-OP-{place}-{name}", 0, 100, flat=amounts, S_EQUIP=equipment, fund=fund)

    severe = SEVERE - ZERO_SEVERE
    special = of_category(st, "rare", "intractable")
    if has(st, "V000", "V010"):
        return rate("ZERO", "0")
    if place == "H" and st["age_years"] < 1 and (has(st, *severe) or special):
        return visit("INF1", "0.05", (0, 0))
    if place == "H" and special and has(st, "F015", "F016"):
        return visit("SEVERE", "0.05")
    if only_one(has(st, "V191", "V192"), has(st, *severe)):
        if has(st, "V191", "V192"):
            return rate("ZERO", "0")
        return rate("SEVERE", "0.05") if place == "T" else visit("SEVERE", "0.05")
    if place == "H" and has(st, *CHRONIC):
        return visit("CHRONIC", "0.14")
    if place == "H" and only_one(of_category(st, "dementia"), special):
        return rate("5", "0.05") if of_category(st, "dementia") else visit("RARE", "0.1")
    if only_one(of_category(st, "dementia"), special):
        if special:
            return rate("RARE", "0.1") if place == "T" else visit("RARE", "0.1")
        return rate("SEVERE", "0.05") if place == "T" else visit("SEVERE", "0.05")
    if only_one(has(st, "F015", "F016"), has(st, "F022")):
        if has(st, "F022"):
            if place == "C":
                return rate("ZERO", "0")
            if cls == "H":
                return rate("CHECK", "0")
            raise RefusedError("F022 at a large hospital")
        name = {"T": "SEVERE", "H": "5", "C": "SEVERE"}[place]
        return visit(name, "0.05") if flat else rate(name, "0.05")
    if st["age_years"] < 1:
        if flat:
            return visit("INF1", "0.05", (0, 0))
        return rate({"T": "SEVERE", "H": "5"}[place], "0.05")
    return visit("GEN", "0.14") if flat else rate("GEN", "0.14")


def near_poor_pharmacy(st: dict[str, Any], total1: int) -> Way:
    only_one(st["is_direct_dispensing"] and st["is_public_health_prescription"])
    if st["is_direct_dispensing"]:
        return Way("NP-EF-RX-DIRECT", 0, 1, "whole", flat=(900, 900))
    if st["is_public_health_prescription"]:
        return Way("NP-EF-RX-PUBLIC", 0, 1, "whole")
    if minor(st):
        return Way("NP-EF-RX", "0.03", 100, "whole", least=500)
    return Way("NP-EF-RX", 0, 1, "whole", flat=(500, 500))


def minor(st: dict[str, Any]) -> str:
    """Tertiary or general hospital that prescribed for a listed minor disease, unless excluded."""
    veteran = st["injury_work_class"] in ("3", "4", "5", "6", "7", "B", "D", "J") or st["veterans_class"]
    if not has(st, *MINOR) or has(st, "V100") or st["is_veterans_prescriber"] or veteran:
        return ""
    if st["prescriber_kind"] == "general" and st["prescriber_area"] == "eup_myeon":
        return ""
    return st["prescriber_kind"] if st["prescriber_kind"] in ("tertiary", "general") else ""


def insured(st: dict[str, Any], total1: int) -> Way:
    care, cls = st["care"], CLASS_OF[st["provider_kind"]]
    if care == "pharmacy":
        return insured_pharmacy(st, total1)
    if care == "home":
        return insured_home(st)
    unit = 10 if care == "inpatient" else 100
    special = special_case(st, unit)
    if special:
        return special
    return insured_inpatient(st) if care == "inpatient" else insured_outpatient(st, cls, total1)


def special_case(st: dict[str, Any], unit: int) -> Way | None:
    if has(st, "V000", "V010"):
        within(st)
        return Way("HI-SP-TB", 0, unit)
    if has(st, *SEVERE):
        within(st)
        return Way("HI-SP-SEVERE", "0.05", unit)
    rare = of_category(st, "rare", "intractable", "dementia")
    if only_one(rare, has(st, "V027")) and not rare:
        within(st, START, date(2020, 8, 31))
        return Way("HI-SP-V027", "0.2", unit)
    if rare:
        within(st)
        return Way("HI-SP-RARE", "0.1", unit)
    return None


def insured_home(st: dict[str, Any]) -> Way:
    within(st)
    child = st["age_years"] < 6
    if has(st, "V274"):
        return Way("HI-SP-HOME-TB", 0, 100)
    if only_one(has(st, "V194", "V251"), has(st, "V302")):
        return Way("HI-SP-HOME-SEVERE" if not has(st, "V302") else "HI-SP-HOSPICE-CA", "0.05", 100)
    if only_one(has(st, "V231", "V293", "V801", "V811"), has(st, "V303", "V304")):
        return Way("HI-SP-HOSPICE-RARE" if has(st, "V303", "V304") else "HI-SP-HOME-RARE", "0.1", 100)
    if only_one(has(st, "V008"), has(st, "V301")):
        name = "HI-SP-HOME-GEN" if has(st, "V008") else "HI-SP-HOSPICE"
        return Way(name, "0.14" if child else "0.2", 100)
    raise RefusedError("no rule")


def insured_inpatient(st: dict[str, Any]) -> Way:
    age = st["age_years"]
    if only_one(has(st, "F001"), has(st, "F013")):
        if has(st, "F001"):
            within(st, date(2005, 1, 1))
            return Way("HI-IP-DELIV", 0, 10)
        if st["care_on"] >= date(2025, 1, 1):
            within(st, date(2025, 1, 1))
            return Way("HI-IP-CS", 0, 10)
        within(st, START, date(2024, 12, 31))
        return Way("HI-IP-CS-OLD", "0.05", 10)
    if has(st, "F006") and st["provider_kind"] != "long_term_care":
        raise RefusedError("F006 elsewhere")
    own = {"F005": ("NEWBORN", "0"), "F011": ("HRISK", "0.1"), "F017": ("DONOR", "0")}
    if st["provider_kind"] == "long_term_care":
        own["F006"] = ("SELECT", "0.4")
    if only_one(*(has(st, one) for one in own)):
        name, rate = next(own[one] for one in own if has(st, one))
        within(st)
        return Way(f"HI-IP-{name}", rate, 10)
    if age < 2:
        within(st, date(2024, 1, 1))
        return Way("HI-IP-U2", 0, 10)
    if age < 16:
        within(st, date(2017, 10, 1))
        return Way("HI-IP-CHILD15", "0.05", 10)
    within(st)
    return Way("HI-IP-GEN", "0.2", 10, "general")


def insured_outpatient(st: dict[str, Any], cls: str, total1: int) -> Way:
    age, area = st["age_years"], st["area"]
    if has(st, "F003"):
        return dispensing_exception(st, cls)
    listed = [has(st, "F015"), has(st, "F016"), has(st, "F021"), has(st, "F025") and cls == "T"]
    listed.append(has(st, "F022") and cls in "HC")
    if (has(st, "F025") and cls != "T") or (has(st, "F022") and cls in "TG"):
        raise RefusedError("symbol has no rule at this provider")
    if only_one(*listed):
        return statutory(st, cls)
    if age < 1:
        within(st, date(2019, 1, 1))
        return Way(
            f"HI-OP-{cls}-INF1", {"T": "0.2", "G": "0.15", "H": "0.1", "C": "0.05"}[cls], 100, "infant"
        )
    if has(st, "F031") and cls == "C":
        raise RefusedError("F031 at a clinic")
    over, minor_er = has(st, "F029"), has(st, "F031")
    if only_one(over, minor_er):
        within(st, date(2024, 7, 1) if over else date(2024, 9, 13))
        more = {"CONSULT": 1} if cls == "T" else {}
        return Way("HI-OP-365" if over else "HI-OP-ER-MINOR", "0.9", 100, **more)
    if has(st, "F026"):
        if cls != "T" or age < 6:
            raise RefusedError("F026 elsewhere or for a child")
        within(st)
        return Way("HI-OP-T-MINOR-FIRST", "0.6", 100, "general", CONSULT=1)
    if st["is_chronic_continuing"] and st["provider_kind"] == "clinic" and 6 <= age < 65:
        within(st)
        return Way("HI-OP-C-CHRONIC", "0.3", 100, "general", CONSULT="0.2")
    if age >= 65 and cls == "C":
        return elderly(st, total1)
    within(st)
    if age < 6:
        more = {"CONSULT": 1} if cls == "T" else {}
        rate = {"T": "0.42", "G": "0.35", "H": "0.28", "C": "0.21"}[cls]
        return Way(f"HI-OP-{cls}-1TO5", rate, 100, "child", **more)
    if cls == "T":
        return Way("HI-OP-T-GEN", "0.6", 100, "general", CONSULT=1)
    if cls == "C":
        return Way("HI-OP-C-GEN", "0.3", 100, "general")
    if not area:
        raise RefusedError("area missing")
    rural = area == "eup_myeon"
    rate = {"G": ("0.5", "0.45"), "H": ("0.4", "0.35")}[cls][rural]
    return Way(f"HI-OP-{cls}-GEN{'-EM' if rural else ''}", rate, 100, "general")


def dispensing_exception(st: dict[str, Any], cls: str) -> Way:
    """F003: drugs at 30 percent (21 under age 1), the rest by provider and class."""
    age = st["age_years"]
    if only_one(has(st, "F015"), age < 1):
        within(st)
        if age < 1:
            rest = {"T": "0.2", "G": "0.15", "H": "0.1", "C": "0.05"}[cls]
            return Way(f"HI-OP-{cls}-RXEX-INF1", rest, 100, "infant", DRUG="0.21")
        rest = {"T": "0.4", "G": "0.3", "H": "0.2", "C": "0.1"}[cls]
        return Way(f"HI-OP-{cls}-RXEX-PREG", rest, 100, DRUG="0.3")
    if age < 6:
        raise RefusedError("no rule for F003 at age 1 to 5")
    within(st)
    if cls in "GH" and not st["area"]:
        raise RefusedError("area missing")
    rural = st["area"] == "eup_myeon"
    rest = {"T": "0.6", "G": "0.45" if rural else "0.5", "H": "0.35" if rural else "0.4", "C": "0.3"}[cls]
    more = {"CONSULT": 1} if cls == "T" else {}
    return Way(f"HI-OP-{cls}-RXEX", rest, 100, "general", DRUG="0.3", **more)


def statutory(st: dict[str, Any], cls: str) -> Way:
    if has(st, "F015"):
        within(st, date(2017, 1, 1))
        return Way(f"HI-OP-{cls}-PREG", {"T": "0.4", "G": "0.3", "H": "0.2", "C": "0.1"}[cls], 100)
    if has(st, "F016"):
        within(st, date(2017, 1, 1))
        return Way("HI-OP-ALL-PRETERM", "0.05", 100)
    if has(st, "F021"):
        within(st)
        if cls == "T":
            return Way("HI-OP-T-INFERT", "0.3", 100, CONSULT=1)
        return Way("HI-OP-GHC-INFERT", "0.3", 100)
    if has(st, "F025"):
        within(st, date(2020, 10, 8))
        return Way("HI-OP-T-MINOR-FU", 1, 10, "whole")
    within(st)
    return Way("SYM-F022", 0, 100)


def elderly(st: dict[str, Any], total1: int) -> Way:
    """Steps for 65 and over at clinics; the upper edge belongs to the lower step."""
    begins = date(2018, 1, 1)
    exempt, korean = st["is_dispensing_exempt_area"], st["provider_kind"] == "korean_clinic"
    korean_department = (
        st["provider_kind"] == "health_center_hospital" and st["is_korean_medicine_department"]
    )
    if st["care_on"] < begins:
        within(st, START, date(2017, 12, 31))
        if st["is_chronic_continuing"] and st["provider_kind"] == "clinic":
            raise RefusedError("continuing care before 2018")
        return step(st, "HI-OP-C-65-OLD", total1, [(15_000, 1500)], "0.3")
    within(st, begins)
    if not (exempt or korean or korean_department):
        if st["is_korean_medicine_department"]:
            raise RefusedError("Korean department of another provider")
        return step(st, "HI-OP-C-65", total1, [(15_000, 1500), (20_000, "0.1"), (25_000, "0.2")], "0.3")
    if st["has_medication"]:
        return step(st, "HI-OP-C-65-MED", total1, [(15_000, 1500), (25_000, "0.1"), (30_000, "0.2")], "0.3")
    return step(st, "HI-OP-C-65-NOMED", total1, [(15_000, 1500), (20_000, "0.1"), (25_000, "0.2")], "0.3")


def step(st: dict[str, Any], rule: str, total1: int, steps: list[tuple[int, Any]], last: str) -> Way:
    for top, value in steps:
        if total1 <= top:
            if isinstance(value, int):
                return Way(rule, 0, 100, "general", flat=(value, value), once=True)
            return Way(rule, value, 100, "general")
    if st["is_chronic_continuing"] and st["provider_kind"] == "clinic":
        return Way(rule, last, 100, "general", CONSULT="0.2")
    return Way(rule, last, 100, "general")


def insured_pharmacy(st: dict[str, Any], total1: int) -> Way:
    special = special_case(st, 100)
    if special:
        return special
    if st["is_direct_dispensing"]:
        within(st)
        if total1 > 4000:
            return Way("HI-RX-DIRECT", "0.4", 100, "general")
        amount = {1: 1400, 2: 1600}.get(st["dispensing_days"], 2000)
        return Way("HI-RX-DIRECT", 0, 100, "general", flat=(amount, amount), once=True)
    where = minor(st)
    if where:
        within(st, date(2011, 10, 1))
        rates = {"tertiary": ("0.5", "0.35"), "general": ("0.4", "0.28")}[where]
        return Way(f"HI-RX-DIFF-{where[0].upper()}", rates[st["age_years"] < 6], 100, "general")
    if st["age_years"] >= 65:
        within(st, date(2018, 1, 1))
        return step(
            {"is_chronic_continuing": False}, "HI-RX-65", total1, [(10_000, 1000), (12_000, "0.2")], "0.3"
        )
    within(st)
    if st["age_years"] < 6:
        return Way("HI-RX-CHILD", "0.21", 100, "child")
    return Way("HI-RX-GEN", "0.3", 100, "general")


def medical_aid(st: dict[str, Any], total1: int) -> Way:
    way = medical_aid_class(st, total1)
    disabled = st["medical_aid_class"] in ("6", "8")
    if (
        disabled
        and not way.fund
        and way.kind != "whole"
        and (way.rest or way.rates.get("S_EQUIP") or way.flat[0])
    ):
        raise RefusedError("disabled fund unknown for this class")
    return way


def medical_aid_class(st: dict[str, Any], total1: int) -> Way:
    care, cls, one = st["care"], CLASS_OF[st["provider_kind"]], st["medical_aid_copay_class"]
    level = st["medical_aid_level"] or LEVEL_OF[cls]
    first = st["insurer"] == "MA1"
    approved = [(has(st, "F023"), "B014", "MA-OP-UNAPPROVED"), (has(st, "F029"), "B016", "MA-OP-365")]
    if care == "outpatient":
        if any(present and one != code for present, code, _ in approved):
            raise RefusedError("MT018 missing")
        if any(present for present, _, _ in approved):
            rule = next(name for present, code, name in approved if present and one == code)
            within(st, date(2024, 7, 1) if rule.endswith("365") else START)
            return Way(rule, "0.3", 10)
    if care == "inpatient" and has(st, "F023"):
        within(st)
        return Way("MA-IP-UNAPPROVED", "0.2", 10)
    if care != "home":
        free = free_class(st, one)
        if free:
            return free
    within(st)
    if care == "pharmacy":
        return medical_aid_pharmacy(st)
    if care == "home":
        if not has(st, *HOME):
            raise RefusedError("no rule")
        return Way("MA1-HOME", 0, 10) if first else Way("MA2-HOME", "0.1", 10)
    if care == "inpatient":
        return Way("MA1-IP", 0, 10) if first else medical_aid_2_inpatient(st)
    if first and one.startswith("M"):
        return Way("MA1-OP-EXEMPT", 0, 10)
    if one == "B007":
        return Way("MA-B007", 0, 10, flat=(1000, 1500))
    if first:
        if has(st, "F022") and cls in "TG":
            raise RefusedError("F022 at a large hospital")
        if has(st, "F022"):
            return Way("SYM-F022-MA", 0, 10)
        amounts = {"1": (1000, 1500), "2": (1500, 2000), "3": (2000, 2500)}[level]
        return Way(f"MA1-OP-L{level}", 0, 10, flat=amounts, S_EQUIP="0.05")
    return medical_aid_2_outpatient(st, level, one)


def free_class(st: dict[str, Any], one: str) -> Way | None:
    """Tuberculosis and HIV: nothing to pay."""
    latent = has(st, "V010")
    has_pair = latent and (st["care"] == "inpatient" or one == "B030")
    if latent and not has_pair:
        raise RefusedError("B030 missing")
    if not only_one(has(st, "V000"), has_pair, has(st, "V103")):
        return None
    within(st, date(2022, 3, 22) if has_pair else START)
    return Way("SYM-V000-MA" if has(st, "V000") else "MA-OP-LTB" if has_pair else "MA-HIV", 0, 10)


def medical_aid_pharmacy(st: dict[str, Any]) -> Way:
    if st["is_direct_dispensing"]:
        return Way("MA-RX-DIRECT", 0, 10, "whole", flat=(900, 900))
    if st["is_public_health_prescription"]:
        return Way("MA-RX", 0, 10, "whole")
    if minor(st):
        return Way("MA-RX", "0.03", 10, "whole", least=500)
    return Way("MA-RX", 0, 10, "whole", flat=(500, 500))


def medical_aid_2_inpatient(st: dict[str, Any]) -> Way:
    if has(st, *ZERO_SEVERE):
        return Way("MA2-IP-ZERO", 0, 10)
    if has(st, *DEMENTIA):
        return Way("MA2-IP-DEM", "0.05", 10)
    if has(st, "F001", "F013"):
        return Way("MA2-IP-ZERO", 0, 10)
    if only_one(has(st, "F011"), has(st, "F017")):
        return Way("MA2-IP-HRISK", "0.05", 10) if has(st, "F011") else Way("MA2-IP-ZERO", 0, 10)
    if st["age_years"] < 6:
        return Way("MA2-IP-ZERO", 0, 10)
    if st["age_years"] < 16:
        return Way("MA2-IP-CHILD", "0.03", 10)
    if st["medical_aid_class"] in ("6", "8"):
        return Way("MA2-IP-DIS", "0.1", 10, fund="share_ma")
    return Way("MA2-IP", "0.1", 10)


def medical_aid_2_outpatient(st: dict[str, Any], level: str, one: str) -> Way:
    first, visit = level == "1", {"flat": (1000, 1500)}
    if level == "2" and st["age_years"] < 1 and has(st, "F024") and one == "B015":
        return Way("MA2-OP-INF1-CHRONIC", 0, 10, S_EQUIP="0.05")
    if level == "2" and has(st, *CHRONIC):
        return Way("MA2-OP-L2-CHRONIC", 0, 10, S_EQUIP="0.15", **visit)
    schizophrenia = has(st, "V161") and not first
    if one != "B013" and has(st, *DEMENTIA):
        raise RefusedError("pair missing")
    if only_one(one == "B013" and has(st, *DEMENTIA), schizophrenia):
        if schizophrenia:
            return Way("MA2-OP-SCHIZO", "0.05", 10, S_EQUIP="0.15")
        if first:
            return Way("MA2-OP-DEMENTIA-L1", 0, 10, S_EQUIP="0.05", **visit)
        return Way("MA2-OP-DEMENTIA-L23", "0.05", 10)
    pregnant, preterm = has(st, "F015") and one == "B010", has(st, "F016") and one == "B011"
    psychiatric = one == "B012" and not first
    if (has(st, "F015") and not pregnant) or (has(st, "F016") and not preterm):
        raise RefusedError("MT018 missing")
    if has(st, "F022") and CLASS_OF[st["provider_kind"]] in "TG":
        raise RefusedError("F022 at a large hospital")
    if only_one(pregnant, preterm, psychiatric, has(st, "F022") and CLASS_OF[st["provider_kind"]] in "HC"):
        if psychiatric:
            return Way("MA2-OP-PSY", "0.1", 10, S_EQUIP="0.15")
        if has(st, "F022"):
            return Way("SYM-F022-MA", 0, 10)
        name = "PREGNANT" if pregnant else "PRETERM"
        if first:
            return Way(f"MA2-OP-{name}-L1", 0, 10, S_EQUIP="0.05", **visit)
        return Way(f"MA2-OP-{name}-L23", "0.05", 10)
    if st["age_years"] < 1:
        return Way("MA2-OP-INF1-L1", 0, 10) if first else Way("MA2-OP-INF1-L23", "0.05", 10)
    if st["medical_aid_class"] == "8":
        if not first:
            raise RefusedError("class 8 is for level 1")
        return Way("MA2-OP-L1-DIS", 0, 10, S_EQUIP="0.15", fund="flat", **visit)
    if st["medical_aid_class"] == "6":
        if first:
            raise RefusedError("class 6 is for levels 2 and 3")
        return Way("MA2-OP-L23-DIS", "0.15", 10, fund="all")
    if first:
        return Way("MA2-OP-L1", 0, 10, S_EQUIP="0.15", **visit)
    return Way("MA2-OP-L23", "0.15", 10)


# --- shares ----------------------------------------------------------------------------------------------------------


def rate_of(st: dict[str, Any], way: Way, part: str) -> tuple[Decimal, str]:
    """Rate of one part and the carve-out that gives it, if any."""
    own = way.rates.get(part, way.rest)
    if way.kind == "whole":
        return own, ""
    group, care, cls = who(st), st["care"], CLASS_OF[st["provider_kind"]]
    age, kind = st["age_years"], way.kind if who(st) == "HI" else ""
    if part in MEALS and care == "inpatient":
        return meal(st, group, part), "CV-MEAL"
    if part == "T" and care == "outpatient":
        if kind in ("general", "child") and age < 6:
            return D("0.14"), "CV-T"
        return (D("0.2"), "CV-T") if kind == "general" else (own, "")
    if part == "S_EQUIP" and care == "inpatient" and kind == "general":
        if cls in "GH" and not st["area"]:
            raise RefusedError("area missing")
        rural = st["area"] == "eup_myeon"
        equipment = {"T": "0.6", "G": "0.45" if rural else "0.5", "H": "0.35" if rural else "0.4", "C": "0.3"}
        return D(equipment[cls]), "CV-S-IP"
    if part.startswith("ROOM") and care == "inpatient":
        return room(st, way, part, own, kind, cls)
    return rate_elsewhere(st, way, part, own, kind, cls)


def meal(st: dict[str, Any], group: str, part: str) -> Decimal:
    if has(st, "F017"):
        return ZERO
    if group == "HI":
        return D("0.5")
    if group in ("C", "EF"):
        return D("0.2") if part == "MEAL_BASE" else ZERO
    free = st["medical_aid_class"] == "4" or st["medical_aid_copay_class"] == "M011" or st["age_years"] < 6
    if free or has(st, "F001"):
        return ZERO
    return D("0.05") if has(st, *SEVERE) else D("0.2")


def room(st: dict[str, Any], way: Way, part: str, own: Decimal, kind: str, cls: str) -> tuple[Decimal, str]:
    base, _, days = part.partition("_LONG")
    rate, rule = own, ""
    if base in ("ROOM2", "ROOM3"):
        if cls == "C" or st["provider_kind"] == "long_term_care":
            raise RefusedError("no rate for this room")
        within(st, date(2018, 7, 1))
        if cls == "H":
            within(st, date(2019, 7, 1)) if st["care_on"] < date(2019, 7, 1) else None
        rate, rule = (
            D({"ROOM2": "0.5" if cls == "T" else "0.4", "ROOM3": "0.4" if cls == "T" else "0.3"}[base]),
            f"CV-{base}",
        )
    if base == "ROOM4" and kind == "general" and cls == "T":
        rate, rule = D("0.3"), "CV-ROOM4"
    if not days:
        return rate, rule
    excluded = (
        st["provider_kind"] in ("dental_hospital", "long_term_care", "psychiatric_hospital") or cls == "C"
    )
    veteran = st["injury_work_class"] in ("3", "4", "5", "6", "7", "B", "D", "J") or st["veterans_class"]
    if kind != "general" or excluded or veteran or has(st, "F014") or (base == "ROOM4" and cls == "T"):
        return rate, rule
    within(st, date(2020, 1, 1))
    return rate + D("0.05" if days == "16" else "0.1"), f"{rule} CV-LONG{days}".strip()


def rate_elsewhere(
    st: dict[str, Any], way: Way, part: str, own: Decimal, kind: str, cls: str
) -> tuple[Decimal, str]:
    group, care, age = who(st), st["care"], st["age_years"]
    if part == "PSYCHOTHERAPY" and care == "outpatient" and kind in ("general", "child"):
        full = D({"T": "0.4", "G": "0.3", "H": "0.2", "C": "0.1"}[cls])
        return full * D("0.7") if age < 6 else full, "CV-PSY"
    if care not in ("outpatient", "inpatient"):
        anywhere = ("CHUNA", "CHUNA_COMPLEX", "TELE_ADVICE", "RETURN_REFERRAL", "RETIRED_DRUG", "COVID_TEST")
        if part not in (*anywhere, "ISOLATION", "SEALING", "COVID_ORAL", "COVID_INJECTION"):
            return own, ""
    if part == "ISOLATION":
        if kind == "general" or way.rule == "HI-OP-ER-MINOR":
            within(st)
            return D("0.1"), "CV-ISO"
        if group == "EF":
            free = way.rule.endswith("-ZERO") or way.rule.endswith("-CHECK")
            child = way.rule == "NP-EF-IP-6TO15"
            return (ZERO if free else D("0.03") if child else D("0.05")), "CV-ISO"
    if part == "SEALING":
        if age > 18:
            raise RefusedError("sealing over 18")
        if group == "HI":
            return (D("0.05") if care == "inpatient" and age < 16 else D("0.1")), "CV-SEAL"
        if group in ("EF", "MA2"):
            return D("0.05"), "CV-SEAL"
    if part in ("CHUNA", "CHUNA_COMPLEX"):
        within(st, date(2019, 4, 8))
        simple = {"HI": "0.5", "C": "0.3", "EF": "0.4", "MA1": "0.3", "MA2": "0.4"}[group]
        return D("0.8" if part == "CHUNA_COMPLEX" else simple), "CV-CHUNA"
    if part == "TELE_ADVICE":
        return ZERO, "CV-TELE"
    if part == "RETURN_REFERRAL":
        if cls != "T":
            raise RefusedError("return referral is a tertiary fee")
        return ZERO, "CV-RETURN"
    if part in ("COVID_ORAL", "COVID_INJECTION") and group in ("HI", "EF", "C"):
        rate = "0" if group == "C" else "0.05" if part == "COVID_ORAL" else "0.016"
        return D(rate), "CV-COVID"
    if part == "DISABLED_DENTAL" and care == "outpatient" and group in ("HI", "C", "EF"):
        return ZERO, "CV-DIS-DENTAL"
    if part == "RETIRED_DRUG":
        return ZERO, "CV-RETIRE-DRUG"
    if part == "COVID_TEST":
        return D("0.2"), "CV-COVIDTEST"
    return managed(st, way, part, own, kind)


def managed(st: dict[str, Any], way: Way, part: str, own: Decimal, kind: str) -> tuple[Decimal, str]:
    """The two overlays: chronic management fee (F030) and long-acting injection."""
    if part == "CHRONIC_MANAGEMENT" and st["care"] == "outpatient" and kind in ("general", "child", "infant"):
        if st["provider_kind"] != "clinic" or kind == "infant":
            raise RefusedError("management fee elsewhere")
        within(st, date(2024, 9, 30))
        return D("0.14" if kind == "child" else "0.2"), "HI-OP-C-CHRONIC-MGMT"
    if part == "LONG_ACTING_INJECTION" and st["care"] == "outpatient" and who(st) in ("MA1", "MA2"):
        if way.rule in ("MA1-OP-EXEMPT", "MA-OP-LTB", "MA-HIV"):
            return own, ""
        change = date(2025, 10, 1)
        if st["care_on"] >= change:
            return D("0.02"), "MA-PSY-LAI"
        within(st, START, date(2025, 9, 30))
        return D("0.05"), "MA-PSY-LAI-BEFORE"
    return own, ""


def charge(st: dict[str, Any], way: Way, parts: dict[str, int], total1: int) -> tuple[int, list[str]]:
    """The whole share: parts x rates + flat amounts, truncated once, not above total 1; and the carve-outs used."""
    named = {name: amount for name, amount in parts.items() if name != "OTHER"}
    rest = max(total1 - sum(named.values()), 0)
    exact, carved = rest * way.rest, []
    for name, amount in named.items():
        if amount:
            rate, rule = rate_of(st, way, name)
            if rule:
                within(st)  # a carve-out without a stated start counts from the documented day, too
            exact += amount * rate
            carved += rule.split()
    if way.flat != (0, 0):
        exact += way.flat[0] if way.once else visits_flat(st, way)
    share = int((exact / way.unit).quantize(ONE, ROUND_FLOOR)) * way.unit
    return min(max(share, way.least), total1), carved


def visits_flat(st: dict[str, Any], way: Way) -> int:
    inside: int = st["in_house_count"]
    return int(way.flat[0]) * (st["visit_count"] - inside) + int(way.flat[1]) * inside


def floor(exact: Decimal, unit: int) -> int:
    return int((exact / unit).quantize(ONE, ROUND_FLOOR)) * unit


def pay(
    out: dict[str, Any], st: dict[str, Any], way: Way, share: int, parts: dict[str, int], total1: int
) -> None:
    """Who pays the share: patient, disabled fund, veterans' affairs, support, loan; the claim is what is left."""
    fund = disabled_fund(st, way, share, parts)
    copay, veterans, veterans_copay = share - fund, 0, 0
    injury, cls = st["injury_work_class"], st["veterans_class"]
    if injury in ("4", "B", "7"):
        veterans, copay = (total1 if injury == "7" else copay), 0
    elif injury in ("3", "5", "6", "J"):
        veterans = floor(total1 * D({"3": "0.3", "5": "0.5", "6": "0.6", "J": "0.9"}[injury]), 10)
        copay = veterans_copay = floor((total1 - veterans) * D("0.3"), way.unit)
    elif cls:
        left = remaining_share(st)
        kept = floor(copay * left, way.unit)
        veterans, copay, veterans_copay = copay - kept, kept, kept
    support = st.get("support_won")
    if injury in ("G", "H"):
        if support is None or not 0 <= support <= copay:
            raise RefusedError("support missing or too high")
    elif support is not None:
        raise RefusedError("support not due")
    else:
        support = copay if has(st, "F009") else 0
    loan = st.get("loan_won") or 0
    if loan and (st["insurer"] != "MA2" or st["care"] != "inpatient" or not 0 <= loan <= copay):
        raise RefusedError("loan")
    copay -= loan
    out |= {
        "patient_copay": copay, "support_amount": support, "disability_medical_cost": fund, "loan_amount": loan,
        "veterans_claimed_amount": veterans, "veterans_copay": veterans_copay,
        "claimed_amount": total1 - copay - fund - veterans - loan,
    }  # fmt: skip


def disabled_fund(st: dict[str, Any], way: Way, share: int, parts: dict[str, int]) -> int:
    if not way.fund or (who(st) == "EF" and st["injury_work_class"] != "F"):
        return 0
    if way.fund == "flat":
        flat = visits_flat(st, way) if way.flat != (0, 0) else 0
        return min(750 * st["visit_count"], flat, share)
    keeps = {"share": KEEPS, "share_ma": (*MEALS, "ROOM2", "ROOM3", "ROOM4"), "all": ()}[way.fund]
    exact = sum((parts.get(name, 0) * rate_of(st, way, name)[0] for name in keeps if parts.get(name)), ZERO)
    return share - min(floor(exact, 10), share)


def remaining_share(st: dict[str, Any]) -> Decimal:
    shares = {"9": "0.1", "4": "0.4", "5": "0.5", "7": "0.7"}
    if st["care"] == "pharmacy":
        shares = {"A": "0.4"}
        within(st, date(2024, 7, 17))
    elif st["veterans_site"] == "entrusted":
        shares = {"9": "0.1", "4": "0.4"}
    if st["veterans_class"] not in shares:
        raise RefusedError("share unknown")
    within(
        st, date(2024, 7, 17) if st["veterans_site"] == "entrusted" and st["care"] != "pharmacy" else START
    )
    return D(shares[st["veterans_class"]])


def ceiling(st: dict[str, Any], way: Way, parts: dict[str, int], copay: int) -> int:
    before = st.get("copay_this_year_won")
    applies = st["insurer"] == "HI" and st["care"] == "inpatient"
    if st["provider_kind"] == "long_term_care" and st["care_on"].year >= 2020:
        applies = False
    if before is None or not applies:
        return 0
    if st["care_on"].year not in UPPER or last_day(st).year != st["care_on"].year or before < 0:
        raise RefusedError("limit unknown")
    total1 = sum(parts.values()) // 10 * 10
    rest = max(total1 - sum(amount for name, amount in parts.items() if name != "OTHER"), 0)
    exact = rest * way.rest
    for name, amount in parts.items():
        if amount and name != "OTHER" and not name.startswith(("ROOM2", "ROOM3", "CHUNA")):
            exact += amount * rate_of(st, way, name)[0]
    counted = min(floor(exact, 10), copay)
    return max(0, min(before + counted - UPPER[st["care_on"].year] * 10_000, counted))


def beside(out: dict[str, Any], st: dict[str, Any], way: Way, sections: dict[str, int]) -> None:
    """Amounts outside total 1."""
    total1, injury = out["total_benefit_cost_1"], st["injury_work_class"]
    is_state = injury in ("4", "B", "7")
    total = sum(sections.get(one, 0) for one in "ABDE") // 10 * 10
    rates = {"A": D("0.5"), "B": D("0.8"), "D": D("0.3"), "E": D("0.9")}
    exempt = (
        any(one[0] == "V" or one in ("F015", "F018", "F021") for one in st["symbols"]) or st["age_years"] < 6
    )
    if who(st) == "HI" and st["care"] == "outpatient" and st["provider_kind"] == "tertiary" and not exempt:
        rates["A"] = D("0.6")
    if way.rule == "AM-RESTRICTED":
        rates = dict.fromkeys("ABDE", ONE)
    patient = floor(sum((sections.get(one, 0) * rate for one, rate in rates.items()), ZERO), 10)
    veterans = 0
    if is_state:
        veterans, patient = (total if injury == "7" else patient), 0
    own = sections.get("V", 0) + sections.get("W", 0)
    if own and not is_state:
        raise RefusedError("V and W are for state-paid veterans")
    full = sections.get("U", 0) // 10 * 10
    total2 = (total1 + full + own) // 10 * 10
    if is_state:
        out["veterans_claimed_amount"] += total2 - total1 - full
    out |= {
        "full_copay_total": full, "total_benefit_cost_2": total2, "partial_copay_total": total,
        "partial_copay_patient": patient, "partial_copay_claimed": total - patient - veterans,
        "partial_copay_veterans_claimed": veterans,
    }  # fmt: skip


def youth(st: dict[str, Any], lines: list[dict[str, Any]]) -> dict[str, Any]:
    """F028: pays as near-poor E; the difference from the ordinary share is support and leaves the claim."""
    if st["insurer"] != "HI" or st["injury_work_class"] != "0" or st["veterans_class"]:
        raise RefusedError("F028 with another entitlement")
    within(st, date(2023, 12, 1))
    plain = st | {
        "special_symbols": " ".join(one for one in st["symbols"] if one != "F028"),
        "support_won": None,
    }
    if st.get("support_won") is not None:
        raise RefusedError("support not due")
    ordinary = compute(plain, lines)
    poor = compute(plain | {"injury_work_class": "E"}, lines)
    support = max(0, ordinary["patient_copay"] - poor["patient_copay"])
    return poor | {"support_amount": support, "claimed_amount": poor["claimed_amount"] - support}
