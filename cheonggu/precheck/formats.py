"""Checkers generated from the notation the notices use for written formats (기재형식), as DuckDB macros.

Notation: parts separated by ``/``; ``9(n)`` up to n digits, ``9(n).V9(m)`` a number with a decimal point,
``X(n)`` up to n characters, ``CCYYMMDD`` a day, ``CCYYMMDDHHMM`` a minute, ``HHMM`` a time; `` | `` separates
alternatives. The last X part may itself hold slashes, and X parts at the end may be left out (value lists have
entries without them). ``repeat``: ``entry`` and ``group`` repeat the whole text, ``pair`` its last two parts,
``item`` its last part or the whole.

Source: columns ``format`` and ``repeat`` of the special-detail list; its versions hold from day to day.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

PART = re.compile(
    r"(?P<stamp>CCYYMMDDHHMM)|(?P<day>CCYYMMDD)|(?P<time>HHMM)|(?P<rest>\.{3,})"
    r"|9\((?P<whole>\d+)\)(?:\.?V9\((?P<decimals>\d+)\))?"
    r"|X(?:\((?P<text>\d+|free)\))?(?:,X\(\d+\))?",
    re.IGNORECASE,
)
# Longer parts are not counted: the field itself ends at 700 bytes, and a counted class makes RE2 programs huge.
COUNTED = 60


@dataclass(frozen=True)
class Version:
    """One version of a code's format; ``first`` and ``last`` are ISO days or empty."""

    code: str
    format: str
    repeat: str
    first: str
    last: str


def versions(rows: Iterable[Mapping[str, str]], overrides: Mapping[str, str]) -> list[Version]:
    """The distinct versions of a list with ``code format repeat valid_from valid_to`` columns, in order.

    Neighbouring versions with the same format are merged. Rows without a format are left out.
    """
    merged: list[Version] = []
    for row in sorted(rows, key=lambda one: (one["code"], one["valid_from"])):
        wanted = overrides.get(row["code"], row["format"])
        if not wanted:
            continue
        new = Version(row["code"], wanted, row["repeat"], row["valid_from"], row["valid_to"])
        last = merged[-1] if merged else None
        if last and (last.code, last.format, last.repeat) == (new.code, new.format, new.repeat):
            merged[-1] = Version(new.code, new.format, new.repeat, last.first, new.last)
        else:
            merged.append(new)
    return merged


def pattern(version: Version) -> str:
    """A full-match regular expression (RE2) for one version; ValueError when the notation is not understood."""
    return "|".join(f"(?:{_one(one.strip(), version.repeat)})" for one in version.format.split(" | "))


def _one(text: str, repeat: str) -> str:
    parts = text.split("/")
    if repeat == "pair" and len(parts) > 1:
        head = [_part(one, False) for one in parts[:-2]]
        pair = "/".join(_part(one, False) for one in parts[-2:])
        return "/".join([*head, f"{pair}(?:/{pair})*"])
    if repeat in ("entry", "group", "item", "pair"):
        whole = "/".join(_part(one, False) for one in parts)
        tail = f"(?:{whole}|{_part(parts[-1], False)})" if repeat == "item" else f"(?:{whole})"
        return f"{whole}(?:/{tail})*"
    return _single(parts)


def _single(parts: list[str]) -> str:
    """A text written once: its X parts may be empty, and those at the end may be missing."""
    if len(parts) == 1:
        return _part(parts[0], True, least=1)
    needed = len(parts)
    while needed > 1 and _is_text(parts[needed - 1]):
        needed -= 1
    written = [_part(one, number == len(parts), least=0) for number, one in enumerate(parts, start=1)]
    ends = "".join(f"(?:/{one}" for one in written[needed:]) + ")?" * (len(parts) - needed)
    return "/".join(written[:needed]) + ends


def _is_text(part: str) -> bool:
    return part.upper().startswith("X")


def _part(part: str, is_last: bool, least: int = 1) -> str:
    found = PART.fullmatch(part.strip())
    if found is None:
        raise ValueError(f"format part {part!r} is not understood")
    if found["stamp"]:
        return r"\d{12}"
    if found["day"]:
        return r"\d{8}"
    if found["time"]:
        return r"\d{4}"
    if found["rest"]:
        return ".*"
    if found["decimals"]:
        return rf"\d{{1,{found['whole']}}}\.\d{{1,{found['decimals']}}}"
    if found["whole"]:
        return rf"\d{{1,{found['whole']}}}"
    sign = "." if is_last else "[^/]"
    longest = COUNTED + 1 if found["text"] == "free" else int(found["text"] or 1)
    if longest > COUNTED:
        return sign + ("+" if least else "*")
    return f"{sign}{{{least},{longest}}}"


def date_places(version: Version) -> tuple[tuple[int, ...], int]:
    """1-based places of day and minute parts, and the number of parts after which they come again (0: once)."""
    parts = version.format.split(" | ")[0].split("/")
    places = tuple(number for number, one in enumerate(parts, 1) if one.upper().startswith("CCYYMMDD"))
    return places, len(parts) if version.repeat in ("entry", "group") else 0


def format_macros(name: str, found: Iterable[Version]) -> list[tuple[str, str]]:
    """``<name>_format_ok(code, entry, care_on)`` and ``<name>_dates(code, entry)`` as pairs of name and SQL.

    The first is true for codes without a format, and for days no version covers: those have a finding of their own.
    The second lists the day and minute parts as written.
    """
    known = list(found)
    checks = "".join(
        f"WHEN code = '{one.code}'{_between(one)} THEN regexp_full_match(entry, '{_quoted(pattern(one))}')\n"
        for one in known
    )
    dates = "".join(
        f"WHEN code = '{code}' THEN {expression}\n" for code, expression in _date_lists(known).items()
    )
    sides = {
        f"{name}_format_ok": f"(code, entry, care_on) AS CASE {checks} WHEN false THEN true ELSE true END",
        f"{name}_dates": f"(code, entry) AS CASE {dates} WHEN false THEN NULL ELSE CAST([] AS VARCHAR[]) END",
    }
    return [(macro, f"CREATE MACRO {macro}{body}") for macro, body in sides.items()]


def _between(version: Version) -> str:
    first = f" AND care_on >= DATE '{version.first}'" if version.first else ""
    return first + (f" AND care_on <= DATE '{version.last}'" if version.last else "")


def _date_lists(known: Iterable[Version]) -> dict[str, str]:
    """Code → SQL list of its date parts, from the newest version."""
    lists: dict[str, str] = {}
    for one in known:
        places, period = date_places(one)
        if not places:
            continue
        if period:
            wanted = ", ".join(str(place % period) for place in places)
            lists[one.code] = (
                f"list_filter(string_split(entry, '/'), lambda part, place: place % {period} IN ({wanted}))"
            )
        else:
            lists[one.code] = "[" + ", ".join(f"split_part(entry, '/', {place})" for place in places) + "]"
    return lists


def _quoted(text: str) -> str:
    return text.replace("'", "''")
