"""What the sample hospital's record knows of single statements beyond the claim: rows of the optional views.

Every function gives the statement each row belongs to, and the view's columns behind the keys of the owner.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.sources.sample.calendar import day_number
from cheonggu.sources.sample.defects import Sheet
from cheonggu.sources.sample.details import has_hit, is_outsourced
from cheonggu.sources.sample.draw import Ints, digits, pick

Columns = dict[str, object]
EMERGENCY_ROUTES = 5, (0, 2, 4)  # of the five routes in ``tables.ROUTES``
REGISTERED_DAYS = 1_826  # a registration holds for five years
LONGEST_AGO = 1_500
FIRST_HOUR, HOURS = 8, 9  # patients are admitted and discharged by day


def registrations(sheet: Sheet, mark: Ints, rows: Ints) -> tuple[Ints, Columns]:
    """Registered diseases (산정특례): in force on the day of care, unless planted as run out."""
    symbol = sheet.statements.diagnosis[rows]
    owner = rows[sheet.table.has_symbol[symbol]]
    ago = mark[owner] % LONGEST_AGO + np.where(sheet.has_expired[owner], REGISTERED_DAYS + 1, 0)
    first = sheet.statements.care_from[owner] - ago
    return owner, {
        "symbol": pick(sheet.table.symbol, sheet.statements.diagnosis[owner]),
        "registered_from": first,
        "registered_to": first + REGISTERED_DAYS,
        "registered_provider_code": [""] * len(owner),
        "needs_disease_name": np.zeros(len(owner), np.int64),
    }


def statement_facts(sheet: Sheet, mark: Ints, rows: Ints) -> tuple[Ints, Columns]:
    """When stays began and ended, which came through the emergency room, whose card bears another number."""
    some = sheet.statements
    stays = rows[some.is_inpatient[rows]]
    count, wanted = EMERGENCY_ROUTES
    emergencies = stays[np.isin(mark[stays] % count, wanted)]
    cards = rows[sheet.has_other_card[rows]]
    admitted, left = _minute(some.care_from, mark), _minute(some.care_to, mark // 7)
    parts = [
        (stays, "admitted_at", admitted[stays]),
        (stays, "discharged_at", left[stays]),
        (emergencies, "er_admission", admitted[emergencies]),
        (cards, "card_rrn_differs", np.zeros(len(cards), np.int64)),
    ]
    owner = np.concatenate([one for one, _, _ in parts])
    fact = np.repeat(np.arange(len(parts)), [len(one) for one, _, _ in parts])
    value = np.concatenate([one for _, _, one in parts])
    texts = pc.if_else(pa.array(value > 0), digits(value, 12), "")
    return owner, {"fact": pick([one for _, one, _ in parts], fact), "value": texts}


def line_facts(sheet: Sheet, mark: Ints, rows: Ints) -> tuple[Ints, Columns]:
    """Tests that another laboratory did (위탁검사)."""
    chosen = _within(sheet.lines.statement, rows) & is_outsourced(sheet.lines, sheet.items)
    owner = sheet.lines.statement[chosen]
    return owner, {"line_seq": sheet.lines.seq[chosen], "fact": ["outsourced_test"] * len(owner)}


def dur_hits(sheet: Sheet, mark: Ints, rows: Ints) -> tuple[Ints, Columns]:
    """What the drug utilisation review answered for drugs given in the house."""
    chosen = _within(sheet.lines.statement, rows) & has_hit(sheet.lines, sheet.items)
    owner = sheet.lines.statement[chosen]
    return owner, {
        "line_seq": sheet.lines.seq[chosen],
        "prescription_no": [""] * len(owner),
        "sort": ["interaction"] * len(owner),
    }


def visits(sheet: Sheet, mark: Ints, rows: Ints) -> tuple[Ints, Columns]:
    """Every visit or stay has its statement; nothing is left out."""
    return rows, {
        "visit_key": digits(rows + 1, 8, "V26"),
        "care_on": sheet.statements.care_from[rows],
        "is_billed_elsewhere": np.zeros(len(rows), np.int64),
        "exclusion": [""] * len(rows),
    }


RECORD_VIEWS = {
    "registration": registrations,
    "statement_fact": statement_facts,
    "line_fact": line_facts,
    "dur_hit": dur_hits,
    "source_visit": visits,
}


def _minute(day: Ints, mark: Ints) -> Ints:
    """CCYYMMDDHHMM of a day, by daylight."""
    found: Ints = day_number(day) * 10_000 + (FIRST_HOUR + mark % HOURS) * 100 + mark % 60
    return found


def _within(statement: Ints, rows: Ints) -> np.typing.NDArray[np.bool_]:
    """Child rows of a stretch of statements."""
    found: np.typing.NDArray[np.bool_] = np.isin(statement, rows)
    return found
