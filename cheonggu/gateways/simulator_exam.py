"""The check that HIRA's client makes before a claim may be sent (점검): 0 fine, 1 errors but claimable, −1 not.

What would make HIRA return the whole claim refuses it here; what would make single statements impossible only
warns. Codes name the return or impossible reason that the error would lead to. Problems say where, never what a
patient's field holds. Source: layouts README; ``codes/return_reason.csv``; the checks are ours (HIRA's are not
public).
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path

from cheonggu.gateways.simulator_sam import DATA, MARKER, Line, SamSet, SamTables, open_set

REFUSE, WARN = "refuse", "warn"
KEPT_PROBLEMS = 200
HEALTH_INSURANCE, MEDICAL_AID = ("4", "7"), ("1", "2", "9")
PAYERS_OF_HEADER = {"H010": HEALTH_INSURANCE, "H011": MEDICAL_AID}
INSURANCE_OF_HEADER = {"H010": "HI", "H011": "MA"}
PROVIDER_CODE, CLAIM_NO = re.compile("[0-9A-Z]{8}"), re.compile("[0-9]{6}[0-9A-Z]{4}")
PRESCRIPTION_NO = re.compile("[0-9]{13}")
CLAIM_UNITS = ("", "0", "1", "2", "3", "4", "5", "6")
MONTHLY_UNITS = ("", "0")
SEND_ANY_TIME = ("drg", "new_drg")  # claimed from discharge on; the month need not be over


@dataclass(frozen=True)
class Problem:
    level: str
    code: str
    text: str
    file: str = ""
    record: str = ""
    statement_no: str = ""
    line_no: int = 0


@dataclass(frozen=True)
class Claim:
    """What the header says. Amounts in won; ``setting`` is in or out."""

    provider_code: str
    claim_no: str
    kind: str
    form_no: str
    payer_class: str
    claim_class: str
    claim_unit: str
    treatment_month: str
    setting: str
    statement_count: int
    total_1: int
    copay: int
    claimed_amount: int


@dataclass(frozen=True)
class Statement:
    """One statement as examined. ``lines`` and ``prescriptions`` are kept as compact text for later cuts."""

    statement_no: str
    identity: str
    claim_class: str
    original_receipt_no: str
    original_statement_no: str
    reason_code: str
    total_1: int
    copay: int
    claimed_amount: int
    lines: str  # "1:12000:AA254,2:540:KK010": line number, won and code
    prescriptions: str  # numbers separated by ","


@dataclass
class Examination:
    claim: Claim | None = None
    statements: list[Statement] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def status(self) -> int:
        return -1 if self.counts[REFUSE] else int(self.counts[WARN] > 0)

    def add(self, level: str, code: str, text: str, line: Line | None = None, statement_no: str = "") -> None:
        self.counts[level] += 1
        if len(self.problems) < KEPT_PROBLEMS:
            place = (line.file, line.letter, statement_no, line.number) if line else ("", "", statement_no, 0)
            self.problems.append(Problem(level, code, text, *place))


def examine(folder: Path, tables: SamTables, today: date, identify: Callable[..., str]) -> Examination:
    """Read and check the set in ``folder``. ``identify`` turns identity parts into a keyed hash."""
    result = Examination()
    _check_marker(folder, result)
    sam = open_set(folder, tables)
    if sam is None:
        result.add(REFUSE, "01-00", "the files are not exactly one claim of a known kind")
        return result
    header = sam.header()
    if header is None:
        result.add(REFUSE, "01-00", "there is no claim header")
        return result
    _check_record(sam, header, result, "")
    result.claim = _read_claim(sam, header)
    _check_header(sam, header, result, today)
    _Statements(sam, tables, result, identify).run(header)
    return result


def _check_marker(folder: Path, result: Examination) -> None:
    """Four padded lines; three bare ones are also seen (layouts README, disagreement 18)."""
    lines = (folder / MARKER).read_bytes().split(b"\r\n")
    if [len(one) for one in lines] != [12, 8, 30, 12, 0] and len(lines) not in (3, 4):
        result.add(WARN, "", "MEDLOG.ENC has neither four padded lines nor three bare ones")


def _read_claim(sam: SamSet, header: Line) -> Claim:
    record, body = sam.records["H"], header.body
    general = next((group[0] for group in sam.statements() if group[0].letter == "A"), None)
    form = "" if general is None else sam.records["A"].text(general.body, "form_no")
    return Claim(
        provider_code=record.text(body, "provider_code"),
        claim_no=record.text(body, "claim_no"),
        kind=sam.kind,
        form_no=record.text(body, "form_no"),
        payer_class=record.text(body, "payer_class"),
        claim_class=record.text(body, "claim_class"),
        claim_unit=record.text(body, "claim_unit"),
        treatment_month=record.text(body, "treatment_month"),
        setting=_setting(form),
        statement_count=record.number(body, "statement_count"),
        total_1=record.number(body, "total_benefit_cost_1"),
        copay=record.number(body, "patient_copay"),
        claimed_amount=record.number(body, "claimed_amount"),
    )


@cache
def _forms() -> dict[str, str]:
    """Statement form → its English name, such as ``HI medical outpatient statement``."""
    with (DATA / "codes" / "form_no.csv").open(encoding="utf-8", newline="") as stream:
        return {row["code"]: row["name_en"] for row in csv.DictReader(stream)}


def _setting(form: str) -> str:
    return "out" if "outpatient" in _forms().get(form, "") else "in"


def _check_record(sam: SamSet, line: Line, result: Examination, statement_no: str) -> bool:
    """Length, character set, separator and fields of one record; False when its fields cannot be read."""
    record = sam.records.get(line.letter)
    if record is None:
        result.add(REFUSE, "01-01", "unknown record type", line, statement_no)
        return False
    if not record.allows_length(len(line.body)):
        result.add(REFUSE, "01-01", f"{len(line.body)} bytes, want {record.length}", line, statement_no)
        return False
    try:
        line.body.decode("cp949")
    except UnicodeDecodeError:
        result.add(REFUSE, "01-01", "bytes that are not CP949", line, statement_no)
    if line.ending != b"\r\n":
        result.add(WARN, "", "the record does not end in CR LF", line, statement_no)
    level = REFUSE if line.letter == "H" else WARN
    for name in record.unfit_columns(line.body):
        result.add(level, "", f"{name} is blank, no number or not blank as it should be", line, statement_no)
    return True


def _check_header(sam: SamSet, line: Line, result: Examination, today: date) -> None:
    claim, record = result.claim, sam.records["H"]
    assert claim is not None

    def refuse(code: str, text: str) -> None:
        result.add(REFUSE, code, text, line)

    if not (PROVIDER_CODE.fullmatch(claim.provider_code) and CLAIM_NO.fullmatch(claim.claim_no)):
        refuse("27-05", "provider_code or claim_no has not the right shape")
    if claim.claim_unit not in CLAIM_UNITS:
        refuse("05-01", "claim_unit is not blank or 0 to 6")
    if claim.form_no not in PAYERS_OF_HEADER:
        refuse("01-02", "form_no is neither H010 nor H011")
    elif claim.payer_class not in PAYERS_OF_HEADER[claim.form_no]:
        refuse("01-03", "payer_class does not belong to the header form")
    if claim.claim_class not in ("", "1", "2"):
        refuse("21-02", "claim_class is not blank, 1 or 2")
    if claim.statement_count == 0:
        refuse("09-01", "statement_count is 0")
    month = claim.treatment_month
    if not _is_month(month):
        refuse("07-01", "treatment_month is no month")
        return
    this_month = f"{today:%Y%m}"
    if month > this_month:
        refuse("07-02", "treatment_month lies ahead")
    elif month == this_month and claim.claim_unit in MONTHLY_UNITS and claim.kind not in SEND_ANY_TIME:
        refuse("07-12", "the month is not over")
    if claim.claim_no[:6] != month:
        refuse("07-01", "claim_no does not begin with treatment_month")
    day = record.text(line.body, "claim_date")
    if not _is_day(day):
        refuse("07-07", "claim_date is no day")
    elif day[:6] < month:
        refuse("07-08", "claim_date lies before treatment_month")
    elif day > f"{today:%Y%m%d}":
        result.add(WARN, "07-09", "claim_date lies after today", line)


def _is_month(text: str) -> bool:
    return len(text) == 6 and text.isdigit() and "01" <= text[4:] <= "12"


def _is_day(text: str) -> bool:
    try:
        return len(text) == 8 and bool(date(int(text[:4]), int(text[4:6]), int(text[6:])))
    except ValueError:
        return False


class _Statements:
    """One walk over the statements: each is checked, taken down and added to the sums."""

    def __init__(
        self, sam: SamSet, tables: SamTables, result: Examination, identify: Callable[..., str]
    ) -> None:
        assert result.claim is not None
        self.sam, self.result, self.identify, self.claim = sam, result, identify, result.claim
        self.general = sam.records["A"]
        self.serials = _serials(sam.kind)
        self.rules = tables.sums.get(sam.kind, [])
        self.sums: Counter[str] = Counter()
        self.settings: set[str] = set()

    def run(self, header: Line) -> None:
        for group in self.sam.statements():
            self._take(group)
        count = len(self.result.statements)
        if count != self.claim.statement_count:
            self.result.add(REFUSE, "09-03", f"statement_count, {count} statements", header)
        for rule in self.rules:
            stated = self.sam.records["H"].number(header.body, rule.header_field)
            if stated != self.sums[rule.statement_field]:
                self.result.add(REFUSE, "09-03", f"{rule.header_field} is not the statements' sum", header)
        if len(self.settings) > 1:
            self.result.add(REFUSE, "09-07", "inpatient and outpatient statements in one claim", header)

    def _take(self, group: list[Line]) -> None:
        head, body = group[0], group[0].body
        statement_no = self.general.text(body, "statement_no") if head.letter == "A" else ""
        readable = [_check_record(self.sam, line, self.result, statement_no) for line in group]
        if head.letter != "A":
            self.result.add(REFUSE, "01-00", "record without a statement or out of order", head)
            return
        if not all(readable):
            return
        self._check_keys(group, statement_no)
        for rule in self.rules:
            self.sums[rule.statement_field] += self.general.number(body, rule.statement_field)
        self._check_general(head, statement_no)
        by_letter: dict[str, list[Line]] = {}
        for line in group:
            by_letter.setdefault(line.letter, []).append(line)
        self.result.statements.append(self._read(head, by_letter, statement_no))

    def _check_keys(self, group: list[Line], statement_no: str) -> None:
        """Serials without gaps; every record carries the claim's number and the statement's serial."""
        if statement_no != next(self.serials, ""):
            self.result.add(REFUSE, "09-06", "statement_no is not the next serial", group[0], statement_no)
        key = f"{self.claim.claim_no}{statement_no}".encode("cp949", "replace")
        letters = [line.letter for line in group]
        if self.sam.is_combined and letters != sorted(letters):
            self.result.add(REFUSE, "01-00", "records of a statement out of order", group[0], statement_no)
        for line in group:
            if not line.body.startswith(key):
                self.result.add(REFUSE, "01-00", "claim or statement number differs", line, statement_no)

    def _check_general(self, line: Line, statement_no: str) -> None:
        text = self.general.text
        form = _forms().get(text(line.body, "form_no"), "")
        self.settings.add(_setting(text(line.body, "form_no")))
        if not form.startswith(INSURANCE_OF_HEADER.get(self.claim.form_no, "HI")):
            self.result.add(REFUSE, "01-11", "statement form of another insurance", line, statement_no)
        if text(line.body, "provider_code") != self.claim.provider_code:
            self.result.add(REFUSE, "", "provider_code differs from the header", line, statement_no)
        claim_class = text(line.body, "claim_class")
        if claim_class != self.claim.claim_class and (self.claim.claim_class, claim_class) != ("", "3"):
            self.result.add(WARN, "30-02", "claim_class differs from the header", line, statement_no)
        if claim_class:
            needed = ["original_receipt_no", "original_statement_no"]
            needed += ["reason_code"] if claim_class == "1" else []
            if not all(text(line.body, name) for name in needed):
                self.result.add(WARN, "28-01", "a back reference is missing", line, statement_no)
        is_slice = claim_class == "3" and "first_admission_date" in self.general.columns
        if is_slice and not text(line.body, "first_admission_date"):
            self.result.add(WARN, "28-02", "first_admission_date is missing", line, statement_no)

    def _read(self, head: Line, by_letter: dict[str, list[Line]], statement_no: str) -> Statement:
        text, number, body = self.general.text, self.general.number, head.body
        diagnosis = self.sam.records["B"]
        main = [
            line for line in by_letter.get("B", ()) if diagnosis.text(line.body, "diagnosis_class") == "1"
        ]
        if len(main) != 1:
            self.result.add(WARN, "04-04", f"{len(main)} main diagnoses", head, statement_no)
        where = (
            (diagnosis.text(main[0].body, "care_start_date"), diagnosis.text(main[0].body, "department"))
            if main
            else ("", "")
        )
        return Statement(
            statement_no=statement_no,
            identity=self.identify(
                self.claim.provider_code,
                self.claim.payer_class,
                text(body, "patient_rrn"),
                *where,
                text(body, "form_no"),
            ),
            claim_class=text(body, "claim_class"),
            original_receipt_no=text(body, "original_receipt_no"),
            original_statement_no=text(body, "original_statement_no"),
            reason_code=text(body, "reason_code"),
            total_1=number(body, "total_benefit_cost_1"),
            copay=number(body, "patient_copay"),
            claimed_amount=number(body, "claimed_amount"),
            lines=self._lines(by_letter.get("C", []), statement_no),
            prescriptions=self._prescriptions(by_letter.get("D", [])),
        )

    def _lines(self, lines: list[Line], statement_no: str) -> str:
        record = self.sam.records["C"]
        numbers = [record.number(line.body, "line_no") for line in lines]
        if numbers != list(range(1, len(lines) + 1)):
            self.result.add(WARN, "", "line_no is not 1, 2, 3 …", lines[0], statement_no)
        amounts = [record.number(line.body, "line_amount") for line in lines]
        codes = [record.text(line.body, "line_code") for line in lines]
        found = zip(numbers, amounts, codes, strict=True)
        return ",".join(f"{number}:{amount}:{code}" for number, amount, code in found)

    def _prescriptions(self, lines: list[Line]) -> str:
        record = self.sam.records.get("D")
        if record is None:
            return ""
        numbers = dict.fromkeys(record.text(line.body, "prescription_no") for line in lines)
        return ",".join(one for one in numbers if PRESCRIPTION_NO.fullmatch(one))


def _serials(kind: str) -> Iterator[str]:
    """00001 … 99999, then A0000 … for medical claims only (layouts README, numbers)."""
    yield from (f"{number:05d}" for number in range(1, 100_000))
    if kind == "medical_dental":
        yield from (f"{letter}{number:04d}" for letter in "ABCDEFGHIJ" for number in range(10_000))
