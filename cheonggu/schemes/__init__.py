"""The only list of schemes. A scheme is a folder with a ``SCHEME``; nothing else knows their names."""

from __future__ import annotations

from cheonggu.errors import UsageError
from cheonggu.schemes.hira import SCHEME as HIRA
from cheonggu.schemes.scheme import Scheme

SCHEMES: dict[str, Scheme] = {one.name: one for one in (HIRA,)}


def find_scheme(name: str) -> Scheme:
    """The scheme of that name; UsageError lists the known ones."""
    try:
        return SCHEMES[name]
    except KeyError:
        known = ", ".join(SCHEMES)
        raise UsageError(
            f"There is no scheme {name!r}.",
            f"{name!r} 제도는 없습니다.",
            fix_en=f"Known: {known}.",
            fix_ko=f"사용할 수 있는 제도: {known}.",
        ) from None
