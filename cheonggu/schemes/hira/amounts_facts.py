"""Facts of a statement that contradict each other or that no rule knows: refused before a rule is looked for."""

from __future__ import annotations

from collections.abc import Mapping

from cheonggu.schemes.hira.amounts_match import LISTED_MINOR, Matcher
from cheonggu.schemes.hira.amounts_model import AREAS, CARES, INSURERS, NotComputableError
from cheonggu.schemes.hira.data import CODES

MA_CLASS_OF = {"1": "MA1", "2": "MA2", "4": "MA1", "6": "MA2", "8": "MA2", "N": "MA1"}
ENTRUSTED_CLASSES, HOSPITAL_CLASSES = ("4", "7"), ("B", "D")
SITES = ("", "veterans_hospital", "entrusted")
PROSTHESES = ("", "denture", "implant")
# Classes that decide an outpatient rate: named without the facts they need, nothing is known.
DECISIVE_CLASSES = ("B010", "B011", "B013", "B014", "B015", "B016", "B030")


def check_facts(matcher: Matcher) -> None:
    """NotComputableError for the first fact that is unknown or contradicts another."""
    _check_vocabulary(matcher)
    _check_own_statements(matcher)
    _check_medical_aid(matcher)
    _check_veteran(matcher)
    for symbol in matcher.situation.symbols:
        _check_symbol(symbol, matcher)
    _check_pharmacy(matcher)


def _check_vocabulary(matcher: Matcher) -> None:
    one = matcher.situation
    known = {
        "insurer": INSURERS,
        "care": CARES,
        "area": AREAS,
        "prescriber_area": AREAS,
        "medical_aid_level": ("", "1", "2", "3"),
        "veterans_site": SITES,
        "dental_prosthesis": PROSTHESES,
        "injury_work_class": tuple(code.key for code in CODES.rows("work_injury_class")),
    }
    for name, values in known.items():
        if getattr(one, name) not in values:
            raise _unknown(name)
    if one.provider_kind not in matcher.book.providers:
        raise NotComputableError(
            "no_rule",
            "provider_kind",
            "이 기관 종류의 본인부담 규칙이 없습니다(보건소·지소·진료소·조산원 등)",
            "no rules for this kind of provider (public health centres, midwives …)",
        )
    if (one.care == "pharmacy") != (one.provider_kind == "pharmacy"):
        raise _contradiction(
            "care", "진료 형태와 기관 종류가 맞지 않습니다", "care does not suit the provider"
        )
    if one.care_until and one.care_until < one.care_on:
        raise _contradiction("care_until", "종료일이 시작일보다 앞섭니다", "care ends before it begins")
    if not 0 <= one.age_years <= 150:
        raise _unknown("age_years")
    if matcher.group in ("DUTY", "NP_C", "NP_EF") and one.insurer != "HI":
        raise _contradiction(
            "injury_work_class", "의료급여에 쓸 수 없는 공상 등 구분입니다", "class not for Medical Aid"
        )


def _check_own_statements(matcher: Matcher) -> None:
    """Statements of their own kind: prostheses are outpatient care, a transplant part is inpatient care."""
    one = matcher.situation
    if one.dental_prosthesis and (one.care != "outpatient" or matcher.group == "DUTY"):
        raise _contradiction(
            "dental_prosthesis", "틀니·임플란트는 외래 명세서입니다", "prostheses are outpatient care"
        )
    if one.is_unapproved_transplant and (one.care != "inpatient" or matcher.group != "HI"):
        raise _contradiction(
            "is_unapproved_transplant", "건강보험 입원 명세서에만 씁니다", "for health-insurance inpatients"
        )


def _check_medical_aid(matcher: Matcher) -> None:
    one = matcher.situation
    if one.insurer == "HI":
        if one.medical_aid_class or one.medical_aid_copay_class:
            raise _contradiction(
                "medical_aid_class", "건강보험에 의료급여 구분이 있습니다", "not for health insurance"
            )
        return
    if one.medical_aid_class == "9":
        raise NotComputableError(
            "no_rule", "medical_aid_class", "종별구분 9의 규칙이 없습니다", "no rule for Medical Aid class 9"
        )
    if one.medical_aid_class and MA_CLASS_OF.get(one.medical_aid_class) != one.insurer:
        raise _contradiction(
            "medical_aid_class", "종별구분과 보험 구분이 다릅니다", "class and insurer differ"
        )
    if not one.medical_aid_level and matcher.book.switches["clinic_level"] == "refuse":
        raise NotComputableError(
            "fact_missing",
            "medical_aid_level",
            "의료급여기관 차수가 필요합니다",
            "medical_aid_level is needed",
        )
    _check_copay_class(matcher)


def _check_copay_class(matcher: Matcher) -> None:
    one = matcher.situation
    if not one.medical_aid_copay_class:
        return
    found = [
        code for code in CODES.rows("medical_aid_copay_class") if code.key == one.medical_aid_copay_class
    ]
    if not found:
        raise _unknown("medical_aid_copay_class")
    row = found[0].row
    if one.insurer[2] not in row["beneficiary_type"].split(","):
        raise _contradiction(
            "medical_aid_copay_class", "종별과 맞지 않는 본인부담구분입니다", "class of the other type"
        )
    first = found[0].valid_from
    if first and one.care_on < first:
        raise NotComputableError(
            "outside_dates", "medical_aid_copay_class", "본인부담구분 시행 전입니다", "before the class began"
        )
    pair = row["pair_symbol"]
    is_decisive = one.medical_aid_copay_class in DECISIVE_CLASSES and one.care == "outpatient"
    if is_decisive and not set(pair.split("/")) & set(one.symbols):
        raise _contradiction(
            "special_symbols", f"{pair} 특정기호가 함께 있어야 합니다", f"needs symbol {pair}"
        )


def _check_veteran(matcher: Matcher) -> None:
    one = matcher.situation
    if one.injury_work_class == "D":
        raise NotComputableError(
            "no_rule", "injury_work_class", "보훈병원 국비 2차 금액 규칙이 없습니다", "no rule for class D"
        )
    is_elsewhere = (
        one.injury_work_class in ENTRUSTED_CLASSES and one.veterans_site == "veterans_hospital"
    ) or (one.injury_work_class in HOSPITAL_CLASSES and one.veterans_site == "entrusted")
    if is_elsewhere:
        raise _contradiction(
            "veterans_site", "공상 등 구분과 보훈기관이 맞지 않습니다", "class and site differ"
        )
    if one.injury_work_class == "7" and one.insurer != "HI":
        raise _contradiction(
            "injury_work_class", "의료급여에 쓸 수 없는 구분입니다", "class not for Medical Aid"
        )
    if one.injury_work_class in ("3", "5", "6", "J") and (one.care != "pharmacy" or one.insurer != "HI"):
        raise _contradiction("injury_work_class", "약국 보훈감면 구분입니다", "class is for pharmacies")
    if not one.veterans_class:
        return
    if one.insurer != "HI" or one.injury_work_class not in ("0", "8", "9"):
        raise _contradiction(
            "veterans_class", "다른 자격과 함께 쓸 수 없습니다", "not with another entitlement"
        )
    if (one.care == "pharmacy") != (one.veterans_class == "A"):
        raise _contradiction(
            "veterans_class", "구분 A는 약국에서만 씁니다", "A is for pharmacies, others are not"
        )
    if one.care != "pharmacy" and not one.veterans_site:
        raise NotComputableError(
            "fact_missing", "veterans_site", "보훈병원/위탁병원 구분이 필요합니다", "veterans_site is needed"
        )


def _check_symbol(symbol: str, matcher: Matcher) -> None:
    one, book = matcher.situation, matcher.book
    row = book.categories.get(symbol)
    if row is None:
        raise _unknown("special_symbols", symbol)
    refused = book.symbols["refused"]
    if row["category"] == refused["pilot_category"]:
        _check_pilot(symbol, row, matcher)
    elif row["category"] in refused["categories"] or symbol in refused["symbols"]:
        raise _no_rate(symbol)
    if matcher.group not in book.symbols["patients"].get(symbol, [matcher.group]):
        raise _no_rate(symbol)
    lowest, below = book.symbols["age"].get(symbol, (0, 999))
    if not lowest <= one.age_years < below:
        raise _contradiction(
            "age_years", f"{symbol}의 나이 조건에 맞지 않습니다", f"age does not suit {symbol}"
        )
    if not _suits_care(row, one.care):
        raise _contradiction(
            "special_symbols", f"{symbol}은 이 진료 형태에 쓰지 않습니다", f"{symbol} not for this care"
        )
    if row["valid_to"] and one.care_on.isoformat() > row["valid_to"]:
        raise NotComputableError(
            "outside_dates", "special_symbols", f"{symbol}은 폐지되었습니다", f"{symbol} has ended"
        )
    if one.care_on.isoformat() < row["introduced"]:
        raise NotComputableError(
            "outside_dates", "special_symbols", f"{symbol} 시행 전입니다", f"before {symbol} began"
        )


def _check_pilot(symbol: str, pilot: Mapping[str, str], matcher: Matcher) -> None:
    """A pilot symbol changes nothing only where the list says so for these patients."""
    inside = matcher.situation.care == "inpatient"
    column = {
        "HI": "hi_rate_inpatient" if inside else "hi_rate_outpatient",
        "MA1": "ma1_rate",
        "MA2": "ma2_rate_inpatient" if inside else "ma2_rate_outpatient",
    }.get(matcher.group, "")
    if pilot.get(column) != matcher.book.symbols["refused"]["pilot_rate"]:
        raise _no_rate(symbol)


def _suits_care(row: Mapping[str, str], care: str) -> bool:
    setting = row["setting"]
    if setting == "in":
        return care == "inpatient" or (care == "outpatient" and row["hi_rate_outpatient"] != "")
    if setting == "out":
        return care in ("outpatient", "pharmacy")
    if setting == "home":
        return care == "home"
    return care == "pharmacy" if setting == "rx" else True


def _check_pharmacy(matcher: Matcher) -> None:
    one = matcher.situation
    if one.care != "pharmacy":
        return
    if matcher.group == "HI" and one.is_direct_dispensing and one.dispensing_days < 1:
        raise NotComputableError(
            "fact_missing", "dispensing_days", "직접조제 일수가 필요합니다", "dispensing_days is needed"
        )
    if set(one.symbols) & set(LISTED_MINOR):
        if not one.prescriber_kind:
            raise NotComputableError(
                "fact_missing", "prescriber_kind", "처방기관 종류가 필요합니다", "prescriber_kind is needed"
            )
        if one.prescriber_kind == "general" and not one.prescriber_area:
            raise NotComputableError(
                "fact_missing", "prescriber_area", "처방기관 지역이 필요합니다", "prescriber_area is needed"
            )


def _unknown(name: str, value: str = "") -> NotComputableError:
    shown = f" ({value})" if value else ""
    return NotComputableError(
        "unknown_value", name, f"{name} 값을 알 수 없습니다{shown}", f"unknown value of {name}{shown}"
    )


def _no_rate(symbol: str) -> NotComputableError:
    return NotComputableError(
        "no_rule",
        "special_symbols",
        f"{symbol}의 부담률이 규칙에 없습니다",
        f"no rate of {symbol} is known for these patients",
    )


def _contradiction(name: str, ko: str, en: str) -> NotComputableError:
    return NotComputableError("contradiction", name, ko, en)
