"""Form versions (서식버전) as data: what a care month writes, and how earlier layouts differ from the current ones.

A scheme's ``layouts/versions.toml`` holds both; ``layouts/file_names.toml`` the file names that no source
establishes. Loaders refuse what is odd and name file and entry.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cheonggu.errors import DataFileError, InputError

if TYPE_CHECKING:
    from cheonggu.layouts import Field, Layout

CONFIDENCES = ("official", "secondary", "unverified")


@dataclass(frozen=True)
class FormVersion:
    """The version digits of one kind from a day on; ``confidence`` says how sure the day is."""

    kind: str
    first: date
    header: str
    statement: str
    confidence: str


@dataclass(frozen=True)
class Variant:
    """An earlier layout of one table for the form versions ``since`` … ``until``, both included."""

    table: str
    since: str
    until: str
    length: int
    short_length: int
    drop: tuple[str, ...]
    resize: Mapping[str, int]
    is_delivered: bool

    def covers(self, version: str) -> bool:
        return self.since <= version <= self.until


@dataclass(frozen=True)
class Versions:
    """All form versions and earlier layouts of a scheme."""

    forms: tuple[FormVersion, ...] = ()
    variants: tuple[Variant, ...] = ()

    def form(self, kind: str, care_month: date) -> FormVersion:
        """The version in force in a care month (its first day); InputError before the known range."""
        first = care_month.replace(day=1)
        known = [one for one in self.forms if one.kind == kind and one.first <= first]
        if not known:
            raise InputError(
                f"No form version of {kind} is known for care in {care_month:%Y-%m}.",
                f"{care_month:%Y-%m} 진료분의 {kind} 서식버전이 정해져 있지 않습니다.",
                fix_en="Add it with its source to layouts/versions.toml.",
                fix_ko="근거와 함께 layouts/versions.toml에 추가하세요.",
            )
        return known[-1]

    def of_table(self, table: str) -> tuple[Variant, ...]:
        return tuple(one for one in self.variants if one.table == table)


def apply_variant(layout: Layout, variant: Variant) -> Layout:
    """The earlier layout: fields dropped or resized, everything behind moved up."""
    fields: list[Field] = []
    start = 1
    for one in layout.fields:
        if one.name in variant.drop:
            continue
        fields.append(replace(one, start=start, length=variant.resize.get(one.name, one.length)))
        start = fields[-1].end + 1
    return replace(
        layout,
        version=variant.until,
        length=variant.length,
        short_length=variant.short_length,
        fields=tuple(fields),
    )


def load_versions(path: Path) -> Versions:
    """Read ``versions.toml``; DataFileError names the entry that is odd."""
    raw = load_toml(path)
    forms = [_form(path, number, entry) for number, entry in enumerate(raw.get("form", []), start=1)]
    for kind in {one.kind for one in forms}:
        days = [one.first for one in forms if one.kind == kind]
        if days != sorted(set(days)):
            raise odd_entry(path, f"form of {kind}", "is not in the order of its days")
    variants = [
        _variant(path, number, entry, is_delivered)
        for key, is_delivered in (("variant", True), ("undelivered", False))
        for number, entry in enumerate(raw.get(key, []), start=1)
    ]
    return Versions(tuple(forms), tuple(variants))


def with_file_names(path: Path, layouts: dict[tuple[str, str], Layout]) -> dict[tuple[str, str], Layout]:
    """The layouts with the file names of ``file_names.toml``; an established name is never replaced."""
    raw = load_toml(path)
    named = dict(layouts)
    for kind, records in raw.get("name", {}).items():
        for record, name in records.items():
            layout = named.get((kind, record))
            if layout is None or layout.file:
                raise odd_entry(path, f"name.{kind}.{record}", "names no record whose file name is open")
            named[kind, record] = replace(layout, file=name, is_name_established=False)
    for kind, records in raw.get("also", {}).items():
        for record, name in records.items():
            if (kind, record) not in named:
                raise odd_entry(path, f"also.{kind}.{record}", "names no record")
            layout = named[kind, record]
            named[kind, record] = replace(layout, aliases=(*layout.aliases, name))
    return named


def check_versions(path: Path, layouts: dict[tuple[str, str], Layout], versions: Versions) -> None:
    """DataFileError for a version of a kind or table that does not exist, or whose fields do not add up."""
    tables = {layout.table: layout for layout in layouts.values()}
    kinds = {kind for kind, _ in layouts}
    for form in versions.forms:
        if form.kind not in kinds:
            raise odd_entry(path, f"form of {form.kind}", "is for a kind that has no layout")
    for variant in versions.variants:
        where = f"variant of {variant.table} until {variant.until}"
        if variant.table not in tables:
            raise odd_entry(path, where, "is for a table that does not exist")
        layout = tables[variant.table]
        if unknown := {*variant.drop, *variant.resize} - set(layout.names):
            raise odd_entry(path, where, f"changes unknown fields {sorted(unknown)}")
        earlier = apply_variant(layout, variant)
        if variant.is_delivered and earlier.fields[-1].end != variant.length:
            raise odd_entry(
                path, where, f"says {variant.length} bytes, the fields end at {earlier.fields[-1].end}"
            )


def load_toml(path: Path) -> dict[str, Any]:
    """A data file that says what it means, where it comes from and when someone last checked it."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise odd_entry(path, "file", f"cannot be read as TOML ({error})") from error
    for key in ("meaning", "source", "confirmed_on"):
        if key not in raw:
            raise odd_entry(path, "file", f"lacks {key!r}")
    return raw


def _form(path: Path, number: int, entry: dict[str, Any]) -> FormVersion:
    where = f"form {number}"
    if set(entry) != {"kind", "from", "header", "statement", "confidence"}:
        raise odd_entry(path, where, "needs kind, from, header, statement and confidence")
    if entry["confidence"] not in CONFIDENCES:
        raise odd_entry(path, where, f"has confidence {entry['confidence']!r}")
    if not isinstance(entry["from"], date):
        raise odd_entry(path, where, "has a from that is not a day")
    for key in ("header", "statement"):
        if len(entry[key]) != 3:
            raise odd_entry(path, where, f"has a {key} version that is not three characters")
    return FormVersion(entry["kind"], entry["from"], entry["header"], entry["statement"], entry["confidence"])


def _variant(path: Path, number: int, entry: dict[str, Any], is_delivered: bool) -> Variant:
    known = {"table", "since", "until", "bytes", "bytes_short", "drop", "resize", "note"}
    if not {"table", "until", "bytes"} <= set(entry) <= known:
        raise odd_entry(path, f"variant {number}", "needs table, until and bytes")
    return Variant(
        table=entry["table"],
        since=entry.get("since", ""),
        until=entry["until"],
        length=entry["bytes"],
        short_length=entry.get("bytes_short", entry["bytes"]),
        drop=tuple(entry.get("drop", ())),
        resize=entry.get("resize", {}),
        is_delivered=is_delivered,
    )


def odd_entry(path: Path, where: str, what: str) -> DataFileError:
    """The error for a TOML data file: file, entry, what is odd."""
    return DataFileError(
        f"{path.name}, {where}: {what}.",
        f"{path.name}, {where}: {what}.",
        fix_en="Mend the entry; nothing was loaded.",
        fix_ko="해당 항목을 고치세요. 아무것도 읽지 않았습니다.",
    )
