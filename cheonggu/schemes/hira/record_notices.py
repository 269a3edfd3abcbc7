"""Notices as record files: which form a set of files is, and its content as a ``Notice``.

The layouts of the industrial-accident notices (I010, I020, I030, I060) are known and come with the program; those of
HIRA's F-forms are not, and are read only by a layout table that a site supplies. A form is told by its record length
and its form number field, and a set must be whole. What no layout fits is kept raw.
Source: ``industrial.csv`` and reading rules 1, 2 and 9 of the notices reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa

from cheonggu.errors import IncompleteNoticeError, LayoutError, UnknownFormError
from cheonggu.formats.fixed_width import decode
from cheonggu.formats.lines import split_lines
from cheonggu.formats.notice_files import UTF8_MARK, digest_set, group_of
from cheonggu.formats.notice_layouts import Layouts, load_notice_layouts
from cheonggu.formats.notice_xml import broken
from cheonggu.layouts import Layout
from cheonggu.notices import Notice
from cheonggu.schemes.hira.data import HOME
from cheonggu.schemes.hira.record_forms import BUILDERS

KNOWN = HOME / "notices" / "industrial.csv"


def parse_records(
    records: Mapping[str, bytes], tables: Iterable[Path] = (), providers: Mapping[str, str] | None = None
) -> Notice:
    """One set of record files (file name → bytes) as a notice.

    ``tables``: the site's layout tables; ``providers``: provider codes of other offices → the code the ledger knows.
    UnknownFormError when no layout fits, IncompleteNoticeError while a group is missing, NoticeError when broken.
    """
    layouts = _layouts(tuple(tables))
    given = {name: _to_cp949(raw) for name, raw in records.items()}
    form = _find_form(given, layouts)
    groups = {group: layout for (one, group), layout in layouts.items() if one == form}
    tables_of = _read_groups(given, form, groups)
    if form not in BUILDERS:
        raise _unknown(form)
    notice = BUILDERS[form](form, tables_of, f"{form}-{digest_set(records)[:32]}")
    code = (providers or {}).get(notice.provider_code, notice.provider_code)
    return Notice(**{**vars(notice), "provider_code": code})


@cache
def _layouts(tables: tuple[Path, ...]) -> Layouts:
    found = load_notice_layouts(KNOWN)
    for path in tables:
        found |= load_notice_layouts(path)
    return found


def _find_form(given: Mapping[str, bytes], layouts: Layouts) -> str:
    """The one form that every file with rows can be of."""
    possible = {form for form, _ in layouts}
    for name, raw in given.items():
        if raw.strip():
            possible &= {form for form, layout in _candidates(name, raw, layouts)}
    if len(possible) != 1 or not any(raw.strip() for raw in given.values()):
        raise _unknown(None)
    return possible.pop()


def _candidates(name: str, raw: bytes, layouts: Layouts) -> list[tuple[str, Layout]]:
    """Forms and groups whose form number stands where it should, else whose record length is that of most lines."""
    group = group_of(name)
    lengths = _line_lengths(raw)
    found = []
    for (form, number), layout in layouts.items():
        if group not in (None, number):
            continue
        is_named = "form_no" in layout and _says(raw, layout, form)
        if is_named or ("form_no" not in layout and layout.length == np.bincount(lengths).argmax()):
            found.append((form, layout))
    return found


def _says(raw: bytes, layout: Layout, form: str) -> bool:
    field = layout["form_no"]
    return raw[field.start - 1 : field.end] == form.encode()


def _read_groups(given: Mapping[str, bytes], form: str, groups: Mapping[int, Layout]) -> dict[int, pa.Table]:
    """Every group of the form as a table; an empty file is a group without rows."""
    found: dict[int, pa.Table] = {}
    mine = {(form, group): layout for group, layout in groups.items()}
    for name, raw in given.items():
        fitting = {one.record for _, one in _candidates(name, raw, mine)} if raw.strip() else set()
        number = group_of(name) or (int(fitting.pop()) if fitting else 1)
        if number not in groups or number in found:
            raise broken(name, "its group is not one of the form", name, "이 서식에 없는 파일입니다")
        found[number] = _decode(name, raw, groups[number])
    missing = sorted(set(groups) - set(found))
    if missing:
        raise IncompleteNoticeError(
            f"Notice {form} is not whole: group {missing[0]} is missing.",
            f"통보서 {form}의 {missing[0]}번 파일이 없습니다.",
            fix_en="Receive it again in the client; an empty group is an empty file, not a missing one.",
            fix_ko="청구 프로그램에서 다시 수신하세요. 내용이 없는 파일도 있어야 합니다.",
        )
    if not len(found[1]):
        raise broken(f"{form}.1", "it is empty", f"{form}.1", "내용이 없습니다")
    return found


def _decode(name: str, raw: bytes, layout: Layout) -> pa.Table:
    wrong = np.flatnonzero((lengths := _line_lengths(raw)) != layout.length)
    if len(wrong):
        line = int(wrong[0]) + 1
        what = f"line {line} has {int(lengths[wrong[0]])} bytes, want {layout.length}; it may be cut short"
        raise broken(name, what, name, f"{line}행의 길이가 {layout.length}바이트가 아닙니다")
    try:
        return decode(raw, layout)
    except LayoutError:
        raise broken(name, "it cannot be read by its layout", name, "서식대로 읽을 수 없습니다") from None


def _line_lengths(raw: bytes) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    lengths = split_lines(np.frombuffer(raw, np.uint8)).lengths
    return lengths[lengths > 0]


def _to_cp949(raw: bytes) -> bytes:
    """Record files are CP949 unless a byte-order mark says otherwise."""
    if not raw.startswith(UTF8_MARK):
        return raw
    try:
        return raw.decode("utf-8-sig").encode("cp949")
    except UnicodeError:
        raise broken(
            "record file", "it is neither CP949 nor UTF-8", "파일", "문자 인코딩이 잘못되었습니다"
        ) from None


def _unknown(form: str | None) -> UnknownFormError:
    return UnknownFormError(
        f"No layout is known for notice {form or 'in this file'}; it was kept as it is.",
        f"통보서 {form or ''} 서식을 알 수 없어 원본만 보관했습니다.",
        fix_en="Give its layout table under [notices] layouts in the site file; it is then read by itself.",
        fix_ko="설정 파일 [notices] layouts에 서식 표를 등록하면 자동으로 다시 읽습니다.",
    )
