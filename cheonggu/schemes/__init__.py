"""The only list of schemes. A scheme is a folder with a ``SCHEME``; nothing else knows their names."""

from __future__ import annotations

from cheonggu.errors import UsageError
from cheonggu.schemes.hira import SCHEME as HIRA
from cheonggu.schemes.scheme import Scheme
from cheonggu.schemes.school_safety import SCHEME as SCHOOL_SAFETY
from cheonggu.site import Site

SCHEMES: dict[str, Scheme] = {one.name: one for one in (HIRA, SCHOOL_SAFETY)}


def choose_scheme(site: Site, name: str | None) -> str:
    """The scheme that was named, else the only one the site has a source for; UsageError when there are several.

    A site with one source for everything belongs to the first scheme of the list.
    """
    if name is not None:
        return find_scheme(name).name
    own = [one for one in site.sources if one]
    if len(own) > 1:
        raise UsageError(
            "Several schemes are configured.",
            "설정 파일에 제도가 여럿입니다.",
            fix_en=f"Name one with --scheme: {', '.join(own)}.",
            fix_ko=f"--scheme으로 하나를 지정하세요: {', '.join(own)}.",
        )
    return find_scheme(own[0]).name if own else next(iter(SCHEMES))


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
