"""The scheme's own data, loaded once: code lists and dated values. Its package is XML, so there are no layouts."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from cheonggu.codes import CodeLists
from cheonggu.dated import Series, load_series
from cheonggu.layouts import LayoutCatalogue

HOME = Path(__file__).parent
LAYOUTS = LayoutCatalogue.from_folder(HOME / "layouts")
CODES = CodeLists(HOME / "codes")
VALUES = HOME / "rules" / "values"


def value_on(name: str, day: date) -> Any:
    """A dated value of this scheme; InputError outside its known range."""
    return _series(name).at(day)


@cache
def _series(name: str) -> Series:
    return load_series(VALUES / f"{name}.toml")
