"""Special details (특정내역) that the sample's statements need, each with its unit, code and formatted text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from cheonggu.sources.sample.amounts import child_symbols
from cheonggu.sources.sample.calendar import day_number
from cheonggu.sources.sample.codes import MA1, MA2, Diagnoses, Items
from cheonggu.sources.sample.draw import Bools, Ints, digits, pick
from cheonggu.sources.sample.lines import Extras, Lines
from cheonggu.sources.sample.visits import NEWBORN_DAYS, Statements

STATEMENT_UNIT, LINE_UNIT = 1, 2
INJURY_CAUSES = ["V", "W", "X", "Y"]
ACUPOINTS = ["LI004", "ST036", "GB034", "BL023", "SI003"]
ACUPUNCTURE = ("04", "01")  # hang and mok of the Korean-medicine form
INJECTION_EXCEPTION = "52"  # 원내 주사제 in exception_rx
OUTSOURCED_TESTS = ("C5603",)  # 위탁검사
LABORATORY = "11900044"
HIT_REASON = "대체할 수 있는 약제가 없어 투여함"
ONE_HIT_IN = 12  # drugs given in the house


@dataclass
class Details:
    """One entry per detail. ``line_seq`` is 0 for the unit of the statement."""

    statement: Ints
    unit: Ints
    line_seq: Ints
    code: list[str]
    code_index: Ints
    text: pa.ChunkedArray

    def keep(self, rows: Bools) -> None:
        self.text = self.text.filter(pa.array(rows))
        for name in ("statement", "unit", "line_seq", "code_index"):
            setattr(self, name, getattr(self, name)[rows])


@dataclass
class _Part:
    code: str
    statement: Ints
    text: pa.Array
    line_seq: Ints | None = None


def make_details(
    random: np.random.Generator,
    statements: Statements,
    lines: Lines,
    extras: Extras,
    items: Items,
    table: Diagnoses,
) -> Details:
    """All details in order of statement, then of the parts below."""
    parts = [
        *_injuries(random, statements, table),
        *_symbols(random, statements, table),
        *_medical_aid(random, statements),
        *_newborns(random, statements),
        *_injections(statements, lines, extras, items),
        *_nights_and_acupoints(random, statements, lines, items),
        *_outsourced_tests(statements, lines, items),
        *_hits(lines, items),
    ]
    statement = np.concatenate([one.statement for one in parts])
    order = np.argsort(statement, kind="stable")
    sizes = [len(one.statement) for one in parts]
    line_seq = np.concatenate(
        [
            np.zeros(size, np.int64) if one.line_seq is None else one.line_seq
            for one, size in zip(parts, sizes, strict=True)
        ]
    )
    return Details(
        statement=statement[order],
        unit=np.where(line_seq > 0, LINE_UNIT, STATEMENT_UNIT)[order],
        line_seq=line_seq[order],
        code=[one.code for one in parts],
        code_index=np.repeat(np.arange(len(parts)), sizes)[order],
        text=pa.chunked_array([one.text for one in parts], pa.string()).take(pa.array(order)),
    )


def _injuries(random: np.random.Generator, statements: Statements, table: Diagnoses) -> list[_Part]:
    rows = np.flatnonzero(table.is_injury[statements.diagnosis])
    return [_Part("MT001", rows, pick(INJURY_CAUSES, random.integers(0, len(INJURY_CAUSES), len(rows))))]


def _symbols(random: np.random.Generator, statements: Statements, table: Diagnoses) -> list[_Part]:
    """Special symbols: of a registered disease with its 10-digit registration number, or of a child."""
    registered = np.flatnonzero(table.has_symbol[statements.diagnosis])
    child = child_symbols(statements)
    young = np.flatnonzero(child)
    return [
        _Part("MT002", registered, pick(table.symbol, statements.diagnosis[registered])),
        _Part("MT002", young, digits(child[young], 3, "F")),
        _Part("MT014", registered, digits(random.integers(0, 10**8, len(registered)), 8, "05")),
    ]


def _medical_aid(random: np.random.Generator, statements: Statements) -> list[_Part]:
    """The visit's confirmation number (day and five digits), and class M003 for class 1 under 18."""
    aided = np.flatnonzero(np.isin(statements.payer, (MA1, MA2)))
    number = day_number(statements.care_from[aided]) * 10**5 + random.integers(0, 10**5, len(aided))
    is_exempt = (statements.payer == MA1) & (statements.age < 18) & ~statements.is_inpatient
    exempt = np.flatnonzero(is_exempt)
    return [
        _Part("MT018", exempt, pick(["M003"], np.zeros(len(exempt), np.int64))),
        _Part("MT019", aided, digits(number, 13)),
    ]


def _newborns(random: np.random.Generator, statements: Statements) -> list[_Part]:
    rows = np.flatnonzero(statements.age_days <= NEWBORN_DAYS)
    return [_Part("MS004", rows, digits(random.integers(2_500, 4_200, len(rows)), 4))]


def _injections(statements: Statements, lines: Lines, extras: Extras, items: Items) -> list[_Part]:
    """Days of in-house injections, and on each drug line why it was not prescribed outside."""
    rows = np.flatnonzero(extras.has_injection)
    drugs = np.flatnonzero(lines.dose_qty > 0)
    return [
        _Part("MS002", rows, digits(extras.medication_days[rows], 3)),
        _Part(
            "JS002",
            lines.statement[drugs],
            pick([INJECTION_EXCEPTION], np.zeros(len(drugs), np.int64)),
            lines.seq[drugs],
        ),
    ]


def _nights_and_acupoints(
    random: np.random.Generator, statements: Statements, lines: Lines, items: Items
) -> list[_Part]:
    night = np.flatnonzero(lines.is_night)
    day = day_number(statements.care_from[lines.statement[night]])
    time = random.integers(18, 21, len(night)) * 100 + random.integers(0, 60, len(night))
    is_needle = [
        type_ == "A" and (hang, mok) == ACUPUNCTURE
        for type_, hang, mok in zip(items.type, items.hang, items.mok, strict=True)
    ]
    needle = np.flatnonzero(np.array(is_needle)[lines.item])
    return [
        _Part("JS010", lines.statement[night], digits(day * 10_000 + time, 12), lines.seq[night]),
        _Part(
            "JS011",
            lines.statement[needle],
            pick(ACUPOINTS, random.integers(0, len(ACUPOINTS), len(needle))),
            lines.seq[needle],
        ),
    ]


def is_outsourced(lines: Lines, items: Items) -> Bools:
    """Lines of tests that another laboratory does."""
    found: Bools = np.isin(np.array(items.code)[lines.item], OUTSOURCED_TESTS)
    return found


def has_hit(lines: Lines, items: Items) -> Bools:
    """Drug lines to which the drug utilisation review (DUR) answered."""
    found: Bools = (lines.dose_qty > 0) & ((lines.statement * 31 + lines.seq) % ONE_HIT_IN == 0)
    return found


def _outsourced_tests(statements: Statements, lines: Lines, items: Items) -> list[_Part]:
    """Laboratory and day of an outsourced test."""
    rows = np.flatnonzero(is_outsourced(lines, items))
    owner = lines.statement[rows]
    return [
        _Part(
            "JS005",
            owner,
            digits(day_number(statements.care_from[owner]), 8, f"{LABORATORY}/"),
            lines.seq[rows],
        )
    ]


def _hits(lines: Lines, items: Items) -> list[_Part]:
    """Why a drug was given although the review warned of it."""
    rows = np.flatnonzero(has_hit(lines, items))
    return [
        _Part(
            "JT011", lines.statement[rows], pick([HIT_REASON], np.zeros(len(rows), np.int64)), lines.seq[rows]
        )
    ]


def drop(details: Details, statements: Ints, code: str) -> None:
    """Take the details of one code away from some statements."""
    here = np.isin(details.statement, statements)
    details.keep(~(here & (np.array(details.code)[details.code_index] == code)))


def has_detail(details: Details, count: int, code: str) -> Bools:
    """Per statement: some detail bears the code."""
    found = np.zeros(count, np.bool_)
    found[details.statement[np.array(details.code)[details.code_index] == code]] = True
    return found


def add_unknown(details: Details, statements: Ints, code: str) -> None:
    """Add a detail with the given code to each statement, behind its others."""
    order_of = np.concatenate([details.statement, statements])
    order = np.argsort(order_of, kind="stable")
    zeros = np.zeros(len(statements), np.int64)
    details.code = [*details.code, code]
    index = np.concatenate([details.code_index, zeros + len(details.code) - 1])
    unit = np.concatenate([details.unit, zeros + STATEMENT_UNIT])
    line_seq = np.concatenate([details.line_seq, zeros])
    text = pa.chunked_array([*details.text.chunks, pick(["1"], zeros)], pa.string())
    details.statement, details.code_index = order_of[order], index[order]
    details.unit, details.line_seq = unit[order], line_seq[order]
    details.text = text.take(pa.array(order))


def has_line_detail(details: Details, count: int) -> Bools:
    """Per statement: some detail refers to one of its lines."""
    found = np.zeros(count, np.bool_)
    found[details.statement[details.unit == LINE_UNIT]] = True
    return found
