"""Words shared by the amounts engine: situation of a patient, charged parts of a statement, recipe of a co-payment.

A situation holds what chooses a rule and no amount; many statements share one, so rules are looked up once per distinct
situation and amounts are computed for all statements at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

CARES = ("outpatient", "inpatient", "pharmacy", "home")
AREAS = ("", "dong", "eup_myeon")
INSURERS = ("HI", "MA1", "MA2")
TOTAL1_SECTIONS = ("01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "S", "T", "L")
OTHER_SECTIONS = ("A", "B", "D", "E", "U", "V", "W")
SECTIONS = TOTAL1_SECTIONS + OTHER_SECTIONS

# Parts of total 1 that some rule charges at a rate of its own. OTHER is what is left of total 1.
OTHER = "OTHER"
ROOMS = ("ROOM", "ROOM2", "ROOM3", "ROOM4")
BUCKETS = (
    OTHER, "CONSULT", "DRUG", "S_EQUIP", "T", "MEAL_BASE", "MEAL_ADD", "ISOLATION",
    "ROOM2", "ROOM3", "ROOM4",
    "ROOM_LONG16", "ROOM2_LONG16", "ROOM3_LONG16", "ROOM4_LONG16",
    "ROOM_LONG31", "ROOM2_LONG31", "ROOM3_LONG31", "ROOM4_LONG31",
    "PSYCHOTHERAPY", "SEALING", "CHUNA", "CHUNA_COMPLEX", "TELE_ADVICE", "RETURN_REFERRAL", "COVID_ORAL",
    "COVID_INJECTION", "COVID_TEST", "DISABLED_DENTAL", "RETIRED_DRUG", "CHRONIC_MANAGEMENT", "LONG_ACTING_INJECTION",
)  # fmt: skip
ALL_PARTS = frozenset(BUCKETS)
BUCKET_NO = {name: number for number, name in enumerate(BUCKETS)}
LINE_BASES = (
    "",
    *(name for name in BUCKETS if name != OTHER and "LONG1" not in name and "LONG3" not in name),
    "ROOM",
)
LONG_STAYS = {"": "", "16": "_LONG16", "31": "_LONG31"}
MEALS = ("MEAL_BASE", "MEAL_ADD")
# Parts that do not count for the yearly upper limit (besides sections outside total 1).
NOT_IN_CEILING = tuple(name for name in BUCKETS if name.startswith(("ROOM2", "ROOM3", "CHUNA")))
# Columns of the amounts matrix: the parts of total 1, then the sections outside it.
A_EQUIP = "A_EQUIP"
COLUMNS = (*BUCKETS, "A", A_EQUIP, *OTHER_SECTIONS[1:])
COLUMN_NO = {name: number for number, name in enumerate(COLUMNS)}


@dataclass(frozen=True)
class Situation:
    """Facts that choose rules. ``age_years`` and the days stand for their band and period when many are resolved."""

    insurer: str
    care: str
    provider_kind: str
    care_on: date
    age_years: int
    care_until: date | None = None
    area: str = ""
    special_symbols: str = ""
    injury_work_class: str = "0"
    medical_aid_class: str = ""
    medical_aid_copay_class: str = ""
    medical_aid_level: str = ""
    veterans_class: str = ""
    veterans_site: str = ""
    prescriber_kind: str = ""
    prescriber_area: str = ""
    dental_prosthesis: str = ""
    dispensing_days: int = 0
    is_veterans_prescriber: bool = False
    is_direct_dispensing: bool = False
    is_public_health_prescription: bool = False
    is_dispensing_exempt_area: bool = False
    is_korean_medicine_department: bool = False
    has_medication: bool = False
    is_chronic_continuing: bool = False
    is_benefit_restricted: bool = False
    is_unapproved_transplant: bool = False

    @property
    def symbols(self) -> tuple[str, ...]:
        return tuple(self.special_symbols.split())

    @property
    def last_day(self) -> date:
        return self.care_until or self.care_on


class NotComputableError(Exception):
    """A result outside the known rules or dates: which field, why, in Korean and English."""

    def __init__(self, code: str, field_name: str, ko: str, en: str) -> None:
        self.code, self.field, self.ko, self.en = code, field_name, ko, en
        super().__init__(en)


REFUSED = -1  # rate of a part that no rule of this patient covers


@dataclass(frozen=True)
class Charge:
    """Rate of one part in ten-thousandths (REFUSED: not computable) and the carve-out that gave it, if any."""

    rate: int
    rule_id: str = ""
    why: NotComputableError | None = None


@dataclass(frozen=True)
class Recipe:
    """How the whole patient share of total 1 is made, before somebody else pays part of it.

    ``share = floor(sum(part x rate) + fixed x visits, unit)``, at least ``at_least``, at most total 1.
    """

    rule_ids: tuple[str, ...]
    text_ko: str
    charges: tuple[Charge, ...]
    unit: int
    fixed: int = 0
    fixed_in_house: int = 0
    is_fixed_once: bool = False  # a tier's amount is due once, a visit's per event
    at_least: int = 0


@dataclass(frozen=True)
class Fund:
    """What the disabled fund (장애인의료비) pays of the share: nothing, a flat sum per visit, or all but ``keeps``."""

    pays: str = ""
    per_visit: int = 0
    keeps: tuple[str, ...] = ()


@dataclass(frozen=True)
class Veterans:
    """Who pays instead of a veteran: mode, remaining share (ten-thousandths) and the rule."""

    mode: str = ""  # "" | state | state_all | copay | total1
    remaining: int = 0
    rule_id: str = ""


@dataclass(frozen=True)
class Plan:
    """Everything a situation settles: recipes by total 1 (``tops``: highest total 1 of all but the last), payers."""

    recipes: tuple[Recipe, ...]
    tops: tuple[int, ...] = ()
    fund: Fund = Fund()
    veterans: Veterans = Veterans()
    support: str = ""  # "" | given | copay | difference
    support_rule: str = ""
    ordinary: Plan | None = None  # the share without F028
    type_addition_percent: int | None = 0
    section_rates: dict[str, int] = field(default_factory=dict)
    takes_partial: bool = True
    has_ceiling: bool = False
    patient_group: str = "HI"
