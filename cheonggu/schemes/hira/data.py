"""The scheme's own data, loaded once: layouts, code lists, statement forms and dated values."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from cheonggu.codes import CodeLists
from cheonggu.dated import load_series
from cheonggu.layouts import LayoutCatalogue

HOME = Path(__file__).parent
LAYOUTS = LayoutCatalogue.from_folder(HOME / "layouts")
CODES = CodeLists(HOME / "codes")
VALUES = HOME / "rules" / "values"


def value_on(name: str, day: date) -> Any:
    """A dated value of this scheme; InputError outside its known range."""
    return _series(name).at(day)


@cache
def _series(name: str) -> Any:
    return load_series(VALUES / f"{name}.toml")


@cache
def statement_forms() -> pa.Table:
    """Statement form → kind, header_form_no, insurance (HI | MA), setting (in | out), care_category, treatment_form."""
    rows = [one.row for one in CODES.rows("statement_form")]
    names = ("code", "kind", "header_form_no", "insurance", "setting", "care_category", "treatment_form")
    return pa.table({name: [row[name] for row in rows] for name in names})


def form_facts(form_no: str) -> dict[str, str]:
    """The row of one statement form; KeyError when the form is unknown."""
    for one in CODES.rows("statement_form"):
        if one.key == form_no:
            return one.row
    raise KeyError(form_no)


def first_day(month: str) -> date:
    """First day of a CCYYMM month."""
    return date(int(month[:4]), int(month[4:]), 1)
