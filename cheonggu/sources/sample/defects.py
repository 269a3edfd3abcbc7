"""Planted defects (심어 둔 오류): each breaks exactly one rule on one statement, and ``truth.csv`` says which.

Only statements that the night would bill are touched: due month, closed day, reviewed, and the patient's only
one, so that no other statement is drawn in. What keeps a second rule from firing stands beside each defect.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from cheonggu.sources.sample.amounts import Amounts
from cheonggu.sources.sample.calendar import month_of
from cheonggu.sources.sample.codes import BAD_DEPARTMENT, HI, MA2, Diagnoses, Items
from cheonggu.sources.sample.details import Details, add_unknown, drop, has_detail, has_line_detail
from cheonggu.sources.sample.diagnoses import DiagnosisRows
from cheonggu.sources.sample.draw import Bools, Ints
from cheonggu.sources.sample.lines import Lines, Prescriptions
from cheonggu.sources.sample.people import resident_numbers
from cheonggu.sources.sample.visits import Statements

ELEVEN_DIGITS = 10**10
NOT_ON_ROSTER = 7_000_001
IMPOSSIBLE_MONTH_DAY = 231  # 31 February
LONG_NAME = "남궁" + "가" * 9  # 22 bytes in CP949
UNENCODABLE_NAMES = ["김𠮷동", "이수😀", "박\u1112\u119e나"]  # outside CP949
UNKNOWN_DETAIL = "ZZ999"
EXTERNAL_CAUSE = "W010"


@dataclass
class Sheet:
    """Everything a defect may change, and where changed texts wait for the tables."""

    statements: Statements
    amounts: Amounts
    benefit_days: Ints
    diagnoses: DiagnosisRows
    lines: Lines
    prescriptions: Prescriptions
    details: Details
    table: Diagnoses
    items: Items
    may_plant: Bools  # billable tonight and the patient's only statement
    is_registered: Bools  # has a special symbol or an injury cause, which ties the main diagnosis
    line_slack: Ints  # won by which the sum of the lines stands above the ten it is floored to
    on_leave: Ints  # licence of a doctor of the provider who is on leave on care_from; 0 when nobody is
    has_expired: Bools  # the registration of the disease ran out before the care
    has_other_card: Bools  # the card bears another resident number
    texts: dict[str, dict[int, str]] = field(default_factory=dict)  # statement column → row → new text
    orphans: list[tuple[int, str]] = field(default_factory=list)  # (statement copied from, its made-up key)


@dataclass(frozen=True)
class Planted:
    """One row of ``truth.csv``."""

    statement: int  # index; orphans count on from the number of statements
    defect: str
    stage: str
    rule_id: str
    view: str
    column: str


@dataclass(frozen=True)
class Defect:
    name: str
    stage: str
    rule_id: str
    view: str
    column: str
    candidates: Callable[[Sheet], Bools]
    plant: Callable[[np.random.Generator, Sheet, Ints], None]


def planted_per_rule(count: int) -> int:
    """Three of each at the size of the demo, more for larger samples, fewer for tiny ones."""
    return max(1, min(3, count // 800)) + count // 25_000


def plant_defects(random: np.random.Generator, sheet: Sheet) -> list[Planted]:
    """Change the sheet in place; returns what was planted, in order of rule."""
    planted: list[Planted] = []
    free = sheet.may_plant.copy()
    each = planted_per_rule(sheet.statements.count)
    for one in DEFECTS:
        candidates = np.flatnonzero(free & one.candidates(sheet))
        chosen = np.sort(random.permutation(candidates)[:each])
        one.plant(random, sheet, chosen)
        free[chosen] = False
        first = sheet.statements.count + len(sheet.orphans) - len(chosen)
        rows = range(first, first + len(chosen)) if one.rule_id == "SRC-006" else chosen.tolist()
        planted += [Planted(row, one.name, one.stage, one.rule_id, one.view, one.column) for row in rows]
    return planted


def _anyone(sheet: Sheet) -> Bools:
    return np.ones(sheet.statements.count, np.bool_)


def _plain_insured(sheet: Sheet) -> Bools:
    """Health insurance with a share to pay: amounts that no other rule derives from the changed value."""
    found: Bools = (sheet.statements.payer == HI) & (sheet.amounts.patient_copay > 0)
    return found


def _put(sheet: Sheet, column: str, rows: Ints, texts: list[str]) -> None:
    for place, row in enumerate(rows.tolist()):
        sheet.texts.setdefault(column, {})[row] = texts[place % len(texts)]


def _blank_name(random: np.random.Generator, sheet: Sheet, rows: Ints) -> None:
    _put(sheet, "patient_name", rows, [""])


def _odd_name(random: np.random.Generator, sheet: Sheet, rows: Ints) -> None:
    _put(sheet, "patient_name", rows, UNENCODABLE_NAMES)


def _long_name(random: np.random.Generator, sheet: Sheet, rows: Ints) -> None:
    _put(sheet, "subscriber_name", rows, [LONG_NAME])


def _short_number(random: np.random.Generator, sheet: Sheet, rows: Ints) -> None:
    birth = sheet.statements.care_from[rows] - sheet.statements.age_days[rows]
    numbers = resident_numbers(random, birth, np.zeros(len(rows), np.bool_)).to_pylist()
    _put(sheet, "patient_rrn", rows, [one[:12] for one in numbers])


def _born_later(random: np.random.Generator, sheet: Sheet, rows: Ints) -> None:
    """Born one to three days after the care. Medical aid class 2 pays the same at every age."""
    birth = sheet.statements.care_from[rows] + random.integers(1, 4, len(rows))
    _put(
        sheet, "patient_rrn", rows, resident_numbers(random, birth, np.zeros(len(rows), np.bool_)).to_pylist()
    )


def _unknown_department(random: np.random.Generator, sheet: Sheet, rows: Ints) -> None:
    sheet.diagnoses.department[_main_rows(sheet, rows)] = BAD_DEPARTMENT


def _no_main(random: np.random.Generator, sheet: Sheet, rows: Ints) -> None:
    sheet.diagnoses.main_class[_main_rows(sheet, rows)] = 2


def _external_main(random: np.random.Generator, sheet: Sheet, rows: Ints) -> None:
    sheet.diagnoses.code[_main_rows(sheet, rows)] = len(sheet.table.code)  # the code behind the table


def _unknown_doctor(random: np.random.Generator, sheet: Sheet, rows: Ints) -> None:
    """Only the diagnoses name the stranger; the consultation keeps its doctor (LIC-005)."""
    sheet.diagnoses.license_no[np.isin(sheet.diagnoses.statement, rows)] = NOT_ON_ROSTER


def _doctor_on_leave(random: np.random.Generator, sheet: Sheet, rows: Ints) -> None:
    """Only the diagnoses name the doctor who is away; the consultation keeps its own (LIC-005)."""
    mine = np.isin(sheet.diagnoses.statement, rows)
    sheet.diagnoses.license_no[mine] = sheet.on_leave[sheet.diagnoses.statement[mine]]


def _somebody_on_leave(sheet: Sheet) -> Bools:
    found: Bools = (sheet.on_leave > 0) & ~sheet.statements.is_inpatient
    return found


def _run_out(random: np.random.Generator, sheet: Sheet, rows: Ints) -> None:
    sheet.has_expired[rows] = True


def _has_symbol(sheet: Sheet) -> Bools:
    found: Bools = sheet.table.has_symbol[sheet.statements.diagnosis]
    return found


def _other_card(random: np.random.Generator, sheet: Sheet, rows: Ints) -> None:
    sheet.has_other_card[rows] = True


def _without(code: str) -> Callable[[np.random.Generator, Sheet, Ints], None]:
    """Plant by leaving out the details of one code."""

    def plant(random: np.random.Generator, sheet: Sheet, rows: Ints) -> None:
        drop(sheet.details, rows, code)

    return plant


def _with(code: str) -> Callable[[Sheet], Bools]:
    def candidates(sheet: Sheet) -> Bools:
        return has_detail(sheet.details, sheet.statements.count, code)

    return candidates


def _main_rows(sheet: Sheet, rows: Ints) -> Ints:
    return np.flatnonzero(np.isin(sheet.diagnoses.statement, rows) & (sheet.diagnoses.seq == 1))


def _orphan(random: np.random.Generator, sheet: Sheet, rows: Ints) -> None:
    """A copy of a diagnosis under a key that no statement has; the statement itself stays sound."""
    first = sheet.statements.count + len(sheet.orphans)
    copied = sheet.diagnoses.take(_main_rows(sheet, rows))
    copied.statement = first + np.arange(len(rows))
    sheet.diagnoses = sheet.diagnoses.append(copied)
    sheet.orphans += [
        (row, f"LOST{place:08d}") for place, row in enumerate(rows.tolist(), len(sheet.orphans))
    ]


def _too_large(random: np.random.Generator, sheet: Sheet, rows: Ints) -> None:
    sheet.amounts.claimed_amount[rows] += ELEVEN_DIGITS


def _ten_won_more(random: np.random.Generator, sheet: Sheet, rows: Ints) -> None:
    sheet.amounts.claimed_amount[rows] += 10


def _ends_before(random: np.random.Generator, sheet: Sheet, rows: Ints) -> None:
    sheet.statements.care_to[rows] -= 1


def _can_end_before(sheet: Sheet) -> Bools:
    """A visit whose day before lies in the same month."""
    one = sheet.statements
    found: Bools = ~one.is_inpatient & (month_of(one.care_to - 1) == one.month)
    return found


def _one_won_more(random: np.random.Generator, sheet: Sheet, rows: Ints) -> None:
    first = (sheet.lines.seq == 1) & np.isin(sheet.lines.statement, rows)
    sheet.lines.amount[first] += 1


def _has_slack(sheet: Sheet) -> Bools:
    """A consultation line (no provider-type addition) whose won more does not reach the next ten."""
    found: Bools = ~sheet.statements.is_inpatient & (sheet.line_slack <= 8)
    return found


def _fewer_benefit_days(random: np.random.Generator, sheet: Sheet, rows: Ints) -> None:
    sheet.benefit_days[rows] -= 1


def _long_stay(sheet: Sheet) -> Bools:
    """A stay: medication lasts a day less than the stay, so LINE-009 holds, and no day becomes 0."""
    found: Bools = sheet.statements.is_inpatient & (sheet.statements.stay_days >= 3)
    return found


def _impossible_day(random: np.random.Generator, sheet: Sheet, rows: Ints) -> None:
    mine = np.isin(sheet.prescriptions.statement, rows)
    year = sheet.prescriptions.day[mine] // 10_000
    sheet.prescriptions.day[mine] = year * 10_000 + IMPOSSIBLE_MONTH_DAY
    # A serial of its own per statement keeps the number unique.
    sheet.prescriptions.serial[mine] = 90_001 + np.searchsorted(rows, sheet.prescriptions.statement[mine])


def _is_prescribed(sheet: Sheet) -> Bools:
    found = np.zeros(sheet.statements.count, np.bool_)
    found[sheet.prescriptions.statement] = True
    return found


def _unknown_detail(random: np.random.Generator, sheet: Sheet, rows: Ints) -> None:
    add_unknown(sheet.details, rows, UNKNOWN_DETAIL)


def _no_lines(random: np.random.Generator, sheet: Sheet, rows: Ints) -> None:
    sheet.lines.keep(~np.isin(sheet.lines.statement, rows))


def _without_line_details(sheet: Sheet) -> Bools:
    """No detail refers to a line, so none is left dangling; nothing in section U, whose total would stay."""
    found: Bools = ~has_line_detail(sheet.details, sheet.statements.count) & (
        sheet.amounts.full_copay_total == 0
    )
    return found


def _is_free_main(sheet: Sheet) -> Bools:
    return ~sheet.is_registered


def _medical_aid_2(sheet: Sheet) -> Bools:
    found: Bools = (sheet.statements.payer == MA2) & ~sheet.statements.is_inpatient
    return found


VALIDATE, PRECHECK = "validate", "precheck"
# The scarcest candidates come first, so that a small sample still has room for every rule.
DEFECTS = (
    Defect(
        "born after the care", PRECHECK, "PAT-006", "statement", "patient_rrn", _medical_aid_2, _born_later
    ),
    Defect(
        "fewer benefit days", PRECHECK, "DAY-010", "statement", "visit_days", _long_stay, _fewer_benefit_days
    ),
    Defect("name left blank", VALIDATE, "SRC-001", "statement", "patient_name", _anyone, _blank_name),
    Defect(
        "unknown department", VALIDATE, "SRC-003", "diagnosis", "department", _anyone, _unknown_department
    ),
    Defect(
        "amount too large", VALIDATE, "SRC-004", "statement", "claimed_amount", _plain_insured, _too_large
    ),
    Defect("row without statement", VALIDATE, "SRC-006", "diagnosis", "statement_key", _anyone, _orphan),
    Defect("name outside CP949", VALIDATE, "SRC-007", "statement", "patient_name", _anyone, _odd_name),
    Defect("name too long", VALIDATE, "SRC-008", "statement", "subscriber_name", _anyone, _long_name),
    Defect("no main diagnosis", VALIDATE, "SRC-009", "diagnosis", "diagnosis_class", _anyone, _no_main),
    Defect(
        "ends before it begins", VALIDATE, "SRC-010", "statement", "care_from", _can_end_before, _ends_before
    ),
    Defect("resident number short", VALIDATE, "SRC-012", "statement", "patient_rrn", _anyone, _short_number),
    Defect(
        "claimed ten won more",
        PRECHECK,
        "AMT-007",
        "statement",
        "claimed_amount",
        _plain_insured,
        _ten_won_more,
    ),
    Defect("line one won more", PRECHECK, "LINE-008", "line", "line_amount", _has_slack, _one_won_more),
    Defect(
        "impossible day",
        PRECHECK,
        "RX-001",
        "prescription",
        "prescription_no",
        _is_prescribed,
        _impossible_day,
    ),
    Defect("unknown detail", PRECHECK, "DTL-001", "detail", "detail_code", _anyone, _unknown_detail),
    Defect("doctor not on roster", PRECHECK, "LIC-004", "diagnosis", "license_no", _anyone, _unknown_doctor),
    Defect("no lines", PRECHECK, "LINE-001", "line", "line_seq", _without_line_details, _no_lines),
    Defect(
        "external cause as main",
        PRECHECK,
        "DX-007",
        "diagnosis",
        "diagnosis_code",
        _is_free_main,
        _external_main,
    ),
    # What only the optional views tell.
    Defect(
        "drug without its reason",
        PRECHECK,
        "LINE-027",
        "detail",
        "detail_code",
        _with("JT011"),
        _without("JT011"),
    ),
    Defect(
        "test without its laboratory",
        PRECHECK,
        "LINE-035",
        "detail",
        "detail_code",
        _with("JS005"),
        _without("JS005"),
    ),
    Defect(
        "night without its hour",
        PRECHECK,
        "LINE-016",
        "detail",
        "detail_code",
        _with("JS010"),
        _without("JS010"),
    ),
    Defect(
        "registration run out", PRECHECK, "SYM-002", "registration", "registered_to", _has_symbol, _run_out
    ),
    Defect(
        "doctor on leave",
        PRECHECK,
        "LIC-006",
        "diagnosis",
        "license_no",
        _somebody_on_leave,
        _doctor_on_leave,
    ),
    Defect("other number on the card", PRECHECK, "PAT-013", "statement_fact", "fact", _anyone, _other_card),
)


def truth_table(planted: list[Planted], keys: list[str]) -> pa.Table:
    """``truth.csv`` as a table; ``keys`` are the statement keys of the planted rows, in their order."""
    return pa.table(
        {
            "statement_key": keys,
            "defect": [one.defect for one in planted],
            "stage": [one.stage for one in planted],
            "rule_id": [one.rule_id for one in planted],
            "view": [one.view for one in planted],
            "column": [one.column for one in planted],
        }
    )
