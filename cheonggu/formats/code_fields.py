"""Which codes each field of a layout may hold, taken from the code lists it names."""

from __future__ import annotations

from datetime import date

from cheonggu.codes import Code, CodeLists
from cheonggu.layouts import Field, Layout

HEADER_KIND = "claim_header"  # lists of the header that all health-insurance kinds share
OPEN_LIST = "not established"  # a note of a list that is known to be incomplete


def allowed_codes(layout: Layout, lists: CodeLists, on: date | None) -> dict[str, frozenset[str]]:
    """Field name → codes a value may be, for fields that name a code list.

    A list that has nothing for this kind, or whose rows say that it is incomplete, allows anything: no entry.
    """
    fields = (field for field in layout.fields if field.code_list)
    found = {field.name: _codes(layout, field, lists, on) for field in fields}
    return {name: codes for name, codes in found.items() if codes}


def _codes(layout: Layout, field: Field, lists: CodeLists, on: date | None) -> frozenset[str]:
    rows = [row for row in lists.rows(field.code_list or "") if _belongs(row, layout, on)]
    if any(OPEN_LIST in row.row.get("note", "") for row in rows):
        return frozenset()
    if field.code_list == "hang_mok":
        part = 0 if field.name == "hang" else 2
        return frozenset(filter(None, (row.key.partition("-")[part] for row in rows)))
    return frozenset(row.key for row in rows)


def _belongs(row: Code, layout: Layout, on: date | None) -> bool:
    if row.holds(layout.kind, on):
        return True
    return layout.record == "H" and row.holds(HEADER_KIND, on)
