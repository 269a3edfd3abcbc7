"""What the pre-check rules look at for one claim: the files as they will be sent, rosters, codes, context."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from cheonggu.formats.claim_set import ClaimSet, inspect_set, read_set
from cheonggu.schemes.hira.data import CODES, LAYOUTS, first_day, form_facts, value_on
from cheonggu.schemes.hira.precheck_record import holiday_table, record_tables
from cheonggu.schemes.hira.targets import ROSTER_VIEWS
from cheonggu.schemes.scheme import CLASS_NAME

FORMS_OF_INSURANCE = {"H010": "HI", "H011": "MA"}  # claim header form → insurance, as the header layout says
WIRE_TABLES = {"H": "header", "A": "stmt", "B": "dx", "C": "line", "D": "rx", "E": "detail"}


def precheck_tables(
    sam: Path, views: Mapping[str, pa.Table], context: Mapping[str, Any]
) -> dict[str, pa.Table]:
    """Tables of ``rules/precheck/tables.csv`` for the claim whose SAM set lies in ``sam``.

    ``views``: the batch's tables of the source contract, optional views as far as the hospital has them. ``context``:
    ``batch`` (the ledger's), ``as_of`` (day of the hand-off) and ``members`` (statement_key, statement_no).
    """
    batch = context["batch"]
    paths = sorted(path for path in sam.iterdir() if path.is_file())
    provider = views["provider"]
    kind = provider["provider_kind"][0].as_py() if len(provider) else None
    facts = form_facts(batch.group["form_no"])
    graded = value_on("graded_fee_providers", first_day(batch.treatment_month))
    claim = {
        "kind": batch.kind,
        "insurance": facts["insurance"],
        "setting": facts["setting"],
        "provider_kind": kind,
        "claim_class": batch.claim_class,
        "has_graded_fee": facts["insurance"] == "HI" and facts["setting"] == "out" and kind in graded,
        "submission_on": context["as_of"],
        "is_omitted": batch.group.get(CLASS_NAME) == "omitted",
    }
    return {
        **_wire_tables(read_set(paths, LAYOUTS)),
        **inspect_set(paths, LAYOUTS),
        "claim": pa.Table.from_pylist([claim]),
        "institution": provider,
        "code": code_table(),
        **{name: views[name] for name in ROSTER_VIEWS},
        **record_tables(batch.kind, views, context["members"]),
        **holiday_table(batch.treatment_month),
    }


def foreign_tables(paths: list[Path], kind: str | None = None) -> dict[str, pa.Table]:
    """The same for a set that any program wrote: only what the files themselves tell, no rosters.

    Nothing at all when no claim header can be read.
    """
    claim_set = read_set(paths, LAYOUTS, kind=kind)
    tables = _wire_tables(claim_set)
    if not tables["header"].num_rows:
        return {}
    header, first = tables["header"].to_pylist()[0], tables["stmt"].slice(0, 1).to_pylist()
    form_no = first[0]["form_no"] if first else ""
    known = {one.key: one.row for one in CODES.rows("statement_form")}.get(form_no, {})
    claim = {
        "kind": claim_set.kind,
        "insurance": FORMS_OF_INSURANCE.get(header.get("form_no") or ""),
        "setting": known.get("setting"),
        "claim_class": header.get("claim_class") or "",
        "is_omitted": False,
    }
    return {
        **tables,
        **inspect_set(paths, LAYOUTS, kind=kind),
        "claim": pa.Table.from_pylist([claim]),
        "code": code_table(),
    }


def _wire_tables(claim_set: ClaimSet) -> dict[str, pa.Table]:
    return {
        name: claim_set.tables[letter] for letter, name in WIRE_TABLES.items() if letter in claim_set.tables
    }


@cache
def code_table() -> pa.Table:
    """All code lists as rows: list, code, kind (one row per claim kind; empty for every kind) and dates."""
    rows = [
        {
            "list": name,
            "code": one.key,
            "kind": kind,
            "valid_from": one.valid_from,
            "valid_to": one.valid_to,
        }
        for name in CODES.names
        for one in CODES.rows(name)
        for kind in (sorted(one.kinds) or [""])
    ]
    return pa.Table.from_pylist(rows)
