"""Checkers generated from the notation the notices use for written formats (기재형식), as DuckDB macros.

Notation: parts separated by ``/``; ``9(n)`` up to n digits, ``9(n).V9(m)`` a number with a decimal point (``9(n)V9(m)``
may leave the point out), ``X(n)`` a text of up to n bytes as CP949 counts them, ``X(n),X(n)`` two of these with a comma
between, ``CCYYMMDD`` a day, ``CCYYMMDDHHMM`` a minute, ``HHMM`` a time, dots at the end "and so on" for the part
before; `` | `` separates alternatives. The last X part may itself hold slashes, and X parts at the end may be left out
(value lists have entries without them). ``repeat``: ``entry`` and ``group`` repeat the whole text, ``pair`` its last
two parts, ``item`` its last part or the whole.

Source: columns ``format`` and ``repeat`` of the special-detail list; its versions hold from day to day.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

PART = re.compile(
    r"(?P<stamp>CCYYMMDDHHMM)|(?P<day>CCYYMMDD)|(?P<time>HHMM)"
    r"|9\((?P<whole>\d+)\)(?:(?P<point>\.?)V9\((?P<decimals>\d+)\))?"
    r"|X(?:\((?P<text>\d+|free)\))?(?P<more>,X\(\d+\))?",
    re.IGNORECASE,
)
AND_SO_ON = re.compile(r"/\.{3,}$")
# Longer texts are measured apart from the pattern: a counted class makes RE2 programs huge.
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
    """A full-match regular expression (RE2) for one version; ValueError when the notation is not understood.

    It is for a text with one sign per byte (``as_bytes``), and does not count texts of more than ``COUNTED``.
    """
    return "|".join(f"(?:{_one(text, repeat)})" for text, repeat in _alternatives(version))


def _alternatives(version: Version) -> list[tuple[str, str]]:
    """The ways to write it, each with what repeats; dots at the end make the part before them an item."""
    found = []
    for one in version.format.split(" | "):
        text, dots = AND_SO_ON.subn("", one.strip())
        found.append((text.split("/")[0], "item") if dots else (text, version.repeat))
    return found


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
    found = _read(part)
    if found["stamp"]:
        return r"\d{12}"
    if found["day"]:
        return r"\d{8}"
    if found["time"]:
        return r"(?:[01]\d|2[0-4])[0-5]\d"
    if found["decimals"]:
        point = r"\." if found["point"] else r"\.?"
        return rf"\d{{1,{found['whole']}}}{point}\d{{1,{found['decimals']}}}"
    if found["whole"]:
        return rf"\d{{1,{found['whole']}}}"
    longest = _longest(found)
    if found["more"]:
        return rf"[^/,]{{{least},{longest}}}(?:,[^/,]{{1,{longest}}})?"
    sign = "." if is_last else "[^/]"
    if longest is None or longest > COUNTED:
        return sign + ("+" if least else "*")
    return f"{sign}{{{least},{longest}}}"


def _read(part: str) -> re.Match[str]:
    found = PART.fullmatch(part.strip())
    if found is None:
        raise ValueError(f"format part {part!r} is not understood")
    return found


def _longest(found: re.Match[str]) -> int | None:
    """Bytes of an X part; None where the source gives no width."""
    return None if found["text"] == "free" else int(found["text"] or 1)


def _fits(version: Version) -> str:
    """SQL that is true when ``entry``, one sign per byte, is written as the version wants."""
    ways = [
        " AND ".join([f"regexp_full_match(entry, '{_quoted(_one(text, repeat))}')", *_measures(text, repeat)])
        for text, repeat in _alternatives(version)
    ]
    return " OR ".join(f"({one})" for one in ways)


def _measures(text: str, repeat: str) -> Iterable[str]:
    """SQL conditions on the lengths of the X parts that the pattern does not count."""
    parts = text.split("/")
    for place, part in enumerate(parts, start=1):
        longest = _longest(_read(part)) if _is_text(part) else None
        if longest is None or longest <= COUNTED:
            continue
        if repeat:
            which = f"place % {len(parts)} = {place % len(parts)}"
            mine = f"list_filter(string_split(entry, '/'), lambda part, place: {which})"
            yield f"coalesce(list_max(list_transform({mine}, lambda part: strlen(part))), 0) <= {longest}"
        elif place < len(parts):
            yield f"strlen(split_part(entry, '/', {place})) <= {longest}"
        else:
            yield f"strlen(array_to_string(string_split(entry, '/')[{place}:], '/')) <= {longest}"


def date_lists(version: Version) -> dict[int, str]:
    """SQL lists of the day and minute parts of ``entry`` by the number of parts written; 0 for any number.

    Of an item of several parts, which may come again whole or in its last part, only the first is looked at.
    """
    ways = _alternatives(version)
    return {
        (text.count("/") + 1 if len(ways) > 1 else 0): dates
        for text, repeat in ways
        if (dates := _dates(text.split("/"), repeat))
    }


def _dates(parts: list[str], repeat: str) -> str:
    places = [number for number, one in enumerate(parts, 1) if one.upper().startswith("CCYYMMDD")]
    if not places:
        return ""
    if not repeat or (repeat == "item" and len(parts) > 1):
        return "[" + ", ".join(f"split_part(entry, '/', {place})" for place in places) + "]"
    period = 2 if repeat == "pair" else len(parts)
    first = len(parts) - period + 1  # what stands before comes once
    wanted = ", ".join(str(place % period) for place in places if place >= first)
    which = f"place >= {first} AND place % {period} IN ({wanted})"
    return f"list_filter(string_split(entry, '/'), lambda part, place: {which})"


def format_macros(name: str, found: Iterable[Version]) -> list[tuple[str, str]]:
    """``<name>_format_ok(code, entry, care_on)`` and ``<name>_dates(code, entry)`` as pairs of name and SQL.

    The first wants its entry with one sign per byte (``as_bytes``); it is true for codes without a format, and for days
    no version covers: those have a finding of their own. The second lists the day and minute parts as written.
    """
    known = list(found)
    checks = "".join(f"WHEN code = '{one.code}'{_between(one)} THEN {_fits(one)}\n" for one in known)
    dates = "".join(
        f"WHEN code = '{code}'{_of_length(length)} THEN {expression}\n"
        for code, lists in {one.code: date_lists(one) for one in known}.items()  # the newest version of each
        for length, expression in lists.items()
    )
    sides = {
        f"{name}_format_ok": f"(code, entry, care_on) AS CASE {checks} WHEN false THEN true ELSE true END",
        f"{name}_dates": f"(code, entry) AS CASE {dates} WHEN false THEN NULL ELSE CAST([] AS VARCHAR[]) END",
    }
    return [(macro, f"CREATE MACRO {macro}{body}") for macro, body in sides.items()]


def _between(version: Version) -> str:
    first = f" AND care_on >= DATE '{version.first}'" if version.first else ""
    return first + (f" AND care_on <= DATE '{version.last}'" if version.last else "")


def _of_length(parts: int) -> str:
    return f" AND len(string_split(entry, '/')) = {parts}" if parts else ""


def _quoted(text: str) -> str:
    return text.replace("'", "''")
