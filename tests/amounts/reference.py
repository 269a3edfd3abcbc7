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
CHRONIC = set("V001 V003 V005 V009 V012 V013 V014 V015 V117 V277 V278 V284 V286 V288".split())
HOME = {"V008", "V194", "V231", "V251", "V274", "V293", "V801", "V811"}
MINOR = {"V252", "V352", "V452"}
DEMENTIA = {"V800", "V810"}
ADDITION = {"tertiary": (30, 15), "general": (25, 10), "hospital": (20, 5), "long_term_care": (20, 5)} | {
    "dental_hospital": (20, 5), "korean_hospital": (20, 5), "health_center_hospital": (20, 5),
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


class Refused(Exception):
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
    """All amounts of one statement (won) and the id of the class rule; Refused when they cannot be known."""
    st = defaults() | {key: value for key, value in st.items() if value is not None}
    parts, sections, addition, total1 = add_up(st, lines)
    if "F028" in st["symbols"]:
        return youth(st, lines)
    check(st)
    way = choose(st, total1)
    if way.rule == "HI-OP-T-MINOR-FU":
        if any(sections.get(one) for one in "ABDE"):
            raise Refused("F025 with below-100 sections")
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
                raise Refused("line too large")
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
        raise Refused("addition unknown")
    before, since = ADDITION[st["provider_kind"]]
    change = date(2024, 1, 1)
    if st["care_on"] < change <= last_day(st) and before != since:
        raise Refused("addition changes within the stay")
    return since if st["care_on"] >= change else before


def last_day(st: dict[str, Any]) -> date:
    return st.get("care_until") or st["care_on"]


# --- facts -----------------------------------------------------------------------------------------------------------


def who(st: dict[str, Any]) -> str:
    return {"1": "DUTY", "C": "C", "E": "EF", "F": "EF"}.get(st["injury_work_class"], st["insurer"])


def check(st: dict[str, Any]) -> None:
    injury, care, insurer = st["injury_work_class"], st["care"], st["insurer"]
    if st["provider_kind"] not in CLASS_OF or (care == "pharmacy") != (st["provider_kind"] == "pharmacy"):
        raise Refused("provider")
    if last_day(st) < st["care_on"] or not 0 <= st["age_years"] <= 150:
        raise Refused("dates or age")
    if who(st) in ("DUTY", "C", "EF") and insurer != "HI":
        raise Refused("class not for Medical Aid")
    if insurer == "HI" and (st["medical_aid_class"] or st["medical_aid_copay_class"]):
        raise Refused("Medical Aid facts")
    of_class = {"": insurer, "1": "MA1", "2": "MA2", "4": "MA1", "6": "MA2", "8": "MA2", "N": "MA1"}
    if insurer != "HI" and of_class.get(st["medical_aid_class"]) != insurer:
        raise Refused("Medical Aid class")
    check_copay_class(st)
    if injury == "D" or (injury == "7" and insurer != "HI"):
        raise Refused("veterans D or 7")
    if injury in ("4", "7") and st["veterans_site"] == "veterans_hospital":
        raise Refused("site")
    if injury == "B" and st["veterans_site"] == "entrusted":
        raise Refused("site")
    if injury in ("3", "5", "6", "J") and (care != "pharmacy" or insurer != "HI"):
        raise Refused("pharmacy class")
    if st["veterans_class"]:
        if insurer != "HI" or injury not in ("0", "8", "9"):
            raise Refused("veteran and other class")
        if (care == "pharmacy") != (st["veterans_class"] == "A"):
            raise Refused("A is for pharmacies")
        if care != "pharmacy" and not st["veterans_site"]:
            raise Refused("site missing")
    for symbol in st["symbols"]:
        check_symbol(st, symbol)
    if care == "pharmacy" and set(st["symbols"]) & MINOR and not st["prescriber_kind"]:
        raise Refused("prescriber missing")
    if care == "pharmacy" and set(st["symbols"]) & MINOR and st["prescriber_kind"] == "general":
        if not st["prescriber_area"]:
            raise Refused("prescriber area missing")
    if care == "pharmacy" and who(st) == "HI" and st["is_direct_dispensing"] and st["dispensing_days"] < 1:
        raise Refused("days missing")
    if st["visit_count"] < 1 or not 0 <= st["in_house_count"] <= st["visit_count"]:
        raise Refused("counts")


def check_copay_class(st: dict[str, Any]) -> None:
    one = st["medical_aid_copay_class"]
    if not one:
        return
    both = {"B005", "B006", "B007", "B008", "B009", "B014", "B016", "B030", "B099"}
    if one[0] == "M" and st["insurer"] != "MA1":
        raise Refused("M is for class 1")
    if one[0] == "B" and one not in both and st["insurer"] != "MA2":
        raise Refused("B is for class 2")
    begins = {"B016": date(2024, 7, 1), "B030": date(2022, 3, 22), "B099": date(2020, 2, 9)}
    if st["care_on"] < begins.get(one, date.min):
        raise Refused("class not yet")
    pairs = {"B010": {"F015"}, "B011": {"F016"}, "B013": DEMENTIA, "B014": {"F023"}, "B015": {"F024"}}
    pairs |= {"B016": {"F029"}, "B030": {"V010"}}
    if st["care"] == "outpatient" and one in pairs and not pairs[one] & set(st["symbols"]):
        raise Refused("pair symbol missing")


def check_symbol(st: dict[str, Any], symbol: str) -> None:
    row, care = SYMBOLS.get(symbol), st["care"]
    if row is None or symbol in ("F004", "F012", "V006"):
        raise Refused("unknown symbol or no rate")
    if row["category"] == "pilot":
        place = "inpatient" if care == "inpatient" else "outpatient"
        column = {"HI": f"hi_rate_{place}", "MA1": "ma1_rate", "MA2": f"ma2_rate_{place}"}.get(
            who(st), "name_ko"
        )
        if row[column] != "statutory rate":
            raise Refused("pilot")
    if symbol in ONLY_FOR and who(st) not in ONLY_FOR[symbol]:
        raise Refused("symbol not for these patients")
    low, below = AGES.get(symbol, (0, 999))
    if not low <= st["age_years"] < below:
        raise Refused("age")
    suits = {
        "in": care == "inpatient" or (care == "outpatient" and bool(row["hi_rate_outpatient"])),
        "out": care in ("outpatient", "pharmacy"),
        "home": care == "home",
        "rx": care == "pharmacy",
    }.get(row["setting"], True)
    if not suits or (row["introduced"] and st["care_on"] < date.fromisoformat(row["introduced"])):
        raise Refused("symbol not for this care or day")


def within(st: dict[str, Any], first: date = START, last: date = date.max) -> None:
    """The rule holds on every day of the statement."""
    if not (first <= st["care_on"] and last_day(st) <= last):
        raise Refused("outside the days of the rule")


def only_one(*found: bool) -> bool:
    """Whether a class of one step applies; two at once contradict each other."""
    if sum(found) > 1:
        raise Refused("two classes at once")
    return any(found)


# --- classes ---------------------------------------------------------------------------------------------------------


def choose(st: dict[str, Any], total1: int) -> Way:
    """The class of the patient in the order of the reference."""
    group, care = who(st), st["care"]
    if st["is_benefit_restricted"] and group != "DUTY" and care != "home":
        if st["is_unapproved_transplant"]:
            raise Refused("two classes" if group == "HI" and care == "inpatient" else "transplant")
        within(st)
        return Way("AM-RESTRICTED", 1, 10, "whole")
    if st["is_benefit_restricted"] and group != "DUTY":
        pass  # home care: the restriction rule does not name it
    if st["is_unapproved_transplant"] and group == "HI" and care == "inpatient":
        within(st)
        return Way("AM-STEM-UNAPPROVED", "0.5", 10)
    chosen = {
        "DUTY": duty, "C": near_poor_c, "EF": near_poor_ef, "HI": insured, "MA1": medical_aid, "MA2": medical_aid,
    }[group](st, total1)  # fmt: skip
    return chosen


def duty(st: dict[str, Any], total1: int) -> Way:
    if st["care"] == "home":
        raise Refused("no rule")
    within(st)
    return Way("DUTY-INJURY", 0, 1, "whole")


def dental(st: dict[str, Any], prefix: str, denture: str, implant: str, unit: int) -> Way | None:
    """Registered dentures and implants, 65 and over, on a statement of their own."""
    if not st["dental_prosthesis"] or st["care"] != "outpatient":
        return None
    if st["age_years"] < 65:
        raise Refused("dental prosthesis under 65")
    within(st)
    rate = denture if st["dental_prosthesis"] == "denture" else implant
    return Way(f"{prefix}{st['dental_prosthesis'].upper()}", rate, unit, "whole")


def near_poor_c(st: dict[str, Any], total1: int) -> Way:
    found = dental(st, "NP-C-", "0.05", "0.1", 100)
    if found:
        return found
    if st["care"] == "home":
        raise Refused("no rule")
    within(st)
    return Way("NP-C-ALL", 0, 10)


def has(st: dict[str, Any], *symbols: str) -> bool:
    return bool(set(symbols) & set(st["symbols"]))


def of_category(st: dict[str, Any], *names: str) -> bool:
    return any(SYMBOLS[one]["category"] in names for one in st["symbols"])


def near_poor_ef(st: dict[str, Any], total1: int) -> Way:
    found = dental(st, "NP-EF-", "0.15", "0.2", 100)
    if found:
        return found
    within(st)
    care, cls = st["care"], CLASS_OF[st["provider_kind"]]
    if care == "pharmacy":
        return near_poor_pharmacy(st, total1)
    if care == "home":
        if cls == "C" and has(st, "V194", "V251", "V301", "V302", "V303", "V304"):
            return Way("NP-EF-HOME-SEVERE", "0.05", 100, fund="share")
        raise Refused("no rule")
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
    if place == "H" and only_one(of_category(st, "dementia"), special):
        if of_category(st, "dementia"):
            return rate("5", "0.05")
        if has(st, *CHRONIC):
            raise Refused("chronic list and rare rule both fit") if False else _Chronic(st, visit)
        return visit("RARE", "0.1")
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
            raise Refused("F022 at a large hospital") if place == "H" else Refused("F022")
        name = {"T": "SEVERE", "H": "5", "C": "SEVERE"}[place]
        return visit(name, "0.05") if flat else rate(name, "0.05")
    if st["age_years"] < 1:
        if flat:
            return visit("INF1", "0.05", (0, 0))
        return rate({"T": "SEVERE", "H": "5"}[place], "0.05")
    return visit("GEN", "0.14") if flat else rate("GEN", "0.14")
