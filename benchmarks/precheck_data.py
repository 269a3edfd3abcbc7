"""Clean claims of any size for the pre-check: statements of the sample hospital, repeated for other patients.

One claim of the sample's general hospital is assembled as the night would do it; its statements with few lines are left
out so that a statement has about six. Every repetition has resident numbers, prescription numbers and serials of its
own, so that nothing looks billed twice. Tables a hospital may lack are there and empty: all rules run.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.formats.claim_set import inspect_set, read_set, write_set
from cheonggu.precheck import Catalogue
from cheonggu.query import Tables
from cheonggu.schemes import SCHEMES
from cheonggu.schemes.hira.assemble import assemble, header_sums
from cheonggu.schemes.hira.data import LAYOUTS, form_facts
from cheonggu.schemes.hira.precheck_inputs import WIRE_TABLES
from cheonggu.schemes.hira.precheck_record import OPTIONAL_VIEWS, holiday_table, record_tables
from cheonggu.schemes.scheme import BatchInput
from cheonggu.sources import open_source
from cheonggu.sources.sample import build_sample

KIND, FORM, PROVIDER, MONTH = "medical_dental", "H021", "11200022", "202605"
AS_OF = date(2026, 7, 6)
PATTERN_STATEMENTS = 30_000  # size of the sample the pattern is taken from
FEWEST_LINES = 3
CLAIM_WIDE = ("MT008", "MT025")  # details that stand on the first statement only
CHECK_WEIGHTS = np.array([2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5])
GROUP = {"claim_unit": "0", "payer_class": "4", "care_category": "1", "care_field": "1", "form_no": FORM}


@dataclass(frozen=True)
class Pattern:
    """The assembled statements to repeat: wire tables by record letter, the header, and the hospital's own tables."""

    header: pa.Table
    records: dict[str, pa.Table]
    further: dict[str, pa.Table]


def make_pattern() -> Pattern:
    """Assemble one clean claim of the sample hospital."""
    with tempfile.TemporaryDirectory() as folder:
        sample = build_sample(Path(folder), statements=PATTERN_STATEMENTS, as_of=AS_OF, format="parquet")
        with open_source(sample.url) as source:
            scheme = SCHEMES["hira"]
            views = [
                view
                for view in (*scheme.views.statement, *OPTIONAL_VIEWS)
                if view in scheme.views.statement or source.has(view)
            ]
            tables = {view: source.read(view, provider_code=PROVIDER, care_month=MONTH) for view in views}
            rosters = {
                view: source.read(view, provider_code=PROVIDER) for view in ("provider", *scheme.views.roster)
            }
        truth = pa.csv.read_csv(sample.truth)["statement_key"].combine_chunks()
    tables = _choose(tables, truth)
    facts = form_facts(FORM)
    group = GROUP | {
        name: facts[name] for name in ("insurance", "setting", "header_form_no", "treatment_form")
    }
    built = assemble(
        BatchInput("bench", KIND, MONTH, f"{MONTH}0001", "", AS_OF, group, {**tables, **rosters}, "")
    )
    further = record_tables(KIND, tables, built.members) | rosters
    return Pattern(built.header, {**built.records, "F": pa.table({})}, further)


def _choose(tables: dict[str, pa.Table], planted: pa.Array) -> dict[str, pa.Table]:
    """Sound, reviewed statements of one form and care field with enough lines, and their rows."""
    db = Tables(**tables, planted=pa.table({"statement_key": planted}))
    keys = db.table(
        f"""SELECT statement_key FROM statement ANTI JOIN planted USING (statement_key)
        WHERE form_no = '{FORM}' AND payer_class = '4' AND injury_work_class = '0' AND care_field = '1'
          AND reviewed_on IS NOT NULL AND statement_key IN
              (SELECT statement_key FROM line GROUP BY statement_key HAVING count(*) >= {FEWEST_LINES})"""
    )["statement_key"].combine_chunks()
    return {
        view: table.filter(pc.is_in(table["statement_key"], value_set=keys))
        if "statement_key" in table.column_names
        else table
        for view, table in tables.items()
    }


def claims(
    catalogue: Catalogue, pattern: Pattern, statements: int, per_claim: int
) -> Iterator[dict[str, pa.Table]]:
    """The tables of ``Checker.check`` for claims of at most ``per_claim`` statements, together ``statements``."""
    for number, start in enumerate(range(0, statements, per_claim)):
        yield _claim(catalogue, pattern, min(per_claim, statements - start), number)


def _claim(catalogue: Catalogue, pattern: Pattern, statements: int, number: int) -> dict[str, pa.Table]:
    size = len(pattern.records["A"])
    rounds = -(-statements // size)
    records = {
        letter: _repeat(table, rounds, statements, size, number * rounds)
        for letter, table in pattern.records.items()
        if table.num_rows
    }
    header = pattern.header.to_pylist()[0] | header_sums(KIND, records["A"])
    with tempfile.TemporaryDirectory() as folder:
        written = write_set(
            Path(folder),
            LAYOUTS,
            KIND,
            pa.Table.from_pylist([header], schema=pattern.header.schema),
            [records],
            title="bench",
        )
        assert not len(written.findings), written.findings.to_pylist()[:3]
        paths = sorted(Path(folder).iterdir())
        read = read_set(paths, LAYOUTS)
        inspected = inspect_set(paths, LAYOUTS)
    of_statements = {
        name: _repeat(table, rounds, statements, size, 0) if "statement_no" in table.column_names else table
        for name, table in pattern.further.items()
        if name != "provider"
    }
    facts = {"kind": KIND, "insurance": "HI", "setting": "out", "provider_kind": "general", "claim_class": ""}
    facts |= {"has_graded_fee": False, "is_omitted": False, "returned_claim_no": None}
    empty = {
        one.name: one.schema.empty_table() for one in catalogue.tables.optional if one.name != "open_finding"
    }
    return {
        **empty,
        **holiday_table(MONTH),
        **of_statements,
        **inspected,
        **{name: read.tables[letter] for letter, name in WIRE_TABLES.items() if letter in read.tables},
        "institution": pattern.further["provider"],
        "claim": pa.Table.from_pylist([facts]),
    }


def _repeat(table: pa.Table, rounds: int, statements: int, size: int, shift: int) -> pa.Table:
    """The rows again and again, with serials, patients and prescriptions of their own; only whole statements."""
    if not table.num_rows:
        return table
    rows = np.tile(np.arange(table.num_rows), rounds)
    turn = np.repeat(np.arange(rounds), table.num_rows)
    place = turn * size + pc.cast(table["statement_no"], pa.int64()).to_numpy()[rows]
    keep = place <= statements
    if "detail_code" in table.column_names:
        keep &= ~((turn > 0) & pc.is_in(table["detail_code"], pa.array(CLAIM_WIDE)).to_numpy()[rows])
    rows, turn, place = rows[keep], turn[keep], place[keep]
    made = table.take(pa.array(rows))
    # Records of one claim stand in order of statement, whatever round they came from.
    columns = {"statement_no": serials(place)}
    if "patient_rrn" in made.column_names:
        columns["patient_rrn"] = _residents(made["patient_rrn"], turn + shift)
    if "prescription_no" in made.column_names:
        columns["prescription_no"] = _prescriptions(made["prescription_no"], place)
    for name, column in columns.items():
        made = made.set_column(made.column_names.index(name), name, column)
    return made


def serials(place: np.ndarray) -> pa.Array:  # type: ignore[type-arg]
    """00001 … 99999, A0000 … Z9999."""
    later = np.maximum(place - 100_000, 0)
    letters = np.array([*"ABCDEFGHIJKLMNOPQRSTUVWXYZ"])[np.minimum(later // 10_000, 25)]
    high = np.char.add(letters, np.char.zfill((later % 10_000).astype(str), 4))
    return pa.array(np.where(place < 100_000, np.char.zfill(place.astype(str), 5), high))


def _residents(numbers: pa.ChunkedArray, turn: np.ndarray) -> pa.Array:  # type: ignore[type-arg]
    """Other people of the same birthday and sex, with a check digit that fits."""
    digits = (
        np.frombuffer("".join(numbers.to_pylist()).encode(), np.uint8).reshape(-1, 13).astype(np.int64) - 48
    )
    serial = (digits[:, 7:12] @ (10 ** np.arange(4, -1, -1)) + turn * 7_919) % 100_000
    for place in range(5):
        digits[:, 7 + place] = serial // 10 ** (4 - place) % 10
    digits[:, 12] = (11 - digits[:, :12] @ CHECK_WEIGHTS % 11) % 10
    text = (digits + 48).astype(np.uint8).tobytes().decode()
    return pa.array([text[start : start + 13] for start in range(0, len(text), 13)])


def _prescriptions(numbers: pa.ChunkedArray, place: np.ndarray) -> pa.Array:  # type: ignore[type-arg]
    """The day stays, the serial counts the statements with one; blank stays blank."""
    day = pc.utf8_slice_codeunits(numbers, 0, 8)
    made = pc.binary_join_element_wise(day, pa.array(np.char.zfill((place % 100_000).astype(str), 5)), "")
    return pc.if_else(pc.equal(numbers, ""), "", made)
